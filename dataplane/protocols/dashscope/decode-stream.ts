// DashScope's stream of server-sent events, into neutral ones. It has no terminator: the bytes end behind the last event, and
// a reason why each choice ended says that this was all.
import { isObject, parseExact, parseJson } from "../../wire/json.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import { failureIn, tooLong, truncated, unreadable } from "../provider-failure.ts";
import { Answer } from "./answer.ts";
import { failureWords } from "./words.ts";

/** Of relays in front of it. */
const DONE = "[DONE]";
/** Arguments as an object: its numbers are then kept as they are written. */
export const OBJECT_ARGUMENTS = /"arguments"\s*:\s*\{/;

class DashscopeDecoder implements StreamDecoder {
  readonly #reader: SseReader;
  readonly #answer: Answer;

  constructor(eventBytesMax: number) {
    this.#reader = new SseReader(eventBytesMax);
    this.#answer = new Answer(eventBytesMax);
  }

  push(bytes: Buffer): Event[] {
    const events: Event[] = [];
    if (this.#answer.isOver) return events;
    for (const { name, data } of this.#reader.push(bytes)) this.#read(name, data, events);
    if (this.#reader.isOversize) this.#answer.fail(tooLong(), events);
    return events;
  }

  end(): Event[] {
    const events: Event[] = [];
    if (this.#answer.isOver) return events;
    for (const { name, data } of this.#reader.end()) this.#read(name, data, events);
    if (!this.#reader.isCut && this.#answer.isFinished) this.#answer.complete(events);
    else this.#answer.fail(truncated(), events);
    return events;
  }

  /** Values that are nested deeper than the stack goes can be parsed, but not walked: they are no answer either. */
  #read(name: string, data: string, events: Event[]): void {
    if (this.#answer.isOver || data.startsWith(DONE)) return;
    try {
      const document = OBJECT_ARGUMENTS.test(data) ? parseExact(data) : parseJson(data);
      if (name === "error") this.#answer.fail(failureIn(data, document, failureWords), events);
      else if (isObject(document)) this.#answer.read(document, events);
    } catch {
      this.#answer.fail(unreadable(), events);
    }
  }
}

export const decodeStream = (_target: TargetModel, eventBytesMax: number): StreamDecoder => new DashscopeDecoder(eventBytesMax);
