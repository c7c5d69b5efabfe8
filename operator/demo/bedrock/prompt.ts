// A Converse request as the demo provider understands it.
import type { Picture } from "../picture.ts";
import { pictureOfBase64 } from "../picture.ts";
import { isJsonObject, parseJson } from "../json.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "../prompt.ts";
import { pastCall, PLAIN } from "../prompt.ts";
import { requireOrder, requireSettings } from "./conversation.ts";
import { refused } from "./failure.ts";
import type { Block, ConverseRequest, Message, ToolResult } from "./request.ts";

const SCHEMA_BYTES_MAX = 1024 * 1024;
type Asked = Pick<ConverseRequest, "messages"> & Partial<ConverseRequest>;

export function promptOf(request: Asked): Prompt {
  requireSettings(request);
  requireOrder(request);
  const { thinking, tool_choice: own, output_config: output } = request.additionalModelRequestFields ?? {};
  const text = (request.system ?? []).flatMap((block) => (block.text === undefined ? [] : [block.text])).join("\n");
  const system: Turn[] = text === "" ? [] : [{ role: "system", text, pictures: [] }];
  const names = new Map(request.messages.flatMap(({ content }) => content.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [[toolUse.toolUseId, toolUse.name] as const]))));
  const turns = request.messages.map((message) => turnsOf(message, names));
  return {
    ...PLAIN,
    turns: [...system, ...turns.flat()],
    tools: (request.toolConfig?.tools ?? []).flatMap(({ toolSpec }): Tool[] => (toolSpec === undefined ? [] : [{ name: toolSpec.name, kind: "function", schema: toolSpec.inputSchema.json as Tool["schema"] }])),
    choice: own?.type === "none" ? { kind: "none" } : choiceOf(request.toolConfig?.toolChoice),
    isParallel: own?.disable_parallel_tool_use !== true,
    format: formatOf(request),
    isThinking: (thinking !== undefined && thinking.type !== "disabled") || (thinking === undefined && output?.effort !== undefined),
    marked: markedIn(request, system.length, turns),
  };
}

function turnsOf({ role, content }: Message, names: ReadonlyMap<string, string>): Turn[] {
  const results = content.flatMap(({ toolResult }) => (toolResult === undefined ? [] : [resultTurn(toolResult, names)]));
  const rest = content.filter((block) => block.toolResult === undefined && block.cachePoint === undefined);
  if (rest.length === 0) return results;
  const calls = rest.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [pastCall(toolUse.name, toolUse.input)]));
  return [...results, { role, text: textOf(rest), pictures: rest.flatMap(picturesOf), calls }];
}

function resultTurn({ content, toolUseId }: ToolResult, names: ReadonlyMap<string, string>): Turn {
  const texts = content.map((block) => block.text ?? (block.json === undefined ? "" : JSON.stringify(block.json)));
  return { role: "tool", text: texts.filter((text) => text !== "").join(" ").trim(), pictures: content.flatMap(picturesOf), toolName: names.get(toolUseId) };
}

function textOf(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.text === undefined ? [] : [block.text])).join(" ").trim();
}

function picturesOf({ image }: Pick<Block, "image">): Picture[] {
  const picture = image?.source.bytes === undefined ? undefined : pictureOfBase64(image.source.bytes, `image/${image.format}`);
  return picture === undefined ? [] : [picture];
}

function choiceOf(choice: NonNullable<ConverseRequest["toolConfig"]>["toolChoice"]): Choice {
  if (choice?.tool !== undefined) return { kind: "named", name: choice.tool.name };
  return { kind: choice?.any === undefined ? "auto" : "required" };
}

function formatOf({ outputConfig }: Asked): Format {
  const written = outputConfig?.textFormat?.structure.jsonSchema.schema;
  if (written === undefined) return { kind: "text" };
  const schema = parseJson(Buffer.from(written), SCHEMA_BYTES_MAX);
  if (!isJsonObject(schema)) throw refused("The schema in outputConfig.textFormat.structure.jsonSchema.schema is not a valid JSON schema.");
  return { kind: "schema", schema };
}

function markedIn(request: Asked, systemTurns: number, turns: readonly (readonly Turn[])[]): Prompt["marked"] {
  const last = request.messages.findLastIndex(({ content }) => content.some((block) => block.cachePoint !== undefined));
  if (last >= 0) return { tools: true, turns: systemTurns + turns.slice(0, last + 1).flat().length };
  if (request.system?.some((block) => block.cachePoint !== undefined) === true) return { tools: true, turns: systemTurns };
  return request.toolConfig?.tools.some((tool) => tool.cachePoint !== undefined) === true ? { tools: true, turns: 0 } : undefined;
}
