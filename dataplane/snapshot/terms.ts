// The contract's words and numbers, and what is read off its resources: all of it that a data plane needs while it runs.
// It loads no library; the resources themselves are described in schema.ts, whose types may be imported from anywhere.

/** Raised when a reader of the former format could misunderstand the new one. An unknown format is nacked. */
export const FORMAT = 1;

/** What this build reads: its own format, and from the second on the one before it. What that one lacks has a default here. */
export const readableFormats = [FORMAT] as const;

/** What a client may ask of us and a provider may offer, one word each. */
export const protocolNames = [
  "openai-chat", "openai-completions", "openai-responses", "embeddings", "moderations",
  "images", "audio", "files", "batches", "rerank",
  "anthropic-messages", "gemini", "bedrock-converse", "cohere", "dashscope", "ollama", "realtime",
] as const;
export type ProtocolName = (typeof protocolNames)[number];

/** The rows of the data plane's catalogue: what this build can talk to. A provider of another type has no usable target. */
export const providerTypes = [
  "openai", "anthropic", "gemini", "azure-openai", "vertex-ai", "bedrock", "mistral", "cohere", "deepseek", "dashscope",
  "siliconflow", "openrouter", "tokenmix", "foursapi", "treerouter", "dmxapi", "aihubmix", "groq", "together", "fireworks",
  "xai", "perplexity", "portkey", "ollama", "vllm", "sglang", "llama-cpp", "litellm", "one-api", "llm-gateway",
  "openai-compatible", "anthropic-compatible",
] as const;
export type ProviderType = (typeof providerTypes)[number];

/** The parts of a snapshot that are keyed by id, and so can change one resource at a time. */
export const sections = ["providers", "routes", "callers", "credentials"] as const;
export type Section = (typeof sections)[number];

/** As much of a provider's `auth` as names credentials. */
type Keyed<Scheme> = { readonly scheme: Scheme; readonly keys: readonly { readonly credential: string }[] };
type Single<Scheme> = { readonly scheme: Scheme; readonly credential?: string | undefined };
type Paired = { readonly scheme: "aws"; readonly keyPair?: Readonly<Record<string, string | undefined>> | undefined };
type Authorizing = Keyed<"none"> | Keyed<"api-key"> | Paired | Single<"google"> | Single<"azure"> | Single<"oauth">;

/** The credentials that a provider needs, each with the place in `auth` that names it. */
export const credentialsOf = (auth: Authorizing): { readonly path: string; readonly credential: string }[] => {
  if (auth.scheme === "none" || auth.scheme === "api-key") return auth.keys.map(({ credential }, index) => ({ path: `auth.keys.${index}.credential`, credential }));
  if (auth.scheme === "aws") return Object.entries(auth.keyPair ?? {}).flatMap(([name, credential]) => (credential === undefined ? [] : [{ path: `auth.keyPair.${name}`, credential }]));
  return auth.credential === undefined ? [] : [{ path: "auth.credential", credential: auth.credential }];
};

export const defaultSettings = {
  anonymous: false,
  privateRanges: [] as string[],
  drainMs: 30_000,
  limits: {
    headerBytesMax: 65_536,
    headerCountMax: 200,
    bodyBytesMax: 33_554_432,
    uploadBytesMax: 536_870_912,
    sseEventBytesMax: 8_388_608,
    concurrentRequestsMax: 4096,
    eventLoopLagMsMax: 1000,
  },
  stream: { headHoldMs: 2000 },
};
