// Anthropic's Messages: for clients that speak it, for providers that do, and for its bytes where both sides do.
// Token counting takes the same requests, without a limit; its answers are told elsewhere.
import { parseJson } from "../../wire/json.ts";
import type { Codec } from "../codec.ts";
import type { Field } from "../ir.ts";
import { isEventStream, type PassThrough } from "../pass-through.ts";
import { abilities } from "./abilities.ts";
import { fitHeaders } from "./betas.ts";
import { decodeReply } from "./decode-reply.ts";
import { decodeRequest } from "./decode-request.ts";
import { decodeStream } from "./decode-stream.ts";
import { encodeReply } from "./encode-reply.ts";
import { encodeRequest } from "./encode-request.ts";
import { encodeStream } from "./encode-stream.ts";
import { decodeFailure, encodeFailure, failureBody } from "./failure.ts";
import { failedStream, replyToStream, streamToReply } from "./join.ts";
import { FramedMessages } from "./framed.ts";
import { isMembers, NAME } from "./members.ts";
import { errorIn, noSummary, summarize } from "./summary.ts";
import { ping } from "./stream-frames.ts";
import { MessagesWatch } from "./watch.ts";

export { MessageEvents } from "./message-events.ts";

const fieldNames: Readonly<Record<Field, string>> = {
  maxOutputTokens: "max_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  stop: "stop_sequences",
  choices: "n",
  logprobs: "logprobs",
  tools: "tools",
  toolChoice: "tool_choice",
  isParallel: "tool_choice.disable_parallel_tool_use",
  format: "output_config.format",
  reasoning: "thinking",
  verbosity: "verbosity",
  audio: "audio",
  userId: "metadata.user_id",
  metadata: "metadata",
  serviceTier: "service_tier",
  cacheKey: "cache_control",
};

export const anthropicMessagesCodec: Codec = {
  name: NAME,
  decodeRequest,
  encodeReply,
  encodeStream,
  encodeFailure,
  streamType: () => "text/event-stream; charset=utf-8",
  repeatsQuestion: false,
  fieldNames,
  // Where the conversation is kept, what it may reach, where it is computed, and a question that wants no answer but a summary.
  majorExtras: new Set(["thread", "mcp_servers", "container", "inference_geo", "compaction"]),
  // Copies of what the model names too, kept to be given back word for word; who called, which the provider itself said; and
  // betas, which are this protocol's: what they open is told by its own member.
  quietExtras: new Set(["thinking", "effort", "source.type", "source.content", "caller", "anthropic-beta"]),
  encodeRequest,
  decodeReply,
  decodeStream,
  decodeFailure,
  abilities,
};

const readReply: PassThrough["readReply"] = (body) => {
  const text = body.toString("utf8");
  const document = parseJson(text);
  if (document === undefined) return { summary: noSummary(), error: null, isWhole: false };
  return { summary: isMembers(document) ? summarize(document) : noSummary(), error: errorIn(document, text, false), isWhole: true };
};

export const anthropicMessages: PassThrough = {
  name: NAME,
  ping: Buffer.from(ping),
  isStream: isEventStream,
  openStream: (eventBytesMax) => new MessagesWatch(eventBytesMax),
  readReply,
  replyToStream: (body) => replyToStream(body),
  streamToReply,
  encodeFailure,
  statuses: { overloaded: 529 },
  fitHeaders,
  unframe: (eventBytesMax) => new FramedMessages(eventBytesMax),
  encodeStreamFailure: (failure, watch) => Buffer.from(failedStream(failureBody(failure), watch)),
};
