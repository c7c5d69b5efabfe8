// The demo provider: a small, deterministic stand-in that speaks every protocol of the gateway over plain HTTP, so that it can be
// tried without any key. It refuses to be more: no model, no chance, nothing kept beyond the process, no timers but the caller's.

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Call, Reply } from "./exchange.ts";
import { JSON_BYTES_MAX, UPLOAD_BYTES_MAX } from "./exchange.ts";
import { asFailure, Failure } from "./failure.ts";
import type { Shape } from "./shape.ts";
import { refusalOf } from "./shape.ts";
import type { DemoClock, DemoState } from "./state.ts";
import { makeState } from "./state.ts";
import { findEndpoint, shapeAt } from "./surfaces.ts";

export { demoModels } from "./models.ts";
export type { DemoClock } from "./state.ts";

export interface DemoOptions {
  readonly host: string;
  readonly port: number;
  /** Without it nothing is paced, and every answer carries the same instant. */
  readonly clock?: DemoClock | undefined;
  /** The pause before each streamed word, 20 unless told. */
  readonly wordDelayMs?: number | undefined;
}

export interface Demo {
  readonly url: string;
  close(): Promise<void>;
}

/** Longer than any client here keeps a connection, so that it is never closed under a request. */
const KEEP_ALIVE_MS = 120_000;
const REFUSED_KEY = "sk-invalid";

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const closing = new AbortController();
  const state = makeState({ clock: options.clock, wordDelayMs: options.wordDelayMs, closing: closing.signal });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void serve(request, response, state);
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const closed = once(server, "close");
  return {
    url: urlOf(server.address(), options.host),
    close: async () => {
      closing.abort();
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function urlOf(address: ReturnType<ReturnType<typeof createServer>["address"]>, host: string): string {
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function serve(request: IncomingMessage, response: ServerResponse, state: DemoState): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  response.on("error", () => gone.abort());
  const url = URL.parse(`http://demo${request.url ?? "/"}`) ?? new URL("http://demo/");
  const shape = shapeAt(url.pathname);
  try {
    requireKey(request, url);
    const method = request.method ?? "GET";
    // Before the body is read: an unknown path should not have to be fed.
    const { endpoint, id } = findEndpoint(method, url.pathname);
    const contentType = request.headers["content-type"] ?? "";
    const body = await readBytes(request, contentType.startsWith("multipart/") ? UPLOAD_BYTES_MAX : JSON_BYTES_MAX);
    const call: Call = { method, path: url.pathname, query: url.searchParams, headers: request.headers, contentType, body, signal: gone.signal };
    response.setHeader(shape.requestIdHeader, state.nextId("req_", body));
    if (shape.requestIdHeader === "x-request-id") response.setHeader("openai-version", "2020-10-01");
    await send(response, await endpoint(call, state, id), gone.signal);
  } catch (thrown) {
    refuse(request, response, asFailure(thrown), shape, state);
  }
}

/** No key is needed, but one key is known to be wrong, so that refusals can be tried. */
function requireKey(request: IncomingMessage, url: URL): void {
  const { authorization = "", "x-api-key": plain, "api-key": azure, "x-goog-api-key": google } = request.headers;
  const keys = [authorization.replace(/^Bearer\s+/i, ""), plain, azure, google, url.searchParams.get("key")];
  if (!keys.includes(REFUSED_KEY)) return;
  throw new Failure(401, "Incorrect API key provided: sk-inv***lid.", { code: "invalid_api_key" });
}

async function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = new Failure(413, `The body of the request is larger than ${bytesMax} bytes.`, { code: "request_too_large" });
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  // Left running on leaving, because the answer has to go out over the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > bytesMax) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function send(response: ServerResponse, reply: Reply, signal: AbortSignal): Promise<void> {
  if (reply.kind === "stream") {
    response.writeHead(200, { "content-type": reply.contentType, "cache-control": "no-cache" });
    response.flushHeaders();
    for await (const piece of reply.pieces) {
      signal.throwIfAborted();
      if (!response.write(piece)) await once(response, "drain", { signal });
    }
    response.end();
    return;
  }
  const isJson = reply.kind === "json";
  const body = isJson ? Buffer.from(JSON.stringify(reply.body)) : reply.body;
  const own = isJson ? reply.headers : {};
  response.writeHead(200, { "content-type": isJson ? "application/json" : reply.contentType, "content-length": body.length, ...own });
  response.end(body);
}

/** A stream that has begun can only be cut; before that the failure is told. */
function refuse(request: IncomingMessage, response: ServerResponse, failure: Failure, shape: Shape, state: DemoState): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known = response.getHeader(shape.requestIdHeader);
  const requestId = typeof known === "string" ? known : state.nextId("req_", failure.message);
  const isBodyLeft = !request.complete;
  const refusal = refusalOf(shape, failure, requestId, state.nowSeconds());
  const body = Buffer.from(refusal.body);
  response.writeHead(refusal.status, {
    [shape.requestIdHeader]: requestId,
    ...refusal.headers,
    "content-length": body.length,
    ...(isBodyLeft ? { connection: "close" } : {}),
  });
  response.end(body);
  // What is still being sent is read and thrown away, or the client would see a reset before it sees the answer.
  if (isBodyLeft) request.resume();
}
