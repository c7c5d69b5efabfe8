// Blocks written as parts of a message's content. What chat completions have no part for is told as a loss.
// Calls, results and thinking are no parts, but members and messages: they are written elsewhere.
import { isObject } from "../../wire/json.ts";
import { writeDataUri } from "../data-uri.ts";
import type { AudioBlock, Block, CacheMark, FileBlock, ForeignBlock, Source } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { NAME, ownExtras } from "./names.ts";
import type { Writing } from "./writing.ts";

const HOUR_SECONDS = 3600;

const breakpointTtl: Readonly<Record<number, string>> = { 1800: "30m", 43_200: "12h" };

/** To be spread into a part or a tool. */
export const writeCache = (cache: CacheMark | undefined, { target: { dialect } }: Writing): JsonObject => {
  if (cache === undefined) return {};
  if (dialect.cacheMember === "cache_control") return { cache_control: { type: "ephemeral", ...(cache.ttlSeconds >= HOUR_SECONDS ? { ttl: "1h" } : {}) } };
  const ttl = breakpointTtl[cache.ttlSeconds];
  return { prompt_cache_breakpoint: { mode: "explicit", ...(ttl === undefined ? {} : { ttl }) } };
};

const formats: Readonly<Record<string, string>> = { "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/l16": "pcm16" };

export const audioFormatOf = ({ format, source }: AudioBlock): string => {
  const mediaType = "mediaType" in source ? (source.mediaType.split(";")[0] ?? "") : "";
  return format || (formats[mediaType.toLowerCase()] ?? mediaType.replace(/^audio\//, ""));
};

/** Where the bytes are, as a URL; null when only an account knows. */
export const urlOf = (source: Source, mediaType = ""): string | null => {
  switch (source.kind) {
    case "url":
      return source.url;
    case "bytes":
      return writeDataUri(source.mediaType || mediaType, source.data);
    case "text":
      return writeDataUri(source.mediaType || "text/plain", Buffer.from(source.text).toString("base64"));
    case "stored":
      return null;
  }
};

const extensions: Readonly<Record<string, string>> = { "application/pdf": "pdf", "text/plain": "txt", "text/markdown": "md", "text/csv": "csv", "text/html": "html" };

const fileNameOf = ({ name, title = "", source }: FileBlock): string => {
  const mediaType = "mediaType" in source ? source.mediaType : "";
  return name || title || `file.${extensions[mediaType] ?? "pdf"}`;
};

/** A text is said as such: of files only some kinds are taken. */
const writeText = (block: FileBlock, text: string): JsonObject => {
  const heading = block.name || (block.title ?? "");
  return { type: "text", text: heading === "" ? text : `${heading}\n\n${text}` };
};

const writeFile = (block: FileBlock, writing: Writing): JsonObject | null => {
  const { source } = block;
  if (source.kind === "text") return writeText(block, source.text);
  if (source.kind === "stored") {
    if (source.protocol === NAME) return { type: "file", file: { file_id: source.id } };
    return lost(block, writing);
  }
  return { type: "file", file: { filename: fileNameOf(block), file_data: urlOf(source, "application/pdf") ?? "" } };
};

const writeForeign = (block: ForeignBlock, writing: Writing): JsonObject | null => {
  if (block.protocol === NAME) return block.value;
  return block.text === "" ? lost(block, writing) : { type: "text", text: block.text };
};

const lost = ({ kind, at }: Block, writing: Writing): null => {
  const isBound = kind === "image" || kind === "file";
  writing.lose(at, isBound ? "foreign" : "unsupported", "major");
  return null;
};

const bareParts = (block: Block, writing: Writing): JsonObject | null => {
  switch (block.kind) {
    case "text":
      return { type: "text", text: block.text };
    case "refusal":
      return { type: "refusal", refusal: block.text };
    case "image": {
      const url = urlOf(block.source, "image/png");
      return url === null ? lost(block, writing) : { type: "image_url", image_url: { url, ...(block.detail === undefined ? {} : { detail: block.detail }) } };
    }
    case "file":
      return writeFile(block, writing);
    case "audio":
      return block.source.kind === "bytes" ? { type: "input_audio", input_audio: { data: block.source.data, format: audioFormatOf(block) } } : lost(block, writing);
    case "video": {
      const url = urlOf(block.source, "video/mp4");
      return url === null ? lost(block, writing) : { type: "video_url", video_url: { url } };
    }
    case "foreign":
      return writeForeign(block, writing);
    default:
      return lost(block, writing);
  }
};

/** What this protocol said of the part beside what was read of it; its inner object grows by what that said more. */
const withExtras = (part: JsonObject, extras: JsonObject): JsonObject => {
  const merged: JsonObject = { ...extras, ...part };
  for (const [key, value] of Object.entries(part)) {
    const more = extras[key];
    if (isObject(value) && isObject(more)) merged[key] = { ...more, ...value };
  }
  return merged;
};

/** Null for what cannot be said. */
export const writePart = (block: Block, writing: Writing): JsonObject | null => {
  const part = bareParts(block, writing);
  if (part === null || block.kind === "foreign") return part;
  return { ...withExtras(part, ownExtras(block)), ...writeCache(block.cache, writing) };
};
