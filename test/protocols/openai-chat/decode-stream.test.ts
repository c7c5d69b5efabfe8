// Streams of chat completions in all their dialects, read into events in one order.
import { describe, expect, test } from "vitest";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { chunk, collected, EVENT_BYTES_MAX, eventsIn, orderProblems, replyIn, said, sse, stop } from "./asking.ts";

const call = (index: number | undefined, id: string | undefined, name: string | undefined, text: unknown) =>
  ({ ...(index === undefined ? {} : { index }), ...(id === undefined ? {} : { id, type: "function" }), function: { ...(name === undefined ? {} : { name }), arguments: text } });
const calls = (...list: object[]) => chunk({ tool_calls: list });
const lastOf = (events: readonly Event[]) => events.at(-1);
const reasonOf = (bytes: Buffer) => replyIn(bytes).choices[0]?.finish;

describe("an ordinary stream", () => {
  const bytes = sse(chunk({ role: "assistant", content: "" }), chunk({ content: "Hi" }), chunk({ content: " you" }), stop, { id: "chatcmpl-1", choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }, "[DONE]");

  test("becomes events in order", () => {
    expect(eventsIn([bytes])).toEqual([
      { kind: "start", id: "chatcmpl-1", model: "m-1", createdAt: 7, serviceTier: "" },
      { kind: "block-start", choice: 0, index: 0, head: { kind: "text" } },
      { kind: "text", choice: 0, index: 0, text: "Hi" },
      { kind: "text", choice: 0, index: 0, text: " you" },
      { kind: "usage", usage: expect.objectContaining({ inputTokens: 3, outputTokens: 2, cachedInputTokens: -1 }) as unknown },
      { kind: "block-stop", choice: 0, index: 0 },
      { kind: "finish", choice: 0, finish: { reason: "stop", raw: "stop" } },
      { kind: "end" },
    ]);
  });

  test("has ended with its terminator: what comes behind it is nobody's", () => {
    const events = eventsIn([Buffer.concat([bytes, sse(chunk({ content: "more" }), "[DONE]")])]);
    expect(events.filter(({ kind }) => kind === "end")).toHaveLength(1);
    expect(said(collected(events))).toEqual(["text Hi you"]);
  });
});

describe("thinking", () => {
  test.each([
    ["reasoning_content", sse(chunk({ reasoning_content: "wh" }), chunk({ reasoning_content: "y", content: null }), chunk({ content: "t" }), stop, "[DONE]")],
    ["reasoning", sse(chunk({ reasoning: "why" }), chunk({ reasoning: null, content: "t" }), stop, "[DONE]")],
    ["two members that say the same", sse(chunk({ reasoning: "why", reasoning_content: "why" }), chunk({ content: "t" }), stop, "[DONE]")],
    ["details beside the member", sse(chunk({ content: "", reasoning: "why", reasoning_details: [{ type: "reasoning.text", text: "why", index: 0 }] }), chunk({ content: "t", reasoning: null, reasoning_details: [] }), stop, "[DONE]")],
    ["a list in which Mistral mixes it with text", sse(chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "why" }] }, { type: "text", text: "t" }] }), stop, "[DONE]")],
  ])("is read from %s", (_, bytes) => {
    expect(said(replyIn(bytes))).toEqual(["reasoning why", "text t"]);
  });

  test("keeps its signature and the vendor's words for it", () => {
    const detail = (more: object) => chunk({ reasoning_details: [{ format: "anthropic-claude-v1", index: 0, ...more }] });
    const bytes = sse(detail({ type: "reasoning.text", text: "a" }), detail({ type: "reasoning.text", text: "b" }), detail({ type: "reasoning.text", signature: "s" }), chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "e", id: "rs_1", index: 1 }] }), chunk({ content: "t" }), stop, "[DONE]");
    expect(replyIn(bytes).choices[0]?.blocks).toMatchObject([
      { kind: "reasoning", text: "ab", opaques: [{ kind: "signature", origin: "openai-chat/openai", value: "s" }], extras: { "openai-chat": { reasoning_detail: { format: "anthropic-claude-v1", index: 0 } } } },
      { kind: "reasoning", text: "", opaques: [{ kind: "encrypted", value: "e" }], extras: { "openai-chat": { reasoning_detail: { id: "rs_1", index: 1 } } } },
      { kind: "text", text: "t" },
    ]);
  });

  test("between tags is told apart where the dialect says so, wherever the tags are cut", () => {
    const answer = "\n<think>\nso <b>\n</thin</think>\n\nHello <think>";
    const whole = sse(chunk({ content: answer }), stop, "[DONE]");
    const single = sse(...[...answer].map((content) => chunk({ content })), stop, "[DONE]");
    const expected = ["reasoning \nso <b>\n</thin", "text Hello <think>"];
    expect(said(replyIn(whole, { hasThinkTags: true }))).toEqual(expected);
    expect(said(replyIn(single, { hasThinkTags: true }))).toEqual(expected);
    expect(said(replyIn(whole))).toEqual([`text ${answer}`]);
  });

  test.each([["<thi", ["text <thi"]], ["<think>never ends", ["reasoning never ends"]], ["plain", ["text plain"]], ["<think>a</think>\n", ["reasoning a"]]])("between tags that are not whole: %j", (answer, expected) => {
    expect(said(replyIn(sse(...[...answer].map((content) => chunk({ content })), stop, "[DONE]"), { hasThinkTags: true }))).toEqual(expected);
  });
});

describe("calls", () => {
  const end = [chunk({}, { finish_reason: "tool_calls" }), "[DONE]"] as const;

  test.each<[string, Buffer, string[]]>([
    ["in fragments", sse(calls(call(0, "a", "f", "")), calls(call(0, undefined, undefined, '{"x"')), calls(call(0, undefined, undefined, ":1}")), ...end), ['call a f {"x":1}']],
    ["whole", sse(calls(call(0, "a", "f", '{"x":1}')), ...end), ['call a f {"x":1}']],
    ["several whole in one chunk", sse(calls(call(0, "a", "f", "{}"), call(1, "b", "g", "{}")), ...end), ["call a f {}", "call b g {}"]],
    ["with indices that are not dense", sse(calls(call(3, "a", "f", "{}")), calls(call(7, "b", "g", "")), calls(call(7, undefined, undefined, "[]")), ...end), ["call a f {}", "call b g []"]],
    ["that all have the index 0", sse(calls(call(0, "a", "f", "{}")), calls(call(0, "b", "g", "{}")), ...end), ["call a f {}", "call b g {}"]],
    ["without index", sse(calls(call(undefined, "a", "f", "{}")), calls(call(undefined, "b", "f", "{}")), ...end), ["call a f {}", "call b f {}"]],
    ["without index and id", sse(calls(call(undefined, "", "f", "{}"), call(undefined, undefined, "f", '{"x":2}')), ...end), ["call call_chatcmpl1_0 f {}", 'call call_chatcmpl1_1 f {"x":2}']],
    ["whose id comes with every fragment", sse(calls(call(0, "a", "f", "[")), calls(call(0, "a", "f", "]")), ...end), ["call a f []"]],
    ["whose name comes late", sse(calls(call(0, "a", undefined, "[")), calls(call(0, undefined, "f", "]")), ...end), ["call a f []"]],
    ["without arguments", sse(calls(call(0, "a", "f", "")), ...end), ["call a f "]],
    ["whose arguments are an object", Buffer.from('data: {"id":"x","choices":[{"index":0,"delta":{"tool_calls":[{"id":"a","index":0,"function":{"name":"f","arguments":{"n":1.0,"big":9007199254740993}}}]},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'), ['call a f {"n":1.0,"big":9007199254740993}']],
    ["in fragments that alternate", sse(calls(call(0, "a", "f", "[")), calls(call(1, "b", "g", "[1")), calls(call(0, undefined, undefined, "]")), calls(call(1, undefined, undefined, "]")), ...end), ["call a f []", "call b g [1]"]],
    ["in the older way", sse(chunk({ function_call: { name: "f", arguments: "[" } }), chunk({ function_call: { arguments: "]" } }), chunk({}, { finish_reason: "function_call" }), "[DONE]"), ["call call_chatcmpl1_0 f []"]],
    ["of custom tools", sse(calls({ index: 0, id: "a", type: "custom", custom: { name: "c", input: "x" } }), calls({ index: 0, custom: { input: "y" } }), ...end), ["call a c xy"]],
    ["behind text", sse(chunk({ content: "t" }), calls(call(0, "a", "f", "{}")), ...end), ["text t", "call a f {}"]],
    ["before text", sse(calls(call(0, "a", "f", "{}")), chunk({ content: "t" }), ...end), ["call a f {}", "text t"]],
  ])("come %s", (_, bytes, expected) => {
    const events = eventsIn([bytes]);
    expect(orderProblems(events)).toEqual([]);
    const reply = collected(events);
    expect(said(reply)).toEqual(expected);
    expect(reply.choices[0]?.finish.reason).toBe("tool-calls");
  });

  test("have ended when the next begins, if they are whole by then", () => {
    const kinds = eventsIn([sse(calls(call(0, "a", "f", "{}")), calls(call(1, "b", "g", "[")), calls(call(2, "c", "h", "{}")), ...end)]).flatMap((event) => (event.kind === "block-start" || event.kind === "block-stop" ? [`${event.kind} ${event.index}`] : []));
    expect(kinds).toEqual(["block-start 0", "block-stop 0", "block-start 1", "block-start 2", "block-stop 1", "block-stop 2"]);
  });

  test("that are an empty list are none", () => {
    expect(said(replyIn(sse(chunk({ content: "t", tool_calls: [] }), stop, "[DONE]")))).toEqual(["text t"]);
  });

  test("keep Gemini's signature, also when it was told of the message", () => {
    const signed = { extra_content: { google: { thought_signature: "g" } } };
    const opaques = [{ kind: "signature", origin: "openai-chat/openai", value: "g" }];
    expect(replyIn(sse(calls({ ...call(undefined, "", "f", "{}"), ...signed }), ...end)).choices[0]?.blocks).toMatchObject([{ kind: "tool-call", opaques }]);
    expect(replyIn(sse(chunk({ tool_calls: [call(undefined, "", "f", "{}")], ...signed }), ...end)).choices[0]?.blocks).toMatchObject([{ kind: "tool-call", opaques }]);
    expect(replyIn(sse(chunk({ content: "t" }), chunk({ content: "", ...signed }), stop, "[DONE]")).choices[0]?.blocks).toMatchObject([{ kind: "text", text: "t", opaques }]);
  });

  test("that broke off at the limit are given as they are", () => {
    const reply = replyIn(sse(calls(call(0, "a", "f", '{"x":')), chunk({}, { finish_reason: "length" }), "[DONE]"));
    expect(said(reply)).toEqual(['call a f {"x":']);
    expect(reply.choices[0]?.finish).toEqual({ reason: "length", raw: "length" });
  });
});

describe("other content", () => {
  test("refusals are told as such", () => {
    const reply = replyIn(sse(chunk({ refusal: "I " }), chunk({ refusal: "won't" }), stop, "[DONE]"));
    expect(said(reply)).toEqual(["refusal I won't"]);
    expect(reply.choices[0]?.finish).toEqual({ reason: "refusal", raw: "stop" });
  });

  test("several choices grow side by side", () => {
    const of = (index: number, content: string) => chunk({ content }, { index });
    const events = eventsIn([sse(of(0, "a"), of(1, "x"), of(0, "b"), chunk({}, { finish_reason: "stop" }), chunk({}, { index: 1, finish_reason: "length" }), "[DONE]")]);
    expect(orderProblems(events)).toEqual([]);
    expect(collected(events).choices.map(({ blocks, finish }) => [blocks[0], finish.reason])).toMatchObject([[{ text: "ab" }, "stop"], [{ text: "x" }, "length"]]);
  });

  test.each([
    ["in an object of their own", { type: "url_citation", url_citation: { url: "https://x.test", title: "X", start_index: 1, end_index: 3 } }],
    ["flat", { type: "url_citation", url: "https://x.test", title: "X", start_index: 1, end_index: 3 }],
  ])("annotations are citations: %s", (_, annotation) => {
    const reply = replyIn(sse(chunk({ annotations: [annotation] }), chunk({ content: "text" }), stop, "[DONE]"));
    expect(reply.choices[0]?.blocks).toMatchObject([{ kind: "text", text: "text", citations: [{ kind: "url", url: "https://x.test", title: "X", start: 1, end: 3 }] }]);
  });

  test.each([
    ["a call", calls(call(0, "a", "f", "{}"))],
    ["thinking", chunk({ reasoning_content: "hm" })],
  ])("annotations that come behind %s are kept, without a place", (_, between) => {
    const events = eventsIn([sse(chunk({ content: "abcd" }), between, chunk({ annotations: [{ type: "url_citation", url_citation: { url: "https://x", title: "X", start_index: 1, end_index: 3 } }] }), stop, "[DONE]")]);
    expect(orderProblems(events)).toEqual([]);
    expect(events.filter(({ kind }) => kind === "citation")).toMatchObject([{ citation: { url: "https://x", title: "X", start: -1, end: -1 } }]);
  });

  test("annotations of a later text count from its own beginning", () => {
    const annotation = { type: "url_citation", url_citation: { url: "https://x.test", title: "X", start_index: 5, end_index: 7 } };
    const reply = replyIn(sse(chunk({ content: "abcd" }), calls(call(0, "a", "f", "{}")), chunk({ content: "efgh", annotations: [annotation] }), stop, "[DONE]"));
    expect(reply.choices[0]?.blocks[2]).toMatchObject({ text: "efgh", citations: [{ start: 1, end: 3 }] });
  });

  test("sources beside the choices are citations of the whole, told once", () => {
    const more = { citations: ["https://a.test", "https://b.test"], search_results: [{ url: "https://b.test", title: "B" }] };
    const reply = replyIn(sse({ ...chunk({ content: "t" }), ...more }, { ...stop, ...more }, "[DONE]"));
    expect(reply.choices[0]?.blocks).toMatchObject([{ text: "t", citations: [{ url: "https://a.test", title: "", start: -1 }, { url: "https://b.test", title: "B", start: -1 }] }]);
  });

  test("pictures come whole", () => {
    const reply = replyIn(sse(chunk({ content: "look" }), chunk({ images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] }), stop, "[DONE]"));
    expect(reply.choices[0]?.blocks).toMatchObject([{ text: "look" }, { kind: "image", source: { kind: "bytes", data: "AAAA", mediaType: "image/png" } }]);
  });

  test("sound comes in pieces that can be decoded each by itself", () => {
    const audio = (more: object) => chunk({ audio: more });
    const events = eventsIn([sse(audio({ id: "audio_1", transcript: "he" }), audio({ data: "AAAAB" }), audio({ data: "BBB", transcript: "y" }), audio({ expires_at: 9 }), stop, "[DONE]")]);
    expect(events.flatMap((event) => (event.kind === "media" ? [event.data] : []))).toEqual(["AAAA", "BBBB"]);
    expect(collected(events).choices[0]?.blocks).toMatchObject([{ kind: "audio", id: "audio_1", transcript: "hey", source: { data: "AAAABBBB" }, extras: { "openai-chat": { expires_at: 9 } } }]);
  });

  test("log probabilities stand with their text", () => {
    const token = { token: "t", logprob: -0.5, bytes: [116], top_logprobs: [{ token: "u", logprob: -1, bytes: null }] };
    const reply = replyIn(sse(chunk({ content: "t" }, { logprobs: { content: [token], refusal: null } }), stop, "[DONE]"));
    expect(reply.choices[0]?.blocks).toMatchObject([{ text: "t", logprobs: [{ token: "t", logprob: -0.5, bytes: [116], top: [{ token: "u", logprob: -1, bytes: null }] }] }]);
  });

  test("a pair that was cut into two halves is one character, and a half that stays alone survives", () => {
    const events = eventsIn([sse(chunk({ content: "a\ud83c" }), chunk({ content: "\udf05b" }), chunk({ content: "\ud83c" }), stop, "[DONE]")]);
    expect(events.flatMap((event) => (event.kind === "text" ? [event.text] : []))).toEqual(["a", "🌅b", "\ud83c"]);
  });
});

describe("usage", () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  test.each([
    ["in a chunk without choices", sse(chunk({ content: "t" }), stop, { id: "x", choices: [], usage }, "[DONE]")],
    ["on the finish", sse(chunk({ content: "t" }), { ...stop, usage }, "[DONE]")],
    ["on a second finish", sse(chunk({ content: "t" }), stop, { ...stop, usage }, "[DONE]")],
    ["in Groq's member", sse(chunk({ content: "t" }), { ...stop, x_groq: { id: "r", usage } }, "[DONE]")],
    ["in the choice", sse(chunk({ content: "t" }), chunk({}, { finish_reason: "stop", usage }), "[DONE]")],
    ["in every chunk, cumulative", sse({ ...chunk({ content: "t" }), usage: { ...usage, completion_tokens: 1, total_tokens: 4 } }, { ...stop, usage }, "[DONE]")],
  ])("is read %s", (_, bytes) => {
    const events = eventsIn([bytes]);
    expect(orderProblems(events)).toEqual([]);
    expect(collected(events)).toMatchObject({ usage: { inputTokens: 3, outputTokens: 2 }, choices: [{ finish: { reason: "stop" } }] });
  });

  test("of xAI counts the thinking in, and that of Azure's Grok no more cached than there was", () => {
    expect(replyIn(sse({ ...stop, usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 17, completion_tokens_details: { reasoning_tokens: 5 } } }, "[DONE]")).usage).toMatchObject({ inputTokens: 10, outputTokens: 7, reasoningTokens: 5 });
    expect(replyIn(sse({ ...stop, usage: { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 12 } } }, "[DONE]")).usage.cachedInputTokens).toBe(10);
  });
});

describe("vendors' ways", () => {
  test("Azure's first chunk has no choices, and a later one no delta", () => {
    const filter = { id: "", model: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    const events = eventsIn([sse(filter, chunk({ content: "t" }), { id: "chatcmpl-1", choices: [{ index: 0, content_filter_offsets: {}, finish_reason: null }] }, stop, "[DONE]")]);
    expect(events[0]).toMatchObject({ kind: "start", id: "chatcmpl-1", extras: { "openai-chat": { prompt_filter_results: [{ prompt_index: 0 }] } } });
    expect(said(collected(events))).toEqual(["text t"]);
  });

  test("Perplexity repeats the text in a message, and all of it in a last object, and sends no terminator", () => {
    const both = (content: string, message: string, more = {}) => ({ ...chunk({ content }, { message: { role: "assistant", content: message }, ...more }) });
    const events = eventsIn([sse(both("a", "a"), both("b", "ab"), { ...both("", "ab", { finish_reason: "stop" }), object: "chat.completion.done", citations: ["https://a.test"], usage: { prompt_tokens: 1, completion_tokens: 1 } })]);
    expect(said(collected(events))).toEqual(["text ab"]);
    expect(collected(events)).toMatchObject({ usage: { inputTokens: 1 }, choices: [{ blocks: [{ citations: [{ url: "https://a.test" }] }], finish: { reason: "stop" } }] });
  });

  test("OpenRouter repeats the role and the finish", () => {
    const delta = (content: string, more = {}) => chunk({ role: "assistant", content }, more);
    const events = eventsIn([sse(delta("a"), delta("", { finish_reason: "stop" }), delta("", { finish_reason: "stop" }), "[DONE]")]);
    expect(events.filter(({ kind }) => kind === "finish")).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === "block-start")).toHaveLength(1);
  });

  test("a message instead of a delta is read all the same", () => {
    expect(said(replyIn(sse({ id: "x", object: "chat.completion", choices: [{ index: 0, message: { role: "assistant", content: "t" }, finish_reason: "stop" }] }, "[DONE]")))).toEqual(["text t"]);
  });

  test.each([
    ["stop", { reason: "stop" }],
    ["eos", { reason: "stop" }],
    ["length", { reason: "length" }],
    ["model_length", { reason: "context-full" }],
    ["content_filter", { reason: "filter" }],
    ["tool_calls", { reason: "stop", raw: "tool_calls" }],
    ["surprise", { reason: "other", raw: "surprise" }],
  ])("a reason is understood: %s", (word, expected) => {
    expect(reasonOf(sse(chunk({ content: "t" }), chunk({}, { finish_reason: word }), "[DONE]"))).toMatchObject(expected);
  });

  test("vLLM tells which string was met, and tokens' numbers tell nothing", () => {
    expect(reasonOf(sse(chunk({ content: "t" }), chunk({}, { finish_reason: "stop", stop_reason: "END" }), "[DONE]"))).toEqual({ reason: "stop-sequence", raw: "stop", stopSequence: "END" });
    expect(reasonOf(sse(chunk({ content: "t" }), chunk({}, { finish_reason: "stop", stop_reason: 151645 }), "[DONE]"))).toEqual({ reason: "stop", raw: "stop" });
  });
});

describe("ends and failures", () => {
  test.each([
    ["a terminator without a finish, behind some text", sse(chunk({ content: "t" }), "[DONE]"), "stop"],
    ["a finish that is an empty word", sse(chunk({ content: "t" }), chunk({}, { finish_reason: "" }), "[DONE]"), "stop"],
    ["a finish and no terminator", sse(chunk({ content: "t" }), stop), "stop"],
    ["a finish with nothing before it", sse(chunk({}, { finish_reason: "length" }), "[DONE]"), "length"],
    ["a terminator without its blank line", Buffer.concat([sse(chunk({ content: "t" }), stop), Buffer.from("data: [DONE]")]), "stop"],
  ])("complete is %s", (_, bytes, reason) => {
    const events = eventsIn([bytes]);
    expect(orderProblems(events)).toEqual([]);
    expect(collected(events).choices[0]?.finish.reason).toBe(reason);
  });

  test.each([
    ["text without finish and terminator", sse(chunk({ content: "t" })), "truncated"],
    ["a cut inside an event", Buffer.from(`${String(sse(chunk({ content: "t" }), stop))}data: {"id"`), "truncated"],
    ["one choice of two that has not finished", sse(chunk({ content: "t" }), chunk({ content: "u" }, { index: 1 }), stop), "truncated"],
    ["nothing at all", Buffer.alloc(0), "truncated"],
    ["a terminator behind nothing", sse("[DONE]"), "empty"],
    ["a terminator behind an empty choice", sse(chunk({ role: "assistant", content: "" }), "[DONE]"), "empty"],
    ["a finish that says that the provider failed", sse(chunk({ content: "t" }), chunk({}, { finish_reason: "insufficient_system_resource" }), "[DONE]"), "insufficient_system_resource"],
  ])("incomplete is %s", (_, bytes, code) => {
    const events = eventsIn([bytes]);
    expect(lastOf(events)).toMatchObject({ kind: "failure", failure: { code, status: 0 } });
    expect(events.filter(({ kind }) => kind === "end" || kind === "finish")).toEqual([]);
  });

  test.each([
    ["OpenRouter's, with choices and a number", sse(chunk({ content: "t" }), { id: "x", error: { code: 502, message: "upstream died" }, choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }] }, "[DONE]"), { message: "upstream died", code: "502", kind: "internal" }],
    ["an overload, at once", sse({ error: { message: "busy", type: "overloaded_error" } }), { message: "busy", kind: "overloaded" }],
    ["a string", sse(chunk({ content: "t" }), { error: "out of memory" }), { message: "out of memory" }],
    ["Groq's event", Buffer.from('event: error\ndata: {"error":{"message":"no call","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"x"}}\n\n'), { message: "no call", kind: "invalid", code: "tool_use_failed" }],
    ["an event that is called an error", Buffer.from('event: error\ndata: {"code":"InternalError","message":"m","request_id":"r"}\n\n'), { message: "m", code: "InternalError" }],
    ["a line of llama.cpp's", Buffer.from('error: {"code":500,"message":"context shift"}\n\n'), { message: "context shift", code: "500" }],
    ["a list around it", sse([{ error: { code: 429, message: "quota", status: "RESOURCE_EXHAUSTED" } }]), { message: "quota", kind: "rate-limited" }],
  ])("an error is one: %s", (_, bytes, expected) => {
    expect(lastOf(eventsIn([bytes]))).toMatchObject({ kind: "failure", failure: expected });
  });

  test("an error that is null is none", () => {
    expect(said(replyIn(sse({ ...chunk({ content: "t" }), error: null }, { ...stop, error: null }, "[DONE]")))).toEqual(["text t"]);
  });

  test("an event that is too long is a failure and not a wait", () => {
    const events = eventsIn([Buffer.from(`data: {"id":"${"x".repeat(2000)}`)], {}, 1000);
    expect(events).toMatchObject([{ kind: "failure", failure: { code: "too_large" } }]);
  });

  const each = (count: number, delta: (number: number) => object, more: (number: number) => object = () => ({})): Buffer => sse(...Array.from({ length: count }, (_, number) => chunk(delta(number), more(number))));
  const oneCall = (index: number, more: object): object => ({ tool_calls: [{ index, id: `c${index}`, function: more }] });
  const cited = (number: number, count = 1): object => ({ content: "a", annotations: Array.from({ length: count }, () => ({ type: "url_citation", url_citation: { url: `https://${number}.test`, start_index: 0, end_index: 1 } })) });

  test.each<[string, Buffer, number]>([
    ["calls, by their number", each(1025, (number) => oneCall(number, { name: "f", arguments: "{}" })), EVENT_BYTES_MAX],
    ["calls, by what it takes to hold them", each(30, (number) => oneCall(number, { name: "f", arguments: "{}" })), 10_000],
    ["arguments of a call that has no name yet", each(30, () => oneCall(0, { arguments: "w".repeat(500) })), 10_000],
    ["citations, by their number", each(3, (number) => cited(number, 5000)), EVENT_BYTES_MAX],
    ["citations, by their length", each(200, (number) => cited(number)), 10_000],
    ["choices", each(1025, () => ({ content: "a" }), (index) => ({ index })), EVENT_BYTES_MAX],
    ["choices that say why they ended", each(30, () => ({ content: "a" }), (index) => ({ index, finish_reason: "stop", more: "w".repeat(500) })), 10_000],
  ])("more than may be held is a failure, and nothing that is left out: %s", (_, bytes, max) => {
    const events = eventsIn([bytes, sse("[DONE]")], {}, max);
    expect(orderProblems(events)).toEqual([]);
    expect(lastOf(events)).toMatchObject({ kind: "failure", failure: { code: "too_large", kind: "internal", status: 0 } });
  });

  test("as much as may be held is told whole", () => {
    const blocks = (bytes: Buffer) => replyIn(Buffer.concat([bytes, sse(stop, "[DONE]")])).choices[0]?.blocks ?? [];
    expect(blocks(each(1024, (number) => oneCall(number, { name: "f", arguments: "{}" })))).toHaveLength(1024);
    expect(blocks(each(2, (number) => cited(number, 5000)))[0]).toMatchObject({ citations: { length: 10_000 } });
  });

  test("what is no chunk is left alone", () => {
    expect(said(replyIn(Buffer.from(`: hello\n\ndata: keep-alive\n\ndata: 7\n\nevent: x\ndata: {"choices":"none"}\n\n${String(sse(chunk({ content: "t" }), stop, "[DONE]"))}`)))).toEqual(["text t"]);
  });
});
