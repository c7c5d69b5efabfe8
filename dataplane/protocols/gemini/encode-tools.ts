// Neutral tools as Gemini's: all functions in one declaration of tools, each of Google's own in one of its own.
import type { Conversation, Loss, Tool } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { VALIDATED } from "./decode-tools.ts";
import { isEmpty, isMembers, NAME, ownOf, restOf } from "./members.ts";
import { SchemaWriter } from "./schema-write.ts";

export interface ToolForm {
  readonly hasJsonSchema: boolean;
  readonly mayMixTools: boolean;
  readonly losses: Loss[];
}

type FunctionTool = Extract<Tool, { kind: "function" }>;

/** A function that takes nothing has no schema: Google refuses an object without properties. */
const takesNothing = (schema: JsonObject): boolean => {
  const { properties, additionalProperties } = schema;
  if (isMembers(additionalProperties) || additionalProperties === true || ["$ref", "anyOf", "oneOf", "allOf"].some((key) => schema[key] !== undefined)) return false;
  return properties === undefined || (isMembers(properties) && isEmpty(properties));
};

const parametersOf = ({ schema, at }: FunctionTool, { hasJsonSchema, losses }: ToolForm): JsonObject => {
  if (schema === null || takesNothing(schema)) return {};
  if (hasJsonSchema) return { parametersJsonSchema: schema };
  const writer = new SchemaWriter(schema);
  const parameters = writer.write();
  if (writer.isReduced) losses.push({ path: at, reason: "approximated", severity: "minor" });
  return { parameters };
};

const own: ReadonlySet<string> = new Set(["parameters"]);

const declarationOf = (tool: FunctionTool, form: ToolForm): JsonObject => {
  const { name, description, at } = tool;
  // No function alone can be bound to its schema there.
  if (tool.isStrict === true) form.losses.push({ path: `${at === "" ? name : at}.strict`, reason: "approximated", severity: "minor" });
  const { parameters } = ownOf(tool);
  const given = isMembers(parameters) ? { parameters } : parametersOf(tool, form);
  return { name, ...(description === "" ? {} : { description }), ...given, ...restOf(ownOf(tool), own) };
};

const hostedOf = (tools: readonly Tool[]): JsonObject[] =>
  tools.flatMap((tool) => {
    if (tool.kind !== "hosted") return [];
    if (tool.protocol === NAME) return [tool.value];
    return tool.purpose === "web-search" ? [{ googleSearch: {} }] : [];
  });

export const isFunction = (tool: Tool): tool is FunctionTool => tool.kind === "function";

/** Before the third generation Google's own tools exclude the client's. */
export const encodeTools = (conversation: Conversation, form: ToolForm, isOwn: boolean): JsonObject[] => {
  const { tools } = conversation;
  const declarations = tools.filter(isFunction).map((tool) => declarationOf(tool, form));
  const hosted = hostedOf(tools);
  for (const tool of tools) if (tool.kind === "custom") form.losses.push({ path: tool.at, reason: "unsupported", severity: "major" });
  if (declarations.length === 0) return hosted;
  const functions: JsonObject = { functionDeclarations: declarations };
  if (isOwn || form.mayMixTools || hosted.length === 0) return [functions, ...hosted];
  for (const tool of tools) if (tool.kind === "hosted") form.losses.push({ path: tool.at, reason: "unsupported", severity: "major" });
  return [functions];
};

const modeOf = ({ toolChoice }: Conversation): JsonObject | null => {
  switch (toolChoice?.mode) {
    case undefined:
      return null;
    case "auto":
      return { mode: "AUTO" };
    case "none":
      return { mode: "NONE" };
    case "required":
      return { mode: "ANY" };
    case "tool":
      return { mode: "ANY", allowedFunctionNames: [toolChoice.name] };
    case "allowed":
      // Google takes names only with a mode that binds the model to the schemas.
      return { mode: toolChoice.isRequired ? "ANY" : VALIDATED, allowedFunctionNames: [...toolChoice.names] };
  }
};

const CALLING = "toolConfig.functionCallingConfig.";
const TOOLING = "toolConfig.";

const inside = (members: JsonObject, prefix: string, except = ""): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([key, value]): [string, Json][] => (key.startsWith(prefix) && (except === "" || !key.startsWith(except)) ? [[key.slice(prefix.length), value]] : [])));

/** Null for none. A choice without a function to call is refused there. `hidesTools`: what Google's own tools did is not asked to be told. */
export const encodeToolChoice = (conversation: Conversation, tools: readonly JsonObject[], isOwn: boolean, hidesTools: boolean): JsonObject | null => {
  const said = ownOf(conversation);
  const hasFunctions = tools.some((tool) => tool["functionDeclarations"] !== undefined);
  const calling = { ...(hasFunctions || isOwn ? modeOf(conversation) : null), ...inside(said, CALLING) };
  const isMixed = !isOwn && !hidesTools && hasFunctions && tools.length > 1;
  const choice: JsonObject = {
    ...(isEmpty(calling) ? {} : { functionCallingConfig: calling }),
    ...(isMixed ? { includeServerSideToolInvocations: true } : {}),
    ...inside(said, TOOLING, CALLING),
  };
  return isEmpty(choice) ? null : choice;
};
