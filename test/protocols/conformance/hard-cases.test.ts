// What is hard about the protocols has a test each, or a reason why not: the list cannot name a test that is not there, or that
// does not run, nor a case of the suite that is none, and no number of the list is left out.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { answers } from "./answers.ts";
import { conversations } from "./conversations.ts";
import { cycles } from "./cycles.ts";
import { HARD_CASES, hardCases, type HardCase } from "./hard-cases.ts";
import { BROUGHT_BACK } from "./thinking.ts";
import { titlesIn } from "./titles.ts";

const all = Object.values(hardCases).flat();
const known = new Map<string, readonly string[]>();

const titlesOf = (file: string): readonly string[] => {
  const path = fileURLToPath(new URL(`../../${file}.test.ts`, import.meta.url));
  const titles = known.get(file) ?? (existsSync(path) ? titlesIn(readFileSync(path, "utf8")) : []);
  known.set(file, titles);
  return titles;
};

const missing = ({ proofs }: Pick<HardCase, "proofs">): string[] => proofs.filter(([file, words]) => words === "" || !titlesOf(file).some((title) => title.includes(words))).map(([file, words]) => `${file}: ${words}`);

/** Each of them goes through all pairs. */
const cases: ReadonlySet<string> = new Set([...conversations, ...answers, ...cycles].map(({ name }) => name).concat(BROUGHT_BACK));

const unknown = ({ scope }: Pick<HardCase, "scope">): string[] => (typeof scope === "string" ? (scope === "" ? ["no reason"] : []) : scope.pairs.length === 0 ? ["no case"] : scope.pairs.filter((name) => !cases.has(name)));

afterAll(() => {
  const rows = Object.entries(hardCases).map(([area, some]) => `${String(some.filter(({ skipped }) => skipped === undefined).length).padStart(6)} hard cases of ${area} have tests`);
  const paired = all.filter(({ scope }) => typeof scope !== "string").length;
  const numbers = new Set(all.flatMap((one) => one.numbers)).size;
  const skipped = all.filter((one) => one.skipped !== undefined).map(({ behaviour, skipped: why }) => `       skipped: ${behaviour}: ${why}`);
  process.stdout.write(`${[...rows, `${String(paired).padStart(6)} of them over all pairs, the others where they arise`, `${String(numbers).padStart(6)} numbers of the list`, ...skipped].join("\n")}\n`);
});

describe.each(Object.entries(hardCases))("what is hard about %s", (_, some) => {
  test("is proved by tests that are there and run, or says why not", () => {
    expect(some.flatMap(missing)).toEqual([]);
    for (const { behaviour, proofs, skipped } of some) expect(proofs.length > 0, behaviour).toBe(skipped === undefined);
  });

  test("goes through all pairs by cases that are there, or says why not", () => {
    expect(some.flatMap((one) => unknown(one).map((name) => `${one.behaviour}: ${name}`))).toEqual([]);
  });
});

test("each case is named once, and each number of the list has one", () => {
  const numbers = new Set(all.flatMap((one) => one.numbers));
  expect(new Set(all.map(({ behaviour }) => behaviour)).size).toBe(all.length);
  expect([...numbers].toSorted((one, other) => one - other)).toEqual(Array.from({ length: HARD_CASES }, (__, index) => index + 1));
});

describe("the list sees", () => {
  test("a test that is not there, and words that stand in no title", () => {
    expect(missing({ proofs: [["protocols/conformance/hard-cases", "padStart(6)"], ["protocols/none", "each case is named once"], ["protocols/conformance/hard-cases", ""]] })).toHaveLength(3);
    expect(missing({ proofs: [["protocols/conformance/hard-cases", "each case is named once"]] })).toEqual([]);
  });

  test("a case of the suite that is none", () => {
    expect([unknown({ scope: { pairs: ["one question", "no question"] } }), unknown({ scope: { pairs: [] } }), unknown({ scope: "" })]).toEqual([["no question"], ["no case"], ["no reason"]]);
  });

  test("tests that are skipped, alone or together", () => {
    const each = 'const rows = [["x", 1], ["y", 2]] as const;\ntest.each(rows)("is %s", () => {});\ntest.skip.each(rows)("was %s", () => {});';
    const others = 'test("a", () => {});\ntest.skip("b", () => {});\ntest.todo("c");\ntest("d", { skip: true }, () => {});\ndescribe.skip("e", () => { test("f", () => {}); });\ndescribe("g", () => { test.each([{ name: "h" }])("i $name", () => {}); });';
    expect([titlesIn(each), titlesIn(others)]).toEqual([["is %s", "is x", "is y"], ["a", "g", "i $name", "i h"]]);
  });
});
