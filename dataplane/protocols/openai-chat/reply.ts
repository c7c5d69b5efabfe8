// One whole chat completion told as the stream it could have been: each message in few large deltas.
// It invents nothing: what the reply does not say, no chunk says.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import { type JsonObject, objectsIn } from "../json-members.ts";

/** Told in deltas of their own; all other members of a message go along with the role. */
const apart: ReadonlySet<string> = new Set(["content", "refusal", "tool_calls", "function_call"]);

const deltasOf = (message: JsonObject): JsonObject[] => {
  const first: JsonObject = { role: "assistant" };
  for (const [key, value] of Object.entries(message)) if (!apart.has(key) && value !== null) first[key] = value;
  const deltas = [first];
  for (const key of ["content", "refusal"]) {
    const value = message[key];
    if (value !== undefined && value !== null && value !== "") deltas.push({ [key]: value });
  }
  if (deltas.length === 1) first["content"] = message["content"] ?? null;
  objectsIn(message["tool_calls"]).forEach((call, index) => deltas.push({ tool_calls: [{ index, ...call }] }));
  const call = message["function_call"];
  if (isObject(call)) deltas.push({ function_call: call });
  return deltas;
};

/** Log probabilities belong to the text they are about. */
const choicesOf = (choice: JsonObject, position: number): JsonObject[] => {
  const index = choice["index"] ?? position;
  const { message, logprobs = null, finish_reason: reason = null, index: _, ...rest } = choice;
  const deltas = deltasOf(isObject(message) ? message : {});
  const about = deltas.findIndex((delta) => "content" in delta || "refusal" in delta);
  const chunks: JsonObject[] = deltas.map((delta, at) => ({ index, delta, logprobs: at === about ? logprobs : null, finish_reason: null }));
  chunks.push({ index, delta: {}, logprobs: null, finish_reason: reason, ...rest });
  return chunks;
};

export const replyToStream = (body: Buffer, includeUsage: boolean): Buffer | null => {
  const reply = parseJson(body.toString("utf8"));
  if (!isObject(reply) || !Array.isArray(reply["choices"])) return null;
  const { choices, usage, object: _, ...rest } = reply;
  const envelope: JsonObject = { object: "chat.completion.chunk", ...rest };
  const tellsUsage = includeUsage && isObject(usage);
  const events: string[] = [];
  const write = (chunk: JsonObject) => events.push(encodeEvent(JSON.stringify({ ...envelope, ...chunk })));
  const none: { [key: string]: Json } = tellsUsage ? { usage: null } : {};
  for (const chunk of objectsIn(choices).flatMap(choicesOf)) write({ choices: [chunk], ...none });
  if (tellsUsage) write({ choices: [], usage });
  events.push(encodeEvent("[DONE]"));
  return Buffer.from(events.join(""));
};
