// A clock that a test owns: time stands still until `advance` moves it, and whatever was due on the way has run.
// It never touches the system's clock or timers.
import { sleepWith, type Clock } from "../../dataplane/clock.ts";

export interface FakeClock extends Clock {
  /** Moves time on, running what is due in order of its time; a run may ask for more and gets it if it is due too. */
  advance(ms: number): void;
  /** How many `after`s and `sleep`s are still to come: zero proves that nothing was left behind. */
  readonly pending: number;
}

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** `startMs` is the wall clock's reading at tick 0. */
export const fakeClock = (startMs = 1_700_000_000_000): FakeClock => {
  const timers = new Set<Timer>();
  let elapsedMs = 0;

  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = { dueMs: elapsedMs + Math.max(0, delayMs), run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };

  // Sets keep the order of insertion, so that of two with the same time the older one runs first, as in Node.
  const earliest = (untilMs: number): Timer | undefined => {
    let found: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (found === undefined || timer.dueMs < found.dueMs)) found = timer;
    }
    return found;
  };

  return {
    now: () => startMs + elapsedMs,
    tick: () => elapsedMs,
    after,
    sleep: sleepWith(after),
    advance: (ms) => {
      const untilMs = elapsedMs + ms;
      for (let timer = earliest(untilMs); timer !== undefined; timer = earliest(untilMs)) {
        timers.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.dueMs);
        timer.run();
      }
      elapsedMs = untilMs;
    },
    get pending() {
      return timers.size;
    },
  };
};
