// What a client asks of each operation of a protocol, and what a vendor that speaks it answers. It knows no vendor.
import { endpoints, type Endpoint } from "../../../dataplane/protocols/endpoints.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { answers } from "./answers.ts";

export const MODEL = "support-chat";
const ID = "thing-1";

export interface Operation {
  readonly protocol: ProtocolName;
  readonly name: string;
  readonly method: string;
  /** As the client asks. */
  readonly path: string;
  /** As it is called in the protocol, behind the vendor's base. */
  readonly suffix: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly answer: string | Buffer;
  readonly answerType: string;
  readonly isCount: boolean;
  /** Of answers that are kept, and of batches of messages. */
  readonly isKept: boolean;
}

const BOUNDARY = "------------------------b0undary";
const part = (name: string, value: string, file = ""): string => `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file === "" ? "" : `; filename="${file}"\r\ncontent-type: application/octet-stream`}\r\n\r\n${value}\r\n`;
const form = (...parts: readonly string[]): string => `${parts.join("")}--${BOUNDARY}--\r\n`;
const FORM = `multipart/form-data; boundary=${BOUNDARY}`;

const hello = [{ role: "user", content: "hi" }];
const contents = [{ role: "user", parts: [{ text: "hi" }] }];
const converse = [{ role: "user", content: [{ text: "hi" }] }];

/** By the client's path. */
const bodies: Readonly<Record<string, object | string>> = {
  "/v1/chat/completions": { model: MODEL, messages: hello },
  "/v1/completions": { model: MODEL, prompt: "hi" },
  "/v1/responses": { model: MODEL, input: "hi" },
  "/v1/responses/input_tokens": { model: MODEL, input: "hi" },
  "/v1/responses/compact": { model: MODEL, input: "hi" },
  "/v1/messages": { model: MODEL, max_tokens: 50, messages: hello },
  "/v1/messages/count_tokens": { model: MODEL, messages: hello },
  "/v1/messages/batches": { requests: [] },
  "/v1beta/models/{model}:embedContent": { content: { parts: [{ text: "hi" }] } },
  "/v1beta/models/{model}:batchEmbedContents": { requests: [{ model: `models/${MODEL}`, content: { parts: [{ text: "hi" }] } }] },
  "/model/{model}/converse": { messages: converse },
  "/model/{model}/converse-stream": { messages: converse },
  "/model/{model}/count-tokens": { input: { converse: { messages: converse } } },
  "/v1/embeddings": { model: MODEL, input: "hi" },
  "/v1/moderations": { model: MODEL, input: "hi" },
  "/v1/images/generations": { model: MODEL, prompt: "a boat" },
  "/v1/images/edits": form(part("model", MODEL), part("prompt", "a boat"), part("image", "png", "a.png")),
  "/v1/images/variations": form(part("model", MODEL), part("image", "png", "a.png")),
  "/v1/audio/speech": { model: MODEL, input: "hi", voice: "alloy" },
  "/v1/audio/transcriptions": form(part("model", MODEL), part("file", "RIFF", "a.wav")),
  "/v1/audio/translations": form(part("model", MODEL), part("file", "RIFF", "a.wav")),
  "/v1/files": form(part("purpose", "batch"), part("file", "{}", "a.jsonl")),
  "/v1/batches": { input_file_id: "file-1", endpoint: "/v1/chat/completions", completion_window: "24h" },
  "/v1/rerank": { model: MODEL, query: "colours", documents: ["red", "blue"] },
  "/v2/rerank": { model: MODEL, query: "colours", documents: ["red", "blue"] },
};

const wholes: Partial<Record<ProtocolName, string | Buffer>> = {
  "openai-chat": answers["openai-chat"].whole,
  "openai-completions": JSON.stringify({ id: "c1", object: "text_completion", model: "m", choices: [{ index: 0, text: "Hello there", finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }),
  "openai-responses": answers["openai-responses"].whole,
  "anthropic-messages": answers["anthropic-messages"].whole,
  "gemini": answers["gemini"].whole,
  "bedrock-converse": answers["bedrock-converse"].whole,
};

const counts: Partial<Record<ProtocolName, object>> = {
  "openai-responses": { object: "response.input_tokens", input_tokens: 7 },
  "anthropic-messages": { input_tokens: 7 },
  "gemini": { totalTokens: 7 },
  "bedrock-converse": { inputTokens: 7 },
};

const replies: Readonly<Record<string, object>> = {
  embeddings: { object: "list", model: "m", data: [{ object: "embedding", index: 0, embedding: [0.5, 0.25] }], usage: { prompt_tokens: 1, total_tokens: 1 } },
  rerank: { id: "r-1", results: [{ index: 1, relevance_score: 0.9 }] },
};

type Answered = Pick<Operation, "answer" | "answerType">;

const answerOf = ({ protocol, operation, isStreaming, isReplyJson, family, path }: Endpoint): Answered => {
  const json = (answer: string | Buffer): Answered => ({ answer, answerType: "application/json" });
  if (!isReplyJson) return operation === "speech" ? { answer: Buffer.from([0xff, 0xfb, 0x90, 0x00]), answerType: "audio/mpeg" } : { answer: '{"text":"hi"}\n', answerType: "application/json" };
  if (family === "token-count") return json(JSON.stringify(counts[protocol]));
  if (isStreaming) {
    const { stream, streamType } = protocol === "gemini" ? answers["gemini"] : answers["bedrock-converse"];
    return { answer: Buffer.concat(stream.map((piece) => Buffer.from(piece))), answerType: streamType };
  }
  if (path.endsWith(":embedContent")) return json(JSON.stringify({ embedding: { values: [0.5, 0.25] } }));
  if (path.endsWith(":batchEmbedContents")) return json(JSON.stringify({ embeddings: [{ values: [0.5, 0.25] }] }));
  if (family === "conversation") return json(wholes[protocol] ?? "");
  return json(JSON.stringify(replies[operation] ?? { id: ID, object: operation }));
};

const operationOf = (endpoint: Endpoint): Operation => {
  const { method, path, protocol, operation, body, family, isStreaming, upstreamPath } = endpoint;
  const filled = path.replace(":id", ID).replace("{model}", MODEL);
  const given = body === "none" ? undefined : (bodies[path] ?? (protocol === "gemini" ? { contents } : {}));
  const isForm = typeof given === "string";
  return {
    protocol, method,
    name: `${method} ${path}`,
    path: isStreaming && protocol === "gemini" ? `${filled}?alt=sse` : filled,
    suffix: upstreamPath === "" ? path.replace(":id", ID).slice("/v1".length) : upstreamPath,
    ...(given === undefined ? {} : { body: isForm ? given : JSON.stringify(given), contentType: isForm ? FORM : "application/json" }),
    ...answerOf(endpoint),
    isCount: family === "token-count",
    isKept: operation.startsWith("stored_") || operation === "compact" || (protocol === "anthropic-messages" && operation === "batch"),
  };
};

export const operations: readonly Operation[] = endpoints.map(operationOf);
