// Server-sent events walked as bytes while they pass: where lines and events end, and how each event begins.
// It decodes nothing, keeps no chunk and does not know what an event means: that is its reader's business.
//
//             a field line                      a blank line
//   between ────────────────▶ inside an event ────────────────▶ between   (the reader sees it when it had data)
//
// A line that the end of a chunk cuts is carried on as its first bytes and its length. A CR at the end of a chunk
// ends its line at once; an LF that opens the next chunk still belongs to it.
import { readEvents, readEventText, type SseEvent } from "./sse-events.ts";
import { Head, HEAD_BYTES, matches } from "./sse-head.ts";
import { Tail, TAIL_BYTES_MAX } from "./tail.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const COLON = 58;
const LETTER_D = 100;
const LETTER_E = 101;
const NOTHING = Buffer.alloc(0);
const DATA = Buffer.from("data");
const EVENT = Buffer.from("event:");
const ERROR = Buffer.from("error:");
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

export interface SseReader {
  /** An event that had data has ended; `scanner` tells its name, how its data begins and, on request, all of it. */
  seeEvent(scanner: SseScanner): void;
  /** Whether these are the data of a whole event although no blank line followed. */
  isWholeData(data: string): boolean;
}

/** A byte order mark is one at the stream's beginning only; anywhere else it is part of a field's name. */
const eventsFrom = (start: number, bytes: Buffer): SseEvent[] => (start === 0 ? readEvents(bytes) : readEventText(bytes.toString("utf8")));

export class SseScanner {
  hasEvent = false;
  /** At the start of a line, with no field of an event before it. */
  isBetweenEvents = true;
  isOversize = false;
  /** The bytes ended inside an event that is not whole. Known once `finish` was called. */
  isCut = false;
  /** Of events with data. */
  eventCount = 0;
  eventBytes = 0;
  /** Of the event that the reader is being shown, without its blank line. */
  presentBytes = 0;
  /** Some event had an `event:` line. */
  hasNames = false;
  /** Of the event that the reader is being shown. */
  readonly name = new Head();
  readonly data = new Head();
  /** It had the bare `error:` line of old llama.cpp servers. */
  isErrorField = false;

  readonly #tail = new Tail();
  readonly #eventBytesMax: number;
  readonly #reader: SseReader;
  #chunk: Buffer = NOTHING;
  /** Position in the stream at which the present chunk begins. */
  #base = 0;
  /** Where the present event began, and the last three with data, the latest first. */
  #eventAt = 0;
  #lastAt = 0;
  #secondAt = 0;
  #thirdAt = 0;
  #endAt = 0;
  #isInEvent = false;
  #isAfterReturn = false;
  #isFirstLine = true;
  #isOver = false;
  /** How many bytes of the present line came with earlier chunks, and the first of them. */
  #lineBytes = 0;
  #line: Buffer = NOTHING;

  constructor(eventBytesMax: number, reader: SseReader) {
    this.#eventBytesMax = eventBytesMax;
    this.#reader = reader;
  }

  /** A line may stand here that is none of the stream's: nor does an LF that comes next belong to the last CR. */
  get isAtRest(): boolean {
    return this.isBetweenEvents && !this.#isAfterReturn;
  }

  /** Returns how many of the bytes belong to the stream: all of them until the reader called `stop`. */
  push(chunk: Buffer): number {
    if (this.#isOver) return this.#lateLineFeed(chunk);
    this.#chunk = chunk;
    const end = this.#scan(chunk);
    if (this.#isInEvent) {
      this.name.keep();
      this.data.keep();
    }
    this.#chunk = NOTHING;
    this.#tail.append(chunk, end, this.#thirdAt);
    this.#base += end;
    this.isBetweenEvents = !this.#isInEvent && this.#lineBytes === 0;
    if (this.#base - this.#eventAt > this.#eventBytesMax) this.isOversize = true;
    return end;
  }

  /** Position in the stream behind all bytes that were pushed. */
  get position(): number {
    return this.#base;
  }

  /** Where the event that the reader is being shown begins and ends, as positions in the stream; its blank line belongs to it. */
  get eventStart(): number {
    return this.#eventAt;
  }

  get eventEnd(): number {
    return this.#base + this.#endAt;
  }

  /** The event that the reader is being shown came with the present chunk, all of it. */
  get isInChunk(): boolean {
    return this.#eventAt >= this.#base;
  }

  /** Up to here all events are whole. */
  get wholeEnd(): number {
    return this.#isOver ? Infinity : this.#eventAt;
  }

  /** The last byte was a CR that ended a line: an LF that comes next belongs to it. */
  get isAfterReturn(): boolean {
    return this.#isAfterReturn;
  }

  /** For the reader: nothing behind the present event belongs to the stream. */
  stop(): void {
    this.#isOver = true;
  }

  /** No more bytes will come: a last event without its blank line is shown to the reader when it is whole. */
  finish(): void {
    if (this.#isOver) return;
    const isLineEnded = this.#lineBytes === 0;
    if (!isLineEnded) this.#carriedLine(NOTHING, 0, 0);
    this.#isOver = true;
    if (!this.#isInEvent) return;
    const event = this.readEvent();
    // Too long to be judged by its data, it is judged by its line: no line break stands inside JSON.
    const isWhole = event === null ? isLineEnded : this.#reader.isWholeData(event.data);
    this.isCut = this.data.isEmpty || !isWhole;
    if (!this.isCut) this.#endEvent(0, 0);
  }

  /**
   * All of the present event: the one being shown, or outside of `seeEvent` the half one. Null when it is too long, even
   * if it happens to stand in one chunk: where the network cuts must not matter.
   */
  eventText(): Buffer | null {
    const end = this.#chunk === NOTHING ? 0 : this.#endAt;
    if (this.#base + end - this.#eventAt > TAIL_BYTES_MAX) return null;
    if (this.#eventAt >= this.#base) return this.#chunk.subarray(this.#eventAt - this.#base, end);
    return Buffer.concat([this.#tail.from(this.#eventAt), this.#chunk.subarray(0, end)]);
  }

  readEvent(): SseEvent | null {
    const bytes = this.eventText();
    return bytes === null ? null : (eventsFrom(this.#eventAt, bytes)[0] ?? null);
  }

  /** What is remembered of the end, whole events or not. */
  lastText(): string {
    return this.#tail.from(this.#tail.startOf(this.#thirdAt)).toString("utf8");
  }

  /** The last three events with data, and the terminator; fewer when they are too long. */
  lastFewEvents(): SseEvent[] {
    const start = Math.max(this.#thirdAt, this.#tail.startOf(this.#thirdAt));
    return eventsFrom(start, this.#tail.from(start));
  }

  /** All events that are remembered, oldest first, and what is left of the one before them whose beginning is forgotten. */
  lastEvents(): { events: SseEvent[]; cut: string } {
    const start = this.#tail.startOf(this.#thirdAt);
    const bytes = this.#tail.from(start);
    if (start === 0 || start === this.#thirdAt) return { events: eventsFrom(start, bytes), cut: "" };
    const text = bytes.toString("utf8");
    const border = /\r\n\r\n|\n\n|\r\r/.exec(text);
    if (border === null) return { events: [], cut: text };
    return { events: readEventText(text.slice(border.index + border[0].length)), cut: text.slice(0, border.index) };
  }

  #scan(chunk: Buffer): number {
    const length = chunk.length;
    let at = this.#isAfterReturn && length > 0 ? this.#skipLineFeed(chunk) : 0;
    let lineFeed = at < length && chunk[at] === LINE_FEED ? at : chunk.indexOf(LINE_FEED, at);
    let carriageReturn = chunk.indexOf(CARRIAGE_RETURN, at);
    while (at < length) {
      let lineEnd = lineFeed;
      let next = lineEnd + 1;
      if (carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed)) {
        lineEnd = carriageReturn;
        next = lineFeed === lineEnd + 1 ? lineEnd + 2 : lineEnd + 1;
        this.#isAfterReturn = next === length && lineFeed !== lineEnd + 1;
        carriageReturn = chunk.indexOf(CARRIAGE_RETURN, next);
      }
      if (lineEnd === -1) {
        this.#carry(chunk, at);
        return length;
      }
      this.#endLine(chunk, at, lineEnd, next);
      if (this.#isOver) return next;
      at = next;
      if (lineFeed !== -1 && lineFeed < at) lineFeed = at < length && chunk[at] === LINE_FEED ? at : chunk.indexOf(LINE_FEED, at);
    }
    return length;
  }

  #skipLineFeed(chunk: Buffer): number {
    this.#isAfterReturn = false;
    if (chunk[0] !== LINE_FEED) return 0;
    if (this.#eventAt === this.#base) this.#eventAt++;
    return 1;
  }

  #lateLineFeed(chunk: Buffer): number {
    if (!this.#isAfterReturn || chunk.length === 0) return 0;
    this.#isAfterReturn = false;
    return chunk[0] === LINE_FEED ? 1 : 0;
  }

  #endLine(chunk: Buffer, at: number, lineEnd: number, next: number): void {
    if (this.#base + lineEnd - this.#eventAt > this.#eventBytesMax) this.isOversize = true;
    if (this.#lineBytes > 0) this.#carriedLine(chunk, at, lineEnd);
    else if (this.#isFirstLine) this.#firstLine(chunk, at, lineEnd);
    else if (at < lineEnd) this.#field(chunk, at, lineEnd);
    else if (this.#isInEvent) this.#endEvent(at, next);
    if (!this.#isInEvent) this.#eventAt = this.#base + next;
  }

  #carry(chunk: Buffer, at: number): void {
    if (this.#line === NOTHING) this.#line = Buffer.allocUnsafeSlow(HEAD_BYTES);
    if (this.#lineBytes < HEAD_BYTES) chunk.copy(this.#line, this.#lineBytes, at);
    this.#lineBytes += chunk.length - at;
  }

  #carriedLine(chunk: Buffer, at: number, lineEnd: number): void {
    if (this.#lineBytes < HEAD_BYTES) chunk.copy(this.#line, this.#lineBytes, at, lineEnd);
    const length = Math.min(HEAD_BYTES, this.#lineBytes + lineEnd - at);
    this.#lineBytes = 0;
    if (this.#isFirstLine) this.#firstLine(this.#line, 0, length);
    else this.#field(this.#line, 0, length);
    this.name.keep();
    this.data.keep();
  }

  #firstLine(source: Buffer, at: number, end: number): void {
    this.#isFirstLine = false;
    const start = matches(source, at, end, BYTE_ORDER_MARK) ? at + BYTE_ORDER_MARK.length : at;
    if (start < end) this.#field(source, start, end);
  }

  #field(source: Buffer, at: number, end: number): void {
    const first = source[at];
    if (first === COLON) return;
    this.#isInEvent = true;
    if (first === LETTER_D && matches(source, at, end, DATA)) this.#value(this.data, source, at + DATA.length, end);
    if (first !== LETTER_E) return;
    if (matches(source, at, end, EVENT)) {
      this.hasNames = true;
      this.#value(this.name, source, at + EVENT.length - 1, end);
    } else if (matches(source, at, end, ERROR)) {
      this.isErrorField = true;
      this.#value(this.data, source, at + ERROR.length - 1, end);
    }
  }

  /** Of several data lines the first that says something is the head. */
  #value(head: Head, source: Buffer, colonAt: number, end: number): void {
    if (source[colonAt] !== COLON || (head === this.data && !head.isEmpty)) return;
    const at = source[colonAt + 1] === SPACE ? colonAt + 2 : colonAt + 1;
    if (at < end) head.see(source, at, end);
  }

  #shift(): void {
    this.#thirdAt = this.#secondAt;
    this.#secondAt = this.#lastAt;
    this.#lastAt = this.#eventAt;
  }

  #endEvent(blankAt: number, next: number): void {
    this.#endAt = next;
    if (!this.data.isEmpty) {
      this.hasEvent = true;
      this.eventCount++;
      this.presentBytes = this.#base + blankAt - this.#eventAt;
      this.eventBytes += this.presentBytes;
      this.#reader.seeEvent(this);
      this.data.forget();
      if (!this.#isOver) this.#shift();
    }
    this.name.forget();
    this.isErrorField = false;
    this.#isInEvent = false;
  }
}
