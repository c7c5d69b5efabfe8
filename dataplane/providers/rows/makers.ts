// Rows of those who serve the models that they make. Data only: what is not said here is as the protocol has it.
import { bearer, ANTHROPIC_VERSION, basesOf, openaiSurfaces, type ModelRow, type Row } from "../row.ts";
import { noSchema, picturesOnly, plain, textOnly, uncounted } from "../chat-dialect.ts";

/** The most that a generation of Claude writes, by its name in any spelling (Anthropic's table of models, 2026-11). */
export const CLAUDE_OUTPUT_TOKENS = 64_000;
export const claudeLimits = (protocol: ModelRow["protocol"]): readonly ModelRow[] => [
  { names: /claude-(?:3-(?:haiku|opus|sonnet)|2|instant)/, protocol, dialect: {}, outputTokensMax: 4096 },
  { names: /claude-3-5/, protocol, dialect: {}, outputTokensMax: 8192 },
  { names: /claude-opus-4-(?:0|1|2\d)/, protocol, dialect: {}, outputTokensMax: 32_000 },
];

/**
 * Mistral, 2026-11: unknown members are refused (422), calls' ids have nine letters or digits, thinking is a list of parts,
 * usage comes unasked. Only the newer small and medium models take an effort; Magistral always thinks. Its batches are jobs of
 * another shape, under /v1/batch/jobs.
 */
const mistral: Row = bearer("mistral_ai", ["openai-chat", "embeddings", "files", "audio", "moderations"], "https://api.mistral.ai/v1", {
  rateLimits: "mistral",
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      seedMember: "random_seed",
      reasoningMember: "thinking-parts",
      reasoningRequest: "none",
      prefillMember: "prefix",
      refusesStreamOptions: true,
      refuses: ["logit_bias", "logprobs", "top_logprobs", "store", "user", "safety_identifier", "service_tier", "verbosity", "prompt_cache_retention", "web_search_options"],
      renames: { max_completion_tokens: "max_tokens", seed: "random_seed" },
      abilities: { ...plain, fileSources: [], audioFormats: [], callId: { pattern: /^[a-zA-Z0-9]{9}$/, lengthMax: 9 }, logprobsMax: -1, temperatureMax: 1.5, choicesMax: 8 },
    },
    /** A length is a member of another name; of a user nobody hears. */
    "embeddings": { renames: { dimensions: "output_dimension" }, refuses: ["user"] },
  },
  models: [{ names: /^mistral-(?:small|medium)-(?:latest|26|3[.-]5)/, protocol: "openai-chat", dialect: { reasoningRequest: "reasoning_effort", abilities: { reasoning: "effort" } } }],
});

/**
 * DeepSeek, 2026-11: thinking is on unless it is switched off, and must come back with the turns that call tools (400
 * otherwise); a schema only through strict tools of its beta. Its Messages surface reads neither pictures nor files.
 * No header tells a limit: a request waits in a queue, kept alive by comments.
 */
const deepseek: Row = bearer("deepseek", ["openai-chat", "anthropic-messages"], "https://api.deepseek.com/v1", {
  bases: { "openai-chat": "/v1", "anthropic-messages": "/anthropic/v1" },
  headers: ANTHROPIC_VERSION,
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      reasoningMember: "reasoning_content",
      reasoningRequest: "thinking",
      replaysReasoning: true,
      abilities: { ...plain, ...textOnly, ...noSchema, stopMax: 16, choicesMax: 1, sampling: new Set(["temperature", "topP", "presencePenalty", "frequencyPenalty"]) },
    },
    "anthropic-messages": { ...uncounted, replaysReasoning: true, abilities: { ...textOnly, ...noSchema, resultMedia: new Set(), sampling: new Set(["temperature", "topP"]), cacheMarksMax: 0, hasServiceTier: false, hasHostedWebSearch: false } },
  },
  outputTokensMax: 32_768,
  modelList: "/models",
});

/** xAI, 2026-11: models that think take neither penalties nor stop strings, and only grok-3-mini an effort. A bad key is a 400. */
const xai: Row = bearer("x_ai", ["openai-chat", "openai-responses", "images"], "https://api.x.ai/v1", {
  rateLimits: "openai",
  dialects: {
    "openai-chat": {
      reasoningMember: "reasoning_content",
      reasoningRequest: "none",
      abilities: { ...plain, ...picturesOnly, hasUserId: true, sampling: new Set(["temperature", "topP", "seed", "presencePenalty", "frequencyPenalty"]), logprobsMax: 8 },
    },
    "openai-responses": uncounted,
  },
  models: [
    { names: /^grok-3-mini/, protocol: "openai-chat", dialect: { reasoningRequest: "reasoning_effort", abilities: { reasoning: "effort", sampling: new Set(["temperature", "topP", "seed"]), stopMax: 0 } } },
    { names: /^grok-4(?!.*non-reasoning)/, protocol: "openai-chat", dialect: { abilities: { sampling: new Set(["temperature", "topP", "seed"]), stopMax: 0 } } },
  ],
});

/**
 * Perplexity, 2026-11: no tools, thinking between tags, usage in every chunk, no [DONE]. The system prompt comes first, and
 * nothing lists its models.
 */
const perplexity: Row = bearer("perplexity", ["openai-chat"], "https://api.perplexity.ai", {
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      reasoningRequest: "none",
      refusesStreamOptions: true,
      abilities: {
        ...plain, ...picturesOnly, hasTools: false, customTools: "none", toolChoices: new Set(["auto"]), hasParallelSwitch: false, json: "emulated", stopMax: 0, choicesMax: 1, logprobsMax: -1,
        system: "leading", sampling: new Set(["temperature", "topP", "topK", "presencePenalty", "frequencyPenalty"]), mayBeginWithAssistant: false,
      },
    },
  },
  models: [
    { names: /deep-research/, protocol: "openai-chat", dialect: { hasThinkTags: true, reasoningRequest: "reasoning_effort", abilities: { reasoning: "effort" } } },
    { names: /reasoning/, protocol: "openai-chat", dialect: { hasThinkTags: true } },
  ],
  modelList: "",
});

/**
 * Cohere, 2026-11: its own protocol under /v2, vectors and rankings too: its compatible surface knows neither lengths nor what
 * vectors are for, and its rankings take no documents with members. `protocols` can name either. 498 is a bad token.
 */
const cohere: Row = bearer("cohere", ["cohere"], "https://api.cohere.com/v2", {
  bases: { cohere: "/v2", rerank: "/v2", embeddings: "/compatibility/v1", "openai-chat": "/compatibility/v1" },
  rateLimits: "cohere",
  errors: { 498: "credential" },
});

export const makers = {
  "openai": bearer("openai", ["openai-responses", ...openaiSurfaces.filter((name) => name !== "openai-responses")], "https://api.openai.com/v1", {
    dialects: { "openai-responses": { summariesNeedProof: true } },
    rateLimits: "openai",
  }),
  "anthropic": bearer("anthropic", ["anthropic-messages"], "https://api.anthropic.com/v1", {
    keyHeader: "x-api-key",
    headers: ANTHROPIC_VERSION,
    rateLimits: "anthropic",
    outputTokensMax: CLAUDE_OUTPUT_TOKENS,
    models: claudeLimits("anthropic-messages"),
  }),
  "gemini": bearer("gcp.gemini", ["gemini"], "https://generativelanguage.googleapis.com/v1beta", {
    bases: { gemini: "/v1beta", ...basesOf(["openai-chat", "embeddings"], "/v1beta/openai") },
    keyHeader: "x-goog-api-key",
    rateLimits: "gemini",
    modelList: "/v1beta/models",
  }),
  "mistral": mistral,
  "cohere": cohere,
  "deepseek": deepseek,
  "xai": xai,
  "perplexity": perplexity,
} as const satisfies Readonly<Record<string, Row>>;
