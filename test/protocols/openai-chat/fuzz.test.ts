// Whatever comes, from clients and from providers: nothing is thrown, events keep their order, and the cuts do not matter.
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { openaiCompletionsCodec as older } from "../../../dataplane/protocols/openai-completions/index.ts";
import { fixture, fixtureNames } from "../watching.ts";
import { ask, asked, eventsIn, orderProblems, targetOf, written } from "./asking.ts";

vi.setConfig({ testTimeout: 60_000 });
const RUNS = 400;

const words = [
  "data: ", "data:", "event: error\n", "error: ", "\n", "\r\n", "\n\n", ":", "[DONE]", "{", "}", "[", "]", ",", '"', "null", "🌅", "\\ud83c",
  '{"choices":[', '{"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}', '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}',
  '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":{"a":1.0}}}]}}]}', '{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"text":"x"}]},7,null]}}]}',
  '{"choices":[{"delta":{"audio":{"data":"AAA"}},"logprobs":{"content":[{}]}}]}', '{"choices":[{"index":-1,"message":{"content":"<think>"},"finish_reason":"stop"}]}',
  '{"choices":[{"finish_reason":"stop"}]}', '{"error":{"message":"m"}}', '{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","text":"a","index":0},{"data":"e"}]}}],"citations":["u",7]}',
];
const recordings = fixtureNames("openai-chat").map((name) => fixture(`openai-chat/${name}`));
const damaged = fc.tuple(fc.constantFrom(...recordings), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 })).map(([bytes, changes]) => {
  const copy = Buffer.from(bytes);
  for (const [at, byte] of changes) copy[at % copy.length] = byte;
  return copy;
});
const anyJson = fc.json({ maxDepth: 6 });
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => Buffer.from(parts.join(""))),
  fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => Buffer.from(parts.map((part) => `data: ${part}\n\n`).join(""))),
  damaged,
);

/** Objects with the members of the protocol and any values. */
const member = fc.constantFrom(
  "messages", "role", "content", "type", "text", "image_url", "url", "tools", "function", "name", "parameters", "tool_calls", "id", "arguments", "tool_choice", "stop", "response_format", "reasoning", "reasoning_details",
  "index", "choices", "delta", "message", "finish_reason", "usage", "annotations", "audio", "refusal", "extra_content", "google", "thought_signature", "prompt", "logprobs", "error", "function_call", "__proto__",
);
const { value: anyDocument } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, true, 0, 1.5, "", "a", "user", "assistant", "tool", "text", "function", "image_url", "data:,x", "stop"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(member, tie("value")), { maxLength: 6 }).map((entries) => Object.fromEntries(entries) as unknown),
  ),
}));

const piecesOf = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};

test("any bytes of a stream become events in order, however they are cut", () => {
  fc.assert(
    fc.property(garbage, fc.array(fc.nat(), { maxLength: 8 }), fc.boolean(), fc.constantFrom(60, 8_388_608), (bytes, cuts, hasThinkTags, eventBytesMax) => {
      const events = eventsIn([bytes], { hasThinkTags }, eventBytesMax);
      expect(orderProblems(events)).toEqual([]);
      if (eventBytesMax > 60) expect(eventsIn(piecesOf(bytes, cuts), { hasThinkTags }, eventBytesMax)).toEqual(events);
      expect(written(events, ask({ stream: true }))).toMatch(/^(?:: .*\n\n|data: .*\n\n)*$/);
    }),
    { numRuns: RUNS },
  );
});

test("any chunks of the protocol's members become events in order", () => {
  fc.assert(
    fc.property(fc.array(anyDocument, { maxLength: 8 }), (documents) => {
      const bytes = Buffer.from(documents.map((document) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: document }] })}\n\n`).join(""));
      expect(orderProblems(eventsIn([bytes]))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test("any body is a reply or a failure, and a reply can be told", () => {
  fc.assert(
    fc.property(fc.oneof(garbage, anyJson.map((text) => Buffer.from(text)), anyDocument.map((document) => Buffer.from(JSON.stringify({ choices: [{ message: document, finish_reason: "stop" }] })))), (bytes) => {
      const reply = codec.decodeReply(bytes, targetOf());
      expect(isFailure(reply) ? typeof reply.message : typeof reply.id).toBe("string");
      if (isFailure(reply)) return;
      expect(JSON.parse(codec.encodeReply(reply, ask()).body.toString())).toMatchObject({ object: "chat.completion" });
      expect(JSON.parse(older.encodeReply(reply, ask()).body.toString())).toMatchObject({ object: "text_completion" });
      expect(orderProblems(eventsOf(reply))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test("any body is a failure when its status says so", () => {
  fc.assert(
    fc.property(fc.oneof(garbage, anyJson.map((text) => Buffer.from(text))), fc.integer({ min: 300, max: 599 }), fc.string(), (bytes, status, retryAfter) => {
      const failure = codec.decodeFailure(status, { "retry-after": retryAfter }, bytes);
      expect(failure.status).toBe(status);
      expect(failure.retryAfterSeconds).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: RUNS },
  );
});

test("any request is refused with words, or can be sent in every dialect", () => {
  const dialects = [{}, { reasoningMember: "reasoning_details", reasoningRequest: "reasoning" }, { reasoningMember: "thinking-parts", prefillMember: "prefix" }, { reasoningMember: "reasoning_content", replaysReasoning: true, reasoningRequest: "enable_thinking" }] as const;
  fc.assert(
    fc.property(fc.oneof(garbage, anyDocument.map((document) => Buffer.from(JSON.stringify(document))), anyDocument.map((document) => Buffer.from(JSON.stringify({ messages: [document], prompt: document, tools: document })))), (bytes) => {
      for (const { decodeRequest } of [codec, older]) {
        const conversation = decodeRequest(bytes, asked);
        if (isInvalid(conversation)) expect(conversation.problem.length).toBeGreaterThan(10);
        else for (const dialect of dialects) expect(JSON.parse(codec.encodeRequest(conversation, targetOf(dialect)).body.toString())).toHaveProperty("messages");
      }
    }),
    { numRuns: RUNS },
  );
});

test("values that are nested deeper than anybody can walk are failures, not faults of ours", () => {
  const deep = (inner: string, opening: string, closing: string): string => opening.repeat(100_000) + inner + closing.repeat(100_000);
  const call = `{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":${deep("1", "[", "]")}}}}]}}]}`;
  const nested = deep('"m"', '{"error":', "}");
  for (const document of [call, nested]) {
    const bytes = Buffer.from(`data: ${document}\n\n`);
    expect(orderProblems(eventsIn([bytes]))).toEqual([]);
    expect(eventsIn([bytes]).at(-1)?.kind).toBe("failure");
    expect(isFailure(codec.decodeReply(Buffer.from(document.replace('"delta"', '"message"')), targetOf()))).toBe(true);
    expect(codec.decodeFailure(500, {}, Buffer.from(document)).status).toBe(500);
  }
  const request = `{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":${deep("1", "[", "]")}}}]}]}`;
  expect(codec.decodeRequest(Buffer.from(request), asked)).toMatchObject({ parameter: "" });
});
