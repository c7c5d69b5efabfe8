// Texts that repeat all that was said before are told once, and texts that do not are told as they come: a model of what each
// kind of stream sends, and the cases in which it is not plain which one it is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Growth, type Habit } from "../../../dataplane/protocols/dashscope/growth.ts";

const told = (pieces: readonly string[], isLast = true): string[] => {
  const growth = new Growth({ isRepeating: null });
  return [...pieces.map((piece) => growth.push(piece)), growth.settle(isLast)];
};

const repeating = (pieces: readonly string[]): string[] => pieces.map((_, at) => pieces.slice(0, at + 1).join(""));

describe("a stream", () => {
  test("that repeats is told by what is new", () => {
    expect(told(["I am", "I am a large language", "I am a large language model.", "I am a large language model."])).toEqual(["I am", " a large language", " model.", "", ""]);
  });

  test("of increments is told as it comes", () => {
    expect(told(["I am", " a large", " language", " model.", ""])).toEqual(["I am", " a large", " language", " model.", "", ""]);
  });

  test("of increments that begin alike waits only for the first that does not", () => {
    expect(told(["\n", "\n\n", "Hello", ""])).toEqual(["\n", "", "\n\nHello", "", ""]);
    expect(told(["ha", "ha", "ha", "!", ""]).join("")).toBe("hahaha!");
  });

  test("of one word again and again is one of increments: others grow", () => {
    expect(told(["-", "-", "-", "-", "-", "-", "-", ""]).join("")).toBe("-------");
  });

  test("that is short repeats when its last text does", () => {
    expect(told(["Hi", "Hi!", "Hi!"]).join("")).toBe("Hi!");
    expect(told(["Hi", "Hi"]).join("")).toBe("Hi");
    expect(told(["Hi"]).join("")).toBe("Hi");
  });

  test("whose texts are followed by something else repeats where they grew", () => {
    expect(told(["Hm", "Hm, so"], false).join("")).toBe("Hm, so");
    expect(told(["Hm", "Hm"], false).join("")).toBe("HmHm");
  });

  test("that repeats and then takes something back goes on behind what was told", () => {
    expect(told(["The answer is", "The answer is five.", "The answer", "No: six."]).join("")).toBe("The answer is five.No: six.");
  });
});

test("what one text of a stream tells of its habit holds for all of them", () => {
  const habit: Habit = { isRepeating: null };
  const [text, call] = [new Growth(habit), new Growth(habit)];
  expect([text.push("a"), text.push("b")]).toEqual(["a", "b"]);
  expect([call.push('{"'), call.push('{"')]).toEqual(['{"', '{"']);
});

const words = fc.array(fc.constantFrom("The", " quick", " brown", "\n\n", "狐", "🌅", " 42", ", ", "jumps", "ha"), { minLength: 2, maxLength: 30 });

test("any words are told once, repeated or not", () => {
  fc.assert(
    fc.property(words, (pieces) => {
      const whole = pieces.join("");
      expect(told([...repeating(pieces), whole]).join("")).toBe(whole);
      // An accident would need sixteen characters that are said twice at the very beginning.
      expect(told([...pieces, ""]).join("")).toBe(whole);
    }),
  );
});
