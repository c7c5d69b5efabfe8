// A request of a client that speaks Converse, into a conversation. It refuses only what cannot be understood: the provider
// judges the rest. Token counting wraps the same request, and is read too.
import type { Asked, Invalid } from "../codec.ts";
import type { Conversation, Format, Reasoning, Sampling, Turn } from "../ir.ts";
import { isEffort } from "../effort.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { type Json, parseExact } from "../../wire/json.ts";
import { problemOfLimit } from "../senseless.ts";
import { findUnread } from "../unread.ts";
import { decodeContent } from "./decode-blocks.ts";
import { decodeToolChoice, decodeTools } from "./decode-tools.ts";
import { extrasOf, invalid, isEmpty, isMembers, lookUp, NAME, numberOf, objectOf, restOf, thoughtMembers } from "./members.ts";

const known: ReadonlySet<string> = new Set([
  "modelId", "messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "requestMetadata", "serviceTier", "outputConfig",
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
  const role = lookUp(roles, value["role"]);
  if (role === undefined) return invalid(`${at}.role must be "user" or "assistant".`, `${at}.role`);
  const blocks = decodeContent(value["content"] ?? [], { at: `${at}.content`, origin: NAME, unread });
  if (!Array.isArray(blocks)) return blocks;
  return { role, blocks, at, ...extrasOf(restOf(value, knownOfTurn)) };
};

const decodeTurns = (body: JsonObject, unread: string[]): Turn[] | Invalid => {
  const messages = body["messages"] ?? [];
  if (!Array.isArray(messages)) return invalid('messages must be a list of messages, as [{"role":"user","content":[{"text":"…"}]}].', "messages");
  const turns = decodeSystem(body["system"], unread);
  if (!Array.isArray(turns)) return turns;
  for (const [index, message] of messages.entries()) {
    const turn = decodeMessage(message, `messages[${index}]`, unread);
    if ("problem" in turn) return turn;
    turns.push(turn);
  }
  return turns;
};

const numbers = ["maxTokens", "temperature", "topP"] as const;

/** Claude's word for it, or Nova's. */
const topKOf = (additional: JsonObject): number | null => numberOf(additional["top_k"]) ?? numberOf(objectOf(additional["inferenceConfig"])["topK"]);

const decodeSampling = (inference: JsonObject, additional: JsonObject): Sampling | Invalid => {
  for (const key of numbers) {
    const value = inference[key];
    if (value !== undefined && value !== null && numberOf(value) === null) return invalid(`inferenceConfig.${key} must be a number.`, `inferenceConfig.${key}`);
  }
  const stop = inference["stopSequences"] ?? [];
  if (!Array.isArray(stop) || !stop.every((one) => typeof one === "string")) return invalid("inferenceConfig.stopSequences must be a list of strings.", "inferenceConfig.stopSequences");
  const maxOutputTokens = numberOf(inference["maxTokens"]);
  const problem = problemOfLimit(maxOutputTokens, "inferenceConfig.maxTokens");
  if (problem !== null) return problem;
  return {
    maxOutputTokens,
    temperature: numberOf(inference["temperature"]),
    topP: numberOf(inference["topP"]),
    topK: topKOf(additional),
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    stop,
    choices: null,
    logprobs: null,
  };
};

const shown: Readonly<Record<string, boolean>> = { summarized: true, omitted: false };

/** Claude's, Nova's and gpt-oss's words for thinking stand among the additional fields; one for all stands beside the format. */
const decodeReasoning = (additional: JsonObject, output: JsonObject): Reasoning | null => {
  const thinking = additional["thinking"] ?? additional["reasoning_config"];
  const nova = objectOf(additional["reasoningConfig"]);
  const word = output["effort"] ?? objectOf(additional["output_config"])["effort"] ?? nova["maxReasoningEffort"] ?? additional["reasoning_effort"];
  const ofClaude = objectOf(thinking)["type"];
  const type = ofClaude ?? nova["type"];
  if (type === undefined && typeof word !== "string") return null;
  const { budget_tokens: budget, display } = objectOf(thinking);
  const isOff = type === "disabled";
  return {
    effort: isOff ? "none" : isEffort(word) ? word : null,
    budgetTokens: isOff ? 0 : numberOf(budget),
    isAdaptive: type === "adaptive" || type === "between_tools",
    // Models of Claude's that take a budget show what they think unless told otherwise.
    isShown: lookUp(shown, display) ?? (ofClaude === "enabled" ? true : null),
    ...(lookUp(shown, display) === undefined && ofClaude === "enabled" ? { isShownUnasked: true } : {}),
    ...extrasOf({ ...thoughtIn(additional), ...(typeof output["effort"] === "string" ? { effort: output["effort"] } : {}) }),
  };
};

/** The fields that are read as a whole. */
const thoughtIn = (additional: JsonObject): JsonObject => {
  const isEffortOnly = isEmpty(restOf(objectOf(additional["output_config"]), new Set(["effort"])));
  return Object.fromEntries(Object.entries(additional).filter(([key]) => thoughtMembers.has(key) && (key !== "output_config" || isEffortOnly)));
};

/** A schema is text there; one that is no object is left where it is. */
const decodeFormat = (output: JsonObject): Format | null => {
  const { schema, name, description } = objectOf(objectOf(objectOf(output["textFormat"])["structure"])["jsonSchema"]);
  const parsed = typeof schema === "string" ? parseExact(schema) : undefined;
  return isMembers(parsed) ? { kind: "schema", name: stringOf(name), description: stringOf(description), schema: parsed, isStrict: null } : null;
};

/** What is left of the additional fields when the model has its own members for the rest. */
const additionalRest = (additional: JsonObject, reasoning: Reasoning | null, isChoiceRead: boolean): JsonObject => {
  const read = new Set(["top_k", ...(isChoiceRead ? ["tool_choice"] : []), ...(reasoning === null ? [] : Object.keys(thoughtIn(additional)))]);
  const rest = restOf(additional, read);
  const { topK, ...inference } = objectOf(rest["inferenceConfig"]);
  if (topK === undefined) return rest;
  const { inferenceConfig: _, ...others } = rest;
  return isEmpty(inference) ? others : { ...others, inferenceConfig: inference };
};

const tierShape = { type: true } as const;
const choiceShape = { auto: {}, any: {}, tool: { name: true } } as const;
const knownOfInference: ReadonlySet<string> = new Set(["maxTokens", "temperature", "topP", "stopSequences"]);
const knownOfTools: ReadonlySet<string> = new Set(["tools", "toolChoice"]);

const metadataOf = (value: Json | undefined): Readonly<Record<string, string>> | null => {
  const entries = Object.entries(objectOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return entries.length === 0 ? null : Object.fromEntries(entries);
};

const requestIn = (body: JsonObject): JsonObject => {
  const counted = objectOf(body["input"])["converse"];
  return body["messages"] === undefined && isMembers(counted) ? counted : body;
};

export const decodeRequest = (bytes: Buffer, asked: Asked): Conversation | Invalid => {
  const document = parseExact(bytes.toString("utf8"));
  if (!isMembers(document)) return invalid("The request body must be one JSON object.", "");
  const body = requestIn(document);
  const [inference, additional, output, toolConfig] = [body["inferenceConfig"], body["additionalModelRequestFields"], body["outputConfig"], body["toolConfig"]].map(objectOf) as [JsonObject, JsonObject, JsonObject, JsonObject];
  const unread: string[] = [];
  const turns = decodeTurns(body, unread);
  if (!Array.isArray(turns)) return turns;
  findUnread(body["serviceTier"], tierShape, "serviceTier", unread);
  findUnread(toolConfig["toolChoice"], choiceShape, "toolConfig.toolChoice", unread);
  const tools = decodeTools(toolConfig, unread);
  if (!Array.isArray(tools)) return tools;
  const choosing = decodeToolChoice(toolConfig, additional);
  if ("problem" in choosing) return choosing;
  const sampling = decodeSampling(inference, additional);
  if ("problem" in sampling) return sampling;
  const reasoning = decodeReasoning(additional, output);
  const format = decodeFormat(output);
  const rests = {
    ...restOf(body, known),
    additionalModelRequestFields: additionalRest(additional, reasoning, choosing.isRead),
    outputConfig: restOf(output, new Set(["effort", ...(format === null ? [] : ["textFormat"])])),
    inferenceConfig: restOf(inference, knownOfInference),
    toolConfig: restOf(toolConfig, knownOfTools),
  };
  return {
    protocol: NAME,
    model: asked.model,
    isStreaming: asked.isStreaming,
    isUsageWanted: true,
    turns,
    tools,
    toolChoice: choosing.toolChoice,
    isParallel: choosing.isParallel,
    format,
    sampling,
    reasoning,
    verbosity: null,
    audio: null,
    userId: null,
    metadata: metadataOf(body["requestMetadata"]),
    serviceTier: stringOf(objectOf(body["serviceTier"])["type"]) || null,
    cacheKey: null,
    extras: { [NAME]: Object.fromEntries(Object.entries(rests).filter(([, value]) => !isMembers(value) || !isEmpty(value))) },
    ...(unread.length === 0 ? {} : { unread }),
  };
};
