// Media in Gemini's words: bytes with their type, and addresses. Which kind of block a type makes, and which type an address
// or a format has. It fetches nothing.
import type { AudioBlock, FileBlock, ImageBlock, Source, VideoBlock } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { lookUp, membersOf, NAME, ownOf } from "./members.ts";

export type MediaBlock = ImageBlock | FileBlock | AudioBlock | VideoBlock;

const PARAMETERS = /;.*$/s;
export const bareType = (mediaType: string): string => mediaType.replace(PARAMETERS, "").trim().toLowerCase();

const formats: Readonly<Record<string, string>> = {
  "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/mpga": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/l16": "pcm16",
  "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/x-flac": "flac", "audio/x-aiff": "aiff",
};
const types: Readonly<Record<string, string>> = { mp3: "audio/mpeg", wav: "audio/wav", pcm16: "audio/L16;codec=pcm;rate=24000", m4a: "audio/mp4" };

export const formatOf = (mediaType: string): string => {
  const type = bareType(mediaType);
  return lookUp(formats, type) ?? type.replace(/^audio\//, "");
};
export const soundType = (format: string): string => lookUp(types, format) ?? `audio/${format === "" ? "wav" : format}`;

const endings: Readonly<Record<string, string>> = {
  png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", heic: "image/heic", heif: "image/heif", pdf: "application/pdf",
  txt: "text/plain", md: "text/markdown", csv: "text/csv", html: "text/html", xml: "text/xml", mp3: "audio/mpeg", wav: "audio/wav", ogg: "audio/ogg", flac: "audio/flac",
  mp4: "video/mp4", mov: "video/quicktime", webm: "video/webm", mpeg: "video/mpeg", mpg: "video/mpeg", avi: "video/x-msvideo",
};

const endingOf = (path: string): string => /\.([a-z0-9]+)$/i.exec(path.split(/[?#]/)[0] ?? "")?.[1]?.toLowerCase() ?? "";
const typeOfPath = (path: string): string => lookUp(endings, endingOf(path)) ?? "";

/** Of an account of Google's: its files, and what lies in a bucket. */
const STORED = /^(?:gs:\/\/|files\/|https:\/\/generativelanguage\.googleapis\.com\/)/;
const YOUTUBE = /^https?:\/\/(?:(?:www|m)\.)?(?:youtube\.com|youtu\.be)\//i;

/** Python's library writes base64 in the alphabet for URLs; others expect the usual one. */
const usualBase64 = (data: string): string => (data.includes("-") || data.includes("_") ? data.replaceAll("-", "+").replaceAll("_", "/") : data);

type Placed = Pick<ImageBlock, "at" | "opaques" | "extras">;

const blockOf = (type: string, source: Source, name: string, placed: Placed): MediaBlock => {
  if (type.startsWith("image/")) return { kind: "image", source, ...placed };
  if (type.startsWith("audio/")) return { kind: "audio", source, format: formatOf(type), ...placed };
  return type.startsWith("video/") ? { kind: "video", source, ...placed } : { kind: "file", source, name, ...placed };
};

export const readInline = (value: JsonObject, placed: Placed): MediaBlock => {
  const mediaType = stringOf(value["mimeType"]);
  const source: Source = { kind: "bytes", data: usualBase64(stringOf(value["data"])), mediaType };
  return blockOf(bareType(mediaType), source, stringOf(value["displayName"]), placed);
};

export const readAddress = (value: JsonObject, placed: Placed): MediaBlock => {
  const [uri, mediaType] = [stringOf(value["fileUri"]), stringOf(value["mimeType"])];
  const source: Source = STORED.test(uri) ? { kind: "stored", protocol: NAME, id: uri, mediaType } : { kind: "url", url: uri };
  const type = bareType(mediaType) || (YOUTUBE.test(uri) ? "video/mp4" : typeOfPath(uri));
  return blockOf(type, source, stringOf(value["displayName"]), placed);
};

/** Where nothing tells what lies behind an address. */
const usual = { image: "image/jpeg", file: "application/pdf", audio: "audio/mpeg", video: "video/mp4" } as const satisfies Record<MediaBlock["kind"], string>;

const typeOf = (block: MediaBlock, mediaType: string): string => {
  if (mediaType !== "") return mediaType;
  if (block.kind === "audio" && block.format !== "") return soundType(block.format);
  return block.kind === "file" && block.source.kind !== "url" ? typeOfPath(block.name) || usual.file : usual[block.kind];
};

const addressOf = (block: MediaBlock, uri: string, mediaType: string): JsonObject => {
  const told = stringOf(membersOf(ownOf(block)["fileData"])["mimeType"]) || mediaType || typeOfPath(uri);
  // Of a video at YouTube no type is told.
  return { fileData: YOUTUBE.test(uri) && told === "" ? { fileUri: uri } : { mimeType: told === "" ? typeOf(block, "") : told, fileUri: uri } };
};

/** The part without what stands beside its data; null for what has no bytes and no address here. */
export const writeMedia = (block: MediaBlock): JsonObject | null => {
  const { source } = block;
  switch (source.kind) {
    case "bytes":
      return { inlineData: { mimeType: typeOf(block, source.mediaType), data: source.data } };
    case "text":
      return { inlineData: { mimeType: source.mediaType === "" ? "text/plain" : source.mediaType, data: Buffer.from(source.text).toString("base64") } };
    case "url":
      return addressOf(block, source.url, "");
    case "stored":
      return source.protocol === NAME ? addressOf(block, source.id, source.mediaType) : null;
  }
};
