// How an answer's bytes go through to the client: untouched where both sides speak the same, translated where they do not.
// The pump drives it and knows no protocol. This file has the seam and the untouched way; translation.ts has the other.
import type { Failure } from "../errors.ts";
import { providerCodecs } from "../protocols/index.ts";
import type { ProviderFailure } from "../protocols/ir.ts";
import type { PassThrough, ReportedError, StreamWatch, Summary } from "../protocols/pass-through.ts";
import { HeldBytes } from "../wire/held-bytes.ts";
import { joined } from "../wire/pieces.ts";

/** A stream on its way. */
export interface StreamPassage {
  /** What the client gets of these bytes; empty for nothing. */
  push(chunk: Buffer): Buffer;
  readonly hasEvent: boolean;
  readonly isFinished: boolean;
  readonly hasTerminator: boolean;
  /** The client has all that it asked for, though the provider goes on: `end` gives a proper end, and no more need be read. */
  readonly isEnough: boolean;
  /** Of what the provider sent: no event is half told, so that what was said last stands, in any framing. */
  readonly isBetweenEvents: boolean;
  /** Of what the client was given: a comment may follow. Never in frames, nor before the LF of a CR; but also while half an event is held back. */
  readonly isAtRest: boolean;
  readonly isOversize: boolean;
  readonly error: ReportedError | null;
  /** No more bytes will come. Asked again, the answer is the same. */
  end(): Summary;
  /** What the client still gets of a stream that came to its end. */
  rest(): Buffer;
  /** A failure of ours, in the client's shape, without the success terminator. */
  encodeFailure(failure: Failure): Buffer;
}

/** A stream that comes although one reply was asked for. */
export interface JoinPassage {
  push(chunk: Buffer): void;
  readonly hasEvent: boolean;
  readonly isFinished: boolean;
  readonly isOversize: boolean;
  /** What it would be joined into is more than may be held. */
  readonly isTooLong: boolean;
  readonly error: ReportedError | null;
  end(): Summary;
  /** Null when it cannot be joined. */
  reply(): Buffer | null;
}

/** A whole reply, read. */
export interface Answered {
  readonly summary: Summary;
  readonly error: ReportedError | null;
  readonly isWhole: boolean;
  /** Why it is no answer to what was asked. */
  readonly problem?: string;
  /** What the client gets, and its type when it is not the provider's own. */
  readonly body: Buffer;
  readonly type: string | undefined;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The status says that our credential was refused. */
  readonly isOfKey: boolean;
}

export interface Passage {
  /** The provider's own words reach the client as they are, its errors among them. */
  readonly isUntouched: boolean;
  /** Of the type of the answer's content. */
  isStream(type: string): boolean;
  /** Of what the client gets; undefined: the provider's own. */
  readonly streamType: string | undefined;
  openStream(eventBytesMax: number, type: string): StreamPassage;
  openJoin(eventBytesMax: number, type: string): JoinPassage;
  readReply(body: Buffer, headers: Readonly<Record<string, string | string[] | undefined>>): Answered;
  /** A refusal that is told in the client's shape; null: the bytes pass as they are. */
  readRefusal(refusal: Refusal): ProviderFailure | null;
}

const NOTHING = Buffer.alloc(0);
const KEY_REFUSED: ProviderFailure = { kind: "credential", status: 401, message: "", type: "", code: "", parameter: "", retryAfterSeconds: 0 };

/** What the client asked, as far as the answer's form depends on it. */
export interface Wants {
  readonly isStreaming: boolean;
  readonly isUsageWanted: boolean;
}

/** Both sides speak the same. */
export class Untouched implements Passage {
  readonly isUntouched = true;
  readonly streamType = undefined;
  protected readonly protocol: PassThrough;
  readonly #wants: Wants;

  constructor(protocol: PassThrough, wants: Wants) {
    this.protocol = protocol;
    this.#wants = wants;
  }

  isStream(type: string): boolean {
    return this.protocol.isStream(type, this.#wants.isStreaming);
  }

  openStream(eventBytesMax: number, type: string): StreamPassage {
    return new WatchedStream(this.protocol, this.protocol.openStream(eventBytesMax, type));
  }

  openJoin(eventBytesMax: number, type: string): JoinPassage {
    return new WatchedJoin(this.protocol, this.protocol.openStream(eventBytesMax, type));
  }

  readReply(body: Buffer): Answered {
    const { summary, error, isWhole } = this.protocol.readReply(body);
    const asStream = this.#wants.isStreaming && isWhole && error === null ? this.protocol.replyToStream(body, { includeUsage: this.#wants.isUsageWanted }) : null;
    return { summary, error, isWhole, body: asStream ?? body, type: asStream === null ? undefined : (this.protocol.streamType ?? "text/event-stream; charset=utf-8") };
  }

  /** A refused credential is the gateway's: its client must not take it for its own. Some vendors tell of it with a 400. */
  readRefusal({ status, headers, body, isOfKey }: Refusal): ProviderFailure | null {
    if (!isOfKey && status !== 400) return null;
    const codec = providerCodecs[this.protocol.name];
    if (codec === undefined) return isOfKey ? { ...KEY_REFUSED, status } : null;
    const said = codec.decodeFailure(status, headers, body);
    return isOfKey || said.kind === "credential" ? said : null;
  }
}

/** Tells of an answer what the reader of its bytes tells; what the client gets of them is for the class that extends it. */
export abstract class Read<Reader extends Pick<StreamWatch, "hasEvent" | "isFinished" | "isOversize" | "error" | "end">> {
  protected readonly reader: Reader;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  get hasEvent(): boolean {
    return this.reader.hasEvent;
  }

  get isFinished(): boolean {
    return this.reader.isFinished;
  }

  get isOversize(): boolean {
    return this.reader.isOversize;
  }

  get error(): ReportedError | null {
    return this.reader.error;
  }

  end(): Summary {
    return this.reader.end();
  }
}

/** `Watch`: what is asked of it while the bytes pass. */
export class WatchedStream<Watch extends StreamWatch = StreamWatch> extends Read<Watch> implements StreamPassage {
  readonly isEnough = false;
  protected readonly protocol: PassThrough;

  constructor(protocol: PassThrough, watch: Watch) {
    super(watch);
    this.protocol = protocol;
  }

  push(chunk: Buffer): Buffer {
    const passing = this.reader.push(chunk);
    if (passing === chunk.length) return chunk;
    return passing === 0 ? NOTHING : chunk.subarray(0, passing);
  }

  get hasTerminator(): boolean {
    return this.reader.hasTerminator;
  }

  get isBetweenEvents(): boolean {
    return this.reader.isBetweenEvents;
  }

  get isAtRest(): boolean {
    return this.reader.isAtRest === true;
  }

  rest(): Buffer {
    return NOTHING;
  }

  encodeFailure(reason: Failure): Buffer {
    return this.protocol.encodeStreamFailure(reason, this.reader);
  }
}

class WatchedJoin extends Read<StreamWatch> implements JoinPassage {
  /** It is as long as its bytes, whose number the pump knows. */
  readonly isTooLong = false;
  readonly #protocol: PassThrough;
  readonly #held = new HeldBytes();

  constructor(protocol: PassThrough, watch: StreamWatch) {
    super(watch);
    this.#protocol = protocol;
  }

  push(chunk: Buffer): void {
    const passing = this.reader.push(chunk);
    if (passing > 0) this.#held.append(chunk.subarray(0, passing));
  }

  reply(): Buffer | null {
    return this.#protocol.streamToReply(joined(this.#held.pieces()));
  }
}
