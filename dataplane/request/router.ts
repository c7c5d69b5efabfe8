// A snapshot made ready for use: everything that can be worked out once per snapshot instead of once per request.
// Built beside the old one and swapped whole; requests finish on the router they began with.
import type { ApiKeys } from "../identity/api-key.ts";
import { openApiKeys } from "../identity/api-key.ts";
import { nobody } from "../identity/identity.ts";
import type { Clock } from "../clock.ts";
import { parseRanges } from "../providers/address.ts";
import type { Credentials } from "../providers/credentials/index.ts";
import type { Live } from "../providers/credentials/authorization.ts";
import type { Upstream, Upstreams } from "../providers/upstream.ts";
import type { Problem } from "../snapshot/check.ts";
import type { Caller, Route, Settings, Snapshot } from "../snapshot/schema.ts";
import type { Endpoint } from "../protocols/endpoints.ts";
import { placeOf, type Making, type Place, type Tier } from "./destination.ts";
import { tiersOf, type Pair } from "./tiers.ts";

/** Names come from clients: what is too many is worked out each time. */
const REMEMBERED_MAX = 1000;

export class RouteEntry {
  readonly name: string;
  readonly mayUse: (caller: Caller) => boolean;
  readonly #route: Route;
  readonly #pairs: readonly Pair[];
  readonly #tiers = new Map<string, readonly Tier[]>();
  /** Clients name the model, and which protocol is spoken depends on it. */
  readonly #isByModel: boolean;

  constructor(name: string, route: Route, pairs: readonly Pair[], mayUse: (caller: Caller) => boolean) {
    this.name = name;
    this.mayUse = mayUse;
    this.#route = route;
    this.#pairs = pairs;
    this.#isByModel = pairs.some(({ target, place }) => place.isByModel && target.model === undefined);
  }

  get hasTarget(): boolean {
    return this.#pairs.some(({ target, place }) => target.weight > 0 && place.spots.length > 0);
  }

  /** Who can answer what is asked at an endpoint, of a model; worked out when it is first asked. */
  tiers({ protocol, family }: Pick<Endpoint, "protocol" | "family">, model: string): readonly Tier[] {
    const key = this.#isByModel ? `${family} ${protocol} ${model}` : `${family} ${protocol}`;
    let tiers = this.#tiers.get(key);
    if (tiers === undefined) {
      tiers = tiersOf(this.#pairs, this.#route, protocol, family, model);
      if (this.#tiers.size < REMEMBERED_MAX) this.#tiers.set(key, tiers);
    }
    return tiers;
  }
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
  readonly live: ReadonlySet<Live>;
  readonly warnings: readonly Problem[];
}

interface RouterParts {
  readonly upstreams: Upstreams;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Who somebody without a known key is, where only one pod can reach us. */
  readonly localCaller: Caller | undefined;
}

export const buildRouter = (snapshot: Snapshot, version: string, { upstreams, credentials, clock, userAgent, localCaller }: RouterParts): { router?: Router; problems: Problem[] } => {
  const ranges = parseRanges(snapshot.settings.privateRanges);
  if (ranges.problems.length > 0) {
    return { problems: ranges.problems.map((message) => ({ object: "settings", path: "privateRanges", message })) };
  }
  const making: Making = { snapshot, upstreams, credentials, clock, userAgent, ranges: ranges.ranges, used: new Set(), live: new Set(), warnings: [] };
  const places = new Map(Object.entries(snapshot.providers).map(([id, provider]) => [id, placeOf(making, id, provider)]));
  const routes = Object.keys(snapshot.routes).toSorted().map((id) => routeEntry(id, snapshot.routes[id] as Route, snapshot, places));
  const matches = routes.flatMap((route) => matchesOf(route, snapshot, places));
  const router: Router = {
    version,
    snapshot,
    settings: snapshot.settings,
    keys: openApiKeys(snapshot.callers, localCaller ?? (snapshot.settings.anonymous ? nobody : undefined), clock),
    routes,
    exact: new Map(matches.filter((match) => match.isExact).map((match) => [match.name, match])),
    prefixes: matches.filter((match) => !match.isExact).toSorted((left, right) => right.name.length - left.name.length),
    upstreams: making.used,
    live: making.live,
    warnings: making.warnings,
  };
  return { router, problems: [] };
};

// A model that only some of the targets offer has an entry of its own, so that no other target is ever asked for it.
const matchesOf = (entry: RouteEntry, snapshot: Snapshot, places: ReadonlyMap<string, Place>): (Match & { isExact: boolean })[] => {
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

const routeEntry = (name: string, route: Route, snapshot: Snapshot, places: ReadonlyMap<string, Place>, only?: ReadonlySet<string>): RouteEntry => {
  const pairs = (route.rules[0]?.targets ?? []).flatMap((target): Pair[] => {
    const place = places.get(target.provider);
    return place === undefined || only?.has(target.name) === false ? [] : [{ target, place }];
  });
  return new RouteEntry(name, route, pairs, accessOf(route, snapshot));
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
