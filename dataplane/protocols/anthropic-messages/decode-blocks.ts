// Content blocks of Anthropic's into neutral ones, those of requests and those of answers: one row per type. A type without
// a row, and those of hosted tools, stay what they are, with the text in them that others can read.
import type { Invalid } from "../codec.ts";
import type { Block, FileBlock, Source } from "../ir.ts";
import { isEmpty, type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { findUnread } from "../unread.ts";
import { handBack, opaquesOf } from "./carry.ts";
import { decodeCitations } from "./citations.ts";
import { cacheOf, cacheRestOf, extrasOf, invalid, isMembers, lookUp, NAME, objectOf, restOf } from "./members.ts";

/** Where a block stands, and whose opaque values it holds. */
export interface Place {
  readonly at: string;
  readonly origin: string;
  /** Takes the paths of what nobody here reads; only in requests. */
  readonly unread?: string[] | undefined;
}

type Decode = (value: JsonObject, place: Place) => Block | Invalid;

/** Every block's members that a row reads by itself. */
const knownOf = (...members: readonly string[]): ReadonlySet<string> => new Set(["type", "cache_control", ...members]);

/** What the model has no name for, the words of its cache mark among them. */
const restIn = (value: JsonObject, known: ReadonlySet<string>): JsonObject => {
  const rest = restOf(value, known);
  const cacheRest = cacheRestOf(value);
  return isEmpty(cacheRest) ? rest : { ...rest, cache_control: cacheRest };
};

const partOf = (value: JsonObject, at: string, known: ReadonlySet<string>) => ({ at, ...cacheOf(value), ...extrasOf(restIn(value, known)) });

const sourceOf = (source: JsonObject): Source | null => {
  switch (source["type"]) {
    case "base64":
      return { kind: "bytes", data: stringOf(source["data"]), mediaType: stringOf(source["media_type"]) };
    case "url":
      return { kind: "url", url: stringOf(source["url"]) };
    case "text":
      return { kind: "text", text: stringOf(source["data"]), mediaType: stringOf(source["media_type"]) || "text/plain" };
    case "file":
      return { kind: "stored", protocol: NAME, id: stringOf(source["file_id"]), mediaType: "" };
    default:
      return null;
  }
};

const sourceShape = { type: true, data: true, media_type: true, url: true, file_id: true, content: true } as const;
const citationShape = { enabled: true } as const;

const findIn = (value: JsonObject, { at, unread }: Place): void => {
  if (unread === undefined) return;
  findUnread(value["source"], sourceShape, `${at}.source`, unread);
  findUnread(value["citations"], citationShape, `${at}.citations`, unread);
};

const bareText: ReadonlySet<string> = new Set(["type", "text"]);
const knownOfText = knownOf("text", "citations");
const decodeText: Decode = (value, { at }) => {
  const text = stringOf(value["text"]);
  if (isEmpty(restOf(value, bareText))) return { kind: "text", text, at };
  const citations = decodeCitations(value, text);
  return { kind: "text", text, ...partOf(value, at, knownOfText), ...(citations.length === 0 ? {} : { citations }) };
};

const knownOfImage = knownOf("source");
const decodeImage: Decode = (value, place) => {
  const { at } = place;
  const source = sourceOf(objectOf(value["source"]));
  findIn(value, place);
  return source === null ? foreignOf(value, at) : { kind: "image", source, ...partOf(value, at, knownOfImage) };
};

const knownOfDocument = knownOf("source", "title", "context", "citations");
const decodeDocument: Decode = (value, place) => {
  const { at } = place;
  findIn(value, place);
  const given = objectOf(value["source"]);
  const written = given["type"] === "content" ? textOnlyOf(given["content"]) : null;
  const source = written === null ? sourceOf(given) : { kind: "text" as const, text: written, mediaType: "text/plain" };
  if (source === null) return foreignOf(value, at);
  const { title, context } = value;
  const citations = value["citations"];
  const rest = restIn(value, knownOfDocument);
  const block: FileBlock = { kind: "file", source, name: stringOf(title), at, ...cacheOf(value), ...extrasOf(written === null ? rest : { ...rest, source: given }) };
  return {
    ...block,
    ...(typeof title === "string" ? { title } : {}),
    ...(typeof context === "string" ? { about: context } : {}),
    ...(isObject(citations) ? { isCited: citations["enabled"] === true } : {}),
  };
};

/** Null when there is something beside text. */
const textOnlyOf = (content: Json | undefined): string | null => {
  if (typeof content === "string") return content;
  const parts = objectsIn(content);
  return parts.every(({ type }) => type === "text") ? parts.map(({ text }) => stringOf(text)).join("\n") : null;
};

const knownOfThinking = knownOf("thinking", "signature");
const decodeThinking: Decode = (value, { at, origin }) => ({
  kind: "reasoning",
  text: stringOf(value["thinking"]),
  isSummary: false,
  ...opaquesOf(stringOf(value["signature"]), "signature", origin),
  ...partOf(value, at, knownOfThinking),
});

const knownOfRedacted = knownOf("data");
const decodeRedacted: Decode = (value, { at, origin }) => ({
  kind: "reasoning",
  text: "",
  isSummary: false,
  ...opaquesOf(stringOf(value["data"]), "redacted", origin),
  ...partOf(value, at, knownOfRedacted),
});

/** "" for none: an empty object is what this protocol says for that. */
export const argumentsOf = (input: Json | undefined): string => {
  if (input === undefined || input === null) return "";
  const text = JSON.stringify(input);
  return text === "{}" ? "" : text;
};

const knownOfCall = knownOf("id", "name", "input");
const decodeCall: Decode = (value, { at }) => ({
  kind: "tool-call",
  id: stringOf(value["id"]),
  name: stringOf(value["name"]),
  arguments: argumentsOf(value["input"]),
  ...partOf(value, at, knownOfCall),
});

const knownOfResult = knownOf("tool_use_id", "content", "is_error");
const decodeResult: Decode = (value, { at, origin, unread }) => {
  const content = decodeContent(value["content"] ?? [], { at: `${at}.content`, origin, unread });
  if (!Array.isArray(content)) return content;
  return { kind: "tool-result", id: stringOf(value["tool_use_id"]), name: "", content, isError: value["is_error"] === true, ...partOf(value, at, knownOfResult) };
};

const rows: Readonly<Record<string, Decode>> = {
  text: decodeText,
  image: decodeImage,
  document: decodeDocument,
  thinking: decodeThinking,
  redacted_thinking: decodeRedacted,
  tool_use: decodeCall,
  tool_result: decodeResult,
};

const lines = (...texts: readonly Json[]): string => texts.map((text) => stringOf(text)).filter((text) => text !== "").join("\n");

/** What somebody who does not know the type can read of it. */
const readableTextOf = (value: JsonObject): string => {
  const { title = "", source = "", content = "" } = value;
  if (value["type"] === "search_result") return lines(title, source, textOnlyOf(content) ?? "");
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return objectsIn(content).map((part) => lines(part["text"] ?? "", part["title"] ?? "", part["url"] ?? "")).filter((text) => text !== "").join("\n");
  const inner = objectOf(content);
  return lines(inner["stdout"] ?? "", inner["stderr"] ?? "", inner["text"] ?? "");
};

export const foreignOf = (value: JsonObject, at: string): Block => ({ kind: "foreign", protocol: NAME, type: stringOf(value["type"]), value, text: readableTextOf(value), at });

export const decodeBlock = (value: Json, place: Place): Block | Invalid => {
  if (!isMembers(value)) return invalid(`${place.at} must be an object with a "type", as {"type":"text","text":"…"}.`, place.at);
  const type = value["type"];
  if (typeof type !== "string") return invalid(`${place.at} has no "type". Say what it is: "text", "image", "tool_use", "tool_result"…`, `${place.at}.type`);
  return lookUp(rows, type)?.(value, place) ?? foreignOf(value, place.at);
};

/** What a message or a tool's result contains: a string is one text. */
export const decodeContent = (content: Json, { at, origin, unread }: Place): Block[] | Invalid => {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content, at }];
  if (!Array.isArray(content)) return invalid(`${at} must be a string or a list of content blocks.`, at);
  const blocks: Block[] = [];
  for (const [index, value] of content.entries()) {
    const block = decodeBlock(value, { at: `${at}[${index}]`, origin, unread });
    if ("problem" in block) return block;
    blocks.push(block);
  }
  return handBack(blocks);
};
