// Step 8, the pump: one attempt at one place, from dispatch to the last byte. One object per attempt, no promise and no
// closure per chunk. It keeps the laws of the pump; which place is tried next is not its matter.
import type { Transform } from "node:stream";
import { failure, type ErrorCode, type Failure, type Details } from "../errors.ts";
import type { ReportedError } from "../protocols/pass-through.ts";
import type { Sending, Taker } from "../providers/connection.ts";
import type { Timeouts } from "../snapshot/schema.ts";
import type { ReplyHeaders } from "../wire/http-reply.ts";
import { openInflate } from "../wire/inflate.ts";
import { causeOf } from "./cause.ts";
import { Clocked, CONNECTING, FLOWING, HOLDING, OVER, WAITING } from "./clocked.ts";
import type { Exchange, Waiting } from "./exchange.ts";
import { flushLater, writeTogether, type Flushing } from "./flushing.ts";
import { quietMsMax, sayAlive } from "./keep-alive.ts";
import { benchKey, isOfKey, secretsOf } from "./keys.ts";
import type { JoinPassage, Passage, StreamPassage } from "./passage.ts";
import { errorBody, NO_LENGTH, replyHeaders } from "./reply-headers.ts";
import { retryHints } from "./retry-after.ts";
import { codeOfRefusal, toldInAnswer, toldRefusal } from "./told.ts";
import type { Destination, Key } from "./destination.ts";
import type { Outgoing } from "./outgoing.ts";

/** What is coming: events, events that become one reply, one JSON document, bytes of any other kind, a refusal by the provider. */
type Kind = "Stream" | "Join" | "Reply" | "Bytes" | "Refusal";

/** A reply is held back whole up to this size, so that a broken one can still be tried elsewhere. */
const HELD_BYTES_MAX = 4_194_304;
/** One that is translated has to be there as a whole, and so has a stream that is joined into one. */
const TRANSLATED_BYTES_MAX = 67_108_864;
/** A stream that sends this much without an event is not held back any longer. */
const HELD_STREAM_BYTES_MAX = 65_536;
/** Up to here a reply goes out in one piece with its head. */
const JOINED_WITH_HEAD_BYTES_MAX = 8192;
const NOTHING = Buffer.alloc(0);

export const stream = (exchange: Exchange, destination: Destination, outgoing: Outgoing, key: Key, hasNext: boolean): Promise<Failure | null> =>
  new Promise((resolve) => new Pump(exchange, destination, outgoing.passage, key, hasNext, resolve).start(outgoing));

class Pump extends Clocked implements Taker, Waiting, Flushing {
  readonly #exchange: Exchange;
  readonly #destination: Destination;
  readonly #passage: Passage;
  readonly #key: Key;
  readonly #hasNext: boolean;
  readonly #resolve: (outcome: Failure | null) => void;
  protected readonly timeouts: Timeouts;
  protected readonly startTick: number;
  #kind: Kind = "Reply";
  #sending: Sending | null = null;
  #upstreamHeaders: ReplyHeaders = {};
  #stream: StreamPassage | null = null;
  #join: JoinPassage | null = null;
  #inflate: Transform | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Events that are translated when they are flushed: all that one read brought at once. */
  #unread: Buffer[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Set while a client that was too slow once is listened to. */
  #onHalfClose: (() => void) | null = null;
  /** How much of an upload the client had sent when the clock to the head was last looked at. */
  #uploadBytes = 0;

  constructor(exchange: Exchange, destination: Destination, passage: Passage, key: Key, hasNext: boolean, resolve: (outcome: Failure | null) => void) {
    super();
    this.#exchange = exchange;
    this.#destination = destination;
    this.#passage = passage;
    this.timeouts = destination.timeouts;
    this.startTick = exchange.startTick;
    this.#key = key;
    this.#hasNext = hasNext;
    this.#resolve = resolve;
  }

  start({ path, headers, body }: Outgoing): void {
    const exchange = this.#exchange;
    const { upstream } = this.#destination;
    exchange.upstreamStatus = 0;
    if (upstream.isFull) return this.#resolve(failure("UPSTREAM_BUSY", {}, "", 1));
    upstream.inFlight++;
    exchange.waiting = this;
    this.phaseTick = exchange.gateway.clock.tick();
    exchange.gateway.deadlines.arm(this, this.nextDue());
    this.#sending = upstream.send({ path, method: exchange.endpoint.method, headers, body }, this);
  }

  onRequestStart(): void {
    this.phase = WAITING;
    this.phaseTick = this.#exchange.gateway.clock.tick();
    this.#exchange.upstreamStartTick = this.phaseTick;
    this.#uploadBytes = this.#exchange.upload?.bytes ?? 0;
    this.#rearm();
  }

  onResponseStart(status: number, headers: ReplyHeaders): void {
    if (this.phase !== WAITING) return;
    this.phase = HOLDING;
    this.phaseTick = this.lastByteTick = this.#exchange.gateway.clock.tick();
    this.#exchange.upstreamStatus = status;
    this.#upstreamHeaders = headers;
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity" && !this.#openInflate(String(encoding))) return;
    this.#judgeHead(status, String(headers["content-type"] ?? "").toLowerCase());
    this.#rearm();
  }

  onResponseData(chunk: Buffer): void {
    if (this.phase === OVER) return;
    // What flows is timed once per write: reading the clock for each chunk of a burst would be a fifth of its cost.
    if (this.phase !== FLOWING) this.lastByteTick = this.#exchange.gateway.clock.tick();
    if (this.#inflate === null) return this.#take(chunk);
    if (!this.#inflate.write(chunk)) this.#sending?.pause();
  }

  onResponseEnd(): void {
    if (this.phase === OVER) return;
    if (this.#inflate === null) this.#finish();
    else this.#inflate.end();
  }

  onResponseError(error: Error): void {
    if (this.phase === OVER) return;
    if (this.phase === HOLDING && this.#kind === "Refusal") return this.#finishWithoutBody();
    if (!("code" in error)) return this.onThrown(error);
    const { code, details } = causeOf(error, this.phase === CONNECTING ? "Connecting" : this.phase === WAITING ? "Waiting" : "Answering");
    this.#fail(code, { seconds: this.#destination.timeouts.connectMs / 1000, ...details });
  }

  #judgeHead(status: number, type: string): void {
    if (isOfKey(status, this.#destination)) benchKey(this.#exchange.gateway, this.#key);
    if (status >= 300 && status < 400) return this.#fail("UPSTREAM_REDIRECT", { upstreamStatus: status });
    if (status >= 400) {
      this.#kind = "Refusal";
    } else if (this.#passage.isStream(type)) {
      this.#openStream(type);
    } else if (!this.#exchange.endpoint.isReplyJson) {
      this.#kind = "Bytes";
    } else if (type.startsWith("text/html")) {
      this.#fail("UPSTREAM_INVALID", { reason: "a web page came where JSON was expected" });
    }
  }

  /** A stream may come although one JSON reply was asked for. Where both are JSON endpoints, it is joined. */
  #openStream(type: string): void {
    const { isStreaming, endpoint } = this.#exchange;
    const isJoined = !isStreaming && endpoint.isReplyJson && endpoint.body === "json";
    this.#kind = isJoined ? "Join" : "Stream";
    if (isJoined) return void (this.#join = this.#passage.openJoin(this.#eventBytesMax(), type));
    this.#stream = this.#passage.openStream(this.#eventBytesMax(), type);
    this.quietMsMax = quietMsMax(this.#exchange.protocol, this.#passage.streamType ?? type);
  }

  #eventBytesMax(): number {
    return this.#exchange.router?.settings.limits.sseEventBytesMax ?? HELD_BYTES_MAX;
  }

  #openInflate(encoding: string): boolean {
    const inflate = openInflate(encoding);
    if (inflate === null) {
      this.#fail("UPSTREAM_INVALID", { reason: "its content-encoding is unknown" });
      return false;
    }
    this.#inflate = inflate;
    inflate.on("data", (chunk: Buffer) => {
      if (this.phase !== OVER) this.#take(chunk);
    });
    inflate.on("drain", () => this.#sending?.resume());
    inflate.on("end", () => this.#finish());
    inflate.on("error", () => this.#fail("UPSTREAM_TRUNCATED"));
    return true;
  }

  #take(chunk: Buffer): void {
    if (this.#kind === "Stream") return this.#takeEvents(this.#stream as StreamPassage, chunk);
    if (this.#kind === "Join") return this.#takeJoined(this.#join as JoinPassage, chunk);
    if (this.phase === FLOWING) return this.#queue(chunk);
    this.#hold(chunk);
    if (this.#kind === "Bytes") return this.#commit(-1);
    if (this.#heldBytes <= HELD_BYTES_MAX) return;
    if (this.#passage.isUntouched) this.#commit(-1);
    else if (this.#heldBytes > TRANSLATED_BYTES_MAX) this.#fail("UPSTREAM_INVALID", { reason: "it is too long to be translated" });
  }

  #takeEvents(passing: StreamPassage, chunk: Buffer): void {
    if (this.phase === FLOWING && !this.#passage.isUntouched) return this.#putOff(chunk);
    const bytes = passing.push(chunk);
    if (passing.isOversize) return this.#fail("UPSTREAM_EVENT_TOO_LARGE", { bytesMax: this.#eventBytesMax() });
    if (this.phase === FLOWING) return bytes.length > 0 ? this.#queue(bytes) : void (this.lastByteTick = this.#exchange.gateway.clock.tick());
    if (bytes.length > 0) this.#hold(bytes);
    if (passing.error !== null) this.#failInStream(passing.error);
    else if (passing.isEnough) this.#finishEarly("enough");
    else if (passing.hasEvent || this.#heldBytes > HELD_STREAM_BYTES_MAX) this.#commit(NO_LENGTH, this.#passage.streamType);
  }

  #takeJoined(join: JoinPassage, chunk: Buffer): void {
    this.#heldBytes += chunk.length;
    join.push(chunk);
    if (join.isOversize) this.#fail("UPSTREAM_EVENT_TOO_LARGE", { bytesMax: this.#eventBytesMax() });
    else if (join.isTooLong || this.#heldBytes > TRANSLATED_BYTES_MAX) this.#fail("UPSTREAM_INVALID", { reason: "a stream came where one reply was asked for, and it is too long to join" });
  }

  #failInStream(error: ReportedError): void {
    this.#failWith(toldInAnswer(error));
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
  }

  /** Nothing can be tried elsewhere from here on. What was held goes first. */
  #commit(length: number, contentType?: string): void {
    const exchange = this.#exchange;
    this.phase = FLOWING;
    exchange.status = exchange.upstreamStatus;
    this.givenTick = exchange.gateway.clock.tick();
    if (this.#heldBytes > 0) exchange.firstByteTick = this.givenTick;
    exchange.response.writeHead(exchange.status, replyHeaders(exchange, this.#upstreamHeaders, this.#destination.vendor.rateLimits, length, contentType));
    const held = this.#held;
    this.#held = [];
    for (const chunk of held) this.#queue(chunk);
    if (held.length === 0) exchange.response.flushHeaders();
    this.#rearm();
  }

  #queue(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#flushLater();
  }

  #putOff(chunk: Buffer): void {
    this.#unread.push(chunk);
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#pending.length + this.#unread.length === 1) flushLater(this);
  }

  /** What it fails with is told behind what it read before. */
  #readUnread(): void {
    const passing = this.#stream as StreamPassage;
    const unread = this.#unread;
    this.#unread = [];
    const bytes = passing.push(unread.length === 1 ? (unread[0] as Buffer) : Buffer.concat(unread));
    if (bytes.length > 0) this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (passing.isOversize) this.#fail("UPSTREAM_EVENT_TOO_LARGE", { bytesMax: this.#eventBytesMax() });
    else if (passing.error !== null) this.#failInStream(passing.error);
    else if (passing.isEnough) this.#finishEarly("enough");
  }

  flush(): void {
    const exchange = this.#exchange;
    // Also when all that came says nothing in the client's protocol: the provider is not silent.
    this.lastByteTick = exchange.gateway.clock.tick();
    if (this.#unread.length > 0) this.#readUnread();
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.givenTick = this.lastByteTick;
    if (exchange.firstByteTick === 0) exchange.firstByteTick = this.lastByteTick;
    exchange.bytesOut += this.#pendingBytes;
    const isRoomLeft = writeTogether(exchange.response, pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!isRoomLeft) this.#pause();
  }

  onThrown(error: unknown): void {
    this.#exchange.gateway.telemetry.log.error("an answer could not be read", { id: this.#exchange.id, error });
    this.#fail("UPSTREAM_INVALID", { reason: "it could not be read" });
  }

  #pause(): void {
    if (this.phase !== FLOWING) return;
    this.isPaused = true;
    // What is inflated waits inside the inflater, which stops the upstream itself when it is full.
    if (this.#inflate === null) this.#sending?.pause();
    else this.#inflate.pause();
    if (this.#onHalfClose !== null) return;
    const { response, request } = this.#exchange;
    // Node ends its side when the client has ended its own, but behind the bytes that this client does not read.
    this.#onHalfClose = () => void response.destroy();
    if (request.socket.readableEnded) return this.#onHalfClose();
    request.socket.once("end", this.#onHalfClose);
    response.on("drain", () => {
      if (!this.isPaused || this.phase === OVER) return;
      this.isPaused = false;
      this.lastByteTick = this.givenTick = this.#exchange.gateway.clock.tick();
      if (this.#inflate === null) this.#sending?.resume();
      else this.#inflate.resume();
      this.#rearm();
    });
  }

  #finish(): void {
    if (this.phase === OVER) return;
    if (this.#kind === "Stream") this.#finishStream(this.#stream as StreamPassage);
    else if (this.#kind === "Join") this.#finishJoin(this.#join as JoinPassage);
    else if (this.phase === FLOWING) this.#end();
    else if (this.#kind === "Reply") this.#finishReply();
    else if (this.#kind === "Refusal") this.#finishRefusal();
    else this.#finishHeld(this.#heldBody());
  }

  #finishStream(passing: StreamPassage): void {
    if (this.#unread.length > 0) this.flush();
    // Reading what was left may have failed.
    if (this.phase === OVER) return;
    this.#exchange.note(passing.end());
    const rest = passing.rest();
    if (this.phase !== FLOWING) {
      if (passing.error !== null) return this.#failInStream(passing.error);
      if (!passing.hasEvent) return this.#fail("UPSTREAM_INVALID", { reason: "the stream ended before its first event" });
      this.#commit(NO_LENGTH, this.#passage.streamType);
    }
    if (rest.length > 0) this.#queue(rest);
    if (passing.error !== null) {
      if (!this.#passage.isUntouched) return this.#failInStream(passing.error);
      // The provider told the client itself; only our books must know.
      this.#exchange.errorCode = "UPSTREAM_STREAM_ERROR";
    } else if (!passing.isFinished) {
      return this.#fail("UPSTREAM_TRUNCATED");
    }
    this.#end();
  }

  #finishJoin(join: JoinPassage): void {
    this.#exchange.note(join.end());
    if (join.error !== null) return this.#failInStream(join.error);
    const joined = join.isFinished ? join.reply() : null;
    if (joined === null) return this.#fail("UPSTREAM_TRUNCATED");
    this.#finishHeld(joined, "application/json");
  }

  #finishReply(): void {
    const { upstreamStatus, endpoint } = this.#exchange;
    const body = this.#heldBody();
    if (upstreamStatus === 204) return this.#finishHeld(body);
    if (body.length === 0) return this.#fail("UPSTREAM_INVALID", { reason: "it was empty" });
    const answered = this.#passage.readReply(body, this.#upstreamHeaders);
    if (!answered.isWhole) return this.#fail("UPSTREAM_INVALID", { reason: "it was not one whole JSON document" });
    // A stored answer may tell of a failure of then; that is no failure of now.
    if (answered.error !== null && endpoint.method !== "GET") return this.#failInStream(answered.error);
    if (answered.problem !== undefined) return this.#fail("UPSTREAM_INVALID", { reason: answered.problem });
    this.#exchange.note(answered.summary);
    this.#finishHeld(answered.body, answered.type);
  }

  // A limit or a fault of the provider's may not be one elsewhere; a fault of the request's is the same everywhere.
  #finishRefusal(): void {
    const status = this.#exchange.upstreamStatus;
    const { errors, rateLimits } = this.#destination.vendor;
    const isKeyRefused = isOfKey(status, this.#destination);
    const said = this.#passage.readRefusal({ status, headers: this.#upstreamHeaders, body: this.#heldBody(), isOfKey: isKeyRefused });
    const meant = errors?.[status] ?? (isKeyRefused || said?.kind === "credential" ? "credential" : undefined);
    if (meant === "credential" && !isKeyRefused) benchKey(this.#exchange.gateway, this.#key);
    const code = codeOfRefusal(status, meant);
    // More of an upload may have passed by meanwhile than is kept for another.
    const mayGoOn = this.#hasNext && this.#exchange.upload?.isReplayable !== false;
    if (code !== "UPSTREAM_REJECTED" && mayGoOn) return this.#fail(code, { upstreamStatus: status });
    this.#exchange.errorCode = code;
    if (said === null) return this.#finishHeld(errorBody(this.#exchange, this.#heldBody(), code), "application/json");
    const hints = retryHints(status, this.#upstreamHeaders, said.retryAfterSeconds, rateLimits, this.#exchange.gateway.clock.now());
    this.#over(toldRefusal(meant === undefined ? said : { ...said, kind: meant }, hints, secretsOf(this.#key)));
  }

  /** The head of a refusal says enough; half of its body says nothing. */
  #finishWithoutBody(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#finishRefusal();
  }

  #heldBody(): Buffer {
    return this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held, this.#heldBytes);
  }

  #finishHeld(body: Buffer, contentType?: string): void {
    const exchange = this.#exchange;
    exchange.status = exchange.upstreamStatus;
    exchange.firstByteTick = exchange.gateway.clock.tick();
    exchange.bytesOut = body.length;
    exchange.response.writeHead(exchange.status, replyHeaders(exchange, this.#upstreamHeaders, this.#destination.vendor.rateLimits, body.length, contentType));
    // As text it goes out in one piece with the head; Latin-1 gives back the same bytes.
    if (body.length <= JOINED_WITH_HEAD_BYTES_MAX) exchange.response.end(body.toString("latin1"), "latin1");
    else exchange.response.end(body);
    this.#over(null);
  }

  #end(): void {
    this.flush();
    this.#exchange.response.end();
    this.#over(null);
  }

  /** Before the client has a byte: somebody else's turn. After it: the client is told in its own protocol. */
  #fail(code: ErrorCode, details?: Details): void {
    this.#failWith(failure(code, details));
  }

  #failWith(reason: Failure): void {
    if (this.#unread.length > 0) this.flush();
    if (this.phase === OVER) return;
    const hasBegun = this.phase === FLOWING;
    if (hasBegun && this.#hasLastWord()) return this.#finishEarly(reason.code);
    if (hasBegun) this.#breakOff(reason);
    this.#over(hasBegun ? null : reason);
    this.#sending?.abort(new Error(reason.code));
    this.#inflate?.destroy();
  }

  /** The client has been told how the stream ended, well or badly: what becomes of the connection changes nothing of it. */
  #hasLastWord(): boolean {
    const passing = this.#stream;
    return passing !== null && passing.isBetweenEvents && (passing.hasTerminator || (passing.error !== null && this.#passage.isUntouched));
  }

  #finishEarly(why: string): void {
    this.#finish();
    this.#sending?.abort(new Error(why));
    this.#inflate?.destroy();
  }

  #breakOff(reason: Failure): void {
    const { request, response } = this.#exchange;
    this.#exchange.errorCode = reason.code;
    const passing = this.#stream;
    this.flush();
    if (passing !== null) this.#exchange.note(passing.end());
    const bytes = passing?.encodeFailure(reason) ?? NOTHING;
    // Neither bytes without events nor half a frame can carry an error; a connection that breaks cannot be mistaken for an
    // end. In HTTP/1.0 only a reset breaks it.
    if (bytes.length === 0 && request.httpVersionMinor === 0) response.socket?.resetAndDestroy();
    if (bytes.length === 0) return void response.destroy();
    this.#exchange.bytesOut += bytes.length;
    response.end(bytes);
  }

  onClientLeft(): void {
    if (this.phase === OVER) return;
    const summary = (this.#stream ?? this.#join)?.end();
    if (summary !== undefined) this.#exchange.note(summary);
    this.#over(null);
    this.#sending?.abort(new Error("the client left"));
    this.#inflate?.destroy();
  }

  #over(outcome: Failure | null): void {
    this.phase = OVER;
    this.#exchange.waiting = null;
    this.#exchange.isBodySent = this.#sending?.isWritten === true;
    this.#exchange.gateway.deadlines.disarm(this);
    this.#destination.upstream.inFlight--;
    if (this.#onHalfClose !== null) this.#exchange.request.socket.off("end", this.#onHalfClose);
    this.#resolve(outcome);
  }

  onDue(tickMs: number): void {
    if (this.phase === OVER) return;
    const overdue = this.overdue(tickMs);
    if (overdue !== null) return this.#fail(overdue.code, { seconds: overdue.ms / 1000 });
    if (this.isHoldOver(tickMs)) this.#commit(NO_LENGTH, this.#passage.streamType);
    if (this.isQuiet(tickMs)) this.#sayAlive(tickMs);
    this.#exchange.gateway.deadlines.arm(this, this.nextDue());
  }

  #sayAlive(tickMs: number): void {
    this.givenTick = tickMs;
    if (this.#pending.length === 0 && this.#unread.length === 0) sayAlive(this.#exchange, this.#stream as StreamPassage);
  }

  /** Nobody answers what has not arrived: as long as the client sends, the clock to the head begins anew. */
  protected hasUploadMoved(tickMs: number): boolean {
    const bytes = this.#exchange.upload?.bytes ?? 0;
    if (bytes === this.#uploadBytes) return false;
    this.#uploadBytes = bytes;
    this.phaseTick = tickMs;
    return true;
  }

  protected isWaitingForToken(): boolean {
    return (this.#stream ?? this.#join)?.hasEvent === false;
  }

  protected holdMs(): number {
    return this.phase === HOLDING && this.#kind === "Stream" ? (this.#exchange.router?.settings.stream.headHoldMs ?? 0) : -1;
  }

  // Armed for too early costs one look; moving it at every step would cost more.
  #rearm(): void {
    if (this.phase === OVER) return;
    const { deadlines } = this.#exchange.gateway;
    const due = this.nextDue();
    if (due < deadlines.dueOf(this)) deadlines.arm(this, due);
  }
}
