// The table of faults names tests by file and words; it says nothing that is not there, and leaves no number out.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readText, root } from "./sources.ts";

const FAULTS = 52;

interface Named {
  readonly file: string;
  readonly words: string;
}

const rowsOf = (table: string): string[] => table.split("\n").filter((line) => /^\| *\d* *\| /.test(line));
const namedIn = (text: string): Named[] => [...text.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(([, file = "", words = ""]) => ({ file, words }));
const isThere = ({ file, words }: Named): boolean => existsSync(join(root, file)) && readText(file).includes(words);

const table = readText("test/cluster/faults.md");

describe("the table of faults", () => {
  it("has every number once, in order", () => {
    const numbers = rowsOf(table).flatMap((row) => [.../^\| *(\d+) *\|/.exec(row)?.slice(1) ?? []]).map(Number);
    expect(numbers).toEqual(Array.from({ length: FAULTS }, (_, index) => index + 1));
  });

  it("names tests that are there", () => {
    expect(namedIn(table).filter((one) => !isThere(one))).toEqual([]);
  });

  it("names one in each row, or says that what it is about is not there yet", () => {
    expect(rowsOf(table).filter((row) => namedIn(row).length === 0 && !row.includes(" yet."))).toEqual([]);
  });

  it("would be found out if it named another: the canary", () => {
    expect(namedIn('`test/house/fault-table.test.ts` "words that are not in this file, but for " "').map(isThere)).toEqual([true]);
    expect(isThere({ file: "test/house/fault-table.test.ts", words: ["nothing", "of", "the", "kind"].join("~") })).toBe(false);
  });
});
