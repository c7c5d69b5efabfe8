// A provider's stream, into neutral events: events of one response each, or one list of responses that grows, by what its first
// byte is. What the responses mean is read elsewhere.
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import { broken } from "../provider-failure.ts";
import { parseExact, parseJson } from "../../wire/json.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import { ChunkEvents } from "./chunk-events.ts";
import { failureFrom } from "./failure.ts";
import { JsonElements } from "./json-elements.ts";
import { isMembers } from "./members.ts";
import { SameChunk } from "./same-chunk.ts";

const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;
/** White space, and the bytes of a byte order mark. */
const before: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
const CALL = "Call";
const DONE = "[DONE]";

/** The elements of either framing, as text. */
interface Framing {
  push(bytes: Buffer): string[];
  end(): string[];
  readonly isOversize: boolean;
  readonly isCut: boolean;
  /** It said itself that it was all. */
  readonly isClosed: boolean;
}

class EventFraming implements Framing {
  readonly isClosed = false;
  readonly #reader: SseReader;

  constructor(eventBytesMax: number) {
    this.#reader = new SseReader(eventBytesMax);
  }

  push(bytes: Buffer): string[] {
    return this.#reader.push(bytes).map(({ data }) => data);
  }

  end(): string[] {
    return this.#reader.end().map(({ data }) => data);
  }

  get isOversize(): boolean {
    return this.#reader.isOversize;
  }

  get isCut(): boolean {
    return this.#reader.isCut;
  }
}

class ListFraming implements Framing {
  readonly #elements: JsonElements;

  constructor(eventBytesMax: number) {
    this.#elements = new JsonElements(eventBytesMax);
  }

  push(bytes: Buffer): string[] {
    return this.#elements.push(bytes).map((element) => element.toString("utf8"));
  }

  end(): string[] {
    return [];
  }

  get isOversize(): boolean {
    return this.#elements.isOversize;
  }

  get isCut(): boolean {
    return this.#elements.isInside || (this.#elements.isOpened && !this.#elements.isClosed);
  }

  /** Values side by side have no end of their own, but a single one is a whole answer. */
  get isClosed(): boolean {
    return this.#elements.isClosed || (!this.#elements.isOpened && this.#elements.count === 1);
  }
}

class GeminiStreamDecoder implements StreamDecoder {
  readonly #eventBytesMax: number;
  readonly #meaning: ChunkEvents;
  readonly #same = new SameChunk();
  #framing: Framing | null = null;

  constructor(origin: string, eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
    this.#meaning = new ChunkEvents(origin, eventBytesMax);
  }

  push(bytes: Buffer): Event[] {
    if (this.#meaning.isOver) return [];
    this.#framing ??= this.#framingOf(bytes);
    if (this.#framing === null) return [];
    const events = this.#readAll(this.#framing.push(bytes));
    if (this.#framing.isOversize) events.push(...this.#meaning.fail(broken("too_large", "An event of the provider's stream was larger than may be held.")));
    return events;
  }

  end(): Event[] {
    if (this.#meaning.isOver) return [];
    const framing = this.#framing;
    const events = framing === null ? [] : this.#readAll(framing.end());
    events.push(...this.#meaning.end(framing?.isCut ?? true, framing?.isClosed ?? false));
    return events;
  }

  /** Null while there is nothing but white space. */
  #framingOf(bytes: Buffer): Framing | null {
    const first = bytes.find((byte) => !before.has(byte));
    if (first === undefined) return null;
    return first === OPENING_BRACKET || first === OPENING_BRACE ? new ListFraming(this.#eventBytesMax) : new EventFraming(this.#eventBytesMax);
  }

  #readAll(parts: readonly string[]): Event[] {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return this.#read(only);
    const events: Event[] = [];
    for (const part of parts) events.push(...this.#read(part));
    return events;
  }

  #read(data: string): Event[] {
    const told = this.#same.read(data);
    if (told !== null && !this.#meaning.isOver) return this.#meaning.readText(told);
    if (data === DONE) return [];
    // Only calls hold numbers that are passed on.
    const document = data.includes(CALL) ? parseExact(data) : parseJson(data);
    if (document === undefined) return this.#meaning.fail(failureFrom(0, data, undefined));
    const events = this.#meaning.read(document);
    if (isMembers(document)) this.#same.learn(data, document);
    return events;
  }
}

export const decodeStream = ({ origin }: TargetModel, eventBytesMax: number): StreamDecoder => new GeminiStreamDecoder(origin, eventBytesMax);
