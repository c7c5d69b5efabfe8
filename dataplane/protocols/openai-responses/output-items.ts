// Items of a provider's answer as blocks. What is sealed in them belongs to that provider.
// Items that only this protocol knows are kept whole; an image that was made is an image, with its item beside it.
import type { Block, BlockHead, ImageBlock, Opaque } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { decodeReasoning, foreignItem } from "./decode-items.ts";
import { decodePart } from "./decode-parts.ts";
import { argumentsOf, asExtras, PROTOCOL, restOf } from "./members.ts";
import { qualify } from "./namespaces.ts";

const messageMembers: ReadonlySet<string> = new Set(["type", "role", "content", "status"]);
const reasoningMembers: ReadonlySet<string> = new Set(["type", "summary", "content", "encrypted_content", "status"]);
const callMembers: ReadonlySet<string> = new Set(["type", "call_id", "name", "arguments", "input", "status"]);
const imageMembers: ReadonlySet<string> = new Set(["type", "result", "status"]);

/** What an item says of itself beside what it contains. */
export const aboutMessage = (item: JsonObject): JsonObject => ({ message: restOf(item, messageMembers) ?? {} });
export const aboutReasoning = (item: JsonObject): JsonObject => restOf(item, reasoningMembers) ?? {};
export const aboutCall = (item: JsonObject): JsonObject | undefined => restOf(item, callMembers);

export const isCustomCall = (item: JsonObject): boolean => item["type"] === "custom_tool_call";
export const isCall = (item: JsonObject): boolean => item["type"] === "function_call" || isCustomCall(item);

/** Servers that restart their counting give a call an id only inside `id`. */
const callIdOf = (item: JsonObject): string => stringOf(item["call_id"]) || stringOf(item["id"]);

export const callHead = (item: JsonObject): Extract<BlockHead, { kind: "tool-call" }> => ({
  kind: "tool-call",
  id: callIdOf(item),
  name: qualify(item),
  isCustom: isCustomCall(item),
});

export const writtenIn = (item: JsonObject): string => (isCustomCall(item) ? stringOf(item["input"]) : argumentsOf(item["arguments"]));

export const sealedIn = (item: JsonObject, origin: string): Opaque[] => {
  const value = stringOf(item["encrypted_content"]);
  return value === "" ? [] : [{ kind: "encrypted", origin, value }];
};

const typeByFormat: Readonly<Record<string, string>> = { jpeg: "image/jpeg", webp: "image/webp" };

/** What comes whole; null when it says nothing. */
export const wholeBlock = (item: JsonObject, at: string): Extract<BlockHead, { kind: "whole" }>["block"] => {
  const result = stringOf(item["result"]);
  if (item["type"] !== "image_generation_call" || result === "") return foreignItem(item, at);
  const mediaType = typeByFormat[stringOf(item["output_format"])] ?? "image/png";
  return { kind: "image", at, source: { kind: "bytes", data: result, mediaType }, ...asExtras(restOf(item, imageMembers)) } satisfies ImageBlock;
};

const messageBlocks = (item: JsonObject, at: string): Block[] => {
  const blocks = objectsIn(item["content"]).map((part, index) => decodePart(part, `${at}.content[${index}]`));
  const [first, ...rest] = blocks.filter((block) => block.kind !== "text" || block.text !== "");
  return first === undefined ? [] : [{ ...first, extras: { ...first.extras, [PROTOCOL]: { ...first.extras?.[PROTOCOL], ...aboutMessage(item) } } }, ...rest];
};

/** Nothing that anybody but its maker could use. */
export const isBareReasoning = (item: JsonObject): boolean =>
  [...objectsIn(item["summary"]), ...objectsIn(item["content"])].every((part) => stringOf(part["text"]) === "") && stringOf(item["encrypted_content"]) === "";

const callBlock = (item: JsonObject, at: string): Block => {
  const { id, name, isCustom } = callHead(item);
  return { kind: "tool-call", at, id, name, arguments: writtenIn(item), ...(isCustom ? { isCustom } : {}), ...asExtras(aboutCall(item)) };
};

export const outputBlocks = (item: JsonObject, at: string, origin: string): Block[] => {
  if (item["type"] === "message") return messageBlocks(item, at);
  if (isCall(item)) return [callBlock(item, at)];
  if (item["type"] !== "reasoning" || isBareReasoning(item)) return [wholeBlock(item, at)];
  return decodeReasoning(item, at, aboutReasoning(item), sealedIn(item, origin));
};
