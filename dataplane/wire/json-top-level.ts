// Finds values of top-level members in the bytes of a JSON object, whole or piece by piece as they come.
// It checks only the skeleton (strings closed, brackets paired, one object and nothing behind it); the provider's
// parser judges the rest. A member that occurs twice counts as its last occurrence, as in the providers' parsers.
import { HeldBytes } from "./held-bytes.ts";
import { isObject, parseJson } from "./json.ts";
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
  /** Behind the value of "stream"; -1 when there is none. */
  streamEnd = -1;
  /** "stream_options" asks for the usage at the stream's end. */
  isUsageWanted = false;
  /** Span of the value of "stream_options"; -1 when there is none. */
  optionsStart = -1;
  optionsEnd = -1;
}

/** Nobody writes so many; what is longer is not looked into, and stays the client's own word. */
const OPTIONS_BYTES_MAX = 4096;

const USUAL_OPTIONS = Buffer.from('{"include_usage":true}');

const asksForUsage = (value: Buffer): boolean => {
  if (value.equals(USUAL_OPTIONS)) return true;
  if (value.length > OPTIONS_BYTES_MAX) return true;
  const options = parseJson(value.toString("utf8"));
  return isObject(options) && options["include_usage"] === true;
};

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
  readonly #held: HeldBytes;
  readonly #crossing: Crossing;
  #step = OPENING;
  /** Of the text before the piece that is looked at. Positions count from the beginning of that piece, and are below zero before it. */
  #passedBytes = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;

  /** `held`: has each piece before it is fed, for names and values that begin in one and end in another. */
  constructor(held: HeldBytes, crossing = new Crossing()) {
    this.#held = held;
    this.#crossing = crossing;
  }

  feed(piece: Buffer): void {
    this.#scan(piece);
    const { length } = piece;
    this.#passedBytes += length;
    this.#nameStart -= length;
    this.#nameEnd -= length;
    this.#valueStart -= length;
    this.#crossing.leaveBehind(length);
  }

  /** Nothing comes behind this piece. */
  finish(piece: Buffer): TopLevel {
    this.#scan(piece);
    const end = piece.length;
    if (this.#step === IN_SCALAR) this.#endValue(piece, end);
    if (this.#step !== REST && this.#step !== REFUSED) this.#refuseEnd(end);
    return this.#found;
  }

  #scan(bytes: Buffer): void {
    const end = bytes.length;
    let position = 0;
    while (position < end) {
      if (this.#step >= IN_NAME) position = this.#goOn(bytes, position, end);
      else {
        const byte = bytes[position] as number;
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) position = this.#look(bytes, position, end, byte);
        else position++;
      }
    }
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
    const name = this.#nameStart > 0 ? nameOf(bytes, this.#nameStart, this.#nameEnd) : this.#nameBefore();
    if (name !== "") this.#keep(name, bytes, end);
    return end;
  }

  #nameBefore(): string {
    const quoted = this.#held.span(this.#passedBytes + this.#nameStart - 1, this.#passedBytes + this.#nameEnd + 1);
    return nameOf(quoted, 1, quoted.length - 1);
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

  #keep(name: string, bytes: Buffer, end: number): void {
    const found = this.#found;
    const start = this.#valueStart;
    const passed = this.#passedBytes;
    if (name === "model") {
      found.modelStart = passed + start;
      found.modelEnd = passed + end;
      return;
    }
    const value = start >= 0 ? bytes.subarray(start, end) : this.#held.span(passed + start, passed + end);
    if (name === "stream") {
      found.isStreaming = value.length === 4 && value[0] === 0x74;
      found.streamEnd = passed + end;
    } else if (name === "stream_options") {
      found.isUsageWanted = asksForUsage(value);
      found.optionsStart = passed + start;
      found.optionsEnd = passed + end;
    }
  }

  #refuse(what: string, position: number, end: number): number {
    this.#step = REFUSED;
    this.#found.problem = `${what} at byte ${this.#passedBytes + position}`;
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

const nothing = new HeldBytes();

export const findTopLevel = (bytes: Buffer): TopLevel => new TopLevelReader(nothing).finish(bytes);
