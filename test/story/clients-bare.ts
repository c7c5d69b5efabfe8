// A client over a bare socket: it sends what a test says and reads every reply to the byte, with or without its end.
// It repairs nothing and hides nothing: a reply that broke off is told as one, and how the other side left is told too.
import { connect, type Socket } from "node:net";
import { KEY } from "../doubles/gateway.ts";

export interface Reply {
  readonly status: number;
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: string;
  /** The framing that the head announced came to its end. */
  readonly isWhole: boolean;
}

type Framing = "Length" | "Chunked" | "Close" | "None";

/** States: head → body → (whole) head. Of chunks the framing is taken off; what is not a reply throws. */
class ReplyReader {
  readonly replies: ReplyParts[] = [];
  #waiting: Buffer = Buffer.alloc(0);
  #current: ReplyParts | null = null;

  push(bytes: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    for (let hasMoved = true; hasMoved;) hasMoved = this.#current === null ? this.#readHead() : this.#readBody(this.#current);
  }

  end(): void {
    if (this.#current?.framing === "Close") this.#current.isWhole = true;
  }

  #readHead(): boolean {
    const end = this.#waiting.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const [line = "", ...lines] = this.#take(end + 4).toString("latin1").slice(0, -4).split("\r\n");
    const [, version = "", status = ""] = /^HTTP\/(1\.[01]) (\d{3}) /.exec(line) ?? [];
    if (status === "") throw new Error(`not a reply: ${JSON.stringify(line)}`);
    const headers = Object.fromEntries(lines.map((each) => [each.slice(0, each.indexOf(":")).toLowerCase(), each.slice(each.indexOf(":") + 1).trim()]));
    const reply = new ReplyParts(Number(status), version, headers);
    this.replies.push(reply);
    if (reply.framing === "None") reply.isWhole = true;
    else this.#current = reply;
    return true;
  }

  #readBody(reply: ReplyParts): boolean {
    if (reply.framing === "Close") reply.left = this.#waiting.length;
    if (reply.left > 0) {
      const piece = this.#take(Math.min(reply.left, this.#waiting.length));
      reply.add(piece);
      reply.left -= piece.length;
      return piece.length > 0;
    }
    if (reply.framing === "Close") return false;
    return reply.framing === "Length" ? this.#finish(reply) : this.#readChunkLine(reply);
  }

  #readChunkLine(reply: ReplyParts): boolean {
    const end = this.#waiting.indexOf("\r\n");
    if (end === -1) return false;
    const line = this.#take(end + 2).toString("latin1").slice(0, -2);
    if (reply.isInTrailer) return line === "" ? this.#finish(reply) : true;
    if (line === "" && !reply.isAtFirstChunk) return true;
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`not the size of a chunk: ${JSON.stringify(line)}`);
    reply.left = Number.parseInt(line, 16);
    reply.isAtFirstChunk = false;
    reply.isInTrailer = reply.left === 0;
    return true;
  }

  #finish(reply: ReplyParts): true {
    reply.isWhole = true;
    this.#current = null;
    return true;
  }

  #take(length: number): Buffer {
    const taken = this.#waiting.subarray(0, length);
    this.#waiting = this.#waiting.subarray(length);
    return taken;
  }
}

class ReplyParts implements Reply {
  readonly status: number;
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: Framing;
  left = 0;
  isAtFirstChunk = true;
  isInTrailer = false;
  isWhole = false;
  bodyLength = 0;
  readonly #pieces: Buffer[] = [];

  constructor(status: number, version: string, headers: Readonly<Record<string, string>>) {
    this.status = status;
    this.version = version;
    this.headers = headers;
    const length = headers["content-length"];
    if (status < 200 || status === 204 || status === 304) this.framing = "None";
    else if (headers["transfer-encoding"] === "chunked") this.framing = "Chunked";
    else if (length === undefined) this.framing = "Close";
    else {
      this.framing = "Length";
      this.left = Number(length);
    }
  }

  add(piece: Buffer): void {
    this.bodyLength += piece.length;
    this.#pieces.push(piece);
  }

  get body(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  get text(): string {
    return this.body.toString("utf8");
  }
}

export class BareClient {
  readonly socket: Socket;
  /** How the other side left, if it did. */
  left: "fin" | "reset" | null = null;
  isClosed = false;
  readonly #reader = new ReplyReader();
  readonly #watchers = new Set<() => void>();
  #problem: Error | null = null;

  constructor(port: number, isReading = true) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    if (!isReading) this.socket.pause();
    this.socket.on("data", (bytes: Buffer) => this.#take(bytes));
    this.socket.on("end", () => {
      this.left = "fin";
      this.#reader.end();
      this.socket.end();
      this.#changed();
    });
    this.socket.on("error", () => {
      this.left ??= "reset";
    });
    this.socket.on("close", () => {
      this.isClosed = true;
      this.#changed();
    });
  }

  /** Final replies so far, also the one that is still on its way; "100 Continue" is none. */
  get replies(): readonly Reply[] {
    return this.#reader.replies.filter(({ status }) => status >= 200);
  }

  get isInvited(): boolean {
    return this.#reader.replies.some(({ status }) => status === 100);
  }

  /** Bytes of all bodies so far. */
  get bodyBytes(): number {
    return this.#reader.replies.reduce((sum, { bodyLength }) => sum + bodyLength, 0);
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** Says that nothing more will be sent: a FIN. Goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  /** Goes away, as a process that ends does. */
  leave(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** The reply with this number, once it is whole, or as far as it came when the other side has left. */
  async reply(index = 0): Promise<Reply> {
    await this.until(() => this.replies[index]?.isWhole === true || this.isClosed);
    const reply = this.replies[index];
    if (reply === undefined) throw new Error(`the connection was closed (${this.left ?? "by us"}) without reply ${index}`);
    return reply;
  }

  /** Settles once the text is in the body of the last reply. */
  async saw(text: string): Promise<void> {
    await this.until(() => (this.replies.at(-1)?.text.includes(text) ?? false) || this.isClosed);
    const seen = this.replies.at(-1)?.text ?? "";
    if (!seen.includes(text)) throw new Error(`the connection was closed before ${JSON.stringify(text)} came, after ${JSON.stringify(seen)}`);
  }

  /** Settles once the head of a reply is here. */
  headed(): Promise<void> {
    return this.until(() => this.replies.length > 0 || this.isClosed);
  }

  invited(): Promise<void> {
    return this.until(() => this.isInvited || this.isClosed);
  }

  closed(): Promise<void> {
    return this.until(() => this.isClosed);
  }

  async until(isTrue: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!isTrue() && this.#problem === null) return;
        this.#watchers.delete(look);
        if (this.#problem === null) resolve();
        else reject(this.#problem);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #take(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#problem = error as Error;
    }
    this.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

export interface Post {
  readonly path?: string;
  readonly version?: "1.0" | "1.1";
  readonly headers?: Readonly<Record<string, string>>;
}

const MESSAGES = [{ role: "user", content: "hi" }];

export const asked = (more: object = {}): string => JSON.stringify({ model: "support-chat", messages: MESSAGES, ...more });
export const CHAT = asked();
export const STREAMED = asked({ stream: true });

/** The head of a POST with a body of this length. */
export const headOf = (bodyBytes: number, { path = "/v1/chat/completions", version = "1.1", headers = {} }: Post = {}): string => {
  const all = { "host": "gateway", "authorization": `Bearer ${KEY}`, "content-type": "application/json", "content-length": String(bodyBytes), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/${version}\r\n${lines.join("")}\r\n`;
};

export const post = (body: string, how: Post = {}): string => headOf(Buffer.byteLength(body), how) + body;
