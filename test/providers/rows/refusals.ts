// How each vendor says no: the body and the headers of a refusal with a status, as its documentation or a recording has them.
import type { Auth, ProtocolName, ProviderType } from "../../../dataplane/snapshot/schema.ts";

export interface Said {
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Refuser {
  readonly name: string;
  readonly type: ProviderType;
  readonly at: string;
  readonly model: string;
  readonly protocols: readonly [ProtocolName];
  readonly auth?: Auth;
  say(status: number, message: string): Said;
  /** An error with status 200; absent where nobody has seen one. */
  sayInside?(message: string): Said;
  /** Statuses that mean another thing there: the status that a client of another protocol gets. */
  readonly means?: Readonly<Record<number, number>>;
  /** Statuses of its own, and the status that a client of another protocol gets. */
  readonly also?: Readonly<Record<number, number>>;
  /** Headers that tell how long to wait, 20 seconds from now, beside those that all send. */
  readonly resets?: (nowMs: number) => Readonly<Record<string, string>>;
  /** Says in the body when to come again. */
  readonly retryBody?: (message: string, seconds: number) => Said;
}

const json = (value: unknown, headers: Said["headers"] = {}): Said => ({ body: JSON.stringify(value), headers });
const openai = (status: number, message: string, more: object = {}): Said => json({ error: { message, type: status >= 500 ? "server_error" : "invalid_request_error", param: null, code: null, ...more } });

const anthropicTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 408: "timeout_error", 413: "request_too_large", 422: "invalid_request_error",
  429: "rate_limit_error", 503: "overloaded_error", 529: "overloaded_error",
};
const anthropic = (status: number, message: string): Said => json({ type: "error", error: { type: anthropicTypes[status] ?? "api_error", message }, request_id: "req_1" });

const googleStatus: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 408: "DEADLINE_EXCEEDED", 413: "INVALID_ARGUMENT", 422: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL", 502: "INTERNAL", 503: "UNAVAILABLE", 529: "UNAVAILABLE",
};
const googleError = (status: number, message: string, details: readonly object[] = []): object => ({ error: { code: status, message, status: googleStatus[status], ...(details.length > 0 && { details }) } });
const retryInfo = (message: string, seconds: number): Said => json(googleError(429, message, [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${seconds}s` }]));

const amazonTypes: Readonly<Record<number, string>> = {
  400: "ValidationException", 401: "UnrecognizedClientException", 403: "AccessDeniedException", 404: "ResourceNotFoundException", 408: "ModelTimeoutException", 413: "ValidationException", 422: "ValidationException",
  429: "ThrottlingException", 500: "InternalServerException", 502: "InternalServerException", 503: "ServiceUnavailableException", 529: "ServiceUnavailableException",
};

const aws: Auth = { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "test/id", secretAccessKey: "test/key" } };
const inSeconds = (nowMs: number): Readonly<Record<string, string>> => ({ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": nowMs > 0 ? "20s" : "" });
const goDurations = (): Readonly<Record<string, string>> => ({ "x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "120ms", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "19.5s" });

const siliconflow = (status: number, message: string): Said => {
  if (status === 401) return json(message);
  if (status === 404) return { body: message, type: "text/plain" };
  if (status === 429) return json({ message, data: null });
  return json({ code: status === 503 ? 50_505 : 20_012, message, data: null });
};

const mistral = (status: number, message: string): Said => {
  if (status === 401) return json({ detail: message });
  // The framework's name for the message, in an escape: it is none that this repository uses.
  if (status === 422) return { body: `{"detail":[{"type":"extra_forbidden","loc":["body","x"],"ms\\u0067":${JSON.stringify(message)}}]}` };
  return json({ object: "error", message, type: "invalid_request_error", param: null, code: "1000" });
};

const dashscopeCodes: Readonly<Record<number, string>> = { 400: "InvalidParameter", 401: "InvalidApiKey", 403: "AccessDenied", 404: "ModelNotFound", 408: "RequestTimeOut", 413: "InvalidParameter", 422: "InvalidParameter", 429: "Throttling.RateQuota", 500: "InternalError", 503: "ModelUnavailable", 529: "ModelUnavailable" };

/** Google's compatible surfaces put it in a list. */
const googleListed = (status: number, message: string): Said => json([googleError(status, message)]);
const google: Auth = { scheme: "google", project: "acme", location: "europe-west4" };

/** What Google says itself, and what it passes on of Anthropic's. */
const claudeOnVertex = (status: number, message: string): Said =>
  [400, 413, 422, 500, 529].includes(status) ? json({ ...JSON.parse(anthropic(status, message).body), request_id: "req_vrtx_1" }) : json(googleError(status, message));

const litellmTypes: Readonly<Record<number, string>> = { 401: "auth_error", 403: "key_model_access_denied", 408: "timeout", 429: "throttling_error" };
const litellm = (status: number, message: string): Said => json({ error: { message: `litellm.APIError: OpenAIException - ${message}`, type: litellmTypes[status] ?? null, param: null, code: String(status) } });

/** Its own errors have words before them, those of whom it asks are theirs. */
const portkey = (status: number, message: string): Said =>
  [401, 408, 412, 446].includes(status) ? json({ status: "failure", message: `Portkey Error: ${message}` }) : openai(status, message);

const llamaTypes: Readonly<Record<number, string>> = { 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 500: "server_error", 503: "unavailable_error" };
const llama = (status: number, message: string): Said => json({ error: { code: status, message, type: llamaTypes[status] ?? "invalid_request_error" } });

const sglang = (status: number, message: string): Said => json(status === 401 ? { error: message } : { object: "error", message, type: status === 400 ? "BadRequest" : "InternalServerError", param: null, code: status });

/** New API and what is built on it: the number of the request stands in the words. */
const newApi = (type: string) => (_: number, message: string): Said => json({ error: { message: `${message} (request id: 20261121)`, type, param: "", code: "bad_response_status_code" } });
const newApiMessages = (_: number, message: string): Said => json({ type: "error", error: { type: "new_api_error", message: `${message} (request id: 20261121)` } });
const aihubmix = (_: number, message: string): Said => json({ error: { message: `${message} (tid: 20261121)`, type: "Aihubmix_api_error" }, type: "error" });

/** As this gateway says it to clients of each protocol. */
const ours = (status: number, message: string): Said => json({ error: { message, type: status >= 500 ? "server_error" : "invalid_request_error", param: null, code: "UPSTREAM_REFUSED" } }, { "x-llmgw-error": "UPSTREAM_REFUSED" });
const oursMessages = (status: number, message: string): Said => json({ type: "error", error: { type: anthropicTypes[status] ?? "api_error", message, details: { error_code: "UPSTREAM_REFUSED" } } });

const moment = (nowMs: number): Readonly<Record<string, string>> => ({ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(Math.floor(nowMs / 1000) + 20) });
const anthropicResets = (nowMs: number): Readonly<Record<string, string>> => ({ "anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": new Date(nowMs + 20_000).toISOString() });

const chat = ["openai-chat"] as const;
const compatible = (type: ProviderType, at: string, more: Partial<Refuser> = {}): Refuser =>
  ({ name: type, type, at, model: "m-1", protocols: chat, say: openai, sayInside: (message) => openai(500, message), ...more });

export const refusers: readonly Refuser[] = [
  compatible("openai", "/v1", { resets: goDurations }),
  { name: "openai by responses", type: "openai", at: "/v1", model: "gpt-4.1", protocols: ["openai-responses"], say: openai, resets: goDurations },
  {
    name: "anthropic", type: "anthropic", at: "/v1", model: "claude-haiku-4-5", protocols: ["anthropic-messages"], say: anthropic, sayInside: (message) => anthropic(500, message),
    resets: anthropicResets,
  },
  { name: "gemini", type: "gemini", at: "/v1beta", model: "gemini-3-pro", protocols: ["gemini"], say: (status, message) => json(googleError(status, message)), sayInside: (message) => json(googleError(500, message)), retryBody: retryInfo },
  compatible("azure-openai", "/openai/v1", { resets: (nowMs) => ({ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": nowMs > 0 ? "20" : "" }) }),
  {
    name: "bedrock", type: "bedrock", at: "", model: "amazon.nova-pro-v1:0", protocols: ["bedrock-converse"], auth: aws,
    say: (status, message) => json({ message }, { "x-amzn-errortype": `${amazonTypes[status] ?? "ValidationException"}:http://internal.amazon.com/` }),
  },
  {
    name: "bedrock with Claude invoked", type: "bedrock", at: "", model: "anthropic.claude-haiku-4-5-20251001-v1:0", protocols: ["anthropic-messages"], auth: aws,
    say: (status, message) => json({ message }, { "x-amzn-errortype": amazonTypes[status] ?? "ValidationException" }),
  },
  compatible("mistral", "/v1", { say: mistral }),
  { name: "cohere", type: "cohere", at: "/v2", model: "command-a", protocols: ["cohere"], say: (status, message) => json({ id: `r-${status}`, message }) },
  compatible("deepseek", "/v1", { say: (status, message) => ({ ...openai(status, message), type: "application/octet-stream" }) }),
  compatible("dashscope", "/compatible-mode/v1"),
  {
    name: "dashscope by its own protocol", type: "dashscope", at: "/api/v1", model: "qwen-plus", protocols: ["dashscope"],
    say: (status, message) => json({ code: dashscopeCodes[status] ?? "InternalError", message, request_id: "r1" }),
  },
  compatible("siliconflow", "/v1", { say: siliconflow, means: { 403: 402 } }),
  compatible("openrouter", "/api/v1", {
    say: (status, message) => json({ error: { code: status, message, metadata: { provider_name: "p" } }, user_id: "u1" }),
    sayInside: (message) => json({ error: { code: 502, message } }),
    resets: (nowMs) => ({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(nowMs + 20_000) }),
    means: { 403: 400 },
  }),
  compatible("groq", "/openai/v1", { resets: goDurations }),
  compatible("together", "/v1", { resets: inSeconds }),
  compatible("fireworks", "/inference/v1", { resets: inSeconds }),
  compatible("xai", "/v1", { say: (_, message) => json({ code: "Some words", error: message }), sayInside: (message) => json({ code: "Internal", error: message }), resets: inSeconds }),
  compatible("perplexity", "", { say: (status, message) => json({ error: { message, type: "bad_request", code: status } }), sayInside: (message) => json({ error: { message, type: "internal", code: 500 } }) }),
  { name: "ollama", type: "ollama", at: "", model: "llama3.2", protocols: ["ollama"], say: (_, message) => json({ error: message }), sayInside: (message) => json({ error: message }) },
  compatible("vllm", "/v1", { say: (status, message) => json({ object: "error", message, type: "BadRequestError", param: null, code: status }) }),
  compatible("one-api", "/v1", { say: newApi("new_api_error") }),
  { name: "one-api by messages", type: "one-api", at: "/v1", model: "m-1", protocols: ["anthropic-messages"], say: newApiMessages },
  { name: "vertex-ai", type: "vertex-ai", at: "", model: "gemini-3-pro", protocols: ["gemini"], auth: google, say: (status, message) => json(googleError(status, message)), sayInside: (message) => json(googleError(500, message)), retryBody: retryInfo },
  { name: "vertex-ai with Claude", type: "vertex-ai", at: "", model: "claude-haiku-4-5@20251001", protocols: ["anthropic-messages"], auth: google, say: claudeOnVertex, sayInside: (message) => anthropic(500, message) },
  { name: "vertex-ai with an open model", type: "vertex-ai", at: "", model: "meta/llama-4", protocols: chat, auth: google, say: googleListed, sayInside: (message) => googleListed(500, message) },
  { name: "azure-openai with Claude", type: "azure-openai", at: "/openai/v1", model: "claude-haiku-4-5", protocols: ["anthropic-messages"], say: anthropic, sayInside: (message) => anthropic(500, message) },
  { name: "anthropic-compatible", type: "anthropic-compatible", at: "/some/where", model: "kimi-k2", protocols: ["anthropic-messages"], say: anthropic, sayInside: (message) => anthropic(500, message), resets: anthropicResets },
  compatible("openai-compatible", "/some/where", { resets: goDurations }),
  compatible("litellm", "/v1", { say: litellm, sayInside: (message) => litellm(500, message), resets: moment }),
  { name: "litellm by messages", type: "litellm", at: "/v1", model: "m-1", protocols: ["anthropic-messages"], say: litellm, resets: moment },
  compatible("portkey", "/v1", { say: portkey, resets: goDurations, also: { 412: 402, 446: 400 } }),
  compatible("sglang", "/v1", { say: sglang, sayInside: (message) => sglang(500, message) }),
  compatible("llama-cpp", "/v1", { say: llama, sayInside: (message) => llama(500, message) }),
  compatible("llm-gateway", "/v1", { say: ours, sayInside: (message) => ours(502, message), resets: goDurations }),
  { name: "llm-gateway by messages", type: "llm-gateway", at: "/v1", model: "m-1", protocols: ["anthropic-messages"], say: oursMessages, resets: anthropicResets },
  compatible("tokenmix", "/v1", { resets: goDurations }),
  compatible("foursapi", "/v1", { say: newApi("new_api_error") }),
  compatible("treerouter", "/v1", { resets: goDurations }),
  compatible("dmxapi", "/v1", { say: newApi("rix_api_error") }),
  compatible("aihubmix", "/v1", { say: aihubmix, sayInside: (message) => aihubmix(500, message) }),
];
