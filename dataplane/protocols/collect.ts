// Joins the events of one answer into a reply: for a client that asked for no stream when the provider streams, and for what
// is undone in a whole answer. Bounded by the characters that it holds. It waits for nothing and reads no wire form.
import { BLOCK_CHARACTERS } from "./held.ts";
import { broken } from "./provider-failure.ts";
import { noUsage, updateUsage } from "./ir.ts";
import type { AudioBlock, Block, BlockHead, Choice, Citation, Event, Extras, Finish, Logprob, Opaque, ProviderFailure, Reply, Usage } from "./ir.ts";

type Of<Kind extends Event["kind"]> = Extract<Event, { kind: Kind }>;

interface GrowingBlock {
  readonly head: BlockHead;
  readonly pieces: string[];
  readonly media: string[];
  readonly opaques: Opaque[];
  readonly citations: Citation[];
  readonly logprobs: Logprob[];
  extras: Extras | undefined;
}

interface GrowingChoice {
  readonly blocks: Map<number, GrowingBlock>;
  finish: Finish;
}

/** What holding a piece of a block takes beside its characters, in characters. */
const PIECE_CHARACTERS = 48;

const unfinished: Finish = { reason: "other", raw: "" };
const none: readonly never[] = [];

/** A later word replaces an earlier one, member by member. */
const mergeExtras = (earlier: Extras | undefined, later: Extras | undefined): Extras | undefined => {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  const merged: { -readonly [protocol in keyof Extras]: Extras[protocol] } = { ...earlier };
  for (const [protocol, members] of Object.entries(later) as [keyof Extras, NonNullable<Extras[keyof Extras]>][]) merged[protocol] = { ...merged[protocol], ...members };
  return merged;
};

/** Pieces that were padded each for itself are no base64 when they stand side by side. */
const joinBase64 = (pieces: readonly string[]): string =>
  pieces.slice(0, -1).every((piece) => piece.length % 4 === 0 && !piece.endsWith("=")) ? pieces.join("") : Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64"))).toString("base64");

const likelihoodsIn = ({ logprobs }: Of<"text">): number => (logprobs === undefined ? 0 : logprobs.reduce((sum, { top }) => sum + 1 + top.length, 0));

export class Collector {
  /** Set when the answer failed, or when it was more than may be held. */
  failure: ProviderFailure | null = null;
  isFinished = false;
  #charactersLeft: number;
  #start: Of<"start"> | null = null;
  #extras: Extras | undefined;
  readonly #usage: Usage = noUsage();
  readonly #choices = new Map<number, GrowingChoice>();

  constructor(charactersMax = Infinity) {
    this.#charactersLeft = charactersMax;
  }

  push(event: Event): void {
    if (this.failure !== null || this.isFinished) return;
    switch (event.kind) {
      case "start":
        this.#start = event;
        break;
      case "usage":
        updateUsage(this.#usage, event.usage);
        break;
      case "finish":
        this.#choice(event.choice).finish = event.finish;
        break;
      case "failure":
        this.failure = event.failure;
        break;
      case "end":
        this.#extras = event.extras;
        this.isFinished = true;
        break;
      case "ping":
        break;
      default:
        this.#fill(event);
    }
  }

  /** Null until the answer has ended, and for one that failed. */
  reply(): Reply | null {
    if (!this.isFinished || this.failure !== null) return null;
    const { id = "", model = "", createdAt = 0, serviceTier = "", extras: first } = this.#start ?? {};
    const extras = mergeExtras(first, this.#extras);
    const choices = [...this.#choices].sort(([one], [other]) => one - other).map(([index, choice]) => choiceOf(index, choice));
    return { id, model, createdAt, choices, usage: this.#usage, serviceTier, ...(extras === undefined ? {} : { extras }) };
  }

  #choice(index: number): GrowingChoice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      this.#choices.set(index, (choice = { blocks: new Map(), finish: unfinished }));
      this.#count(BLOCK_CHARACTERS);
    }
    return choice;
  }

  #fill(event: Extract<Event, { index: number }>): void {
    const { blocks } = this.#choice(event.choice);
    if (event.kind === "block-start") {
      const { head, extras } = event;
      this.#count(BLOCK_CHARACTERS + (head.kind === "whole" ? JSON.stringify(head.block).length : 0));
      blocks.set(event.index, { head, pieces: [], media: [], opaques: [], citations: [], logprobs: [], extras });
      return;
    }
    const block = blocks.get(event.index);
    if (block !== undefined) this.#grow(block, event);
  }

  #grow(block: GrowingBlock, event: Exclude<Extract<Event, { index: number }>, Of<"block-start">>): void {
    switch (event.kind) {
      case "text":
        block.pieces.push(event.text);
        if (event.logprobs !== undefined) block.logprobs.push(...event.logprobs);
        return this.#count(event.text.length + PIECE_CHARACTERS * (1 + likelihoodsIn(event)));
      case "media":
        block.media.push(event.data);
        return this.#count(event.data.length + PIECE_CHARACTERS);
      case "opaque":
        block.opaques.push(event.opaque);
        return this.#count(event.opaque.value.length + PIECE_CHARACTERS);
      case "citation":
        block.citations.push(event.citation);
        return this.#count(event.citation.citedText.length + event.citation.url.length + PIECE_CHARACTERS);
      case "block-stop":
        block.extras = mergeExtras(block.extras, event.extras);
    }
  }

  #count(characters: number): void {
    this.#charactersLeft -= characters;
    if (this.#charactersLeft >= 0) return;
    const message = "The provider's answer was larger than may be held here. Ask for a stream, or for less.";
    this.failure = broken("too_large", message);
    this.#choices.clear();
  }
}

const choiceOf = (index: number, { blocks, finish }: GrowingChoice): Choice => ({
  index,
  blocks: [...blocks].sort(([one], [other]) => one - other).map(([, block]) => blockOf(block)),
  finish,
});

const blockOf = (block: GrowingBlock): Block => {
  const { head, opaques, extras } = block;
  const rest = { ...(opaques.length === 0 ? {} : { opaques }), ...(extras === undefined ? {} : { extras }) };
  if (head.kind !== "whole") return { ...bareBlockOf(head, block), ...rest };
  return { ...head.block, ...rest, ...(opaques.length === 0 ? {} : { opaques: [...(head.block.opaques ?? none), ...opaques] }) };
};

const bareBlockOf = (head: Exclude<BlockHead, { kind: "whole" }>, { pieces, media, citations, logprobs }: GrowingBlock): Block => {
  const text = pieces.join("");
  switch (head.kind) {
    case "text":
      return { kind: "text", at: "", text, ...(citations.length === 0 ? {} : { citations }), ...(logprobs.length === 0 ? {} : { logprobs }) };
    case "refusal":
      return { kind: "refusal", at: "", text };
    case "reasoning":
      return { kind: "reasoning", at: "", text, isSummary: head.isSummary };
    case "tool-call":
      return { kind: "tool-call", at: "", id: head.id, name: head.name, arguments: text, ...(head.isCustom ? { isCustom: true } : {}) };
    case "audio":
      return audioOf(head, text, media);
  }
};

const audioOf = ({ id, format }: { readonly id: string; readonly format: string }, transcript: string, media: readonly string[]): AudioBlock => ({
  kind: "audio",
  at: "",
  ...(id === "" ? {} : { id }),
  source: { kind: "bytes", data: joinBase64(media), mediaType: "" },
  format,
  ...(transcript === "" ? {} : { transcript }),
});
