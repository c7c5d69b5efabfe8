// One request at the fault provider and the means to answer it, rightly or wrongly, byte by byte.
// It refuses to wait for time: every promise here settles on an event of the socket.

import type { Socket } from "node:net";
import type { RequestHead } from "./provider-reader.ts";

export type Bytes = string | Uint8Array;
export type Framing = "length" | "chunked" | "close";

export interface ReplyHead {
  readonly status?: number;
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `chunked` unless told; with `length` the caller gives content-length itself. */
  readonly framing?: Framing;
}

/** How and when the client left before its answer was whole. */
export interface Gone {
  readonly phase: "sending the body" | "waiting for the head" | "reading the reply";
  readonly how: "end" | "reset";
  /** How many bytes of the reply had been handed to the network. */
  readonly replyBytes: number;
}

export class RecordedRequest {
  readonly index: number;
  readonly connection: number;
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly rawHeaders: RequestHead["rawHeaders"];
  readonly headBytes: Buffer;
  bodyLength = 0;
  isComplete = false;
  gone: Gone | undefined;
  readonly #bodyPieces: Buffer[] = [];
  readonly #wirePieces: Buffer[] = [];

  constructor(index: number, connection: number, head: RequestHead) {
    this.index = index;
    this.connection = connection;
    this.method = head.method;
    this.target = head.target;
    this.version = head.version;
    this.rawHeaders = head.rawHeaders;
    this.headBytes = head.bytes;
  }

  /** The value of a header whatever its spelling; several are joined with a comma. */
  header(name: string): string | undefined {
    const values = this.rawHeaders.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(", ");
  }

  /** The body without the framing of chunks. */
  get body(): Buffer {
    return Buffer.concat(this.#bodyPieces);
  }

  /** The body as it stood on the wire. */
  get wireBody(): Buffer {
    return Buffer.concat(this.#wirePieces);
  }

  get json(): unknown {
    return JSON.parse(this.body.toString("utf8"));
  }

  add(body: Buffer, wire: Buffer, isKept: boolean): void {
    this.bodyLength += body.length;
    if (!isKept) return;
    if (body.length > 0) this.#bodyPieces.push(body);
    this.#wirePieces.push(wire);
  }
}

/** States: open → head sent → ended, or given up at any point by either side. */
export class Exchange {
  readonly request: RecordedRequest;
  /** Settles when the whole body is here. */
  readonly received: Promise<void>;
  /** Settles when the client leaves before its answer is whole; never otherwise. */
  readonly gone: Promise<Gone>;
  readonly socket: Socket;
  replyBytes = 0;
  hasEnded = false;
  #isHeadSent = false;
  #framing: Framing = "chunked";
  #isClosing = false;
  #isGivenUp = false;
  readonly #finished: () => void;
  readonly #settleReceived: () => void;
  readonly #settleGone: (gone: Gone) => void;

  constructor(request: RecordedRequest, socket: Socket, finished: () => void) {
    this.request = request;
    this.socket = socket;
    this.#finished = finished;
    const received = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<Gone>();
    this.received = received.promise;
    this.gone = gone.promise;
    this.#settleReceived = received.resolve;
    this.#settleGone = gone.resolve;
  }

  /** Stops reading from the connection; call it at once in a behaviour, and the body stays with the client. */
  stopReading(): void {
    this.socket.pause();
  }

  startReading(): void {
    this.socket.resume();
  }

  async sendContinue(): Promise<void> {
    await this.sendRaw("HTTP/1.1 100 Continue\r\n\r\n");
  }

  async sendHead(head: ReplyHead = {}): Promise<void> {
    this.#framing = head.framing ?? "chunked";
    this.#isHeadSent = true;
    const headers = Object.entries(head.headers ?? {});
    if (this.#framing === "chunked") headers.push(["transfer-encoding", "chunked"]);
    this.#isClosing =
      this.#framing === "close" || headers.some(([name, value]) => name.toLowerCase() === "connection" && value === "close");
    const lines = [`HTTP/1.1 ${head.status ?? 200} ${head.reason ?? "Whatever"}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
    await this.sendRaw(`${lines.join("\r\n")}\r\n\r\n`);
  }

  /** One piece of the body, framed as the head said, in one segment. */
  async sendChunk(bytes: Bytes): Promise<void> {
    const piece = Buffer.from(bytes);
    if (this.#framing !== "chunked") return this.sendRaw(piece);
    if (piece.length === 0) return;
    await this.sendRaw(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]));
  }

  /** Any bytes, in one segment; settles when the system has taken them, or rejects when the client is gone. */
  async sendRaw(bytes: Bytes): Promise<void> {
    const piece = Buffer.from(bytes);
    await new Promise<void>((resolve, reject) => {
      this.socket.write(piece, (failure) => (failure ? reject(failure) : resolve()));
    });
    this.replyBytes += piece.length;
    // Two turns of the loop hold one poll for certain, so that a reader in this process gets this segment by itself.
    await new Promise<void>((resolve) => {
      setImmediate(() => setImmediate(resolve));
    });
  }

  /** Ends the reply well; the connection stays for the next request unless the head said otherwise. */
  async end(): Promise<void> {
    if (this.#framing === "chunked") await this.sendRaw("0\r\n\r\n");
    this.finish();
    if (this.#isClosing) this.socket.end();
  }

  /** Says that what was sent raw was the whole reply. */
  finish(): void {
    this.hasEnded = true;
    this.#finished();
  }

  /** Ends our side of the connection in good order, whatever was promised: a FIN. */
  close(): void {
    this.#isGivenUp = true;
    this.socket.end();
  }

  /** A RST. */
  reset(): void {
    this.#isGivenUp = true;
    this.socket.resetAndDestroy();
  }

  /** Drops the socket, as a dying process does. */
  destroy(): void {
    this.#isGivenUp = true;
    this.socket.destroy();
  }

  /** For the connection only: the body is whole. */
  markReceived(): void {
    this.request.isComplete = true;
    this.#settleReceived();
  }

  /** For the connection only: the client's side ended. */
  markGone(how: Gone["how"]): void {
    if (this.hasEnded || this.#isGivenUp || this.request.gone !== undefined) return;
    const phase = !this.request.isComplete
      ? "sending the body"
      : this.#isHeadSent || this.replyBytes > 0
        ? "reading the reply"
        : "waiting for the head";
    this.request.gone = { phase, how, replyBytes: this.replyBytes };
    this.#settleGone(this.request.gone);
  }
}
