// The rest of OpenAI's surface: requests with one document as reply, and the typed streams that images and audio have.
// A stored object told again (a file, a batch) is not metered: its usage was not this request's.
import type { Failure } from "../../errors.ts";
import type { ProtocolName } from "../../snapshot/schema.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import { isEventStream, type PassThrough, type StreamWatch } from "../pass-through.ts";
import { encodeFailure, failureBody } from "../openai-failure.ts";
import { closeEvent } from "../sse-watch.ts";
import { readDocument, readFile, readSpeech } from "./reply.ts";
import { TypedWatch } from "./watch.ts";

const encodeStreamFailure = (failure: Failure, watch: StreamWatch): Buffer => {
  const error = JSON.stringify(failureBody(failure));
  return Buffer.from(closeEvent(watch, error) + encodeEvent(`{"type":"error","error":${error}}`, "error"));
};

const plain = (name: ProtocolName, readReply: PassThrough["readReply"]): PassThrough => ({
  name,
  isStream: isEventStream,
  openStream: (eventBytesMax) => new TypedWatch(eventBytesMax),
  readReply,
  replyToStream: () => null,
  streamToReply: () => null,
  encodeFailure,
  encodeStreamFailure,
});

export const embeddings = plain("embeddings", readDocument(true));
export const moderations = plain("moderations", readDocument(true));
export const images = plain("images", readDocument(true));
export const rerank = plain("rerank", readDocument(true));
export const audio = plain("audio", readSpeech);
export const batches = plain("batches", readDocument(false));
export const files = plain("files", readFile);
