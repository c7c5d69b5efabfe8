// How long files and functions are. Functions are measured by the linter, which has a parser; what it says is read here.
// A function that calls describe() or it() is a list of tests and may be as long as its file.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { root, type Source } from "./sources.ts";

export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 70;

const linesOf = (text: string): number => text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

export const longFiles = (files: readonly Pick<Source, "path" | "text">[]): string[] =>
  files
    .map(({ path, text }) => ({ path, lines: linesOf(text) }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines; ${FILE_LINES_MAX} are the limit: split it by what it is responsible for`);

interface Finding {
  readonly filename: string;
  readonly message: string;
  readonly labels: readonly { readonly span: { readonly offset: number; readonly length: number; readonly line: number } }[];
}

const rules = {
  plugins: ["eslint"],
  categories: { correctness: "off" },
  rules: { "eslint/max-lines-per-function": ["error", { max: FUNCTION_LINES_MAX, IIFEs: true }] },
};

/** The linter alone with this one rule; its settings go into `folder`, because the repository's own make exceptions. */
const measure = async (paths: readonly string[], folder: string): Promise<readonly Finding[]> => {
  const settings = join(folder, "oxlintrc.json");
  writeFileSync(settings, JSON.stringify(rules));
  const words = [join(root, "node_modules/oxlint/bin/oxlint"), "-c", settings, "-f", "json", ...paths];
  // It ends with 1 when it found something; what it found is on its standard output either way.
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: root, maxBuffer: 16_777_216 }).catch((error: { stdout: string }) => error);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Finding[] };
  return diagnostics;
};

const isListOfTests = ({ filename, labels }: Finding): boolean => {
  const { offset, length } = labels[0]?.span ?? { offset: 0, length: 0 };
  const body = readFileSync(resolve(root, filename)).subarray(offset, offset + length).toString("utf8");
  return /^\s*(?:describe|it|test)(?:\.\w+)*\(/m.test(body);
};

export const longFunctions = async (paths: readonly string[], folder: string): Promise<string[]> => {
  const findings = await measure(paths, folder);
  return findings.filter((finding) => !isListOfTests(finding)).map(({ filename, message, labels }) => `${filename}:${labels[0]?.span.line ?? 0}: ${message}`);
};
