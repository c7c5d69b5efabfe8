// One look at a conversation before it is made to fit: what there is in it that concerns could have to do with, as bits. Most
// conversations have nothing of the kind, and go by the concerns that would walk over all of their blocks.
// It may see more than there is to do, never less, and changes nothing.
import type { Block, Conversation, Tool, Turn } from "../ir.ts";
import { isEmpty } from "../json-members.ts";
import { isSystem } from "./blocks.ts";

export const ALWAYS = 1;
/** Members in some protocol's own words. */
export const EXTRAS = 2;
export const OPAQUES = 4;
export const FOREIGN = 8;
export const MEDIA = 16;
/** Calls of tools, or results. */
export const CALLS = 32;
/** Tools, a word about them, or an answer's form, which may become one. */
export const TOOLS = 64;
export const HOSTED = 128;
/** Tools or calls that take free text. */
export const CUSTOM = 256;
/** Turns without blocks, and texts of nothing. */
export const EMPTY = 512;
/** System prompts in the middle. */
export const INNER_SYSTEM = 1024;
export const CACHE = 2048;
/** What may leave a turn without anything in it. */
export const SHRINKING = OPAQUES | FOREIGN | MEDIA | CALLS | EMPTY;

const kindOf = (block: Block): number => {
  switch (block.kind) {
    case "text":
      return block.text === "" ? EMPTY : 0;
    case "tool-call":
      return block.isCustom === undefined ? CALLS : CALLS | CUSTOM;
    case "tool-result":
      return block.isCustom === undefined ? CALLS | inBlocks(block.content) : CALLS | CUSTOM | inBlocks(block.content);
    case "foreign":
      return FOREIGN;
    case "image":
    case "file":
    case "audio":
    case "video":
      return MEDIA;
    default:
      return 0;
  }
};

const inBlocks = (blocks: readonly Block[]): number => {
  let seen = 0;
  for (const block of blocks) {
    seen |= kindOf(block);
    if (block.extras !== undefined) seen |= EXTRAS;
    if (block.opaques !== undefined) seen |= OPAQUES;
    if (block.cache !== undefined) seen |= CACHE;
  }
  return seen;
};

const inTurns = (turns: readonly Turn[]): number => {
  let seen = 0;
  let isLeading = true;
  for (const turn of turns) {
    seen |= turn.blocks.length === 0 ? EMPTY : inBlocks(turn.blocks);
    if (turn.extras !== undefined) seen |= EXTRAS;
    if (!isSystem(turn)) isLeading = false;
    else if (!isLeading) seen |= INNER_SYSTEM;
  }
  return seen;
};

const inTool = (tool: Tool): number => {
  if (tool.kind === "hosted") return HOSTED;
  const seen = tool.extras === undefined ? 0 : EXTRAS;
  if (tool.kind === "custom") return seen | CUSTOM;
  return tool.cache === undefined ? seen : seen | CACHE;
};

const aboutTools = ({ tools, toolChoice, isParallel, format }: Conversation): number => {
  let seen = tools.length > 0 || toolChoice !== null || isParallel !== null || format !== null ? TOOLS : 0;
  for (const tool of tools) seen |= inTool(tool);
  return seen;
};

export const look = (conversation: Conversation): number => {
  const { turns, extras, reasoning, unread } = conversation;
  const seen = ALWAYS | inTurns(turns) | aboutTools(conversation);
  return !isEmpty(extras) || reasoning?.extras !== undefined || unread !== undefined ? seen | EXTRAS : seen;
};
