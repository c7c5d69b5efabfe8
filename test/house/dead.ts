// Which files somebody needs: those reached from where a person, a script or the test runner begins.
import type { Source } from "./sources.ts";

interface Manifest {
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Files that package.json names, in its order. */
export const startsOf = ({ bin, scripts }: Manifest): string[] =>
  [...Object.values(bin ?? {}), ...Object.values(scripts ?? {}).flatMap((script) => [...script.matchAll(/[\w./-]+\.(?:ts|js)\b/g)].map(([path]) => path))].map((path) => path.replace(/^\.\//, ""));

/** Everything that the starts lead to: by import, or named as a file of a process of its own. */
export const reachedFrom = (starts: readonly string[], sources: readonly Source[]): Set<string> => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const open = [...starts];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    open.push(...source.imports.flatMap((one) => (one.path === null ? [] : [one.path])));
  }
  return reached;
};

/** Sources that nobody runs, and parts of tests that no test uses. */
export const deadIn = (sources: readonly Source[], starts: readonly string[]): string[] => {
  const needed = reachedFrom(starts, sources);
  const tests = sources.map(({ path }) => path).filter((path) => path.endsWith(".test.ts") || path === "vitest.config.ts");
  const neededByTests = reachedFrom(tests, sources);
  return sources.map(({ path }) => path).filter((path) => !needed.has(path) && !(path.startsWith("test/") || path === "vitest.config.ts" ? neededByTests.has(path) : false));
};
