// An answer of DashScope's, document by document: events of a stream, or one whole reply. It reads no bytes.
import { isObject } from "../../wire/json.ts";
import type { Citation, Event, ProviderFailure } from "../ir.ts";
import { Held } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { empty, failureOf, tooMuch } from "../provider-failure.ts";
import { ChoiceDecoder } from "./decode-choice.ts";
import type { Habit } from "./growth.ts";
import { failureWords, readSources, readUsage } from "./words.ts";

const CHOICES_MAX = 64;

/** Null when the document is none: a code of "" says that all is well. */
export const failureInDocument = (document: JsonObject): ProviderFailure | null => {
  const { code, output, message } = document;
  const word = typeof code === "number" ? String(code) : stringOf(code);
  if (word === "" || (isObject(output) && Object.keys(output).length > 0)) return null;
  return failureOf(0, { message: stringOf(message), type: "", code: word }, failureWords);
};

/** Where texts were asked for, or the model has no other form, the text stands where choices would. */
const choicesIn = (output: JsonObject): JsonObject[] => {
  const choices = objectsIn(output["choices"]);
  const { text, finish_reason: reason = null } = output;
  return choices.length === 0 && typeof text === "string" ? [{ message: { content: text }, finish_reason: reason }] : choices;
};

export class Answer {
  isOver = false;
  readonly #held: Held;
  readonly #habit: Habit = { isRepeating: null };
  readonly #choices = new Map<number, ChoiceDecoder>();
  #hasStarted = false;
  #sources: readonly Citation[] = [];

  constructor(charactersMax: number) {
    this.#held = new Held(charactersMax);
  }

  /** Each choice has said why it ended. */
  get isFinished(): boolean {
    return this.#choices.size > 0 && [...this.#choices.values()].every(({ finish }) => finish !== null);
  }

  read(document: JsonObject, events: Event[]): void {
    const failure = failureInDocument(document);
    if (failure !== null) return this.fail(failure, events);
    const { output, usage, request_id: id } = document;
    if (!isObject(output)) return;
    if (!this.#hasStarted) events.push({ kind: "start", id: stringOf(id), model: "", createdAt: 0, serviceTier: "" });
    this.#hasStarted = true;
    if (output["search_info"] !== undefined) this.#sources = this.#sources.length > 0 ? this.#sources : readSources(output["search_info"]);
    for (const [position, choice] of choicesIn(output).entries()) {
      const decoder = this.#choiceOf(choice, position);
      decoder?.read(choice, events);
      if (decoder === null || decoder.isOverfull) return this.fail(tooMuch(), events);
    }
    const used = readUsage(usage);
    if (used !== null) events.push({ kind: "usage", usage: used });
  }

  /** Nothing more comes, and what came is complete. */
  complete(events: Event[]): void {
    if (this.isOver) return;
    const choices = [...this.#choices].sort(([one], [other]) => one - other).map(([, choice]) => choice);
    if (choices.every((choice) => choice.finish === null && choice.isEmpty)) return this.fail(empty(), events);
    for (const choice of choices) choice.end(this.#sources, events);
    events.push({ kind: "end" });
    this.isOver = true;
  }

  fail(failure: ProviderFailure, events: Event[]): void {
    if (this.isOver) return;
    events.push({ kind: "failure", failure });
    this.isOver = true;
  }

  /** Null when there are more than may be held. */
  #choiceOf({ index }: JsonObject, position: number): ChoiceDecoder | null {
    const number = typeof index === "number" ? index : position;
    const known = this.#choices.get(number);
    if (known !== undefined) return known;
    if (this.#choices.size >= CHOICES_MAX) return null;
    const choice = new ChoiceDecoder(number, this.#habit, this.#held);
    this.#choices.set(number, choice);
    return choice;
  }
}
