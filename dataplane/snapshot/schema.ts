// The contract: what a data plane can be told. The consumer owns this language; the operator compiles to it.
// Plain data, no words of Kubernetes. Nothing here decides anything. A data plane takes only types from here: what it checks
// by is shapes.ts, which `npm run generate` makes from these schemas.
import { z } from "zod";
import { Secret } from "./secret.ts";
import { protocolNames, readableFormats } from "./terms.ts";

export * from "./terms.ts";

const id = z.string().min(1).max(600);
const durationMs = z.int().min(0).max(86_400_000);
const weight = z.int().min(0).max(1_000_000);

const protocolName = z.enum(protocolNames);

export const settingsSchema = z.strictObject({
  anonymous: z.boolean(),
  privateRanges: z.array(z.string().max(64)).max(64),
  drainMs: durationMs,
  limits: z.strictObject({
    headerBytesMax: z.int().min(1024).max(1_048_576),
    headerCountMax: z.int().min(8).max(2_000),
    bodyBytesMax: z.int().min(1024).max(1_073_741_824),
    uploadBytesMax: z.int().min(1024).max(68_719_476_736),
    sseEventBytesMax: z.int().min(4096).max(268_435_456),
    concurrentRequestsMax: z.int().min(1).max(1_000_000),
    eventLoopLagMsMax: durationMs,
  }),
  stream: z.strictObject({ headHoldMs: durationMs }),
});
export type Settings = z.infer<typeof settingsSchema>;

export const timeoutsSchema = z.strictObject({
  connectMs: durationMs,
  headersMs: durationMs,
  firstTokenMs: durationMs,
  idleMs: durationMs,
  totalMs: durationMs,
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

/** Where a key stands in a request; `prefix` is put before it, as "Bearer " is. */
const placementSchema = z.strictObject({ place: z.enum(["header", "query"]), name: z.string().min(1).max(256), prefix: z.string().max(64) });
export type Placement = z.infer<typeof placementSchema>;

const key = z.strictObject({ name: z.string().max(253), credential: id, weight });
const word = z.string().min(1).max(256);

/** How requests are authorized. Secrets stand in `credentials`; here are their ids. */
const authSchema = z.discriminatedUnion("scheme", [
  z.strictObject({ scheme: z.literal("none"), keys: z.array(key).max(0) }),
  z.strictObject({
    scheme: z.literal("api-key"),
    keys: z.array(key).max(64),
    /** Absent: what the catalogue row says. */
    placement: placementSchema.optional(),
  }),
  z.strictObject({
    scheme: z.literal("aws"),
    region: word,
    roleArn: z.string().min(1).max(2048).optional(),
    /** Absent, here and below: the data plane's own identity. */
    keyPair: z.strictObject({ accessKeyId: id, secretAccessKey: id, sessionToken: id.optional() }).optional(),
  }),
  z.strictObject({
    scheme: z.literal("google"),
    project: word,
    location: word,
    /** A credentials file with keys of its own: a service account's or an authorized user's. */
    credential: id.optional(),
  }),
  z.strictObject({ scheme: z.literal("azure"), tenantId: word, clientId: word, credential: id.optional() }),
  z.strictObject({
    scheme: z.literal("oauth"),
    tokenUrl: z.string().min(1).max(2048),
    clientId: word,
    credential: id,
    scopes: z.array(word).max(64),
    audience: z.string().min(1).max(1024).optional(),
    sendSecretIn: z.enum(["header", "body"]),
  }),
]);
export type Auth = z.infer<typeof authSchema>;

export const providerSchema = z.strictObject({
  /** The catalogue row: kebab-case, for example "openai" or "openai-compatible". */
  type: z.string().min(1).max(64),
  /** Absent: what the catalogue row says. */
  protocols: z.array(protocolName).max(32).optional(),
  /** Absent: the catalogue row's public address. */
  endpoints: z.array(z.strictObject({ url: z.string().max(2048), priority: z.int().min(0).max(1000), weight })).max(16).optional(),
  network: z.enum(["public", "private"]),
  auth: authSchema,
  tls: z.strictObject({ ca: z.array(z.string().max(1_048_576)).max(16), serverName: z.string().max(253).optional() }).optional(),
  timeouts: timeoutsSchema,
  /** Names that callers use to names that the provider knows; names outside it pass unchanged. */
  models: z.record(z.string().max(256), z.string().max(256)),
  /** By the provider's own name of a model: where its thinking stands in an answer of Chat. Absent, and of other names: what the catalogue row says. */
  thinking: z.record(z.string().max(256), z.enum(["apart", "in-tags"])).optional(),
  /** Whether a stream of Chat or Completions may be asked with `stream_options`. Absent: what the catalogue row says. */
  streamOptions: z.enum(["accepted", "refused"]).optional(),
});
export type Provider = z.infer<typeof providerSchema>;

export const targetSchema = z.strictObject({
  name: z.string().min(1).max(253),
  provider: id,
  /** The provider's name for the model; absent: the name that the caller asked for. */
  model: z.string().min(1).max(256).optional(),
  weight,
  priority: z.int().min(0).max(1000),
});
export type Target = z.infer<typeof targetSchema>;

export const routeSchema = z.strictObject({
  /** Already free of conflicts: on one gateway a name is claimed by one route. */
  models: z.array(z.strictObject({
    match: z.enum(["exact", "prefix"]),
    name: z.string().max(256),
    /** Names of the targets that offer this model, where not all of the route's do; absent: all. */
    targets: z.array(z.string().min(1).max(253)).max(64).optional(),
  })).max(2048),
  access: z.strictObject({
    /** Absent: every caller of the gateway. */
    namespaces: z.array(z.string().max(63)).max(10_000).optional(),
    serviceAccounts: z.array(z.string().max(320)).max(1024).optional(),
    teams: z.array(z.string().max(253)).max(1024).optional(),
  }),
  /** The first rule is the one in force; a rule without targets refuses. */
  rules: z.array(z.strictObject({ name: z.string().max(63), targets: z.array(targetSchema).max(64) })).max(64),
  /** Absent: the provider's timeouts. */
  timeouts: timeoutsSchema.partial(),
  /** What becomes of a request that the target's protocol cannot carry whole, where that changes what it means. Absent: refused. */
  onLoss: z.enum(["refuse", "allow"]).optional(),
});
export type Route = z.infer<typeof routeSchema>;

export const callerSchema = z.strictObject({
  /** "namespace/name" of what it was made from: for logs and metrics, never a secret. */
  name: id,
  namespace: z.string().max(63),
  team: z.string().max(253).optional(),
  costCenter: z.string().max(253).optional(),
  /** Milliseconds since 1970; absent: never. */
  expiresAt: z.int().min(0).optional(),
  /** Absent: every model; names may end in one "*". */
  models: z.array(z.string().max(256)).max(1024).optional(),
});
export type Caller = z.infer<typeof callerSchema>;

const secretSchema = z.instanceof(Secret);

/** Four sections of resources by id, so that a change is told as the resources it touches. */
export const snapshotSchema = z.strictObject({
  format: z.literal(readableFormats),
  gateway: z.string().min(1).max(63),
  settings: settingsSchema,
  /** Keyed by "namespace/name". */
  providers: z.record(id, providerSchema),
  routes: z.record(id, routeSchema),
  /** Keyed by the lower-case hex of the SHA-256 of the API key. */
  callers: z.record(z.string().regex(/^[0-9a-f]{64}$/), callerSchema),
  /** Keyed by "namespace/secret/key". */
  credentials: z.record(id, secretSchema),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

const ids = z.array(z.string().min(1).max(600)).max(1_000_000);

/** The difference of two snapshots as it is told; what was added or changed is checked as part of a snapshot. */
export const deltaSchema = z.strictObject({
  settings: z.unknown().optional(),
  upserts: z.strictObject({ providers: z.unknown(), routes: z.unknown(), callers: z.unknown(), credentials: z.unknown() }).partial(),
  removes: z.strictObject({ providers: ids, routes: ids, callers: ids, credentials: ids }).partial(),
});
export type ToldDelta = z.infer<typeof deltaSchema>;
