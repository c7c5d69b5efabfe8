// Every source file of the repository, read once, with what the rules want to know of it: its text, its code, its imports.
// It judges nothing.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { blank, type Blanked } from "./blank.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Source {
  /** From the root, with "/". */
  readonly path: string;
  readonly text: string;
  /** Without comments and without what stands in strings; same length and lines as the text. */
  readonly code: string;
  /** What it imports, as written. */
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** Relative ones only: the path from the root. */
  readonly path: string | null;
  /** Import: static, dynamic and of types. File: any other text that names a source, as is done for a process of its own. */
  readonly how: "Import" | "File";
}

const isSource = (name: string): boolean => /\.(?:ts|js|mjs)$/.test(name);
const skipped = new Set(["node_modules", ".git", ".state", "coverage"]);

/** Paths of all files below a folder, sorted. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(posix.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(root, posix.join(entry.parentPath, entry.name)))
    .filter((path) => !path.split("/").some((part) => skipped.has(part)))
    .toSorted();

export const readText = (path: string): string => readFileSync(posix.join(root, path), "utf8");

export const sourceOf = (path: string, text: string): Source => {
  // Only some rules ask for more than the text.
  let blanked: Blanked | null = null;
  const read = (): Blanked => (blanked ??= blank(text));
  return {
    path,
    text,
    get code() {
      return read().code;
    },
    get imports() {
      return importsOf(path, read().code, read().uncommented);
    },
  };
};

const literal = /(\bfrom|\bimport|\bimport\s*\()?\s*(["']) *\2/g;

const importsOf = (path: string, code: string, uncommented: string): Import[] =>
  [...code.matchAll(literal)].flatMap((match): Import[] => {
    const specifier = /(["'])(.*)\1$/s.exec(uncommented.slice(match.index, match.index + match[0].length))?.[2] ?? "";
    const target = posix.join(posix.dirname(path), specifier);
    if (match[1] === undefined) return /^[\w./-]+\.(?:ts|js|mjs)$/.test(specifier) ? [{ specifier, path: target, how: "File" }] : [];
    // Data is not ranked: package.json may be read by whoever wants the version.
    return [{ specifier, path: specifier.startsWith(".") && isSource(specifier) ? target : null, how: "Import" }];
  });

const folders = ["dataplane", "operator", "crds", "charts", "test"] as const;

let memory: readonly Source[] | null = null;

/** All of them, and the settings of tools that are programs too. */
export const sources = (): readonly Source[] => {
  const paths = [...folders.flatMap(filesBelow).filter(isSource), "vitest.config.ts"];
  return (memory ??= paths.map((path) => sourceOf(path, readText(path))));
};

export const isTest = (path: string): boolean => path.startsWith("test/");

/** "path:line" of a place in a source. */
export const placeOf = (source: Pick<Source, "path" | "text">, index: number): string => `${source.path}:${source.text.slice(0, index).split("\n").length}`;
