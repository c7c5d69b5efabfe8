// Replies of HTTP/1 servers: however their bytes are cut they are read the same, and what is ambiguous is no reply.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NotHttp, ReplyReader, type ReplyHeaders } from "../../dataplane/wire/http-reply.ts";

interface Read {
  status: number;
  headers: ReplyHeaders;
  body: string;
  pieces: number;
  isWhole: boolean;
  isReusable: boolean;
  keepAliveSeconds: number;
}

/** Reads the pieces from one buffer that is used again, as a connection does. */
const read = (pieces: readonly (string | Buffer)[], { isBodiless = false, ends = false } = {}): Read => {
  const seen: Read = { status: 0, headers: {}, body: "", pieces: 0, isWhole: false, isReusable: false, keepAliveSeconds: -1 };
  const reader = new ReplyReader({
    onHead: (status, headers) => Object.assign(seen, { status, headers: { ...headers } }),
    onBody: (bytes) => {
      seen.body += bytes.toString("latin1");
      seen.pieces++;
    },
    onWhole: () => void (seen.isWhole = true),
  });
  reader.begin(isBodiless);
  const shared = Buffer.alloc(65_536, "x");
  for (const piece of pieces) reader.read(shared, Buffer.from(piece as string, "latin1").copy(shared));
  if (ends) reader.end();
  return Object.assign(seen, { isReusable: reader.isReusable, keepAliveSeconds: reader.keepAliveSeconds });
};

const OK = "HTTP/1.1 200 OK\r\n";
const COUNTED = `${OK}Content-Type: application/json\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 11\r\n\r\nhello world`;
const CHUNKED = `${OK}transfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n1;name="va;lue"\r\n \r\n00A\r\nworld, and\r\n6 \r\n so on\r\n0\r\nchecksum: 1\r\nother: 2\r\n\r\n`;

describe("a reply", () => {
  it("of known length has its head, its body and an end", () => {
    expect(read([COUNTED])).toEqual({
      status: 200, headers: { "content-type": "application/json", "x-two": ["a", "b"], "content-length": "11" },
      body: "hello world", pieces: 1, isWhole: true, isReusable: true, keepAliveSeconds: -1,
    });
  });

  it("in chunks is handed over in one piece per read", () => {
    expect(read([CHUNKED])).toMatchObject({ body: "hello world, and so on", pieces: 1, isWhole: true, isReusable: true });
  });

  it.each([["counted", COUNTED], ["chunked", CHUNKED], ["with 1xx before it", `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${COUNTED}`]])("%s is read the same wherever it is cut", (_, text) => {
    const { pieces: ignored, ...whole } = read([text]);
    for (let cut = 1; cut < text.length; cut++) expect(read([text.slice(0, cut), text.slice(cut)])).toMatchObject(whole);
    expect(read(text.split(""))).toMatchObject(whole);
    expect(ignored).toBeGreaterThan(0);
  });

  it("of any chunks, cut anywhere, is what was sent", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 12 }), fc.array(fc.nat(4000), { maxLength: 20 }), (chunks, cuts) => {
        const framed = chunks.map((chunk) => Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]));
        const text = Buffer.concat([Buffer.from(`${OK}transfer-encoding: chunked\r\n\r\n`), ...framed, Buffer.from("0\r\n\r\n")]);
        const at = [...new Set(cuts.map((cut) => cut % text.length))].toSorted((one, other) => one - other);
        const pieces = [0, ...at].map((from, index) => text.subarray(from, at[index] ?? text.length));
        expect(read(pieces)).toMatchObject({ body: Buffer.concat(chunks).toString("latin1"), isWhole: true, isReusable: true });
      }),
    );
  });

  it("of unknown length ends with the connection, which carries no other", () => {
    expect(read([`${OK}\r\nall `, "of it"])).toMatchObject({ body: "all of it", isWhole: false, isReusable: false });
    expect(read([`${OK}\r\nall `, "of it"], { ends: true })).toMatchObject({ body: "all of it", isWhole: true, isReusable: false });
  });

  it.each([
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", false],
    ["304", "HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n", false],
    ["a length of nothing", `${OK}content-length: 0\r\n\r\n`, false],
    ["an answer to HEAD", `${OK}content-length: 10\r\n\r\n`, true],
    ["a status without a reason", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", false],
  ])("without a body is whole at once: %s", (_, text, isBodiless) => {
    expect(read([text], { isBodiless })).toMatchObject({ body: "", isWhole: true, isReusable: true });
  });

  it.each([
    ["that says close", `${OK}connection: close\r\ncontent-length: 0\r\n\r\n`, false],
    ["that says close among others", `${OK}connection: foo, Close\r\ncontent-length: 0\r\n\r\n`, false],
    ["that says it twice", `${OK}connection: foo\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, false],
    ["that says keep-alive", `${OK}connection: Keep-Alive\r\ncontent-length: 0\r\n\r\n`, true],
    ["of HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false],
    ["of HTTP/1.0 that says keep-alive", "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n", true],
    ["with bytes behind it that nobody asked for", `${COUNTED}HTTP/1.1 200 OK\r\n\r\n`, false],
    ["with bytes behind its last chunk", `${CHUNKED}x`, false],
  ])("%s leaves a connection that can be used again: %#", (_, text, isReusable) => {
    expect(read([text])).toMatchObject({ isWhole: true, isReusable });
  });

  it("tells how long the server keeps the connection", () => {
    expect(read([`${OK}Keep-Alive: timeout=5, max=100\r\ncontent-length: 0\r\n\r\n`]).keepAliveSeconds).toBe(5);
    expect(read([`${OK}Keep-Alive: max=100\r\ncontent-length: 0\r\n\r\n`]).keepAliveSeconds).toBe(-1);
  });

  it("may have headers named like what objects have by themselves", () => {
    const { headers } = read([`${OK}__proto__: a\r\nconstructor: b\r\ntoString: c\r\ncontent-length: 0\r\n\r\n`]);
    expect(Object.entries(headers)).toEqual([["__proto__", "a"], ["constructor", "b"], ["tostring", "c"], ["content-length", "0"]]);
  });
});

describe("no reply", () => {
  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9\r\n"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status below all", "HTTP/1.1 020 OK\r\n\r\n"],
    ["a change of protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"],
    ["a line end of one character", `${OK}a: b\nc: d\r\n\r\n`],
    ["a carriage return alone", `${OK}a: b\rc: d\r\n\r\n`],
    ["a zero byte", `${OK}a: b\0\r\n\r\n`],
    ["a folded line", `${OK}a: b\r\n c: d\r\n\r\n`],
    ["a line without a colon", `${OK}nothing\r\n\r\n`],
    ["a space before the colon", `${OK}content-length : 5\r\n\r\nhello`],
    ["an empty name", `${OK}: 5\r\n\r\n`],
    ["two lengths", `${OK}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`],
    ["a length that is none", `${OK}content-length: +5\r\n\r\nhello`],
    ["a length in hexadecimal", `${OK}content-length: 0x5\r\n\r\nhello`],
    ["a length and chunks", `${OK}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["another coding", `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["two codings", `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["chunks of HTTP/1.0", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a chunk without a length", `${OK}transfer-encoding: chunked\r\n\r\n\r\nhello`],
    ["a chunk's length that is none", `${OK}transfer-encoding: chunked\r\n\r\n5g\r\nhello\r\n`],
    ["a chunk's length beyond all numbers", `${OK}transfer-encoding: chunked\r\n\r\n${"f".repeat(14)}\r\n`],
    ["a chunk longer than it said", `${OK}transfer-encoding: chunked\r\n\r\n4\r\nhello\r\n`],
    ["a chunk's line that ends in a line feed alone", `${OK}transfer-encoding: chunked\r\n\r\n5\nhello\r\n`],
    ["a line feed among what follows a chunk's length", `${OK}transfer-encoding: chunked\r\n\r\n5;a\nhello\r\n`],
    ["a head without an end", `${OK}${`a: ${"b".repeat(1000)}\r\n`.repeat(70)}`],
    ["a trailer without an end", `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${`a: ${"b".repeat(1000)}\r\n`.repeat(70)}`],
  ])("is %s", (_, text) => {
    const pieces = Array.from({ length: Math.ceil(text.length / 60_000) }, (_piece, index) => text.slice(index * 60_000, (index + 1) * 60_000));
    expect(() => read(pieces)).toThrow(NotHttp);
  });

  it.each([["in its head", 20], ["in its body", COUNTED.length - 1]])("is one that ends %s", (_, length) => {
    expect(() => read([COUNTED.slice(0, length)], { ends: true })).toThrow(NotHttp);
  });

  it("is one in chunks that ends without the last", () => {
    for (let cut = CHUNKED.indexOf("\r\n\r\n") + 4; cut < CHUNKED.length; cut++) expect(() => read([CHUNKED.slice(0, cut)], { ends: true })).toThrow(NotHttp);
  });

  it("makes the reader throw anything else, hang or hold more than a head, whatever the bytes are", () => {
    const noise = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.constantFrom(OK, "\r\n\r\n", "\r\n", "transfer-encoding: chunked\r\n", "content-length: 3\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "a: b\r\n"));
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 12 }), (pieces) => {
        try {
          read(pieces, { ends: true });
        } catch (error) {
          expect(error).toBeInstanceOf(NotHttp);
        }
      }),
      { numRuns: 500 },
    );
  });
});
