// Tools, the choice among them and the format of the answer in Converse's words.
// It renames nothing and emulates nothing: that has been done by then.
import type { Conversation, Format, Loss, Tool } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import type { Family } from "./families.ts";
import { cachePoint, isMembers, NAME, ownOf, setMember } from "./members.ts";

/** An object is wanted, and what says nothing takes anything. */
const schemaOf = (schema: JsonObject | null): JsonObject => {
  if (schema === null) return { type: "object", properties: {} };
  return schema["type"] === undefined ? { type: "object", ...schema } : schema;
};

const specOf = (tool: Extract<Tool, { kind: "function" }>, isStrictTaken: boolean, losses: Loss[]): JsonObject => {
  const { name, description, schema, isStrict } = tool;
  if (isStrict === true && !isStrictTaken) losses.push({ path: `${tool.at}.strict`, reason: "unsupported", severity: "minor" });
  return {
    name,
    ...(description.trim() === "" ? {} : { description }),
    inputSchema: { json: schemaOf(schema) },
    ...(isStrict === null || !isStrictTaken ? {} : { strict: isStrict }),
    ...ownOf(tool),
  };
};

const encodeTool = (tool: Tool, isStrictTaken: boolean, losses: Loss[]): JsonObject[] => {
  if (tool.kind === "hosted" && tool.protocol === NAME) return [tool.value];
  if (tool.kind === "function") return [{ toolSpec: specOf(tool, isStrictTaken, losses) }, ...(tool.cache === undefined ? [] : [cachePoint(tool.cache)])];
  losses.push({ path: tool.at, reason: "unsupported", severity: "major" });
  return [];
};

/** Tools that the history tells of must be named, also when none may be called any more. */
const unnamed = (names: readonly string[]): JsonObject[] => names.map((name) => ({ toolSpec: { name, inputSchema: { json: schemaOf(null) } } }));

const choiceWords = { auto: "auto", required: "any" } as const;

const choiceOf = ({ toolChoice }: Conversation): JsonObject | null => {
  if (toolChoice === null) return null;
  switch (toolChoice.mode) {
    case "none":
      return null;
    case "tool":
      return { tool: { name: toolChoice.name } };
    case "allowed":
      return toolChoice.isRequired ? { any: {} } : { auto: {} };
    default:
      return { [choiceWords[toolChoice.mode]]: {} };
  }
};

/** What Converse has no word for and Claude has: no call at all, and one call at a time. Null: Converse's own word will do. */
const claudeChoice = ({ toolChoice, isParallel }: Conversation): JsonObject | null => {
  if (toolChoice?.mode === "none") return { type: "none" };
  if (isParallel !== false) return null;
  const isForced = toolChoice?.mode === "required" || (toolChoice?.mode === "allowed" && toolChoice.isRequired);
  const choice: JsonObject = toolChoice?.mode === "tool" ? { type: "tool", name: toolChoice.name } : { type: isForced ? "any" : "auto" };
  return { ...choice, disable_parallel_tool_use: true };
};

export interface Tools {
  /** Null for none. */
  readonly toolConfig: JsonObject | null;
  /** What stands beside the request; null for nothing. */
  readonly choice: JsonObject | null;
}

/** `named`: the tools that the history tells of. */
export const encodeTools = (conversation: Conversation, named: readonly string[], family: Family, isOwn: boolean, losses: Loss[]): Tools => {
  const isStrictTaken = isOwn || family.claude?.hasSchema === true;
  const tools = conversation.tools.flatMap((tool) => encodeTool(tool, isStrictTaken, losses));
  const own = isMembers(conversation.extras[NAME]?.["toolConfig"]) ? conversation.extras[NAME]["toolConfig"] : {};
  if (tools.length === 0 && named.length > 0 && !isOwn) {
    losses.push({ path: "tools", reason: "approximated", severity: "minor" });
    return { toolConfig: { tools: unnamed(named) }, choice: family.claude === null ? null : { type: "none" } };
  }
  if (tools.length === 0) return { toolConfig: null, choice: null };
  const choice = family.claude === null && !isOwn ? null : claudeChoice(conversation);
  const toolChoice = choice === null ? choiceOf(conversation) : null;
  return { toolConfig: { tools, ...(toolChoice === null ? {} : { toolChoice }), ...own }, choice };
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

/** The schema is text there. Null for none: other formats have been asked for in another way. */
export const encodeFormat = (format: Format | null, isOwn: boolean, losses: Loss[]): JsonObject | null => {
  if (format === null || format.kind !== "schema") return null;
  const given = JSON.stringify(format.schema);
  const schema = isOwn ? given : JSON.stringify(closed(format.schema));
  if (schema !== given) losses.push({ path: "format", reason: "approximated", severity: "minor" });
  const { name, description } = format;
  return { type: "json_schema", structure: { jsonSchema: { schema, ...(name === "" ? {} : { name }), ...(description === "" ? {} : { description }) } } };
};
