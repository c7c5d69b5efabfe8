// The last value of a key in text whose beginning may be missing.
import { expect, test } from "vitest";
import { isObject, type Json } from "../../dataplane/wire/json.ts";
import { lastValue } from "../../dataplane/wire/json-find.ts";

const find = (text: string): Json | undefined => lastValue(text, "usage", isObject);

test.each([
  ['ng","usage":{"a":1},"user":null}', { a: 1 }],
  ['"usage" : \n {"a":{"b":"}"}} }', { a: { b: "}" } }],
  ['"usage":{"a":1},"metadata":{"usage":"none"}}', { a: 1 }],
  ['"usage":{"a":1},"usage":{"a":2}}', { a: 2 }],
])("it is found: %s", (text, value) => {
  expect(find(text)).toEqual(value);
});

test.each([
  ["in a string", '"text":"\\"usage\\":{\\"a\\":1}"}'],
  ["as the end of another key", '"my\\"usage":{"a":1}}'],
  ["as a value", '["usage",{"a":1}]'],
  ["when it is cut off", '"usage":{"a":1'],
  ["when it is broken", '"usage":{"a":}}'],
  ["at the very beginning without its colon", '"usage"'],
])("it is not found %s", (_, text) => {
  expect(find(text)).toBeUndefined();
});
