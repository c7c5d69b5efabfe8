// Finds values of top-level members in the bytes of a JSON object, and replaces one without touching the rest.
// It checks only the skeleton (strings closed, brackets paired, one object and nothing behind it); the provider's
// parser judges the rest. A member that occurs twice counts as its last occurrence, as in the providers' parsers.
//
// Speed: strings are crossed by the native search for a quote once they turn out to be long; only what stands
// between strings is looked at byte by byte.

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
const DEPTH_MAX = 512;

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

/** Position just behind the closing quote, or -1. `start` is the byte behind the opening one. */
export const stringEnd = (bytes: Buffer, start: number, end: number): number => {
  let position = start;
  for (;;) {
    const loopEnd = position + LOOP_BYTES < end ? position + LOOP_BYTES : end;
    while (position < loopEnd) {
      const byte = bytes[position];
      if (byte === QUOTE) return position + 1;
      position += byte === BACKSLASH ? 2 : 1;
    }
    if (position >= end) return -1;
    const quote = bytes.indexOf(QUOTE, position);
    if (quote === -1 || quote >= end) return -1;
    let slash = quote - 1;
    while (slash >= position && bytes[slash] === BACKSLASH) slash--;
    if (((quote - slash) & 1) === 1) return quote + 1;
    position = quote + 1;
  }
};

/** Position behind the container whose opening bracket is at `start`, or -1. */
const containerEnd = (bytes: Buffer, start: number, end: number): number => {
  let depth = 0;
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    position++;
    if (byte === QUOTE) {
      position = stringEnd(bytes, position, end);
      if (position === -1) return -1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > DEPTH_MAX) return -1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--depth === 0) return position;
    }
  }
  return -1;
};

export const skipSpace = (bytes: Buffer, start: number, end: number): number => {
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return position;
    position++;
  }
  return position;
};

export const valueEnd = (bytes: Buffer, start: number, end: number): number => {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start + 1, end);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return containerEnd(bytes, start, end);
  let position = start;
  while (position < end) {
    const byte = bytes[position] as number;
    if (byte === COMMA || byte === CLOSE_BRACE || byte <= 0x20) break;
    if (byte === QUOTE || byte === COLON || byte === CLOSE_BRACKET) return -1;
    position++;
  }
  return position === start ? -1 : position;
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

const member = (found: TopLevel, bytes: Buffer, keyStart: number, keyEnd: number, start: number, end: number): void => {
  const name = nameOf(bytes, keyStart, keyEnd);
  if (name === "") return;
  if (name === "model") {
    found.modelStart = start;
    found.modelEnd = end;
  } else if (name === "stream") {
    found.isStreaming = end - start === 4 && bytes[start] === 0x74;
  } else if (name === "stream_options") {
    found.isUsageWanted = /"include_usage"\s*:\s*true/.test(bytes.toString("latin1", start, end));
  }
};

const problemAt = (found: TopLevel, what: string, position: number): TopLevel => {
  found.problem = `${what} at byte ${position}`;
  return found;
};

export const findTopLevel = (bytes: Buffer, from: number, end: number): TopLevel => {
  const found = new TopLevel();
  let position = skipSpace(bytes, from, end);
  if (bytes[position] !== OPEN_BRACE || position >= end) return problemAt(found, "no object begins", position - from);
  position = skipSpace(bytes, position + 1, end);
  if (bytes[position] === CLOSE_BRACE && position < end) return closed(found, bytes, position + 1, from, end);
  while (position < end) {
    if (bytes[position] !== QUOTE) return problemAt(found, "a member name is missing", position - from);
    const keyStart = position + 1;
    const keyEnd = stringEnd(bytes, keyStart, end);
    if (keyEnd === -1) return problemAt(found, "a string is not closed", position - from);
    position = skipSpace(bytes, keyEnd, end);
    if (bytes[position] !== COLON || position >= end) return problemAt(found, "a colon is missing", position - from);
    const start = skipSpace(bytes, position + 1, end);
    position = start < end ? valueEnd(bytes, start, end) : -1;
    if (position === -1) return problemAt(found, "a value is not whole", start - from);
    member(found, bytes, keyStart, keyEnd - 1, start, position);
    position = skipSpace(bytes, position, end);
    if (position >= end) break;
    if (bytes[position] === CLOSE_BRACE) return closed(found, bytes, position + 1, from, end);
    if (bytes[position] !== COMMA) return problemAt(found, "a comma is missing", position - from);
    position = skipSpace(bytes, position + 1, end);
  }
  return problemAt(found, "the object is not closed", end - from);
};

const closed = (found: TopLevel, bytes: Buffer, position: number, from: number, end: number): TopLevel => {
  const rest = skipSpace(bytes, position, end);
  return rest === end ? found : problemAt(found, "something follows the object", rest - from);
};

/** The bytes with [start, end) replaced; always a copy, so that what is being sent elsewhere stays as it is. */
export const splice = (bytes: Buffer, start: number, end: number, replacement: Buffer): Buffer => {
  const spliced = Buffer.allocUnsafe(bytes.length - (end - start) + replacement.length);
  bytes.copy(spliced, 0, 0, start);
  replacement.copy(spliced, start);
  bytes.copy(spliced, start + replacement.length, end);
  return spliced;
};
