// The shape of a generation request of DashScope's own API, and the demo provider's understanding of it.
// It refuses calls without results and tools without messages as result; members it does not know it passes over, as the real one does.
import { z } from "zod";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { pictureOfUrl, type Picture } from "../picture.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "../prompt.ts";
import { pastCall, PLAIN } from "../prompt.ts";
import { refused } from "./failure.ts";

const object = z.custom<JsonObject>((value) => isJsonObject(value), "Input should be a valid dictionary");
const part = z.looseObject({ text: z.string().optional(), image: z.string().optional() });
const toolCall = z.looseObject({
  id: z.string(), type: z.literal("function"), function: z.looseObject({ name: z.string().min(1), arguments: z.string() }),
});
const message = z.looseObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.union([z.string(), z.array(part)]).nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().optional(),
});
const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/), parameters: object.optional() }),
});

export const generationRequest = z.looseObject({
  model: z.string(),
  input: z.looseObject({ messages: z.array(message).min(1).optional(), prompt: z.string().optional() }),
  parameters: z
    .looseObject({
      result_format: z.enum(["text", "message"]).optional(),
      incremental_output: z.boolean().optional(),
      enable_thinking: z.boolean().optional(),
      thinking_budget: z.int().min(1).optional(),
      max_tokens: z.int().min(1).optional(),
      temperature: z.number().min(0).lt(2).optional(),
      top_p: z.number().gt(0).max(1).optional(),
      stop: z.union([z.string(), z.array(z.string())]).optional(),
      tools: z.array(tool).optional(),
      tool_choice: z.union([z.enum(["auto", "none"]), z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) })]).optional(),
      parallel_tool_calls: z.boolean().optional(),
      response_format: z.looseObject({ type: z.enum(["text", "json_object", "json_schema"]), json_schema: z.looseObject({ schema: object.optional() }).optional() }).optional(),
    })
    .optional(),
});
export type GenerationRequest = z.output<typeof generationRequest>;
type Message = z.output<typeof message>;

/** The multimodal endpoint takes contents as lists of parts, the text one as strings. */
export function promptOf(request: GenerationRequest, isMultimodal: boolean): Prompt {
  const { input, parameters = {} } = request;
  const messages: Message[] = input.messages ?? (input.prompt === undefined ? [] : [{ role: "user", content: input.prompt }]);
  if (messages.length === 0) throw refused('Required parameter "messages" or "prompt" missing or invalid, please check the request parameters.');
  const tools = (parameters.tools ?? []).map((each): Tool => ({ name: each.function.name, kind: "function", schema: each.function.parameters ?? { type: "object", properties: {} } }));
  if (tools.length > 0 && !isMultimodal && parameters.result_format !== "message") throw refused('<400> InternalError.Algo.InvalidParameter: The "result_format" parameter must be "message" when "tools" is set.');
  for (const [index, entry] of messages.entries()) requireMessage(entry, messages.slice(index + 1), index, isMultimodal);
  return {
    ...PLAIN,
    turns: turnsOf(messages),
    tools,
    choice: choiceOf(parameters.tool_choice, tools),
    isParallel: parameters.parallel_tool_calls === true,
    format: formatOf(parameters.response_format, messages),
    isThinking: parameters.enable_thinking === true,
  };
}

function requireMessage({ role, content, tool_calls: calls }: Message, rest: readonly Message[], index: number, isMultimodal: boolean): void {
  if (isMultimodal && typeof content === "string" && role === "user") throw refused(`<400> InternalError.Algo.InvalidParameter: input.messages.${index}.content should be a list.`);
  if (!isMultimodal && Array.isArray(content) && content.some((each) => each.image !== undefined)) throw refused("url error, please check url！For details, see: https://help.aliyun.com/zh/model-studio/error-code#error-url");
  const end = rest.findIndex((next) => next.role !== "tool");
  const answered = (end < 0 ? rest : rest.slice(0, end)).map((next) => next.tool_call_id);
  const missing = (calls ?? []).filter((call) => !answered.includes(call.id));
  if (missing.length === 0) return;
  throw refused(`<400> InternalError.Algo.InvalidParameter: An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id". The following tool_call_ids did not have response messages: ${missing.map((call) => call.id).join(", ")}`);
}

function turnsOf(messages: readonly Message[]): Turn[] {
  const names = new Map(messages.flatMap((entry) => (entry.tool_calls ?? []).map((call) => [call.id, call.function.name] as const)));
  return messages.map((entry, index) => {
    const toolName = entry.role === "tool" ? names.get(entry.tool_call_id ?? "") : undefined;
    if (entry.role === "tool" && toolName === undefined) throw refused(`<400> InternalError.Algo.InvalidParameter: messages with role "tool" must be a response to a preceeding message with "tool_calls". [${index}]`);
    const parts = typeof entry.content === "string" ? [{ text: entry.content }] : (entry.content ?? []);
    const calls = (entry.tool_calls ?? []).map((call) => pastCall(call.function.name, call.function.arguments));
    return { role: entry.role, text: parts.flatMap((each) => each.text ?? []).join(" ").trim(), pictures: parts.flatMap(picturesOf), calls, toolName };
  });
}

function picturesOf({ image }: { image?: string | undefined }): Picture[] {
  if (image === undefined) return [];
  const picture = pictureOfUrl(image);
  if (picture === undefined || !/^(?:data:|https?:|oss:)/.test(image)) throw refused("<400> InternalError.Algo.InvalidParameter: The provided URL does not appear to be valid. Ensure it is correctly formatted.");
  return [picture];
}

function choiceOf(choice: NonNullable<GenerationRequest["parameters"]>["tool_choice"], tools: readonly Tool[]): Choice {
  if (choice === undefined || typeof choice === "string") return { kind: choice ?? "auto" };
  const { name } = choice.function;
  if (!tools.some((each) => each.name === name)) throw refused(`<400> InternalError.Algo.InvalidParameter: tool_choice: the tool '${name}' is not among "tools".`);
  return { kind: "named", name };
}

function formatOf(format: NonNullable<GenerationRequest["parameters"]>["response_format"], messages: readonly Message[]): Format {
  if (format?.type === "json_schema") return { kind: "schema", schema: format.json_schema?.schema ?? {} };
  if (format?.type !== "json_object") return { kind: "text" };
  if (!/json/i.test(JSON.stringify(messages))) throw refused("<400> InternalError.Algo.InvalidParameter: 'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.");
  return { kind: "object" };
}
