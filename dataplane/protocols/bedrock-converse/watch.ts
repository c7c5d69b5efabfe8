// Watches a Converse stream that passes through untouched. Of most frames only the headers are read; the reason for the end,
// the counts and an exception are read whole, and of the first deltas how much of them is text, for an estimate.
//
//   messageStop ──▶ finished when the stream ends here, between frames ── metadata ──▶ finished
import { type Headers, wordIn } from "../../wire/aws-event-headers.ts";
import { type FrameReader, FrameScanner } from "../../wire/aws-event-stream.ts";
import { parseJson } from "../../wire/json.ts";
import { noUsage, updateUsage } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { ReportedError, StreamWatch, Summary } from "../pass-through.ts";
import { broken } from "../provider-failure.ts";
import { failureInFrame } from "./failure.ts";
import { isMembers, objectOf } from "./members.ts";
import { reported, tokensIn, writtenBytes } from "./summary.ts";
import { readUsage } from "./usage.ts";

/** What surrounds the text weighs about the same in each delta, so some tell it for all. */
const SAMPLES = 16;

export class ConverseWatch implements StreamWatch, FrameReader {
  hasEvent = false;
  hasTerminator = false;
  error: ReportedError | null = null;
  readonly #scanner: FrameScanner;
  readonly #usage = noUsage();
  #stopReason = "";
  #hasStop = false;
  #isEnded = false;
  #model = "";
  #deltas = 0;
  #deltaBytes = 0;
  #samples = 0;
  #surroundingBytes = 0;

  constructor(eventBytesMax: number) {
    this.#scanner = new FrameScanner(eventBytesMax, this);
  }

  get isFinished(): boolean {
    return this.error === null && (this.hasTerminator || (this.#hasStop && this.#isEnded)) && (!this.#isEnded || this.#scanner.isBetweenFrames);
  }

  get isBetweenEvents(): boolean {
    return this.#scanner.isBetweenFrames;
  }

  get isOversize(): boolean {
    return this.#scanner.isOversize;
  }

  push(chunk: Buffer): number {
    const passing = this.#scanner.push(chunk);
    const { problem } = this.#scanner;
    if (problem !== "") this.error ??= reported(broken("broken_frame", `The provider's stream is broken: ${problem}.`));
    return passing;
  }

  end(): Summary {
    this.#isEnded = true;
    const outputTokensEstimate = this.#usage.outputTokens < 0 ? this.#estimate() : 0;
    return { ...this.#usage, finishReason: this.#stopReason, model: this.#model, outputTokensEstimate };
  }

  wants(headers: Headers): boolean {
    if (wordIn(headers, ":message-type") !== "event") return true;
    const name = wordIn(headers, ":event-type");
    return name === "contentBlockDelta" ? this.#samples < SAMPLES : name === "messageStop" || name === "metadata";
  }

  see(headers: Headers, payload: Buffer | null, payloadBytes: number): void {
    this.hasEvent = true;
    const name = wordIn(headers, ":event-type");
    if (name === "contentBlockDelta") this.#seeDelta(payload, payloadBytes);
    else if (payload !== null) this.#seeWhole(headers, name, payload.toString("utf8"));
  }

  #seeWhole(headers: Headers, name: string, text: string): void {
    const failure = failureInFrame(headers, text);
    if (failure !== null) this.error ??= reported(failure);
    const document = parseJson(text);
    const event = isMembers(document) ? document : {};
    if (name === "messageStop") {
      this.#hasStop = true;
      this.#stopReason = stringOf(event["stopReason"]);
    } else if (name === "metadata") this.#seeMetadata(event);
  }

  #seeMetadata(event: JsonObject): void {
    this.hasTerminator ||= this.#hasStop;
    updateUsage(this.#usage, readUsage(event["usage"]));
    this.#model = stringOf(objectOf(objectOf(event["trace"])["promptRouter"])["invokedModelId"]);
  }

  #seeDelta(payload: Buffer | null, payloadBytes: number): void {
    this.#deltas++;
    this.#deltaBytes += payloadBytes;
    if (payload === null) return;
    const event = parseJson(payload.toString("utf8"));
    this.#samples++;
    this.#surroundingBytes += payloadBytes - (isMembers(event) ? writtenBytes(objectOf(event["delta"])) : 0);
  }

  #estimate(): number {
    if (this.#samples === 0) return 0;
    return tokensIn(Math.max(0, this.#deltaBytes - (this.#deltas * this.#surroundingBytes) / this.#samples));
  }
}
