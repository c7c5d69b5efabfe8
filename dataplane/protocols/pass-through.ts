// What the gateway must be able to do with the bytes of one protocol that passes through untouched.
// Pure and synchronous over values: no sockets, no promises, no timers. A protocol knows no other protocol.
import type { Failure, FailureKind } from "../errors.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Dialect } from "./dialect.ts";
import type { Loss, Usage } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";
import type { TopLevel } from "../wire/json-top-level.ts";
import type { Replacement } from "../wire/pieces.ts";

/** What could be read from an answer once it is over. */
export interface Summary extends Usage {
  finishReason: string;
  /** The model that the provider says it used, "" when it does not say. */
  model: string;
  /** For when the provider gave no usage: what the output is probably worth in tokens. */
  outputTokensEstimate: number;
}

/** An error that a provider reported inside an answer with status 200. */
export interface ReportedError {
  message: string;
  type: string;
  code: string;
  /** What it means, where that was read. */
  kind?: FailureKind;
  retryAfterSeconds?: number;
  /** The provider did not say it: it was found in what the provider sent. */
  isFoundHere?: boolean;
}

/** Watches one stream on its way to the client. It copies nothing it need not and changes nothing. */
export interface StreamWatch {
  /** Looks at the next bytes; returns how many of them belong to the client (fewer only behind the terminator). */
  push(chunk: Buffer): number;
  /** A whole event with data was seen; comments and empty events do not count. */
  hasEvent: boolean;
  /** The stream said that it is complete: its terminator, or a finish reason for every choice; the latter is known after end(). */
  isFinished: boolean;
  hasTerminator: boolean;
  /** The last byte seen ended an event: here a new one may begin, in whatever framing. */
  isBetweenEvents: boolean;
  /** Here a line may stand that is a comment: not before the LF of a CR, and nowhere where it is not said, as in frames. */
  readonly isAtRest?: boolean;
  /** An event was longer than the limit. */
  isOversize: boolean;
  error: ReportedError | null;
  /** No more bytes will come. An unterminated last event that is complete is counted in. Asked again, the answer is the same. */
  end(): Summary;
}

/** [start, end), as positions in a stream. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Watches a stream in which something stands that the gateway asked for and the client did not. */
export interface SiftingWatch extends StreamWatch {
  /** Up to here all events are whole: one that begins behind it may not be for the client. */
  readonly wholeEnd: number;
  /** The events that are not for the client, in order, each told once. */
  takeUnwanted(): readonly Span[];
}

/** Where a stream tells its usage only to those who ask for it. */
export interface UsageOnRequest {
  /** What asks in the place of a client that did not; null where the vendor would refuse that, or has to judge what the client wrote. */
  ask(body: readonly Buffer[], found: TopLevel, dialect: Dialect): Replacement | null;
  /** Of a stream whose usage was asked for so. */
  openStream(eventBytesMax: number): SiftingWatch;
}

/** Reads a stream of this protocol out of the frames in which a cloud sends it. */
export interface Unframer {
  /** The events that are whole, in the protocol's own framing. */
  push(bytes: Buffer): Buffer;
  readonly isOversize: boolean;
}

/** Writes a stream of this protocol in the framing that its client reads. */
export interface Reframer {
  /** Content type of what it writes. */
  readonly type: string;
  /** What is whole, in the other framing. */
  push(bytes: Buffer): Buffer;
  end(): Buffer;
  fail(failure: Failure): Buffer;
}

export interface PassThrough {
  readonly name: ProtocolName;
  /** Where a protocol has several framings: null when a stream of this type is framed as the client's query asked for. */
  reframe?(query: string, type: string, eventBytesMax: number): Reframer | null;
  /** What of a client's flat headers goes to a vendor with this dialect, and members that the body gets in their place. */
  fitHeaders?(forwarded: readonly string[], dialect: Dialect): { readonly headers: readonly string[]; readonly members: JsonObject; readonly losses: readonly Loss[] };
  unframe?(eventBytesMax: number): Unframer;
  /** Whether an answer of this content type is a stream; `isStreaming`: one was asked for. */
  isStream(type: string, isStreaming: boolean): boolean;
  openStream(eventBytesMax: number, type?: string): StreamWatch;
  readonly usageOnRequest?: UsageOnRequest;
  /** Reads a whole JSON answer; `error` when it is an error in the clothes of a success, `isWhole` false when it is cut off. */
  readReply(body: Buffer): { summary: Summary; error: ReportedError | null; isWhole: boolean };
  /** Its own event that says nothing, for streams that have begun. */
  readonly ping?: Buffer;
  /** Its libraries take a comment in a stream for a broken answer. */
  readonly refusesComments?: boolean;
  /** Of the streams made of a reply; server-sent events when it is not said. */
  readonly streamType?: string;
  /** A stream was asked for and one JSON answer came: the same content as stream. Null when this protocol cannot. */
  replyToStream(body: Buffer, wants?: { includeUsage: boolean }): Buffer | null;
  /** One JSON answer was asked for and a stream came. Null when it is incomplete or this protocol cannot. */
  streamToReply(stream: Buffer): Buffer | null;
  /** Our own failure in the client's shape. */
  encodeFailure(failure: Failure): string;
  /** Statuses that it has in place of those of others. */
  readonly statuses?: Partial<Record<FailureKind, number>>;
  /** Flat headers that belong to it, where the protocol tells the kind of a failure there. */
  failureHeaders?(failure: Failure): readonly string[];
  /**
   * The same inside a stream that has begun; ends the stream for the client without the success terminator. Empty: nothing
   * can be said at this place, and only a connection that breaks tells the client.
   */
  encodeStreamFailure(failure: Failure, watch: StreamWatch): Buffer;
}

/** Of most protocols. */
export const isEventStream = (type: string): boolean => type.startsWith("text/event-stream");
