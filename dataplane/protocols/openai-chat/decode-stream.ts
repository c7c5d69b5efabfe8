// A stream of chat completion chunks, read into events, in all dialects.
//
//   waiting ──first chunk that says something──▶ growing ──[DONE], or the end behind a finish──▶ ended
//      └───────────an error, a fault, an event too long, the end before the end──▶ failed ◀──────┘
import { isObject, type Json, parseExact, parseJson } from "../../wire/json.ts";
import { SseReader } from "../../wire/sse-reader.ts";
import type { StreamDecoder, TargetModel } from "../codec.ts";
import type { Citation, Event, ProviderFailure } from "../ir.ts";
import { addMembers, Held } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { usageIn } from "../openai-choices.ts";
import { extrasOf, without } from "../openai-members.ts";
import { padding } from "../openai-merge.ts";
import { SameFrame } from "../same-frame.ts";
import { readSources } from "./citations.ts";
import { ChoiceDecoder, type ChoiceOptions } from "./decode-choice.ts";
import { broken, tooLong, truncated } from "../provider-failure.ts";
import { failureFrom, failureIn, faultOf } from "./decode-failure.ts";
import { isFault, readFinish } from "./finish.ts";
import { NAME } from "./names.ts";

const DONE = "[DONE]";
const CHOICES_MAX = 1024;
/** Perplexity's last object: all of the text once more. */
const SUMMARY_OBJECT = "chat.completion.done";
/** Some servers give the arguments as an object: its numbers are then kept as they are written. */
export const OBJECT_ARGUMENTS = /"arguments"\s*:\s*\{/;

const envelope: ReadonlySet<string> = new Set(["id", "object", "created", "model", "choices", "usage", "service_tier", "error", "x_groq", "citations", "search_results", ...padding]);

/** Of a choice: told by the time that its end is read. */
const told: ReadonlySet<string> = new Set(["delta", "message", "logprobs"]);

const empty = (): ProviderFailure => broken("empty", "The provider's answer is empty: it has neither content nor a finish reason.");
export const unreadable = (): ProviderFailure => broken("unreadable", "The provider's answer is no chat completion.");
const tooMuch = (): ProviderFailure => broken("too_large", "The provider's answer has more choices, calls or citations than may be held.");

/** Documents of one answer, chunks or a whole reply, become events. */
export class AnswerReader {
  isOver = false;
  readonly #target: TargetModel;
  readonly #held: Held;
  readonly #choices = new Map<number, ChoiceDecoder>();
  #options: ChoiceOptions | null = null;
  #sources: readonly Citation[] = [];
  /** What came before anything was said. */
  #early: JsonObject = {};

  constructor(target: TargetModel, charactersMax: number) {
    this.#target = target;
    this.#held = new Held(charactersMax);
  }

  /** Each choice has said why it ended. */
  get isFinished(): boolean {
    return this.#choices.size > 0 && [...this.#choices.values()].every(({ finish }) => finish !== null);
  }

  read(document: JsonObject, events: Event[]): void {
    const choices = objectsIn(document["choices"]);
    if (this.#options === null && !this.#start(document, choices, events)) return;
    if ("citations" in document || "search_results" in document) this.#sources = readSources(document);
    const isSummary = document["object"] === SUMMARY_OBJECT;
    for (const choice of choices) if (!this.isOver) this.#readChoice(choice, isSummary, events);
    if (this.isOver) return;
    const usage = usageIn(document, choices);
    if (usage !== null) events.push({ kind: "usage", usage });
  }

  /** A chunk that says nothing but what this choice of it says. */
  readOnly(choice: JsonObject, events: Event[]): void {
    if (!this.isOver) this.#readChoice(choice, false, events);
  }

  /** The provider said that this was all. */
  complete(events: Event[]): void {
    if (this.isOver) return;
    const choices = [...this.#choices.values()];
    if (choices.every((choice) => choice.finish === null && choice.isEmpty)) return this.fail(empty(), events);
    for (const choice of choices) {
      choice.end(this.#sources, events);
      events.push({ kind: "finish", choice: choice.choice, finish: readFinish(choice.finish ?? {}, choice) });
    }
    events.push({ kind: "end" });
    this.isOver = true;
  }

  fail(failure: ProviderFailure, events: Event[]): void {
    if (this.isOver) return;
    events.push({ kind: "failure", failure });
    this.isOver = true;
  }

  /** Azure's first chunk tells of its filters and has neither id nor choices: what it says is kept for the next. */
  #start(document: JsonObject, choices: readonly JsonObject[], events: Event[]): boolean {
    const id = stringOf(document["id"]);
    const members = addMembers(this.#early, without(document, envelope));
    if (id === "" && choices.length === 0 && !isObject(document["usage"])) {
      this.#early = members;
      return false;
    }
    const { created } = document;
    this.#options = { origin: this.#target.origin, held: this.#held, hasThinkTags: this.#target.dialect.hasThinkTags === true, replyId: id };
    const createdAt = typeof created === "number" && created > 0 ? Math.trunc(created) : 0;
    events.push({ kind: "start", id, model: stringOf(document["model"]), createdAt, serviceTier: stringOf(document["service_tier"]), ...extrasOf(NAME, members) });
    return true;
  }

  #readChoice(choice: JsonObject, isSummary: boolean, events: Event[]): void {
    const decoder = this.#decoderOf(choice["index"]);
    if (decoder === null) return this.fail(tooMuch(), events);
    const { delta, message, finish_reason: word } = choice;
    const said = isObject(delta) ? delta : message;
    if (isObject(said) && !isSummary) decoder.read(said, choice["logprobs"], events);
    if (decoder.isOverfull) return this.fail(tooMuch(), events);
    if (typeof word !== "string" || word === "" || word === "null") return;
    if (isFault(word)) return this.fail(faultOf(word, `The model's answer ended with "${word}".`), events);
    if (decoder.finish !== null) return;
    decoder.finish = without(choice, told);
    if (!this.#held.take(JSON.stringify(decoder.finish).length)) this.fail(tooMuch(), events);
  }

  /** Null when there are more than may be held. */
  #decoderOf(value: Json | undefined): ChoiceDecoder | null {
    const index = typeof value === "number" ? value : 0;
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    if (this.#options === null || this.#choices.size >= CHOICES_MAX) return null;
    const decoder = new ChoiceDecoder(index, this.#options);
    this.#choices.set(index, decoder);
    return decoder;
  }
}

class ChatDecoder implements StreamDecoder {
  readonly #reader: SseReader;
  readonly #answer: AnswerReader;
  readonly #frame = new SameFrame();
  /** The choice and the delta of the last chunk that said a text and nothing else. */
  #choice: JsonObject = {};
  #delta: JsonObject = {};

  constructor(target: TargetModel, eventBytesMax: number) {
    this.#reader = new SseReader(eventBytesMax);
    this.#answer = new AnswerReader(target, eventBytesMax);
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
    if (this.#answer.isOver) return;
    try {
      this.#readData(name, data, events);
    } catch {
      this.#answer.fail(unreadable(), events);
    }
  }

  #readData(name: string, data: string, events: Event[]): void {
    const text = this.#frame.textOf(data);
    if (text !== null) return this.#answer.readOnly({ ...this.#choice, delta: { ...this.#delta, content: text } }, events);
    if (data.startsWith(DONE)) return this.#answer.complete(events);
    const document = OBJECT_ARGUMENTS.test(data) ? parseExact(data) : parseJson(data);
    const failure = failureIn(document) ?? (name === "error" && !(isObject(document) && "choices" in document) ? failureFrom(data, document) : null);
    if (failure !== null) this.#answer.fail(failure, events);
    else if (isObject(document)) {
      this.#answer.read(document, events);
      this.#learn(data, document);
    }
  }

  #learn(data: string, document: JsonObject): void {
    const [choice, ...others] = objectsIn(document["choices"]);
    const delta = choice?.["delta"];
    if (choice === undefined || others.length > 0 || !isObject(delta) || typeof delta["content"] !== "string") return;
    const saysMore = usageIn(document, [choice]) !== null || document["object"] === SUMMARY_OBJECT || "citations" in document || "search_results" in document || isObject(choice["logprobs"]);
    if (saysMore || typeof choice["finish_reason"] === "string") return;
    this.#choice = choice;
    this.#delta = delta;
    this.#frame.learn(data, delta["content"]);
  }
}

export const decodeStream = (target: TargetModel, eventBytesMax: number): StreamDecoder => new ChatDecoder(target, eventBytesMax);
