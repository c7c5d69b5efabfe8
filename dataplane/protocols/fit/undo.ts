// The way back: what was said in another way for the target's sake is said in the client's way again, in replies and streams.
// Steps know events only; a reply goes the same way as a stream that says the same.
import { Collector } from "../collect.ts";
import type { Event, Reply } from "../ir.ts";
import { eventsOf } from "../replay.ts";

/** For one answer: it may keep what it has seen of a stream. */
export interface UndoStep {
  event(event: Event): readonly Event[];
}

/** For one attempt: its reply, or its stream. The pump has put an id into `start` by then, where the provider gave none. */
export interface Undo {
  reply(reply: Reply): Reply;
  event(event: Event): readonly Event[];
}

/** What was sent says the same as what was asked: nothing is to be undone, and whoever sees this very value need not ask. */
export const nothingToUndo: Undo = { reply: (reply) => reply, event: (event) => [event] };

const through = (steps: readonly UndoStep[], event: Event): readonly Event[] => {
  let events: readonly Event[] = [event];
  for (const step of steps) {
    const [only] = events;
    events = events.length === 1 && only !== undefined ? step.event(only) : events.flatMap((one) => step.event(one));
  }
  return events;
};

/** `steps`: what was done last comes last. */
export const undoOf = (steps: readonly UndoStep[]): Undo => {
  if (steps.length === 0) return nothingToUndo;
  const backwards = steps.toReversed();
  const event = (one: Event): readonly Event[] => through(backwards, one);
  return {
    event,
    reply(reply) {
      const collector = new Collector();
      for (const one of eventsOf(reply)) for (const undone of event(one)) collector.push(undone);
      return collector.reply() ?? reply;
    },
  };
};
