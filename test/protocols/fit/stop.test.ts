// Stop strings that a provider does not stop at: the gateway does, wherever the text is cut.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import { nothingToUndo, type Undo } from "../../../dataplane/protocols/fit/index.ts";
import { noUsage, type Event, type Logprob } from "../../../dataplane/protocols/ir.ts";
import { answer, asking, call, fitTo, growing, plainSampling, text } from "./asking.ts";

const stopping = (stop: readonly string[], abilities: Partial<Abilities> = { stopMax: 0 }) => fitTo(abilities, asking({ sampling: { ...plainSampling, stop } }));
const finish: Event = { kind: "finish", choice: 0, finish: { reason: "stop", raw: "completed" } };
const through = (undo: Undo, events: readonly Event[]): Event[] => events.flatMap((event) => undo.event(event));
const textOf = (events: readonly Event[]): string => events.map((event) => (event.kind === "text" ? event.text : "")).join("");

/** What is said before the stop string that is complete first: the plain way, looking at ever longer beginnings. */
const oracle = (whole: string, stops: readonly string[]): string => {
  for (let end = 0; end <= whole.length; end += 1) {
    const beginning = whole.slice(0, end);
    const met = stops.filter((stop) => beginning.endsWith(stop)).sort((one, other) => other.length - one.length)[0];
    if (met !== undefined) return beginning.slice(0, end - met.length);
  }
  return whole;
};

describe("stop strings", () => {
  test("as many as the target takes are its own; the gateway stops at the rest, and none is lost", () => {
    const fitted = stopping(["a", "b", "c"], { stopMax: 2 });
    expect(fitted.conversation.sampling.stop).toEqual(["a", "b"]);
    expect(fitted.losses).toEqual([]);
    expect(textOf(through(fitted.undo, growing({ kind: "text" }, ["xxb", "yyc", "zz"])))).toBe("xxbyy");
  });

  test("of white space are the gateway's where the target refuses them", () => {
    const fitted = stopping(["\n\n", "END"], { stopMax: 4, refusesBlankStops: true });
    expect(fitted.conversation.sampling.stop).toEqual(["END"]);
    expect(textOf(through(fitted.undo, growing({ kind: "text" }, ["one\n", "\ntwo"])))).toBe("one");
  });

  test("that are empty or double ask for nothing", () => {
    const fitted = stopping(["", "a", "a"], { stopMax: 4 });
    expect(fitted.conversation.sampling.stop).toEqual(["a"]);
    expect(fitted.undo).toBe(nothingToUndo);
  });

  test("end the choice where they are met, with nothing of the choice behind it, and usage all the same", () => {
    const usage: Event = { kind: "usage", usage: { ...noUsage(), outputTokens: 9 } };
    const events = [...growing({ kind: "text" }, ["Hello ST", "OP world"]), ...growing({ kind: "tool-call", id: "c", name: "f", isCustom: false }, ["{}"], 1), finish, usage, { kind: "end" } as const];
    expect(through(stopping(["STOP"]).undo, events)).toEqual([
      { kind: "block-start", choice: 0, index: 0, head: { kind: "text" } },
      { kind: "text", choice: 0, index: 0, text: "Hello " },
      { kind: "block-stop", choice: 0, index: 0 },
      { kind: "finish", choice: 0, finish: { reason: "stop-sequence", raw: "", stopSequence: "STOP" } },
      usage,
      { kind: "end" },
    ]);
  });

  test("are enough as soon as one is met: nothing that the provider still says is of use", () => {
    const { undo } = stopping(["STOP"]);
    const seen = growing({ kind: "text" }, ["Hello ST", "OP world"]).map((event) => [event.kind, undo.event(event).length > 0, undo.isEnough]);
    expect(seen).toEqual([["block-start", true, false], ["text", true, false], ["text", true, true], ["block-stop", false, true]]);
  });

  test("are not enough where the provider ended by itself, whose end and count are on their way", () => {
    const { undo } = stopping(["STOP"]);
    through(undo, [...growing({ kind: "text" }, ["Hello"]), finish]);
    expect(undo.isEnough).toBe(false);
    expect(nothingToUndo.isEnough).toBe(false);
  });

  test("are enough for several choices when the last of them is over, one way or the other", () => {
    const { undo } = fitTo({ stopMax: 0, choicesMax: 9 }, asking({ sampling: { ...plainSampling, stop: ["STOP"], choices: 3 } }));
    const of = (choice: number, ...words: string[]): Event[] => growing({ kind: "text" }, words).map((event) => ("choice" in event ? { ...event, choice } : event));
    const isEnough = (...events: Event[]): boolean => {
      through(undo, events);
      return undo.isEnough;
    };
    const last = of(2, "c ", "STOP");
    expect([isEnough(...of(0, "a STOP")), isEnough(...of(1, "b"), { ...finish, choice: 1 }), isEnough(...last.slice(0, 2)), isEnough(...last.slice(2))]).toEqual([false, false, false, true]);
  });

  test("hold back only what may be the beginning of one", () => {
    const { undo } = stopping(["STOP"]);
    const [begin, first, second, stop] = growing({ kind: "text" }, ["go ST", "ay"]) as [Event, Event, Event, Event];
    undo.event(begin);
    expect(undo.event(first)).toMatchObject([{ text: "go " }]);
    expect(undo.event(second)).toMatchObject([{ text: "STay" }]);
    expect(undo.event(stop)).toEqual([stop]);
  });

  test("let out what was held back when the text ends without one", () => {
    expect(textOf(through(stopping(["STOP"]).undo, [...growing({ kind: "text" }, ["half ST"]), finish]))).toBe("half ST");
  });

  test("are not looked for in thinking and in arguments of tools", () => {
    const events = [...growing({ kind: "reasoning", isSummary: false }, ["STOP"]), ...growing({ kind: "tool-call", id: "c", name: "f", isCustom: false }, ["STOP"], 1), finish];
    expect(through(stopping(["STOP"]).undo, events)).toEqual(events);
  });

  test("end one choice and not another", () => {
    const { undo } = stopping(["STOP"]);
    const other = growing({ kind: "text" }, ["all of it"]).map((event) => ({ ...event, choice: 1 }) as Event);
    through(undo, growing({ kind: "text" }, ["STOP"]));
    expect(through(undo, other)).toEqual(other);
  });

  test("end whole answers too", () => {
    expect(stopping(["END"]).undo.reply(answer([text("one END two"), call("c", "f")], "tool-calls")).choices[0]).toMatchObject({ blocks: [{ text: "one " }], finish: { reason: "stop-sequence", stopSequence: "END" } });
  });

  test("take the logprobs of what they let through, and no others", () => {
    const token = (word: string): Logprob => ({ token: word, logprob: -1, bytes: null, top: [] });
    const piece = (words: readonly string[]): Event => ({ kind: "text", choice: 0, index: 0, text: words.join(""), logprobs: words.map(token) });
    const [begin] = growing({ kind: "text" }, []) as [Event];
    const events = through(stopping(["END"]).undo, [begin, piece(["a", "b", "E"]), piece(["ND", "c"])]);
    expect(events.flatMap((event) => (event.kind === "text" ? (event.logprobs ?? []) : [])).map((one) => one.token)).toEqual(["a", "b"]);
  });

  test("are found the same however the text is cut, as the plain way finds them", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c", "😀"), maxLength: 14 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", "😀"), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, all) => {
        expect(textOf(through(stopping(all).undo, [...growing({ kind: "text" }, pieces), finish]))).toBe(oracle(pieces.join(""), all));
      }),
      { numRuns: 500, seed: 20261121 },
    );
  });
});
