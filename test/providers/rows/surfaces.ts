// Where each vendor's documentation has the surfaces that it serves: one entry for each row of the catalogue, further ones where
// some models or addresses are served otherwise. Said apart from the rows, so that a slip in either is seen.
import type { ProtocolName, ProviderType } from "../../../dataplane/snapshot/schema.ts";
import { KEY, type Vendor } from "./vendors.ts";

export interface Surface {
  /** Path that its operations stand under. */
  readonly base: string;
  readonly model?: string;
  /** Operations that are called otherwise there, by what they are called in the protocol; {model} is escaped. */
  readonly paths?: Readonly<Record<string, string>>;
  /** Says a number of tokens in words of its own. */
  readonly count?: object;
  /** Nobody counts tokens there: the gateway does. */
  readonly isUncounted?: boolean;
  /** The row does not choose it: the provider's owner names it. */
  readonly isNamed?: boolean;
}

export interface Shop extends Pick<Vendor, "name" | "type" | "at" | "model" | "key" | "auth"> {
  /** What every request has in its query. */
  readonly query?: string;
  /** Where not, the version of Messages stands in the body. */
  readonly hasVersionHeader?: boolean;
  /** It keeps answers, and has batches of messages. */
  readonly keeps?: boolean;
  readonly surfaces: Partial<Record<ProtocolName, Surface>>;
}

const bearer = ["authorization", `Bearer ${KEY}`] as const;
const usual = ["openai-chat", "openai-completions", "embeddings"] as const;
const rest = ["moderations", "images", "audio", "files", "batches"] as const;
const all = [...usual, "openai-responses", ...rest] as const;

const under = (base: string, protocols: readonly ProtocolName[], more: Partial<Surface> = {}): Shop["surfaces"] => Object.fromEntries(protocols.map((protocol) => [protocol, { base, ...more }]));
const uncounted = { isUncounted: true } as const;
const named = { isNamed: true } as const;

const shop = (type: ProviderType, at: string, model: string, surfaces: Shop["surfaces"], more: Partial<Shop> = {}): Shop => ({ name: type, type, at, model, key: bearer, surfaces, ...more });

const VERTEX = "/v1/projects/acme/locations/europe-west4";
const google = { auth: { scheme: "google", project: "acme", location: "europe-west4" }, key: ["authorization", "Bearer google-token"] } as const;
const aws = {
  auth: { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "test/id", secretAccessKey: "test/key" } },
  key: ["authorization", /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request/],
} as const;

const deployments = ["/chat/completions", "/completions", "/embeddings", "/images/generations", "/images/edits", "/audio/speech", "/audio/transcriptions", "/audio/translations"];
const deployed = Object.fromEntries(deployments.map((path) => [path, `/deployments/{model}${path}`]));

export const shops: readonly Shop[] = [
  shop("openai", "/v1", "gpt-4.1", under("/v1", all), { keeps: true }),
  shop("anthropic", "/v1", "claude-haiku-4-5", under("/v1", ["anthropic-messages"]), { key: ["x-api-key", KEY], keeps: true }),
  shop("gemini", "/v1beta", "gemini-3-pro", { ...under("/v1beta", ["gemini"]), ...under("/v1beta/openai", ["openai-chat", "embeddings"], named) }, { key: ["x-goog-api-key", KEY] }),
  shop("azure-openai", "/openai/v1", "gpt-4.1", {
    ...under("/openai/v1", [...usual, "images", "audio", "files", "batches"]), ...under("/openai/v1", ["openai-responses"], uncounted), ...under("/anthropic/v1", ["anthropic-messages"], { model: "claude-haiku-4-5" }),
  }, { key: ["api-key", KEY] }),
  shop("azure-openai", "/openai?api-version=2024-10-21", "gpt 4.1", {
    ...under("/openai", [...usual, "images", "audio", "files", "batches"], { paths: deployed }), ...under("/openai", ["openai-responses"], uncounted),
  }, { name: "azure-openai with a dated API", key: ["api-key", KEY], query: "api-version=2024-10-21" }),
  shop("vertex-ai", "", "gemini-3-pro", {
    ...under(`${VERTEX}/publishers/google`, ["gemini"]),
    ...under(`${VERTEX}/publishers/anthropic`, ["anthropic-messages"], { model: "claude-haiku-4-5@20251001", paths: { "/messages": "/models/{model}:rawPredict", "/messages/count_tokens": "/models/count-tokens:rawPredict" } }),
    ...under(`${VERTEX}/endpoints/openapi`, ["openai-chat"], { model: "meta/llama-4-maverick" }),
  }, { ...google, hasVersionHeader: false }),
  shop("bedrock", "", "amazon.nova-pro-v1:0", {
    ...under("", ["bedrock-converse"]),
    ...under("", ["anthropic-messages"], { model: "eu.anthropic.claude-haiku-4-5-20251001-v1:0", paths: { "/messages": "/model/{model}/invoke", "/messages/count_tokens": "/model/{model}/count-tokens" }, count: { inputTokens: 7 } }),
  }, { ...aws, hasVersionHeader: false }),
  shop("mistral", "/v1", "mistral-large-latest", under("/v1", ["openai-chat", "embeddings", "files", "audio", "moderations"])),
  shop("cohere", "/v2", "command-a-03-2025", { ...under("/v2", ["cohere"]), ...under("/compatibility/v1", ["openai-chat", "embeddings"], named), ...under("/v2", ["rerank"], named) }),
  shop("deepseek", "/v1", "deepseek-chat", { ...under("/v1", ["openai-chat"]), ...under("/anthropic/v1", ["anthropic-messages"], uncounted) }),
  shop("dashscope", "/compatible-mode/v1", "qwen-plus", {
    ...under("/compatible-mode/v1", [...usual, "files", "batches"]), ...under("/compatible-mode/v1", ["openai-responses"], { ...named, ...uncounted }), ...under("/apps/anthropic/v1", ["anthropic-messages"], uncounted),
    ...under("/api/v1", ["dashscope"]), ...under("/compatible-api/v1", ["rerank"], { model: "qwen3-rerank", paths: { "/rerank": "/reranks" } }),
  }),
  shop("siliconflow", "/v1", "Qwen/Qwen3-32B", { ...under("/v1", ["openai-chat", "embeddings", "rerank", "images", "audio"]), ...under("/v1", ["anthropic-messages"], uncounted) }),
  shop("openrouter", "/api/v1", "openai/gpt-4.1", { ...under("/api/v1", usual), ...under("/api/v1", ["openai-responses", "anthropic-messages"], uncounted) }),
  shop("tokenmix", "/v1", "gpt-4.1", under("/v1", [...usual, "images", "audio"])),
  shop("foursapi", "/v1", "gpt-4.1", under("/v1", [...usual, "images", "audio"])),
  shop("treerouter", "/v1", "gpt-4.1", under("/v1", usual)),
  ...(["dmxapi", "aihubmix"] as const).map((type) =>
    shop(type, "/v1", "gpt-4.1", {
      ...under("/v1", [...usual, "rerank", "images", "audio"]), ...under("/v1", ["openai-responses"], uncounted), ...under("/v1", ["anthropic-messages"], { model: "claude-haiku-4-5", ...uncounted }),
      ...under(type === "aihubmix" ? "/gemini/v1beta" : "/v1beta", ["gemini"], { model: "gemini-3-pro", ...uncounted }),
    })),
  shop("groq", "/openai/v1", "llama-3.3-70b", { ...under("/openai/v1", ["openai-chat", "audio", "files", "batches"]), ...under("/openai/v1", ["openai-responses"], uncounted) }),
  shop("together", "/v1", "meta-llama/Llama-4", under("/v1", [...usual, "rerank", "images", "audio"])),
  shop("fireworks", "/inference/v1", "accounts/fireworks/models/kimi-k2p5", { ...under("/inference/v1", [...usual, "rerank"]), ...under("/inference/v1", ["openai-responses", "anthropic-messages"], uncounted) }),
  shop("xai", "/v1", "grok-4", { ...under("/v1", ["openai-chat", "images"]), ...under("/v1", ["openai-responses"], uncounted) }),
  shop("perplexity", "", "sonar-pro", under("", ["openai-chat"])),
  shop("portkey", "/v1", "@openai-prod/gpt-4.1", { ...under("/v1", [...usual, ...rest, "anthropic-messages"]), ...under("/v1", ["openai-responses"], uncounted) }, { key: ["x-portkey-api-key", KEY] }),
  shop("ollama", "", "llama3.2", { ...under("", ["ollama"]), ...under("/v1", usual), ...under("/v1", ["openai-responses", "anthropic-messages"], { ...named, ...uncounted }) }),
  shop("vllm", "/v1", "qwen3", { ...under("/v1", [...usual, "rerank", "audio"]), ...under("/v1", ["openai-responses"], uncounted), ...under("/v1", ["anthropic-messages"], named) }),
  shop("vllm", "", "qwen3", { ...under("/v1", [...usual, "rerank", "audio"]), ...under("/v1", ["openai-responses"], uncounted), ...under("/v1", ["anthropic-messages"], named) }, { name: "vllm without a path" }),
  shop("sglang", "/v1", "qwen3", { ...under("/v1", [...usual, "rerank"]), ...under("/v1", ["openai-responses"], { ...named, ...uncounted }), ...under("/v1", ["anthropic-messages"], named) }),
  shop("llama-cpp", "/v1", "qwen3", { ...under("/v1", [...usual, "rerank"]), ...under("/v1", ["openai-responses", "anthropic-messages"], named) }),
  shop("litellm", "/v1", "gpt-4.1", { ...under("/v1", [...all, "rerank", "anthropic-messages"]), ...under("/v1beta", ["gemini"], named) }),
  shop("one-api", "/v1", "gpt-4.1", { ...under("/v1", [...usual, ...rest, "rerank"]), ...under("/v1", ["openai-responses"], uncounted), ...under("/v1", ["anthropic-messages"], { ...named, ...uncounted }), ...under("/v1beta", ["gemini"], { ...named, ...uncounted }) }),
  shop("llm-gateway", "/v1", "gpt-4.1", { ...under("/v1", [...all, "rerank", "anthropic-messages"]), ...under("/v1beta", ["gemini"]), ...under("", ["bedrock-converse"]) }),
  shop("openai-compatible", "/some/where", "gpt-4.1", { ...under("/some/where", [...usual, ...rest, "rerank"]), ...under("/some/where", ["openai-responses"], uncounted) }),
  shop("anthropic-compatible", "/some/where", "kimi-k2", under("/some/where", ["anthropic-messages"]), { key: ["x-api-key", KEY] }),
];
