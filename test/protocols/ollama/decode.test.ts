// What Ollama answers: lines of JSON, whole answers, failures, also in the middle of a success.
import { describe, expect, test, vi } from "vitest";
import { noUsage } from "../../../dataplane/protocols/ir.ts";
import { ollamaCodec as codec } from "../../../dataplane/protocols/ollama/index.ts";
import { collected, differenceBetweenCuts, eventsIn, expectSameForChatClients, expectToSurvive, failureIn, failureOf, replyOf, saidIn } from "../providing.ts";

vi.setConfig({ testTimeout: 60_000 });

const head = { model: "qwen3", created_at: "2026-05-24T20:57:43.314639Z" };
const line = (message: object, more: object = {}): string => `${JSON.stringify({ ...head, message: { role: "assistant", content: "", ...message }, done: false, ...more })}\n`;
const counts = { total_duration: 5_000_000, prompt_eval_count: 26, eval_count: 12 };
const last = (done_reason: string | undefined = "stop", more: object = counts): string => line({}, { done: true, done_reason, ...more });
const call = (name: string, args: object): object => ({ function: { name, arguments: args } });

const read = (...parts: string[]) => eventsIn(codec, [Buffer.from(parts.join(""))]);

const everything = [
  line({ thinking: "Hm, 天" }), line({ thinking: "气." }), line({ content: "Let me" }), line({ content: " see." }),
  line({ tool_calls: [call("weather", { city: "Rom" }), call("weather", { city: "Oslo" })] }), line({ tool_calls: [call("time", {})] }), last(),
].join("");

describe("a stream", () => {
  test("tells thinking, text and calls, whose end it calls a stop", () => {
    const reply = collected(read(everything));
    expect(saidIn(reply)).toEqual(["reasoning Hm, 天气.", "text Let me see.", 'call  weather {"city":"Rom"}', 'call  weather {"city":"Oslo"}', "call  time {}"]);
    expect(reply).toMatchObject({ id: "", model: "qwen3", createdAt: 1_779_656_263, choices: [{ finish: { reason: "tool-calls", raw: "stop" } }] });
    expect(reply.usage).toEqual({ ...noUsage(), inputTokens: 26, outputTokens: 12 });
  });

  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["load", "other"],
    ["unload", "other"],
  ])("that ends with %s ends by %s", (word, reason) => {
    expect(collected(read(line({ content: "a" }), last(word))).choices[0]?.finish).toEqual({ reason, raw: word });
  });

  test("of an older server that gives no reason has ended naturally", () => {
    const { done_reason: _, ...older } = JSON.parse(last()) as Record<string, unknown>;
    expect(collected(read(line({ content: "a" }), JSON.stringify(older))).choices[0]?.finish).toEqual({ reason: "stop", raw: "" });
  });

  test("that is cut off in the length is not one of calls", () => {
    expect(collected(read(line({ tool_calls: [call("f", {})] }), last("length"))).choices[0]?.finish.reason).toBe("length");
  });

  test("counts no input that was not counted there", () => {
    expect(collected(read(line({ content: "a" }), last("stop", { eval_count: 3 }))).usage).toEqual({ ...noUsage(), outputTokens: 3 });
  });

  test("is truncated without its last line, and complete without that line's end", () => {
    expect(failureIn(read(line({ content: "a" })))).toMatchObject({ code: "truncated" });
    expect(failureIn(read(line({ content: "a" }), last().slice(0, -4)))).toMatchObject({ code: "truncated" });
    expect(read(line({ content: "a" }), last().trimEnd()).at(-1)).toEqual({ kind: "end" });
    expect(failureIn(read())).toMatchObject({ code: "truncated" });
  });

  test("fails at a line that reports an error, wherever it stands", () => {
    expect(failureIn(read(line({ content: "a" }), '{"error":"an error was encountered while running the model: CUDA error"}\n', last()))).toMatchObject({ kind: "internal", status: 0, message: "an error was encountered while running the model: CUDA error" });
    expect(failureIn(read('{"error":"model \\"x\\" not found, try pulling it first"}'))).toMatchObject({ kind: "not-found" });
    expect(read(line({ content: "a" }, { error: "" }), last()).at(-1)).toEqual({ kind: "end" });
  });

  test("fails at a line that is no object, and at one that is longer than may be held", () => {
    expect(failureIn(read(line({ content: "a" }), "<html>\n"))).toMatchObject({ code: "unreadable" });
    expect(failureIn(eventsIn(codec, [Buffer.from(line({ content: "x".repeat(4000) }))], 1000))).toMatchObject({ code: "too_large" });
  });

  test("ignores what comes behind its end", () => {
    expect(read(everything, line({ content: "more" }), "x\n")).toEqual(read(everything));
  });

  test("keeps an id where a newer server gives one, the numbers of arguments, and arguments that are text", () => {
    const withNumbers = line({ tool_calls: [{ id: "call_1", function: { index: 0, name: "f", arguments: "@" } }] }).replace('"@"', '{"id": 9007199254740993, "rate": 1.0}');
    const withText = line({ tool_calls: [{ id: "call_2", function: { name: "g", arguments: '{"a": 1}' } }] });
    expect(saidIn(collected(read(withNumbers, withText, last())))).toEqual(['call call_1 f {"id":9007199254740993,"rate":1.0}', 'call call_2 g {"a": 1}']);
  });

  test("tells probabilities, and keeps surrogate pairs together", () => {
    const logprobs = [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [{ token: "b", logprob: -2 }] }];
    expect(collected(read(line({ content: "a" }, { logprobs }), last())).choices[0]?.blocks[0]).toMatchObject({ logprobs: [{ token: "a", logprob: -0.5, bytes: [97], top: [{ token: "b", logprob: -2, bytes: null }] }] });
    const texts = read(line({ content: "a\ud83c" }), line({ content: "\udf05b" }), last()).flatMap((one) => (one.kind === "text" ? [one.text] : []));
    expect(texts).toEqual(["a", "🌅b"]);
  });

  test("means the same wherever it is cut", () => {
    expect(differenceBetweenCuts(codec, Buffer.from(everything))).toBeUndefined();
    expect(differenceBetweenCuts(codec, Buffer.from(`\uFEFF${everything.replaceAll("\n", "\r\n\n")}`))).toBeUndefined();
  });

  test("is the same for clients of OpenAI's chat as the whole answer", async () => {
    await expectSameForChatClients(read(line({ thinking: "Hm." }), line({ content: "Let me see." }), line({ tool_calls: [{ id: "call_1", ...call("weather", { city: "Rom" }) }] }), last()));
    await expectSameForChatClients(read(line({ content: "a" }), last("length")));
  });
});

describe("a whole answer", () => {
  const answer = { ...head, message: { role: "assistant", content: "So.", thinking: "Hm.", tool_calls: [call("time", {})] }, done: true, done_reason: "stop", ...counts };

  test("is a line that is also the last, on one line or on many", () => {
    for (const body of [JSON.stringify(answer), JSON.stringify(answer, null, 2), `${JSON.stringify(answer)}\n`]) {
      const reply = replyOf(codec, body);
      expect(saidIn(reply)).toEqual(["reasoning Hm.", "text So.", "call  time {}"]);
      expect(reply).toMatchObject({ model: "qwen3", choices: [{ finish: { reason: "tool-calls" } }], usage: { inputTokens: 26, outputTokens: 12 } });
    }
  });

  test("of a server that streams unasked is joined", () => {
    expect(saidIn(replyOf(codec, everything)).slice(0, 2)).toEqual(["reasoning Hm, 天气.", "text Let me see."]);
  });

  test("that is a failure, or none at all, is told as one", () => {
    expect(failureOf(codec, { error: "server busy, please try again. maximum pending requests exceeded" })).toMatchObject({ kind: "overloaded", status: 0 });
    expect(failureOf(codec, { ...answer, done: false })).toMatchObject({ code: "truncated" });
    for (const body of ["<html>", "[]", "7"]) expect(failureOf(codec, body)).toMatchObject({ code: "unreadable" });
    expect(failureOf(codec, "")).toMatchObject({ code: "truncated" });
  });
});

describe("a refusal", () => {
  test.each([
    [400, '{"error":"llama3 does not support tools"}', "invalid"],
    [400, '{"error":"the prompt exceeds the available context size"}', "context-too-long"],
    [401, '{"error":"unauthorized"}', "credential"],
    [403, '{"error":"this model requires a subscription"}', "forbidden"],
    [404, '{"error":"model \\"x\\" not found, try pulling it first"}', "not-found"],
    [404, "404 page not found", "not-found"],
    [408, "", "timeout"],
    [429, '{"error":"you have reached your usage limit"}', "rate-limited"],
    [500, '{"error":"llama runner process has terminated: exit status 2"}', "internal"],
    [500, '{"error":"timed out waiting for llama runner to start"}', "timeout"],
    [503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}', "overloaded"],
  ])("with status %i and %s is %s", (status, body, kind) => {
    expect(codec.decodeFailure(status, {}, Buffer.from(body))).toMatchObject({ status, kind });
  });

  test("keeps the message", () => {
    expect(codec.decodeFailure(400, {}, Buffer.from('{"error":"nope"}')).message).toBe("nope");
  });
});

test("whatever comes becomes events in order, or a failure", () => {
  expectToSurvive(
    codec,
    {
      words: ["\n", "\r\n", "{", "}", '"', "\uFEFF", line({ content: "a" }), line({ thinking: "b" }), line({ tool_calls: [call("f", { a: 1.5 })] }), line({ images: ["AAAA", 7] }), line({ tool_calls: [{ function: 7 }, 8] }), '{"error":"x"}\n', last(), last("load")],
      members: ["message", "content", "thinking", "tool_calls", "images", "function", "name", "arguments", "id", "done", "done_reason", "error", "model", "created_at", "logprobs", "token", "bytes", "top_logprobs", "prompt_eval_count", "eval_count", "__proto__"],
      samples: [Buffer.from(everything)],
      frame: (document) => `${JSON.stringify(document)}\n`,
    },
    300,
  );
});

test("values that are nested deeper than anybody can walk are a failure, not a fault of ours", () => {
  const deep = `${'{"a":'.repeat(60_000)}1${"}".repeat(60_000)}`;
  const text = `{"message":{"content":"a","tool_calls":[{"function":{"name":"f","arguments":${deep}}}]},"done":true}`;
  expect(failureIn(eventsIn(codec, [Buffer.from(`${text}\n`)]))).toMatchObject({ kind: "internal" });
  expect(failureOf(codec, text)).toMatchObject({ kind: "internal" });
});
