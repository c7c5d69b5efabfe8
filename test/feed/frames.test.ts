// Frames at every cut point, and frames that are no frames.
import { describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { encodeFrame, FrameDamaged, FrameReader } from "../../dataplane/snapshot/frames.ts";

const long = JSON.stringify({ words: "Grüße 你好 🚀 ".repeat(500) });
const texts = ["{}", '{"a":"é"}', long, "{}"];
const wire = Buffer.concat(texts.map(encodeFrame));

const framed = (form: number, content: Buffer, length = content.length + 1): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 0);
  head.writeUInt8(form, 4);
  return Buffer.concat([head, content]);
};

describe("frames", () => {
  test("give back what went in, whatever the size of the chunks", () => {
    for (const size of [1, 2, 3, 4, 5, 7, 64, wire.length]) {
      const reader = new FrameReader();
      const seen: string[] = [];
      for (let from = 0; from < wire.length; from += size) seen.push(...reader.push(wire.subarray(from, from + size)));
      expect(seen).toEqual(texts);
      expect(reader.isMidFrame).toBe(false);
    }
  });

  test("give back what went in, at every cut point", () => {
    const short = Buffer.concat([encodeFrame('{"a":1}'), encodeFrame('{"b":2}')]);
    for (let cut = 0; cut <= short.length; cut += 1) {
      const reader = new FrameReader();
      expect([...reader.push(short.subarray(0, cut)), ...reader.push(short.subarray(cut))]).toEqual(['{"a":1}', '{"b":2}']);
    }
  });

  test("pack what is longer than a kilobyte", () => {
    expect(encodeFrame(long).length).toBeLessThan(long.length / 5);
    expect(encodeFrame("x".repeat(1024)).length).toBe(1024 + 5);
  });

  test("know when the bytes end inside a frame", () => {
    for (let cut = 1; cut < encodeFrame("{}").length; cut += 1) {
      const reader = new FrameReader();
      reader.push(encodeFrame("{}").subarray(0, cut));
      expect(reader.isMidFrame).toBe(true);
    }
  });

  test("refuse a frame that says it is longer than the bound, before its bytes arrive", () => {
    const reader = new FrameReader(1000);
    expect(() => reader.push(framed(0, Buffer.alloc(0), 1001).subarray(0, 4))).toThrow(FrameDamaged);
  });

  test("refuse a small frame that unpacks to more than the bound", () => {
    const bomb = framed(1, gzipSync(Buffer.alloc(100_000, 0x20)));
    expect(bomb.length).toBeLessThan(1000);
    expect(() => new FrameReader(10_000).push(bomb)).toThrow(FrameDamaged);
  });

  test.each([
    ["an empty frame", framed(0, Buffer.alloc(0))],
    ["a length of nothing", Buffer.alloc(4)],
    ["an unknown form", framed(2, Buffer.from("{}"))],
    ["gzip that is none", framed(1, Buffer.from("hello"))],
    ["broken UTF-8", framed(0, Buffer.from([0x7b, 0xff, 0x7d]))],
    ["something that speaks HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ])("refuse %s", (_, bytes) => {
    expect(() => new FrameReader().push(bytes)).toThrow(FrameDamaged);
  });
});
