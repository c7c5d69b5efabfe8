// A text found without parsing is the text that parsing finds.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SameFrame } from "../../dataplane/protocols/same-frame.ts";

const event = (text: string, more = "x"): string => JSON.stringify({ type: "delta", index: 0, delta: { text }, more });

describe("an event that differs in one text only", () => {
  it("is read as parsing reads it, or is left to be parsed", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), fc.string(), (first, second, more) => {
      const frame = new SameFrame();
      frame.learn(event(first, more), first);
      const found = frame.textOf(event(second, more));
      if (found !== null) expect(found).toBe(second);
    }), { numRuns: 2000 });
  });

  it("is known when nothing around it changes and nothing in it is escaped", () => {
    const frame = new SameFrame();
    frame.learn(event(" parcel"), " parcel");
    expect([frame.textOf(event(" ümlaut 😀")), frame.textOf(event("")), frame.textOf(event('a"b')), frame.textOf(event("a\nb")), frame.textOf(event("a", "y"))]).toEqual([" ümlaut 😀", "", null, null, null]);
  });

  it("is never guessed where the text stands twice", () => {
    const frame = new SameFrame();
    frame.learn(event("delta"), "delta");
    expect(frame.textOf(event("other"))).toBeNull();
  });
});
