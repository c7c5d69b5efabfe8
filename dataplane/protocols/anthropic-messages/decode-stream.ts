// A provider's stream of server-sent events, into neutral events. What the events mean is read elsewhere; here is what carries
// them: names, the [DONE] of relays, an end in the middle of an event, an event that is too long.
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import { isObject, type Json, parseExact, parseJson } from "../../wire/json.ts";
import type { SseEvent } from "../../wire/sse-events.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import { SameFrame } from "../same-frame.ts";
import { MessageEvents } from "./message-events.ts";

/** Relays of OpenAI's family end every stream so. */
const DONE = "[DONE]";
const START = "content_block_start";

class MessagesStreamDecoder implements StreamDecoder {
  readonly #reader: SseReader;
  readonly #meaning: MessageEvents;
  readonly #frame = new SameFrame();
  /** The block of the last text that was parsed. */
  #textAt = -1;

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
    const before: Event[] = [];
    for (const part of parts) {
      const problem = this.#see(part);
      if (problem !== null) before.push(...problem);
    }
    const events = this.#meaning.take();
    return before.length === 0 ? events : [...before, ...events];
  }

  /** Null, or all that has come up to and with an event that is no JSON. */
  #see({ name, data }: SseEvent): Event[] | null {
    const text = this.#frame.textOf(data);
    if (text !== null && this.#meaning.seeText(this.#textAt, text)) return null;
    if (data === DONE) return null;
    // Only blocks hold numbers that are passed on.
    const document = data.includes(START) ? parseExact(data) : parseJson(data);
    if (document === undefined) return [...this.#meaning.take(), ...this.#meaning.readText(data, name)];
    this.#meaning.see(document, name);
    this.#learn(data, document);
    return null;
  }

  #learn(data: string, document: Json): void {
    if (!isObject(document) || document["type"] !== "content_block_delta") return;
    const { index, delta } = document;
    if (typeof index !== "number" || !isObject(delta) || delta["type"] !== "text_delta" || typeof delta["text"] !== "string") return;
    this.#textAt = index;
    this.#frame.learn(data, delta["text"]);
  }
}

export const decodeStream = ({ origin }: TargetModel, eventBytesMax: number): StreamDecoder => new MessagesStreamDecoder(origin, eventBytesMax);
