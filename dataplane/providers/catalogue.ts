// One row for each provider that can be named: what it speaks and where, and how it wants its key. Data only.
// A provider that speaks a known protocol is added here and nowhere else.
import type { ProtocolName, ProviderType } from "../snapshot/schema.ts";

export interface Row {
  readonly protocols: readonly ProtocolName[];
  /** Where the paths behind "/v1" begin; absent when every installation has its own. */
  readonly url?: string;
  /** How the key is sent. */
  readonly keyHeader: "authorization" | "api-key" | "x-api-key";
  /** gen_ai.provider.name. */
  readonly label: string;
}

const chat = ["openai-chat"] as const satisfies readonly ProtocolName[];
const usual = ["openai-chat", "openai-completions", "embeddings"] as const satisfies readonly ProtocolName[];
const all = [
  "openai-chat", "openai-completions", "openai-responses", "embeddings", "moderations", "images", "audio", "files", "batches",
] as const satisfies readonly ProtocolName[];
const everything = [...all, "rerank"] as const satisfies readonly ProtocolName[];

const bearer = (label: string, protocols: readonly ProtocolName[], url?: string): Row =>
  ({ protocols, keyHeader: "authorization", label, ...(url === undefined ? {} : { url }) });

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
  "llm-gateway": bearer("llm_gateway", everything),
  "litellm": bearer("litellm", everything),
  "portkey": bearer("portkey", all),
  "one-api": bearer("one_api", everything),
};
