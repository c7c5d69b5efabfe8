// Of a compiler that remembers, and one without a memory that it must equal byte for byte, whatever was edited in between.
// And what an edit costs: only what looked at the edited object is made again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gatewaySettings } from "../../../crds/gateway-settings.ts";
import { canonical, snapshotVersion } from "../../../dataplane/snapshot/canonical.ts";
import type { Snapshot } from "../../../dataplane/snapshot/schema.ts";
import { Compiler, compileWorld, type Compiled } from "../../../operator/compile/compile.ts";
import { keyOf } from "../../../operator/world.ts";
import { readObject } from "../../../operator/watch/kinds.ts";
import { WorldBuilder, type World } from "../../../operator/watch/world.ts";
import { runsOf } from "../../doubles/runs.ts";
import { largeWorld } from "./large-world.ts";
import { objects, read, type Read } from "./random-objects.ts";

/** One edit of a world: what it says is put in place of what is there, or one of the objects there is deleted, or gateways are. */
type Edit =
  | { readonly kind: "put"; readonly read: Read }
  | { readonly kind: "delete"; readonly at: number }
  | { readonly kind: "gateways"; readonly names: readonly string[]; readonly privateRanges: readonly string[] }
  /** The same objects once more, read anew. */
  | { readonly kind: "reread" };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("put" as const), read }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), at: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("gateways" as const), names: fc.constantFrom([], ["edge"], ["edge", "moon"]), privateRanges: fc.constantFrom([], ["10.0.0.0/8"]) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reread" as const }) },
);

class EditedWorld {
  readonly #builder = new WorldBuilder();
  readonly #reads = new Map<string, Read>();

  constructor(reads: readonly Read[]) {
    for (const one of reads) this.#put(one);
  }

  get world(): World {
    return this.#builder.world();
  }

  apply(change: Edit): void {
    if (change.kind === "put") this.#put(change.read);
    else if (change.kind === "delete") this.#delete([...this.#reads.values()][change.at % Math.max(1, this.#reads.size)]);
    else if (change.kind === "reread") for (const one of this.#reads.values()) this.#put({ ...one, content: structuredCloneOf(one) });
    else this.#builder.setGateways(Object.fromEntries(change.names.map((name) => [name, gatewaySettings.parse({ privateRanges: change.privateRanges })])));
  }

  #put(one: Read): void {
    this.#reads.set(keyOf(one.ref), one);
    this.#builder.put(one.ref, one.content);
  }

  #delete(one: Read | undefined): void {
    if (one === undefined) return;
    this.#reads.delete(keyOf(one.ref));
    this.#builder.remove(one.ref);
  }
}

/** Another object with the same content: as a file that was saved again gives it. Secrets stay the objects that they are. */
const structuredCloneOf = ({ content }: Read): Read["content"] => ("value" in content ? ({ ...content, value: { ...content.value } } as Read["content"]) : content);

const bytesOf = ({ snapshots, diagnostics }: Compiled): string => {
  const spelt = Object.values(snapshots).map((snapshot) => `${snapshotVersion(snapshot)} ${orderOf(snapshot)} ${canonical(snapshot)}`);
  return [Object.keys(snapshots).join(), ...spelt, JSON.stringify(diagnostics)].join("\n");
};

const orderOf = ({ providers, routes, callers, credentials }: Snapshot): string => [providers, routes, callers, credentials].map((section) => Object.keys(section).join()).join(";");

describe("a compiler that remembers, after any edits", () => {
  it("gives the bytes and the reports of one that does not", () => {
    const property = fc.property(objects, fc.array(edit, { minLength: 1, maxLength: 12 }), (reads, edits) => {
      const edited = new EditedWorld(reads);
      const compiler = new Compiler();
      expect(bytesOf(compiler.compile(edited.world))).toBe(bytesOf(compileWorld(edited.world)));
      for (const change of edits) {
        edited.apply(change);
        expect(bytesOf(compiler.compile(edited.world))).toBe(bytesOf(compileWorld(edited.world)));
      }
    });
    fc.assert(property, { numRuns: runsOf(100) });
  });

  it("never changes what it gave out before", () => {
    const property = fc.property(objects, fc.array(edit, { minLength: 2, maxLength: 6 }), (reads, edits) => {
      const edited = new EditedWorld(reads);
      const compiler = new Compiler();
      const given: { readonly compiled: Compiled; readonly bytes: string }[] = [];
      for (const change of edits) {
        const compiled = compiler.compile(edited.world);
        given.push({ compiled, bytes: canonical(compiled) });
        edited.apply(change);
      }
      for (const { compiled, bytes } of given) expect(canonical(compiled)).toBe(bytes);
    });
    fc.assert(property, { numRuns: runsOf(40) });
  });

  it("would be seen to be wrong if it forgot to look at a Secret: the canary", () => {
    const property = fc.property(objects, fc.array(edit, { minLength: 1, maxLength: 12 }), (reads, edits) => {
      const edited = new EditedWorld(reads);
      const compiler = new Compiler();
      const { secrets } = edited.world;
      for (const change of edits) {
        edited.apply(change);
        if (bytesOf(compiler.compile({ ...edited.world, secrets })) !== bytesOf(compileWorld(edited.world))) return false;
      }
      return true;
    });
    expect(fc.check(property, { numRuns: 300, endOnFailure: true }).failed).toBe(true);
  });
});

describe("of a large world, an edit", () => {
  const put = (builder: WorldBuilder, object: object): void => {
    const reading = readObject(object, () => undefined);
    if (reading.outcome !== "read") throw new Error("it does not read");
    builder.put(reading.ref, reading.content);
  };

  const changedIn = (before: Snapshot | undefined, after: Snapshot | undefined): string[] =>
    (["providers", "routes", "callers", "credentials"] as const).flatMap((section) =>
      Object.keys(after?.[section] ?? {}).filter((id) => before?.[section][id] !== after?.[section][id]).map((id) => `${section}/${id}`),
    );

  const edited = (object: object): { changed: string[]; told: string[] } => {
    const builder = largeWorld();
    const compiler = new Compiler();
    const before = compiler.compile(builder.world());
    put(builder, object);
    const after = compiler.compile(builder.world());
    const told = Object.keys(after.diagnostics).filter((key) => before.diagnostics[key] !== after.diagnostics[key]);
    return { changed: changedIn(before.snapshots["default"], after.snapshots["default"]), told };
  };

  it("of a route makes that route anew and no other resource", () => {
    const spec = { models: ["model-7"], targets: [{ providerRef: { name: "provider-7" }, model: "small" }] };
    const { changed, told } = edited({ apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { name: "route-7", namespace: "team-7", creationTimestamp: "2026-01-01T00:00:07Z" }, spec });
    // It gave up the name alias-7, which another route had lost to it.
    expect(changed).toEqual(["routes/team-7/route-7", "routes/team-7/route-707"]);
    expect(told).toEqual(["LLMRoute/team-7/route-7", "LLMRoute/team-7/route-707"]);
  });

  it("of a key makes its provider and the provider's routes anew, and tells of the provider alone", () => {
    const { changed, told } = edited({ apiVersion: "v1", kind: "Secret", metadata: { name: "key-3", namespace: "team-3" }, stringData: { "api-key": "sk-new" } });
    expect(changed.filter((id) => !id.startsWith("routes/"))).toEqual(["providers/team-3/provider-3", "credentials/team-3/key-3/api-key"]);
    expect(changed.filter((id) => id.startsWith("routes/"))).toHaveLength(5);
    expect(told).toEqual(["LLMProvider/team-3/provider-3"]);
  });

  it("that changes nothing gives the same objects again", () => {
    const builder = largeWorld();
    const compiler = new Compiler();
    const before = compiler.compile(builder.world());
    put(builder, { apiVersion: "v1", kind: "Secret", metadata: { name: "unrelated", namespace: "team-3" }, stringData: { "api-key": "x" } });
    const after = compiler.compile(builder.world());
    expect(after.snapshots["default"]).toBe(before.snapshots["default"]);
    expect(after.diagnostics).toBe(before.diagnostics);
  });
});
