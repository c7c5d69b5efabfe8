// Tools and the choice among them, read and written. A tool that the provider runs itself is kept whole.
// `strict` is true here when it is not said and false elsewhere, so it is said whenever the question came from elsewhere.
import { isObject, type Json } from "../../wire/json.ts";
import type { Conversation, Tool, ToolChoice } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { asExtras, extrasIn, PROTOCOL, restOf, wordOf } from "./members.ts";
import { localName, namespaceOf, qualified, qualify } from "./namespaces.ts";

const functionMembers: ReadonlySet<string> = new Set(["type", "name", "description", "parameters", "strict"]);
const customMembers: ReadonlySet<string> = new Set(["type", "name", "description", "format"]);
const namespaceMembers: ReadonlySet<string> = new Set(["type", "tools"]);
const WEB_SEARCH = /^web_search(?:_preview)?(?:_\d{4}_\d{2}_\d{2})?$/;

const isWebSearch = (type: string): boolean => WEB_SEARCH.test(type);

const extrasOfTool = (tool: JsonObject, known: ReadonlySet<string>, namespace: JsonObject | null): ReturnType<typeof asExtras> => {
  const rest = restOf(tool, known);
  return asExtras(namespace === null ? rest : { ...rest, namespace });
};

const decodeTool = (tool: JsonObject, at: string, namespace: JsonObject | null): Tool => {
  const type = stringOf(tool["type"]);
  const name = qualified(stringOf(namespace?.["name"]), stringOf(tool["name"]));
  const description = stringOf(tool["description"]);
  if (type === "function") {
    const { parameters, strict } = tool;
    const isStrict = typeof strict === "boolean" ? strict : null;
    return { kind: "function", at, name, description, schema: isObject(parameters) ? parameters : null, isStrict, ...extrasOfTool(tool, functionMembers, namespace) };
  }
  if (type === "custom") return { kind: "custom", at, name, description, format: tool["format"] ?? null, ...extrasOfTool(tool, customMembers, namespace) };
  return { kind: "hosted", at, protocol: PROTOCOL, name: type, purpose: isWebSearch(type) ? "web-search" : "other", value: tool };
};

const isCallable = (tool: JsonObject): boolean => tool["type"] === "function" || tool["type"] === "custom";

export const decodeTools = (tools: readonly { readonly at: string; readonly members: JsonObject }[]): Tool[] =>
  tools.flatMap(({ at, members }) => {
    const inside = objectsIn(members["tools"]);
    if (members["type"] !== "namespace" || !inside.every(isCallable)) return [decodeTool(members, at, null)];
    const namespace = restOf(members, namespaceMembers) ?? {};
    return inside.map((tool, index) => decodeTool(tool, `${at}.tools[${index}]`, namespace));
  });

const modes: ReadonlySet<string> = new Set(["auto", "none", "required"]);

/** Undefined when the choice is one that only this protocol knows. */
export const decodeChoice = (choice: Json | undefined): ToolChoice | null | undefined => {
  if (choice === undefined || choice === null) return null;
  if (typeof choice === "string") return modes.has(choice) ? { mode: choice as "auto" | "none" | "required" } : undefined;
  if (!isObject(choice)) return undefined;
  if (isCallable(choice) && wordOf(choice["name"]) !== null) return { mode: "tool", name: qualify(choice) };
  if (choice["type"] !== "allowed_tools") return undefined;
  const allowed = objectsIn(choice["tools"]);
  if (!allowed.every((tool) => isCallable(tool) && wordOf(tool["name"]) !== null)) return undefined;
  return { mode: "allowed", names: allowed.map(qualify), isRequired: choice["mode"] === "required" };
};

interface Saying {
  /** The client speaks this protocol, so that what it left out has this protocol's meaning. */
  readonly isOwn: boolean;
}

const noParameters: JsonObject = { type: "object", properties: {} };

const encodeFunction = (tool: Extract<Tool, { kind: "function" }>, name: string, { isOwn }: Saying): JsonObject => ({
  type: "function",
  name,
  ...(tool.description === "" ? {} : { description: tool.description }),
  parameters: tool.schema ?? (isOwn ? null : noParameters),
  ...(tool.isStrict === null && isOwn ? {} : { strict: tool.isStrict ?? false }),
});

const encodeCustom = (tool: Extract<Tool, { kind: "custom" }>, name: string): JsonObject => ({
  type: "custom",
  name,
  ...(tool.description === "" ? {} : { description: tool.description }),
  ...(isObject(tool.format) ? { format: tool.format } : {}),
});

const withoutNamespace: ReadonlySet<string> = new Set(["namespace"]);

/** Null for what another protocol's provider runs. */
const encodeTool = (tool: Tool, saying: Saying): JsonObject | null => {
  if (tool.kind === "hosted") {
    if (tool.protocol === PROTOCOL) return tool.value;
    return tool.purpose === "web-search" ? { type: "web_search" } : null;
  }
  const name = localName(stringOf(namespaceOf(tool)?.["name"]), tool.name);
  const plain = tool.kind === "function" ? encodeFunction(tool, name, saying) : encodeCustom(tool, name);
  return { ...plain, ...restOf(extrasIn(tool), withoutNamespace) };
};

/** Tools of a namespace that follow each other stand in it together. `drop` is told of those that cannot be said. */
export const encodeTools = (tools: readonly Tool[], saying: Saying, drop: (tool: Tool) => void): JsonObject[] => {
  const encoded: JsonObject[] = [];
  let open: { readonly namespace: JsonObject; readonly tools: Json[] } | null = null;
  for (const tool of tools) {
    const one = encodeTool(tool, saying);
    const namespace = namespaceOf(tool);
    if (one === null) drop(tool);
    else if (namespace === null) encoded.push(one);
    else if (open !== null && open.namespace["name"] === namespace["name"]) open.tools.push(one);
    else {
      open = { namespace, tools: [one] };
      encoded.push({ type: "namespace", ...namespace, tools: open.tools });
    }
    if (namespace === null) open = null;
  }
  return encoded;
};

const encodeNamed = (name: string, tools: readonly Tool[]): JsonObject => {
  const tool = tools.find((one) => one.kind !== "hosted" && one.name === name);
  const namespace = tool === undefined ? "" : stringOf(namespaceOf(tool)?.["name"]);
  return { type: tool?.kind === "custom" ? "custom" : "function", name: localName(namespace, name), ...(namespace === "" ? {} : { namespace }) };
};

export const encodeChoice = ({ toolChoice, tools, extras }: Pick<Conversation, "toolChoice" | "tools" | "extras">): Json => {
  if (toolChoice === null) return extras[PROTOCOL]?.["tool_choice"] ?? null;
  switch (toolChoice.mode) {
    case "tool":
      return encodeNamed(toolChoice.name, tools);
    case "allowed":
      return { type: "allowed_tools", mode: toolChoice.isRequired ? "required" : "auto", tools: toolChoice.names.map((name) => encodeNamed(name, tools)) };
    default:
      return toolChoice.mode;
  }
};
