// What a row of the catalogue can say about a provider, and short ways to write rows. It knows no provider.
import type { FailureKind } from "../errors.ts";
import type { Dialect } from "../protocols/dialect.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import type { RateLimits } from "./rate-limits.ts";

export interface Row {
  /** In the order in which they are chosen for a client that speaks none of them. */
  readonly protocols: readonly ProtocolName[];
  /** Where not every model speaks all of them: the first entry whose pattern is in the model's name says which of them it does. */
  readonly speaks?: readonly { readonly names: RegExp; readonly protocols: readonly ProtocolName[] }[];
  /**
   * Where the paths of its protocols begin; absent when every installation has its own. {region}, {location} and {project}
   * come from the provider's credentials.
   */
  readonly url?: string;
  /** Path on the same host in place of the URL's own, for a protocol that lives elsewhere there; only where the URL is the row's or has its path. */
  readonly bases?: Partial<Record<ProtocolName, string>>;
  /** Where an address has a version of the API in its query: what it begins with when it says no path, and paths that are others there. */
  readonly dated?: { readonly base: string; readonly paths: Readonly<Record<string, string>> };
  /** How the key is sent. */
  readonly keyHeader: "authorization" | "api-key" | "x-api-key" | "x-goog-api-key" | "x-portkey-api-key";
  /** Headers that every request of a protocol must have, unless the client sent its own. */
  readonly headers?: Partial<Record<ProtocolName, Readonly<Record<string, string>>>>;
  readonly dialects?: Partial<Record<ProtocolName, Dialect>>;
  /** Further differences of some models; of the entries of a protocol the first whose pattern is in the name counts. */
  readonly models?: readonly ModelRow[];
  /** The most that may be asked for where the protocol demands a number and the client gave none. */
  readonly outputTokensMax?: number;
  /** gen_ai.provider.name. */
  readonly label: string;
  /** What a status means there, where it means another thing than elsewhere. */
  readonly errors?: Readonly<Record<number, FailureKind>>;
  readonly rateLimits: RateLimits;
  /** Whether a request that is given up in the middle costs what was produced until then. */
  readonly billsAborted: boolean;
  /** Path on the host that lists its models; "" when there is no such call on it. */
  readonly modelList: string;
  /** When it was last compared with the vendor's documentation or a recording. */
  readonly seen: string;
}

export interface ModelRow {
  readonly names: RegExp;
  readonly protocol: ProtocolName;
  readonly dialect: Dialect;
  readonly outputTokensMax?: number;
}

const SEEN = "2026-11";

export const bearer = (label: string, protocols: readonly ProtocolName[], url?: string, other: Partial<Row> = {}): Row => ({
  protocols,
  keyHeader: "authorization",
  label,
  rateLimits: "none",
  billsAborted: true,
  modelList: "/v1/models",
  seen: SEEN,
  ...(url === undefined ? {} : { url }),
  ...other,
});

export const ANTHROPIC_VERSION = { "anthropic-messages": { "anthropic-version": "2023-06-01" } } as const;

/** All of OpenAI's own. */
export const openaiSurfaces = [
  "openai-chat", "openai-completions", "openai-responses", "embeddings", "moderations", "images", "audio", "files", "batches",
] as const satisfies readonly ProtocolName[];

/** The same base for all of these. */
export const basesOf = (protocols: readonly ProtocolName[], path: string): Partial<Record<ProtocolName, string>> =>
  Object.fromEntries(protocols.map((protocol) => [protocol, path]));
