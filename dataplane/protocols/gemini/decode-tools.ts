// Tools of a request and the choice among them, into neutral ones. Each of Google's own tools is one that it runs itself.
import type { Invalid } from "../codec.ts";
import type { Tool, ToolChoice } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { problemOfTools } from "../senseless.ts";
import { camel, extrasOf, invalid, isMembers, isProblem, listOf, membersOf, NAME, restOf } from "./members.ts";
import { readSchema } from "./schema-read.ts";

const FUNCTIONS = "functionDeclarations";
const searches: ReadonlySet<string> = new Set(["googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"]);

/** OpenAPI's schema is kept as it was for the way back: it says an order of properties too. */
const knownOfFunction: ReadonlySet<string> = new Set(["name", "description", "parametersJsonSchema"]);

const schemaOf = ({ parameters, parametersJsonSchema: schema }: JsonObject): JsonObject | null => {
  if (isMembers(schema)) return schema;
  return isMembers(parameters) ? readSchema(parameters) : null;
};

const decodeFunction = (value: Json, at: string): Tool | Invalid => {
  if (!isMembers(value)) return invalid(`${at} must be an object with "name", "description" and "parameters".`, at);
  const declaration = camel(value);
  const name = stringOf(declaration["name"]);
  if (name === "") return invalid(`${at}.name must be the function's name.`, `${at}.name`);
  return { kind: "function", at, name, description: stringOf(declaration["description"]), schema: schemaOf(declaration), isStrict: null, ...extrasOf(restOf(declaration, knownOfFunction)) };
};

const decodeTool = (value: Json, at: string): (Tool | Invalid)[] => {
  if (!isMembers(value)) return [invalid(`${at} must be an object, such as {"functionDeclarations":[…]}.`, at)];
  return Object.entries(camel(value)).flatMap(([key, member]): (Tool | Invalid)[] => {
    if (key === FUNCTIONS) return listOf(member).map((one, index) => decodeFunction(one, `${at}.${FUNCTIONS}[${index}]`));
    if (member === null) return [];
    return [{ kind: "hosted", at: `${at}.${key}`, protocol: NAME, name: key, purpose: searches.has(key) ? "web-search" : "other", value: { [key]: member } }];
  });
};

export const decodeTools = (value: Json | undefined): Tool[] | Invalid => {
  const tools: Tool[] = [];
  for (const tool of listOf(value).flatMap((one, index) => decodeTool(one, `tools[${index}]`))) {
    if (isProblem(tool)) return tool;
    tools.push(tool);
  }
  return problemOfTools(tools) ?? tools;
};

export interface Choosing {
  readonly toolChoice: ToolChoice | null;
  /** "toolConfig.retrievalConfig"…: what else stands there. */
  readonly rest: JsonObject;
}

const knownOfChoice: ReadonlySet<string> = new Set(["mode", "allowedFunctionNames"]);
const knownOfConfig: ReadonlySet<string> = new Set(["functionCallingConfig"]);

const modes: Readonly<Record<string, ToolChoice["mode"]>> = { AUTO: "auto", ANY: "required", NONE: "none", VALIDATED: "auto" };
export const VALIDATED = "VALIDATED";

const choiceOf = (mode: string, names: readonly string[]): ToolChoice | null => {
  const chosen = modes[mode];
  if (chosen === undefined) return null;
  const [only] = names;
  if (only === undefined || chosen === "none") return { mode: chosen === "required" || chosen === "none" ? chosen : "auto" };
  if (chosen === "required" && names.length === 1) return { mode: "tool", name: only };
  return { mode: "allowed", names, isRequired: chosen === "required" };
};

export const decodeToolChoice = (value: Json | undefined): Choosing => {
  const tooling = membersOf(value);
  const calling = membersOf(tooling["functionCallingConfig"]);
  const mode = stringOf(calling["mode"]).toUpperCase();
  const names = listOf(calling["allowedFunctionNames"]).filter((name) => typeof name === "string");
  const inner = { ...restOf(calling, knownOfChoice), ...(mode === VALIDATED ? { mode } : {}) };
  const rest: JsonObject = {};
  for (const [key, member] of Object.entries(restOf(tooling, knownOfConfig))) rest[`toolConfig.${key}`] = member;
  for (const [key, member] of Object.entries(inner)) rest[`toolConfig.functionCallingConfig.${key}`] = member;
  return { toolChoice: choiceOf(mode, names), rest };
};
