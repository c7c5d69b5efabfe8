// Events as a stream of this protocol: named events with numbers that have no gap, and one end that repeats the whole answer.
// Our own failure is an error event and a response that failed; there is no other terminator.
import type { Failure } from "../../errors.ts";
import { encodeEvent, KEEP_ALIVE } from "../../wire/sse-events.ts";
import type { EncodedReply, StreamEncoder } from "../codec.ts";
import type { Conversation, Event, Logprob, Loss, Reply } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { failureBody } from "../openai-failure.ts";
import { eventsOf } from "../replay.ts";
import { encodeLogprobs } from "./annotations.ts";
import { ResponseWriter } from "./response-writer.ts";
import { type Scribe, silent } from "./scribe.ts";

const TEXT_DELTA = "response.output_text.delta";

class StreamScribe implements Scribe {
  #text = "";
  #number = 0;

  event(type: string, members: JsonObject): void {
    this.#text += encodeEvent(JSON.stringify({ type, sequence_number: this.#number++, ...members }), type);
  }

  frame(type: string, place: JsonObject): string {
    const logprobs = type === TEXT_DELTA ? "1" : "0";
    return `${logprobs}event: ${type}\ndata: {"type":"${type}",${JSON.stringify(place).slice(1, -1)},"delta":`;
  }

  delta(frame: string, text: string, logprobs: readonly Logprob[] | undefined): void {
    const probabilities = frame.startsWith("1") ? `,"logprobs":${logprobs === undefined ? "[]" : JSON.stringify(encodeLogprobs(logprobs))}` : "";
    this.#text += `${frame.slice(1)}${JSON.stringify(text)}${probabilities},"sequence_number":${this.#number++}}\n\n`;
  }

  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

class ResponsesEncoder implements StreamEncoder {
  readonly #scribe = new StreamScribe();
  readonly #order = new OneAtATime();
  readonly #writer: ResponseWriter;
  #isOver = false;

  constructor(asked: Conversation) {
    this.#writer = new ResponseWriter(asked, this.#scribe);
  }

  get losses(): readonly Loss[] {
    return this.#writer.losses.list;
  }

  push(event: Event): string {
    if (event.kind === "ping") return KEEP_ALIVE;
    if (this.#isOver) return "";
    if (event.kind === "end") this.#isOver = true;
    for (const ordered of this.#order.push(event)) this.#writer.push(ordered);
    return this.#scribe.take();
  }

  get isOverfull(): boolean {
    return this.#order.isOverfull;
  }

  fail(failure: Failure): string {
    if (this.#isOver) return "";
    this.#isOver = true;
    const writer = this.#writer;
    writer.cutOff();
    const { code = null, message = null, param = null } = failureBody(failure);
    this.#scribe.event("error", { code, message, param });
    this.#scribe.event("response.failed", { response: writer.response("failed", { error: { code, message } }) });
    return this.#scribe.take();
  }
}

export const encodeStream = (asked: Conversation): StreamEncoder => new ResponsesEncoder(asked);

export const encodeReply = (reply: Reply, asked: Conversation): EncodedReply => {
  const writer = new ResponseWriter(asked, silent);
  for (const event of eventsOf(reply)) writer.push(event);
  return { body: Buffer.from(JSON.stringify(writer.last)), losses: writer.losses.list };
};
