// A whole chat stream joined into the one reply it amounts to.
// A stream that does not say that it is complete, or that reports an error, is no reply.
import { isObject, type Json } from "../../wire/json.ts";
import { type JsonObject, objectsIn } from "../json-members.ts";
import { mergeChunks, padding } from "../openai-merge.ts";

/** What a delta repeats instead of continuing. */
const repeated: ReadonlySet<string> = new Set(["role", "id", "type", "name", "index", "format", "expires_at"]);

/** Strings and lists go on where they were, objects member by member; anything else replaces. */
const extend = (target: JsonObject, delta: JsonObject): void => {
  for (const [key, value] of Object.entries(delta)) {
    const before = target[key];
    if (key === "tool_calls") target[key] = extendCalls(Array.isArray(before) ? before : [], objectsIn(value));
    else if (value === null || padding.has(key)) target[key] ??= null;
    else if (typeof value === "string" && typeof before === "string") target[key] = repeated.has(key) ? value || before : before + value;
    else if (Array.isArray(value) && before !== null && before !== undefined) target[key] = [...partsOf(before), ...value];
    else if (Array.isArray(before)) target[key] = [...before, ...partsOf(value)];
    else if (isObject(value) && isObject(before)) extend(before, value);
    else target[key] = isObject(value) ? { ...value } : value;
  }
};

/** Mistral mixes content that is text with content that is a list. */
const partsOf = (value: Json): Json[] => {
  if (Array.isArray(value)) return value;
  return value === "" ? [] : [typeof value === "string" ? { type: "text", text: value } : value];
};

/** Calls are told apart by index; Gemini's compatible surface sends them whole and without one. */
const extendCalls = (calls: Json[], deltas: JsonObject[]): Json[] => {
  const joined = objectsIn(calls);
  for (const delta of deltas) {
    const index = delta["index"];
    const id = delta["id"] ?? "";
    const known = index === undefined ? undefined : joined.findLast((call) => call["index"] === index && (id === "" || id === call["id"]));
    if (known === undefined) joined.push(structuredClone(delta));
    else extend(known, delta);
  }
  return joined;
};

const withoutIndex = ({ index: _, ...call }: JsonObject): JsonObject => call;

const messageOf = (delta: JsonObject): JsonObject => {
  const { tool_calls: calls, content = null, ...rest } = delta;
  const message: JsonObject = { role: "assistant", content, refusal: null, ...rest };
  if (message["refusal"] === "") message["refusal"] = null;
  if (!Array.isArray(calls) || calls.length === 0) return message;
  if (content === "") message["content"] = null;
  return { ...message, tool_calls: objectsIn(calls).map(withoutIndex) };
};

const extendChoice = (choice: JsonObject, chunk: JsonObject): void => {
  const { delta, message, logprobs, index: _, ...rest } = chunk;
  const said = isObject(delta) ? delta : message;
  const known = choice["delta"];
  if (isObject(said) && isObject(known)) extend(known, said);
  if (isObject(logprobs)) extend(choice, { logprobs });
  for (const [key, value] of Object.entries(rest)) if (value !== null && value !== "") choice[key] = value;
};

const finishChoice = ({ delta, index = 0, logprobs = null, finish_reason: reason = null, ...rest }: JsonObject): JsonObject => ({
  index,
  message: messageOf(isObject(delta) ? delta : {}),
  logprobs,
  finish_reason: reason,
  ...rest,
});

export const streamToReply = (stream: Buffer): Buffer | null =>
  mergeChunks(stream, "chat.completion", { begin: (index) => ({ index, delta: {} }), extend: extendChoice, finish: finishChoice });
