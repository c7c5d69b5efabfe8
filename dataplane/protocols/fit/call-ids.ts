// Ids of calls that the target takes: the same id always becomes the same, so that a history says the same in every request.
// Ids are not turned back: the client sends its own with the history, and they are mapped again.
// A call without an id is given one, in the history and in answers.
import { hash } from "node:crypto";
import type { Block, BlockHead, Conversation, Event, Turn } from "../ir.ts";
import { hasToolBlocks, mapSame, mapTurns, withBlocks } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";
import { isWholeMatch } from "./tool-names.ts";
import type { UndoStep } from "./undo.ts";

const DIGEST_CHARACTERS = 24;

type Rule = NonNullable<Fitting["abilities"]["callId"]>;

const isTaken = (id: string, { pattern, lengthMax }: Rule): boolean => id !== "" && id.length <= lengthMax && isWholeMatch(pattern, id);

const derive = (seed: string, rule: Rule): string => {
  const digest = hash("sha256", seed, "hex").slice(0, DIGEST_CHARACTERS);
  const short = digest.slice(0, rule.lengthMax);
  const candidates = [`call_${digest}`, `call_${digest.slice(0, Math.max(0, rule.lengthMax - 5))}`, short];
  return candidates.find((candidate) => isTaken(candidate, rule)) ?? short;
};

/** Maps the ids of one conversation, turn by turn. */
class Ids {
  readonly #rule: Rule;
  readonly #mustDiffer: boolean;
  readonly #used = new Set<string>();
  /** For the results of the latest calls, by the client's id: those that have not been answered. */
  #waiting = new Map<string, { readonly id: string; readonly name: string }[]>();
  #count = 0;

  constructor(rule: Rule, mustDiffer: boolean) {
    this.#rule = rule;
    this.#mustDiffer = mustDiffer;
  }

  turn(turn: Turn): Turn {
    if (turn.role === "assistant" && turn.blocks.some(({ kind }) => kind === "tool-call")) this.#waiting = new Map();
    return withBlocks(turn, mapSame(turn.blocks, (block) => this.#block(block)));
  }

  #block(block: Block): Block {
    if (block.kind !== "tool-call" && block.kind !== "tool-result") return block;
    const id = block.kind === "tool-call" ? this.#ask(block) : this.#answer(block);
    return id === block.id ? block : { ...block, id };
  }

  #ask(call: Named): string {
    const id = this.#sentFor(call.id, call.name);
    const waiting = this.#waiting.get(keyOf(call));
    if (waiting === undefined) this.#waiting.set(keyOf(call), [{ id, name: call.name }]);
    else waiting.push({ id, name: call.name });
    return id;
  }

  /** Of several calls of one id the one with the same name, then the first. */
  #answer(result: Named): string {
    const waiting = this.#waiting.get(keyOf(result)) ?? [];
    const index = waiting.findIndex(({ name }) => name === result.name);
    const [call] = waiting.splice(Math.max(index, 0), 1);
    return call?.id ?? (isTaken(result.id, this.#rule) ? result.id : derive(result.id, this.#rule));
  }

  /** `count` stands for a call that has no id: its place in the history does not change while the history grows. */
  #sentFor(id: string, name: string): string {
    this.#count += 1;
    const first = isTaken(id, this.#rule) ? id : derive(id === "" ? `${name}#${this.#count}` : id, this.#rule);
    let sent = first;
    for (let salt = 2; this.#mustDiffer && this.#used.has(sent); salt += 1) sent = derive(`${id}#${salt}`, this.#rule);
    this.#used.add(sent);
    return sent;
  }
}

interface Named {
  readonly id: string;
  readonly name: string;
}

const keyOf = ({ id, name }: Named): string => (id === "" ? `#${name}` : id);

/** Other than all in the history, and the same for the same answer. */
const idsForNameless = (seed: string): UndoStep => {
  let answer = "";
  return {
    isOfCalls: true,
    event(event: Event): readonly Event[] {
      if (event.kind === "start") answer = event.id;
      if (event.kind !== "block-start" || event.head.kind !== "tool-call" || event.head.id !== "") return [event];
      const digest = hash("sha256", `${seed}/${answer}/${event.choice}/${event.index}/${event.head.name}`, "hex").slice(0, DIGEST_CHARACTERS);
      const head: BlockHead = { ...event.head, id: `call_${digest}` };
      return [{ ...event, head }];
    },
  };
};

export const fitCallIds: Concern = (conversation, fitting) => {
  const { callId } = fitting.abilities;
  if (conversation.tools.length > 0) fitting.steps.push(idsForNameless(seedOf(conversation)));
  if (callId === null || !hasToolBlocks(conversation)) return conversation;
  const ids = new Ids(callId, conversation.protocol !== fitting.protocol);
  return mapTurns(conversation, (turn) => ids.turn(turn));
};

const seedOf = ({ turns }: Conversation): string => `${turns.length}/${turns.reduce((sum, { blocks }) => sum + blocks.length, 0)}`;
