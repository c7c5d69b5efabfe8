// What the steps need of a client's request and of the reply to it. Node's own messages are of this shape, and so are those
// of the plain lane (inbound/); the steps do not ask which. Shape only.
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";

export interface ClientRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Flat: name, value, name, value. */
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
  readonly httpVersionMinor: number;
  /** The whole body has come. */
  readonly complete: boolean;
  readonly socket: Pick<Socket, "readableEnded" | "once" | "off">;
  /** A body that was there when the request was; absent: it comes by events. */
  readonly body?: WholeBody | undefined;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  resume(): unknown;
}

/** [start, end) of the bytes; what stands before it is nobody's any more. */
export interface WholeBody {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface ClientReply {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  /** Everything has been handed to the system. */
  readonly writableFinished: boolean;
  /** Bytes that wait for a client that has not read what went before. */
  readonly writableLength: number;
  readonly socket: Pick<Socket, "resetAndDestroy"> | null;
  writeHead(status: number, headers: string[]): unknown;
  flushHeaders(): void;
  /** False: no more room, until "drain". */
  write(chunk: Buffer): boolean;
  end(): unknown;
  end(chunk: Buffer): unknown;
  end(text: string, encoding: "latin1"): unknown;
  destroy(): unknown;
  /** close: it is all out, or never will be. */
  on(event: "close" | "drain", listener: () => void): unknown;
}
