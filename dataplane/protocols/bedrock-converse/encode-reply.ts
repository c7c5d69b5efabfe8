// A reply as one of Converse's answers, for a client. What Bedrock itself said is said again word for word.
// The client asked for one answer: of several the first is told.
import type { EncodedReply } from "../codec.ts";
import type { Block, Choice, Conversation, Loss, ReasoningBlock, Reply, TextBlock, ToolCallBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { carriedBy, carrierFor } from "./carry.ts";
import { encodeCitation, isOfPart, placeLoss } from "./citations.ts";
import { writeFinish } from "./finish.ts";
import { formatOfType, mediaTypeOf } from "./formats.ts";
import { inputOf, NAME, ownOf } from "./members.ts";
import { writeUsage } from "./usage.ts";

const encodeText = (block: TextBlock, losses: Loss[]): JsonObject[] => {
  if (block.text === "") return carrierFor(block.opaques, "alone");
  if (block.citations?.some((citation) => isOfPart(citation, block.text.length)) === true) losses.push(placeLoss);
  const citations = (block.citations ?? []).map(encodeCitation);
  const part: JsonObject = citations.length === 0 ? { text: block.text } : { citationsContent: { content: [{ text: block.text }], citations } };
  return [...carrierFor(block.opaques, "next"), part];
};

/** The opaque part as the member that holds it. */
const encodeReasoning = ({ text, opaques }: ReasoningBlock): JsonObject[] => {
  const carried = carriedBy(opaques, text !== "");
  if (carried !== null && "redactedContent" in carried) return [{ reasoningContent: carried }];
  return text === "" && carried === null ? [] : [{ reasoningContent: { reasoningText: { text, ...carried } } }];
};

/** A custom tool's text has no object of its own. */
export const callInput = ({ arguments: text, isCustom }: Pick<ToolCallBlock, "arguments" | "isCustom">): Json => (isCustom === true ? { input: text } : inputOf(text));

const encodeCall = (block: ToolCallBlock): JsonObject[] => [
  ...carrierFor(block.opaques, "next"),
  { toolUse: { toolUseId: block.id, name: block.name, input: callInput(block), ...ownOf(block) } },
];

/** Null for what has no bytes. */
export const imageOf = (block: Block): { format: string; bytes: string } | null => {
  if (block.kind !== "image" || block.source.kind !== "bytes") return null;
  return { format: formatOfType("image", mediaTypeOf(block.source)) ?? "png", bytes: block.source.data };
};

/** Of what has no part here: the text in it, and a loss. */
export const readable = (block: Block, losses: Loss[]): string => {
  losses.push({ path: `content.${block.kind === "foreign" ? block.type : block.kind}`, reason: "unsupported", severity: block.kind === "foreign" ? "minor" : "major" });
  if (block.kind === "foreign") return block.text;
  return block.kind === "audio" ? (block.transcript ?? "") : "";
};

const textPart = (text: string): JsonObject[] => (text === "" ? [] : [{ text }]);

const encodeBlock = (block: Block, losses: Loss[]): JsonObject[] => {
  switch (block.kind) {
    case "text":
      return encodeText(block, losses);
    case "refusal":
      return textPart(block.text);
    case "reasoning":
      return encodeReasoning(block);
    case "tool-call":
      return encodeCall(block);
    case "image": {
      const image = imageOf(block);
      return image === null ? textPart(readable(block, losses)) : [{ image: { format: image.format, source: { bytes: image.bytes } } }];
    }
    case "foreign":
      return block.protocol === NAME ? [block.value] : textPart(readable(block, losses));
    default:
      return textPart(readable(block, losses));
  }
};

const finished = (choice: Choice | undefined): Choice => choice ?? { index: 0, blocks: [], finish: { reason: "other", raw: "" } };

/** Nobody else says how long it took. */
export const NO_METRICS: JsonObject = { latencyMs: 0 };

export const encodeReply = (reply: Reply, _asked: Conversation): EncodedReply => {
  const losses: Loss[] = [];
  const { blocks, finish } = finished(reply.choices.find(({ index }) => index === 0) ?? reply.choices[0]);
  const content = blocks.flatMap((block) => encodeBlock(block, losses));
  const own = ownOf(reply);
  const answer: JsonObject = {
    output: { message: { role: "assistant", content } },
    ...writeFinish(finish, blocks.some(({ kind }) => kind === "tool-call"), own),
    usage: writeUsage(reply.usage),
    metrics: NO_METRICS,
    ...tierOf(reply.serviceTier),
    ...own,
  };
  return { body: Buffer.from(JSON.stringify(answer)), losses };
};

const tiers: ReadonlySet<string> = new Set(["default", "flex", "priority", "reserved"]);
export const tierOf = (serviceTier: string): JsonObject => (tiers.has(serviceTier) ? { serviceTier: { type: serviceTier } } : {});
