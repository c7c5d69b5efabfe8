// The way of an answer whose stream comes in the frames of a cloud: it is taken out of them, and then goes the way that it
// would have gone. It reads no event.
import type { Failure } from "../errors.ts";
import type { Dialect } from "../protocols/dialect.ts";
import { passThroughOf, providerCodecs } from "../protocols/index.ts";
import type { ProviderFailure } from "../protocols/ir.ts";
import type { PassThrough, Unframer } from "../protocols/pass-through.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import { Read, type Answered, type JoinPassage, type Passage, type Refusal, type StreamPassage } from "./passage.ts";

const FRAMED = "application/vnd.amazon.eventstream";
const OWN = "text/event-stream; charset=utf-8";

/** Of an answer in `protocol`. */
export const unframed = (passage: Passage, protocol: ProtocolName, { streamFraming }: Dialect): Passage =>
  streamFraming === undefined ? passage : new Unframed(passage, passThroughOf(protocol));

class Unframed implements Passage {
  readonly isUntouched: boolean;
  readonly streamType: string;
  readonly #inner: Passage;
  readonly #protocol: PassThrough;

  constructor(inner: Passage, protocol: PassThrough) {
    this.#inner = inner;
    this.#protocol = protocol;
    this.isUntouched = inner.isUntouched;
    this.streamType = inner.streamType ?? protocol.streamType ?? OWN;
  }

  isStream(type: string): boolean {
    return type.startsWith(FRAMED) || this.#inner.isStream(type);
  }

  openStream(eventBytesMax: number, type: string): StreamPassage {
    const frames = this.#frames(eventBytesMax, type);
    return frames === null ? this.#inner.openStream(eventBytesMax, type) : new UnframedStream(frames, this.#inner.openStream(eventBytesMax, OWN));
  }

  openJoin(eventBytesMax: number, type: string): JoinPassage {
    const frames = this.#frames(eventBytesMax, type);
    return frames === null ? this.#inner.openJoin(eventBytesMax, type) : new UnframedJoin(frames, this.#inner.openJoin(eventBytesMax, OWN));
  }

  readReply(body: Buffer, headers: Refusal["headers"]): Answered {
    return this.#inner.readReply(body, headers);
  }

  /** A cloud's refusal is in its own shape: the client knows only the maker's. */
  readRefusal(refusal: Refusal): ProviderFailure | null {
    const { status, headers, body } = refusal;
    return this.#inner.readRefusal(refusal) ?? providerCodecs[this.#protocol.name]?.decodeFailure(status, headers, body) ?? null;
  }

  #frames(eventBytesMax: number, type: string): Unframer | null {
    return type.startsWith(FRAMED) ? (this.#protocol.unframe?.(eventBytesMax) ?? null) : null;
  }
}

abstract class Unframing<Inner extends StreamPassage | JoinPassage> extends Read<Inner> {
  protected readonly frames: Unframer;

  constructor(frames: Unframer, inner: Inner) {
    super(inner);
    this.frames = frames;
  }

  override get isOversize(): boolean {
    return this.frames.isOversize || this.reader.isOversize;
  }
}

class UnframedStream extends Unframing<StreamPassage> implements StreamPassage {
  push(chunk: Buffer): Buffer {
    return this.reader.push(this.frames.push(chunk));
  }

  get hasTerminator(): boolean {
    return this.reader.hasTerminator;
  }

  get isEnough(): boolean {
    return this.reader.isEnough;
  }

  get isBetweenEvents(): boolean {
    return this.reader.isBetweenEvents;
  }

  get isAtRest(): boolean {
    return this.reader.isAtRest;
  }

  rest(): Buffer {
    return this.reader.rest();
  }

  encodeFailure(failure: Failure): Buffer {
    return this.reader.encodeFailure(failure);
  }
}

class UnframedJoin extends Unframing<JoinPassage> implements JoinPassage {
  get isTooLong(): boolean {
    return this.reader.isTooLong;
  }

  push(chunk: Buffer): void {
    this.reader.push(this.frames.push(chunk));
  }

  reply(): Buffer | null {
    return this.reader.reply();
  }
}
