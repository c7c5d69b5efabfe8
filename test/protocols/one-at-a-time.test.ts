// Blocks that grow side by side, written one behind the other.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OneAtATime } from "../../dataplane/protocols/one-at-a-time.ts";
import { clientCodecs } from "../../dataplane/protocols/index.ts";
import type { Event } from "../../dataplane/protocols/ir.ts";
import { questionOf } from "./conformance/replies.ts";

const begin = (index: number, choice = 0): Event => ({ kind: "block-start", choice, index, head: { kind: "text" } });
const say = (index: number, text: string, choice = 0): Event => ({ kind: "text", choice, index, text });
const stop = (index: number, choice = 0): Event => ({ kind: "block-stop", choice, index });

const inOrder = (events: readonly Event[]): Event[] => {
  const line = new OneAtATime();
  return events.flatMap((event) => line.push(event));
};

/** Each block's events, mixed at random with those of the other blocks that are open. */
const mixed = fc.array(fc.array(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 4 }), { minLength: 1, maxLength: 5 }).chain((texts) =>
  fc.infiniteStream(fc.nat(99)).map((numbers): Event[] => {
    const blocks = texts.map((words, index) => [begin(index), ...words.map((word) => say(index, word)), stop(index)]);
    const events: Event[] = [];
    let begun = 0;
    while (blocks.some((block) => block.length > 0)) {
      const number = numbers.next().value ?? 0;
      const open = blocks.findIndex((block, index) => index >= number % (begun + 1) && index <= begun && block.length > 0);
      const index = open === -1 ? blocks.findIndex((block) => block.length > 0) : open;
      begun = Math.max(begun, index + 1 < blocks.length ? index + 1 : index);
      const event = blocks[index]?.shift();
      if (event !== undefined) events.push(event);
    }
    return events;
  }),
);

const ofBlock = (events: readonly Event[], index: number): Event[] => events.filter((event) => "index" in event && event.index === index);

describe("blocks one at a time", () => {
  test("pass as they are when never two are open", () => {
    const events = [begin(0), say(0, "a"), stop(0), begin(1), stop(1)];
    expect(inOrder(events)).toEqual(events);
  });

  test("wait until the open one has ended", () => {
    expect(inOrder([begin(0), begin(1), say(1, "b"), say(0, "a"), stop(1), stop(0)])).toEqual([begin(0), say(0, "a"), stop(0), begin(1), say(1, "b"), stop(1)]);
  });

  test("go on at once when their turn has come while they are still open", () => {
    const line = new OneAtATime();
    for (const event of [begin(0), begin(1), say(1, "b")]) line.push(event);
    expect(line.push(stop(0))).toEqual([stop(0), begin(1), say(1, "b")]);
    expect(line.push(say(1, "c"))).toEqual([say(1, "c")]);
  });

  test("of other choices do not wait for each other", () => {
    const events = [begin(0, 0), begin(0, 1), say(0, "b", 1), say(0, "a", 0), stop(0, 1), stop(0, 0)];
    expect(inOrder(events)).toEqual(events);
  });

  test("let pass what belongs to no block", () => {
    const usage: Event = { kind: "ping" };
    expect(inOrder([begin(0), begin(1), usage])).toEqual([begin(0), usage]);
  });

  test("lose nothing and mix nothing, however they were mixed", () => {
    fc.assert(
      fc.property(mixed, (events) => {
        const ordered = inOrder(events);
        expect(ordered).toHaveLength(events.length);
        const count = events.filter(({ kind }) => kind === "block-start").length;
        for (let index = 0; index < count; index += 1) expect(ofBlock(ordered, index)).toEqual(ofBlock(events, index));
        let open = -1;
        for (const event of ordered) {
          if (!("index" in event)) continue;
          if (event.kind === "block-start") expect(open).toBe(-1);
          else expect(event.index).toBe(open);
          open = event.kind === "block-stop" ? -1 : event.index;
        }
      }),
    );
  });

  test("say so when more waits than may be held, and no longer when it may be written", () => {
    const line = new OneAtATime();
    line.push(begin(0));
    line.push(begin(1));
    const words = "w".repeat(1_048_576);
    for (let pushed = 0; pushed < 7; pushed++) line.push(say(1, words));
    expect(line.isOverfull).toBe(false);
    line.push(say(1, words));
    expect(line.isOverfull).toBe(true);
    expect(line.push(stop(0))).toHaveLength(10);
    expect(line.isOverfull).toBe(false);
  });

  test("are not held without end when they are empty", () => {
    const line = new OneAtATime();
    line.push(begin(0));
    for (let index = 1; index < 30_000; index++) line.push(begin(index));
    expect(line.isOverfull).toBe(true);
  });
});

describe("a block that never ends while others grow beside it", () => {
  // Completions has texts only, each where it belongs.
  const clients = Object.values(clientCodecs).filter(({ name }) => name !== "openai-completions");

  test.each(clients)("is too much at some time for clients of $name", (codec) => {
    const encoder = codec.encodeStream(questionOf(codec, true));
    encoder.push({ kind: "start", id: "a", model: "m", createdAt: 1, serviceTier: "" });
    encoder.push(begin(0));
    encoder.push(begin(1));
    expect(encoder.isOverfull).toBe(false);
    for (let pushed = 0; pushed < 9; pushed++) encoder.push(say(1, "w".repeat(1_048_576)));
    expect(encoder.isOverfull).toBe(true);
  });
});
