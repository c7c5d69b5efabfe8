// Results of functions: an object here, text or media in the neutral model. Google's words are "output" and "error".
import type { Block, ToolCallBlock, ToolResultBlock } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { parseExact, type Json } from "../../wire/json.ts";
import { camel, extrasOf, isEmpty, isMembers, membersOf, ownOf, present, restOf } from "./members.ts";
import { type MediaBlock, readAddress, readInline, writeMedia } from "./media.ts";

/** Google takes "$ref" for a reference to a part beside, and numbers for doubles: such text goes as text. */
const DELICATE = /"\$ref"|\d{16}/;
const OBJECT_OR_LIST = /^\s*[{[]/;

/** What a tool said, as the object that Google wants. */
export const responseOf = (text: string, isError: boolean): JsonObject => {
  if (isError) return { error: text };
  const value = OBJECT_OR_LIST.test(text) && !DELICATE.test(text) ? parseExact(text) : undefined;
  if (isMembers(value)) return value;
  return { output: Array.isArray(value) ? value : text };
};

const wrappings: ReadonlySet<string> = new Set(["output", "result", "error"]);

const textIn = (response: JsonObject): string => {
  const [only, ...others] = Object.entries(response);
  if (only === undefined) return "";
  const [key, value] = only;
  if (others.length > 0 || !wrappings.has(key)) return JSON.stringify(response);
  return typeof value === "string" ? value : JSON.stringify(value);
};

const knownMembers: ReadonlySet<string> = new Set(["id", "name", "response", "parts"]);

const readMedia = (value: JsonObject, at: string): MediaBlock[] => {
  const part = camel(value);
  if (isMembers(part["inlineData"])) return [readInline(camel(part["inlineData"]), { at, ...extrasOf({ part }) })];
  return isMembers(part["fileData"]) ? [readAddress(camel(part["fileData"]), { at, ...extrasOf({ part }) })] : [];
};

export const readResult = (value: JsonObject, at: string, rest: JsonObject): ToolResultBlock => {
  const response = isMembers(value["response"]) ? value["response"] : { output: value["response"] ?? "" };
  const text = textIn(response);
  const isError = response["error"] !== undefined && response["error"] !== null;
  const others = restOf(value, knownMembers);
  // What comes out again as it went in need not be kept.
  const isPlain = JSON.stringify(responseOf(text, isError)) === JSON.stringify(response);
  const media = objectsIn(value["parts"]).flatMap((part, index) => readMedia(part, `${at}.functionResponse.parts[${index}]`));
  const content: Block[] = [...(text === "" ? [] : [{ kind: "text" as const, at, text }]), ...media];
  const extras: JsonObject = { ...rest, ...(isPlain ? {} : { response }), ...(isEmpty(others) ? {} : { functionResponse: others }) };
  return { kind: "tool-result", at, id: stringOf(value["id"]), name: stringOf(value["name"]), content, isError, ...extrasOf(extras) };
};

const isMedia = (block: Block): block is MediaBlock => block.kind === "image" || block.kind === "file" || block.kind === "audio" || block.kind === "video";

const mediaPart = (block: MediaBlock): JsonObject[] => {
  const own = ownOf(block)["part"];
  const part = isMembers(own) ? own : writeMedia(block);
  return part === null ? [] : [part];
};

const textOf = (content: readonly Block[]): string => content.flatMap((block) => (block.kind === "text" || block.kind === "refusal" ? [block.text] : [])).join("\n");

/** `name`: that of the call when the result does not say it. `hasId`: ids are told there. */
export const writeResult = (block: ToolResultBlock, name: string, hasId: boolean): JsonObject => {
  const { response, functionResponse } = ownOf(block);
  const parts = block.content.filter(isMedia).flatMap(mediaPart);
  const said: Json = isMembers(response) ? response : responseOf(textOf(block.content), block.isError);
  return {
    functionResponse: {
      ...present({ id: hasId && block.id !== "" ? block.id : null }),
      name: block.name === "" ? name : block.name,
      response: said,
      ...(parts.length === 0 ? {} : { parts }),
      ...membersOf(functionResponse),
    },
  };
};

/** Arguments as the object that Google wants. What is none is put into one. */
export const argumentsOf = ({ arguments: text, isCustom }: Pick<ToolCallBlock, "arguments" | "isCustom">): JsonObject => {
  if (isCustom === true) return { input: text };
  if (text.trim() === "") return {};
  const value = parseExact(text);
  return isMembers(value) ? value : { _raw: text };
};
