// No file over 500 lines, no function over 70, tests and lists of settings included.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FILE_LINES_MAX, FUNCTION_LINES_MAX, longFiles, longFunctions } from "./sizes.ts";
import { sources } from "./sources.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "llmgw-sizes-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the sources", () => {
  it("have no file that is too long", () => {
    expect(longFiles(sources())).toEqual([]);
  });

  it("have no function that is too long", async () => {
    expect(await longFunctions(["dataplane", "operator", "crds", "test"], folder)).toEqual([]);
  });
});

describe("canaries", () => {
  const lines = (count: number): string => "  count += 1;\n".repeat(count);
  const written = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it("a file of one line too many is found, and one that is full is not", () => {
    expect(longFiles([{ path: "a.ts", text: "\n".repeat(FILE_LINES_MAX + 1) }])).toHaveLength(1);
    expect(longFiles([{ path: "a.ts", text: "\n".repeat(FILE_LINES_MAX) }])).toEqual([]);
  });

  it.each([
    ["arrow.ts", `let count = 0;\nexport const f = () => {\n${lines(FUNCTION_LINES_MAX)}};\n`],
    ["plain.ts", `let count = 0;\nexport function f() {\n${lines(FUNCTION_LINES_MAX)}}\n`],
    ["method.ts", `let count = 0;\nexport class C {\n  m(): void {\n${lines(FUNCTION_LINES_MAX)}  }\n}\n`],
    ["called-at-once.ts", `let count = 0;\n(() => {\n${lines(FUNCTION_LINES_MAX)}})();\n`],
    ["a-test.ts", `let count = 0;\nit("is long", () => {\n${lines(FUNCTION_LINES_MAX)}});\n`],
  ])("a function of one line too many is found: %s", async (name, text) => {
    expect(await longFunctions([written(name, text)], folder)).toHaveLength(1);
  });

  it("a list of tests and a function that is just full are not found", async () => {
    const list = written("list.ts", `let count = 0;\ndescribe("many", () => {\n${lines(FUNCTION_LINES_MAX)}  it("is one of them", () => {});\n});\n`);
    const full = written("full.ts", `let count = 0;\nexport const f = () => {\n${lines(FUNCTION_LINES_MAX - 2)}};\n`);
    expect(await longFunctions([list, full], folder)).toEqual([]);
  });
});
