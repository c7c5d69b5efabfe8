// Neutral blocks of a request into Anthropic's: one row per kind. What was made by another vendor to be read by itself is left
// out, and so is what the API refuses: empty texts, thinking without a signature. Each is a loss where it says something.
import { isTakenBy } from "../carrier.ts";
import type { TargetModel } from "../codec.ts";
import type { Block, Loss, ReasoningBlock, TextBlock, ToolCallBlock, ToolResultBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { type Json, parseExact } from "../../wire/json.ts";
import { ownCitations } from "./citations.ts";
import { encodeDocument, encodeImage } from "./media.ts";
import { cacheControl, isMembers, NAME, ownOf } from "./members.ts";
import type { Traits } from "../claude-traits.ts";

export interface Encoding {
  readonly target: TargetModel;
  readonly traits: Traits;
  /** The client speaks this protocol: what it sent unsigned it was given unsigned. */
  readonly isOwn: boolean;
  readonly losses: Loss[];
}

const isBare = ({ extras, cache }: Block): boolean => extras === undefined && cache === undefined;

/** With what was said besides, and with the cache mark as it was. */
const withRest = (said: JsonObject, block: Block): JsonObject => (isBare(block) ? said : { ...said, ...ownOf(block), ...cacheControl(block) });

const encodeText = (block: TextBlock): JsonObject | null => {
  if (block.text === "") return null;
  const said: JsonObject = { type: "text", text: block.text };
  if (block.citations !== undefined) {
    const citations = ownCitations(block);
    if (citations.length > 0) said["citations"] = citations;
  }
  return withRest(said, block);
};

/** Signatures are read by their maker only; text without one is refused by Claude, and wanted by some that only speak its protocol. */
const encodeReasoning = (block: ReasoningBlock, { target, traits, isOwn, losses }: Encoding): JsonObject | null => {
  const taken = (block.opaques ?? []).filter(({ origin }) => isTakenBy(origin, target.origin));
  const redacted = taken.find(({ kind }) => kind === "redacted");
  if (redacted !== undefined) return { type: "redacted_thinking", data: redacted.value, ...ownOf(block) };
  const signature = taken.find(({ kind }) => kind === "signature");
  if (signature !== undefined) return { type: "thinking", thinking: block.text, signature: signature.value, ...ownOf(block) };
  const isUnsigned = block.opaques === undefined && block.text !== "";
  if (isUnsigned && (target.dialect.replaysReasoning === true || (!traits.isClaude && isOwn))) return { type: "thinking", thinking: block.text, signature: "", ...ownOf(block) };
  losses.push({ path: block.at, reason: "foreign", severity: "minor" });
  return null;
};

/** Arguments that a model wrote wrongly are history too, and go along inside an object. */
export const inputOf = (text: string): Json => {
  if (text === "") return {};
  const value = parseExact(text);
  return isMembers(value) ? value : { _raw: text };
};

const encodeCall = (block: ToolCallBlock): JsonObject => withRest({ type: "tool_use", id: block.id, name: block.name, input: inputOf(block.arguments) }, block);

const isPlain = (block: JsonObject | undefined): boolean => {
  for (const key in block) if (key !== "type" && key !== "text") return false;
  return block?.["type"] === "text";
};

/** A string where there is one text and nothing else to say of it. */
export const contentOf = (blocks: JsonObject[]): Json => (blocks.length === 1 && isPlain(blocks[0]) ? (blocks[0]?.["text"] ?? "") : blocks);

const inResults: ReadonlySet<string> = new Set(["text", "refusal", "image", "file", "foreign"]);

const encodeResult = (block: ToolResultBlock, encoding: Encoding): JsonObject => {
  const content: JsonObject[] = [];
  for (const inner of block.content) {
    const encoded = inResults.has(inner.kind) ? encodeBlock(inner, encoding) : dropped(inner, encoding);
    if (encoded !== null) content.push(encoded);
  }
  const said: JsonObject = { type: "tool_result", tool_use_id: block.id };
  if (content.length > 0) said["content"] = contentOf(content);
  if (block.isError) said["is_error"] = true;
  return withRest(said, block);
};

const dropped = ({ at }: Block, { losses }: Encoding): null => {
  losses.push({ path: at, reason: "unsupported", severity: "major" });
  return null;
};

/** Null for what is left out. */
export const encodeBlock = (block: Block, encoding: Encoding): JsonObject | null => {
  switch (block.kind) {
    case "text":
      return encodeText(block);
    case "refusal":
      return block.text === "" ? null : { type: "text", text: block.text };
    case "reasoning":
      return encodeReasoning(block, encoding);
    case "tool-call":
      return encodeCall(block);
    case "tool-result":
      return encodeResult(block, encoding);
    case "image": {
      const source = encodeImage(block);
      return source === null ? dropped(block, encoding) : withRest({ type: "image", source }, block);
    }
    case "file": {
      const document = encodeDocument(block);
      return document === null ? dropped(block, encoding) : { ...document, ...cacheControl(block) };
    }
    case "foreign":
      return block.protocol === NAME ? block.value : dropped(block, encoding);
    default:
      return dropped(block, encoding);
  }
};
