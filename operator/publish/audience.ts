// Whom a snapshot is for: all of a gateway, or of a gateway what one namespace may use, for a sidecar.
// `viewFor` cuts the second out of the first. Pure. What it leaves out never leaves the operator.
import { credentialsOf, type Route, type Snapshot } from "../../dataplane/snapshot/schema.ts";

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
  const teams = new Set(Object.values(callers).flatMap((caller) => caller.team ?? []));
  const usable = filtered(snapshot.routes, (route) => mayUse(route, namespace, teams));
  const routes = Object.fromEntries(Object.entries(usable).map(([id, route]) => [id, narrowed(route, namespace)]));
  const used = new Set(Object.values(routes).flatMap((route) => route.rules.flatMap((rule) => rule.targets.map((target) => target.provider))));
  const providers = filtered(snapshot.providers, (_, id) => used.has(id));
  const needed = new Set(Object.values(providers).flatMap((provider) => credentialsOf(provider.auth).map(({ credential }) => credential)));
  const credentials = filtered(snapshot.credentials, (_, id) => needed.has(id));
  return { format: snapshot.format, gateway: snapshot.gateway, settings: snapshot.settings, providers, routes, callers, credentials };
};

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
