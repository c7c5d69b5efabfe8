// A text that lies in several pieces of memory, because it came so and copying it together costs more than all else that is
// done with it. Positions count from the beginning of the first piece. No piece is ever changed: somebody may be sending it.

/** Of what may be in pieces or something else. */
export const isInPieces = (body: unknown): body is readonly Buffer[] => Array.isArray(body);

export const lengthOf = (pieces: readonly Buffer[]): number => {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
};

/** Below this a collection frees them as well. */
const LARGE_BYTES = 16_384;

/**
 * Frees the memory now: what waits for the engine's next collection makes it collect all that much more often. Nobody may
 * look at the pieces again, and the system must be done with them. Memory that a piece shares with others stays.
 */
export const letGo = (pieces: readonly Buffer[]): void => {
  for (const { buffer, byteLength } of pieces) {
    if (byteLength >= LARGE_BYTES && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
  }
};

/** In one piece; a copy where there are several. */
export const joined = (pieces: readonly Buffer[]): Buffer => (pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));

/** The bytes in [start, end): a copy only where they lie in more than one piece. */
export const spanOf = (pieces: readonly Buffer[], start: number, end: number): Buffer => joined(between(pieces, start, end));

const between = (pieces: readonly Buffer[], start: number, end: number): Buffer[] => {
  const found: Buffer[] = [];
  let at = 0;
  for (const piece of pieces) {
    if (at + piece.length > start && at < end) found.push(piece.subarray(Math.max(0, start - at), end - at));
    at += piece.length;
  }
  return found;
};

/** What stands in the place of [start, end). */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** With two spans replaced, the first one before the other; each view of the bytes is an object to be collected, so there are few. */
export const withBothReplaced = (pieces: readonly Buffer[], first: Replacement, other: Replacement): Buffer[] => [
  ...between(pieces, 0, first.start),
  first.bytes,
  ...between(pieces, first.end, other.start),
  other.bytes,
  ...between(pieces, other.end, Infinity),
];

/** With [start, end) replaced; all else stays where it lies. */
export const withReplaced = (pieces: readonly Buffer[], start: number, end: number, replacement: Buffer): Buffer[] => [
  ...between(pieces, 0, start),
  replacement,
  ...between(pieces, end, Infinity),
];
