// Half an object of JSON, completed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closeObject } from "../../dataplane/wire/json-close.ts";

const ERROR = '{"code":"x"}';
const closed = (half: string): unknown => {
  const closing = closeObject(half, "error", ERROR);
  return closing === null ? null : JSON.parse(half + closing);
};

describe("half an object", () => {
  test.each([
    ["{", {}],
    ['{"a', { a: null }],
    ['{"a"', { a: null }],
    ['{"a":', { a: null }],
    ['{"a": "b', { a: "b" }],
    ['{"a":"b\\', { a: "b\\" }],
    ['{"a":"b\\\\', { a: "b\\" }],
    ['{"a":"b\\u00e', { a: "b\u00e0" }],
    ['{"a":tr', { a: true }],
    ['{"a":-', { a: -0 }],
    ['{"a":1.', { a: 1 }],
    ['{"a":1e', { a: 1 }],
    ['{"a":12', { a: 12 }],
    ['{"a":1,', { a: 1, "": null }],
    ['{"a":[1,', { a: [1, null] }],
    ['{"a":[', { a: [] }],
    ['{"a":[{"b":[[{}]', { a: [{ b: [[{}]] }] }],
    ['{"a":{}', { a: {} }],
    ['{"a":"]}\\"', { a: ']}"' }],
  ])("becomes a whole one with the member added: %s", (half, whole) => {
    expect(closed(half)).toEqual({ ...whole, error: { code: "x" } });
  });

  test("that is whole, or none, or no JSON, is not closed", () => {
    for (const text of ["", "{}", '{"a":1}', "[1", '"a', "[DONE", '{"a":}', '{"a":xyz', "{]", '{"a":1}}', "nul"]) expect(closed(text)).toBeNull();
  });

  test("becomes whole wherever it was cut", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), fc.boolean(), (value, cut, isSpaced) => {
        const text = JSON.stringify(value, null, isSpaced ? 1 : 0);
        const half = text.slice(0, 1 + (cut % (text.length - 1)));
        // A number can be cut where JSON has no way on but what was not meant; it must be closed all the same.
        expect(closed(half)).toMatchObject({ error: { code: "x" } });
      }),
      { numRuns: 2000 },
    );
  });
});
