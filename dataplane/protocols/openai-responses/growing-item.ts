// One item of a provider's stream while it grows, told as blocks. Items may grow side by side.
//
//   part: begun by its first text ─▶ grows ─▶ ended by its own end, by the next part of a reasoning, or by the item's end
//
// What an end says in full counts: text that never came in deltas is told then. Sealed reasoning is taken from the end only,
// because the beginning has another value (seen 2025-09); so a reasoning's last part stays open until its item ends.
import type { Json } from "../../wire/json.ts";
import type { BlockHead, Event, Extras, Logprob } from "../ir.ts";
import { BLOCK_CHARACTERS } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { decodeAnnotation, decodeLogprobs } from "./annotations.ts";
import { asExtras } from "./members.ts";
import { aboutCall, aboutMessage, aboutReasoning, callHead, isBareReasoning, isCall, sealedIn, wholeBlock, writtenIn } from "./output-items.ts";

export type PartKind = "text" | "refusal" | "summary" | "thought" | "call";

const heads: Readonly<Record<Exclude<PartKind, "call">, BlockHead>> = {
  text: { kind: "text" },
  refusal: { kind: "refusal" },
  summary: { kind: "reasoning", isSummary: true },
  thought: { kind: "reasoning", isSummary: false },
};

interface Part {
  readonly kind: PartKind;
  /** Where the server counts it; it need not count from 0. */
  readonly place: number;
  readonly index: number;
  /** Of what has come. */
  length: number;
  annotations: number;
  hasLogprobs: boolean;
  isOpen: boolean;
  /** The first half of a character whose second half is in the next delta. */
  half: string;
}

/** Where blocks get their numbers, and events go. */
export interface Outlet {
  readonly events: Event[];
  readonly origin: string;
  hasRefusal: boolean;
  nextIndex(): number;
  /** So many characters more are kept of what it tells. */
  hold(characters: number): void;
}

const isHighSurrogate = (text: string): boolean => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;

export class GrowingItem {
  item: JsonObject;
  isDone = false;
  readonly #outlet: Outlet;
  #parts: Part[] = [];
  #held = 0;
  #last: Part | null = null;
  /** What its end repeats may begin parts; nothing that comes later does. */
  #isEnding = false;

  constructor(item: JsonObject, outlet: Outlet) {
    this.item = item;
    this.#outlet = outlet;
    this.#hold(JSON.stringify(item).length);
    if (isCall(item)) this.#open("call", 0);
  }

  grow(kind: PartKind, place: number, delta: string, logprobs: Json | undefined): void {
    const part = (kind === "call") === isCall(this.item) ? this.#partAt(kind, place) : null;
    if (part === null) return;
    if (Array.isArray(logprobs) && logprobs.length > 0) this.#tell(part, delta, decodeLogprobs(logprobs));
    else this.#tell(part, delta, undefined);
  }

  cite(place: number, annotation: JsonObject): void {
    const part = this.#partAt("text", place);
    if (part === null) return;
    part.annotations++;
    this.#outlet.events.push({ kind: "citation", choice: 0, index: part.index, citation: decodeAnnotation(annotation) });
  }

  /** A part's text is over; what of it had not come yet is told. */
  complete(kind: PartKind, place: number, text: string, logprobs?: Json): void {
    const part = text === "" ? this.#find(kind, place) : this.#partAt(kind, place);
    if (part !== null) this.#complete(part, text, logprobs);
  }

  /** A part is over with all that belongs to it. */
  endPart(kind: PartKind, place: number, content: JsonObject): void {
    this.complete(kind, place, textIn(kind, content), content["logprobs"]);
    const part = this.#find(kind, place);
    if (part === null) return;
    this.#citeRest(part, content);
    if (kind === "text" || kind === "refusal") this.#close(part);
  }

  endCall(): void {
    const part = this.#find("call", 0);
    if (part !== null) this.#close(part);
  }

  /** The item is over, as `item` says. */
  end(item: JsonObject): void {
    if (this.isDone) return;
    this.isDone = true;
    this.#isEnding = true;
    if (isCall(item)) this.complete("call", 0, writtenIn(item));
    else if (item["type"] === "message") this.#endMessage(item);
    else if (item["type"] === "reasoning") this.#endReasoning(item);
    else this.#tellWhole(item);
    this.#closeAll(isCall(item) ? asExtras(aboutCall(item)) : {});
    this.#isEnding = false;
    this.#forget();
  }

  /** Nothing more is known of it. */
  abandon(): void {
    if (isCall(this.item) && this.#find("call", 0)?.length === 0) this.complete("call", 0, writtenIn(this.item));
    this.isDone = true;
    this.#closeAll({});
    this.#forget();
  }

  #hold(characters: number): void {
    this.#held += characters;
    this.#outlet.hold(characters);
  }

  /** Of one that is over it matters that it was there, and what it was. */
  #forget(): void {
    this.item = Object.fromEntries(Object.entries(this.item).filter(([key]) => identifying.has(key)));
    this.#parts = [];
    this.#last = null;
    this.#outlet.hold(BLOCK_CHARACTERS - this.#held);
    this.#held = BLOCK_CHARACTERS;
  }

  #endMessage(item: JsonObject): void {
    const told = objectsIn(item["content"]).filter((content) => kindIn(content) !== null && textIn(kindIn(content) ?? "text", content) !== "");
    told.forEach((content, order) => {
      const kind = kindIn(content) ?? "text";
      const part = this.#parts[order];
      if (part === undefined) this.endPart(kind, order + FAR, content);
      else if (part.kind === kind && part.isOpen) this.endPart(kind, part.place, content);
    });
  }

  #endReasoning(item: JsonObject): void {
    if (this.#parts.length === 0 && isBareReasoning(item)) return this.#tellWhole(item);
    for (const kind of ["summary", "thought"] as const) {
      const texts = objectsIn(item[kind === "summary" ? "summary" : "content"]).map((part) => stringOf(part["text"])).filter((text) => text !== "");
      const seen = this.#parts.filter((part) => part.kind === kind);
      texts.forEach((text, order) => {
        const part = seen[order];
        if (part === undefined) this.complete(kind, order + FAR, text);
        else if (part.isOpen) this.#complete(part, text, undefined);
      });
    }
    const opaques = sealedIn(item, this.#outlet.origin);
    if (opaques.length === 0) return;
    const part = this.#last?.isOpen === true ? this.#last : this.#open("summary", FAR);
    for (const opaque of opaques) this.#outlet.events.push({ kind: "opaque", choice: 0, index: part.index, opaque });
  }

  #tellWhole(item: JsonObject): void {
    const index = this.#outlet.nextIndex();
    this.#outlet.events.push({ kind: "block-start", choice: 0, index, head: { kind: "whole", block: wholeBlock(item, "") } }, { kind: "block-stop", choice: 0, index });
  }

  #find(kind: PartKind, place: number): Part | null {
    const last = this.#last;
    if (last !== null && last.kind === kind && last.place === place) return last;
    return this.#parts.find((part) => part.kind === kind && part.place === place) ?? null;
  }

  /** Null when it is over already. */
  #partAt(kind: PartKind, place: number): Part | null {
    const found = this.#find(kind, place);
    if (found !== null) return found.isOpen ? found : null;
    return this.isDone && !this.#isEnding ? null : this.#open(kind, place);
  }

  #open(kind: PartKind, place: number): Part {
    const last = this.#last;
    if (kind === "refusal") this.#outlet.hasRefusal = true;
    if (last?.isOpen === true && (kind === "summary" || kind === "thought")) this.#close(last);
    this.#hold(BLOCK_CHARACTERS);
    const part: Part = { kind, place, index: this.#outlet.nextIndex(), length: 0, annotations: 0, hasLogprobs: false, isOpen: true, half: "" };
    const head = kind === "call" ? callHead(this.item) : heads[kind];
    this.#outlet.events.push({ kind: "block-start", choice: 0, index: part.index, head, ...(this.#parts.length === 0 ? this.#about(kind) : {}) });
    this.#parts.push(part);
    this.#last = part;
    return part;
  }

  #about(kind: PartKind): { readonly extras?: Extras } {
    if (kind === "call") return asExtras(aboutCall(this.item));
    return asExtras(kind === "text" || kind === "refusal" ? aboutMessage(this.item) : withoutSealed(aboutReasoning(this.item)));
  }

  #tell(part: Part, delta: string, logprobs: readonly Logprob[] | undefined): void {
    let text = delta;
    if (part.half !== "") {
      text = part.half + text;
      part.half = "";
    }
    if (text !== "" && isHighSurrogate(text)) {
      part.half = text.slice(-1);
      text = text.slice(0, -1);
    }
    part.length += delta.length;
    if (logprobs !== undefined) {
      part.hasLogprobs = true;
      this.#outlet.events.push({ kind: "text", choice: 0, index: part.index, text, logprobs });
    } else if (text !== "") this.#outlet.events.push({ kind: "text", choice: 0, index: part.index, text });
  }

  #complete(part: Part, text: string, logprobs: Json | undefined): void {
    const late = part.hasLogprobs ? [] : decodeLogprobs(logprobs);
    const rest = text.slice(part.length);
    if (rest !== "" || late.length > 0) this.#tell(part, rest, late.length > 0 ? late : undefined);
  }

  #citeRest(part: Part, content: JsonObject): void {
    if (part.isOpen) for (const annotation of objectsIn(content["annotations"]).slice(part.annotations)) this.cite(part.place, annotation);
  }

  #close(part: Part, extras: { readonly extras?: Extras } = {}): void {
    if (!part.isOpen) return;
    part.isOpen = false;
    if (part.half !== "") this.#outlet.events.push({ kind: "text", choice: 0, index: part.index, text: part.half });
    this.#outlet.events.push({ kind: "block-stop", choice: 0, index: part.index, ...extras });
  }

  #closeAll(extras: { readonly extras?: Extras }): void {
    for (const part of this.#parts) this.#close(part, extras);
  }
}

/** Places of parts that no delta named: beyond all that a server counts. */
const FAR = 1_000_000;

const identifying: ReadonlySet<string> = new Set(["type", "id"]);
const sealed: ReadonlySet<string> = new Set(["encrypted_content"]);
const withoutSealed = (about: JsonObject): JsonObject => Object.fromEntries(Object.entries(about).filter(([key]) => !sealed.has(key)));

/** Null for a part that is no text. */
export const kindIn = (content: JsonObject): PartKind | null => {
  const type = content["type"];
  if (type === "output_text" || type === "text") return "text";
  if (type === "refusal") return "refusal";
  return type === "reasoning_text" ? "thought" : null;
};

const textIn = (kind: PartKind, content: JsonObject): string => stringOf(content[kind === "refusal" ? "refusal" : "text"]);
