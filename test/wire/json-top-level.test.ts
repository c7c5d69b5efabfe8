// The scanner must agree with JSON.parse about every sound body, and nothing but the model's name may be replaced.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findTopLevel, readString } from "../../dataplane/wire/json-top-level.ts";
import { joined, withReplaced } from "../../dataplane/wire/pieces.ts";

const find = (text: string) => {
  const bytes = Buffer.from(text);
  const found = findTopLevel(bytes);
  return { ...found, model: found.modelStart === -1 ? undefined : bytes.toString("utf8", found.modelStart, found.modelEnd) };
};

const renamed = (text: string, name: string): string => {
  const bytes = Buffer.from(text);
  const { modelStart, modelEnd } = findTopLevel(bytes);
  return joined(withReplaced([bytes], modelStart, modelEnd, Buffer.from(JSON.stringify(name)))).toString();
};

describe("finding the model", () => {
  it.each([
    ['{"model":"a"}', '"a"', false],
    [' \n{ "model" : "a" , "stream" : true } \r\n', '"a"', true],
    ['{"stream":true,"messages":[{"content":"x"}],"model":"b"}', '"b"', true],
    ['{"messages":[{"model":"inner","stream":true}],"model":"outer"}', '"outer"', false],
    ['{"messages":[{"content":"\\"model\\":\\"trap\\""}],"model":"m"}', '"m"', false],
    ['{"model":"first","model":"last"}', '"last"', false],
    ['{"stream":true,"stream":false,"model":"m"}', '"m"', false],
    ['{"stream":true ,"model":"m"}', '"m"', true],
    ['{"stream":"true","model":"m"}', '"m"', false],
    ['{"mod\\u0065l":"escaped"}', '"escaped"', false],
    ['{"model":"a\\"b"}', '"a\\"b"', false],
    ['{"a":"\\\\","model":"m"}', '"m"', false],
    ['{"a":"\\\\\\"","model":"m"}', '"m"', false],
    ['{"a":9007199254740993,"b":1.0,"c":-1e5,"d":null,"model":"m"}', '"m"', false],
    ['{"model":null}', "null", false],
    ['{"model":{"name":"x"}}', '{"name":"x"}', false],
    ["{}", undefined, false],
    ['{"models":"a","mode":"b"}', undefined, false],
  ])("in %s", (text, model, isStreaming) => {
    expect(find(text)).toMatchObject({ problem: "", model, isStreaming });
  });

  it.each([
    "", " ", "[]", '"model"', "null", "{", '{"model"', '{"model":', '{"model":"a', '{"model":"a"', '{"model":"a",', '{"model":"a"}}', '{"model":"a"} x',
    '{"a":[1,2}', '{"a":{"b":1}', "{model:1}", '{"a" 1}', '{"a":1 "b":2}', '{"a":"\\"}', `{"a":${"[".repeat(600)}${"]".repeat(600)}}`, '{"a":,"model":"m"}',
  ])("refuses %j with a place", (text) => {
    expect(find(text).problem).toMatch(/at byte \d+$/);
  });

  it("crosses long strings with quotes and backslashes at every distance from the search's steps", () => {
    for (let length = 0; length < 80; length++) {
      for (const tail of ["", '\\"', "\\\\", '\\\\\\"', '\\"\\"']) {
        const text = `{"content":"${"x".repeat(length)}${tail}${"y".repeat(length % 7)}","model":"m"}`;
        expect(find(text), text).toMatchObject({ problem: "", model: '"m"' });
      }
    }
  });

  it("agrees with JSON.parse on any object, however it is spaced", () => {
    fc.assert(fc.property(fc.dictionary(fc.oneof(fc.constant("model"), fc.constant("stream"), fc.string()), fc.jsonValue()), fc.constantFrom(undefined, 1, "\t"), (value, space) => {
      const text = JSON.stringify(value, null, space);
      const found = find(text);
      expect(found.problem).toBe("");
      expect(found.model === undefined ? undefined : JSON.parse(found.model)).toEqual("model" in value ? JSON.parse(text).model : undefined);
      expect(found.isStreaming).toBe(value.stream === true);
    }));
  });

  it("never reads outside the part of the buffer that is the body", () => {
    const bytes = Buffer.from('}"{"model":"m","stream":true}","model":"trap"}');
    const body = bytes.subarray(2, 2 + '{"model":"m","stream":true}'.length);
    const found = findTopLevel(body);
    expect(found).toMatchObject({ problem: "", isStreaming: true });
    expect(readString(body, found.modelStart, found.modelEnd)).toBe("m");
  });

  it("survives any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const bytes = Buffer.concat([Buffer.from('{"model":"'), noise]);
      const found = findTopLevel(bytes);
      if (found.problem === "") expect(found.modelEnd).toBeLessThanOrEqual(bytes.length);
    }));
  });
});

describe("replacing the name", () => {
  it("leaves unknown fields, big integers, 1.0, key order, doubled keys and white space untouched", () => {
    const text = '{ "z":9007199254740993,\n "model" : "support-chat" ,"a":1.0,"a":2,"\\u0062":"\\ud83d\\ude00é" }';
    expect(renamed(text, "gpt")).toBe(text.replace('"support-chat"', '"gpt"'));
  });

  it("renames the last of two models, the one that providers read", () => {
    expect(renamed('{"model":"first","model":"last"}', "new")).toBe('{"model":"first","model":"new"}');
  });

  it("escapes a name that needs it", () => {
    expect(JSON.parse(renamed('{"model":"a"}', 'x"y\\z')).model).toBe('x"y\\z');
  });
});
