// The way of a stream in which something stands that the gateway asked for and the client did not: those events are left out,
// however they were cut on the way, and every other byte passes as it is. An event that is not whole waits until it is. What is
// to be left out is the protocol's to say.
import type { Failure } from "../errors.ts";
import type { PassThrough, ReportedError, SiftingWatch, Summary, UsageOnRequest } from "../protocols/pass-through.ts";
import { HeldBytes } from "../wire/held-bytes.ts";
import { joined, spanOf } from "../wire/pieces.ts";
import type { Answered, JoinPassage, Passage, Refusal, StreamPassage } from "./passage.ts";

const NOTHING = Buffer.alloc(0);

/** `passage`: of an answer whose bytes are passed on untouched but for that. */
export const sifted = (passage: Passage, protocol: PassThrough): Passage => (protocol.usageOnRequest === undefined ? passage : new Sifted(passage, protocol, protocol.usageOnRequest));

class Sifted implements Passage {
  readonly isUntouched: boolean;
  readonly streamType: string | undefined;
  readonly #inner: Passage;
  readonly #protocol: PassThrough;
  readonly #asking: UsageOnRequest;

  constructor(inner: Passage, protocol: PassThrough, asking: UsageOnRequest) {
    this.isUntouched = inner.isUntouched;
    this.streamType = inner.streamType;
    this.#inner = inner;
    this.#protocol = protocol;
    this.#asking = asking;
  }

  isStream(type: string): boolean {
    return this.#inner.isStream(type);
  }

  openStream(eventBytesMax: number): StreamPassage {
    return new SiftedStream(this.#protocol, this.#asking.openStream(eventBytesMax));
  }

  openJoin(eventBytesMax: number, type: string): JoinPassage {
    return this.#inner.openJoin(eventBytesMax, type);
  }

  readReply(body: Buffer, headers: Refusal["headers"]): Answered {
    return this.#inner.readReply(body, headers);
  }

  readRefusal(refusal: Refusal): ReturnType<Passage["readRefusal"]> {
    return this.#inner.readRefusal(refusal);
  }
}

class SiftedStream implements StreamPassage {
  readonly isEnough = false;
  readonly #protocol: PassThrough;
  readonly #watch: SiftingWatch;
  /** Of the stream: the first byte that has been neither given on nor left out. */
  #position = 0;
  /** From there on: the beginning of an event. */
  #held: HeldBytes | null = null;

  constructor(protocol: PassThrough, watch: SiftingWatch) {
    this.#protocol = protocol;
    this.#watch = watch;
  }

  push(chunk: Buffer): Buffer {
    const own = this.#watch.push(chunk);
    const bytes = own === chunk.length ? chunk : chunk.subarray(0, own);
    const unwanted = this.#watch.takeUnwanted();
    if (this.#held === null && unwanted.length === 0 && this.#watch.wholeEnd >= this.#position + own) {
      this.#position += own;
      return bytes;
    }
    return this.#give(bytes, unwanted);
  }

  get hasEvent(): boolean {
    return this.#watch.hasEvent;
  }

  get isFinished(): boolean {
    return this.#watch.isFinished;
  }

  get hasTerminator(): boolean {
    return this.#watch.hasTerminator;
  }

  get isBetweenEvents(): boolean {
    return this.#watch.isBetweenEvents;
  }

  /** Before an event of which nothing has been given yet, too. */
  get isAtRest(): boolean {
    return this.#held !== null || this.#watch.isAtRest === true;
  }

  get isOversize(): boolean {
    return this.#watch.isOversize;
  }

  get error(): ReportedError | null {
    return this.#watch.error;
  }

  end(): Summary {
    return this.#watch.end();
  }

  /** Half an event is the client's too, as it is where nothing is left out. */
  rest(): Buffer {
    return this.#give(NOTHING, this.#watch.takeUnwanted());
  }

  /** Of an event that was too long the client has nothing. */
  encodeFailure(reason: Failure): Buffer {
    const failure = this.#protocol.encodeStreamFailure(reason, this.#watch);
    return this.isOversize ? failure : Buffer.concat([this.rest(), failure]);
  }

  /** What is whole, without what is unwanted; the rest is held. */
  #give(bytes: Buffer, unwanted: ReturnType<SiftingWatch["takeUnwanted"]>): Buffer {
    const position = this.#position;
    const length = (this.#held?.length ?? 0) + bytes.length;
    const whole = Math.min(length, this.#watch.wholeEnd - position);
    if (whole === 0) return this.#hold(bytes);
    const pieces = this.#held === null ? [bytes] : [...this.#held.pieces(), bytes];
    const wanted: Buffer[] = [];
    let from = 0;
    for (const { start, end } of unwanted) {
      if (start - position > from) wanted.push(spanOf(pieces, from, start - position));
      from = end - position;
    }
    if (whole > from) wanted.push(spanOf(pieces, from, whole));
    this.#position += whole;
    this.#held = null;
    if (whole < length) this.#hold(spanOf(pieces, whole, length));
    return wanted.length === 0 ? NOTHING : joined(wanted);
  }

  #hold(bytes: Buffer): Buffer {
    if (bytes.length > 0) (this.#held ??= new HeldBytes()).append(bytes);
    return NOTHING;
  }
}
