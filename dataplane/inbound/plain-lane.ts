// The plain lane: connections whose requests are of the plainest kind are read and answered here, which costs half of what
// Node's HTTP server does. Whatever is not plain (incomplete heads, chunked bodies, pipelining, other methods, HTTP/1.0, and
// all that is wrong) goes to that server with its connection, for good: this file judges nothing and refuses nobody.
import { METHODS, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { type Gathering, sharedGathering } from "../wire/gathering.ts";
import { readPlainHead, type PlainHead } from "../wire/http-request.ts";
import { PlainReply, type ReplyOwner } from "./plain-reply.ts";
import { PlainRequest } from "./plain-request.ts";

export interface LaneParts {
  readonly clock: Clock;
  /** Who answers POSTs to this path; undefined: not this lane. */
  readonly find: (path: string) => ((request: PlainRequest, reply: PlainReply) => void) | undefined;
  readonly keepAliveMs: number;
  /** How long a request may take to arrive whole. */
  readonly requestMs: number;
  readonly checkingMs: number;
  /** It did not arrive in time. */
  readonly onLate: (socket: Socket, hasAnswerBegun: boolean) => void;
  /** What comes behind a request begins no other. */
  readonly onNonsense: (socket: Socket, hasAnswerBegun: boolean) => void;
}

/** Of what comes while a request is under way so much is held; then the client waits. */
const HELD_BYTES_MAX = 65_536;
const METHOD_BYTES_MAX = 20;
const beginnings = METHODS.map((method) => `${method} `);

const mayBeginRequest = (bytes: Buffer): boolean => {
  const text = bytes.toString("latin1", 0, METHOD_BYTES_MAX);
  return beginnings.some((beginning) => text.startsWith(beginning) || beginning.startsWith(text));
};

/** Puts the lane before the server's own reading of its connections. */
export class PlainLane {
  readonly parts: LaneParts;
  readonly gathering: Gathering;
  readonly #server: Server;
  readonly #begin: readonly ((socket: Socket) => void)[];
  readonly #connections = new Set<PlainConnection>();
  readonly #keepAliveLine: string;
  #cancelCheck: (() => void) | null = null;
  #dateSecond = -1;
  #date = "";

  constructor(server: Server, parts: LaneParts) {
    this.parts = parts;
    this.gathering = sharedGathering(parts.clock);
    this.#server = server;
    this.#keepAliveLine = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(parts.keepAliveMs / 1000)}\r\n`;
    this.#begin = server.listeners("connection") as ((socket: Socket) => void)[];
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      this.#connections.add(new PlainConnection(socket, this));
      this.#cancelCheck ??= parts.clock.after(parts.checkingMs, () => this.#check());
    });
  }

  /** Cuts off all of them. */
  destroy(): void {
    this.#cancelCheck?.();
    for (const connection of this.#connections) connection.socket.destroy();
  }

  commonLines(isClosing: boolean): string {
    const now = this.parts.clock.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = `date: ${new Date(now).toUTCString()}\r\n`;
    }
    return this.#date + (isClosing ? "connection: close\r\n" : this.#keepAliveLine);
  }

  forget(connection: PlainConnection): void {
    this.#connections.delete(connection);
  }

  /** The server takes the connection over, with what has been read of it. */
  handOver(connection: PlainConnection, bytes: Buffer): void {
    this.forget(connection);
    for (const begin of this.#begin) begin.call(this.#server, connection.socket);
    if (bytes.length > 0) connection.socket.emit("data", bytes);
  }

  #check(): void {
    const { clock, checkingMs } = this.parts;
    const tick = clock.tick();
    for (const connection of this.#connections) connection.check(tick);
    this.#cancelCheck = this.#connections.size === 0 ? null : clock.after(checkingMs, () => this.#check());
  }
}

/*
 * idle ── plain head ──▶ busy ── reply out, body in ──▶ idle
 *   └── anything else ──▶ the server's
 * What comes while it is busy and is none of the body waits for its turn.
 */
class PlainConnection implements ReplyOwner {
  readonly socket: Socket;
  readonly #lane: PlainLane;
  readonly #onData = (chunk: Buffer): void => this.#take(chunk);
  readonly #onEnd = (): void => this.#end();
  readonly #onClose = (): void => this.#closed();
  readonly #onError = (): void => {};
  readonly #onDrain = (): void => this.#reply?.drained();
  #request: PlainRequest | null = null;
  #reply: PlainReply | null = null;
  /** Of the body. */
  #bytesLeft = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #sinceTick: number;
  #hasAsked = false;
  /** It has been refused, and its end is on its way. */
  #isRefused = false;

  constructor(socket: Socket, lane: PlainLane) {
    this.socket = socket;
    this.#lane = lane;
    this.#sinceTick = lane.parts.clock.tick();
    socket.setNoDelay(true);
    socket.on("data", this.#onData).on("end", this.#onEnd).on("close", this.#onClose).on("error", this.#onError).on("drain", this.#onDrain);
  }

  get gathering(): Gathering {
    return this.#lane.gathering;
  }

  commonLines(isClosing: boolean): string {
    return this.#lane.commonLines(isClosing);
  }

  check(tickMs: number): void {
    const { keepAliveMs, requestMs, onLate } = this.#lane.parts;
    if (this.#isRefused) return this.#destroy();
    const isReading = this.#request === null ? !this.#hasAsked : !this.#request.complete;
    const msMax = isReading ? requestMs : this.#request === null ? keepAliveMs : 0;
    if (msMax === 0 || tickMs < this.#sinceTick + msMax) return;
    if (isReading) this.#refuse(onLate);
    else this.#destroy();
  }

  #destroy(): void {
    this.socket.destroy();
  }

  #refuse(how: LaneParts["onLate"]): void {
    this.#isRefused = true;
    how(this.socket, this.#reply?.headersSent === true);
  }

  onReplied(reply: PlainReply): void {
    if (this.#reply !== reply) return;
    this.#reply = null;
    if (reply.isLast) this.socket.destroySoon();
    else if (this.#request?.complete !== false) this.#next();
  }

  #take(chunk: Buffer): void {
    if (this.#isRefused) return;
    if (this.#request === null) return this.#ask(chunk);
    if (this.#bytesLeft === 0) return this.#hold(chunk);
    const bytes = chunk.length <= this.#bytesLeft ? chunk : chunk.subarray(0, this.#bytesLeft);
    if (bytes.length < chunk.length) this.#hold(chunk.subarray(bytes.length));
    this.#takeBody(bytes);
  }

  #takeBody(bytes: Buffer): void {
    const request = this.#request as PlainRequest;
    this.#bytesLeft -= bytes.length;
    request.take(bytes);
    if (this.#bytesLeft > 0 || request.complete) return;
    request.finish();
    // The answer may have been out before the body was in.
    if (this.#reply === null && !this.socket.destroyed && this.socket.writable) this.#next();
  }

  #hold(chunk: Buffer): void {
    if (this.#waiting.length === 0 && !mayBeginRequest(chunk)) return this.#refuse(this.#lane.parts.onNonsense);
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > HELD_BYTES_MAX) this.socket.pause();
  }

  #ask(chunk: Buffer): void {
    this.#hasAsked = true;
    this.#sinceTick = this.#lane.parts.clock.tick();
    const head = readPlainHead(chunk);
    const open = head === null ? undefined : this.#lane.parts.find(head.target);
    if (head === null || open === undefined || chunk.length > head.end + head.bodyBytes) return this.#handOver(chunk);
    const request = new PlainRequest(head, chunk, this.socket);
    const reply = new PlainReply(this.socket, this);
    this.#request = request;
    this.#reply = reply;
    this.#bytesLeft = request.complete ? 0 : head.bodyBytes;
    open(request, reply);
    if (!request.complete) this.#takeFirst(chunk, head);
  }

  /** Its listeners are there only now. */
  #takeFirst(chunk: Buffer, head: PlainHead): void {
    if (chunk.length > head.end) this.#takeBody(chunk.subarray(head.end));
  }

  #next(): void {
    this.#request = null;
    this.#sinceTick = this.#lane.parts.clock.tick();
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.socket.resume();
    this.#ask(bytes);
  }

  #handOver(bytes: Buffer): void {
    const { socket } = this;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).off("error", this.#onError).off("drain", this.#onDrain);
    this.#lane.handOver(this, bytes);
  }

  /** Whoever ends its side has left: nobody reads what is still to come. */
  #end(): void {
    if (this.#reply === null) this.socket.destroySoon();
    else this.socket.destroy();
  }

  #closed(): void {
    this.#lane.forget(this);
    this.#waiting = [];
    this.#reply?.closed();
  }
}
