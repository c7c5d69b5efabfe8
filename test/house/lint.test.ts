// The linter's settings do what they are for: each rule that the house relies on is seen to fire, and good code passes.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readText, root } from "./sources.ts";

const samples: Record<string, { readonly rule: string; readonly files: Readonly<Record<string, string>> }> = {
  "a circle of imports, of types too": {
    rule: "import(no-cycle)",
    files: { "dataplane/one.ts": 'import type { Two } from "./two.ts";\nexport type One = Two[];\n', "dataplane/two.ts": 'import type { One } from "./one.ts";\nexport type Two = One[];\n' },
  },
  "any": { rule: "typescript(no-explicit-any)", files: { "dataplane/any.ts": "export const f = (value: any): number => value;\n" } },
  "printing on the data plane": { rule: "eslint(no-console)", files: { "dataplane/print.ts": 'console.log("hello");\n' } },
  "printing in the operator": { rule: "eslint(no-console)", files: { "operator/publish/print.ts": 'console.log("hello");\n' } },
  "what nobody uses": { rule: "eslint(no-unused-vars)", files: { "crds/unused.ts": 'import { join } from "node:path";\nexport const x = 1;\n' } },
  "a value import of types": { rule: "typescript(consistent-type-imports)", files: { "crds/values.ts": 'import { Server } from "node:http";\nexport type S = Server;\n' } },
  "a function that is too long": { rule: "eslint(max-lines-per-function)", files: { "operator/long.ts": `export const f = (): void => {\n${"  f();\n".repeat(70)}};\n` } },
  "a file that is too long": { rule: "eslint(max-lines)", files: { "operator/longer.ts": "export {};\n".repeat(501) } },
  "a test without a claim": { rule: "vitest(expect-expect)", files: { "test/a.test.ts": 'import { it } from "vitest";\nit("does nothing", () => {});\n' } },
  "a test that keeps the others from running": { rule: "vitest(no-focused-tests)", files: { "test/b.test.ts": 'import { expect, it } from "vitest";\nit.only("a", () => {\n  expect(1).toBe(1);\n});\n' } },
};

let folder = "";
let found: readonly { readonly code: string; readonly filename: string }[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "llmgw-lint-"));
  const files = { ...Object.assign({}, ...Object.values(samples).map((sample) => sample.files)), "dataplane/good.ts": "// Good.\nexport const double = (amount: number): number => amount * 2;\n" } as Record<string, string>;
  for (const [path, text] of Object.entries({ ...files, ".oxlintrc.json": readText(".oxlintrc.json") })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/oxlint/bin/oxlint"), "-f", "json"], { cwd: folder, encoding: "utf8" });
  found = (JSON.parse(stdout) as { diagnostics: typeof found }).diagnostics;
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the linter", () => {
  it.each(Object.entries(samples))("finds %s", (_, { rule, files }) => {
    const paths = Object.keys(files);
    expect(found.filter(({ filename }) => paths.includes(filename)).map(({ code }) => code)).toContain(rule);
  });

  it("has nothing against good code", () => {
    expect(found.filter(({ filename }) => filename === "dataplane/good.ts")).toEqual([]);
  });
});
