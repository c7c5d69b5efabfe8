// One choice of DashScope's answer while it grows: thinking, text or parts, calls in fragments, each perhaps repeated whole in
// every event. It ends only when it is told to.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import { readDataUri } from "../data-uri.ts";
import { BLOCK_CHARACTERS, type Held } from "../held.ts";
import type { Citation, Event, Source } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { type Growing, Telling } from "../telling.ts";
import { Growth, type Habit } from "./growth.ts";
import { finishWord, readFinish, readLogprobs } from "./words.ts";

interface Call {
  readonly index: number;
  id: string;
  name: string;
  readonly growth: Growth;
  /** Null until its name is known. */
  open: Growing | null;
  /** All so far; null when it is more than may be held. */
  text: string | null;
  /** Length of what was found not to be whole: it is parsed again only when there is more. */
  checked: number;
  isEnded: boolean;
}

const CALLS_MAX = 1024;
const PICTURES_MAX = 1024;

const sourceOf = (url: string): Source => {
  const data = readDataUri(url);
  return data === null ? { kind: "url", url } : { kind: "bytes", ...data };
};

const textIn = (content: Json | undefined): string | null => {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => (isObject(part) ? stringOf(part["text"]) : "")).join("") : null;
};

const argumentsOf = (value: Json | undefined): string => (isObject(value) ? JSON.stringify(value) : stringOf(value));

export class ChoiceDecoder {
  finish: string | null = null;
  /** It said more than may be held until it can be told, or told apart. */
  isOverfull = false;
  readonly #telling: Telling;
  readonly #habit: Habit;
  /** Of all choices together. */
  readonly #held: Held;
  readonly #text: Growth;
  readonly #thinking: Growth;
  readonly #calls: Call[] = [];
  readonly #pictures = new Set<string>();

  constructor(choice: number, habit: Habit, held: Held) {
    this.#telling = new Telling(choice);
    this.#habit = habit;
    this.#held = held;
    this.#text = new Growth(habit);
    this.#thinking = new Growth(habit);
  }

  get isEmpty(): boolean {
    return this.#telling.isEmpty && this.#calls.length === 0;
  }

  read(choice: JsonObject, events: Event[]): void {
    if (this.finish !== null) return;
    const { message, logprobs, finish_reason: reason } = choice;
    if (isObject(message)) this.#readMessage(message, logprobs, events);
    const word = finishWord(reason);
    if (word !== "") this.finish = word;
  }

  end(sources: readonly Citation[], events: Event[]): void {
    this.#say("reasoning", this.#thinking.settle(false), events);
    this.#say("text", this.#text.settle(true), events);
    this.#telling.cite(sources, events);
    for (const call of this.#calls) {
      if (call.open === null) this.#begin(call, events);
      this.#grow(call, call.growth.settle(true), events);
    }
    this.#telling.finish(readFinish(this.finish ?? "", this.#telling.hasCalls), events);
  }

  #readMessage(message: JsonObject, logprobs: Json | undefined, events: Event[]): void {
    const { reasoning_content: thinking, content, tool_calls: calls } = message;
    const thought = stringOf(thinking);
    if (thought !== "") this.#say("reasoning", this.#thinking.push(thought), events);
    const text = textIn(content) ?? "";
    // Increments think or say, and do not both at once.
    if (text !== "") this.#say("reasoning", this.#thinking.settle(thought !== ""), events);
    if (text !== "" || (content !== undefined && content !== null)) this.#readText(text, logprobs, events);
    if (Array.isArray(content)) for (const part of objectsIn(content)) this.#readPicture(part, events);
    const entries = objectsIn(calls);
    if (entries.length > 0) this.#say("text", this.#text.settle(true), events);
    for (const [position, entry] of entries.entries()) this.#readCall(entry, position, events);
  }

  /** An empty text behind one that was not is a sign that texts are increments. */
  #readText(text: string, logprobs: Json | undefined, events: Event[]): void {
    if (text === "" && !this.#text.hasBegun) return;
    const told = this.#text.push(text);
    this.#telling.say("text", told, events, logprobs === undefined || told === "" ? undefined : readLogprobs(logprobs));
  }

  #readPicture(part: JsonObject, events: Event[]): void {
    const url = stringOf(part["image"]);
    if (url === "" || this.#pictures.has(url)) return;
    this.isOverfull ||= this.#pictures.size >= PICTURES_MAX || !this.#held.take(BLOCK_CHARACTERS + url.length);
    if (this.isOverfull) return;
    this.#pictures.add(url);
    this.#telling.put({ kind: "image", at: "", source: sourceOf(url) }, events);
  }

  #readCall(entry: JsonObject, position: number, events: Event[]): void {
    const index = typeof entry["index"] === "number" ? entry["index"] : position;
    const id = stringOf(entry["id"]);
    const called = isObject(entry["function"]) ? entry["function"] : {};
    const known = this.#calls.findLast((call) => call.index === index && (id === "" || call.id === "" || call.id === id));
    const call = known ?? this.#add(index);
    if (call === null) return;
    if (call.id === "") call.id = id;
    if (call.name === "") call.name = stringOf(called["name"]);
    if (call.open === null && call.name !== "") this.#begin(call, events);
    const text = argumentsOf(called["arguments"]);
    if (text !== "") this.#grow(call, call.growth.push(text), events);
  }

  #add(index: number): Call | null {
    this.isOverfull ||= this.#calls.length >= CALLS_MAX || !this.#held.take(BLOCK_CHARACTERS);
    if (this.isOverfull) return null;
    const call: Call = { index, id: "", name: "", growth: new Growth(this.#habit), open: null, text: "", checked: 0, isEnded: false };
    this.#calls.push(call);
    return call;
  }

  /** Calls before it that are whole have ended. */
  #begin(call: Call, events: Event[]): void {
    for (const other of this.#calls) if (!other.isEnded && isWhole(other)) this.#endCall(other, events);
    call.open = this.#telling.beginCall(call.id, call.name, events);
    if (call.text !== null && call.text !== "") this.#telling.write(call.open, call.text, events);
  }

  #endCall(call: Call, events: Event[]): void {
    if (call.open === null) return;
    call.isEnded = true;
    this.#letGo(call);
    this.#telling.endCall(call.open, events);
  }

  #grow(call: Call, text: string, events: Event[]): void {
    if (text === "" || call.isEnded) return;
    if (call.text !== null) this.#keep(call, call.text, text);
    if (call.open !== null) this.#telling.write(call.open, text, events);
  }

  /** Until it is known to be whole; and all of one that has no name yet, because it is not told. */
  #keep(call: Call, before: string, text: string): void {
    if (this.#held.take(text.length)) call.text = before + text;
    else if (call.open === null) this.isOverfull = true;
    else this.#letGo(call, text.length);
  }

  #letGo(call: Call, untold = 0): void {
    this.#held.giveBack((call.text?.length ?? 0) + untold);
    call.text = null;
  }

  #say(kind: "text" | "reasoning", text: string, events: Event[]): void {
    if (text !== "") this.#telling.say(kind, text, events);
  }
}

const isWhole = (call: Call): boolean => {
  const { text, checked } = call;
  if (text === null || text.length === checked) return false;
  call.checked = text.length;
  return parseJson(text) !== undefined;
};
