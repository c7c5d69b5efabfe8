// A provider's stream of server-sent events, into neutral events. What the events mean is read elsewhere; here is what carries
// them: names, the [DONE] of relays, an end in the middle of an event, an event that is too long.
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import { parseExact, parseJson } from "../../wire/json.ts";
import type { SseEvent } from "../../wire/sse-events.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import { MessageEvents } from "./message-events.ts";

/** Relays of OpenAI's family end every stream so. */
const DONE = "[DONE]";
const START = "content_block_start";

class MessagesStreamDecoder implements StreamDecoder {
  readonly #reader: SseReader;
  readonly #meaning: MessageEvents;

  constructor(origin: string, eventBytesMax: number) {
    this.#reader = new SseReader(eventBytesMax);
    this.#meaning = new MessageEvents(origin, eventBytesMax);
  }

  push(bytes: Buffer): Event[] {
    if (this.#meaning.isOver) return [];
    const events = this.#readAll(this.#reader.push(bytes));
    if (this.#reader.isOversize) events.push(...this.#meaning.fail("too_large", "An event of the provider's stream was larger than may be held."));
    return events;
  }

  end(): Event[] {
    if (this.#meaning.isOver) return [];
    const events = this.#readAll(this.#reader.end());
    events.push(...this.#meaning.end(this.#reader.isCut));
    return events;
  }

  #readAll(parts: readonly SseEvent[]): Event[] {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return this.#read(only);
    const events: Event[] = [];
    for (const part of parts) events.push(...this.#read(part));
    return events;
  }

  #read({ name, data }: SseEvent): Event[] {
    if (data === DONE) return [];
    // Only blocks hold numbers that are passed on.
    const document = data.includes(START) ? parseExact(data) : parseJson(data);
    return document === undefined ? this.#meaning.readText(data, name) : this.#meaning.read(document, name);
  }
}

export const decodeStream = ({ origin }: TargetModel, eventBytesMax: number): StreamDecoder => new MessagesStreamDecoder(origin, eventBytesMax);
