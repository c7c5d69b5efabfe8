// Changes of snapshots: there and back over the wire, for random pairs and for chosen ones.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { canonical } from "../../dataplane/snapshot/canonical.ts";
import { applyDelta, diff, differences } from "../../dataplane/snapshot/delta.ts";
import { defaultSettings, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { numbered, provider, route, snapshotOf, version } from "./snapshots.ts";

/** As it arrives: spelt and parsed again. */
const overTheWire = (from: Snapshot, to: Snapshot): unknown => JSON.parse(canonical(diff(from, to)));

const names = fc.uniqueArray(fc.constantFrom("team/a", "team/b", "team/c", "other/a", "x/__proto__", "constructor"), { maxLength: 5 });
const snapshots = fc.record({ routes: names, models: fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }), secret: fc.nat(2), isAnonymous: fc.boolean() }).map(({ routes, models, secret, isAnonymous }) =>
  snapshotOf(Object.fromEntries(routes.map((id, index) => [id, route(`model-${models[index]}`)])), {
    credentials: { "team/openai-key/api-key": new Secret(`sk-${secret}`) },
    settings: { ...defaultSettings, anonymous: isAnonymous },
  }));

describe("a delta", () => {
  test("leads from any snapshot to any other, to the same hash and the same text", () => {
    fc.assert(fc.property(snapshots, snapshots, (from, to) => {
      const { snapshot } = applyDelta(from, overTheWire(from, to));
      expect(snapshot && version(snapshot)).toBe(version(to));
      expect(canonical(snapshot)).toBe(canonical(to));
    }));
  });

  test("names only what differs", () => {
    const from = snapshotOf({ "team/a": route("one"), "team/b": route("two"), "team/c": route("three") });
    const to = snapshotOf({ "team/a": route("one"), "team/b": route("other"), "team/d": route("four") });
    expect(diff(from, to)).toEqual({ upserts: { routes: { "team/b": route("other"), "team/d": route("four") } }, removes: { routes: ["team/c"] } });
    expect(differences(from, to)).toEqual([
      { section: "routes", id: "team/b", kind: "changed" },
      { section: "routes", id: "team/c", kind: "removed" },
      { section: "routes", id: "team/d", kind: "added" },
    ]);
  });

  test("of a snapshot to itself is empty and changes nothing", () => {
    const snapshot = numbered(1);
    expect(diff(snapshot, numbered(1))).toEqual({ upserts: {}, removes: {} });
    expect(applyDelta(snapshot, { upserts: {}, removes: {} }).snapshot).toEqual(snapshot);
  });

  test("tells a rotated credential, and only to the wire", () => {
    const to = { ...numbered(1), credentials: { "team/openai-key/api-key": new Secret("sk-rotated") } };
    const delta = diff(numbered(1), to);
    expect(Object.keys(delta.upserts)).toEqual(["credentials"]);
    expect(JSON.stringify(delta)).not.toContain("sk-rotated");
    expect(canonical(delta)).toContain("sk-rotated");
  });

  test("leaves what it does not touch the same object", () => {
    const from = snapshotOf({ "team/a": route("one"), "team/b": route("two") });
    const to = snapshotOf({ "team/a": route("one"), "team/b": route("other") });
    const { snapshot } = applyDelta(from, overTheWire(from, to));
    expect(snapshot?.routes["team/a"]).toBe(from.routes["team/a"]);
    expect(snapshot?.providers).toBe(from.providers);
  });

  test.each([
    ["is no object", 7, /shape of a delta/],
    ["touches an unknown section", { upserts: { magic: {} }, removes: {} }, /shape of a delta/],
    ["brings a resource of the wrong shape", { upserts: { routes: { "team/a": { models: 1 } } }, removes: {} }, /expected array/i],
    ["takes away what is still referred to", { upserts: {}, removes: { providers: ["team/openai"] } }, /provider team\/openai is not in the snapshot/],
    ["brings a reference to nothing", { upserts: { providers: { "team/openai": provider("team/gone/key") } }, removes: {} }, /credential team\/gone\/key is not in the snapshot/],
  ])("that %s is refused with a reason", (_, change, reason) => {
    const { snapshot, problems } = applyDelta(numbered(1), change);
    expect(snapshot).toBeUndefined();
    expect(problems?.map((problem) => problem.message).join()).toMatch(reason);
  });
});
