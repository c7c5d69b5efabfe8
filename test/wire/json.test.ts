// Documents as text and as bytes: numbers come back as they were written, and bytes are those of the text.
import { describe, expect, test } from "vitest";
import { jsonBytes, parseExact } from "../../dataplane/wire/json.ts";

const again = (text: string): string => JSON.stringify(parseExact(text));

describe("a number that is passed on", () => {
  test.each(["[1.0]", "[-0]", '{"a":0.10}', "[1e400]", "[-12.30,1]", '{"a":[12345678901234567890]}', '{"a":123456789.123456789}', "1.50", '{"東":[0.1e1]}'])("is written as it was: %s", (text) => {
    expect(again(text)).toBe(text);
  });

  test("is a number like any other where nothing would be lost", () => {
    expect(parseExact('{"a": 100, "b": -0.5, "c": "1.0 -0 1e5", "d": "call_3e8f00aa-0b1"}')).toEqual({ a: 100, b: -0.5, c: "1.0 -0 1e5", d: "call_3e8f00aa-0b1" });
  });
});

describe("bytes of a document", () => {
  const pieces = ["a", "é", "東", "🚚", "\ud83d", "\ude9a", '"', "\\", "\n", "\u0000"];
  test.each([0, 1, 4000, 4095, 4096, 5000, 65_530, 65_536, 200_000])("are those of its text, %i pieces long", (length) => {
    const said = Array.from({ length }, (_, index) => pieces[(index * 7) % pieces.length]).join("");
    for (const value of [{ said }, { said: said.replaceAll(/[^a]/g, "b") }, { [said]: [length] }]) expect(jsonBytes(value).equals(Buffer.from(JSON.stringify(value)))).toBe(true);
  });
});
