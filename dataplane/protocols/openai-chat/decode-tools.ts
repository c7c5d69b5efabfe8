// Tools, which of them may be called, and the form of the answer, as a request says them.
// Tools that are not known are the provider's own.
import { isObject, type Json } from "../../wire/json.ts";
import type { Draft, Format, Tool, ToolChoice } from "../ir.ts";
import { isEmpty, type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { extrasOf, hasOthers, type MemberReader, without } from "../openai-members.ts";
import { cacheOf, findUnreadMarks } from "./decode-parts.ts";
import { NAME } from "./names.ts";

/** The hosted search of OpenAI's is asked for by a member of the request and not in the list of tools. */
export const SEARCH_MEMBER = "web_search_options";

const functionMembers = new Set(["name", "description", "parameters", "strict"]);
const customMembers = new Set(["name", "description", "format"]);
const bareMembers = new Set(["type", "function"]);
const toolMembers = new Set([...bareMembers, "custom", "cache_control", "prompt_cache_breakpoint"]);

const withInner = (tool: JsonObject, key: string, inner: Readonly<JsonObject>): JsonObject => ({ ...without(tool, toolMembers), ...(isEmpty(inner) ? {} : { [key]: inner }) });

const readFunction = (members: JsonObject, tool: JsonObject, at: string): Tool => {
  const schema = members["parameters"];
  const strict = members["strict"];
  const read: Draft<Extract<Tool, { kind: "function" }>> = {
    kind: "function",
    at,
    name: stringOf(members["name"]),
    description: stringOf(members["description"]),
    schema: isObject(schema) ? schema : null,
    isStrict: typeof strict === "boolean" ? strict : null,
  };
  const isBare = !hasOthers(tool, bareMembers) && !hasOthers(members, functionMembers);
  return isBare ? read : Object.assign(read, cacheOf({ ...members, ...tool }), extrasOf(NAME, withInner(tool, "function", without(members, functionMembers))));
};

const readCustom = (members: JsonObject, tool: JsonObject, at: string): Tool => ({
  kind: "custom",
  at,
  name: stringOf(members["name"]),
  description: stringOf(members["description"]),
  format: members["format"] ?? null,
  ...extrasOf(NAME, withInner(tool, "custom", without(members, customMembers))),
});

const readTool = (tool: JsonObject, at: string): Tool => {
  const type = stringOf(tool["type"]);
  const { function: called, custom } = tool;
  if (isObject(called) && (type === "function" || type === "")) return readFunction(called, tool, at);
  if (type === "custom" && isObject(custom)) return readCustom(custom, tool, at);
  return { kind: "hosted", at, protocol: NAME, name: type, purpose: type.includes("web_search") || type === "browser_search" ? "web-search" : "other", value: tool };
};

const readSearch = (body: JsonObject): Tool[] => {
  const options = body[SEARCH_MEMBER];
  return isObject(options) ? [{ kind: "hosted", at: SEARCH_MEMBER, protocol: NAME, name: SEARCH_MEMBER, purpose: "web-search", value: options }] : [];
};

/** `functions` is the older way to say `tools`. */
export const readTools = (reader: MemberReader, body: JsonObject): Tool[] => {
  const tools = [
    ...reader.objects(body["tools"], "tools").map(({ members, at }) => readTool(members, at)),
    ...reader.objects(body["functions"], "functions").map(({ members, at }) => readFunction(members, {}, at)),
  ];
  for (const [index, tool] of objectsIn(body["tools"]).entries()) findUnreadMarks(reader, tool, `tools[${index}]`);
  for (const { name, at } of tools) if (name === "") reader.complain(at, `"${at}" has no name, and no type that would tell what it is.`);
  return [...tools, ...readSearch(body)];
};

/** Whether a client asked in the older way, and so is answered in it. */
export const isLegacy = (tools: readonly Tool[]): boolean => tools.some(({ at }) => at.startsWith("functions["));

const nameIn = (choice: JsonObject): string => {
  for (const inner of [choice["function"], choice["custom"], choice]) if (isObject(inner) && typeof inner["name"] === "string") return inner["name"];
  return "";
};

const words: Readonly<Record<string, ToolChoice>> = { auto: { mode: "auto" }, none: { mode: "none" }, required: { mode: "required" }, any: { mode: "required" } };

const readWord = (word: string): ToolChoice | null => (Object.hasOwn(words, word) ? (words[word] ?? null) : null);

const readChoice = (choice: JsonObject): ToolChoice | null => {
  const allowed = choice["allowed_tools"];
  if (isObject(allowed)) return { mode: "allowed", names: objectsIn(allowed["tools"]).map(nameIn).filter((name) => name !== ""), isRequired: allowed["mode"] === "required" };
  const name = nameIn(choice);
  return name === "" ? readWord(stringOf(choice["type"])) : { mode: "tool", name };
};

export const readToolChoice = (reader: MemberReader, body: JsonObject): ToolChoice | null => {
  const key = body["tool_choice"] === undefined ? "function_call" : "tool_choice";
  const value = body[key];
  if (value === undefined || value === null) return null;
  const choice = typeof value === "string" ? readWord(value) : isObject(value) ? readChoice(value) : null;
  if (choice === null) reader.complain(key, `"${key}" must be "auto", "none", "required" or an object that names a tool.`);
  return choice;
};

const readSchema = (value: JsonObject): Format | null => {
  const { schema, strict } = value;
  if (!isObject(schema)) return null;
  return { kind: "schema", name: stringOf(value["name"]), description: stringOf(value["description"]), schema, isStrict: typeof strict === "boolean" ? strict : null };
};

/** Null for none, and for a form that only its own protocol knows. */
export const readFormat = (value: Json | undefined): Format | null => {
  if (!isObject(value)) return null;
  const members = Object.keys(value).length;
  if (value["type"] === "text") return { kind: "text" };
  if (value["type"] === "json_object" && members === 1) return { kind: "json" };
  return value["type"] === "json_schema" && isObject(value["json_schema"]) ? readSchema(value["json_schema"]) : null;
};
