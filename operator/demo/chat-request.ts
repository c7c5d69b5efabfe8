// The shape of a Chat Completions request, and its translation into what the demo provider understands.
// It refuses what the real API refuses in the same place: empty messages, tool results without a call, forced tools that are not there.

import { z } from "zod";
import { invalid } from "./failure.ts";
import type { JsonObject } from "./json.ts";
import { isJsonObject } from "./json.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "./prompt.ts";

const part = z.looseObject({
  type: z.enum(["text", "image_url", "input_audio", "file", "refusal"]),
  text: z.string().optional(),
  refusal: z.string().optional(),
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

export const chatRequest = z.looseObject({
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
  return {
    turns: turnsOf(request.messages),
    tools,
    choice: choiceOf(request, tools),
    isParallel: request.parallel_tool_calls ?? true,
    format: formatOf(request),
  };
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
  const said = typeof content === "string" ? content : parts.map((each) => each.text ?? each.refusal ?? "").join(" ");
  const called = (entry.tool_calls ?? []).map((call) => JSON.stringify(call.function ?? call.custom ?? {}));
  return {
    role: role === "developer" ? "system" : role === "function" ? "tool" : role,
    text: [said, ...called].join(""),
    imageCount: parts.filter((each) => each.type === "image_url").length,
    toolName,
  };
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
