// The typed streams of images, speech and transcriptions, and the replies that are one document.
import { describe, expect, test } from "vitest";
import { passThroughs } from "../../dataplane/protocols/index.ts";
import { fixture, watchPieces } from "./watching.ts";

const { audio, batches, embeddings, files, images, rerank } = passThroughs;
const watchBytes = (bytes: Buffer | string) => watchPieces(() => images.openStream(8_388_608), [Buffer.from(bytes)]);
const watchFixture = (name: string) => watchBytes(fixture(`openai-plain/${name}.sse`));
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe("a typed stream", () => {
  test.each([
    ["image", [50, 50]],
    ["speech", [14, 101]],
    ["transcription", [14, 45]],
    ["transcription-by-time", [-1, -1]],
  ])("is finished by its last event, which tells the usage: %s", (name, usage) => {
    const { isFinished, hasTerminator, error, summary } = watchFixture(name);
    expect([isFinished, hasTerminator, error]).toEqual([true, true, null]);
    expect([summary.inputTokens, summary.outputTokens]).toEqual(usage);
  });

  test("is not finished while only parts have come, though the text says otherwise", () => {
    const text = fixture("openai-plain/transcription.sse").toString();
    expect(watchBytes(text.slice(0, text.lastIndexOf("data:")))).toMatchObject({ isFinished: false, hasEvent: true });
  });

  test("tells the usage that stands behind a picture of a megabyte", () => {
    const text = fixture("openai-plain/image.sse").toString().replaceAll("REVG".repeat(1800), "REVG".repeat(250_000));
    expect(watchBytes(text).summary).toMatchObject({ inputTokens: 50, outputTokens: 50 });
  });

  test("passes a second picture, which is no doubled end", () => {
    const bytes = fixture("openai-plain/image.sse");
    const twice = Buffer.concat([bytes, bytes]);
    expect(watchBytes(twice).passed).toBe(twice.toString("latin1"));
  });

  test("tells its error", () => {
    expect(watchFixture("error")).toMatchObject({ isFinished: false, error: { message: "The picture was lost", code: "image_generation_failed", type: "image_generation_server_error" } });
    expect(watchBytes('data: {"error":"no"}\n\n').error?.message).toBe("no");
  });

  test("without types is finished by its clean end", () => {
    expect(watchBytes('data: {"audio":"AAAA"}\n\n').isFinished).toBe(true);
    expect(watchBytes('data: {"audio":"AA').isFinished).toBe(false);
  });
});

describe("a reply that is one document", () => {
  test("tells the usage of embeddings, for which nothing was put out", () => {
    const body = json({ object: "list", data: [{ object: "embedding", index: 0, embedding: [0.1] }], model: "text-embedding-3-small", usage: { prompt_tokens: 5, total_tokens: 5 } });
    expect(embeddings.readReply(body)).toMatchObject({ isWhole: true, error: null, summary: { inputTokens: 5, outputTokens: 0, model: "text-embedding-3-small" } });
  });

  test("of megabytes is not parsed, and tells its usage from either end", () => {
    const data = [{ embedding: Array.from({ length: 60_000 }, (_, index) => index / 7) }];
    const usage = { prompt_tokens: 5, total_tokens: 5 };
    for (const body of [json({ data, usage }), json({ usage, data })]) expect(embeddings.readReply(body)).toMatchObject({ isWhole: true, summary: { inputTokens: 5, outputTokens: 0 } });
    expect(embeddings.readReply(json({ data, usage }).subarray(0, 900_000)).isWhole).toBe(false);
  });

  test("tells the usage of rankings in either form", () => {
    expect(rerank.readReply(json({ results: [], usage: { total_tokens: 815 } })).summary).toMatchObject({ inputTokens: 815, outputTokens: 0 });
    expect(rerank.readReply(json({ results: [], meta: { tokens: { input_tokens: 9, output_tokens: 2 } } })).summary).toMatchObject({ inputTokens: 9, outputTokens: 2 });
  });

  test("cut off is not whole, at whatever byte", () => {
    const body = json({ created: 1, data: [{ url: "https://example.org/{}" }], usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 } });
    for (let end = 0; end < body.length; end++) expect(images.readReply(body.subarray(0, end)).isWhole).toBe(false);
    expect(images.readReply(body)).toMatchObject({ isWhole: true, summary: { inputTokens: 5, outputTokens: 6 } });
  });

  test("that tells a stored batch again is not metered", () => {
    expect(batches.readReply(json({ object: "batch", id: "batch_1", usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 } })).summary).toMatchObject({ inputTokens: -1, outputTokens: -1 });
  });

  test("may be text or sound or JSON by lines where such things come", () => {
    for (const body of ["1\n00:00:00,000 --> 00:00:01,000\nHi\n", "ID3\u0004", ""]) expect(audio.readReply(Buffer.from(body)).isWhole).toBe(true);
    expect(audio.readReply(Buffer.from('{"text":"Hi')).isWhole).toBe(false);
    expect(files.readReply(Buffer.from('{"custom_id":1}\n{"custom_id":2}\n')).isWhole).toBe(true);
  });

  test("can be an error with the status of a success", () => {
    expect(embeddings.readReply(json({ error: { message: "no", type: "t", code: 7 } })).error).toEqual({ message: "no", type: "t", code: "7" });
    expect(embeddings.readReply(json([{ error: { message: "wrapped", status: "INVALID_ARGUMENT", code: 400 } }])).error?.message).toBe("wrapped");
  });
});
