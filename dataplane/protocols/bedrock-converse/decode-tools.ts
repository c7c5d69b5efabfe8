// Tools of a request and which of them the model may or must use. A point of the cache marks the tool before it.
// It judges no schema.
import type { Invalid } from "../codec.ts";
import type { Tool, ToolChoice } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { problemOfTools } from "../senseless.ts";
import { findUnread } from "../unread.ts";
import { cacheMarkOf, extrasOf, invalid, isEmpty, isMembers, NAME, objectOf, pointShape, restOf } from "./members.ts";

const known: ReadonlySet<string> = new Set(["name", "description", "inputSchema", "strict"]);

const decodeFunction = (spec: JsonObject, at: string): Tool | Invalid => {
  const { name, description, inputSchema, strict } = spec;
  if (typeof name !== "string" || name === "") return invalid(`${at}.toolSpec has no "name". Give every tool one.`, `${at}.toolSpec.name`);
  const schema = objectOf(inputSchema)["json"];
  return {
    kind: "function",
    at,
    name,
    description: stringOf(description),
    schema: isMembers(schema) ? schema : null,
    isStrict: typeof strict === "boolean" ? strict : null,
    ...extrasOf(restOf(spec, known)),
  };
};

const decodeSystemTool = (value: JsonObject, at: string): Tool => {
  const name = stringOf(objectOf(value["systemTool"])["name"]);
  return { kind: "hosted", at, protocol: NAME, name, purpose: name === "nova_grounding" ? "web-search" : "other", value };
};

const mark = (tools: Tool[], point: JsonObject): void => {
  const last = tools.at(-1);
  if (last?.kind === "function") tools[tools.length - 1] = { ...last, cache: cacheMarkOf(point) };
};

const schemaShape = { json: true } as const;

export const decodeTools = (toolConfig: JsonObject, unread: string[]): Tool[] | Invalid => {
  const given = toolConfig["tools"] ?? [];
  if (!Array.isArray(given)) return invalid('toolConfig.tools must be a list of tools, as [{"toolSpec":{…}}].', "toolConfig.tools");
  const tools: Tool[] = [];
  for (const [index, value] of given.entries()) {
    const at = `toolConfig.tools[${index}]`;
    if (!isMembers(value)) return invalid(`${at} must be an object with "toolSpec", "systemTool" or "cachePoint".`, at);
    findUnread(value["cachePoint"], pointShape, `${at}.cachePoint`, unread);
    findUnread(objectOf(value["toolSpec"])["inputSchema"], schemaShape, `${at}.toolSpec.inputSchema`, unread);
    if (isMembers(value["cachePoint"])) {
      mark(tools, value["cachePoint"]);
      continue;
    }
    const tool = isMembers(value["toolSpec"]) ? decodeFunction(value["toolSpec"], at) : decodeSystemTool(value, at);
    if ("problem" in tool) return tool;
    tools.push(tool);
  }
  return problemOfTools(tools) ?? tools;
};

export interface Choosing {
  readonly toolChoice: ToolChoice | null;
  readonly isParallel: boolean | null;
}

const choiceOf = (choice: JsonObject): ToolChoice | null => {
  if (isMembers(choice["auto"])) return { mode: "auto" };
  if (isMembers(choice["any"])) return { mode: "required" };
  return isMembers(choice["tool"]) ? { mode: "tool", name: stringOf(choice["tool"]["name"]) } : null;
};

const modes: Readonly<Record<string, "auto" | "none" | "required">> = { auto: "auto", none: "none", any: "required" };
const knownOfClaude: ReadonlySet<string> = new Set(["type", "name", "disable_parallel_tool_use"]);

/** What Claude is told beside the request, which has no word for it; null when it is not all known. */
const claudeChoice = (value: Json | undefined): Choosing | null => {
  if (!isMembers(value) || !isEmpty(restOf(value, knownOfClaude))) return null;
  const { type, name, disable_parallel_tool_use: isDisabled } = value;
  const mode = typeof type === "string" && Object.hasOwn(modes, type) ? modes[type] : undefined;
  if (mode === undefined && type !== "tool") return null;
  return { toolChoice: mode === undefined ? { mode: "tool", name: stringOf(name) } : { mode }, isParallel: typeof isDisabled === "boolean" ? !isDisabled : null };
};

/** `isRead`: the choice that was said beside the request is in it. */
export const decodeToolChoice = (toolConfig: JsonObject, additional: JsonObject): (Choosing & { readonly isRead: boolean }) | Invalid => {
  const given = toolConfig["toolChoice"];
  const beside = claudeChoice(additional["tool_choice"]);
  if (given === undefined || given === null) return { toolChoice: beside?.toolChoice ?? null, isParallel: beside?.isParallel ?? null, isRead: beside !== null };
  const toolChoice = choiceOf(objectOf(given));
  if (toolChoice === null) return invalid('toolConfig.toolChoice must be {"auto":{}}, {"any":{}} or {"tool":{"name":"…"}}.', "toolConfig.toolChoice");
  return { toolChoice: beside?.toolChoice ?? toolChoice, isParallel: beside?.isParallel ?? null, isRead: beside !== null };
};
