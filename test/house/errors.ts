// What it takes for an error code to be honest: somebody raises it, a test has seen it, the documentation lists it.
import type { Source } from "./sources.ts";

type Sources = readonly Pick<Source, "path" | "text">[];

/** Every quoted word in capitals of those files. */
const namedIn = (sources: Sources, isWanted: (path: string) => boolean): Set<string> =>
  new Set(sources.filter(({ path }) => isWanted(path)).flatMap(({ text }) => [...text.matchAll(/["'`]([A-Z]+(?:_[A-Z]+)*)["'`]/g)].map((match) => match[1] ?? "")));

/** One sentence for each way in which a code is not honest. */
export const problemsOf = (codes: readonly string[], sources: Sources, documentation: string): string[] => {
  const raised = namedIn(sources, (path) => path.startsWith("dataplane/") && path !== "dataplane/errors.ts");
  const tested = namedIn(sources, (path) => path.startsWith("test/") && path.endsWith(".test.ts") && !path.startsWith("test/house/"));
  return codes.flatMap((code) => [
    ...(raised.has(code) ? [] : [`${code} is in the catalogue, but nothing raises it`]),
    ...(tested.has(code) ? [] : [`${code} is not seen by any test`]),
    ...(documentation.includes(`| \`${code}\` |`) ? [] : [`${code} is not in dataplane/reference.md; run \`npm run generate\``]),
  ]);
};
