// A snapshot made ready for use: everything that can be worked out once per snapshot instead of once per request.
// Built beside the old one and swapped whole; requests finish on the router they began with.
import type { ApiKeys } from "../identity/api-key.ts";
import { openApiKeys } from "../identity/api-key.ts";
import type { Clock } from "../clock.ts";
import { catalogue } from "../providers/catalogue.ts";
import { checkEndpointUrl, parseRanges } from "../providers/address.ts";
import type { Upstream, Upstreams } from "../providers/upstream.ts";
import type { Problem } from "../snapshot/check.ts";
import { providerTypes, type Caller, type ProtocolName, type Provider, type ProviderType, type Route, type Settings, type Snapshot, type Timeouts } from "../snapshot/schema.ts";

/** One place to which a request can be sent: a target at one endpoint of its provider. */
export interface Destination {
  readonly targetName: string;
  readonly providerName: string;
  readonly providerLabel: string;
  readonly upstream: Upstream;
  readonly basePath: string;
  readonly keys: readonly Key[];
  /** The provider's name for what was asked, and how it is spelt in JSON. */
  readonly modelFor: (asked: string) => ModelName;
  readonly timeouts: Timeouts;
  readonly weight: number;
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
}

/** Targets of one priority. */
export interface Tier {
  readonly priority: number;
  readonly targets: readonly { readonly weight: number; readonly endpoints: readonly Destination[] }[];
}

export interface RouteEntry {
  readonly name: string;
  readonly mayUse: (caller: Caller) => boolean;
  readonly tiersByProtocol: ReadonlyMap<ProtocolName, readonly Tier[]>;
}

export interface Match {
  readonly route: RouteEntry;
  /** The configured name that matched. */
  readonly name: string;
}

export interface Router {
  readonly version: string;
  readonly snapshot: Snapshot;
  readonly settings: Settings;
  readonly keys: ApiKeys;
  readonly routes: readonly RouteEntry[];
  readonly exact: ReadonlyMap<string, Match>;
  /** Longest first. */
  readonly prefixes: readonly Match[];
  readonly upstreams: ReadonlySet<Upstream>;
  readonly warnings: readonly Problem[];
}

interface Making {
  readonly snapshot: Snapshot;
  readonly upstreams: Upstreams;
  readonly userAgent: string;
  readonly used: Set<Upstream>;
  /** What costs one provider its share, and nobody else anything. */
  readonly warnings: Problem[];
}

export const buildRouter = (snapshot: Snapshot, version: string, { upstreams, clock, userAgent }: { upstreams: Upstreams; clock: Clock; userAgent: string }): { router?: Router; problems: Problem[] } => {
  const making: Making = { snapshot, upstreams, userAgent, used: new Set(), warnings: [] };
  const ranges = parseRanges(snapshot.settings.privateRanges);
  if (ranges.problems.length > 0) {
    return { problems: ranges.problems.map((message) => ({ object: "settings", path: "privateRanges", message })) };
  }
  const places = new Map(Object.entries(snapshot.providers).map(([id, provider]) => [id, placesOf(making, id, provider, ranges.ranges)]));
  const routes = Object.keys(snapshot.routes).toSorted().map((id) => routeEntry(id, snapshot.routes[id] as Route, snapshot, places));
  const matches = routes.flatMap((route) => matchesOf(route, snapshot, places));
  const router: Router = {
    version,
    snapshot,
    settings: snapshot.settings,
    keys: openApiKeys(snapshot.callers, snapshot.settings.anonymous, clock),
    routes,
    exact: new Map(matches.filter((match) => match.isExact).map((match) => [match.name, match])),
    prefixes: matches.filter((match) => !match.isExact).toSorted((left, right) => right.name.length - left.name.length),
    upstreams: making.used,
    warnings: making.warnings,
  };
  return { router, problems: [] };
};

// A model that only some of the targets offer has an entry of its own, so that no other target is ever asked for it.
const matchesOf = (entry: RouteEntry, snapshot: Snapshot, places: ReadonlyMap<string, Places>): (Match & { isExact: boolean })[] => {
  const route = snapshot.routes[entry.name] as Route;
  const narrowed = new Map<string, RouteEntry>();
  return route.models.map(({ match, name, targets }) => {
    const key = targets?.join("\n");
    if (key === undefined) return { route: entry, name, isExact: match === "exact" };
    const own = narrowed.get(key) ?? routeEntry(entry.name, route, snapshot, places, new Set(targets));
    narrowed.set(key, own);
    return { route: own, name, isExact: match === "exact" };
  });
};

interface Place {
  readonly upstream: Upstream;
  readonly basePath: string;
  readonly priority: number;
  readonly weight: number;
}

interface Places {
  readonly provider: Provider;
  readonly label: string;
  readonly protocols: ReadonlySet<ProtocolName>;
  readonly keys: readonly Key[];
  readonly endpoints: readonly Place[];
}

const isKnownType = (type: string): type is ProviderType => (providerTypes as readonly string[]).includes(type);

const placesOf = (making: Making, id: string, provider: Provider, ranges: ReturnType<typeof parseRanges>["ranges"]): Places => {
  // A type that this build does not know leaves the provider without endpoints: its targets are passed over.
  if (!isKnownType(provider.type)) return { provider, label: provider.type, protocols: new Set(), keys: [], endpoints: [] };
  const row = catalogue[provider.type];
  const urls = provider.endpoints ?? (row.url === undefined ? [] : [{ url: row.url, priority: 0, weight: 1 }]);
  const endpoints = urls.flatMap(({ url, priority, weight }, index) => {
    const problem = checkEndpointUrl(url);
    if (problem !== null) {
      making.warnings.push({ object: `providers/${id}`, path: `endpoints.${index}.url`, message: problem });
      return [];
    }
    const { origin, pathname } = new URL(url);
    const upstream = making.upstreams.get({
      origin,
      network: provider.network,
      privateRanges: ranges,
      privateRangesText: making.snapshot.settings.privateRanges.join(","),
      tls: provider.tls ?? { ca: [] },
      connectTimeoutMs: provider.timeouts.connectMs,
    });
    making.used.add(upstream);
    return [{ upstream, basePath: pathname.replace(/\/+$/, ""), priority, weight }];
  });
  return { provider, label: row.label, protocols: new Set(provider.protocols ?? row.protocols), keys: keysOf(making, id, provider, row.keyHeader), endpoints };
};

/** What is not compressed can be watched as it passes, and costs neither side the work. */
const fixedHeaders = (userAgent: string): string[] => ["user-agent", userAgent, "accept-encoding", "identity"];

const keysOf = ({ snapshot, userAgent }: Making, id: string, provider: Provider, header: string): readonly Key[] => {
  if (provider.auth.scheme === "none" || provider.auth.keys.length === 0) return [{ name: "", weight: 1, headers: fixedHeaders(userAgent) }];
  return provider.auth.keys.flatMap(({ name, credential, weight }) => {
    const secret = snapshot.credentials[credential]?.reveal();
    if (secret === undefined) return [];
    return [{ name: `${id}/${name}`, weight, headers: [...fixedHeaders(userAgent), header, header === "authorization" ? `Bearer ${secret}` : secret] }];
  });
};

const routeEntry = (name: string, route: Route, snapshot: Snapshot, places: ReadonlyMap<string, Places>, only?: ReadonlySet<string>): RouteEntry => {
  const targets = (route.rules[0]?.targets ?? []).flatMap((target) => {
    const place = places.get(target.provider);
    return place === undefined || only?.has(target.name) === false ? [] : [{ target, place }];
  });
  const protocols = new Set(targets.flatMap(({ place }) => [...place.protocols]));
  const tiersByProtocol = new Map([...protocols].map((protocol) => {
    const speaking = targets.filter(({ target, place }) => place.protocols.has(protocol) && target.weight > 0 && place.endpoints.length > 0);
    const priorities = [...new Set(speaking.map(({ target }) => target.priority))].toSorted((left, right) => left - right);
    const tiers = priorities.map((priority): Tier => ({
      priority,
      targets: speaking.filter(({ target }) => target.priority === priority).map(({ target, place }) => ({
        weight: target.weight,
        endpoints: destinationsOf(target, place, route),
      })),
    }));
    return [protocol, tiers] as const;
  }));
  return { name, mayUse: accessOf(route, snapshot), tiersByProtocol };
};

const modelName = (name: string): ModelName => ({ name, json: Buffer.from(JSON.stringify(name)) });

const destinationsOf = (target: Route["rules"][number]["targets"][number], place: Places, route: Route): Destination[] => {
  const { models, timeouts } = place.provider;
  // A target's own model is the provider's name for it already; only a name that is passed on may have another there.
  const fixed = target.model === undefined ? null : modelName(target.model);
  const modelFor = (asked: string): ModelName => fixed ?? modelName(Object.hasOwn(models, asked) ? (models[asked] as string) : asked);
  return place.endpoints.toSorted((left, right) => left.priority - right.priority).map(({ upstream, basePath, weight }) => ({
    targetName: target.name,
    providerName: target.provider,
    providerLabel: place.label,
    upstream,
    basePath,
    keys: place.keys,
    modelFor,
    timeouts: {
      connectMs: route.timeouts.connectMs ?? timeouts.connectMs,
      headersMs: route.timeouts.headersMs ?? timeouts.headersMs,
      firstTokenMs: route.timeouts.firstTokenMs ?? timeouts.firstTokenMs,
      idleMs: route.timeouts.idleMs ?? timeouts.idleMs,
      totalMs: route.timeouts.totalMs ?? timeouts.totalMs,
    },
    weight,
  }));
};

/** Each part that is named narrows: namespace, team and service account must all fit. Nobody has a service account yet. */
const accessOf = ({ access }: Route, snapshot: Snapshot): ((caller: Caller) => boolean) => {
  if (access.serviceAccounts !== undefined) return () => false;
  const namespaces = access.namespaces === undefined ? null : new Set(access.namespaces);
  const teams = access.teams === undefined ? null : new Set(access.teams);
  const isAnonymousFine = snapshot.settings.anonymous;
  return (caller) => {
    if (teams !== null && (caller.team === undefined || !teams.has(caller.team))) return false;
    if (namespaces === null) return true;
    return caller.namespace === "" ? isAnonymousFine : namespaces.has(caller.namespace);
  };
};

/** The route that serves a model name: exact before prefix, the longest prefix first. */
export const findRoute = (router: Router, model: string): Match | undefined => {
  const match = router.exact.get(model);
  if (match !== undefined) return match;
  for (const prefix of router.prefixes) if (model.startsWith(prefix.name)) return prefix;
  return undefined;
};
