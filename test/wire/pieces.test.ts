// A text in pieces must read as the same text in one, and only memory that nobody shares may be freed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joined, lengthOf, letGo, spanOf, withReplaced } from "../../dataplane/wire/pieces.ts";

const piecesOf = fc.array(fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)), { maxLength: 8 });

describe("a text in pieces", () => {
  it("has the bytes of the text, in any part of it, and with any part replaced", () => {
    fc.assert(fc.property(piecesOf, fc.nat({ max: 80 }), fc.nat({ max: 80 }), (pieces, one, other) => {
      const whole = Buffer.concat(pieces);
      const [start = 0, end = 0] = [one, other].map((place) => place % (whole.length + 1)).toSorted((left, right) => left - right);
      expect(lengthOf(pieces)).toBe(whole.length);
      expect(joined(pieces).equals(whole)).toBe(true);
      expect(spanOf(pieces, start, end).equals(whole.subarray(start, end))).toBe(true);
      const replaced = joined(withReplaced(pieces, start, end, Buffer.from("new")));
      expect(replaced.equals(Buffer.concat([whole.subarray(0, start), Buffer.from("new"), whole.subarray(end)]))).toBe(true);
      expect(Buffer.concat(pieces).equals(whole)).toBe(true);
    }));
  });

  it("is not copied where a part of it lies in one piece", () => {
    const pieces = [Buffer.from("one"), Buffer.from("two")];
    expect(spanOf(pieces, 4, 6).buffer).toBe(pieces[1]!.buffer);
    expect(joined([pieces[0]!])).toBe(pieces[0]);
  });
});

describe("what is let go", () => {
  it("is freed at once, where it is large and lies alone", () => {
    const piece = Buffer.allocUnsafeSlow(65_536);
    letGo([piece]);
    expect(piece.buffer.byteLength).toBe(0);
  });

  it.each([
    ["is only a part of its memory", Buffer.allocUnsafeSlow(65_536).subarray(1)],
    ["ends before its memory does", Buffer.allocUnsafeSlow(65_536).subarray(0, 65_535)],
    ["comes from the pool of all buffers", Buffer.allocUnsafe(20_000)],
    ["is small", Buffer.allocUnsafeSlow(1000)],
    ["is shared between threads", Buffer.from(new SharedArrayBuffer(65_536))],
  ])("stays where it %s", (_, piece) => {
    const { length } = piece;
    letGo([piece]);
    expect(piece.length).toBe(length);
  });
});
