// Imports go downwards, peers do not know each other, and nothing goes round in circles; type imports count.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { knotsIn, placeIn, problemOf, type Edge } from "./ranks.ts";
import { root, sourceOf, sources } from "./sources.ts";

const edges: Edge[] = sources().flatMap((source) =>
  source.imports.flatMap(({ path, how }) => (path === null || how === "File" ? [] : [{ from: source.path, to: path }])),
);

describe("the imports", () => {
  it("are found at all", () => {
    expect(edges.length).toBeGreaterThan(300);
    expect(edges).toContainEqual({ from: "dataplane/request/handle.ts", to: "dataplane/request/stream.ts" });
  });

  it("lead to files that are there", () => {
    expect(edges.filter(({ to }) => !existsSync(join(root, to)))).toEqual([]);
  });

  it("start from files whose rank is known", () => {
    expect(sources().map(({ path }) => path).filter((path) => placeIn(path) === null)).toEqual([]);
  });

  it("go downwards", () => {
    expect(edges.map(problemOf).filter((problem) => problem !== null)).toEqual([]);
  });

  it("have no cycle", () => {
    expect(knotsIn(edges)).toEqual([]);
  });

  it("do not take a test file for a library", () => {
    expect(edges.filter(({ to }) => to.endsWith(".test.ts"))).toEqual([]);
  });
});

describe("canaries: what must be refused", () => {
  const refused: Record<string, Edge> = {
    "request/ does not import server.ts": { from: "dataplane/request/decide.ts", to: "dataplane/server.ts" },
    "folders of one rank are strangers": { from: "dataplane/policies/balance.ts", to: "dataplane/providers/names.ts" },
    "a single file does not import a folder of its rank": { from: "dataplane/clock.ts", to: "dataplane/wire/json.ts" },
    "the operator does not import telemetry": { from: "operator/reconcile.ts", to: "dataplane/telemetry/log.ts" },
    "the data plane does not import the operator": { from: "dataplane/main.ts", to: "operator/clock.ts" },
    "the data plane does not import crds": { from: "dataplane/main.ts", to: "crds/route.ts" },
    "crds import nothing": { from: "crds/route.ts", to: "dataplane/snapshot/schema.ts" },
    "sources do not import tests": { from: "dataplane/server.ts", to: "test/doubles/clock.ts" },
    "compile does not import publish": { from: "operator/compile/compile.ts", to: "operator/publish/server.ts" },
    "reconcile does not import the demo": { from: "operator/reconcile.ts", to: "operator/demo/server.ts" },
    "a step does not import a step": { from: "dataplane/request/decide.ts", to: "dataplane/request/admit.ts" },
    "a protocol does not import a protocol": { from: "dataplane/protocols/gemini/index.ts", to: "dataplane/protocols/openai-chat/index.ts" },
    "a file without a rank is not overlooked": { from: "dataplane/somewhere/new.ts", to: "dataplane/errors.ts" },
  };

  it.each(Object.entries(refused))("%s", (_, edge) => {
    expect(problemOf(edge)).toContain(edge.from);
  });

  it.each([
    { from: "dataplane/telemetry/log.ts", to: "dataplane/clock.ts" },
    { from: "operator/compile/compile.ts", to: "dataplane/snapshot/schema.ts" },
    { from: "operator/cli/run.ts", to: "operator/demo/server.ts" },
    { from: "dataplane/request/handle.ts", to: "dataplane/request/admit.ts" },
    { from: "dataplane/protocols/index.ts", to: "dataplane/protocols/openai-chat/index.ts" },
  ])("$from may import $to", (edge) => {
    expect(problemOf(edge)).toBeNull();
  });

  it("a cycle is found, through types as well, and through a dynamic import", () => {
    const texts = { "crds/a.ts": 'import type { B } from "./b.ts";', "crds/b.ts": 'export { c } from "./c.ts";', "crds/c.ts": 'await import("./a.ts");' };
    const found = Object.entries(texts).flatMap(([path, text]) => sourceOf(path, text).imports.map(({ path: to }) => ({ from: path, to: to ?? "" })));
    expect(knotsIn([...found, { from: "crds/d.ts", to: "crds/a.ts" }])).toEqual([["crds/a.ts", "crds/b.ts", "crds/c.ts"]]);
  });

  it("an import in a comment or in a string is none, and one over several lines is one", () => {
    const text = ['// import "./no.ts";', "const text = 'import \"./neither.ts\"';", "import {", "  a, // from './remark.ts'", '} from "./yes.ts";', "const r = /[/'\"]/;", 'import "node:fs";'].join("\n");
    expect(sourceOf("crds/a.ts", text).imports.map(({ specifier }) => specifier)).toEqual(["./yes.ts", "node:fs"]);
  });
});
