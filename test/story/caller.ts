// Both ends of a story: a fault provider behind a gateway, and a client in front of it that counts what it asks.
// When the test is over it proves that each request was settled exactly once and that no socket is left.
import { request as openRequest, type Agent, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import type { Clock } from "../../dataplane/clock.ts";
import { KEY, startGateway, type GatewayDouble, type Parts } from "../doubles/gateway.ts";
import { startProvider, type Provider, type Script } from "../doubles/provider.ts";

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  /** Undefined leaves a usual one out. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string | Uint8Array;
  /** A body without announced length, in these pieces. */
  readonly chunks?: readonly (string | Uint8Array)[];
}

export class Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;

  constructor(status: number, headers: IncomingHttpHeaders, rawHeaders: readonly string[], body: Buffer) {
    this.status = status;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.body = body;
  }

  get text(): string {
    return this.body.toString();
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }

  get error(): { message: string; type: string; param: string | null; code: string } {
    return (this.json as { error: { message: string; type: string; param: string | null; code: string } }).error;
  }

  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }
}

export const CHAT = '{"model":"support-chat","messages":[{"role":"user","content":"hi"}]}';
export const STREAMED_CHAT = '{"model":"support-chat","stream":true,"messages":[{"role":"user","content":"hi"}]}';

/** One request, on a connection of its own unless an agent keeps some. */
export const ask = (url: string, { method = "POST", path = "/v1/chat/completions", headers = {}, body, chunks }: Ask, agent: Agent | false = false): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const hasBody = body !== undefined || chunks !== undefined;
    const usual = { authorization: `Bearer ${KEY}`, ...(hasBody ? { "content-type": "application/json" } : {}), ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) };
    const wanted = Object.entries({ ...usual, ...headers }).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const sent = openRequest(`${url}${path}`, { method, agent, headers: Object.fromEntries(wanted) }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => resolve(new Answer(response.statusCode ?? 0, response.headers, response.rawHeaders, Buffer.concat(pieces))));
      response.on("error", reject);
    });
    sent.on("error", reject);
    for (const chunk of chunks ?? []) sent.write(chunk);
    sent.end(body);
  });

/** A bare socket that remembers what came. */
export class Line {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #pieces: Buffer[] = [];
  readonly #watchers = new Set<() => void>();
  isClosed = false;
  /** How much came. */
  bytes = 0;
  /** False: what comes is counted and forgotten. */
  isCollecting = true;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    this.socket.on("data", (bytes: Buffer) => {
      this.bytes += bytes.length;
      if (this.isCollecting) this.#pieces.push(bytes);
      for (const watcher of this.#watchers) watcher();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.isClosed = true;
      closed.resolve();
      for (const watcher of this.#watchers) watcher();
    });
  }

  get text(): string {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole.toString("latin1");
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** What has come, once it matches; rejects when the other side closes before it does. */
  async until(pattern: RegExp): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.text)) this.#settle(look, resolve);
        else if (this.isClosed) this.#settle(look, () => reject(new Error(`closed before ${pattern.source} came: ${this.text.slice(0, 2000)}`)));
      };
      this.#watchers.add(look);
      look();
    });
    return this.text;
  }

  /** What has come so far, which is forgotten with it. */
  take(): string {
    const { text } = this;
    this.#pieces = [];
    return text;
  }

  #settle(look: () => void, settle: () => void): void {
    this.#watchers.delete(look);
    settle();
  }
}

/** Requests as text for a bare socket. */
export const headOf = (method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): string => {
  const lines = Object.entries({ host: "gateway", authorization: `Bearer ${KEY}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
};

export const postOf = (body: string, headers: Readonly<Record<string, string | number>> = {}, path = "/v1/chat/completions"): string =>
  headOf("POST", path, { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers }) + body;

export interface Stage {
  readonly provider: Provider;
  readonly gateway: GatewayDouble;
  readonly url: string;
  ask(what?: Ask): Promise<Answer>;
  /** A bare socket to the gateway, closed at the end; `requests` says how many requests it will have made by then. */
  open(requests: number): Line;
  /** Requests made by other means than `ask` and `open`. */
  count(requests: number): void;
}

export interface StageParts extends Partial<Parts> {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Behind the provider's address; "/v1" if not told. */
  readonly basePath?: string;
}

export const stage = async (script?: Script, { clock, random, basePath = "/v1", ...parts }: StageParts = {}, keptBytes = Infinity): Promise<Stage> => {
  const provider = await startProvider(script, { bodyBytesKept: keptBytes });
  const gateway = await startGateway({ providers: { one: provider.url + basePath }, ...parts }, clock, random);
  const lines: Line[] = [];
  let asked = 0;
  onTestFinished(async ({ task }) => {
    const hasFailed = task.result?.state === "fail";
    for (const { socket } of lines) socket.destroy();
    if (!hasFailed) await gateway.settled(asked);
    const open = { requests: gateway.server.openRequests(), deadlines: gateway.deadlines.slotsInUse };
    await gateway.close();
    if (!hasFailed) await provider.idle();
    await provider.close();
    if (hasFailed) return;
    expect((await gateway.lines()).length, "lines in the log").toBe(asked);
    expect(open).toEqual({ requests: 0, deadlines: 0 });
  });
  return {
    provider,
    gateway,
    url: gateway.url,
    ask: (what = { body: CHAT }) => {
      asked++;
      return ask(gateway.url, what);
    },
    open: (requests) => {
      asked += requests;
      const line = new Line(gateway.port);
      lines.push(line);
      return line;
    },
    count: (requests) => {
      asked += requests;
    },
  };
};
