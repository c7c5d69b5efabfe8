// Every source file is reached from an entry point; what only tests reach is a part of a test and lives there.
import { describe, expect, it } from "vitest";
import { deadIn, startsOf } from "./dead.ts";
import { readText, sourceOf, sources } from "./sources.ts";

/** What is started by something that package.json does not name: the operator, a cluster. */
const otherStarts = ["dataplane/main.ts", "operator/main.ts"];

describe("the files", () => {
  it("are all reached", () => {
    expect(deadIn(sources(), [...startsOf(JSON.parse(readText("package.json"))), ...otherStarts])).toEqual([]);
  });
});

describe("canaries", () => {
  const files = [
    sourceOf("operator/cli/main.ts", 'import "../world.ts"; new Worker(new URL("../worker.ts", import.meta.url));'),
    sourceOf("operator/world.ts", ""),
    sourceOf("operator/worker.ts", ""),
    sourceOf("operator/old.ts", 'import "./world.ts";'),
    sourceOf("operator/tested-only.ts", ""),
    sourceOf("test/operator/a.test.ts", 'import "../../operator/tested-only.ts"; import "../doubles/used.ts";'),
    sourceOf("test/doubles/used.ts", ""),
    sourceOf("test/doubles/unused.ts", ""),
  ];

  it("a file that nobody imports, one that only a test imports, and an unused double are found", () => {
    expect(deadIn(files, ["operator/cli/main.ts"])).toEqual(["operator/old.ts", "operator/tested-only.ts", "test/doubles/unused.ts"]);
  });

  it("the starts are read from scripts and commands", () => {
    expect(startsOf({ bin: { llmgw: "./operator/cli/llmgw.js" }, scripts: { generate: "node a.ts && node b/c.ts", test: "vitest run" } })).toEqual(["operator/cli/llmgw.js", "a.ts", "b/c.ts"]);
  });
});
