// Tools that take free text, for a target whose tools take objects: a function with one string, undone in replies and
// streams. A grammar cannot be enforced there; the model is told of it.
import { isObject } from "../../wire/json.ts";
import type { BlockHead, Conversation, Event, Tool, ToolCallBlock, ToolResultBlock } from "../ir.ts";
import { hasToolBlocks, mapBlocks, mapSame } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";
import { ToolText } from "./tool-text.ts";
import type { UndoStep } from "./undo.ts";

type CustomTool = Extract<Tool, { kind: "custom" }>;

const schema = { type: "object", properties: { input: { type: "string" } }, required: ["input"], additionalProperties: false };

const grammarOf = ({ format }: CustomTool): string => (isObject(format) && format["type"] !== "text" && format["type"] !== undefined ? JSON.stringify(format) : "");

const asFunction = (tool: CustomTool, fitting: Fitting): Tool => {
  const grammar = grammarOf(tool);
  if (grammar !== "") fitting.lose(tool.at, "approximated", "minor");
  const told = grammar === "" ? tool.description : `${tool.description}\nThe input must follow this format: ${grammar}`.trimStart();
  const { at, name, extras } = tool;
  return { kind: "function", at, name, description: told, schema, isStrict: null, ...(extras === undefined ? {} : { extras }) };
};

/** Calls whose arguments are text instead of an object, by choice and index of their block. */
const customBack = (names: ReadonlySet<string>): UndoStep => {
  const open = new Map<string, ToolText>();
  const begin = (event: Extract<Event, { kind: "block-start" }>): readonly Event[] => {
    if (event.head.kind !== "tool-call" || !names.has(event.head.name)) return [event];
    open.set(`${event.choice}/${event.index}`, new ToolText());
    const head: BlockHead = { ...event.head, isCustom: true };
    return [{ ...event, head }];
  };
  const grow = (event: Extract<Event, { kind: "text" | "block-stop" }>): readonly Event[] => {
    const { choice, index } = event;
    const key = `${choice}/${index}`;
    const reader = open.get(key);
    if (reader === undefined) return [event];
    if (event.kind === "block-stop") open.delete(key);
    const text = event.kind === "text" ? reader.push(event.text) : reader.end();
    const said: readonly Event[] = text === "" ? [] : [{ kind: "text", choice, index, text }];
    return event.kind === "text" ? said : [...said, event];
  };
  return {
    isOfCalls: true,
    event: (event) => (event.kind === "block-start" ? begin(event) : open.size > 0 && (event.kind === "text" || event.kind === "block-stop") ? grow(event) : [event]),
  };
};

const asObject = (block: ToolCallBlock | ToolResultBlock): ToolCallBlock | ToolResultBlock => {
  const { isCustom: _, ...rest } = block;
  return rest.kind === "tool-call" ? { ...rest, arguments: JSON.stringify({ input: rest.arguments }) } : rest;
};

const withFunctions = (conversation: Conversation, fitting: Fitting): Conversation => {
  const names = new Set<string>();
  const tools = mapSame(conversation.tools, (tool) => {
    if (tool.kind !== "custom") return tool;
    if (fitting.abilities.customTools === "none") {
      fitting.lose(tool.at, "unsupported", "major");
      return null;
    }
    names.add(tool.name);
    return asFunction(tool, fitting);
  });
  if (names.size > 0) fitting.steps.push(customBack(names));
  return tools === conversation.tools ? conversation : { ...conversation, tools };
};

export const fitCustomTools: Concern = (conversation, fitting) => {
  if (fitting.abilities.customTools === "native") return conversation;
  const fitted = withFunctions(conversation, fitting);
  if (!hasToolBlocks(fitted)) return fitted;
  return mapBlocks(fitted, (block) => ((block.kind === "tool-call" || block.kind === "tool-result") && block.isCustom === true ? asObject(block) : block));
};
