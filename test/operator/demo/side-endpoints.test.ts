// The demo provider beyond conversations: embeddings, audio, images, files, batches, rerank, moderations.
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import OpenAI, { toFile } from "openai";
import { describe, expect, it } from "vitest";
import { eventsOf, runningDemo } from "./demo.ts";

const demo = runningDemo();
const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const allBytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256));

describe("embeddings", () => {
  const embed = async (input: string | string[] | number[] | number[][], more: object = {}) =>
    (await demo.client.embeddings.create({ model: "demo-embedding", input, ...more })).data.map((each) => each.embedding);

  it("are unit vectors of the asked dimensions, the same every time", async () => {
    const [first] = await embed("green apples", { dimensions: 64 });
    const [again] = await embed(["green apples"], { dimensions: 64 });
    expect(first).toHaveLength(64);
    expect(Math.hypot(...(first ?? []))).toBeCloseTo(1, 6);
    expect(again).toEqual(first);
    expect((await embed("x"))[0]).toHaveLength(256);
  });

  it("are the same numbers as floats, as base64 and from tokens", async () => {
    const floats = await embed("green apples", { encoding_format: "float" });
    // The SDK asks for base64 of itself and decodes it.
    expect(await embed("green apples")).toEqual(floats);
    expect(await embed([encode("green apples"), encode("green apples")])).toEqual([...floats, ...floats]);
    const raw = JSON.parse(
      await (await demo.post("/v1/embeddings", { model: "demo-embedding", input: "green apples", encoding_format: "base64" })).text(),
    );
    expect(Buffer.from(raw.data[0].embedding, "base64").readFloatLE(4)).toBe(floats[0]?.[1]);
  });

  it("lie nearer when words are shared, and are counted in real tokens", async () => {
    const [apple, apples, stone] = await embed(["green apple pie", "green apple tart", "grey stone wall"]);
    const cosine = (left: number[] = [], right: number[] = []) => left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
    expect(cosine(apple, apples)).toBeGreaterThan(cosine(apple, stone) + 0.3);
    const { usage } = await demo.client.embeddings.create({ model: "demo-embedding", input: ["green apple pie", "stone"] });
    expect(usage.prompt_tokens).toBe(encode("green apple pie").length + encode("stone").length);
  });

  it("refuse an empty input and unknown tokens", async () => {
    await expect(embed("")).rejects.toMatchObject({ status: 400, param: "input" });
    await expect(embed([])).rejects.toMatchObject({ status: 400 });
    await expect(embed([999_999_999])).rejects.toMatchObject({ status: 400, param: "input" });
  });
});

describe("audio", () => {
  it("speaks a WAV whose head tells its true length", async () => {
    const response = await demo.client.audio.speech.create({ model: "demo-audio", voice: "alloy", input: "three short words" });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get("content-type")).toBe("audio/wav");
    expect(bytes.toString("latin1", 0, 4) + bytes.toString("latin1", 8, 12)).toBe("RIFFWAVE");
    expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8);
    expect(bytes.readUInt32LE(40)).toBe(3 * 4800);
    expect(new Set(bytes.subarray(44)).size).toBeGreaterThan(100);
  });

  it("speaks bare PCM and events too, and refuses what it cannot encode", async () => {
    const ask = (more: object) => demo.post("/v1/audio/speech", { model: "demo-audio", voice: "alloy", input: "two words", ...more });
    const pcm = Buffer.from(await (await ask({ response_format: "pcm" })).arrayBuffer());
    expect(pcm).toHaveLength(2 * 4800);
    const events = (await eventsOf(await ask({ response_format: "pcm", stream_format: "sse" }))).map((data) => JSON.parse(data));
    expect(Buffer.concat(events.slice(0, -1).map((event) => Buffer.from(event.audio, "base64")))).toEqual(pcm);
    expect(events.at(-1).type).toBe("speech.audio.done");
    expect((await ask({ response_format: "mp3" })).status).toBe(400);
  });

  it("names size and digest of an upload, so that every byte can be seen to have arrived", async () => {
    const file = await toFile(allBytes, 'odd "name".wav');
    const { text } = await demo.client.audio.transcriptions.create({ model: "demo-audio", file });
    expect(text).toBe(`The demo provider received odd "name".wav, 70000 bytes, sha256 ${sha(allBytes)}.`);
    const translated = await demo.client.audio.translations.create({ model: "demo-audio", file });
    expect(translated.text).toBe(text);
  });

  it("writes transcripts as text, subtitles and verbose JSON", async () => {
    const file = await toFile(allBytes, "a.wav");
    const ask = (response_format: "text" | "srt" | "vtt") =>
      demo.client.audio.transcriptions.create({ model: "demo-audio", file, response_format });
    expect(await ask("text")).toMatch(/^The demo provider received a\.wav/);
    expect(await ask("srt")).toMatch(/^1\n00:00:00,000 --> 00:00:02,190\nThe demo/);
    expect(await ask("vtt")).toMatch(/^WEBVTT\n\n00:00:00\.000 --> /);
    const verbose = await demo.client.audio.transcriptions.create({ model: "demo-audio", file, response_format: "verbose_json" });
    expect(verbose).toMatchObject({ duration: 2.19, language: "english", segments: [{ id: 0, end: 2.19 }] });
  });

  it("streams a transcript", async () => {
    const file = await toFile(Buffer.from("abc"), "a.wav");
    const deltas: string[] = [];
    let done = "";
    for await (const event of await demo.client.audio.transcriptions.create({ model: "demo-audio", file, stream: true })) {
      if (event.type === "transcript.text.delta") deltas.push(event.delta);
      if (event.type === "transcript.text.done") done = event.text;
    }
    expect(deltas.length).toBeGreaterThan(5);
    expect(deltas.join("")).toBe(done);
  });
});

describe("images", () => {
  const pixelsOf = (png: Buffer) => inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));

  it("are valid PNGs, one per n, the same for the same prompt", async () => {
    const ask = (prompt: string) => demo.client.images.generate({ model: "demo-image", prompt, n: 2 });
    const images = (await ask("a boat")).data?.map((each) => Buffer.from(each.b64_json ?? "", "base64")) ?? [];
    expect(images).toHaveLength(2);
    expect(images[0]?.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    expect(pixelsOf(images[0] ?? Buffer.alloc(0))).toHaveLength(64 * (1 + 64 * 3));
    expect(images[1]).not.toEqual(images[0]);
    expect((await ask("a boat")).data?.[0]?.b64_json).toBe(images[0]?.toString("base64"));
  });

  it("are edited from uploads, several and with a mask", async () => {
    const file = (name: string) => toFile(Buffer.from(name), name, { type: "image/png" });
    const edit = async (names: string[]) =>
      demo.client.images.edit({
        model: "demo-image",
        prompt: "redder",
        image: await Promise.all(names.map(file)),
        mask: await file("mask.png"),
      });
    const one = await edit(["a.png"]);
    const two = await edit(["a.png", "b.png"]);
    expect(two.data?.[0]?.b64_json).not.toBe(one.data?.[0]?.b64_json);
    expect(two.usage?.input_tokens_details.image_tokens).toBe(3 * 64);
  });

  it("are streamed as partial and completed pictures", async () => {
    const types: string[] = [];
    for await (const event of await demo.client.images.generate({ model: "demo-image", prompt: "x", stream: true, partial_images: 2 }))
      types.push(event.type);
    expect(types).toEqual(["image_generation.partial_image", "image_generation.partial_image", "image_generation.completed"]);
  });
});

describe("files", () => {
  it("are kept, listed, given back byte for byte and deleted", async () => {
    const made = await demo.client.files.create({ file: await toFile(allBytes, "data.bin"), purpose: "user_data" });
    expect(made).toMatchObject({ bytes: 70_000, filename: "data.bin", purpose: "user_data", object: "file" });
    expect((await demo.client.files.retrieve(made.id)).bytes).toBe(70_000);
    const content = Buffer.from(await (await demo.client.files.content(made.id)).arrayBuffer());
    expect(content.equals(allBytes)).toBe(true);
    expect((await demo.client.files.delete(made.id)).deleted).toBe(true);
    await expect(demo.client.files.retrieve(made.id)).rejects.toThrow(OpenAI.NotFoundError);
  });

  it("are paged through by the SDK, newest first", async () => {
    const ids: string[] = [];
    for (const name of ["a", "b", "c"])
      ids.push((await demo.client.files.create({ file: await toFile(Buffer.from(name), name), purpose: "evals" })).id);
    const listed: string[] = [];
    for await (const file of demo.client.files.list({ purpose: "evals", limit: 2 })) listed.push(file.id);
    expect(listed).toEqual(ids.toReversed());
  });
});

describe("batches", () => {
  const line = (id: string, body: object) => JSON.stringify({ custom_id: id, method: "POST", url: "/v1/chat/completions", body });
  const ask = { model: "demo-chat", messages: [{ role: "user", content: "hello" }] };
  const create = async (lines: string[]) => {
    const file = await demo.client.files.create({ file: await toFile(Buffer.from(lines.join("\n")), "in.jsonl"), purpose: "batch" });
    return demo.client.batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
  };
  const ended = async (id: string) => {
    for (;;) {
      const batch = await demo.client.batches.retrieve(id);
      if (batch.status !== "validating" && batch.status !== "in_progress") return batch;
    }
  };

  it("run each line of their file, good and bad ones to files of their own", async () => {
    const created = await create([line("one", ask), line("two", { ...ask, model: "nope" }), line("three", ask)]);
    expect(created.status).toBe("validating");
    const batch = await ended(created.id);
    expect(batch.status).toBe("completed");
    expect(batch.request_counts).toEqual({ total: 3, completed: 2, failed: 1 });
    const read = async (id: string | undefined) =>
      (await (await demo.client.files.content(id ?? "")).text())
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text));
    const outputs = await read(batch.output_file_id);
    expect(outputs.map((each) => [each.custom_id, each.response.status_code])).toEqual([
      ["one", 200],
      ["three", 200],
    ]);
    expect(outputs[0].response.body.choices[0].message.content).toContain('"hello"');
    const errors = await read(batch.error_file_id);
    expect(errors[0].response.body.error.code).toBe("model_not_found");
    expect((await demo.client.batches.list()).data[0]?.id).toBe(batch.id);
  });

  it("fail on a line that is no request, naming the line, and refuse a missing file", async () => {
    const batch = await ended((await create([line("one", ask), "not json"])).id);
    expect(batch.status).toBe("failed");
    expect(batch.errors?.data?.[0]).toMatchObject({ code: "invalid_json_line", line: 2 });
    await expect(demo.client.batches.cancel(batch.id)).rejects.toMatchObject({ status: 409 });
    await expect(
      demo.client.batches.create({ input_file_id: "file-nope", endpoint: "/v1/chat/completions", completion_window: "24h" }),
    ).rejects.toThrow(OpenAI.NotFoundError);
  });
});

describe("rerank and moderations", () => {
  it("orders documents by shared words and gives back those asked for", async () => {
    const body = {
      model: "demo-rerank",
      query: "green apple",
      documents: ["grey stone", { text: "an apple, green" }, "green door"],
      top_n: 2,
      return_documents: true,
    };
    const answer = JSON.parse(await (await demo.post("/v1/rerank", body)).text());
    expect(answer.results.map((each: { index: number }) => each.index)).toEqual([1, 2]);
    expect(answer.results[0].document).toEqual({ text: "an apple, green" });
    expect(answer.results[0].relevance_score).toBeGreaterThan(answer.results[1].relevance_score);
    expect(answer.meta.billed_units).toEqual({ search_units: 1 });
    expect(answer.usage.total_tokens).toBeGreaterThan(5);
  });

  it("flags plain words only, each input by itself", async () => {
    const { results } = await demo.client.moderations.create({ model: "demo-moderation", input: ["I will kill you", "I like skills"] });
    expect(results.map((each) => each.flagged)).toEqual([true, false]);
    expect(results[0]?.categories.violence).toBe(true);
    expect(results[0]?.category_scores.hate).toBeLessThan(0.5);
  });
});
