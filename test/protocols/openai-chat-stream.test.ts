// What a watch over a chat stream tells about it, in OpenAI's own form and in the dialects of its compatibles.
import { describe, expect, test } from "vitest";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { fixture, watchPieces } from "./watching.ts";

const openChat = () => passThroughs["openai-chat"].openStream(8_388_608);
const watchBytes = (bytes: Buffer | string) => watchPieces(openChat, [Buffer.from(bytes)]);
const watchFixture = (name: string) => watchBytes(fixture(`openai-chat/${name}.sse`));
const event = (document: unknown) => `data: ${JSON.stringify(document)}\n\n`;
const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({ object: "chat.completion.chunk", model: "m", choices: [{ index: 0, delta, finish_reason: finish }], ...more });

describe("the usage of a chat stream", () => {
  test.each([
    ["in a chunk of its own behind the last", "usage-last", [12, 7, 4, 3]],
    ["on the chunk with the finish reason", "usage-on-finish", [159, 28, 128, -1]],
    ["in every chunk, of which the last counts", "usage-each-chunk-crlf", [9, 5, -1, -1]],
    ["behind the finish reason, in a chunk with choices", "comments", [43, 36, -1, 13]],
    ["inside the choice", "usage-in-choice", [5, 3, 2, -1]],
    ["on the last chunk of a stream without terminator", "no-terminator", [15, 8, 0, -1]],
    ["before kilobytes of moderation", "finish-then-moderation", [12, 7, 4, 3]],
    ["with reasoning that only the total counts", "whole-calls-without-index", [35, 74, -1, 62]],
    ["which text that looks like it cannot change", "lookalikes", [12, 7, 4, 3]],
    ["not at all", "plain", [-1, -1, -1, -1]],
  ])("is read %s", (_, name, expected) => {
    const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = watchFixture(name).summary;
    expect([inputTokens, outputTokens, cachedInputTokens, reasoningTokens]).toEqual(expected);
  });

  test("never has more cached tokens than input tokens", () => {
    const usage = { prompt_tokens: 235, completion_tokens: 90, total_tokens: 325, prompt_tokens_details: { cached_tokens: 373 } };
    expect(watchBytes(event({ ...chunk({}, "stop"), usage })).summary.cachedInputTokens).toBe(235);
  });

  test("is read from behind an event that is longer than what is remembered", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 40_000, total_tokens: 40_003 };
    const long = event({ ...chunk({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "\\\"usage\\\":{".repeat(20_000) } }] }, "tool_calls"), usage });
    expect(watchBytes(`${long}data: [DONE]\n\n`).summary).toMatchObject({ inputTokens: 3, outputTokens: 40_000 });
  });

  test("is estimated from all the text when it is missing, however long the stream was", () => {
    const stream = Array.from({ length: 500 }, (_, index) => event(chunk({ content: ` word${index % 10}` }))).join("");
    const { outputTokensEstimate } = watchBytes(`${stream}${event(chunk({}, "stop"))}data: [DONE]\n\n`).summary;
    expect(outputTokensEstimate).toBeGreaterThan(600);
    expect(outputTokensEstimate).toBeLessThan(1000);
  });

  test("is estimated for what came before a client left", () => {
    const { summary, isFinished } = watchBytes(event(chunk({ role: "assistant", content: "" })) + event(chunk({ content: "eight by" })) + 'data: {"choi');
    expect([summary.outputTokensEstimate, isFinished]).toEqual([2, false]);
  });
});

describe("the end of a chat stream", () => {
  test.each([
    ["plain", { hasTerminator: true, isFinished: true }, "stop"],
    ["usage-last", { hasTerminator: true, isFinished: true }, "length"],
    ["tool-calls", { hasTerminator: true, isFinished: true }, "tool_calls"],
    ["azure-filter", { hasTerminator: true, isFinished: true }, "content_filter"],
    ["no-terminator", { hasTerminator: false, isFinished: true }, "stop"],
    ["usage-each-chunk-crlf", { hasTerminator: false, isFinished: true }, "stop"],
    ["odd-framing", { hasTerminator: true, isFinished: true, isBetweenEvents: false }, "stop"],
    ["error-midway", { hasTerminator: false, isFinished: false }, ""],
  ])("is told for %s", (name, expected, finishReason) => {
    const outcome = watchFixture(name);
    expect(outcome).toMatchObject(expected);
    expect(outcome.summary.finishReason).toBe(finishReason);
  });

  test("is not there without a terminator and a finish reason", () => {
    expect(watchBytes(event(chunk({ content: "cut" })))).toMatchObject({ isFinished: false, hasTerminator: false, hasEvent: true });
  });

  test("is not there when one of two choices has no finish reason", () => {
    const text = fixture("openai-chat/two-choices.sse").toString();
    const lines = text.split("\n\n");
    expect(watchBytes(lines.slice(0, 5).join("\n\n") + "\n\n").isFinished).toBe(false);
    expect(watchBytes(lines.slice(0, 6).join("\n\n") + "\n\n").isFinished).toBe(true);
  });

  test("is not there when the event behind the finish reason is cut off", () => {
    const text = fixture("openai-chat/usage-last.sse").toString();
    const cut = text.indexOf('"prompt_tokens"');
    expect(watchBytes(text.slice(0, cut))).toMatchObject({ isFinished: false, isBetweenEvents: false });
  });

  test("is there when only the last blank line is missing", () => {
    const text = fixture("openai-chat/no-terminator.sse").toString();
    expect(watchBytes(text.trimEnd())).toMatchObject({ isFinished: true, isBetweenEvents: false });
  });

  test("is not made by a terminator inside a text", () => {
    const text = event(chunk({ content: "data: [DONE]\n\n" })) + 'data: "[DONE]"\n\n: [DONE]\n\ndata: {"x":"\\n\\ndata: [DONE]\\n\\n"}\n\n';
    expect(watchBytes(text)).toMatchObject({ hasTerminator: false, isFinished: false });
  });

  test("is the same when it is asked for twice", () => {
    const watch = openChat();
    watch.push(fixture("openai-chat/usage-last.sse"));
    expect(watch.end()).toEqual(watch.end());
  });
});

describe("what belongs to the client", () => {
  test("ends with the terminator: a second one and what follows do not", () => {
    const bytes = fixture("openai-chat/doubled-terminator.sse").toString("latin1");
    const end = bytes.indexOf("data: [DONE]\n\n") + "data: [DONE]\n\n".length;
    expect(watchFixture("doubled-terminator").passed).toBe(bytes.slice(0, end));
  });

  test("includes the LF of the terminator's CRLF when it comes by itself, and no byte more", () => {
    const watch = openChat();
    expect(["data: [DONE]\r\n\r", "\n", "\n"].map((text) => watch.push(Buffer.from(text)))).toEqual([15, 1, 0]);
  });

  test("is every byte of a stream that has no terminator", () => {
    const bytes = fixture("openai-chat/error-midway.sse");
    expect(watchFixture("error-midway").passed).toBe(bytes.toString("latin1"));
  });
});

describe("an error inside a chat stream", () => {
  test.each([
    ["error-midway", "overloaded", "server_error"],
    ["error-first", "overloaded", "server_error"],
    ["error-then-done", "overloaded", "server_error"],
    ["error-string", "overloaded", ""],
    ["error-last-member", "502", ""],
    ["error-field", "500", "server_error"],
    ["error-event", "tool_use_failed", "invalid_request_error"],
  ])("is seen: %s", (name, code, type) => {
    expect(watchFixture(name).error).toEqual({ message: "The engine is overloaded", code, type });
  });

  test.each(["error-first", "error-midway", "error-string", "error-last-member", "error-field", "error-event"])("is seen before the stream ends: %s", (name) => {
    const watch = openChat();
    watch.push(fixture(`openai-chat/${name}.sse`));
    expect(watch.error).not.toBeNull();
  });

  test("is seen late in a long stream, where it is not the first member", () => {
    const words = Array.from({ length: 300 }, (_, index) => event(chunk({ content: ` word${index}` }))).join("");
    expect(watchBytes(words + event(chunk({ content: "" }, "error", { error: { code: 502, message: "gone" } }))).error).toMatchObject({ message: "gone", code: "502" });
  });

  test("is what a finish reason can say too", () => {
    expect(watchBytes(event(chunk({}, "insufficient_system_resource"))).error?.code).toBe("insufficient_system_resource");
  });

  test("is none when it is null, and text about errors is none", () => {
    expect(watchFixture("error-null").error).toBeNull();
    expect(watchFixture("lookalikes").error).toBeNull();
  });
});

describe("events", () => {
  test("with data count; comments, pings and empty data do not", () => {
    expect(watchBytes(": ping\n\n:\n\nevent: ping\n\ndata:\n\ndata\n\nid: 1\n\n").hasEvent).toBe(false);
    expect(watchBytes('data:{"a":1}\n\n').hasEvent).toBe(true);
  });

  test("count only once their blank line has come", () => {
    const watch = openChat();
    watch.push(Buffer.from('data: {"a":1}\n'));
    expect([watch.hasEvent, watch.isBetweenEvents]).toEqual([false, false]);
    watch.push(Buffer.from("\n"));
    expect([watch.hasEvent, watch.isBetweenEvents]).toEqual([true, true]);
  });

  test("may begin behind a whole comment line, and not inside one", () => {
    const watch = openChat();
    expect(["", ": pi", "ng\n", "\n", "event: x\n", "\n"].map((text) => (watch.push(Buffer.from(text)), watch.isBetweenEvents))).toEqual([true, false, true, true, false, true]);
  });

  test("longer than the limit are told, one of just the limit is not", () => {
    const line = `data: ${"x".repeat(94)}\n`;
    const open = () => passThroughs["openai-chat"].openStream(101);
    expect(watchPieces(open, [Buffer.from(`${line}\n${line}\n`)]).isOversize).toBe(false);
    expect(watchPieces(open, [Buffer.from(`${line}\n${line.replace("x", "xx")}\n`)]).isOversize).toBe(true);
    expect(watchPieces(open, [Buffer.from(`data: ${"x".repeat(200)}`)]).isOversize).toBe(true);
  });

  test("are not too long because many comments came before them", () => {
    expect(watchPieces(() => passThroughs["openai-chat"].openStream(50), Array.from({ length: 100 }, () => Buffer.from(": keep alive\n"))).isOversize).toBe(false);
  });
});
