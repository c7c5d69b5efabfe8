// The events of one Anthropic stream, parsed, into neutral ones. Whatever carried them there: server-sent events, or frames
// of a cloud with one of these objects in each. Never throws; an event that it does not know says nothing.
//
//   fresh ── message_start, or any content ──▶ begun ── message_stop ──▶ over
//     an `error` anywhere ──▶ over
//   A block: content_block_start ──▶ open ── content_block_stop, message_delta, message_stop ──▶ ended
//
// A block that only this protocol knows is told when it has ended, because it comes whole in the neutral model.
import type { Event, Finish, ForeignBlock } from "../ir.ts";
import { addMembers, BLOCK_CHARACTERS, upToFailure } from "../held.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { broken } from "../provider-failure.ts";
import { type Json, parseExact } from "../../wire/json.ts";
import { opaquesOf } from "./carry.ts";
import { decodeCitation } from "./citations.ts";
import { argumentsOf, foreignOf } from "./decode-blocks.ts";
import { unsaidFinish } from "./decode-reply.ts";
import { failureFrom } from "./failure.ts";
import { readFinish } from "./finish.ts";
import { extrasOf, isMembers, numberOf, objectOf, restOf } from "./members.ts";
import { laterUsage, readUsage } from "./usage.ts";

interface OpenBlock {
  readonly kind: "text" | "reasoning" | "tool-call" | "foreign";
  readonly index: number;
  native: JsonObject;
  /** How many characters were told. */
  length: number;
  /** Half of a character, whose other half comes with the next delta. */
  half: string;
  /** Of a block that is told when it ends. */
  input: string;
  signature: string;
  readonly citations: JsonObject[];
  /** How many characters are held until it ends. */
  held: number;
}

const CHOICE = 0;
/** The place of a block that came in the beginning of the message. */
const WHOLE = -1;
const kinds: Readonly<Record<string, OpenBlock["kind"]>> = { text: "text", thinking: "reasoning", redacted_thinking: "reasoning", tool_use: "tool-call" };
const knownOfCall: ReadonlySet<string> = new Set(["type", "id", "name", "input"]);
const knownOfMessage: ReadonlySet<string> = new Set(["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"]);
const knownOfDelta: ReadonlySet<string> = new Set(["stop_reason", "stop_sequence"]);
const knownOfEvent: ReadonlySet<string> = new Set(["type", "delta", "usage", "amazon-bedrock-invocationMetrics"]);

const endsInHalf = (text: string): boolean => {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff;
};

export class MessageEvents {
  isOver = false;
  readonly #origin: string;
  readonly #heldCharactersMax: number;
  #events: Event[] = [];
  #hasBegun = false;
  #hasFinished = false;
  /** Said in the beginning: an answer that goes on from a call of the provider's own code is there at once. */
  #earlyFinish: Finish | null = null;
  #hasCalls = false;
  #blockCount = 0;
  readonly #open = new Map<number, OpenBlock>();
  #heldCharacters = 0;
  #usage: JsonObject = {};
  /** What Anthropic's own clients are told at the end. */
  #ending: JsonObject = {};

  /** `origin`: whose the opaque values are. A block that is held until it ends may be so long. */
  constructor(origin: string, heldCharactersMax: number) {
    this.#origin = origin;
    this.#heldCharactersMax = heldCharactersMax;
  }

  /** What one event means; `name` where its carrier told one beside it. */
  read(event: Json | undefined, name = ""): Event[] {
    if (!this.isOver) this.#read(event, name);
    return this.#take();
  }

  /** The same as `read` for several events, which `take` gives out together. */
  see(event: Json | undefined, name: string): void {
    if (!this.isOver) this.#read(event, name);
  }

  /** More text of a block, without its event; false when there is no such block of text. */
  seeText(at: number, text: string): boolean {
    const block = this.isOver ? undefined : this.#open.get(at);
    if (block?.kind !== "text") return false;
    this.#tell(block, text);
    return true;
  }

  /** What is no JSON where an event should be. */
  readText(text: string, name: string): Event[] {
    if (!this.isOver && name === "error") this.#fail(failureFrom(0, text, undefined));
    return this.#take();
  }

  /** No more events will come. Having told why it stopped it was complete, terminator or not. */
  end(isCut: boolean): Event[] {
    if (this.isOver) return [];
    if ((this.#hasFinished || this.#earlyFinish !== null) && !isCut) this.#finishAll();
    else this.#fail(broken("truncated", "The provider's stream ended before its answer did."));
    return this.#take();
  }

  fail(code: string, message: string): Event[] {
    if (!this.isOver) this.#fail(broken(code, message));
    return this.#take();
  }

  take(): Event[] {
    return this.#take();
  }

  #take(): Event[] {
    const events = this.#events;
    this.#events = [];
    return this.isOver ? upToFailure(events) : events;
  }

  #read(event: Json | undefined, name: string): void {
    if (!isMembers(event)) {
      if (name === "error" && event !== undefined) this.#fail(failureFrom(0, "", event));
      return;
    }
    switch (event["type"]) {
      case "content_block_delta":
        return this.#seeDelta(event);
      case "content_block_start":
        return this.#seeStart(event);
      case "content_block_stop":
        return this.#seeStop(event);
      case "ping":
        this.#events.push({ kind: "ping" });
        return;
      case "message_start":
        return this.#begin(objectOf(event["message"]));
      case "message_delta":
        return this.#seeMessageDelta(event);
      case "message_stop":
        return this.#finishAll();
      case "error":
        return this.#fail(failureFrom(0, "", event));
      default:
        if (name === "error" || (event["type"] === undefined && isMembers(event["error"]))) this.#fail(failureFrom(0, "", event));
    }
  }

  #fail(failure: Extract<Event, { kind: "failure" }>["failure"]): void {
    this.isOver = true;
    this.#events.push({ kind: "failure", failure });
  }

  #begin(message: JsonObject): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const usage = objectOf(message["usage"]);
    this.#events.push({
      kind: "start",
      id: stringOf(message["id"]),
      model: stringOf(message["model"]),
      createdAt: 0,
      serviceTier: stringOf(usage["service_tier"]),
      ...extrasOf(restOf(message, knownOfMessage)),
    });
    this.#earlyFinish = readFinish(message);
    this.#seeUsage(usage, this.#earlyFinish === null);
    for (const block of objectsIn(message["content"])) {
      this.#seeStart({ index: WHOLE, content_block: block });
      this.#stop(WHOLE);
    }
  }

  /** At the start the output is a few tokens of what will come: for one that breaks off that would be told as all of it. */
  #seeUsage(said: JsonObject, isOnlyBegun: boolean): void {
    if (Object.keys(said).length === 0) return;
    this.#usage = laterUsage(this.#usage, said);
    const usage = readUsage(this.#usage);
    if (isOnlyBegun) usage.outputTokens = -1;
    this.#events.push({ kind: "usage", usage });
  }

  /** Behind the reason why it stopped there is nothing more to tell. */
  #seeStart(event: JsonObject): void {
    if (this.#hasFinished) return;
    this.#begin({});
    const at = numberOf(event["index"]) ?? this.#blockCount;
    const native = objectOf(event["content_block"]);
    this.#stop(at);
    const word = stringOf(native["type"]);
    const kind = (Object.hasOwn(kinds, word) ? kinds[word] : undefined) ?? "foreign";
    const block: OpenBlock = { kind, index: kind === "foreign" ? -1 : this.#blockCount++, native, length: 0, half: "", input: "", signature: "", citations: [], held: 0 };
    this.#open.set(at, block);
    this.#hold(block, BLOCK_CHARACTERS + JSON.stringify(native).length);
    if (kind === "foreign") return;
    this.#tellStart(block);
    if (word === "text") this.#tell(block, stringOf(native["text"]));
    else if (word === "thinking") this.#tell(block, stringOf(native["thinking"]));
    block.citations.push(...objectsIn(native["citations"]));
    block.signature = stringOf(native["signature"]);
  }

  #tellStart({ kind, index, native }: OpenBlock): void {
    if (kind === "tool-call") {
      this.#hasCalls = true;
      const head = { kind, id: stringOf(native["id"]), name: stringOf(native["name"]), isCustom: false } as const;
      this.#events.push({ kind: "block-start", choice: CHOICE, index, head, ...extrasOf(restOf(native, knownOfCall)) });
    } else {
      this.#events.push({ kind: "block-start", choice: CHOICE, index, head: kind === "text" ? { kind } : { kind: "reasoning", isSummary: false } });
    }
  }

  #hold(block: OpenBlock, characters: number): void {
    block.held += characters;
    this.#heldCharacters += characters;
    if (this.#heldCharacters > this.#heldCharactersMax) this.#fail(broken("too_large", `A ${stringOf(block.native["type"])} block of the provider's stream was larger than may be held.`));
  }

  #seeDelta(event: JsonObject): void {
    const block = this.#open.get(event["index"] as number);
    const delta = event["delta"];
    if (block === undefined || !isMembers(delta)) return;
    switch (delta["type"]) {
      case "text_delta":
        return this.#tell(block, stringOf(delta["text"]));
      case "thinking_delta":
        return this.#tell(block, stringOf(delta["thinking"]));
      case "input_json_delta":
        return this.#tell(block, stringOf(delta["partial_json"]));
      case "signature_delta":
        block.signature = stringOf(delta["signature"]);
        return;
      case "citations_delta":
        if (isMembers(delta["citation"])) this.#cite(block, delta["citation"]);
        return;
      default:
        // A compaction's summary comes as one delta with members of the block.
        if (block.kind === "foreign") this.#addMembers(block, delta);
    }
  }

  #cite(block: OpenBlock, citation: JsonObject): void {
    block.citations.push(citation);
    this.#hold(block, JSON.stringify(citation).length);
  }

  #addMembers(block: OpenBlock, delta: JsonObject): void {
    const members = restOf(delta, new Set(["type"]));
    block.native = { ...block.native, ...members };
    this.#hold(block, JSON.stringify(members).length);
  }

  #tell(block: OpenBlock, text: string): void {
    if (text === "") return;
    if (block.kind === "foreign") {
      block.input += text;
      return this.#hold(block, text.length);
    }
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

  #seeStop(event: JsonObject): void {
    this.#stop(event["index"] as number);
  }

  #stop(at: number): void {
    const block = this.#open.get(at);
    if (block === undefined) return;
    this.#open.delete(at);
    this.#heldCharacters -= block.held;
    if (block.kind === "foreign") return this.#tellWhole(block);
    const { index, native } = block;
    // Some that only speak the protocol send a call's input with its beginning.
    const late = block.kind === "tool-call" && block.length === 0 && block.half === "" ? argumentsOf(native["input"]) : block.half;
    if (late !== "") this.#events.push({ kind: "text", choice: CHOICE, index, text: late });
    const length = block.length + late.length;
    if (block.kind === "text") for (const citation of block.citations) this.#events.push({ kind: "citation", choice: CHOICE, index, citation: decodeCitation(citation, length) });
    if (block.kind === "reasoning") this.#tellOpaques(block);
    this.#events.push({ kind: "block-stop", choice: CHOICE, index });
  }

  #tellOpaques({ index, native, signature }: OpenBlock): void {
    const { opaques = [] } = native["type"] === "redacted_thinking" ? opaquesOf(stringOf(native["data"]), "redacted", this.#origin) : opaquesOf(signature, "signature", this.#origin);
    for (const opaque of opaques) this.#events.push({ kind: "opaque", choice: CHOICE, index, opaque });
  }

  #tellWhole({ native, input }: OpenBlock): void {
    const value = input === "" ? native : { ...native, input: parseExact(input) ?? { _raw: input } };
    const block = foreignOf(value, "") as ForeignBlock;
    const index = this.#blockCount++;
    this.#events.push({ kind: "block-start", choice: CHOICE, index, head: { kind: "whole", block } }, { kind: "block-stop", choice: CHOICE, index });
  }

  #stopAll(): void {
    for (const at of [...this.#open.keys()].sort((one, other) => one - other)) this.#stop(at);
  }

  #seeMessageDelta(event: JsonObject): void {
    this.#begin({});
    const delta = objectOf(event["delta"]);
    this.#ending = addMembers(this.#ending, { ...restOf(event, knownOfEvent), ...restOf(delta, knownOfDelta) });
    this.#seeUsage(objectOf(event["usage"]), false);
    const finish = readFinish(delta);
    if (finish !== null) this.#finish(finish);
  }

  #finish(finish: Finish): void {
    if (this.#hasFinished) return;
    this.#stopAll();
    this.#hasFinished = true;
    this.#events.push({ kind: "finish", choice: CHOICE, finish });
  }

  /** Ended without a reason and without a word of content it has failed. */
  #finishAll(): void {
    this.#begin({});
    this.#stopAll();
    if (!this.#hasFinished && this.#blockCount === 0) return this.#fail(broken("no_content", "The provider's stream ended without any content."));
    this.#finish(this.#earlyFinish ?? unsaidFinish(this.#hasCalls));
    this.isOver = true;
    this.#events.push({ kind: "end", ...extrasOf(Object.keys(this.#usage).length === 0 ? this.#ending : { ...this.#ending, usage: this.#usage }) });
  }
}
