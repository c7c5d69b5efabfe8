// The shape of a Responses request, and its translation into what the demo provider understands.
// It refuses what only a hosted tool could answer by answering in text: such tools are accepted and never called.

import { z } from "zod";
import { pictureOf } from "./chat-request.ts";
import { Failure, invalid } from "./failure.ts";
import type { JsonObject } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { limitedIds } from "./openai-failure.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "./prompt.ts";
import { pastCall } from "./prompt.ts";
import { unsealed } from "./signature.ts";

const part = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  refusal: z.string().optional(),
  image_url: z.string().nullish(),
  prompt_cache_breakpoint: z.unknown().optional(),
});
const content = z.union([z.string(), z.array(part)]);
const item = z.looseObject({
  type: z.string().optional(),
  id: z.string().nullish(),
  role: z.enum(["developer", "system", "user", "assistant"]).optional(),
  content: content.nullish(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  input: z.string().optional(),
  output: content.optional(),
  encrypted_content: z.string().nullish(),
});
const schemaObject = z.custom<JsonObject>((value) => isJsonObject(value), "expected an object");
const tool = z.looseObject({ type: z.string(), name: z.string().optional(), parameters: schemaObject.nullish() });
const toolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.looseObject({
    type: z.string(),
    name: z.string().optional(),
    mode: z.enum(["auto", "required"]).optional(),
    tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  }),
]);
const textFormat = z.looseObject({ type: z.enum(["text", "json_object", "json_schema"]), schema: schemaObject.optional() });

/** Known, and of no consequence here. */
const UNREAD = [
  "conversation", "context_management", "max_tool_calls", "moderation", "prompt", "prompt_cache_options", "prompt_cache_retention",
  "service_tier", "stream_options", "top_logprobs", "truncation",
] as const;

export const responsesRequest = z.strictObject({
  ...limitedIds,
  ...Object.fromEntries(UNREAD.map((name) => [name, z.unknown().optional()])),
  model: z.string(),
  input: z.union([z.string(), z.array(item)]).nullish(),
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  tools: z.array(tool).max(128).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.looseObject({ format: textFormat.nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  background: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
});
export type ResponsesRequest = z.output<typeof responsesRequest>;
type Item = z.output<typeof item>;

/** `before` are the turns of the response this one goes on from. */
export function promptOfResponses(request: ResponsesRequest, before: readonly Turn[]): Prompt {
  if (request.background === true) throw invalid("background", "The demo provider answers at once: background is not supported.");
  const instructions: Turn[] = request.instructions ? [{ role: "system", text: request.instructions, pictures: [] }] : [];
  const chosen = request.tool_choice;
  const allowed = typeof chosen === "object" && chosen?.type === "allowed_tools" ? chosen.tools?.map((entry) => entry.name) : undefined;
  const tools = (request.tools ?? []).flatMap(toolsOf).filter((entry) => allowed?.includes(entry.name) ?? true);
  const items = itemsOf(request.input);
  if (before.length === 0) requirePairs(items);
  requireOwnReasoning(items);
  const turns = turnsOf(request.input);
  const marked = items.findLastIndex((each) => Array.isArray(each.content) && each.content.some((piece) => piece.prompt_cache_breakpoint));
  return {
    turns: [...instructions, ...before, ...turns],
    tools,
    choice: choiceOf(request, tools),
    isParallel: request.parallel_tool_calls ?? true,
    format: formatOf(request),
    isThinking: isReasoningAsked(request),
    marked: marked < 0 ? undefined : { turns: instructions.length + before.length + turnsOf(items.slice(0, marked + 1)).length, tools: true },
  };
}

export function isReasoningAsked({ reasoning }: ResponsesRequest): boolean {
  return (reasoning?.effort ?? "none") !== "none" || (reasoning?.summary ?? null) !== null;
}

/** Every call needs its output and every output its call. */
function requirePairs(items: readonly Item[]): void {
  const ids = (kind: RegExp) => items.filter((each) => kind.test(each.type ?? "")).map((each) => each.call_id ?? "");
  const [calls, outputs] = [ids(/^(?:function|custom_tool)_call$/), ids(/^(?:function|custom_tool)_call_output$/)];
  const unasked = outputs.find((id) => !calls.includes(id));
  if (unasked !== undefined) throw invalid("input", `No tool call found for function call output with call_id ${unasked}.`);
  const unanswered = calls.find((id) => !outputs.includes(id));
  if (unanswered !== undefined) throw invalid("input", `No tool output found for function call ${unanswered}.`);
}

function requireOwnReasoning(items: readonly Item[]): void {
  for (const [index, entry] of items.entries()) {
    if (entry.type !== "reasoning") continue;
    const opaque = entry.encrypted_content ?? "";
    if (opaque !== "" && unsealed("reasoning", opaque) === undefined) {
      const message = `The encrypted content ${opaque.slice(0, 8)}... could not be verified. Reason: Encrypted content could not be decrypted or parsed.`;
      throw new Failure(400, message, { code: "invalid_encrypted_content" });
    }
    const next = items[index + 1];
    const isFollowed = next !== undefined && next.role !== "user" && !(next.type ?? "message").endsWith("_output");
    if (!isFollowed) throw invalid("input", `Item '${entry.id ?? ""}' of type 'reasoning' was provided without its required following item.`);
  }
}

/** The input as items with ids, as `input_items` lists them. */
export function itemsOf(input: ResponsesRequest["input"]): Item[] {
  if (input === null || input === undefined) return [];
  if (typeof input !== "string") return input;
  return [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }];
}

export function turnsOf(input: ResponsesRequest["input"]): Turn[] {
  const namesOfCalls = new Map<string, string>();
  return itemsOf(input).flatMap((entry, index) => {
    const type = entry.type ?? "message";
    if (type === "message") return [messageTurn(entry, index)];
    if (type === "function_call" || type === "custom_tool_call") {
      namesOfCalls.set(entry.call_id ?? "", entry.name ?? "tool");
      return [{ role: "assistant" as const, text: "", pictures: [], calls: [pastCall(entry.name ?? "tool", entry.arguments ?? entry.input ?? "")] }];
    }
    if (type !== "function_call_output" && type !== "custom_tool_call_output") return [];
    return [{ role: "tool" as const, ...spoken(entry.output), toolName: namesOfCalls.get(entry.call_id ?? "") }];
  });
}

function messageTurn(entry: Item, index: number): Turn {
  if (entry.role === undefined)
    throw invalid(`input[${index}].role`, `Missing required parameter: 'input[${index}].role'.`, "missing_required_parameter");
  return { role: entry.role === "developer" ? "system" : entry.role, ...spoken(entry.content) };
}

function spoken(said: Item["content"]) {
  if (typeof said === "string") return { text: said, pictures: [] };
  const parts = said ?? [];
  const images = parts.filter((each) => each.type === "input_image" && typeof each.image_url === "string");
  return {
    text: parts.map((each) => each.text ?? each.refusal ?? "").join(" ").trim(),
    pictures: images.map((each) => pictureOf(each.image_url ?? undefined, "input")),
  };
}

function toolsOf(entry: z.output<typeof tool>, index: number): Tool[] {
  if (entry.type !== "function" && entry.type !== "custom") return [];
  if (entry.name === undefined)
    throw invalid(`tools[${index}].name`, `Missing required parameter: 'tools[${index}].name'.`, "missing_required_parameter");
  return [{ name: entry.name, kind: entry.type, schema: entry.parameters ?? { type: "object", properties: {} } }];
}

function choiceOf(request: ResponsesRequest, tools: readonly Tool[]): Choice {
  const chosen = request.tool_choice ?? "auto";
  if (typeof chosen === "string") return { kind: chosen };
  if (chosen.type === "allowed_tools") return { kind: chosen.mode ?? "auto" };
  if (chosen.type !== "function" && chosen.type !== "custom") return { kind: "none" };
  const name = chosen.name ?? "";
  if (tools.some((entry) => entry.name === name)) return { kind: "named", name };
  throw invalid("tool_choice", `Tool choice '${name}' not found in 'tools' parameter.`);
}

function formatOf(request: ResponsesRequest): Format {
  const format = request.text?.format;
  if (format?.type === "json_object") return { kind: "object" };
  return format?.type === "json_schema" ? { kind: "schema", schema: format.schema ?? {} } : { kind: "text" };
}
