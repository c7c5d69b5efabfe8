// Ollama's lines of JSON, into neutral events. The line that is done ends the answer; one with an error ends it anywhere,
// although the status was a success's.
import { isObject, parseExact, parseJson } from "../../wire/json.ts";
import { LineReader } from "../../wire/ndjson.ts";
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Event } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { failureIn, tooLong, truncated, unreadable } from "../provider-failure.ts";
import { Answer } from "./answer.ts";
import { failureWords } from "./words.ts";

/** Only calls hold numbers that are passed on. */
const CALLS = '"tool_calls"';

export const parseLine = (line: string): JsonObject | null => {
  const value = line.includes(CALLS) ? parseExact(line) : parseJson(line);
  return isObject(value) ? value : null;
};

const saysError = ({ error }: JsonObject): boolean => error !== undefined && error !== null && error !== "";

/** Values that are nested deeper than the stack goes can be parsed, but not walked: they are no answer either. */
export const readLine = (answer: Answer, text: string, events: Event[]): void => {
  if (answer.isOver) return;
  try {
    const line = parseLine(text);
    if (line === null) answer.fail(unreadable(), events);
    else if (saysError(line)) answer.fail(failureIn(text, line, failureWords), events);
    else answer.read(line, events);
  } catch {
    answer.fail(unreadable(), events);
  }
};

class OllamaDecoder implements StreamDecoder {
  readonly #reader: LineReader;
  readonly #answer = new Answer();

  constructor(eventBytesMax: number) {
    this.#reader = new LineReader(eventBytesMax);
  }

  push(bytes: Buffer): Event[] {
    const events: Event[] = [];
    if (this.#answer.isOver) return events;
    for (const line of this.#reader.push(bytes)) readLine(this.#answer, line, events);
    if (this.#reader.isOversize) this.#answer.fail(tooLong(), events);
    return events;
  }

  end(): Event[] {
    const events: Event[] = [];
    if (this.#answer.isOver) return events;
    for (const line of this.#reader.end()) readLine(this.#answer, line, events);
    this.#answer.fail(truncated(), events);
    return events;
  }
}

export const decodeStream = (_target: TargetModel, eventBytesMax: number): StreamDecoder => new OllamaDecoder(eventBytesMax);
