// The way of a stream that comes in another framing than its client reads: the provider's bytes are watched as they are, and the
// client gets the same responses in its own framing. It reads no response.
import type { Failure } from "../errors.ts";
import type { PassThrough, Reframer } from "../protocols/pass-through.ts";
import { Read, type Answered, type JoinPassage, type Passage, type Refusal, type StreamPassage } from "./passage.ts";

const NOTHING = Buffer.alloc(0);

/** `query`: the client's own. Of protocols that have one framing only, the way is the same. */
export const reframed = (passage: Passage, protocol: PassThrough, query: string): Passage => (protocol.reframe === undefined ? passage : new Reframed(passage, protocol.reframe, query));

class Reframed implements Passage {
  readonly isUntouched: boolean;
  readonly #inner: Passage;
  readonly #reframe: NonNullable<PassThrough["reframe"]>;
  readonly #query: string;
  #type: string | undefined;

  constructor(inner: Passage, reframe: NonNullable<PassThrough["reframe"]>, query: string) {
    this.isUntouched = inner.isUntouched;
    this.#inner = inner;
    this.#reframe = reframe;
    this.#query = query;
    this.#type = inner.streamType;
  }

  get streamType(): string | undefined {
    return this.#type;
  }

  isStream(type: string): boolean {
    return this.#inner.isStream(type);
  }

  openStream(eventBytesMax: number, type: string): StreamPassage {
    const inner = this.#inner.openStream(eventBytesMax, type);
    const frames = this.#reframe(this.#query, type, eventBytesMax);
    if (frames === null) return inner;
    this.#type = frames.type;
    return new ReframedStream(inner, frames);
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

class ReframedStream extends Read<StreamPassage> implements StreamPassage {
  readonly isBetweenEvents = true;
  readonly isAtRest = true;
  readonly isEnough = false;
  readonly #frames: Reframer;

  constructor(inner: StreamPassage, frames: Reframer) {
    super(inner);
    this.#frames = frames;
  }

  push(chunk: Buffer): Buffer {
    this.reader.push(chunk);
    return this.#frames.push(chunk);
  }

  get hasTerminator(): boolean {
    return this.reader.hasTerminator;
  }

  /** One that was cut has no end. */
  rest(): Buffer {
    return this.isFinished || this.error !== null ? this.#frames.end() : NOTHING;
  }

  encodeFailure(failure: Failure): Buffer {
    return this.#frames.fail(failure);
  }
}
