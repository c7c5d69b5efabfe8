// What is remembered of the end of a stream.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Tail, TAIL_BYTES_MAX } from "../../dataplane/wire/tail.ts";

const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255));

test("the end of a stream is remembered, the same wherever it was cut", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(300), fc.nat(40_000)), { maxLength: 30 }), fc.nat(10_000), (lengths, distance) => {
      const bytes = pattern(lengths.reduce((sum, length) => sum + length, 0));
      const tail = new Tail();
      let at = 0;
      for (const length of lengths) {
        const chunk = bytes.subarray(at, at + length);
        at += length;
        tail.append(chunk, chunk.length, at - distance);
      }
      const start = tail.startOf(at - distance);
      expect(start).toBe(Math.max(0, at - TAIL_BYTES_MAX, Math.min(at - distance, at - 4096)));
      expect(tail.from(start).equals(bytes.subarray(start))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("only the beginning of a chunk is remembered when only that belongs to the stream", () => {
  const tail = new Tail();
  tail.append(Buffer.from("abcdef"), 3, 0);
  tail.append(Buffer.from("xyz"), 1, 0);
  expect(tail.from(0).toString()).toBe("abcx");
});

test("a chunk may be filled again once it was appended", () => {
  const tail = new Tail();
  const chunk = Buffer.from("abc");
  tail.append(chunk, 3, 0);
  chunk.fill(0);
  expect(tail.from(0).toString()).toBe("abc");
});
