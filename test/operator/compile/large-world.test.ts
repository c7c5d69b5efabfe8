// A world as large as the figures speak of comes out whole. What it costs is a figure of `npm run bench:push`: a test
// that asks for milliseconds fails on a busy machine and proves nothing on an idle one.
import { expect, it } from "vitest";
import { compileWorld } from "../../../operator/compile/compile.ts";
import { largeObjects, largeWorld } from "./large-world.ts";

it("compiles 2,000 objects into 1,000 routes with everything they need", () => {
  expect(largeObjects()).toHaveLength(2000);
  const snapshot = compileWorld(largeWorld().world()).snapshots["default"];
  expect(Object.keys(snapshot?.routes ?? {})).toHaveLength(1000);
  const targets = Object.values(snapshot?.routes ?? {}).flatMap((route) => route.rules.flatMap((rule) => rule.targets));
  expect(targets.length).toBeGreaterThanOrEqual(1000);
  expect(targets.every((target) => Object.hasOwn(snapshot?.providers ?? {}, target.provider))).toBe(true);
});
