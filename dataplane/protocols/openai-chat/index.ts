// OpenAI's chat completions, as OpenAI speaks them and as its many compatibles do.
import type { Codec } from "../codec.ts";
import { isEventStream, type PassThrough } from "../pass-through.ts";
import { ChoicesWatch } from "../openai-choices.ts";
import { readChoicesReply } from "../openai-choices-reply.ts";
import { encodeFailure } from "../openai-failure.ts";
import { encodeStreamFailure } from "../openai-stream-failure.ts";
import { askForUsage, SiftingChoicesWatch } from "../openai-usage-asked.ts";
import { abilities } from "./abilities.ts";
import { decodeFailure } from "./decode-failure.ts";
import { decodeReply } from "./decode-reply.ts";
import { decodeRequest } from "./decode-request.ts";
import { decodeStream } from "./decode-stream.ts";
import { encodeReply } from "./encode-reply.ts";
import { encodeRequest } from "./encode-request.ts";
import { encodeStream } from "./encode-stream.ts";
import { measureMessage } from "./measure.ts";
import { fieldNames, majorExtras, NAME, quietExtras } from "./names.ts";
import { replyToStream } from "./reply.ts";
import { streamToReply } from "./stream.ts";

export const openaiChat: PassThrough = {
  name: NAME,
  isStream: isEventStream,
  openStream: (eventBytesMax) => new ChoicesWatch(eventBytesMax, measureMessage),
  usageOnRequest: { ask: askForUsage, openStream: (eventBytesMax) => new SiftingChoicesWatch(eventBytesMax, measureMessage) },
  readReply: (body) => readChoicesReply(body, measureMessage),
  replyToStream: (body, wants) => replyToStream(body, wants?.includeUsage ?? false),
  streamToReply,
  encodeFailure,
  encodeStreamFailure,
};

export const openaiChatCodec: Codec = {
  name: NAME,
  decodeRequest,
  encodeReply,
  encodeStream,
  encodeFailure,
  streamType: () => "text/event-stream",
  repeatsQuestion: false,
  fieldNames,
  majorExtras,
  quietExtras,
  encodeRequest,
  decodeReply,
  decodeStream,
  decodeFailure,
  abilities,
};
