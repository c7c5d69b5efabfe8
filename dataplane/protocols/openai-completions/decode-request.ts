// A request for an older completion, read as a conversation of one turn: the prompt is what the user says.
// Several prompts, and prompts that are tokens, are for providers that speak this protocol: those get them untouched.
import { isObject, type Json, parseExact } from "../../wire/json.ts";
import type { Asked, Invalid } from "../codec.ts";
import type { Conversation } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { extrasOf, MemberReader, numberIn, readSampling, readStreamOptions, samplingMembers, streamShape, without } from "../openai-members.ts";
import { unreadOf } from "../unread.ts";
import { NAME } from "./names.ts";

const known: ReadonlySet<string> = new Set(["model", "prompt", "stream", "stream_options", "logprobs", "user", "max_tokens", "service_tier", "best_of", ...samplingMembers]);

const isTokens = (value: Json): boolean => numberIn(value) !== null || (Array.isArray(value) && value.some((token) => numberIn(token) !== null));

const readPrompt = (reader: MemberReader, value: Json | undefined): string => {
  const prompts = Array.isArray(value) ? value : [value ?? null];
  const [prompt] = prompts;
  if (prompts.some(isTokens)) reader.complain("prompt", '"prompt" is a list of tokens, which only the vendor of the tokenizer can read, and the model\'s provider speaks another protocol. Send it as a string.');
  else if (prompts.length > 1) reader.complain("prompt", '"prompt" is a list of several prompts, and the model\'s provider takes one at a time. Send one request for each.');
  else if (typeof prompt !== "string") reader.complain("prompt", '"prompt" must be a string.');
  return typeof prompt === "string" ? prompt : "";
};

/** The best of several is asked for; no more than are returned is nothing to ask for. */
const bestOf = (reader: MemberReader, body: JsonObject): JsonObject => {
  const best = reader.number(body, "best_of");
  return best === null || best <= (reader.number(body, "n") ?? 1) ? {} : { best_of: best };
};

const conversationOf = (reader: MemberReader, body: JsonObject, { model }: Asked): Conversation => {
  const { isUsageWanted, rest } = readStreamOptions(body["stream_options"]);
  const text = readPrompt(reader, body["prompt"]);
  const extras = { ...without(body, known), ...bestOf(reader, body), ...(Object.keys(rest).length === 0 ? {} : { stream_options: rest }) };
  return {
    protocol: NAME,
    model,
    isStreaming: reader.flag(body, "stream") ?? false,
    isUsageWanted,
    turns: [{ role: "user", at: "prompt", blocks: text === "" ? [] : [{ kind: "text", at: "prompt", text }] }],
    tools: [],
    toolChoice: null,
    isParallel: null,
    format: null,
    sampling: readSampling(reader, body, ["max_tokens"], reader.number(body, "logprobs")),
    reasoning: null,
    verbosity: null,
    audio: null,
    userId: reader.text(body, "user"),
    metadata: null,
    serviceTier: reader.text(body, "service_tier"),
    cacheKey: null,
    extras: extrasOf(NAME, extras).extras ?? {},
    ...unreadOf(body, { stream_options: streamShape }),
  };
};

export const decodeRequest = (body: Buffer, asked: Asked): Conversation | Invalid => {
  const document = parseExact(body.toString("utf8"));
  if (!isObject(document) || numberIn(document) !== null) return { problem: 'The body is not a JSON object. Send one with "model" and "prompt".', parameter: "" };
  const reader = new MemberReader();
  const conversation = conversationOf(reader, document, asked);
  return reader.problem ?? conversation;
};
