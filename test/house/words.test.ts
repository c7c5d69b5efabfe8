// Words and calls that do not belong into the sources; the list with its reasons is words.ts.
import { describe, expect, it } from "vitest";
import { filesBelow, readText, sourceOf, sources, type Source } from "./sources.ts";
import { findingsOf, wordRules, type WordRule } from "./words.ts";

const exempt = "test/house/words.ts";
const texts: readonly Source[] = [
  ...sources().filter(({ path }) => path !== exempt),
  ...["README.md", "package.json", ".ci/run", "tsconfig.json", ".oxlintrc.json"].map(asText),
  ...[...filesBelow("crds"), ...filesBelow("dataplane"), ...filesBelow("examples")].filter((path) => /\.(?:md|ya?ml)$/.test(path)).map(asText),
];

/** Not a program: there is text, and no code. */
function asText(path: string): Source {
  return { path, text: readText(path), code: "", imports: [] };
}

const isCodeRule = ({ in: where }: WordRule): boolean => where !== "Text";

describe("the sources", () => {
  it.each(wordRules)("do without: $name", (rule) => {
    const seen = isCodeRule(rule) ? texts.filter(({ path }) => /\.(?:ts|js)$/.test(path)) : texts;
    expect(seen.flatMap((source) => findingsOf(rule, source))).toEqual([]);
  });
});

describe("canaries: what each rule must find", () => {
  it.each(wordRules)("$name", (rule) => {
    const path = "dataplane/request/canary.ts";
    const sample = rule.in === "Path" ? sourceOf(rule.canary, "") : sourceOf(path, rule.canary);
    expect(findingsOf(rule, sample)).not.toEqual([]);
    expect(findingsOf(rule, sample)[0]).toContain(rule.instead);
  });

  it("nothing is found in comments and strings where only code counts", () => {
    const rule = wordRules.find(({ name }) => name === "Date.now");
    const quiet = sourceOf("dataplane/a.ts", "// Date.now is not used.\nconst text = \"Date.now\" + `and ${1} Date.now` + 'Date.now'; const r = /Date.now/;");
    const loud = sourceOf("dataplane/a.ts", "const text = `at ${Date.now()}`;");
    expect(rule === undefined ? [] : findingsOf(rule, quiet)).toEqual([]);
    expect(rule === undefined ? [] : findingsOf(rule, loud)).toHaveLength(1);
  });
});
