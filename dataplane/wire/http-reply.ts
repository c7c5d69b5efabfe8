// Reads the replies of an HTTP/1 server from the bytes of one connection, however they are cut. Strict, because what two
// readers understand differently is how replies get mixed up: one line end, one way to tell the length, no folded lines.
// It knows no socket and asks for nothing; what it was handed may be overwritten as soon as it returns.

import { checkHead, endOfLine, readFields, UnfitField } from "./http-fields.ts";

const HEAD_BYTES_MAX = 65_536;
/** Hexadecimal digits: more than any length that a number can hold exactly. */
const SIZE_DIGITS_MAX = 13;
const COPY_BYTES_MAX = 32;

const HEAD_END = Buffer.from("\r\n\r\n");
const BEGINNING = "HTTP/1.";
/** "HTTP/1.1 200" */
const STATUS_BYTES = 12;
const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
const ONE = 0x31;

export type ReplyHeaders = Record<string, string | string[] | undefined>;

/** It was no HTTP, or broke off where HTTP says that more must come. */
export class NotHttp extends Error {
  override readonly name = "NotHttp";
  readonly code = "NOT_HTTP";
}

export interface ReplyTaker {
  /** Of the final reply; those of 1xx are passed over. */
  onHead(status: number, headers: ReplyHeaders): void;
  /** The bytes are the taker's own. At most once per read. */
  onBody(bytes: Buffer): void;
  /** Whether more bytes came than belong to it is known only when the read has returned. */
  onWhole(): void;
}

/*
 * idle ── begin ──▶ head ── 1xx ──▶ head
 *   ▲                 ├── length ─────────────────────────────────▶ counted ──┐
 *   │                 ├── chunked ──▶ size ⇄ data ── size 0 ──▶ trailer ──────┤
 *   │                 ├── neither ──▶ untilEnd ── end of the connection ──────┤
 *   └── whole ◀───────┴── 204, 304, answer to HEAD ◀──────────────────────────┘
 */
const IDLE = 0;
const HEAD = 1;
const COUNTED = 2;
const UNTIL_END = 3;
const SIZE = 4;
const EXTENSION = 5;
const SIZE_END = 6;
const DATA = 7;
const DATA_CR = 8;
const DATA_LF = 9;
const TRAILER = 10;

export class ReplyReader {
  readonly #taker: ReplyTaker;
  #state = IDLE;
  #isBodiless = false;
  /** A head, or what comes behind the last chunk, of which the end has not come. */
  #text = "";
  /** Of the body, or of the chunk. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** The connection can carry another request once this reply is whole. */
  isReusable = false;
  /** How long the server says that it keeps an idle connection; -1 when it does not say. */
  keepAliveSeconds = -1;

  constructor(taker: ReplyTaker) {
    this.#taker = taker;
  }

  get isIdle(): boolean {
    return this.#state === IDLE;
  }

  /** Something of the reply has come. */
  get hasBegun(): boolean {
    return this.#state > HEAD || this.#text !== "";
  }

  /** A request is about to be sent; `isBodiless`: its reply has a head only, whatever that says. */
  begin(isBodiless: boolean): void {
    this.#state = HEAD;
    this.#isBodiless = isBodiless;
    this.#text = "";
    this.isReusable = true;
    this.keepAliveSeconds = -1;
  }

  /** Throws NotHttp. Moves bytes about inside of `bytes`. */
  read(bytes: Buffer, length: number): void {
    try {
      this.#read(bytes, length);
    } catch (error) {
      throw error instanceof UnfitField ? new NotHttp(error.message) : error;
    }
  }

  #read(bytes: Buffer, length: number): void {
    let position = 0;
    while (this.#state === HEAD && position < length) position = this.#readHead(bytes, position, length);
    if (position < length) position = this.#readBody(bytes, position, length);
    // Bytes that nobody asked for would be taken for the next request's reply.
    if (position < length) this.isReusable = false;
  }

  /** The other side will send no more. Throws NotHttp when that is too early. */
  end(): void {
    if (this.#state === UNTIL_END) return this.#finish();
    if (this.#state !== IDLE) throw new NotHttp("the connection ended in the middle of a reply");
  }

  #readBody(bytes: Buffer, position: number, length: number): number {
    if (this.#state === COUNTED) return this.#readCounted(bytes, position, length);
    if (this.#state === UNTIL_END) {
      this.#taker.onBody(copyOf(bytes, position, length));
      return length;
    }
    return this.#state === IDLE ? position : this.#readChunks(bytes, position, length);
  }

  #readHead(bytes: Buffer, start: number, length: number): number {
    const before = this.#text.length;
    // An end that is cut in two is found in the text; one that is whole, faster in the bytes.
    const end = before === 0 ? endOfHead(bytes, start, length) : -1;
    if (end !== -1) {
      this.#takeHead(bytes.toString("latin1", start, end - HEAD_END.length));
      return end;
    }
    this.#text += bytes.toString("latin1", start, length);
    const cut = this.#text.indexOf("\r\n\r\n", before < 3 ? 0 : before - 3);
    if ((cut === -1 ? this.#text.length : cut) > HEAD_BYTES_MAX) throw new NotHttp("its head is too long");
    // Who speaks something else may never come to an end that we know.
    if (!BEGINNING.startsWith(this.#text.slice(0, BEGINNING.length))) throw new NotHttp("it does not begin with a status line");
    if (cut === -1) return length;
    const head = this.#text.slice(0, cut);
    this.#text = "";
    this.#takeHead(head);
    return start + cut + HEAD_END.length - before;
  }

  #takeHead(head: string): void {
    checkHead(head);
    const lineEnd = endOfLine(head, 0);
    const status = statusOf(head, lineEnd);
    if (status === 101) throw new NotHttp("it changed to another protocol");
    const headers = headersOf(head, lineEnd + 2);
    if (status < 200) return;
    this.#chooseBody(status, headers, head.charCodeAt(BEGINNING.length) === ONE);
    this.#taker.onHead(status, headers);
    if (this.#state === IDLE) this.#taker.onWhole();
  }

  #chooseBody(status: number, headers: ReplyHeaders, isModern: boolean): void {
    const connection = headers["connection"];
    if (connection === undefined ? !isModern : saysClose(connection, isModern)) this.isReusable = false;
    const keepAlive = headers["keep-alive"];
    if (typeof keepAlive === "string") this.keepAliveSeconds = Number(/(?:^|[\s,])timeout=(\d{1,6})/i.exec(keepAlive)?.[1] ?? -1);
    const coding = headers["transfer-encoding"];
    const length = headers["content-length"];
    if (coding !== undefined) {
      if (typeof coding !== "string" || coding.toLowerCase() !== "chunked" || !isModern) throw new NotHttp("its transfer-encoding is not the one that every server has");
      if (length !== undefined) throw new NotHttp("it tells its length in two ways");
    }
    const announced = length === undefined ? -1 : lengthOf(length);
    this.#left = announced;
    if (this.#isBodiless || status === 204 || status === 304) this.#state = IDLE;
    else if (coding !== undefined) this.#beginSize();
    else if (announced > 0) this.#state = COUNTED;
    else if (announced === 0) this.#state = IDLE;
    else this.#untilEnd();
  }

  #untilEnd(): void {
    this.#state = UNTIL_END;
    this.isReusable = false;
  }

  #readCounted(bytes: Buffer, position: number, length: number): number {
    const end = length - position > this.#left ? position + this.#left : length;
    this.#left -= end - position;
    this.#taker.onBody(copyOf(bytes, position, end));
    if (this.#left === 0) this.#finish();
    return end;
  }

  /** What the chunks of one read carry is moved together and handed over at once: most of a burst's cost is per piece. */
  #readChunks(bytes: Buffer, start: number, length: number): number {
    let position = start;
    let from = start;
    let to = start;
    while (position < length && this.#state !== IDLE) {
      if (this.#state !== DATA) {
        position = this.#readBetween(bytes, position, length);
        continue;
      }
      const size = length - position > this.#left ? this.#left : length - position;
      if (to === from) from = to = position;
      else move(bytes, to, position, size);
      to += size;
      position += size;
      this.#left -= size;
      if (this.#left === 0) this.#state = DATA_CR;
    }
    if (to > from) this.#taker.onBody(copyOf(bytes, from, to));
    if (this.#state === IDLE) this.#taker.onWhole();
    return position;
  }

  /** What stands between the data of two chunks, byte by byte; or behind the last one. */
  #readBetween(bytes: Buffer, position: number, length: number): number {
    if (this.#state === TRAILER) return this.#readTrailer(bytes, position, length);
    const byte = bytes[position] as number;
    if (this.#state === SIZE) this.#takeDigit(byte);
    else if (this.#state === EXTENSION) this.#passExtension(byte);
    else if (byte !== (this.#state === DATA_CR ? CR : LF)) throw new NotHttp("a chunk does not end where it said");
    else if (this.#state === DATA_CR) this.#state = DATA_LF;
    else if (this.#state === DATA_LF) this.#beginSize();
    else this.#state = this.#left === 0 ? TRAILER : DATA;
    return position + 1;
  }

  #beginSize(): void {
    this.#state = SIZE;
    this.#left = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
  }

  #takeDigit(byte: number): void {
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66 ? (byte | 0x20) - 0x57 : -1;
    if (digit !== -1 && ++this.#digits <= SIZE_DIGITS_MAX) this.#left = this.#left * 16 + digit;
    else if (digit !== -1 || this.#digits === 0) throw new NotHttp("a chunk's length is none");
    else if (byte === CR) this.#state = SIZE_END;
    else if (byte === SEMICOLON || byte === SPACE || byte === TAB) this.#state = EXTENSION;
    else throw new NotHttp("a chunk's length is none");
  }

  #passExtension(byte: number): void {
    if (byte === CR) this.#state = SIZE_END;
    else if (byte === LF || ++this.#extensionBytes > HEAD_BYTES_MAX) throw new NotHttp("a chunk's length has too much behind it");
  }

  /** Fields behind the body: nobody waits for them. Read as far as the empty line. */
  #readTrailer(bytes: Buffer, start: number, length: number): number {
    const before = this.#text.length;
    this.#text += bytes.toString("latin1", start, length);
    const cut = this.#text.startsWith("\r\n") ? 0 : this.#text.indexOf("\r\n\r\n", before < 3 ? 0 : before - 3);
    if ((cut === -1 ? this.#text.length : cut) > HEAD_BYTES_MAX) throw new NotHttp("what follows its body is too long");
    if (cut === -1) return length;
    this.#checkTrailer(this.#text.slice(0, cut));
    this.#text = "";
    this.#state = IDLE;
    return start + cut + (cut === 0 ? 2 : HEAD_END.length) - before;
  }

  #checkTrailer(fields: string): void {
    checkHead(fields);
    readFields(fields, 0);
  }

  #finish(): void {
    this.#state = IDLE;
    this.#taker.onWhole();
  }
}

/** Position behind the empty line, or -1. Behind `length` stand bytes of earlier reads. */
const endOfHead = (bytes: Buffer, start: number, length: number): number => {
  const found = bytes.indexOf(HEAD_END, start);
  return found === -1 || found + HEAD_END.length > length ? -1 : found + HEAD_END.length;
};

const copyOf = (bytes: Buffer, start: number, end: number): Buffer => {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
};

const move = (bytes: Buffer, to: number, from: number, size: number): void => {
  if (size > COPY_BYTES_MAX) return void bytes.copyWithin(to, from, from + size);
  for (let index = 0; index < size; index++) bytes[to + index] = bytes[from + index] as number;
};

const statusOf = (head: string, lineEnd: number): number => {
  const minor = head.charCodeAt(BEGINNING.length);
  const [first, second, third] = [head.charCodeAt(9) - ZERO, head.charCodeAt(10) - ZERO, head.charCodeAt(11) - ZERO];
  const isStatus = isDigit(first) && first > 0 && isDigit(second) && isDigit(third);
  const isEnded = lineEnd === STATUS_BYTES || (lineEnd > STATUS_BYTES && head.charCodeAt(STATUS_BYTES) === SPACE);
  if (!head.startsWith(BEGINNING) || (minor !== ZERO && minor !== ONE) || head.charCodeAt(8) !== SPACE || !isStatus || !isEnded) throw new NotHttp("it does not begin with a status line");
  return first * 100 + second * 10 + third;
};

const isDigit = (value: number): boolean => value >= 0 && value <= 9;

const headersOf = (head: string, start: number): ReplyHeaders => {
  const headers: ReplyHeaders = Object.create(null) as ReplyHeaders;
  const fields = readFields(head, start);
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : typeof before === "string" ? [before, value] : [...before, value];
  }
  return headers;
};

const saysClose = (connection: string | string[], isModern: boolean): boolean => {
  const said = String(connection).toLowerCase();
  if (said === "keep-alive") return false;
  const tokens = said.split(",").map((token) => token.trim());
  return tokens.includes("close") || (!isModern && !tokens.includes("keep-alive"));
};

const lengthOf = (said: string | string[]): number => {
  const [first = "", ...others] = typeof said === "string" ? said.split(",").map((part) => part.trim()) : said;
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first)) throw new NotHttp("its content-length is no length");
  return Number(first);
};
