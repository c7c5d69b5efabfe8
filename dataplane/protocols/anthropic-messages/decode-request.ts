// A request of a client that speaks Anthropic's protocol, into a conversation. It refuses only what cannot be understood:
// the provider judges the rest. A body without max_tokens is one too: token counting sends such.
import type { Asked, Invalid } from "../codec.ts";
import type { Conversation, Format, Reasoning, Sampling, Turn } from "../ir.ts";
import { isEffort } from "../effort.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { isObject, type Json, parseExact } from "../../wire/json.ts";
import { problemOfLimit } from "../senseless.ts";
import { findUnread } from "../unread.ts";
import { betasOf } from "./betas.ts";
import { decodeContent } from "./decode-blocks.ts";
import { decodeToolChoice, decodeTools } from "./decode-tools.ts";
import { extrasOf, invalid, isMembers, lookUp, NAME, numberOf, objectOf, restOf, setMember } from "./members.ts";

const known: ReadonlySet<string> = new Set([
  "model", "messages", "system", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "stream", "tools", "tool_choice",
  "thinking", "output_config", "output_format", "metadata", "service_tier", "anthropic_version", "anthropic_beta",
]);

const roles: Readonly<Record<string, Turn["role"]>> = { user: "user", assistant: "assistant", system: "system" };
const knownOfTurn: ReadonlySet<string> = new Set(["role", "content"]);

const decodeSystem = (value: Json | undefined, unread: string[]): Turn[] | Invalid => {
  if (value === undefined || value === null) return [];
  const blocks = decodeContent(value, { at: "system", origin: NAME, unread });
  if (!Array.isArray(blocks)) return blocks;
  return blocks.length === 0 ? [] : [{ role: "system", blocks, at: "system" }];
};

const decodeMessage = (value: Json, at: string, unread: string[]): Turn | Invalid => {
  if (!isMembers(value)) return invalid(`${at} must be an object with "role" and "content".`, at);
  const said = stringOf(value["role"]);
  const role = lookUp(roles, said);
  if (role === undefined) return invalid(`${at}.role must be "user", "assistant" or "system".`, `${at}.role`);
  const blocks = decodeContent(value["content"] ?? [], { at: `${at}.content`, origin: NAME, unread });
  if (!Array.isArray(blocks)) return blocks;
  return { role, blocks, at, ...extrasOf(restOf(value, knownOfTurn)) };
};

const decodeTurns = (body: JsonObject, unread: string[]): Turn[] | Invalid => {
  const messages = body["messages"];
  if (!Array.isArray(messages)) return invalid('messages must be a list of messages, as [{"role":"user","content":"…"}].', "messages");
  const turns = decodeSystem(body["system"], unread);
  if (!Array.isArray(turns)) return turns;
  for (const [index, message] of messages.entries()) {
    const turn = decodeMessage(message, `messages[${index}]`, unread);
    if ("problem" in turn) return turn;
    turns.push(turn);
  }
  return turns;
};

const numbers = ["max_tokens", "temperature", "top_p", "top_k"] as const;

const decodeSampling = (body: JsonObject): Sampling | Invalid => {
  for (const key of numbers) if (body[key] !== undefined && body[key] !== null && numberOf(body[key]) === null) return invalid(`${key} must be a number.`, key);
  const stop = body["stop_sequences"] ?? [];
  if (!Array.isArray(stop) || !stop.every((one) => typeof one === "string")) return invalid("stop_sequences must be a list of strings.", "stop_sequences");
  const maxOutputTokens = numberOf(body["max_tokens"]);
  const problem = problemOfLimit(maxOutputTokens, "max_tokens");
  if (problem !== null) return problem;
  return {
    maxOutputTokens,
    temperature: numberOf(body["temperature"]),
    topP: numberOf(body["top_p"]),
    topK: numberOf(body["top_k"]),
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    stop,
    choices: null,
    logprobs: null,
  };
};

const shown: Readonly<Record<string, boolean>> = { summarized: true, omitted: false };

/** Both words are kept beside what they mean: to this protocol they are given back as they were. */
const decodeReasoning = (body: JsonObject): Reasoning | null => {
  const thinking = body["thinking"];
  const word = objectOf(body["output_config"])["effort"];
  if (!isObject(thinking) && typeof word !== "string") return null;
  const { type, budget_tokens: budget, display } = objectOf(thinking);
  const isOff = type === "disabled";
  return {
    effort: isOff ? "none" : isEffort(word) ? word : null,
    budgetTokens: isOff ? 0 : numberOf(budget),
    isAdaptive: type === "adaptive" || type === "between_tools",
    // Models that take a budget show what they think unless told otherwise; those that decide themselves differ in it.
    isShown: lookUp(shown, display) ?? (type === "enabled" ? true : null),
    ...(lookUp(shown, display) === undefined && type === "enabled" ? { isShownUnasked: true } : {}),
    ...extrasOf({ ...(isObject(thinking) ? { thinking } : {}), ...(typeof word === "string" ? { effort: word } : {}) }),
  };
};

const formatShape = { type: true, schema: true } as const;

const decodeFormat = (body: JsonObject, unread: string[]): Format | null => {
  const format = objectOf(objectOf(body["output_config"])["format"] ?? body["output_format"]);
  const schema = format["schema"];
  findUnread(format, formatShape, "output_config.format", unread);
  return format["type"] === "json_schema" && isObject(schema) ? { kind: "schema", name: "", description: "", schema, isStrict: true } : null;
};

const knownOfOutput: ReadonlySet<string> = new Set(["effort", "format"]);
const knownOfMetadata: ReadonlySet<string> = new Set(["user_id"]);

/** Members of members stand under the name of the member that they are taken out of. */
const extrasIn = (body: JsonObject, choiceRest: JsonObject, headers: Asked["headers"]): JsonObject => {
  const extras: JsonObject = { ...restOf(body, known) };
  const inner = { tool_choice: choiceRest, output_config: restOf(objectOf(body["output_config"]), knownOfOutput), metadata: restOf(objectOf(body["metadata"]), knownOfMetadata) };
  for (const [key, rest] of Object.entries(inner)) if (Object.keys(rest).length > 0) setMember(extras, key, rest);
  const betas = betasOf(headers, body);
  return betas.length === 0 ? extras : { ...extras, "anthropic-beta": betas };
};

const stringOrNull = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);

export const decodeRequest = (bytes: Buffer, asked: Asked): Conversation | Invalid => {
  const body = parseExact(bytes.toString("utf8"));
  if (!isMembers(body)) return invalid("The request body must be one JSON object.", "");
  const unread: string[] = [];
  const turns = decodeTurns(body, unread);
  if (!Array.isArray(turns)) return turns;
  const tools = decodeTools(body["tools"]);
  if (!Array.isArray(tools)) return tools;
  const choosing = decodeToolChoice(body["tool_choice"]);
  if ("problem" in choosing) return choosing;
  const sampling = decodeSampling(body);
  if ("problem" in sampling) return sampling;
  return {
    protocol: NAME,
    model: asked.model,
    isStreaming: asked.isStreaming || body["stream"] === true,
    isUsageWanted: true,
    turns,
    tools,
    toolChoice: choosing.toolChoice,
    isParallel: choosing.isParallel,
    format: decodeFormat(body, unread),
    sampling,
    reasoning: decodeReasoning(body),
    verbosity: null,
    audio: null,
    userId: stringOrNull(objectOf(body["metadata"])["user_id"]),
    metadata: null,
    serviceTier: stringOrNull(body["service_tier"]),
    cacheKey: null,
    extras: { [NAME]: extrasIn(body, choosing.rest, asked.headers) },
    ...(unread.length === 0 ? {} : { unread }),
  };
};
