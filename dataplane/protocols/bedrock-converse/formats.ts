// Converse's words for kinds of media, which are endings of files, and the media types that others have for them.
// A media type that the bytes belie is refused there, so images and PDFs are asked what they are.
import type { Source } from "../ir.ts";
import { lookUp } from "./members.ts";

type Kind = "image" | "document" | "video" | "audio";

const types = {
  image: { png: "image/png", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp" },
  document: {
    pdf: "application/pdf", csv: "text/csv", doc: "application/msword", docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    xls: "application/vnd.ms-excel", xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", html: "text/html", txt: "text/plain", md: "text/markdown",
  },
  video: {
    mp4: "video/mp4", mov: "video/quicktime", mkv: "video/x-matroska", webm: "video/webm", flv: "video/x-flv", mpeg: "video/mpeg", mpg: "video/mpg",
    wmv: "video/x-ms-wmv", three_gp: "video/3gpp",
  },
  audio: {
    mp3: "audio/mpeg", wav: "audio/wav", flac: "audio/flac", ogg: "audio/ogg", opus: "audio/opus", aac: "audio/aac", "x-aac": "audio/x-aac", m4a: "audio/mp4", webm: "audio/webm",
    pcm: "audio/l16", mp4: "audio/x-mp4", mpeg: "audio/x-mpeg", mpga: "audio/mpga", mka: "audio/x-matroska", mkv: "audio/mkv",
  },
} as const satisfies Record<Kind, Readonly<Record<string, string>>>;

/** Spellings that are not the first one. */
const aliases: Readonly<Record<string, string>> = {
  "image/jpg": "jpeg", "text/x-markdown": "md", "application/csv": "csv", "application/xhtml+xml": "html", "audio/mp3": "mp3", "audio/x-wav": "wav", "audio/wave": "wav",
  "audio/x-m4a": "m4a", "audio/x-flac": "flac", "audio/pcm": "pcm", "video/3gp": "three_gp", "video/x-mpeg": "mpeg",
};

const byType = Object.fromEntries(
  (Object.keys(types) as Kind[]).map((kind) => [kind, Object.fromEntries(Object.entries<string>(types[kind]).map(([format, type]) => [type, format]))]),
) as Readonly<Record<Kind, Readonly<Record<string, string>>>>;

export const documentTypes: readonly string[] = Object.values(types.document);
/** The neutral model calls the one "pcm16". */
export const audioFormats: readonly string[] = Object.keys(types.audio).map((format) => (format === "pcm" ? "pcm16" : format));

/** "" for a word that is not known. */
export const typeOfFormat = (kind: Kind, format: unknown): string => (typeof format === "string" ? (lookUp<string>(types[kind], format) ?? "") : "");

/** How base64 of it begins. */
const beginnings: readonly (readonly [begins: string, mediaType: string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["JVBERi", "application/pdf"],
];

const bare = (mediaType: string): string => (mediaType.split(";")[0] ?? "").trim().toLowerCase();

export const mediaTypeOf = (source: Source): string => {
  if (source.kind === "url") return "";
  // What is called audio or video begins with the same letters as pictures may.
  const isSniffed = source.kind === "bytes" && !/^(?:audio|video)\//.test(source.mediaType);
  const seen = isSniffed ? beginnings.find(([begins]) => source.data.startsWith(begins))?.[1] : undefined;
  return seen ?? bare(source.mediaType);
};

/** Null for a media type that Converse has no word for. */
export const formatOfType = (kind: Kind, mediaType: string): string | null => lookUp(byType[kind], mediaType) ?? (lookUp(types[kind], lookUp(aliases, mediaType)) === undefined ? null : (lookUp(aliases, mediaType) ?? null));
