// How much a model wrote, in bytes: the text, the reasoning, the refusal, the calls.
// It does not count tokens, and not what a provider tells twice.
import { isObject, type Json } from "../../wire/json.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";

const lengthOf = (value: Json | undefined): number => Buffer.byteLength(stringOf(value));

/** Mistral's content is a list of parts, some of them lists again. */
const lengthOfContent = (content: Json | undefined): number => {
  if (Array.isArray(content)) return content.reduce<number>((sum, part) => sum + lengthOfContent(part), 0);
  return isObject(content) ? lengthOf(content["text"]) + lengthOfContent(content["thinking"]) : lengthOf(content);
};

const lengthOfCall = (call: JsonObject): number => {
  const called = call["function"] ?? call["custom"];
  return isObject(called) ? lengthOf(called["name"]) + lengthOf(called["arguments"]) + lengthOf(called["input"]) : 0;
};

export const measureMessage = (choice: JsonObject): number => {
  const said = choice["delta"] ?? choice["message"];
  if (!isObject(said)) return 0;
  const reasoning = lengthOf(said["reasoning_content"]) || lengthOf(said["reasoning"]);
  const calls = objectsIn(said["tool_calls"]).reduce((sum, call) => sum + lengthOfCall(call), 0);
  const legacyCall = lengthOfCall({ function: said["function_call"] ?? null });
  return lengthOfContent(said["content"]) + lengthOf(said["refusal"]) + reasoning + calls + legacyCall;
};
