// The loopback provider keeps its promises: what it records, how it cuts, delays and breaks off, and that nothing is left open.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { chatCompletion, chatEvents, chatStream, cutBytes, responsesEvents } from "./provider-bytes.ts";
import * as replies from "./provider-replies.ts";
import { deadUrl, startProvider, type Behaviour, type Provider, type Script } from "./provider.ts";

const GET = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (body: string, more = "") =>
  `POST /v1/x?y=z HTTP/1.1\r\nHost: a\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

let provider: Provider;
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await provider.close();
});

/** A bare socket that remembers each segment it got and how the other side left. */
class Client {
  readonly socket: Socket;
  readonly segments: Buffer[] = [];
  failure: string | undefined;
  readonly ended: Promise<unknown>;
  readonly closed: Promise<unknown>;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.socket.on("data", (bytes) => void this.segments.push(bytes));
    this.socket.on("error", (error: NodeJS.ErrnoException) => {
      this.failure = error.code;
    });
    this.ended = new Promise((resolve) => {
      this.socket.once("end", resolve);
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", resolve);
    });
    clients.push(this);
  }

  get text(): string {
    return Buffer.concat(this.segments).toString("latin1");
  }

  get body(): string {
    return this.text.slice(this.text.indexOf("\r\n\r\n") + 4);
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** Settles once the text received so far matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this.socket, "data");
  }
}

async function start(script?: Script): Promise<Client> {
  provider = await startProvider(script);
  return new Client(provider.port);
}

async function answered(behaviour: Behaviour, request = GET): Promise<Client> {
  const client = (await start(behaviour)).send(request);
  await client.ended;
  return client;
}

describe("what is recorded", () => {
  it("keeps method, target, headers in order and spelling, and the bytes of head and body", async () => {
    const client = await start(replies.json({ ok: true }));
    const request = post('{"a":1.0}', "X-Odd: One\r\nx-odd: two\r\n");
    client.send(request);
    await client.until(/ok/);
    const recorded = provider.requests[0];
    expect(recorded).toMatchObject({
      index: 0,
      connection: 1,
      method: "POST",
      target: "/v1/x?y=z",
      version: "HTTP/1.1",
      isComplete: true,
      bodyLength: 9,
    });
    expect(recorded?.rawHeaders).toEqual([
      ["Host", "a"],
      ["X-Odd", "One"],
      ["x-odd", "two"],
      ["content-length", "9"],
    ]);
    expect(recorded?.header("X-ODD")).toBe("One, two");
    expect(`${recorded?.headBytes}${recorded?.body}`).toBe(request);
    expect(recorded?.gone).toBeUndefined();
  });

  it("reads chunked bodies cut anywhere, keeping the framing beside the body", async () => {
    const wire = "4;a=b\r\nWiki\r\nC\r\npedia\r\nin \r\n\r\n0\r\nX-Trailer: t\r\n\r\n";
    const request = Buffer.from(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${wire}`);
    const client = await start(replies.json("{}"));
    for (const byte of cutBytes(request, "every byte")) {
      await new Promise((resolve) => {
        client.socket.write(byte, resolve);
      });
    }
    await client.until(/\{\}/);
    expect(provider.requests[0]?.body.toString()).toBe("Wikipedia\r\nin \r\n");
    expect(provider.requests[0]?.wireBody.toString()).toBe(wire);
  });

  it("counts a body without keeping it when told so", async () => {
    provider = await startProvider(replies.json("{}"), { bodyBytesKept: 0 });
    const client = new Client(provider.port).send(post("x".repeat(100_000)));
    await client.until(/\{\}/);
    expect(provider.requests[0]?.bodyLength).toBe(100_000);
    expect(provider.requests[0]?.body).toHaveLength(0);
  });

  it("tells what was not HTTP, and drops it", async () => {
    const client = await start(replies.silence);
    client.send("hello there\r\n\r\n");
    await client.ended;
    expect(provider.malformed).toEqual(['request line "hello there"']);
    expect(provider.requests).toHaveLength(0);
  });
});

describe("connections", () => {
  it("are kept for the next request, and counted", async () => {
    const client = await start(replies.json("{}"));
    client.send(GET);
    await client.until(/\{\}/);
    client.send(GET);
    await client.until(/\{\}[^]*\{\}/);
    const other = new Client(provider.port).send(GET);
    await other.until(/\{\}/);
    expect(provider.requests.map((request) => request.connection)).toEqual([1, 1, 2]);
    expect(provider.connections).toEqual({ opened: 2, open: 2 });
    client.socket.destroy();
    other.socket.destroy();
    await provider.idle();
    expect(provider.connections).toEqual({ opened: 2, open: 0 });
  });

  it("answer pipelined requests in order, each when the one before is whole", async () => {
    const client = await start();
    client.send(post("one") + post("two"));
    const first = await provider.next();
    expect(provider.requests).toHaveLength(1);
    await replies.json("1")(first);
    const second = await provider.next();
    expect(second.request.body.toString()).toBe("two");
    await replies.json("2")(second);
    await client.until(/\r\n\r\n1HTTP\/1.1 200 Whatever[^]*\r\n\r\n2$/);
  });

  it("end with the reply that says connection: close", async () => {
    const client = await answered(replies.json("{}", { headers: { connection: "close" } }));
    expect(client.body).toBe("{}");
  });

  it("are all reset by kill, and none is taken any more", async () => {
    const client = (await start()).send(GET);
    await provider.next();
    await provider.kill();
    await client.closed;
    expect(client.failure).toBe("ECONNRESET");
    const late = new Client(provider.port);
    await late.closed;
    expect(late.failure).toBe("ECONNREFUSED");
    expect(provider.requests[0]?.gone).toBeUndefined();
  });

  it("are all dropped on demand while new ones are taken, on a port of choice", async () => {
    const client = await start(replies.json("{}"));
    client.send(GET);
    await client.until(/\{\}/);
    provider.dropConnections();
    await client.closed;
    await new Client(provider.port).send(GET).until(/\{\}/);
    const { port } = provider;
    await provider.close();
    provider = await startProvider(replies.json("back"), { port });
    await new Client(port).send(GET).until(/back/);
  });

  it("are refused at a dead URL", async () => {
    await start();
    const dead = new Client(Number(new URL(await deadUrl()).port));
    await dead.closed;
    expect(dead.failure).toBe("ECONNREFUSED");
  });
});

describe("answers by hand", () => {
  it("go out one segment at a time, as the test says", async () => {
    const client = (await start()).send(GET);
    const exchange = await provider.next();
    await exchange.sendHead({ status: 201, reason: "Made", headers: { "X-Case": "Kept" } });
    await client.until(/\r\n\r\n$/);
    expect(client.text).toBe("HTTP/1.1 201 Made\r\nX-Case: Kept\r\ntransfer-encoding: chunked\r\n\r\n");
    await exchange.sendChunk("hello");
    await client.until(/hello\r\n$/);
    await exchange.end();
    await client.until(/\r\n0\r\n\r\n$/);
    expect(client.body).toBe("5\r\nhello\r\n0\r\n\r\n");
  });

  it("are each a segment of their own at a reader in this process", async () => {
    const pieces = cutBytes("data: {}\n\n", "every byte");
    const client = await start(replies.raw(Buffer.concat(pieces), { cuts: "every byte", ending: "close" }));
    client.send(GET);
    await client.ended;
    expect(client.segments.map((segment) => segment.length)).toEqual(pieces.map(() => 1));
  });

  it("wait for whoever asks first, before or after the request came", async () => {
    const client = await start();
    const early = provider.next();
    client.send(GET);
    expect((await early).request.index).toBe(0);
    new Client(provider.port).send(GET);
    await provider.received(2);
    expect((await provider.next()).request.index).toBe(1);
  });

  it("follow a script in turn, its last behaviour for all that follow, until it is replaced", async () => {
    const client = await start([replies.json("1"), replies.json("2")]);
    for (const expected of [/1$/, /2$/, /2[^]*2$/]) {
      client.send(GET);
      await client.until(expected);
    }
    provider.use(replies.json("3"));
    client.send(GET);
    await client.until(/3$/);
  });

  it("are told when the client leaves, in which phase and how", async () => {
    const leaving = (await start()).send(post("body").slice(0, -2));
    const sending = await provider.next();
    leaving.socket.destroy();
    expect(await sending.gone).toEqual({ phase: "sending the body", how: "end", replyBytes: 0 });

    const waiting = new Client(provider.port).send(GET);
    const waitingExchange = await provider.next();
    waiting.socket.resetAndDestroy();
    expect(await waitingExchange.gone).toEqual({ phase: "waiting for the head", how: "reset", replyBytes: 0 });

    const reading = new Client(provider.port).send(GET);
    const readingExchange = await provider.next();
    await readingExchange.sendHead({});
    await reading.until(/\r\n\r\n/);
    reading.socket.destroy();
    expect(await readingExchange.gone).toEqual({ phase: "reading the reply", how: "end", replyBytes: reading.text.length });
    expect(readingExchange.request.gone?.phase).toBe("reading the reply");
    await provider.idle();
  });

  it("fail loudly at close when a behaviour throws for another reason than a client that left", async () => {
    const client = (await start(() => Promise.reject(new Error("wrong script")))).send(GET);
    await provider.received(1);
    client.socket.destroy();
    await expect(provider.close()).rejects.toThrow("wrong script");
    provider = await startProvider();
  });
});

describe("replies", () => {
  const closing = { headers: { connection: "close" } };

  it.each(["gzip", "deflate", "br"] as const)("are encoded with %s and say so", async (encoding) => {
    const decode = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync }[encoding];
    const client = await answered(replies.json('{"a":"é"}', { ...closing, encoding, cuts: [1, 3] }));
    expect(client.text).toContain(`content-encoding: ${encoding}\r\n`);
    const bytes = Buffer.concat(client.segments);
    expect(decode(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4)).toString()).toBe('{"a":"é"}');
  });

  it.each([
    [replies.failure(500), /^HTTP\/1\.1 500 [^]*"upstream says 500"/],
    [
      replies.tooManyRequests({ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }),
      /^HTTP\/1\.1 429 [^]*retry-after: Wed, 21 Oct 2026[^]*rate_limit_exceeded/,
    ],
    [replies.echoedKey(403), /^HTTP\/1\.1 403 [^]*Bearer sk-secret/],
    [replies.redirect("http://elsewhere/"), /^HTTP\/1\.1 307 [^]*location: http:\/\/elsewhere\/\r\n/],
    [replies.html(), /^HTTP\/1\.1 200 [^]*text\/html[^]*<!doctype html>/],
    [replies.empty(), /^HTTP\/1\.1 200 [^]*content-length: 0\r\n\r\n$/],
    [replies.json("{}"), /^HTTP\/1\.1 200 [^]*application\/json[^]*\{\}$/],
    [replies.eventStream(chatEvents({ words: ["a"] })), /text\/event-stream[^]*data: \[DONE\]\n\n\r\n0\r\n\r\n$/],
    [replies.reply({ framing: "chunked", body: "abcd", cuts: [1, 3] }), /\r\n\r\n1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n0\r\n\r\n$/],
  ])("are whole and well-formed: case %#", async (behaviour, expected) => {
    const client = await start(behaviour);
    client.send(GET.replace("\r\n\r\n", "\r\nAuthorization: Bearer sk-secret\r\n\r\n"));
    await client.until(expected);
    // The connection is still good: the same again.
    const length = client.text.length;
    client.send(GET);
    await provider.received(2);
    while (client.text.length < 1.5 * length) await once(client.socket, "data");
  });

  it("end by closing when framed so", async () => {
    const client = await answered(replies.reply({ framing: "close", body: "to the end" }));
    expect(client.text).toBe("HTTP/1.1 200 Whatever\r\n\r\nto the end");
  });

  it("wait for the body, inviting it where the client waits for that", async () => {
    const client = await start(replies.json("{}"));
    client.send(post("body", "Expect: 100-continue\r\n").slice(0, -4));
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.send("body");
    await client.until(/\{\}$/);
  });

  it("come before the body when told so, and the connection goes on after it", async () => {
    const client = await start(replies.json("{}", { isEarly: true }));
    const request = post("body");
    client.send(request.slice(0, -3));
    await client.until(/\{\}$/);
    expect(provider.requests[0]?.isComplete).toBe(false);
    client.send(request.slice(-3) + GET);
    await client.until(/\{\}[^]*\{\}$/);
    expect(provider.requests[0]?.isComplete).toBe(true);
  });
});

describe("faults", () => {
  const words = chatEvents({ words: ["a", "b"] });

  it("break a stream off without its last chunk, by FIN or by RST", async () => {
    const client = await answered(replies.brokenStream(words.slice(0, 2)));
    expect(client.body).toMatch(/"content":"a"[^]*\n\n\r\n$/);
    expect(client.failure).toBeUndefined();
    provider.use(replies.brokenStream(words.slice(0, 2), "reset"));
    const other = new Client(provider.port).send(GET);
    await other.closed;
    expect(other.failure).toBe("ECONNRESET");
  });

  it("promise more than they send", async () => {
    const client = await answered(replies.truncated("0123456789", 4));
    expect(client.text).toMatch(/content-length: 10\r\n\r\n0123$/);
  });

  it("send any bytes", async () => {
    const wire = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nnot a size";
    const client = await answered(replies.raw(wire, { cuts: [3, 20], ending: "close" }));
    expect(client.text).toBe(wire);
  });

  it("leave after the head", async () => {
    const client = await answered(replies.headThen("close", { headers: { "content-length": "5" }, framing: "length" }));
    expect(client.text).toBe("HTTP/1.1 200 Whatever\r\ncontent-length: 5\r\n\r\n");
  });

  it.each(["close", "reset"] as const)("leave without a word: %s", async (ending) => {
    const client = (await start(replies.hangUp(ending, "at the head"))).send(post("body").slice(0, -4));
    await (ending === "close" ? client.ended : client.closed);
    expect(client.segments).toEqual([]);
    expect(client.failure).toBe(ending === "reset" ? "ECONNRESET" : undefined);
    expect(provider.requests[0]?.gone).toBeUndefined();
  });

  it("stay silent from the start or after the head", async () => {
    const client = (await start([replies.silence, replies.headOnly()])).send(post("body"));
    await provider.received(1);
    const other = new Client(provider.port).send(GET);
    await other.until(/\r\n\r\n$/);
    expect(client.segments).toEqual([]);
    expect(provider.requests[0]?.isComplete).toBe(true);
    expect(other.body).toBe("");
  });

  it("never read the body, so that a large one stays with the client", async () => {
    const client = await start(replies.deafness);
    client.send(`POST / HTTP/1.1\r\ncontent-length: 67108864\r\n\r\n`);
    await provider.received(1);
    const isTaken = client.socket.write(Buffer.alloc(67_108_864));
    expect(isTaken).toBe(false);
    expect(provider.requests[0]?.bodyLength).toBe(0);
    client.socket.destroy();
  });

  it("flood no faster than the client reads", async () => {
    const client = await start(replies.flood(64 * 1024 * 1024, Buffer.alloc(64 * 1024, 0x78)));
    client.socket.pause();
    client.send(GET);
    await provider.received(1);
    client.socket.resume();
    let received = 0;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (bytes) => {
      received += bytes.length;
      if (received > 64 * 1024 * 1024) client.socket.emit("all");
    });
    await once(client.socket, "all");
    expect(received).toBeGreaterThan(64 * 1024 * 1024);
  });

  it("flood holds still while the client does not read", async () => {
    const client = await start();
    client.socket.pause();
    client.send(GET);
    const exchange = await provider.next();
    await exchange.sendHead();
    let sent = 0;
    const piece = Buffer.alloc(1024 * 1024);
    const blocked = (async () => {
      while (sent < 200 * piece.length) {
        await exchange.sendChunk(piece);
        sent += piece.length;
      }
    })();
    // It stops where the buffers of both sides are full: far from the end.
    for (let turn = 0; turn < 2000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(exchange.socket.writableNeedDrain).toBe(true);
    expect(sent).toBeLessThan(100 * piece.length);
    exchange.destroy();
    await expect(blocked).rejects.toThrow();
  });
});

describe("bytes", () => {
  it("build a chat stream of role, words, finish, usage and terminator, each part left out on demand", () => {
    const full = chatStream({ words: ["Hi", " you"], usage: { input: 3, output: 2, cached: 1 }, finish: "length" }).toString();
    const events = full
      .split("\n\n")
      .slice(0, -1)
      .map((event) => event.replace(/^data: /, ""));
    expect(events).toHaveLength(6);
    expect(events.at(-1)).toBe("[DONE]");
    expect(JSON.parse(events[3] ?? "").choices[0].finish_reason).toBe("length");
    expect(JSON.parse(events[4] ?? "")).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } },
    });
    expect(chatEvents({ words: ["Hi"], finish: null, done: false })).toHaveLength(2);
    expect(JSON.parse(chatCompletion({ text: "x", usage: { input: 1, output: 1 } }).toString()).usage.total_tokens).toBe(2);
  });

  it("build a responses stream numbered from 0, with or without its end", () => {
    const events = responsesEvents({ words: ["a", "b"], usage: { input: 1, output: 2 } }).map((event) =>
      JSON.parse(/data: (.*)/.exec(event.toString())?.[1] ?? ""),
    );
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    expect(events.at(-1)).toMatchObject({ type: "response.completed", response: { usage: { total_tokens: 3 } } });
    expect(
      responsesEvents({ words: ["a"], terminal: null })
        .at(-1)
        ?.toString(),
    ).toContain("response.output_item.done");
  });

  it("are cut where told, losing none", () => {
    expect(cutBytes("abcdef", [4, 1]).map(String)).toEqual(["a", "bcd", "ef"]);
    expect(cutBytes("ab", "every byte").map(String)).toEqual(["a", "b"]);
    expect(cutBytes("ab", undefined).map(String)).toEqual(["ab"]);
  });
});
