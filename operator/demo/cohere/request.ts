// The shape of a chat request of Cohere's second version, and the demo provider's understanding of it.
// It refuses unknown fields, results without calls, calls without results, and tool_choice without tools, as the real API does.
import { z } from "zod";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { pictureOfUrl, type Picture } from "../picture.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "../prompt.ts";
import { pastCall, PLAIN } from "../prompt.ts";
import { refused } from "./failure.ts";

const object = z.custom<JsonObject>((value) => isJsonObject(value), "must be an object");
const document = z.strictObject({ id: z.string().optional(), data: z.union([object, z.string()]) });
const part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("thinking"), thinking: z.string() }),
  z.strictObject({ type: z.literal("image_url"), image_url: z.strictObject({ url: z.string(), detail: z.enum(["auto", "low", "high"]).optional() }) }),
  z.strictObject({ type: z.literal("document"), document }),
]);
const content = z.union([z.string(), z.array(part)]);
const toolCall = z.strictObject({
  id: z.string().min(1), type: z.literal("function"), function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
});
const message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content }),
  z.strictObject({ role: z.literal("user"), content }),
  z.strictObject({
    role: z.literal("assistant"), content: content.optional(), tool_calls: z.array(toolCall).optional(), tool_plan: z.string().optional(), citations: z.array(z.unknown()).optional(),
  }),
  z.strictObject({ role: z.literal("tool"), tool_call_id: z.string(), content }),
]);
const tool = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({ name: z.string().regex(/^[a-zA-Z0-9_-]+$/, "tool names can only hold letters, digits, underscores and hyphens"), description: z.string().optional(), parameters: object.optional() }),
});
const responseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object"), json_schema: object.optional(), schema: object.optional() }),
]);

export const chatRequest = z.strictObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().optional(),
  tools: z.array(tool).optional(),
  tool_choice: z.enum(["REQUIRED", "NONE"]).optional(),
  strict_tools: z.boolean().optional(),
  documents: z.array(z.union([z.string(), document])).optional(),
  citation_options: z.strictObject({ mode: z.enum(["FAST", "ACCURATE", "OFF", "ENABLED", "DISABLED"]).optional() }).optional(),
  response_format: responseFormat.optional(),
  safety_mode: z.enum(["CONTEXTUAL", "STRICT", "OFF"]).optional(),
  max_tokens: z.int().min(1).optional(),
  stop_sequences: z.array(z.string()).max(5).optional(),
  temperature: z.number().min(0).optional(),
  seed: z.int().min(0).optional(),
  frequency_penalty: z.number().min(0).max(1).optional(),
  presence_penalty: z.number().min(0).max(1).optional(),
  k: z.int().min(0).max(500).optional(),
  p: z.number().min(0.01).max(0.99).optional(),
  logprobs: z.boolean().optional(),
  thinking: z.strictObject({ type: z.enum(["enabled", "disabled"]), token_budget: z.int().min(1).optional() }).optional(),
  priority: z.int().min(0).max(999).optional(),
});
export type ChatRequest = z.output<typeof chatRequest>;
type Message = z.output<typeof message>;

export function promptOf(request: ChatRequest): Prompt {
  const tools = (request.tools ?? []).map((each): Tool => ({ name: each.function.name, kind: "function", schema: each.function.parameters ?? { type: "object", properties: {} } }));
  if (request.tool_choice !== undefined && tools.length === 0) throw refused("'tool_choice' may only be set when 'tools' are.");
  if (request.response_format?.type === "json_object" && tools.length > 0) throw refused("'response_format' of type json_object cannot be used together with 'tools'.");
  requireResults(request.messages);
  return { ...PLAIN, turns: turnsOf(request.messages), tools, choice: choiceOf(request), format: formatOf(request), isThinking: request.thinking?.type === "enabled" };
}

function requireResults(messages: readonly Message[]): void {
  let open: string[] = [];
  for (const [index, entry] of messages.entries()) {
    if (entry.role === "tool") {
      if (!open.includes(entry.tool_call_id)) throw refused(`messages[${index}]: tool message must answer a tool call of the message before it; '${entry.tool_call_id}' is none.`);
      open = open.filter((id) => id !== entry.tool_call_id);
      continue;
    }
    if (open.length > 0) throw refused(`messages[${index}]: an assistant message with 'tool_calls' must be followed by a tool message for each: ${open.join(", ")}.`);
    const isEmpty = entry.role === "assistant" && (entry.content ?? "").length === 0 && (entry.tool_calls ?? []).length === 0;
    if (isEmpty || (entry.role === "user" && entry.content.length === 0)) throw refused(`all elements in messages must have a non-empty message: messages[${index}].`);
    open = entry.role === "assistant" ? (entry.tool_calls ?? []).map((call) => call.id) : [];
  }
  if (open.length > 0) throw refused(`the last message has tool calls without results: ${open.join(", ")}.`);
}

function turnsOf(messages: readonly Message[]): Turn[] {
  const names = new Map(messages.flatMap((entry) => (entry.role === "assistant" ? (entry.tool_calls ?? []).map((call) => [call.id, call.function.name] as const) : [])));
  return messages.map((entry) => {
    const said = spoken(entry.content ?? "");
    if (entry.role === "tool") return { role: "tool", ...said, toolName: names.get(entry.tool_call_id) };
    const calls = entry.role === "assistant" ? (entry.tool_calls ?? []).map((call) => pastCall(call.function.name, call.function.arguments)) : [];
    return { role: entry.role, ...said, calls };
  });
}

function spoken(said: z.output<typeof content>): { text: string; pictures: Picture[] } {
  if (typeof said === "string") return { text: said, pictures: [] };
  const text = said.flatMap((each) => (each.type === "text" ? [each.text] : each.type === "document" ? [textOf(each.document.data)] : [])).join(" ").trim();
  return { text, pictures: said.flatMap((each) => (each.type === "image_url" ? [pictureAt(each.image_url.url)] : [])) };
}

/** A result may come as a document with its text in one member. */
function textOf(data: string | JsonObject): string {
  if (typeof data === "string") return data;
  const [only, ...others] = Object.values(data);
  return typeof only === "string" && others.length === 0 ? only : JSON.stringify(data);
}

function pictureAt(url: string): Picture {
  const picture = pictureOfUrl(url);
  if (picture === undefined) throw refused("image_url must be a valid url or a base64 data uri.");
  return picture;
}

function choiceOf({ tool_choice: choice }: ChatRequest): Choice {
  return { kind: choice === "REQUIRED" ? "required" : choice === "NONE" ? "none" : "auto" };
}

function formatOf({ response_format: format }: ChatRequest): Format {
  if (format?.type !== "json_object") return { kind: "text" };
  const schema = format.json_schema ?? format.schema;
  return schema === undefined ? { kind: "object" } : { kind: "schema", schema };
}
