// Blocks as parts of a message's content or of a tool's output.
// What has no part is null: its caller knows whether it has another place, or tells the loss.
import type { AudioBlock, Block, FileBlock, ImageBlock, TextBlock } from "../ir.ts";
import { writeDataUri } from "../data-uri.ts";
import type { JsonObject } from "../json-members.ts";
import { encodeAnnotation, encodeLogprobs } from "./annotations.ts";
import { extrasIn, PROTOCOL, restOf } from "./members.ts";

const marks: ReadonlySet<string> = new Set(["message", "part"]);

/** What was kept of the part itself. */
const kept = (block: Block): JsonObject | undefined => restOf(extrasIn(block), marks);

/** What a file is when only its name says it. */
const typeByEnding: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  json: "application/json",
  html: "text/html",
};

const endingOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1).toLowerCase();

const encodeImage = ({ source, detail, ...block }: ImageBlock): JsonObject | null => {
  const about = { ...(detail === undefined ? {} : { detail }), ...kept({ source, ...block }) };
  if (source.kind === "url") return { type: "input_image", image_url: source.url, ...about };
  if (source.kind === "bytes") return { type: "input_image", image_url: writeDataUri(source.mediaType === "" ? "image/png" : source.mediaType, source.data), ...about };
  return source.kind === "stored" && source.protocol === PROTOCOL ? { type: "input_image", file_id: source.id, ...about } : null;
};

const encodeFile = (block: FileBlock): JsonObject | null => {
  const { source, name } = block;
  const about = kept(block);
  if (source.kind === "stored") return source.protocol === PROTOCOL ? { type: "input_file", file_id: source.id, ...about } : null;
  if (source.kind === "url") return { type: "input_file", file_url: source.url, ...(name === "" ? {} : { filename: name }), ...about };
  const data = source.kind === "bytes" ? source.data : Buffer.from(source.text).toString("base64");
  const mediaType = source.mediaType === "" ? (typeByEnding[endingOf(name)] ?? (source.kind === "text" ? "text/plain" : "application/pdf")) : source.mediaType;
  // Bytes without a name are refused.
  return { type: "input_file", filename: name === "" ? (block.title ?? "file") : name, file_data: writeDataUri(mediaType, data), ...about };
};

const formatOf = ({ format, source }: AudioBlock): string => {
  if (format !== "") return format;
  const type = source.kind === "bytes" ? source.mediaType : "";
  return type === "audio/mpeg" ? "mp3" : type.slice(type.indexOf("/") + 1).replace(/^x-/, "");
};

const encodeAudio = (block: AudioBlock): JsonObject | null =>
  block.source.kind === "bytes" ? { type: "input_audio", input_audio: { data: block.source.data, format: formatOf(block) }, ...kept(block) } : null;

/** Part of what a user, a system or a tool says. */
export const encodeInputPart = (block: Block): JsonObject | null => {
  switch (block.kind) {
    case "text":
      return { type: "input_text", text: block.text, ...kept(block) };
    case "image":
      return encodeImage(block);
    case "file":
      return encodeFile(block);
    case "audio":
      return encodeAudio(block);
    case "foreign":
      return block.protocol === PROTOCOL ? block.value : null;
    default:
      return null;
  }
};

const encodeText = (block: TextBlock): JsonObject => ({
  type: "output_text",
  text: block.text,
  annotations: (block.citations ?? []).map((citation) => encodeAnnotation(citation, block.text.length)),
  ...(block.logprobs === undefined ? {} : { logprobs: encodeLogprobs(block.logprobs) }),
  ...kept(block),
});

/** Part of what the model said. */
export const encodeOutputPart = (block: Block): JsonObject | null => {
  switch (block.kind) {
    case "text":
      return encodeText(block);
    case "refusal":
      return { type: "refusal", refusal: block.text, ...kept(block) };
    case "audio":
      return block.transcript === undefined ? null : { type: "output_text", text: block.transcript, annotations: [] };
    case "foreign":
      return block.protocol === PROTOCOL ? block.value : null;
    default:
      return null;
  }
};

const isPlain = (block: Block): block is TextBlock => block.kind === "text" && block.citations === undefined && block.logprobs === undefined && kept(block) === undefined;

/** One plain text is a string: every server takes that. */
export const plainText = (blocks: readonly Block[]): string | null => {
  const [only] = blocks;
  return blocks.length === 1 && only !== undefined && isPlain(only) ? only.text : null;
};
