// A provider's whole answer: one response, or the list of those that a stream would have brought. It means what the same
// documents mean in a stream.
import type { TargetModel } from "../codec.ts";
import { Collector } from "../collect.ts";
import type { ProviderFailure, Reply } from "../ir.ts";
import { broken } from "../provider-failure.ts";
import { parseExact } from "../../wire/json.ts";
import { ChunkEvents } from "./chunk-events.ts";

export const decodeReply = (body: Buffer, { origin }: TargetModel): Reply | ProviderFailure => {
  const document = parseExact(body.toString("utf8"));
  if (document === undefined) return broken("invalid", "The provider's answer is not JSON.");
  const meaning = new ChunkEvents(origin, Infinity);
  const collector = new Collector();
  for (const event of meaning.read(document)) collector.push(event);
  for (const event of meaning.end(false, true)) collector.push(event);
  return collector.failure?.code === "truncated" ? empty : (collector.failure ?? collector.reply() ?? empty);
};

const empty = broken("empty", "The provider's answer holds neither a candidate nor a reason why there is none.");
