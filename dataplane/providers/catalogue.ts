// One row for each provider that can be named: what it speaks and where, how it wants its key, how it differs from the
// protocol it speaks. Data only. A provider that speaks a known protocol is added here and nowhere else.
import type { Dialect } from "../protocols/dialect.ts";
import type { ProtocolName, ProviderType } from "../snapshot/schema.ts";

export interface Row {
  /** In the order in which they are chosen for a client that speaks none of them. */
  readonly protocols: readonly ProtocolName[];
  /**
   * Where the paths of its protocols begin; absent when every installation has its own. {region}, {location} and {project}
   * come from the provider's credentials.
   */
  readonly url?: string;
  /** Path on the same host in place of the URL's own, for a protocol that lives elsewhere there; only where the URL is the row's or has its path. */
  readonly bases?: Partial<Record<ProtocolName, string>>;
  /** How the key is sent. */
  readonly keyHeader: "authorization" | "api-key" | "x-api-key" | "x-goog-api-key";
  /** Headers that every request of a protocol must have, unless the client sent its own. */
  readonly headers?: Partial<Record<ProtocolName, Readonly<Record<string, string>>>>;
  readonly dialects?: Partial<Record<ProtocolName, Dialect>>;
  /** Further differences of models whose name begins so; the longest match is added to the dialect. */
  readonly models?: readonly { readonly begins: string; readonly protocol: ProtocolName; readonly dialect: Dialect; readonly outputTokensMax?: number }[];
  /** The most that may be asked for where the protocol demands a number and the client gave none. */
  readonly outputTokensMax?: number;
  /** gen_ai.provider.name. */
  readonly label: string;
  /** Whether a request that is given up in the middle costs what was produced until then. */
  readonly billsAborted: boolean;
  /** When it was last compared with the vendor's documentation or a recording. */
  readonly seen: string;
}

const SEEN = "2026-11";
const chat = ["openai-chat"] as const satisfies readonly ProtocolName[];
const usual = ["openai-chat", "openai-completions", "embeddings"] as const satisfies readonly ProtocolName[];
const all = [
  "openai-responses", "openai-chat", "openai-completions", "embeddings", "moderations", "images", "audio", "files", "batches",
] as const satisfies readonly ProtocolName[];
const compatible = [
  "openai-chat", "openai-completions", "openai-responses", "embeddings", "moderations", "images", "audio", "files", "batches",
] as const satisfies readonly ProtocolName[];
const everything = [...compatible, "rerank"] as const satisfies readonly ProtocolName[];
const allSurfaces = [...compatible, "rerank", "anthropic-messages", "gemini"] as const satisfies readonly ProtocolName[];

const ANTHROPIC_VERSION = { "anthropic-messages": { "anthropic-version": "2023-06-01" } } as const;

const bearer = (label: string, protocols: readonly ProtocolName[], url?: string, other: Partial<Row> = {}): Row =>
  ({ protocols, keyHeader: "authorization", label, billsAborted: true, seen: SEEN, ...(url === undefined ? {} : { url }), ...other });

export const catalogue: Readonly<Record<ProviderType, Row>> = {
  "openai": bearer("openai", all, "https://api.openai.com/v1"),
  "openai-compatible": bearer("openai_compatible", everything),
  "mistral": bearer("mistral_ai", [...chat, "embeddings", "files", "audio"], "https://api.mistral.ai/v1"),
  "deepseek": bearer("deepseek", chat, "https://api.deepseek.com/v1"),
  "dashscope": bearer("dashscope", [...usual, "files", "batches"], "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
  "siliconflow": bearer("siliconflow", [...usual, "rerank", "images", "audio"], "https://api.siliconflow.com/v1"),
  "openrouter": bearer("openrouter", [...usual, "openai-responses"], "https://openrouter.ai/api/v1"),
  "groq": bearer("groq", [...chat, "openai-responses", "audio", "files", "batches"], "https://api.groq.com/openai/v1"),
  "together": bearer("together_ai", [...usual, "rerank", "images", "audio"], "https://api.together.xyz/v1"),
  "fireworks": bearer("fireworks_ai", [...usual, "openai-responses", "rerank"], "https://api.fireworks.ai/inference/v1"),
  "xai": bearer("x_ai", [...chat, "openai-responses", "images"], "https://api.x.ai/v1"),
  "perplexity": bearer("perplexity", chat, "https://api.perplexity.ai"),
  "ollama": bearer("ollama", usual),
  "vllm": bearer("vllm", [...usual, "openai-responses", "rerank", "audio"]),
  "sglang": bearer("sglang", [...usual, "rerank"]),
  "llama-cpp": bearer("llama_cpp", [...usual, "rerank"]),
  "llm-gateway": bearer("llm_gateway", allSurfaces, undefined, { headers: ANTHROPIC_VERSION }),
  "litellm": bearer("litellm", everything),
  "portkey": bearer("portkey", compatible),
  "one-api": bearer("one_api", everything),
  "anthropic": bearer("anthropic", ["anthropic-messages"], "https://api.anthropic.com/v1", { keyHeader: "x-api-key", headers: ANTHROPIC_VERSION }),
  "anthropic-compatible": bearer("anthropic_compatible", ["anthropic-messages"], undefined, { keyHeader: "x-api-key", headers: ANTHROPIC_VERSION }),
  "gemini": bearer("gcp.gemini", ["gemini"], "https://generativelanguage.googleapis.com/v1beta", { keyHeader: "x-goog-api-key" }),
  "bedrock": bearer("aws.bedrock", ["bedrock-converse"], "https://bedrock-runtime.{region}.amazonaws.com"),
  "cohere": bearer("cohere", ["cohere"], "https://api.cohere.com/v2"),
};
