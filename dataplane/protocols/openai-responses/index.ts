// OpenAI's Responses protocol, with named events and without, and the documents around stored responses.
import { isObject, parseJson } from "../../wire/json.ts";
import { isEventStream, type PassThrough } from "../pass-through.ts";
import { encodeFailure, errorIn } from "../openai-failure.ts";
import { noSummary } from "../openai-usage.ts";
import { encodeStreamFailure } from "./failure.ts";
import { replyToStream } from "./reply.ts";
import { streamToReply } from "./stream.ts";
import { errorOf, summarize } from "./summary.ts";
import { ResponsesWatch } from "./watch.ts";

const readReply: PassThrough["readReply"] = (body) => {
  const document = parseJson(body.toString("utf8"));
  if (document === undefined) return { summary: noSummary(), error: null, isWhole: false };
  if (!isObject(document)) return { summary: noSummary(), error: errorIn(document), isWhole: true };
  return { summary: summarize(document), error: errorOf(document), isWhole: true };
};

export const openaiResponses: PassThrough = {
  name: "openai-responses",
  isStream: isEventStream,
  openStream: (eventBytesMax) => new ResponsesWatch(eventBytesMax),
  readReply,
  replyToStream: (body) => replyToStream(body),
  streamToReply,
  encodeFailure,
  encodeStreamFailure,
};

export { openaiResponsesCodec } from "./codec.ts";
