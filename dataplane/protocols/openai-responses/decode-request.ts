// A request of this protocol as a conversation. It refuses only what cannot be understood; the rest is for the provider to
// judge. What the model has no name for is kept for this protocol's own providers.
import { isObject, parseExact } from "../../wire/json.ts";
import type { Asked, Invalid } from "../codec.ts";
import { isEffort } from "../effort.ts";
import type { Conversation, Extras, Format, Reasoning, Sampling, Turn } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { MemberReader, streamShape } from "../openai-members.ts";
import { problemOfTools } from "../senseless.ts";
import { findUnread, unreadOf } from "../unread.ts";
import { TurnReader } from "./decode-items.ts";
import { asExtras, PROTOCOL, restOf, wordOf } from "./members.ts";
import { decodeChoice, decodeTools } from "./tools.ts";

export const LOGPROBS = "message.output_text.logprobs";

const read: ReadonlySet<string> = new Set([
  "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature", "top_p",
  "top_logprobs", "include", "reasoning", "text", "metadata", "service_tier", "prompt_cache_key", "safety_identifier", "user", "stream",
]);
const reasoningMembers: ReadonlySet<string> = new Set(["effort", "summary", "generate_summary"]);
const textMembers: ReadonlySet<string> = new Set(["format", "verbosity"]);
const verbosities: ReadonlySet<string> = new Set(["low", "medium", "high"]);

/** What has these values says nothing: it is what the protocol does without being asked. */
const defaults: JsonObject = { store: true, background: false, truncation: "disabled" };

const readTurns = (reader: MemberReader, body: JsonObject): Turn[] => {
  const { input, instructions } = body;
  const turns = new TurnReader(reader);
  if (typeof instructions === "string" && instructions !== "") {
    turns.turns.push({ role: "system", at: "instructions", blocks: [{ kind: "text", at: "instructions", text: instructions }] });
  }
  if (typeof input === "string") turns.turns.push({ role: "user", at: "input", blocks: [{ kind: "text", at: "input", text: input }] });
  else if (Array.isArray(input)) for (const { at, members } of reader.objects(input, "input")) turns.read(members, at);
  else if (input !== undefined && input !== null) reader.complain("input", '"input" must be a string or a list of items.');
  return turns.end();
};

const summaries: ReadonlySet<string> = new Set(["auto"]);

const readReasoning = (reader: MemberReader, reasoning: JsonObject): Reasoning => {
  const effort = reader.text(reasoning, "effort");
  const summary = wordOf(reasoning["summary"]) ?? wordOf(reasoning["generate_summary"]);
  const extras = {
    ...restOf(reasoning, reasoningMembers),
    ...(summary === null || summaries.has(summary) ? {} : { summary }),
    ...(effort === null || isEffort(effort) ? {} : { effort }),
  };
  return {
    effort: isEffort(effort) ? effort : null,
    budgetTokens: null,
    isAdaptive: false,
    isShown: summary === null ? null : true,
    ...asExtras(Object.keys(extras).length === 0 ? undefined : extras),
  };
};

const named = { type: true, name: true, namespace: true } as const;
const withoutChoice = { stream_options: streamShape } as const;
const shapes = { ...withoutChoice, tool_choice: { ...named, mode: true, tools: [named] } } as const;
const formatShape = { type: true, name: true, description: true, schema: true, strict: true } as const;

const isSaid = (value: unknown): boolean => value !== undefined && value !== null;

const readFormat = (reader: MemberReader, format: JsonObject): Format | null => {
  const type = stringOf(format["type"]);
  if (type === "text") return { kind: "text" };
  if (type === "json_object") return { kind: "json" };
  const { schema, strict } = format;
  if (type !== "json_schema" || !isObject(schema)) {
    reader.complain("text.format", '"text.format" must be of type text, json_object, or json_schema with a "schema" that is an object.');
    return null;
  }
  const isStrict = typeof strict === "boolean" ? strict : null;
  findUnread(format, formatShape, "text.format", reader.unread);
  return { kind: "schema", name: stringOf(format["name"]), description: stringOf(format["description"]), schema, isStrict };
};

interface Included {
  readonly logprobs: number | null;
  readonly rest: readonly string[];
}

const readIncluded = (reader: MemberReader, body: JsonObject): Included => {
  const include = reader.texts(body, "include");
  const top = reader.number(body, "top_logprobs");
  const isWanted = include.includes(LOGPROBS) || (top ?? 0) > 0;
  return { logprobs: isWanted ? (top ?? 0) : null, rest: include.filter((one) => one !== LOGPROBS) };
};

const readSampling = (reader: MemberReader, body: JsonObject, logprobs: number | null): Sampling => ({
  maxOutputTokens: reader.limit(body, "max_output_tokens"),
  temperature: reader.number(body, "temperature"),
  topP: reader.number(body, "top_p"),
  topK: null,
  seed: null,
  presencePenalty: null,
  frequencyPenalty: null,
  stop: [],
  choices: null,
  logprobs,
});

const readMetadata = (reader: MemberReader, body: JsonObject): Readonly<Record<string, string>> | null => {
  const { metadata } = body;
  if (!isSaid(metadata)) return null;
  if (isObject(metadata) && Object.values(metadata).every((value) => typeof value === "string")) return metadata as Record<string, string>;
  reader.complain("metadata", '"metadata" must be an object of strings.');
  return null;
};

const readExtras = (body: JsonObject, include: readonly string[], text: JsonObject, hasOwnChoice: boolean): Extras => {
  const { user } = body;
  const extras: JsonObject = Object.fromEntries(Object.entries(restOf(body, read) ?? {}).filter(([key, value]) => defaults[key] !== value));
  if (include.length > 0) extras["include"] = [...include];
  if (hasOwnChoice) extras["tool_choice"] = body["tool_choice"] ?? null;
  if (typeof user === "string" && user !== "") extras["user"] = user;
  const rest = restOf(text, textMembers);
  if (rest !== undefined) extras["text"] = rest;
  return Object.keys(extras).length === 0 ? {} : { [PROTOCOL]: extras };
};

const none: JsonObject = {};
const objectOf = (reader: MemberReader, body: JsonObject, key: string): JsonObject | null => {
  const value = body[key];
  if (isObject(value)) return value;
  if (isSaid(value)) reader.complain(key, `"${key}" must be an object.`);
  return null;
};

const readBody = (reader: MemberReader, body: JsonObject, asked: Asked): Conversation => {
  const reasoning = objectOf(reader, body, "reasoning");
  const text = objectOf(reader, body, "text") ?? none;
  const included = readIncluded(reader, body);
  const toolChoice = decodeChoice(body["tool_choice"]);
  const verbosity = stringOf(text["verbosity"]);
  return {
    protocol: PROTOCOL,
    model: asked.model,
    isStreaming: reader.flag(body, "stream") ?? asked.isStreaming,
    isUsageWanted: true,
    turns: readTurns(reader, body),
    tools: decodeTools(reader.objects(body["tools"], "tools")),
    toolChoice: toolChoice ?? null,
    isParallel: reader.flag(body, "parallel_tool_calls"),
    format: isObject(text["format"]) ? readFormat(reader, text["format"]) : null,
    sampling: readSampling(reader, body, included.logprobs),
    reasoning: reasoning === null ? null : readReasoning(reader, reasoning),
    verbosity: verbosities.has(verbosity) ? (verbosity as "low" | "medium" | "high") : null,
    audio: null,
    userId: reader.text(body, "safety_identifier") ?? reader.text(body, "user"),
    metadata: readMetadata(reader, body),
    serviceTier: reader.text(body, "service_tier"),
    cacheKey: reader.text(body, "prompt_cache_key"),
    extras: readExtras(body, included.rest, text, toolChoice === undefined),
    ...unreadOf(body, toolChoice === undefined ? withoutChoice : shapes, reader.unread),
  };
};

export const decodeRequest = (bytes: Buffer, asked: Asked): Conversation | Invalid => {
  const body = parseExact(bytes.toString("utf8"));
  if (!isObject(body)) return { problem: "The body must be one JSON object.", parameter: "" };
  const reader = new MemberReader();
  const conversation = readBody(reader, body, asked);
  return reader.problem ?? problemOfTools(conversation.tools) ?? conversation;
};
