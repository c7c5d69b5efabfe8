// A reply as one of Anthropic's messages, for a client. What Anthropic itself said is said again word for word.
// The client asked for one answer: of several the first is told.
import type { EncodedReply } from "../codec.ts";
import type { Block, Choice, Conversation, Loss, ReasoningBlock, Reply, TextBlock, ToolCallBlock } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject } from "../../wire/json.ts";
import { carrierFor, nativeOf, signatureOf } from "./carry.ts";
import { encodeCitation, piecesOf } from "./citations.ts";
import { inputOf } from "./encode-blocks.ts";
import { writeFinish } from "./finish.ts";
import { NAME, ownOf } from "./members.ts";
import { writeUsage } from "./usage.ts";

const NOT_IN_IDS = /[^a-zA-Z0-9_-]/g;

/** In Anthropic's style; one that has it already stays. */
export const messageId = (id: string): string => (id.startsWith("msg_") ? id : `msg_${id === "" ? "0" : id.replace(NOT_IN_IDS, "_")}`);

const encodeText = (block: TextBlock): JsonObject[] => {
  if (block.text === "") return carrierFor(block.opaques, "alone");
  const pieces = piecesOf(block).map(({ text, citations }) => ({ type: "text", text, ...(citations.length === 0 ? {} : { citations: citations.map(encodeCitation) }), ...ownOf(block) }));
  return [...carrierFor(block.opaques, "next"), ...pieces];
};

const encodeReasoning = ({ text, opaques, extras }: ReasoningBlock): JsonObject[] => {
  const redacted = text === "" ? nativeOf(opaques, "redacted") : null;
  if (redacted !== null) return [{ type: "redacted_thinking", data: redacted }];
  const signature = signatureOf(opaques);
  return text === "" && signature === "" ? [] : [{ type: "thinking", thinking: text, signature, ...extras?.[NAME] }];
};

/** A custom tool's text has no object of its own. */
export const callInput = ({ arguments: text, isCustom }: Pick<ToolCallBlock, "arguments" | "isCustom">) => (isCustom === true ? { input: text } : inputOf(text));

const encodeCall = (block: ToolCallBlock): JsonObject[] => [
  ...carrierFor(block.opaques, "next"),
  { type: "tool_use", id: block.id, name: block.name, input: callInput(block), ...ownOf(block) },
];

export const textBlock = (text: string): JsonObject[] => (text === "" ? [] : [{ type: "text", text }]);

const lost = (losses: Loss[], path: string, severity: Loss["severity"]): void => {
  losses.push({ path, reason: "unsupported", severity });
};

/** Of what has no block here: the text in it, and a loss. */
export const readable = (block: Block, losses: Loss[]): string => {
  lost(losses, `content.${block.kind === "foreign" ? block.type : block.kind}`, block.kind === "foreign" ? "minor" : "major");
  if (block.kind === "foreign") return block.text;
  return block.kind === "audio" ? (block.transcript ?? "") : "";
};

const encodeBlock = (block: Block, losses: Loss[]): JsonObject[] => {
  switch (block.kind) {
    case "text":
      return encodeText(block);
    case "refusal":
      return textBlock(block.text);
    case "reasoning":
      return encodeReasoning(block);
    case "tool-call":
      return encodeCall(block);
    case "foreign":
      return block.protocol === NAME ? [block.value] : textBlock(readable(block, losses));
    default:
      return textBlock(readable(block, losses));
  }
};

const finished = (choice: Choice | undefined): Choice => choice ?? { index: 0, blocks: [], finish: { reason: "other", raw: "" } };

export const encodeReply = (reply: Reply, asked: Conversation): EncodedReply => {
  const losses: Loss[] = [];
  const { blocks, finish } = finished(reply.choices.find(({ index }) => index === 0) ?? reply.choices[0]);
  const content = blocks.flatMap((block) => encodeBlock(block, losses));
  const { usage, ...own } = ownOf(reply);
  const written = { hasText: content.some(({ type }) => type === "text"), hasCalls: content.some(({ type }) => type === "tool_use") };
  const message: JsonObject = {
    id: messageId(reply.id),
    type: "message",
    role: "assistant",
    model: asked.model,
    content,
    ...own,
    ...writeFinish(finish, written, own),
    usage: isObject(usage) ? usage : writeUsage(reply.usage, reply.serviceTier),
  };
  return { body: Buffer.from(JSON.stringify(message)), losses };
};
