// What a run says: a table for the terminal, a row for results.md, JSON when asked.
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case, Figures } from "./cases.ts";
import { short, shortSpread, spread, type Spread } from "./numbers.ts";

/** Figures of each subject, one per round. */
export type Rounds = Readonly<Record<string, readonly Figures[]>>;

export interface Outcome {
  readonly name: string;
  readonly unit: string;
  readonly relation: Case["relation"];
  readonly goal: number;
  /** Against the raw control, round by round; for absolute figures the figure itself. */
  readonly related: Spread;
  readonly isMet: boolean;
  readonly rounds: Rounds;
}

const RESULTS = join(import.meta.dirname, "results.md");

const relate = (test: Case, gateway: number, raw: number): number => {
  if (test.relation === "ratio") return gateway / raw;
  return test.relation === "difference" ? gateway - raw : gateway;
};

export const outcomeOf = (test: Case, rounds: Rounds, tested: string): Outcome => {
  const raw = rounds.raw ?? [];
  const values = (rounds[tested] ?? []).map((figures, index) => relate(test, figures[test.figure] ?? Number.NaN, raw[index]?.[test.figure] ?? Number.NaN));
  const related = spread(values);
  return { name: test.name, unit: test.unit, relation: test.relation, goal: test.goal, related, isMet: related.median <= test.goal, rounds };
};

const sign = { ratio: "× raw", difference: "ms + raw", absolute: "" } as const satisfies Record<Case["relation"], string>;

export const printOutcome = (test: Case, outcome: Outcome): void => {
  console.log(`\n${test.name}: ${test.help}`);
  for (const [subject, figures] of Object.entries(outcome.rounds)) {
    const names = Object.keys(figures[0] ?? {});
    const cells = names.map((name) => `${name} ${shortSpread(spread(figures.map((round) => round[name] ?? Number.NaN)))}`);
    console.log(`  ${subject.padEnd(8)} ${cells.join("   ")}`);
  }
  const unit = outcome.relation === "absolute" ? outcome.unit : sign[outcome.relation];
  console.log(`  → ${shortSpread(outcome.related)} ${unit}, goal ≤ ${outcome.goal}: ${outcome.isMet ? "met" : `missed by ${short(outcome.related.median - outcome.goal)}`}`);
};

const commit = (): string => {
  try {
    const revision = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const changes = execFileSync("git", ["status", "--porcelain", "--", "dataplane", "test/bench/controls"], { encoding: "utf8" }).trim();
    return changes === "" ? revision : `${revision}+changes`;
  } catch {
    return "uncommitted";
  }
};

const HEADER = `# Results of the bench

Each row is one run of \`npm run bench\`: medians over the rounds with their lowest and highest in brackets. CPU is in
relation to the raw control (node:http in, undici dispatch out, no work) of the same run; only such ratios carry over
from one machine to another. "20/s" is milliseconds more than the raw control.

`;

const cell = (outcome: Outcome | undefined): string => (outcome === undefined ? "–" : shortSpread(outcome.related));

export const appendRow = (outcomes: readonly Outcome[], all: readonly Case[], rounds: number): void => {
  if (!existsSync(RESULTS)) {
    const titles = all.map((test) => `${test.name}, ${test.relation === "ratio" ? "× raw" : test.relation === "difference" ? "ms + raw" : test.unit}, goal ${test.goal}`);
    const head = ["date", "commit", "node", "rounds", ...titles];
    writeFileSync(RESULTS, `${HEADER}| ${head.join(" | ")} |\n|${" --- |".repeat(head.length)}\n`);
  }
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  const cells = all.map((test) => cell(outcomes.find((outcome) => outcome.name === test.name)));
  appendFileSync(RESULTS, `| ${[date, commit(), process.versions.node, String(rounds), ...cells].join(" | ")} |\n`);
};

export const writeJson = (file: string, outcomes: readonly Outcome[], rounds: number): void => {
  const written = { date: new Date().toISOString(), commit: commit(), node: process.versions.node, rounds, outcomes };
  writeFileSync(file, `${JSON.stringify(written, null, 2)}\n`);
};
