// A provider's stream and its whole answer, in all dialects, as events and as a reply.
import { describe, expect, test } from "vitest";
import { encodeEvent } from "../../../dataplane/wire/sse-events.ts";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { bytes, codec, collect, eventsIn, replyOf, stream, target } from "./speaking.ts";

const created = { type: "response.created", response: { id: "resp_1", model: "gpt-5.1-2025", created_at: 1_787_150_055, status: "in_progress", service_tier: "flex", truncation: "auto", output: [] } };
const usage = { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 2 }, total_tokens: 15 };
const completed = (output: object[] = []) => ({ type: "response.completed", response: { id: "resp_1", model: "gpt-5.1-2025", status: "completed", output, usage } });
const message = { type: "message", id: "msg_1", role: "assistant", status: "in_progress", content: [] };
const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
const added = (item: object, output_index = 0) => ({ type: "response.output_item.added", output_index, item });
const done = (item: object, output_index = 0) => ({ type: "response.output_item.done", output_index, item });
const delta = (text: string, more: object = {}) => ({ type: "response.output_text.delta", ...at, delta: text, ...more });
const textItem = (said: string) => ({ ...message, status: "completed", content: [{ type: "output_text", text: said, annotations: [] }] });

const eventsOf = (...events: object[]): Event[] => eventsIn([stream(created, ...events)]);
const kindsOf = (events: readonly Event[]): string[] => events.map((event) => ("index" in event ? `${event.kind} ${event.index}` : event.kind));
const blocksOf = (...events: object[]) => collect(eventsOf(...events)).choices[0]?.blocks;

test("a plain answer is begun, told, ended, finished and counted", () => {
  const events = eventsOf(
    { type: "response.in_progress", response: created.response }, added(message), { type: "response.content_part.added", ...at, part: { type: "output_text", text: "", annotations: [] } },
    delta("He"), delta("llo"), { type: "response.output_text.done", ...at, text: "Hello" }, { type: "response.content_part.done", ...at, part: { type: "output_text", text: "Hello", annotations: [] } },
    done(textItem("Hello")), completed([textItem("Hello")]),
  );
  expect(kindsOf(events)).toEqual(["start", "block-start 0", "text 0", "text 0", "block-stop 0", "finish", "usage", "end"]);
  expect(events[0]).toEqual({ kind: "start", id: "resp_1", model: "gpt-5.1-2025", createdAt: 1_787_150_055, serviceTier: "flex", extras: { "openai-responses": { truncation: "auto" } } });
  expect(events[1]).toMatchObject({ head: { kind: "text" }, extras: { "openai-responses": { message: { id: "msg_1" } } } });
  expect(events.find(({ kind }) => kind === "finish")).toEqual({ kind: "finish", choice: 0, finish: { reason: "stop", raw: "completed" } });
  expect(events.find(({ kind }) => kind === "usage")).toMatchObject({ usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 4, reasoningTokens: 2, cacheWriteTokens: -1 } });
});

describe("a dialect", () => {
  test("without event names and with [DONE] behind it is read the same", () => {
    const events = [created, added(message), delta("Hello"), done(textItem("Hello")), completed()];
    const bare = Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("") + "data: [DONE]\n\n");
    expect(eventsIn([bare])).toEqual(eventsOf(...events.slice(1)));
  });

  test("with data before the event's name is read the same", () => {
    const events = [created, added(message), delta("Hello"), done(textItem("Hello")), completed()];
    const turned = Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\nevent: ${event.type}\n\n`).join(""));
    expect(eventsIn([turned])).toEqual(eventsOf(...events.slice(1)));
  });

  test("that tells items only when they are done loses nothing", () => {
    expect(blocksOf(done(textItem("Hello")), completed())).toMatchObject([{ kind: "text", text: "Hello" }]);
  });

  test("that tells items only in the end loses nothing", () => {
    const output = [textItem("Hello"), { type: "function_call", id: "fc_1", call_id: "c1", name: "look", arguments: '{"a":1}' }];
    const reply = collect(eventsOf(completed(output)));
    expect(reply.choices).toMatchObject([{ blocks: [{ kind: "text", text: "Hello" }, { kind: "tool-call", id: "c1", arguments: '{"a":1}' }], finish: { reason: "tool-calls" } }]);
  });

  test("that sends the text's end without some of its deltas has the rest told", () => {
    expect(blocksOf(added(message), delta("Hel"), { type: "response.output_text.done", ...at, text: "Hello" }, completed())).toMatchObject([{ text: "Hello" }]);
  });

  test("that counts parts from elsewhere, and thinks in its content, is read", () => {
    const thought = { type: "reasoning", id: "msg_0", summary: [], status: "in_progress" };
    const inside = { item_id: "msg_0", output_index: 0, content_index: 0 };
    const blocks = blocksOf(
      added(thought), { type: "response.reasoning_part.added", ...inside, part: { type: "reasoning_text", text: "" } }, { type: "response.reasoning_text.delta", ...inside, delta: "count" },
      { type: "response.reasoning_text.done", ...inside, text: "count" }, done({ ...thought, content: [{ type: "reasoning_text", text: "count" }] }),
      added({ ...message, id: "msg_2" }, 1), { type: "response.output_text.delta", item_id: "msg_2", output_index: 1, content_index: 1, delta: "1 2" }, done(textItem("1 2"), 1), completed(),
    );
    expect(blocks).toMatchObject([{ kind: "reasoning", text: "count", isSummary: false }, { kind: "text", text: "1 2" }]);
  });

  test("that counts items from 0 again begins a new item", () => {
    const call = (id: string) => ({ type: "function_call", id, call_id: id, name: "f", arguments: `{"of":"${id}"}` });
    expect(blocksOf(added(call("a")), done(call("a")), added(call("b")), done(call("b")), completed())).toMatchObject([{ id: "a", arguments: '{"of":"a"}' }, { id: "b", arguments: '{"of":"b"}' }]);
  });

  test("that never says how its response ended, but that the stream is over, has ended", () => {
    const events = eventsIn([Buffer.concat([stream(created, added(message), delta("Hello")), Buffer.from("data: [DONE]\n\n")])]);
    expect(collect(events).choices[0]).toMatchObject({ blocks: [{ text: "Hello" }], finish: { reason: "stop", raw: "" } });
  });

  test("keep-alive events and events of tomorrow are no content", () => {
    expect(kindsOf(eventsOf({ type: "keepalive" }, { type: "response.dream.delta", delta: "x" }, done(textItem("a")), completed()))).toEqual(["start", "ping", "block-start 0", "text 0", "block-stop 0", "finish", "usage", "end"]);
  });
});

describe("reasoning", () => {
  const item = (more: object) => ({ type: "reasoning", id: "rs_1", summary: [], ...more });
  const part = (summary_index: number, text: string) => ({ type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index: 0, summary_index, delta: text });

  test("has the sealed value that came with its end, on its last part", () => {
    const summary = [{ type: "summary_text", text: "one" }, { type: "summary_text", text: "two" }];
    const events = eventsOf(added(item({ encrypted_content: "EARLY" })), part(0, "one"), part(1, "two"), done(item({ summary, encrypted_content: "LATE" })), completed());
    expect(kindsOf(events)).toEqual(["start", "block-start 0", "text 0", "block-stop 0", "block-start 1", "text 1", "opaque 1", "block-stop 1", "finish", "usage", "end"]);
    expect(collect(events).choices[0]?.blocks).toMatchObject([
      { text: "one", isSummary: true },
      { text: "two", isSummary: true, opaques: [{ kind: "encrypted", origin: "openai-responses/openai", value: "LATE" }] },
    ]);
    expect(JSON.stringify(events)).not.toContain("EARLY");
  });

  test("without text is a block all the same when something is sealed in it", () => {
    expect(blocksOf(added(item({ encrypted_content: "A" })), done(item({ encrypted_content: "B" })), completed())).toMatchObject([{ kind: "reasoning", text: "", opaques: [{ value: "B" }] }]);
  });

  test("with nothing in it is only for its own protocol", () => {
    expect(blocksOf(added(item({})), done(item({})), completed())).toMatchObject([{ kind: "foreign", type: "reasoning", value: { id: "rs_1" } }]);
  });
});

describe("calls", () => {
  const call = { type: "function_call", id: "fc_1", call_id: "c1", name: "look", arguments: "", status: "in_progress" };
  const grown = (text: string, output_index = 0) => ({ type: "response.function_call_arguments.delta", item_id: "fc_1", output_index, delta: text });

  test("may grow side by side", () => {
    const events = eventsOf(added(call), added({ ...call, id: "fc_2", call_id: "c2" }, 1), grown('{"a"'), grown('{"b"', 1), grown(":1}"), grown(":2}", 1), completed());
    expect(collect(events).choices[0]).toMatchObject({ blocks: [{ id: "c1", arguments: '{"a":1}' }, { id: "c2", arguments: '{"b":2}' }], finish: { reason: "tool-calls", raw: "completed" } });
  });

  test("without arguments have no text", () => {
    const events = eventsOf(added(call), { type: "response.function_call_arguments.done", item_id: "fc_1", output_index: 0, arguments: "" }, done({ ...call, status: "completed" }), completed());
    expect(kindsOf(events)).toEqual(["start", "block-start 0", "block-stop 0", "finish", "usage", "end"]);
  });

  test("that are cut off in their arguments stay as they are, and the answer is cut off", () => {
    const incomplete = { type: "response.incomplete", response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, output: [{ ...call, arguments: '{"a"' }], usage } };
    expect(collect(eventsOf(added(call), grown('{"a'), incomplete)).choices[0]).toMatchObject({ blocks: [{ arguments: '{"a"' }], finish: { reason: "length", raw: "max_output_tokens" } });
  });

  test("of custom tools have free text", () => {
    const custom = { type: "custom_tool_call", id: "ctc_1", call_id: "c1", name: "patch", input: "" };
    const blocks = blocksOf(added(custom), { type: "response.custom_tool_call_input.delta", item_id: "ctc_1", output_index: 0, delta: "*** Begin" }, done({ ...custom, input: "*** Begin" }), completed());
    expect(blocks).toMatchObject([{ kind: "tool-call", isCustom: true, arguments: "*** Begin", name: "patch" }]);
  });

  test("in a namespace have both in their name", () => {
    expect(blocksOf(done({ ...call, namespace: "crm", arguments: "{}" }), completed())).toMatchObject([{ name: "crm__look", extras: { "openai-responses": { namespace: "crm" } } }]);
  });
});

test("citations and log probabilities come with their text, each once", () => {
  const annotation = { type: "url_citation", start_index: 0, end_index: 5, url: "https://x", title: "X" };
  const logprobs = [{ token: "Hello", logprob: -0.1, bytes: [72], top_logprobs: [{ token: "Hi", logprob: -2 }] }];
  const part = { type: "output_text", text: "Hello", annotations: [annotation, { ...annotation, start_index: 2 }], logprobs };
  const blocks = blocksOf(
    added(message), delta("Hello", { logprobs }), { type: "response.output_text.annotation.added", ...at, annotation_index: 0, annotation },
    { type: "response.content_part.done", ...at, part }, done({ ...message, content: [part] }), completed(),
  );
  expect(blocks).toMatchObject([{
    text: "Hello",
    citations: [{ kind: "url", start: 0, end: 5, url: "https://x", title: "X" }, { start: 2 }],
    logprobs: [{ token: "Hello", logprob: -0.1, bytes: [72], top: [{ token: "Hi", bytes: null }] }],
  }]);
});

test("half a character waits for its other half", () => {
  const texts = eventsOf(added(message), delta("a\ud83d"), delta("\ude00b"), delta("\ud83d"), completed()).filter((event) => event.kind === "text");
  expect(texts.map(({ text }) => text)).toEqual(["a", "😀b", "\ud83d"]);
});

test("a refusal is one, and an image that was made is an image", () => {
  const refused = { type: "response.refusal.delta", ...at, delta: "No." };
  expect(collect(eventsOf(added(message), refused, completed())).choices[0]).toMatchObject({ blocks: [{ kind: "refusal", text: "No." }], finish: { reason: "refusal" } });
  expect(blocksOf(done({ type: "image_generation_call", id: "ig_1", status: "completed", result: "AAAA", output_format: "webp" }), completed())).toMatchObject([
    { kind: "image", source: { kind: "bytes", data: "AAAA", mediaType: "image/webp" }, extras: { "openai-responses": { id: "ig_1" } } },
  ]);
});

test("a hosted tool's call comes whole and for its own protocol", () => {
  const search = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } };
  expect(blocksOf(added({ ...search, status: "in_progress" }), done(search), done(textItem("so"), 1), completed())).toMatchObject([{ kind: "foreign", type: "web_search_call", value: search }, { kind: "text" }]);
});

describe("a failure", () => {
  const nested = { type: "error", error: { type: "server_error", code: "rate_limit_exceeded", message: "slow down", param: "p" } };
  const flat = { type: "error", code: "rate_limit_exceeded", message: "slow down", param: "p" };
  test.each([["nested", nested], ["flat", flat]])("in an event, %s, ends the stream", (_, error) => {
    const failed = { type: "response.failed", response: { status: "failed", error: { code: "x", message: "y" } } };
    const events = eventsOf(added(message), delta("a"), error, failed);
    expect(kindsOf(events).at(-1)).toBe("failure");
    expect(events.filter(({ kind }) => kind === "failure")).toMatchObject([{ failure: { kind: "rate-limited", status: 0, message: "slow down", code: "rate_limit_exceeded", parameter: "p" } }]);
  });

  test("is a response that failed", () => {
    const failed = { type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "broke" } } };
    expect(eventsOf(failed).at(-1)).toMatchObject({ kind: "failure", failure: { kind: "internal", message: "broke", code: "server_error" } });
  });

  test.each([
    ["a chat's error", 'data: {"error":{"message":"no","code":429}}\n\n'],
    ["a bare error field", 'error: {"code":500,"message":"no"}\n\n'],
    ["an error event of text", "event: error\ndata: no\n\n"],
  ])("is %s", (_, framed) => {
    expect(eventsIn([Buffer.from(framed)])).toMatchObject([{ kind: "failure", failure: { message: "no" } }]);
  });

  test.each([
    ["nothing", ""],
    ["a response that only began", encodeEvent(JSON.stringify(created))],
    ["half an event", `${encodeEvent(JSON.stringify(created))}data: {"type":"response.compl`],
    ["only [DONE]", "data: [DONE]\n\n"],
  ])("is %s without an end", (_, framed) => {
    expect(eventsIn([Buffer.from(framed)]).at(-1)).toMatchObject({ kind: "failure", failure: { kind: "internal", code: "truncated" } });
  });

  test("is an event that is too large", () => {
    const decoder = codec.decodeStream(target(), 100);
    expect(decoder.push(Buffer.from(`data: {"type":"response.created","x":"${"y".repeat(200)}"}`))).toMatchObject([{ kind: "failure", failure: { code: "event_too_large" } }]);
    expect([decoder.push(Buffer.from("more\n\n")), decoder.end()]).toEqual([[], []]);
  });

  test("is not an error of null", () => {
    expect(kindsOf(eventsOf({ type: "response.in_progress", error: null, response: {} }, done(textItem("a")), completed())).at(-1)).toBe("end");
  });

  test("is an answer of more items than may be held, which says so and leaves none out", () => {
    const items = (count: number): object[] => Array.from({ length: count }, (_, place) => done({ ...textItem("t"), id: `msg_${place}` }, place));
    expect(blocksOf(...items(4096), completed())).toHaveLength(4096);
    expect(eventsOf(...items(4097), completed()).at(-1)).toMatchObject({ kind: "failure", failure: { code: "too_large" } });
  });
});

describe("a whole answer", () => {
  const response = { id: "resp_1", object: "response", created_at: 1_787_150_055.0, status: "completed", model: "gpt-5.1-2025", output: [textItem("Hello")], usage, service_tier: "flex", truncation: "auto", error: null };

  test("says the same as its stream", () => {
    const { extras, ...streamed } = collect(eventsOf(done(textItem("Hello")), { type: "response.completed", response }));
    const { extras: said, ...whole } = replyOf(response);
    expect({ ...whole, choices: whole.choices.map((choice) => ({ ...choice, blocks: choice.blocks.map((block) => ({ ...block, at: "" })) })) }).toEqual(streamed);
    // The tier that was used is known only in the end of a stream.
    expect(extras).toEqual({ "openai-responses": { ...said?.["openai-responses"], service_tier: "flex" } });
  });

  test.each([
    [{ status: "incomplete", incomplete_details: { reason: "content_filter" } }, { reason: "filter", raw: "content_filter" }],
    [{ status: "incomplete", incomplete_details: { reason: "moonlight" } }, { reason: "other", raw: "moonlight" }],
    [{ status: "queued" }, { reason: "other", raw: "queued" }],
  ])("that ended so: %j", (ending, finish) => {
    expect(replyOf({ ...response, ...ending }).choices[0]?.finish).toEqual(finish);
  });

  test.each([
    ["is no JSON", "<html>"],
    ["is a text", '"overloaded"'],
    ["has an error", '{"error":{"message":"no","type":"server_error"}}'],
    ["failed", '{"status":"failed","output":[],"error":{"code":"server_error","message":"no"}}'],
    ["failed without saying why", '{"status":"failed","output":[]}'],
    ["has no output", "{}"],
  ])("that %s is a failure", (_, body) => {
    expect(codec.decodeReply(Buffer.from(body), target())).toMatchObject({ kind: "internal", status: 0, message: expect.stringMatching(/./) });
  });
});

describe("an error of status", () => {
  test.each([
    [400, { error: { message: "too long", type: "invalid_request_error", code: "context_length_exceeded", param: "input" } }, { kind: "context-too-long", parameter: "input" }],
    [400, { error: { message: "Your input exceeds the context window of this model", type: "invalid_request_error" } }, { kind: "context-too-long" }],
    [400, { error: { message: "bad", type: "invalid_request_error", param: "top_p", code: null } }, { kind: "invalid", parameter: "top_p" }],
    [400, { error: { message: "filtered", code: "content_filter" } }, { kind: "filtered" }],
    [401, { error: { message: "key", code: "invalid_api_key" } }, { kind: "credential" }],
    [402, { error: { message: "pay", code: 402 } }, { kind: "payment", code: "402" }],
    [403, { error: { message: "no" } }, { kind: "forbidden" }],
    [404, { error: { message: "no", code: "model_not_found" } }, { kind: "not-found" }],
    [413, "too large", { kind: "too-large", message: "too large" }],
    [422, { detail: "bad" }, { kind: "invalid", message: "bad" }],
    [429, { error: { message: "quota", code: "insufficient_quota" } }, { kind: "payment" }],
    [429, { error: "slow down" }, { kind: "rate-limited", message: "slow down" }],
    [500, {}, { kind: "internal" }],
    [503, { error: { message: "busy", type: "server_error" } }, { kind: "internal" }],
    [529, [{ error: { message: "busy" } }], { kind: "overloaded", message: "busy" }],
  ])("%i with %j", (status, body, failure) => {
    expect(codec.decodeFailure(status, {}, bytes(body))).toMatchObject({ status, ...failure });
  });

  test("and a web page is told in other words", () => {
    expect(codec.decodeFailure(502, {}, Buffer.from("<html><body>nginx</body></html>")).message).not.toContain("nginx");
  });

  test.each([[{ "retry-after": "7" }, 7], [{ "retry-after-ms": "1500", "retry-after": "9" }, 1.5], [{ "retry-after": "Fri, 20 Nov 2026 10:00:00 GMT" }, 0], [{ "retry-after": "-3" }, 0], [{}, 0]])("says how long to wait: %j", (headers, seconds) => {
    expect(codec.decodeFailure(429, headers, Buffer.from("{}")).retryAfterSeconds).toBe(seconds);
  });
});
