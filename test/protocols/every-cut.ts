// All the places where the network may cut a stream, in as few readings as that takes: a short one is read once for every byte,
// cut in two there; of a longer one many places are tried in one reading. It judges nothing.
import { inPiecesOf, inTwo, SIZES } from "./watching.ts";

export interface Cut {
  readonly name: string;
  readonly pieces: Iterable<Buffer>;
}

/** Up to so many bytes it is cut in two at each; twice as many take four times the time. */
export const SHORT_BYTES = 2500;
/** Pieces of so many bytes, first from the first byte on, then from the second: then there was a cut at every byte. */
export const PIECE_BYTES = 97;
/** In each reading one of so many interesting places is cut, so that whole events lie between two cuts. */
const ROUNDS = 64;
const AROUND = 2;

/** `LLMGW_ALL_CUTS=1`: all are cut in two at every byte, however long that takes (a quarter of an hour). */
export const isEveryCutAsked = (process.env["LLMGW_ALL_CUTS"] ?? "") !== "";

export const isShort = (bytes: Buffer): boolean => isEveryCutAsked || bytes.length <= SHORT_BYTES;

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const BACKSLASH = 0x5c;
const MANY_BYTES = 0x80;
const ESCAPE_LENGTH = "\\u1234".length;

/** Of Amazon's frames: their beginnings, what counts their bytes, the ends of headers and of payloads. */
const frameBorders = (bytes: Buffer): number[] => {
  const borders: number[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const [length, headers] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    borders.push(at, at + 4, at + 8, at + 12, at + 12 + headers, at + length - 4, at + length);
    at += Math.max(16, length);
  }
  return borders;
};

const isBinary = (bytes: Buffer): boolean => bytes[0] === 0;

/** Ends of lines, signs of more than one byte, escapes and borders of frames, with the bytes around them. */
export const interestingPlaces = (bytes: Buffer): number[] => {
  const places = new Set<number>();
  const mark = (from: number, to: number): void => {
    for (let at = Math.max(1, from - AROUND); at <= Math.min(bytes.length - 1, to + AROUND); at++) places.add(at);
  };
  for (const [at, byte] of bytes.entries()) {
    if (byte === LINE_FEED || byte === RETURN || byte >= MANY_BYTES) mark(at, at + 1);
    else if (byte === BACKSLASH) mark(at, at + ESCAPE_LENGTH);
  }
  if (isBinary(bytes)) for (const border of frameBorders(bytes)) mark(border, border);
  return [...places].sort((one, other) => one - other);
};

const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));

function* inTwoEverywhere(bytes: Buffer): Generator<Cut> {
  for (let at = 0; at <= bytes.length; at++) yield { name: `cut at ${at}`, pieces: inTwo(bytes, at) };
}

function* inManyEverywhere(bytes: Buffer): Generator<Cut> {
  for (let first = 1; first <= PIECE_BYTES; first++) yield { name: `pieces of ${PIECE_BYTES} behind ${first}`, pieces: [bytes.subarray(0, first), ...inPiecesOf(bytes.subarray(first), PIECE_BYTES)] };
  const places = interestingPlaces(bytes);
  for (let round = 0; round < ROUNDS; round++) yield { name: `interesting places ${round} of ${ROUNDS}`, pieces: cutAt(bytes, places.filter((_, order) => order % ROUNDS === round)) };
}

export function* everyCut(bytes: Buffer, isInTwo = isShort(bytes)): Generator<Cut> {
  for (const size of SIZES) yield { name: `pieces of ${size}`, pieces: inPiecesOf(bytes, size) };
  yield* isInTwo ? inTwoEverywhere(bytes) : inManyEverywhere(bytes);
}
