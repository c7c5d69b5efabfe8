// Parts of a message's content, and of a tool's output, as blocks.
// A part that has no name in the model is kept whole for its own protocol.
import { isObject } from "../../wire/json.ts";
import { readDataUri } from "../data-uri.ts";
import type { Block, CacheMark, FileBlock, ForeignBlock, ImageBlock, Source } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { decodeAnnotation, decodeLogprobs } from "./annotations.ts";
import { asExtras, PROTOCOL, restOf, wordOf } from "./members.ts";

type Decode = (part: JsonObject, at: string) => Block | null;

const textMembers: ReadonlySet<string> = new Set(["type", "text", "annotations", "logprobs"]);
const refusalMembers: ReadonlySet<string> = new Set(["type", "refusal"]);
const imageMembers: ReadonlySet<string> = new Set(["type", "image_url", "file_id", "detail"]);
const fileMembers: ReadonlySet<string> = new Set(["type", "file_id", "file_data", "file_url", "filename"]);
const audioMembers: ReadonlySet<string> = new Set(["type", "input_audio"]);
const details: ReadonlySet<string> = new Set(["low", "high", "auto"]);
const BREAKS = /\s+/g;

/** The mark stays among the extras too: its own words say more than the model does. */
const cacheOf = (part: JsonObject): { readonly cache?: CacheMark } => (isObject(part["prompt_cache_breakpoint"]) ? { cache: { ttlSeconds: 0 } } : {});

export const sourceOfUrl = (url: string): Source => {
  const bytes = readDataUri(url);
  return bytes === null ? { kind: "url", url } : { kind: "bytes", ...bytes };
};

const stored = (id: string): Source => ({ kind: "stored", protocol: PROTOCOL, id, mediaType: "" });

const decodeText: Decode = (part, at) => {
  const citations = objectsIn(part["annotations"]).map(decodeAnnotation);
  const logprobs = decodeLogprobs(part["logprobs"]);
  return {
    kind: "text",
    at,
    text: stringOf(part["text"]),
    ...(citations.length === 0 ? {} : { citations }),
    ...(logprobs.length === 0 ? {} : { logprobs }),
    ...cacheOf(part),
    ...asExtras(restOf(part, textMembers)),
  };
};

const imageSource = (part: JsonObject): Source | null => {
  const { image_url: url, file_id: id } = part;
  if (typeof url === "string") return sourceOfUrl(url);
  if (isObject(url) && typeof url["url"] === "string") return sourceOfUrl(url["url"]);
  return typeof id === "string" ? stored(id) : null;
};

const decodeImage: Decode = (part, at): ImageBlock | null => {
  const source = imageSource(part);
  const detail = stringOf(part["detail"]);
  if (source === null) return null;
  const extras = { ...restOf(part, imageMembers), ...(detail === "" || details.has(detail) ? {} : { detail }) };
  return {
    kind: "image",
    at,
    source,
    ...(details.has(detail) ? { detail: detail as "low" | "high" | "auto" } : {}),
    ...cacheOf(part),
    ...asExtras(Object.keys(extras).length === 0 ? undefined : extras),
  };
};

const fileSource = (part: JsonObject): Source | null => {
  const { file_data: data, file_url: url, file_id: id } = part;
  if (typeof data === "string") {
    const bytes = readDataUri(data);
    return bytes === null ? { kind: "bytes", data: data.replace(BREAKS, ""), mediaType: "" } : { kind: "bytes", ...bytes };
  }
  if (typeof url === "string") return sourceOfUrl(url);
  return typeof id === "string" ? stored(id) : null;
};

const decodeFile: Decode = (part, at): FileBlock | null => {
  const source = fileSource(part);
  if (source === null) return null;
  return { kind: "file", at, source, name: stringOf(part["filename"]), ...cacheOf(part), ...asExtras(restOf(part, fileMembers)) };
};

const decodeAudio: Decode = (part, at) => {
  const audio = part["input_audio"];
  if (!isObject(audio) || wordOf(audio["data"]) === null) return null;
  const format = stringOf(audio["format"]);
  const data = stringOf(audio["data"]).replace(BREAKS, "");
  return { kind: "audio", at, source: { kind: "bytes", data, mediaType: format === "" ? "" : `audio/${format}` }, format, ...asExtras(restOf(part, audioMembers)) };
};

const decodeRefusal: Decode = (part, at) => ({ kind: "refusal", at, text: stringOf(part["refusal"]), ...asExtras(restOf(part, refusalMembers)) });

const kinds: Readonly<Record<string, Decode>> = {
  input_text: decodeText,
  output_text: decodeText,
  text: decodeText,
  refusal: decodeRefusal,
  input_image: decodeImage,
  input_file: decodeFile,
  input_audio: decodeAudio,
};

/** The member tells the encoder that it stood inside a message and not beside it. */
const foreignPart = (part: JsonObject, at: string): ForeignBlock => ({
  kind: "foreign",
  at,
  protocol: PROTOCOL,
  type: stringOf(part["type"]),
  value: part,
  text: stringOf(part["text"]),
  ...asExtras({ part: true }),
});

export const decodePart = (part: JsonObject, at: string): Block => {
  const type = stringOf(part["type"]);
  const decode = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  return decode?.(part, at) ?? foreignPart(part, at);
};
