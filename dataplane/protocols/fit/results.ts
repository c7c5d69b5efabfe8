// Pairs calls of tools with their results, and lays them out as most providers demand: the model's turns of one step as one,
// and right behind it one user turn that begins with the result of each call, in the order of the calls.
// Ids are unique within one answer only, so a result belongs to the nearest call before it.
import type { Block, Conversation, Extras, ToolCallBlock, ToolResultBlock, Turn } from "../ir.ts";
import { hasToolBlocks, textBlock, withBlocks, withTurns } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

const MISSING = "No result of this call was given.";

interface Call {
  readonly block: ToolCallBlock;
  result: ToolResultBlock | null;
}

/** Model's turns that follow each other, and what they call. */
interface Step {
  readonly turns: Turn[];
  readonly calls: Call[];
  /** What the model says from then on is its next step. */
  isAnswered: boolean;
}

type Laid = Step | Turn;
const isStep = (laid: Laid): laid is Step => "calls" in laid;

const isCallOf = ({ block }: Call, result: ToolResultBlock): boolean => (result.id === "" || block.id === "" ? block.name === result.name || result.name === "" : block.id === result.id);

/** From here on the two belong together by id and by name, whichever the client gave. */
const answering = (result: ToolResultBlock, { id, name }: ToolCallBlock): ToolResultBlock => (result.id === id && (result.name === name || name === "") ? result : { ...result, id, name: name === "" ? result.name : name });

class Pairing {
  readonly #fitting: Fitting;
  readonly laid: Laid[] = [];
  readonly #steps: Step[] = [];

  constructor(fitting: Fitting) {
    this.#fitting = fitting;
  }

  add(turn: Turn): void {
    if (turn.role !== "assistant") return this.#answer(turn);
    const previous = this.laid.at(-1);
    const calls = turn.blocks.filter((block) => block.kind === "tool-call").map((block): Call => ({ block, result: null }));
    if (previous !== undefined && isStep(previous) && !previous.isAnswered) {
      previous.turns.push(turn);
      previous.calls.push(...calls);
      return;
    }
    const step: Step = { turns: [turn], calls, isAnswered: false };
    this.laid.push(step);
    this.#steps.push(step);
  }

  /** What is left of the turn when its results have gone to their calls. */
  #answer(turn: Turn): void {
    const blocks = turn.blocks.filter((block) => block.kind !== "tool-result" || !this.#give(block));
    if (blocks.length > 0 || turn.blocks.length === 0) this.laid.push(blocks.length === turn.blocks.length ? turn : { ...turn, blocks });
  }

  /** True: the block has gone, to its call or for good. */
  #give(result: ToolResultBlock): true {
    const step = this.#steps.findLast(({ calls }) => calls.some((call) => isCallOf(call, result)));
    const open = step?.calls.filter((one) => isCallOf(one, result) && one.result === null) ?? [];
    const call = open.find(({ block }) => block.id === result.id && block.name === result.name) ?? open.find(({ block }) => block.id === result.id) ?? open.find(({ block }) => block.name === result.name) ?? open[0];
    if (step === undefined || call === undefined) this.#fitting.lose(result.at, "unsupported", "major");
    else {
      if (step !== this.#steps.at(-1)) this.#fitting.lose(result.at, "approximated", "minor");
      call.result = answering(result, call.block);
      step.isAnswered = true;
    }
    return true;
  }
}

const oneTurn = (turns: readonly Turn[]): Turn => {
  const [first] = turns as [Turn, ...Turn[]];
  if (turns.length === 1) return first;
  const extras: Extras = Object.assign({}, ...turns.map((turn) => turn.extras));
  return { ...first, blocks: turns.flatMap(({ blocks }) => blocks), ...(Object.keys(extras).length === 0 ? {} : { extras }) };
};

const missing = ({ block: { at, id, name, isCustom } }: Call, isError: boolean): ToolResultBlock => ({
  kind: "tool-result", at, id, name, content: [textBlock(MISSING)], isError, ...(isCustom === true ? { isCustom } : {}),
});

const resultsOf = (calls: readonly Call[], fitting: Fitting): ToolResultBlock[] =>
  calls.flatMap((call) => {
    if (call.result !== null) return [call.result];
    if (!fitting.abilities.needsEveryResult) return [];
    fitting.lose(call.block.at, "approximated", "minor");
    return [missing(call, fitting.abilities.hasResultErrors)];
  });

/** A user's turn that comes anyway takes the results to its beginning. */
const layOut = (laid: readonly Laid[], fitting: Fitting): Turn[] => {
  const turns: Turn[] = [];
  for (const [index, one] of laid.entries()) {
    if (!isStep(one)) {
      const before = turns.at(-1);
      const previous = laid[index - 1];
      // Only a turn of results has been put there by the step before.
      if (one.role === "user" && before?.role === "user" && previous !== undefined && isStep(previous)) turns[turns.length - 1] = { ...one, blocks: [...before.blocks, ...one.blocks] };
      else turns.push(one);
      continue;
    }
    if (one.calls.length === 0) {
      turns.push(...one.turns);
      continue;
    }
    const results: Block[] = resultsOf(one.calls, fitting);
    turns.push(oneTurn(one.turns));
    if (results.length > 0) turns.push({ role: "user", at: results[0]?.at ?? "", blocks: results });
  }
  return turns;
};

const isSameTurn = (one: Turn, other: Turn): boolean => one.blocks.length === other.blocks.length && one.role === other.role && one.blocks.every((block, index) => block === other.blocks[index]);

/** Turns that came out as they were are those that they were. */
const keepSame = (turns: readonly Turn[], earlier: readonly Turn[]): readonly Turn[] => {
  const kept = turns.map((turn, index) => {
    const before = earlier[index];
    return before !== undefined && isSameTurn(turn, before) ? withBlocks(before, before.blocks) : turn;
  });
  return kept.length === earlier.length && kept.every((turn, index) => turn === earlier[index]) ? earlier : kept;
};

/** The same protocol on both sides has the same rules, and its provider judges them; so may a call be of an earlier answer. */
export const fitResults: Concern = (conversation, fitting) => {
  if (conversation.protocol === fitting.protocol || !hasToolBlocks(conversation)) return conversation;
  return layResults(conversation, fitting);
};

const layResults = (conversation: Conversation, fitting: Fitting): Conversation => {
  const pairing = new Pairing(fitting);
  for (const turn of conversation.turns) pairing.add(turn);
  return withTurns(conversation, keepSame(layOut(pairing.laid, fitting), conversation.turns));
};
