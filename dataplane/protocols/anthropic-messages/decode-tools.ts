// Tools of a request and which of them the model may or must use. Those with a dated type are Anthropic's own.
// It judges no schema.
import type { Invalid } from "../codec.ts";
import type { Tool, ToolChoice } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { problemOfTools } from "../senseless.ts";
import { cacheOf, cacheRestOf, extrasOf, invalid, isMembers, lookUp, NAME, restOf } from "./members.ts";

const known: ReadonlySet<string> = new Set(["type", "name", "description", "input_schema", "strict", "cache_control"]);

const decodeFunction = (value: JsonObject, at: string): Tool | Invalid => {
  const { name, description, input_schema: schema, strict } = value;
  if (typeof name !== "string" || name === "") return invalid(`${at} has no "name". Give every tool one.`, `${at}.name`);
  const cacheRest = cacheRestOf(value);
  const rest = restOf(value, known);
  return {
    kind: "function",
    at,
    name,
    description: stringOf(description),
    schema: isObject(schema) ? schema : null,
    isStrict: typeof strict === "boolean" ? strict : null,
    ...cacheOf(value),
    ...extrasOf(Object.keys(cacheRest).length === 0 ? rest : { ...rest, cache_control: cacheRest }),
  };
};

const decodeTool = (value: Json, at: string): Tool | Invalid => {
  if (!isMembers(value)) return invalid(`${at} must be an object with "name" and "input_schema".`, at);
  const type = value["type"] ?? "custom";
  if (type === "custom") return decodeFunction(value, at);
  if (typeof type !== "string") return invalid(`${at}.type must be a string.`, `${at}.type`);
  return { kind: "hosted", at, protocol: NAME, name: stringOf(value["name"]) || type, purpose: type.startsWith("web_search") ? "web-search" : "other", value };
};

export const decodeTools = (value: Json | undefined): Tool[] | Invalid => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return invalid("tools must be a list of tools.", "tools");
  const tools: Tool[] = [];
  for (const [index, member] of value.entries()) {
    const tool = decodeTool(member, `tools[${index}]`);
    if ("problem" in tool) return tool;
    tools.push(tool);
  }
  return problemOfTools(tools) ?? tools;
};

export interface Choosing {
  readonly toolChoice: ToolChoice | null;
  readonly isParallel: boolean | null;
  /** What it said besides. */
  readonly rest: JsonObject;
}

const modes: Readonly<Record<string, "auto" | "none" | "required">> = { auto: "auto", none: "none", any: "required" };
const knownOfChoice: ReadonlySet<string> = new Set(["type", "name", "disable_parallel_tool_use"]);

export const decodeToolChoice = (value: Json | undefined): Choosing | Invalid => {
  if (value === undefined || value === null) return { toolChoice: null, isParallel: null, rest: {} };
  if (!isMembers(value)) return invalid('tool_choice must be an object, as {"type":"auto"}.', "tool_choice");
  const type = stringOf(value["type"]);
  const mode = lookUp(modes, type);
  const toolChoice: ToolChoice | null = mode === undefined ? (type === "tool" ? { mode: "tool", name: stringOf(value["name"]) } : null) : { mode };
  if (toolChoice === null) return invalid('tool_choice.type must be "auto", "any", "tool" or "none".', "tool_choice.type");
  const isDisabled = value["disable_parallel_tool_use"];
  return { toolChoice, isParallel: typeof isDisabled === "boolean" ? !isDisabled : null, rest: restOf(value, knownOfChoice) };
};
