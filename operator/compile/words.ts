// Tables from the words of the kinds, UpperCamel, to those of the snapshot, kebab-case.
// The compiler of TypeScript proves that no word is missing and that none is invented.
import type { ProviderProtocol, ProviderStreamOptions, ProviderThinking, ProviderType } from "../../crds/provider.ts";
import type { ProtocolName, Provider, ProviderType as ServedType } from "../../dataplane/snapshot/schema.ts";

export const providerTypeWords = {
  OpenAI: "openai",
  Anthropic: "anthropic",
  Gemini: "gemini",
  AzureOpenAI: "azure-openai",
  VertexAI: "vertex-ai",
  Bedrock: "bedrock",
  Mistral: "mistral",
  Cohere: "cohere",
  DeepSeek: "deepseek",
  DashScope: "dashscope",
  SiliconFlow: "siliconflow",
  OpenRouter: "openrouter",
  TokenMix: "tokenmix",
  FourSAPI: "foursapi",
  TreeRouter: "treerouter",
  DMXAPI: "dmxapi",
  AIHubMix: "aihubmix",
  Groq: "groq",
  Together: "together",
  Fireworks: "fireworks",
  XAI: "xai",
  Perplexity: "perplexity",
  Portkey: "portkey",
  Ollama: "ollama",
  VLLM: "vllm",
  SGLang: "sglang",
  LlamaCpp: "llama-cpp",
  LiteLLM: "litellm",
  OneAPI: "one-api",
  LLMGateway: "llm-gateway",
  OpenAICompatible: "openai-compatible",
  AnthropicCompatible: "anthropic-compatible",
} as const satisfies Record<ProviderType, ServedType>;

export const protocolWords = {
  OpenAIChat: "openai-chat",
  OpenAICompletions: "openai-completions",
  OpenAIResponses: "openai-responses",
  AnthropicMessages: "anthropic-messages",
  Gemini: "gemini",
  BedrockConverse: "bedrock-converse",
  Cohere: "cohere",
  DashScope: "dashscope",
  Ollama: "ollama",
  Embeddings: "embeddings",
  Rerank: "rerank",
  Images: "images",
  Audio: "audio",
  Moderations: "moderations",
  Files: "files",
  Batches: "batches",
  Realtime: "realtime",
} as const satisfies Record<ProviderProtocol, ProtocolName>;

export const thinkingWords = {
  Apart: "apart",
  InTags: "in-tags",
} as const satisfies Record<ProviderThinking, NonNullable<Provider["thinking"]>[string]>;

export const streamOptionsWords = {
  Accepted: "accepted",
  Refused: "refused",
} as const satisfies Record<ProviderStreamOptions, Provider["streamOptions"]>;
