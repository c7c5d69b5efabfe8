// Puts events in an order in which never two blocks of a choice are open: for protocols that can write it no other way.
// A block that begins while another is open waits, with what fills it, until that one has ended. Nothing is dropped: when too
// much waits, it says so.
import { BLOCK_CHARACTERS } from "./held.ts";
import type { Event } from "./ir.ts";

type BlockEvent = Extract<Event, { index: number }>;

interface Line {
  open: number;
  /** Of the blocks that wait, in the order in which they began. */
  readonly waiting: Map<number, BlockEvent[]>;
}

const NONE = -1;
/** More than any answer has beside its first block; a block that never ends would make the others wait for ever. */
const WAITING_CHARACTERS_MAX = 8_388_608;

export class OneAtATime {
  readonly #lines = new Map<number, Line>();
  #waitingCharacters = 0;

  /** More waits than may be held. */
  get isOverfull(): boolean {
    return this.#waitingCharacters > WAITING_CHARACTERS_MAX;
  }

  /** Whether an event that fills a block may be written now as it is: most may, and need no list. */
  isFree({ choice, index }: BlockEvent): boolean {
    return this.#lines.get(choice)?.open === index;
  }

  /** The events that may be written now. */
  push(event: Event): readonly Event[] {
    if (!("index" in event)) return [event];
    let line = this.#lines.get(event.choice);
    if (line === undefined) this.#lines.set(event.choice, (line = { open: NONE, waiting: new Map() }));
    if (line.open !== NONE && event.index !== line.open) return this.#wait(line, event);
    line.open = event.index;
    if (event.kind !== "block-stop") return [event];
    line.open = NONE;
    return line.waiting.size === 0 ? [event] : [event, ...this.#release(line)];
  }

  #wait({ waiting }: Line, event: BlockEvent): readonly Event[] {
    this.#waitingCharacters += charactersOf(event);
    const events = waiting.get(event.index);
    if (events === undefined) waiting.set(event.index, [event]);
    else events.push(event);
    return [];
  }

  /** Blocks that have ended while they waited, whole, up to the first that is still open. */
  #release(line: Line): Event[] {
    const released: Event[] = [];
    for (const [index, events] of line.waiting) {
      line.waiting.delete(index);
      for (const event of events) {
        this.#waitingCharacters -= charactersOf(event);
        released.push(event);
      }
      if (events.at(-1)?.kind === "block-stop") continue;
      line.open = index;
      break;
    }
    return released;
  }
}

/** What it takes to hold it, about. */
const charactersOf = (event: BlockEvent): number => {
  if (event.kind === "text") return BLOCK_CHARACTERS + event.text.length;
  if (event.kind === "media") return BLOCK_CHARACTERS + event.data.length;
  return event.kind === "opaque" ? BLOCK_CHARACTERS + event.opaque.value.length : BLOCK_CHARACTERS;
};
