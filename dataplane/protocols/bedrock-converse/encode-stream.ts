// Neutral events as a Converse stream, for a client: one block at a time, each begun when it has something to say; only calls
// and images have a start of their own. The reason for the end and the counts come last, in this order.
//
//   fresh ── start ──▶ begun ── end ──▶ over: messageStop, metadata
//     fail ──▶ over: an exception, and no messageStop
import type { Failure } from "../../errors.ts";
import type { StreamEncoder } from "../codec.ts";
import { type BlockHead, type Citation, type Conversation, type Event, type Finish, type Loss, noUsage, type Opaque, updateUsage } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { isMembers, NAME, objectOf, ownOf } from "./members.ts";
import { carriedBy, carrierFor, type Neighbour } from "./carry.ts";
import { encodeCitation, isOfPart, placeLoss } from "./citations.ts";
import { callInput, imageOf, NO_METRICS, readable, tierOf } from "./encode-reply.ts";
import { writeFinish } from "./finish.ts";
import { blockDelta, blockStart, blockStop, type DeltaShape, exception, growth, inputShape, messageStart, messageStop, metadata, reasoningShape, textShape } from "./frames.ts";
import { writeUsage } from "./usage.ts";

type BlockEvent = Extract<Event, { index: number }>;
type GrowingHead = Exclude<BlockHead, { kind: "whole" }>;

interface Current {
  /** The neutral one. */
  readonly index: number;
  readonly head: GrowingHead;
  readonly own: JsonObject;
  /** Null until the block is begun. */
  shape: DeltaShape | null;
  hasText: boolean;
  /** Of its text so far. */
  length: number;
  readonly citations: Citation[];
  opaques: Opaque[];
  /** Of a custom tool, whose text is put into an object. */
  input: string;
}

const NOTHING = Buffer.alloc(0);
const NO_CHOICE = 0;
/** Members of the end that stand beside the reason; the others stand beside the counts. */
const BESIDE_REASON = "additionalModelResponseFields";

class ConverseStreamEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #order = new OneAtATime();
  readonly #usage = noUsage();
  #written: Buffer[] = [];
  #hasBegun = false;
  #isOver = false;
  #tier = "";
  #own: JsonObject = {};
  #finish: Finish = { reason: "other", raw: "" };
  #current: Current | null = null;
  #blockCount = 0;
  #hasCalls = false;

  push(event: Event): Buffer {
    const current = this.#current;
    if (event.kind === "text" && current !== null && current.shape !== null && current.index === event.index && event.choice === NO_CHOICE && event.text !== "") {
      current.length += event.text.length;
      return growth(current.shape, event.text);
    }
    if (!this.#isOver) this.#see(event);
    return this.#take();
  }

  get isOverfull(): boolean {
    return this.#order.isOverfull;
  }

  fail(failure: Failure): Buffer {
    if (this.#isOver) return NOTHING;
    this.#isOver = true;
    this.#current = null;
    return exception(failure);
  }

  #take(): Buffer {
    const written = this.#written;
    if (written.length === 0) return NOTHING;
    this.#written = [];
    return written.length === 1 ? (written[0] ?? NOTHING) : Buffer.concat(written);
  }

  #see(event: Event): void {
    switch (event.kind) {
      case "start":
        this.#tier = event.serviceTier;
        this.#own = ownOf(event);
        return this.#begin();
      case "usage":
        return updateUsage(this.#usage, event.usage);
      case "finish":
        if (event.choice === NO_CHOICE) this.#finish = event.finish;
        return;
      case "end":
        return this.#end(event);
      // The protocol has nothing that says nothing.
      case "ping":
      case "failure":
        return;
      default:
        if (event.choice === NO_CHOICE) this.#seeBlock(event);
    }
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#written.push(messageStart());
  }

  #end({ extras }: Extract<Event, { kind: "end" }>): void {
    this.#begin();
    this.#isOver = true;
    this.#current = null;
    const own = { ...this.#own, ...extras?.[NAME] };
    const { [BESIDE_REASON]: _, ...beside } = own;
    this.#written.push(messageStop(writeFinish(this.#finish, this.#hasCalls, own)), metadata({ usage: writeUsage(this.#usage), metrics: NO_METRICS, ...tierOf(this.#tier), ...beside }));
  }

  #seeBlock(event: BlockEvent): void {
    this.#begin();
    for (const ready of this.#order.push(event)) this.#writeBlock(ready as BlockEvent);
  }

  #writeBlock(event: BlockEvent): void {
    if (event.kind === "block-start") return this.#startBlock(event);
    const current = this.#current;
    if (current === null) return;
    switch (event.kind) {
      case "text":
        return this.#addText(current, event.text);
      case "opaque":
        current.opaques.push(event.opaque);
        return;
      case "citation":
        return this.#addCitation(current, event.citation);
      case "media":
        return;
      case "block-stop":
        this.#current = null;
        return this.#stopBlock(current);
    }
  }

  #startBlock({ index, head, extras }: Extract<Event, { kind: "block-start" }>): void {
    if (head.kind === "whole") return this.#writeWhole(head.block);
    this.#current = { index, head, own: extras?.[NAME] ?? {}, shape: null, hasText: false, length: 0, citations: [], opaques: [], input: "" };
    if (head.kind === "audio") this.losses.push({ path: "content.audio", reason: "unsupported", severity: "major" });
  }

  #writeWhole(block: Extract<BlockHead, { kind: "whole" }>["block"]): void {
    const image = imageOf(block);
    if (image !== null) return this.#writeAtOnce({ image: { format: image.format } }, { image: { source: { bytes: image.bytes } } });
    if (block.kind === "foreign" && block.protocol === NAME) return this.#writeOwn(block.value);
    const text = readable(block, this.losses);
    if (text !== "") this.#writeAtOnce(null, { text });
  }

  /** What Bedrock's own tools asked and gave, as it tells them in streams. */
  #writeOwn(part: JsonObject): void {
    const { toolUse, toolResult } = part;
    if (isMembers(toolUse)) {
      const { input = {}, ...start } = toolUse;
      return this.#writeAtOnce({ toolUse: start }, { toolUse: { input: JSON.stringify(input) } });
    }
    if (!isMembers(toolResult)) return;
    const { content = [], ...start } = objectOf(toolResult);
    this.#writeAtOnce({ toolResult: start }, { toolResult: content });
  }

  #writeAtOnce(start: JsonObject | null, delta: JsonObject): void {
    const index = this.#blockCount++;
    if (start !== null) this.#written.push(blockStart(index, start));
    this.#written.push(blockDelta(index, delta), blockStop(index));
  }

  /** What came before the block has something to say stands before it. */
  #open(current: Current): DeltaShape {
    const { head, own } = current;
    if (head.kind !== "reasoning") this.#carry(current, "next");
    const index = this.#blockCount++;
    if (head.kind === "tool-call") {
      this.#hasCalls = true;
      this.#written.push(blockStart(index, { toolUse: { toolUseId: head.id, name: head.name, ...own } }));
    }
    current.shape = head.kind === "reasoning" ? reasoningShape(index) : head.kind === "tool-call" ? inputShape(index) : textShape(index);
    return current.shape;
  }

  #carry(current: Current, neighbour: Neighbour): void {
    for (const part of carrierFor(current.opaques, neighbour)) this.#writeAtOnce(null, part);
    current.opaques = [];
  }

  #addText(current: Current, text: string): void {
    const { head } = current;
    if (text === "") return;
    if (head.kind === "tool-call" && head.isCustom) {
      current.input += text;
      return;
    }
    current.hasText = true;
    current.length += text.length;
    const shape = current.shape ?? this.#open(current);
    this.#written.push(growth(shape, text));
  }

  #addCitation(current: Current, citation: Citation): void {
    if (current.head.kind !== "text") return;
    current.citations.push(citation);
    if (current.shape === null) this.#open(current);
    this.#written.push(blockDelta(this.#blockCount - 1, { citation: encodeCitation(citation) }));
  }

  #stopBlock(current: Current): void {
    const { head, citations, length } = current;
    if (citations.some((citation) => isOfPart(citation, length))) this.losses.push(placeLoss);
    if (head.kind === "reasoning") return this.#stopReasoning(current);
    if (head.kind === "tool-call") this.#endInput(current, head);
    else if (current.shape === null) return this.#carry(current, "alone");
    this.#written.push(blockStop(this.#blockCount - 1));
    this.#carry(current, "previous");
  }

  /** A call of nothing is one of an empty object: clients parse what has come. */
  #endInput(current: Current, { isCustom }: Extract<GrowingHead, { kind: "tool-call" }>): void {
    if (current.shape !== null) return;
    this.#written.push(growth(this.#open(current), JSON.stringify(callInput({ arguments: current.input, isCustom }))));
  }

  /** Without a text it is told when it ends, and only when it holds something. */
  #stopReasoning(current: Current): void {
    const carried = carriedBy(current.opaques, current.hasText);
    if (!current.hasText && carried === null) return;
    if (current.shape === null) this.#open(current);
    const index = this.#blockCount - 1;
    if (carried !== null) this.#written.push(blockDelta(index, { reasoningContent: carried }));
    this.#written.push(blockStop(index));
  }
}

export const encodeStream = (_asked: Conversation): StreamEncoder => new ConverseStreamEncoder();
