// `npm run generate`: writes everything that is made from the schemas, beside them.
// What the files contain is decided elsewhere; `generated()` is what the tests compare with the files.
import { writeFile } from "node:fs/promises";
import { definitionFile, definitionText } from "./definition.ts";
import { kinds } from "./kinds.ts";
import { referenceText } from "./reference.ts";

/** Every generated file: its name in this folder, and its text. */
export function generated(): Record<string, string> {
  const definitions = Object.values(kinds).map((row) => [definitionFile(row), definitionText(row)] as const);
  return Object.fromEntries([...definitions, ["reference.md", referenceText()]]);
}

/** A chart cannot reach outside its folder, so it has copies of the kinds. */
const CHART = "charts/llm-gateway/files/crds/";

if (import.meta.main) {
  for (const [name, text] of Object.entries(generated())) {
    const places = name.endsWith(".yaml") ? [`crds/${name}`, CHART + name] : [`crds/${name}`];
    for (const place of places) {
      await writeFile(new URL(`../${place}`, import.meta.url), text);
      console.log(place);
    }
  }
}
