// The files of test/crds/accept and test/crds/reject, and what makes a verdict on one of them right or wrong.
// It asks nobody: whoever gives the verdict, zod with CEL or a real API server, is judged by the same few lines.
import { readFile, readdir } from "node:fs/promises";
import { loadAll } from "js-yaml";
import { validateObject } from "../../crds/validate.ts";

export type Case = {
  name: string;
  isAccepted: boolean;
  /** Words that a refusal must contain. */
  expects: readonly string[];
  /** What is there before, in a case about a change. */
  before?: unknown;
  object: unknown;
};

export type CaseVerdict = { isAccepted: boolean; words: string };

export function parseCase(name: string, isAccepted: boolean, text: string): Case {
  const expects = [...text.matchAll(/^# expect: (.+)$/gm)].map(([, words]) => words ?? "");
  const documents = loadAll(text);
  if (documents.length < 1 || documents.length > 2) throw new Error(`${name}: one document, or two for a change`);
  if (!isAccepted && expects.length === 0) throw new Error(`${name}: a refused case begins with "# expect: <words>"`);
  return documents.length === 1 ? { name, isAccepted, expects, object: documents[0] } : { name, isAccepted, expects, before: documents[0], object: documents[1] };
}

async function casesIn(folder: "accept" | "reject"): Promise<Case[]> {
  const place = new URL(`${folder}/`, import.meta.url);
  const names = (await readdir(place)).filter((name) => name.endsWith(".yaml")).toSorted();
  return Promise.all(names.map(async (name) => parseCase(`${folder}/${name}`, folder === "accept", await readFile(new URL(name, place), "utf8"))));
}

export const readCases = async (): Promise<Case[]> => [...(await casesIn("accept")), ...(await casesIn("reject"))];

/** The verdict of zod and CEL. */
export function judgeHere(one: Case): CaseVerdict {
  const before = one.before === undefined ? [] : validateObject(one.before).problems;
  if (before.length > 0) throw new Error(`${one.name}: what is there before must be valid: ${JSON.stringify(before)}`);
  const { problems } = validateObject(one.object, one.before);
  return { isAccepted: problems.length === 0, words: problems.map(({ path, message }) => `${path}: ${message}`).join("\n") };
}

/** What is wrong with a verdict, in words; undefined if nothing is. */
export function complaint(one: Case, verdict: CaseVerdict): string | undefined {
  if (one.isAccepted) return verdict.isAccepted ? undefined : `${one.name} was refused: ${verdict.words}`;
  if (verdict.isAccepted) return `${one.name} was accepted`;
  const missing = one.expects.filter((words) => !verdict.words.includes(words));
  return missing.length === 0 ? undefined : `${one.name} was refused without the words ${JSON.stringify(missing)}: ${verdict.words}`;
}
