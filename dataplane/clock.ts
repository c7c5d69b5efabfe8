// The only user of timers and of the system's clocks.
// Everything else is handed a Clock, so that a test can own time; nothing here knows what it is used for.

export interface Clock {
  /** Wall time in milliseconds since 1970: for dates that people and other machines read. */
  now(): number;
  /** Monotonic milliseconds with a fraction: for durations and deadlines. */
  tick(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels it. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

/** `sleep` for any clock that has `after`; keeps no listener once it is over. */
export const sleepWith =
  (afterMs: Clock["after"]) =>
  (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = afterMs(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });

export const systemClock: Clock = {
  now: () => Date.now(),
  tick: () => performance.now(),
  after,
  sleep: sleepWith(after),
};
