// A snapshot made ready for use: everything that can be worked out once per snapshot instead of once per request.
// Built beside the old one and swapped whole; requests finish on the router they began with.
import type { ApiKeys } from "../identity/api-key.ts";
import { openApiKeys } from "../identity/api-key.ts";
import { nobody } from "../identity/identity.ts";
import type { Clock } from "../clock.ts";
import { parseRanges } from "../providers/address.ts";
import type { Credentials } from "../providers/credentials/index.ts";
import type { Upstreams } from "../providers/upstream.ts";
import { isSameResource, sortedIds } from "../snapshot/canonical.ts";
import type { Problem } from "../snapshot/check.ts";
import type { Caller, Route, Settings, Snapshot, Target } from "../snapshot/schema.ts";
import type { Endpoint } from "../protocols/endpoints.ts";
import type { Tier } from "./destination.ts";
import { placesOf, type Places } from "./places.ts";
import { tiersOf, type Pair } from "./tiers.ts";

/** Names come from clients: when there are too many, remembering begins anew. */
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
      if (this.#tiers.size >= REMEMBERED_MAX) this.#tiers.clear();
      this.#tiers.set(key, tiers);
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
  readonly places: Places;
  readonly served: ReadonlyMap<string, Served>;
  readonly routes: readonly RouteEntry[];
  readonly exact: ReadonlyMap<string, Match>;
  /** Longest first. */
  readonly prefixes: readonly Match[];
}

/** A route made ready, with all that leads to it. */
interface Served {
  readonly route: Route;
  readonly entry: RouteEntry;
  readonly exact: readonly Match[];
  readonly prefixes: readonly Match[];
}

interface RouterParts {
  readonly upstreams: Upstreams;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Who somebody without a known key is, where only one pod can reach us. */
  readonly localCaller: Caller | undefined;
}

/** Of the former router is kept what would be made the same, so that an edit costs what it changes. The former one stays as it is. */
export const buildRouter = (snapshot: Snapshot, version: string, parts: RouterParts, former: Router | null): { router?: Router; problems: Problem[] } => {
  const { settings } = snapshot;
  const ranges = rangesOf(settings, former);
  if (ranges.problems.length > 0) {
    return { problems: ranges.problems.map((message) => ({ object: "settings", path: "privateRanges", message })) };
  }
  const { upstreams, credentials, userAgent } = parts;
  const places = placesOf({ snapshot, upstreams, credentials, userAgent, ranges: ranges.ranges }, former);
  return { router: { version, snapshot, settings, keys: keysOf(snapshot, parts, former), places, ...tableOf(snapshot, places, former) }, problems: [] };
};

const rangesOf = ({ privateRanges }: Settings, former: Router | null): ReturnType<typeof parseRanges> =>
  former !== null && isSameList(former.settings.privateRanges, privateRanges) ? { ranges: former.places.ranges, problems: [] } : parseRanges(privateRanges);

const isSameList = (left: readonly string[], right: readonly string[]): boolean => left.length === right.length && left.every((item, index) => item === right[index]);

// With the ring stays what it remembers of keys; a ring for other callers begins anew, so that a revoked key is gone.
const keysOf = ({ callers, settings }: Snapshot, { localCaller, clock }: RouterParts, former: Router | null): ApiKeys =>
  former !== null && former.snapshot.callers === callers && former.settings.anonymous === settings.anonymous
    ? former.keys
    : openApiKeys(callers, localCaller ?? (settings.anonymous ? nobody : undefined), clock);

type Table = Pick<Router, "served" | "routes" | "exact" | "prefixes">;

const tableOf = (snapshot: Snapshot, places: Places, former: Router | null): Table => {
  // Whether strangers may come is part of who may use a route.
  const known = former?.settings.anonymous === snapshot.settings.anonymous ? former : null;
  if (known?.snapshot.routes === snapshot.routes && known.places === places) return { served: known.served, routes: known.routes, exact: known.exact, prefixes: known.prefixes };
  const served = new Map<string, Served>();
  for (const id of sortedIds(snapshot.routes)) {
    const route = snapshot.routes[id] as Route;
    const held = known?.served.get(id);
    const isKept = held !== undefined && isSameResource(held.route, route) && areSamePlaces(route, places, known?.places);
    served.set(id, isKept ? held : serve(id, route, snapshot, places));
  }
  const all = [...served.values()];
  const exact = new Map<string, Match>();
  for (const one of all) for (const match of one.exact) exact.set(match.name, match);
  return {
    served,
    routes: all.map(({ entry }) => entry),
    exact,
    prefixes: all.flatMap(({ prefixes }) => prefixes).sort((left, right) => right.name.length - left.name.length),
  };
};

const areSamePlaces = (route: Route, places: Places, former: Places | undefined): boolean =>
  places === former || targetsOf(route).every(({ provider }) => places.byId.get(provider) === former?.byId.get(provider));

const targetsOf = (route: Route): readonly Target[] => route.rules[0]?.targets ?? [];

// A model that only some of the targets offer has an entry of its own, so that no other target is ever asked for it.
const serve = (id: string, route: Route, snapshot: Snapshot, places: Places): Served => {
  const entry = routeEntry(id, route, snapshot, places);
  const narrowed = new Map<string, RouteEntry>();
  const exact: Match[] = [];
  const prefixes: Match[] = [];
  for (const { match, name, targets } of route.models) {
    const key = targets?.join("\n");
    const own = key === undefined ? entry : (narrowed.get(key) ?? routeEntry(id, route, snapshot, places, new Set(targets)));
    if (key !== undefined) narrowed.set(key, own);
    (match === "exact" ? exact : prefixes).push({ route: own, name });
  }
  return { route, entry, exact, prefixes };
};

const routeEntry = (name: string, route: Route, snapshot: Snapshot, places: Places, only?: ReadonlySet<string>): RouteEntry => {
  const pairs = targetsOf(route).flatMap((target): Pair[] => {
    const place = places.byId.get(target.provider);
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
