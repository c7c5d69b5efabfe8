// Events written as a stream of older completions: texts, and why each ended.
// What is no text is told as a loss once for each block, and citations once for each choice.
import type { Failure } from "../../errors.ts";
import { encodeEvent, KEEP_ALIVE } from "../../wire/sse-events.ts";
import type { StreamEncoder } from "../codec.ts";
import { type Conversation, type Event, type Loss, noUsage, updateUsage, type Usage } from "../ir.ts";
import { answerId, ChunkFrame, DONE, writeUsage } from "../openai-answer.ts";
import { encodeFailure } from "../openai-failure.ts";
import { citationLoss, lossOf } from "./encode-reply.ts";
import { echoOf, finishWord, ID_PREFIX, writeLogprobs } from "./names.ts";

type Of<Kind extends Event["kind"]> = Extract<Event, { kind: Kind }>;

interface Line {
  /** Indices of blocks that are texts. */
  readonly texts: Set<number>;
  length: number;
  isCited: boolean;
}

class CompletionEncoder implements StreamEncoder {
  readonly losses: Loss[] = [];
  readonly #asked: Conversation;
  readonly #lines = new Map<number, Line>();
  readonly #usage: Usage = noUsage();
  #frame: ChunkFrame;
  #isEnded = false;

  constructor(asked: Conversation) {
    this.#asked = asked;
    this.#frame = this.#frameOf("", 0);
  }

  push(event: Event): string {
    if (this.#isEnded) return "";
    switch (event.kind) {
      case "start":
        this.#frame = this.#frameOf(event.id, event.createdAt);
        return "";
      case "block-start":
        return this.#begin(event);
      case "text":
        return this.#text(event);
      case "citation":
        return this.#cite(event.choice);
      case "usage":
        updateUsage(this.#usage, event.usage);
        return "";
      case "finish":
        return this.#echoed(event.choice) + this.#chunk(event.choice, "", "null", JSON.stringify(finishWord(event.finish)));
      case "end":
        return this.#end();
      case "ping":
        return KEEP_ALIVE;
      default:
        return "";
    }
  }

  fail(failure: Failure): string {
    if (this.#isEnded) return "";
    this.#isEnded = true;
    return encodeEvent(encodeFailure(failure));
  }

  #frameOf(id: string, created: number): ChunkFrame {
    const { model, isUsageWanted } = this.#asked;
    return new ChunkFrame({ id: answerId(id, ID_PREFIX), object: "text_completion", created, model }, isUsageWanted);
  }

  #begin({ choice, index, head }: Of<"block-start">): string {
    const echo = this.#echoed(choice);
    const kind = head.kind === "whole" ? head.block.kind : head.kind;
    if (kind === "text" || kind === "refusal") this.#line(choice).texts.add(index);
    else this.losses.push(lossOf(kind, choice));
    return echo;
  }

  #text({ choice, index, text, logprobs }: Of<"text">): string {
    const line = this.#line(choice);
    if (!line.texts.has(index) || (text === "" && logprobs === undefined)) return "";
    const told = logprobs === undefined ? "null" : JSON.stringify(writeLogprobs(logprobs, line.length));
    line.length += text.length;
    return this.#chunk(choice, text, told, "null");
  }

  #cite(choice: number): string {
    const line = this.#line(choice);
    if (!line.isCited) this.losses.push(citationLoss(choice));
    line.isCited = true;
    return "";
  }

  /** The prompt, where the client wants to read it first; once for each choice. */
  #echoed(choice: number): string {
    if (this.#lines.has(choice)) return "";
    const echo = echoOf(this.#asked);
    this.#line(choice).length = echo.length;
    return echo === "" ? "" : this.#chunk(choice, echo, "null", "null");
  }

  #line(choice: number): Line {
    let line = this.#lines.get(choice);
    if (line === undefined) this.#lines.set(choice, (line = { texts: new Set(), length: 0, isCited: false }));
    return line;
  }

  #chunk(choice: number, text: string, logprobs: string, reason: string): string {
    return this.#frame.chunk(`{"text":${JSON.stringify(text)},"index":${choice},"logprobs":${logprobs},"finish_reason":${reason}}`);
  }

  #end(): string {
    this.#isEnded = true;
    const usage = this.#asked.isUsageWanted ? writeUsage(this.#usage) : null;
    return (usage === null ? "" : this.#frame.usage(usage)) + DONE;
  }
}

export const encodeStream = (asked: Conversation): StreamEncoder => new CompletionEncoder(asked);
