// The reply to a request of the plain lane: a head, then bytes of known length or chunks, then an end. Head and first bytes go
// out in one piece. Only as much of Node's response as the steps use.
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ClientReply } from "../request/client.ts";
import { type Gathering, sendNow } from "../wire/gathering.ts";
import { fieldLine, fieldName } from "../wire/http-fields.ts";

/** Up to here bytes are joined with what frames them; beyond it the copy costs more than another piece. */
const JOINED_BYTES_MAX = 16_384;
const NOTHING = Buffer.alloc(0);
const LAST_CHUNK = "0\r\n\r\n";

/** What the connection tells its replies, and hears of them. */
export interface ReplyOwner {
  /** Of what its replies write. */
  readonly gathering: Gathering;
  /** Lines of every head that no reply chooses. */
  commonLines(isClosing: boolean): string;
  /** All of it is with the system. */
  onReplied(reply: PlainReply): void;
}

export class PlainReply implements ClientReply {
  readonly socket: Socket;
  readonly #owner: ReplyOwner;
  readonly #onFlushed = (): void => this.#flushed();
  #head = "";
  #isChunked = false;
  #isBodiless = false;
  #isEnded = false;
  #isClosed = false;
  #onClose: (() => void) | null = null;
  #onDrain: (() => void) | null = null;
  headersSent = false;
  writableFinished = false;
  /** The connection carries no other request behind this one. */
  isLast = false;

  constructor(socket: Socket, owner: ReplyOwner) {
    this.socket = socket;
    this.#owner = owner;
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  get writableLength(): number {
    return this.socket.writableLength;
  }

  on(event: "close" | "drain", listener: () => void): void {
    if (event === "close") this.#onClose = listener;
    else this.#onDrain = listener;
  }

  writeHead(status: number, headers: readonly string[]): void {
    let lines = "";
    let isCounted = false;
    for (let index = 0; index < headers.length; index += 2) {
      const name = fieldName(headers[index] as string);
      const value = headers[index + 1] as string;
      if (name === "connection") {
        if (value === "close") this.isLast = true;
        continue;
      }
      if (name === "content-length") isCounted = true;
      lines += fieldLine(name, value);
    }
    this.#isBodiless = status === 204 || status === 304;
    this.#isChunked = !isCounted && !this.#isBodiless;
    const framing = this.#isChunked ? "transfer-encoding: chunked\r\n" : "";
    this.#head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n${lines}${this.#owner.commonLines(this.isLast)}${framing}\r\n`;
    this.headersSent = true;
  }

  flushHeaders(): void {
    if (this.#head === "") return;
    this.#owner.gathering.hold(this.socket);
    this.socket.write(this.#takeHead(), "latin1");
  }

  write(chunk: Buffer): boolean {
    if (chunk.length === 0 || this.#isBodiless) return true;
    this.#owner.gathering.hold(this.socket);
    return this.#isChunked ? this.#send(`${this.#takeHead()}${chunk.length.toString(16)}\r\n`, chunk, "\r\n") : this.#send(this.#takeHead(), chunk, "");
  }

  end(bytes: Buffer | string = NOTHING, _encoding?: "latin1"): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#owner.gathering.hold(this.socket);
    // Written last, so that its callback says that everything is out.
    if (this.#isBodiless || bytes.length === 0) this.socket.write(this.#takeHead() + (this.#isChunked ? LAST_CHUNK : ""), "latin1", this.#onFlushed);
    else if (this.#isChunked) this.#endChunked(bytes);
    else if (typeof bytes === "string") this.socket.write(this.#takeHead() + bytes, "latin1", this.#onFlushed);
    else this.#send(this.#takeHead(), bytes, "", this.#onFlushed);
  }

  #endChunked(bytes: Buffer | string): void {
    const chunk = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    this.#send(`${this.#takeHead()}${chunk.length.toString(16)}\r\n`, chunk, `\r\n${LAST_CHUNK}`, this.#onFlushed);
  }

  destroy(): void {
    sendNow(this.socket);
    this.socket.destroy();
  }

  /** For the connection. */
  drained(): void {
    this.#onDrain?.();
  }

  /** The connection is gone, or this reply is out. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose?.();
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = "";
    return head;
  }

  #send(before: string, bytes: Buffer, after: string, onFlushed?: () => void): boolean {
    const { socket } = this;
    if (bytes.length <= JOINED_BYTES_MAX) return socket.write(joined(before, bytes, after), onFlushed);
    socket.cork();
    if (before !== "") socket.write(before, "latin1");
    let isRoomLeft = after === "" ? socket.write(bytes, onFlushed) : socket.write(bytes);
    if (after !== "") isRoomLeft = socket.write(after, "latin1", onFlushed);
    socket.uncork();
    return isRoomLeft;
  }

  #flushed(): void {
    // A write that failed is the connection's end, which says so itself.
    if (this.socket.destroyed) return;
    this.writableFinished = true;
    this.closed();
    this.#owner.onReplied(this);
  }
}

const joined = (before: string, bytes: Buffer, after: string): Buffer => {
  if (before === "" && after === "") return bytes;
  const whole = Buffer.allocUnsafe(before.length + bytes.length + after.length);
  whole.write(before, 0, "latin1");
  bytes.copy(whole, before.length);
  if (after !== "") whole.write(after, before.length + bytes.length, "latin1");
  return whole;
};
