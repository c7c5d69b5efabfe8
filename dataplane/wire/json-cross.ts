// Crosses one value in the bytes of JSON: tells where it ends, strings and containers also when the bytes come piece by piece.
// It checks that strings are closed and counts brackets; it does not know one bracket from another, nor what is inside.
//
// Speed: the first bytes are looked at one by one, long strings are crossed by the native search for a quote, and what is
// longer is left to the vector instructions of json-vector.ts, where there are such.
import { DEPTH_MAX, DEPTH_SHIFT, type Engine, ESCAPED, IN_STRING, openWindow, type VectorWindow, WINDOW_BYTES } from "./json-vector.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Below this many bytes a loop is faster than the call of the native search. */
const LOOP_BYTES = 24;
/** Below this many a loop is faster than copying them to the vectors. */
const FEW_BYTES = 96;
/** Most of what is crossed is short. */
const FIRST_WINDOW_BYTES = 2048;

/** Between a string's quotes: where to go on, negated when the string is not closed before. Behind `end` when what comes at `end` is escaped. */
const stepInString = (bytes: Buffer, start: number, end: number): number => {
  let position = start;
  const loopEnd = start + LOOP_BYTES < end ? start + LOOP_BYTES : end;
  while (position < loopEnd) {
    const byte = bytes[position];
    if (byte === QUOTE) return position + 1;
    position += byte === BACKSLASH ? 2 : 1;
  }
  return position < end ? seekQuote(bytes, position, end) : -position;
};

const seekQuote = (bytes: Buffer, start: number, end: number): number => {
  const found = (bytes.length === end ? bytes : bytes.subarray(0, end)).indexOf(QUOTE, start);
  const quote = found === -1 ? end : found;
  let slash = quote - 1;
  while (slash >= start && bytes[slash] === BACKSLASH) slash--;
  const isEscaped = ((quote - slash) & 1) === 0;
  if (isEscaped) return -(quote + 1);
  return quote < end ? quote + 1 : -end;
};

/** Position behind the quote of a string that closes soon and has no escapes; otherwise -1, which says nothing. */
export const shortStringEnd = (bytes: Buffer, start: number, end: number): number => {
  const loopEnd = start + LOOP_BYTES < end ? start + LOOP_BYTES : end;
  for (let position = start; position < loopEnd; position++) {
    const byte = bytes[position];
    if (byte === QUOTE) return position + 1;
    if (byte === BACKSLASH) return -1;
  }
  return -1;
};

/** For one text: while it is in use, its bytes must stay as they are. */
export class Crossing {
  isTooDeep = false;
  /** The next byte that matters; one behind the bytes at hand when the first that is missing is escaped. */
  #position = 0;
  #depth = 0;
  #isInString = false;
  readonly #window: VectorWindow | null;

  constructor(window: VectorWindow | null = vectors) {
    this.#window = window;
  }

  /** From the byte behind the opening quote. */
  beginString(position: number): void {
    this.#begin(position, 0, true);
  }

  /** From the byte behind the opening bracket. */
  beginContainer(position: number): void {
    this.#begin(position, 1, false);
  }

  /** The position behind the end, or -1 when it is not among the bytes before `end`. Asked again it goes on where it was. */
  cross(bytes: Buffer, end: number): number {
    if (this.isTooDeep) return -1;
    const window = this.#window;
    const isFar = window !== null && (end - this.#position > FEW_BYTES || this.#isIn(window));
    return isFar ? this.#crossWindows(bytes, end, window) : this.#walk(bytes, end);
  }

  /** What is crossed next lies in other bytes: behind so many of those that were at hand. */
  leaveBehind(length: number): void {
    this.#position -= length;
    if (this.#window?.owner === this) this.#window.owner = null;
  }

  #begin(position: number, depth: number, isInString: boolean): void {
    this.isTooDeep = false;
    this.#position = position;
    this.#depth = depth;
    this.#isInString = isInString;
  }

  #isIn(window: VectorWindow): boolean {
    return window.owner === this && this.#position >= window.start && this.#position < window.end;
  }

  #walk(bytes: Buffer, end: number): number {
    let position = this.#position;
    let depth = this.#depth;
    let isInString = this.#isInString;
    while (position < end) {
      if (isInString) {
        const next = stepInString(bytes, position, end);
        isInString = next < 0;
        position = isInString ? -next : next;
        if (!isInString && depth === 0) return position;
        continue;
      }
      const byte = bytes[position] as number;
      position++;
      if (byte === QUOTE) isInString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++depth > DEPTH_MAX) return this.#giveUp();
      } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return position;
    }
    this.#position = position;
    this.#depth = depth;
    this.#isInString = isInString;
    return -1;
  }

  #crossWindows(bytes: Buffer, end: number, window: VectorWindow): number {
    let windowBytes = FIRST_WINDOW_BYTES;
    while (this.#position < end) {
      if (this.#isInString && !this.#isIn(window)) {
        // Long strings have few quotes, and the native search needs no copy.
        const next = seekQuote(bytes, this.#position, end);
        this.#position = Math.abs(next);
        this.#isInString = next < 0;
        if (next > 0 && this.#depth === 0) return next;
        if (this.#position >= end) break;
      }
      if (!this.#isIn(window)) {
        window.load(this, bytes, this.#position, Math.min(this.#position + windowBytes, end));
        windowBytes = WINDOW_BYTES;
      }
      const result = window.cross(this.#position, (this.#depth << DEPTH_SHIFT) | (this.#isInString ? IN_STRING : 0));
      if (result > 0) return result;
      if (result === 0) return this.#giveUp();
      this.#position = window.end + ((-result & ESCAPED) >> 1);
      this.#depth = -result >> DEPTH_SHIFT;
      this.#isInString = (-result & IN_STRING) !== 0;
    }
    return -1;
  }

  #giveUp(): -1 {
    this.isTooDeep = true;
    return -1;
  }
}

const vectors = openWindow((globalThis as { readonly WebAssembly?: Engine }).WebAssembly);

export const skipSpace = (bytes: Buffer, start: number, end: number): number => {
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return position;
    position++;
  }
  return position;
};

/** Position behind a number or a word, or -1 when what is there cannot be one. */
export const scalarEnd = (bytes: Buffer, start: number, end: number): number => {
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === COMMA || byte === CLOSE_BRACE || byte <= 0x20) break;
    if (byte === QUOTE || byte === COLON || byte === CLOSE_BRACKET) return -1;
    position++;
  }
  return position;
};

/** Position just behind the closing quote, or -1. `start` is the byte behind the opening one. */
export const stringEnd = (bytes: Buffer, start: number, end: number, crossing: Crossing): number => {
  const short = shortStringEnd(bytes, start, end);
  if (short !== -1) return short;
  crossing.beginString(start);
  return crossing.cross(bytes, end);
};

/** Position behind the value that begins at `start`, or -1 when it is not whole. */
export const valueEnd = (bytes: Buffer, start: number, end: number, crossing: Crossing): number => {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start + 1, end, crossing);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    crossing.beginContainer(start + 1);
    return crossing.cross(bytes, end);
  }
  const position = scalarEnd(bytes, start, end);
  return position === start ? -1 : position;
};
