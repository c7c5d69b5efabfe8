// Where a request can be sent: a target at one endpoint of its provider, with everything that can be worked out once per
// snapshot. It builds places; which of them is tried is decided elsewhere.
import { dialectsOf, type Dialects } from "../providers/dialects.ts";
import { catalogue } from "../providers/catalogue.ts";
import type { Row } from "../providers/row.ts";
import { checkEndpointUrl, type Ranges } from "../providers/address.ts";
import type { Credentials, Entrance } from "../providers/credentials/index.ts";
import { placementOf } from "../providers/credentials/api-key.ts";
import type { Live } from "../providers/credentials/authorization.ts";
import type { Upstream, Upstreams } from "../providers/upstream.ts";
import type { Problem } from "../snapshot/check.ts";
import type { ProtocolName, Provider, ProviderType, Route, Snapshot, Target, Timeouts } from "../snapshot/schema.ts";
import { credentialsOf, providerTypes } from "../snapshot/terms.ts";
import type { Secret } from "../snapshot/secret.ts";

export interface Destination {
  readonly targetName: string;
  readonly providerName: string;
  readonly providerLabel: string;
  readonly upstream: Upstream;
  /** What is spoken there for this client. */
  readonly protocol: ProtocolName;
  readonly basePath: string;
  /** Of the endpoint's own URL, without "?"; "" for nothing. */
  readonly query: string;
  readonly keys: readonly Key[];
  /** Flat: what the protocol wants in every request, where the client did not say it itself. */
  readonly headers: readonly string[];
  readonly dialects: Dialects;
  /** The provider's name for what was asked, and how it is spelt in JSON. */
  readonly modelFor: (asked: string) => ModelName;
  readonly timeouts: Timeouts;
  readonly weight: number;
  readonly mayLose: boolean;
  /** What the vendor says otherwise than others when it refuses, and where it tells its limits. */
  readonly vendor: Pick<Row, "errors" | "rateLimits">;
}

/** Targets of one priority. */
export interface Tier {
  readonly priority: number;
  readonly targets: readonly { readonly weight: number; readonly endpoints: readonly Destination[] }[];
}

export interface ModelName {
  readonly name: string;
  readonly json: Buffer;
}

export interface Key {
  /** "namespace/provider/key": names the mark under which a key is benched. */
  readonly name: string;
  readonly weight: number;
  /** Flat: all that is the same for every request sent with it, the header that carries the key among them. */
  readonly headers: readonly string[];
  /** Without "?" and "&"; "" for nothing. */
  readonly query: string;
  /** Null where headers and query are all of it. */
  readonly live: Live | null;
}

/** What a snapshot's places are made with. */
export interface Making {
  readonly snapshot: Snapshot;
  readonly upstreams: Upstreams;
  readonly credentials: Credentials;
  readonly userAgent: string;
  readonly ranges: Ranges;
}

interface Spot {
  readonly upstream: Upstream;
  readonly pathname: string;
  readonly query: string;
  /** Whether the row's own paths hold here. */
  readonly isUsual: boolean;
  readonly priority: number;
  readonly weight: number;
}

/** A provider, ready to be made a destination of. */
export interface Place {
  readonly provider: Provider;
  readonly row: Row;
  readonly label: string;
  /** That a model speaks, in the order of preference; "" for no model. */
  readonly protocolsOf: (model: string) => readonly ProtocolName[];
  /** Not every model speaks the same. */
  readonly isByModel: boolean;
  readonly keys: readonly Key[];
  readonly spots: readonly Spot[];
  /** The credentials that its keys were made of. */
  readonly secrets: readonly { readonly credential: string; readonly secret: Secret | undefined }[];
  /** What costs this provider its share, and nobody else anything. */
  readonly warnings: readonly Problem[];
}

const isKnownType = (type: string): type is ProviderType => (providerTypes as readonly string[]).includes(type);

const UNKNOWN: Row = { protocols: [], keyHeader: "authorization", label: "", rateLimits: "none", billsAborted: true, modelList: "", seen: "" };

export const placeOf = (making: Making, id: string, provider: Provider): Place => {
  // A type that this build does not know leaves the provider without endpoints: its targets are passed over.
  if (!isKnownType(provider.type)) return { provider, row: UNKNOWN, label: provider.type, protocolsOf: () => [], isByModel: false, keys: [], spots: [], secrets: [], warnings: [] };
  const row = catalogue[provider.type];
  const warnings: Problem[] = [];
  return {
    provider, row, warnings,
    label: row.label,
    protocolsOf: spokenBy(provider, row),
    isByModel: row.speaks !== undefined,
    keys: keysOf(making, id, provider, row),
    spots: spotsOf(making, id, provider, row, warnings),
    secrets: credentialsOf(provider.auth).map(({ credential }) => ({ credential, secret: making.snapshot.credentials[credential] })),
  };
};

/** Of what the provider's owner or the row says it is only what this model speaks; an owner who says none of that knows better. */
const spokenBy = ({ protocols = [] }: Provider, row: Row): Place["protocolsOf"] => {
  const all = protocols.length > 0 ? protocols : row.protocols;
  if (row.speaks === undefined) return () => all;
  const { speaks } = row;
  return (model) => {
    const own = speaks.find(({ names }) => names.test(model))?.protocols ?? all;
    const spoken = all.filter((protocol) => own.includes(protocol));
    return spoken.length > 0 ? spoken : all;
  };
};

/** The provider's own name for what was asked. */
export const nameAt = (target: Target, { provider: { models } }: Place, asked: string): string => target.model ?? (Object.hasOwn(models, asked) ? (models[asked] as string) : asked);

const spotsOf = (making: Making, id: string, provider: Provider, row: Row, warnings: Problem[]): Spot[] => {
  const usual = row.url === undefined ? null : filledIn(row.url, provider);
  const urls = provider.endpoints ?? (usual === null ? [] : [{ url: usual, priority: 0, weight: 1 }]);
  return urls.flatMap(({ url, priority, weight }, index) => {
    const problem = url.includes("{") ? "the region or project that it needs is not known" : checkEndpointUrl(url);
    if (problem !== null) {
      warnings.push({ object: `providers/${id}`, path: `endpoints.${index}.url`, message: problem });
      return [];
    }
    const { origin, pathname, search } = new URL(url);
    const upstream = making.upstreams.get({
      origin,
      network: provider.network,
      privateRanges: making.ranges,
      privateRangesText: making.snapshot.settings.privateRanges.join(","),
      tls: provider.tls ?? { ca: [] },
      connectTimeoutMs: provider.timeouts.connectMs,
    });
    const path = pathname.replace(/\/+$/, "");
    return [{ upstream, pathname: path, query: search.slice(1), isUsual: isUsual(path, row, usual, provider), priority, weight }];
  });
};

/** The row knows where its other protocols live behind its own address, and behind one that is laid out in the same way. */
const isUsual = (path: string, row: Row, usual: string | null, provider: Provider): boolean =>
  path === "" || Object.values(row.bases ?? {}).some((base) => filledIn(base, provider) === path) || (usual !== null && !usual.includes("{") && new URL(usual).pathname.replace(/\/+$/, "") === path);

/** What an address needs to know stands beside the credentials. */
const filledIn = (url: string, { auth }: Provider): string => {
  const words = auth as { readonly [name: string]: unknown };
  return url.replaceAll(/\{(\w+)\}/g, (hole, name: string) => (typeof words[name] === "string" ? words[name] : hole)).replace("//global-", "//");
};

/** What is not compressed can be watched as it passes, and costs neither side the work. */
const fixedHeaders = (userAgent: string): string[] => ["user-agent", userAgent, "accept-encoding", "identity"];

const keysOf = ({ snapshot, credentials, userAgent }: Making, id: string, provider: Provider, row: Row): readonly Key[] => {
  const entrances = credentials.open(id, provider, placementOf(row.keyHeader), snapshot);
  return entrances.map(({ name, weight, authorization }: Entrance): Key =>
    ({ name, weight, headers: [...fixedHeaders(userAgent), ...authorization.headers], query: authorization.query, live: authorization.live }));
};

const modelName = (name: string): ModelName => ({ name, json: Buffer.from(JSON.stringify(name)) });

/** One for each endpoint of the provider, the first to be tried first. */
export const destinationsOf = (target: Target, place: Place, route: Route, protocol: ProtocolName): Destination[] => {
  const { timeouts } = place.provider;
  // A target's own model is the provider's name for it already; only a name that is passed on may have another there.
  const fixed = target.model === undefined ? null : modelName(target.model);
  const modelFor = (asked: string): ModelName => fixed ?? modelName(nameAt(target, place, asked));
  const { row, provider } = place;
  const dialects = dialectsOf(row, protocol, provider);
  const dated = row.dated === undefined ? dialects : dialectsOf(row, protocol, provider, row.dated.paths);
  return place.spots.toSorted((left, right) => left.priority - right.priority).map((spot) => ({
    targetName: target.name,
    providerName: target.provider,
    providerLabel: place.label,
    upstream: spot.upstream,
    protocol,
    basePath: baseAt(spot, place, protocol),
    query: spot.query,
    keys: place.keys,
    headers: Object.entries(row.headers?.[protocol] ?? {}).flat(),
    dialects: spot.query === "" ? dialects : dated,
    modelFor,
    timeouts: {
      connectMs: route.timeouts.connectMs ?? timeouts.connectMs,
      headersMs: route.timeouts.headersMs ?? timeouts.headersMs,
      firstTokenMs: route.timeouts.firstTokenMs ?? timeouts.firstTokenMs,
      idleMs: route.timeouts.idleMs ?? timeouts.idleMs,
      totalMs: route.timeouts.totalMs ?? timeouts.totalMs,
    },
    weight: spot.weight,
    mayLose: route.onLoss === "allow",
    vendor: row,
  }));
};

const baseAt = ({ pathname, query, isUsual: hasBases }: Spot, { row, provider }: Place, protocol: ProtocolName): string => {
  if (query !== "" && row.dated !== undefined) return pathname === "" ? row.dated.base : pathname;
  const base = hasBases ? row.bases?.[protocol] : undefined;
  const filled = base === undefined ? pathname : filledIn(base, provider);
  return filled.includes("{") ? pathname : filled;
};
