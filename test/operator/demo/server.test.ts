// What the demo provider refuses, how fast it speaks, and how it treats connections.
import { once } from "node:events";
import { connect } from "node:net";
import OpenAI, { toFile } from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { startDemo, type Demo } from "../../../operator/demo/server.ts";
import { runningDemo } from "./demo.ts";

const hello = { model: "demo-chat", messages: [{ role: "user", content: "hello" }] };

/** A clock whose sleeps end when the test says so; `asked` settles at each new sleep. */
function steppedClock() {
  const sleeping: { end: () => void; signal: AbortSignal; durationMs: number }[] = [];
  let announce = () => {};
  return {
    sleeping,
    now: () => 1_800_000_000_000,
    asked: () =>
      new Promise<void>((resolve) => {
        announce = resolve;
      }),
    sleep: (durationMs: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        const entry = { end: resolve, signal, durationMs };
        signal.addEventListener("abort", () => {
          sleeping.splice(sleeping.indexOf(entry), 1);
          reject(signal.reason);
          announce();
        });
        sleeping.push(entry);
        announce();
      }),
  };
}

describe("refusals", () => {
  const demo = runningDemo();
  const refused = async (response: Promise<Response>) => {
    const answer = await response;
    const { error } = JSON.parse(await answer.text());
    return { status: answer.status, ...error };
  };

  it("have the OpenAI shape and no more, for an unknown model and for one at the wrong endpoint", async () => {
    expect(await refused(demo.post("/v1/chat/completions", { ...hello, model: "gpt-none" }))).toEqual({
      status: 404,
      message:
        "The model 'gpt-none' does not exist here. There are: demo-chat, demo-embedding, demo-audio, demo-image, demo-rerank, demo-moderation.",
      type: "invalid_request_error",
      param: "model",
      code: "model_not_found",
    });
    expect(await refused(demo.post("/v1/embeddings", { model: "demo-chat", input: "x" }))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    expect(await refused(demo.post("/v1/chat/completions", { ...hello, model: "constructor" }))).toMatchObject({ status: 404 });
  });

  it("need no key, but know one wrong key wherever it is put", async () => {
    const answers = [{ authorization: "Bearer sk-invalid" }, { "x-api-key": "sk-invalid" }, { "api-key": "sk-invalid" }].map(
      (headers: Record<string, string>) => refused(demo.post("/v1/chat/completions", hello, headers)),
    );
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ status: 401, code: "invalid_api_key" });
    const client = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "sk-invalid", maxRetries: 0 });
    await expect(client.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
    expect((await demo.post("/v1/chat/completions", hello)).status).toBe(200);
  });

  it.each([
    ["no messages", { model: "demo-chat" }, "messages", "missing_required_parameter"],
    ["empty messages", { model: "demo-chat", messages: [] }, "messages", "invalid_value"],
    ["a wrong role", { ...hello, messages: [{ role: "robot", content: "x" }] }, "messages[0].role", "invalid_value"],
    ["a huge temperature", { ...hello, temperature: 3 }, "temperature", "invalid_value"],
    ["zero tokens", { ...hello, max_tokens: 0 }, "max_tokens", "invalid_value"],
    ["a choice without tools", { ...hello, tool_choice: "required" }, "tool_choice", null],
    ["a result without a call", { ...hello, messages: [{ role: "tool", tool_call_id: "x", content: "y" }] }, "messages[0].role", null],
    ["a user without content", { ...hello, messages: [{ role: "user" }] }, "messages[0].content", null],
  ])("name the field for %s", async (_what, body, param, code) => {
    expect(await refused(demo.post("/v1/chat/completions", body))).toMatchObject({
      status: 400,
      param,
      code,
      type: "invalid_request_error",
    });
  });

  it.each(["[]", "{", "", '"x"', "[".repeat(100) + "]".repeat(100)])("are told for the body %j", async (body) => {
    const answer = await refused(
      fetch(`${demo.url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body }),
    );
    expect(answer).toMatchObject({ status: 400, type: "invalid_request_error" });
  });

  it("tell unknown paths from wrong methods, and JSON from other content", async () => {
    expect(await refused(fetch(`${demo.url}/v1/nothing`))).toMatchObject({ status: 404, code: "unknown_url" });
    expect(await refused(fetch(`${demo.url}/v1/chat/completions`))).toMatchObject({ status: 405 });
    expect(await refused(fetch(`${demo.url}/v1/chat/completions`, { method: "POST", body: "a=b" }))).toMatchObject({
      status: 400,
      code: "unsupported_content_type",
    });
    expect(await refused(demo.post("/v1/files", {}))).toMatchObject({ status: 400, code: "unsupported_content_type" });
  });

  it("answer a body that is too large, announced or not, before a reset", async () => {
    const tooMuch = Buffer.alloc(17 * 1024 * 1024, 0x20);
    const headers = { "content-type": "application/json" };
    expect(await refused(fetch(`${demo.url}/v1/chat/completions`, { method: "POST", headers, body: tooMuch }))).toMatchObject({
      status: 413,
      code: "request_too_large",
    });
    const unannounced = new Blob([tooMuch]).stream();
    expect(
      await refused(fetch(`${demo.url}/v1/chat/completions`, { method: "POST", headers, body: unannounced, duplex: "half" })),
    ).toMatchObject({ status: 413 });
  });
});

describe("models", () => {
  const demo = runningDemo();

  it("are listed and found by name", async () => {
    const { data } = await demo.client.models.list();
    expect(data.map((model) => model.id)).toEqual([
      "demo-chat",
      "demo-embedding",
      "demo-audio",
      "demo-image",
      "demo-rerank",
      "demo-moderation",
    ]);
    expect(await demo.client.models.retrieve("demo-chat")).toMatchObject({ id: "demo-chat", object: "model" });
    await expect(demo.client.models.retrieve("demo-none")).rejects.toThrow(OpenAI.NotFoundError);
  });

  it("carry a request id on every answer", async () => {
    const { request_id } = await demo.client.models.list().withResponse();
    expect(request_id).toMatch(/^req_[0-9a-f]{29}$/);
  });
});

describe("pace", () => {
  let running: Demo | undefined;
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });
  const start = async (clock: ReturnType<typeof steppedClock>, wordDelayMs?: number) => {
    running = await startDemo({ host: "127.0.0.1", port: 0, clock, wordDelayMs });
    return running.url;
  };
  const stream = (url: string, signal?: AbortSignal) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...hello, stream: true }),
      ...(signal ? { signal } : {}),
    });

  it("is one pause of 20 ms before each word, and the time of day comes from the clock", async () => {
    const clock = steppedClock();
    const asked = clock.asked();
    const reader = (await stream(await start(clock))).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('"created":1800000000');
    await asked;
    expect(clock.sleeping.map((entry) => entry.durationMs)).toEqual([20]);
    clock.sleeping.shift()?.end();
    expect((await reader?.read())?.value).toContain('"content":"You"');
    await reader?.cancel();
  });

  it("does not wait at all at 0 ms", async () => {
    const clock = steppedClock();
    expect(await (await stream(await start(clock, 0))).text()).toContain("[DONE]");
    expect(clock.sleeping).toEqual([]);
  });

  it("stops when the reader leaves: the pending pause is cancelled and no other begins", async () => {
    const clock = steppedClock();
    const leaving = new AbortController();
    const asked = clock.asked();
    await stream(await start(clock), leaving.signal);
    await asked;
    const cancelled = clock.asked();
    leaving.abort();
    await cancelled;
    expect(clock.sleeping).toEqual([]);
  });

  it("lets a batch be cancelled between two lines, with what was done so far", async () => {
    const clock = steppedClock();
    const asked = clock.asked();
    const client = new OpenAI({ baseURL: `${await start(clock)}/v1`, apiKey: "x", maxRetries: 0 });
    const line = (id: string) => JSON.stringify({ custom_id: id, method: "POST", url: "/v1/chat/completions", body: hello });
    const file = await client.files.create({
      file: await toFile(Buffer.from(`${line("a")}\n${line("b")}\n`), "in.jsonl"),
      purpose: "batch",
    });
    const { id } = await client.batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
    await asked;
    expect((await client.batches.retrieve(id)).status).toBe("in_progress");
    expect((await client.batches.cancel(id)).status).toBe("cancelling");
    const batch = await client.batches.retrieve(id);
    expect(batch.status).toBe("cancelled");
    expect(batch.request_counts).toEqual({ total: 2, completed: 1, failed: 0 });
    expect((await (await client.files.content(batch.output_file_id ?? "")).text()).split("\n")).toHaveLength(2);
  });

  it("closes in the middle of a stream, cutting it without a terminator", async () => {
    const clock = steppedClock();
    const asked = clock.asked();
    const response = await stream(await start(clock));
    await asked;
    await running?.close();
    await expect(response.text()).rejects.toThrow();
    expect(clock.sleeping).toEqual([]);
  });
});

describe("connections", () => {
  const demo = runningDemo();

  it("are kept alive, and answer pipelined requests in order", async () => {
    const { port, hostname } = new URL(demo.url);
    const socket = connect(Number(port), hostname);
    const request = (path: string, last: boolean) => `GET ${path} HTTP/1.1\r\nhost: demo\r\n${last ? "connection: close\r\n" : ""}\r\n`;
    socket.end(request("/v1/models/demo-chat", false) + request("/v1/models/demo-image", true));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => void chunks.push(chunk));
    await once(socket, "close");
    const ids = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/"id":"(demo-\w+)"/g),
    ].map((match) => match[1]);
    expect(ids).toEqual(["demo-chat", "demo-image"]);
  });
});
