// Neutral events as Gemini's stream, for a client: chunks that say what is new, one block of a candidate at a time, calls whole.
// Why a candidate ended, its sources and the counts stand in its last chunk, which no chunk follows.
//
//   fresh ── start ──▶ running ── end ──▶ over
//     fail ──▶ over: an error in place of a response
import type { Failure } from "../../errors.ts";
import type { StreamEncoder } from "../codec.ts";
import { type BlockHead, type Citation, type Conversation, type Event, type Finish, type Logprob, type Loss, noUsage, type Opaque, updateUsage } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { signed } from "./carry.ts";
import { encodeFailure } from "./failure.ts";
import { writeBlock, writeFinish } from "./finish.ts";
import { Grounding } from "./grounding.ts";
import { writeLogprobs } from "./logprobs.ts";
import { PartWriter, soundPart } from "./part-writer.ts";
import { ChunkFrame, type Frames, framesFor } from "./stream-frames.ts";
import { writeUsage } from "./usage.ts";

type BlockEvent = Extract<Event, { index: number }>;
type GrowingHead = Exclude<BlockHead, { kind: "whole" }>;

interface Current {
  readonly index: number;
  readonly head: GrowingHead;
  /** A part of it was written: the next piece of text needs nothing but its frame. */
  hasBegun: boolean;
  pieces: string[];
  opaques: Opaque[];
  citations: Citation[];
}

interface Line {
  readonly frame: ChunkFrame;
  readonly writer: PartWriter;
  readonly grounding: Grounding;
  current: Current | null;
  finish: Finish;
  /** Parts as a client counts them that joins the pieces. */
  parts: number;
}

const unfinished: Finish = { reason: "other", raw: "" };
const FIRST = 0;

class GeminiStreamEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #asked: Conversation;
  readonly #frames: Frames;
  readonly #order = new OneAtATime();
  readonly #lines = new Map<number, Line>();
  readonly #usage = noUsage();
  #id = "";
  #tier = "";
  #isOver = false;

  constructor(asked: Conversation) {
    this.#asked = asked;
    this.#frames = framesFor(asked);
  }

  push(event: Event): string {
    if (event.kind === "text") {
      const line = this.#lines.get(event.choice);
      const current = line?.current ?? null;
      if (line !== undefined && current !== null && current.index === event.index) return this.#text(line, current, event.text, event.logprobs);
    }
    return this.#isOver ? "" : this.#see(event);
  }

  get isOverfull(): boolean {
    return this.#order.isOverfull;
  }

  fail(failure: Failure): string {
    if (this.#isOver) return "";
    this.#isOver = true;
    this.#lines.clear();
    return this.#frames.fail(encodeFailure(failure));
  }

  #see(event: Event): string {
    switch (event.kind) {
      case "start":
        this.#id = event.id;
        this.#tier = event.serviceTier;
        return "";
      case "usage":
        updateUsage(this.#usage, event.usage);
        return "";
      case "finish":
        this.#line(event.choice).finish = event.finish;
        return "";
      case "end":
        return this.#end();
      // Google's own library for Python takes a comment for a broken chunk, and a list has no place for one.
      case "ping":
      case "failure":
        return "";
      default:
        return this.#order.push(event).map((ready) => this.#write(ready as BlockEvent)).join("");
    }
  }

  #line(choice: number): Line {
    let line = this.#lines.get(choice);
    if (line === undefined) {
      const frame = new ChunkFrame(choice, this.#asked.model, this.#id);
      line = { frame, writer: new PartWriter(this.#asked, this.losses), grounding: new Grounding(), current: null, finish: unfinished, parts: 0 };
      this.#lines.set(choice, line);
    }
    return line;
  }

  #write(event: BlockEvent): string {
    const line = this.#line(event.choice);
    if (event.kind === "block-start") return this.#start(line, event);
    const { current } = line;
    if (current === null) return "";
    switch (event.kind) {
      case "text":
        return this.#text(line, current, event.text, event.logprobs);
      case "media":
        return current.head.kind === "audio" ? this.#part(line, current, soundPart(current.head.format, event.data)) : "";
      case "opaque":
        current.opaques.push(event.opaque);
        return "";
      case "citation":
        current.citations.push(event.citation);
        return "";
      case "block-stop":
        line.current = null;
        return this.#stop(line, current);
    }
  }

  #start(line: Line, { index, head }: Extract<Event, { kind: "block-start" }>): string {
    if (head.kind !== "whole") {
      line.current = { index, head, hasBegun: false, pieces: [], opaques: [], citations: [] };
      return "";
    }
    const parts = line.writer.write(head.block);
    line.parts += parts.length;
    return parts.length === 0 ? "" : this.#frames.chunk(line.frame.parts(parts));
  }

  #text(line: Line, current: Current, text: string, logprobs: readonly Logprob[] | undefined): string {
    const { head } = current;
    if (head.kind === "text" || head.kind === "refusal") {
      current.pieces.push(text);
      if (current.hasBegun && logprobs === undefined) return this.#frames.chunk(line.frame.textBegin + JSON.stringify(text) + line.frame.textEnd);
      return this.#firstText(line, current, text, logprobs);
    }
    if (head.kind === "audio" && current.pieces.length === 0) this.losses.push({ path: "content.parts.inlineData.transcript", reason: "unsupported", severity: "minor" });
    current.pieces.push(text);
    if (head.kind !== "reasoning" || !line.writer.showsThoughts) return "";
    this.#begin(line, current);
    return this.#frames.chunk(line.frame.textBegin + JSON.stringify(text) + line.frame.thoughtEnd);
  }

  #begin(line: Line, current: Current): void {
    if (!current.hasBegun) line.parts++;
    current.hasBegun = true;
  }

  /** What stood before it travels with its first piece. */
  #firstText(line: Line, current: Current, text: string, logprobs: readonly Logprob[] | undefined): string {
    const signature = current.hasBegun ? "" : line.writer.sign(current.opaques);
    if (!current.hasBegun) current.opaques = [];
    this.#begin(line, current);
    return this.#frames.chunk(line.frame.parts([{ text, ...signed(signature) }], writeLogprobs(logprobs)));
  }

  #part(line: Line, current: Current, part: JsonObject): string {
    const signature = line.writer.sign(current.opaques);
    current.opaques = [];
    this.#begin(line, current);
    return this.#frames.chunk(line.frame.parts([{ ...part, ...signed(signature) }]));
  }

  #stop(line: Line, current: Current): string {
    const { head, pieces, opaques } = current;
    const text = pieces.join("");
    if (head.kind === "reasoning") {
      line.writer.hold({ text, isSummary: head.isSummary, opaques });
      return "";
    }
    if (head.kind === "tool-call") {
      const { id, name, isCustom } = head;
      current.opaques = [];
      return this.#part(line, current, line.writer.call({ kind: "tool-call", at: "", id, name, arguments: text, isCustom, opaques }));
    }
    const at = current.hasBegun ? line.parts - 1 : line.parts;
    for (const citation of current.citations) line.grounding.add(citation, text, at);
    return opaques.length === 0 ? "" : this.#signature(line, opaques);
  }

  /** It came behind the text: an empty one carries it, as Google does it. */
  #signature(line: Line, opaques: readonly Opaque[]): string {
    const parts = line.writer.text("", opaques);
    line.parts += parts.length;
    return parts.length === 0 ? "" : this.#frames.chunk(line.frame.parts(parts));
  }

  #end(): string {
    this.#isOver = true;
    for (const line of this.#lines.values()) line.current = null;
    const usage = writeUsage(this.#usage, this.#tier);
    const behind: JsonObject = usage === null ? {} : { usageMetadata: usage };
    const lines = [...this.#lines.values()];
    const blocked = lines.length === 1 ? lines.find(({ finish, parts }) => finish.reason === "filter" && parts === 0) : undefined;
    if (blocked !== undefined) return this.#frames.chunk(this.#blockedChunk(blocked.finish, behind)) + this.#frames.end();
    if (lines.length === 0) lines.push(this.#line(FIRST));
    return lines.map((line) => this.#frames.chunk(this.#lastChunk(line, behind))).join("") + this.#frames.end();
  }

  #blockedChunk(finish: Finish, behind: JsonObject): string {
    return JSON.stringify({ promptFeedback: writeBlock(finish), ...behind, modelVersion: this.#asked.model, responseId: this.#id });
  }

  /** Google's own library forgets an answer of which a chunk has no part. */
  #lastChunk({ frame, writer, grounding, finish }: Line, behind: JsonObject): string {
    const rest = writer.rest();
    return frame.parts(rest.length === 0 ? [{ text: "" }] : rest, { ...writeFinish(finish), ...grounding.written() }, behind);
  }
}

export const encodeStream = (asked: Conversation): StreamEncoder => new GeminiStreamEncoder(asked);
