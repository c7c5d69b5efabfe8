// A generateContent request as the demo provider understands it.
import type { Json, JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import type { Picture } from "../picture.ts";
import { pictureOfBase64 } from "../picture.ts";
import type { Choice, Format, Prompt, Tool, Turn } from "../prompt.ts";
import { pastCall, PLAIN } from "../prompt.ts";
import { requireOrder, requireSettings } from "./conversation.ts";
import { refused } from "./failure.ts";
import type { Content, GenerateRequest, Part } from "./request.ts";

/** Strings are put into one of these, because a response must be an object. */
const WRAPPERS = ["output", "result", "error", "content"];

export function promptOf(request: Pick<GenerateRequest, "contents"> & Partial<GenerateRequest>): Prompt {
  requireSettings(request);
  requireOrder(request.contents);
  const declared = (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  const allowed = request.toolConfig?.functionCallingConfig?.allowedFunctionNames ?? [];
  const tools = declared.filter((one) => allowed.length === 0 || allowed.includes(one.name)).map((one): Tool => {
    const schema = one.parametersJsonSchema ?? one.parameters;
    return { name: one.name, kind: "function", schema: isJsonObject(schema) ? inLowerCase(schema) : { type: "object", properties: {} } };
  });
  return {
    ...PLAIN,
    turns: [...systemOf(request.systemInstruction), ...request.contents.flatMap(turnsOf)],
    tools,
    choice: choiceOf(request, tools),
    format: formatOf(request),
    isThinking: isThinkingAsked(request),
  };
}

function systemOf(instruction: GenerateRequest["systemInstruction"]): Turn[] {
  if (instruction === undefined) return [];
  const parts = Array.isArray(instruction.parts) ? instruction.parts : [instruction.parts];
  const text = parts.map((part) => part.text ?? "").join("\n");
  return text === "" ? [] : [{ role: "system", text, pictures: [] }];
}

function turnsOf({ role, parts }: Content): Turn[] {
  const results = parts.flatMap((part) => (part.functionResponse === undefined ? [] : [resultTurn(part.functionResponse)]));
  const rest = parts.filter((part) => part.functionResponse === undefined);
  if (rest.length === 0) return results;
  const calls = rest.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [pastCall(functionCall.name, functionCall.args ?? {})]));
  const text = rest.flatMap((part) => (part.thought === true || part.text === undefined || part.text === "" ? [] : [part.text])).join(" ").trim();
  return [...results, { role: role === "model" ? "assistant" : "user", text, pictures: rest.flatMap(picturesOf), calls }];
}

function resultTurn(result: NonNullable<Part["functionResponse"]>): Turn {
  const [only, ...others] = Object.entries(result.response);
  const isWrapped = only !== undefined && others.length === 0 && WRAPPERS.includes(only[0]) && typeof only[1] === "string";
  const text = isWrapped ? String(only[1]) : JSON.stringify(result.response);
  return { role: "tool", text, pictures: (result.parts ?? []).flatMap(picturesOf), toolName: result.name };
}

function picturesOf({ inlineData, fileData }: Pick<Part, "inlineData" | "fileData">): Picture[] {
  if (fileData !== undefined) return [{ mediaType: "an address", byteCount: null }];
  if (inlineData === undefined) return [];
  const picture = pictureOfBase64(inlineData.data, inlineData.mimeType);
  if (picture === undefined) throw refused("Invalid value at 'contents.parts.inline_data.data' (TYPE_BYTES), Base64 decoding failed");
  return inlineData.mimeType.startsWith("image/") ? [picture] : [];
}

function choiceOf(request: Partial<GenerateRequest>, tools: readonly Tool[]): Choice {
  const { mode, allowedFunctionNames: allowed = [] } = request.toolConfig?.functionCallingConfig ?? {};
  if (mode === "NONE") return { kind: "none" };
  if (mode !== "ANY") return { kind: "auto" };
  const only = allowed.length === 1 ? tools[0] : undefined;
  return only === undefined ? { kind: "required" } : { kind: "named", name: only.name };
}

function formatOf({ generationConfig }: Partial<GenerateRequest>): Format {
  const schema = generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema;
  if (isJsonObject(schema)) return { kind: "schema", schema: inLowerCase(schema) };
  return { kind: generationConfig?.responseMimeType === "application/json" ? "object" : "text" };
}

export function isThinkingAsked({ generationConfig }: Partial<GenerateRequest>): boolean {
  const { includeThoughts, thinkingBudget, thinkingLevel } = generationConfig?.thinkingConfig ?? {};
  if (thinkingBudget === 0) return false;
  return includeThoughts === true || thinkingBudget !== undefined || thinkingLevel !== undefined;
}

/** OpenAPI's types are shouted there. */
function inLowerCase(schema: JsonObject): JsonObject {
  const lowered = (value: Json): Json => (Array.isArray(value) ? value.map(lowered) : isJsonObject(value) ? inLowerCase(value) : value);
  const entries = Object.entries(schema).map(([name, value]): [string, Json] => [name, name === "type" && typeof value === "string" ? value.toLowerCase() : lowered(value)]);
  return Object.fromEntries(entries);
}
