// Asks the API server now and then whether it is there, so that watches that only look alive are given up within half a minute.
// A frozen server keeps its connections open and says nothing: silence alone cannot tell it from a quiet day.

export interface PulseParts {
  /** Must reject when there is no answer in time. */
  readonly ask: () => Promise<unknown>;
  /** Each time that two in a row were not answered. */
  readonly onDead: () => void;
  readonly clock: { after(delayMs: number, run: () => void): () => void };
}

const EVERY_MS = 8000;
export const PULSE_MS_MAX = 5000;
const MISSES = 2;

export const startPulse = ({ ask, onDead, clock }: PulseParts): (() => void) => {
  let misses = 0;
  let isClosed = false;
  let cancel = (): void => undefined;
  const next = (): void => {
    if (!isClosed) cancel = clock.after(EVERY_MS, () => void beat());
  };
  const beat = async (): Promise<void> => {
    try {
      await ask();
      misses = 0;
    } catch {
      misses += 1;
      if (misses % MISSES === 0 && !isClosed) onDead();
    }
    next();
  };
  next();
  return () => {
    isClosed = true;
    cancel();
  };
};
