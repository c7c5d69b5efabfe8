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

/** What was said besides, with the cache mark as it was. */
const restOf = (block: Block): JsonObject => ({ ...ownOf(block), ...cacheControl(block) });

const encodeText = (block: TextBlock): JsonObject[] => {
  if (block.text === "") return [];
  if (block.citations === undefined && block.extras === undefined && block.cache === undefined) return [{ type: "text", text: block.text }];
  const citations = ownCitations(block);
  return [{ type: "text", text: block.text, ...(citations.length === 0 ? {} : { citations }), ...restOf(block) }];
};

/** Signatures are read by their maker only; text without one is refused by Claude, and wanted by some that only speak its protocol. */
const encodeReasoning = (block: ReasoningBlock, { target, traits, isOwn, losses }: Encoding): JsonObject[] => {
  const taken = (block.opaques ?? []).filter(({ origin }) => isTakenBy(origin, target.origin));
  const redacted = taken.find(({ kind }) => kind === "redacted");
  if (redacted !== undefined) return [{ type: "redacted_thinking", data: redacted.value, ...ownOf(block) }];
  const signature = taken.find(({ kind }) => kind === "signature");
  if (signature !== undefined) return [{ type: "thinking", thinking: block.text, signature: signature.value, ...ownOf(block) }];
  const isUnsigned = block.opaques === undefined && block.text !== "";
  if (isUnsigned && (target.dialect.replaysReasoning === true || (!traits.isClaude && isOwn))) return [{ type: "thinking", thinking: block.text, signature: "", ...ownOf(block) }];
  losses.push({ path: block.at, reason: "foreign", severity: "minor" });
  return [];
};

/** Arguments that a model wrote wrongly are history too, and go along inside an object. */
export const inputOf = (text: string): Json => {
  if (text === "") return {};
  const value = parseExact(text);
  return isMembers(value) ? value : { _raw: text };
};

const encodeCall = (block: ToolCallBlock): JsonObject[] => [{ type: "tool_use", id: block.id, name: block.name, input: inputOf(block.arguments), ...restOf(block) }];

const isPlain = (block: JsonObject | undefined): boolean => block !== undefined && block["type"] === "text" && Object.keys(block).length === 2;

/** A string where there is one text and nothing else to say of it. */
export const contentOf = (blocks: readonly JsonObject[]): Json => (blocks.length === 1 && isPlain(blocks[0]) ? (blocks[0]?.["text"] ?? "") : [...blocks]);

const inResults: ReadonlySet<string> = new Set(["text", "refusal", "image", "file", "foreign"]);

const encodeResult = (block: ToolResultBlock, encoding: Encoding): JsonObject[] => {
  const content = block.content.flatMap((inner) => (inResults.has(inner.kind) ? encodeBlock(inner, encoding) : dropped(inner, encoding)));
  return [
    {
      type: "tool_result",
      tool_use_id: block.id,
      ...(content.length === 0 ? {} : { content: contentOf(content) }),
      ...(block.isError ? { is_error: true } : {}),
      ...restOf(block),
    },
  ];
};

const dropped = ({ at }: Block, { losses }: Encoding): JsonObject[] => {
  losses.push({ path: at, reason: "unsupported", severity: "major" });
  return [];
};

export const encodeBlock = (block: Block, encoding: Encoding): JsonObject[] => {
  switch (block.kind) {
    case "text":
      return encodeText(block);
    case "refusal":
      return block.text === "" ? [] : [{ type: "text", text: block.text }];
    case "reasoning":
      return encodeReasoning(block, encoding);
    case "tool-call":
      return encodeCall(block);
    case "tool-result":
      return encodeResult(block, encoding);
    case "image": {
      const source = encodeImage(block);
      return source === null ? dropped(block, encoding) : [{ type: "image", source, ...restOf(block) }];
    }
    case "file": {
      const document = encodeDocument(block);
      return document === null ? dropped(block, encoding) : [{ ...document, ...cacheControl(block) }];
    }
    case "foreign":
      return block.protocol === NAME ? [block.value] : dropped(block, encoding);
    default:
      return dropped(block, encoding);
  }
};
