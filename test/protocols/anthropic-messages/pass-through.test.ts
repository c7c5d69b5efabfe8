// What a watch over a passing stream tells about it, and what ends one that failed. The bytes are Anthropic's own form.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { anthropicMessages } from "../../../dataplane/protocols/anthropic-messages/index.ts";
import { firstDifference, watchPieces } from "../watching.ts";
import { accumulate, EVENT_BYTES_MAX, type Members, readReply, streamOf } from "./driving.ts";

const message = (usage: Members): Members => ({ id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [], stop_reason: null, stop_sequence: null, usage });
const deltas = (...texts: string[]): Members[] => texts.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }));
const start: Members = { type: "message_start", message: message({ input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 1 }) };
const open: Members = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
const close: Members = { type: "content_block_stop", index: 0 };
const finish: Members = { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 12 } };
const stop: Members = { type: "message_stop" };
const error: Members = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
const complete = [start, { type: "ping" }, open, ...deltas("Hi ", "message_stop", '\nevent: message_stop\n\n"usage"'), close, finish, stop];

const openWatch = () => anthropicMessages.openStream(EVENT_BYTES_MAX);
const watch = (bytes: Buffer | string) => watchPieces(openWatch, [Buffer.from(bytes)]);
const watchEvents = (events: readonly Members[]) => watch(streamOf(events));
const nameless = (events: readonly Members[]): string => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
const typeLast = (events: readonly Members[]): string => events.map(({ type, ...rest }) => `data: ${JSON.stringify({ ...rest, type })}\n\n`).join("");

describe("a passing stream", () => {
  test.each<[string, string]>([
    ["as it is", streamOf(complete).toString()],
    ["with padding", streamOf(complete).toString().replaceAll("}\n\n", "}    \n\n")],
    ["without names", nameless(complete)],
    ["without names, its types last", typeLast(complete)],
    ["with data before names", complete.map((event) => `data: ${JSON.stringify(event)}\nevent: ${String(event["type"])}\n\n`).join("")],
  ])("tells its counts, its model and why it ended: %s", (_, bytes) => {
    expect(watch(bytes)).toMatchObject({
      isFinished: true, hasTerminator: true, error: null, passed: bytes,
      summary: { inputTokens: 100, cachedInputTokens: 90, outputTokens: 12, finishReason: "end_turn", model: "claude-x", outputTokensEstimate: 0 },
    });
  });

  test("keeps a relay's [DONE] from a client that would fail on it", () => {
    const bytes = streamOf(complete).toString();
    expect(watch(`${bytes}event: data\ndata: [DONE]\n\n`).passed).toBe(bytes);
    expect(watch(`${streamOf(complete.slice(0, -1)).toString()}data: [DONE]\n\n`)).toMatchObject({ isFinished: true, hasTerminator: true });
  });

  test("is complete when it said why it ended, and not before", () => {
    expect(watchEvents(complete.slice(0, -1))).toMatchObject({ isFinished: true, hasTerminator: false });
    expect(watchEvents(complete.slice(0, -2))).toMatchObject({ isFinished: false, hasTerminator: false, summary: { inputTokens: 100, outputTokens: -1, finishReason: "" } });
  });

  test("that was cut inside its last event is not complete", () => {
    expect(watch(streamOf(complete).toString().slice(0, -8))).toMatchObject({ isFinished: false });
  });

  test("that breaks off is worth what was written, signatures left out", () => {
    const text = "word ".repeat(200);
    const signature = { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "s".repeat(5000) } };
    const { summary } = watchEvents([start, open, signature, ...deltas(...Array.from({ length: 100 }, () => text))]);
    expect(Math.abs(summary.outputTokensEstimate - (100 * text.length) / 4)).toBeLessThan(50);
  });

  test("tells an error, whichever way it is told", () => {
    expect(watchEvents([start, error])).toMatchObject({ isFinished: false, error: { message: "Overloaded", type: "overloaded_error", kind: "overloaded" } });
    expect(watch(nameless([start, error])).error).toMatchObject({ kind: "overloaded" });
    expect(watch(`${nameless([start])}data: {"error":{"message":"broke"}}\n\n`).error).toMatchObject({ message: "broke" });
    expect(watch(`event: error\ndata: upstream gone\n\n`).error).toMatchObject({ message: "upstream gone" });
    expect(watchEvents([...complete.slice(0, -1), error]).isFinished).toBe(false);
  });

  test("tells an error before the stream ends", () => {
    const early = openWatch();
    early.push(streamOf([start, error]));
    expect(early.error?.kind).toBe("overloaded");
  });

  test("may tell everything in its beginning", () => {
    const whole = { ...message({ input_tokens: 0, output_tokens: 3 }), stop_reason: "tool_use" };
    expect(watchEvents([{ type: "message_start", message: whole }, stop])).toMatchObject({ isFinished: true, summary: { outputTokens: 3, finishReason: "tool_use" } });
  });

  test.each([complete, complete.slice(0, -2), [start, error]])("tells the same wherever it is cut: %#", (...events) => {
    expect(firstDifference(openWatch, streamOf(events), "Everywhere")).toBeNull();
    const small = () => anthropicMessages.openStream(100);
    expect(firstDifference(small, streamOf(events), "Pieces")).toBeNull();
  });
});

describe("a failure of ours in a passing stream", () => {
  const reason = failure("UPSTREAM_TRUNCATED");
  const bytes = streamOf([start, open, ...deltas("Hello")]).toString();

  test("is an error event for the vendor's library, wherever the provider broke off", async () => {
    for (let cut = streamOf([start]).length; cut <= bytes.length; cut++) {
      const broken = openWatch();
      broken.push(Buffer.from(bytes.slice(0, cut)));
      broken.end();
      const told = anthropicMessages.encodeStreamFailure(reason, broken).toString();
      await expect(accumulate(bytes.slice(0, cut) + told), `cut at ${cut}`).rejects.toMatchObject({ type: "api_error", errorCode: "UPSTREAM_TRUNCATED" });
      expect(told).not.toContain("message_stop");
    }
  });

  test("has the vendor's shape", () => {
    const told = anthropicMessages.encodeStreamFailure(reason, openWatch()).toString();
    expect(told).toBe(`event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "api_error", message: reason.message, details: { error_code: "UPSTREAM_TRUNCATED" } } })}\n\n`);
  });
});

describe("a passing reply", () => {
  const reply = {
    ...message({ input_tokens: 10, output_tokens: 5 }),
    content: [
      { type: "thinking", thinking: "hm", signature: "s" },
      { type: "redacted_thinking", data: "x" },
      { type: "text", text: "a", citations: [{ type: "char_location", cited_text: "c", document_index: 0, document_title: null, start_char_index: 0, end_char_index: 1 }] },
      { type: "tool_use", id: "t", name: "n", input: { id: 1 } },
      { type: "server_tool_use", id: "s", name: "web_search", input: {} },
      { type: "web_search_tool_result", tool_use_id: "s", content: [] },
    ],
    stop_reason: "tool_use",
    stop_details: null,
    context_management: { applied_edits: [] },
  };
  const body = Buffer.from(JSON.stringify(reply));

  test("tells what it says", () => {
    expect(anthropicMessages.readReply(body)).toMatchObject({ isWhole: true, error: null, summary: { inputTokens: 10, outputTokens: 5, finishReason: "tool_use", model: "claude-x" } });
    expect(anthropicMessages.readReply(body.subarray(0, 90))).toMatchObject({ isWhole: false, error: null });
    expect(anthropicMessages.readReply(Buffer.from(JSON.stringify(error)))).toMatchObject({ isWhole: true, error: { message: "Overloaded" } });
    expect(anthropicMessages.readReply(Buffer.from("[]"))).toMatchObject({ isWhole: true, error: null });
  });

  test("told as a stream is the same message, and back", async () => {
    const stream = anthropicMessages.replyToStream(body);
    expect(JSON.parse(String(anthropicMessages.streamToReply(stream as Buffer)))).toEqual(reply);
    const [streamed, whole] = await Promise.all([accumulate(String(stream)), readReply(body.toString())]);
    expect(streamed["content"]).toEqual(whole["content"]);
  });

  test("is no stream when it is no message, and a stream is no reply when it is not complete", () => {
    expect(anthropicMessages.replyToStream(Buffer.from(JSON.stringify(error)))).toBeNull();
    expect(anthropicMessages.replyToStream(Buffer.from("x"))).toBeNull();
    expect(anthropicMessages.streamToReply(streamOf(complete.slice(0, -2)))).toBeNull();
    expect(anthropicMessages.streamToReply(streamOf([start, error]))).toBeNull();
  });

  test("numbers and keys of a call survive being joined", () => {
    const call = [start, { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "n", input: {} } }, { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: '{"n":9007199254740993,"p":1.0}' } }, close, finish, stop];
    expect(String(anthropicMessages.streamToReply(streamOf(call)))).toContain('"input":{"n":9007199254740993,"p":1.0}');
  });
});
