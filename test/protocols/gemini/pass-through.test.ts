// Bytes of Gemini's protocol that pass through: what a watch tells of them in either framing, how a failure of ours is put into
// a stream that has begun, and answers that come in the other form than was asked for.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { gemini } from "../../../dataplane/protocols/gemini/index.ts";
import { firstDifference, inTwo, watchPieces } from "../watching.ts";
import { accumulate, chunkOf, EVENT_BYTES_MAX, listOf, type Members, streamOf } from "./driving.ts";

const EVENTS = "text/event-stream";
const LIST = "application/json; charset=utf-8";
const chunks = [chunkOf([{ text: "Hel" }]), chunkOf([{ text: "lo" }]), chunkOf([{ text: "." }], { finishReason: "STOP" }, { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 10 } })];
const framings = [{ framing: EVENTS, write: streamOf }, { framing: LIST, write: listOf }];
const open = (framing: string, bytesMax = EVENT_BYTES_MAX) => gemini.openStream(bytesMax, framing);
const watched = (framing: string, bytes: Buffer) => watchPieces(() => open(framing), [bytes]);
const reason = failure("UPSTREAM_TRUNCATED");

describe.each(framings)("a stream framed as $framing", ({ framing, write }) => {
  const isList = framing === LIST;

  test("is watched and not changed, wherever it is cut", () => {
    const bytes = write(chunks);
    const { summary, passed, ...outcome } = watched(framing, bytes);
    expect(passed).toBe(bytes.toString("latin1"));
    expect(outcome).toEqual({ hasEvent: true, isFinished: true, hasTerminator: isList, isBetweenEvents: true, isOversize: false, error: null });
    expect(summary).toMatchObject({ inputTokens: 5, outputTokens: 5, reasoningTokens: 2, finishReason: "STOP", model: "gemini-3-pro", outputTokensEstimate: 0 });
    expect(firstDifference(() => open(framing), bytes, "Everywhere")).toBeNull();
  });

  test("is not finished when it was cut, or has no reason for its end", () => {
    const bytes = write(chunks);
    expect(watched(framing, bytes.subarray(0, -12)).isFinished).toBe(false);
    if (isList) expect(watched(framing, bytes.subarray(0, -1)).isFinished).toBe(false);
    else expect(watched(framing, write(chunks.slice(0, 2))).isFinished).toBe(false);
    expect(watched(framing, Buffer.alloc(0))).toMatchObject({ isFinished: false, hasEvent: false });
  });

  test("is finished when each candidate is", () => {
    const second = (rest: Members) => ({ candidates: [{ index: 1, content: { parts: [{ text: "x" }] }, ...rest }] });
    expect(watched(framing, write([...chunks, second({ finishReason: "MAX_TOKENS" })])).isFinished).toBe(true);
    if (!isList) expect(watched(framing, write([...chunks, second({})])).isFinished).toBe(false);
  });

  test("to a prompt that was blocked is finished", () => {
    const blocked = [{ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 } }];
    expect(watched(framing, write(blocked))).toMatchObject({ isFinished: true, summary: { finishReason: "SAFETY", inputTokens: 4, outputTokens: 0 } });
  });

  test("tells of an error in it, and when to come again", () => {
    const error = { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE", details: [{ "@type": "x/google.rpc.RetryInfo", retryDelay: "3s" }] } };
    const watch = open(framing);
    watch.push(write([chunks[0] as Members, error]));
    expect(watch.error).toMatchObject({ message: "The model is overloaded.", kind: "overloaded", retryAfterSeconds: 3 });
    expect(watched(framing, write([error]))).toMatchObject({ isFinished: false, error: { type: "UNAVAILABLE" } });
    expect(watched(framing, write([{ ...chunks[2], error: null }])).error).toBeNull();
  });

  test("is estimated where it tells no counts", () => {
    const bare = (text: string, rest: Members = {}) => ({ candidates: [{ content: { parts: [{ text }], role: "model" }, ...rest }] });
    const few = watched(framing, write([bare("x".repeat(40)), bare("y".repeat(40), { finishReason: "STOP" })])).summary;
    const many = watched(framing, write([...Array.from({ length: 400 }, () => bare("word ".repeat(8))), bare("end", { finishReason: "STOP" })])).summary;
    expect([few.outputTokens, few.outputTokensEstimate]).toEqual([-1, 20]);
    expect(many.outputTokensEstimate).toBeGreaterThan(3000);
    expect(many.outputTokensEstimate).toBeLessThan(isList ? 12_000 : 5000);
  });

  test("tells its end and its counts also when its last chunk holds an image", () => {
    const picture = chunkOf([{ inlineData: { mimeType: "image/png", data: "A".repeat(200_000) } }], { finishReason: "STOP" });
    const outcome = watchPieces(() => open(framing), inTwo(write([picture]), 70_000));
    expect(outcome).toMatchObject({ isFinished: true, error: null, summary: { inputTokens: 5, outputTokens: 2, finishReason: "STOP", model: "gemini-3-pro" } });
  });

  test("with an event of more than may be held says so", () => {
    expect(watchPieces(() => open(framing, 1000), inTwo(write([chunkOf([{ text: "x".repeat(5000) }])]), 3000)).isOversize).toBe(true);
  });

  test("that breaks off can be ended with a failure of ours at every byte", () => {
    const bytes = write(chunks.slice(0, 2)).subarray(0, isList ? -2 : undefined);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const watch = open(framing);
      watch.push(bytes.subarray(0, cut));
      const ended = bytes.subarray(0, cut).toString() + gemini.encodeStreamFailure(reason, watch).toString();
      const last = isList ? (JSON.parse(ended) as Members[]).at(-1) : ended.split(/\r\n\r\n|\n\n|\r\r/).filter((event) => event.includes("data:")).map((event) => JSON.parse(event.slice(event.indexOf("{"))) as Members).at(-1);
      expect(last?.["error"], `cut at ${cut}`).toMatchObject({ code: 502, status: "INTERNAL", message: reason.message });
    }
  });
});

describe("a list", () => {
  test("that was closed gets nothing more", () => {
    const watch = open(LIST);
    watch.push(listOf(chunks));
    expect(gemini.encodeStreamFailure(reason, watch).toString()).toBe("");
  });

  test("in whose place one error came is no answer", () => {
    expect(watched(LIST, Buffer.from('{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}'))).toMatchObject({ isFinished: false, error: { kind: "invalid", message: "no" } });
  });

  test("in whose place one response came is read as one", () => {
    expect(watched(LIST, Buffer.from(JSON.stringify(chunks[2])))).toMatchObject({ isFinished: true, summary: { outputTokens: 5 } });
  });

  test("is what a stream is where no events were asked for", () => {
    expect([gemini.isStream(EVENTS, false), gemini.isStream(LIST, true), gemini.isStream(LIST, false), gemini.isStream("text/html", true)]).toEqual([true, true, false, false]);
  });
});

describe("an error of ours inside a stream", () => {
  test("is thrown by Google's own library", async () => {
    const bytes = streamOf(chunks.slice(0, 2));
    const watch = open(EVENTS);
    watch.push(bytes.subarray(0, -20));
    await expect(accumulate(bytes.subarray(0, -20).toString() + gemini.encodeStreamFailure(reason, watch).toString())).rejects.toMatchObject({ status: 502 });
  });
});

describe("a whole answer", () => {
  test("tells what it says, and whether it is an error", () => {
    expect(gemini.readReply(Buffer.from(JSON.stringify(chunks[2])))).toMatchObject({ isWhole: true, error: null, summary: { inputTokens: 5, outputTokens: 5, finishReason: "STOP" } });
    expect(gemini.readReply(listOf(chunks))).toMatchObject({ isWhole: true, error: null, summary: { outputTokens: 5, finishReason: "STOP" } });
    expect(gemini.readReply(Buffer.from('[{"error":{"code":500,"message":"x"}}]'))).toMatchObject({ isWhole: true, error: { message: "x" } });
    expect(gemini.readReply(Buffer.from('{"candidates":'))).toMatchObject({ isWhole: false });
    expect(gemini.readReply(Buffer.from(JSON.stringify({ candidates: [{ content: { parts: [{ text: "x".repeat(40) }] } }] }))).summary).toMatchObject({ outputTokens: -1, outputTokensEstimate: 10 });
  });

  test("is told as a stream, and a stream joined into one", () => {
    const parts = [{ text: "Hm", thought: true }, { text: ".", thought: true }, { text: "A" }, { text: "B", thoughtSignature: "s" }, { text: "C" }, { functionCall: { name: "f", args: { n: 1 } } }, { text: "", thoughtSignature: "t" }, { text: "" }];
    const stream = streamOf([...parts.map((part) => chunkOf([part], { safetyRatings: [] })), chunkOf([], { finishReason: "STOP", groundingMetadata: { webSearchQueries: ["q"] } }, { usageMetadata: { promptTokenCount: 1, totalTokenCount: 9 } })]);
    const reply = gemini.streamToReply(stream);
    expect(JSON.parse(String(reply))).toEqual({
      candidates: [{
        content: { role: "model", parts: [{ text: "Hm.", thought: true }, { text: "AB", thoughtSignature: "s" }, { text: "C" }, { functionCall: { name: "f", args: { n: 1 } } }, { text: "", thoughtSignature: "t" }] },
        index: 0, safetyRatings: [], finishReason: "STOP", groundingMetadata: { webSearchQueries: ["q"] },
      }],
      usageMetadata: { promptTokenCount: 1, totalTokenCount: 9 }, modelVersion: "gemini-3-pro", responseId: "r1",
    });
    const again = gemini.streamToReply(gemini.replyToStream(reply as Buffer) as Buffer);
    expect(JSON.parse(String(again))).toEqual(JSON.parse(String(reply)));
  });

  test("keeps numbers as they were written", () => {
    const text = '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"id":9007199254740993,"rate":1.0}}}]},"finishReason":"STOP"}]}';
    expect(String(gemini.replyToStream(Buffer.from(text)))).toBe(`data: ${text}\r\n\r\n`);
    expect(String(gemini.streamToReply(Buffer.from(`data: ${text}\r\n\r\n`)))).toContain('{"id":9007199254740993,"rate":1.0}');
  });

  test.each([
    ["without an end", streamOf(chunks.slice(0, 2))],
    ["with an error", streamOf([...chunks, { error: { code: 500, message: "x" } }])],
    ["of nothing", Buffer.alloc(0)],
  ])("cannot be joined from a stream %s", (_, stream) => {
    expect(gemini.streamToReply(stream)).toBeNull();
  });
});
