// An issuer of tokens for tests, over HTTP or TLS, and a proxy that leads every host name to it, so that libraries with fixed
// addresses can be tested as they are. What was asked can be read back; everything is closed when the test is over.
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { onTestFinished, vi } from "vitest";
import { issueLeaf, makeAuthority } from "../../../operator/publish/issue.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";

export interface Asked {
  readonly method: string;
  /** "host:port/path?query" as far as it was said. */
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The body as a form. */
  readonly form: URLSearchParams;
}

export interface Said {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** "silence": the connection stays open and nothing comes. */
export type Answer = (asked: Asked) => Said | "silence" | "hang up";

export interface Issuer {
  readonly url: string;
  readonly port: number;
  readonly asked: Asked[];
  answer: Answer;
}

export const json = (value: unknown, status = 200): Said => ({ status, type: "application/json", body: JSON.stringify(value) });

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
};

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return (server.address() as AddressInfo).port;
};

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const start = async (answer: Answer, certificate: Certificate | null): Promise<Issuer> => {
  const asked: Asked[] = [];
  const issuer: { -readonly [Name in keyof Issuer]: Issuer[Name] } = { url: "", port: 0, asked, answer };
  const listener: RequestListener = async (request, response) => {
    const body = await bodyOf(request);
    const one: Asked = { method: request.method ?? "", host: request.headers.host ?? "", path: request.url ?? "", headers: request.headers, body, form: new URLSearchParams(body) };
    asked.push(one);
    const said = issuer.answer(one);
    if (said === "silence") return;
    if (said === "hang up") return void request.socket.destroy();
    response.writeHead(said.status ?? 200, { "content-type": said.type ?? "application/json", ...said.headers }).end(said.body);
  };
  issuer.port = await listening(certificate === null ? createServer(listener) : createTlsServer({ ...certificate }, listener));
  issuer.url = `${certificate === null ? "http" : "https"}://127.0.0.1:${issuer.port}`;
  return issuer;
};

export const startIssuer = (answer: Answer): Promise<Issuer> => start(answer, null);

export interface TunnelledIssuer extends Issuer {
  /** Hosts that connections were asked for, in order. */
  readonly tunnelled: readonly string[];
}

/** Reached by everybody who follows HTTPS_PROXY, under each of those names; trusted by this whole process. */
export const startBehindProxy = async (names: readonly string[], answer: Answer): Promise<TunnelledIssuer> => {
  const span = { from: Date.now() - 86_400_000, to: Date.now() + 86_400_000 };
  const authority = await makeAuthority("an authority of the test", span);
  const { certificate, key } = await issueLeaf(authority, [...names, "127.0.0.1"], span);
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, authority.certificate]);
  onTestFinished(() => setDefaultCACertificates(trusted));
  const issuer = await start(answer, { cert: certificate, key });
  const tunnelled: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(501).end());
  const sockets = new Set<Socket>();
  proxy.on("connect", (request, client: Socket) => {
    tunnelled.push(request.url ?? "");
    const upstream = connect(issuer.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => undefined));
  });
  const port = await listening(proxy);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  surroundings({ HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: undefined, no_proxy: undefined, https_proxy: undefined });
  return Object.assign(issuer, { tunnelled });
};

/** Environment variables for the libraries, until the test is over. */
export const surroundings = (variables: Readonly<Record<string, string | undefined>>): void => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
};

export interface Time {
  readonly clock: FakeClock;
  advance(ms: number): void;
}

/** A clock that moves the system's date along, which libraries read; timers stay real. */
export const movingTime = (): Time => {
  const clock = fakeClock(Date.now());
  vi.useFakeTimers({ toFake: ["Date"], now: clock.now() });
  onTestFinished(() => void vi.useRealTimers());
  return {
    clock,
    advance: (ms) => {
      // Before what is due then runs.
      vi.setSystemTime(clock.now() + ms);
      clock.advance(ms);
    },
  };
};

const PAUSE_MS_MIN = 100;

/**
 * Until the test is over or what it returns is called, a library's pauses before it asks again take a tenth. For an issuer that
 * gives nothing: where nothing can succeed, nothing can come too late for a deadline that ends sooner with them.
 */
export const hurry = (): (() => void) => {
  const usual = globalThis.setTimeout;
  vi.stubGlobal("setTimeout", (callback: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) => usual(() => callback(...values), ms < PAUSE_MS_MIN ? ms : ms / 10));
  const end = (): void => void vi.unstubAllGlobals();
  onTestFinished(end);
  return end;
};

export const until = async (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadline = performance.now() + 8000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within 8 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
