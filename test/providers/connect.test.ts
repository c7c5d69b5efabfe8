// Connections on real loopback sockets; names come from a table instead of a resolver, and time from a fake clock.
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, Socket, type AddressInfo, type Server } from "node:net";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { Pool, type buildConnector } from "undici";
import { afterEach, describe, expect, it, vi } from "vitest";
import { parseRanges } from "../../dataplane/providers/address.ts";
import { AddressRefused, ConnectTimeout, makeConnect, type Dialling } from "../../dataplane/providers/connect.ts";
import { cacheNames, sharedNames, type Address, type Resolve } from "../../dataplane/providers/names.ts";
import { fakeClock } from "../doubles/clock.ts";

const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), "utf8");

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  vi.unstubAllEnvs();
});

const listen = async (server: Server, host = "127.0.0.1"): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
};

const counted = async (): Promise<{ port: number; count: () => number }> => {
  let count = 0;
  const port = await listen(createTcpServer(() => void count++));
  return { port, count: () => count };
};

const v4 = (...addresses: string[]): Address[] => addresses.map((address) => ({ address, family: 4 }));
const v6 = (...addresses: string[]): Address[] => addresses.map((address) => ({ address, family: 6 }));

const dialling = (change: Partial<Dialling> & { ranges?: string[] } = {}): Dialling => ({
  network: "private",
  privateRanges: parseRanges(change.ranges ?? ["127.0.0.1", "::1"]).ranges,
  connectTimeoutMs: 1000,
  clock: fakeClock(),
  resolve: async () => v4("127.0.0.1"),
  ...change,
});

const dial = (connect: buildConnector.connector, url: string, servername?: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, host, port } = new URL(url);
    const target = { protocol, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), host, port, ...(servername === undefined ? {} : { servername }) };
    connect(target, (...[error, socket]: [Error | null, Socket | null]) => {
      if (socket === null) return reject(error as Error);
      open.push(() => socket.destroy());
      resolve(socket);
    });
  });

describe("an address", () => {
  it("that is allowed is dialled, with its socket ready for small writes and long silences", async () => {
    const { port } = await counted();
    const noDelay = vi.spyOn(Socket.prototype, "setNoDelay");
    const keepAlive = vi.spyOn(Socket.prototype, "setKeepAlive");
    const socket = await dial(makeConnect(dialling()), `http://provider.test:${port}`);
    expect(socket.remoteAddress).toBe("127.0.0.1");
    expect(noDelay).toHaveBeenCalledWith(true);
    expect(keepAlive).toHaveBeenCalledWith(true, 60_000);
    vi.restoreAllMocks();
  });

  it("that a name resolves to is refused when it may not be dialled, and nothing is dialled", async () => {
    const { port, count } = await counted();
    const attempt = dial(makeConnect(dialling({ network: "public" })), `http://rebound.test:${port}`);
    await expect(attempt).rejects.toThrow(AddressRefused);
    await expect(attempt).rejects.toMatchObject({ code: "ADDRESS_REFUSED", message: "rebound.test: 127.0.0.1 is a loopback address", reason: "it is a loopback address" });
    expect(count()).toBe(0);
  });

  it.each(["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"])("that is written in the URL as %s is refused without asking a resolver", async (host) => {
    const resolve = vi.fn<Resolve>();
    await expect(dial(makeConnect(dialling({ network: "public", resolve })), `http://${host}:9`)).rejects.toThrow(AddressRefused);
    await expect(dial(makeConnect(dialling({ network: "public", resolve })), `https://${host}:9`)).rejects.toThrow(AddressRefused);
    expect(resolve).not.toHaveBeenCalled();
  });

  it("that is written in the URL is dialled when it is allowed", async () => {
    const { port } = await counted();
    const resolve = vi.fn<Resolve>();
    await dial(makeConnect(dialling({ resolve })), `http://127.0.0.1:${port}`);
    expect(resolve).not.toHaveBeenCalled();
  });

  it("that changes between two connections is checked anew each time", async () => {
    const { port, count } = await counted();
    const answers = [v4("127.0.0.1"), v4("127.0.0.2")];
    const connect = makeConnect(dialling({ resolve: async () => answers.shift() ?? [] }));
    await dial(connect, `http://rebinding.test:${port}`);
    await expect(dial(connect, `http://rebinding.test:${port}`)).rejects.toThrow("127.0.0.2 is a loopback address outside of the ranges");
    expect(count()).toBe(1);
  });

  it("that was checked is the one that is dialled: each connection asks exactly once", async () => {
    const { port } = await counted();
    const resolve = vi.fn<Resolve>(async () => v4("127.0.0.1"));
    await dial(makeConnect(dialling({ resolve })), `http://provider.test:${port}`);
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it("that is refused is left out, and the others of the same name are dialled", async () => {
    const { port } = await counted();
    const resolve = async (): Promise<Address[]> => [...v4("169.254.169.254", "10.0.0.1"), ...v6("fd00:ec2::254"), ...v4("127.0.0.1")];
    const socket = await dial(makeConnect(dialling({ resolve })), `http://mixed.test:${port}`);
    expect(socket.remoteAddress).toBe("127.0.0.1");
    expect(socket.autoSelectFamilyAttemptedAddresses ?? []).toEqual([]);
  });

  it("that does not answer gives way to the next one of the same name", async () => {
    const { port } = await counted();
    const resolve = async (): Promise<Address[]> => [...v6("::1"), ...v4("127.0.0.1")];
    const socket = await dial(makeConnect(dialling({ resolve })), `http://two.test:${port}`);
    expect(socket.remoteAddress).toBe("127.0.0.1");
    expect(socket.autoSelectFamilyAttemptedAddresses).toEqual([`::1:${port}`, `127.0.0.1:${port}`]);
  });

  it("that nobody listens on fails with the system's own code", async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    await expect(dial(makeConnect(dialling()), `http://provider.test:${port}`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("the time for a connection", () => {
  it("ends a resolver's silence", async () => {
    const clock = fakeClock();
    const attempt = dial(makeConnect(dialling({ clock, resolve: () => new Promise(() => {}) })), "http://silent.test:9");
    clock.advance(999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await expect(attempt).rejects.toThrow(ConnectTimeout);
    await expect(attempt).rejects.toMatchObject({ code: "CONNECT_TIMEOUT", message: "no connection to silent.test within 1000 ms", timeoutMs: 1000 });
  });

  it("ends a handshake that stands still", async () => {
    const clock = fakeClock();
    const accepted = Promise.withResolvers<Socket>();
    const port = await listen(createTcpServer(accepted.resolve));
    const attempt = dial(makeConnect(dialling({ clock })), `https://provider.test:${port}`);
    const refused = expect(attempt).rejects.toThrow(ConnectTimeout);
    const socket = await accepted.promise;
    const closed = new Promise((resolve) => socket.resume().on("close", resolve));
    clock.advance(1000);
    await refused;
    await closed;
  });

  it("leaves no timer behind, neither after success nor after failure", async () => {
    const clock = fakeClock();
    const { port } = await counted();
    await dial(makeConnect(dialling({ clock })), `http://provider.test:${port}`);
    await expect(dial(makeConnect(dialling({ clock, network: "public" })), `http://provider.test:${port}`)).rejects.toThrow(AddressRefused);
    expect(clock.pending).toBe(0);
  });

  it("has no end when it is 0", async () => {
    const clock = fakeClock();
    const { port } = await counted();
    const answer = Promise.withResolvers<Address[]>();
    const attempt = dial(makeConnect(dialling({ clock, connectTimeoutMs: 0, resolve: () => answer.promise })), `http://provider.test:${port}`);
    expect(clock.pending).toBe(0);
    answer.resolve(v4("127.0.0.1"));
    await expect(attempt).resolves.toBeDefined();
  });
});

describe("TLS", () => {
  const listenTls = async (): Promise<{ port: number; names: (string | false | undefined)[] }> => {
    const names: (string | false | undefined)[] = [];
    const server = createHttpsServer({ key: pem("provider.key"), cert: pem("provider") }, (_, response) => void response.end("hello"));
    server.on("secureConnection", (socket: TLSSocket) => {
      names.push((socket as TLSSocket & { servername?: string | false }).servername);
      socket.on("error", () => {});
    });
    return { port: await listen(server), names };
  };

  it("trusts the authorities of the provider", async () => {
    const { port, names } = await listenTls();
    const socket = await dial(makeConnect(dialling({ tls: { ca: [pem("ca")] } })), `https://provider.test:${port}`);
    expect(socket).toMatchObject({ authorized: true, alpnProtocol: "http/1.1" });
    await vi.waitFor(() => expect(names).toEqual(["provider.test"]));
  });

  it("trusts nobody unknown, even when the environment says otherwise", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const { port } = await listenTls();
    await expect(dial(makeConnect(dialling()), `https://provider.test:${port}`)).rejects.toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  });

  it("trusts the system's authorities beside those of the provider", async () => {
    const usual = getCACertificates("default");
    const [other = ""] = usual;
    setDefaultCACertificates([pem("ca")]);
    open.push(() => setDefaultCACertificates(usual));
    const { port } = await listenTls();
    await expect(dial(makeConnect(dialling({ tls: { ca: [other] } })), `https://provider.test:${port}`)).resolves.toMatchObject({ authorized: true });
  });

  it("says that an authority cannot be read", async () => {
    const { port } = await listenTls();
    await expect(dial(makeConnect(dialling({ tls: { ca: ["-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"] } })), `https://provider.test:${port}`)).rejects.toThrow(/PEM|asn1|base64/i);
  });

  it("refuses a certificate for another name", async () => {
    const { port } = await listenTls();
    await expect(dial(makeConnect(dialling({ tls: { ca: [pem("ca")] } })), `https://stranger.test:${port}`)).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  it.each(["stranger.test", "127.0.0.1"])("asks %s for the name that the provider is configured with", async (host) => {
    const { port, names } = await listenTls();
    const connect = makeConnect(dialling({ tls: { ca: [pem("ca")], serverName: "other.test" } }));
    await expect(dial(connect, `https://${host}:${port}`, "ignored.test")).resolves.toMatchObject({ authorized: true });
    await vi.waitFor(() => expect(names).toEqual(["other.test"]));
  });

  it("goes on with the session of the connection before", async () => {
    const { port } = await listenTls();
    const connect = makeConnect(dialling({ tls: { ca: [pem("ca")] } }));
    const first = (await dial(connect, `https://provider.test:${port}`)) as TLSSocket;
    await new Promise((resolve) => first.resume().once("session", resolve));
    const second = (await dial(connect, `https://provider.test:${port}`)) as TLSSocket;
    expect(first.isSessionReused()).toBe(false);
    expect(second.isSessionReused()).toBe(true);
    expect(second.authorized).toBe(true);
  });
});

describe("a pool of undici", () => {
  const get = (pool: Pool): Promise<string> => pool.request({ method: "GET", path: "/" }).then(({ body }) => body.text());

  it("sends requests over these connections", async () => {
    const port = await listen(createHttpServer((_, response) => void response.end("hello")));
    const pool = new Pool(`http://provider.test:${port}`, { allowH2: false, connect: makeConnect(dialling()) });
    open.push(() => pool.destroy());
    await expect(Promise.all(Array.from({ length: 5 }, () => get(pool)))).resolves.toEqual(Array.from({ length: 5 }, () => "hello"));
  });

  it("sends requests over TLS, many at once", async () => {
    const port = await listen(createHttpsServer({ key: pem("provider.key"), cert: pem("provider") }, (_, response) => void response.end("hello")));
    const pool = new Pool(`https://provider.test:${port}`, { allowH2: false, connect: makeConnect(dialling({ tls: { ca: [pem("ca")] } })) });
    open.push(() => pool.destroy());
    await expect(Promise.all(Array.from({ length: 5 }, () => get(pool)))).resolves.toEqual(Array.from({ length: 5 }, () => "hello"));
  });

  it("hands the refusal to whoever asked, for names and for literals", async () => {
    for (const origin of ["http://rebound.test:9", "http://127.0.0.1:9", "http://[::1]:9", "https://[::1]:9"]) {
      const pool = new Pool(origin, { allowH2: false, connect: makeConnect(dialling({ network: "public" })) });
      open.push(() => pool.destroy());
      await expect(get(pool)).rejects.toThrow(AddressRefused);
      await expect(get(pool)).rejects.toThrow(AddressRefused);
    }
  });
});

describe("names", () => {
  const table = () => {
    const clock = fakeClock();
    const answers: (Address[] | Error)[] = [];
    const asked = vi.fn<Resolve>(async () => {
      const answer = answers.shift() ?? new Error("the resolver is down");
      if (answer instanceof Error) throw answer;
      return answer;
    });
    return { clock, answers, asked, resolve: cacheNames(clock, asked) };
  };

  it("are asked for once in 30 seconds", async () => {
    const { clock, answers, asked, resolve } = table();
    answers.push(v4("192.0.2.1"), v4("192.0.2.2"));
    await resolve("a.test");
    clock.advance(29_999);
    expect(await resolve("a.test")).toEqual(v4("192.0.2.1"));
    expect(asked).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(await resolve("a.test")).toEqual(v4("192.0.2.2"));
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("are asked for once by many at the same time", async () => {
    const { answers, asked, resolve } = table();
    answers.push(v4("192.0.2.1"));
    const all = await Promise.all(Array.from({ length: 50 }, () => resolve("a.test")));
    expect(asked).toHaveBeenCalledTimes(1);
    expect(all).toEqual(Array.from({ length: 50 }, () => v4("192.0.2.1")));
  });

  it("give their addresses in turn, the families in the resolver's order", async () => {
    const { answers, resolve } = table();
    answers.push([...v6("2001:db8::1"), ...v4("192.0.2.1", "192.0.2.2", "192.0.2.3")]);
    const firsts: string[][] = [];
    for (let count = 0; count < 4; count++) firsts.push((await resolve("a.test")).map(({ address }) => address));
    expect(firsts).toEqual([
      ["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"],
      ["2001:db8::1", "192.0.2.2", "192.0.2.3", "192.0.2.1"],
      ["2001:db8::1", "192.0.2.3", "192.0.2.1", "192.0.2.2"],
      ["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"],
    ]);
  });

  it("keep their old addresses for ten minutes while the resolver fails, and ask again every 5 seconds", async () => {
    const { clock, answers, asked, resolve } = table();
    answers.push(v4("192.0.2.1"));
    await resolve("a.test");
    clock.advance(30_000);
    expect(await resolve("a.test")).toEqual(v4("192.0.2.1"));
    expect(await resolve("a.test")).toEqual(v4("192.0.2.1"));
    expect(asked).toHaveBeenCalledTimes(2);
    clock.advance(5000);
    expect(await resolve("a.test")).toEqual(v4("192.0.2.1"));
    expect(asked).toHaveBeenCalledTimes(3);
    clock.advance(564_999);
    expect(await resolve("a.test")).toEqual(v4("192.0.2.1"));
    clock.advance(1);
    await expect(resolve("a.test")).rejects.toThrow("the resolver is down");
  });

  it("take the new addresses as soon as the resolver is back", async () => {
    const { clock, answers, resolve } = table();
    answers.push(v4("192.0.2.1"), new Error("down"), v4("192.0.2.2"));
    await resolve("a.test");
    clock.advance(30_000);
    await resolve("a.test");
    clock.advance(5000);
    expect(await resolve("a.test")).toEqual(v4("192.0.2.2"));
  });

  it("wait one second for a resolver that is silent when there is an old answer", async () => {
    const { clock, answers, asked, resolve } = table();
    answers.push(v4("192.0.2.1"));
    await resolve("a.test");
    clock.advance(30_000);
    const late = Promise.withResolvers<Address[]>();
    asked.mockReturnValueOnce(late.promise);
    const first = resolve("a.test");
    clock.advance(1000);
    expect(await first).toEqual(v4("192.0.2.1"));
    late.resolve(v4("192.0.2.2"));
    await vi.waitFor(async () => expect(await resolve("a.test")).toEqual(v4("192.0.2.2")));
    expect(asked).toHaveBeenCalledTimes(2);
    expect(clock.pending).toBe(0);
  });

  it("fail when nothing is known, and ask again at once", async () => {
    const { answers, asked, resolve } = table();
    answers.push(new Error("down"), [], v4("192.0.2.1"));
    await expect(resolve("a.test")).rejects.toThrow("down");
    await expect(resolve("a.test")).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect(await resolve("a.test")).toEqual(v4("192.0.2.1"));
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it("are remembered up to a thousand, the oldest forgotten first", async () => {
    const { asked, resolve } = table();
    asked.mockImplementation(async () => v4("192.0.2.1"));
    for (let index = 0; index <= 1000; index++) await resolve(`n${index}.test`);
    expect(asked).toHaveBeenCalledTimes(1001);
    await resolve("n1.test");
    await resolve("n1000.test");
    expect(asked).toHaveBeenCalledTimes(1001);
    await resolve("n0.test");
    expect(asked).toHaveBeenCalledTimes(1002);
  });

  it("are remembered once per clock, and that is once per process", async () => {
    const clock = fakeClock();
    expect(sharedNames(clock)).toBe(sharedNames(clock));
    expect(sharedNames(fakeClock())).not.toBe(sharedNames(clock));
    expect((await sharedNames(clock)("localhost")).every(({ address }) => address === "127.0.0.1" || address === "::1")).toBe(true);
  });
});
