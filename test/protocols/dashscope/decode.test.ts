// What DashScope answers, written from its documentation (seen 2026-11; nothing of it was recorded): events in increments and
// events that repeat all, both surfaces, whole answers, failures.
import { describe, expect, test, vi } from "vitest";
import { dashscopeCodec as codec } from "../../../dataplane/protocols/dashscope/index.ts";
import { noUsage } from "../../../dataplane/protocols/ir.ts";
import { collected, differenceBetweenCuts, eventsIn, expectSameForChatClients, expectToSurvive, failureIn, failureOf, replyOf, saidIn } from "../providing.ts";

vi.setConfig({ testTimeout: 60_000 });

let tokens = 0;
const usage = () => ({ input_tokens: 22, output_tokens: (tokens += 1), total_tokens: 22 + tokens });
const documentOf = (choices: object[], more: object = {}): object => ({ output: { text: null, finish_reason: null, choices }, usage: usage(), request_id: "r-1", ...more });
const choice = (message: object, finish_reason = "null", more: object = {}): object => ({ message: { role: "assistant", ...message }, finish_reason, ...more });
const event = (document: object, id = 1): string => `id:${id}\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify(document)}\n\n`;
const say = (message: object, finish?: string, more?: object): string => event(documentOf([choice(message, finish, more)]));
const call = (name: string, args: string, index = 0, id = name === "" ? "" : `call_${index}`): object => ({ index, id, type: "function", function: { name, arguments: args } });

const read = (...parts: string[]) => eventsIn(codec, [Buffer.from(parts.join(""))]);

const increments = [
  say({ content: "", reasoning_content: "Hm, " }), say({ content: "", reasoning_content: "天气." }), say({ content: "Let me", reasoning_content: "" }), say({ content: " see." }),
  say({ content: "", tool_calls: [call("weather", "")] }), say({ content: "", tool_calls: [call("", '{"city"')] }), say({ content: "", tool_calls: [call("", ': "Rom"}')] }),
  say({ content: "", tool_calls: [call("time", "{}", 1)] }), say({ content: "" }, "tool_calls"),
];
const everything = increments.join("");

const repeated = [
  say({ content: "I am" }), say({ content: "I am a large" }), say({ content: "I am a large language model." }),
  say({ content: "I am a large language model.", tool_calls: [call("weather", '{"city"')] }), say({ content: "I am a large language model.", tool_calls: [call("weather", '{"city": "Rom"}')] }),
  say({ content: "I am a large language model.", tool_calls: [call("weather", '{"city": "Rom"}'), call("time", "{}", 1)] }, "tool_calls"),
].join("");

describe("a stream", () => {
  test("of increments tells thinking, text and calls", () => {
    const reply = collected(read(everything));
    expect(saidIn(reply)).toEqual(["reasoning Hm, 天气.", "text Let me see.", 'call call_0 weather {"city": "Rom"}', "call call_1 time {}"]);
    expect(reply).toMatchObject({ id: "r-1", choices: [{ finish: { reason: "tool-calls", raw: "tool_calls" } }] });
  });

  test("that repeats all in each event tells each thing once", () => {
    expect(saidIn(collected(read(repeated)))).toEqual(["text I am a large language model.", 'call call_0 weather {"city": "Rom"}', "call call_1 time {}"]);
  });

  test("that repeats short thinking beside the text tells it once", () => {
    const [thought, answer] = ["Hm", "So it is."];
    const stream = read(say({ content: "", reasoning_content: thought }), say({ content: "So", reasoning_content: thought }), say({ content: answer, reasoning_content: thought }), say({ content: answer, reasoning_content: thought }, "stop"));
    expect(saidIn(collected(stream))).toEqual(["reasoning Hm", "text So it is."]);
  });

  test("that repeats is told while it grows, not at its end", () => {
    const texts = read(say({ content: "The first words" }), say({ content: "The first words of many" }), say({ content: "The first words of many more" }), say({ content: "The first words of many more" }, "stop"));
    expect(texts.flatMap((one) => (one.kind === "text" ? [one.text] : []))).toEqual(["The first words", " of many", " more"]);
  });

  test("ends a call when the next begins, and not before", () => {
    const kinds = read(everything).flatMap((one) => (one.kind === "block-start" || one.kind === "block-stop" ? [`${one.kind} ${one.index}`] : []));
    expect(kinds).toEqual(["block-start 0", "block-stop 0", "block-start 1", "block-stop 1", "block-start 2", "block-stop 2", "block-start 3", "block-stop 3"]);
  });

  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["tool_calls", "stop"],
    ["something_new", "other"],
  ])("that ends with %s ends by %s", (word, reason) => {
    expect(collected(read(say({ content: "a" }), say({ content: "" }, word))).choices[0]?.finish).toEqual({ reason, raw: word });
  });

  test("that ends naturally behind a call ends for the call", () => {
    expect(collected(read(say({ content: "", tool_calls: [call("f", "{}")] }), say({ content: "" }, "stop"))).choices[0]?.finish.reason).toBe("tool-calls");
  });

  test("is complete when it ends behind the reason why, and truncated before", () => {
    expect(read(say({ content: "a" }), say({ content: "" }, "stop")).at(-1)).toEqual({ kind: "end" });
    expect(failureIn(read(say({ content: "a" })))).toMatchObject({ code: "truncated" });
    expect(failureIn(read(say({ content: "a" }), say({ content: "" }, "stop").trimEnd().slice(0, -2)))).toMatchObject({ code: "truncated" });
    expect(failureIn(read())).toMatchObject({ code: "truncated" });
    expect(read(say({ content: "a" }), say({ content: "" }, "stop").trimEnd()).at(-1)).toEqual({ kind: "end" });
    expect(read(say({ content: "a" }), say({ content: "" }, "stop"), "data: [DONE]\n\n").at(-1)).toEqual({ kind: "end" });
  });

  test("tells the usage that came last, in all its parts", () => {
    const last = { input_tokens: 30, output_tokens: 12, total_tokens: 42, prompt_tokens_details: { cached_tokens: 8, cache_creation_input_tokens: 4 }, output_tokens_details: { reasoning_tokens: 5 }, input_tokens_details: { audio_tokens: 3 } };
    const reply = collected(read(say({ content: "a" }), event({ ...documentOf([choice({ content: "" }, "stop")]), usage: last })));
    expect(reply.usage).toEqual({ ...noUsage(), inputTokens: 30, outputTokens: 12, cachedInputTokens: 8, cacheWriteTokens: 4, reasoningTokens: 5, audioInputTokens: 3 });
  });

  test("may fail in the middle: by an event, or by a code in place of an answer", () => {
    const fault = { code: "DataInspectionFailed", message: "Output data may contain inappropriate content.", request_id: "r-1" };
    const named = `id:7\nevent:error\n:HTTP_STATUS/400\ndata:${JSON.stringify(fault)}\n\n`;
    for (const bytes of [named, event(fault)]) {
      expect(failureIn(read(say({ content: "a" }), bytes, say({ content: "" }, "stop")))).toMatchObject({ kind: "filtered", status: 0, code: "DataInspectionFailed", message: fault.message });
    }
    expect(failureIn(read("event:error\ndata:out of order\n\n"))).toMatchObject({ kind: "internal", message: "out of order" });
  });

  test("ends at an event that is longer than may be held", () => {
    expect(failureIn(eventsIn(codec, [Buffer.from(say({ content: "x".repeat(4000) }))], 1000))).toMatchObject({ code: "too_large" });
  });

  test("of the multimodal surface has lists of parts", () => {
    const parts = (text: string): object => ({ content: [{ text }] });
    expect(saidIn(collected(read(say(parts("A dog")), say(parts(" on a beach.")), say({ content: [] }, "stop"))))).toEqual(["text A dog on a beach."]);
    const picture = { content: [{ image: "https://a.example/p.png" }] };
    expect(collected(read(say(picture), say(picture), say({ content: [] }, "stop"))).choices[0]?.blocks).toEqual([{ kind: "image", at: "", source: { kind: "url", url: "https://a.example/p.png" } }]);
  });

  test("of texts, without messages, is read too", () => {
    const plain = (text: string, finish_reason: string): string => event({ output: { text, finish_reason }, usage: usage(), request_id: "r-1" });
    expect(saidIn(collected(read(plain("I am", "null"), plain("I am a large language model.", "null"), plain("I am a large language model.", "stop"))))).toEqual(["text I am a large language model."]);
  });

  test("keeps several answers apart", () => {
    const two = (one: object, other: object): string => event(documentOf([{ index: 0, ...one }, { index: 1, ...other }]));
    const reply = collected(read(two(choice({ content: "a" }), choice({ content: "b" })), two(choice({ content: "" }, "stop"), choice({ content: "c" })), event(documentOf([{ index: 1, ...choice({ content: "" }, "length") }]))));
    expect(reply.choices.map(({ index, blocks, finish }) => [index, (blocks[0] as { text: string }).text, finish.reason])).toEqual([[0, "a", "stop"], [1, "bc", "length"]]);
  });

  test("tells the pages that were found, and probabilities", () => {
    const found = { search_info: { search_results: [{ index: 1, title: "A page", url: "https://a.example/", site_name: "A" }, { title: "no address" }] } };
    const logprobs = { content: [{ token: "a", bytes: [97], logprob: -0.5, top_logprobs: [{ token: "b", bytes: null, logprob: -2 }] }] };
    const first = documentOf([choice({ content: "a" }, "null", { logprobs })]) as { output: object };
    const [block] = collected(read(event({ ...first, output: { ...first.output, ...found } }), say({ content: "" }, "stop"))).choices[0]?.blocks ?? [];
    expect(block).toMatchObject({
      text: "a",
      citations: [{ kind: "url", start: -1, end: -1, url: "https://a.example/", title: "A page" }],
      logprobs: [{ token: "a", logprob: -0.5, bytes: [97], top: [{ token: "b", logprob: -2, bytes: null }] }],
    });
  });

  test("keeps the numbers of arguments that come as an object, and surrogate pairs together", () => {
    const withObject = event(documentOf([choice({ content: "", tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "@" } }] })])).replace('"@"', '{"id":9007199254740993,"rate":1.0}');
    expect(saidIn(collected(read(withObject, say({ content: "" }, "tool_calls"))))).toEqual(['call c f {"id":9007199254740993,"rate":1.0}']);
    const texts = read(say({ content: "a\ud83c" }), say({ content: "\udf05b" }), say({ content: "" }, "stop")).flatMap((one) => (one.kind === "text" ? [one.text] : []));
    expect(texts).toEqual(["a", "🌅b"]);
  });

  test("begins a call when its name is known", () => {
    expect(saidIn(collected(read(say({ content: "", tool_calls: [call("", '{"a"', 0, "c")] }), say({ content: "", tool_calls: [call("f", ":1}", 0, "c")] }), say({ content: "" }, "tool_calls"))))).toEqual(['call c f {"a":1}']);
  });

  test("means the same wherever it is cut", () => {
    for (const stream of [everything, repeated]) {
      expect(differenceBetweenCuts(codec, Buffer.from(stream))).toBeUndefined();
      expect(differenceBetweenCuts(codec, Buffer.from(`\uFEFF${stream.replaceAll("\n", "\r\n")}`))).toBeUndefined();
    }
  });

  test.each([["increments", everything], ["repetitions", repeated]])("of %s is the same for clients of OpenAI's chat as the whole answer", async (_, stream) => {
    await expectSameForChatClients(read(stream));
  });
});

describe("a whole answer", () => {
  test("says what its stream would", () => {
    const message = { content: "Let me see.", reasoning_content: "Hm.", tool_calls: [call("weather", '{"city": "Rom"}'), call("time", "", 1)] };
    const reply = replyOf(codec, { status_code: 200, code: "", message: "", ...documentOf([choice(message, "tool_calls")]) });
    expect(saidIn(reply)).toEqual(["reasoning Hm.", "text Let me see.", 'call call_0 weather {"city": "Rom"}', "call call_1 time "]);
    expect(reply).toMatchObject({ id: "r-1", choices: [{ finish: { reason: "tool-calls" } }], usage: { inputTokens: 22 } });
  });

  test("of the multimodal surface is read, and one of nothing but a reason", () => {
    expect(saidIn(replyOf(codec, documentOf([choice({ content: [{ text: "A dog." }] }, "stop")])))).toEqual(["text A dog."]);
    expect(replyOf(codec, documentOf([choice({ content: "" }, "stop")]))).toMatchObject({ choices: [{ blocks: [], finish: { reason: "stop" } }] });
  });

  test("that is a failure, or none at all, is told as one", () => {
    expect(failureOf(codec, { code: "Throttling.RateQuota", message: "Requests rate limit exceeded", request_id: "r" })).toMatchObject({ kind: "rate-limited", status: 0, code: "Throttling.RateQuota" });
    expect(failureOf(codec, { output: {}, request_id: "r" })).toMatchObject({ code: "empty" });
    for (const body of ["", "<html>", "[]", "7"]) expect(failureOf(codec, body)).toMatchObject({ code: "unreadable" });
  });
});

describe("a refusal", () => {
  test.each([
    [400, "InvalidParameter", "url error, please check url!", "invalid"],
    [400, "InvalidParameter", "Range of input length should be [1, 129024]", "context-too-long"],
    [400, "InvalidParameter.DataInspection", "Unable to download the media resource during the data inspection process.", "invalid"],
    [400, "DataInspectionFailed", "Input data may contain inappropriate content.", "filtered"],
    [400, "Arrearage", "Access denied, please make sure your account is in good standing.", "payment"],
    [401, "InvalidApiKey", "Invalid API-key provided.", "credential"],
    [403, "AccessDenied", "Access denied.", "forbidden"],
    [403, "AccessDenied.Unpurchased", "Access to model denied.", "payment"],
    [403, "Model.AccessDenied", "Model access denied.", "forbidden"],
    [403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted.", "payment"],
    [404, "ModelNotFound", "Model can not be found.", "not-found"],
    [413, "BadRequest.TooLarge", "Payload Too Large", "too-large"],
    [429, "Throttling", "Requests throttling triggered.", "rate-limited"],
    [429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.", "rate-limited"],
    [429, "Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota limit.", "rate-limited"],
    [429, "Throttling.BurstRate", "Request rate increased too quickly.", "rate-limited"],
    [500, "InternalError", "An internal error has occured, please try again later.", "internal"],
    [500, "InternalError.Algo", "Inference internal error.", "internal"],
    [500, "InternalError.Timeout", "An internal timeout error has occured.", "timeout"],
    [500, "RequestTimeOut", "Request timed out, please try again later.", "timeout"],
    [503, "ModelUnavailable", "Model is unavailable, please try again later.", "overloaded"],
  ])("with status %i and %s (%s) is %s", (status, code, message, kind) => {
    const body = Buffer.from(JSON.stringify({ code, message, request_id: "r" }));
    expect(codec.decodeFailure(status, {}, body)).toEqual({ kind, status, message, type: "", code, parameter: "", retryAfterSeconds: 0 });
    // Inside an answer that began well the code alone says the same.
    expect(failureOf(codec, body.toString()).kind).toBe(kind);
  });

  test("in another shape is read by its status", () => {
    expect(codec.decodeFailure(403, {}, Buffer.from("<html>no</html>"))).toMatchObject({ kind: "forbidden", message: "" });
    expect(codec.decodeFailure(400, {}, Buffer.from('{"error":{"code":"invalid_parameter_error","message":"bad"}}'))).toMatchObject({ kind: "invalid", code: "invalid_parameter_error", message: "bad" });
    expect(codec.decodeFailure(429, { "retry-after": "3" }, Buffer.from(""))).toMatchObject({ kind: "rate-limited", retryAfterSeconds: 3 });
  });
});

test("whatever comes becomes events in order, or a failure", () => {
  expectToSurvive(
    codec,
    {
      words: ["data:", "event:result\n", "event:error\n", ":HTTP_STATUS/200\n", "\n", "\n\n", "[DONE]", "{", "}", '"', ...increments, repeated, say({ content: [{ text: "a" }, { image: "data:,x" }] }), say({ content: "x" }, "stop"), event({ code: "Throttling" })],
      members: ["output", "choices", "message", "content", "text", "image", "reasoning_content", "tool_calls", "function", "name", "arguments", "index", "id", "finish_reason", "usage", "input_tokens", "output_tokens", "code", "request_id", "search_info", "search_results", "url", "logprobs", "token", "__proto__"],
      samples: [Buffer.from(everything), Buffer.from(repeated)],
      frame: (document) => `data:${JSON.stringify(document)}\n\n`,
    },
    300,
  );
});

test("values that are nested deeper than anybody can walk are a failure, not a fault of ours", () => {
  const deep = `${'{"a":'.repeat(60_000)}1${"}".repeat(60_000)}`;
  const document = `{"output":{"choices":[{"message":{"content":"a","tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":${deep}}}]}}]}}`;
  expect(failureIn(eventsIn(codec, [Buffer.from(`data:${document}\n\n`)]))).toMatchObject({ kind: "internal" });
  expect(failureOf(codec, document)).toMatchObject({ kind: "internal" });
});
