// Rows of those who pass requests on to the makers of the models, for a price. Data only.
// What a member means is decided by whoever is behind them, so that little is said here.
import type { Dialect } from "../../protocols/dialect.ts";
import type { ProtocolName } from "../../snapshot/schema.ts";
import { bearer, ANTHROPIC_VERSION, basesOf, openaiSurfaces, type ModelRow, type Row } from "../row.ts";
import { byOpenai, OPENAI_THINKERS, perhapsCounted, uncounted } from "../chat-dialect.ts";

const passedOn: Dialect = { outputLimit: "max_tokens", reasoningMember: "reasoning_content" };
export const relayed: Pick<Row, "dialects" | "models"> = {
  dialects: { "openai-chat": passedOn },
  models: [{ names: OPENAI_THINKERS, protocol: "openai-chat", dialect: byOpenai }] satisfies readonly ModelRow[],
};

/** Of their surfaces the documentation names no counting. */
const relayedUncounted = { ...relayed, dialects: { ...relayed.dialects, "openai-responses": uncounted, "anthropic-messages": uncounted } } as const;

/** A count in Gemini's form, asked of New API, was answered as if it were the question itself, and billed. */
export const relayedByNewApi = { ...relayed, dialects: { ...relayedUncounted.dialects, "gemini": uncounted } } as const;

const usual = ["openai-chat", "openai-completions", "embeddings"] as const satisfies readonly ProtocolName[];

/**
 * OpenRouter, 2026-11: thinking in details that go back word for word, marks of the cache as Anthropic has them. 403 is a prompt
 * that was flagged, 402 an empty account; limits are told for free models only.
 */
const openrouter: Row = bearer("openrouter", [...usual, "openai-responses", "anthropic-messages"], "https://openrouter.ai/api/v1", {
  headers: ANTHROPIC_VERSION,
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      reasoningMember: "reasoning_details",
      reasoningRequest: "reasoning",
      cacheMember: "cache_control",
      abilities: {
        customTools: "emulated", fileSources: ["url", "bytes"], hasPrefill: true, toolChoices: new Set(["auto", "none", "required", "tool"]),
        sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"]), choicesMax: 1, hasCacheKey: false,
      },
    },
    "openai-responses": uncounted,
    "anthropic-messages": uncounted,
  },
  errors: { 403: "filtered" },
  rateLimits: "openai",
  modelList: "/api/v1/models",
});

/**
 * Portkey, 2026-11: the key stands in its own header; whose models are meant says the key's settings, or the model ("@slug/model").
 * 412 is a budget that is used up, 446 a guardrail that refused. From 1.12 on it counts for Messages, where Anthropic, Bedrock or
 * Vertex AI are behind it, and answers 500 where others are.
 */
const portkey: Row = bearer("portkey", [...openaiSurfaces, "anthropic-messages"], "https://api.portkey.ai/v1", {
  ...relayed,
  dialects: { ...relayedUncounted.dialects, "anthropic-messages": perhapsCounted },
  keyHeader: "x-portkey-api-key",
  headers: ANTHROPIC_VERSION,
  errors: { 412: "payment", 446: "filtered" },
  rateLimits: "any",
});

export const relays = {
  openrouter,
  portkey,
  /** Its documentation shows OpenAI's surfaces only (2026-11). */
  "tokenmix": bearer("tokenmix", [...usual, "images", "audio"], "https://api.tokenmix.ai/v1", { ...relayed, rateLimits: "any" }),
  /** Its guide names https://4sapi.com and OpenAI's surfaces (2026-11). */
  "foursapi": bearer("foursapi", [...usual, "images", "audio"], "https://4sapi.com/v1", { ...relayed, rateLimits: "any" }),
  /** Compatible with OpenAI, it says; where its API lives could not be established (2026-11), so that an endpoint must say it. */
  "treerouter": bearer("treerouter", usual, undefined, { ...relayed, rateLimits: "any" }),
  /** https://www.dmxapi.com/v1 is an endpoint too. Messages take the bearer; Gemini's form stands beside /v1 (2026-11). */
  "dmxapi": bearer("dmxapi", [...usual, "openai-responses", "anthropic-messages", "gemini", "rerank", "images", "audio"], "https://www.dmxapi.cn/v1", {
    ...relayedByNewApi,
    bases: { ...basesOf([...usual, "openai-responses", "anthropic-messages", "rerank", "images", "audio"], "/v1"), gemini: "/v1beta" },
    speaks: [{ names: /claude/i, protocols: [...usual, "anthropic-messages"] }, { names: /gemini/i, protocols: [...usual, "gemini", "images"] }, { names: /./, protocols: [...usual, "openai-responses", "rerank", "images", "audio"] }],
    headers: ANTHROPIC_VERSION,
    rateLimits: "any",
  }),
  /** Messages for Claude and Gemini's form for Gemini on their own, all else by OpenAI's (2026-11). */
  "aihubmix": bearer("aihubmix", [...usual, "openai-responses", "anthropic-messages", "gemini", "rerank", "images", "audio"], "https://aihubmix.com/v1", {
    ...relayedByNewApi,
    bases: { ...basesOf([...usual, "openai-responses", "anthropic-messages", "rerank", "images", "audio"], "/v1"), gemini: "/gemini/v1beta" },
    speaks: [{ names: /claude/i, protocols: [...usual, "anthropic-messages"] }, { names: /gemini/i, protocols: [...usual, "gemini", "images"] }, { names: /./, protocols: [...usual, "openai-responses", "rerank", "images", "audio"] }],
    headers: ANTHROPIC_VERSION,
    rateLimits: "any",
  }),
} as const satisfies Readonly<Record<string, Row>>;
