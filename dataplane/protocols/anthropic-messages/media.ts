// Images and documents of a request in Anthropic's words. A media type that the bytes belie is refused there, so the bytes
// themselves are asked what they are. It fetches nothing.
import type { FileBlock, ImageBlock, Source } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { isObject } from "../../wire/json.ts";
import { NAME, ownOf } from "./members.ts";

/** How base64 of it begins. */
const beginnings: readonly (readonly [begins: string, mediaType: string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["JVBERi", "application/pdf"],
];

const PDF = "application/pdf";

const mediaTypeOf = ({ data, mediaType }: Extract<Source, { kind: "bytes" }>): string => beginnings.find(([begins]) => data.startsWith(begins))?.[1] ?? mediaType;

/** Null for what cannot be said here. */
export const encodeImage = ({ source }: ImageBlock): JsonObject | null => {
  switch (source.kind) {
    case "url":
      return { type: "url", url: source.url };
    case "bytes":
      return { type: "base64", media_type: mediaTypeOf(source) || "image/png", data: source.data };
    case "stored":
      return source.protocol === NAME ? { type: "file", file_id: source.id } : null;
    case "text":
      return null;
  }
};

const textSource = (data: string): JsonObject => ({ type: "text", media_type: "text/plain", data });

const encodeFile = (source: Source): JsonObject | null => {
  if (source.kind === "text") return textSource(source.text);
  if (source.kind === "url") return { type: "url", url: source.url };
  if (source.kind === "stored") return source.protocol === NAME ? { type: "file", file_id: source.id } : null;
  const mediaType = mediaTypeOf(source);
  if (mediaType.startsWith("text/")) return textSource(Buffer.from(source.data, "base64").toString("utf8"));
  return mediaType === PDF || mediaType === "" ? { type: "base64", media_type: PDF, data: source.data } : null;
};

export const encodeDocument = (block: FileBlock): JsonObject | null => {
  const { source: given, ...own } = ownOf(block);
  const source = isObject(given) ? given : encodeFile(block.source);
  if (source === null) return null;
  const title = block.title ?? block.name;
  return {
    type: "document",
    source,
    ...(title === "" ? {} : { title }),
    ...(stringOf(block.about) === "" ? {} : { context: stringOf(block.about) }),
    ...(block.isCited === undefined ? {} : { citations: { enabled: block.isCited } }),
    ...own,
  };
};
