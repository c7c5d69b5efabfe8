// An answer of Cohere's while it grows, event by event: message-start, contents, the plan and the calls, citations, message-end.
// A whole answer is told as the same events. It reads no bytes.
import { isObject, type Json } from "../../wire/json.ts";
import { type Event, noUsage, type ProviderFailure } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { empty, failureOf, tooMuch } from "../provider-failure.ts";
import { type Growing, Telling } from "../telling.ts";
import { readCitation, type Searches } from "./citations.ts";
import { failureWords, isFault, readFinish, readLogprobs, readUsage } from "./words.ts";

const CALLS_MAX = 1024;
/** Of a whole answer. */
const SEARCHES_MAX = 200;
const nothing: JsonObject = {};

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : nothing);
const indexOf = ({ index }: JsonObject): number => (typeof index === "number" ? index : 0);

/** What a delta is about: `delta.message.<member>`. */
const partOf = ({ delta }: JsonObject, member: string): JsonObject => objectOf(objectOf(objectOf(delta)["message"])[member]);

export class Answer {
  isOver = false;
  readonly #charactersMax: number;
  readonly #telling = new Telling(0);
  readonly #calls = new Map<number, Growing>();
  #hasStarted = false;
  /** Of the open text block, for its citations; null when it is more than may be held. */
  #text: string | null = "";
  /** Which content is open. */
  #content = 0;
  #hasEnded = false;
  readonly #searches: Searches = { left: SEARCHES_MAX };

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** It has said why it ended: only the terminator can follow. */
  get isFinished(): boolean {
    return this.#hasEnded;
  }

  read(event: JsonObject, events: Event[]): void {
    const type = stringOf(event["type"]);
    if (this.#hasEnded || !Object.hasOwn(readers, type)) return;
    this.#start(event, events);
    readers[type as keyof typeof readers](this, event, events);
  }

  start(event: JsonObject, events: Event[]): void {
    this.#start(event, events);
  }

  beginContent(event: JsonObject, events: Event[]): void {
    this.#telling.hush(events);
    this.#text = "";
    this.#content = indexOf(event);
    this.#sayContent(partOf(event, "content"), event, events);
  }

  growContent(event: JsonObject, events: Event[]): void {
    this.#sayContent(partOf(event, "content"), event, events);
  }

  growPlan({ delta }: JsonObject, events: Event[]): void {
    const text = stringOf(objectOf(objectOf(delta)["message"])["tool_plan"]);
    this.#keep(text);
    this.#telling.say("text", text, events);
  }

  beginCall(event: JsonObject, events: Event[]): void {
    const index = indexOf(event);
    if (this.#calls.has(index)) return;
    if (this.#calls.size >= CALLS_MAX) return this.fail(tooMuch(), events);
    const call = partOf(event, "tool_calls");
    const called = objectOf(call["function"]);
    this.#text = "";
    const open = this.#telling.beginCall(stringOf(call["id"]), stringOf(called["name"]), events);
    this.#calls.set(index, open);
    this.#telling.write(open, stringOf(called["arguments"]), events);
  }

  growCall(event: JsonObject, events: Event[]): void {
    const open = this.#calls.get(indexOf(event));
    const text = objectOf(partOf(event, "tool_calls")["function"])["arguments"];
    if (open !== undefined) this.#telling.write(open, stringOf(text), events);
  }

  endCall(event: JsonObject, events: Event[]): void {
    const open = this.#calls.get(indexOf(event));
    if (open === undefined) return;
    this.#telling.endCall(open, events);
    this.#calls.delete(indexOf(event));
  }

  /** Of the content that is open; where in another one is not found again. */
  cite({ delta }: JsonObject, events: Event[]): void {
    const told = objectOf(objectOf(delta)["message"])["citations"];
    for (const citation of isObject(told) ? [told] : objectsIn(told)) {
      const { content_index: content } = citation;
      const citations = readCitation(citation, this.#text, this.#searches);
      const isHere = typeof content !== "number" || content === this.#content;
      this.#telling.cite(isHere ? citations : citations.map((one) => ({ ...one, start: -1, end: -1 })), events);
    }
  }

  end({ delta }: JsonObject, events: Event[]): void {
    const { finish_reason: word, usage, error } = objectOf(delta);
    const used = readUsage(usage);
    if (used !== null) events.push({ kind: "usage", usage: { ...noUsage(), ...used } });
    const raw = stringOf(word);
    if (isFault(raw) || (typeof error === "string" && error !== "")) {
      const message = stringOf(error) || `The model's answer ended with "${raw}".`;
      return this.fail(failureOf(0, { message, type: "", code: raw }, failureWords), events);
    }
    if (raw === "" && this.#telling.isEmpty) return this.fail(empty(), events);
    this.#hasEnded = true;
    this.#telling.finish(readFinish(word, this.#telling.hasCalls), events);
  }

  /** The provider said that this was all, or nothing more comes. */
  complete(events: Event[]): void {
    if (this.isOver) return;
    this.isOver = true;
    events.push({ kind: "end" });
  }

  fail(failure: ProviderFailure, events: Event[]): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#hasEnded = true;
    events.push({ kind: "failure", failure });
  }

  #start({ id }: JsonObject, events: Event[]): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    events.push({ kind: "start", id: stringOf(id), model: "", createdAt: 0, serviceTier: "" });
  }

  #sayContent({ text, thinking }: JsonObject, { logprobs }: JsonObject, events: Event[]): void {
    if (typeof thinking === "string") this.#telling.say("reasoning", thinking, events);
    if (typeof text !== "string") return;
    this.#keep(text);
    this.#telling.say("text", text, events, logprobs === undefined ? undefined : readLogprobs(logprobs));
  }

  #keep(text: string): void {
    if (this.#text !== null) this.#text = this.#text.length + text.length > this.#charactersMax ? null : this.#text + text;
  }
}

type Reader = (answer: Answer, event: JsonObject, events: Event[]) => void;

/** content-end ends nothing: citations of the content may come behind it, and what comes next begins a block of its own. */
const readers = {
  "message-start": (answer, event, events) => answer.start(event, events),
  "content-start": (answer, event, events) => answer.beginContent(event, events),
  "content-delta": (answer, event, events) => answer.growContent(event, events),
  "tool-plan-delta": (answer, event, events) => answer.growPlan(event, events),
  "tool-call-start": (answer, event, events) => answer.beginCall(event, events),
  "tool-call-delta": (answer, event, events) => answer.growCall(event, events),
  "tool-call-end": (answer, event, events) => answer.endCall(event, events),
  "citation-start": (answer, event, events) => answer.cite(event, events),
  "message-end": (answer, event, events) => answer.end(event, events),
} as const satisfies Record<string, Reader>;
