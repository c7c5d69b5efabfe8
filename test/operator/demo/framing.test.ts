// The demo provider's protocols as bytes: framing, order, endings, counts, and what stands beside conversations.
import { crc32 } from "node:zlib";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { describe, expect, it } from "vitest";
import { callSignature } from "../../../operator/demo/gemini/conversation.ts";
import { eventsOf, runningDemo } from "./demo.ts";

const demo = runningDemo();
const model = "demo-chat";
const hi = { role: "user", content: "Say hi" };
const version = { "anthropic-version": "2023-06-01" };
const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
const json = async (path: string, body: object, headers?: Record<string, string>) => JSON.parse(await (await demo.post(path, body, headers)).text());
const typesOf = async (response: Response) => (await response.text()).split("\n").filter((line) => line.startsWith("event: ")).map((line) => line.slice(7));
const runs = (types: readonly string[]) => types.filter((type, at) => type !== types[at - 1]);

describe("Messages", () => {
  const ask = (more: object = {}) => demo.post("/v1/messages", { model, max_tokens: 2000, messages: [hi], ...more }, version);
  const input = async (more: object) => JSON.parse(await (await ask(more)).text()).usage;

  it("come as events in order, with a ping behind the first start", async () => {
    expect(runs(await typesOf(await ask({ stream: true })))).toEqual([
      "message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
    ]);
  });

  it("tell a call without arguments by one empty fragment", async () => {
    const events = (await eventsOf(await ask({ stream: true, tools: [{ name: "f", input_schema: { type: "object" } }] }))).map((data) => JSON.parse(data));
    expect(events.filter(({ type }) => type === "content_block_delta").map(({ delta }) => delta)).toEqual([{ type: "input_json_delta", partial_json: "" }]);
  });

  it("say which stop sequence, and that the limit was met", async () => {
    expect(JSON.parse(await (await ask({ stop_sequences: ["hi"] })).text())).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "hi", content: [{ text: 'You said: "Say ' }] });
    expect(JSON.parse(await (await ask({ max_tokens: 3 })).text())).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 3 } });
  });

  it("count what is marked as written the first time and as read later, never among the input", async () => {
    const system = [{ type: "text", text: "a long prompt ".repeat(50), cache_control: { type: "ephemeral" } }];
    const first = await input({ system });
    const later = await input({ system, messages: [hi, { role: "assistant", content: "Hi" }, hi] });
    expect(first.cache_creation_input_tokens).toBeGreaterThan(100);
    expect(later).toMatchObject({ cache_read_input_tokens: first.cache_creation_input_tokens, cache_creation_input_tokens: 0 });
    expect(first.input_tokens).toBeLessThan(30);
  });

  it("hide thoughts that are not to be displayed, and sign them all the same", async () => {
    const thinking = { type: "adaptive", display: "omitted" };
    const [block, text] = JSON.parse(await (await ask({ thinking })).text()).content;
    expect(block).toMatchObject({ type: "thinking", thinking: "" });
    expect((await ask({ messages: [hi, { role: "assistant", content: [block, text] }, hi] })).status).toBe(200);
  });

  it("write JSON by a schema", async () => {
    const schema = { type: "object", properties: { word: { type: "string" } }, required: ["word"], additionalProperties: false };
    expect(JSON.parse(await (await ask({ output_config: { format: { type: "json_schema", schema } } })).text()).content).toEqual([{ type: "text", text: '{"word":"hi"}' }]);
  });

  it("are counted and their models listed by the SDK", async () => {
    const client = new Anthropic({ baseURL: demo.url, apiKey: "any" });
    const counted = await client.messages.countTokens({ model, messages: [{ role: "user", content: "Say hi" }] });
    expect(counted.input_tokens).toBe((await input({})).input_tokens);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain(model);
  });
});

describe("generateContent", () => {
  const contents = [{ role: "user", parts: [{ text: "Say hi" }] }];

  it("streams events that end in CRLF, or one array, of the same", async () => {
    const path = `/v1beta/models/${model}:streamGenerateContent`;
    const events = await (await demo.post(`${path}?alt=sse`, { contents })).text();
    const chunks = events.split("\r\n\r\n").filter((line) => line !== "").map((line) => JSON.parse(line.slice(6)));
    const array = JSON.parse(await (await demo.post(path, { contents })).text());
    const bare = (all: { responseId: string }[]) => all.map((chunk) => ({ ...chunk, responseId: "" }));
    expect(bare(array)).toEqual(bare(chunks));
    expect(chunks.every((chunk) => chunk.usageMetadata.promptTokenCount > 0)).toBe(true);
    expect(chunks.filter((chunk) => chunk.candidates[0].finishReason !== undefined)).toEqual([chunks.at(-1)]);
  });

  it("takes both manners of names, and the paths of Vertex AI", async () => {
    const body = { contents, system_instruction: { parts: [{ text: "Be brief" }] }, generation_config: { max_output_tokens: 3 } };
    const answer = await json(`/v1/projects/p/locations/europe-west1/publishers/google/models/${model}:generateContent`, body);
    expect(answer.candidates[0]).toMatchObject({ finishReason: "MAX_TOKENS", content: { role: "model" } });
  });

  it("signs the first of parallel calls only, and a text by an empty part at the end", async () => {
    const functionDeclarations = ["get_weather", "get_time"].map((name) => ({ name }));
    const calls = await json(`/v1beta/models/${model}:generateContent`, { contents: [{ role: "user", parts: [{ text: "get_weather and get_time" }] }], tools: [{ functionDeclarations }] });
    expect(calls.candidates[0].content.parts.map((part: object) => "thoughtSignature" in part)).toEqual([true, false]);
    const path = `/v1beta/models/${model}:streamGenerateContent`;
    const text = JSON.parse(await (await demo.post(path, { contents, generationConfig: { thinkingConfig: { includeThoughts: true } } })).text());
    expect(text.at(-1).candidates[0].content.parts).toEqual([{ text: "", thoughtSignature: expect.any(String) }]);
    expect(text.at(-1).usageMetadata.thoughtsTokenCount).toBeGreaterThan(5);
  });

  it("takes its signatures back in the alphabet for URLs too", async () => {
    const path = `/v1beta/models/${model}:generateContent`;
    const given = callSignature({ name: "get_weather", args: { at: 1 } });
    expect(given).toMatch(/[+/]/);
    const asked = (thoughtSignature: string) => [
      ...contents,
      { role: "model", parts: [{ functionCall: { name: "get_weather", args: { at: 1 } }, thoughtSignature }] },
      { role: "user", parts: [{ functionResponse: { name: "get_weather", response: {} } }] },
    ];
    const statuses = [given, given.replaceAll("+", "-").replaceAll("/", "_"), given.replace(/[+/]/, "A")].map(async (signature) => (await demo.post(path, { contents: asked(signature) })).status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 400]);
  });

  it("counts, embeds and lists for the SDK", async () => {
    const client = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: demo.url } });
    expect((await client.models.countTokens({ model, contents: "Say hi" })).totalTokens).toBeGreaterThan(3);
    const { embeddings } = await client.models.embedContent({ model: "demo-embedding", contents: ["one", "two"], config: { outputDimensionality: 8 } });
    expect(embeddings?.map(({ values }) => values?.length)).toEqual([8, 8]);
    expect((await client.models.get({ model })).name).toBe(`models/${model}`);
  });

  it("refuses a wrong key as a bad request", async () => {
    const answer = await demo.post(`/v1beta/models/${model}:generateContent?key=sk-invalid`, { contents });
    expect([answer.status, JSON.parse(await answer.text()).error.details[0].reason]).toEqual([400, "API_KEY_INVALID"]);
  });
});

describe("Converse", () => {
  const messages = [{ role: "user", content: [{ text: "Say hi" }] }];

  it("streams frames whose checksums are right, a start for calls only, and counts at the end", async () => {
    const bytes = Buffer.from(await (await demo.post(`/model/${model}/converse-stream`, { messages })).arrayBuffer());
    const types: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32BE(at);
      const frame = bytes.subarray(at, at + length);
      expect(frame.readUInt32BE(8)).toBe(crc32(frame.subarray(0, 8)));
      expect(frame.readUInt32BE(length - 4)).toBe(crc32(frame.subarray(0, -4)));
      types.push(/:event-type.{3}(\w+?)\r:content/s.exec(frame.toString("latin1"))?.[1] ?? "");
      at += length;
    }
    expect(runs(types)).toEqual(["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]);
  });

  it("counts tokens, and what is cached beside the input but in the total", async () => {
    const system = [{ text: "a long prompt ".repeat(50) }, { cachePoint: { type: "default" } }];
    const { usage } = await json(`/model/${model}/converse`, { messages, system });
    expect(usage.cacheWriteInputTokens).toBeGreaterThan(100);
    expect(usage.totalTokens).toBe(usage.inputTokens + usage.outputTokens + usage.cacheWriteInputTokens + usage.cacheReadInputTokens);
    const { inputTokens } = await json(`/model/${model}/count-tokens`, { input: { converse: { messages, system } } });
    expect(inputTokens).toBe(usage.inputTokens + usage.cacheWriteInputTokens);
  });
});

describe("Cohere", () => {
  it("streams named events up to message-end and [DONE], with a plan before calls", async () => {
    const response = await demo.post("/v2/chat", { model, messages: [hi], stream: true, tools });
    const text = await response.clone().text();
    expect(runs(await typesOf(response))).toEqual(["message-start", "tool-plan-delta", "tool-call-start", "tool-call-delta", "tool-call-end", "message-end"]);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(text).toContain('"finish_reason":"TOOL_CALL"');
  });

  it("thinks in a block of its own, and stops where it is told", async () => {
    const answer = await json("/v2/chat", { model, messages: [hi], thinking: { type: "enabled" }, stop_sequences: ["I am"] });
    expect(answer).toMatchObject({ finish_reason: "STOP_SEQUENCE", message: { content: [{ type: "thinking" }, { type: "text", text: 'You said: "Say hi". ' }] } });
  });

  it("embeds by types and ranks", async () => {
    const embedded = await json("/v2/embed", { model: "demo-embedding", input_type: "search_query", texts: ["a", "b"], embedding_types: ["float", "base64"], output_dimension: 4 });
    expect(embedded.embeddings.float.map((vector: number[]) => vector.length)).toEqual([4, 4]);
    expect(Buffer.from(embedded.embeddings.base64[1], "base64").readFloatLE(4)).toBeCloseTo(embedded.embeddings.float[1][1], 6);
    expect((await demo.post("/v2/embed", { model: "demo-embedding", texts: ["a"] })).status).toBe(400);
    const { results } = await json("/v2/rerank", { model: "demo-rerank", query: "green apple", documents: ["grey stone", "an apple, green"], top_n: 1 });
    expect(results).toEqual([{ index: 1, relevance_score: expect.any(Number) }]);
  });
});

describe("DashScope", () => {
  const path = "/api/v1/services/aigc/text-generation/generation";
  const stream = async (parameters: object, body: object = {}) => {
    const response = await demo.post(path, { model, input: { messages: [hi] }, parameters: { result_format: "message", ...parameters }, ...body }, { "x-dashscope-sse": "enable" });
    const blocks = (await response.text()).split("\n\n").filter((block) => block !== "");
    expect(blocks[0]).toMatch(/^id:1\nevent:result\n:HTTP_STATUS\/200\ndata:\{/);
    return blocks.map((block) => JSON.parse(block.slice(block.indexOf("data:") + 5)).output.choices[0]);
  };

  it("says all so far each time, or only what is new", async () => {
    const whole = (await json(path, { model, input: { messages: [hi] }, parameters: { result_format: "message" } })).output.choices[0];
    const repeated = await stream({});
    const parts = await stream({ incremental_output: true });
    expect(repeated.at(-1)).toEqual(whole);
    expect(parts.map(({ message }) => message.content).join("")).toBe(whole.message.content);
    expect(repeated.slice(0, -1).every((choice, at) => choice.finish_reason === "null" && whole.message.content.startsWith(choice.message.content) && choice.message.content.length > at)).toBe(true);
  });

  it("says whole calls each time, or fragments whose id and name come first", async () => {
    const repeated = await stream({ tools });
    const parts = await stream({ tools, incremental_output: true });
    const call = repeated.at(-1).message.tool_calls[0];
    const fragments = parts.flatMap(({ message }) => message.tool_calls ?? []);
    expect(fragments[0]).toMatchObject({ id: expect.stringMatching(/^call_/), function: { name: "get_weather", arguments: "" } });
    expect(fragments.map((fragment) => fragment.function.arguments).join("")).toBe(call.function.arguments);
    expect(parts.at(-1).finish_reason).toBe("tool_calls");
  });

  it("calls one tool unless parallel calls are asked for", async () => {
    const two = [...tools, { type: "function", function: { name: "get_time" } }];
    const calls = async (parameters: object) => (await stream({ tools: two, ...parameters }, { input: { messages: [{ role: "user", content: "get_weather and get_time" }] } })).at(-1).message.tool_calls.length;
    expect([await calls({}), await calls({ parallel_tool_calls: true })]).toEqual([1, 2]);
  });

  it("answers pictures in parts, texts and old forms in a text", async () => {
    const parts = [{ image: "data:image/png;base64,iVBORw0KGgo=" }, { text: "What is it?" }];
    const seen = await json("/api/v1/services/aigc/multimodal-generation/generation", { model, input: { messages: [{ role: "user", content: parts }] } });
    expect(seen.output.choices[0].message.content[0].text).toContain("image/png of 8 bytes");
    expect((await json(path, { model, input: { prompt: "Say hi" } })).output).toMatchObject({ text: expect.stringContaining("Say hi"), finish_reason: "stop" });
  });

  it("embeds and ranks", async () => {
    const embedded = await json("/api/v1/services/embeddings/text-embedding/text-embedding", { model: "demo-embedding", input: { texts: ["a", "b"] }, parameters: { dimension: 4 } });
    expect(embedded.output.embeddings.map((each: { embedding: number[]; text_index: number }) => [each.text_index, each.embedding.length])).toEqual([[0, 4], [1, 4]]);
    const ranked = await json("/api/v1/services/rerank/text-rerank/text-rerank", { model: "demo-rerank", input: { query: "green apple", documents: ["grey stone", "an apple, green"] }, parameters: { return_documents: true } });
    expect(ranked.output.results[0]).toMatchObject({ index: 1, document: { text: "an apple, green" } });
  });
});

describe("Ollama", () => {
  const lines = async (body: object) => (await (await demo.post("/api/chat", { model, messages: [hi], ...body })).text()).trimEnd().split("\n").map((line) => JSON.parse(line));

  it("streams lines unless told otherwise, and the last says why and how much", async () => {
    const all = await lines({ think: true });
    const whole = await json("/api/chat", { model, messages: [hi], think: true, stream: false });
    expect(all.map(({ message }) => message.content).join("")).toBe(whole.message.content);
    expect(all.map(({ message }) => message.thinking ?? "").join("")).toBe(whole.message.thinking);
    expect(all.filter(({ done }) => done)).toEqual([all.at(-1)]);
    expect(all.at(-1)).toMatchObject({ done_reason: "stop", prompt_eval_count: whole.prompt_eval_count, eval_count: whole.eval_count });
  });

  it("calls with whole arguments before the last line, which says stop", async () => {
    const all = await lines({ tools });
    expect(all.at(-2).message.tool_calls).toEqual([{ function: { index: 0, name: "get_weather", arguments: { city: "hi" } } }]);
    expect(all.at(-1).done_reason).toBe("stop");
  });

  it("ends at its limit, and writes by a schema", async () => {
    expect((await lines({ options: { num_predict: 3 } })).at(-1)).toMatchObject({ done_reason: "length", eval_count: 3 });
    const [written] = await lines({ stream: false, format: { type: "object", properties: { word: { type: "string" } } } });
    expect(written.message.content).toBe('{"word":"hi"}');
  });

  it("embeds one or several, and lists its models", async () => {
    const { embeddings } = await json("/api/embed", { model: "demo-embedding", input: ["a", "b"], dimensions: 4 });
    expect(embeddings.map((vector: number[]) => vector.length)).toEqual([4, 4]);
    const { models } = JSON.parse(await (await fetch(`${demo.url}/api/tags`)).text());
    expect(models.map(({ name }: { name: string }) => name)).toContain(model);
  });
});

describe("OpenAI's own", () => {
  it("tell reasoning in short, and encrypted where it is to be kept", async () => {
    const body = { model, input: "Say hi", reasoning: { effort: "low", summary: "auto" }, include: ["reasoning.encrypted_content"] };
    const [reasoning, message] = (await json("/v1/responses", body)).output;
    expect(reasoning).toMatchObject({ type: "reasoning", summary: [{ text: expect.stringContaining("Say hi") }], encrypted_content: expect.any(String) });
    expect((await demo.post("/v1/responses", { model, input: [reasoning, message, { role: "user", content: "And now?" }] })).status).toBe(200);
    const types = runs(await typesOf(await demo.post("/v1/responses", { ...body, stream: true })));
    expect(types.slice(2, 8)).toEqual([
      "response.output_item.added", "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done", "response.output_item.done",
    ]);
  });

  it("count reasoning that Chat never shows", async () => {
    const { choices, usage } = await json("/v1/chat/completions", { model, messages: [hi], reasoning_effort: "high" });
    expect(usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(5);
    expect(Object.keys(choices[0].message).sort()).toEqual(["annotations", "content", "refusal", "role"]);
  });
});
