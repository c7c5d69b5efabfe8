// Whole replies and failures of providers that speak chat completions.
import { describe, expect, test } from "vitest";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import type { ProviderFailure, Reply } from "../../../dataplane/protocols/ir.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { asBytes, said, targetOf } from "./asking.ts";

const replyOf = (message: object | undefined, more: object = {}): Reply => {
  const reply = codec.decodeReply(asBytes({ id: "chatcmpl-1", created: 7, model: "m", system_fingerprint: "fp", choices: [{ index: 0, message, finish_reason: "stop", ...more }] }), targetOf());
  if (isFailure(reply)) throw new Error(reply.message);
  return reply;
};

describe("a whole reply", () => {
  test("says what its stream would say", () => {
    const message = { role: "assistant", content: "t", reasoning_content: "why", tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }] };
    const reply = replyOf(message);
    expect(said(reply)).toEqual(["reasoning why", "text t", "call a f {}"]);
    expect(reply).toMatchObject({ id: "chatcmpl-1", createdAt: 7, model: "m", extras: { "openai-chat": { system_fingerprint: "fp" } }, choices: [{ finish: { reason: "tool-calls", raw: "stop" } }] });
  });

  test("without a message is one whose content was filtered", () => {
    const reply = replyOf(undefined, { finish_reason: "content_filter", content_filter_results: { hate: { filtered: true }, violence: { filtered: false } } });
    expect(reply.choices).toEqual([{ index: 0, blocks: [], finish: { reason: "filter", raw: "content_filter", detail: "hate" } }]);
  });

  test("keeps the numbers of arguments that are objects", () => {
    const body = Buffer.from('{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"n":1.50,"m":{"k":2e3}}}}]},"finish_reason":"tool_calls"}]}');
    expect(said(codec.decodeReply(body, targetOf()) as Reply)).toEqual(['call call_0 f {"n":1.50,"m":{"k":2e3}}']);
  });

  test("with more calls than may be held is a failure, and nothing that is left out", () => {
    const calls = Array.from({ length: 1025 }, (_, number) => ({ id: `c${number}`, type: "function", function: { name: "f", arguments: "{}" } }));
    expect(said(replyOf({ tool_calls: calls.slice(1) }))).toHaveLength(1024);
    expect(codec.decodeReply(asBytes({ choices: [{ message: { tool_calls: calls }, finish_reason: "stop" }] }), targetOf())).toMatchObject({ status: 0, code: "too_large" });
  });

  test.each([
    ["an error in the clothes of a success", '{"error":{"message":"no","code":"content_filter","param":"messages"}}', { message: "no", kind: "filtered", parameter: "messages" }],
    ["an error beside null choices", '{"choices":null,"error":{"message":"no"}}', { message: "no" }],
    ["a page", "<html>", { code: "unreadable" }],
    ["something else", '{"object":"list"}', { code: "unreadable" }],
    ["no choices", '{"choices":[]}', { code: "empty" }],
    ["an empty choice without a finish", '{"choices":[{"message":{"content":""}}]}', { code: "empty" }],
    ["a fault", '{"choices":[{"message":{"content":""},"finish_reason":"error"}]}', { code: "error" }],
  ])("is none: %s", (_, body, expected) => {
    const failure = codec.decodeReply(Buffer.from(body), targetOf());
    expect(failure).toMatchObject({ status: 0, ...expected });
  });
});

describe("a failure", () => {
  const failureOf = (status: number, body: string, headers = {}): ProviderFailure => codec.decodeFailure(status, headers, Buffer.from(body));

  test.each<[string, number, string, Partial<ProviderFailure>]>([
    ["OpenAI's", 400, '{"error":{"message":"Unsupported","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}', { kind: "invalid", message: "Unsupported", type: "invalid_request_error", code: "unsupported_parameter", parameter: "max_tokens" }],
    ["a context that is too long", 400, '{"error":{"message":"This model\'s maximum context length is 8192 tokens","code":"context_length_exceeded"}}', { kind: "context-too-long" }],
    ["Azure's filter", 400, '{"error":{"message":"filtered","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}', { kind: "filtered" }],
    ["an empty purse", 429, '{"error":{"message":"quota","code":"insufficient_quota"}}', { kind: "payment" }],
    ["a rate", 429, '{"error":{"message":"Rate limit reached","type":"requests"}}', { kind: "rate-limited" }],
    ["xAI's bad key", 400, '{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xx. You can obtain one at https://console.x.ai."}', { kind: "credential", message: "Incorrect API key provided: xx. You can obtain one at https://console.x.ai." }],
    ["OpenRouter's, with a number", 402, '{"error":{"code":402,"message":"Insufficient credits","metadata":{}},"user_id":"u"}', { kind: "payment", code: "402" }],
    ["Mistral's", 422, '{"object":"error","message":"bad","type":"invalid_request_error","code":null}', { kind: "invalid", message: "bad" }],
    ["Mistral's of a key", 401, '{"detail":"Unauthorized"}', { kind: "credential", message: "Unauthorized" }],
    ["Gemini's in a list", 400, '[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]', { kind: "invalid", message: "bad" }],
    ["DashScope's of a bill", 400, '{"error":{"code":"Arrearage","message":"Access denied"}}', { kind: "payment" }],
    ["a bare JSON string", 401, '"Invalid token"', { kind: "credential", message: "Invalid token" }],
    ["plain text", 404, "404 page not found", { kind: "not-found", message: "404 page not found" }],
    ["a page, which nobody wants to read", 502, "<!DOCTYPE html><html>Bad gateway</html>", { kind: "internal", message: "" }],
    ["nothing", 503, "", { kind: "overloaded", message: "" }],
    ["a proxy's timeout", 524, "", { kind: "timeout" }],
    ["too much", 413, '{"error":{"message":"big"}}', { kind: "too-large" }],
  ])("is read: %s", (_, status, body, expected) => {
    expect(failureOf(status, body)).toMatchObject({ status, ...expected });
  });

  test.each<[Record<string, string>, number]>([
    [{ "retry-after": "12" }, 12],
    [{ "retry-after-ms": "1500", "retry-after": "9" }, 2],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }, 30],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT" }, 0],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "99999999999" }, 86_400],
    [{}, 0],
  ])("tells when to come back: %j", (headers, seconds) => {
    expect(failureOf(429, "", headers).retryAfterSeconds).toBe(seconds);
  });
});
