// A request for a chat completion, read into the neutral model, in OpenAI's own words and in those of its compatibles.
// What the model does not name is kept beside it, so that a provider of this protocol gets it as it was.
import { isObject, type Json, parseExact } from "../../wire/json.ts";
import type { Asked, Invalid } from "../codec.ts";
import { isEffort } from "../effort.ts";
import type { Conversation } from "../ir.ts";
import { isEmpty, type JsonObject, stringOf } from "../json-members.ts";
import { extrasOf, MemberReader, numberIn, readSampling, readStreamOptions, samplingMembers, streamShape, without } from "../openai-members.ts";
import { problemOfTools } from "../senseless.ts";
import { unreadOf } from "../unread.ts";
import { readReasoningRequest, reasoningMembers } from "./decode-reasoning.ts";
import { isLegacy, readFormat, readToolChoice, readTools, SEARCH_MEMBER } from "./decode-tools.ts";
import { readTurns } from "./decode-turns.ts";
import { NAME } from "./names.ts";

const limits = ["max_completion_tokens", "max_tokens"] as const;

const known: ReadonlySet<string> = new Set([
  "model", "messages", "stream", "stream_options", "tools", "functions", "tool_choice", "function_call", "parallel_tool_calls", SEARCH_MEMBER,
  "response_format", "logprobs", "top_logprobs", "verbosity", "modalities", "audio", "user", "safety_identifier", "metadata", "service_tier", "prompt_cache_key",
  ...limits, ...samplingMembers, ...reasoningMembers,
]);

const readLogprobs = (reader: MemberReader, body: JsonObject): number | null => (reader.flag(body, "logprobs") === true ? (reader.number(body, "top_logprobs") ?? 0) : null);

/** A voice of one's own is an object, and bound to an account: it stays where it was. */
const readAudio = (body: JsonObject): Conversation["audio"] => {
  const { modalities, audio } = body;
  if (!Array.isArray(modalities) || !modalities.includes("audio") || !isObject(audio)) return null;
  return typeof audio["voice"] === "string" ? { voice: audio["voice"], format: stringOf(audio["format"]) } : null;
};

const readMetadata = (value: Json | undefined): Conversation["metadata"] => {
  if (!isObject(value)) return null;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : null;
};

const readVerbosity = (value: Json | undefined): Conversation["verbosity"] => (value === "low" || value === "medium" || value === "high" ? value : null);

const named = { type: true, name: true, function: { name: true }, custom: { name: true } } as const;
const shapes = {
  tool_choice: { ...named, allowed_tools: { mode: true, tools: [named] } },
  function_call: { name: true },
  response_format: { type: true, json_schema: { name: true, description: true, schema: true, strict: true } },
  stream_options: streamShape,
} as const;
/** A form that only its own protocol knows is kept whole. */
const { response_format: _, ...withoutFormat } = shapes;

const isTextOnly = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 1 && value[0] === "text";

const keep = (kept: JsonObject, key: string, value: Json | undefined): void => {
  if (value !== undefined) kept[key] = value;
};

/** What is not known, and known members whose values the neutral model has no word for. */
const unsaidIn = (body: JsonObject, { format, audio, metadata, verbosity }: Pick<Conversation, "format" | "audio" | "metadata" | "verbosity">, streamOptions: Readonly<JsonObject>): JsonObject => {
  const unsaid = { ...without(body, known) };
  if (format === null) keep(unsaid, "response_format", body["response_format"]);
  if (audio === null && !isTextOnly(body["modalities"])) keep(unsaid, "modalities", body["modalities"]);
  if (audio === null) keep(unsaid, "audio", body["audio"]);
  if (!isEffort(body["reasoning_effort"])) keep(unsaid, "reasoning_effort", body["reasoning_effort"]);
  if (metadata === null) keep(unsaid, "metadata", body["metadata"]);
  if (verbosity === null) keep(unsaid, "verbosity", body["verbosity"]);
  if (typeof body["safety_identifier"] === "string") keep(unsaid, "user", body["user"]);
  if (!isEmpty(streamOptions)) keep(unsaid, "stream_options", streamOptions);
  return unsaid;
};

const conversationOf = (reader: MemberReader, body: JsonObject, { model }: Asked): Conversation => {
  const { isUsageWanted, rest: streamOptions } = readStreamOptions(body["stream_options"]);
  const tools = readTools(reader, body);
  const format = readFormat(body["response_format"]);
  const verbosity = readVerbosity(body["verbosity"]);
  const audio = readAudio(body);
  const metadata = readMetadata(body["metadata"]);
  return {
    protocol: NAME,
    model,
    isStreaming: reader.flag(body, "stream") ?? false,
    isUsageWanted,
    turns: readTurns(reader, body["messages"]),
    tools,
    toolChoice: readToolChoice(reader, body),
    // The older way has no words for several calls.
    isParallel: reader.flag(body, "parallel_tool_calls") ?? (isLegacy(tools) ? false : null),
    format,
    sampling: readSampling(reader, body, limits, readLogprobs(reader, body)),
    reasoning: readReasoningRequest(body),
    verbosity,
    audio,
    userId: reader.text(body, "safety_identifier") ?? reader.text(body, "user"),
    metadata,
    serviceTier: reader.text(body, "service_tier"),
    cacheKey: reader.text(body, "prompt_cache_key"),
    extras: extrasOf(NAME, unsaidIn(body, { format, audio, metadata, verbosity }, streamOptions)).extras ?? {},
    ...unreadOf(body, format === null ? withoutFormat : shapes, reader.unread),
  };
};

export const decodeRequest = (body: Buffer, asked: Asked): Conversation | Invalid => {
  const document = parseExact(body.toString("utf8"));
  if (!isObject(document) || numberIn(document) !== null) return { problem: 'The body is not a JSON object. Send one with "model" and "messages".', parameter: "" };
  const reader = new MemberReader();
  try {
    const conversation = conversationOf(reader, document, asked);
    return reader.problem ?? problemOfTools(conversation.tools) ?? conversation;
  } catch {
    return { problem: "The body's values are nested too deeply to be read. Send arguments as strings.", parameter: "" };
  }
};
