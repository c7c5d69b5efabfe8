// Tells one choice of an answer as events in their order, for the decoders of protocols that say one thing after the other:
// begins and ends blocks, holds half of a surrogate pair back, finishes once. It reads no wire form and holds no text.
import type { BlockHead, Citation, Event, FileBlock, Finish, ImageBlock, Logprob, VideoBlock } from "./ir.ts";

export type Spoken = "text" | "reasoning";

/** A block that grows. */
export interface Growing {
  readonly kind: Spoken | "tool-call";
  readonly index: number;
  /** Half of a surrogate pair that waits for the other. */
  held: string;
}

const endsInHalf = (text: string): boolean => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;

export class Telling {
  readonly choice: number;
  hasCalls = false;
  isFinished = false;
  #blocks = 0;
  #spoken: Growing | null = null;
  readonly #calls = new Set<Growing>();

  constructor(choice: number) {
    this.choice = choice;
  }

  get isEmpty(): boolean {
    return this.#blocks === 0;
  }

  /** What is being said at the moment; null between two things. */
  get open(): Growing | null {
    return this.#spoken;
  }

  say(kind: Spoken, text: string, events: Event[], logprobs?: readonly Logprob[]): void {
    if (text === "" && logprobs === undefined) return;
    const open = this.#spoken?.kind === kind ? this.#spoken : this.#beginSpoken(kind, events);
    this.write(open, text, events, logprobs);
  }

  write(open: Growing, text: string, events: Event[], logprobs?: readonly Logprob[]): void {
    let whole = open.held === "" ? text : open.held + text;
    open.held = "";
    if (endsInHalf(whole)) {
      open.held = whole.slice(-1);
      whole = whole.slice(0, -1);
    }
    if (whole === "" && logprobs === undefined) return;
    const { choice } = this;
    events.push(logprobs === undefined ? { kind: "text", choice, index: open.index, text: whole } : { kind: "text", choice, index: open.index, text: whole, logprobs });
  }

  /** Of the text that is being said; where none is, there is nothing that it could be about. */
  cite(citations: readonly Citation[], events: Event[]): void {
    const open = this.#spoken;
    if (open?.kind !== "text") return;
    for (const citation of citations) events.push({ kind: "citation", choice: this.choice, index: open.index, citation });
  }

  beginCall(id: string, name: string, events: Event[]): Growing {
    this.hush(events);
    this.hasCalls = true;
    const call = this.#begin("tool-call", { kind: "tool-call", id, name, isCustom: false }, events);
    this.#calls.add(call);
    return call;
  }

  endCall(call: Growing, events: Event[]): void {
    if (this.#calls.delete(call)) this.#end(call, events);
  }

  /** What comes at once. */
  put(block: ImageBlock | VideoBlock | FileBlock, events: Event[]): void {
    this.hush(events);
    const { choice } = this;
    const index = this.#blocks++;
    events.push({ kind: "block-start", choice, index, head: { kind: "whole", block } }, { kind: "block-stop", choice, index });
  }

  /** Ends what is being said. */
  hush(events: Event[]): void {
    if (this.#spoken === null) return;
    this.#end(this.#spoken, events);
    this.#spoken = null;
  }

  finish(finish: Finish, events: Event[]): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.hush(events);
    for (const call of this.#calls) this.endCall(call, events);
    events.push({ kind: "finish", choice: this.choice, finish });
  }

  #beginSpoken(kind: Spoken, events: Event[]): Growing {
    this.hush(events);
    this.#spoken = this.#begin(kind, kind === "reasoning" ? { kind, isSummary: false } : { kind }, events);
    return this.#spoken;
  }

  #begin(kind: Growing["kind"], head: BlockHead, events: Event[]): Growing {
    const open: Growing = { kind, index: this.#blocks++, held: "" };
    events.push({ kind: "block-start", choice: this.choice, index: open.index, head });
    return open;
  }

  #end({ index, held }: Growing, events: Event[]): void {
    const { choice } = this;
    if (held !== "") events.push({ kind: "text", choice, index, text: held });
    events.push({ kind: "block-stop", choice, index });
  }
}
