// The first lines of each source file say what it is responsible for.
import { describe, expect, it } from "vitest";
import { sources } from "./sources.ts";

const HEADER_LINES_MAX = 8;
const WORDS_MIN = 5;

/** Null when the file begins as it should. */
const problemOf = (path: string, text: string): string | null => {
  const lines = text.replace(/^#!.*\n/, "").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  const header = lines.slice(0, end === -1 ? lines.length : end);
  const words = header.join(" ").split(/\s+/).filter((word) => /\w/.test(word));
  if (header.length === 0) return `${path}: its first line says not what it is responsible for; begin with "// …"`;
  if (/^\/\/\s*(?:oxlint|eslint|@ts)/.test(header[0] ?? "")) return `${path}: its first line is for a tool, not for a reader`;
  if (words.length < WORDS_MIN) return `${path}: "${header.join(" ")}" says too little`;
  return header.length > HEADER_LINES_MAX ? `${path}: ${header.length} lines of header; ${HEADER_LINES_MAX} are enough` : null;
};

describe("the first lines", () => {
  it("of each source file say what it is responsible for", () => {
    expect(sources().map(({ path, text }) => problemOf(path, text)).filter((problem) => problem !== null)).toEqual([]);
  });
});

describe("canaries: what must be refused", () => {
  it.each([
    ["no header", 'import "node:fs";\n// Too late for anybody who reads from the top.'],
    ["one word", "// Helpers.\nexport const x = 1;"],
    ["a word to a tool", "// oxlint-disable-next-line no-console because it is a program\nconsole.log(1);"],
    ["an essay", "// One line of many that nobody reads to the end.\n".repeat(HEADER_LINES_MAX + 1)],
    ["nothing", ""],
  ])("%s", (_, text) => {
    expect(problemOf("a.ts", text)).not.toBeNull();
  });

  it("not a header behind the line that names the interpreter", () => {
    expect(problemOf("a.js", "#!/usr/bin/env node\n// Starts the command line with the right Node.\n")).toBeNull();
  });
});
