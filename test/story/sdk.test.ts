// OpenAI's own SDK, told nothing but another base URL and another key, in front of the gateway and the demo provider.
import { createHash } from "node:crypto";
import OpenAI, { toFile } from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { demoModels, startDemo, type Demo } from "../../operator/demo/server.ts";
import { KEY, startGateway, type GatewayDouble, type Parts } from "../doubles/gateway.ts";
import { tooManyRequests } from "../doubles/provider-replies.ts";
import { startProvider } from "../doubles/provider.ts";

let demo: Demo;
let gateway: GatewayDouble;
let asked = 0;

const counting: typeof fetch = (input, init) => {
  // The SDK also fetches a data: URL once, to see what fetch can do.
  if (String(input).startsWith(gateway.url)) asked++;
  return fetch(input, init);
};

const parts = (url: string): Parts => {
  const targets = [{ name: "demo", provider: "test/demo", weight: 1, priority: 0 }];
  const renamed = [{ name: "renamed", provider: "test/demo", model: "demo-chat", weight: 1, priority: 0 }];
  return {
    providers: { demo: url },
    targets,
    routes: {
      demo: { models: demoModels.map((name) => ({ match: "exact", name })) },
      alias: { models: [{ match: "exact", name: "team/assistant" }], rules: [{ name: "all", targets: renamed }] },
      closed: { models: [{ match: "exact", name: "closed" }], access: { teams: ["others"] } },
    },
  };
};

const openai = (apiKey = KEY): OpenAI => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0, fetch: counting });

beforeAll(async () => {
  demo = await startDemo({ host: "127.0.0.1", port: 0 });
  gateway = await startGateway(parts(`${demo.url}/v1`));
});

afterEach(async () => {
  await gateway.settled(asked);
  expect((await gateway.lines()).length).toBe(asked);
  expect(gateway.server.openRequests()).toBe(0);
});

afterAll(async () => {
  await gateway.close();
  await demo.close();
});

const model = "demo-chat";
const messages = [{ role: "user" as const, content: "Tell me about the sea" }];
const tools = [{
  type: "function" as const,
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
}];
const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const allBytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256));

describe("chat completions", () => {
  it("come whole, with usage, and with the gateway's headers", async () => {
    const { data, response, request_id: id } = await openai().chat.completions.create({ model, messages }).withResponse();
    expect(data.choices[0]?.message.content).toContain('"Tell me about the sea"');
    expect(data.choices[0]?.finish_reason).toBe("stop");
    expect(data.usage?.total_tokens).toBeGreaterThan(10);
    expect(id).toBe(response.headers.get("x-request-id"));
    expect([response.headers.get("x-llmgw-route"), response.headers.get("x-llmgw-target"), response.headers.get("x-llmgw-attempts")]).toEqual(["test/demo", "demo", "1"]);
    const last = (await gateway.settled(asked)).at(-1);
    expect(last).toMatchObject({ model, finish_reason: "stop", input_tokens: data.usage?.prompt_tokens, output_tokens: data.usage?.completion_tokens });
  });

  it("come as a stream of the same text and usage", async () => {
    const whole = await openai().chat.completions.create({ model, messages });
    const stream = openai().chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    const deltas: string[] = [];
    stream.on("content", (delta) => void deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(final.usage).toEqual(whole.usage);
    expect(deltas.length).toBeGreaterThan(15);
    expect((await gateway.settled(asked)).at(-1)).toMatchObject({ streaming: true, output_tokens: whole.usage?.completion_tokens });
  });

  it("under a name of our own with a slash in it", async () => {
    const completion = await openai().chat.completions.create({ model: "team/assistant", messages });
    expect(completion.model).toBe("demo-chat");
    expect((await gateway.settled(asked)).at(-1)).toMatchObject({ model: "team/assistant", model_sent: "demo-chat", route: "test/alias" });
  });

  it("call a tool, whole and streamed, and go on from its result", async () => {
    const question = [{ role: "user" as const, content: "get_weather for Oslo" }];
    const whole = await openai().chat.completions.create({ model, messages: question, tools });
    const [call] = whole.choices[0]?.message.tool_calls ?? [];
    expect(whole.choices[0]?.finish_reason).toBe("tool_calls");
    expect(call).toMatchObject({ type: "function", function: { name: "get_weather" } });
    const streamed = await openai().chat.completions.stream({ model, messages: question, tools }).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({ type: "function", function: call?.type === "function" ? { name: call.function.name, arguments: call.function.arguments } : {} });
    const answer = await openai().chat.completions.create({
      model,
      tools,
      messages: [...question, { role: "assistant", tool_calls: [call!] }, { role: "tool", tool_call_id: call!.id, content: "21 degrees" }],
    });
    expect(answer.choices[0]?.message.content).toContain("21 degrees");
  });

  it("may be left in the middle of a stream", async () => {
    const stream = await openai().chat.completions.create({ model, messages: [{ role: "user", content: "write 4000 words" }], stream: true });
    for await (const chunk of stream) {
      if ((chunk.choices[0]?.delta.content ?? "") !== "") break;
    }
    expect((await gateway.settled(asked)).at(-1)).toMatchObject({ streaming: true, status: 200 });
  });

  it("in the older form too", async () => {
    const whole = await openai().completions.create({ model, prompt: "the sea" });
    let text = "";
    for await (const chunk of await openai().completions.create({ model, prompt: "the sea", stream: true })) text += chunk.choices[0]?.text ?? "";
    expect(text).toBe(whole.choices[0]?.text);
    expect(text).toContain("the sea");
  });
});

describe("responses", () => {
  it("come whole and as a stream, are kept and counted", async () => {
    const whole = await openai().responses.create({ model, input: "hello there" });
    expect(whole.output_text).toContain('"hello there"');
    const streamed = await openai().responses.stream({ model, input: "hello there" }).finalResponse();
    expect([streamed.output_text, streamed.usage]).toEqual([whole.output_text, whole.usage]);
    expect((await gateway.settled(asked)).at(-1)).toMatchObject({ operation: "chat", streaming: true, output_tokens: whole.usage?.output_tokens, error: "" });
    expect((await openai().responses.retrieve(whole.id)).output_text).toBe(whole.output_text);
    expect((await openai().responses.inputItems.list(whole.id)).data).toHaveLength(1);
    // Of who is only compatible nobody knows that it counts: the gateway estimates.
    const { data: counted, response } = await openai().responses.inputTokens.count({ model, input: "hello there" }).withResponse();
    expect([counted.input_tokens > 0, response.headers.get("x-llmgw-estimated")]).toEqual([true, "true"]);
    await openai().responses.delete(whole.id);
    await expect(openai().responses.retrieve(whole.id)).rejects.toThrow(OpenAI.NotFoundError);
  });

  it("call a tool", async () => {
    const response = await openai().responses.create({ model, input: "get_weather for Oslo", tools: [{ type: "function", name: "get_weather", strict: false, parameters: tools[0]?.function.parameters ?? null }] });
    expect(response.output[0]).toMatchObject({ type: "function_call", name: "get_weather" });
  });
});

describe("the other endpoints", () => {
  it("embeddings, as the SDK asks for them and as numbers", async () => {
    const embed = async (encoding_format?: "float") => openai().embeddings.create({ model: "demo-embedding", input: ["green apples", "stone"], ...(encoding_format === undefined ? {} : { encoding_format }) });
    const [coded, plain] = [await embed(), await embed("float")];
    expect(coded.data.map(({ embedding }) => embedding)).toEqual(plain.data.map(({ embedding }) => embedding));
    expect((await gateway.settled(asked)).at(-1)).toMatchObject({ operation: "embeddings", input_tokens: plain.usage.prompt_tokens });
  });

  it("speech, byte for byte what the provider says", async () => {
    const input = { model: "demo-audio", voice: "alloy", input: "three short words" } as const;
    const direct = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "sk-any", maxRetries: 0 });
    const [through, straight] = await Promise.all([openai(), direct].map(async (client) => Buffer.from(await (await client.audio.speech.create(input)).arrayBuffer())));
    expect(through?.equals(straight ?? Buffer.alloc(0))).toBe(true);
    expect(through?.toString("latin1", 0, 4)).toBe("RIFF");
  });

  it("transcriptions and translations of an upload of which every byte arrives", async () => {
    const file = await toFile(allBytes, 'odd "name".wav');
    const expected = `70000 bytes, sha256 ${sha(allBytes)}.`;
    expect((await openai().audio.transcriptions.create({ model: "demo-audio", file })).text).toContain(expected);
    expect((await openai().audio.translations.create({ model: "demo-audio", file })).text).toContain(expected);
    expect(await openai().audio.transcriptions.create({ model: "demo-audio", file, response_format: "vtt" })).toMatch(/^WEBVTT/);
    let streamed = "";
    for await (const event of await openai().audio.transcriptions.create({ model: "demo-audio", file, stream: true })) {
      if (event.type === "transcript.text.delta") streamed += event.delta;
    }
    expect(streamed).toContain(expected);
  });

  it("images, made, edited and streamed", async () => {
    const made = await openai().images.generate({ model: "demo-image", prompt: "a boat", n: 2 });
    expect(made.data?.map(({ b64_json }) => b64_json?.startsWith("iVBORw0KGgo"))).toEqual([true, true]);
    const image = await toFile(Buffer.from("picture"), "a.png", { type: "image/png" });
    expect((await openai().images.edit({ model: "demo-image", prompt: "redder", image })).data?.[0]?.b64_json).toMatch(/^iVBORw0KGgo/);
    const types: string[] = [];
    for await (const event of await openai().images.generate({ model: "demo-image", prompt: "x", stream: true, partial_images: 1 })) types.push(event.type);
    expect(types).toEqual(["image_generation.partial_image", "image_generation.completed"]);
  });

  it("files, uploaded, listed over pages, read and deleted", async () => {
    const ids: string[] = [];
    for (const name of ["a", "b", "c"]) ids.push((await openai().files.create({ file: await toFile(Buffer.concat([allBytes, Buffer.from(name)]), name), purpose: "evals" })).id);
    const listed: string[] = [];
    for await (const { id } of openai().files.list({ purpose: "evals", limit: 2 })) listed.push(id);
    expect(listed).toEqual(ids.toReversed());
    const content = Buffer.from(await (await openai().files.content(ids[0] ?? "")).arrayBuffer());
    expect(content.equals(Buffer.concat([allBytes, Buffer.from("a")]))).toBe(true);
    for (const id of ids) expect((await openai().files.delete(id)).deleted).toBe(true);
    await expect(openai().files.retrieve(ids[0] ?? "")).rejects.toThrow(OpenAI.NotFoundError);
  });

  it("batches, from a file to their results", async () => {
    const line = JSON.stringify({ custom_id: "one", method: "POST", url: "/v1/chat/completions", body: { model, messages } });
    const file = await openai().files.create({ file: await toFile(Buffer.from(line), "in.jsonl"), purpose: "batch" });
    let batch = await openai().batches.create({ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
    while (batch.status === "validating" || batch.status === "in_progress" || batch.status === "finalizing") batch = await openai().batches.retrieve(batch.id);
    expect([batch.status, batch.request_counts]).toEqual(["completed", { total: 1, completed: 1, failed: 0 }]);
    expect(await (await openai().files.content(batch.output_file_id ?? "")).text()).toContain("Tell me about the sea");
    expect((await openai().batches.list()).data[0]?.id).toBe(batch.id);
  });

  it("moderations and rerank", async () => {
    const { results } = await openai().moderations.create({ model: "demo-moderation", input: ["I will kill you", "I like skills"] });
    expect(results.map(({ flagged }) => flagged)).toEqual([true, false]);
    const ranked = await openai().post<{ results: { index: number }[] }>("/rerank", { body: { model: "demo-rerank", query: "green apple", documents: ["grey stone", "an apple, green"] } });
    expect(ranked.results[0]?.index).toBe(1);
  });

  it("models, listed and one by one, slashes and all", async () => {
    const listed: string[] = [];
    for await (const { id } of openai().models.list()) listed.push(id);
    expect(listed).toEqual([...demoModels, "team/assistant"].toSorted());
    expect(await openai().models.retrieve("team/assistant")).toMatchObject({ id: "team/assistant", object: "model", owned_by: "test/alias" });
  });
});

describe("the SDK's classes of errors", () => {
  const chat = (client: OpenAI, name = model) => client.chat.completions.create({ model: name, messages });

  it("AuthenticationError for a key that nobody knows", async () => {
    const error = await chat(openai("sk-nobodys")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: "AUTH_INVALID", type: "authentication_error", requestID: expect.stringMatching(/./) });
  });

  it("NotFoundError for a model that there is not, with the one that was meant", async () => {
    const error = await chat(openai(), "demo-chatt").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: "ROUTE_MODEL_NOT_FOUND", param: "model", message: expect.stringContaining('"demo-chat"') });
  });

  it("PermissionDeniedError for a model that is others'", async () => {
    const error = await chat(openai(), "closed").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: "ROUTE_FORBIDDEN", type: "permission_error" });
  });

  it("BadRequestError with the provider's own words", async () => {
    const error = await openai().chat.completions.create({ model, messages: [] }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, param: "messages" });
  });

  it("NotFoundError for a model at the wrong endpoint, in the provider's own words", async () => {
    await expect(openai().embeddings.create({ model, input: "x" })).rejects.toMatchObject({ status: 404, code: "model_not_found" });
  });

  it("RateLimitError for a provider's limit, and the SDK's own retries wait as it says", async () => {
    const provider = await startProvider(tooManyRequests({ "retry-after-ms": "1" }));
    const other = await startGateway({ providers: { one: `${provider.url}/v1` } });
    try {
      const client = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: KEY, maxRetries: 1 });
      const error = await chat(client, "support-chat").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.RateLimitError);
      expect(error).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
      expect(provider.requests).toHaveLength(2);
      expect(await other.settled(2)).toHaveLength(2);
    } finally {
      await other.close();
      await provider.close();
    }
  });

  it("InternalServerError when the provider is away", async () => {
    const provider = await startProvider();
    await provider.close();
    const other = await startGateway({ providers: { one: `${provider.url}/v1` } });
    try {
      const client = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: KEY, maxRetries: 0 });
      const error = await chat(client, "support-chat").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 502, code: "UPSTREAM_CONNECT", type: "server_error" });
    } finally {
      await other.close();
    }
  });
});
