// Neutral blocks as parts of a request: what the client said in this protocol's own words stands beside them again.
// The signature of a call that another vendor's model made is the one that Google takes for such.
import type { Block, Loss, ReasoningBlock, ToolCallBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { nativeSignature, signed } from "./carry.ts";
import { writeMedia, type MediaBlock } from "./media.ts";
import { isMembers, NAME, ownOf, present, restOf } from "./members.ts";
import { argumentsOf, writeResult } from "./results.ts";

/** Google's own word for calls whose signature nobody has (documentation of thought signatures, seen 2026-11). */
const BYPASS = "skip_thought_signature_validator";

export interface Encoding {
  readonly hasCallIds: boolean;
  readonly needsSignatures: boolean;
  readonly losses: Loss[];
  /** Names of the functions that were called so far, by the id of the call. */
  readonly names: Map<string, string>;
}

const lost = (block: Block, { losses }: Encoding): JsonObject[] => {
  losses.push({ path: block.at === "" ? block.kind : block.at, reason: "unsupported", severity: "major" });
  return [];
};

const innerMembers: ReadonlySet<string> = new Set(["inlineData", "fileData", "functionCall", "functionResponse", "response"]);

/** What stood beside the data of the part, and in it. */
const beside = (block: Block): JsonObject => restOf(ownOf(block), innerMembers);

const withInner = (part: JsonObject, block: Block, key: "inlineData" | "fileData" | "functionCall"): JsonObject => {
  const [inner, own] = [part[key], ownOf(block)[key]];
  return isMembers(inner) && isMembers(own) ? { ...part, [key]: { ...inner, ...own } } : part;
};

const encodeMedia = (block: MediaBlock, encoding: Encoding): JsonObject[] => {
  const part = writeMedia(block);
  if (part === null) return lost(block, encoding);
  return [{ ...withInner(withInner(part, block, "inlineData"), block, "fileData"), ...signed(nativeSignature(block.opaques)), ...beside(block) }];
};

/** Thinking is sent back to whoever thought it; other models' says nothing to Gemini. */
const encodeReasoning = (block: ReasoningBlock, { losses }: Encoding, isOwn: boolean): JsonObject[] => {
  const signature = nativeSignature(block.opaques);
  if (isOwn || signature !== "") return [{ text: block.text, thought: true, ...signed(signature), ...beside(block) }];
  if (block.text !== "") losses.push({ path: block.at === "" ? block.kind : block.at, reason: "unsupported", severity: "minor" });
  return [];
};

const encodeCall = (block: ToolCallBlock, encoding: Encoding): JsonObject => {
  const { id, name } = block;
  encoding.names.set(id, name);
  const call = { ...present({ id: encoding.hasCallIds && id !== "" ? id : null }), name, args: argumentsOf(block) };
  return withInner({ functionCall: call, ...signed(nativeSignature(block.opaques)), ...beside(block) }, block, "functionCall");
};

const textPart = (block: Extract<Block, { text: string }>): JsonObject[] => {
  const signature = nativeSignature(block.opaques);
  return block.text === "" && signature === "" ? [] : [{ text: block.text, ...signed(signature), ...beside(block) }];
};

export const encodeBlock = (block: Block, encoding: Encoding, isOwn: boolean): JsonObject[] => {
  switch (block.kind) {
    case "text":
    case "refusal":
      return textPart(block);
    case "reasoning":
      return encodeReasoning(block, encoding, isOwn);
    case "tool-call":
      return [encodeCall(block, encoding)];
    case "tool-result":
      return [{ ...writeResult(block, encoding.names.get(block.id) ?? "", encoding.hasCallIds), ...beside(block) }];
    case "foreign":
      return block.protocol === NAME ? [block.value] : textPart(block);
    default:
      return encodeMedia(block, encoding);
  }
};

/** Of parallel calls only the first has a signature. */
export const withBypass = (parts: readonly JsonObject[]): readonly JsonObject[] => {
  const first = parts.findIndex((part) => part["functionCall"] !== undefined);
  const call = parts[first];
  return call === undefined || call["thoughtSignature"] !== undefined ? parts : parts.with(first, { ...call, thoughtSignature: BYPASS });
};
