// Where turns may stand: system prompts in the middle, a model's turn as the first or the last, turns of nothing.
import type { Block, Turn } from "../ir.ts";
import { isSystem, leadingCount, mapTurns, textBlock, withBlocks, withTurns } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

const BEGINNING = "(The conversation begins here.)";

/** Its place is kept: what stands before it can still be cached, and what it says holds from there on. */
const asUser = (turn: Turn, fitting: Fitting): Turn => {
  fitting.lose(turn.at, "approximated", "minor");
  const blocks = turn.blocks.map((block): Block => (block.kind === "text" ? { ...block, text: `<system>\n${block.text}\n</system>` } : block));
  return { ...turn, role: "user", blocks };
};

export const fitSystemTurns: Concern = (conversation, fitting) => {
  const { turns } = conversation;
  if (fitting.abilities.system === "anywhere") return conversation;
  const leading = leadingCount(turns);
  return mapTurns(conversation, (turn, index) => (index >= leading && isSystem(turn) ? asUser(turn, fitting) : turn));
};

const saysNothing = (block: Block): boolean => block.kind === "text" && block.text === "" && block.opaques === undefined && block.extras === undefined;

/** A user's turn of nothing stays where it is the only or the last: the provider judges what to make of it. */
export const fitEmptyTurns: Concern = (conversation) => {
  const last = conversation.turns.length - 1;
  return mapTurns(conversation, (turn, index) => {
    if (!turn.blocks.some(saysNothing) && turn.blocks.length > 0) return turn;
    const blocks = turn.blocks.filter((block) => !saysNothing(block));
    if (blocks.length > 0) return withBlocks(turn, blocks);
    return index === last && turn.role === "user" ? turn : null;
  });
};

export const fitEnds: Concern = (conversation, fitting) => {
  let { turns } = conversation;
  const { hasPrefill, mayBeginWithAssistant } = fitting.abilities;
  for (let last = turns.at(-1); !hasPrefill && last?.role === "assistant"; last = turns.at(-1)) {
    fitting.lose(last.at, "unsupported", "major");
    turns = turns.slice(0, -1);
  }
  const leading = leadingCount(turns);
  const [first, prompt] = [turns[leading], turns[leading - 1]];
  // Somebody must ask: the last of nothing but system prompts does.
  if (fitting.abilities.system === "leading" && leading === turns.length && prompt !== undefined) turns = [...turns.slice(0, -1), { ...prompt, role: "user" }];
  if (!mayBeginWithAssistant && first?.role === "assistant") {
    fitting.lose(first.at, "approximated", "major");
    turns = turns.toSpliced(leading, 0, { role: "user", at: "", blocks: [textBlock(BEGINNING)] });
  }
  return withTurns(conversation, turns);
};
