// Marks of what may be cached: as many as the target takes, the latest ones, because each holds all that stands before it.
// The order is that in which providers read: tools, then turns.
import type { CacheMark, Conversation } from "../ir.ts";
import { mapBlocks, mapSame } from "./blocks.ts";
import type { Concern } from "./fitting.ts";

interface Marked {
  readonly cache?: CacheMark;
}

const isMarked = (part: Marked): boolean => part.cache !== undefined;

const countIn = ({ tools, turns }: Conversation): number => {
  let count = tools.filter((tool) => tool.kind === "function" && isMarked(tool)).length;
  for (const { blocks } of turns) for (const block of blocks) count += (isMarked(block) ? 1 : 0) + (block.kind === "tool-result" ? block.content.filter(isMarked).length : 0);
  return count;
};

export const fitCacheMarks: Concern = (conversation, fitting) => {
  const { cacheMarksMax } = fitting.abilities;
  let surplus = countIn(conversation) - cacheMarksMax;
  if (surplus <= 0) return conversation;
  const unmark = <Part extends Marked & { readonly at: string }>(part: Part): Part => {
    if (!isMarked(part) || surplus === 0) return part;
    surplus -= 1;
    fitting.lose(part.at, cacheMarksMax === 0 ? "unsupported" : "limited", "minor");
    const { cache: _, ...rest } = part;
    return rest as Part;
  };
  const tools = mapSame(conversation.tools, (tool) => (tool.kind === "function" ? unmark(tool) : tool));
  return mapBlocks(tools === conversation.tools ? conversation : { ...conversation, tools }, unmark);
};
