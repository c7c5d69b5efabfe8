// Lines of JSON as they come off a wire: whole, wherever the bytes were cut, and never more than may be held.
import fc from "fast-check";
import { expect, test } from "vitest";
import { LineReader } from "../../dataplane/wire/ndjson.ts";

interface Read {
  readonly lines: string[];
  readonly isCut: boolean;
  readonly isOversize: boolean;
}

const read = (pieces: readonly Buffer[], lineBytesMax = 1_000_000): Read => {
  const reader = new LineReader(lineBytesMax);
  const lines = pieces.flatMap((piece) => {
    const lent = Buffer.from(piece);
    const found = reader.push(lent);
    lent.fill(0x58);
    return found;
  });
  lines.push(...reader.end());
  return { lines, isCut: reader.isCut, isOversize: reader.isOversize };
};

const whole = (text: string, lineBytesMax?: number): Read => read([Buffer.from(text)], lineBytesMax);

test("gives each line once it is whole, and no blank ones", () => {
  expect(whole('{"a":1}\n\n{"b":"ü🌅"}\r\n   \n')).toEqual({ lines: ['{"a":1}', '{"b":"ü🌅"}\r'], isCut: false, isOversize: false });
});

test("gives a last line without its end when it is whole JSON, and tells when it is not", () => {
  expect(whole('{"a":1}\n{"b":2}')).toMatchObject({ lines: ['{"a":1}', '{"b":2}'], isCut: false });
  expect(whole('{"a":1}\n{"b":')).toMatchObject({ lines: ['{"a":1}'], isCut: true });
});

test("takes a byte order mark for one at the beginning only", () => {
  expect(whole('\uFEFF{"a":1}\n\uFEFF{"b":2}\n').lines).toEqual(['{"a":1}', '\uFEFF{"b":2}']);
});

test("holds no line that is longer than the limit, whether its end has come or not", () => {
  const long = `{"a":"${"x".repeat(50)}"}`;
  for (const text of [`{}\n${long}\n{}\n`, `{}\n${long}`]) {
    expect(whole(text, 20)).toEqual({ lines: ["{}"], isCut: false, isOversize: true });
    expect(read([...text].map((character) => Buffer.from(character)), 20)).toMatchObject({ lines: ["{}"], isOversize: true });
  }
  expect(whole(`${long}\n`, long.length)).toMatchObject({ lines: [long], isOversize: false });
});

test("reads the same however the bytes are cut", () => {
  const texts = fc.array(fc.constantFrom('{"a":"ü"}', '{"🌅":1}', "\n", "\r\n", "{", "\uFEFF", " ", '"'), { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 10 }), fc.constantFrom(8, 1_000_000), (text, cuts, lineBytesMax) => {
      const bytes = Buffer.from(text);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right), bytes.length];
      const pieces = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      expect(read(pieces, lineBytesMax)).toEqual(read([bytes], lineBytesMax));
    }),
  );
});
