// Whom a snapshot is for: all of a gateway, or of a gateway what one namespace may use, for a sidecar.
// `viewFor` cuts the second out of the first. Pure. What it leaves out never leaves the operator.
import type { Difference } from "../../dataplane/snapshot/delta.ts";
import type { Route, Snapshot } from "../../dataplane/snapshot/schema.ts";
import { credentialsOf } from "../../dataplane/snapshot/terms.ts";

export interface Audience {
  readonly gateway: string;
  /** Absent: the whole gateway. */
  readonly namespace?: string;
}

// A gateway's name has no slash.
export const audienceKey = ({ gateway, namespace }: Audience): string => (namespace === undefined ? gateway : `${gateway}/${namespace}`);

/**
 * The callers of the namespace, the routes that it may use, the providers of their targets and those providers' credentials.
 * A route for teams is one for the namespace when one of its callers is of such a team.
 */
export const viewFor = (snapshot: Snapshot, namespace: string): Snapshot => {
  const callers = filtered(snapshot.callers, (caller) => caller.namespace === namespace);
  const teams = teamsOf(callers);
  const usable = filtered(snapshot.routes, (route) => mayUse(route, namespace, teams));
  const routes = Object.fromEntries(Object.entries(usable).map(([id, route]) => [id, narrowed(route, namespace)]));
  const used = new Set(Object.values(routes).flatMap((route) => route.rules.flatMap((rule) => rule.targets.map((target) => target.provider))));
  const providers = filtered(snapshot.providers, (_, id) => used.has(id));
  const needed = new Set(Object.values(providers).flatMap((provider) => credentialsOf(provider.auth).map(({ credential }) => credential)));
  const credentials = filtered(snapshot.credentials, (_, id) => needed.has(id));
  return { format: snapshot.format, gateway: snapshot.gateway, settings: snapshot.settings, providers, routes, callers, credentials };
};

/**
 * Whether an edit shows in what the namespace gets; `view` is what it got before. What is new is used by nobody unless
 * something else changed too: no snapshot refers to what it lacks.
 */
export const isConcerned = (namespace: string, view: Snapshot, { before, after, differences }: Edit): boolean => {
  const teams = teamsOf(view.callers);
  const isSeen = {
    settings: () => true,
    routes: (id: string) => [before.routes[id], after.routes[id]].some((route) => route !== undefined && mayUse(route, namespace, teams)),
    callers: (id: string) => [before.callers[id], after.callers[id]].some((caller) => caller?.namespace === namespace),
    providers: (id: string) => Object.hasOwn(view.providers, id),
    credentials: (id: string) => Object.hasOwn(view.credentials, id),
  };
  return differences.some(({ section, id }) => isSeen[section](id));
};

interface Edit {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly differences: readonly Difference[];
}

const teamsOf = (callers: Snapshot["callers"]): ReadonlySet<string> => new Set(Object.values(callers).flatMap((caller) => caller.team ?? []));

const filtered = <Value>(resources: Readonly<Record<string, Value>>, isWanted: (value: Value, id: string) => boolean): Record<string, Value> =>
  Object.fromEntries(Object.entries(resources).filter(([id, value]) => isWanted(value, id)));

const mayUse = ({ access }: Route, namespace: string, teams: ReadonlySet<string>): boolean => {
  if (access.namespaces !== undefined && !access.namespaces.includes(namespace)) return false;
  if (access.serviceAccounts !== undefined && !access.serviceAccounts.some((name) => name.startsWith(`${namespace}/`))) return false;
  return access.teams === undefined || access.teams.some((team) => teams.has(team));
};

// By route and namespace, so that a route which did not change stays the same object, whose hash is known.
const remembered = new WeakMap<Route, Map<string, Route>>();

/** Who else may use the route is nothing that this namespace should learn. */
const narrowed = (route: Route, namespace: string): Route => {
  const { namespaces, serviceAccounts } = route.access;
  if (namespaces === undefined && serviceAccounts === undefined) return route;
  const byNamespace = remembered.get(route) ?? new Map<string, Route>();
  remembered.set(route, byNamespace);
  const known = byNamespace.get(namespace);
  if (known !== undefined) return known;
  const access: Route["access"] = {
    ...route.access,
    ...(namespaces !== undefined && { namespaces: [namespace] }),
    ...(serviceAccounts !== undefined && { serviceAccounts: serviceAccounts.filter((name) => name.startsWith(`${namespace}/`)) }),
  };
  const own: Route = { ...route, access };
  byNamespace.set(namespace, own);
  return own;
};
