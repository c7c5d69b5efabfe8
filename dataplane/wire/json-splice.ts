// Finds values of top-level members in the bytes of a JSON object, and replaces one without touching the rest.
// It checks only the skeleton (strings closed, brackets paired, one object and nothing behind it); the provider's
// parser judges the rest. A member that occurs twice counts as its last occurrence, as in the providers' parsers.
import { Crossing, scalarEnd, shortStringEnd } from "./json-cross.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;

/** The part of an OpenAI-style body that the gateway itself must know, as positions in the bytes. */
export class TopLevel {
  /** "" when the skeleton is sound, otherwise what is wrong with it. */
  problem = "";
  /** Span of the value of "model", quotes included; -1 when there is none. */
  modelStart = -1;
  modelEnd = -1;
  isStreaming = false;
  /** "stream_options" asks for the usage at the stream's end. */
  isUsageWanted = false;
}

/** The longest of the names looked for, every character of it written as an escape. */
const KEY_BYTES_MAX = "stream_options".length * 6;

/** The member's name in the spelling without escapes; "" for one that is not looked for. */
const nameOf = (bytes: Buffer, start: number, end: number): string => {
  const length = end - start;
  if (length < "model".length || length > KEY_BYTES_MAX) return "";
  for (let index = start; index < end; index++) if (bytes[index] === BACKSLASH) return readString(bytes, start - 1, end + 1) ?? "";
  const first = bytes[start];
  return first === 0x6d || first === 0x73 ? bytes.toString("latin1", start, end) : "";
};

/** The text of the JSON string in [start, end), quotes included; undefined when it is none. */
export const readString = (bytes: Buffer, start: number, end: number): string | undefined => {
  if (!bytes.subarray(start, end).includes(BACKSLASH)) return bytes.toString("utf8", start + 1, end - 1);
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8", start, end));
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Numbers, because they are compared for each byte that is looked at; those from IN_NAME on stand within something. */
const OPENING = 0;
const FIRST = 1;
const NAME = 2;
const COLON_NEXT = 3;
const VALUE = 4;
const NEXT = 5;
const REST = 6;
const IN_NAME = 7;
const IN_VALUE = 8;
const IN_SCALAR = 9;
const REFUSED = 10;

/*
 * OPENING ─{─▶ FIRST, NAME ─"─▶ IN_NAME ─"─▶ COLON_NEXT ─:─▶ VALUE ──▶ IN_VALUE, IN_SCALAR ──▶ NEXT ─}─▶ REST
 *                    ▲                                                                           │
 *                    └───────────────────────────────────── , ───────────────────────────────────┘
 * FIRST is a name that need not be there. What does not fit leads to REFUSED, from which nothing leads on.
 */
export class TopLevelReader {
  readonly #found = new TopLevel();
  readonly #crossing: Crossing;
  readonly #from: number;
  #step = OPENING;
  #position: number;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;

  /** Where in the bytes the text begins. */
  constructor(from: number, crossing = new Crossing()) {
    this.#from = from;
    this.#position = from;
    this.#crossing = crossing;
  }

  /** No bytes will come but these. */
  finish(bytes: Buffer, end: number): TopLevel {
    this.feed(bytes, end);
    if (this.#step === IN_SCALAR) this.#endValue(bytes, end);
    if (this.#step !== REST && this.#step !== REFUSED) this.#refuseEnd(end);
    return this.#found;
  }

  /** Looks at the bytes that have come since it was last called; `bytes` are the same ones with more behind them, and nothing else. */
  feed(bytes: Buffer, end: number): void {
    let position = this.#position;
    while (position < end) {
      if (this.#step >= IN_NAME) position = this.#goOn(bytes, position, end);
      else {
        const byte = bytes[position] as number;
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) position = this.#look(bytes, position, end, byte);
        else position++;
      }
    }
    this.#position = position;
  }

  /** The position from which to go on; `end` where that is further away. */
  #look(bytes: Buffer, position: number, end: number, byte: number): number {
    switch (this.#step) {
      case VALUE:
        return this.#beginValue(bytes, position, end, byte);
      case NEXT:
        if (byte === COMMA) this.#step = NAME;
        else if (byte === CLOSE_BRACE) this.#step = REST;
        else return this.#refuse("a comma is missing", position, end);
        return position + 1;
      case FIRST:
        if (byte !== CLOSE_BRACE) return this.#beginName(bytes, position, end, byte);
        this.#step = REST;
        return position + 1;
      case NAME:
        return this.#beginName(bytes, position, end, byte);
      case COLON_NEXT:
        if (byte !== COLON) return this.#refuse("a colon is missing", position, end);
        this.#step = VALUE;
        return position + 1;
      case OPENING:
        if (byte !== OPEN_BRACE) return this.#refuse("no object begins", position, end);
        this.#step = FIRST;
        return position + 1;
      default:
        return this.#refuse("something follows the object", position, end);
    }
  }

  #beginName(bytes: Buffer, position: number, end: number, byte: number): number {
    if (byte !== QUOTE) return this.#refuse("a member name is missing", position, end);
    this.#nameStart = position + 1;
    const nameEnd = shortStringEnd(bytes, position + 1, end);
    if (nameEnd !== -1) return this.#endName(nameEnd);
    this.#crossing.beginString(position + 1);
    this.#step = IN_NAME;
    return position + 1;
  }

  #endName(end: number): number {
    this.#nameEnd = end - 1;
    this.#step = COLON_NEXT;
    return end;
  }

  #beginValue(bytes: Buffer, position: number, end: number, byte: number): number {
    this.#valueStart = position;
    if (byte === QUOTE) {
      const shortEnd = shortStringEnd(bytes, position + 1, end);
      if (shortEnd !== -1) return this.#endValue(bytes, shortEnd);
      this.#crossing.beginString(position + 1);
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#crossing.beginContainer(position + 1);
    else {
      this.#step = IN_SCALAR;
      return position;
    }
    this.#step = IN_VALUE;
    return position + 1;
  }

  #endValue(bytes: Buffer, end: number): number {
    this.#step = NEXT;
    const name = nameOf(bytes, this.#nameStart, this.#nameEnd);
    if (name !== "") this.#keep(name, bytes, this.#valueStart, end);
    return end;
  }

  #goOn(bytes: Buffer, position: number, end: number): number {
    if (this.#step === REFUSED) return end;
    if (this.#step === IN_SCALAR) return this.#crossScalar(bytes, position, end);
    const crossed = this.#crossing.cross(bytes, end);
    if (crossed === -1) return this.#crossing.isTooDeep ? this.#refuse("a value is nested too deeply", this.#valueStart, end) : end;
    return this.#step === IN_NAME ? this.#endName(crossed) : this.#endValue(bytes, crossed);
  }

  #crossScalar(bytes: Buffer, start: number, end: number): number {
    const position = scalarEnd(bytes, start, end);
    if (position === -1 || position === this.#valueStart) return this.#refuse("a value is not whole", this.#valueStart, end);
    return position < end ? this.#endValue(bytes, position) : end;
  }

  #keep(name: string, bytes: Buffer, start: number, end: number): void {
    const found = this.#found;
    if (name === "model") {
      found.modelStart = start;
      found.modelEnd = end;
    } else if (name === "stream") {
      found.isStreaming = end - start === 4 && bytes[start] === 0x74;
    } else if (name === "stream_options") {
      found.isUsageWanted = /"include_usage"\s*:\s*true/.test(bytes.toString("latin1", start, end));
    }
  }

  #refuse(what: string, position: number, end: number): number {
    this.#step = REFUSED;
    this.#found.problem = `${what} at byte ${position - this.#from}`;
    return end;
  }

  #refuseEnd(end: number): void {
    if (this.#step === OPENING) this.#refuse("no object begins", end, end);
    else if (this.#step === IN_NAME) this.#refuse("a string is not closed", this.#nameStart - 1, end);
    else if (this.#step === COLON_NEXT) this.#refuse("a colon is missing", end, end);
    else if (this.#step === VALUE) this.#refuse("a value is not whole", end, end);
    else if (this.#step === IN_VALUE) this.#refuse("a value is not whole", this.#valueStart, end);
    else this.#refuse("the object is not closed", end, end);
  }
}

export const findTopLevel = (bytes: Buffer, from: number, end: number): TopLevel => new TopLevelReader(from).finish(bytes, end);

/** The bytes with [start, end) replaced; always a copy, so that what is being sent elsewhere stays as it is. */
export const splice = (bytes: Buffer, start: number, end: number, replacement: Buffer): Buffer => {
  const spliced = Buffer.allocUnsafe(bytes.length - (end - start) + replacement.length);
  bytes.copy(spliced, 0, 0, start);
  replacement.copy(spliced, start);
  bytes.copy(spliced, start + replacement.length, end);
  return spliced;
};
