// Counting of tokens: each client's question and answer, each provider's own count, and the estimate where there is none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Encoded } from "../../../dataplane/protocols/codec.ts";
import type { Dialect } from "../../../dataplane/protocols/dialect.ts";
import type { Block, Conversation } from "../../../dataplane/protocols/ir.ts";
import type { JsonObject } from "../../../dataplane/protocols/json-members.ts";
import { pieceEnd } from "../../../dataplane/protocols/token-count/estimate.ts";
import { countClients, counterOf, estimateTokens } from "../../../dataplane/protocols/token-count/index.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { targetOf } from "../asking.ts";

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const parsed = (body: Buffer): unknown => JSON.parse(body.toString());

describe("a client's question holds a conversation", () => {
  it.each<[ProtocolName, unknown, unknown, JsonObject]>([
    ["anthropic-messages", { model: "m", messages: [] }, { model: "m", messages: [] }, { input_tokens: 7 }],
    ["openai-responses", { model: "m", input: "x" }, { model: "m", input: "x" }, { object: "response.input_tokens", input_tokens: 7 }],
    ["gemini", { contents: [] }, { contents: [] }, { totalTokens: 7 }],
    ["gemini", { generateContentRequest: { contents: [], tools: [] } }, { contents: [], tools: [] }, { totalTokens: 7 }],
    ["bedrock-converse", { input: { converse: { messages: [], system: [] } } }, { messages: [], system: [] }, { inputTokens: 7 }],
  ])("of %s: %j", (protocol, body, conversation, answer) => {
    const inside = countClients[protocol]?.conversationIn(bytes(body));
    expect(Buffer.isBuffer(inside) ? parsed(inside) : inside).toEqual(conversation);
    expect(countClients[protocol]?.encodeReply(7)).toEqual(answer);
  });

  it("of Bedrock in one form of two", () => {
    expect(countClients["bedrock-converse"]?.conversationIn(bytes({ input: { invokeModel: { body: "e30=" } } }))).toMatchObject({ parameter: "input", problem: expect.stringContaining("input.converse") });
    expect(countClients["bedrock-converse"]?.conversationIn(Buffer.from("nonsense"))).toMatchObject({ parameter: "input" });
  });
});

const encoded = (body: JsonObject): Encoded => ({ path: "/somewhere", headers: ["a", "b"], body: bytes(body), losses: [] });

describe("a provider's own count is asked for with what counts, and nothing that steers an answer", () => {
  it.each<[string, ProtocolName, string, Dialect, JsonObject, string, JsonObject, JsonObject]>([
    ["Anthropic", "anthropic-messages", "claude-x", {}, { model: "claude-x", max_tokens: 9, stream: true, temperature: 1, system: "s", messages: [], tools: [], thinking: {} },
      "/messages/count_tokens", { model: "claude-x", system: "s", messages: [], tools: [], thinking: {} }, { input_tokens: 7 }],
    ["OpenAI", "openai-responses", "gpt-x", {}, { model: "gpt-x", input: [], max_output_tokens: 9, store: false, stream: true, tools: [], reasoning: {} },
      "/responses/input_tokens", { model: "gpt-x", input: [], tools: [], reasoning: {} }, { object: "response.input_tokens", input_tokens: 7 }],
    ["Google AI", "gemini", "gemini-x", {}, { contents: [], systemInstruction: {}, safetySettings: [] },
      "/models/gemini-x:countTokens", { generateContentRequest: { model: "models/gemini-x", contents: [], systemInstruction: {}, safetySettings: [] } }, { totalTokens: 7 }],
    ["Vertex AI", "gemini", "gemini-x", { sideForm: "vertex" }, { contents: [], systemInstruction: {}, safetySettings: [] },
      "/models/gemini-x:countTokens", { contents: [], systemInstruction: {} }, { totalTokens: 7, totalBillableCharacters: 20 }],
    ["Bedrock", "bedrock-converse", "us.anthropic.claude-x-v1:0", {}, { messages: [], inferenceConfig: {}, toolConfig: {} },
      "/model/us.anthropic.claude-x-v1%3A0/count-tokens", { input: { converse: { messages: [], toolConfig: {} } } }, { inputTokens: 7 }],
  ])("of %s", (_, protocol, model, dialect, body, path, sent, answer) => {
    const target = targetOf(model, { dialect });
    const counter = counterOf(protocol, target);
    const asked = counter?.encodeRequest(encoded(body), target);
    expect([asked?.path, parsed(asked?.body ?? bytes(null)), asked?.headers]).toEqual([path, sent, ["a", "b"]]);
    expect(counter?.decodeReply(answer)).toBe(7);
    expect(counter?.decodeReply({})).toBe(-1);
  });

  it.each<["chat" | "tokenize", string, JsonObject, JsonObject, JsonObject, boolean]>([
    ["chat", "/chat/completions/input_tokens", { tools: [], tool_choice: "auto", reasoning_effort: "low" }, { tools: [], tool_choice: "auto", reasoning_effort: "low" }, { object: "response.input_tokens", input_tokens: 7 }, false],
    ["tokenize", "/tokenize", { tools: [], tool_choice: "auto", reasoning_effort: "low" }, { tools: [] }, { count: 7, max_model_len: 100, tokens: [1, 2, 3, 4, 5, 6, 7] }, true],
  ])("of a server that has a route of its own for what is asked in Chat: %s", (countsTokens, path, more, kept, answer, isAtRoot) => {
    const target = targetOf("m", { dialect: { countsTokens } });
    const counter = counterOf("openai-chat", target);
    const asked = counter?.encodeRequest(encoded({ model: "m", messages: [], max_tokens: 9, stream: true, temperature: 1, stop: ["x"], ...more }), target);
    expect([asked?.path, parsed(asked?.body ?? bytes(null)), counter?.isAtRoot === true]).toEqual([path, { model: "m", messages: [], ...kept }, isAtRoot]);
    expect(counter?.decodeReply(answer)).toBe(7);
    expect(counter?.decodeReply({ count: [1, 2] })).toBe(-1);
  });

  it("keeps numbers in schemas as they were written", () => {
    const body = { ...encoded({}), body: Buffer.from('{"messages":[],"tools":[{"input_schema":{"maximum":12345678901234567890}}]}') };
    expect(counterOf("anthropic-messages", targetOf("m"))?.encodeRequest(body, targetOf("m")).body.toString()).toContain("12345678901234567890");
  });

  it("where it counts at all", () => {
    const counts = (protocol: ProtocolName, model: string, countsTokens?: Dialect["countsTokens"]) =>
      counterOf(protocol, targetOf(model, countsTokens === undefined ? {} : { dialect: { countsTokens } })) !== null;
    expect([counts("openai-chat", "m"), counts("cohere", "m"), counts("ollama", "m"), counts("dashscope", "m")]).toEqual([false, false, false, false]);
    expect([counts("anthropic-messages", "m"), counts("anthropic-messages", "m", false)]).toEqual([true, false]);
    expect([counts("openai-chat", "m", "chat"), counts("openai-chat", "m", "tokenize")]).toEqual([true, true]);
    expect([counts("bedrock-converse", "us.anthropic.claude-3"), counts("bedrock-converse", "meta.llama3-70b"), counts("bedrock-converse", "us.amazon.nova-pro-v1:0")]).toEqual([true, false, false]);
    expect(counts("bedrock-converse", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc")).toBe(true);
  });
});

const conversation = (blocks: readonly Block[], differences: Partial<Conversation> = {}): Conversation => ({
  protocol: "openai-responses", model: "m", isStreaming: false, isUsageWanted: false, turns: [{ role: "user", at: "", blocks }], tools: [], toolChoice: null, isParallel: null,
  format: null, reasoning: null, verbosity: null, audio: null, userId: null, metadata: null, serviceTier: null, cacheKey: null, extras: {},
  sampling: { maxOutputTokens: null, temperature: null, topP: null, topK: null, seed: null, presencePenalty: null, frequencyPenalty: null, stop: [], choices: null, logprobs: null },
  ...differences,
});
const text = (words: string): Block => ({ kind: "text", at: "", text: words });

const estimateOf = async (asked: Conversation) => {
  let pauses = 0;
  const tokens = await estimateTokens(asked, async () => void pauses++);
  return { tokens, pauses };
};

describe("an estimate", () => {
  it("counts the text with a tokenizer", async () => {
    const sentence = "The quick brown fox jumps over the lazy dog.";
    const one = (await estimateOf(conversation([text(sentence)]))).tokens;
    expect(one).toBeGreaterThanOrEqual(10);
    expect(one).toBeLessThanOrEqual(18);
    const ten = (await estimateOf(conversation([text(Array.from({ length: 10 }, () => sentence).join(" "))]))).tokens;
    expect(ten - one).toBeGreaterThanOrEqual(86);
    expect(ten - one).toBeLessThanOrEqual(100);
  });

  it("grows with everything that a conversation holds", async () => {
    const bare = (await estimateOf(conversation([text("hello")]))).tokens;
    const blocks: Block[] = [
      { kind: "refusal", at: "", text: "I would rather not." },
      { kind: "reasoning", at: "", text: "thinking it over", isSummary: false },
      { kind: "tool-call", at: "", id: "1", name: "get_weather", arguments: '{"city":"Oslo"}' },
      { kind: "tool-result", at: "", id: "1", name: "", isError: false, content: [text("21 degrees and rain")] },
      { kind: "image", at: "", source: { kind: "url", url: "https://example.com/a.png" } },
      { kind: "file", at: "", name: "a.txt", source: { kind: "text", text: "a whole file of words", mediaType: "text/plain" } },
      { kind: "file", at: "", name: "a.pdf", source: { kind: "bytes", data: "AAAA", mediaType: "application/pdf" } },
    ];
    for (const block of blocks) expect((await estimateOf(conversation([text("hello"), block]))).tokens, block.kind).toBeGreaterThan(bare);
    const tools = { tools: [{ kind: "function" as const, at: "", name: "get_weather", description: "Tells the weather", schema: { type: "object" }, isStrict: null }] };
    expect((await estimateOf(conversation([text("hello")], tools))).tokens).toBeGreaterThan(bare + 5);
    expect((await estimateOf(conversation([text("hello")], { format: { kind: "schema", name: "x", description: "", schema: { type: "object" }, isStrict: null } }))).tokens).toBeGreaterThan(bare);
    expect((await estimateOf(conversation([]))).tokens).toBe(4);
  });

  it("takes marks of the model's for the text that they are", async () => {
    expect((await estimateOf(conversation([text("<|endoftext|><|im_start|>")]))).tokens).toBeGreaterThan(8);
  });

  it("lets others have their turn, and does not read without end", async () => {
    const megabytes = await estimateOf(conversation([text("some words of a long text ".repeat(200_000))]));
    expect(megabytes.pauses).toBeGreaterThan(20);
    expect(megabytes.pauses).toBeLessThan(60);
    expect(megabytes.tokens).toBeGreaterThan(1_100_000);
    expect(megabytes.tokens).toBeLessThan(1_500_000);
  });

  it("cuts text into short pieces, none of them in the middle of a character", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", " ", "𝒳", "漢"), minLength: 1, maxLength: 2000 }), (long) => {
      let start = 0;
      while (start < long.length) {
        const end = pieceEnd(long, start);
        expect(end).toBeGreaterThan(start);
        expect(end - start).toBeLessThanOrEqual(256);
        expect(long.slice(start, end).isWellFormed()).toBe(true);
        start = end;
      }
    }));
  });
});
