// OpenAI's older text completions: choices with `text` instead of messages.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import type { ClientCodec } from "../codec.ts";
import { isEventStream, type PassThrough } from "../pass-through.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { ChoicesWatch } from "../openai-choices.ts";
import { readChoicesReply } from "../openai-choices-reply.ts";
import { encodeFailure } from "../openai-failure.ts";
import { mergeChunks } from "../openai-merge.ts";
import { encodeStreamFailure } from "../openai-stream-failure.ts";
import { askForUsage, SiftingChoicesWatch } from "../openai-usage-asked.ts";
import { decodeRequest } from "./decode-request.ts";
import { encodeReply } from "./encode-reply.ts";
import { encodeStream } from "./encode-stream.ts";
import { fieldNames, majorExtras, NAME, quietExtras } from "./names.ts";

const measureText = ({ text }: JsonObject): number => Buffer.byteLength(stringOf(text));

const replyToStream = (body: Buffer, includeUsage: boolean): Buffer | null => {
  const reply = parseJson(body.toString("utf8"));
  if (!isObject(reply) || !Array.isArray(reply["choices"])) return null;
  const { choices, usage, ...envelope } = reply;
  const tellsUsage = includeUsage && isObject(usage);
  const none: { [key: string]: Json } = tellsUsage ? { usage: null } : {};
  const events = objectsIn(choices).map((choice) => encodeEvent(JSON.stringify({ ...envelope, choices: [choice], ...none })));
  if (tellsUsage) events.push(encodeEvent(JSON.stringify({ ...envelope, choices: [], usage })));
  events.push(encodeEvent("[DONE]"));
  return Buffer.from(events.join(""));
};

/** Log probabilities are lists side by side. */
const extendLogprobs = (before: Json | undefined, more: Json | undefined): Json => {
  if (!isObject(more)) return before ?? null;
  const joined: JsonObject = isObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(more)) {
    const present = joined[key];
    joined[key] = Array.isArray(present) && Array.isArray(value) ? [...present, ...value] : value;
  }
  return joined;
};

const extendChoice = (choice: JsonObject, { text, logprobs, index: _, ...rest }: JsonObject): void => {
  choice["text"] = stringOf(choice["text"]) + stringOf(text);
  choice["logprobs"] = extendLogprobs(choice["logprobs"], logprobs);
  for (const [key, value] of Object.entries(rest)) if (value !== null && value !== "") choice[key] = value;
};

const begin = (index: number): JsonObject => ({ text: "", index, logprobs: null, finish_reason: null });

export const openaiCompletions: PassThrough = {
  name: NAME,
  isStream: isEventStream,
  openStream: (eventBytesMax) => new ChoicesWatch(eventBytesMax, measureText),
  usageOnRequest: { ask: askForUsage, openStream: (eventBytesMax) => new SiftingChoicesWatch(eventBytesMax, measureText) },
  readReply: (body) => readChoicesReply(body, measureText),
  replyToStream: (body, wants) => replyToStream(body, wants?.includeUsage ?? false),
  streamToReply: (stream) => mergeChunks(stream, "text_completion", { begin, extend: extendChoice, finish: (choice) => choice }),
  encodeFailure,
  encodeStreamFailure,
};

export const openaiCompletionsCodec: ClientCodec = {
  name: NAME,
  decodeRequest,
  encodeReply,
  encodeStream,
  encodeFailure,
  streamType: () => "text/event-stream",
  fieldNames,
  majorExtras,
  quietExtras,
};
