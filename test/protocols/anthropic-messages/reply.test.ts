// Whole answers of Anthropic's: what is read of a provider's, what a client gets, and failures on both sides.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import { type Block, noUsage, type Reply } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { accumulate, codec, conversationOf, encodeAll, type Members, readReply, targetOf } from "./driving.ts";

const NAME = "anthropic-messages";
const base: Reply = { id: "chatcmpl-1", model: "gpt", createdAt: 5, choices: [], usage: noUsage(), serviceTier: "" };
const replyOf = (blocks: readonly Block[], others: Partial<Reply> = {}): Reply => ({ ...base, choices: [{ index: 0, blocks, finish: { reason: "stop", raw: "stop" } }], ...others });
const encode = (reply: Reply) => {
  const { body, losses } = codec.encodeReply(reply, conversationOf({}));
  return { message: JSON.parse(body.toString()) as Members, losses };
};
const contentOf = (...blocks: Block[]): unknown => encode(replyOf(blocks)).message["content"];
const text = (words: string, others: object = {}): Block => ({ kind: "text", text: words, at: "", ...others });
const decode = (message: Members | string): ReturnType<typeof codec.decodeReply> => codec.decodeReply(Buffer.from(typeof message === "string" ? message : JSON.stringify(message)), targetOf());

describe("a client's reply", () => {
  test("is a message with all that its library reads", () => {
    expect(encode(replyOf([text("Hi")], { usage: { ...noUsage(), inputTokens: 10, cachedInputTokens: 4, outputTokens: 3, reasoningTokens: 1 }, serviceTier: "priority" })).message).toEqual({
      id: "msg_chatcmpl-1",
      type: "message",
      role: "assistant",
      model: "claude",
      content: [{ type: "text", text: "Hi" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      usage: {
        input_tokens: 6, cache_creation_input_tokens: null, cache_read_input_tokens: 4, cache_creation: null, output_tokens: 3,
        output_tokens_details: { thinking_tokens: 1 }, server_tool_use: null, service_tier: "priority",
      },
    });
  });

  test.each([
    ["msg_vrtx_01", "msg_vrtx_01"],
    ["resp/1:2", "msg_resp_1_2"],
    ["", "msg_0"],
  ])("has an id in the style of its protocol: %s", (id, expected) => {
    expect(encode(replyOf([], { id })).message["id"]).toBe(expected);
  });

  test("cuts a text where its citations begin and end, and joins to the same text", () => {
    const citation = { kind: "url", url: "https://a", title: "T", citedText: "" } as const;
    const content = contentOf(text("One 🐘 two three", { citations: [{ ...citation, start: 7, end: 10 }, { ...citation, start: -1, end: -1, url: "https://b" }, { ...citation, start: 5, end: 7, url: "https://half" }] })) as Members[];
    expect(content.map((block) => [block["text"], ((block["citations"] ?? []) as Members[]).map(({ url }) => url)])).toEqual([
      ["One 🐘 ", ["https://b", "https://half"]],
      ["two", ["https://a", "https://b", "https://half"]],
      [" three", ["https://b", "https://half"]],
    ]);
  });

  test("calls with objects, and with what the model wrote when it is none", () => {
    const call = (words: string): Block => ({ kind: "tool-call", id: "t", name: "n", arguments: words, at: "" });
    expect(contentOf(call(""), call('{"a":1}'), call('{"a":'), call("[1]"))).toMatchObject([{ input: {} }, { input: { a: 1 } }, { input: { _raw: '{"a":' } }, { input: { _raw: "[1]" } }]);
    expect(codec.encodeReply(replyOf([call('{"n":9007199254740993,"p":1.0}')]), conversationOf({})).body.toString()).toContain('"input":{"n":9007199254740993,"p":1.0}');
  });

  test("stopped to call when there is a call, but not when it was cut off", () => {
    const call: Block = { kind: "tool-call", id: "t", name: "n", arguments: "{", at: "" };
    expect(encode(replyOf([call])).message["stop_reason"]).toBe("tool_use");
    expect(encode({ ...base, choices: [{ index: 0, blocks: [call], finish: { reason: "length", raw: "length" } }] }).message["stop_reason"]).toBe("max_tokens");
  });

  test.each<[string, Block, unknown[], object[]]>([
    ["a picture", { kind: "image", source: { kind: "bytes", data: "AA==", mediaType: "image/png" }, at: "" }, [], [{ path: "content.image", reason: "unsupported", severity: "major" }]],
    ["what was said aloud", { kind: "audio", source: { kind: "bytes", data: "", mediaType: "" }, format: "wav", transcript: "Hi", at: "" }, [{ type: "text", text: "Hi" }], [{ path: "content.audio", severity: "major" }]],
    ["another protocol's own block", { kind: "foreign", protocol: "gemini", type: "executableCode", value: {}, text: "1+1", at: "" }, [{ type: "text", text: "1+1" }], [{ path: "content.executableCode", severity: "minor" }]],
    ["a refusal", { kind: "refusal", text: "No.", at: "" }, [{ type: "text", text: "No." }], []],
  ])("says what it can of %s", (_, block, content, losses) => {
    const encoded = encode(replyOf([block]));
    expect(encoded.message["content"]).toEqual(content);
    expect(encoded.losses).toMatchObject(losses);
  });

  const foreign = { kind: "signature", origin: "gemini/gemini", value: "g" } as const;
  test.each<[string, readonly Block[]]>([
    ["text, thinking and calls", [{ kind: "reasoning", text: "hm", isSummary: false, at: "", opaques: [{ kind: "signature", origin: NAME, value: "s" }] }, text("a"), { kind: "tool-call", id: "t", name: "n", arguments: '{"a":1}', at: "" }]],
    ["another vendor's thinking", [{ kind: "reasoning", text: "", isSummary: true, at: "", opaques: [{ kind: "encrypted", origin: "openai-responses/openai", value: "e" }] }, text("a")]],
    ["an empty text that carries", [text("a"), text("", { opaques: [foreign] })]],
    ["nothing", [text("")]],
  ])("accumulates from its stream to the same message: %s", async (_, blocks) => {
    const reply = replyOf(blocks, { usage: { ...noUsage(), inputTokens: 3, outputTokens: 2 } });
    const [whole, streamed] = await Promise.all([readReply(codec.encodeReply(reply, conversationOf({})).body.toString()), accumulate(encodeAll(eventsOf(reply)))]);
    expect(streamed).toMatchObject({ id: whole["id"], model: whole["model"], content: whole["content"], stop_reason: whole["stop_reason"] });
  });

  test("carries what belongs to a call through a client's history", () => {
    const blocks: readonly Block[] = [text("a"), { kind: "tool-call", id: "1", name: "n", arguments: "", at: "", opaques: [foreign] }, { kind: "tool-call", id: "2", name: "n", arguments: "", at: "" }];
    const { turns } = conversationOf({ messages: [{ role: "assistant", content: encode(replyOf(blocks)).message["content"] }] });
    expect(turns[0]?.blocks.map(({ kind, opaques }) => [kind, opaques])).toEqual([["text", undefined], ["tool-call", [foreign]], ["tool-call", undefined]]);
  });

  test("gives another vendor's thinking back with the history", () => {
    const encrypted = { kind: "encrypted", origin: "openai-responses/openai", value: "e" } as const;
    const content = contentOf({ kind: "reasoning", text: "so", isSummary: true, at: "", opaques: [encrypted] });
    expect(content).toEqual([{ type: "thinking", thinking: "so", signature: wrap([encrypted]) }]);
    expect(conversationOf({ messages: [{ role: "assistant", content }] }).turns[0]?.blocks).toMatchObject([{ kind: "reasoning", text: "so", opaques: [encrypted] }]);
  });

  test("tells the first of several answers", () => {
    const choice = (index: number) => ({ index, blocks: [text(String(index))], finish: { reason: "stop", raw: "" } as const });
    expect(encode({ ...base, choices: [choice(1), choice(0)] }).message["content"]).toEqual([{ type: "text", text: "0" }]);
    expect(encode(base).message["content"]).toEqual([]);
  });
});

describe("a provider's reply", () => {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [{ type: "text", text: "Hi" }], stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2, service_tier: "standard" } };

  test("is read, and what only its own clients understand is kept", () => {
    expect(decode({ ...message, container: { id: "c" } })).toMatchObject({
      id: "msg_1", model: "claude-x", serviceTier: "standard", usage: { inputTokens: 3, outputTokens: 2, cachedInputTokens: -1 },
      choices: [{ index: 0, blocks: [{ kind: "text", text: "Hi" }], finish: { reason: "stop", raw: "end_turn" } }],
      extras: { [NAME]: { container: { id: "c" }, usage: message.usage } },
    });
  });

  test("is told to this protocol's clients as it was", () => {
    const reply = decode({ ...message, stop_details: { type: "refusal", category: "cyber" }, stop_reason: "refusal" });
    if (isFailure(reply)) throw new Error(reply.message);
    expect(encode(reply).message).toMatchObject({ usage: message.usage, stop_reason: "refusal", stop_details: { category: "cyber" } });
  });

  test("may hold blocks that are none, and no reason", () => {
    expect(decode({ ...message, content: [1, { text: "x" }, { type: "text", text: "Hi" }], stop_reason: null })).toMatchObject({ choices: [{ blocks: [{ text: "Hi" }], finish: { reason: "stop", raw: "" } }] });
  });

  test.each<[string, Members | string, object]>([
    ["an error with a success's status", { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, { kind: "overloaded", message: "Overloaded", status: 0 }],
    ["an error in others' shape", { error: { message: "broke", type: "server_error" } }, { kind: "internal", message: "broke", type: "server_error" }],
    ["markup", "<html><body>Bad gateway</body></html>", { kind: "internal", code: "invalid_json" }],
    ["nothing", "", { code: "invalid_json" }],
    ["a list", "[]", { code: "invalid_json" }],
    ["no content", { id: "x" }, { code: "no_content" }],
  ])("is a failure when it is %s", (_, body, expected) => {
    expect(decode(body)).toMatchObject(expected);
  });
});

describe("a provider's refusal", () => {
  const read = (status: number, body: unknown, headers: Record<string, string> = {}) => codec.decodeFailure(status, headers, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
  const error = (type: string, message: string) => ({ type: "error", error: { type, message }, request_id: "r" });

  test.each<[string, number, unknown, object]>([
    ["a bad request", 400, error("invalid_request_error", "max_tokens: required"), { kind: "invalid", message: "max_tokens: required", type: "invalid_request_error" }],
    ["a prompt that is too long", 400, error("invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"), { kind: "context-too-long" }],
    ["one beyond what is left", 400, error("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 3"), { kind: "context-too-long" }],
    ["no money", 400, error("invalid_request_error", "Your credit balance is too low"), { kind: "payment" }],
    ["filtered output", 400, error("invalid_request_error", "Output blocked by content filtering policy"), { kind: "filtered" }],
    ["a bad key", 401, error("authentication_error", "invalid x-api-key"), { kind: "credential" }],
    ["no rights", 403, error("permission_error", "no"), { kind: "forbidden" }],
    ["no such model", 404, error("not_found_error", "model: x"), { kind: "not-found" }],
    ["too much", 413, error("request_too_large", "x"), { kind: "too-large" }],
    ["too often", 429, error("rate_limit_error", "x"), { kind: "rate-limited" }],
    ["too many", 529, error("overloaded_error", "Overloaded"), { kind: "overloaded", status: 529 }],
    ["a fault", 500, error("api_error", "Internal server error"), { kind: "internal" }],
    ["Google's shape", 429, { error: { code: 429, message: "Quota", status: "RESOURCE_EXHAUSTED" } }, { kind: "rate-limited", message: "Quota", type: "RESOURCE_EXHAUSTED" }],
    ["Google's list", 403, [{ error: { code: 403, message: "Denied", status: "PERMISSION_DENIED" } }], { kind: "forbidden", message: "Denied" }],
    ["Amazon's shape", 400, { message: "bad" }, { kind: "invalid", message: "bad" }],
    ["a JSON string", 401, '"Invalid token"', { kind: "credential", message: "Invalid token" }],
    ["words", 404, "404 page not found", { kind: "not-found", message: "404 page not found" }],
    ["markup", 524, "<!DOCTYPE html><html>timeout</html>", { kind: "timeout", message: "The provider answered with status 524 and no message." }],
    ["nothing", 503, "", { kind: "overloaded", message: "The provider answered with status 503 and no message." }],
  ])("is understood: %s", (_, status, body, expected) => {
    expect(read(status, body)).toMatchObject({ status, ...expected });
  });

  test.each<[Record<string, string>, number]>([
    [{}, 0],
    [{ "retry-after": "12" }, 12],
    [{ "retry-after-ms": "1500", "retry-after": "9" }, 2],
    [{ "retry-after": "Wed, 11 Nov 2026 10:00:30 GMT", date: "Wed, 11 Nov 2026 10:00:00 GMT" }, 30],
    [{ "retry-after": "Wed, 11 Nov 2026 09:00:00 GMT", date: "Wed, 11 Nov 2026 10:00:00 GMT" }, 0],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "soon" }, 0],
    [{ "retry-after": "Infinity" }, 0],
  ])("says when to come back: %j", (headers, seconds) => {
    expect(read(429, error("rate_limit_error", "x"), headers).retryAfterSeconds).toBe(seconds);
  });

  test("of its own finer kind is kept", () => {
    expect(read(400, { type: "error", error: { type: "invalid_request_error", message: "x", details: { error_code: "tool_name_conflict" } } }).code).toBe("tool_name_conflict");
  });
});

test.each([
  ["AUTH_INVALID", "authentication_error"],
  ["ROUTE_FORBIDDEN", "permission_error"],
  ["ROUTE_MODEL_NOT_FOUND", "not_found_error"],
  ["REQUEST_INVALID_JSON", "invalid_request_error"],
  ["REQUEST_NOT_EXPRESSIBLE", "invalid_request_error"],
  ["ACCEPT_BODY_TOO_LARGE", "request_too_large"],
  ["UPSTREAM_RATE_LIMITED", "rate_limit_error"],
  ["ADMIT_OVERLOADED", "overloaded_error"],
  ["TIMEOUT_IDLE", "timeout_error"],
  ["UPSTREAM_INVALID", "api_error"],
] as const)("our own refusal %s is a %s", (code, type) => {
  const reason = failure(code);
  expect(JSON.parse(codec.encodeFailure(reason))).toEqual({ type: "error", error: { type, message: reason.message, details: { error_code: code } } });
});

test("a failure whose meaning is known is told by its meaning", () => {
  expect(JSON.parse(codec.encodeFailure({ ...failure("UPSTREAM_REJECTED"), kind: "payment" }))).toMatchObject({ error: { type: "billing_error" } });
});
