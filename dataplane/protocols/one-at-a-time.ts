// Puts events in an order in which never two blocks of a choice are open: for protocols that can write it no other way.
// A block that begins while another is open waits, with what fills it, until that one has ended. Nothing is dropped.
import type { Event } from "./ir.ts";

type BlockEvent = Extract<Event, { index: number }>;

interface Line {
  open: number;
  /** Of the blocks that wait, in the order in which they began. */
  readonly waiting: Map<number, BlockEvent[]>;
}

const NONE = -1;

export class OneAtATime {
  readonly #lines = new Map<number, Line>();

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
      released.push(...events);
      if (events.at(-1)?.kind === "block-stop") continue;
      line.open = index;
      break;
    }
    return released;
  }
}
