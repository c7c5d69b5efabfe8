// Behaviours for the fault provider: what providers do in the wild, one function each.
// They refuse to read the request's meaning; what a reply should say is the test's to give.

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { cutBytes, openaiError, type Cuts } from "./provider-bytes.ts";
import type { Bytes, Exchange, ReplyHead } from "./provider-exchange.ts";
import type { Behaviour } from "./provider.ts";

export interface Reply extends ReplyHead {
  readonly body?: Bytes;
  /** Each piece between cuts is a segment of its own (and, when chunked, a chunk of its own). */
  readonly cuts?: Cuts;
  /** Answers without waiting for the request's body. */
  readonly isEarly?: boolean;
  /** The content is encoded so, and the header says so. */
  readonly encoding?: "gzip" | "deflate" | "br";
}

type Ending = "close" | "reset" | "stay";
const ENCODERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;

/** A whole, well-formed reply; with `length` framing unless told otherwise. */
export function reply(given: Reply): Behaviour {
  const plain = Buffer.from(given.body ?? "");
  const body = given.encoding === undefined ? plain : ENCODERS[given.encoding](plain);
  const framing = given.framing ?? "length";
  const encoding = given.encoding === undefined ? {} : { "content-encoding": given.encoding };
  const length = framing === "length" ? { "content-length": String(body.length) } : {};
  const head: ReplyHead = { ...given, framing, headers: { ...given.headers, ...encoding, ...length } };
  return async (exchange) => {
    if (given.isEarly !== true) await bodyOf(exchange);
    await exchange.sendHead(head);
    for (const piece of cutBytes(body, given.cuts)) await exchange.sendChunk(piece);
    await exchange.end();
  };
}

export function json(body: unknown, more: Reply = {}): Behaviour {
  const bytes = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return reply({ ...more, body: bytes, headers: { "content-type": "application/json", ...more.headers } });
}

/** A chunked event stream, each of the given pieces a chunk and a segment. */
export function eventStream(pieces: readonly Bytes[], more: Omit<Reply, "body" | "cuts"> = {}): Behaviour {
  return async (exchange) => {
    if (more.isEarly !== true) await bodyOf(exchange);
    await exchange.sendHead({
      ...more,
      framing: more.framing ?? "chunked",
      headers: { "content-type": "text/event-stream", ...more.headers },
    });
    for (const piece of pieces) await exchange.sendChunk(piece);
    await exchange.end();
  };
}

/** An event stream that breaks off after the given pieces, without its last chunk. */
export function brokenStream(pieces: readonly Bytes[], ending: "close" | "reset" = "close", more: ReplyHead = {}): Behaviour {
  return async (exchange) => {
    await bodyOf(exchange);
    await exchange.sendHead({ ...more, headers: { "content-type": "text/event-stream", ...more.headers } });
    for (const piece of pieces) await exchange.sendChunk(piece);
    exchange[ending]();
  };
}

/** Says it will send the whole body, sends the first bytes of it, and leaves. */
export function truncated(body: Bytes, sentBytes: number, ending: "close" | "reset" = "close", more: ReplyHead = {}): Behaviour {
  const whole = Buffer.from(body);
  return async (exchange) => {
    await bodyOf(exchange);
    await exchange.sendHead({ ...more, framing: "length", headers: { ...more.headers, "content-length": String(whole.length) } });
    await exchange.sendChunk(whole.subarray(0, sentBytes));
    exchange[ending]();
  };
}

/** Exactly these bytes on the wire, cut into segments where told. */
export function raw(bytes: Bytes, more: { cuts?: Cuts; ending?: Ending; isEarly?: boolean } = {}): Behaviour {
  return async (exchange) => {
    if (more.isEarly !== true) await bodyOf(exchange);
    for (const piece of cutBytes(bytes, more.cuts)) await exchange.sendRaw(piece);
    if (more.ending === "close" || more.ending === "reset") exchange[more.ending]();
    else exchange.finish();
  };
}

/** Takes the request and says nothing, for ever. */
export const silence: Behaviour = () => {};

/** Never reads a byte of the body beyond what came with the head, and says nothing. */
export const deafness: Behaviour = (exchange) => exchange.stopReading();

/** Sends a head and stays silent after it. */
export function headOnly(head: ReplyHead = {}): Behaviour {
  return async (exchange) => {
    await bodyOf(exchange);
    await exchange.sendHead(head);
  };
}

/** Sends a head and leaves. */
export function headThen(ending: "close" | "reset", head: ReplyHead = {}): Behaviour {
  return async (exchange) => {
    await headOnly(head)(exchange);
    exchange[ending]();
  };
}

/** Leaves without a word, before the body is read or after it. */
export function hangUp(ending: "close" | "reset", when: "at the head" | "after the body" = "after the body"): Behaviour {
  return async (exchange) => {
    if (when === "after the body") await bodyOf(exchange);
    exchange[ending]();
  };
}

export function failure(status: number, message = `upstream says ${status}`, more: Reply & { code?: string } = {}): Behaviour {
  return json(openaiError(message, { type: status >= 500 ? "server_error" : "invalid_request_error", code: more.code ?? null }), {
    ...more,
    status,
  });
}

/** `headers` carry the hint in one of its spellings: retry-after, retry-after-ms, x-should-retry. */
export function tooManyRequests(headers: Readonly<Record<string, string>> = {}): Behaviour {
  return failure(429, "Rate limit reached", { headers, code: "rate_limit_exceeded" });
}

/** Refuses our key and repeats it, as some providers do. */
export function echoedKey(status: 401 | 403): Behaviour {
  return (exchange) =>
    failure(status, `Incorrect API key provided: ${exchange.request.header("authorization") ?? "none"}`, { code: "invalid_api_key" })(
      exchange,
    );
}

export function redirect(location: string, status: 301 | 302 | 303 | 307 | 308 = 307): Behaviour {
  return reply({ status, headers: { location } });
}

export function html(status = 200): Behaviour {
  return reply({ status, headers: { "content-type": "text/html" }, body: "<!doctype html><title>Just a moment...</title>" });
}

export function empty(status = 200, contentType = "application/json"): Behaviour {
  return reply({ status, headers: { "content-type": contentType } });
}

/** That many bytes in all, as fast as the client takes them and no faster: `replyBytes` tells how far it got. */
export function flood(bytesTotal: number, piece: Bytes, contentType = "text/event-stream"): Behaviour {
  const bytes = Buffer.from(piece);
  return async (exchange) => {
    await bodyOf(exchange);
    await exchange.sendHead({ headers: { "content-type": contentType } });
    for (let sent = 0; sent < bytesTotal; sent += bytes.length) await exchange.sendChunk(bytes);
    await exchange.end();
  };
}

/** Waits for the request's body, inviting it where the client wants to be invited. */
export async function bodyOf(exchange: Exchange): Promise<Buffer> {
  const { request } = exchange;
  if (!request.isComplete && request.header("expect")?.toLowerCase() === "100-continue") await exchange.sendContinue();
  await exchange.received;
  return request.body;
}
