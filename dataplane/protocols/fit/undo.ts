// The way back: what was said in another way for the target's sake is said in the client's way again, in replies and streams.
// Steps know events only; a reply goes the same way as a stream that says the same.
import { Collector } from "../collect.ts";
import type { Event, Reply } from "../ir.ts";
import { eventsOf } from "../replay.ts";

/** For one answer: it may keep what it has seen of a stream. */
export interface UndoStep {
  /** It changes calls only, or what came as a call: from an answer without any it need only see the beginning. */
  readonly isOfCalls: boolean;
  /** It lets nothing more of the answer through. */
  readonly isEnough?: boolean;
  event(event: Event): readonly Event[];
}

/** For one attempt: its reply, or its stream. The pump has put an id into `start` by then, where the provider gave none. */
export interface Undo {
  reply(reply: Reply): Reply;
  /** False: it stays as it is and `event` need not be asked. */
  concerns(event: Event): boolean;
  event(event: Event): readonly Event[];
  /** The client has all that it asked for: whatever the provider still says of a stream is of no use but for its usage. */
  readonly isEnough: boolean;
}

/** What was sent says the same as what was asked. */
export const nothingToUndo: Undo = { reply: (reply) => reply, concerns: () => false, event: (event) => [event], isEnough: false };

const through = (steps: readonly UndoStep[], event: Event): readonly Event[] => {
  let events: readonly Event[] = [event];
  for (const step of steps) {
    const [only] = events;
    events = events.length === 1 && only !== undefined ? step.event(only) : events.flatMap((one) => step.event(one));
  }
  return events;
};

const beginsCall = (event: Event): boolean => event.kind === "block-start" && event.head.kind === "tool-call";

const hasCalls = ({ choices }: Reply): boolean => choices.some(({ blocks }) => blocks.some(({ kind }) => kind === "tool-call"));

class Undoing implements Undo {
  readonly #backwards: readonly UndoStep[];
  /** Nothing of them is of any matter until a call begins. */
  #waitsForCall: boolean;

  constructor(steps: readonly UndoStep[]) {
    this.#backwards = steps.toReversed();
    this.#waitsForCall = steps.every(({ isOfCalls }) => isOfCalls);
  }

  concerns(event: Event): boolean {
    if (this.#waitsForCall && beginsCall(event)) this.#waitsForCall = false;
    return !this.#waitsForCall || event.kind === "start";
  }

  event(event: Event): readonly Event[] {
    return this.concerns(event) ? through(this.#backwards, event) : [event];
  }

  get isEnough(): boolean {
    return this.#backwards.some((step) => step.isEnough === true);
  }

  reply(reply: Reply): Reply {
    if (this.#waitsForCall && !hasCalls(reply)) return reply;
    const collector = new Collector();
    for (const one of eventsOf(reply)) for (const undone of this.event(one)) collector.push(undone);
    return collector.reply() ?? reply;
  }
}

/** `steps`: what was done last comes last. */
export const undoOf = (steps: readonly UndoStep[]): Undo => (steps.length === 0 ? nothingToUndo : new Undoing(steps));
