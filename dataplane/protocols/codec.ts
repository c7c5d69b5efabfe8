// The seam of every protocol that can be translated: eight functions over values, and the data that say what the protocol
// can carry. Pure and synchronous: no sockets, no promises, no timers, no clock. A codec knows no other codec.
//
//   client bytes ─ decodeRequest ─▶ Conversation ─ fit ─ encodeRequest ─▶ provider bytes
//   client bytes ◀─ encodeReply/Stream/Failure ─ Reply, Event, failure ◀─ decodeReply/Stream/Failure ─ provider bytes
import type { Failure } from "../errors.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Abilities } from "./abilities.ts";
import type { Dialect } from "./dialect.ts";
import type { Conversation, Event, Field, Loss, ProviderFailure, Reply } from "./ir.ts";

/** What of a request does not stand in its body. */
export interface Asked {
  /** From the path or the body: where the body names it too, both are the same. */
  readonly model: string;
  /** From the path where the protocol says it there; otherwise false, and the body says it. */
  readonly isStreaming: boolean;
  /** With "?", or "". */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Why a body is no request of this protocol: becomes a 400 in the client's own shape. */
export interface Invalid {
  /** What is wrong and what would be right, one or two sentences. */
  readonly problem: string;
  /** "messages[2].content", "" for the whole. */
  readonly parameter: string;
}

/** Where a request goes. */
export interface TargetModel {
  /** The provider's own name of the model. */
  readonly model: string;
  /** Whether the provider is asked to stream, which need not be what the client asked. */
  readonly isStreaming: boolean;
  readonly dialect: Dialect;
  /** "gemini/vertex-ai": whose opaque values it takes, and whose those are that it gives. */
  readonly origin: string;
  /** What is sent where the protocol demands a limit and the client gave none. */
  readonly outputTokensMax: number;
}

export interface Encoded {
  /** Behind the provider's base URL, with the query: "/messages", "/models/gemini-3-pro:streamGenerateContent?alt=sse". */
  readonly path: string;
  /** Flat; those that the protocol wants beside content-type, which is JSON. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly losses: readonly Loss[];
}

export interface StreamDecoder {
  /** Whole events become what they mean; the rest waits. Never throws, whatever the bytes. */
  push(bytes: Buffer): Event[];
  /** No more bytes will come. The last event is `end` if the stream said that it was complete, otherwise `failure`. */
  end(): Event[];
}

/** Text, or bytes where the protocol is none. */
export type Written = string | Buffer;

export interface StreamEncoder {
  /** "" when nothing is to be said yet. */
  push(event: Event): Written;
  /** What is lost only while it runs. */
  readonly losses: readonly Loss[];
  /** It holds back more than it may, because blocks came side by side that it must write one behind the other. */
  readonly isOverfull?: boolean;
  /** After `end`: nothing more. Otherwise our own failure in the client's shape, without the success terminator. */
  fail(failure: Failure): Written;
}

export interface EncodedReply {
  readonly body: Buffer;
  readonly losses: readonly Loss[];
}

/** What a protocol must do to be spoken by clients. */
export interface ClientCodec {
  readonly name: ProtocolName;
  decodeRequest(body: Buffer, asked: Asked): Conversation | Invalid;
  encodeReply(reply: Reply, asked: Conversation): EncodedReply;
  encodeStream(asked: Conversation): StreamEncoder;
  /** A body in the client's shape. */
  encodeFailure(failure: Failure): string;
  /** Of its streams: "text/event-stream" for most. */
  streamType(asked: Conversation): string;
  /** False: its answers say nothing of the question's turns and format, and of tools need only know where they stood and their names. */
  readonly repeatsQuestion?: boolean;
  /** Its libraries take a comment in a stream for a broken answer. */
  readonly refusesComments?: boolean;
  /** What the conversation's members are called there, for the paths of losses. */
  readonly fieldNames: Readonly<Record<Field, string>>;
  /** Extras of its requests whose absence would change what the answer means ("previous_response_id"). */
  readonly majorExtras: ReadonlySet<string>;
  /** Extras, at any level, whose absence changes nothing for the client: names that it gave back, what is done without being asked; "part.name" for a member of one. */
  readonly quietExtras?: ReadonlySet<string>;
}

/** What a protocol must do to be spoken by providers. */
export interface ProviderCodec {
  readonly name: ProtocolName;
  /** The conversation has been made to fit by then: what is left in it can be said. */
  encodeRequest(conversation: Conversation, target: TargetModel): Encoded;
  decodeReply(body: Buffer, target: TargetModel): Reply | ProviderFailure;
  decodeStream(target: TargetModel, eventBytesMax: number): StreamDecoder;
  /** Of a status that is no success. Reads any body: HTML, plain text, a JSON string, an array. */
  decodeFailure(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, body: Buffer): ProviderFailure;
  abilities(dialect: Dialect, model: string): Abilities;
}

export type Codec = ClientCodec & ProviderCodec;

export const isInvalid = (value: Conversation | Invalid): value is Invalid => "problem" in value;
export const isFailure = (value: Reply | ProviderFailure): value is ProviderFailure => "status" in value;
