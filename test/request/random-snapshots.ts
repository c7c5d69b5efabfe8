// Random snapshots and edits of them, from so few names that they meet: routes share providers, providers share keys.
import fc from "fast-check";
import { hash } from "node:crypto";
import { wireText } from "../../dataplane/snapshot/canonical.ts";
import { checkShape } from "../../dataplane/snapshot/check.ts";
import { applyDelta, diff } from "../../dataplane/snapshot/delta.ts";
import { defaultSettings, FORMAT, type Caller, type Provider, type Route, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";

export const models = ["m1", "m2", "small", "claude-5", "anthropic.claude-x", "zzz"];
export const callerKeys = ["sk-first-0123456789", "sk-second-0123456789"];

const digests = callerKeys.map((key) => hash("sha256", key, "hex"));
const timeouts = { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 };
const secretIds = ["a/k", "b/k"];
const credential = fc.constantFrom(...secretIds);

const auth = fc.oneof(
  fc.constant<Provider["auth"]>({ scheme: "none", keys: [] }),
  fc.uniqueArray(credential, { minLength: 1, maxLength: 2 }).map((ids): Provider["auth"] => ({ scheme: "api-key", keys: ids.map((id, index) => ({ name: `k${index}`, credential: id, weight: 1 })) })),
  credential.map((id): Provider["auth"] => ({ scheme: "oauth", tokenUrl: "https://issuer.example/token", clientId: "c", credential: id, scopes: [], sendSecretIn: "header" })),
);

const provider: fc.Arbitrary<Provider> = fc
  .record({
    type: fc.constantFrom("openai", "anthropic", "bedrock", "vertex-ai", "azure-openai", "nonsense"),
    url: fc.constantFrom(undefined, "https://one.example/v1", "https://two.example", "ftp://bad"),
    network: fc.constantFrom("public" as const, "private" as const),
    auth,
    idleMs: fc.constantFrom(30_000, 40_000),
    models: fc.constantFrom({}, { small: "small-2026" }),
    ways: fc.constantFrom<Pick<Provider, "thinking" | "streamOptions">[]>({}, {}, { thinking: { "small-2026": "in-tags" } }, { streamOptions: "refused" }),
  })
  .map(({ url, idleMs, ways, ...rest }) => ({ ...rest, ...ways, timeouts: { ...timeouts, idleMs }, ...(url !== undefined && { endpoints: [{ url, priority: 0, weight: 1 }] }) }));

const providerIds = ["a/p", "b/q", "c/r"];
const target = fc
  .record({ provider: fc.constantFrom(...providerIds), model: fc.constantFrom(undefined, "small"), weight: fc.constantFrom(0, 1, 2), priority: fc.constantFrom(0, 1) })
  .map(({ model, ...rest }) => ({ ...rest, ...(model !== undefined && { model }) }));

const claim = fc
  .record({ match: fc.constantFrom("exact" as const, "exact" as const, "prefix" as const), name: fc.constantFrom(...models, "", "m"), targets: fc.constantFrom<(string[] | undefined)[]>(undefined, undefined, ["t0"], ["t1"]) })
  .map(({ targets, ...rest }) => ({ ...rest, ...(targets !== undefined && { targets }) }));

const route: fc.Arbitrary<Route> = fc
  .record({
    models: fc.array(claim, { maxLength: 3 }),
    access: fc.constantFrom<Route["access"][]>({}, { namespaces: ["a"] }, { teams: ["red"] }, { serviceAccounts: ["a/x"] }),
    targets: fc.array(target, { maxLength: 3 }),
    timeouts: fc.constantFrom({}, { idleMs: 5 }),
    onLoss: fc.constantFrom(undefined, "allow" as const),
  })
  .map(({ targets, onLoss, ...rest }) => ({ ...rest, rules: [{ name: "only", targets: targets.map((one, index) => ({ name: `t${index}`, ...one })) }], ...(onLoss !== undefined && { onLoss }) }));

const caller = fc.constantFrom<Caller[]>({ name: "a/x", namespace: "a" }, { name: "b/y", namespace: "b", team: "red" }, { name: "a/z", namespace: "a", models: ["m*"] });
const settings = fc
  .record({ anonymous: fc.boolean(), privateRanges: fc.constantFrom<string[][]>([], [], ["10.0.0.0/8"], ["nonsense"]) })
  .map((changes) => ({ ...defaultSettings, ...changes }));

const routeId = fc.constantFrom("a/one", "b/two", "c/three", "b/__proto__");
const some = <Value>(ids: fc.Arbitrary<string>, value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> =>
  fc.uniqueArray(fc.tuple(ids, value), { selector: ([id]) => id, maxLength: 3 }).map((entries) => Object.fromEntries(entries));

export const snapshots: fc.Arbitrary<Snapshot> = fc.record({
  format: fc.constant<typeof FORMAT>(FORMAT),
  gateway: fc.constant("default"),
  settings: settings.filter(({ privateRanges }) => !privateRanges.includes("nonsense")),
  providers: some(fc.constantFrom(...providerIds), provider),
  routes: some(routeId, route),
  callers: some(fc.constantFrom(...digests), caller),
  credentials: some(credential, fc.constantFrom("sk-1", "sk-2").map((text) => new Secret(text))),
});

/** One change, and the way in which the outcome comes: as the objects that it is, as a delta, or whole. */
export interface Edit {
  readonly change: (snapshot: Snapshot) => Snapshot;
  readonly way: "same objects" | "delta" | "whole";
}

type Section = "providers" | "routes" | "callers" | "credentials";

const putting = <Value>(section: Section, ids: fc.Arbitrary<string>, value: fc.Arbitrary<Value>): fc.Arbitrary<Edit["change"]> =>
  fc.tuple(ids, fc.option(value, { nil: undefined, freq: 4 })).map(([id, one]) => (snapshot) => {
    const { [id]: _, ...others } = snapshot[section] as Record<string, Value>;
    return { ...snapshot, [section]: one === undefined ? others : { ...others, [id]: one } };
  });

export const change: fc.Arbitrary<Edit["change"]> = fc.oneof(
  { weight: 4, arbitrary: putting("routes", routeId, route) },
  { weight: 4, arbitrary: putting("providers", fc.constantFrom(...providerIds), provider) },
  { weight: 2, arbitrary: putting("credentials", credential, fc.constantFrom("sk-1", "sk-2", "sk-3").map((text) => new Secret(text))) },
  { weight: 2, arbitrary: putting("callers", fc.constantFrom(...digests), caller) },
  { weight: 2, arbitrary: settings.map((next) => (snapshot: Snapshot) => ({ ...snapshot, settings: next })) },
  { weight: 1, arbitrary: fc.constant((snapshot: Snapshot) => snapshot) },
);

export const edits: fc.Arbitrary<Edit> = fc.record({ change, way: fc.constantFrom("same objects" as const, "delta" as const, "whole" as const) });

/** As it comes from the wire or the disk: every object is another one. */
export const asParsedAnew = (snapshot: Snapshot): Snapshot => checkShape(JSON.parse(wireText(snapshot))).snapshot ?? snapshot;

const asDelta = (before: Snapshot, after: Snapshot): Snapshot => {
  const { upserts, ...rest } = diff(before, after);
  const credentials = Object.fromEntries(Object.entries(upserts.credentials ?? {}).map(([id, secret]) => [id, { secret: secret?.reveal() }]));
  // A delta that leaves something without what it refers to is refused: then it comes by another way.
  return applyDelta(before, JSON.parse(JSON.stringify({ ...rest, upserts: { ...upserts, ...(upserts.credentials && { credentials }) } }))).snapshot ?? after;
};

export const edited = (before: Snapshot, { change: make, way }: Edit): Snapshot => {
  const after = make(before);
  if (way === "whole") return asParsedAnew(after);
  return way === "delta" ? asDelta(before, after) : after;
};

const plain = (url: string, ids: readonly string[]): Provider => ({
  type: "openai-compatible",
  endpoints: [{ url, priority: 0, weight: 1 }],
  network: "public",
  auth: { scheme: "api-key", keys: ids.map((id) => ({ name: id, credential: id, weight: 1 })) },
  timeouts,
  models: {},
});
const plainRoute = (model: string, id: string): Route => ({ models: [{ match: "exact", name: model }], access: {}, rules: [{ name: "only", targets: [{ name: "t", provider: id, weight: 1, priority: 0 }] }], timeouts: {} });

/** Two routes that share nothing. */
export const start: Snapshot = {
  format: FORMAT,
  gateway: "default",
  settings: defaultSettings,
  providers: { "a/p": plain("https://one.example/v1", ["a/k"]), "b/q": plain("https://two.example/v1", secretIds) },
  routes: { "a/one": plainRoute("m1", "a/p"), "b/two": plainRoute("m2", "b/q") },
  callers: { [digests[0] as string]: { name: "a/x", namespace: "a" } },
  credentials: { "a/k": new Secret("sk-provider-key-1"), "b/k": new Secret("sk-provider-key-2") },
};
