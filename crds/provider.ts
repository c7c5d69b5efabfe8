// LLMProvider: who sells models, where its servers are, which key opens them, and what may use it.
// The shape and its rules only; what a type of provider speaks by default stands in the catalogue, not here.
import { z } from "zod";
import { asSet, keyedBy, rules } from "./rules.ts";
import {
  baseUrl, count, currency, dataKey, decimal, endpointUrl, entryName, freeText, modelName, namespaces, objectName, rates, regionName, residencyFields,
  secretKeyRef, token, waitDuration,
} from "./shared.ts";
import type { KindObject } from "./shared.ts";
import type { ProviderStatus } from "./status.ts";

export const providerTypes = [
  "OpenAI", "Anthropic", "Gemini", "AzureOpenAI", "VertexAI", "Bedrock", "Mistral", "Cohere", "DeepSeek", "DashScope",
  "SiliconFlow", "OpenRouter", "TokenMix", "FourSAPI", "TreeRouter", "DMXAPI", "AIHubMix", "Groq", "Together", "Fireworks",
  "XAI", "Perplexity", "Portkey", "Ollama", "VLLM", "SGLang", "LlamaCpp", "LiteLLM", "OneAPI", "LLMGateway",
  "OpenAICompatible", "AnthropicCompatible",
] as const;

/** Types whose servers have no public address of their own: `endpoints` must say where they are. */
export const typesWithoutAddress = [
  "AzureOpenAI", "TreeRouter", "Ollama", "VLLM", "SGLang", "LlamaCpp", "LiteLLM", "OneAPI", "LLMGateway", "OpenAICompatible", "AnthropicCompatible",
] as const satisfies readonly (typeof providerTypes)[number][];

/** Types that are commonly run without any credential: `auth` may be left out. */
export const typesWithoutCredential = [
  "Ollama", "VLLM", "SGLang", "LlamaCpp", "LiteLLM", "OneAPI", "LLMGateway", "OpenAICompatible", "AnthropicCompatible",
] as const satisfies readonly (typeof providerTypes)[number][];

export const protocols = [
  "OpenAIChat", "OpenAICompletions", "OpenAIResponses", "AnthropicMessages", "Gemini", "BedrockConverse", "Cohere", "DashScope", "Ollama",
  "Embeddings", "Rerank", "Images", "Audio", "Moderations", "Files", "Batches", "Realtime",
] as const;

const quoted = (words: readonly string[]): string => `[${words.map((one) => `'${one}'`).join(', ')}]`;

const endpoint = z.object({
  url: endpointUrl().describe("Base URL, with the version segment that the vendor uses, for example `https://api.example/v1`; of Azure's dated API with `?api-version=`."),
  region: regionName().optional().describe("The vendor's region behind this URL; `residency` is judged by it."),
  priority: count(0, 15).default(0).describe("Lower is tried first; a higher number is used when all lower ones fail."),
  weight: count(0, 1000).default(1).describe("Share among the endpoints of one priority."),
});

const poolKey = z.object({
  name: entryName().describe("Name of the key in logs, metrics and status."),
  secretRef: secretKeyRef("api-key").describe("Where the key is."),
  weight: count(0, 1000).default(1).describe("Share of the requests that use this key."),
  limits: rates().optional().describe("What the vendor grants to this key; traffic moves on as it nears."),
});

const awsAuth = z.object({
  region: regionName().describe("AWS region that requests are signed for."),
  roleARN: z.string().min(20).max(2048).regex(/^arn:[a-z-]+:iam::[0-9]{12}:role\/[!-~]+$/).optional().describe("Role to assume."),
  credentialsRef: z
    .object({ name: objectName().describe("Name of a Secret in the namespace of this object.") })
    .optional()
    .describe("Secret with `access-key-id`, `secret-access-key` and perhaps `session-token`; omitted means the identity of the data plane."),
});

const gcpAuth = z.object({
  project: z.string().min(1).max(63).regex(/^[a-z0-9]([-a-z0-9:.]*[a-z0-9])?$/).describe("Google Cloud project."),
  location: regionName().describe("Google Cloud location, `global` included."),
  credentialsRef: secretKeyRef("credentials.json").optional().describe("Secret with a credentials file of type service_account or authorized_user; omitted means the data plane's identity, which is sent to Google only."),
});

const azureAuth = z.object({
  tenantId: z.string().min(1).max(128).regex(/^[A-Za-z0-9.-]+$/).describe("Entra tenant."),
  clientId: z.string().min(1).max(128).regex(/^[A-Za-z0-9.-]+$/).describe("Entra application (client) id."),
  clientSecretRef: secretKeyRef("client-secret").optional().describe("Secret with the client's secret; omitted means workload identity, whose tokens are sent to Azure only."),
});

const oauthAuth = z.object({
  tokenURL: baseUrl().describe("Token endpoint of the issuer."),
  clientId: token().describe("Client id."),
  clientSecretRef: secretKeyRef("client-secret").describe("Where the client's secret is."),
  scopes: asSet(z.array(token()).max(16)).default([]).describe("Scopes to ask for."),
  audience: freeText(256).optional().describe("Audience to ask for, where the issuer wants one."),
  sendSecretIn: z.enum(["Header", "Body"]).default("Header").describe("Where the issuer expects the client's secret: HTTP Basic, or the form."),
});

/** Names that HTTP itself, or the gateway, needs for something else. */
const takenHeaders = [
  "host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive",
  "accept", "accept-encoding", "user-agent", "cookie", "traceparent", "tracestate", "x-request-id",
] as const;

const sendAs = rules(
  z.object({
    place: z.enum(["Header", "Query"]).default("Header").describe("Where the key stands."),
    name: z.string().min(1).max(64).regex(/^[A-Za-z0-9_-]+$/).describe("Name of the header, in lower case, or of the query parameter."),
    prefix: z.string().max(64).regex(/^[ -~]*$/).default("").describe("What is put before the key, such as `Bearer ` with its space."),
  }),
  [
    { rule: "self.place == 'Query' || self.name.matches('^[a-z0-9_-]+$')", message: "write the header's name in lower case", fieldPath: ".name" },
    { rule: `self.place == 'Query' || !(self.name in ${quoted(takenHeaders)})`, message: "this header is needed for something else", fieldPath: ".name" },
  ],
);

const auth = rules(
  z.object({
    type: z.enum(["APIKey", "AWS", "GCP", "Azure", "OAuthClientCredentials", "None"]).default("APIKey").describe("How requests are signed."),
    secretRef: secretKeyRef("api-key").optional().describe("The one API key."),
    keys: keyedBy(z.array(poolKey).min(1).max(32), "name")
      .optional()
      .describe("A pool of API keys: requests are spread over them by weight."),
    sendAs: sendAs.optional().describe("How an API key is sent; omitted means as the catalogue says."),
    aws: awsAuth.optional().describe("Settings of `type: AWS`."),
    gcp: gcpAuth.optional().describe("Settings of `type: GCP`."),
    azure: azureAuth.optional().describe("Settings of `type: Azure`."),
    oauth: oauthAuth.optional().describe("Settings of `type: OAuthClientCredentials`."),
  }),
  [
    { rule: "self.type != 'APIKey' || has(self.secretRef) != has(self.keys)", message: "type APIKey needs either secretRef or keys" },
    { rule: "self.type == 'APIKey' || (!has(self.secretRef) && !has(self.keys))", message: "secretRef and keys belong to type APIKey" },
    { rule: "self.type == 'APIKey' || !has(self.sendAs)", message: "sendAs belongs to type APIKey, and only to it" },
    { rule: "(self.type == 'AWS') == has(self.aws)", message: "aws belongs to type AWS, and only to it" },
    { rule: "(self.type == 'GCP') == has(self.gcp)", message: "gcp belongs to type GCP, and only to it" },
    { rule: "(self.type == 'Azure') == has(self.azure)", message: "azure belongs to type Azure, and only to it" },
    { rule: "(self.type == 'OAuthClientCredentials') == has(self.oauth)", message: "oauth belongs to type OAuthClientCredentials, and only to it" },
    { rule: "!has(self.keys) || self.keys.exists(k, k.weight > 0)", message: "at least one key needs a weight above 0", fieldPath: ".keys" },
  ],
);

const caRef = z.object({
  kind: z.enum(["ConfigMap", "Secret"]).default("ConfigMap").describe("Kind of the object with the certificates."),
  name: objectName().describe("Its name, in the namespace of this object."),
  key: dataKey().default("ca.crt").describe("Key with the certificates in PEM form."),
});

const tls = z.object({
  caRefs: keyedBy(z.array(caRef).min(1).max(8), "kind", "name").optional().describe("Certificate authorities to trust instead of the public ones."),
  serverName: objectName().optional().describe("Name expected in the server's certificate, and sent as SNI; omitted means the URL's host."),
});

const price = z.object({
  inputPerMillion: decimal().describe("Price of a million input tokens."),
  cachedInputPerMillion: decimal().optional().describe("Price of a million input tokens read from a cache; omitted means inputPerMillion."),
  cacheWritePerMillion: decimal().optional().describe("Price of a million input tokens written to a cache; omitted means inputPerMillion."),
  outputPerMillion: decimal().describe("Price of a million output tokens."),
  currency: currency().default("USD").describe("ISO 4217 code."),
});

const model = z.object({
  name: modelName().describe("Name that routes use."),
  upstreamName: modelName().optional().describe("Name that the vendor uses; omitted means `name`."),
  contextTokens: count(1, 100_000_000).optional().describe("Size of the context window."),
  capabilities: asSet(z.array(z.enum(["Tools", "Vision", "Audio", "Files", "JSONSchema", "Reasoning", "PromptCaching"])).max(16))
    .optional()
    .describe("What the model can do beyond text; omitted means what the catalogue says."),
  thinking: z
    .enum(["Apart", "InTags"])
    .optional()
    .describe("Where its thinking stands in what it answers over OpenAIChat: in a member of its own, or in the text, which begins with it, between `<think>` and `</think>`. Clients of other protocols get it as thinking either way. Omitted means what the catalogue says; of models with one upstreamName, InTags of any holds for all."),
  quality: count(0, 100).optional().describe("Your own judgement of it, used by `select: {by: Score}`."),
  price: price.optional().describe("What it costs; omitted means the catalogue's price."),
});

const timeouts = rules(
  z.object({
    connect: waitDuration().default("5s").describe("To a connected socket, TLS included."),
    headers: waitDuration().default("60s").describe("From the request sent to the response headers."),
    firstToken: waitDuration().default("30s").describe("From the response headers of a stream to its first content."),
    idle: waitDuration().default("30s").describe("Between two pieces of a stream."),
    total: waitDuration().default("10m").describe("The whole request, retries included."),
  }),
  [{ rule: "duration(self.connect) <= duration(self.total)", message: "connect must not be longer than total", fieldPath: ".connect" }],
);

const latencyBreaker = z.object({
  p95: waitDuration().describe("Time to first content that 95 of 100 requests must stay under."),
  consecutive: count(1, 100).default(3).describe("How many windows in a row may break it."),
});

const breaker = rules(
  z.object({
    consecutiveFailures: count(1, 10_000).default(5).describe("Failures in a row that open the breaker."),
    errorPercent: count(1, 100).default(50).describe("Share of failures within the window that opens it."),
    minimumRequests: count(1, 1_000_000).default(20).describe("Requests within the window before `errorPercent` counts."),
    window: waitDuration().default("30s").describe("How far back it looks."),
    latency: latencyBreaker.optional().describe("Opens on slowness too."),
    openFor: waitDuration().default("15s").describe("How long it stays open the first time; doubled each time."),
    openForMax: waitDuration().default("5m").describe("The longest that it stays open."),
  }),
  [{ rule: "duration(self.openFor) <= duration(self.openForMax)", message: "openFor must not be longer than openForMax", fieldPath: ".openFor" }],
);

const fields = z.object({
  type: rules(z.enum(providerTypes), [{ rule: "self == oldSelf", message: "type is immutable; create another LLMProvider" }])
    .describe("Row of the provider catalogue; immutable."),
  protocols: asSet(z.array(z.enum(protocols)).min(1).max(32)).optional().describe("What it speaks; omitted means what the catalogue says."),
  endpoints: keyedBy(z.array(endpoint).min(1).max(16), "url")
    .optional()
    .describe("Base URLs of this one vendor; omitted means the catalogue's."),
  network: z
    .enum(["Public", "Private"])
    .default("Public")
    .describe("Private may reach private addresses, within the ranges that the gateway's settings allow, and may use http."),
  auth: auth.optional().describe("How requests are signed."),
  tls: tls.optional().describe("How the server is verified. It always is."),
  models: keyedBy(z.array(model).min(1).max(256), "name").optional().describe("Narrows, renames and prices; omitted means the catalogue's list."),
  limits: rates().optional().describe("What the vendor grants, for the whole fleet of data planes."),
  streamOptions: z
    .enum(["Accepted", "Refused"])
    .optional()
    .describe("Whether its servers take `stream_options` over OpenAIChat and OpenAICompletions, by which a stream's usage is asked for. Refused: they are sent none, and what they do not count by themselves is estimated. Omitted means what the catalogue says."),
  timeouts: timeouts.prefault({}).describe("How long each phase may take."),
  breaker: breaker.prefault({}).describe("When a failing target is left alone for a while."),
  prewarm: z
    .object({ connections: count(1, 64).default(2).describe("Connections kept open by each data plane.") })
    .optional()
    .describe("Connections opened before they are needed."),
  residency: z.object(residencyFields).optional().describe("Where the vendor handles data, as its contract says."),
  allowedRoutes: z
    .object({ namespaces: namespaces("LLMRoutes").prefault({}).describe("Whose routes.") })
    .prefault({})
    .describe("Which routes may name this provider: its owner opens the door."),
});

export const providerSpec = rules(fields, [
  {
    rule: `!(self.type in ${quoted(typesWithoutAddress)}) || has(self.endpoints)`,
    message: "this type has no public address: endpoints must say where it is",
    fieldPath: ".endpoints",
  },
  {
    rule: `has(self.auth) || self.type in ${quoted(typesWithoutCredential)}`,
    message: "this type needs auth; say auth.type None if it really takes no credential",
    fieldPath: ".auth",
  },
  {
    rule: "self.network == 'Private' || !has(self.endpoints) || self.endpoints.all(e, e.url.startsWith('https://'))",
    message: "an http:// endpoint needs network Private",
    fieldPath: ".endpoints",
  },
  {
    rule: "self.network == 'Private' || !has(self.auth) || !has(self.auth.oauth) || self.auth.oauth.tokenURL.startsWith('https://')",
    message: "an http:// tokenURL needs network Private",
    fieldPath: ".auth.oauth.tokenURL",
  },
  {
    rule: "self.type == 'AzureOpenAI' || !has(self.endpoints) || self.endpoints.all(e, !e.url.contains('?'))",
    message: "only endpoints of AzureOpenAI have a query: the API's version",
    fieldPath: ".endpoints",
  },
  {
    rule: "!has(self.endpoints) || self.endpoints.all(e, self.endpoints.exists(o, o.priority == e.priority && o.weight > 0))",
    message: "each priority needs an endpoint with a weight above 0",
    fieldPath: ".endpoints",
  },
]);

export type ProviderSpec = z.output<typeof providerSpec>;
export type LLMProvider = KindObject<"LLMProvider", ProviderSpec, ProviderStatus>;
export type ProviderType = (typeof providerTypes)[number];
export type ProviderProtocol = (typeof protocols)[number];
export type ProviderEndpoint = z.output<typeof endpoint>;
export type ProviderModel = z.output<typeof model>;
export type ProviderThinking = NonNullable<ProviderModel["thinking"]>;
export type ProviderStreamOptions = NonNullable<ProviderSpec["streamOptions"]>;
export type ProviderAuth = z.output<typeof auth>;
