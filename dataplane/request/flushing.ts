// One microtask for all streams that have something to write: all chunks that one read of an upstream's socket brings become
// one write to the client's. A closure kept by each stream would be one more object that outlives a collection.

import type { ClientReply } from "./client.ts";

/** Up to here chunks of one turn are joined into one write; beyond it the copy costs more than the calls. */
const JOINED_BYTES_MAX = 32_768;

export interface Flushing {
  flush(): void;
  /** What was thrown meanwhile ends this one, and no other. */
  onThrown(error: unknown): void;
}

/** False: no more room. */
export const writeTogether = (reply: ClientReply, chunks: readonly Buffer[], bytes: number): boolean => {
  if (chunks.length === 1) return reply.write(chunks[0] as Buffer);
  if (bytes <= JOINED_BYTES_MAX) return reply.write(Buffer.concat(chunks, bytes));
  let isRoomLeft = true;
  for (const chunk of chunks) isRoomLeft = reply.write(chunk);
  return isRoomLeft;
};

const waiting: Flushing[] = [];

const flushAll = (): void => {
  for (const one of waiting.splice(0)) {
    try {
      one.flush();
    } catch (error) {
      one.onThrown(error);
    }
  }
};

export const flushLater = (one: Flushing): void => {
  if (waiting.length === 0) queueMicrotask(flushAll);
  waiting.push(one);
};
