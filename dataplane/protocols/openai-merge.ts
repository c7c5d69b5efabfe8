// Chunks with `choices` joined into one reply: what surrounds the choices, and the order of things.
// How one choice grows is for the protocol that asks.
import { isObject, parseJson } from "../wire/json.ts";
import { readEvents } from "../wire/sse-events.ts";
import { type JsonObject, objectsIn } from "./json-members.ts";
import { ChoicesWatch } from "./openai-choices.ts";

/** Members that only fill a chunk up and say nothing. */
export const padding: ReadonlySet<string> = new Set(["obfuscation", "p"]);

export interface ChoiceMerge {
  begin(index: number): JsonObject;
  extend(choice: JsonObject, chunk: JsonObject): void;
  finish(choice: JsonObject): JsonObject;
}

/** What is told in several chunks: the first that says something is believed, but for usage, where it is the last. */
const addEnvelope = (envelope: JsonObject, chunk: JsonObject): void => {
  for (const [key, value] of Object.entries(chunk)) {
    if (key === "choices" || key === "object" || padding.has(key)) continue;
    const before = envelope[key];
    const isUnsaid = before === undefined || before === null || before === "" || before === 0;
    if (isUnsaid || (isObject(value) && (key === "usage" || key === "x_groq"))) envelope[key] = value;
  }
};

const isComplete = (stream: Buffer): boolean => {
  const watch = new ChoicesWatch(Infinity, () => 0);
  watch.push(stream);
  watch.end();
  return watch.isFinished && watch.error === null;
};

/** Null when the stream does not say that it is complete, or reports an error. */
export const mergeChunks = (stream: Buffer, object: string, merge: ChoiceMerge): Buffer | null => {
  if (!isComplete(stream)) return null;
  const envelope: JsonObject = { id: "", object, created: 0, model: "" };
  const choices = new Map<number, JsonObject>();
  for (const { data } of readEvents(stream)) {
    if (data.startsWith("[DONE]")) break;
    const chunk = parseJson(data);
    if (!isObject(chunk)) return null;
    addEnvelope(envelope, chunk);
    for (const part of objectsIn(chunk["choices"])) {
      const index = typeof part["index"] === "number" ? part["index"] : 0;
      const choice = choices.get(index) ?? merge.begin(index);
      choices.set(index, choice);
      merge.extend(choice, part);
    }
  }
  if (choices.size === 0) return null;
  const { usage, ...rest } = envelope;
  const sorted = [...choices].sort(([left], [right]) => left - right).map(([, choice]) => merge.finish(choice));
  return Buffer.from(JSON.stringify({ ...rest, choices: sorted, ...(isObject(usage) ? { usage } : {}) }));
};
