// What a data plane must not load while it runs, because it costs memory that is never needed: measured, the library of the
// schemas is five megabytes of a process of a hundred. Types may come from anywhere.
import { describe, expect, it } from "vitest";
import { sources } from "./sources.ts";

/** Imports that remain when types are gone. */
const loading = /^(?:import|export)(?! type\b)[^;"']*["']([^"']+)["']/gm;
const heavy = /^zod|\/(?:schema|message-schema|generate)\.ts$/;
/** Where the schemas are written down, and where shapes are made from them. */
const sourcesOfShapes = ["schema.ts", "message-schema.ts", "generate.ts"].map((name) => `dataplane/snapshot/${name}`);

const heavyIn = (text: string): string[] => [...text.matchAll(loading)].flatMap(([, specifier = ""]) => (heavy.test(specifier) ? [specifier] : []));

describe("a data plane", () => {
  it("does not load the schemas or their library: it checks by shapes.ts, which is made from them", () => {
    const running = sources().filter(({ path }) => path.startsWith("dataplane/") && !sourcesOfShapes.includes(path));
    expect(running.length).toBeGreaterThan(100);
    expect(running.flatMap(({ path, text }) => heavyIn(text).map((specifier) => `${path} loads ${specifier}`))).toEqual([]);
  });
});

describe("canaries: what must be seen", () => {
  it.each([
    ['import { z } from "zod";', 1],
    ['import { FORMAT, type Snapshot } from "../snapshot/schema.ts";', 1],
    ['import {\n  type Snapshot,\n} from "./schema.ts";', 1],
    ['export * from "./message-schema.ts";', 1],
    ['import type { z } from "zod";', 0],
    ['import type {\n  Snapshot,\n} from "./schema.ts";', 0],
    ['import { FORMAT } from "./terms.ts";\nconst text = "zod";', 0],
  ])("%s", (text, count) => {
    expect(heavyIn(text)).toHaveLength(count);
  });
});
