// OpenAI's chat completions, as OpenAI speaks them and as its many compatibles do.
import { isEventStream, type PassThrough } from "../pass-through.ts";
import { ChoicesWatch } from "../openai-choices.ts";
import { readChoicesReply } from "../openai-choices-reply.ts";
import { encodeFailure } from "../openai-failure.ts";
import { encodeStreamFailure } from "../openai-stream-failure.ts";
import { measureMessage } from "./measure.ts";
import { replyToStream } from "./reply.ts";
import { streamToReply } from "./stream.ts";

export const openaiChat: PassThrough = {
  name: "openai-chat",
  isStream: isEventStream,
  openStream: (eventBytesMax) => new ChoicesWatch(eventBytesMax, measureMessage),
  readReply: (body) => readChoicesReply(body, measureMessage),
  replyToStream: (body, wants) => replyToStream(body, wants?.includeUsage ?? false),
  streamToReply,
  encodeFailure,
  encodeStreamFailure,
};
