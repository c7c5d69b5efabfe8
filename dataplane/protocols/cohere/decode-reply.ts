// A whole answer of Cohere's, told as the events of the stream that it could have been.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import type { TargetModel } from "../codec.ts";
import { Collector } from "../collect.ts";
import type { Event, ProviderFailure, Reply } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { failureIn, unreadable } from "../provider-failure.ts";
import { Answer } from "./answer.ts";
import { failureWords } from "./words.ts";

const delta = (type: string, index: number, member: string, value: Json, more: JsonObject = {}): JsonObject => ({ type, index, delta: { message: { [member]: value } }, ...more });

const positionOf = ({ content_index: index }: JsonObject): number => (typeof index === "number" ? index : 0);

/** What it cites of a content belongs behind that content; what it cites of the plan, behind the plan. */
const citationsOf = (message: JsonObject, isWanted: (citation: JsonObject) => boolean): JsonObject[] =>
  objectsIn(message["citations"]).filter(isWanted).map((citation) => delta("citation-start", 0, "citations", citation));

const isOfPlan = ({ type }: JsonObject): boolean => type === "PLAN";

const contentEvents = (message: JsonObject, logprobs: Json | undefined): JsonObject[] => {
  const told = message["content"];
  const parts = typeof told === "string" ? [{ type: "text", text: told }] : objectsIn(told);
  const texts = parts.flatMap((part, index) => (part["type"] === "text" ? [index] : []));
  return parts.flatMap((part, index) => [
    delta("content-start", index, "content", part, index === texts[0] && logprobs !== undefined ? { logprobs } : {}),
    ...citationsOf(message, (citation) => !isOfPlan(citation) && (texts.includes(positionOf(citation)) ? positionOf(citation) === index : index === texts.at(-1))),
  ]);
};

const planEvents = (message: JsonObject): JsonObject[] => {
  const plan = stringOf(message["tool_plan"]);
  return plan === "" ? [] : [delta("content-start", 0, "content", { type: "text", text: plan }), ...citationsOf(message, isOfPlan)];
};

const callEvents = (message: JsonObject): JsonObject[] =>
  objectsIn(message["tool_calls"]).flatMap((call, index) => [delta("tool-call-start", index, "tool_calls", call), { type: "tool-call-end", index }]);

/** Values that are nested deeper than the stack goes can be parsed, but not walked: they are no answer either. */
export const decodeReply = (body: Buffer, _target: TargetModel): Reply | ProviderFailure => {
  try {
    return read(body);
  } catch {
    return unreadable();
  }
};

const read = (body: Buffer): Reply | ProviderFailure => {
  const text = body.toString("utf8");
  const reply = parseJson(text);
  const message = isObject(reply) ? reply["message"] : undefined;
  if (!isObject(reply)) return unreadable();
  if (!isObject(message)) return typeof message === "string" || "error" in reply ? failureIn(text, reply, failureWords) : unreadable();
  const answer = new Answer(text.length);
  const events: Event[] = [];
  const { id = "", finish_reason: word = "", usage = null, logprobs } = reply;
  const told = [...contentEvents(message, logprobs), ...planEvents(message), ...callEvents(message)];
  for (const event of [{ type: "message-start", id }, ...told, { type: "message-end", delta: { finish_reason: word, usage } }]) answer.read(event, events);
  answer.complete(events);
  const collector = new Collector();
  for (const event of events) collector.push(event);
  return collector.failure ?? collector.reply() ?? unreadable();
};
