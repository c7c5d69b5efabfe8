// The demo provider: a small, deterministic stand-in that speaks the OpenAI protocol over plain HTTP, so that the gateway can be
// tried without any key. It refuses to be more: no model, no chance, nothing kept beyond the process, no timers but the caller's.

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Call, Reply } from "./exchange.ts";
import { JSON_BYTES_MAX, UPLOAD_BYTES_MAX } from "./exchange.ts";
import { Failure, failureBody } from "./failure.ts";
import { asFailure, findEndpoint, replyTo } from "./routes.ts";
import type { DemoClock, DemoState } from "./state.ts";
import { makeState } from "./state.ts";

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
  try {
    const call = await callOf(request, gone.signal);
    response.setHeader("x-request-id", state.nextId("req_", call.body));
    response.setHeader("openai-version", "2020-10-01");
    await send(response, await replyTo(call, state), gone.signal);
  } catch (thrown) {
    refuse(request, response, thrown);
  }
}

async function callOf(request: IncomingMessage, signal: AbortSignal): Promise<Call> {
  requireKey(request);
  const url = new URL(`http://demo${request.url ?? "/"}`);
  const method = request.method ?? "GET";
  // Before the body is read: an unknown path should not have to be fed.
  findEndpoint(method, url.pathname);
  const contentType = request.headers["content-type"] ?? "";
  const body = await readBytes(request, contentType.startsWith("multipart/") ? UPLOAD_BYTES_MAX : JSON_BYTES_MAX);
  return { method, path: url.pathname, query: url.searchParams, contentType, body, signal };
}

/** No key is needed, but one key is known to be wrong, so that refusals can be tried. */
function requireKey(request: IncomingMessage): void {
  const { authorization = "", "x-api-key": plain, "api-key": azure } = request.headers;
  const keys = [authorization.replace(/^Bearer\s+/i, ""), plain, azure];
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
  response.writeHead(200, { "content-type": isJson ? "application/json" : reply.contentType, "content-length": body.length });
  response.end(body);
}

/** A stream that has begun can only be cut; before that the failure is told. */
function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const failure = asFailure(thrown);
  const isBodyLeft = !request.complete;
  const body = Buffer.from(JSON.stringify(failureBody(failure)));
  response.writeHead(failure.status, {
    "content-type": "application/json",
    "content-length": body.length,
    ...(isBodyLeft ? { connection: "close" } : {}),
  });
  response.end(body);
  // What is still being sent is read and thrown away, or the client would see a reset before it sees the answer.
  if (isBodyLeft) request.resume();
}
