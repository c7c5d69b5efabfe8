// Whole replies: what is read of them, and how they become streams and streams become them.
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { noUsage } from "../../dataplane/protocols/ir.ts";
import type { PassThrough } from "../../dataplane/protocols/pass-through.ts";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { fixture, fixtureNames, watchPieces } from "./watching.ts";

const chat = passThroughs["openai-chat"];
const completions = passThroughs["openai-completions"];
const responses = passThroughs["openai-responses"];
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const parse = (bytes: Buffer | null): unknown => (bytes === null ? null : JSON.parse(bytes.toString()));

const usage = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 3 } };
const textReply = {
  id: "chatcmpl-1", object: "chat.completion", created: 1_755_137_933, model: "gpt-5-nano",
  choices: [
    { index: 0, message: { role: "assistant", content: "Good day 🌅", refusal: null, annotations: [] }, logprobs: { content: [{ token: "Good", logprob: -0.5, bytes: null, top_logprobs: [] }], refusal: null }, finish_reason: "stop" },
    { index: 1, message: { role: "assistant", content: "Go", refusal: null }, logprobs: null, finish_reason: "length" },
  ],
  service_tier: "default", system_fingerprint: "fp_1", usage,
};
const call = (id: string, name: string) => ({ id, type: "function", function: { name, arguments: '{"a":1}' } });
const callReply = {
  id: "chatcmpl-2", object: "chat.completion", created: 1_755_137_933, model: "gpt-5-nano",
  choices: [{ index: 0, message: { role: "assistant", content: null, refusal: null, reasoning_content: "Hm.", tool_calls: [call("call_1", "add"), call("call_2", "sum")] }, logprobs: null, finish_reason: "tool_calls" }],
  usage,
};
const refusalReply = {
  id: "chatcmpl-3", object: "chat.completion", created: 1_755_137_933, model: "gpt-5-nano",
  choices: [{ index: 0, message: { role: "assistant", content: null, refusal: "I must not." }, logprobs: null, finish_reason: "stop" }],
};
const audioReply = {
  id: "chatcmpl-4", object: "chat.completion", created: 1_755_137_933, model: "gpt-audio",
  choices: [{ index: 0, message: { role: "assistant", content: null, refusal: null, audio: { id: "audio_1", data: "UklGRg==", expires_at: 1_755_141_533, transcript: "Hi" } }, logprobs: null, finish_reason: "stop" }],
  usage,
};
const completionReply = {
  id: "cmpl-1", object: "text_completion", created: 1_755_137_933, model: "gpt-3.5-turbo-instruct",
  choices: [{ text: " there", index: 0, logprobs: { tokens: [" there"], token_logprobs: [-1.5], top_logprobs: null, text_offset: [0] }, finish_reason: "stop" }, { text: " and", index: 1, logprobs: null, finish_reason: "length" }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};
const response = {
  id: "resp_1", object: "response", created_at: 1_758_034_836, status: "completed", error: null, incomplete_details: null, model: "gpt-5",
  output: [
    { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Think." }], encrypted_content: "gAAA" },
    { id: "msg_1", type: "message", status: "completed", role: "assistant", content: [{ type: "output_text", annotations: [{ type: "url_citation", start_index: 0, end_index: 2, url: "https://example.org", title: "E" }], logprobs: [], text: "Hi." }, { type: "refusal", refusal: "No." }] },
    { id: "fc_1", type: "function_call", status: "completed", arguments: '{"x":1}', call_id: "call_1", name: "look" },
    { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "q" } },
  ],
  usage: { input_tokens: 53, input_tokens_details: { cached_tokens: 13 }, output_tokens: 9, output_tokens_details: { reasoning_tokens: 2 }, total_tokens: 62 },
};

const samples: [string, PassThrough, unknown][] = [
  ["texts with log probabilities", chat, textReply],
  ["tool calls and reasoning", chat, callReply],
  ["a refusal", chat, refusalReply],
  ["audio", chat, audioReply],
  ["older completions", completions, completionReply],
  ["a response", responses, response],
  ["an incomplete response", responses, { ...response, status: "incomplete", incomplete_details: { reason: "content_filter" } }],
];

describe("a reply told as a stream", () => {
  test.each(samples)("and joined again says the same: %s", (_, protocol, reply) => {
    const stream = protocol.replyToStream(json(reply), { includeUsage: true });
    expect(parse(stream === null ? null : protocol.streamToReply(stream))).toEqual(reply);
  });

  test.each(samples)("is a stream that its own watch finds complete, with the same usage: %s", (_, protocol, reply) => {
    const stream = protocol.replyToStream(json(reply), { includeUsage: true }) ?? Buffer.alloc(0);
    const outcome = watchPieces(() => protocol.openStream(8_388_608), [stream]);
    expect(outcome).toMatchObject({ isFinished: true, hasTerminator: true, isBetweenEvents: true, error: null, passed: stream.toString("latin1") });
    expect(outcome.summary).toEqual({ ...protocol.readReply(json(reply)).summary, finishReason: outcome.summary.finishReason, outputTokensEstimate: outcome.summary.outputTokensEstimate });
  });

  test("tells usage only to a client that asked for it", () => {
    expect(chat.replyToStream(json(textReply))?.toString()).not.toContain("usage");
    expect(completions.replyToStream(json(completionReply))?.toString()).not.toContain("usage");
    const events = chat.replyToStream(json(textReply), { includeUsage: true })?.toString().trimEnd().split("\n\n") ?? [];
    expect(events.at(-1)).toBe("data: [DONE]");
    expect(JSON.parse(events.at(-2)?.slice(6) ?? "")).toMatchObject({ choices: [], usage });
    expect(events.slice(0, -2).every((event) => event.includes('"usage":null'))).toBe(true);
  });

  test("is not made of what is no reply", () => {
    for (const body of ["{", "[]", "{}", '{"error":{"message":"no"}}', '{"object":"list","data":[]}']) {
      for (const protocol of [chat, completions, responses]) expect(protocol.replyToStream(Buffer.from(body))).toBeNull();
    }
    expect(responses.replyToStream(json({ ...response, status: "queued", output: [] }))).toBeNull();
  });

  test("numbers the events of a response from 0 without a gap and names each", () => {
    const events = (responses.replyToStream(json(response))?.toString() ?? "").trimEnd().split("\n\n").map((event) => event.split("\n"));
    const documents = events.map(([, data]) => JSON.parse((data ?? "").slice(6)) as { type: string; sequence_number: number });
    expect(documents.map(({ sequence_number }) => sequence_number)).toEqual(documents.map((_, index) => index));
    expect(events.map(([name]) => name)).toEqual(documents.map(({ type }) => `event: ${type}`));
    expect(documents.map(({ type }) => type.replace("response.", ""))).toEqual([
      "created", "in_progress",
      "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
      "output_item.added", "content_part.added", "output_text.delta", "output_text.annotation.added", "output_text.done", "content_part.done",
      "content_part.added", "refusal.delta", "refusal.done", "content_part.done", "output_item.done",
      "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
      "output_item.added", "output_item.done", "completed",
    ]);
  });
});

const client = (bytes: Buffer) =>
  new OpenAI({ apiKey: "none", baseURL: "http://none.invalid", maxRetries: 0, fetch: async () => new Response(new Uint8Array(bytes), { headers: { "content-type": "text/event-stream" } }) });

describe("OpenAI's own library reads", () => {
  test("a chat reply told as a stream", async () => {
    const stream = chat.replyToStream(json(callReply), { includeUsage: true }) ?? Buffer.alloc(0);
    const whole = await client(stream).chat.completions.stream({ model: "m", messages: [], stream_options: { include_usage: true } }).finalChatCompletion();
    expect(whole.choices[0]?.message.tool_calls).toMatchObject(callReply.choices[0]?.message.tool_calls ?? []);
    expect([whole.choices[0]?.finish_reason, whole.usage]).toEqual(["tool_calls", usage]);
  });

  test("a response told as a stream", async () => {
    const whole = await client(responses.replyToStream(json(response)) ?? Buffer.alloc(0)).responses.stream({ model: "m", input: "i" }).finalResponse();
    expect([whole.id, whole.output_text, whole.usage]).toEqual([response.id, "Hi.", response.usage]);
  });
});

describe("a stream joined into a reply", () => {
  test("keeps the text whole", () => {
    expect(parse(chat.streamToReply(fixture("openai-chat/plain.sse")))).toEqual({
      id: "chatcmpl-C4HqHBe4xca0k0EzsCnf1", object: "chat.completion", created: 1_755_137_933, model: "gpt-5-nano-2025-08-07",
      choices: [{ index: 0, message: { role: "assistant", content: "Good morning, café 🌅!", refusal: null }, logprobs: null, finish_reason: "stop" }],
    });
  });

  test("keeps calls apart whose indices are sparse, and leaves out indices and padding", () => {
    const joined = chat.streamToReply(fixture("openai-chat/tool-calls.sse"))?.toString() ?? "";
    expect(JSON.parse(joined)).toMatchObject({
      choices: [{
        message: { content: null, tool_calls: [{ id: "call_a", type: "function", function: { name: "add", arguments: '{"a":1}' } }, { id: "call_b", type: "function", function: { name: "look_up", arguments: '{"word":"«usage»"}' } }] },
        finish_reason: "tool_calls",
      }],
      usage: { prompt_tokens: 12, completion_tokens: 7 },
    });
    expect(joined).not.toContain('"index":2');
    expect(chat.streamToReply(fixture("openai-chat/usage-last.sse"))?.toString()).not.toContain("obfuscation");
  });

  test("keeps calls apart that have no index and no id", () => {
    expect(parse(chat.streamToReply(fixture("openai-chat/whole-calls-without-index.sse")))).toMatchObject({ choices: [{ message: { tool_calls: [{ function: { name: "time" } }, { function: { name: "date" } }] } }] });
  });

  test("does not repeat a text that is told again in each chunk", () => {
    expect(parse(chat.streamToReply(fixture("openai-chat/usage-each-chunk-crlf.sse")))).toMatchObject({ choices: [{ message: { content: "The sky is blue." } }], citations: ["https://example.org/sky"], usage: { completion_tokens: 5 } });
  });

  test("keeps choices apart", () => {
    expect(parse(chat.streamToReply(fixture("openai-chat/two-choices.sse")))).toMatchObject({ choices: [{ index: 0, message: { content: "Heads" }, finish_reason: "stop" }, { index: 1, message: { content: "Tails" }, finish_reason: "length" }] });
  });

  test("keeps content that comes as a list", () => {
    const chunk = (content: unknown, reason: string | null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] })}\n\n`;
    const stream = chunk("", null) + chunk([{ type: "thinking", thinking: [{ type: "text", text: "Hm" }] }], null) + chunk("Yes", "stop");
    expect(parse(chat.streamToReply(Buffer.from(stream)))).toMatchObject({ choices: [{ message: { content: [{ type: "thinking" }, { type: "text", text: "Yes" }] } }] });
  });

  test("is the response of the terminal event, with the items that it left out", () => {
    expect(parse(responses.streamToReply(fixture("openai-responses/completed.sse")))).toMatchObject({ id: "resp_68c97b94a480", status: "completed", output: [{ id: "msg_1" }] });
    expect(parse(responses.streamToReply(fixture("openai-responses/output-only-in-items.sse")))).toMatchObject({ status: "completed", output: [{ id: "fc_1", arguments: '{"x":1}' }] });
    expect(parse(responses.streamToReply(fixture("openai-responses/incomplete.sse")))).toMatchObject({ status: "incomplete" });
  });

  test.each([
    ...fixtureNames("openai-chat").map((name): [string, PassThrough] => [`openai-chat/${name}`, chat]),
    ...fixtureNames("openai-responses").map((name): [string, PassThrough] => [`openai-responses/${name}`, responses]),
  ])("is nothing unless the stream is complete and without error: %s", (path, protocol) => {
    const bytes = fixture(path);
    const { isFinished, error } = watchPieces(() => protocol.openStream(8_388_608), [bytes]);
    expect(protocol.streamToReply(bytes) !== null).toBe(isFinished && error === null);
    for (let end = 0; end < bytes.length; end += 97) {
      const part = bytes.subarray(0, end);
      const outcome = watchPieces(() => protocol.openStream(8_388_608), [part]);
      if (!outcome.isFinished || outcome.error !== null) expect(protocol.streamToReply(part)).toBeNull();
    }
  });
});

describe("a whole reply", () => {
  test("tells its usage, its model and its finish reason", () => {
    expect(chat.readReply(json(callReply))).toEqual({
      summary: { ...noUsage(), inputTokens: 12, outputTokens: 7, cachedInputTokens: 4, reasoningTokens: 3, finishReason: "tool_calls", model: "gpt-5-nano", outputTokensEstimate: 0 },
      error: null,
      isWhole: true,
    });
    expect(responses.readReply(json(response))).toMatchObject({ summary: { inputTokens: 53, outputTokens: 9, finishReason: "completed", model: "gpt-5" }, error: null, isWhole: true });
  });

  test("without usage is estimated by what was written", () => {
    expect(chat.readReply(json(refusalReply)).summary).toMatchObject({ outputTokens: -1, outputTokensEstimate: Math.ceil("I must not.".length / 4) });
    expect(completions.readReply(json({ ...completionReply, usage: undefined })).summary.outputTokensEstimate).toBe(3);
    expect(responses.readReply(json({ ...response, usage: null })).summary.outputTokensEstimate).toBe(Math.ceil('Think.Hi.No.{"x":1}'.length / 4));
  });

  test.each([["chat", chat, textReply], ["completions", completions, completionReply], ["responses", responses, response]] as const)("cut off is not whole, at whatever byte: %s", (_, protocol, reply) => {
    const body = json(reply);
    for (let end = 0; end < body.length; end++) expect(protocol.readReply(body.subarray(0, end)).isWhole).toBe(false);
    expect(protocol.readReply(body).isWhole).toBe(true);
    expect(protocol.readReply(Buffer.from(` ${JSON.stringify(reply, null, 2)}\n`))).toEqual(protocol.readReply(body));
  });

  test.each([
    ["an object", { error: { message: "no", type: "t", code: "c" } }, { message: "no", type: "t", code: "c" }],
    ["a string, with the code beside it", { code: "invalid-argument", error: "no" }, { message: "no", type: "", code: "invalid-argument" }],
    ["a number for a code", { error: { message: "no", code: 429 } }, { message: "no", type: "", code: "429" }],
    ["an array around it", [{ error: { message: "no", code: 400 } }], { message: "no", type: "", code: "400" }],
    ["the word in `object`", { object: "error", message: "no", type: "t", code: 40301 }, { message: "no", type: "t", code: "40301" }],
    ["no choices and a message", { message: "no" }, { message: "no", type: "", code: "" }],
  ])("can be an error with the status of a success: %s", (_, body, error) => {
    expect(chat.readReply(json(body))).toMatchObject({ error, isWhole: true });
  });

  test("with an error that is null, or that is none of an answer, is no error", () => {
    expect(chat.readReply(json({ ...textReply, error: null })).error).toBeNull();
    expect(chat.readReply(json({ ...textReply, error: {} })).error).toBeNull();
    expect(chat.readReply(json({ object: "list", data: [] })).error).toBeNull();
    expect(chat.readReply(json({ object: "chat.completion.deleted", id: "x", deleted: true })).error).toBeNull();
  });

  test("of a failed response is an error", () => {
    expect(responses.readReply(json({ ...response, status: "failed", error: { code: "server_error", message: "no" } })).error).toEqual({ message: "no", type: "", code: "server_error" });
  });

  test("that is a web page or nothing is not whole", () => {
    for (const body of ["<html></html>", "", "null and void"]) expect(chat.readReply(Buffer.from(body)).isWhole).toBe(false);
  });
});
