// What Cohere answers: streams of named events, whole answers, failures.
import { describe, expect, test, vi } from "vitest";
import { cohereCodec as codec } from "../../../dataplane/protocols/cohere/index.ts";
import { noUsage } from "../../../dataplane/protocols/ir.ts";
import { orderProblems } from "../openai-chat/asking.ts";
import { collected, differenceBetweenCuts, eventsIn, expectSameForChatClients, expectToSurvive, failureIn, failureOf, replyOf, saidIn } from "../providing.ts";

vi.setConfig({ testTimeout: 60_000 });

const event = (type: string, more: object = {}): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const start = event("message-start", { id: "m1", delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } } });
const begin = (index: number, type = "text"): string => event("content-start", { index, delta: { message: { content: { type, [type]: "" } } } });
const grow = (index: number, content: object, more: object = {}): string => event("content-delta", { index, delta: { message: { content } }, ...more });
const close = (index: number): string => event("content-end", { index });
const plan = (tool_plan: string): string => event("tool-plan-delta", { delta: { message: { tool_plan } } });
const callStart = (index: number, id: string, name: string): string => event("tool-call-start", { index, delta: { message: { tool_calls: { id, type: "function", function: { name, arguments: "" } } } } });
const callGrow = (index: number, text: string): string => event("tool-call-delta", { index, delta: { message: { tool_calls: { function: { arguments: text } } } } });
const callEnd = (index: number): string => event("tool-call-end", { index });
const cite = (index: number, citations: object): string => event("citation-start", { index, delta: { message: { citations } } }) + event("citation-end", { index });
const usage = { billed_units: { input_tokens: 9, output_tokens: 5 }, tokens: { input_tokens: 120, output_tokens: 30 }, cached_tokens: 100 };
const end = (finish_reason: string, more: object = { usage }): string => event("message-end", { delta: { finish_reason, ...more } });
const DONE = "data: [DONE]\n\n";

const read = (...parts: string[]) => eventsIn(codec, [Buffer.from(parts.join(""))]);

const everything = [
  start, begin(0, "thinking"), grow(0, { thinking: "Hm, 天" }), grow(0, { thinking: "气." }), close(0), plan("I will"), plan(" look."),
  callStart(0, "weather_1", "weather"), callGrow(0, '{"city":'), callGrow(0, ' "Rom"}'), callEnd(0), callStart(1, "time_2", "time"), callEnd(1), end("TOOL_CALL"), DONE,
].join("");

describe("a stream", () => {
  test("tells thinking, the plan and the calls, in their order", () => {
    const reply = collected(read(everything));
    expect(saidIn(reply)).toEqual(["reasoning Hm, 天气.", "text I will look.", 'call weather_1 weather {"city": "Rom"}', "call time_2 time "]);
    expect(reply).toMatchObject({ id: "m1", choices: [{ finish: { reason: "tool-calls", raw: "TOOL_CALL" } }] });
    expect(reply.usage).toEqual({ ...noUsage(), inputTokens: 120, outputTokens: 30, cachedInputTokens: 100 });
  });

  test("begins a block with each content", () => {
    expect(saidIn(collected(read(start, begin(0), grow(0, { text: "a" }), close(0), begin(1), grow(1, { text: "b" }), close(1), end("COMPLETE"), DONE)))).toEqual(["text a", "text b"]);
  });

  test.each([
    ["COMPLETE", "stop"],
    ["STOP_SEQUENCE", "stop-sequence"],
    ["MAX_TOKENS", "length"],
    ["TOOL_CALL", "stop"],
    ["SOMETHING_NEW", "other"],
  ])("that ends with %s ends by %s", (word, reason) => {
    expect(collected(read(start, begin(0), grow(0, { text: "a" }), end(word), DONE)).choices[0]?.finish).toEqual({ reason, raw: word });
  });

  test("that ends naturally behind a call ends for the call, one that was cut off does not", () => {
    const called = [start, callStart(0, "c", "f"), callGrow(0, '{"a"')].join("");
    expect(collected(read(called, callEnd(0), end("COMPLETE"), DONE)).choices[0]?.finish.reason).toBe("tool-calls");
    const cut = collected(read(called, end("MAX_TOKENS"), DONE));
    expect(cut.choices[0]?.finish.reason).toBe("length");
    expect(saidIn(cut)).toEqual(['call c f {"a"']);
  });

  test.each(["ERROR", "TIMEOUT"])("that ends with %s has failed", (word) => {
    const failure = failureIn(read(start, begin(0), grow(0, { text: "a" }), end(word, { error: "out of luck" }), DONE));
    expect(failure).toMatchObject({ status: 0, message: "out of luck", code: word });
    expect(failureIn(read(start, end(word, {}))).kind).toBe(word === "TIMEOUT" ? "timeout" : "internal");
  });

  test("is complete when it has said why it ended, also without the terminator; otherwise it is truncated", () => {
    const said = [start, begin(0), grow(0, { text: "a" })].join("");
    expect(read(said, end("COMPLETE")).at(-1)).toEqual({ kind: "end" });
    expect(failureIn(read(said))).toMatchObject({ code: "truncated" });
    expect(failureIn(read(said, DONE))).toMatchObject({ code: "truncated" });
    expect(failureIn(read(said, end("COMPLETE").trimEnd().slice(0, -3)))).toMatchObject({ code: "truncated" });
    expect(failureIn(read())).toMatchObject({ code: "truncated" });
    expect(failureIn(read(start, end(""), DONE))).toMatchObject({ code: "empty" });
  });

  test("that reports an error, by name or in a bare object, has failed with its words", () => {
    for (const bytes of ['event: error\ndata: {"message":"invalid request: too many tokens: 200000"}\n\n', 'data: {"id":"x","message":"invalid request: too many tokens: 200000"}\n\n']) {
      expect(failureIn(read(start, bytes, end("COMPLETE"), DONE))).toMatchObject({ kind: "context-too-long", message: "invalid request: too many tokens: 200000" });
    }
  });

  test("ends at an event that is longer than may be held", () => {
    expect(failureIn(eventsIn(codec, [Buffer.from(start + grow(0, { text: "x".repeat(4000) }))], 1000))).toMatchObject({ code: "too_large" });
  });

  test("skips events and contents that are not known, and reads the type in the data alone", () => {
    const events = read(event("debug", { prompt: "p" }), start, 'data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":"a"}}}}\n\n', grow(0, { video: "v" }), event("brand-new"), end("COMPLETE"), DONE);
    expect(saidIn(collected(events))).toEqual(["text a"]);
  });

  test("keeps surrogate pairs together that were split over two deltas", () => {
    const events = read(start, begin(0), grow(0, { text: "a\ud83c" }), grow(0, { text: "\udf05b" }), callStart(0, "c", "f"), callGrow(0, '"\ud83c'), callGrow(0, '\udf05"'), end("COMPLETE"), DONE);
    const texts = events.flatMap((one) => (one.kind === "text" ? [one.text] : []));
    expect(texts).toEqual(["a", "🌅b", '"', '🌅"']);
  });

  test("tells citations with the text that they are about, where positions are found in it", () => {
    const source = { type: "document", id: "d0", document: { title: "A page", url: "https://a.example/", snippet: "Rome is" } };
    const [block] = collected(read(start, begin(0), grow(0, { text: "🌅 Rome is old." }), cite(0, { start: 2, end: 6, text: "Rome", sources: [source, { type: "tool", id: "w:0", tool_output: { content: "It is." } }] }), close(0), end("COMPLETE"), DONE)).choices[0]?.blocks ?? [];
    // Counted in code points: the sun is one.
    expect(block).toMatchObject({
      citations: [
        { kind: "url", start: 3, end: 7, url: "https://a.example/", title: "A page", citedText: "Rome is" },
        { kind: "document", start: 3, end: 7, url: "", title: "w:0", citedText: "It is." },
      ],
    });
  });

  test("tells the place of a citation only where its content is the one that is open", () => {
    const citation = { start: 0, end: 1, text: "b", sources: [{ type: "document", id: "d" }] };
    const stream = (content_index: number) => read(start, begin(0, "thinking"), grow(0, { thinking: "a" }), begin(1), grow(1, { text: "b" }), cite(0, { ...citation, content_index }), end("COMPLETE"), DONE);
    expect(collected(stream(1)).choices[0]?.blocks[1]).toMatchObject({ citations: [{ start: 0, end: 1 }] });
    expect(collected(stream(0)).choices[0]?.blocks[1]).toMatchObject({ citations: [{ start: -1, end: -1 }] });
  });

  test("tells probabilities of pieces of text", () => {
    const stream = read(start, begin(0), grow(0, { text: "Hello" }, { logprobs: { text: "Hello", token_ids: [1, 2], logprobs: [-0.25, -0.5] } }), end("COMPLETE"), DONE);
    expect(collected(stream).choices[0]?.blocks[0]).toMatchObject({ logprobs: [{ token: "Hello", logprob: -0.75, bytes: [72, 101, 108, 108, 111], top: [] }] });
  });

  test("takes what was charged for the usage where nothing else is said, and nothing where nothing is", () => {
    const usageOf = (more: object) => collected(read(start, begin(0), grow(0, { text: "a" }), end("COMPLETE", more), DONE)).usage;
    expect(usageOf({ usage: { billed_units: { input_tokens: 9, output_tokens: 5 } } })).toMatchObject({ inputTokens: 9, outputTokens: 5, cachedInputTokens: -1 });
    expect(usageOf({})).toEqual(noUsage());
  });

  test("means the same wherever it is cut", () => {
    expect(differenceBetweenCuts(codec, Buffer.from(everything))).toBeUndefined();
    expect(differenceBetweenCuts(codec, Buffer.from(`\uFEFF${everything.replaceAll("\n", "\r\n")}`))).toBeUndefined();
  });

  test("is the same for clients of OpenAI's chat as the whole answer", async () => {
    await expectSameForChatClients(read(everything));
  });
});

describe("a whole answer", () => {
  const message = { role: "assistant", content: [{ type: "thinking", thinking: "Hm." }, { type: "text", text: "Rome is old." }] };

  test("says what its stream would", () => {
    const reply = replyOf(codec, {
      id: "m1", finish_reason: "TOOL_CALL", usage,
      message: { role: "assistant", tool_plan: "I will look.", tool_calls: [{ id: "weather_1", type: "function", function: { name: "weather", arguments: '{"city": "Rom"}' } }, { id: "time_2", type: "function", function: { name: "time", arguments: "" } }] },
    });
    expect(saidIn(reply)).toEqual(["text I will look.", 'call weather_1 weather {"city": "Rom"}', "call time_2 time "]);
    expect(reply).toMatchObject({ id: "m1", choices: [{ finish: { reason: "tool-calls" } }], usage: { inputTokens: 120, cachedInputTokens: 100 } });
  });

  test("puts citations and probabilities to their contents", () => {
    const citations = [{ start: 0, end: 4, text: "Rome", sources: [{ type: "document", id: "d0", document: { title: "A page" } }], content_index: 1 }, { start: 8, end: 11, text: "old", sources: [{ id: "d1" }] }];
    const reply = replyOf(codec, { id: "m1", finish_reason: "COMPLETE", message: { ...message, citations }, logprobs: [{ text: "Rome is old.", token_ids: [1], logprobs: [-0.5] }] });
    expect(saidIn(reply)).toEqual(["reasoning Hm.", "text Rome is old."]);
    expect(reply.choices[0]?.blocks[1]).toMatchObject({ citations: [{ start: 0, end: 4, title: "A page" }, { start: 8, end: 11, title: "d1" }], logprobs: [{ logprob: -0.5 }] });
  });

  test("with an error inside is a failure, and so is what is no answer", () => {
    expect(failureOf(codec, { id: "x", message: "something is wrong" })).toMatchObject({ status: 0, message: "something is wrong" });
    expect(failureOf(codec, { id: "x", finish_reason: "ERROR", message })).toMatchObject({ kind: "internal" });
    expect(failureOf(codec, { id: "x", message: { role: "assistant" } })).toMatchObject({ code: "empty" });
    for (const body of ["", "<html>", "[]", "7", "{}"]) expect(failureOf(codec, body)).toMatchObject({ code: "unreadable" });
  });
});

describe("a refusal", () => {
  const refusal = (status: number, body: string, headers = {}) => codec.decodeFailure(status, headers, Buffer.from(body));

  test.each([
    [400, '{"id":"i","message":"invalid request: message must be at least 1 token long"}', "invalid"],
    [400, '{"message":"too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 200000"}', "context-too-long"],
    [401, '{"id":"i","message":"invalid api token"}', "credential"],
    [402, '{"message":"please add a payment method"}', "payment"],
    [403, '{"message":"not allowed"}', "forbidden"],
    [404, '{"id":"i","message":"model \'command-x\' not found, make sure the correct model ID was used"}', "not-found"],
    [422, '{"message":"messages: required"}', "invalid"],
    [429, '{"message":"You are using a Trial key, which is limited to 20 API calls / minute"}', "rate-limited"],
    [498, '{"message":"blocked token"}', "credential"],
    [499, '{"message":"request cancelled"}', "timeout"],
    [500, '{"message":"internal server error"}', "internal"],
    [503, "upstream connect error", "overloaded"],
    [504, "", "timeout"],
    [418, "[]", "invalid"],
  ])("with status %i and %s is %s", (status, body, kind) => {
    expect(refusal(status, body)).toMatchObject({ status, kind });
  });

  test("keeps the message, and no page for people", () => {
    expect(refusal(400, '{"id":"i","message":"nope"}').message).toBe("nope");
    expect(refusal(502, "<html><body>Bad Gateway</body></html>").message).toBe("");
  });

  test("tells how long to wait, in every form", () => {
    expect(refusal(429, "{}", { "retry-after": "7" }).retryAfterSeconds).toBe(7);
    expect(refusal(429, "{}", { "retry-after-ms": "1500" }).retryAfterSeconds).toBe(2);
    expect(refusal(429, "{}", { "retry-after": "Wed, 01 Jan 2025 00:00:30 GMT", date: "Wed, 01 Jan 2025 00:00:00 GMT" }).retryAfterSeconds).toBe(30);
    expect(refusal(429, "{}", { "retry-after": "-5" }).retryAfterSeconds).toBe(0);
  });
});

test("whatever comes becomes events in order, or a failure", () => {
  expectToSurvive(
    codec,
    {
      words: ["data: ", "event: ", "message-start", "\n", "\n\n", "[DONE]", "{", "}", '"', start, begin(0), begin(1, "thinking"), grow(0, { text: "a" }), grow(0, { thinking: "b" }, { logprobs: {} }), plan("p"), callStart(0, "c", "f"), callGrow(0, "{"), callGrow(4, "x"), callEnd(0), cite(0, { start: -4, end: "x", sources: [{}] }), end("COMPLETE"), end("ERROR"), DONE],
      members: ["type", "delta", "message", "content", "text", "thinking", "tool_plan", "tool_calls", "function", "name", "arguments", "citations", "sources", "start", "end", "index", "content_index", "usage", "tokens", "finish_reason", "error", "id", "logprobs", "__proto__"],
      samples: [Buffer.from(everything)],
      frame: (document) => `data: ${JSON.stringify(document)}\n\n`,
    },
    300,
  );
});

test("values that are nested deeper than anybody can walk are a failure, not a fault of ours", () => {
  const deep = `${'{"a":'.repeat(60_000)}1${"}".repeat(60_000)}`;
  const bytes = Buffer.from(start + begin(0) + grow(0, { text: "a" }) + `data: {"type":"citation-start","delta":{"message":{"citations":{"sources":[{"tool_output":${deep}}]}}}}\n\n`);
  expect(orderProblems(eventsIn(codec, [bytes]))).toEqual([]);
  expect(failureIn(eventsIn(codec, [bytes]))).toMatchObject({ kind: "internal" });
  expect(codec.decodeFailure(500, {}, Buffer.from(`{"error":${deep}}`)).status).toBe(500);
});
