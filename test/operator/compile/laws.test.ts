// The laws of compile, over random worlds: order does not show, the input stays as it was, and nothing that is missing hurts the rest.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, snapshotVersion } from "../../../dataplane/snapshot/canonical.ts";
import { checkSnapshot } from "../../../dataplane/snapshot/check.ts";
import { compileWorld, type Compiled } from "../../../operator/compile/compile.ts";
import { credentialsOf } from "../../../dataplane/snapshot/schema.ts";
import { keyOf } from "../../../operator/world.ts";
import { WorldBuilder, type World } from "../../../operator/watch/world.ts";
import { runsOf } from "../../doubles/runs.ts";
import { objects, type Read } from "./random-objects.ts";

const worldOf = (reads: readonly Read[]): World => {
  const builder = new WorldBuilder();
  builder.setGateways({ edge: builder.world().gateways["default"] ?? fail() });
  for (const read of reads) builder.put(read.ref, read.content);
  return builder.world();
};

const fail = (): never => {
  throw new Error("there is no default gateway");
};

const bytesOf = ({ snapshots, diagnostics }: Compiled): string => canonical({ snapshots, diagnostics });

const isFrozenThroughout = (value: unknown): boolean =>
  typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout));

describe("compile, for any world", () => {
  it("gives the same bytes whatever the order of the objects", () => {
    fc.assert(
      fc.property(objects.chain((reads) => fc.tuple(fc.constant(reads), fc.shuffledSubarray(reads, { minLength: reads.length }))), ([reads, shuffled]) => {
        expect(bytesOf(compileWorld(worldOf(shuffled)))).toBe(bytesOf(compileWorld(worldOf(reads))));
      }),
      { numRuns: runsOf(60) },
    );
  });

  it("would be seen to depend on the order if it did: the canary", () => {
    const careless = (world: World): string => Object.keys(world.routes).join();
    const shuffles = objects.chain((reads) => fc.tuple(fc.constant(reads), fc.shuffledSubarray(reads, { minLength: reads.length })));
    expect(fc.check(fc.property(shuffles, ([reads, shuffled]) => careless(worldOf(reads)) === careless(worldOf(shuffled))), { numRuns: 150, endOnFailure: true }).failed).toBe(true);
  });

  it("leaves its input as it was, frozen to the bottom", () => {
    fc.assert(
      fc.property(objects, (reads) => {
        const world = worldOf(reads);
        const before = canonical(world);
        compileWorld(world);
        expect(canonical(world)).toBe(before);
        expect(isFrozenThroughout(world)).toBe(true);
      }),
      { numRuns: runsOf(40) },
    );
  });

  it("publishes only snapshots that pass the data plane's check, one for each gateway", () => {
    fc.assert(
      fc.property(objects, (reads) => {
        const { snapshots } = compileWorld(worldOf(reads));
        expect(Object.keys(snapshots)).toEqual(["default", "edge"]);
        for (const snapshot of Object.values(snapshots)) {
          expect(checkSnapshot(snapshot).problems).toBeUndefined();
          expect(snapshotVersion(checkSnapshot(snapshot).snapshot ?? snapshot)).toBe(snapshotVersion(snapshot));
        }
      }),
      { numRuns: runsOf(40) },
    );
  });

  it("claims each name of a gateway for one route only", () => {
    fc.assert(
      fc.property(objects, (reads) => {
        for (const { routes } of Object.values(compileWorld(worldOf(reads)).snapshots)) {
          const claims = Object.values(routes).flatMap(({ models }) => models.map(({ match, name }) => `${match} ${name}`));
          expect(new Set(claims).size).toBe(claims.length);
        }
      }),
      { numRuns: runsOf(40) },
    );
  });

  it("carries no provider that no route leads to and no credential that no provider uses", () => {
    fc.assert(
      fc.property(objects, (reads) => {
        for (const { routes, providers, credentials } of Object.values(compileWorld(worldOf(reads)).snapshots)) {
          const led = new Set(Object.values(routes).flatMap(({ rules }) => rules.flatMap(({ targets }) => targets.map((one) => one.provider))));
          const used = new Set(Object.values(providers).flatMap(({ auth }) => credentialsOf(auth).map(({ credential }) => credential)));
          expect(new Set(Object.keys(providers))).toEqual(led);
          expect(new Set(Object.keys(credentials))).toEqual(used);
        }
      }),
      { numRuns: runsOf(40) },
    );
  });

  it("never throws and never takes a route away because another object is gone", () => {
    const case_ = objects.filter((reads) => reads.length > 0).chain((reads) => fc.tuple(fc.constant(reads), fc.nat(reads.length - 1)));
    fc.assert(
      fc.property(case_, ([reads, index]) => {
        const gone = reads[index];
        const before = compileWorld(worldOf(reads)).snapshots;
        const after = compileWorld(worldOf(reads.filter((read) => read !== gone))).snapshots;
        for (const [gateway, snapshot] of Object.entries(before)) {
          const kept = new Set(Object.keys(after[gateway]?.routes ?? {}));
          for (const id of Object.keys(snapshot.routes)) {
            const isGone = gone !== undefined && keyOf(gone.ref) === `LLMRoute/${id}`;
            const derives = reads.some((read) => keyOf(read.ref) === `LLMRoute/${id}` && isWithoutModels(read));
            // A route that takes its names from a provider's list needs that list.
            if (!isGone && !(derives && gone?.ref.kind !== "LLMRoute")) expect(kept).toContain(id);
          }
        }
      }),
      { numRuns: runsOf(80) },
    );
  });

  it("says something about each object of ours", () => {
    fc.assert(
      fc.property(objects, (reads) => {
        const { diagnostics } = compileWorld(worldOf(reads));
        const own = reads.filter((read) => read.ref.kind.startsWith("LLM")).map((read) => keyOf(read.ref));
        expect(Object.keys(diagnostics)).toEqual(expect.arrayContaining(own));
      }),
      { numRuns: runsOf(40) },
    );
  });
});

const isWithoutModels = (read: Read): boolean => read.content.section === "routes" && read.content.value.kind === "LLMRoute" && read.content.value.spec.models === undefined;
