// The pool of connections to one provider, on real loopback sockets: which connection a request goes on, what becomes of it
// afterwards, and that no reply can be taken for another request's.
import { readFileSync } from "node:fs";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Readable } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { parseRanges } from "../../dataplane/providers/address.ts";
import type { Outbound, Taker } from "../../dataplane/providers/connection.ts";
import { Upstream } from "../../dataplane/providers/upstream.ts";
import { fakeClock, type FakeClock } from "../doubles/clock.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** A peer that answers each read with what the script says; what it got, per connection. */
class Peer {
  readonly got: string[] = [];
  readonly sockets: Socket[] = [];
  port = 0;

  static async start(answer: (text: string, socket: Socket) => void, server?: (handle: (socket: Socket) => void) => Server): Promise<Peer> {
    const peer = new Peer();
    const handle = (socket: Socket): void => {
      const index = peer.sockets.push(socket) - 1;
      peer.got.push("");
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        peer.got[index] += bytes.toString("latin1");
        answer(bytes.toString("latin1"), socket);
      });
    };
    const listening = server === undefined ? createTcpServer(handle) : server(handle);
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    open.push(() => {
      for (const socket of peer.sockets) socket.destroy();
      return new Promise((resolve) => listening.close(resolve));
    });
    peer.port = (listening.address() as AddressInfo).port;
    return peer;
  }

  /** How many of its connections are open. */
  get openCount(): number {
    return this.sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
  }
}

const start = (peer: { readonly port: number }, { clock = fakeClock(), protocol = "http", ca = [] as string[] } = {}): { upstream: Upstream; clock: FakeClock } => {
  const ranges = { privateRanges: parseRanges(["127.0.0.1"]).ranges, privateRangesText: "127.0.0.1" };
  const upstream = new Upstream({ origin: `${protocol}://127.0.0.1:${peer.port}`, network: "private", ...ranges, tls: { ca, serverName: protocol === "https" ? "provider.test" : undefined }, connectTimeoutMs: 0 }, clock);
  open.push(() => upstream.destroy());
  return { upstream, clock };
};

class Recorder implements Taker {
  started = 0;
  status = 0;
  body = "";
  readonly over: Promise<string>;
  #settle: (how: string) => void = () => {};

  constructor() {
    this.over = new Promise((resolve) => (this.#settle = resolve));
  }

  onRequestStart(): void {
    this.started++;
  }

  onResponseStart(status: number): void {
    this.status = status;
  }

  onResponseData(chunk: Buffer): void {
    this.body += chunk.toString("latin1");
  }

  onResponseEnd(): void {
    this.#settle(`${this.status} ${this.body}`);
  }

  onResponseError(error: Error): void {
    this.#settle("code" in error ? String(error.code) : error.message);
  }
}

const request = (differences: Partial<Outbound> = {}): Outbound => ({ method: "POST", path: "/v1", headers: ["content-type", "application/json"], body: [Buffer.from("{}")], ...differences });

const ask = (upstream: Upstream, differences: Partial<Outbound> = {}): Promise<string> => {
  const taker = new Recorder();
  upstream.send(request(differences), taker);
  return taker.over;
};

describe("a connection", () => {
  it("carries one request after the other", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    for (let count = 0; count < 3; count++) expect(await ask(upstream)).toBe("200 ok");
    expect(peer.sockets).toHaveLength(1);
    expect(peer.got[0]).toBe(`POST /v1 HTTP/1.1\r\nhost: 127.0.0.1:${peer.port}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`.repeat(3));
  });

  it("is there for each request of many at once", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(upstream)))).toEqual(Array.from({ length: 20 }, () => "200 ok"));
    expect(peer.sockets.length).toBeLessThanOrEqual(20);
  });

  it("may be one of TLS", async () => {
    const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), "utf8");
    const peer = await Peer.start((_, socket) => void socket.write(OK), (handle) => createTlsServer({ key: pem("provider.key"), cert: pem("provider") }, handle));
    const { upstream } = start(peer, { protocol: "https", ca: [pem("ca")] });
    expect([await ask(upstream), await ask(upstream)]).toEqual(["200 ok", "200 ok"]);
    expect(peer.sockets).toHaveLength(1);
  });

  it.each([
    ["says that it closes", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"],
    ["keeps it for no longer than a request takes", "HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok"],
    ["says more than was asked", `${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`],
  ])("is not used again when its server %s", async (_, answer) => {
    const peer = await Peer.start((_text, socket) => void socket.write(answer));
    const { upstream } = start(peer);
    expect([await ask(upstream), await ask(upstream)]).toEqual(["200 ok", "200 ok"]);
    expect(peer.sockets).toHaveLength(2);
    await vi.waitFor(() => expect(peer.openCount).toBe(0));
  });

  it("ends when something comes that nobody asked for, and what came is nobody's reply", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    await ask(upstream);
    peer.sockets[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    await vi.waitFor(() => expect(peer.openCount).toBe(0));
    expect(await ask(upstream)).toBe("200 ok");
    expect(peer.sockets).toHaveLength(2);
  });

  it("that its server has closed is not used again", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    await ask(upstream);
    peer.sockets[0]?.end();
    await vi.waitFor(() => expect(peer.sockets[0]?.destroyed).toBe(true));
    expect(await ask(upstream)).toBe("200 ok");
    expect(peer.sockets).toHaveLength(2);
  });

  it("ends after a minute without a request, and earlier when its server says so", async () => {
    const peer = await Peer.start((text, socket) => void socket.write(text.includes("/short") ? OK.replace("\r\n", "\r\nkeep-alive: timeout=5\r\n") : OK));
    const { upstream, clock } = start(peer);
    await ask(upstream, { path: "/short" });
    await clock.advance(4001);
    await ask(upstream);
    expect(peer.sockets).toHaveLength(2);
    await clock.advance(60_000);
    await clock.advance(60_000);
    await vi.waitFor(() => expect(peer.openCount).toBe(0));
  });

  it.each([
    ["before it answers", "", "CONNECTION_CLOSED"],
    ["in the head of its answer", "HTTP/1.1 200 OK\r\nconte", "NOT_HTTP"],
    ["in the body of its answer", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal", "NOT_HTTP"],
    ["before the last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nha\r\n", "NOT_HTTP"],
    ["with other words than HTTP", "220 smtp.test ESMTP\r\n", "NOT_HTTP"],
  ])("that ends %s fails its request", async (_, answer, code) => {
    const peer = await Peer.start((_text, socket) => void socket.end(answer));
    expect(await ask(start(peer).upstream)).toBe(code);
  });

  it("whose end is the end of the answer is no failure", async () => {
    const peer = await Peer.start((_, socket) => void socket.end("HTTP/1.0 200 OK\r\n\r\nall of it"));
    expect(await ask(start(peer).upstream)).toBe("200 all of it");
  });

  it("fails its request when whoever takes the reply throws, and nothing else", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    const taker = new Recorder();
    taker.onResponseStart = () => {
      throw new Error("a fault of ours");
    };
    upstream.send(request(), taker);
    expect(await taker.over).toBe("a fault of ours");
    expect(await ask(upstream)).toBe("200 ok");
  });

  it("is not read while its taker has no room", async () => {
    const piece = Buffer.alloc(1_048_576, "a");
    let isFull = false;
    const peer = await Peer.start((_, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${piece.length * 64}\r\n\r\n`);
      let left = 64;
      const write = (): void => {
        while (left-- > 0) if (!socket.write(piece)) return void socket.once("drain", write);
      };
      socket.once("drain", () => (isFull = true));
      write();
    });
    const { upstream } = start(peer);
    const taker = new Recorder();
    let bytes = 0;
    taker.onResponseData = (chunk) => {
      bytes += chunk.length;
      if (bytes === chunk.length) sending.pause();
    };
    const sending = upstream.send(request(), taker);
    await vi.waitFor(() => expect(bytes).toBeGreaterThan(0));
    const before = bytes;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(bytes).toBe(before);
    expect(before).toBeLessThanOrEqual(65_536);
    sending.resume();
    expect(await taker.over).toBe("200 ");
    expect([bytes, isFull]).toEqual([piece.length * 64, true]);
  });
});

describe("a request", () => {
  it("that is given up before there is a connection is never sent, and the connection for it is let go", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    const taker = new Recorder();
    upstream.send(request(), taker).abort(new Error("gone"));
    expect(await taker.over).toBe("gone");
    await vi.waitFor(() => expect(peer.sockets).toHaveLength(1));
    await vi.waitFor(() => expect(peer.openCount).toBe(0));
    expect([taker.started, peer.got]).toEqual([0, [""]]);
  });

  it("that is given up on its way takes its connection with it; others go on", async () => {
    const peer = await Peer.start((text, socket) => void (text.includes("/slow") || socket.write(OK)));
    const { upstream } = start(peer);
    const taker = new Recorder();
    const sending = upstream.send(request({ path: "/slow" }), taker);
    await vi.waitFor(() => expect(peer.got[0]).toContain("/slow"));
    sending.abort(new Error("gone"));
    sending.abort(new Error("again"));
    expect(await taker.over).toBe("gone");
    expect(await ask(upstream)).toBe("200 ok");
    expect(peer.sockets).toHaveLength(2);
  });

  it("that nobody listens for fails, each with a try of its own", async () => {
    const peer = await Peer.start(() => {});
    const { upstream } = start(peer);
    await open.splice(0, 1)[0]?.();
    expect(await Promise.all([ask(upstream), ask(upstream)])).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
  });

  it("with a header that could add another is not written", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    expect(await ask(upstream, { headers: ["x-a", "b\r\nx-evil: 1"] })).toBe("UNFIT_FIELD");
    expect(peer.got.join("")).toBe("");
    expect(await ask(upstream)).toBe("200 ok");
  });

  it.each([["read", true], ["not read", false]])("knows when its answer is there whether the system has taken all of it: %s", async (_, isRead) => {
    const peer = await Peer.start((text, socket) => {
      if (!isRead) socket.pause();
      if (!isRead || text.endsWith("!")) socket.write(OK);
    });
    const { upstream } = start(peer);
    const large = Buffer.alloc(30_000_000, "a");
    large.write("!", large.length - 1);
    const isWritten = await new Promise((resolve) => {
      const taker = new Recorder();
      const sending = upstream.send(request({ body: [large] }), Object.assign(taker, { onResponseEnd: () => resolve(sending.isWritten) }));
    });
    expect(isWritten).toBe(isRead);
  });

  it("may have a body of any size, and none", async () => {
    let got = 0;
    const peer = await Peer.start((text, socket) => {
      got += text.length;
      if (text.startsWith("GET") || text.endsWith("!")) socket.write(OK);
    });
    const { upstream } = start(peer);
    const large = Buffer.alloc(3_000_000, "a");
    large.write("!", large.length - 1);
    expect(await ask(upstream, { body: [large] })).toBe("200 ok");
    expect(got).toBeGreaterThan(large.length);
    got = 0;
    expect(await ask(upstream, { body: [large.subarray(0, 3), large.subarray(3, 70_000), large.subarray(70_000)] })).toBe("200 ok");
    expect(got).toBeGreaterThan(large.length);
    expect(await ask(upstream, { body: [Buffer.from("in "), Buffer.from("pieces"), Buffer.from("!")] })).toBe("200 ok");
    expect(peer.got.join("")).toContain("content-length: 10\r\n\r\nin pieces!");
    expect(await ask(upstream, { method: "GET", body: null })).toBe("200 ok");
    expect(await ask(upstream, { body: "text in é!" })).toBe("200 ok");
    expect(peer.got.join("")).toContain("content-length: 11\r\n\r\ntext in");
  });
});

describe("a body that comes bit by bit", () => {
  const answerAtEnd = (text: string, socket: Socket): void => void (text.includes("end") && socket.write(OK));

  it.each([
    [["content-length", "9"], "content-length: 9\r\n\r\nfirst end"],
    [[], "transfer-encoding: chunked\r\n\r\n6\r\nfirst \r\n3\r\nend\r\n0\r\n\r\n"],
  ])("is passed on, with a length or in chunks: %j", async (headers, sent) => {
    const peer = await Peer.start(answerAtEnd);
    const { upstream } = start(peer);
    expect(await ask(upstream, { headers, body: Readable.from([Buffer.from("first "), Buffer.from("end")]) })).toBe("200 ok");
    await vi.waitFor(() => expect(peer.got[0]).toContain(sent));
    expect(await ask(upstream, { path: "/end" })).toBe("200 ok");
  });

  it.each([["longer", "3"], ["shorter", "30"]])("and is %s than was said fails", async (_, length) => {
    const peer = await Peer.start(() => {});
    expect(await ask(start(peer).upstream, { headers: ["content-length", length], body: Readable.from([Buffer.from("first "), Buffer.from("end")]) })).toBe("LENGTH_MISMATCH");
  });

  it("and breaks off fails with what broke it", async () => {
    const peer = await Peer.start(() => {});
    const body = new Readable({ read: () => {} });
    const over = ask(start(peer).upstream, { body });
    await vi.waitFor(() => expect(peer.got[0]).toContain("chunked"));
    body.destroy(Object.assign(new Error("broken"), { code: "BROKEN" }));
    expect(await over).toBe("BROKEN");
  });

  it("is given up when the answer is there before its end, and so is the connection", async () => {
    const peer = await Peer.start((_, socket) => void socket.write(OK));
    const { upstream } = start(peer);
    const body = new Readable({ read: () => {} });
    expect(await ask(upstream, { body })).toBe("200 ok");
    expect(body.destroyed).toBe(true);
    expect(await ask(upstream)).toBe("200 ok");
    expect(peer.sockets).toHaveLength(2);
  });
});

describe("a pool", () => {
  it("that is closed finishes what is under way, and serves who comes late on connections that it does not keep", async () => {
    let answer = (): void => {};
    const peer = await Peer.start((text, socket) => {
      if (text.includes("/slow")) answer = () => void socket.write(OK);
      else socket.write(OK);
    });
    const { upstream } = start(peer);
    const slow = ask(upstream, { path: "/slow" });
    expect(await ask(upstream)).toBe("200 ok");
    await vi.waitFor(() => expect(peer.got.join("")).toContain("/slow"));
    upstream.close();
    await vi.waitFor(() => expect(peer.openCount).toBe(1));
    expect(await ask(upstream)).toBe("200 ok");
    answer();
    expect(await slow).toBe("200 ok");
    await vi.waitFor(() => expect(peer.openCount).toBe(0));
  });

  it("that is destroyed fails what is under way and what waits", async () => {
    const peer = await Peer.start(() => {});
    const { upstream } = start(peer);
    const first = ask(upstream);
    await vi.waitFor(() => expect(peer.got).toHaveLength(1));
    const second = ask(upstream);
    upstream.destroy();
    expect(await Promise.all([first, second])).toEqual(["POOL_DESTROYED", "POOL_DESTROYED"]);
    await vi.waitFor(() => expect(peer.openCount).toBe(0));
  });
});
