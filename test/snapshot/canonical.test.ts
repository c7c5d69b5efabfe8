// One spelling and one version for one content, on every machine and after every journey.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, resourceHash, snapshotVersion, wireText } from "../../dataplane/snapshot/canonical.ts";
import { checkSnapshot } from "../../dataplane/snapshot/check.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { CALLER_HASH, CREDENTIAL, example } from "./example.ts";

/** The same value with the members of every object the other way round. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null || value instanceof Secret) return value;
  return Object.fromEntries(Object.entries(value).toReversed().map(([key, member]) => [key, reversed(member)]));
};

const travelled = (snapshot: Snapshot): Snapshot => {
  const { snapshot: arrived, problems } = checkSnapshot(JSON.parse(canonical(snapshot)));
  if (arrived === undefined) throw new Error(JSON.stringify(problems));
  return arrived;
};

describe("the canonical form", () => {
  it("sorts members by code unit, at every depth, and has no white space", () => {
    expect(canonical({ b: [{ z: 1, a: 2 }], a: null, "é": true, B: "x", "𝒳": 1, "￰": 2 })).toBe('{"B":"x","a":null,"b":[{"a":2,"z":1}],"é":true,"𝒳":1,"￰":2}');
  });

  it("keeps the order of lists", () => {
    expect(canonical([3, 1, 2])).toBe("[3,1,2]");
  });

  it("leaves out members that are undefined", () => {
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it("spells a secret as an object of one member, or as it is told", () => {
    expect(canonical({ a: new Secret('s"k') })).toBe('{"a":{"secret":"s\\"k"}}');
    expect(canonical({ a: new Secret("sk") }, String)).toBe('{"a":"[redacted]"}');
  });

  it("is the same for any order of members, and is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: "medium" }), (value) => {
        expect(canonical(reversed(value))).toBe(canonical(value));
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("the text for the wire and the disk", () => {
  it("is the same content, secrets spelt out, and the same again when it is asked for again", () => {
    const snapshot = example();
    for (const _ of [1, 2]) expect(canonical(JSON.parse(wireText(snapshot)))).toBe(canonical(snapshot));
  });

  it("of an edited snapshot has the edit", () => {
    const snapshot = example();
    wireText(snapshot);
    const edited: Snapshot = { ...snapshot, routes: { ...snapshot.routes, 'team-a/"odd"': { models: [], access: {}, rules: [], timeouts: { idleMs: 3 } } }, callers: {} };
    expect(canonical(JSON.parse(wireText(edited)))).toBe(canonical(edited));
  });
});

describe("the version", () => {
  it("is the same on every machine", () => {
    expect(snapshotVersion(example())).toBe("a8d39afdbe51d95d33682c6ce6053d4b");
  });

  it("does not depend on the order in which anything was put together", () => {
    const snapshot = example();
    const other = reversed(snapshot);
    expect(snapshotVersion(other as Snapshot)).toBe(snapshotVersion(snapshot));
  });

  it("is the same after the journey over the wire", () => {
    expect(snapshotVersion(travelled(example()))).toBe(snapshotVersion(example()));
  });

  const bends: [string, (snapshot: Snapshot) => void][] = [
    ["the gateway", (snapshot) => void (snapshot.gateway = "edge")],
    ["a setting", (snapshot) => void (snapshot.settings.limits.bodyBytesMax += 1)],
    ["a weight", (snapshot) => void Object.assign(snapshot.routes["team-a/chat"]?.rules[0]?.targets[0] ?? {}, { weight: 2 })],
    ["the order of claims", (snapshot) => void snapshot.routes["team-a/chat"]?.models.reverse()],
    ["a provider's model", (snapshot) => void Object.assign(snapshot.providers["team-a/openai"]?.models ?? {}, { small: "small-2027" })],
    ["a caller's expiry", (snapshot) => void Object.assign(snapshot.callers[CALLER_HASH] ?? {}, { expiresAt: 1 })],
    ["a credential, which is how a rotation is a push", (snapshot) => void (snapshot.credentials["team-a/openai-key/api-key"] = new Secret("sk-rotated"))],
    ["a name of a resource", (snapshot) => {
      const { "team-a/chat": chat } = snapshot.routes;
      snapshot.routes = chat === undefined ? {} : { "team-a/talk": chat };
    }],
    ["a resource that is gone", (snapshot) => void (snapshot.routes = {})],
  ];

  it.each(bends)("changes with %s", (_, bend) => {
    const snapshot = example();
    bend(snapshot);
    expect(snapshotVersion(snapshot)).not.toBe(snapshotVersion(example()));
  });

  it("shows nothing of a credential", () => {
    expect(resourceHash(new Secret(CREDENTIAL))).toMatch(/^[0-9a-f]{64}$/);
    expect(resourceHash(new Secret(CREDENTIAL))).toBe(resourceHash(new Secret(CREDENTIAL)));
    expect(resourceHash(new Secret(CREDENTIAL))).not.toBe(resourceHash(new Secret("other")));
  });
});
