// Every path that a client may call, one row each: what is spoken there, what body it takes, where its model stands,
// and where it leads at a provider of the same protocol. Data only. Paths without "{model}" are fastify patterns; those with
// it are found by paths.ts. What stands for :id is checked before it is sent on.
import type { ProtocolName } from "../snapshot/schema.ts";

export type BodyKind = "none" | "json" | "multipart" | "json-or-multipart";

/** What is asked for in the end: where it is one of these, a provider of another protocol may answer. */
export type Family = "conversation" | "token-count" | "embeddings" | "rerank" | "none";

export interface Endpoint {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly protocol: ProtocolName;
  readonly family: Family;
  /** gen_ai.operation.name where there is one, otherwise a word in its manner. */
  readonly operation: string;
  readonly body: BodyKind;
  /** Required: no model, no route. Optional and None: any route of the caller to a provider that speaks the protocol. */
  readonly model: "Required" | "Optional" | "None" | "Path";
  /** The path itself says that a stream is asked for. */
  readonly isStreaming: boolean;
  /** A success is JSON (or a stream); other content with status 200 is then no answer. */
  readonly isReplyJson: boolean;
  /** Its tokens are used now; reading a stored answer repeats the usage of then. */
  readonly isMetered: boolean;
  /** Behind the provider's base URL; "" when it is the client's own path without its version. */
  readonly upstreamPath: string;
}

const metered: ReadonlySet<string> = new Set(["chat", "text_completion", "embeddings", "rerank", "moderation", "image_generation", "image_edit", "speech", "transcription", "translation", "compact"]);

const VERSION_LENGTH = "/v1".length;

const row = (
  method: Endpoint["method"], path: string, protocol: ProtocolName, operation: string,
  body: BodyKind, model: Endpoint["model"], other: Partial<Endpoint> = {},
): Endpoint => ({
  method, path, protocol, operation, body, model,
  family: "none",
  isStreaming: false,
  isReplyJson: true,
  isMetered: metered.has(operation),
  upstreamPath: path.includes(":") ? "" : path.slice(VERSION_LENGTH),
  ...other,
});

const talk: Partial<Endpoint> = { family: "conversation" };
const bytes: Partial<Endpoint> = { isReplyJson: false };

/** Gemini's and Bedrock's: the model stands in the path, and behind it what is to be done with it. */
const inPath = (path: string, protocol: ProtocolName, operation: string, family: Family, upstreamPath: string, isStreaming = false): Endpoint =>
  row("POST", path, protocol, operation, "json", "Path", { family, upstreamPath, isStreaming });

const GEMINI = "/v1beta/models/{model}";

export const endpoints: readonly Endpoint[] = [
  row("POST", "/v1/chat/completions", "openai-chat", "chat", "json", "Required", talk),
  row("GET", "/v1/chat/completions", "openai-chat", "stored_chat", "none", "None"),
  row("GET", "/v1/chat/completions/:id", "openai-chat", "stored_chat", "none", "None"),
  row("POST", "/v1/chat/completions/:id", "openai-chat", "stored_chat", "json", "None"),
  row("DELETE", "/v1/chat/completions/:id", "openai-chat", "stored_chat", "none", "None"),
  row("GET", "/v1/chat/completions/:id/messages", "openai-chat", "stored_chat", "none", "None"),
  row("POST", "/v1/completions", "openai-completions", "text_completion", "json", "Required", talk),
  row("POST", "/v1/responses", "openai-responses", "chat", "json", "Required", talk),
  row("POST", "/v1/responses/input_tokens", "openai-responses", "count_tokens", "json", "Required", { family: "token-count" }),
  row("POST", "/v1/responses/compact", "openai-responses", "compact", "json", "Required"),
  row("GET", "/v1/responses/:id", "openai-responses", "stored_response", "none", "None"),
  row("DELETE", "/v1/responses/:id", "openai-responses", "stored_response", "none", "None"),
  row("POST", "/v1/responses/:id/cancel", "openai-responses", "stored_response", "none", "None"),
  row("GET", "/v1/responses/:id/input_items", "openai-responses", "stored_response", "none", "None"),
  row("POST", "/v1/messages", "anthropic-messages", "chat", "json", "Required", talk),
  row("POST", "/v1/messages/count_tokens", "anthropic-messages", "count_tokens", "json", "Required", { family: "token-count" }),
  row("POST", "/v1/messages/batches", "anthropic-messages", "batch", "json", "None"),
  row("GET", "/v1/messages/batches", "anthropic-messages", "batch", "none", "None"),
  row("GET", "/v1/messages/batches/:id", "anthropic-messages", "batch", "none", "None"),
  row("DELETE", "/v1/messages/batches/:id", "anthropic-messages", "batch", "none", "None"),
  row("POST", "/v1/messages/batches/:id/cancel", "anthropic-messages", "batch", "none", "None"),
  row("GET", "/v1/messages/batches/:id/results", "anthropic-messages", "batch", "none", "None", bytes),
  inPath(`${GEMINI}:generateContent`, "gemini", "chat", "conversation", "/models/{model}:generateContent"),
  inPath(`${GEMINI}:streamGenerateContent`, "gemini", "chat", "conversation", "/models/{model}:streamGenerateContent", true),
  inPath(`${GEMINI}:countTokens`, "gemini", "count_tokens", "token-count", "/models/{model}:countTokens"),
  inPath(`${GEMINI}:embedContent`, "gemini", "embeddings", "embeddings", "/models/{model}:embedContent"),
  inPath(`${GEMINI}:batchEmbedContents`, "gemini", "embeddings", "embeddings", "/models/{model}:batchEmbedContents"),
  inPath("/model/{model}/converse", "bedrock-converse", "chat", "conversation", "/model/{model}/converse"),
  inPath("/model/{model}/converse-stream", "bedrock-converse", "chat", "conversation", "/model/{model}/converse-stream", true),
  inPath("/model/{model}/count-tokens", "bedrock-converse", "count_tokens", "token-count", "/model/{model}/count-tokens"),
  row("POST", "/v1/embeddings", "embeddings", "embeddings", "json", "Required", { family: "embeddings" }),
  row("POST", "/v1/moderations", "moderations", "moderation", "json", "Optional"),
  row("POST", "/v1/images/generations", "images", "image_generation", "json", "Optional"),
  row("POST", "/v1/images/edits", "images", "image_edit", "json-or-multipart", "Optional"),
  row("POST", "/v1/images/variations", "images", "image_variation", "multipart", "Optional"),
  row("POST", "/v1/audio/speech", "audio", "speech", "json", "Required", bytes),
  row("POST", "/v1/audio/transcriptions", "audio", "transcription", "multipart", "Required", bytes),
  row("POST", "/v1/audio/translations", "audio", "translation", "multipart", "Required", bytes),
  row("POST", "/v1/files", "files", "file", "multipart", "None"),
  row("GET", "/v1/files", "files", "file", "none", "None"),
  row("GET", "/v1/files/:id", "files", "file", "none", "None"),
  row("DELETE", "/v1/files/:id", "files", "file", "none", "None"),
  row("GET", "/v1/files/:id/content", "files", "file", "none", "None", bytes),
  row("POST", "/v1/batches", "batches", "batch", "json", "None"),
  row("GET", "/v1/batches", "batches", "batch", "none", "None"),
  row("GET", "/v1/batches/:id", "batches", "batch", "none", "None"),
  row("POST", "/v1/batches/:id/cancel", "batches", "batch", "none", "None"),
  row("POST", "/v1/rerank", "rerank", "rerank", "json", "Required", { family: "rerank" }),
  row("POST", "/v2/rerank", "rerank", "rerank", "json", "Required", { family: "rerank" }),
];

/** Answered from the snapshot, never sent on. */
export const modelList: Endpoint = row("GET", "/v1/models", "openai-chat", "models", "none", "None");
/** The same, in the forms that the other SDKs read. */
export const modelLists: readonly Endpoint[] = [
  modelList,
  row("GET", "/v1/models", "anthropic-messages", "models", "none", "None"),
  row("GET", "/v1beta/models", "gemini", "models", "none", "None"),
  row("GET", "/foundation-models", "bedrock-converse", "models", "none", "None"),
];
