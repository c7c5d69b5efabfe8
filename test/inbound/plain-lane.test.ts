// The plain lane before Node's HTTP server: whatever is sent, a client gets from both what it gets from Node's server alone.
import fc from "fast-check";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PlainLane } from "../../dataplane/inbound/plain-lane.ts";
import type { ClientReply, ClientRequest } from "../../dataplane/request/client.ts";
import { fakeClock, type FakeClock } from "../doubles/clock.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Tells what it was asked, by whom it was read, and all of the body. */
const echo = (by: string) => (request: ClientRequest, reply: ClientReply): void => {
  const answer = (body: Buffer): void => {
    const { url = "", headers } = request;
    const seen = Buffer.from(JSON.stringify([url, headers["x-a"] ?? null, headers["content-type"] ?? null, body.toString("latin1")]));
    if (url === "/chunks") {
      reply.writeHead(200, ["x-by", by]);
      reply.write(seen.subarray(0, 5));
      reply.end(seen.subarray(5));
    } else if (url === "/none") {
      reply.writeHead(204, ["x-by", by]);
      reply.end();
    } else if (url === "/last") {
      reply.writeHead(200, ["x-by", by, "connection", "close", "content-length", String(seen.length)]);
      reply.end(seen);
    } else {
      reply.writeHead(200, ["x-by", by, "content-length", String(seen.length)]);
      reply.end(seen.toString("latin1"), "latin1");
    }
  };
  if (request.body !== undefined) return answer(request.body.bytes.subarray(request.body.start, request.body.end));
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => void chunks.push(chunk));
  request.on("end", () => answer(Buffer.concat(chunks)));
};

const PATHS: ReadonlySet<string> = new Set(["/plain", "/chunks", "/none", "/last", "/early"]);

interface Started {
  readonly port: number;
  readonly server: Server;
  readonly lane: PlainLane | null;
  readonly late: boolean[];
}

const listen = async (isLane: boolean, clock: FakeClock = fakeClock(), find = (path: string) => (PATHS.has(path) ? echo("lane") : undefined)): Promise<Started> => {
  const server = createServer({ keepAliveTimeout: 75_000, requireHostHeader: false }, (request, reply) => echo("node")(request, reply));
  server.on("clientError", (_, socket) => void (socket as Socket).end("HTTP/1.1 400 Bad\r\n\r\n"));
  const late: boolean[] = [];
  const onLate = (socket: Socket, hasAnswerBegun: boolean): void => {
    late.push(hasAnswerBegun);
    socket.destroy();
  };
  const lane = isLane ? new PlainLane(server, { clock, find, keepAliveMs: 75_000, requestMs: 300_000, checkingMs: 30_000, onLate, onNonsense: (socket) => void socket.end("HTTP/1.1 400 Bad\r\n\r\n") }) : null;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    server.closeAllConnections();
    lane?.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, server, lane, late };
};

/** What comes back when these pieces are sent, until the other side ends or `until` is there. */
const say = (port: number, pieces: readonly (string | Buffer)[], until: RegExp): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    open.push(() => socket.destroy());
    let text = "";
    const over = (): void => {
      socket.destroy();
      resolve(text.replaceAll(/date: [^\r]*\r\n|x-by: \w+\r\n|keep-alive: [^\r]*\r\n/gi, "").replaceAll(/^connection: /gim, "connection: "));
    };
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (until.test(text)) over();
    });
    socket.on("error", over).on("close", over);
    let index = 0;
    const write = (): void => {
      const piece = pieces[index++];
      if (piece !== undefined) socket.write(piece, () => void setImmediate(write));
    };
    write();
  });

const post = (path: string, body: string, headers = ""): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-A: 1\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const END = "POST /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const ENDED = /"\/end"[^]*\]/;

const normal = (text: string): string => text.replaceAll(/^(.*?): /gm, (line) => line.toLowerCase()).split("\r\n").toSorted().join("\n");

describe("a reply that is broken off", () => {
  it("has given what was written until then, although its turn was not over", async () => {
    const find = () => (_: ClientRequest, reply: ClientReply): void => {
      reply.writeHead(200, ["content-length", "8"]);
      reply.write(Buffer.from("half"));
      reply.destroy();
    };
    const { port } = await listen(true, fakeClock(), find);
    expect(await say(port, [post("/plain", "{}")], /never/)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhalf$/);
  });
});

describe("the plain lane", () => {
  const conversations: readonly (readonly [string, string])[] = [
    ["a plain request", post("/plain", "{}")],
    ["two, one after the other", post("/plain", "{}") + post("/plain", '{"b":1}')],
    ["an answer in chunks", post("/chunks", "{}")],
    ["an answer without a body", post("/none", "{}")],
    ["an answer that is the last", post("/last", "{}")],
    ["a body of nothing", post("/plain", "")],
    ["a path that it does not know", post("/other", "{}")],
    ["another method", "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a request behind another that only the server takes", `${post("/plain", "{}")}GET /plain HTTP/1.1\r\nHost: a\r\n\r\n`],
    ["HTTP/1.0", "POST /plain HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"],
    ["chunks", "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ["another type", post("/plain", "{}").replace("application/json", "text/plain")],
    ["an expectation", post("/plain", "{}", "Expect: 100-continue\r\n")],
    ["a connection that is to end", post("/plain", "{}", "Connection: close\r\n")],
    ["two lengths", post("/plain", "{}", "Content-Length: 3\r\n")],
    ["a length and chunks", post("/plain", "{}", "Transfer-Encoding: chunked\r\n")],
    ["a folded line", post("/plain", "{}", "X-B: 1\r\n folded\r\n")],
    ["a space before the colon", post("/plain", "{}", "X-B : 1\r\n")],
    ["a line feed in a value", post("/plain", "{}", "X-B: 1\n2\r\n")],
    ["no host", post("/plain", "{}").replace("Host: a\r\n", "")],
    ["two hosts", post("/plain", "{}", "Host: b\r\n")],
    ["no HTTP at all", "hello\r\n\r\n"],
    ["nonsense behind a request", `${post("/plain", "{}")}garbage\r\n\r\n`],
  ];

  it.each(conversations)("makes no difference to a client that sends %s", async (_, text) => {
    const [node, lane] = [await listen(false), await listen(true)];
    const [expected, actual] = await Promise.all([node, lane].map(({ port }) => say(port, [text + END], ENDED)));
    expect(normal(actual ?? "")).toBe(normal(expected ?? ""));
    expect(expected).not.toBe("");
  });

  it("makes none wherever what is sent is cut", async () => {
    const [node, lane] = [await listen(false), await listen(true)];
    const requests = fc.constantFrom(...conversations.map(([, text]) => text), post("/plain", "x".repeat(5000)), post("/chunks", "y".repeat(70_000)));
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(), { maxLength: 4 }), async (texts, cuts) => {
        const text = texts.join("") + END;
        const at = [...new Set(cuts.map((cut) => cut % text.length))].toSorted((one, other) => one - other);
        const pieces = [0, ...at].map((from, index) => Buffer.from(text.slice(from, at[index] ?? text.length), "latin1"));
        const [expected = "", actual = ""] = await Promise.all([node, lane].map(({ port }) => say(port, pieces, ENDED)));
        // Behind what is no request both end the connection; how much of the answers before it is still seen is chance.
        if (expected.includes(" 400 ") || actual.includes(" 400 ") || expected === "" || actual === "") return;
        expect(normal(actual)).toBe(normal(expected));
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it("reads what is plain itself, and leaves the rest of a connection to the server for good", async () => {
    const { port } = await listen(true);
    const by = async (text: string): Promise<string[]> => {
      const socket = connect(port, "127.0.0.1").setNoDelay(true);
      open.push(() => socket.destroy());
      let seen = "";
      socket.on("data", (bytes: Buffer) => (seen += bytes.toString("latin1")));
      const count = (): number => seen.match(/x-by: \w+/g)?.length ?? 0;
      for (const [index, one] of text.split("|").entries()) {
        socket.write(one);
        await vi.waitFor(() => expect(count()).toBe(index + 1));
      }
      return seen.match(/(?<=x-by: )\w+/g) ?? [];
    };
    const get = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
    expect(await by([post("/plain", "{}"), post("/chunks", "{}"), get, post("/plain", "{}")].join("|"))).toEqual(["lane", "lane", "node", "node"]);
  });

  it("lets a connection go on behind an answer that came before the whole body, once the rest of that is in", async () => {
    const find = (path: string) => (path === "/early" ? (_: ClientRequest, reply: ClientReply) => {
      reply.writeHead(413, ["content-length", "4"]);
      reply.end(Buffer.from("much"));
    } : echo("lane"));
    const { port } = await listen(true, fakeClock(), find);
    const early = post("/early", "z".repeat(100_000));
    const text = await say(port, [early.slice(0, 1000), early.slice(1000, 90_000), early.slice(90_000) + post("/plain", "[]")], /\[\]"\]/);
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*much[^]*HTTP\/1\.1 200 [^]*"\/plain"/);
  });

  it("never writes a header that could add another", async () => {
    let thrown: unknown;
    const { port } = await listen(true, fakeClock(), () => (_, reply) => {
      try {
        reply.writeHead(200, ["x-a", "b\r\nx-evil: 1"]);
      } catch (error) {
        thrown = error;
      }
      reply.writeHead(200, ["content-length", "0"]);
      reply.end();
    });
    expect(await say(port, [post("/plain", "{}")], /\r\n\r\n/)).not.toContain("evil");
    expect(thrown).toMatchObject({ code: "UNFIT_FIELD" });
  });

  it("tells a reply that its client has left, once, in whatever phase", async () => {
    const closed: string[] = [];
    const { port } = await listen(true, fakeClock(), () => (_, reply) => {
      reply.on("close", () => void closed.push(reply.writableFinished ? "finished" : "left"));
    });
    const socket = connect(port, "127.0.0.1");
    socket.write(post("/plain", "{}"));
    await vi.waitFor(() => expect(socket.bytesWritten).toBeGreaterThan(0));
    socket.end();
    await vi.waitFor(() => expect(closed).toEqual(["left"]));
  });

  it("ends connections that nobody uses, and those whose requests take too long to come", async () => {
    const clock = fakeClock();
    const { port, late } = await listen(true, clock);
    const opened = (): Promise<Socket & { text?: string }> =>
      new Promise((resolve) => {
        const socket: Socket & { text?: string } = connect(port, "127.0.0.1", () => resolve(socket));
        open.push(() => socket.destroy());
        socket.on("data", (bytes: Buffer) => (socket.text = (socket.text ?? "") + bytes.toString("latin1"))).on("error", () => {});
      });
    const [idle, silent, slow] = [await opened(), await opened(), await opened()];
    idle.write(post("/plain", "{}"));
    slow.write(post("/plain", "x".repeat(100)).slice(0, -50));
    await vi.waitFor(() => expect(idle.text).toContain("/plain"));
    await clock.advance(60_000);
    await clock.advance(60_000);
    await vi.waitFor(() => expect(idle.destroyed).toBe(true));
    expect([silent.destroyed, slow.destroyed]).toEqual([false, false]);
    for (let minute = 0; minute < 5; minute++) await clock.advance(60_000);
    await vi.waitFor(() => expect([silent.destroyed, slow.destroyed]).toEqual([true, true]));
    expect(late).toEqual([false, false]);
  });
});
