// Events written as a stream of chat completion chunks. Calls are written one after another, because readers take a call for
// complete when the next one begins; citations are told once, at the end, because readers keep the last list that they see.
import type { Failure } from "../../errors.ts";
import { encodeEvent, KEEP_ALIVE } from "../../wire/sse-events.ts";
import type { StreamEncoder } from "../codec.ts";
import { type BlockHead, type Citation, type Conversation, type Event, type Extras, type Finish, type Logprob, type Loss, noUsage, type Opaque, updateUsage, type Usage } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { answerId, ChunkFrame, DONE, writeUsage } from "../openai-answer.ts";
import { encodeFailure } from "../openai-failure.ts";
import { writeAnnotation } from "./citations.ts";
import { isLegacy } from "./decode-tools.ts";
import { ID_PREFIX } from "./encode-reply.ts";
import { writeLogprobs } from "./logprobs.ts";
import { ownExtras, tellOpaques } from "./names.ts";
import { entryOf, opaqueEntries } from "./reasoning-details.ts";
import { finishWord, imageOf, unsaidRefusal } from "./told.ts";

type Of<Kind extends Event["kind"]> = Extract<Event, { kind: Kind }>;

/** One open block: what its deltas look like around the text. */
interface OpenBlock {
  readonly head: BlockHead;
  readonly before: string;
  readonly after: string;
  /** Of thinking: the entry of its details. Otherwise what this protocol says of the block. */
  readonly entry: JsonObject;
  readonly opaques: Opaque[];
  readonly citations: Citation[];
  length: number;
  /** Thinking that may be signed at its end. */
  thought: string;
}

const ENDING = ',"logprobs":null,"finish_reason":null}';

class ChoiceWriter {
  readonly isLegacy: boolean;
  hasText = false;
  hasRefusal = false;
  readonly #frame: ChunkFrame;
  readonly #index: number;
  readonly #beginning: string;
  readonly #losses: Loss[];
  readonly #audio: { readonly id: string; readonly expiresAt: number };
  readonly #annotations: JsonObject[] = [];
  #open: OpenBlock | null = null;
  #hasBegun = false;
  #calls = 0;
  #sounds = 0;
  #thoughts = 0;
  readonly #details: JsonObject[] = [];
  /** Length of the texts that have ended. */
  #base = 0;

  constructor(index: number, frame: ChunkFrame, isOfLegacy: boolean, audio: { readonly id: string; readonly expiresAt: number }, losses: Loss[]) {
    this.#index = index;
    this.#frame = frame;
    this.isLegacy = isOfLegacy;
    this.#beginning = `{"index":${index},"delta":`;
    this.#audio = audio;
    this.#losses = losses;
  }

  get hasCalls(): boolean {
    return this.#calls > 0;
  }

  begin({ head, extras }: Of<"block-start">): string {
    const open = this.#openBlock(head, extras);
    this.#open = open;
    const role = this.#hasBegun ? "" : this.#chunk({ role: "assistant", content: head.kind === "text" ? "" : null });
    this.#hasBegun = true;
    return role + this.#first(open);
  }

  text({ text, logprobs }: Of<"text">): string {
    const open = this.#open;
    if (open === null) return "";
    open.length += text.length;
    if (open.before === "") return "";
    if (open.head.kind === "reasoning") {
      open.thought += text;
      return this.#thought(open, text);
    }
    if (logprobs !== undefined) return this.#textWithLogprobs(open, text, logprobs);
    return text === "" ? "" : open.before + JSON.stringify(text) + open.after;
  }

  media({ data }: Of<"media">): string {
    return this.#open === null || this.#open.before === "" ? "" : this.#chunk({ audio: { data } });
  }

  opaque({ opaque }: Of<"opaque">): string {
    this.#open?.opaques.push(opaque);
    return "";
  }

  cite({ citation }: Of<"citation">): string {
    this.#open?.citations.push(citation);
    return "";
  }

  end({ extras }: Of<"block-stop">): string {
    const open = this.#open;
    if (open === null) return "";
    this.#open = null;
    switch (open.head.kind) {
      case "text":
        return this.#endText(open);
      case "reasoning":
        return this.#endThought(open);
      case "tool-call":
        return this.#endCall(open);
      case "audio":
        if (open.before === "") return "";
        return this.#chunk({ audio: { expires_at: this.#audio.expiresAt, ...open.entry, ...ownExtras(extras === undefined ? undefined : { extras }) } });
      default:
        return "";
    }
  }

  finish(finish: Finish): string {
    const role = this.#hasBegun ? "" : this.#chunk({ role: "assistant", content: "" });
    const refusal = unsaidRefusal(finish, this);
    const told = refusal === "" ? "" : this.#chunk({ refusal });
    const annotations = this.#annotations.length === 0 ? "" : this.#chunk({ annotations: this.#annotations });
    const word = JSON.stringify(finishWord(finish, this));
    return `${role}${told}${annotations}${this.#frame.chunk(`{"index":${this.#index},"delta":{},"logprobs":null,"finish_reason":${word}}`)}`;
  }

  #openBlock(head: BlockHead, extras: Extras | undefined): OpenBlock {
    const [before, after] = this.#around(head);
    const own = ownExtras(extras === undefined ? undefined : { extras });
    const entry = head.kind === "reasoning" ? entryOf(own, this.#thoughts++) : own;
    return { head, before, after, entry, opaques: [], citations: [], length: 0, thought: "" };
  }

  /** What stands around each piece of the block's text; empty for blocks without. */
  #around(head: BlockHead): readonly [string, string] {
    const delta = this.#deltaAround(head);
    if (delta === null) return ["", ""];
    const [before = "", after = ""] = this.#frame.chunk(`${this.#beginning}${delta[0]}\u0000${delta[1]}${ENDING}`).split("\u0000");
    return [before, after];
  }

  #deltaAround(head: BlockHead): readonly [string, string] | null {
    switch (head.kind) {
      case "text":
        return ['{"content":', "}"];
      case "refusal":
        return ['{"refusal":', "}"];
      case "audio":
        return this.#sounds === 0 ? ['{"audio":{"transcript":', "}}"] : null;
      case "reasoning":
        return ['{"reasoning_content":', "}"];
      case "tool-call":
        if (this.isLegacy) return this.#calls === 0 ? ['{"function_call":{"arguments":', "}}"] : null;
        return [`{"tool_calls":[{"index":${this.#calls},${head.isCustom ? '"custom":{"input":' : '"function":{"arguments":'}`, "}}]}"];
      case "whole":
        return null;
    }
  }

  #first({ head }: OpenBlock): string {
    switch (head.kind) {
      case "tool-call":
        return this.#firstOfCall(head);
      case "audio":
        return this.#firstOfSound(head);
      case "whole":
        return this.#whole(head);
      case "text":
        this.hasText = true;
        return "";
      case "refusal":
        this.hasRefusal = true;
        return "";
      default:
        return "";
    }
  }

  #firstOfCall({ id, name, isCustom }: Extract<BlockHead, { kind: "tool-call" }>): string {
    const index = this.#calls++;
    if (this.isLegacy) {
      if (index > 0) this.#lose("function_call", "major");
      return index > 0 ? "" : this.#chunk({ function_call: { name, arguments: "" } });
    }
    const called: JsonObject = isCustom ? { type: "custom", custom: { name, input: "" } } : { type: "function", function: { name, arguments: "" } };
    return this.#chunk({ tool_calls: [{ index, id, ...called }] });
  }

  /** A message has one: readers would join the others to it. */
  #firstOfSound({ id }: Extract<BlockHead, { kind: "audio" }>): string {
    const index = this.#sounds++;
    if (index === 1) this.#lose("audio", "major");
    return index === 0 ? this.#chunk({ audio: { id: id || `audio_${this.#audio.id}` } }) : "";
  }

  #whole({ block }: Extract<BlockHead, { kind: "whole" }>): string {
    const image = imageOf(block);
    if (image !== null) return this.#chunk({ images: [image] });
    this.#lose(block.kind, block.kind === "foreign" ? "minor" : "major");
    return "";
  }

  #textWithLogprobs({ head }: OpenBlock, text: string, logprobs: readonly Logprob[]): string {
    const key = head.kind === "refusal" ? "refusal" : "content";
    const told = JSON.stringify({ content: null, refusal: null, [key]: writeLogprobs(logprobs) });
    return this.#frame.chunk(`${this.#beginning}${JSON.stringify({ [key]: text })},"logprobs":${told},"finish_reason":null}`);
  }

  /** Twice: for those who only show it, and for those who send it back. */
  #thought({ head, entry, before, after }: OpenBlock, text: string): string {
    if (text === "") return "";
    const isOfSummary = head.kind === "reasoning" && head.isSummary;
    const detail: JsonObject = isOfSummary ? { type: "reasoning.summary", summary: text, ...entry } : { type: "reasoning.text", text, ...entry };
    return `${before}${JSON.stringify(text)},"reasoning_details":[${JSON.stringify(detail)}]${after}`;
  }

  #endText({ opaques, citations, length }: OpenBlock): string {
    for (const citation of citations) {
      const annotation = writeAnnotation(citation, this.#base, length);
      if (annotation === null) this.#lose("annotations", "minor");
      else this.#annotations.push(annotation);
    }
    this.#base += length;
    const signature = tellOpaques(opaques);
    return signature === "" ? "" : this.#chunk({ extra_content: { google: { thought_signature: signature } } });
  }

  /** With those of the thoughts before: who keeps the last piece only has them all. */
  #endThought({ head, opaques, entry, length, thought }: OpenBlock): string {
    const isTextual = length > 0 && head.kind === "reasoning" && !head.isSummary;
    const details = opaqueEntries(opaques, isTextual, entry, isTextual ? thought : "");
    if (details.length === 0) return "";
    this.#details.push(...details);
    return this.#chunk({ reasoning_details: this.#details });
  }

  /** Arguments are never nothing, and a signature stands with its call. */
  #endCall({ head, before, after, opaques, length }: OpenBlock): string {
    const isBare = length === 0 && before !== "" && head.kind === "tool-call" && !head.isCustom;
    const bare = isBare ? `${before}"{}"${after}` : "";
    const signature = tellOpaques(opaques);
    if (signature === "" || this.isLegacy) return bare;
    // OpenAI's Python library asserts that each piece of a call has one of them (3.54).
    const nothing: JsonObject = head.kind === "tool-call" && head.isCustom ? { custom: { input: "" } } : { function: { arguments: "" } };
    return bare + this.#chunk({ tool_calls: [{ index: this.#calls - 1, ...nothing, extra_content: { google: { thought_signature: signature } } }] });
  }

  #chunk(delta: JsonObject): string {
    return this.#frame.chunk(this.#beginning + JSON.stringify(delta) + ENDING);
  }

  #lose(path: string, severity: Loss["severity"]): void {
    this.#losses.push({ path: `choices[${this.#index}].${path}`, reason: "unsupported", severity });
  }
}

class ChatEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #asked: Conversation;
  readonly #order = new OneAtATime();
  readonly #choices = new Map<number, ChoiceWriter>();
  readonly #usage: Usage = noUsage();
  #frame: ChunkFrame | null = null;
  #audio = { id: "", expiresAt: 0 };
  #isEnded = false;

  constructor(asked: Conversation) {
    this.#asked = asked;
  }

  push(event: Event): string {
    if (this.#isEnded) return "";
    switch (event.kind) {
      case "text":
        return this.#order.isFree(event) ? this.#choice(event.choice).text(event) : this.#write(event);
      case "start":
        return this.#start(event);
      case "usage":
        updateUsage(this.#usage, event.usage);
        return "";
      case "ping":
        return KEEP_ALIVE;
      case "finish":
        return this.#choice(event.choice).finish(event.finish);
      case "failure":
        return "";
      case "end":
        return this.#end();
      default:
        return this.#write(event);
    }
  }

  get isOverfull(): boolean {
    return this.#order.isOverfull;
  }

  fail(failure: Failure): string {
    if (this.#isEnded) return "";
    this.#isEnded = true;
    return encodeEvent(encodeFailure(failure));
  }

  #write(event: Event): string {
    const [first, ...others] = this.#order.push(event);
    let text = first === undefined ? "" : this.#writeBlock(first);
    for (const other of others) text += this.#writeBlock(other);
    return text;
  }

  #writeBlock(event: Event): string {
    switch (event.kind) {
      case "text":
        return this.#choice(event.choice).text(event);
      case "block-start":
        return this.#choice(event.choice).begin(event);
      case "block-stop":
        return this.#choice(event.choice).end(event);
      case "media":
        return this.#choice(event.choice).media(event);
      case "opaque":
        return this.#choice(event.choice).opaque(event);
      case "citation":
        return this.#choice(event.choice).cite(event);
      default:
        return "";
    }
  }

  #start({ id, createdAt, serviceTier, extras }: Of<"start">): string {
    const { model, isUsageWanted } = this.#asked;
    const envelope: JsonObject = {
      ...ownExtras(extras === undefined ? undefined : { extras }),
      id: answerId(id, ID_PREFIX),
      object: "chat.completion.chunk",
      created: createdAt,
      model,
      ...(serviceTier === "" ? {} : { service_tier: serviceTier }),
    };
    this.#frame = new ChunkFrame(envelope, isUsageWanted);
    this.#audio = { id, expiresAt: createdAt };
    return "";
  }

  #choice(index: number): ChoiceWriter {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    if (this.#frame === null) this.#start({ kind: "start", id: "", model: "", createdAt: 0, serviceTier: "" });
    const choice = new ChoiceWriter(index, this.#frame ?? new ChunkFrame({}, false), isLegacy(this.#asked.tools), this.#audio, this.losses);
    this.#choices.set(index, choice);
    return choice;
  }

  #end(): string {
    this.#isEnded = true;
    const usage = this.#asked.isUsageWanted ? writeUsage(this.#usage) : null;
    return (usage === null || this.#frame === null ? "" : this.#frame.usage(usage)) + DONE;
  }
}

export const encodeStream = (asked: Conversation): StreamEncoder => new ChatEncoder(asked);
