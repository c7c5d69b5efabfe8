// A sink that a test opens and closes like a pipe: what is written waits until `take` says that somebody read it.
import type { Sink } from "../../dataplane/telemetry/sink.ts";

export interface FakeSink extends Sink {
  /** Lines that arrived, in order. */
  readonly lines: string[];
  /** Sizes of the writes that arrived. */
  readonly writes: number[];
  /** Writes are taken but do not come to their end. */
  isBlocked: boolean;
  /** Writes come back at once with nothing written, as from a non-blocking pipe. */
  isFull: boolean;
  /** Finishes the write that is blocked. */
  take(error?: Error): void;
  /** What `writeNow` answers. */
  canWriteNow: boolean;
}

export const fakeSink = (): FakeSink => {
  let waiting: (() => void) | null = null;
  const arrive = (bytes: Uint8Array): void => {
    sink.writes.push(bytes.length);
    sink.lines.push(...Buffer.from(bytes).toString("utf8").split("\n").slice(0, -1));
  };
  let failure: Error | null = null;
  const sink: FakeSink = {
    lines: [],
    writes: [],
    isBlocked: false,
    isFull: false,
    canWriteNow: true,
    write: (bytes, done) => {
      const finish = (): void => {
        waiting = null;
        if (failure === null) arrive(bytes);
        done(failure, failure === null ? bytes.length : 0);
      };
      if (sink.isFull) done(null, 0);
      else if (sink.isBlocked) waiting = finish;
      else finish();
    },
    writeNow: (bytes) => {
      if (sink.canWriteNow) arrive(bytes);
      return sink.canWriteNow;
    },
    take: (error) => {
      failure = error ?? null;
      waiting?.();
      failure = null;
    },
  };
  return sink;
};
