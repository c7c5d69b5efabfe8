// The events of one Converse stream, parsed, into neutral ones. It knows no frames. Never throws; an event that it does not
// know says nothing.
//
//   fresh ── messageStart, or any content ──▶ begun ── messageStop ──▶ stopped ── metadata, or a clean end ──▶ over
//     a failure anywhere ──▶ over
//   A block: its first content, or contentBlockStart ──▶ open ── contentBlockStop, messageStop ──▶ ended
//
// The counts come behind the reason for the end, so the reason waits for them.
import type { Block, BlockHead, Event, Finish, ProviderFailure } from "../ir.ts";
import { addMembers, BLOCK_CHARACTERS, upToFailure } from "../held.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { broken } from "../provider-failure.ts";
import { type Json, parseExact } from "../../wire/json.ts";
import { opaquesOf } from "./carry.ts";
import { decodeCitation } from "./citations.ts";
import { decodePart } from "./decode-blocks.ts";
import { readFinish } from "./finish.ts";
import { extrasOf, isMembers, numberOf, objectOf, restOf } from "./members.ts";
import { readUsage } from "./usage.ts";

type Kind = "text" | "reasoning" | "tool-call" | "whole";

interface OpenBlock {
  readonly kind: Kind;
  /** -1: told when it ends. */
  readonly index: number;
  /** Of one that is told when it ends: its part of the content, as far as it has come. */
  readonly part: JsonObject;
  /** How many characters were told. */
  length: number;
  /** Half of a character, whose other half comes with the next delta. */
  half: string;
  /** Text of a call that is told when it ends. */
  input: string;
  signature: string;
  readonly redacted: string[];
  readonly citations: JsonObject[];
  /** How many characters are held until it ends. */
  held: number;
}

const CHOICE = 0;
const knownOfStop: ReadonlySet<string> = new Set(["stopReason", "p"]);
const knownOfMetadata: ReadonlySet<string> = new Set(["usage", "p"]);
const heads: Readonly<Record<Exclude<Kind, "tool-call" | "whole">, BlockHead>> = { text: { kind: "text" }, reasoning: { kind: "reasoning", isSummary: false } };

const endsInHalf = (text: string): boolean => {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff;
};

/** Each piece is base64 of its own. */
const joined = (pieces: readonly string[]): string => (pieces.length === 1 ? (pieces[0] ?? "") : Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64"))).toString("base64"));

export class StreamEvents {
  isOver = false;
  readonly #origin: string;
  readonly #heldCharactersMax: number;
  #events: Event[] = [];
  #hasBegun = false;
  #finish: Finish | null = null;
  #blockCount = 0;
  readonly #open = new Map<number, OpenBlock>();
  #heldCharacters = 0;
  /** What Bedrock's own clients are told at the end. */
  #ending: JsonObject = {};

  /** `origin`: whose the opaque values are. Blocks that are held until they end may be so long together. */
  constructor(origin: string, heldCharactersMax: number) {
    this.#origin = origin;
    this.#heldCharactersMax = heldCharactersMax;
  }

  read(name: string, event: Json | undefined): void {
    if (this.isOver || !isMembers(event)) return;
    switch (name) {
      case "contentBlockDelta":
        return this.#seeDelta(event);
      case "contentBlockStart":
        return this.#seeStart(event);
      case "contentBlockStop":
        return this.#stop(numberOf(event["contentBlockIndex"]) ?? 0);
      case "messageStart":
        return this.#begin();
      case "messageStop":
        return this.#seeStop(event);
      case "metadata":
        return this.#seeMetadata(event);
    }
  }

  /** No more events will come. Having told why it stopped it was complete, counts or not. */
  end(isCut: boolean): void {
    if (this.isOver) return;
    if (this.#finish !== null && !isCut) this.#finishAll();
    else this.fail(broken("truncated", "The provider's stream ended before its answer did."));
  }

  fail(failure: ProviderFailure): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#events.push({ kind: "failure", failure });
  }

  take(): Event[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return this.isOver ? upToFailure(events) : events;
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#events.push({ kind: "start", id: "", model: "", createdAt: 0, serviceTier: "" });
  }

  #seeStart(event: JsonObject): void {
    this.#begin();
    const at = numberOf(event["contentBlockIndex"]) ?? 0;
    const start = objectOf(event["start"]);
    const call = objectOf(start["toolUse"]);
    const isCall = isMembers(start["toolUse"]) && typeof call["type"] !== "string";
    this.#stop(at);
    if (!isCall) return void (Object.keys(start).length > 0 && this.#openBlock(at, "whole", start));
    const block = this.#openBlock(at, "tool-call", start);
    const { toolUseId, name, type: _, ...rest } = call;
    const head: BlockHead = { kind: "tool-call", id: stringOf(toolUseId), name: stringOf(name), isCustom: false };
    this.#events.push({ kind: "block-start", choice: CHOICE, index: block.index, head, ...extrasOf(rest) });
  }

  #openBlock(at: number, kind: Kind, part: JsonObject): OpenBlock {
    const block: OpenBlock = { kind, index: kind === "whole" ? -1 : this.#blockCount++, part, length: 0, half: "", input: "", signature: "", redacted: [], citations: [], held: 0 };
    this.#open.set(at, block);
    this.#hold(block, BLOCK_CHARACTERS + JSON.stringify(part).length);
    return block;
  }

  /** A block without a start begins with its first content. */
  #growing(at: number, kind: "text" | "reasoning"): OpenBlock {
    const open = this.#open.get(at);
    if (open !== undefined && open.kind === kind) return open;
    this.#begin();
    this.#stop(at);
    const block = this.#openBlock(at, kind, {});
    this.#events.push({ kind: "block-start", choice: CHOICE, index: block.index, head: heads[kind] });
    return block;
  }

  #hold(block: OpenBlock, characters: number): void {
    block.held += characters;
    this.#heldCharacters += characters;
    if (this.#heldCharacters > this.#heldCharactersMax) this.fail(broken("too_large", "A block of the provider's stream was larger than may be held."));
  }

  #seeDelta(event: JsonObject): void {
    const delta = event["delta"];
    if (!isMembers(delta)) return;
    const at = numberOf(event["contentBlockIndex"]) ?? 0;
    const { text, toolUse, reasoningContent, citation } = delta;
    if (typeof text === "string") {
      // An empty text may stand before others; it says nothing.
      if (text !== "") this.#tell(this.#growing(at, "text"), text);
    } else if (isMembers(toolUse)) this.#seeInput(at, stringOf(toolUse["input"]));
    else if (isMembers(reasoningContent)) this.#seeReasoning(at, reasoningContent);
    else if (isMembers(citation)) this.#cite(this.#growing(at, "text"), citation);
    else this.#addToWhole(at, delta);
  }

  #seeInput(at: number, input: string): void {
    const block = this.#open.get(at);
    if (block === undefined || input === "") return;
    if (block.kind === "tool-call") return this.#tell(block, input);
    if (block.kind !== "whole") return;
    block.input += input;
    this.#hold(block, input.length);
  }

  #seeReasoning(at: number, { text, signature, redactedContent }: JsonObject): void {
    if (typeof text === "string" && text !== "") this.#tell(this.#growing(at, "reasoning"), text);
    if (typeof signature === "string" && signature !== "") {
      const block = this.#growing(at, "reasoning");
      block.signature += signature;
      this.#hold(block, signature.length);
    }
    if (typeof redactedContent === "string" && redactedContent !== "") {
      const block = this.#growing(at, "reasoning");
      block.redacted.push(redactedContent);
      this.#hold(block, redactedContent.length);
    }
  }

  #cite(block: OpenBlock, citation: JsonObject): void {
    block.citations.push(citation);
    this.#hold(block, JSON.stringify(citation).length);
  }

  /** An image's bytes, or what one of Bedrock's own tools gave back. */
  #addToWhole(at: number, delta: JsonObject): void {
    const block = this.#open.get(at);
    if (block === undefined || block.kind !== "whole") return;
    for (const [key, value] of Object.entries(delta)) {
      const begun = objectOf(block.part[key]);
      if (!Object.hasOwn(block.part, key)) continue;
      block.part[key] = Array.isArray(value) ? { ...begun, content: [...(Array.isArray(begun["content"]) ? begun["content"] : []), ...value] } : { ...begun, ...objectOf(value) };
      this.#hold(block, JSON.stringify(value).length);
    }
  }

  #tell(block: OpenBlock, text: string): void {
    let whole = block.half === "" ? text : block.half + text;
    block.half = "";
    if (endsInHalf(whole)) {
      block.half = whole.slice(-1);
      whole = whole.slice(0, -1);
      if (whole === "") return;
    }
    block.length += whole.length;
    this.#events.push({ kind: "text", choice: CHOICE, index: block.index, text: whole });
  }

  #stop(at: number): void {
    const block = this.#open.get(at);
    if (block === undefined) return;
    this.#open.delete(at);
    this.#heldCharacters -= block.held;
    if (block.kind === "whole") return this.#tellWhole(block);
    const { index, half } = block;
    if (half !== "") this.#events.push({ kind: "text", choice: CHOICE, index, text: half });
    for (const citation of block.citations) this.#events.push({ kind: "citation", choice: CHOICE, index, citation: decodeCitation(citation, block.length + half.length) });
    if (block.kind === "reasoning") this.#tellOpaques(block);
    this.#events.push({ kind: "block-stop", choice: CHOICE, index });
  }

  #tellOpaques({ index, signature, redacted }: OpenBlock): void {
    const opaques = [...(opaquesOf(signature, "signature", this.#origin).opaques ?? []), ...(opaquesOf(redacted.length === 0 ? "" : joined(redacted), "redacted", this.#origin).opaques ?? [])];
    for (const opaque of opaques) this.#events.push({ kind: "opaque", choice: CHOICE, index, opaque });
  }

  #tellWhole({ part, input }: OpenBlock): void {
    const call = objectOf(part["toolUse"]);
    const whole = input === "" ? part : { ...part, toolUse: { ...call, input: parseExact(input) ?? { _raw: input } } };
    const block = decodePart(whole, { at: "", origin: this.#origin });
    if ("problem" in block || !isWhole(block)) return;
    const index = this.#blockCount++;
    this.#events.push({ kind: "block-start", choice: CHOICE, index, head: { kind: "whole", block } }, { kind: "block-stop", choice: CHOICE, index });
  }

  #stopAll(): void {
    for (const at of [...this.#open.keys()].sort((one, other) => one - other)) this.#stop(at);
  }

  #seeStop(event: JsonObject): void {
    this.#begin();
    this.#stopAll();
    this.#finish ??= readFinish(event);
    this.#ending = addMembers(this.#ending, restOf(event, knownOfStop));
  }

  #seeMetadata(event: JsonObject): void {
    this.#begin();
    if (isMembers(event["usage"])) this.#events.push({ kind: "usage", usage: readUsage(event["usage"]) });
    this.#ending = addMembers(this.#ending, restOf(event, knownOfMetadata));
    if (this.#finish !== null) this.#finishAll();
  }

  #finishAll(): void {
    this.isOver = true;
    this.#events.push({ kind: "finish", choice: CHOICE, finish: this.#finish ?? readFinish({}) }, { kind: "end", ...extrasOf(this.#ending) });
  }
}

type WholeBlock = Extract<BlockHead, { kind: "whole" }>["block"];
const wholes: ReadonlySet<string> = new Set(["image", "video", "file", "foreign"]);
const isWhole = (block: Block): block is WholeBlock => wholes.has(block.kind);
