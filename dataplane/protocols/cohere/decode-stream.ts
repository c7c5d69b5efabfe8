// Cohere's stream of named server-sent events, into neutral ones.
//
//   waiting ──message-start──▶ growing ──message-end──▶ finished ──[DONE], or the end of the bytes──▶ ended
//      └──────an error, an event too long, the end before the end──▶ failed ◀──────┘
import { isObject, parseJson } from "../../wire/json.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import { failureIn, tooLong, truncated, unreadable } from "../provider-failure.ts";
import { Answer } from "./answer.ts";
import { failureWords } from "./words.ts";

const DONE = "[DONE]";

class CohereDecoder implements StreamDecoder {
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
    if (this.#answer.isFinished) this.#answer.complete(events);
    else this.#answer.fail(truncated(), events);
    return events;
  }

  /** Values that are nested deeper than the stack goes can be parsed, but not walked: they are no answer either. */
  #read(name: string, data: string, events: Event[]): void {
    if (this.#answer.isOver) return;
    try {
      this.#readData(name, data, events);
    } catch {
      this.#answer.fail(unreadable(), events);
    }
  }

  #readData(name: string, data: string, events: Event[]): void {
    if (data.startsWith(DONE)) return this.#done(events);
    const event = parseJson(data);
    const isError = name === "error" || (isObject(event) && event["type"] === undefined && ("message" in event || "error" in event));
    if (isError) this.#answer.fail(failureIn(data, event, failureWords), events);
    else if (isObject(event)) this.#answer.read(event["type"] === undefined ? { ...event, type: name } : event, events);
  }

  /** Without a reason why it ended it has not: something on the way has lost it. */
  #done(events: Event[]): void {
    if (this.#answer.isFinished) this.#answer.complete(events);
    else this.#answer.fail(truncated(), events);
  }
}

export const decodeStream = (_target: TargetModel, eventBytesMax: number): StreamDecoder => new CohereDecoder(eventBytesMax);
