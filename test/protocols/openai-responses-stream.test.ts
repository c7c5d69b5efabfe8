// What a watch over a Responses stream tells about it, with event names and without.
import { describe, expect, test } from "vitest";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { fixture, watchPieces } from "./watching.ts";

const openResponses = () => passThroughs["openai-responses"].openStream(8_388_608);
const watchBytes = (bytes: Buffer | string) => watchPieces(openResponses, [Buffer.from(bytes)]);
const watchFixture = (name: string) => watchBytes(fixture(`openai-responses/${name}.sse`));

describe("a Responses stream that ends", () => {
  test.each([
    ["completed", "completed"],
    ["data-before-event", "completed"],
    ["data-only-with-done", "completed"],
    ["data-only-type-last", "completed"],
    ["incomplete", "max_output_tokens"],
    ["doubled-terminator", "completed"],
  ])("tells its usage, its model and why: %s", (name, finishReason) => {
    expect(watchFixture(name)).toMatchObject({
      isFinished: true,
      hasTerminator: true,
      error: null,
      summary: { inputTokens: 53, outputTokens: 9, cachedInputTokens: 13, reasoningTokens: 2, finishReason, model: "gpt-5-2025-08-07", outputTokensEstimate: 0 },
    });
  });

  test("with more than is remembered tells its usage all the same", () => {
    const text = fixture("openai-responses/completed.sse").toString().replaceAll('Say \\"usage\\" often.', 'Say \\"usage\\":{\\"input_tokens\\":7}. '.repeat(5000));
    expect(watchBytes(text)).toMatchObject({ isFinished: true, summary: { inputTokens: 53, outputTokens: 9, finishReason: "completed" } });
  });

  test("with more than is remembered and without its last blank line is complete when its last line is", () => {
    const text = fixture("openai-responses/completed.sse").toString().replaceAll('Say \\"usage\\" often.', "Say so. ".repeat(9000));
    expect(watchBytes(text.slice(0, -1)).isFinished).toBe(true);
    expect(watchBytes(text.slice(0, -3)).isFinished).toBe(false);
  });

  test("keeps nothing behind its terminal event for the client", () => {
    expect(watchFixture("doubled-terminator").passed).toBe(fixture("openai-responses/completed.sse").toString("latin1"));
  });

  test("passes the [DONE] of the dialect without event names, and nothing behind it", () => {
    const bytes = fixture("openai-responses/data-only-with-done.sse");
    expect(watchBytes(Buffer.concat([bytes, bytes])).passed).toBe(bytes.toString("latin1"));
  });
});

describe("a Responses stream that fails", () => {
  test.each([
    ["failed", true],
    ["error-nested", true],
    ["error-flat", false],
    ["error-without-type", false],
  ])("tells the error: %s", (name, hasTerminator) => {
    expect(watchFixture(name)).toMatchObject({ hasTerminator, isFinished: hasTerminator, error: { message: "The model fell over", code: "server_error" } });
  });

  test.each(["failed", "error-nested", "error-flat", "error-without-type"])("tells it before the stream ends: %s", (name) => {
    const watch = openResponses();
    watch.push(fixture(`openai-responses/${name}.sse`));
    expect(watch.error?.code).toBe("server_error");
  });

  test("tells that it is not complete when it breaks off, and what it had said until then", () => {
    const text = fixture("openai-responses/completed.sse").toString();
    const outcome = watchBytes(text.slice(0, text.indexOf("event: response.output_text.done")));
    expect(outcome).toMatchObject({ isFinished: false, hasTerminator: false, error: null, summary: { inputTokens: -1, outputTokens: -1, model: "gpt-5-2025-08-07" } });
    expect(outcome.summary.outputTokensEstimate).toBe(Math.ceil(Buffer.byteLength("Grüß dich") / 4));
  });

  test("takes a text delta that speaks of completion for text", () => {
    const delta = `event: response.output_text.delta\ndata: ${JSON.stringify({ type: "response.output_text.delta", delta: 'event: response.completed\n\ndata: {"type":"response.completed"}' })}\n\n`;
    expect(watchBytes(delta)).toMatchObject({ isFinished: false, error: null });
  });
});
