// Where log lines go: a file descriptor, written without blocking the event loop, and at the exit with blocking it.
// It keeps nothing and decides nothing about what is dropped.
import { write, writeSync } from "node:fs";
import type { Clock } from "../clock.ts";

export interface Sink {
  /**
   * One attempt. `written` of `bytes` are out (absent: all), 0 when the pipe is full and was made non-blocking by somebody.
   * `bytes` must stay as they are until `done`; one attempt at a time.
   */
  write(bytes: Uint8Array, done: (error: Error | null, written?: number) => void): void;
  /** Before the process ends: writes all of `bytes` or waits a moment for room; false when that was not enough. */
  writeNow(bytes: Uint8Array): boolean;
}

const EXIT_WAIT_MS = 500;
const PAUSE_MS = 5;

const isFull = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EINTR");

/** A pipe that nobody empties makes `write` wait in a thread of the pool, never the event loop. */
export const fileSink = (descriptor: number, clock: Clock): Sink => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  return {
    write: (bytes, done) => {
      write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
        if (error === null) done(null, written);
        else done(isFull(error) ? null : error, 0);
      });
    },
    writeNow: (bytes) => {
      const giveUpTick = clock.tick() + EXIT_WAIT_MS;
      let offset = 0;
      while (offset < bytes.length && clock.tick() < giveUpTick) {
        try {
          offset += writeSync(descriptor, bytes, offset, bytes.length - offset);
        } catch (error) {
          if (!isFull(error)) return false;
          Atomics.wait(pause, 0, 0, PAUSE_MS);
        }
      }
      return offset >= bytes.length;
    },
  };
};
