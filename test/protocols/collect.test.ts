// Replies as events, and events as replies: each undoes the other, and neither holds more than it may.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Collector } from "../../dataplane/protocols/collect.ts";
import { noUsage, type Event, type ProviderFailure, type Reply } from "../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../dataplane/protocols/replay.ts";
import { reply } from "./replies.ts";

const collect = (events: readonly Event[], charactersMax?: number): Collector => {
  const collector = new Collector(charactersMax);
  for (const event of events) collector.push(event);
  return collector;
};

const start: Event = { kind: "start", id: "r1", model: "m", createdAt: 1, serviceTier: "" };
const begin = (index: number): Event => ({ kind: "block-start", choice: 0, index, head: { kind: "text" } });
const say = (index: number, text: string): Event => ({ kind: "text", choice: 0, index, text });
const stop = (index: number): Event => ({ kind: "block-stop", choice: 0, index });
const finish: Event = { kind: "finish", choice: 0, finish: { reason: "stop", raw: "stop" } };
const blocksOf = (collector: Collector): Reply["choices"][number]["blocks"] => collector.reply()?.choices[0]?.blocks ?? [];

/** The law that `Event` states. */
const expectLawful = (events: readonly Event[]): void => {
  expect(events[0]?.kind).toBe("start");
  expect(events.at(-1)?.kind).toBe("end");
  const open = new Map<number, number>();
  const next = new Map<number, number>();
  for (const event of events) {
    if (event.kind === "block-start") {
      expect(event.index).toBe(next.get(event.choice) ?? 0);
      next.set(event.choice, event.index + 1);
      open.set(event.choice, event.index);
    } else if ("index" in event) expect(open.get(event.choice)).toBe(event.index);
    if (event.kind === "block-stop") open.delete(event.choice);
    if (event.kind === "finish") expect(open.has(event.choice)).toBe(false);
  }
};

describe("a reply told as events", () => {
  test("is the same reply when it is collected", () => {
    fc.assert(fc.property(reply, (whole) => void expect(collect(eventsOf(whole)).reply()).toEqual(whole)));
  });

  test("keeps the order that encoders rely on", () => {
    fc.assert(fc.property(reply, (whole) => expectLawful(eventsOf(whole))));
  });

  test("says nothing in an empty text and nothing in empty arguments", () => {
    const whole: Reply = { id: "", model: "", createdAt: 0, serviceTier: "", usage: noUsage(), choices: [{ index: 0, finish: { reason: "tool-calls", raw: "" }, blocks: [{ kind: "text", at: "", text: "" }, { kind: "tool-call", at: "", id: "c", name: "f", arguments: "" }] }] };
    expect(eventsOf(whole).filter(({ kind }) => kind === "text")).toEqual([]);
  });
});

describe("events collected into a reply", () => {
  test("give nothing before their end", () => {
    const collector = collect([start, begin(0), say(0, "Hello"), stop(0), finish]);
    expect(collector.reply()).toBeNull();
    collector.push({ kind: "end" });
    expect(collector.isFinished).toBe(true);
    expect(blocksOf(collector)).toEqual([{ kind: "text", at: "", text: "Hello" }]);
  });

  test("may fill several blocks at the same time", () => {
    const collector = collect([start, begin(0), begin(1), say(1, "b"), say(0, "a"), say(1, "B"), stop(1), stop(0), finish, { kind: "end" }]);
    expect(blocksOf(collector).map((block) => "text" in block && block.text)).toEqual(["a", "bB"]);
  });

  test("take usage as snapshots: a later one replaces what it names and leaves the rest", () => {
    const collector = collect([start, { kind: "usage", usage: { ...noUsage(), inputTokens: 7, outputTokens: 1 } }, { kind: "usage", usage: { ...noUsage(), outputTokens: 5 } }, finish, { kind: "end" }]);
    expect(collector.reply()?.usage).toEqual({ ...noUsage(), inputTokens: 7, outputTokens: 5 });
  });

  test("join sound that came in pieces, each padded for itself", () => {
    const head = { kind: "audio", id: "", format: "pcm16" } as const;
    const media = (data: string): Event => ({ kind: "media", choice: 0, index: 0, data: Buffer.from(data).toString("base64") });
    const [sound] = blocksOf(collect([start, { kind: "block-start", choice: 0, index: 0, head }, media("a"), media("bc"), media("def"), stop(0), finish, { kind: "end" }]));
    expect(sound).toMatchObject({ source: { data: Buffer.from("abcdef").toString("base64") } });
  });

  test("join what start, block and end say beside the model's words, the later word winning", () => {
    const collector = collect([{ ...start, extras: { gemini: { a: 1, b: 1 } } } as Event, { ...begin(0), extras: { gemini: { x: 1 } } } as Event, { ...stop(0), extras: { gemini: { y: 2 } } } as Event, finish, { kind: "end", extras: { gemini: { b: 2 } } }]);
    expect(collector.reply()?.extras).toEqual({ gemini: { a: 1, b: 2 } });
    expect(blocksOf(collector)[0]?.extras).toEqual({ gemini: { x: 1, y: 2 } });
  });

  test("give a failure instead of a reply, and nothing after it counts", () => {
    const failure: ProviderFailure = { kind: "overloaded", status: 0, message: "busy", type: "", code: "", parameter: "", retryAfterSeconds: 0 };
    const collector = collect([start, { kind: "failure", failure }, finish, { kind: "end" }]);
    expect(collector.failure).toEqual(failure);
    expect(collector.reply()).toBeNull();
  });

  test("are a failure when they are more than may be held", () => {
    const pushes = Array.from({ length: 11 }, () => say(0, "0123456789"));
    const charactersMax = 2 * 512 + 10 * (10 + 48);
    expect(collect([start, begin(0), ...pushes.slice(1), stop(0), finish, { kind: "end" }], charactersMax).failure).toBeNull();
    const collector = collect([start, begin(0), ...pushes, stop(0), finish, { kind: "end" }], charactersMax);
    expect(collector.failure).toMatchObject({ kind: "internal", code: "too_large" });
    expect(collector.reply()).toBeNull();
  });

  test("count whole blocks, opaque values and sound towards what may be held", () => {
    const long = "x".repeat(200);
    const block = { kind: "image", at: "", source: { kind: "bytes", data: long, mediaType: "image/png" } } as const;
    const opaque = { kind: "signature", origin: "gemini", value: long } as const;
    const heavy: readonly Event[] = [
      { kind: "block-start", choice: 0, index: 1, head: { kind: "whole", block } },
      { kind: "opaque", choice: 0, index: 0, opaque },
      { kind: "media", choice: 0, index: 0, data: long },
    ];
    for (const event of heavy) expect(collect([start, begin(0), event], 2 * 512 + 100).failure, event.kind).not.toBeNull();
  });

  test("count what has no characters too: endless blocks, choices, pieces and likelihoods end", () => {
    const empty: readonly ((at: number) => Event)[] = [
      (at) => begin(at), (at) => ({ ...begin(0), choice: at }), (at) => ({ ...finish, choice: at }), () => say(0, ""),
      () => ({ kind: "opaque", choice: 0, index: 0, opaque: { kind: "signature", origin: "gemini", value: "" } }),
    ];
    for (const make of empty) expect(collect([start, begin(0), ...Array.from({ length: 1000 }, (_, at) => make(at))], 20_000).failure).not.toBeNull();
    const likely: Event = { ...(say(0, "x") as Extract<Event, { kind: "text" }>), logprobs: Array.from({ length: 500 }, () => ({ token: "x", logprob: -1, bytes: null, top: [] })) };
    expect(collect([start, begin(0), likely], 20_000).failure).not.toBeNull();
  });

  test("are not finished by a finish alone", () => {
    expect(collect([start, begin(0), stop(0), finish]).isFinished).toBe(false);
  });
});
