// Google's generateContent and streamGenerateContent: for clients that speak it, for providers that do (Google AI, Vertex AI,
// relays), and for its bytes where both sides do. A stream is framed as events or as one list, as the client asked in its query.
import { parseJson } from "../../wire/json.ts";
import type { Codec } from "../codec.ts";
import { isEventStream, type PassThrough } from "../pass-through.ts";
import { closeEvent } from "../sse-watch.ts";
import { abilities } from "./abilities.ts";
import { decodeReply } from "./decode-reply.ts";
import { decodeRequest, isEventFramed } from "./decode-request.ts";
import { decodeStream } from "./decode-stream.ts";
import { encodeReply } from "./encode-reply.ts";
import { encodeRequest } from "./encode-request.ts";
import { encodeStream } from "./encode-stream.ts";
import { decodeFailure, encodeFailure, failureBody } from "./failure.ts";
import { replyToStream, streamToReply } from "./join.ts";
import { ListWatch } from "./list-watch.ts";
import { isMembers, listOf, NAME } from "./members.ts";
import { fieldNames, majorExtras, quietExtras } from "./names.ts";
import { reframe } from "./reframe.ts";
import { eventOf } from "./stream-frames.ts";
import { bytesOf, Ending, errorIn, tokensIn } from "./summary.ts";
import { GeminiWatch } from "./watch.ts";

export const geminiCodec: Codec = {
  name: NAME,
  decodeRequest,
  encodeReply,
  encodeStream,
  encodeFailure,
  streamType: (asked) => (isEventFramed(asked) ? "text/event-stream" : "application/json; charset=UTF-8"),
  // Google's own for Python.
  refusesComments: true,
  fieldNames,
  majorExtras,
  quietExtras,
  encodeRequest,
  decodeReply,
  decodeStream,
  decodeFailure,
  abilities,
};

const readReply: PassThrough["readReply"] = (body) => {
  const document = parseJson(body.toString("utf8"));
  const documents = listOf(document).filter(isMembers);
  const ending = new Ending();
  ending.read(documents);
  const { summary } = ending;
  if (summary.outputTokens < 0) summary.outputTokensEstimate = tokensIn(documents.reduce((sum, one) => sum + bytesOf(one), 0));
  return { summary, error: errorIn(document), isWhole: document !== undefined };
};

export const gemini: PassThrough = {
  name: NAME,
  // Google's own for Python (3.4) and for Go.
  refusesComments: true,
  isStream: (type, isStreaming) => isEventStream(type) || (isStreaming && type.startsWith("application/json")),
  reframe,
  openStream: (eventBytesMax, type = "text/event-stream") => (isEventStream(type) ? new GeminiWatch(eventBytesMax) : new ListWatch(eventBytesMax)),
  readReply,
  replyToStream: (body) => replyToStream(body),
  streamToReply,
  encodeFailure,
  encodeStreamFailure: (failure, watch) => {
    const error = JSON.stringify(failureBody(failure));
    if (watch instanceof ListWatch) return Buffer.from(watch.close(error));
    // A line end before it completes one that was cut in its middle, which Google's own library takes for no end.
    return Buffer.from(`${closeEvent(watch, error)}\r\n${eventOf(`{"error":${error}}`)}`);
  },
};
