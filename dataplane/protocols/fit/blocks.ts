// Walks turns and blocks and gives the same lists back where nothing changed, so that a conversation that fits costs nothing.
// It knows no concern.
import type { Block, Conversation, TextBlock, Turn } from "../ir.ts";

/** What takes a thing's place: itself, others, or nothing. */
export type Replacement<Item> = Item | readonly Item[] | null;

const isList = <Item>(value: Replacement<Item>): value is readonly Item[] => Array.isArray(value);

export const mapSame = <Item>(items: readonly Item[], change: (item: Item, index: number) => Replacement<Item>): readonly Item[] => {
  let changed: Item[] | null = null;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as Item;
    const replacement = change(item, index);
    if (replacement === item) {
      changed?.push(item);
      continue;
    }
    changed ??= items.slice(0, index);
    if (isList(replacement)) changed.push(...replacement);
    else if (replacement !== null) changed.push(replacement);
  }
  return changed ?? items;
};

export const withTurns = (conversation: Conversation, turns: readonly Turn[]): Conversation => (turns === conversation.turns ? conversation : { ...conversation, turns });

export const withBlocks = (turn: Turn, blocks: readonly Block[]): Turn => (blocks === turn.blocks ? turn : { ...turn, blocks });

export const mapTurns = (conversation: Conversation, change: (turn: Turn, index: number) => Replacement<Turn>): Conversation => withTurns(conversation, mapSame(conversation.turns, change));

/** Blocks of results of tools too, before the result that they stand in. */
export const mapBlocks = (conversation: Conversation, change: (block: Block, turn: Turn) => Replacement<Block>): Conversation =>
  mapTurns(conversation, (turn) =>
    withBlocks(
      turn,
      mapSame(turn.blocks, (block) => {
        if (block.kind !== "tool-result") return change(block, turn);
        const content = mapSame(block.content, (inner) => change(inner, turn));
        return change(content === block.content ? block : { ...block, content }, turn);
      }),
    ),
  );

export const textBlock = (text: string, at = ""): TextBlock => ({ kind: "text", at, text });

export const isSystem = ({ role }: Turn): boolean => role === "system" || role === "developer";

/** How many turns stand before the first that is no system prompt. */
export const leadingCount = (turns: readonly Turn[]): number => {
  let count = 0;
  for (const turn of turns) {
    if (!isSystem(turn)) break;
    count += 1;
  }
  return count;
};

/** Tells the model something behind what the client told it first. */
export const instruct = (conversation: Conversation, text: string): Conversation => {
  const { turns } = conversation;
  return { ...conversation, turns: turns.toSpliced(leadingCount(turns), 0, { role: "system", at: "", blocks: [textBlock(text)] }) };
};

export const hasToolBlocks = ({ turns }: Conversation): boolean => {
  for (const { blocks } of turns) for (const { kind } of blocks) if (kind === "tool-call" || kind === "tool-result") return true;
  return false;
};
