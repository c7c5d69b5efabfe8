// One connection to a provider and the request that is on it: at most one at a time, each in full before the next.
// Everything that is read goes through one buffer that all connections of the process share, so an idle one holds nothing.
// Which request comes here, and what becomes of the connection afterwards, is the pool's.
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Gathering } from "../wire/gathering.ts";
import { ReplyReader, type ReplyHeaders, type ReplyTaker } from "../wire/http-reply.ts";
import { lengthSaid, requestHead } from "../wire/http-request.ts";
import { isInPieces, lengthOf } from "../wire/pieces.ts";

const READ_BYTES_MAX = 65_536;
/** Up to here a head and what stands behind it go out in one piece; beyond it the copy costs more than another piece. */
const JOINED_BYTES_MAX = 16_384;

/** Reads are taken before they return, so that one buffer serves all. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

export interface Outbound {
  readonly method: string;
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
  /** Bytes in their pieces; none of them may change until the request is over. */
  readonly body: readonly Buffer[] | string | Readable | null;
}

/** Who is told what becomes of a request. After the end or an error nothing more is said. */
export interface Taker {
  /** A connection is there, and the request is about to be written. */
  onRequestStart(): void;
  onResponseStart(status: number, headers: ReplyHeaders): void;
  onResponseData(chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(error: Error): void;
}

/** The connection ended where a reply was expected. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
  readonly code = "CONNECTION_CLOSED";

  constructor() {
    super("the other side closed the connection");
  }
}

class LengthMismatch extends Error {
  override readonly name = "LengthMismatch";
  readonly code = "LENGTH_MISMATCH";
}

/** A request on its way, waiting for a connection or on one. */
export class Sending {
  readonly request: Outbound;
  readonly taker: Taker;
  readonly #onAbandoned: (sending: Sending) => void;
  connection: Connection | null = null;
  isOver = false;

  /** `onAbandoned`: it is given up while it waits. */
  constructor(request: Outbound, taker: Taker, onAbandoned: (sending: Sending) => void) {
    this.request = request;
    this.taker = taker;
    this.#onAbandoned = onAbandoned;
  }

  /** The system has taken all of the request. */
  get isWritten(): boolean {
    return this.connection?.isWritten === true;
  }

  /** Nothing more is read until `resume`: the other side comes to wait. */
  pause(): void {
    this.connection?.pause();
  }

  resume(): void {
    this.connection?.resume();
  }

  /** Ends it where it is, and the connection with it. The taker is told. */
  abort(error: Error): void {
    if (this.isOver) return;
    if (this.connection !== null) return this.connection.fail(error);
    this.isOver = true;
    this.#onAbandoned(this);
    this.taker.onResponseError(error);
  }
}

export interface Owner {
  /** Of what its connections write. */
  readonly gathering: Gathering;
  /** The request is over and the connection can carry another. */
  onIdle(connection: Connection): void;
  onGone(connection: Connection): void;
}

export class Connection implements ReplyTaker {
  readonly #host: string;
  readonly #owner: Owner;
  readonly #reader = new ReplyReader(this);
  #socket: Socket | null = null;
  #sending: Sending | null = null;
  #upload: UploadWriter | null = null;
  #isWhole = false;
  #isGone = false;
  /** The pool's: when it lets go of the connection if nothing comes. */
  idleUntilTick = 0;

  /** `host`: as the header has it. */
  constructor(host: string, owner: Owner) {
    this.#host = host;
    this.#owner = owner;
  }

  /** For the socket's options: where its bytes go. */
  readonly onread = { buffer: shared, callback: (length: number): boolean => this.#take(length) };

  /** How long the server keeps it while nothing comes; -1 when it did not say. */
  get keepAliveSeconds(): number {
    return this.#reader.keepAliveSeconds;
  }

  get isWritten(): boolean {
    return this.#socket?.writableLength === 0;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => this.fail(error));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.fail(new ConnectionClosed()));
    socket.on("drain", () => this.#upload?.goOn());
  }

  begin(sending: Sending): void {
    this.#sending = sending;
    sending.connection = this;
    this.#isWhole = false;
    try {
      sending.taker.onRequestStart();
      // It may have been given up there.
      if (this.#sending === sending) this.#write(sending.request);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #write(request: Outbound): void {
    const { body, method } = request;
    const socket = this.#socket as Socket;
    this.#reader.begin(method === "HEAD");
    this.#owner.gathering.hold(socket);
    if (body === null || typeof body === "string") {
      const bytes = body === null ? null : Buffer.byteLength(body);
      socket.write(requestHead(request, this.#host, bytes), "latin1");
      if (body !== null) socket.write(body);
    } else if (isInPieces(body)) {
      writePieces(socket, requestHead(request, this.#host, lengthOf(body)), body);
    } else {
      const length = lengthSaid(request.headers);
      socket.write(requestHead(request, this.#host, length), "latin1");
      this.#upload = new UploadWriter(body, socket, length, (error) => this.fail(error));
    }
  }

  onHead(status: number, headers: ReplyHeaders): void {
    this.#sending?.taker.onResponseStart(status, headers);
  }

  onBody(bytes: Buffer): void {
    this.#sending?.taker.onResponseData(bytes);
  }

  onWhole(): void {
    this.#isWhole = true;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** The request on it fails with this; whatever was on its way is lost. */
  fail(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket?.destroy();
    this.#owner.onGone(this);
    const sending = this.#release();
    sending?.taker.onResponseError(error);
  }

  /** Only while no request is on it. */
  close(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket?.destroy();
    this.#owner.onGone(this);
  }

  #release(): Sending | null {
    const sending = this.#sending;
    this.#sending = null;
    this.#upload?.giveUp();
    this.#upload = null;
    if (sending !== null) {
      sending.isOver = true;
      sending.connection = null;
    }
    return sending;
  }

  #take(length: number): boolean {
    // A server may say why it closes a connection that waited for too long; nobody asked.
    if (this.#sending === null) this.close();
    if (this.#isGone) return false;
    try {
      this.#reader.read(shared, length);
    } catch (error) {
      this.fail(error as Error);
    }
    if (this.#isWhole) this.#finish();
    return !this.#isGone;
  }

  #end(): void {
    if (this.#sending === null) return this.close();
    if (!this.#reader.hasBegun) return this.fail(new ConnectionClosed());
    try {
      this.#reader.end();
    } catch (error) {
      return this.fail(error as Error);
    }
    if (this.#isWhole) this.#finish();
  }

  #finish(): void {
    const sending = this.#sending;
    if (sending === null) return;
    this.#isWhole = false;
    const isReusable = this.#reader.isReusable && this.#upload?.isWhole !== false && this.isWritten && this.#socket?.isPaused() === false;
    try {
      sending.taker.onResponseEnd();
    } catch (error) {
      return this.fail(error as Error);
    }
    // It may have been given up there.
    if (this.#sending !== sending) return;
    this.#release();
    if (isReusable) this.#owner.onIdle(this);
    else this.close();
  }
}

const writePieces = (socket: Socket, head: string, pieces: readonly Buffer[]): void => {
  let count = 0;
  let bytes = head.length;
  while (count < pieces.length && bytes + (pieces[count] as Buffer).length <= JOINED_BYTES_MAX) bytes += (pieces[count++] as Buffer).length;
  const first = Buffer.allocUnsafe(bytes);
  let at = first.write(head, 0, "latin1");
  for (let index = 0; index < count; index++) at += (pieces[index] as Buffer).copy(first, at);
  if (count === pieces.length) return void socket.write(first);
  socket.cork();
  socket.write(first);
  for (let index = count; index < pieces.length; index++) socket.write(pieces[index] as Buffer);
  socket.uncork();
};

/** Passes a body on as it comes, no faster than the socket takes it. */
class UploadWriter {
  readonly #body: Readable;
  readonly #socket: Socket;
  readonly #length: number;
  #bytes = 0;
  isWhole = false;
  #isOver = false;

  /** `length` -1: not known. */
  constructor(body: Readable, socket: Socket, length: number, fail: (error: Error) => void) {
    this.#body = body;
    this.#socket = socket;
    this.#length = length;
    body.on("error", (error) => this.#isOver || fail(error));
    body.on("close", () => this.isWhole || this.#isOver || fail(new LengthMismatch("the body ended early")));
    body.on("end", () => this.#finish(fail));
    body.on("data", (chunk: Buffer) => this.#pass(chunk, fail));
  }

  goOn(): void {
    this.#body.resume();
  }

  giveUp(): void {
    this.#isOver = true;
    if (!this.isWhole) this.#body.destroy();
  }

  #pass(chunk: Buffer, fail: (error: Error) => void): void {
    if (this.#isOver) return;
    this.#bytes += chunk.length;
    if (this.#length !== -1 && this.#bytes > this.#length) return fail(new LengthMismatch("the body is longer than was said"));
    if (this.#length === -1) this.#socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
    let isRoomLeft = this.#socket.write(chunk);
    if (this.#length === -1) isRoomLeft = this.#socket.write("\r\n", "latin1");
    if (!isRoomLeft) this.#body.pause();
  }

  #finish(fail: (error: Error) => void): void {
    if (this.#isOver) return;
    if (this.#length !== -1 && this.#bytes !== this.#length) return fail(new LengthMismatch("the body is shorter than was said"));
    this.isWhole = true;
    if (this.#length === -1) this.#socket.write("0\r\n\r\n", "latin1");
  }
}
