// From something unknown to a Snapshot, or to a list of what is wrong with it. Never half a snapshot.
// It checks shape and references; whether the content is wise is the compiler's matter.
import { adoptHash } from "./canonical.ts";
import { Secret } from "./secret.ts";
import type { Provider, Route, Settings, Snapshot } from "./schema.ts";
import { isRecord, read, type Issue, type Read, type Shape } from "./shape.ts";
import { snapshotShape } from "./shapes.ts";
import { credentialsOf, readableFormats, type Section } from "./terms.ts";

export interface Problem {
  /** What it is about: "providers/team-a/openai", or "" for the whole. */
  object: string;
  path: string;
  message: string;
}

export type Checked = { snapshot: Snapshot; problems?: never } | { snapshot?: never; problems: Problem[] };

/** `value` as it came from the wire or the disk: secrets still spelt {"secret": "…"}. */
export const checkSnapshot = (value: unknown): Checked => {
  const shaped = checkShape(value);
  if (shaped.snapshot === undefined) return shaped;
  const problems = danglingReferences(shaped.snapshot);
  return problems.length > 0 ? { problems } : shaped;
};

/** What is wrong with a snapshot made from one that was found good: only what is another object than there is looked at. */
export const problemsSince = (good: Snapshot, next: Snapshot): readonly Problem[] => {
  const fresh = { providers: freshIn(good.providers, next.providers), routes: freshIn(good.routes, next.routes), callers: freshIn(good.callers, next.callers), credentials: freshIn(good.credentials, next.credentials) };
  const { format, gateway, settings } = next;
  const { problems } = checkShape({ format, gateway, settings, ...fresh });
  if (problems !== undefined) return problems;
  const isNothingGone = areAllIn(good.providers, next.providers) && areAllIn(good.credentials, next.credentials);
  return isNothingGone ? danglingAmong(next, fresh.providers, fresh.routes) : danglingReferences(next);
};

const freshIn = <Value>(before: Readonly<Record<string, Value>>, after: Readonly<Record<string, Value>>): Record<string, Value> =>
  before === after ? {} : Object.fromEntries(Object.keys(after).flatMap((id) => (Object.hasOwn(before, id) && before[id] === after[id] ? [] : [[id, after[id] as Value]])));

const areAllIn = (before: object, after: object): boolean => before === after || Object.keys(before).every((id) => Object.hasOwn(after, id));

/** Shape alone: a delta's resources may refer to what only the other end holds. */
export const checkShape = (value: unknown): Checked => {
  const format = isRecord(value) ? value.format : undefined;
  if (!readableFormats.some((readable) => readable === format)) {
    return { problems: [{ object: "", path: "format", message: `format ${String(format)} is unknown here; this build reads ${readableFormats.join(" and ")}` }] };
  }
  const head = read<Head>(headShape, value);
  if (head.issues !== undefined) return { problems: head.issues.map((issue) => problemOf(issue)) };
  const problems: Problem[] = [];
  const { format: told, gateway, settings } = head.value;
  const snapshot = {
    format: told,
    gateway,
    settings: checkSettings(settings, problems),
    providers: checkSection("providers", head.value.providers, problems),
    routes: checkSection("routes", head.value.routes, problems),
    callers: checkSection("callers", head.value.callers, problems),
    credentials: checkSection("credentials", head.value.credentials, problems),
  };
  return problems.length > 0 || snapshot.settings === undefined ? { problems } : { snapshot: { ...snapshot, settings: snapshot.settings } };
};

type Head = Pick<Snapshot, "format" | "gateway"> & { readonly settings: unknown } & Readonly<Record<Section, Record<string, unknown>>>;
const table: Shape = { kind: "table" };
const headShape: Shape = { ...snapshotShape, members: { ...snapshotShape.members, settings: { kind: "anything" }, providers: table, routes: table, callers: table, credentials: table } };

// What was found good is not looked at again: resources never change once they are in a snapshot.
// By what came in, and by what came out, because either may come again.
const foundByShape = new Map<Shape, WeakMap<object, object>>();

const judged = (value: unknown, shape: Shape): Read<object> => {
  const found = foundByShape.get(shape) ?? new WeakMap<object, object>();
  foundByShape.set(shape, found);
  const known = isRecord(value) ? found.get(value) : undefined;
  if (known !== undefined) return { value: known };
  const taken = read<object>(shape, value);
  if (taken.issues === undefined) {
    found.set(taken.value, taken.value);
    if (!isRecord(value)) return taken;
    found.set(value, taken.value);
    // What a former format leaves out has a default now; the version is the hash of what was told all the same.
    adoptHash(taken.value, value);
  }
  return taken;
};

const checkSettings = (value: unknown, problems: Problem[]): Settings | undefined => {
  const taken = judged(value, snapshotShape.members.settings);
  if (taken.issues === undefined) return taken.value as Settings;
  problems.push(...taken.issues.map((issue) => problemOf(issue, ["settings"])));
  return undefined;
};

const checkSection = <Name extends Section>(section: Name, resources: Record<string, unknown>, problems: Problem[]): Snapshot[Name] => {
  const shape = snapshotShape.members[section];
  const good: Record<string, object> = {};
  for (const [id, resource] of Object.entries(resources)) {
    const key = read(shape.key, id);
    if (key.issues !== undefined) problems.push(...key.issues.map((issue) => problemOf(issue, [section, id])));
    const taken = judged(section === "credentials" ? withSecret(resource) : resource, shape.of);
    if (taken.issues !== undefined) problems.push(...taken.issues.map((issue) => problemOf(issue, [section, id])));
    else put(good, id, taken.value);
  }
  return good as Snapshot[Name];
};

/** An assignment would not make a member of the name "__proto__". */
export const put = (resources: Record<string, object>, id: string, value: object): void => {
  if (id === "__proto__") Object.defineProperty(resources, id, { value, enumerable: true, configurable: true, writable: true });
  else resources[id] = value;
};

const withSecret = (spelt: unknown): unknown => (isRecord(spelt) && typeof spelt.secret === "string" ? new Secret(spelt.secret) : spelt);

// An issue's words may quote what it saw, and what it saw may be a credential: those say only where.
const problemOf = (issue: Issue, place: readonly string[] = []): Problem => {
  const [section = "", id = "", ...rest] = [...place, ...issue.path.map(String)];
  const message = section === "credentials" ? "is not a secret" : issue.message;
  return { object: id === "" ? section : `${section}/${id}`, path: rest.join("."), message };
};

export const danglingReferences = (snapshot: Snapshot): Problem[] => [
  ...Object.entries(snapshot.providers).flatMap(([id, provider]) => danglingOfProvider(snapshot, id, provider)),
  ...Object.entries(snapshot.routes).flatMap(([id, route]) => danglingOfRoute(snapshot, id, route)),
];

/** Where nothing was taken away only what is new can refer to nothing. */
export const danglingAmong = (snapshot: Snapshot, providers: Readonly<Record<string, Provider>>, routes: Readonly<Record<string, Route>>): Problem[] => [
  ...Object.entries(providers).flatMap(([id, provider]) => danglingOfProvider(snapshot, id, provider)),
  ...Object.entries(routes).flatMap(([id, route]) => danglingOfRoute(snapshot, id, route)),
];

const danglingOfProvider = ({ credentials }: Snapshot, id: string, provider: Provider): Problem[] => {
  const problems: Problem[] = [];
  for (const { path, credential } of credentialsOf(provider.auth)) {
    if (Object.hasOwn(credentials, credential)) continue;
    problems.push({ object: `providers/${id}`, path, message: `credential ${credential} is not in the snapshot` });
  }
  return problems;
};

const danglingOfRoute = ({ providers }: Snapshot, id: string, route: Route): Problem[] => {
  const problems: Problem[] = [];
  for (const rule of route.rules) {
    for (const target of rule.targets) {
      if (Object.hasOwn(providers, target.provider)) continue;
      problems.push({ object: `routes/${id}`, path: `targets.${target.name}`, message: `provider ${target.provider} is not in the snapshot` });
    }
  }
  return problems;
};
