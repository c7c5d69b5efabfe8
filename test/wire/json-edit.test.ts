// The surgery must come to what editing the parsed object comes to, and must leave every byte that it was not told of.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editMembers, type MemberEdit } from "../../dataplane/wire/json-edit.ts";

const editOf = (edit: { drops?: string[]; renames?: Record<string, string>; adds?: Record<string, string>; sets?: Record<string, string> }): MemberEdit => ({
  drops: new Set(edit.drops), renames: new Map(Object.entries(edit.renames ?? {})), adds: new Map(Object.entries(edit.adds ?? {})), sets: new Map(Object.entries(edit.sets ?? {})),
});

const apply = (text: string, edit: Parameters<typeof editOf>[0]) => {
  const edited = editMembers(Buffer.from(text), editOf(edit));
  return edited === null ? null : { text: edited.body.toString(), dropped: edited.dropped };
};

describe("an edit of top-level members", () => {
  it.each([
    ["leaves one out of the middle", '{"a":1, "b":2 ,"c":3}', { drops: ["b"] }, '{"a":1 ,"c":3}', ["b"]],
    ["leaves the first one out", '{ "a":1,\n "b":2}', { drops: ["a"] }, '{ "b":2}', ["a"]],
    ["leaves the last one out", '{"a":1, "b":[2,{"a":"}"}] }', { drops: ["b"] }, '{"a":1 }', ["b"]],
    ["leaves all out", '{ "a":1, "b":2 }', { drops: ["a", "b"] }, "{ }", ["a", "b"]],
    ["leaves out every occurrence", '{"a":1,"b":2,"a":3}', { drops: ["a"] }, '{"b":2}', ["a"]],
    ["leaves out what is spelt with escapes", '{"\\u0061":1,"b":2}', { drops: ["a"] }, '{"b":2}', ["a"]],
    ["gives another name", '{"a" : 1.50,"b":2}', { renames: { a: "z" } }, '{"z" : 1.50,"b":2}', []],
    ["leaves out what would have a name twice", '{"a":1,"z":2}', { renames: { a: "z" } }, '{"z":2}', ["a"]],
    ["puts in front what is missing", '{"a":1}', { adds: { v: '"2026"' } }, '{"v":"2026","a":1}', []],
    ["puts it into an empty object", " { } ", { adds: { v: "1" } }, ' {"v":1 } ', []],
    ["puts it in where all else goes", '{"a":1}', { adds: { v: "1" }, drops: ["a"] }, '{"v":1}', ["a"]],
    ["replaces a value", '{"stream": false,"a":1}', { sets: { stream: "true" } }, '{"stream": true,"a":1}', []],
    ["puts a value in", '{"a":1}', { sets: { stream: "true" } }, '{"stream":true,"a":1}', []],
  ] as const)("%s", (_, text, edit, expected, dropped) => {
    expect(apply(text, edit as never)).toEqual({ text: expected, dropped });
  });

  it.each([
    ["nothing named is there", '{"b":{"a":1},"c":"a"}', { drops: ["a"], renames: { d: "e" } }],
    ["what must be there is there", '{"v":1}', { adds: { v: "2" } }],
    ["it is no object", '["a"]', { drops: ["a"], adds: { v: "1" } }],
    ["it is broken", '{"a":1,', { drops: ["a"] }],
    ["it is empty text", "", { adds: { v: "1" } }],
    ["it has more members than any request", `{${Array.from({ length: 2000 }, (__, index) => `"a${index}":1`).join(",")}}`, { drops: ["a1"] }],
  ] as const)("changes nothing when %s", (_, text, edit) => {
    expect(apply(text, edit as never)).toBeNull();
  });

  it("comes to the same as editing what was parsed, whatever the object and however it is spaced", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "é", 'q"', "v");
    const edit = fc.record({ drops: fc.uniqueArray(name), renames: fc.dictionary(name, fc.constantFrom("x", "y", "a")), adds: fc.dictionary(fc.constantFrom("v", "w"), fc.constantFrom("1", '"two"')) });
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), fc.constantFrom(0, 1, "\t"), edit, (object, space, { drops, renames, adds }) => {
        const text = JSON.stringify(object, null, space);
        const edited = apply(text, { drops, renames, adds })?.text ?? text;
        expect(JSON.parse(edited)).toEqual(oracle(JSON.parse(text), drops, renames, adds));
      }),
    );
  });

  it("does not throw on any bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void editMembers(Buffer.from(bytes), editOf({ drops: ["a"], adds: { v: "1" } }))));
    fc.assert(fc.property(fc.array(fc.constantFrom('"a"', ":", "{", "}", ",", "1", " ", "[", "]", '"')), (tokens) => void apply(tokens.join(""), { drops: ["a"], adds: { v: "1" } })));
  });
});

const oracle = (object: Record<string, unknown>, drops: readonly string[], renames: Readonly<Record<string, string>>, adds: Readonly<Record<string, string>>): Record<string, unknown> => {
  const kept = Object.entries(object).flatMap(([name, value]): [string, unknown][] => {
    const to = Object.hasOwn(renames, name) ? renames[name] : undefined;
    if (drops.includes(name) || (to !== undefined && Object.hasOwn(object, to))) return [];
    return [[to ?? name, value]];
  });
  const missing = Object.entries(adds).filter(([name]) => !Object.hasOwn(object, name)).map(([name, value]) => [name, JSON.parse(value)]);
  return Object.fromEntries([...missing, ...kept]);
};
