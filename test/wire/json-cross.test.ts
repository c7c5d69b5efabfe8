// With vectors and without, in one piece and in any pieces: the scanner must find the same, in any bytes at all.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeldBytes } from "../../dataplane/wire/held-bytes.ts";
import { Crossing, stringEnd, valueEnd } from "../../dataplane/wire/json-cross.ts";
import { findTopLevel, type TopLevel, TopLevelReader } from "../../dataplane/wire/json-top-level.ts";
import { openWindow } from "../../dataplane/wire/json-vector.ts";
import { expectedOf, type Expected } from "./json-oracle.ts";

const seen = ({ problem, modelStart, modelEnd, isStreaming }: TopLevel): Expected => ({ problem, model: [modelStart, modelEnd], isStreaming });

const withoutVectors = (): Crossing => new Crossing(null);

const inOne = (bytes: Buffer, crossing = new Crossing()): Expected => seen(new TopLevelReader(new HeldBytes(), crossing).finish(bytes));

/** Each piece lies by itself in memory, among bytes that are none of it, and is gone when the next one comes. */
const inPieces = (bytes: Buffer, cuts: readonly number[], crossing = new Crossing()): Expected => {
  const held = new HeldBytes();
  const reader = new TopLevelReader(held, crossing);
  let start = 0;
  for (const cut of [...cuts.map((share) => Math.floor(share * bytes.length)).toSorted((left, right) => left - right), bytes.length]) {
    const around = Buffer.from(`xxx"${" ".repeat(cut - start)}"}]xx`);
    const piece = around.subarray(4, 4 + bytes.copy(around, 4, start, cut));
    held.append(Buffer.from(piece));
    reader.feed(piece);
    around.fill('"');
    start = cut;
  }
  return seen(reader.finish(Buffer.alloc(0)));
};

const tokens = ['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "a", "\\\\", '\\"', '"model":', '"stream":', '"b"', "true", "{}", "[[", "]]", '":"', '","', "é", "x".repeat(30), "y".repeat(64), "z".repeat(500), "\\".repeat(63), '"\\"'.repeat(9)];
const anyText = fc.array(fc.constantFrom(...tokens), { maxLength: 120 }).map((parts) => parts.join(""));
const wrapped = fc.tuple(fc.constantFrom("", '{"a":', '{"a":[', '{"a":{"b":"', '{"model":"m","a":[[[', '{"a":"', '{"'), anyText, fc.constantFrom("", "}", "]}", '"]}', ']],"model":"n"}')).map((parts) => parts.join(""));
const noise = fc.oneof(wrapped.map((text) => Buffer.from(text)), fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.concat([Buffer.from('{"a":['), bytes])));
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const document = fc.dictionary(fc.oneof(fc.constantFrom("model", "stream"), fc.string({ maxLength: 40 })), fc.oneof(fc.jsonValue({ maxDepth: 6 }), fc.string({ maxLength: 3000, size: "max" })), { maxKeys: 12 });

const exports = { run: () => 0, memory: { buffer: new ArrayBuffer(0) } };
class Unloaded {
  readonly exports = exports;
}
class Unloadable {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    throw new Error("no vectors");
  }
}

describe("crossing values", () => {
  it("is done with vectors on this engine, so that these tests see them", () => {
    expect(openWindow((globalThis as { WebAssembly?: Parameters<typeof openWindow>[0] }).WebAssembly)).not.toBeNull();
  });

  it.each([
    ["there is no WebAssembly", undefined],
    ["the engine refuses the module", { Module: Unloadable, Instance: Unloaded }],
  ])("does without them where %s", (_, engine) => {
    expect(openWindow(engine)).toBeNull();
  });

  it("finds in any bytes what the plainest scanner finds, with the same words about the same place", () => {
    fc.assert(fc.property(noise, (bytes) => {
      const expected = expectedOf(bytes);
      expect(inOne(bytes)).toEqual(expected);
      expect(inOne(bytes, withoutVectors())).toEqual(expected);
    }), { numRuns: 2000 });
  });

  it("finds the same however the bytes are cut, and never looks at what has not come", () => {
    fc.assert(fc.property(noise, shares, (bytes, cuts) => {
      const expected = expectedOf(bytes);
      expect(inPieces(bytes, cuts)).toEqual(expected);
      expect(inPieces(bytes, cuts, withoutVectors())).toEqual(expected);
    }), { numRuns: 1000 });
  });

  it("finds the same wherever a text is cut in two", () => {
    const text = `{"a":"${"x".repeat(40)}\\"${"y".repeat(70)}\\\\\\"","b":[{"c":"${"z".repeat(40)}\\\\"}, -12.5e3],"name${"\\\\".repeat(30)}": true ,"model":"${"m".repeat(30)}"} `;
    const bytes = Buffer.from(text);
    const expected = expectedOf(bytes);
    expect(expected).toMatchObject({ problem: "", model: [text.indexOf('"mmm'), text.lastIndexOf("}")] });
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(inPieces(bytes, [cut / bytes.length]), `cut at ${cut}`).toEqual(expected);
      expect(inPieces(bytes, [cut / bytes.length], withoutVectors()), `cut at ${cut}`).toEqual(expected);
    }
  });

  it("finds the same in documents, and in documents that are cut off or have a byte changed", () => {
    fc.assert(fc.property(document, fc.constantFrom(undefined, 2), fc.nat(), fc.constantFrom("", "cut", '"', "\\", "]", "{"), shares, (value, space, place, damage, cuts) => {
      const whole = Buffer.from(JSON.stringify(value, null, space));
      const at = place % whole.length;
      if (damage.length === 1) whole.write(damage, at);
      const bytes = damage === "cut" ? whole.subarray(0, at) : whole;
      const expected = expectedOf(bytes);
      expect(inOne(bytes)).toEqual(expected);
      expect(inPieces(bytes, cuts)).toEqual(expected);
      expect(inOne(bytes, withoutVectors())).toEqual(expected);
    }), { numRuns: 150 });
  });

  it("finds the end at every distance from the beginning of a block and of a window", () => {
    const endings = ['"]', '\\"]"]', '\\\\"]', '\\\\\\"]"]', '"]]'];
    for (const length of [...Array.from({ length: 140 }, (_, index) => index), ...[2048, 16_384, 18_432, 34_816].flatMap((edge) => Array.from({ length: 12 }, (_, index) => edge - 8 + index))]) {
      for (const ending of endings) {
        const bytes = Buffer.from(`["${"x".repeat(length)}${ending}${" ".repeat(100)}`);
        const end = ending === '"]]' ? bytes.indexOf("]]") + 1 : bytes.lastIndexOf('"]') + 2;
        expect(valueEnd(bytes, 0, bytes.length, new Crossing()), `${length} ${ending}`).toBe(end);
      }
    }
  });

  it.each([1, 2, 3, 63, 64, 65, 100, 2047, 2048, 20_000])("counts %d backslashes before a quote", (count) => {
    for (const before of ["", "x".repeat(50), "x".repeat(100)]) {
      const text = `${before}${"\\".repeat(count)}"${"y".repeat(200)}"${" ".repeat(80)}`;
      const first = before.length + count + 1;
      const expected = count % 2 === 0 ? first : first + 201;
      expect(stringEnd(Buffer.from(text), 0, text.length, new Crossing())).toBe(expected);
      expect(stringEnd(Buffer.from(text), 0, text.length, withoutVectors())).toBe(expected);
      // Unescaped, the first quote closes the string and the second opens another, with the bracket in it.
      expect(valueEnd(Buffer.from(`["${text}]`), 0, text.length + 3, new Crossing())).toBe(count % 2 === 0 ? -1 : text.length + 3);
    }
  });

  it.each([["brackets", "["], ["braces", "{"]])("goes 512 %s deep and no deeper, also when they come one by one", (_, bracket) => {
    for (const depth of [511, 512, 513, 5000]) {
      const bytes = Buffer.from(`{"a":${bracket.repeat(depth)}${" ".repeat(200)}${"]".repeat(depth)},"model":"m"}`);
      const expected = expectedOf(bytes);
      expect(expected.problem === "").toBe(depth <= 512);
      expect(inOne(bytes)).toEqual(expected);
      expect(inPieces(bytes, Array.from({ length: bytes.length }, (__, index) => index / bytes.length))).toEqual(expected);
    }
  });

  it("keeps two texts apart that are read by turns", () => {
    const bodies = ["a", "b"].map((name) => Buffer.from(JSON.stringify({ messages: Array.from({ length: 900 }, (_, index) => ({ [name]: `${name}"${index}` })), model: name })));
    const texts = bodies.map(() => new HeldBytes());
    const readers = texts.map((held) => new TopLevelReader(held));
    for (let start = 0; start < bodies[0]!.length; start += 500) {
      for (const [index, reader] of readers.entries()) {
        const piece = bodies[index]!.subarray(start, start + 500);
        texts[index]!.append(piece);
        reader.feed(piece);
      }
    }
    for (const [index, reader] of readers.entries()) expect(seen(reader.finish(Buffer.alloc(0)))).toEqual(expectedOf(bodies[index]!));
  });

  it("finds the members of a text that was changed since another was read from the same memory", () => {
    const bytes = Buffer.from(`{"list":[${"1,".repeat(200)}1],"model":"one"}`);
    expect(findTopLevel(bytes).modelStart).toBe(bytes.indexOf('"one"'));
    bytes.write('{"list":["]', 0);
    expect(findTopLevel(bytes).problem).toBe(expectedOf(bytes).problem);
  });
});
