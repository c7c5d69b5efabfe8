// The eight functions of this protocol, for clients and for providers that speak it.
import type { Codec } from "../codec.ts";
import type { Field } from "../ir.ts";
import { encodeFailure } from "../openai-failure.ts";
import { abilities } from "./abilities.ts";
import { decodeReply } from "./decode-reply.ts";
import { decodeRequest } from "./decode-request.ts";
import { decodeStream } from "./decode-stream.ts";
import { encodeRequest } from "./encode-request.ts";
import { encodeReply, encodeStream } from "./encode-stream.ts";
import { PROTOCOL } from "./members.ts";
import { decodeFailure } from "./provider-failure.ts";

const fieldNames = {
  maxOutputTokens: "max_output_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  stop: "stop",
  choices: "n",
  logprobs: "top_logprobs",
  tools: "tools",
  toolChoice: "tool_choice",
  isParallel: "parallel_tool_calls",
  format: "text.format",
  reasoning: "reasoning",
  verbosity: "text.verbosity",
  audio: "modalities",
  userId: "safety_identifier",
  metadata: "metadata",
  serviceTier: "service_tier",
  cacheKey: "prompt_cache_key",
} as const satisfies Record<Field, string>;

export const openaiResponsesCodec: Codec = {
  name: PROTOCOL,
  decodeRequest,
  encodeReply,
  encodeStream,
  encodeFailure,
  streamType: () => "text/event-stream; charset=utf-8",
  fieldNames,
  majorExtras: new Set(["previous_response_id", "conversation", "background", "prompt", "tool_choice"]),
  quietExtras: new Set(["include", "store", "stream_options", "user", "id", "status", "phase", "message", "part", "prompt_cache_breakpoint.type", "prompt_cache_breakpoint.mode", "prompt_cache_breakpoint.ttl"]),
  encodeRequest,
  decodeReply,
  decodeStream,
  decodeFailure,
  abilities,
};
