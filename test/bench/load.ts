// The load generator: prepared request bytes over node:net on kept-alive connections, answers looked at just enough.
// It measures what a client sees; what it costs the other side is the bench's matter.
import { connect, type Socket } from "node:net";
import { requestBytes, type BodyName } from "./bodies.ts";
import { serveCommands } from "./commands.ts";

export interface LoadSpec {
  readonly port: number;
  readonly body: BodyName;
  readonly isStreaming: boolean;
  readonly connections: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly firstFailure: string;
  readonly seconds: number;
  /** Milliseconds, one per request, in no order. */
  readonly totalMs: readonly number[];
  readonly firstByteMs: readonly number[];
}

const END_OF_CHUNKS = "0\r\n\r\n";
const SAMPLES_MAX = 200_000;

class Connection {
  readonly #spec: LoadSpec;
  readonly #request: Buffer;
  readonly #run: Run;
  #socket: Socket | null = null;
  #head = "";
  #isHeadOver = false;
  #left = 0;
  #tail = "";
  #startedMs = 0;
  #firstByteMs = 0;
  isBusy = false;
  isWanted = false;
  events = 0;
  body = "";

  constructor(spec: LoadSpec, request: Buffer, run: Run) {
    this.#spec = spec;
    this.#request = request;
    this.#run = run;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#spec.port, "127.0.0.1", () => resolve());
      socket.setNoDelay(true);
      socket.on("data", (chunk) => this.#take(chunk));
      socket.on("error", (error) => {
        reject(error);
        this.#fail(error.message);
      });
      socket.on("close", () => this.#fail("the connection was closed"));
      this.#socket = socket;
    });
  }

  send(): void {
    this.isBusy = true;
    this.#isHeadOver = false;
    this.#head = "";
    this.#tail = "";
    this.#firstByteMs = 0;
    this.#startedMs = performance.now();
    this.#socket?.write(this.#request);
  }

  close(): void {
    this.isWanted = false;
    this.isBusy = false;
    this.#socket?.destroy();
  }

  #take(chunk: Buffer): void {
    if (!this.isBusy) return;
    if (this.#isHeadOver) this.#takeBody(chunk);
    else this.#takeHead(chunk);
  }

  #takeHead(chunk: Buffer): void {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#head.slice(0, end);
    if (!head.startsWith("HTTP/1.1 200")) return this.#refuse(head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#left = length === undefined ? Infinity : Number(length);
    this.#isHeadOver = true;
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    if (rest.length > 0) this.#takeBody(rest);
  }

  #takeBody(chunk: Buffer): void {
    if (this.#firstByteMs === 0) {
      this.#firstByteMs = performance.now() - this.#startedMs;
      this.#run.onFirstByte();
    }
    if (this.#run.isKeeping) this.body += chunk.toString("utf8");
    if (this.#run.isCounting) this.#count(chunk);
    if (this.#left !== Infinity) {
      this.#left -= chunk.length;
      if (this.#left <= 0) this.#finish();
      return;
    }
    // The end of a chunked body may itself be cut in two.
    this.#tail = (chunk.length >= END_OF_CHUNKS.length ? "" : this.#tail) + chunk.toString("latin1", Math.max(0, chunk.length - END_OF_CHUNKS.length));
    if (this.#tail.endsWith(END_OF_CHUNKS)) this.#finish();
  }

  #count(chunk: Buffer): void {
    for (let at = chunk.indexOf("data: "); at !== -1; at = chunk.indexOf("data: ", at + 6)) this.events += 1;
  }

  #finish(): void {
    this.isBusy = false;
    this.#run.onDone(performance.now() - this.#startedMs, this.#firstByteMs);
    if (this.isWanted) this.send();
  }

  #refuse(head: string): void {
    this.#run.onFailure(head.slice(0, 400));
    this.#socket?.destroy();
  }

  // A connection that was closed between two requests is opened again, as any client would.
  #fail(reason: string): void {
    if (this.isBusy) this.#run.onFailure(reason);
    this.isBusy = false;
    if (!this.isWanted) return;
    this.open().then(
      () => this.send(),
      () => {},
    );
  }
}

class Run {
  readonly connections: Connection[];
  totalMs: number[] = [];
  firstByteMs: number[] = [];
  requests = 0;
  failures = 0;
  firstFailure = "";
  isKeeping = false;
  isCounting = false;
  firstBytes = 0;
  onAllBegun: (() => void) | null = null;
  onNotBegun: ((error: Error) => void) | null = null;
  onIdle: (() => void) | null = null;

  constructor(spec: LoadSpec) {
    const request = requestBytes(spec.body, spec.isStreaming, spec.port);
    this.connections = Array.from({ length: spec.connections }, () => new Connection(spec, request, this));
  }

  async open(): Promise<void> {
    for (const connection of this.connections) await connection.open();
  }

  onDone(totalMs: number, firstByteMs: number): void {
    this.requests += 1;
    if (this.totalMs.length < SAMPLES_MAX) {
      this.totalMs.push(totalMs);
      this.firstByteMs.push(firstByteMs);
    }
    this.#ended();
  }

  onFailure(reason: string): void {
    this.failures += 1;
    if (this.firstFailure === "") this.firstFailure = reason;
    this.onNotBegun?.(new Error(`a stream did not begin: ${reason}`));
    this.#ended();
  }

  onFirstByte(): void {
    this.firstBytes += 1;
    if (this.firstBytes === this.connections.length) this.onAllBegun?.();
  }

  reset(): void {
    this.totalMs = [];
    this.firstByteMs = [];
    this.requests = 0;
    this.failures = 0;
    this.firstFailure = "";
  }

  async idle(): Promise<void> {
    if (this.connections.every((connection) => !connection.isBusy)) return;
    await new Promise<void>((resolve) => {
      this.onIdle = () => {
        if (this.connections.every((connection) => !connection.isBusy)) resolve();
      };
    });
    this.onIdle = null;
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  #ended(): void {
    if (this.onIdle !== null) queueMicrotask(this.onIdle);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const resultOf = (run: Run, fromMs: number): LoadResult => ({
  requests: run.requests,
  failures: run.failures,
  firstFailure: run.firstFailure,
  seconds: (performance.now() - fromMs) / 1000,
  totalMs: run.totalMs,
  firstByteMs: run.firstByteMs,
});

let run: Run | null = null;
const current = (): Run => {
  if (run === null) throw new Error("nothing was prepared");
  return run;
};

serveCommands({
  /** Opens the connections. */
  prepare: async (spec: LoadSpec) => {
    run = new Run(spec);
    await run.open();
  },
  /** As many requests as come back, for so long. */
  saturate: async (durationMs: number) => {
    const now = current();
    now.reset();
    const fromMs = performance.now();
    for (const connection of now.connections) {
      connection.isWanted = true;
      connection.send();
    }
    await pause(durationMs);
    for (const connection of now.connections) connection.isWanted = false;
    await now.idle();
    return resultOf(now, fromMs);
  },
  /** One request after the other at a fixed rate, each on a connection that is free. */
  trickle: async ({ durationMs, perSecond }: { durationMs: number; perSecond: number }) => {
    const now = current();
    now.reset();
    const fromMs = performance.now();
    for (let count = 0; count < (durationMs / 1000) * perSecond; count += 1) {
      now.connections.find((connection) => !connection.isBusy)?.send();
      await pause(Math.max(0, fromMs + ((count + 1) * 1000) / perSecond - performance.now()));
    }
    await now.idle();
    return resultOf(now, fromMs);
  },
  /** One request on each connection; resolves when each has its first byte, fails when one is refused. */
  hold: async () => {
    const now = current();
    now.isCounting = true;
    const begun = new Promise<void>((resolve, reject) => {
      now.onAllBegun = resolve;
      now.onNotBegun = reject;
    });
    for (const connection of now.connections) connection.send();
    await begun;
  },
  /** Events that came so far on what is held. */
  events: () => current().connections.reduce((sum, connection) => sum + connection.events, 0),
  /** One request, its body as it came. */
  once: async () => {
    const now = current();
    now.reset();
    now.isKeeping = true;
    const [connection] = now.connections;
    if (connection === undefined) throw new Error("no connection");
    connection.body = "";
    connection.send();
    await now.idle();
    now.isKeeping = false;
    return { body: connection.body, failure: now.firstFailure };
  },
  release: () => {
    run?.close();
    run = null;
  },
});
