// Rows of those who serve open models of others behind OpenAI's protocols. Data only.
import { bearer, ANTHROPIC_VERSION, type Row } from "../row.ts";
import { noSchema, openModels, picturesOnly, plain, uncounted } from "../chat-dialect.ts";

/**
 * SiliconFlow, 2026-11. The row's address is the international one; https://api.siliconflow.cn/v1 is an endpoint. The limit of the
 * output leaves thinking out. 403 is an account without money or without a verified identity, 401 a bare string.
 */
const siliconflow: Row = bearer("siliconflow", ["openai-chat", "anthropic-messages", "embeddings", "rerank", "images", "audio"], "https://api.siliconflow.com/v1", {
  headers: ANTHROPIC_VERSION,
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      reasoningMember: "reasoning_content",
      reasoningRequest: "enable_thinking",
      abilities: { ...plain, ...picturesOnly, ...noSchema, choicesMax: 1, logprobsMax: -1, sampling: new Set(["temperature", "topP", "topK", "frequencyPenalty"]) },
    },
    "anthropic-messages": { ...uncounted, replaysReasoning: true, abilities: { ...noSchema, fileSources: [], hasServiceTier: false, hasHostedWebSearch: false } },
  },
  models: [{ names: /DeepSeek-V3\.2|GLM-4\.7/, protocol: "openai-chat", dialect: { replaysReasoning: true } }],
  errors: { 403: "payment" },
});

/** Groq, 2026-11: some members are a 400, an effort is for those models that have one, 498 is a flexible tier that is full. */
const groq: Row = bearer("groq", ["openai-chat", "openai-responses", "audio", "files", "batches"], "https://api.groq.com/openai/v1", {
  dialects: {
    "openai-chat": {
      reasoningMember: "reasoning",
      reasoningRequest: "none",
      refuses: ["logprobs", "top_logprobs", "logit_bias"],
      abilities: { ...plain, ...picturesOnly, ...noSchema, hasUserId: true, hasServiceTier: true, choicesMax: 1, logprobsMax: -1, sampling: new Set(["temperature", "topP", "seed"]) },
    },
    "openai-responses": uncounted,
  },
  models: [{ names: /^openai\/gpt-oss/, protocol: "openai-chat", dialect: { reasoningRequest: "reasoning_effort", abilities: { reasoning: "effort", schema: "native" } } }],
  errors: { 498: "overloaded" },
  rateLimits: "openai",
  modelList: "/openai/v1/models",
});

/** Together, 2026-11: log probabilities are asked for with a number, not a switch; the effort is for gpt-oss. */
const together: Row = bearer("together_ai", ["openai-chat", "openai-completions", "embeddings", "rerank", "images", "audio"], "https://api.together.xyz/v1", {
  dialects: { "openai-chat": { outputLimit: "max_tokens", reasoningMember: "reasoning", reasoningRequest: "none", abilities: { ...openModels, system: "anywhere", hasUserId: false, logprobsMax: -1 } } },
  models: [{ names: /gpt-oss/, protocol: "openai-chat", dialect: { reasoningRequest: "reasoning_effort", abilities: { reasoning: "effort" } } }],
  rateLimits: "openai",
});

/** Fireworks, 2026-11: Messages under the same address, without server tools and without marks on tools. */
const fireworks: Row = bearer("fireworks_ai", ["openai-chat", "openai-completions", "openai-responses", "anthropic-messages", "embeddings", "rerank"], "https://api.fireworks.ai/inference/v1", {
  headers: ANTHROPIC_VERSION,
  dialects: {
    "openai-chat": { outputLimit: "max_tokens", reasoningMember: "reasoning_content", abilities: { ...openModels, system: "anywhere", logprobsMax: 5 } },
    "openai-responses": uncounted,
    "anthropic-messages": { ...uncounted, replaysReasoning: true, abilities: { ...noSchema, cacheMarksMax: 0, hasHostedWebSearch: false } },
  },
  rateLimits: "openai",
  modelList: "/inference/v1/models",
});

export const hosts = { siliconflow, groq, together, fireworks } as const satisfies Readonly<Record<string, Row>>;
