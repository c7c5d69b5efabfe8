// Splits JSON that comes in pieces into the elements of its outermost list, or into the values that stand side by side without
// one. It decodes nothing; what is neither an object nor a list is passed over. Bounded by the bytes of one element.
//
//   before ── [ ──▶ between ── { ──▶ inside an element ── } ──▶ between ── ] ──▶ closed
import { HeldBytes } from "../../wire/held-bytes.ts";
import { joined } from "../../wire/pieces.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPENING_BRACKET = 91;
const CLOSING_BRACKET = 93;
const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;

export class JsonElements {
  isOversize = false;
  /** The outermost list was opened, and closed. */
  isOpened = false;
  isClosed = false;
  /** A comma stands behind the last element. */
  hasComma = false;
  count = 0;
  /** Of all elements. */
  bytes = 0;
  readonly #bytesMax: number;
  /** Brackets that are open; those of an element are more than `#base`. */
  #depth = 0;
  #base = 0;
  #isInString = false;
  #isEscaped = false;
  /** Of the element that is open, what came with earlier pieces. */
  #held = new HeldBytes();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isInside(): boolean {
    return this.#depth > this.#base || this.#isInString;
  }

  /** What there is of the element that is open. */
  get half(): Buffer {
    return joined(this.#held.pieces());
  }

  /** Elements that these bytes complete; views into them where they stand in them as a whole. */
  push(bytes: Buffer): Buffer[] {
    const elements: Buffer[] = [];
    if (this.isOversize) return elements;
    let start = this.#depth > this.#base ? 0 : -1;
    for (let at = 0; at < bytes.length && !this.isClosed; at++) {
      if (this.#isInString) {
        at = this.#endOfString(bytes, at);
        continue;
      }
      const byte = bytes[at] as number;
      if (byte === QUOTE) this.#isInString = true;
      else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
        if (this.#open(byte)) start = at;
      } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
        if (this.#close(byte)) {
          elements.push(this.#element(bytes.subarray(start, at + 1)));
          start = -1;
        }
      } else if (byte === COMMA && this.#depth === this.#base) this.hasComma = true;
    }
    if (start !== -1) this.#hold(bytes.subarray(start));
    return elements;
  }

  /** True when an element begins. */
  #open(byte: number): boolean {
    if (byte === OPENING_BRACKET && this.#depth === 0 && !this.isOpened && this.count === 0) {
      this.isOpened = true;
      this.#base = 1;
      this.#depth = 1;
      return false;
    }
    return this.#depth++ === this.#base;
  }

  /** True when an element ends. */
  #close(byte: number): boolean {
    if (this.#depth === 0) return false;
    this.#depth--;
    if (this.#depth >= this.#base) return this.#depth === this.#base;
    this.#base = 0;
    this.isClosed = byte === CLOSING_BRACKET;
    return false;
  }

  #element(end: Buffer): Buffer {
    const element = this.#held.length === 0 ? end : joined([...this.#held.pieces(), end]);
    if (this.#held.length > 0) this.#held = new HeldBytes();
    this.hasComma = false;
    this.count++;
    this.bytes += element.length;
    if (element.length > this.#bytesMax) this.isOversize = true;
    return element;
  }

  /** Whoever gave the bytes may use them again. */
  #hold(piece: Buffer): void {
    if (this.#held.length + piece.length > this.#bytesMax) {
      this.isOversize = true;
      this.#held = new HeldBytes();
      return;
    }
    this.#held.append(Buffer.from(piece));
  }

  /** Where the string ends that is open at `at`; the last byte when it goes on. */
  #endOfString(bytes: Buffer, at: number): number {
    let index = at;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      index++;
    }
    for (; index < bytes.length; index++) {
      const byte = bytes[index];
      if (byte === QUOTE) {
        this.#isInString = false;
        return index;
      }
      if (byte === BACKSLASH && ++index === bytes.length) this.#isEscaped = true;
    }
    return index;
  }
}
