// One candidate of an answer as it grows, piece by piece, into neutral events. A part is known to be over when one of another
// kind begins, so its block stays open until then; the last text stays open to the end, because its sources come last.
//
//   nothing ── a part ──▶ open ── a piece of the same kind ──▶ open
//   open ── a part of another kind, one behind a signature, or the end ──▶ closed
import type { BlockHead, Event, Finish, Opaque } from "../ir.ts";
import { BLOCK_CHARACTERS } from "../held.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { decodeCall, decodeMedia, foreignOf, foreignTypeOf, soundTypeOf } from "./decode-parts.ts";
import { readFinish, rawReason } from "./finish.ts";
import { Sources } from "./grounding.ts";
import { readLogprobs } from "./logprobs.ts";
import { formatOf } from "./media.ts";
import { isMembers, membersOf } from "./members.ts";
import { PartialCall } from "./partial-call.ts";

type GrowingKind = "text" | "reasoning" | "audio";

interface Open {
  readonly index: number;
  readonly kind: GrowingKind;
  /** Its signature has come: what follows is another part. */
  isSealed: boolean;
  /** Half of a pair that waits for the other. */
  half: string;
}

interface Calling {
  readonly index: number;
  readonly call: PartialCall;
}

const thinking: BlockHead = { kind: "reasoning", isSummary: true };
const text: BlockHead = { kind: "text" };

const isHighHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

export class Candidate {
  readonly #choice: number;
  readonly #origin: string;
  readonly #charactersMax: number;
  #events: Event[] = [];
  #blocks = 0;
  #open: Open | null = null;
  #calling: Calling | null = null;
  /** Signatures of empty texts, which are told behind the text before them. */
  #held: Opaque[] = [];
  #hasCalls = false;
  #raw = "";
  #message: Json | undefined = undefined;
  readonly #sources = new Sources();
  /** Of the text blocks, their pieces: the places of sources are found in them. */
  readonly #texts: { readonly index: number; readonly pieces: string[] }[] = [];
  #characters = 0;
  /** Of the signatures that are held, and of the places of texts. */
  #heldCharacters = 0;

  constructor(choice: number, origin: string, charactersMax: number) {
    this.#choice = choice;
    this.#origin = origin;
    this.#charactersMax = charactersMax;
  }

  get isFinished(): boolean {
    return this.#raw !== "";
  }

  get hasOutput(): boolean {
    return this.#blocks > 0 || this.#held.length > 0;
  }

  /** What waits for its other half, or for the end, is more than may be held. */
  get isOversize(): boolean {
    return this.#sources.isOverfull || (this.#calling?.call.length ?? 0) + this.#heldCharacters + this.#sources.characters > this.#charactersMax;
  }

  read(candidate: JsonObject, events: Event[]): void {
    this.#events = events;
    const content = candidate["content"];
    const parts = isMembers(content) ? content["parts"] : undefined;
    if (candidate["logprobsResult"] !== undefined) this.#readWithLogprobs(candidate["logprobsResult"], parts);
    else if (Array.isArray(parts)) for (const part of parts) this.#part(part);
    this.#sources.see(candidate);
    const raw = rawReason(candidate["finishReason"]);
    if (raw === "") return;
    this.#raw = raw;
    this.#message = candidate["finishMessage"];
  }

  /** A part that is nothing but a text. */
  readText(written: string, isThought: boolean, events: Event[]): void {
    this.#events = events;
    this.#text(written, isThought ? "reasoning" : "text", "");
  }

  /** Everything that was only waiting for more. */
  end(events: Event[]): void {
    this.#events = events;
    this.#endCall();
    this.#cite();
    this.#close();
    const finish: Finish = readFinish(this.#raw, this.#message, this.#hasCalls);
    events.push({ kind: "finish", choice: this.#choice, finish });
  }

  #readWithLogprobs(value: Json, parts: Json | undefined): void {
    const before = this.#events.length;
    for (const part of Array.isArray(parts) ? parts : []) this.#part(part);
    const logprobs = readLogprobs(value);
    if (logprobs === undefined) return;
    const at = this.#events.findIndex((event, index) => index >= before && event.kind === "text" && event.index === this.#texts.at(-1)?.index);
    const event = this.#events[at];
    if (event?.kind === "text") this.#events[at] = { ...event, logprobs };
    else if (this.#open?.kind === "text") this.#events.push({ kind: "text", choice: this.#choice, index: this.#open.index, text: "", logprobs });
  }

  #part(part: Json): void {
    if (!isMembers(part)) return;
    const written = part["text"];
    const signature = stringOf(part["thoughtSignature"]);
    if (typeof written === "string") return this.#text(written, part["thought"] === true ? "reasoning" : "text", signature);
    if (isMembers(part["functionCall"])) return this.#call(part, part["functionCall"], signature);
    if (isMembers(part["inlineData"]) || isMembers(part["fileData"])) return this.#media(part, signature);
    const type = foreignTypeOf(part);
    if (type !== "") this.#whole({ kind: "whole", block: foreignOf(part, type, "") });
    else if (signature !== "") this.#text("", part["thought"] === true ? "reasoning" : "text", signature);
  }

  #opaque(signature: string): Opaque {
    return { kind: "signature", origin: this.#origin, value: signature };
  }

  #text(written: string, kind: "text" | "reasoning", signature: string): void {
    // An empty text that is signed is a part of its own; an empty thought only signs the thought.
    if (kind === "text" && written === "") {
      if (signature === "") return;
      this.#held.push(this.#opaque(signature));
      this.#heldCharacters += BLOCK_CHARACTERS + signature.length;
      return;
    }
    if (written === "" && signature === "") return;
    const open = this.#grow(kind, kind === "text" ? text : thinking);
    if (written !== "") this.#say(open, written);
    if (signature === "") return;
    this.#events.push({ kind: "opaque", choice: this.#choice, index: open.index, opaque: this.#opaque(signature) });
    open.isSealed = true;
  }

  #say(open: Open, written: string): void {
    const whole = open.half === "" ? written : open.half + written;
    open.half = isHighHalf(whole.charCodeAt(whole.length - 1)) ? whole.slice(-1) : "";
    const said = open.half === "" ? whole : whole.slice(0, -1);
    if (said === "") return;
    this.#events.push({ kind: "text", choice: this.#choice, index: open.index, text: said });
    if (open.kind === "text") this.#remember(said);
  }

  #remember(said: string): void {
    this.#characters += said.length;
    if (this.#characters <= this.#charactersMax) this.#texts.at(-1)?.pieces.push(said);
  }

  /** The open block of this kind, begun when there is none. */
  #grow(kind: GrowingKind, head: BlockHead): Open {
    const open = this.#open;
    if (open !== null && open.kind === kind && !open.isSealed && this.#held.length === 0) return open;
    this.#close();
    const index = this.#begin(head);
    if (kind === "text") {
      this.#texts.push({ index, pieces: [] });
      this.#heldCharacters += BLOCK_CHARACTERS;
    }
    this.#open = { index, kind, isSealed: false, half: "" };
    return this.#open;
  }

  #begin(head: BlockHead): number {
    const index = this.#blocks++;
    this.#events.push({ kind: "block-start", choice: this.#choice, index, head });
    return index;
  }

  #stop(index: number): void {
    this.#events.push({ kind: "block-stop", choice: this.#choice, index });
  }

  #close(): void {
    const open = this.#open;
    this.#open = null;
    if (open !== null) {
      if (open.half !== "") this.#events.push({ kind: "text", choice: this.#choice, index: open.index, text: open.half });
      this.#stop(open.index);
    }
    for (const opaque of this.#held) {
      const index = this.#begin(text);
      this.#events.push({ kind: "opaque", choice: this.#choice, index, opaque });
      this.#stop(index);
    }
    for (const { value } of this.#held) this.#heldCharacters -= BLOCK_CHARACTERS + value.length;
    this.#held = [];
  }

  #whole(head: Extract<BlockHead, { kind: "whole" }>): void {
    this.#close();
    this.#stop(this.#begin(head));
  }

  #call(part: JsonObject, call: JsonObject, signature: string): void {
    if (this.#calling !== null || call["partialArgs"] !== undefined || call["willContinue"] === true) return this.#goOn(call, signature);
    const { id, name, arguments: written } = decodeCall(part, { at: "", opaques: [] });
    const index = this.#beginCall(id, name, signature);
    if (written !== "") this.#events.push({ kind: "text", choice: this.#choice, index, text: written });
    this.#stop(index);
  }

  #beginCall(id: string, name: string, signature: string): number {
    this.#close();
    this.#hasCalls = true;
    const index = this.#begin({ kind: "tool-call", id, name, isCustom: false });
    if (signature !== "") this.#events.push({ kind: "opaque", choice: this.#choice, index, opaque: this.#opaque(signature) });
    return index;
  }

  /** A name begins the next call, also when the last one did not say that it was over. */
  #goOn(call: JsonObject, signature: string): void {
    const name = stringOf(call["name"]);
    if (name !== "") this.#endCall();
    this.#calling ??= { index: this.#beginCall(stringOf(call["id"]), name, signature), call: new PartialCall() };
    this.#calling.call.merge(call["args"]);
    this.#calling.call.add(call["partialArgs"]);
    if (call["willContinue"] !== true) this.#endCall();
  }

  #endCall(): void {
    if (this.#calling === null) return;
    const { index, call } = this.#calling;
    this.#calling = null;
    const written = call.text();
    if (written !== "") this.#events.push({ kind: "text", choice: this.#choice, index, text: written });
    this.#stop(index);
  }

  #media(part: JsonObject, signature: string): void {
    const opaques = signature === "" ? [] : [this.#opaque(signature)];
    const sound = soundTypeOf(part);
    const data = stringOf(membersOf(part["inlineData"])["data"]);
    if (sound === "" || data === "") {
      const block = decodeMedia(part, opaques);
      if (block.kind === "image" || block.kind === "video" || block.kind === "file") this.#whole({ kind: "whole", block });
      return;
    }
    const open = this.#grow("audio", { kind: "audio", id: "", format: formatOf(sound) });
    this.#events.push({ kind: "media", choice: this.#choice, index: open.index, data });
    for (const opaque of opaques) this.#events.push({ kind: "opaque", choice: this.#choice, index: open.index, opaque });
  }

  /** Into the text that is still open; what cites another text loses its place. */
  #cite(): void {
    if (this.#sources.isEmpty) return;
    const texts = this.#texts.map(({ pieces }) => pieces.join(""));
    const { index, kind } = this.#open ?? { index: -1, kind: "" };
    const isOpen = kind === "text";
    const citations = this.#sources.citations(texts);
    const target = isOpen ? index : this.#grow("text", text).index;
    for (const { block, citation } of citations) {
      const isHere = isOpen && this.#texts[block]?.index === index;
      this.#events.push({ kind: "citation", choice: this.#choice, index: target, citation: isHere ? citation : { ...citation, start: -1, end: -1 } });
    }
  }
}
