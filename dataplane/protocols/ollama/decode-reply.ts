// A whole answer of Ollama's: one line that is also the last, or several where a server streams although it was told not to.
import type { TargetModel } from "../codec.ts";
import { Collector } from "../collect.ts";
import type { Event, ProviderFailure, Reply } from "../ir.ts";
import { truncated, unreadable } from "../provider-failure.ts";
import { Answer } from "./answer.ts";
import { parseLine, readLine } from "./decode-stream.ts";

const linesOf = (text: string): string[] => (parseLine(text) === null ? text.split("\n").filter((line) => line.trim() !== "") : [text]);

export const decodeReply = (body: Buffer, _target: TargetModel): Reply | ProviderFailure => {
  const answer = new Answer();
  const events: Event[] = [];
  for (const line of linesOf(body.toString("utf8"))) readLine(answer, line, events);
  answer.fail(truncated(), events);
  const collector = new Collector();
  for (const event of events) collector.push(event);
  return collector.failure ?? collector.reply() ?? unreadable();
};
