// The way of a stream in which something stands that the gateway asked for and the client did not: those events are left out,
// however they were cut on the way, and every other byte passes as it is. An event that is not whole waits until it is. What is
// to be left out is the protocol's to say.
import type { Failure } from "../errors.ts";
import type { PassThrough, SiftingWatch, UsageOnRequest } from "../protocols/pass-through.ts";
import { HeldBytes } from "../wire/held-bytes.ts";
import { joined, spanOf } from "../wire/pieces.ts";
import { Untouched, WatchedStream, type StreamPassage, type Wants } from "./passage.ts";

const NOTHING = Buffer.alloc(0);

/** Both sides speak the same, and the gateway has asked for what the client did not. */
export class Sifted extends Untouched {
  readonly #asking: UsageOnRequest;

  constructor(protocol: PassThrough, wants: Wants, asking: UsageOnRequest) {
    super(protocol, wants);
    this.#asking = asking;
  }

  override openStream(eventBytesMax: number): StreamPassage {
    return new SiftedStream(this.protocol, this.#asking.openStream(eventBytesMax));
  }
}

class SiftedStream extends WatchedStream<SiftingWatch> {
  /** Of the stream: the first byte that has been neither given on nor left out. */
  #position = 0;
  /** From there on: the beginning of an event. */
  #held: HeldBytes | null = null;

  override push(chunk: Buffer): Buffer {
    const own = this.reader.push(chunk);
    const bytes = own === chunk.length ? chunk : chunk.subarray(0, own);
    const unwanted = this.reader.takeUnwanted();
    if (this.#held === null && unwanted.length === 0 && this.reader.wholeEnd >= this.#position + own) {
      this.#position += own;
      return bytes;
    }
    return this.#give(bytes, unwanted);
  }

  /** Before an event of which nothing has been given yet, too. */
  override get isAtRest(): boolean {
    return this.#held !== null || this.reader.isAtRest === true;
  }

  /** Half an event is the client's too, as it is where nothing is left out. */
  override rest(): Buffer {
    return this.#give(NOTHING, this.reader.takeUnwanted());
  }

  /** Of an event that was too long the client has nothing. */
  override encodeFailure(reason: Failure): Buffer {
    const failure = this.protocol.encodeStreamFailure(reason, this.reader);
    return this.isOversize ? failure : Buffer.concat([this.rest(), failure]);
  }

  /** What is whole, without what is unwanted; the rest is held. */
  #give(bytes: Buffer, unwanted: ReturnType<SiftingWatch["takeUnwanted"]>): Buffer {
    const position = this.#position;
    const length = (this.#held?.length ?? 0) + bytes.length;
    const whole = Math.min(length, this.reader.wholeEnd - position);
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
