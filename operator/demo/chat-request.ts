// The shape of a Chat Completions request, and its translation into what the demo provider understands.
// It refuses what the real API refuses in the same place: empty messages, calls without results, unknown parameters.

import { z } from "zod";
import { invalid } from "./failure.ts";
import type { JsonObject } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { pictureOfUrl, type Picture } from "./picture.ts";
import { limitedIds } from "./openai-failure.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "./prompt.ts";
import { pastCall } from "./prompt.ts";

const CALL_ID_CHARACTERS_MAX = 40;

const part = z.looseObject({
  type: z.enum(["text", "image_url", "input_audio", "file", "refusal"]),
  text: z.string().optional(),
  refusal: z.string().optional(),
  image_url: z.looseObject({ url: z.string() }).optional(),
  prompt_cache_breakpoint: z.unknown().optional(),
});
const toolCall = z.looseObject({
  id: z.string(),
  type: z.enum(["function", "custom"]).optional(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }).optional(),
  custom: z.looseObject({ name: z.string(), input: z.string() }).optional(),
});
const message = z.looseObject({
  role: z.enum(["developer", "system", "user", "assistant", "tool", "function"]),
  content: z.union([z.string(), z.array(part)]).nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().optional(),
});
const schemaObject = z.custom<JsonObject>((value) => isJsonObject(value), "expected an object");
const tool = z.looseObject({
  type: z.enum(["function", "custom"]),
  function: z.looseObject({ name: z.string().regex(/^[\w-]{1,64}$/), parameters: schemaObject.nullish() }).optional(),
  custom: z.looseObject({ name: z.string().regex(/^[\w-]{1,64}$/) }).optional(),
});
const named = z.looseObject({ name: z.string() });
const toolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.looseObject({
    type: z.enum(["function", "custom", "allowed_tools"]),
    function: named.optional(),
    custom: named.optional(),
    allowed_tools: z
      .looseObject({
        mode: z.enum(["auto", "required"]),
        tools: z.array(z.looseObject({ function: named.optional(), custom: named.optional() })),
      })
      .optional(),
  }),
]);
const responseFormat = z.looseObject({
  type: z.enum(["text", "json_object", "json_schema"]),
  json_schema: z.looseObject({ name: z.string(), schema: schemaObject.optional() }).optional(),
});

/** Known, and of no consequence here. */
const UNREAD = [
  "audio", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "metadata", "modalities", "moderation", "prediction",
  "prompt_cache_options", "prompt_cache_retention", "seed", "service_tier", "store", "verbosity",
  "web_search_options", "function_call", "functions",
] as const;

export const chatRequest = z.strictObject({
  ...limitedIds,
  ...Object.fromEntries(UNREAD.map((name) => [name, z.unknown().optional()])),
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(tool).max(128).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
  response_format: responseFormat.nullish(),
});
export type ChatRequest = z.output<typeof chatRequest>;
type Message = z.output<typeof message>;

export function promptOfChat(request: ChatRequest): Prompt {
  const chosen = request.tool_choice;
  const allowed = typeof chosen === "object" && chosen !== null ? chosen.allowed_tools : undefined;
  const allowedNames = allowed?.tools.map((entry) => entry.function?.name ?? entry.custom?.name);
  const tools = (request.tools ?? []).map(toolOf).filter((entry) => allowedNames?.includes(entry.name) ?? true);
  if (tools.length === 0 && chosen !== undefined && chosen !== null && chosen !== "none" && allowed === undefined) {
    throw invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.");
  }
  requireResults(request.messages);
  const marked = request.messages.findLastIndex((entry) => Array.isArray(entry.content) && entry.content.some((each) => each.prompt_cache_breakpoint)) + 1;
  return {
    turns: turnsOf(request.messages),
    tools,
    choice: choiceOf(request, tools),
    isParallel: request.parallel_tool_calls ?? true,
    format: formatOf(request),
    isThinking: (request.reasoning_effort ?? "none") !== "none",
    marked: marked === 0 ? undefined : { turns: marked, tools: true },
  };
}

function requireResults(messages: readonly Message[]): void {
  for (const [index, entry] of messages.entries()) {
    const ids = (entry.tool_calls ?? []).map((call) => call.id);
    const tooLong = ids.findIndex((id) => id.length > CALL_ID_CHARACTERS_MAX);
    if (tooLong >= 0) {
      const param = `messages[${index}].tool_calls[${tooLong}].id`;
      throw invalid(param, `Invalid '${param}': string too long. Expected a string with maximum length ${CALL_ID_CHARACTERS_MAX}.`, "string_above_max_length");
    }
    const rest = messages.slice(index + 1);
    const end = rest.findIndex((next) => next.role !== "tool");
    const answered = (end < 0 ? rest : rest.slice(0, end)).map((next) => next.tool_call_id);
    const missing = ids.filter((id) => !answered.includes(id));
    if (missing.length === 0) continue;
    const told = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.";
    throw invalid(`messages[${index}]`, `${told} The following tool_call_ids did not have response messages: ${missing.join(", ")}`);
  }
}

function turnsOf(messages: readonly Message[]): Turn[] {
  const namesOfCalls = new Map<string, string>();
  return messages.map((entry, index) => {
    for (const call of entry.tool_calls ?? []) namesOfCalls.set(call.id, call.function?.name ?? call.custom?.name ?? "tool");
    const toolName = namesOfCalls.get(entry.tool_call_id ?? "");
    if (entry.role === "tool" && toolName === undefined) {
      throw invalid(`messages[${index}].role`, "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.");
    }
    return turnOf(entry, index, toolName);
  });
}

function turnOf(entry: Message, index: number, toolName: string | undefined): Turn {
  const { content, role } = entry;
  if ((content === null || content === undefined) && role !== "assistant") {
    throw invalid(`messages[${index}].content`, `Invalid value for 'content': a ${role} message needs one.`);
  }
  const parts = Array.isArray(content) ? content : [];
  const wrong = parts.find((each) => role === "tool" && each.type !== "text");
  if (wrong !== undefined) throw invalid(`messages[${index}].content`, `Invalid content type '${wrong.type}': tool messages hold text only.`);
  const calls = (entry.tool_calls ?? []).map((call) => call.function ?? { name: call.custom?.name ?? "", arguments: call.custom?.input ?? "" });
  return {
    role: role === "developer" ? "system" : role === "function" ? "tool" : role,
    text: typeof content === "string" ? content : parts.map((each) => each.text ?? each.refusal ?? "").join(" ").trim(),
    pictures: parts.filter((each) => each.type === "image_url").map((each, at) => pictureOf(each.image_url?.url, `messages[${index}].content[${at}]`)),
    calls: calls.map((call) => pastCall(call.name, call.arguments)),
    toolName,
  };
}

export function pictureOf(url: string | undefined, param: string): Picture {
  if (url === undefined) throw invalid(param, `Missing required parameter: '${param}.image_url'.`, "missing_required_parameter");
  const picture = pictureOfUrl(url);
  if (picture === undefined) throw invalid(param, "The image data you provided does not represent a valid image.", "invalid_image_format");
  return picture;
}

function toolOf(entry: z.output<typeof tool>, index: number): Tool {
  const described = entry.type === "function" ? entry.function : entry.custom;
  if (described === undefined)
    throw invalid(`tools[${index}].${entry.type}`, `Missing required parameter: 'tools[${index}].${entry.type}'.`);
  return { name: described.name, kind: entry.type, schema: entry.function?.parameters ?? { type: "object", properties: {} } };
}

function choiceOf(request: ChatRequest, tools: readonly Tool[]): Choice {
  const chosen = request.tool_choice ?? "auto";
  if (typeof chosen === "string") return { kind: chosen };
  if (chosen.type === "allowed_tools") return { kind: chosen.allowed_tools?.mode ?? "auto" };
  const name = chosen.function?.name ?? chosen.custom?.name ?? "";
  if (tools.some((entry) => entry.name === name)) return { kind: "named", name };
  throw invalid("tool_choice", `Invalid value for 'tool_choice': the tool '${name}' is not among 'tools'.`);
}

function formatOf(request: ChatRequest): Format {
  const format = request.response_format;
  if (format?.type === "json_object") return { kind: "object" };
  if (format?.type !== "json_schema") return { kind: "text" };
  if (format.json_schema === undefined)
    throw invalid("response_format.json_schema", "Missing required parameter: 'response_format.json_schema'.");
  return { kind: "schema", schema: format.json_schema.schema ?? {} };
}
