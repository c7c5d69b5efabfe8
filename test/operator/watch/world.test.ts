// The world: one object at a time, frozen, and what counts as a wiped store.
import { describe, expect, it } from "vitest";
import { readObject } from "../../../operator/watch/kinds.ts";
import { massDeletion, WorldBuilder, type World } from "../../../operator/watch/world.ts";

const secret = (name: string, value = "sk-1") => ({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { "api-key": value } });
const route = (name: string, extra: object = {}) => ({
  apiVersion: "llmgateway.io/v1alpha1",
  kind: "LLMRoute",
  metadata: { name },
  spec: { models: [name], targets: [{ providerRef: { name: "openai" } }], ...extra },
});

const builderOf = (...objects: object[]): WorldBuilder => {
  const builder = new WorldBuilder();
  for (const object of objects) put(builder, object);
  return builder;
};

const put = (builder: WorldBuilder, object: object): void => {
  const reading = readObject(object, () => undefined);
  if (reading.outcome !== "read") throw new Error("not an object of the world");
  builder.put(reading.ref, reading.content);
};

const routes = (count: number): World => builderOf(...Array.from({ length: count }, (_, index) => route(`r${index}`))).world();

describe("the world", () => {
  it("always has a gateway called default", () => {
    const builder = new WorldBuilder();
    expect(Object.keys(builder.world().gateways)).toEqual(["default"]);
    const settings = builder.world().gateways["default"];
    if (settings !== undefined) builder.setGateways({ edge: { ...settings, anonymous: true } });
    expect(Object.keys(builder.world().gateways).toSorted()).toEqual(["default", "edge"]);
  });

  it("takes an object in place of the earlier one of its name, also when it does not parse any more", () => {
    const builder = builderOf(route("a"));
    expect(Object.keys(builder.world().routes)).toEqual(["default/a"]);
    put(builder, route("a", { nonsense: 1 }));
    expect(Object.keys(builder.world().routes)).toEqual([]);
    expect(Object.keys(builder.world().invalid)).toEqual(["LLMRoute/default/a"]);
    put(builder, route("a"));
    expect(Object.keys(builder.world().invalid)).toEqual([]);
    builder.remove({ kind: "LLMRoute", namespace: "default", name: "a" });
    expect(Object.keys(builder.world().routes)).toEqual([]);
  });

  it("does not change what it gave out before", () => {
    const builder = builderOf(route("a"));
    const before = builder.world();
    put(builder, route("b"));
    put(builder, secret("s"));
    expect(Object.keys(before.routes)).toEqual(["default/a"]);
    expect(Object.keys(before.secrets)).toEqual([]);
  });

  it("is frozen to the bottom", () => {
    const world = builderOf(route("a"), secret("s")).world();
    expect(() => Object.assign(world.routes, { x: 1 })).toThrow(TypeError);
    expect(() => Object.assign(world.routes["default/a"]?.spec.targets?.[0] ?? {}, { weight: 9 })).toThrow(TypeError);
    expect(() => Object.assign(world.secrets["default/s"]?.data ?? {}, { x: 1 })).toThrow(TypeError);
  });

  it("shows no value of a Secret when it is printed", () => {
    const world = builderOf(secret("s", "sk-very-secret")).world();
    expect(JSON.stringify(world)).not.toContain("sk-very-secret");
    expect(world.secrets["default/s"]?.data["api-key"]?.reveal()).toBe("sk-very-secret");
  });
});

describe("a mass deletion", () => {
  it.each([[8, 0], [8, 3], [7, 3], [4, 0], [3, 0], [1, 0]])("is %i objects becoming %i", (before, after) => {
    expect(massDeletion(routes(before), routes(after))).toEqual({ gone: before - after, known: before });
  });

  it.each([[8, 4], [8, 8], [2, 1], [0, 0], [0, 5], [100, 50]])("is not %i objects becoming %i", (before, after) => {
    expect(massDeletion(routes(before), routes(after))).toBeNull();
  });

  it("counts objects by name, so that others in their place do not hide it", () => {
    const others = builderOf(...Array.from({ length: 8 }, (_, index) => route(`other-${index}`))).world();
    expect(massDeletion(routes(8), others)).toEqual({ gone: 8, known: 8 });
  });

  it("does not take an object that no longer parses for a deleted one", () => {
    const invalid = builderOf(...Array.from({ length: 8 }, (_, index) => route(`r${index}`, { nonsense: 1 }))).world();
    expect(massDeletion(routes(8), invalid)).toBeNull();
  });

  it("counts Secrets and ConfigMaps too", () => {
    const secrets = Array.from({ length: 6 }, (_, index) => secret(`s${index}`));
    expect(massDeletion(builderOf(route("a"), ...secrets).world(), builderOf(route("a")).world())).toEqual({ gone: 6, known: 7 });
  });
});
