// The way of an answer between two protocols: what the provider says is read, undone where it was said in another way, and
// written in the client's words. It drives two codecs and decides nothing about either.
import type { Failure } from "../errors.ts";
import type { ClientCodec, ProviderCodec, StreamDecoder, StreamEncoder, TargetModel, Written } from "../protocols/codec.ts";
import { isFailure } from "../protocols/codec.ts";
import { Collector } from "../protocols/collect.ts";
import type { Undo } from "../protocols/fit/index.ts";
import { noUsage, updateUsage, type Conversation, type Event, type Finish, type Loss, type ProviderFailure, type Reply, type Usage } from "../protocols/ir.ts";
import { lossComment } from "../protocols/loss-header.ts";
import type { ReportedError, Summary } from "../protocols/pass-through.ts";
import { eventsOf, textOf } from "../protocols/replay.ts";
import type { Answered, JoinPassage, Passage, Refusal, StreamPassage } from "./passage.ts";

/** What an answer is translated with. */
export interface Translating {
  readonly client: ClientCodec;
  readonly provider: ProviderCodec;
  readonly asked: Conversation;
  readonly target: TargetModel;
  readonly undo: Undo;
  /** For answers without an id of their own. */
  readonly requestId: string;
  /** Of the request, for an estimate. */
  readonly bytesIn: number;
  nowSeconds(): number;
  /** Told of what was lost on the way back. */
  onLosses(losses: readonly Loss[]): void;
}

const NOTHING = Buffer.alloc(0);
const BYTES_PER_TOKEN = 4;
const JSON_TYPE = "application/json";
/** Of what a stream is joined into: as much as of a reply that comes whole. */
const JOINED_CHARACTERS_MAX = 67_108_864;
/** No event of it was too long, and the provider told of no error. */
const OVERFULL: ReportedError = { message: "More of it grew side by side than may wait to be written one behind the other.", type: "", code: "too_large", isFoundHere: true };
/** For tokens that the provider did not count: as the header says it where the body is not begun yet. */
const ESTIMATED = ": llmgw-estimated true\n";

export class Translated implements Passage {
  readonly isUntouched = false;
  readonly streamType: string;
  readonly #parts: Translating;

  constructor(parts: Translating) {
    this.#parts = parts;
    this.streamType = parts.client.streamType(parts.asked);
  }

  /** What the provider was asked for comes in its own framing; JSON in its place is one reply. */
  isStream(type: string): boolean {
    if (type.startsWith("text/event-stream") || type.startsWith("application/x-ndjson") || type.startsWith("application/vnd.amazon.eventstream")) return true;
    return this.#parts.target.isStreaming && !type.startsWith(JSON_TYPE) && !type.startsWith("text/html");
  }

  openStream(eventBytesMax: number): StreamPassage {
    return new TranslatedStream(this.#parts, eventBytesMax);
  }

  openJoin(eventBytesMax: number): JoinPassage {
    return new TranslatedJoin(this.#parts, eventBytesMax);
  }

  readReply(body: Buffer): Answered {
    const { provider, client, asked, target, undo } = this.#parts;
    const read = provider.decodeReply(body, target);
    if (isFailure(read)) return { summary: new Tally().summary(), error: reported(read), isWhole: true, body, type: undefined };
    const reply = undo.reply(completed(read, this.#parts));
    const summary = summaryOf(reply);
    if (asked.isStreaming) return { summary, error: null, isWhole: true, body: streamOf(reply, this.#parts), type: this.streamType };
    const encoded = client.encodeReply(reply, asked);
    this.#parts.onLosses(encoded.losses);
    return { summary, error: null, isWhole: true, body: encoded.body, type: JSON_TYPE };
  }

  readRefusal({ status, headers, body }: Refusal): ProviderFailure {
    return this.#parts.provider.decodeFailure(status, headers, body);
  }
}

const completed = (reply: Reply, parts: Translating): Reply =>
  reply.id !== "" && reply.createdAt > 0 ? reply : { ...reply, id: reply.id === "" ? parts.requestId : reply.id, createdAt: reply.createdAt === 0 ? parts.nowSeconds() : reply.createdAt };

const streamOf = (reply: Reply, parts: Translating): Buffer => {
  const encoder = parts.client.encodeStream(parts.asked);
  const written = joined(eventsOf(reply).map((event) => encoder.push(event)));
  parts.onLosses(encoder.losses);
  return written;
};

const joined = (pieces: readonly Written[]): Buffer =>
  pieces.every((piece) => typeof piece === "string") ? Buffer.from(pieces.join("")) : Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));

const tokensOf = (length: number): number => Math.ceil(length / BYTES_PER_TOKEN);

/** What the events say for our books. */
class Tally {
  readonly usage = noUsage();
  finish: Finish | undefined = undefined;
  model = "";
  textLength = 0;

  see(event: Event): void {
    if (event.kind === "text") this.textLength += event.text.length;
    else if (event.kind === "usage") updateUsage(this.usage, event.usage);
    else if (event.kind === "start") this.model = event.model;
    else if (event.kind === "finish") this.finish = event.finish;
  }

  /** The same for what nobody counted as the books will say. */
  estimate(bytesIn: number): Pick<Usage, "inputTokens" | "outputTokens"> {
    const { inputTokens, outputTokens } = this.usage;
    return { inputTokens: inputTokens < 0 ? tokensOf(bytesIn) : inputTokens, outputTokens: outputTokens < 0 ? tokensOf(this.textLength) : outputTokens };
  }

  summary(): Summary {
    return summed(this.usage, this.finish, this.model, this.textLength);
  }
}

const summed = (usage: Usage, finish: Finish | undefined, model: string, textLength: number): Summary => {
  const finishReason = finish === undefined ? "" : finish.raw === "" ? finish.reason : finish.raw;
  return { ...usage, finishReason, model, outputTokensEstimate: tokensOf(textLength) };
};

/** The same as its events would say. */
const summaryOf = ({ model, choices, usage }: Reply): Summary => {
  let textLength = 0;
  for (const { blocks } of choices) for (const block of blocks) textLength += textOf(block).length;
  return summed(usage, choices.at(-1)?.finish, model, textLength);
};

const reported = ({ message, type, code, kind, retryAfterSeconds, isFoundHere = false }: ProviderFailure): ReportedError => ({ message, type, code, kind, retryAfterSeconds, isFoundHere });

class TranslatedStream implements StreamPassage {
  hasEvent = false;
  isFinished = false;
  hasTerminator = false;
  readonly isBetweenEvents = true;
  readonly isAtRest = true;
  readonly isOversize = false;
  error: ReportedError | null = null;
  readonly #parts: Translating;
  readonly #decoder: StreamDecoder;
  readonly #encoder: StreamEncoder;
  readonly #tally = new Tally();
  #rest: Buffer | null = null;

  constructor(parts: Translating, eventBytesMax: number) {
    this.#parts = parts;
    this.#decoder = parts.provider.decodeStream(parts.target, eventBytesMax);
    this.#encoder = parts.client.encodeStream(parts.asked);
  }

  push(chunk: Buffer): Buffer {
    return this.#isOver ? NOTHING : this.#write(this.#decoder.push(chunk));
  }

  end(): Summary {
    this.#rest ??= this.#isOver ? NOTHING : this.isEnough ? this.#cutShort() : this.#write(this.#decoder.end());
    return this.#tally.summary();
  }

  rest(): Buffer {
    const rest = this.#rest ?? NOTHING;
    this.#rest = NOTHING;
    return rest;
  }

  encodeFailure(reason: Failure): Buffer {
    return joined([this.#encoder.fail(reason)]);
  }

  get isEnough(): boolean {
    return !this.#isOver && this.#parts.undo.isEnough;
  }

  get #isOver(): boolean {
    return this.isFinished || this.error !== null;
  }

  /** What the provider has not counted by now it never will: the client is told an estimate where it can be marked as one. */
  #cutShort(): Buffer {
    const { inputTokens, outputTokens } = this.#tally.usage;
    const isEstimated = this.#hasComments && this.#parts.asked.isUsageWanted && (inputTokens < 0 || outputTokens < 0);
    if (!isEstimated) return this.#write([{ kind: "end" }]);
    const estimate = { ...noUsage(), ...this.#tally.estimate(this.#parts.bytesIn) };
    return Buffer.concat([joined([this.#pushAll([{ kind: "usage", usage: estimate }]), ESTIMATED]), this.#write([{ kind: "end" }])]);
  }

  get #hasComments(): boolean {
    const { client, asked } = this.#parts;
    return client.refusesComments !== true && client.streamType(asked).startsWith("text/event-stream");
  }

  #write(events: readonly Event[]): Buffer {
    let text = "";
    let pieces: Written[] | null = null;
    for (const event of events) {
      const written = this.#translate(event);
      if (typeof written === "string") text += written;
      else {
        (pieces ??= []).push(text, written);
        text = "";
      }
      if (this.#isOver) break;
    }
    if (this.#encoder.isOverfull === true && !this.#isOver) this.error = OVERFULL;
    if (pieces !== null) return joined([...pieces, text]);
    return text === "" ? NOTHING : Buffer.from(text);
  }

  #translate(event: Event): Written {
    this.#tally.see(event);
    if (event.kind === "failure") {
      // What comes behind all that was asked for cannot spoil it.
      if (!this.isEnough) this.error = reported(event.failure);
      return "";
    }
    if (event.kind !== "start" && event.kind !== "ping") this.hasEvent = true;
    const { undo } = this.#parts;
    const whole = event.kind === "start" ? this.#started(event) : event;
    if (event.kind === "end") return this.#finish(whole);
    return undo.concerns(whole) ? this.#pushAll(undo.event(whole)) : this.#encoder.push(whole);
  }

  #pushAll(events: readonly Event[]): Written {
    for (const event of events) if (event.kind === "finish") this.#tally.finish = event.finish;
    const pieces = events.map((event) => this.#encoder.push(event));
    return pieces.every((piece) => typeof piece === "string") ? pieces.join("") : joined(pieces);
  }

  /** What was lost meanwhile stands in a comment before the terminator. */
  #finish(event: Event): Written {
    this.isFinished = true;
    this.hasTerminator = true;
    const { losses } = this.#encoder;
    this.#parts.onLosses(losses);
    const written = this.#pushAll(this.#parts.undo.event(event));
    return losses.length === 0 || !this.#hasComments || typeof written !== "string" ? written : lossComment(losses) + written;
  }

  #started(event: Extract<Event, { kind: "start" }>): Event {
    if (event.id !== "" && event.createdAt > 0) return event;
    return { ...event, id: event.id === "" ? this.#parts.requestId : event.id, createdAt: event.createdAt === 0 ? this.#parts.nowSeconds() : event.createdAt };
  }
}

class TranslatedJoin implements JoinPassage {
  hasEvent = false;
  isFinished = false;
  readonly isOversize = false;
  error: ReportedError | null = null;
  readonly #parts: Translating;
  readonly #decoder: StreamDecoder;
  readonly #collector = new Collector(JOINED_CHARACTERS_MAX);
  readonly #tally = new Tally();
  #isEnded = false;

  constructor(parts: Translating, eventBytesMax: number) {
    this.#parts = parts;
    this.#decoder = parts.provider.decodeStream(parts.target, eventBytesMax);
  }

  push(chunk: Buffer): void {
    if (!this.isTooLong) this.#see(this.#decoder.push(chunk));
  }

  get isTooLong(): boolean {
    return this.error === null && this.#collector.failure !== null;
  }

  end(): Summary {
    if (!this.#isEnded && !this.isFinished && this.error === null) this.#see(this.#decoder.end());
    this.#isEnded = true;
    return this.#tally.summary();
  }

  reply(): Buffer | null {
    const reply = this.#collector.reply();
    if (reply === null) return null;
    const { client, asked, undo } = this.#parts;
    const encoded = client.encodeReply(undo.reply(completed(reply, this.#parts)), asked);
    this.#parts.onLosses(encoded.losses);
    return encoded.body;
  }

  #see(events: readonly Event[]): void {
    for (const event of events) {
      if (this.isFinished || this.error !== null) return;
      this.hasEvent = true;
      this.#tally.see(event);
      this.#collector.push(event);
      if (event.kind === "failure") this.error = reported(event.failure);
      else if (event.kind === "end") this.isFinished = true;
    }
  }
}
