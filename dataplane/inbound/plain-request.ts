// A client's request on the plain lane: a head that was read in one go, and a body that is there already or comes piece by
// piece. Only as much of Node's message as the steps use.
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { ClientRequest, WholeBody } from "../request/client.ts";
import type { PlainHead } from "../wire/http-request.ts";

export class PlainRequest implements ClientRequest {
  readonly method = "POST";
  readonly url: string;
  readonly rawHeaders: string[];
  readonly httpVersionMinor = 1;
  readonly socket: Socket;
  readonly body: WholeBody | undefined;
  complete: boolean;
  #headers: IncomingHttpHeaders | null = null;
  #onData: ((chunk: Buffer) => void) | null = null;
  #onEnd: (() => void) | null = null;

  constructor(head: PlainHead, bytes: Buffer, socket: Socket) {
    this.url = head.target;
    this.rawHeaders = head.fields;
    this.socket = socket;
    const end = head.end + head.bodyBytes;
    this.complete = bytes.length >= end;
    this.body = this.complete ? { bytes, start: head.end, end } : undefined;
  }

  /** As Node has them: of several the first counts, but for what is a list. Most requests never ask. */
  get headers(): IncomingHttpHeaders {
    this.#headers ??= headersOf(this.rawHeaders);
    return this.#headers;
  }

  on(event: "data" | "end", listener: ((chunk: Buffer) => void) & (() => void)): void {
    if (event === "data") this.#onData = listener;
    else this.#onEnd = listener;
  }

  /** What nobody listens for is let by anyway. */
  resume(): void {}

  /** For the connection. */
  take(chunk: Buffer): void {
    if (chunk.length > 0) this.#onData?.(chunk);
  }

  finish(): void {
    this.complete = true;
    this.#onEnd?.();
  }
}

/** Said once at most; a second one is passed over. */
const single: ReadonlySet<string> = new Set(["content-type", "content-length", "user-agent", "authorization", "host", "from", "referer", "x-api-key", "x-goog-api-key", "api-key"]);

const headersOf = (fields: readonly string[]): IncomingHttpHeaders => {
  const headers = Object.create(null) as IncomingHttpHeaders;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (!single.has(name)) headers[name] = `${String(before)}, ${value}`;
  }
  return headers;
};
