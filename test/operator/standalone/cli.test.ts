// The command line as a process: exit codes, and what it prints where.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { llmgw, prepared } from "./running.ts";

describe.concurrent("llmgw", { timeout: 60_000 }, () => {
  test("validate ends with 1 for what is wrong and 0 otherwise, in text and in JSON", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const validate = (...words: string[]) => llmgw(["validate", ...words], {}, onTestFinished);
    const good = validate(where.manifests);
    expect([await good.exit, good.lines]).toEqual([0, ["no errors, no notes"]]);
    writeFileSync(join(where.manifests, "bad.yaml"), readFileSync(join(where.manifests, "chat.yaml"), "utf8").replace("name: chat", "name: bad").replace("models", "modelz"));
    const bad = validate(where.manifests);
    expect(await bad.exit).toBe(1);
    expect(bad.lines).toMatchObject([expect.stringMatching(/bad\.yaml:5: LLMRoute\/default\/bad spec\.modelz: unknown field/), "1 error, no notes"]);
    const [other, file] = [validate(join(where.manifests, "chat.yaml")), validate("--json", join(where.manifests, "bad.yaml"))];
    expect([await other.exit, await file.exit]).toEqual([0, 1]);
    expect(JSON.parse(file.lines[0] ?? "")).toMatchObject({ severity: "error", line: 5, object: "LLMRoute/default/bad", path: "spec.modelz" });
  });

  test.for([
    [["--help"], 0, /run +Serves the manifests/],
    [["run", "--help"], 0, /--manifests DIR/],
    [["rum"], 2, /unknown command rum\. Did you mean run\?/],
    [["run", "--manifests", "/nowhere/at/all"], 1, /there is no folder \/nowhere\/at\/all; .*--manifests DIR/],
  ] as const)("%j ends with %i and says so", async ([words, code, text], { onTestFinished }) => {
    const running = llmgw(words, {}, onTestFinished);
    expect(await running.exit).toBe(code);
    expect(running.lines.join("\n")).toMatch(text);
  });
});
