// The difference of two snapshots, told as the resources that it touches, and the way back.
// Whether the result is the one that was meant is for the caller to see, by the hash of the whole.
import { isSameResource } from "./canonical.ts";
import { checkShape, danglingAmong, danglingReferences, put, type Checked } from "./check.ts";
import type { Settings, Snapshot, ToldDelta } from "./schema.ts";
import { read } from "./shape.ts";
import { deltaShape } from "./shapes.ts";
import { sections, type Section } from "./terms.ts";

type BySection<Value> = { [Name in Section]?: Value };

export interface Delta {
  settings?: Settings;
  upserts: { [Name in Section]?: Partial<Snapshot[Name]> };
  removes: BySection<string[]>;
}

/** One resource that differs, in the order of sections and ids: what a person is told about a change. */
export interface Difference {
  section: Section | "settings";
  id: string;
  kind: "added" | "changed" | "removed";
}

export const differences = (from: Snapshot, to: Snapshot): Difference[] => {
  const found: Difference[] = [];
  if (!isSameResource(from.settings, to.settings)) found.push({ section: "settings", id: "", kind: "changed" });
  for (const section of sections) if (from[section] !== to[section]) found.push(...differencesIn(section, from[section], to[section]));
  return found;
};

const differencesIn = (section: Section, before: Readonly<Record<string, object>>, after: Readonly<Record<string, object>>): Difference[] => {
  const found: Difference[] = [];
  for (const id of Object.keys(after)) {
    if (!Object.hasOwn(before, id)) found.push({ section, id, kind: "added" });
    else if (!isSameResource(before[id], after[id])) found.push({ section, id, kind: "changed" });
  }
  for (const id of Object.keys(before)) if (!Object.hasOwn(after, id)) found.push({ section, id, kind: "removed" });
  return found.sort((left, right) => (left.id < right.id ? -1 : 1));
};

/** Both of one gateway and one format: across those there is nothing but a full snapshot. `found`: where they are known already. */
export const diff = (from: Snapshot, to: Snapshot, found: readonly Difference[] = differences(from, to)): Delta => {
  const upserts: BySection<Record<string, object>> = {};
  const removes: BySection<string[]> = {};
  let isSettingsChanged = false;
  for (const { section, id, kind } of found) {
    if (section === "settings") isSettingsChanged = true;
    else if (kind === "removed") (removes[section] ??= []).push(id);
    else put((upserts[section] ??= {}), id, to[section][id] as object);
  }
  return { upserts: upserts as Delta["upserts"], removes, ...(isSettingsChanged ? { settings: to.settings } : {}) };
};

/** `change` as it came from the wire. What it does not touch stays the same object, so that its hash is known already. */
export const applyDelta = (base: Snapshot, change: unknown): Checked => {
  const opened = read<ToldDelta>(deltaShape, change);
  if (opened.issues !== undefined) return { problems: [{ object: "", path: opened.issues[0]?.path.join(".") ?? "", message: "is not the shape of a delta" }] };
  const { settings = base.settings, upserts, removes } = opened.value;
  const isEmpty = opened.value.settings === undefined && Object.keys(upserts).length === 0 && Object.keys(removes).length === 0;
  if (isEmpty) return { snapshot: base };
  const { format, gateway } = base;
  const none = { providers: {}, routes: {}, callers: {}, credentials: {} };
  const shaped = checkShape({ format, gateway, settings, ...none, ...upserts });
  if (shaped.snapshot === undefined) return shaped;
  const fresh = shaped.snapshot;
  const snapshot: Snapshot = {
    format,
    gateway,
    settings: opened.value.settings === undefined ? base.settings : fresh.settings,
    providers: merged(base.providers, fresh.providers, removes.providers),
    routes: merged(base.routes, fresh.routes, removes.routes),
    callers: merged(base.callers, fresh.callers, removes.callers),
    credentials: merged(base.credentials, fresh.credentials, removes.credentials),
  };
  const isNothingGone = removes.providers === undefined && removes.credentials === undefined;
  const problems = isNothingGone ? danglingAmong(snapshot, fresh.providers, fresh.routes) : danglingReferences(snapshot);
  return problems.length > 0 ? { problems } : { snapshot };
};

// Sorted, so that a snapshot's order does not depend on the way that led to it.
const merged = <Value extends object>(held: Record<string, Value>, fresh: Record<string, Value>, removed: readonly string[] = []): Record<string, Value> => {
  const names = Object.keys(fresh);
  if (names.length === 0 && removed.length === 0) return held;
  if (removed.length === 0 && names.every((id) => Object.hasOwn(held, id))) {
    // Without a prototype an object of many members is made several times as fast.
    const copy = Object.create(null) as Record<string, Value>;
    for (const id of Object.keys(held)) copy[id] = (Object.hasOwn(fresh, id) ? fresh[id] : held[id]) as Value;
    return copy;
  }
  const gone = new Set([...removed, ...names]);
  const kept = Object.entries(held).filter(([id]) => !gone.has(id));
  return Object.fromEntries([...kept, ...Object.entries(fresh)].toSorted(([left], [right]) => (left < right ? -1 : 1)));
};
