// The fault provider: an HTTP/1.1 server over bare sockets that answers as a test says, rightly, wrongly or never,
// and remembers every request to the byte. It refuses to be helpful by itself: no header, no pause, no repair that was not asked for.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Exchange, RecordedRequest } from "./provider-exchange.ts";
import { RequestReader } from "./provider-reader.ts";

export { Exchange, RecordedRequest, type Bytes, type Gone, type ReplyHead } from "./provider-exchange.ts";

/** Called when the head of a request is here, before its body. A rejection is kept for `close` to throw, unless the client left. */
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

/** One behaviour for all requests; or one each in turn, the last for all that follow. None: the test answers by hand, through `next`. */
export type Script = Behaviour | readonly Behaviour[];

export interface ProviderOptions {
  readonly host?: string;
  readonly port?: number;
  /** How much of each body is kept; all of it unless told. Its length is counted in any case. */
  readonly bodyBytesKept?: number;
}

export interface Provider {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  readonly connections: { readonly opened: number; readonly open: number };
  /** What clients sent that was not HTTP. */
  readonly malformed: readonly string[];
  /** Replaces the script for the requests to come. */
  use(script: Script | undefined): void;
  /** The next request that no behaviour answers, when its head is here. */
  next(): Promise<Exchange>;
  /** Settles when that many requests have come in all. */
  received(count: number): Promise<void>;
  /** Settles when no connection is open. */
  idle(): Promise<void>;
  /** Drops all connections at once and goes on listening. */
  dropConnections(): void;
  /** Dies: listens no longer, and every connection is reset. */
  kill(): Promise<void>;
  /** Goes away, and throws what a behaviour threw. */
  close(): Promise<void>;
}

export async function startProvider(script?: Script, options: ProviderOptions = {}): Promise<Provider> {
  const running = new Running(script, options);
  await running.listen();
  return running;
}

/** An address of loopback that nobody listens at. */
export async function deadUrl(): Promise<string> {
  const provider = await startProvider();
  await provider.close();
  return provider.url;
}

class Running implements Provider {
  readonly requests: RecordedRequest[] = [];
  readonly malformed: string[] = [];
  port = 0;
  readonly #server: Server;
  readonly #options: ProviderOptions;
  readonly #sockets = new Set<Socket>();
  /** Those that we dropped: their end is no leaving of the client. */
  readonly #dropped = new WeakSet<Socket>();
  readonly #byHand: Exchange[] = [];
  readonly #askers: ((exchange: Exchange) => void)[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #failures: unknown[] = [];
  #behaviours: readonly Behaviour[];
  #opened = 0;

  constructor(script: Script | undefined, options: ProviderOptions) {
    this.#options = options;
    this.#behaviours = behavioursOf(script);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#options.port ?? 0, this.#options.host ?? "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://${this.#options.host ?? "127.0.0.1"}:${this.port}`;
  }

  get connections() {
    return { opened: this.#opened, open: this.#sockets.size };
  }

  use(script: Script | undefined): void {
    this.#behaviours = behavioursOf(script);
  }

  next(): Promise<Exchange> {
    const waiting = this.#byHand.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    return new Promise((resolve) => {
      this.#askers.push(resolve);
    });
  }

  received(count: number): Promise<void> {
    return this.#until(() => this.requests.length >= count);
  }

  idle(): Promise<void> {
    return this.#until(() => this.#sockets.size === 0);
  }

  dropConnections(): void {
    for (const socket of this.#sockets) {
      this.#dropped.add(socket);
      socket.resetAndDestroy();
    }
  }

  async kill(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    this.dropConnections();
    await closed;
  }

  async close(): Promise<void> {
    await this.kill();
    if (this.#failures.length > 0)
      throw new AggregateError(this.#failures, `a behaviour of the fault provider failed: ${String(this.#failures[0])}`);
  }

  #until(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = () => {
        if (!isTrue()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #accept(socket: Socket): void {
    this.#opened += 1;
    this.#sockets.add(socket);
    const connection = this.#opened;
    let current: Exchange | undefined;
    const reader = new RequestReader({
      head: (head) => {
        const request = new RecordedRequest(this.requests.length, connection, head);
        const exchange = new Exchange(request, socket, () => {
          if (request.isComplete) reader.proceed();
        });
        current = exchange;
        this.requests.push(request);
        this.#answer(exchange);
        this.#changed();
      },
      body: (body, wire) => {
        const isKept = (current?.request.bodyLength ?? 0) < (this.#options.bodyBytesKept ?? Infinity);
        current?.request.add(body, wire, isKept);
      },
      end: () => {
        current?.markReceived();
        // An early answer may have ended before the body did; the reader is still inside this call, so it goes on a moment later.
        if (current?.hasEnded === true) queueMicrotask(() => reader.proceed());
      },
      malformed: (what) => {
        this.malformed.push(what);
        socket.destroy();
      },
    });
    socket.on("data", (bytes) => reader.push(bytes));
    socket.on("end", () => {
      current?.markGone("end");
      socket.end();
    });
    socket.on("error", () => {
      if (!this.#dropped.has(socket)) current?.markGone("reset");
    });
    socket.on("close", () => {
      if (!this.#dropped.has(socket)) current?.markGone("reset");
      this.#sockets.delete(socket);
      this.#changed();
    });
  }

  #answer(exchange: Exchange): void {
    const behaviour = this.#behaviours[0];
    if (this.#behaviours.length > 1) this.#behaviours = this.#behaviours.slice(1);
    if (behaviour !== undefined) void this.#perform(behaviour, exchange);
    else {
      const asker = this.#askers.shift();
      if (asker === undefined) this.#byHand.push(exchange);
      else asker(exchange);
    }
  }

  async #perform(behaviour: Behaviour, exchange: Exchange): Promise<void> {
    try {
      await behaviour(exchange);
    } catch (thrown) {
      // Writing to a client that left, or on a socket the test has dropped, fails as it should.
      if (!exchange.socket.destroyed && exchange.request.gone === undefined) this.#failures.push(thrown);
    }
  }
}

function behavioursOf(script: Script | undefined): readonly Behaviour[] {
  if (script === undefined) return [];
  return typeof script === "function" ? [script] : script;
}
