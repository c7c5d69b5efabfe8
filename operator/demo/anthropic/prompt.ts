// A Messages request as the demo provider understands it.
import type { Picture } from "../picture.ts";
import { pictureOfBase64 } from "../picture.ts";
import type { Choice, Format, Prompt, Turn } from "../prompt.ts";
import { pastCall, PLAIN } from "../prompt.ts";
import { requireOrder, requireSettings, type Said } from "./conversation.ts";
import { refused } from "./failure.ts";
import type { Block, CountRequest, MessagesRequest, OwnTool } from "./request.ts";

type Result = Extract<Block, { type: "tool_result" }>;

export function promptOf(request: CountRequest & Partial<MessagesRequest>): Prompt {
  const tools = (request.tools ?? []).filter((tool): tool is OwnTool => "input_schema" in tool);
  requireSettings(request, tools);
  const said = requireOrder(request);
  const system = systemOf(request.system);
  const namesOfCalls = new Map(said.flatMap(({ blocks }) => blocks.flatMap((block) => (block.type === "tool_use" ? [[block.id, block.name] as const] : []))));
  const turns = said.map((one) => turnsOf(one, namesOfCalls));
  const choice = request.tool_choice;
  return {
    ...PLAIN,
    turns: [...system, ...turns.flat()],
    tools: tools.map((tool) => ({ name: tool.name, kind: "function", schema: tool.input_schema as Prompt["tools"][number]["schema"] })),
    choice: choiceOf(choice),
    isParallel: choice === undefined || choice.type === "none" || choice.disable_parallel_tool_use !== true,
    format: formatOf(request),
    isThinking: request.thinking !== undefined && request.thinking.type !== "disabled",
    marked: markedIn(request, said, system.length, turns),
  };
}

function systemOf(system: CountRequest["system"]): Turn[] {
  const texts = typeof system === "string" ? [system] : (system ?? []).map((block) => block.text);
  if (typeof system !== "string" && texts.some((text) => text === "")) throw refused("system: text content blocks must be non-empty");
  if (texts.some((text) => text !== "" && text.trim() === "")) throw refused("system: text content blocks must contain non-whitespace text");
  const text = texts.join("\n");
  return text === "" ? [] : [{ role: "system", text, pictures: [] }];
}

/** A user's message with results is several turns: each result, then what else is said. */
function turnsOf({ role, blocks }: Said, namesOfCalls: ReadonlyMap<string, string>): Turn[] {
  const results = blocks.filter((block) => block.type === "tool_result");
  const rest = blocks.filter((block) => block.type !== "tool_result");
  const turns = results.map((result) => resultTurn(result, namesOfCalls));
  if (rest.length === 0 && results.length > 0) return turns;
  const calls = rest.flatMap((block) => (block.type === "tool_use" ? [pastCall(block.name, block.input)] : []));
  return [...turns, { role, text: textOf(rest), pictures: picturesOf(rest), calls }];
}

function resultTurn(result: Result, namesOfCalls: ReadonlyMap<string, string>): Turn {
  const content = typeof result.content === "string" ? [{ type: "text" as const, text: result.content }] : (result.content ?? []);
  return { role: "tool", text: textOf(content), pictures: picturesOf(content), toolName: namesOfCalls.get(result.tool_use_id) };
}

function textOf(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(" ").trim();
}

function picturesOf(blocks: readonly Block[]): Picture[] {
  return blocks.flatMap((block) => {
    if (block.type !== "image") return [];
    if (block.source.type !== "base64") return [{ mediaType: "an address", byteCount: null }];
    const picture = pictureOfBase64(block.source.data, block.source.media_type);
    if (picture === undefined) throw refused("messages: Could not process image");
    return [picture];
  });
}

function choiceOf(choice: CountRequest["tool_choice"]): Choice {
  if (choice?.type === "tool") return { kind: "named", name: choice.name };
  return { kind: choice?.type === "any" ? "required" : (choice?.type ?? "auto") };
}

function formatOf(request: CountRequest): Format {
  const format = request.output_config?.format ?? undefined;
  return format === undefined ? { kind: "text" } : { kind: "schema", schema: format.schema };
}

function markedIn(request: CountRequest, said: readonly Said[], systemTurns: number, turns: readonly (readonly Turn[])[]): Prompt["marked"] {
  if (request.cache_control !== undefined && request.cache_control !== null) return { tools: true, turns: systemTurns + turns.flat().length };
  const isMarked = (one: object) => "cache_control" in one && one.cache_control !== undefined && one.cache_control !== null;
  const last = said.findLastIndex(({ blocks }) => blocks.some(isMarked));
  if (last >= 0) return { tools: true, turns: systemTurns + turns.slice(0, last + 1).flat().length };
  if (Array.isArray(request.system) && request.system.some(isMarked)) return { tools: true, turns: systemTurns };
  return request.tools?.some(isMarked) === true ? { tools: true, turns: 0 } : undefined;
}
