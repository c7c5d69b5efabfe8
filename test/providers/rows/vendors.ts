// What each vendor's documentation says of a request to it: where it goes, how the key is sent, what must and must not stand in
// it. One entry for each row of the catalogue, and a further one where a row speaks otherwise to some models.
import type { Auth, ProtocolName, ProviderType } from "../../../dataplane/snapshot/schema.ts";
import { answers, invokedMessages, oddStreams, type Answers, type Spoken } from "./answers.ts";

export interface Asked {
  /** What is spoken with the vendor for this client. */
  readonly speaks: Spoken;
  readonly path: string;
  /** Where it is another. */
  readonly streamPath?: string;
  /** Members of the body, of which it may have more. */
  readonly has?: Readonly<Record<string, unknown>>;
  readonly lacks?: readonly string[];
  readonly answers?: Answers;
}

export interface Vendor {
  readonly name: string;
  readonly type: ProviderType;
  /** Path of the endpoint. */
  readonly at: string;
  readonly model: string;
  /** A name of a header, and what stands in it. */
  readonly key: readonly [header: string, value: string | RegExp];
  readonly auth?: Auth;
  /** What the owner says it speaks. */
  readonly protocols?: readonly ProtocolName[];
  /** For a client of chat completions, and for one of Messages. */
  readonly chat: Asked;
  readonly messages: Asked;
}

export const KEY = "sk-provider-key-abcdef";
const bearer = ["authorization", `Bearer ${KEY}`] as const;

const chat = (path: string, more: Partial<Asked> = {}): Asked => ({ speaks: "openai-chat", path, ...more });
const messages = (path: string, more: Partial<Asked> = {}): Asked => ({ speaks: "anthropic-messages", path, ...more });
const odd = (name: keyof typeof oddStreams): { answers: Answers } => ({ answers: { ...answers["openai-chat"], stream: oddStreams[name] } });

/** Both clients are answered by chat completions. */
const compatible = (type: ProviderType, at: string, model: string, own: Partial<Asked> = {}, translated: Partial<Asked> = {}): Vendor =>
  ({ name: type, type, at, model, key: bearer, chat: chat(`${at}/chat/completions`, own), messages: chat(`${at}/chat/completions`, { ...own, ...translated }) });

const older: Partial<Asked> = { has: { max_tokens: 50 }, lacks: ["max_completion_tokens"] };

const gemini = (path: string): Asked => ({ speaks: "gemini", path: `${path}:generateContent`, streamPath: `${path}:streamGenerateContent?alt=sse`, has: { generationConfig: { maxOutputTokens: 50 } }, lacks: ["model"] });
const converse = (path: string): Asked => ({ speaks: "bedrock-converse", path: `${path}/converse`, streamPath: `${path}/converse-stream`, has: { inferenceConfig: { maxTokens: 50 } }, lacks: ["model"] });

const aws: Auth = { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "test/id", secretAccessKey: "test/key" } };
const google: Auth = { scheme: "google", project: "acme", location: "europe-west4" };
const VERTEX = "/v1/projects/acme/locations/europe-west4";
const VERTEX_CLAUDE = `${VERTEX}/publishers/anthropic/models/claude-haiku-4-5@20251001`;
const onVertex = messages(`${VERTEX_CLAUDE}:rawPredict`, { streamPath: `${VERTEX_CLAUDE}:streamRawPredict`, has: { anthropic_version: "vertex-2023-10-16", max_tokens: 50 }, lacks: ["model"] });
const signed = /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request/;
const CLAUDE_ON_BEDROCK = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";
const INVOKED = `/model/${encodeURIComponent(CLAUDE_ON_BEDROCK)}/invoke`;

export const vendors: readonly Vendor[] = [
  { name: "openai", type: "openai", at: "/v1", model: "gpt-4.1", key: bearer, chat: chat("/v1/chat/completions", { has: { model: "gpt-4.1", max_completion_tokens: 50 } }), messages: { speaks: "openai-responses", path: "/v1/responses", has: { max_output_tokens: 50 } } },
  { name: "anthropic", type: "anthropic", at: "/v1", model: "claude-haiku-4-5", key: ["x-api-key", KEY], chat: messages("/v1/messages", { has: { max_tokens: 50 } }), messages: messages("/v1/messages") },
  { name: "gemini", type: "gemini", at: "/v1beta", model: "gemini-3-pro", key: ["x-goog-api-key", KEY], chat: gemini("/v1beta/models/gemini-3-pro"), messages: gemini("/v1beta/models/gemini-3-pro") },
  {
    name: "azure-openai", type: "azure-openai", at: "/openai/v1", model: "gpt-4.1", key: ["api-key", KEY],
    chat: chat("/openai/v1/chat/completions", { has: { model: "gpt-4.1" }, ...odd("azure") }), messages: { speaks: "openai-responses", path: "/openai/v1/responses" },
  },
  {
    name: "azure-openai with a dated API", type: "azure-openai", at: "/openai?api-version=2024-10-21", model: "gpt 4.1", key: ["api-key", KEY], protocols: ["openai-chat"],
    chat: chat("/openai/deployments/gpt%204.1/chat/completions?api-version=2024-10-21", odd("azure")), messages: chat("/openai/deployments/gpt%204.1/chat/completions?api-version=2024-10-21", odd("azure")),
  },
  { name: "azure-openai with Claude", type: "azure-openai", at: "/openai/v1", model: "claude-haiku-4-5", key: ["api-key", KEY], chat: messages("/anthropic/v1/messages"), messages: messages("/anthropic/v1/messages") },
  { name: "vertex-ai", type: "vertex-ai", at: "", model: "gemini-3-pro", auth: google, key: ["authorization", "Bearer google-token"], chat: gemini(`${VERTEX}/publishers/google/models/gemini-3-pro`), messages: gemini(`${VERTEX}/publishers/google/models/gemini-3-pro`) },
  { name: "vertex-ai with Claude", type: "vertex-ai", at: "", model: "claude-haiku-4-5@20251001", auth: google, key: ["authorization", "Bearer google-token"], chat: onVertex, messages: onVertex },
  {
    name: "vertex-ai with an open model", type: "vertex-ai", at: "", model: "meta/llama-4-maverick", auth: google, key: ["authorization", "Bearer google-token"],
    chat: chat(`${VERTEX}/endpoints/openapi/chat/completions`, { has: { model: "meta/llama-4-maverick" } }), messages: chat(`${VERTEX}/endpoints/openapi/chat/completions`, older),
  },
  { name: "bedrock", type: "bedrock", at: "", model: "amazon.nova-pro-v1:0", auth: aws, key: ["authorization", signed], chat: converse("/model/amazon.nova-pro-v1%3A0"), messages: converse("/model/amazon.nova-pro-v1%3A0") },
  {
    name: "bedrock with Claude", type: "bedrock", at: "", model: CLAUDE_ON_BEDROCK, auth: aws, key: ["authorization", signed], chat: converse(`/model/${encodeURIComponent(CLAUDE_ON_BEDROCK)}`),
    messages: messages(INVOKED, { streamPath: `${INVOKED}-with-response-stream`, has: { anthropic_version: "bedrock-2023-05-31" }, lacks: ["model", "stream"], answers: invokedMessages }),
  },
  {
    name: "bedrock with Claude by Messages alone", type: "bedrock", at: "", model: CLAUDE_ON_BEDROCK, auth: aws, key: ["authorization", signed], protocols: ["anthropic-messages"],
    chat: messages(INVOKED, { streamPath: `${INVOKED}-with-response-stream`, has: { anthropic_version: "bedrock-2023-05-31", max_tokens: 50 }, lacks: ["model", "stream"], answers: invokedMessages }),
    messages: messages(INVOKED, { streamPath: `${INVOKED}-with-response-stream`, has: { anthropic_version: "bedrock-2023-05-31" }, lacks: ["model", "stream"], answers: invokedMessages }),
  },
  compatible("mistral", "/v1", "mistral-large-latest", { has: { max_tokens: 50 }, lacks: ["max_completion_tokens", "seed", "user", "stream_options"], ...odd("mistral") }),
  { name: "cohere", type: "cohere", at: "/v2", model: "command-a-03-2025", key: bearer, chat: { speaks: "cohere", path: "/v2/chat", has: { max_tokens: 50 } }, messages: { speaks: "cohere", path: "/v2/chat", has: { max_tokens: 50 } } },
  { name: "deepseek", type: "deepseek", at: "/v1", model: "deepseek-chat", key: bearer, chat: chat("/v1/chat/completions", odd("deepseek")), messages: messages("/anthropic/v1/messages") },
  {
    name: "dashscope", type: "dashscope", at: "/compatible-mode/v1", model: "qwen-plus", key: bearer, chat: chat("/compatible-mode/v1/chat/completions"), messages: messages("/apps/anthropic/v1/messages"),
  },
  {
    name: "dashscope by its own protocol", type: "dashscope", at: "", model: "qwen-plus", key: bearer, protocols: ["dashscope"],
    chat: { speaks: "dashscope", path: "/api/v1/services/aigc/text-generation/generation" }, messages: { speaks: "dashscope", path: "/api/v1/services/aigc/text-generation/generation" },
  },
  { name: "siliconflow", type: "siliconflow", at: "/v1", model: "Qwen/Qwen3-32B", key: bearer, chat: chat("/v1/chat/completions"), messages: messages("/v1/messages") },
  { name: "openrouter", type: "openrouter", at: "/api/v1", model: "openai/gpt-4.1", key: bearer, chat: chat("/api/v1/chat/completions", odd("openrouter")), messages: messages("/api/v1/messages") },
  compatible("tokenmix", "/v1", "gpt-4.1", {}, older),
  compatible("foursapi", "/v1", "claude-haiku-4-5", {}, older),
  compatible("treerouter", "/v1", "gpt-5", {}, { has: { max_completion_tokens: 50 }, lacks: ["max_tokens"] }),
  { name: "dmxapi", type: "dmxapi", at: "/v1", model: "claude-haiku-4-5", key: bearer, chat: chat("/v1/chat/completions"), messages: messages("/v1/messages") },
  { name: "dmxapi with Gemini", type: "dmxapi", at: "/v1", model: "gemini-3-pro", key: bearer, protocols: ["gemini"], chat: gemini("/v1beta/models/gemini-3-pro"), messages: gemini("/v1beta/models/gemini-3-pro") },
  { name: "aihubmix", type: "aihubmix", at: "/v1", model: "claude-haiku-4-5", key: bearer, chat: chat("/v1/chat/completions"), messages: messages("/v1/messages") },
  { name: "aihubmix with GPT", type: "aihubmix", at: "/v1", model: "gpt-4.1", key: bearer, chat: chat("/v1/chat/completions"), messages: chat("/v1/chat/completions", older) },
  { name: "aihubmix with Gemini", type: "aihubmix", at: "/v1", model: "gemini-3-pro", key: bearer, protocols: ["gemini"], chat: gemini("/gemini/v1beta/models/gemini-3-pro"), messages: gemini("/gemini/v1beta/models/gemini-3-pro") },
  compatible("groq", "/openai/v1", "openai/gpt-oss-120b", { lacks: ["logit_bias"], ...odd("groq") }),
  compatible("together", "/v1", "meta-llama/Llama-4", {}, older),
  { name: "fireworks", type: "fireworks", at: "/inference/v1", model: "accounts/fireworks/models/kimi-k2p5", key: bearer, chat: chat("/inference/v1/chat/completions"), messages: messages("/inference/v1/messages") },
  compatible("xai", "/v1", "grok-4", odd("xai")),
  compatible("perplexity", "", "sonar-pro", { lacks: ["stream_options"], ...odd("perplexity") }),
  { name: "portkey", type: "portkey", at: "/v1", model: "@openai-prod/gpt-4.1", key: ["x-portkey-api-key", KEY], chat: chat("/v1/chat/completions"), messages: messages("/v1/messages") },
  { name: "ollama", type: "ollama", at: "", model: "llama3.2", key: bearer, chat: chat("/v1/chat/completions"), messages: { speaks: "ollama", path: "/api/chat" } },
  { name: "ollama at its compatible address", type: "ollama", at: "/v1", model: "llama3.2", key: bearer, chat: chat("/v1/chat/completions"), messages: { speaks: "ollama", path: "/api/chat" } },
  compatible("vllm", "/v1", "qwen3", {}, older),
  compatible("sglang", "/v1", "qwen3", {}, older),
  compatible("llama-cpp", "/v1", "qwen3", {}, older),
  { name: "litellm", type: "litellm", at: "/v1", model: "gpt-4.1", key: bearer, chat: chat("/v1/chat/completions"), messages: messages("/v1/messages") },
  compatible("one-api", "/v1", "gpt-4.1", {}, older),
  { name: "llm-gateway", type: "llm-gateway", at: "/v1", model: "gpt-4.1", key: bearer, chat: chat("/v1/chat/completions"), messages: messages("/v1/messages") },
  compatible("openai-compatible", "/some/where", "gpt-4.1", {}, older),
  { name: "anthropic-compatible", type: "anthropic-compatible", at: "/some/where", model: "kimi-k2", key: ["x-api-key", KEY], chat: messages("/some/where/messages"), messages: messages("/some/where/messages") },
];

export const answersFor = ({ speaks, answers: own }: Asked): Answers => own ?? answers[speaks];
