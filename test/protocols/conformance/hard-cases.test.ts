// What is hard about the protocols has a test each, or a reason why not: the list cannot name a test that is not there.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { hardCases, type HardCase } from "./hard-cases.ts";

const pathOf = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** A test, or a table that one goes through. */
const textOf = (file: string): string => [`${file}.test.ts`, `${file}.ts`].map(pathOf).filter(existsSync).map((path) => readFileSync(path, "utf8")).join("\n");

const all = Object.values(hardCases).flat();
const known = new Map<string, string>();

const textIn = (file: string): string => {
  const text = known.get(file) ?? textOf(file);
  known.set(file, text);
  return text;
};

const missing = ({ proofs }: HardCase): string[] => proofs.filter(([file, words]) => textIn(file) === "" || !textIn(file).includes(words)).map(([file, words]) => `${file}: ${words}`);

afterAll(() => {
  const rows = Object.entries(hardCases).map(([area, cases]) => `${String(cases.filter(({ skipped }) => skipped === undefined).length).padStart(6)} hard cases of ${area} have tests`);
  const skipped = all.filter((one) => one.skipped !== undefined).map(({ behaviour, skipped: why }) => `       skipped: ${behaviour}: ${why}`);
  process.stdout.write(`${[...rows, ...skipped].join("\n")}\n`);
});

describe.each(Object.entries(hardCases))("what is hard about %s", (_, cases) => {
  test("is proved by tests that are there, or says why not", () => {
    expect(cases.flatMap(missing)).toEqual([]);
    for (const { behaviour, proofs, skipped } of cases) expect(proofs.length > 0, behaviour).toBe(skipped === undefined);
  });
});

test("each case is named once", () => {
  expect(new Set(all.map(({ behaviour }) => behaviour)).size).toBe(all.length);
});

test("a test that is not there is seen", () => {
  expect(missing({ behaviour: "", proofs: [["protocols/conformance/hard-cases", ["no test has", "these words"].join(" ")], ["protocols/none", ""]] })).toHaveLength(2);
});
