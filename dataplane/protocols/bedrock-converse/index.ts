// Bedrock's Converse and ConverseStream: for clients that speak it, for providers that do, and for its bytes where both sides
// do. Its streams are frames and no text: a failure can be told between two of them only.
import { isFailure, type Codec, type TargetModel } from "../codec.ts";
import { Collector } from "../collect.ts";
import { noDialect } from "../dialect.ts";
import type { Conversation, Field } from "../ir.ts";
import type { PassThrough } from "../pass-through.ts";
import { eventsOf } from "../replay.ts";
import { parseJson } from "../../wire/json.ts";
import { abilities } from "./abilities.ts";
import { decodeReply } from "./decode-reply.ts";
import { decodeRequest } from "./decode-request.ts";
import { decodeStream } from "./decode-stream.ts";
import { encodeReply } from "./encode-reply.ts";
import { encodeRequest } from "./encode-request.ts";
import { encodeStream } from "./encode-stream.ts";
import { decodeFailure, encodeFailure, TYPE_HEADER, typeOf } from "./failure.ts";
import { exception, STREAM_TYPE } from "./frames.ts";
import { isMembers, NAME, thoughtMembers } from "./members.ts";
import { errorIn, noSummary, summarize } from "./summary.ts";
import { ConverseWatch } from "./watch.ts";

const fieldNames: Readonly<Record<Field, string>> = {
  maxOutputTokens: "inferenceConfig.maxTokens",
  temperature: "inferenceConfig.temperature",
  topP: "inferenceConfig.topP",
  topK: "additionalModelRequestFields.top_k",
  seed: "additionalModelRequestFields.seed",
  presencePenalty: "additionalModelRequestFields.presence_penalty",
  frequencyPenalty: "additionalModelRequestFields.frequency_penalty",
  stop: "inferenceConfig.stopSequences",
  choices: "additionalModelRequestFields.n",
  logprobs: "additionalModelRequestFields.logprobs",
  tools: "toolConfig.tools",
  toolChoice: "toolConfig.toolChoice",
  isParallel: "additionalModelRequestFields.tool_choice",
  format: "outputConfig.textFormat",
  reasoning: "additionalModelRequestFields.thinking",
  verbosity: "additionalModelRequestFields.verbosity",
  audio: "additionalModelRequestFields.audio",
  userId: "requestMetadata",
  metadata: "requestMetadata",
  serviceTier: "serviceTier",
  cacheKey: "cachePoint",
};

export const bedrockConverseCodec: Codec = {
  name: NAME,
  decodeRequest,
  encodeReply,
  encodeStream,
  encodeFailure,
  streamType: () => STREAM_TYPE,
  fieldNames,
  // Who judges the question and the answer, and a prompt that is kept elsewhere.
  majorExtras: new Set(["guardrailConfig", "promptVariables"]),
  // That a tool's result was JSON changes nothing of its text; how thinking was asked for is read into the model.
  quietExtras: new Set(["json", "effort", ...thoughtMembers]),
  encodeRequest,
  decodeReply,
  decodeStream,
  decodeFailure,
  abilities,
};

/** Both sides are this protocol's, so nothing in between is anybody else's. */
const itself: TargetModel = { model: "", isStreaming: true, dialect: noDialect, origin: NAME, outputTokensMax: 0 };
const asked: Conversation = {
  protocol: NAME, model: "", isStreaming: true, isUsageWanted: true, turns: [], tools: [], toolChoice: null, isParallel: null, format: null,
  sampling: { maxOutputTokens: null, temperature: null, topP: null, topK: null, seed: null, presencePenalty: null, frequencyPenalty: null, stop: [], choices: null, logprobs: null },
  reasoning: null, verbosity: null, audio: null, userId: null, metadata: null, serviceTier: null, cacheKey: null, extras: {},
};
const FRAME_BYTES_MAX = 25_165_824;

const replyToStream: PassThrough["replyToStream"] = (body) => {
  const reply = decodeReply(body, itself);
  if (isFailure(reply)) return null;
  const encoder = encodeStream(asked);
  return Buffer.concat(eventsOf(reply).map((event) => Buffer.from(encoder.push(event))));
};

const streamToReply: PassThrough["streamToReply"] = (stream) => {
  const decoder = decodeStream(itself, FRAME_BYTES_MAX);
  const collector = new Collector();
  for (const event of [...decoder.push(stream), ...decoder.end()]) collector.push(event);
  const reply = collector.reply();
  return reply === null ? null : encodeReply(reply, asked).body;
};

const readReply: PassThrough["readReply"] = (body) => {
  const text = body.toString("utf8");
  const document = parseJson(text);
  if (document === undefined) return { summary: noSummary(), error: null, isWhole: false };
  return { summary: isMembers(document) ? summarize(document) : noSummary(), error: errorIn(document, text), isWhole: true };
};

const NOTHING = Buffer.alloc(0);

export const bedrockConverse: PassThrough = {
  name: NAME,
  isStream: (type) => type.startsWith(STREAM_TYPE),
  streamType: STREAM_TYPE,
  openStream: (eventBytesMax) => new ConverseWatch(eventBytesMax),
  readReply,
  replyToStream,
  streamToReply,
  encodeFailure,
  failureHeaders: (failure) => [TYPE_HEADER, typeOf(failure)],
  // Behind half a frame nothing can be said: what follows would be read as its rest.
  encodeStreamFailure: (failure, watch) => (watch.isBetweenEvents ? exception(failure) : NOTHING),
};
