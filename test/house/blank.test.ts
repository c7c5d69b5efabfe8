// The reader of tokens behind the rules: it must never take code for text or text for code.
import { describe, expect, it } from "vitest";
import { blank } from "./blank.ts";
import { sources } from "./sources.ts";

const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Where a bracket has no partner; null for none. */
const unbalancedAt = (code: string): number | null => {
  const open: { readonly bracket: string; readonly at: number }[] = [];
  for (const { 0: bracket, index: at } of code.matchAll(/[()[\]{}]/g)) {
    if (pairs[bracket] === undefined) open.push({ bracket, at });
    else if (open.pop()?.bracket !== pairs[bracket]) return at;
  }
  return open[0]?.at ?? null;
};

describe("what is left when comments and strings are blank", () => {
  it.each([
    ["a line comment", "a; // b\nc;", "a;     \nc;"],
    ["a block comment over lines", "a /* b\n * c */ d", "a     \n        d"],
    ["both kinds of quotes", `a("b\\"c", 'd\\'e')`, `a("    ", '    ')`],
    ["a template and what it computes", "`a ${b(`c ${d}`)} e`", "`  ${b(`  ${d}`)}  `"],
    ["braces inside of what a template computes", "`a ${{ b: 1 }.b} c`;d", "`  ${{ b: 1 }.b}  `;d"],
    ["a regular expression, with a slash in a class", "x = /[/'\"]\\/`/g;y", "x = /         /;y"],
    ["division", "a = b / c / d; e = (f) / g;", "a = b / c / d; e = (f) / g;"],
    ["an expression after a word", "return /'/.test(a);", "return / /.test(a);"],
    ["an address in a string", 'a("https://b.example"); c', 'a("                 "); c'],
    ["a comment in a string, a string in a comment", `"// a"; // "b"`, `"    ";       `],
  ])("%s", (_, text, code) => {
    expect(blank(text).code).toBe(code);
  });

  it("has the same length and the same lines", () => {
    const texts = sources().map(({ text }) => text);
    expect(texts.map((text) => blank(text).code.length)).toEqual(texts.map((text) => text.length));
    expect(texts.map((text) => blank(text).code.split("\n").length)).toEqual(texts.map((text) => text.split("\n").length));
  });

  it("is balanced in every source, which it would not be if one quote or slash were misread", () => {
    expect(sources().filter(({ code }) => unbalancedAt(code) !== null).map(({ path, text, code }) => `${path}: …${text.slice(unbalancedAt(code) ?? 0).slice(0, 60)}`)).toEqual([]);
  });

  it("is seen to be out of balance where it is", () => {
    expect(["(]", "{", ")", "([)]"].map(unbalancedAt)).toEqual([1, 0, 0, 2]);
  });
});
