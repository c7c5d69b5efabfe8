// Rows of what people run themselves, and of whatever is compatible with something: every installation has its own address.
// Data only. Nobody bills them by the token, but for gateways, behind which somebody else does.
import type { Dialect } from "../../protocols/dialect.ts";
import { bearer, ANTHROPIC_VERSION, basesOf, openaiSurfaces, type Row } from "../row.ts";
import { openModels, perhapsCounted, picturesOnly, plain, uncounted } from "../chat-dialect.ts";
import { relayed, relayedByNewApi } from "./relays.ts";

const surfaces = [...openaiSurfaces, "rerank"] as const;
const usual = ["openai-chat", "openai-completions", "embeddings"] as const;

/** Where all of them have OpenAI's protocols, and Messages once they speak it. */
const behindV1: Pick<Row, "bases" | "headers"> = { bases: basesOf([...usual, "openai-responses", "anthropic-messages", "rerank", "audio"], "/v1"), headers: ANTHROPIC_VERSION };

const open: Dialect = { outputLimit: "max_tokens", reasoningMember: "reasoning_content", abilities: openModels };

/**
 * Ollama, 2026-11: its own protocol under the root, where thinking and all options can be said, and OpenAI's under /v1, where
 * no tool can be chosen. An endpoint may name either. Newer ones speak Messages and Responses too: `protocols` says so.
 */
const ollama: Row = bearer("ollama", ["ollama", ...usual], undefined, {
  bases: { ollama: "", ...basesOf([...usual, "openai-responses", "anthropic-messages"], "/v1") },
  headers: ANTHROPIC_VERSION,
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      reasoningMember: "reasoning",
      abilities: { ...plain, ...picturesOnly, imageSources: ["bytes"], toolChoices: new Set(["auto"]), hasParallelSwitch: false, choicesMax: 1, logprobsMax: -1 },
    },
    "openai-responses": uncounted,
    "anthropic-messages": uncounted,
  },
  billsAborted: false,
  modelList: "/api/tags",
});

/**
 * vLLM, 2026-11: templates refuse a system prompt in the middle. From 0.11 on it speaks Messages too: `protocols` says so; it
 * counts there since 2026-03. /tokenize beside /v1 counts what is asked in Chat, tools included since 2025; Responses are not counted (405).
 */
const vllm: Row = bearer("vllm", [...usual, "openai-responses", "rerank", "audio"], undefined, {
  ...behindV1,
  dialects: { "openai-chat": { ...open, countsTokens: "tokenize", mayLackCount: true }, "openai-responses": uncounted, "anthropic-messages": perhapsCounted },
  billsAborted: false,
});

/** SGLang, 2026-11: from 0.5.9 on Messages and their count, if `protocols` says so. Its /tokenize takes texts and lays out no conversation. */
const sglang: Row = bearer("sglang", [...usual, "rerank"], undefined, {
  ...behindV1,
  dialects: { "openai-chat": open, "openai-responses": uncounted, "anthropic-messages": perhapsCounted },
  billsAborted: false,
});

/**
 * llama.cpp's server, 2026-11: no [DONE] behind an error, a lone colon keeps the stream alive. It counts for Messages since 2025-11,
 * and for Responses and Chat (a route of its own) since 2026-06.
 */
const llamaCpp: Row = bearer("llama_cpp", [...usual, "rerank"], undefined, {
  ...behindV1,
  dialects: { "openai-chat": { ...open, countsTokens: "chat", mayLackCount: true }, "openai-responses": perhapsCounted, "anthropic-messages": perhapsCounted },
  billsAborted: false,
});

/** Gateways that speak for many: Gemini's form stands beside /v1. */
const gateway = (label: string, protocols: Row["protocols"], differences: Pick<Row, "dialects" | "models">): Row =>
  bearer(label, protocols, undefined, { ...differences, bases: { ...basesOf([...surfaces, "anthropic-messages"], "/v1"), gemini: "/v1beta" }, headers: ANTHROPIC_VERSION, rateLimits: "any" });

/** Its own kind takes everything as it is, so that nothing is lost twice; it counts in every protocol, or estimates and says so (2026-11). */
const llmGateway: Row = bearer("llm_gateway", [...surfaces, "anthropic-messages", "gemini", "bedrock-converse"], undefined, {
  bases: { ...basesOf([...surfaces, "anthropic-messages"], "/v1"), gemini: "/v1beta", "bedrock-converse": "" },
  headers: ANTHROPIC_VERSION,
  rateLimits: "gateway",
});

export const servers = {
  ollama,
  vllm,
  sglang,
  "llama-cpp": llamaCpp,
  /** It counts tokens for Messages since 2025-08, and from 1.101 on for Responses too: 405 before that (2026-11). */
  "litellm": gateway("litellm", [...surfaces, "anthropic-messages"], { ...relayed, dialects: { ...relayed.dialects, "openai-responses": perhapsCounted, "anthropic-messages": perhapsCounted, "gemini": perhapsCounted } }),
  /** New API speaks Messages and Gemini's form too: `protocols` says so. */
  "one-api": gateway("one_api", surfaces, relayedByNewApi),
  "llm-gateway": llmGateway,
  /** Hardly anybody who is compatible counts tokens. */
  "openai-compatible": bearer("openai_compatible", surfaces, undefined, { ...relayed, dialects: { ...relayed.dialects, "openai-responses": uncounted }, rateLimits: "any" }),
  "anthropic-compatible": bearer("anthropic_compatible", ["anthropic-messages"], undefined, {
    keyHeader: "x-api-key",
    headers: ANTHROPIC_VERSION,
    dialects: { "anthropic-messages": perhapsCounted },
    rateLimits: "any",
  }),
} as const satisfies Readonly<Record<string, Row>>;
