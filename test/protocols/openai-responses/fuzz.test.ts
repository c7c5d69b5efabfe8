// Any bytes into everything that reads: what comes out is a value, never a throw, and what is held has a bound.
// Begins at the same seed each time, unless LLMGW_FUZZ_SEED asks for another.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import { Collector } from "../../../dataplane/protocols/collect.ts";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { seedOf } from "../seed.ts";
import { asked, codec, conversationOf, sent, target } from "./speaking.ts";

const seed = seedOf();
const settings = { seed, numRuns: 400 };

const types = [
  "response.created", "response.in_progress", "response.output_item.added", "response.output_item.done", "response.content_part.added", "response.content_part.done", "response.output_text.delta",
  "response.output_text.done", "response.output_text.annotation.added", "response.refusal.delta", "response.refusal.done", "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
  "response.reasoning_text.delta", "response.reasoning_text.done", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.custom_tool_call_input.delta",
  "response.custom_tool_call_input.done", "response.completed", "response.incomplete", "response.failed", "error", "keepalive", "unknown",
];
const part = fc.record({ type: fc.constantFrom("output_text", "refusal", "reasoning_text", "x"), text: fc.string(), refusal: fc.string(), annotations: fc.jsonValue(), logprobs: fc.jsonValue() }, { requiredKeys: ["type"] });
const item = fc.record(
  {
    type: fc.constantFrom("message", "reasoning", "function_call", "custom_tool_call", "image_generation_call", "web_search_call", "x"),
    id: fc.constantFrom("a", "b", ""), call_id: fc.constantFrom("a", "b", ""), name: fc.string(), namespace: fc.jsonValue(), arguments: fc.jsonValue(), input: fc.string(), content: fc.oneof(fc.array(part, { maxLength: 3 }), fc.jsonValue()),
    summary: fc.oneof(fc.array(part, { maxLength: 3 }), fc.jsonValue()), encrypted_content: fc.constantFrom("", "gAAA", null), result: fc.string(), role: fc.constantFrom("user", "assistant", "x"), output: fc.jsonValue(),
  },
  { requiredKeys: ["type"] },
);
const response = fc.record({ id: fc.jsonValue(), status: fc.constantFrom("completed", "incomplete", "failed", "queued", 7), output: fc.oneof(fc.array(item, { maxLength: 3 }), fc.jsonValue()), usage: fc.jsonValue(), error: fc.jsonValue() }, { requiredKeys: [] });
const event = fc.record(
  {
    type: fc.constantFrom(...types), output_index: fc.constantFrom(0, 1, 2, -1, 1.5, "0"), content_index: fc.constantFrom(0, 1, 1e9), summary_index: fc.constantFrom(0, 1), item_id: fc.constantFrom("a", "b", ""),
    delta: fc.oneof(fc.string(), fc.constantFrom("\ud83d", "\ude00"), fc.jsonValue()), text: fc.string(), arguments: fc.jsonValue(), input: fc.string(), refusal: fc.string(), item: fc.oneof(item, fc.jsonValue()), part: fc.oneof(part, fc.jsonValue()),
    annotation: fc.jsonValue(), logprobs: fc.jsonValue(), response: fc.oneof(response, fc.jsonValue()), error: fc.jsonValue(),
  },
  { requiredKeys: ["type"] },
);
const framed = fc.tuple(fc.array(event, { maxLength: 25 }), fc.boolean()).map(([events, hasNames]) => Buffer.from(events.map((one) => `${hasNames ? `event: ${one.type}\n` : ""}data: ${JSON.stringify(one)}\n\n`).join("")));
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

/** Whether the events keep the law of their order, and end once. */
const expectOrder = (events: readonly Event[]): void => {
  const open = new Set<number>();
  let next = 0;
  events.forEach((one, at) => {
    const isLast = at === events.length - 1;
    expect(one.kind === "end" || one.kind === "failure").toBe(isLast);
    if (one.kind === "start") expect(events.slice(0, at).every(({ kind }) => kind === "ping")).toBe(true);
    if (one.kind === "finish") expect(open.size).toBe(0);
    if (!("index" in one)) return;
    if (one.kind === "block-start") {
      expect(one.index).toBe(next++);
      open.add(one.index);
    } else expect(open.has(one.index)).toBe(true);
    if (one.kind === "block-stop") open.delete(one.index);
  });
};

describe(`with the seed ${seed}`, () => {
  test("any stream becomes events in their order, and they become a stream, an answer or nothing", () => {
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: framed }, noise), fc.integer({ min: 1, max: 64 }), (bytes, size) => {
        const decoder = codec.decodeStream(target(), 4096);
        const events: Event[] = [];
        for (let at = 0; at < bytes.length; at += size) events.push(...decoder.push(bytes.subarray(at, at + size)));
        events.push(...decoder.end());
        expectOrder(events);
        const encoder = codec.encodeStream(conversationOf({ input: "x" }));
        const collector = new Collector();
        for (const one of events) {
          collector.push(one);
          if (one.kind !== "failure") encoder.push(one);
        }
        const reply = collector.reply();
        if (reply !== null) expect(codec.encodeReply(reply, conversationOf({ input: "x" })).body.length).toBeGreaterThan(2);
      }),
      settings,
    );
  });

  test("any request is a conversation that can be sent, or is refused with words", () => {
    const message = fc.record({ role: fc.constantFrom("user", "assistant", "system"), content: fc.oneof(fc.string(), fc.array(part, { maxLength: 3 })) });
    const body = fc.record(
      {
        model: fc.string(), input: fc.oneof(fc.string(), fc.array(fc.oneof(item, message), { maxLength: 6 }), fc.jsonValue()), tools: fc.oneof(fc.array(fc.record({ type: fc.constantFrom("function", "custom", "namespace", "mcp"), name: fc.jsonValue(), tools: fc.jsonValue() }, { requiredKeys: ["type"] })), fc.jsonValue()),
        tool_choice: fc.jsonValue(), text: fc.jsonValue(), reasoning: fc.jsonValue(), include: fc.jsonValue(), metadata: fc.jsonValue(), stream: fc.jsonValue(), user: fc.jsonValue(), instructions: fc.jsonValue(),
      },
      { requiredKeys: ["input"] },
    );
    let read = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: body.map((one) => Buffer.from(JSON.stringify(one))) }, noise, fc.json().map((text) => Buffer.from(text))), (bytes) => {
        const conversation = codec.decodeRequest(bytes, asked);
        if (isInvalid(conversation)) expect(conversation.problem).toMatch(/./);
        else {
          read++;
          expect(sent(conversation).body).toBeTypeOf("object");
          expect(sent({ ...conversation, protocol: "anthropic-messages" }).body).toBeTypeOf("object");
        }
      }),
      settings,
    );
    expect(read).toBeGreaterThan(10);
  });

  test("any body is an answer or a failure with words", () => {
    fc.assert(
      fc.property(fc.oneof(response.map((one) => Buffer.from(JSON.stringify(one))), noise, fc.json().map((text) => Buffer.from(text))), fc.integer({ min: 400, max: 599 }), (bytes, status) => {
        const reply = codec.decodeReply(bytes, target());
        if (!isFailure(reply)) expect(reply.choices).toHaveLength(1);
        expect(codec.decodeFailure(status, {}, bytes)).toMatchObject({ status });
      }),
      settings,
    );
  });
});
