// The shape of an Ollama chat request, and the demo provider's understanding of it.
// It refuses wrong types, as a Go program does; members it does not know it passes over, as the real one does.
import { z } from "zod";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { pictureOfBase64, type Picture } from "../picture.ts";
import type { Format, Prompt, Tool, Turn } from "../prompt.ts";
import { pastCall, PLAIN } from "../prompt.ts";
import { refused } from "./failure.ts";

const object = z.custom<JsonObject>((value) => isJsonObject(value), "expected an object");
const toolCall = z.looseObject({ id: z.string().optional(), function: z.looseObject({ name: z.string().min(1), arguments: object }) });
const message = z.looseObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string().default(""),
  thinking: z.string().optional(),
  images: z.array(z.string()).optional(),
  tool_calls: z.array(toolCall).optional(),
  tool_name: z.string().optional(),
});
const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: z.string().min(1), description: z.string().optional(), parameters: object.optional() }),
});

export const chatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(message).default([]),
  tools: z.array(tool).optional(),
  format: z.union([z.literal("json"), z.literal(""), object]).optional(),
  think: z.union([z.boolean(), z.enum(["low", "medium", "high"])]).optional(),
  stream: z.boolean().optional(),
  keep_alive: z.union([z.string(), z.number()]).optional(),
  options: z
    .looseObject({
      num_predict: z.int().optional(), temperature: z.number().optional(), top_p: z.number().optional(), top_k: z.int().optional(), seed: z.int().optional(),
      stop: z.array(z.string()).optional(),
    })
    .optional(),
});
export type ChatRequest = z.output<typeof chatRequest>;
type Message = z.output<typeof message>;

export function promptOf(request: ChatRequest): Prompt {
  const tools = (request.tools ?? []).map((each): Tool => ({ name: each.function.name, kind: "function", schema: each.function.parameters ?? { type: "object", properties: {} } }));
  return {
    ...PLAIN,
    turns: turnsOf(request.messages),
    tools,
    format: formatOf(request.format),
    isThinking: request.think !== undefined && request.think !== false,
  };
}

/** Results without a name are those of the calls before them, in their order. */
function turnsOf(messages: readonly Message[]): Turn[] {
  let open: string[] = [];
  return messages.map((entry, index) => {
    const calls = (entry.tool_calls ?? []).map((call) => pastCall(call.function.name, call.function.arguments));
    if (entry.role !== "tool") open = calls.map((call) => call.name);
    const next = entry.role === "tool" ? (entry.tool_name ?? open[0]) : undefined;
    if (entry.tool_name !== undefined && !open.includes(entry.tool_name)) throw refused(`messages[${index}]: no call of the tool '${entry.tool_name}' waits for a result`);
    open = entry.role === "tool" ? open.toSpliced(Math.max(open.indexOf(next ?? ""), 0), 1) : open;
    return { role: entry.role, text: entry.content, pictures: (entry.images ?? []).map(pictureOf), calls, toolName: next };
  });
}

function pictureOf(text: string): Picture {
  const picture = text.startsWith("data:") ? undefined : pictureOfBase64(text);
  if (picture === undefined) throw refused(`illegal base64 data at input byte ${Math.max(text.search(/[^A-Za-z0-9+/]/), 0)}`);
  return picture;
}

function formatOf(format: ChatRequest["format"]): Format {
  if (isJsonObject(format)) return { kind: "schema", schema: format };
  return { kind: format === "json" ? "object" : "text" };
}
