// The operator's story on a fake clock: when it looks, when it does not, and what it makes of a wiped world.
import { describe, expect, test } from "vitest";
import type { Compiled } from "../../../operator/compile/compile.ts";
import { Editions } from "../../../operator/publish/editions.ts";
import { startReconcile, type Outcome } from "../../../operator/reconcile.ts";
import type { InvalidObject, World } from "../../../operator/world.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { route, snapshotOf } from "../../feed/snapshots.ts";

// Which kind an object is does not matter here; an invalid one is the smallest.
const invalid = (name: string): InvalidObject => ({ kind: "LLMRoute", metadata: { name, namespace: "team" }, problems: [] });

const worldOf = (...names: string[]): World => ({
  providers: {}, routes: {}, budgets: {}, secrets: {}, configMaps: {}, namespaces: {}, gateways: {},
  invalid: Object.fromEntries(names.map((name) => [`LLMRoute/team/${name}`, invalid(name)])),
});

const compile = (world: World): Compiled => ({
  snapshots: { default: snapshotOf(Object.fromEntries(Object.values(world.invalid).map(({ metadata }) => [`team/${metadata.name}`, route(metadata.name)]))) },
  diagnostics: {},
});

const setUp = (compiling: (world: World) => Compiled = compile) => {
  const clock = fakeClock();
  const editions = new Editions(1);
  const outcomes: Outcome[] = [];
  const said: string[] = [];
  const state = { world: worldOf("a", "b", "c", "d"), looks: 0 };
  const reconciler = startReconcile({
    look: () => ((state.looks += 1), state.world),
    compile: compiling,
    publish: (snapshots) => [...snapshots].map((snapshot) => editions.publish(snapshot)).filter((publication) => publication !== undefined),
    report: (outcome) => outcomes.push(outcome),
    clock,
    secondLookMs: 2000,
    say: (message) => said.push(message),
  });
  const pass = (world: World): void => {
    state.world = world;
    reconciler.changed();
    clock.advance(20);
  };
  const served = (): string[] => Object.keys(editions.newest({ gateway: "default" })?.snapshot.routes ?? {});
  return { clock, outcomes, said, state, reconciler, pass, served };
};

describe("reconcile", () => {
  test("makes one pass of many changes, 20 ms after the last", () => {
    const { clock, reconciler, state, outcomes } = setUp();
    for (let change = 0; change < 10; change += 1) {
      reconciler.changed();
      clock.advance(19);
    }
    expect(state.looks).toBe(0);
    clock.advance(1);
    expect(state.looks).toBe(1);
    expect(outcomes[0]).toMatchObject({ changedTick: 0, publications: [{ before: undefined }] });
    expect(clock.pending).toBe(0);
  });

  test("does not wait longer than 500 ms, however many changes come", () => {
    const { clock, reconciler, state } = setUp();
    for (let at = 0; at < 500; at += 10) {
      reconciler.changed();
      clock.advance(10);
    }
    expect(state.looks).toBe(1);
  });

  test("publishes nothing when the world compiles to the same, and reports all the same", () => {
    const { pass, outcomes } = setUp();
    pass(worldOf("a", "b"));
    pass(worldOf("a", "b"));
    expect(outcomes.map(({ publications }) => publications.length)).toEqual([1, 0]);
  });

  test("counts from when a change was first heard of, also if that was elsewhere", () => {
    const { clock, reconciler, outcomes } = setUp();
    clock.advance(100);
    reconciler.changed(70);
    clock.advance(20);
    expect(outcomes[0]?.changedTick).toBe(70);
  });

  test("keeps what is in force when compile fails, and goes on with the next change", () => {
    let isPoisoned = false;
    const { pass, served, said } = setUp((world) => {
      if (isPoisoned) throw new Error("poison");
      return compile(world);
    });
    pass(worldOf("a", "b", "c"));
    isPoisoned = true;
    pass(worldOf("a", "b", "poison"));
    expect(served()).toEqual(["team/a", "team/b", "team/c"]);
    expect(said[0]).toMatch(/could not be compiled, the last good configuration stays in force: Error: poison/);
    isPoisoned = false;
    pass(worldOf("a", "b", "d"));
    expect(served()).toEqual(["team/a", "team/b", "team/d"]);
  });

  test("keeps the last good snapshot of a mass deletion until a second look", () => {
    const { clock, pass, served, said } = setUp();
    pass(worldOf("a", "b", "c", "d"));
    pass(worldOf("a"));
    expect(served()).toHaveLength(4);
    expect(said).toEqual(["3 of 4 objects are gone at once; the last good configuration stays in force until a second look in 2 s"]);
    clock.advance(1999);
    expect(served()).toHaveLength(4);
    clock.advance(1);
    expect(served()).toEqual(["team/a"]);
    expect(clock.pending).toBe(0);
  });

  test("forgets a mass deletion that is taken back in time", () => {
    const { clock, pass, served } = setUp();
    pass(worldOf("a", "b", "c", "d"));
    pass(worldOf());
    pass(worldOf("a", "b", "c", "e"));
    expect(served()).toEqual(["team/a", "team/b", "team/c", "team/e"]);
    clock.advance(10_000);
    expect(served()).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  test("lets half of all objects go without asking, and sees through a change of the rest", () => {
    const { pass, served } = setUp();
    pass(worldOf("a", "b", "c", "d"));
    pass(worldOf("a", "b"));
    expect(served()).toEqual(["team/a", "team/b"]);
    pass(worldOf("x", "y", "z"));
    expect(served()).toEqual(["team/a", "team/b"]);
  });

  test("looks twice before it believes that there is nothing at all", () => {
    const { clock, pass, outcomes, said } = setUp();
    pass(worldOf());
    expect(outcomes).toEqual([]);
    expect(said[0]).toMatch(/there is no object at all/);
    clock.advance(2000);
    expect(outcomes).toHaveLength(1);
  });

  test("believes it at once where nobody has published before, and is as careful as ever from then on", () => {
    const { clock, pass, reconciler, outcomes, served } = setUp();
    pass(worldOf());
    reconciler.beginsEmpty();
    clock.advance(100);
    expect(outcomes).toHaveLength(1);
    expect(clock.pending).toBe(0);
    pass(worldOf("a", "b", "c"));
    pass(worldOf());
    expect(served()).toHaveLength(3);
  });

  test("leaves no timer behind when it is closed", () => {
    const { clock, pass, reconciler, outcomes } = setUp();
    pass(worldOf());
    reconciler.changed();
    reconciler.close();
    expect(clock.pending).toBe(0);
    expect(outcomes).toEqual([]);
  });
});
