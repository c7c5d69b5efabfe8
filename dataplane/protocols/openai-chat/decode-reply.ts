// A whole chat completion, read the way its stream is: its messages are deltas that come at once.
import { isObject, parseExact, parseJson } from "../../wire/json.ts";
import type { TargetModel } from "../codec.ts";
import { Collector } from "../collect.ts";
import type { Event, ProviderFailure, Reply } from "../ir.ts";
import { failureIn } from "./decode-failure.ts";
import { AnswerReader, OBJECT_ARGUMENTS, unreadable } from "./decode-stream.ts";

/** Values that are nested deeper than the stack goes can be parsed, but not walked: they are no answer either. */
export const decodeReply = (body: Buffer, target: TargetModel): Reply | ProviderFailure => {
  try {
    return read(body, target);
  } catch {
    return unreadable();
  }
};

const read = (body: Buffer, target: TargetModel): Reply | ProviderFailure => {
  const text = body.toString("utf8");
  const document = OBJECT_ARGUMENTS.test(text) ? parseExact(text) : parseJson(text);
  const failure = failureIn(document);
  if (failure !== null) return failure;
  if (!isObject(document) || !Array.isArray(document["choices"])) return unreadable();
  const answer = new AnswerReader(target, Infinity);
  const events: Event[] = [];
  answer.read(document, events);
  answer.complete(events);
  const collector = new Collector();
  for (const event of events) collector.push(event);
  return collector.failure ?? collector.reply() ?? unreadable();
};
