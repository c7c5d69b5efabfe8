// What is cut out of a gateway's snapshot for a sidecar: all that its namespace may use, and nothing that belongs to others.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { audienceKey, isConcerned, viewFor } from "../../../operator/publish/audience.ts";
import { Editions } from "../../../operator/publish/editions.ts";
import { canonical } from "../../../dataplane/snapshot/canonical.ts";
import { checkSnapshot } from "../../../dataplane/snapshot/check.ts";
import type { Caller, Provider, Route, Snapshot } from "../../../dataplane/snapshot/schema.ts";
import { Secret } from "../../../dataplane/snapshot/secret.ts";
import { provider, route, snapshotOf, version } from "../../feed/snapshots.ts";

const namespaces = ["team-a", "team-b", "team-c"];
const teams = ["red", "blue"];
const providerIds = namespaces.flatMap((namespace) => [`${namespace}/one`, `${namespace}/two`]);

const routeTo = (id: string, access: Route["access"]): Route => ({ ...route(`model-${id}`), access, rules: [{ name: "only", targets: [{ name: "a", provider: id, weight: 1, priority: 0 }] }] });
const credentialOf = (id: string): string => `${id}-key/api-key`;

const accesses: fc.Arbitrary<Route["access"]> = fc.record({
  namespaces: fc.uniqueArray(fc.constantFrom(...namespaces), { maxLength: 3 }),
  teams: fc.uniqueArray(fc.constantFrom(...teams), { minLength: 1, maxLength: 2 }),
  serviceAccounts: fc.uniqueArray(fc.constantFrom(...namespaces.map((namespace) => `${namespace}/robot`)), { minLength: 1, maxLength: 2 }),
}, { requiredKeys: [] });
const routes = fc.array(fc.tuple(fc.constantFrom(...providerIds), accesses), { maxLength: 8 });
const callers = fc.array(fc.record({ namespace: fc.constantFrom(...namespaces), team: fc.option(fc.constantFrom(...teams), { nil: undefined }) }), { maxLength: 6 });

type Chosen = readonly (readonly [string, Route["access"]])[];
type Known = readonly { namespace: string; team: string | undefined }[];

const built = (chosen: Chosen, known: Known): Snapshot => {
  const providers: [string, Provider][] = providerIds.map((id) => [id, provider(credentialOf(id))]);
  const entries = known.map(({ namespace, team }, index): [string, Caller] => [String(index).padStart(64, "0"), { name: `${namespace}/caller-${index}`, namespace, ...(team !== undefined && { team }) }]);
  return snapshotOf(Object.fromEntries(chosen.map(([id, access], index) => [`owner/route-${index}`, routeTo(id, access)])), {
    providers: Object.fromEntries(providers),
    callers: Object.fromEntries(entries),
    credentials: Object.fromEntries(providerIds.map((id) => [credentialOf(id), new Secret(`sk-of-${id}`)])),
  });
};

/** Read off the access of a route, without the code under test. */
const mayUse = ({ access }: Route, namespace: string, snapshot: Snapshot): boolean => {
  const own = Object.values(snapshot.callers).filter((caller) => caller.namespace === namespace);
  const isHome = access.namespaces === undefined || access.namespaces.includes(namespace);
  const hasRobot = access.serviceAccounts === undefined || access.serviceAccounts.includes(`${namespace}/robot`);
  const hasTeam = access.teams === undefined || own.some((caller) => access.teams?.includes(caller.team ?? "") === true);
  return isHome && hasRobot && hasTeam;
};

describe("what a sidecar gets of a gateway", () => {
  test("has every route that its namespace may use and no other, each with all that it needs", () => {
    fc.assert(fc.property(routes, callers, fc.constantFrom(...namespaces), (chosen, known, namespace) => {
      const snapshot = built(chosen, known);
      const view = viewFor(snapshot, namespace);
      const usable = Object.entries(snapshot.routes).filter(([, one]) => mayUse(one, namespace, snapshot)).map(([id]) => id);
      expect(Object.keys(view.routes)).toEqual(usable);
      expect(checkSnapshot(JSON.parse(canonical(view))).problems).toBeUndefined();
    }));
  });

  test("holds no secret of a provider that none of its routes leads to, and no caller of another namespace", () => {
    fc.assert(fc.property(routes, callers, fc.constantFrom(...namespaces), (chosen, known, namespace) => {
      const snapshot = built(chosen, known);
      const spelt = canonical(viewFor(snapshot, namespace));
      const used = new Set(Object.values(snapshot.routes).filter((one) => mayUse(one, namespace, snapshot)).flatMap((one) => one.rules.flatMap((rule) => rule.targets.map((target) => target.provider))));
      for (const id of providerIds) expect(spelt.includes(`sk-of-${id}`)).toBe(used.has(id));
      for (const other of namespaces.filter((name) => name !== namespace)) {
        expect(spelt).not.toContain(`${other}/caller-`);
        expect(spelt).not.toContain(`${other}/robot`);
      }
    }));
  });

  test("does not tell who else may use a route", () => {
    const view = viewFor(built([["team-a/one", { namespaces }]], []), "team-b");
    expect(Object.values(view.routes)[0]?.access).toEqual({ namespaces: ["team-b"] });
  });

  test("is the same after a change that only others see, so that nothing is pushed", () => {
    const before = built([["team-a/one", { namespaces: ["team-a"] }], ["team-b/one", {}]], [{ namespace: "team-a", team: "red" }]);
    const after: Snapshot = {
      ...before,
      routes: { ...before.routes, "owner/route-0": routeTo("team-a/two", { namespaces: ["team-a"] }) },
      credentials: { ...before.credentials, [credentialOf("team-a/one")]: new Secret("sk-rotated") },
    };
    expect(version(after)).not.toBe(version(before));
    expect(version(viewFor(after, "team-b"))).toBe(version(viewFor(before, "team-b")));
    expect(version(viewFor(after, "team-a"))).not.toBe(version(viewFor(before, "team-a")));
  });

  test("of a namespace that may use nothing is a snapshot that refuses everything", () => {
    const view = viewFor(built([["team-a/one", { namespaces: ["team-a"] }]], []), "team-c");
    expect(view).toMatchObject({ routes: {}, providers: {}, callers: {}, credentials: {} });
  });

  test("leaves a route that it need not narrow the same object, and narrows another one once", () => {
    const snapshot = built([["team-a/one", {}], ["team-a/two", { namespaces }]], []);
    const [first, second] = [viewFor(snapshot, "team-a"), viewFor(snapshot, "team-a")];
    expect(first.routes["owner/route-0"]).toBe(snapshot.routes["owner/route-0"]);
    expect(first.routes["owner/route-1"]).toBe(second.routes["owner/route-1"]);
  });

  test("has a name of its own beside its gateway's", () => {
    expect(new Set([audienceKey({ gateway: "a" }), audienceKey({ gateway: "a", namespace: "b" }), audienceKey({ gateway: "a", namespace: "c" }), audienceKey({ gateway: "b" })]).size).toBe(4);
  });
});

describe("what sidecars get after an edit", () => {
  type World = { readonly chosen: Chosen; readonly known: Known; readonly rotated: number };
  const replaced = <Value>(list: readonly Value[], at: number, value: Value | undefined): Value[] => list.flatMap((one, index) => (index !== at ? [one] : value === undefined ? [] : [value]));
  const edit: fc.Arbitrary<(world: World) => World> = fc.oneof(
    fc.tuple(fc.nat(8), fc.option(fc.tuple(fc.constantFrom(...providerIds), accesses), { nil: undefined })).map(([at, one]) => (world: World) => ({ ...world, chosen: replaced(world.chosen, at, one) })),
    fc.tuple(fc.nat(6), fc.option(fc.record({ namespace: fc.constantFrom(...namespaces), team: fc.option(fc.constantFrom(...teams), { nil: undefined }) }), { nil: undefined })).map(([at, one]) => (world: World) => ({ ...world, known: replaced(world.known, at, one) })),
    fc.nat(providerIds.length - 1).map((rotated) => (world: World) => ({ ...world, rotated })),
  );
  const rebuilt = ({ chosen, known, rotated }: World): Snapshot => {
    const snapshot = built(chosen, known);
    return { ...snapshot, credentials: { ...snapshot.credentials, [credentialOf(providerIds[rotated] ?? "")]: new Secret("sk-rotated") } };
  };

  test("is cut anew where the edit concerns them, and otherwise is what they have", () => {
    let spared = 0;
    fc.assert(fc.property(routes, callers, fc.array(edit, { minLength: 1, maxLength: 8 }), (chosen, known, edits) => {
      const editions = new Editions(1);
      let world: World = { chosen, known, rotated: 0 };
      for (const change of [(same: World) => same, ...edits]) {
        world = change(world);
        const snapshot = rebuilt(world);
        const { before, differences = [] } = editions.publish(snapshot) ?? {};
        for (const namespace of namespaces) {
          expect(editions.newest({ gateway: "default", namespace })?.version).toBe(version(viewFor(snapshot, namespace)));
          if (before !== undefined && !isConcerned(namespace, viewFor(before.snapshot, namespace), { before: before.snapshot, after: snapshot, differences })) spared += 1;
        }
      }
    }));
    // Or nothing was kept, and nothing was proved.
    expect(spared).toBeGreaterThan(50);
  });
});
