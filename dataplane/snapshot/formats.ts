// Formats of the contract: how what this build knows is told to a data plane of the release before.
// A data plane reads its own format and the one before (see `readableFormats`); an operator writes both. Nothing is sent from here.
import type { Caller, Provider, Route, Settings, Snapshot } from "./schema.ts";
import { FORMAT } from "./terms.ts";

/**
 * What the former format has instead, resource by resource, so that an edit stays an edit. Absent: the same as now.
 * Whoever raises FORMAT writes one, and says here what a data plane of the former release does without.
 */
export interface Lowering {
  readonly settings?: (settings: Settings) => object;
  readonly providers?: (provider: Provider) => object;
  readonly routes?: (route: Route) => object;
  readonly callers?: (caller: Caller) => object;
}

/** By format. Format 1 is the first, so that there is none before it. */
export const lowerings: ReadonlyMap<number, Lowering> = new Map();

/** The newest format that both ends know. */
export const commonFormat = (readable: readonly number[], former: ReadonlyMap<number, Lowering>): number | undefined =>
  [FORMAT, ...former.keys()].filter((format) => readable.includes(format)).toSorted((left, right) => right - left)[0];

const remembered = new WeakMap<object, WeakMap<object, object>>();

/** By function and resource: what did not change stays the same object, whose hash is known. */
const changed = <Resource extends object>(resource: Resource, change: ((resource: Resource) => object) | undefined): Resource => {
  if (change === undefined) return resource;
  const known = remembered.get(change) ?? new WeakMap<object, object>();
  remembered.set(change, known);
  const lower = known.get(resource) ?? change(resource);
  known.set(resource, lower);
  // It has the former format's shape, and is only hashed, compared and spelt from here on.
  return lower as Resource;
};

const changedAll = <Resource extends object>(resources: Readonly<Record<string, Resource>>, change: ((resource: Resource) => object) | undefined): Record<string, Resource> =>
  Object.fromEntries(Object.entries(resources).map(([id, resource]) => [id, changed(resource, change)]));

export const lowered = (snapshot: Snapshot, format: number, { settings, providers, routes, callers }: Lowering): Snapshot => ({
  format: format as Snapshot["format"],
  gateway: snapshot.gateway,
  settings: changed(snapshot.settings, settings),
  providers: changedAll(snapshot.providers, providers),
  routes: changedAll(snapshot.routes, routes),
  callers: changedAll(snapshot.callers, callers),
  credentials: snapshot.credentials,
});
