// What a data plane takes, and how it says what it does not take.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical } from "../../dataplane/snapshot/canonical.ts";
import { checkShape, checkSnapshot, problemsSince } from "../../dataplane/snapshot/check.ts";
import { defaultSettings, FORMAT, settingsSchema, type Provider, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { change, snapshots } from "../request/random-snapshots.ts";
import { CREDENTIAL, example } from "./example.ts";

const bent = (changes: Partial<Record<keyof Snapshot, unknown>>): unknown => ({ ...example(), ...changes });
const provider = () => example().providers["team-a/openai"];
const route = () => example().routes["team-a/chat"];
const firstOf = (value: unknown) => checkSnapshot(value).problems?.[0];

describe("a good snapshot", () => {
  it("is taken as it is, from memory", () => {
    expect(checkSnapshot(example())).toEqual({ snapshot: example() });
  });

  it("may say of a provider's servers what they do otherwise, and of most says nothing", () => {
    const said = { thinking: { thinker: "in-tags" as const, other: "apart" as const }, streamOptions: "refused" as const };
    const snapshot = { ...example(), providers: { ...example().providers, "a/b": { ...example().providers["team-a/openai"] as Provider, ...said } } };
    expect(checkSnapshot(JSON.parse(canonical(snapshot))).snapshot?.providers["a/b"]).toMatchObject(said);
    for (const member of Object.keys(said)) expect(checkSnapshot(example()).snapshot?.providers["team-a/openai"]).not.toHaveProperty(member);
  });

  it("is taken from the wire with its secrets as secrets", () => {
    const { snapshot } = checkSnapshot(JSON.parse(canonical(example())));
    expect(snapshot?.credentials["team-a/openai-key/api-key"]).toBeInstanceOf(Secret);
    expect(snapshot?.credentials["team-a/openai-key/api-key"]?.reveal()).toBe(CREDENTIAL);
  });

  it("may be empty: it refuses everything", () => {
    expect(checkSnapshot({ format: FORMAT, gateway: "default", settings: defaultSettings, providers: {}, routes: {}, callers: {}, credentials: {} }).problems).toBeUndefined();
  });

  it("has default settings that pass their own schema", () => {
    expect(settingsSchema.parse(defaultSettings)).toEqual(defaultSettings);
  });
});

describe("another format", () => {
  it.each([[2], [0], ["1"], [undefined], [null]])("is refused before anything else is looked at: %s", (format) => {
    const { problems } = checkSnapshot({ format, nonsense: true });
    expect(problems).toEqual([{ object: "", path: "format", message: `format ${String(format)} is unknown here; this build reads 1` }]);
  });

  it.each([[null], [undefined], [7], ["text"], [[]], [{}]])("is what something is that is no snapshot at all: %j", (value) => {
    expect(firstOf(value)?.path).toBe("format");
  });
});

describe("a wrong shape", () => {
  it.each([
    ["a member that nobody knows", bent({ providers: { "a/b": { ...provider(), surprise: 1 } } }), "providers/a/b", ""],
    ["a negative weight", bent({ routes: { "a/b": { ...route(), rules: [{ name: "r", targets: [{ name: "t", provider: "team-a/openai", weight: -1, priority: 0 }] }] } } }), "routes/a/b", "rules.0.targets.0.weight"],
    ["a timeout that is no whole number", bent({ providers: { "a/b": { ...provider(), timeouts: { ...provider()?.timeouts, idleMs: 1.5 } } } }), "providers/a/b", "timeouts.idleMs"],
    ["a protocol that does not exist", bent({ providers: { "a/b": { ...provider(), protocols: ["telepathy"] } } }), "providers/a/b", "protocols.0"],
    ["a place of thinking that does not exist", bent({ providers: { "a/b": { ...provider(), thinking: { thinker: "elsewhere" } } } }), "providers/a/b", "thinking.thinker"],
    ["options of streams that are neither accepted nor refused", bent({ providers: { "a/b": { ...provider(), streamOptions: "maybe" } } }), "providers/a/b", "streamOptions"],
    ["settings without a limit", bent({ settings: { ...defaultSettings, limits: {} } }), "settings/limits", "headerBytesMax"],
    ["a caller whose key is no hash", bent({ callers: { "sk-plain": { name: "a/b", namespace: "a" } } }), "callers/sk-plain", ""],
    ["a missing section", bent({ routes: undefined }), "routes", ""],
    ["a section that is a list", bent({ providers: [] }), "providers", ""],
  ])("is told with object and path: %s", (_, value, object, path) => {
    expect(firstOf(value)).toMatchObject({ object, path });
  });

  it("gives all problems and no snapshot", () => {
    const { snapshot, problems } = checkSnapshot(bent({ settings: {}, routes: { "a/b": {} } }));
    expect(snapshot).toBeUndefined();
    expect(problems?.length).toBeGreaterThan(3);
  });
});

describe("a reference that leads nowhere", () => {
  it("is told of a credential", () => {
    expect(checkSnapshot(bent({ credentials: {} })).problems).toEqual([
      { object: "providers/team-a/openai", path: "auth.keys.0.credential", message: "credential team-a/openai-key/api-key is not in the snapshot" },
    ]);
  });

  it("is told of a provider", () => {
    expect(checkSnapshot(bent({ providers: {} })).problems).toEqual([{ object: "routes/team-a/chat", path: "targets.a", message: "provider team-a/openai is not in the snapshot" }]);
  });

  it("is one even if an object of JavaScript has something of that name", () => {
    const targets = [{ name: "a", provider: "constructor", weight: 1, priority: 0 }];
    expect(firstOf(bent({ routes: { "a/b": { ...route(), rules: [{ name: "r", targets }] } } }))?.message).toBe("provider constructor is not in the snapshot");
  });

  it("is no matter of shape: a delta may refer to what the other end holds", () => {
    expect(checkShape(bent({ providers: {} })).problems).toBeUndefined();
  });
});

describe("what is wrong with an edited snapshot, when only the edit is looked at", () => {
  // A name that no schema takes, so that shapes are wrong now and then, and not only references.
  const bend = fc.constantFrom(
    (snapshot: Snapshot): Snapshot => ({ ...snapshot, callers: { ...snapshot.callers, odd: { name: "a/b", namespace: "a" } } }),
    (snapshot: Snapshot): Snapshot => ({ ...snapshot, settings: { ...snapshot.settings, drainMs: -1 } }),
  );
  const edits = fc.array(fc.oneof({ weight: 8, arbitrary: change }, { weight: 1, arbitrary: bend }), { minLength: 1, maxLength: 4 });

  it("is what is found when all of it is looked at", () => {
    let wrong = 0;
    const property = fc.property(snapshots, edits, (good, changes) => {
      fc.pre(checkSnapshot(good).problems === undefined);
      const next = changes.reduce((snapshot, make) => make(snapshot), good);
      const { problems = [] } = checkSnapshot(next);
      expect(problemsSince(good, next)).toEqual(problems);
      wrong += problems.length === 0 ? 0 : 1;
    });
    fc.assert(property, { numRuns: 500 });
    // Both kinds came up, or nothing was compared.
    expect([wrong > 20, wrong < 480]).toEqual([true, true]);
  });
});
