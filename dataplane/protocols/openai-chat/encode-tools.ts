// Tools, which of them may be called, and the form of the answer, written as a request says them.
import { isObject, type Json } from "../../wire/json.ts";
import type { Conversation, Format, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { without } from "../openai-members.ts";
import { SEARCH_MEMBER } from "./decode-tools.ts";
import { writeCache } from "./encode-parts.ts";
import { NAME, ownExtras } from "./names.ts";
import type { Writing } from "./writing.ts";

const inner = new Set(["function", "custom"]);

const innerExtras = (extras: JsonObject, key: string): JsonObject => {
  const value = extras[key];
  return isObject(value) ? value : {};
};

const describe = (description: string): JsonObject => (description === "" ? {} : { description });

const writeFunction = (tool: Extract<Tool, { kind: "function" }>, writing: Writing): JsonObject => {
  const extras = ownExtras(tool);
  const called: JsonObject = {
    ...innerExtras(extras, "function"),
    name: tool.name,
    ...describe(tool.description),
    parameters: tool.schema ?? { type: "object", properties: {} },
    ...(tool.isStrict === null ? {} : { strict: tool.isStrict }),
  };
  return { ...without(extras, inner), type: "function", function: called, ...writeCache(tool.cache, writing) };
};

const writeCustom = (tool: Extract<Tool, { kind: "custom" }>): JsonObject => {
  const extras = ownExtras(tool);
  const custom: JsonObject = { ...innerExtras(extras, "custom"), name: tool.name, ...describe(tool.description), ...(tool.format === null ? {} : { format: tool.format }) };
  return { ...without(extras, inner), type: "custom", custom };
};

/** The options of the vendor's search; null when the tool is no search, or the vendor has none. */
const searchOf = (tool: Tool, hasSearch: boolean): JsonObject | null => {
  if (tool.kind !== "hosted" || tool.purpose !== "web-search") return null;
  if (tool.protocol !== NAME) return hasSearch ? {} : null;
  return tool.name === SEARCH_MEMBER ? tool.value : null;
};

const writeTool = (tool: Tool, writing: Writing, hasSearch: boolean): JsonObject[] => {
  if (tool.kind === "function") return [writeFunction(tool, writing)];
  if (tool.kind === "custom") return [writeCustom(tool)];
  if (searchOf(tool, hasSearch) !== null) return [];
  if (tool.protocol === NAME) return [tool.value];
  writing.lose(tool.at, "unsupported", "major");
  return [];
};

const chosen = (name: string, tools: readonly Tool[]): JsonObject => {
  const type = tools.some((tool) => tool.kind === "custom" && tool.name === name) ? "custom" : "function";
  return { type, [type]: { name } };
};

const writeChoice = (choice: ToolChoice, tools: readonly Tool[]): Json => {
  if (choice.mode === "tool") return chosen(choice.name, tools);
  if (choice.mode !== "allowed") return choice.mode;
  return { type: "allowed_tools", allowed_tools: { mode: choice.isRequired ? "required" : "auto", tools: choice.names.map((name) => chosen(name, tools)) } };
};

/** Members of the request; `hasSearch`: the vendor searches when it is asked by OpenAI's member. */
export const writeTools = ({ tools, toolChoice, isParallel, protocol }: Conversation, writing: Writing, hasSearch: boolean): JsonObject => {
  const written = tools.flatMap((tool) => writeTool(tool, writing, hasSearch));
  const parallel = isParallel ?? (writing.target.dialect.callsOneByOne === true && protocol !== NAME ? true : null);
  const [search] = tools.flatMap((tool) => searchOf(tool, hasSearch) ?? []);
  return {
    ...(search === undefined ? {} : { [SEARCH_MEMBER]: search }),
    ...(written.length === 0 ? {} : { tools: written }),
    ...(written.length === 0 || toolChoice === null ? {} : { tool_choice: writeChoice(toolChoice, tools) }),
    ...(written.length === 0 || parallel === null ? {} : { parallel_tool_calls: parallel }),
  };
};

export const writeFormat = (format: Format | null): JsonObject => {
  if (format === null) return {};
  if (format.kind === "text") return { response_format: { type: "text" } };
  if (format.kind === "json") return { response_format: { type: "json_object" } };
  const { name, description, schema, isStrict } = format;
  const strict: JsonObject = isStrict === null ? {} : { strict: isStrict };
  return { response_format: { type: "json_schema", json_schema: { name: name || "response", ...describe(description), schema, ...strict } } };
};
