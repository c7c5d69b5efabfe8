// The judgement over the push: each goal can be missed, and results.md has the columns that rows are written for.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { headings, judge, rowOf, type Figures } from "./goals.ts";

const good: Figures = { appliedMs: [60, 70, 90], compileMs: [9, 12, 20], toldMs: [100, 110, 250], syncMs: 4000, stormMs: 400, memoryMiB: 170 };

describe("the goals of the push", () => {
  it("are met by figures below them", () => {
    expect(judge(good)).toEqual([]);
  });

  it.each<[string, Partial<Figures>, string]>([
    ["a slow edit", { appliedMs: [60, 151, 200] }, "edit to all acknowledged, p50: 151 ms, and less than 150 is wanted"],
    ["one very slow edit", { appliedMs: [60, 70, 1200] }, "edit to all acknowledged, p99: 1200 ms, and less than 1000 is wanted"],
    ["a slow compile", { compileMs: [9, 12, 100] }, "compile, p99: 100 ms, and less than 100 is wanted"],
    ["a long storm", { stormMs: 10_000 }, "reconnect storm: 10000 ms, and less than 10000 is wanted"],
    ["a large operator", { memoryMiB: 251 }, "operator's memory, most: 251 MiB, and less than 250 is wanted"],
  ])("are missed by %s, which is said", (_, worse, words) => {
    expect(judge({ ...good, ...worse })).toEqual([words]);
  });

  it("have their columns in results.md, and a row has a cell for each", () => {
    const lines = readFileSync(join(import.meta.dirname, "results.md"), "utf8").trim().split("\n").filter((line) => line.startsWith("|"));
    const cells = (line: string): number => line.split("|").length;
    expect(lines.slice(0, 2)).toEqual(headings());
    expect(lines.slice(2).map(cells)).toEqual(lines.slice(2).map(() => cells(lines[0] ?? "")));
    expect(cells(rowOf({ planes: 1, routes: 1, edits: 3 }, good).trim())).toBe(cells(lines[0] ?? ""));
  });
});
