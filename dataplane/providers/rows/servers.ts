// Rows of what people run themselves, and of whatever is compatible with something: every installation has its own address.
// Data only. Nobody bills them by the token, but for gateways, behind which somebody else does.
import type { Dialect } from "../../protocols/dialect.ts";
import { bearer, ANTHROPIC_VERSION, basesOf, openaiSurfaces, type Row } from "../row.ts";
import { openModels, picturesOnly, plain, uncounted } from "../chat-dialect.ts";
import { relayed, relayedByNewApi } from "./relays.ts";

const surfaces = [...openaiSurfaces, "rerank"] as const;
const usual = ["openai-chat", "openai-completions", "embeddings"] as const;

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

/** vLLM, 2026-11: templates refuse a system prompt in the middle. From 0.11 on it speaks Messages too: `protocols` says so. */
const vllm: Row = bearer("vllm", [...usual, "openai-responses", "rerank", "audio"], undefined, { headers: ANTHROPIC_VERSION, dialects: { "openai-chat": open, "openai-responses": uncounted }, billsAborted: false });

const sglang: Row = bearer("sglang", [...usual, "rerank"], undefined, { headers: ANTHROPIC_VERSION, dialects: { "openai-chat": open }, billsAborted: false });

/** llama.cpp's server, 2026-11: no [DONE] behind an error, a lone colon keeps the stream alive. */
const llamaCpp: Row = bearer("llama_cpp", [...usual, "rerank"], undefined, { headers: ANTHROPIC_VERSION, dialects: { "openai-chat": open }, billsAborted: false });

/** Gateways that speak for many: Gemini's form stands beside /v1. */
const gateway = (label: string, protocols: Row["protocols"], differences: Pick<Row, "dialects" | "models">): Row =>
  bearer(label, protocols, undefined, { ...differences, bases: { ...basesOf([...surfaces, "anthropic-messages"], "/v1"), gemini: "/v1beta" }, headers: ANTHROPIC_VERSION, rateLimits: "any" });

/** Its own kind takes everything as it is, so that nothing is lost twice. */
const llmGateway: Row = bearer("llm_gateway", [...surfaces, "anthropic-messages", "gemini", "bedrock-converse"], undefined, {
  bases: { ...basesOf([...surfaces, "anthropic-messages"], "/v1"), gemini: "/v1beta", "bedrock-converse": "" },
  headers: ANTHROPIC_VERSION,
  rateLimits: "any",
});

export const servers = {
  ollama,
  vllm,
  sglang,
  "llama-cpp": llamaCpp,
  /** It counts tokens for Messages, and from 1.99 on for Responses too (2026-11). */
  "litellm": gateway("litellm", [...surfaces, "anthropic-messages"], relayed),
  /** New API speaks Messages and Gemini's form too: `protocols` says so. */
  "one-api": gateway("one_api", surfaces, relayedByNewApi),
  "llm-gateway": llmGateway,
  /** Hardly anybody who is compatible counts tokens. */
  "openai-compatible": bearer("openai_compatible", surfaces, undefined, { ...relayed, dialects: { ...relayed.dialects, "openai-responses": uncounted }, rateLimits: "any" }),
  "anthropic-compatible": bearer("anthropic_compatible", ["anthropic-messages"], undefined, { keyHeader: "x-api-key", headers: ANTHROPIC_VERSION, rateLimits: "any" }),
} as const satisfies Readonly<Record<string, Row>>;
