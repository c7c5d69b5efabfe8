// Neutral blocks of a request into parts of Converse's content: one row per kind. What was made by another vendor to be read
// by itself is left out, and so is what the API refuses: blank texts, a signature of nothing. Each is a loss where it says
// something. A part that is marked for the cache has a point behind it.
import { isTakenBy } from "../carrier.ts";
import type { TargetModel } from "../codec.ts";
import type { AudioBlock, Block, FileBlock, ImageBlock, Loss, ReasoningBlock, Source, TextBlock, ToolCallBlock, ToolResultBlock, VideoBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject, parseExact } from "../../wire/json.ts";
import { ownCitations } from "./citations.ts";
import type { DocumentNames } from "./document-names.ts";
import type { Family } from "./families.ts";
import { formatOfType, mediaTypeOf } from "./formats.ts";
import { cachePoint, inputOf, isMembers, NAME, ownOf, restOf } from "./members.ts";

export interface Encoding {
  readonly target: TargetModel;
  readonly family: Family;
  /** The client speaks this protocol: what it sent unsigned it was given unsigned. */
  readonly isOwn: boolean;
  readonly names: DocumentNames;
  readonly losses: Loss[];
}

const dropped = ({ at }: Block, { losses }: Encoding): JsonObject[] => {
  losses.push({ path: at, reason: "unsupported", severity: "major" });
  return [];
};

const asGuarded = (guard: unknown, content: JsonObject): JsonObject => ({ guardContent: isObject(content["image"]) ? content : { text: { ...content, ...(isObject(guard) ? guard : {}) } } });

const encodeText = (block: TextBlock): JsonObject[] => {
  if (block.text.trim() === "") return [];
  const { guardContent, json } = ownOf(block);
  if (guardContent !== undefined) return [asGuarded(guardContent, { text: block.text })];
  if (json === true) return [{ json: parseExact(block.text) ?? block.text }];
  const citations = ownCitations(block);
  return citations.length === 0 ? [{ text: block.text }] : [{ citationsContent: { content: [{ text: block.text }], citations } }];
};

/** Null for what cannot be said here: what is only an address has been fetched by then. */
const sourceOf = (source: Source): JsonObject | null => {
  switch (source.kind) {
    case "bytes":
      return { bytes: source.data };
    case "text":
      return { bytes: Buffer.from(source.text).toString("base64") };
    case "stored":
      return source.protocol === NAME ? { s3Location: { uri: source.id } } : null;
    case "url":
      return source.url.startsWith("s3://") ? { s3Location: { uri: source.url } } : null;
  }
};

const knownOfMedia: ReadonlySet<string> = new Set(["format", "source", "guardContent"]);

const encodeMedia = (block: ImageBlock | VideoBlock | AudioBlock, format: string | null, encoding: Encoding): JsonObject[] => {
  const own = ownOf(block);
  const source = isObject(own["source"]) ? own["source"] : sourceOf(block.source);
  const word = own["format"] ?? format;
  if (source === null || word === null) return dropped(block, encoding);
  const part: JsonObject = { [block.kind]: { format: word, source, ...restOf(own, knownOfMedia) } };
  return [own["guardContent"] === undefined ? part : asGuarded(own["guardContent"], part)];
};

const encodeAudio = (block: AudioBlock, encoding: Encoding): JsonObject[] => {
  const said = block.format === "pcm16" ? "pcm" : block.format;
  return encodeMedia(block, said === "" ? formatOfType("audio", mediaTypeOf(block.source)) : said, encoding);
};

/** Where nobody said what it is, it is text. */
const documentFormat = (block: FileBlock): string | null => {
  const type = mediaTypeOf(block.source);
  return type === "" ? "txt" : (formatOfType("document", type) ?? (type.startsWith("text/") ? "txt" : null));
};

const knownOfDocument: ReadonlySet<string> = new Set(["format", "source"]);

const encodeDocument = (block: FileBlock, encoding: Encoding): JsonObject[] => {
  const own = ownOf(block);
  const source = isObject(own["source"]) ? own["source"] : encoding.isOwn && block.source.kind === "text" ? { text: block.source.text } : sourceOf(block.source);
  const format = own["format"] ?? documentFormat(block);
  if (source === null || format === null) return dropped(block, encoding);
  const { about = "", isCited } = block;
  return [
    {
      document: {
        format,
        name: encoding.names.nameFor(block.title ?? block.name),
        source,
        ...(about === "" ? {} : { context: about }),
        ...(isCited === undefined ? {} : { citations: { enabled: isCited } }),
        ...restOf(own, knownOfDocument),
      },
    },
  ];
};

/** A signature is read by its maker only, and an empty one is refused. Unsigned reasoning is refused by Claude. */
const encodeReasoning = (block: ReasoningBlock, { target, family, isOwn, losses }: Encoding): JsonObject[] => {
  const taken = (block.opaques ?? []).filter(({ origin }) => isTakenBy(origin, target.origin));
  const redacted = taken.find(({ kind }) => kind === "redacted");
  if (redacted !== undefined) return [{ reasoningContent: { redactedContent: redacted.value } }];
  const signature = taken.find(({ kind }) => kind === "signature");
  if (signature !== undefined) return [{ reasoningContent: { reasoningText: { text: block.text, signature: signature.value } } }];
  const isUnsigned = block.opaques === undefined && block.text !== "";
  if (isUnsigned && (target.dialect.replaysReasoning === true || (isOwn && family.claude === null))) return [{ reasoningContent: { reasoningText: { text: block.text } } }];
  losses.push({ path: block.at, reason: "foreign", severity: "minor" });
  return [];
};

const encodeCall = (block: ToolCallBlock): JsonObject[] => [{ toolUse: { toolUseId: block.id, name: block.name, input: inputOf(block.arguments), ...ownOf(block) } }];

const inResults: ReadonlySet<string> = new Set(["text", "refusal", "image", "file", "video", "foreign"]);

/** Points of the cache may not stand inside. */
const encodeResult = (block: ToolResultBlock, encoding: Encoding): JsonObject[] => {
  const content = block.content.flatMap((inner) => (inResults.has(inner.kind) ? encodeBare(inner, encoding) : dropped(inner, encoding)));
  return [{ toolResult: { toolUseId: block.id, content, ...(block.isError ? { status: "error" } : encoding.isOwn ? {} : { status: "success" }), ...ownOf(block) } }];
};

const encodeBare = (block: Block, encoding: Encoding): JsonObject[] => {
  switch (block.kind) {
    case "text":
      return encodeText(block);
    case "refusal":
      return block.text.trim() === "" ? [] : [{ text: block.text }];
    case "image":
      return encodeMedia(block, formatOfType("image", mediaTypeOf(block.source)) ?? (mediaTypeOf(block.source) === "" ? "png" : null), encoding);
    case "video":
      return encodeMedia(block, formatOfType("video", mediaTypeOf(block.source)) ?? (mediaTypeOf(block.source) === "" ? "mp4" : null), encoding);
    case "audio":
      return encodeAudio(block, encoding);
    case "file":
      return encodeDocument(block, encoding);
    case "reasoning":
      return encodeReasoning(block, encoding);
    case "tool-call":
      return encodeCall(block);
    case "tool-result":
      return encodeResult(block, encoding);
    case "foreign":
      return block.protocol === NAME ? [block.value] : dropped(block, encoding);
  }
};

const markOf = (block: Block): Block["cache"] => block.cache ?? (block.kind === "tool-result" ? block.content.findLast(({ cache }) => cache !== undefined)?.cache : undefined);

export const encodeBlock = (block: Block, encoding: Encoding): JsonObject[] => {
  const parts = encodeBare(block, encoding);
  const mark = markOf(block);
  return mark === undefined || parts.length === 0 ? parts : [...parts, cachePoint(mark)];
};

export const isPoint = (part: JsonObject): boolean => isMembers(part["cachePoint"]);
