// The operator's only user of timers and of the system's clocks; the main file passes it down.
// The data plane has one of its own: the operator imports nothing of it but the snapshot.
import { setTimeout as timeout } from "node:timers/promises";

export interface Clock {
  /** Wall time in milliseconds since 1970. */
  now(): number;
  /** Monotonic milliseconds with a fraction. */
  tick(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels it. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves after `ms`; rejects when the signal aborts first. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  tick: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) => timeout(ms, undefined, signal === undefined ? {} : { signal }),
};
