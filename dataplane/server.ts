// The door for traffic: one route per protocol endpoint, each of which hands the raw request to handle(). Health,
// metrics and the like have a door of their own. What cannot even be read as HTTP is refused here.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { randomBytes } from "node:crypto";
import { type IncomingMessage, type RequestListener, type Server, type ServerOptions, ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import type { ServingCertificate } from "./certificate.ts";
import { failure, type Failure } from "./errors.ts";
import { makeListener, type Listener } from "./listener.ts";
import { endpoints, modelList, modelLists, type Endpoint } from "./protocols/endpoints.ts";
import { passThroughOf } from "./protocols/index.ts";
import { findInPath, prefixes } from "./protocols/paths.ts";
import { PlainLane } from "./inbound/plain-lane.ts";
import type { ClientReply, ClientRequest } from "./request/client.ts";
import { Exchange } from "./request/exchange.ts";
import { Gateway, type GatewayParts } from "./request/gateway.ts";
import { handle, handleModels, handleNothing } from "./request/handle.ts";
import { whyNowhere } from "./request/nowhere.ts";
import type { Problem } from "./snapshot/check.ts";
import type { Snapshot } from "./snapshot/schema.ts";
import { withoutValidator } from "./wire/no-validator.ts";

export interface ServerParts extends GatewayParts {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Several processes on one port; the kernel spreads the connections. */
  readonly reusePort: boolean;
  /** Absent: plain HTTP. */
  readonly certificate?: ServingCertificate | undefined;
  /** How long a request may take to arrive whole; five minutes unless told. */
  readonly requestTimeoutMs?: number;
}

export interface GatewayServer {
  readonly host: string;
  readonly port: number;
  /** "" before the first snapshot. */
  readonly version: string;
  snapshot(): Snapshot | null;
  /** Empty: taken, and in force for every request from now on. Otherwise the former one stays. */
  apply(snapshot: Snapshot, version: string): Problem[];
  isReady(): boolean;
  isDraining(): boolean;
  openRequests(): number;
  /** Not ready any more; resolves when nothing is open and nobody asks on what is kept, or when the drain time is over. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Node's own bound; the snapshot's, which is at most this, is kept per request. */
const HEADER_BYTES_MAX = 1_048_576;
const REQUEST_TIMEOUT_MS = 300_000;
/** How often Node looks for requests that take too long to arrive. */
const CHECKING_MS = 30_000;
/** Longer than usual clients and load balancers keep theirs, so that they close first and no request meets a closing socket. */
const KEEP_ALIVE_MS = 75_000;
/**
 * While we drain, connections on which nobody has asked for two seconds are taken for unused ones. In steps, so that a
 * process that was held up reads what has come meanwhile before it gives up on it.
 */
const QUIET_STEP_MS = 500;
const QUIET_STEPS = 4;
/** How long requests that are cut off at the end may take to notice. */
const CLOSE_MS = 1000;
const PARAMETER_LENGTH_MAX = 512;

export const startServer = async (parts: ServerParts): Promise<GatewayServer> => {
  const gateway = new Gateway(parts);
  // One, or one for each address of a host that has several.
  const listeners: Listener[] = [];
  const app = fastify({
    ...withoutValidator,
    serverFactory: (handler) => {
      const listener = listenerOf(parts, gateway, handler);
      listeners.push(listener);
      return listener.server;
    },
    // Without one of ours fastify would add its own.
    clientErrorHandler: refuserOf(requestTimeoutOf(parts)),
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    return503OnClosing: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    genReqId: () => "",
    frameworkErrors: (_, request, reply) => nothing(gateway, request, reply),
  });
  // Bodies are the steps' matter: fastify must neither read nor judge them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_, __, done) => done(null));
  addRoutes(app, gateway);
  const where = { host: parts.host, port: parts.port, reusePort: parts.reusePort };
  await app.listen(where);
  return new Running(app, listeners, gateway, parts.host);
};

const requestTimeoutOf = ({ requestTimeoutMs = REQUEST_TIMEOUT_MS }: ServerParts): number => requestTimeoutMs;

// Paths without parameters are found in a table before fastify is asked: measured, its routing and life cycle are a tenth of
// what a small request costs here. Everything else takes fastify's way to the same handle().
const listenerOf = (parts: ServerParts, gateway: Gateway, routed: RequestListener): Listener => {
  const direct = directTable(gateway);
  const handshakesFailed = parts.telemetry.metrics.counterSlot("llmgw_listener_handshakes_failed_total");
  const listener = makeListener({
    options: httpOptions(requestTimeoutOf(parts)),
    onRequest: (request, response) => {
      const open = request.method === "POST" ? direct.get(request.url ?? "") : undefined;
      if (open === undefined) routed(request, response);
      else open(request, response);
    },
    certificate: parts.certificate,
    clock: parts.clock,
    refusePlain: (socket) => refuseBare(socket, failure("ACCEPT_PLAIN_HTTP")),
    onHandshakeFailed: () => void handshakesFailed.value++,
  });
  listener.server.on("checkExpectation", passOn);
  return parts.certificate === undefined ? withLane(listener, parts, direct) : listener;
};

/** Words of ours would end up inside of an answer that has begun. */
const cutOff = (refusal: Failure) => (socket: Socket, hasAnswerBegun: boolean): void => {
  if (hasAnswerBegun) socket.destroy();
  else refuseBare(socket, refusal, () => socket.destroy());
};

/** Most requests are of one plain kind, and read in half the time by whoever reads nothing else. */
const withLane = ({ server, closeAllConnections }: Listener, parts: ServerParts, direct: ReadonlyMap<string, Open>): Listener => {
  const requestMs = requestTimeoutOf(parts);
  const lane = new PlainLane(server, {
    clock: parts.clock,
    find: (path) => direct.get(path),
    keepAliveMs: KEEP_ALIVE_MS,
    requestMs,
    checkingMs: Math.min(requestMs, CHECKING_MS),
    onLate: cutOff(whyUnreadable("ERR_HTTP_REQUEST_TIMEOUT", requestMs)),
    onNonsense: cutOff(whyUnreadable("HPE_INVALID_METHOD", requestMs)),
  });
  return {
    server,
    closeAllConnections: () => {
      closeAllConnections();
      lane.destroy();
    },
  };
};

/** An expectation that Node does not know: it would refuse with an empty body, accept refuses with words. */
function passOn(this: Server, request: IncomingMessage, response: ServerResponse): void {
  this.emit("request", request, response);
}

const httpOptions = (requestTimeout: number): ServerOptions => ({
  maxHeaderSize: HEADER_BYTES_MAX,
  noDelay: true,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requestTimeout,
  connectionsCheckingInterval: Math.min(requestTimeout, CHECKING_MS),
  requireHostHeader: false,
});

const idPrefix = `${randomBytes(6).toString("hex")}-`;

type Open = (request: ClientRequest, response: ClientReply) => void;

const opener = (gateway: Gateway, endpoint: Endpoint): Open => {
  const protocol = passThroughOf(endpoint.protocol);
  return (request, response) => void handle(new Exchange(gateway, endpoint, protocol, request, response), idPrefix);
};

/** The model stands in the path, in forms that no pattern of a router tells apart. */
const openInPath = (gateway: Gateway, request: FastifyRequest, reply: FastifyReply): void => {
  const found = findInPath((request.raw.url ?? "").split("?", 1)[0] ?? "");
  if (found === null) return nothing(gateway, request, reply);
  reply.hijack();
  const exchange = new Exchange(gateway, found.endpoint, passThroughOf(found.endpoint.protocol), request.raw, reply.raw);
  exchange.modelAsked = found.model;
  void handle(exchange, idPrefix);
};

const directTable = (gateway: Gateway): ReadonlyMap<string, Open> =>
  new Map(endpoints.filter(({ method, path, model }) => method === "POST" && model !== "Path" && !path.includes(":")).map((endpoint) => [endpoint.path, opener(gateway, endpoint)]));

const addRoutes = (app: FastifyInstance, gateway: Gateway): void => {
  for (const prefix of prefixes) app.post(`${prefix}*`, { onRequest: (request, reply) => openInPath(gateway, request, reply) }, () => {});
  for (const endpoint of endpoints) {
    if (endpoint.model === "Path") continue;
    const open = opener(gateway, endpoint);
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      // Before fastify looks at the content-type, which is accept's to judge.
      onRequest: (request, reply) => {
        reply.hijack();
        open(request.raw, reply.raw);
      },
      handler: () => {},
    });
  }
  for (const path of new Set(modelLists.map((list) => list.path))) {
    const models = (request: FastifyRequest, reply: FastifyReply, id: string | null): void => {
      reply.hijack();
      const list = listFor(path, request.raw);
      handleModels(new Exchange(gateway, list, passThroughOf(list.protocol), request.raw, reply.raw), idPrefix, id);
    };
    app.get(path, (request, reply) => models(request, reply, null));
    // Names of models may hold slashes.
    app.get<{ Params: { "*": string } }>(`${path}/*`, (request, reply) => models(request, reply, request.params["*"]));
  }
  app.setNotFoundHandler((request, reply) => nothing(gateway, request, reply));
  app.setErrorHandler((_, request, reply) => nothing(gateway, request, reply));
};

/** Two families list their models at one path; Anthropic's SDKs name their version. */
const listFor = (path: string, { headers }: IncomingMessage): Endpoint => {
  const lists = modelLists.filter((list) => list.path === path);
  const own = lists.find(({ protocol }) => protocol === "anthropic-messages" && headers["anthropic-version"] !== undefined);
  return own ?? lists[0] ?? modelList;
};

const nowhere: Endpoint = { ...modelList, path: "", operation: "" };

const nothing = (gateway: Gateway, request: FastifyRequest, reply: FastifyReply): void => {
  reply.hijack();
  const { refusal, allow } = whyNowhere(request.method, request.raw.url ?? "");
  if (allow !== "") reply.raw.setHeader("allow", allow);
  handleNothing(new Exchange(gateway, nowhere, passThroughOf(nowhere.protocol), request.raw, reply.raw), idPrefix, refusal);
};

let unreadableCount = 0;

/** What the HTTP parser refuses never becomes a request; its answer is written on the bare socket. */
const refuserOf = (requestTimeoutMs: number) => (error: Error & { code?: string }, socket: Socket): void => {
  if (socket.destroyed || !socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const pending = pendingOn(socket);
  // Words of ours would end up inside of the answer that has begun.
  if (pending?.headersSent === true) return void socket.destroy();
  refuseBare(socket, whyUnreadable(error.code ?? "", requestTimeoutMs), () => {
    if (pending !== null) socket.destroy();
  });
};

const refuseBare = (socket: Socket, refusal: Failure, onSent: () => void = () => {}): void => {
  const body = passThroughOf(nowhere.protocol).encodeFailure(refusal);
  const head = [`HTTP/1.1 ${refusal.status} Refused`, "content-type: application/json", `content-length: ${Buffer.byteLength(body)}`, `x-llmgw-error: ${refusal.code}`, `x-request-id: ${idPrefix}u${unreadableCount++}`, "connection: close"];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, onSent);
};

/** Node hangs the answer that is due next onto its socket. */
const pendingOn = (socket: Socket): ServerResponse | null => ("_httpMessage" in socket && socket._httpMessage instanceof ServerResponse ? socket._httpMessage : null);

const whyUnreadable = (code: string, requestTimeoutMs: number): Failure => {
  if (code === "HPE_HEADER_OVERFLOW") return failure("ACCEPT_HEADERS_TOO_LARGE", { limit: `${HEADER_BYTES_MAX} bytes` });
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return failure("ACCEPT_TIMEOUT", { seconds: requestTimeoutMs / 1000 });
  return failure("ACCEPT_BAD_REQUEST", { reason: /^HPE_\w+$/.test(code) ? code.slice(4).toLowerCase().replaceAll("_", " ") : "malformed" });
};

const isBusy = ({ openRequests, openResponses }: Gateway): boolean => openRequests > 0 || openResponses > 0;

class Running implements GatewayServer {
  readonly host: string;
  readonly port: number;
  readonly #app: FastifyInstance;
  readonly #listeners: readonly Listener[];
  readonly #gateway: Gateway;
  readonly #waiting = new Set<() => void>();
  #drained: Promise<void> | null = null;

  constructor(app: FastifyInstance, listeners: readonly Listener[], gateway: Gateway, host: string) {
    this.#app = app;
    this.#listeners = listeners;
    this.#gateway = gateway;
    gateway.onIdle = () => {
      if (isBusy(gateway)) return;
      for (const resolve of this.#waiting) resolve();
    };
    this.host = host;
    const address = app.server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  get version(): string {
    return this.#gateway.router?.version ?? "";
  }

  snapshot(): Snapshot | null {
    return this.#gateway.router?.snapshot ?? null;
  }

  apply(snapshot: Snapshot, version: string): Problem[] {
    return this.#gateway.apply(snapshot, version);
  }

  isReady(): boolean {
    return this.#gateway.router !== null && !this.#gateway.isDraining;
  }

  isDraining(): boolean {
    return this.#gateway.isDraining;
  }

  openRequests(): number {
    return this.#gateway.openRequests;
  }

  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  async #drain(): Promise<void> {
    const gateway = this.#gateway;
    gateway.isDraining = true;
    const { promise: emptied, resolve } = Promise.withResolvers<void>();
    // Only the listening ends: an idle connection stays, because its client's next request may be on its way. That
    // request is answered, with "connection: close". Once the last connection is gone the server says so.
    this.#app.server.once("close", resolve);
    NetServer.prototype.close.call(this.#app.server);
    await this.#quiet(gateway.router?.settings.drainMs ?? 0, emptied);
  }

  /** Resolves when nothing is open and no connection left, or nobody has asked for a while, or after so long. */
  async #quiet(ms: number, emptied: Promise<void>): Promise<void> {
    const gateway = this.#gateway;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = gateway.clock.after(ms, resolve);
    let steps = QUIET_STEPS;
    let forget = (): void => {};
    const look = (left = steps): void => {
      forget();
      if (isBusy(gateway)) return;
      if (left === 0) resolve();
      else forget = gateway.clock.after(QUIET_STEP_MS, () => look(left - 1));
    };
    const again = (): void => look();
    void emptied.then(() => {
      steps = 0;
      look();
    });
    this.#waiting.add(again);
    again();
    await promise;
    this.#waiting.delete(again);
    forget();
    cancel();
  }

  /** Resolves when nothing is open, or after so long. */
  async #idle(ms: number): Promise<void> {
    const gateway = this.#gateway;
    if (!isBusy(gateway)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = gateway.clock.after(ms, resolve);
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    cancel();
  }

  async close(): Promise<void> {
    this.#gateway.isDraining = true;
    for (const listener of this.#listeners) listener.closeAllConnections();
    await this.#app.close();
    // What is cut off here is settled as such before the providers' connections go; they are not at fault.
    await this.#idle(CLOSE_MS);
    this.#gateway.credentials.close();
    await Promise.all([this.#gateway.upstreams.destroy(), this.#gateway.media.destroy()]);
  }
}
