// The tool calls of one choice while they come: in fragments or whole, with an index or without, their ids sometimes missing.
// A call is told when its name is known; it ends when the next begins, if it is whole by then, otherwise with the choice.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import type { Event } from "../ir.ts";
import { BLOCK_CHARACTERS, type Held } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { argumentsOf, thoughtSignatureIn } from "./decode-turns.ts";

interface Call {
  /** The provider's, which need not be dense; -1 for none. */
  readonly wireIndex: number;
  id: string;
  name: string;
  readonly isCustom: boolean;
  /** All so far; null when it is more than may be held. */
  text: string | null;
  /** What came before the name. */
  pending: string;
  /** Length of what was found not to be whole: it is parsed again only when there is more. */
  checked: number;
  /** Of the block; -1 until it has begun. */
  block: number;
  isEnded: boolean;
}

/** What the choice lends to its calls. */
export interface Blocks {
  readonly choice: number;
  readonly origin: string;
  readonly held: Held;
  /** For ids that the provider does not give: the same for the same answer. */
  readonly replyId: string;
  /** The index of a new block. */
  next(): number;
  /** Ends what the model said before. */
  hush(events: Event[]): void;
}

const NONE = -1;
const CALLS_MAX = 1024;
const ID_CHARACTERS = 24;

export class CallReader {
  /** There was more than may be held: what is not told by then never is. */
  isOverfull = false;
  readonly #blocks: Blocks;
  readonly #calls: Call[] = [];

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  read(value: Json | undefined, events: Event[]): void {
    for (const entry of objectsIn(value)) this.#readEntry(entry, events);
  }

  /** The older way: one call, in fragments that have no index and no id. */
  readLegacy(called: JsonObject, events: Event[]): void {
    this.#readEntry({ index: 0, function: called }, events);
  }

  /** A signature that was told for the message as a whole signs its first call. False when there is none. */
  sign(value: string, events: Event[]): boolean {
    const first = this.#calls.find(({ block, isEnded }) => block !== NONE && !isEnded);
    if (first !== undefined) this.#sign(first, value, events);
    return first !== undefined;
  }

  /** Ends those that are whole: something else begins. */
  endWhole(events: Event[]): void {
    for (const call of this.#calls) if (call.block !== NONE && !call.isEnded && !call.isCustom && isWhole(call)) this.#end(call, events);
  }

  endAll(events: Event[]): void {
    for (const call of this.#calls) {
      if (call.block === NONE) this.#begin(call, events);
      if (!call.isEnded) this.#end(call, events);
    }
  }

  #readEntry(entry: JsonObject, events: Event[]): void {
    const isCustom = isObject(entry["custom"]);
    const value = isCustom ? entry["custom"] : entry["function"];
    const called = isObject(value) ? value : {};
    const name = stringOf(called["name"]);
    const call = this.#find(entry, name) ?? this.#add(entry, isCustom);
    if (call === null || call.isEnded) return;
    if (call.name === "") call.name = name;
    if (call.block === NONE && call.name !== "") this.#begin(call, events);
    this.#write(call, isCustom ? stringOf(called["input"]) : argumentsOf(called["arguments"]), events);
    const signature = thoughtSignatureIn(entry);
    if (signature !== "" && call.block !== NONE) this.#sign(call, signature, events);
  }

  /** Undefined for a new one. Old servers give every call the index 0, so that another id means another call. */
  #find(entry: JsonObject, name: string): Call | undefined {
    const id = stringOf(entry["id"]);
    const { index } = entry;
    if (typeof index === "number") return this.#calls.findLast((call) => call.wireIndex === index && (id === "" || call.id === id));
    if (id !== "") return this.#calls.find((call) => call.id === id);
    return name === "" ? this.#calls.at(-1) : undefined;
  }

  #add({ index, id }: JsonObject, isCustom: boolean): Call | null {
    if (this.#calls.length >= CALLS_MAX || !this.#blocks.held.take(BLOCK_CHARACTERS)) {
      this.isOverfull = true;
      return null;
    }
    const call: Call = { wireIndex: typeof index === "number" ? index : NONE, id: stringOf(id) || this.#makeId(), name: "", isCustom, text: "", pending: "", checked: 0, block: NONE, isEnded: false };
    this.#calls.push(call);
    return call;
  }

  /** Unique in the conversation, because the answer's own id is in it. */
  #makeId(): string {
    const { replyId, choice } = this.#blocks;
    const tail = replyId.replace(/[^a-zA-Z0-9]/g, "").slice(-ID_CHARACTERS);
    return `call_${tail}${tail === "" ? "" : "_"}${choice === 0 ? "" : `${choice}_`}${this.#calls.length}`;
  }

  #begin(call: Call, events: Event[]): void {
    const { choice } = this.#blocks;
    this.#blocks.hush(events);
    this.endWhole(events);
    call.block = this.#blocks.next();
    events.push({ kind: "block-start", choice, index: call.block, head: { kind: "tool-call", id: call.id, name: call.name, isCustom: call.isCustom } });
    const { pending } = call;
    call.pending = "";
    this.#blocks.held.giveBack(pending.length);
    this.#write(call, pending, events);
  }

  #write(call: Call, text: string, events: Event[]): void {
    if (text === "") return;
    if (call.block === NONE) {
      if (this.#blocks.held.take(text.length)) call.pending += text;
      else this.isOverfull = true;
      return;
    }
    if (call.text !== null) this.#keep(call, call.text, text);
    events.push({ kind: "text", choice: this.#blocks.choice, index: call.block, text });
  }

  /** Until it is known to be whole. */
  #keep(call: Call, before: string, text: string): void {
    const { held } = this.#blocks;
    if (held.take(text.length)) call.text = before + text;
    else this.#letGo(call, text.length);
  }

  #letGo(call: Call, untold = 0): void {
    this.#blocks.held.giveBack((call.text?.length ?? 0) + untold);
    call.text = null;
  }

  #sign(call: Call, value: string, events: Event[]): void {
    const { choice, origin } = this.#blocks;
    events.push({ kind: "opaque", choice, index: call.block, opaque: { kind: "signature", origin, value } });
  }

  #end(call: Call, events: Event[]): void {
    call.isEnded = true;
    this.#letGo(call);
    events.push({ kind: "block-stop", choice: this.#blocks.choice, index: call.block });
  }
}

const isWhole = (call: Call): boolean => {
  const { text, checked } = call;
  if (text === null || text.length === checked) return false;
  call.checked = text.length;
  return parseJson(text) !== undefined;
};
