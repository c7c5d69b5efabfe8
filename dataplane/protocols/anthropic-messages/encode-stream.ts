// Neutral events as Anthropic's stream, for a client: one block at a time, each begun when it has something to say, the
// counts and the reason at the end. It waits for nothing but for the first block, so that early counts stand in the beginning.
//
//   fresh ── start ──▶ held ── any event but counts ──▶ begun ── end ──▶ over
//     fail ──▶ over: an error event, and no message_stop
import type { Failure } from "../../errors.ts";
import type { StreamEncoder } from "../codec.ts";
import { type BlockHead, type Citation, type Conversation, type Event, type Finish, type Loss, noUsage, type Opaque, updateUsage } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { encodeEvent } from "../../wire/sse-events.ts";
import { isObject } from "../../wire/json.ts";
import { carrierFor, nativeOf, signatureOf } from "./carry.ts";
import { encodeCitation, isOfPart, placeLoss } from "./citations.ts";
import { callInput, messageId, readable } from "./encode-reply.ts";
import { failureBody } from "./failure.ts";
import { writeFinish } from "./finish.ts";
import { NAME, ownOf } from "./members.ts";
import { blockStart, blockStop, delta, DELTA_END, deltaBegin, messageDelta, messageStart, messageStop, ping, wholeBlock } from "./stream-frames.ts";
import { writeUsage } from "./usage.ts";

type Start = Extract<Event, { kind: "start" }>;
type BlockEvent = Extract<Event, { index: number }>;
type GrowingHead = Exclude<BlockHead, { kind: "whole" }>;

interface Current {
  /** The neutral one. */
  readonly index: number;
  readonly head: GrowingHead;
  readonly own: JsonObject;
  /** What stands before the text of a delta; "" until the block is begun. */
  begin: string;
  /** Of its text so far. */
  length: number;
  readonly citations: Citation[];
  opaques: Opaque[];
  /** Of a custom tool, whose text is put into an object. */
  input: string;
}

const NO_CHOICE = 0;
const deltas: Readonly<Record<GrowingHead["kind"], readonly [type: string, member: string]>> = {
  text: ["text_delta", "text"],
  refusal: ["text_delta", "text"],
  audio: ["text_delta", "text"],
  reasoning: ["thinking_delta", "thinking"],
  "tool-call": ["input_json_delta", "partial_json"],
};

/** Members of the end that stand in the message's delta; the others stand beside it. */
const inDelta: ReadonlySet<string> = new Set(["container"]);
const besideDelta: ReadonlySet<string> = new Set(["context_management", "input_transformations"]);
/** Counts that the delta has; the others stand in the beginning only. */
const atEnd: ReadonlySet<string> = new Set(["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens", "output_tokens_details", "server_tool_use"]);
const pick = (from: JsonObject, keys: ReadonlySet<string>): JsonObject => Object.fromEntries(Object.entries(from).filter(([key]) => keys.has(key)));

class MessagesStreamEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #model: string;
  readonly #order = new OneAtATime();
  readonly #usage = noUsage();
  #held: Start | null = null;
  #isOver = false;
  #tier = "";
  #own: JsonObject = {};
  #finish: Finish = { reason: "other", raw: "" };
  #current: Current | null = null;
  #blockCount = 0;
  #hasText = false;
  #hasCalls = false;

  constructor(model: string) {
    this.#model = model;
  }

  push(event: Event): string {
    const current = this.#current;
    if (event.kind === "text" && current !== null && current.begin !== "" && current.index === event.index && event.choice === NO_CHOICE) {
      current.length += event.text.length;
      return current.begin + JSON.stringify(event.text) + DELTA_END;
    }
    return this.#isOver ? "" : this.#see(event);
  }

  get isOverfull(): boolean {
    return this.#order.isOverfull;
  }

  fail(failure: Failure): string {
    if (this.#isOver) return "";
    this.#isOver = true;
    this.#current = null;
    return encodeEvent(JSON.stringify(failureBody(failure)), "error");
  }

  #see(event: Event): string {
    switch (event.kind) {
      case "start":
        this.#held = event;
        this.#tier = event.serviceTier;
        this.#own = ownOf(event);
        return "";
      case "usage":
        updateUsage(this.#usage, event.usage);
        return "";
      case "ping":
        return this.#begin() + ping;
      case "finish":
        if (event.choice === NO_CHOICE) this.#finish = event.finish;
        return "";
      case "end":
        return this.#end(event);
      case "failure":
        return "";
      default:
        return event.choice === NO_CHOICE ? this.#writeBlocks(event) : "";
    }
  }

  #begin(): string {
    if (this.#held === null) return "";
    const { id } = this.#held;
    this.#held = null;
    return messageStart({
      id: messageId(id),
      type: "message",
      role: "assistant",
      model: this.#model,
      content: [],
      ...this.#own,
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: writeUsage(this.#usage, this.#tier),
    });
  }

  #end({ extras }: Extract<Event, { kind: "end" }>): string {
    const begun = this.#begin();
    this.#isOver = true;
    this.#current = null;
    const { usage: native, ...own } = { ...this.#own, ...extras?.[NAME] };
    const finish = writeFinish(this.#finish, { hasText: this.#hasText, hasCalls: this.#hasCalls }, own);
    const usage = isObject(native) ? native : this.#usageAtEnd();
    return begun + messageDelta({ ...finish, ...pick(own, inDelta) }, { usage, ...pick(own, besideDelta) }) + messageStop;
  }

  /** Here, and only here, the input may be unknown. */
  #usageAtEnd(): JsonObject {
    const usage = pick(writeUsage(this.#usage, this.#tier), atEnd);
    return this.#usage.inputTokens < 0 ? { ...usage, input_tokens: null } : usage;
  }

  #writeBlocks(event: BlockEvent): string {
    let text = this.#begin();
    for (const ready of this.#order.push(event)) text += this.#writeBlock(ready as BlockEvent);
    return text;
  }

  #writeBlock(event: BlockEvent): string {
    if (event.kind === "block-start") return this.#startBlock(event);
    const current = this.#current;
    if (current === null) return "";
    switch (event.kind) {
      case "text":
        return this.#addText(current, event.text);
      case "opaque":
        current.opaques.push(event.opaque);
        return "";
      case "citation":
        return this.#addCitation(current, event.citation);
      case "media":
        return "";
      case "block-stop":
        this.#current = null;
        return this.#stopBlock(current);
    }
  }

  #startBlock({ index, head, extras }: Extract<Event, { kind: "block-start" }>): string {
    if (head.kind !== "whole") {
      this.#current = { index, head, own: extras?.[NAME] ?? {}, begin: "", length: 0, citations: [], opaques: [], input: "" };
      if (head.kind === "audio") this.losses.push({ path: "content.audio", reason: "unsupported", severity: "major" });
      return "";
    }
    const { block } = head;
    if (block.kind === "foreign" && block.protocol === NAME) return wholeBlock(this.#blockCount++, block.value);
    const written = readable(block, this.losses);
    if (written === "") return "";
    const at = this.#blockCount++;
    this.#hasText = true;
    return blockStart(at, { type: "text", text: "" }) + delta(at, "text_delta", "text", written) + blockStop(at);
  }

  /** What came before the block has something to say stands before it. */
  #open(current: Current): string {
    const { head, own } = current;
    const carrier = head.kind === "reasoning" ? "" : this.#carry(current, "next");
    const index = this.#blockCount++;
    const [type, member] = deltas[head.kind];
    current.begin = deltaBegin(index, type, member);
    return carrier + blockStart(index, { ...this.#emptyBlock(head), ...own });
  }

  #emptyBlock(head: GrowingHead): JsonObject {
    if (head.kind === "reasoning") return { type: "thinking", thinking: "", signature: "" };
    if (head.kind === "tool-call") {
      this.#hasCalls = true;
      return { type: "tool_use", id: head.id, name: head.name, input: {} };
    }
    this.#hasText = true;
    return { type: "text", text: "" };
  }

  #carry(current: Current, neighbour: "next" | "previous" | "alone"): string {
    const blocks = carrierFor(current.opaques, neighbour);
    current.opaques = [];
    return blocks.map((block) => wholeBlock(this.#blockCount++, block)).join("");
  }

  #addText(current: Current, text: string): string {
    const { head } = current;
    if (head.kind === "tool-call" && head.isCustom) {
      current.input += text;
      return "";
    }
    const opening = current.begin === "" ? this.#open(current) : "";
    current.length += text.length;
    return opening + current.begin + JSON.stringify(text) + DELTA_END;
  }

  #addCitation(current: Current, citation: Citation): string {
    if (current.head.kind !== "text") return "";
    current.citations.push(citation);
    const opening = current.begin === "" ? this.#open(current) : "";
    return opening + delta(this.#blockCount - 1, "citations_delta", "citation", encodeCitation(citation));
  }

  #stopBlock(current: Current): string {
    const { head, citations, length } = current;
    if (citations.some((citation) => isOfPart(citation, length))) this.losses.push(placeLoss);
    if (head.kind === "reasoning") return this.#stopReasoning(current);
    if (head.kind !== "tool-call" && current.begin === "") return this.#carry(current, "alone");
    const opening = current.begin === "" ? this.#open(current) : "";
    const input = head.kind === "tool-call" && head.isCustom ? current.begin + JSON.stringify(JSON.stringify(callInput({ arguments: current.input, isCustom: true }))) + DELTA_END : "";
    return opening + input + blockStop(this.#blockCount - 1) + this.#carry(current, "previous");
  }

  /** Without a text it is told when it ends, and only when it holds something. */
  #stopReasoning({ begin, opaques, own }: Current): string {
    const signature = signatureOf(opaques);
    if (begin !== "") {
      const index = this.#blockCount - 1;
      return (signature === "" ? "" : delta(index, "signature_delta", "signature", signature)) + blockStop(index);
    }
    const redacted = nativeOf(opaques, "redacted");
    if (redacted !== null) return wholeBlock(this.#blockCount++, { type: "redacted_thinking", data: redacted });
    return signature === "" ? "" : wholeBlock(this.#blockCount++, { type: "thinking", thinking: "", signature, ...own });
  }
}

export const encodeStream = (asked: Conversation): StreamEncoder => new MessagesStreamEncoder(asked.model);
