// Parts of Converse's content into neutral blocks, those of requests and those of answers: one row per kind. A part without a
// row stays what it is, with the text in it that others can read. A point of the cache marks the part before it.
import type { Invalid } from "../codec.ts";
import type { Block, Source } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { findUnread } from "../unread.ts";
import { handBack, opaquesOf } from "./carry.ts";
import { decodeCitation } from "./citations.ts";
import { formatOfType, typeOfFormat } from "./formats.ts";
import { argumentsOf, cacheMarkOf, extrasOf, invalid, isMembers, lookUp, NAME, objectOf, pointShape, restOf } from "./members.ts";

/** Where a part stands, and whose opaque values it holds. */
export interface Place {
  readonly at: string;
  readonly origin: string;
  /** Takes the paths of what nobody here reads; only in requests. */
  readonly unread?: string[] | undefined;
}

/** What stands under the part's key, and the whole part. */
type Decode = (value: Json, place: Place, part: JsonObject) => Block | Invalid;

const knownOf = (...members: readonly string[]): ReadonlySet<string> => new Set(members);

const foreignOf = (part: JsonObject, at: string): Block => {
  const [type = ""] = Object.keys(part);
  const value = objectOf(part[type]);
  const lines = [stringOf(value["title"]), stringOf(value["source"]), ...objectsIn(value["content"]).map(({ text = "" }) => stringOf(text))];
  return { kind: "foreign", protocol: NAME, type, value: part, text: lines.filter((line) => line !== "").join("\n"), at };
};

/** In an account's own storage; whose it is stands beside it. */
const storedOf = (location: JsonObject, mediaType: string): Source => ({ kind: "stored", protocol: NAME, id: stringOf(location["uri"]), mediaType });

const sourceOf = (source: JsonObject, mediaType: string): Source | null => {
  if (typeof source["bytes"] === "string") return { kind: "bytes", data: source["bytes"], mediaType };
  if (typeof source["text"] === "string") return { kind: "text", text: source["text"], mediaType };
  if (Array.isArray(source["content"])) return { kind: "text", text: objectsIn(source["content"]).map(({ text = "" }) => stringOf(text)).join("\n"), mediaType };
  return isMembers(source["s3Location"]) ? storedOf(source["s3Location"], mediaType) : null;
};

/** What the source says beside what the neutral model has: an owner of the storage, how a text is cut. */
const sourceRest = (source: JsonObject): JsonObject => (Array.isArray(source["content"]) || objectOf(source["s3Location"])["bucketOwner"] !== undefined ? { source } : {});

/** The word for the format, where it would come back as another. */
const formatRest = (kind: Parameters<typeof formatOfType>[0], format: Json | undefined): JsonObject => (typeof format === "string" && formatOfType(kind, typeOfFormat(kind, format)) !== format ? { format } : {});

const decodeText: Decode = (value, { at }) => ({ kind: "text", text: stringOf(value), at });

const knownOfMedia = knownOf("format", "source");

const decodeMedia = (kind: "image" | "video" | "audio"): Decode => (value, { at }, part) => {
  const media = objectOf(value);
  const { format } = media;
  const native = objectOf(media["source"]);
  const source = sourceOf(native, typeOfFormat(kind, format));
  if (source === null || source.kind === "text") return foreignOf(part, at);
  const extras = extrasOf({ ...restOf(media, knownOfMedia), ...formatRest(kind, format), ...sourceRest(native) });
  if (kind === "audio") return { kind, source, format: format === "pcm" ? "pcm16" : stringOf(format), at, ...extras };
  return { kind, source, at, ...extras };
};

const knownOfDocument = knownOf("format", "source", "name", "context", "citations");

const decodeDocument: Decode = (value, { at }, part) => {
  const document = objectOf(value);
  const { format, name, context, citations } = document;
  const native = objectOf(document["source"]);
  const source = sourceOf(native, typeOfFormat("document", format));
  if (source === null) return foreignOf(part, at);
  return {
    kind: "file",
    source,
    name: stringOf(name),
    at,
    ...(typeof context === "string" ? { about: context } : {}),
    ...(isMembers(citations) ? { isCited: citations["enabled"] === true } : {}),
    ...extrasOf({ ...restOf(document, knownOfDocument), ...formatRest("document", format), ...sourceRest(native) }),
  };
};

const knownOfCall = knownOf("toolUseId", "name", "input");

/** A call with a type is one that Bedrock answers itself. */
const decodeCall: Decode = (value, { at }, part) => {
  const call = objectOf(value);
  if (typeof call["type"] === "string") return foreignOf(part, at);
  return { kind: "tool-call", id: stringOf(call["toolUseId"]), name: stringOf(call["name"]), arguments: argumentsOf(call["input"]), at, ...extrasOf(restOf(call, knownOfCall)) };
};

const knownOfResult = knownOf("toolUseId", "content", "status");

const decodeResult: Decode = (value, place, part) => {
  const result = objectOf(value);
  if (typeof result["type"] === "string") return foreignOf(part, place.at);
  const content = decodeContent(result["content"] ?? [], { ...place, at: `${place.at}.toolResult.content` });
  if (!Array.isArray(content)) return content;
  return { kind: "tool-result", id: stringOf(result["toolUseId"]), name: "", content, isError: result["status"] === "error", at: place.at, ...extrasOf(restOf(result, knownOfResult)) };
};

/** Only in tools' results. */
const decodeJson: Decode = (value, { at }) => ({ kind: "text", text: JSON.stringify(value), at, ...extrasOf({ json: true }) });

const decodeReasoning: Decode = (value, { at, origin }, part) => {
  const reasoning = objectOf(value);
  const redacted = reasoning["redactedContent"];
  if (typeof redacted === "string") return { kind: "reasoning", text: "", isSummary: false, at, ...opaquesOf(redacted, "redacted", origin) };
  if (!isMembers(reasoning["reasoningText"])) return foreignOf(part, at);
  const { text, signature } = reasoning["reasoningText"];
  return { kind: "reasoning", text: stringOf(text), isSummary: false, at, ...opaquesOf(stringOf(signature), "signature", origin) };
};

const knownOfGuarded = knownOf("text");

/** Judged by a guardrail; what it is, it is for everybody. */
const decodeGuarded: Decode = (value, place, part) => {
  const guarded = objectOf(value);
  if (isMembers(guarded["text"])) {
    const rest = restOf(guarded["text"], knownOfGuarded);
    return { kind: "text", text: stringOf(guarded["text"]["text"]), at: place.at, ...extrasOf({ guardContent: Object.keys(rest).length === 0 ? true : rest }) };
  }
  const image = isMembers(guarded["image"]) ? decodeMedia("image")(guarded["image"], place, part) : foreignOf(part, place.at);
  return "problem" in image || image.kind !== "image" ? foreignOf(part, place.at) : { ...image, extras: { [NAME]: { ...image.extras?.[NAME], guardContent: true } } };
};

const decodeCited: Decode = (value, { at }) => {
  const cited = objectOf(value);
  const text = objectsIn(cited["content"]).map((one) => stringOf(one["text"])).join("");
  const citations = objectsIn(cited["citations"]).map((citation) => decodeCitation(citation, text.length));
  return { kind: "text", text, at, ...(citations.length === 0 ? {} : { citations }) };
};

const rows: Readonly<Record<string, Decode>> = {
  text: decodeText,
  image: decodeMedia("image"),
  video: decodeMedia("video"),
  audio: decodeMedia("audio"),
  document: decodeDocument,
  toolUse: decodeCall,
  toolResult: decodeResult,
  json: decodeJson,
  reasoningContent: decodeReasoning,
  guardContent: decodeGuarded,
  citationsContent: decodeCited,
};

export const decodePart = (part: Json, place: Place): Block | Invalid => {
  if (!isMembers(part)) return invalid(`${place.at} must be an object that says what it is, as {"text":"…"}.`, place.at);
  for (const [key, value] of Object.entries(part)) {
    const decode = value === null ? undefined : lookUp(rows, key);
    if (decode !== undefined) return decode(value, place, part);
  }
  return foreignOf(part, place.at);
};

const mark = (blocks: Block[], point: JsonObject): void => {
  const last = blocks.at(-1);
  if (last !== undefined) blocks[blocks.length - 1] = { ...last, cache: cacheMarkOf(point) };
};

/** A point before everything marks nothing. */
export const decodeContent = (content: Json, { at, origin, unread = [] }: Place): Block[] | Invalid => {
  if (!Array.isArray(content)) return invalid(`${at} must be a list of parts, as [{"text":"…"}].`, at);
  const blocks: Block[] = [];
  for (const [index, part] of content.entries()) {
    const point = isMembers(part) ? part["cachePoint"] : undefined;
    if (isMembers(point)) {
      mark(blocks, point);
      findUnread(point, pointShape, `${at}[${index}].cachePoint`, unread);
      continue;
    }
    const block = decodePart(part, { at: `${at}[${index}]`, origin, unread });
    if ("problem" in block) return block;
    blocks.push(block);
  }
  return handBack(blocks);
};
