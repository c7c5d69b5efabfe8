// Frames of Amazon's event stream: written and read again however they are cut, and refused as soon as they are wrong.
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Headers, type HeaderValue, readHeaders, wordIn, words, writeHeaders } from "../../dataplane/wire/aws-event-headers.ts";
import { encodeFrame, FrameScanner } from "../../dataplane/wire/aws-event-stream.ts";

const LIMIT = 1_048_576;
const seed = Number(process.env["SEED"] ?? 20_261_121);
const NOTHING = Buffer.alloc(0);

interface Seen {
  readonly headers: string;
  readonly payload: string | null;
  readonly bytes: number;
}

const shown = (headers: Headers): string =>
  JSON.stringify([...headers].map(([name, { type, value }]) => [name, type, Buffer.isBuffer(value) ? value.toString("hex") : String(value)]));

/** Everything that can be seen of a scanner, with buffers that are overwritten behind it. */
const scan = (pieces: Iterable<Buffer>, limit = LIMIT, wants: (headers: Headers) => boolean = () => true) => {
  const seen: Seen[] = [];
  const scanner = new FrameScanner(limit, { wants, see: (headers, payload, bytes) => void seen.push({ headers: shown(headers), payload: payload?.toString("hex") ?? null, bytes }) });
  let read = 0;
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    read += scanner.push(lent);
    lent.fill(0x58);
  }
  const { isOversize, problem, isBetweenFrames } = scanner;
  return { seen, read, isOversize, problem, isBetweenFrames };
};

const piecesOf = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((left, right) => left - right), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};

const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));

const value: fc.Arbitrary<HeaderValue> = fc.oneof(
  fc.boolean().map((one): HeaderValue => ({ type: "boolean", value: one })),
  fc.integer({ min: -128, max: 127 }).map((one): HeaderValue => ({ type: "byte", value: one })),
  fc.integer({ min: -32_768, max: 32_767 }).map((one): HeaderValue => ({ type: "short", value: one })),
  fc.integer().map((one): HeaderValue => ({ type: "integer", value: one })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((one): HeaderValue => ({ type: "long", value: one })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((one): HeaderValue => ({ type: "timestamp", value: one })),
  fc.uint8Array({ maxLength: 40 }).map((one): HeaderValue => ({ type: "binary", value: Buffer.from(one) })),
  fc.string({ unit: "grapheme", maxLength: 40 }).map((one): HeaderValue => ({ type: "string", value: one })),
  fc.uuid().map((one): HeaderValue => ({ type: "uuid", value: one })),
);
const headers: fc.Arbitrary<Headers> = fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), value), { maxLength: 6 }).map((pairs) => new Map(pairs));
const frame = fc.record({ headers, payload: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)) });
const cuts = fc.array(fc.nat(), { maxLength: 12 });

const event = (payload: string | Buffer = '{"a":1}', type = "delta"): Buffer => encodeFrame(words({ ":message-type": "event", ":event-type": type }), Buffer.from(payload));

/** With its first checksum right again, so that what it says is believed. */
const lying = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = event();
  change(bytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
};

describe("frames", () => {
  test("come out as they went in, wherever the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, places) => {
        const bytes = Buffer.concat(frames.map((one) => encodeFrame(one.headers, one.payload)));
        const expected = frames.map((one) => ({ headers: shown(one.headers), payload: one.payload.toString("hex"), bytes: one.payload.length }));
        for (const pieces of [[bytes], piecesOf(bytes, places), bytewise(bytes)]) {
          expect(scan(pieces)).toEqual({ seen: expected, read: bytes.length, isOversize: false, problem: "", isBetweenFrames: true });
        }
      }),
      { seed, numRuns: 200 },
    );
  });

  test("are the bytes that Amazon's own description has", () => {
    // The smallest: no headers, no payload.
    expect(encodeFrame(new Map(), NOTHING).toString("hex")).toBe("000000100000000005c248eb7d98c8ff");
    expect(encodeFrame(words({ "content-type": "application/json" }), Buffer.from("{'foo':'bar'}")).toString("hex")).toBe(
      "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1",
    );
  });

  test("whose payload nobody wants pass without it", () => {
    const bytes = Buffer.concat([event("long ".repeat(100)), event("last", "stop")]);
    const wants = (one: Headers): boolean => wordIn(one, ":event-type") === "stop";
    for (const pieces of [[bytes], bytewise(bytes)]) {
      expect(scan(pieces, LIMIT, wants).seen.map(({ payload, bytes: length }) => [payload, length])).toEqual([[null, 500], [Buffer.from("last").toString("hex"), 4]]);
    }
  });

  test("that are broken anywhere are a problem at the byte that tells it, wherever the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), fc.nat(), fc.integer({ min: 1, max: 255 }), cuts, (frames, at, change, places) => {
        const bytes = Buffer.concat(frames.map((one) => encodeFrame(one.headers, one.payload)));
        const place = at % bytes.length;
        bytes[place] = (bytes[place] as number) ^ change;
        const whole = scan([bytes]);
        expect(whole.problem).not.toBe("");
        expect(whole.isBetweenFrames).toBe(false);
        expect(whole.seen.length).toBeLessThan(frames.length);
        expect(scan(piecesOf(bytes, places))).toEqual(whole);
        expect(scan(bytewise(bytes))).toEqual(whole);
      }),
      { seed, numRuns: 300 },
    );
  });

  test("read nothing behind a broken one", () => {
    const broken = event();
    broken[broken.length - 1] = (broken[broken.length - 1] as number) ^ 1;
    const whole = scan([Buffer.concat([event(), broken, event()])]);
    expect(whole).toMatchObject({ read: event().length * 2, problem: "the checksum of a frame is wrong" });
    expect(whole.seen).toHaveLength(1);
  });

  test("that no frames are at all are a problem after twelve bytes", () => {
    for (const text of ["HTTP/1.1 502 Bad Gateway\r\n\r\n", "data: {\"choices\":[]}\n\n", "<html><body>no</body></html>"]) {
      expect(scan(bytewise(Buffer.from(text)))).toMatchObject({ read: 12, problem: "the checksum of a frame's beginning is wrong", isBetweenFrames: false });
    }
  });
});

describe("lengths", () => {
  test.each([
    ["all of a frame longer than the limit", (bytes: Buffer) => bytes.writeUInt32BE(LIMIT + 1, 0), true],
    ["four gigabytes", (bytes: Buffer) => bytes.writeUInt32BE(0xffff_ffff, 0), true],
    ["headers longer than Amazon's limit", (bytes: Buffer) => bytes.fill(Buffer.from([0, 0x0f, 0, 0, 0, 2, 0, 1]), 0, 8), true],
    ["headers longer than the frame", (bytes: Buffer) => bytes.writeUInt32BE(bytes.length, 4), false],
    ["a frame shorter than any", (bytes: Buffer) => bytes.writeUInt32BE(15, 0), false],
  ])("are looked at before anything waits for them: %s", (_, change, isOversize) => {
    const bytes = lying(change);
    for (const pieces of [[bytes], bytewise(bytes), [Buffer.concat([event(), bytes])]]) {
      const outcome = scan(pieces);
      expect({ isOversize: outcome.isOversize, hasProblem: outcome.problem !== "", isBetweenFrames: outcome.isBetweenFrames }).toEqual({ isOversize, hasProblem: !isOversize, isBetweenFrames: false });
      expect(outcome.read % event().length).toBe(12);
    }
  });

  test("that are announced cost nothing until the bytes come", () => {
    const announced = lying((bytes) => bytes.writeUInt32BE(24_000_000, 0));
    const before = process.memoryUsage().arrayBuffers;
    const scanners = Array.from({ length: 200 }, () => new FrameScanner(32_000_000, { wants: () => true, see: () => undefined }));
    for (const scanner of scanners) scanner.push(announced);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    expect(scanners.every(({ isOversize }) => !isOversize)).toBe(true);
  });

  test("up to the limit are taken, also in many pieces", () => {
    const bytes = event("x".repeat(300_000));
    expect(scan([bytes], bytes.length).seen).toHaveLength(1);
    expect(scan(bytewise(bytes), bytes.length).seen).toHaveLength(1);
    expect(scan([bytes], bytes.length - 1).isOversize).toBe(true);
  });
});

describe("headers", () => {
  test("that cannot be read are a problem although the checksums are right", () => {
    const good = writeHeaders(words({ ":event-type": "delta" }));
    for (const bad of [Buffer.from([0, 7, 0, 0]), Buffer.from([1, 97, 10]), good.subarray(0, -1), Buffer.from([200, 97]), Buffer.from([1, 97]), Buffer.from([1, 97, 7, 255, 255, 1])]) {
      expect(readHeaders(bad)).toBeNull();
    }
    expect(readHeaders(good)).not.toBeNull();
  });

  test("of any bytes are refused, or mean what they are written as", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const read = readHeaders(Buffer.from(bytes));
        if (read !== null) expect(shown(readHeaders(writeHeaders(read)) ?? new Map())).toBe(shown(read));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test("that are no words are none", () => {
    expect(wordIn(new Map<string, HeaderValue>([["a", { type: "integer", value: 1 }]]), "a")).toBe("");
    expect(wordIn(new Map(), "a")).toBe("");
  });
});

test("any bytes in any pieces are read or refused, and always the same", () => {
  const garbage = fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), fc.array(frame, { maxLength: 3 }).map((frames) => Buffer.concat([...frames.map((one) => encodeFrame(one.headers, one.payload)), Buffer.from("rest")])));
  fc.assert(
    fc.property(garbage, cuts, fc.constantFrom(40, LIMIT), (bytes, places, limit) => {
      const whole = scan([bytes], limit);
      expect(scan(piecesOf(bytes, places), limit)).toEqual(whole);
      expect(whole.read).toBeLessThanOrEqual(bytes.length);
    }),
    { seed, numRuns: 500 },
  );
});
