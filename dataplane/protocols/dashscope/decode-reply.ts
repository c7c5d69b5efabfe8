// A whole answer of DashScope's, read the way its streams are.
import { isObject, parseExact, parseJson } from "../../wire/json.ts";
import type { TargetModel } from "../codec.ts";
import { Collector } from "../collect.ts";
import type { Event, ProviderFailure, Reply } from "../ir.ts";
import { unreadable } from "../provider-failure.ts";
import { Answer } from "./answer.ts";
import { OBJECT_ARGUMENTS } from "./decode-stream.ts";

const read = (body: Buffer): Reply | ProviderFailure => {
  const text = body.toString("utf8");
  const document = OBJECT_ARGUMENTS.test(text) ? parseExact(text) : parseJson(text);
  if (!isObject(document)) return unreadable();
  const answer = new Answer(Infinity);
  const events: Event[] = [];
  answer.read(document, events);
  answer.complete(events);
  const collector = new Collector();
  for (const event of events) collector.push(event);
  return collector.failure ?? collector.reply() ?? unreadable();
};

/** Values that are nested deeper than the stack goes can be parsed, but not walked: they are no answer either. */
export const decodeReply = (body: Buffer, _target: TargetModel): Reply | ProviderFailure => {
  try {
    return read(body);
  } catch {
    return unreadable();
  }
};
