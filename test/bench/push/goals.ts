// What the push is held to, and the row that a run leaves. It measures nothing.
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { quantile, short } from "../numbers.ts";

/** Lists have one figure for each edit. */
export interface Figures {
  /** From the edit to the last acknowledgement. */
  readonly appliedMs: readonly number[];
  readonly compileMs: readonly number[];
  /** From the edit to the status that says so. */
  readonly toldMs: readonly number[];
  /** All data planes, the first time. */
  readonly syncMs: number;
  /** All of them back, after the operator was killed. */
  readonly stormMs: number;
  /** The most that the operator ever held. */
  readonly memoryMiB: number;
}

interface Goal {
  readonly what: string;
  readonly most: number;
  readonly unit: string;
  readonly of: (figures: Figures) => number;
}

const goals: readonly Goal[] = [
  { what: "edit to all acknowledged, p50", most: 150, unit: "ms", of: ({ appliedMs }) => quantile(appliedMs, 0.5) },
  { what: "edit to all acknowledged, p99", most: 1000, unit: "ms", of: ({ appliedMs }) => quantile(appliedMs, 0.99) },
  { what: "compile, p99", most: 100, unit: "ms", of: ({ compileMs }) => quantile(compileMs, 0.99) },
  { what: "reconnect storm", most: 10_000, unit: "ms", of: ({ stormMs }) => stormMs },
  { what: "operator's memory, most", most: 250, unit: "MiB", of: ({ memoryMiB }) => memoryMiB },
];

/** A sentence for each goal that was missed. */
export const judge = (figures: Figures): string[] =>
  goals.flatMap(({ what, most, unit, of }) => (of(figures) < most ? [] : [`${what}: ${short(of(figures))} ${unit}, and less than ${most} is wanted`]));

const RESULTS = join(import.meta.dirname, "results.md");
const git = (...words: readonly string[]): string => execFileSync("git", words, { encoding: "utf8", cwd: import.meta.dirname }).trim();

/** In the order of the goals; then what has none. */
export const rowOf = ({ planes, routes, edits }: { readonly planes: number; readonly routes: number; readonly edits: number }, figures: Figures): string => {
  const told = `${short(quantile(figures.toldMs, 0.5))} / ${short(quantile(figures.toldMs, 0.99))}`;
  const cells = [`${planes}`, `${routes}`, `${edits}`, ...goals.map(({ of }) => short(of(figures))), told, short(figures.syncMs)];
  return `| ${[new Date().toISOString().slice(0, 16).replace("T", " "), git("rev-parse", "--short", "HEAD"), process.versions.node, ...cells].join(" | ")} |\n`;
};

export const writeRow = (row: string): void => appendFileSync(RESULTS, row);

/** The first lines of results.md. */
export const headings = (): string[] => {
  const names = ["date", "commit", "node", "data planes", "routes", "edits", ...goals.map(({ what, most, unit }) => `${what}, ${unit}, goal ${most}`), "edit to its status, p50 / p99, ms", "first sync, ms"];
  return [`| ${names.join(" | ")} |`, `| ${names.map(() => "---").join(" | ")} |`];
};
