// Tools, the choice among them and the format of the answer in Anthropic's words.
// It renames nothing and emulates nothing: that has been done by then.
import { describedSchema } from "../asking.ts";
import type { Conversation, Format, Loss, Tool, ToolChoice } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { cacheControl, isMembers, NAME, ownOf, setMember } from "./members.ts";
import type { Traits } from "../claude-traits.ts";

const WEB_SEARCH: JsonObject = { type: "web_search_20250305", name: "web_search" };

/** An object is wanted, and what says nothing takes anything. */
const schemaOf = (schema: JsonObject | null): JsonObject => {
  if (schema === null) return { type: "object", properties: {} };
  return schema["type"] === undefined ? { type: "object", ...schema } : schema;
};

const encodeFunction = (tool: Extract<Tool, { kind: "function" }>, { hasSchema, isClaude }: Traits, losses: Loss[]): JsonObject => {
  const { name, description, schema, isStrict } = tool;
  const isTaken = hasSchema || !isClaude;
  if (isStrict === true && !isTaken) losses.push({ path: `${tool.at}.strict`, reason: "unsupported", severity: "minor" });
  return {
    name,
    ...(description === "" ? {} : { description }),
    input_schema: schemaOf(schema),
    ...(isStrict === null || !isTaken ? {} : { strict: isStrict }),
    ...ownOf(tool),
    ...cacheControl(tool),
  };
};

export const encodeTools = (tools: readonly Tool[], traits: Traits, losses: Loss[]): JsonObject[] =>
  tools.flatMap((tool) => {
    if (tool.kind === "function") return [encodeFunction(tool, traits, losses)];
    if (tool.kind === "hosted" && tool.protocol === NAME) return [tool.value];
    if (tool.kind === "hosted" && tool.purpose === "web-search") return [WEB_SEARCH];
    losses.push({ path: tool.at, reason: "unsupported", severity: "major" });
    return [];
  });

const choiceWords = { auto: "auto", none: "none", required: "any" } as const;

const encodeChoice = (choice: ToolChoice | null): JsonObject => {
  if (choice === null) return { type: "auto" };
  if (choice.mode === "tool") return { type: "tool", name: choice.name };
  if (choice.mode === "allowed") return { type: choice.isRequired ? "any" : "auto" };
  return { type: choiceWords[choice.mode] };
};

/** Null when there is nothing to say: it stands beside tools only. The switch for parallel calls is part of it. */
export const encodeToolChoice = ({ toolChoice, isParallel, tools }: Conversation, said: Json | undefined): JsonObject | null => {
  if (tools.length === 0 || (toolChoice === null && isParallel !== false && said === undefined)) return null;
  const choice = encodeChoice(toolChoice);
  const hasSwitch = isParallel !== null && choice["type"] !== "none" && (toolChoice !== null || !isParallel);
  return { ...choice, ...(hasSwitch ? { disable_parallel_tool_use: !isParallel } : {}), ...(isObject(said) ? said : {}) };
};

export const isForced = ({ toolChoice, tools }: Conversation): boolean =>
  tools.length > 0 && toolChoice !== null && (toolChoice.mode === "required" || toolChoice.mode === "tool" || (toolChoice.mode === "allowed" && toolChoice.isRequired));

/** Objects must say that they are closed; one that says nothing about it is closed. */
const closed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(closed);
  if (!isMembers(value)) return value;
  const members: JsonObject = {};
  for (const [key, member] of Object.entries(value)) setMember(members, key, key === "enum" || key === "const" || key === "default" ? member : closed(member));
  const isOpen = stringOf(value["type"]) === "object" && value["additionalProperties"] === undefined;
  return isOpen ? { ...members, additionalProperties: false } : members;
};

/** Null for none: other formats have been asked for in another way. */
export const encodeFormat = (format: Format | null, isOwn: boolean, losses: Loss[]): JsonObject | null => {
  if (format === null || format.kind !== "schema") return null;
  if (isOwn) return { type: "json_schema", schema: format.schema };
  const described = describedSchema(format);
  const schema = closed(described);
  if (JSON.stringify(schema) !== JSON.stringify(described)) losses.push({ path: "format", reason: "approximated", severity: "minor" });
  return { type: "json_schema", schema };
};
