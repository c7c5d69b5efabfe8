// Rows of clouds: one address for models of many makers, which speak different protocols there. Data only.
import { bearer, ANTHROPIC_VERSION, basesOf, openaiSurfaces, type Row } from "../row.ts";
import { noSchema, onlyStreams, picturesOnly, plain, uncounted } from "../chat-dialect.ts";
import { CLAUDE_OUTPUT_TOKENS, claudeLimits } from "./makers.ts";

const CLAUDE = /claude/i;

/** Neither cloud fetches what a URL names; a tier is asked for otherwise. */
const claudeInCloud = { imageSources: ["bytes"], fileSources: ["bytes", "text"], hasServiceTier: false } as const;

/** Of Anthropic's betas, what both clouds take (2026-11); one that they do not know is a 400. */
const cloudBetas = [
  "compact-2026-01-12", "computer-use-2025-01-24", "computer-use-2025-11-24", "context-1m-2025-08-07", "context-management-2025-06-27", "dangerous-tool-use-2026-09-03",
  "interleaved-thinking-2025-05-14", "thinking-binding-controls-2026-08-01", "thinking-display-updates-2026-08-18", "tool-search-tool-2025-10-19",
] as const;
const cloudBetaNames = { "advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19" } as const;

const azureSurfaces = openaiSurfaces.filter((name) => name !== "moderations");

/**
 * Azure OpenAI, 2026-11. https://{resource}.openai.azure.com/openai/v1 is the undated API (the deployment's name is the model
 * in the body); https://{resource}.openai.azure.com/openai?api-version=2024-10-21 a dated one, where the deployment stands in the
 * path. A deployment whose name has "claude" in it is asked under /anthropic/v1 of the same host (Foundry), which counts tokens too.
 */
const azure: Row = bearer("azure.ai.openai", ["openai-responses", ...azureSurfaces.filter((name) => name !== "openai-responses"), "anthropic-messages"], undefined, {
  keyHeader: "api-key",
  bases: { ...basesOf(azureSurfaces, "/openai/v1"), "anthropic-messages": "/anthropic/v1" },
  headers: ANTHROPIC_VERSION,
  speaks: [{ names: CLAUDE, protocols: ["anthropic-messages"] }, { names: /./, protocols: azureSurfaces }],
  dialects: { "openai-responses": uncounted },
  dated: {
    base: "/openai",
    paths: Object.fromEntries(
      ["/chat/completions", "/completions", "/embeddings", "/images/generations", "/images/edits", "/audio/speech", "/audio/transcriptions", "/audio/translations"].map((path) => [path, `/deployments/{model}${path}`]),
    ),
  },
  rateLimits: "azure",
  outputTokensMax: CLAUDE_OUTPUT_TOKENS,
  models: claudeLimits("anthropic-messages"),
  modelList: "/openai/v1/models",
});

const VERTEX = "/v1/projects/{project}/locations/{location}";

/**
 * Vertex AI, 2026-11: Gemini by its own protocol, Claude by Anthropic's with the model in the path and the version in the body,
 * models of other makers ("meta/llama-…") by the compatible surface. Calls have no ids, and a tier in the body is a 400: a header names it. An API key of the express mode needs
 * the endpoint https://aiplatform.googleapis.com/v1/publishers/google; the "us" and "eu" regions their own.
 */
const vertex: Row = bearer("gcp.vertex_ai", ["gemini", "anthropic-messages", "openai-chat"], `https://{location}-aiplatform.googleapis.com${VERTEX}/publishers/google`, {
  keyHeader: "x-goog-api-key",
  bases: { gemini: `${VERTEX}/publishers/google`, "anthropic-messages": `${VERTEX}/publishers/anthropic`, "openai-chat": `${VERTEX}/endpoints/openapi` },
  speaks: [{ names: CLAUDE, protocols: ["anthropic-messages"] }, { names: /^[^/]+\/[^/]+$/, protocols: ["openai-chat"] }, { names: /./, protocols: ["gemini"] }],
  dialects: {
    "gemini": {
      refuses: ["serviceTier", "service_tier", "store"],
      tierHeader: "x-vertex-ai-llm-shared-request-type",
      hidesServerTools: true,
      sideForm: "vertex",
      abilities: { callId: null, hasUserId: true, hasMetadata: true },
    },
    "anthropic-messages": {
      paths: { "/messages": "/models/{model}:rawPredict", "/messages#stream": "/models/{model}:streamRawPredict", "/messages/count_tokens": "/models/count-tokens:rawPredict" },
      omitsModel: true,
      adds: { anthropic_version: "vertex-2023-10-16" },
      betas: {
        in: "header",
        takes: [...cloudBetas, "compact-2026-09-04", "per-turn-control-2026-07-01", "web-search-2025-03-05"],
        renames: cloudBetaNames,
      },
      abilities: claudeInCloud,
    },
    "openai-chat": { outputLimit: "max_tokens", reasoningRequest: "none", abilities: { ...plain, ...picturesOnly, ...noSchema, logprobsMax: -1 } },
  },
  rateLimits: "gemini",
  outputTokensMax: CLAUDE_OUTPUT_TOKENS,
  models: claudeLimits("anthropic-messages"),
  modelList: "",
});

/**
 * Bedrock, 2026-11: all models by Converse; Claude also by Anthropic's own, invoked: model in the path, version and betas in the
 * body, streams in Amazon's frames. Signed for a region, or a Bedrock API key as bearer with an endpoint that names the region.
 * Models are listed on another host. A model that fails by itself is a 424.
 */
const bedrock: Row = bearer("aws.bedrock", ["bedrock-converse", "anthropic-messages"], "https://bedrock-runtime.{region}.amazonaws.com", {
  bases: { "bedrock-converse": "", "anthropic-messages": "" },
  speaks: [{ names: /anthropic\.claude/, protocols: ["bedrock-converse", "anthropic-messages"] }, { names: /./, protocols: ["bedrock-converse"] }],
  dialects: {
    "anthropic-messages": {
      paths: { "/messages": "/model/{model}/invoke", "/messages#stream": "/model/{model}/invoke-with-response-stream" },
      omitsModel: true,
      refuses: ["stream"],
      adds: { anthropic_version: "bedrock-2023-05-31" },
      streamFraming: "aws-frames",
      countsTokens: "invoke",
      betas: {
        in: "body",
        takes: [
          ...cloudBetas, "dev-full-thinking-2025-05-14", "effort-2025-11-24", "fine-grained-tool-streaming-2025-05-14", "mid-conversation-output-config-2026-07-01",
          "mid-conversation-tool-changes-2026-07-01", "output-128k-2025-02-19", "token-efficient-tools-2025-02-19", "tool-examples-2025-10-29",
        ],
        renames: cloudBetaNames,
      },
      abilities: { ...claudeInCloud, hasHostedWebSearch: false },
    },
  },
  errors: { 424: "internal" },
  rateLimits: "bedrock",
  outputTokensMax: CLAUDE_OUTPUT_TOKENS,
  models: [...claudeLimits("anthropic-messages"), ...claudeLimits("bedrock-converse"), { names: /^(?!.*claude)/, protocol: "bedrock-converse", dialect: {}, outputTokensMax: 8192 }],
  modelList: "",
});

const ONLY_STREAMS = /^(?:qwq|qvq)|omni|^qwen3-(?:\d+(?:\.\d+)?b|next-.*thinking|vl-.*thinking)/;
const qwenSurfaces = ["openai-chat", "openai-completions", "embeddings", "files", "batches"] as const;
const qwenTalk = [...qwenSurfaces, "dashscope", "anthropic-messages"] as const;

/**
 * DashScope, 2026-11. The row's address is the international one; https://dashscope.aliyuncs.com (China) and
 * https://dashscope-us.aliyuncs.com are endpoints, with or without a path. QwQ, QVQ, Omni and the open Qwen3 can only stream;
 * a schema is held by few models. Some models speak Responses too, under the same base: `protocols` says so. Rankings of
 * qwen3-rerank have a surface of their own, those of the others stand with the native protocol.
 */
const dashscope: Row = bearer("dashscope", [...qwenTalk, "rerank"], "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", {
  bases: { ...basesOf([...qwenSurfaces, "openai-responses"], "/compatible-mode/v1"), dashscope: "/api/v1", "anthropic-messages": "/apps/anthropic/v1", rerank: "/compatible-api/v1" },
  speaks: [{ names: /^qwen3-rerank/, protocols: ["rerank"] }, { names: /./, protocols: [...qwenTalk, "openai-responses"] }],
  headers: ANTHROPIC_VERSION,
  dialects: {
    "openai-chat": {
      outputLimit: "max_tokens",
      reasoningMember: "reasoning_content",
      reasoningRequest: "enable_thinking",
      prefillMember: "partial",
      cacheMember: "cache_control",
      callsOneByOne: true,
      abilities: {
        ...plain, ...noSchema, fileSources: [], toolChoices: new Set(["auto", "none", "tool"]), choicesMax: 4, logprobsMax: 5, stopMax: Infinity,
        sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty"]),
      },
    },
    "openai-responses": uncounted,
    "anthropic-messages": { ...uncounted, replaysReasoning: true, abilities: { ...noSchema, fileSources: [], hasServiceTier: false, hasHostedWebSearch: false } },
    "rerank": { paths: { "/rerank": "/reranks" } },
  },
  models: [
    { names: ONLY_STREAMS, protocol: "openai-chat", dialect: onlyStreams },
    { names: ONLY_STREAMS, protocol: "dashscope", dialect: { onlyStreams: true } },
  ],
  modelList: "/compatible-mode/v1/models",
});

export const clouds = { "azure-openai": azure, "vertex-ai": vertex, "bedrock": bedrock, "dashscope": dashscope } as const satisfies Readonly<Record<string, Row>>;
