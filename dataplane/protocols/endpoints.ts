// Every path that a client may call, one row each: what is spoken there, what body it takes, where its model stands.
// Data only. Paths are fastify patterns; what stands for :id is checked before it is sent on.
import type { ProtocolName } from "../snapshot/schema.ts";

export type BodyKind = "none" | "json" | "multipart" | "json-or-multipart";

export interface Endpoint {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly protocol: ProtocolName;
  /** gen_ai.operation.name where there is one, otherwise a word in its manner. */
  readonly operation: string;
  readonly body: BodyKind;
  /** Required: no model, no route. Optional and None: any route of the caller to a provider that speaks the protocol. */
  readonly model: "Required" | "Optional" | "None";
  /** A success is JSON (or a stream); other content with status 200 is then no answer. */
  readonly isReplyJson: boolean;
  /** Its tokens are used now; reading a stored answer repeats the usage of then. */
  readonly isMetered: boolean;
}

const metered: ReadonlySet<string> = new Set(["chat", "text_completion", "embeddings", "rerank", "moderation", "image_generation", "image_edit", "speech", "transcription", "translation", "compact"]);

const row = (
  method: Endpoint["method"], path: string, protocol: ProtocolName, operation: string,
  body: BodyKind, model: Endpoint["model"], isReplyJson = true,
): Endpoint => ({ method, path, protocol, operation, body, model, isReplyJson, isMetered: metered.has(operation) });

export const endpoints: readonly Endpoint[] = [
  row("POST", "/v1/chat/completions", "openai-chat", "chat", "json", "Required"),
  row("GET", "/v1/chat/completions", "openai-chat", "stored_chat", "none", "None"),
  row("GET", "/v1/chat/completions/:id", "openai-chat", "stored_chat", "none", "None"),
  row("POST", "/v1/chat/completions/:id", "openai-chat", "stored_chat", "json", "None"),
  row("DELETE", "/v1/chat/completions/:id", "openai-chat", "stored_chat", "none", "None"),
  row("GET", "/v1/chat/completions/:id/messages", "openai-chat", "stored_chat", "none", "None"),
  row("POST", "/v1/completions", "openai-completions", "text_completion", "json", "Required"),
  row("POST", "/v1/responses", "openai-responses", "chat", "json", "Required"),
  row("POST", "/v1/responses/input_tokens", "openai-responses", "count_tokens", "json", "Required"),
  row("POST", "/v1/responses/compact", "openai-responses", "compact", "json", "Required"),
  row("GET", "/v1/responses/:id", "openai-responses", "stored_response", "none", "None"),
  row("DELETE", "/v1/responses/:id", "openai-responses", "stored_response", "none", "None"),
  row("POST", "/v1/responses/:id/cancel", "openai-responses", "stored_response", "none", "None"),
  row("GET", "/v1/responses/:id/input_items", "openai-responses", "stored_response", "none", "None"),
  row("POST", "/v1/embeddings", "embeddings", "embeddings", "json", "Required"),
  row("POST", "/v1/moderations", "moderations", "moderation", "json", "Optional"),
  row("POST", "/v1/images/generations", "images", "image_generation", "json", "Optional"),
  row("POST", "/v1/images/edits", "images", "image_edit", "json-or-multipart", "Optional"),
  row("POST", "/v1/images/variations", "images", "image_variation", "multipart", "Optional"),
  row("POST", "/v1/audio/speech", "audio", "speech", "json", "Required", false),
  row("POST", "/v1/audio/transcriptions", "audio", "transcription", "multipart", "Required", false),
  row("POST", "/v1/audio/translations", "audio", "translation", "multipart", "Required", false),
  row("POST", "/v1/files", "files", "file", "multipart", "None"),
  row("GET", "/v1/files", "files", "file", "none", "None"),
  row("GET", "/v1/files/:id", "files", "file", "none", "None"),
  row("DELETE", "/v1/files/:id", "files", "file", "none", "None"),
  row("GET", "/v1/files/:id/content", "files", "file", "none", "None", false),
  row("POST", "/v1/batches", "batches", "batch", "json", "None"),
  row("GET", "/v1/batches", "batches", "batch", "none", "None"),
  row("GET", "/v1/batches/:id", "batches", "batch", "none", "None"),
  row("POST", "/v1/batches/:id/cancel", "batches", "batch", "none", "None"),
  row("POST", "/v1/rerank", "rerank", "rerank", "json", "Required"),
];

/** Answered from the snapshot, never sent on. */
export const modelList: Endpoint = row("GET", "/v1/models", "openai-chat", "models", "none", "None");
