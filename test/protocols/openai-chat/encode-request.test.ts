// A conversation written for a provider that speaks chat completions, in the form of each dialect.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Block, Conversation, Turn } from "../../../dataplane/protocols/ir.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { ask, asBytes, asked, decoded, encoded, targetOf } from "./asking.ts";

const turn = (role: Turn["role"], ...blocks: Block[]): Turn => ({ role, at: "t", blocks });
const text = (value: string): Block => ({ kind: "text", at: "b", text: value });
const messagesOf = (turns: readonly Turn[], dialect = {}, more: Partial<Conversation> = {}) => {
  const { body, losses } = encoded({ ...ask(), protocol: "anthropic-messages", turns, ...more }, dialect);
  return { messages: body["messages"], losses };
};

describe("several calls in one turn", () => {
  const tools: Conversation["tools"] = [{ kind: "function", at: "tools[0]", name: "f", description: "", schema: null, isStrict: null }];
  const asking = (more: Partial<Conversation>) => encoded({ ...ask(), protocol: "anthropic-messages", tools, ...more }, { callsOneByOne: true }).body["parallel_tool_calls"];

  test("are asked for where the vendor makes one only unless it is asked", () => {
    expect(asking({})).toBe(true);
    expect(asking({ isParallel: false })).toBe(false);
    expect(asking({ tools: [] })).toBeUndefined();
    // A client of this vendor's own form knows what it is used to.
    expect(asking({ protocol: "openai-chat" })).toBeUndefined();
  });
});

describe("what a client of this protocol asked", () => {
  const request = {
    model: "m-1",
    messages: [
      { role: "system", content: "s" },
      { role: "user", content: [{ type: "text", text: "look" }, { type: "image_url", image_url: { url: "https://x.test/a.png", detail: "original" } }, { type: "file", file: { file_id: "file-1" } }], name: "Eva" },
      { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a": 1.0}' } }, { id: "c2", type: "custom", custom: { name: "c", input: "x" } }] },
      { role: "tool", tool_call_id: "c1", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] },
      { role: "tool", tool_call_id: "c2", content: "ok" },
      { role: "assistant", content: "t", refusal: "r" },
      { role: "user", content: [{ type: "text", text: "a" }, { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }] },
    ],
    tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object", properties: {} }, strict: false } }, { type: "custom", custom: { name: "c", format: { type: "text" } } }, { type: "browser_search" }],
    tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "f" } }, { type: "custom", custom: { name: "c" } }] } },
    parallel_tool_calls: false,
    response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object" }, strict: true } },
    max_completion_tokens: 7, temperature: 0.5, top_p: 1, seed: 3, presence_penalty: 0, stop: ["x", "y"], n: 2, logprobs: true, top_logprobs: 4, reasoning_effort: "low", verbosity: "low", user: "u",
    metadata: { a: "b" }, service_tier: "flex", prompt_cache_key: "k", modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" }, logit_bias: { 1: 2 }, prediction: { type: "content", content: "x" },
    web_search_options: { search_context_size: "low" },
  };

  test("comes out as it went in", () => {
    const { body, losses, path } = encoded(decoded(request));
    expect(body).toEqual(request);
    expect(losses).toEqual([]);
    expect(path).toBe("/chat/completions");
  });

  test("keeps each number of what is only passed on as it was written", () => {
    const schema = '{"type":"object","properties":{"n":{"minimum":1.0,"maximum":9007199254740993}}}';
    const conversation = decoded(`{"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}],"prediction":{"x":1.50}}`);
    const written = codec.encodeRequest(conversation, targetOf()).body.toString();
    expect(written).toContain(schema);
    expect(written).toContain('"prediction":{"x":1.50}');
  });

  const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null);
  const word = fc.string({ minLength: 1, maxLength: 12 });
  const part = fc.oneof(
    fc.record({ type: fc.constant("text"), text: word }),
    fc.record({ type: fc.constant("image_url"), image_url: fc.record({ url: fc.webUrl(), detail: fc.constantFrom("low", "high", "auto") }) }),
    fc.record({ type: fc.constant("custom_part"), value: json }),
  );
  const parts = fc.array(part, { minLength: 2, maxLength: 4 });
  const call = fc.record({ id: word, type: fc.constant("function"), function: fc.record({ name: word, arguments: word }) });
  const message = fc.oneof(
    fc.record({ role: fc.constantFrom("system", "user"), content: fc.oneof(word, parts) }),
    fc.record({ role: fc.constant("assistant"), content: fc.oneof(word, parts.map((all) => all.filter(({ type }) => type === "text")).filter((all) => all.length > 1)) }),
    fc.record({ role: fc.constant("assistant"), content: fc.constant(null), tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }) }),
    fc.record({ role: fc.constant("tool"), tool_call_id: word, content: word }),
  );
  const requests = fc.record(
    {
      model: fc.constant("m-1"),
      messages: fc.array(message, { maxLength: 6 }),
      temperature: fc.integer({ min: 0, max: 2 }),
      stop: fc.array(word, { minLength: 1, maxLength: 4 }),
      max_completion_tokens: fc.integer({ min: 1 }),
      logit_bias: fc.dictionary(word, fc.integer()),
      metadata: fc.dictionary(word, word),
      vendor_member: json,
      tools: fc.uniqueArray(fc.record({ type: fc.constant("function"), function: fc.record({ name: word, description: word, parameters: fc.dictionary(word, json) }) }), { minLength: 1, maxLength: 3, selector: (tool) => tool.function.name }),
      tool_choice: fc.constantFrom("auto", "none", "required"),
      reasoning_effort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max"),
      verbosity: fc.constantFrom("low", "medium", "high"),
    },
    { requiredKeys: ["model", "messages", "tools"] },
  );

  test("comes out as it went in, whatever it is", () => {
    fc.assert(
      fc.property(requests, (body) => {
        const sent = JSON.parse(JSON.stringify(body)) as unknown;
        expect(encoded(decoded(body))).toEqual({ body: sent, path: "/chat/completions", losses: [] });
      }),
      { numRuns: 300 },
    );
  });
});

describe("turns of other protocols", () => {
  test("say the results of tools first, each as a message of its own", () => {
    const result = (id: string, ...content: Block[]): Block => ({ kind: "tool-result", at: "r", id, name: "f", content, isError: false });
    const { messages } = messagesOf([turn("user", text("look"), result("c1", text("a"), text("b")), result("c2"))]);
    expect(messages).toEqual([
      { role: "tool", tool_call_id: "c1", content: "a\nb" },
      { role: "tool", tool_call_id: "c2", content: "" },
      { role: "user", content: "look" },
    ]);
  });

  test("write system prompts as one text each, and developer as system", () => {
    const { messages } = messagesOf([turn("system", text("a"), text("b")), turn("developer", text("c"))]);
    expect(messages).toEqual([{ role: "system", content: "a\n\nb" }, { role: "system", content: "c" }]);
  });

  test("keep system prompts apart where the cache is marked in them", () => {
    const { messages } = messagesOf([turn("system", { kind: "text", at: "", text: "a", cache: { ttlSeconds: 3600 } }, text("b"))], { cacheMember: "cache_control" });
    expect(messages).toEqual([{ role: "system", content: [{ type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } }, { type: "text", text: "b" }] }]);
  });

  test("write arguments that are none as an empty object, and invalid ones as they are", () => {
    const { messages } = messagesOf([turn("assistant", { kind: "tool-call", at: "", id: "a", name: "f", arguments: "" }, { kind: "tool-call", at: "", id: "b", name: "g", arguments: '{"a":' })]);
    expect(messages).toMatchObject([{ content: null, tool_calls: [{ function: { arguments: "{}" } }, { function: { arguments: '{"a":' } }] }]);
  });

  test("say texts of files as texts, and bytes as data", () => {
    const { messages } = messagesOf([
      turn("user", { kind: "file", at: "", name: "a.txt", source: { kind: "text", text: "hello", mediaType: "text/plain" } }, { kind: "file", at: "", name: "", source: { kind: "bytes", data: "AAAA", mediaType: "application/pdf" } }),
    ]);
    expect(messages).toEqual([{ role: "user", content: [{ type: "text", text: "a.txt\n\nhello" }, { type: "file", file: { filename: "file.pdf", file_data: "data:application/pdf;base64,AAAA" } }] }]);
  });

  test("lose what is bound to another account, and say so", () => {
    const { messages, losses } = messagesOf([turn("user", text("x"), { kind: "image", at: "i", source: { kind: "stored", protocol: "anthropic-messages", id: "file_1", mediaType: "" } })]);
    expect(messages).toEqual([{ role: "user", content: "x" }]);
    expect(losses).toEqual([{ path: "i", reason: "foreign", severity: "major" }]);
  });

  test("tell a tier in this protocol's words, or not at all", () => {
    expect(encoded({ ...ask(), protocol: "anthropic-messages", serviceTier: "standard_only" }).body).toMatchObject({ service_tier: "default" });
    const { body, losses } = encoded({ ...ask(), protocol: "gemini", serviceTier: "gold" });
    expect(body).not.toHaveProperty("service_tier");
    expect(losses).toMatchObject([{ path: "service_tier" }]);
  });
});

describe("thinking that goes back to its vendor", () => {
  const thought: Block = { kind: "reasoning", at: "r", text: "why", isSummary: false, opaques: [{ kind: "signature", origin: "openai-chat/openai", value: "s" }] };
  const foreign: Block = { kind: "reasoning", at: "r", text: "why", isSummary: false, opaques: [{ kind: "signature", origin: "anthropic-messages/anthropic", value: "s" }] };
  const call: Block = { kind: "tool-call", at: "c", id: "c1", name: "f", arguments: "{}" };
  const messageOf = (dialect: object, ...blocks: Block[]) => (messagesOf([turn("assistant", ...blocks)], dialect).messages as object[])[0];

  test("is not said to those who refuse it", () => {
    expect(messageOf({}, thought, text("t"))).toEqual({ role: "assistant", content: "t" });
  });

  test.each(["reasoning_content", "reasoning"])("is said in %s", (member) => {
    expect(messageOf({ reasoningMember: member }, thought, text("t"))).toEqual({ role: "assistant", content: "t", [member]: "why" });
  });

  test("is said with calls, even when there was none, where it must be replayed, and nowhere else", () => {
    const dialect = { reasoningMember: "reasoning_content", replaysReasoning: true };
    expect(messageOf(dialect, thought, call)).toMatchObject({ reasoning_content: "why" });
    expect(messageOf(dialect, call)).toMatchObject({ reasoning_content: "" });
    expect(messageOf(dialect, thought, text("t"))).toEqual({ role: "assistant", content: "t" });
  });

  test("is said in details, with the values of the vendor's own only", () => {
    const { messages, losses } = messagesOf([turn("assistant", thought, foreign, { kind: "reasoning", at: "", text: "sum", isSummary: true, opaques: [{ kind: "encrypted", origin: "openai-chat", value: "e" }], extras: { "openai-chat": { reasoning_detail: { id: "rs_1", format: "openai-responses-v1", index: 4 } } } }, text("t"))], { reasoningMember: "reasoning_details" });
    expect(messages).toMatchObject([
      {
        reasoning_details: [
          { type: "reasoning.text", text: "why", signature: "s", index: 0, format: "unknown" },
          { type: "reasoning.text", text: "why", index: 1 },
          { type: "reasoning.summary", summary: "sum", index: 4, id: "rs_1", format: "openai-responses-v1" },
          { type: "reasoning.encrypted", data: "e", index: 4, id: "rs_1" },
        ],
      },
    ]);
    expect(losses).toEqual([{ path: "r", reason: "foreign", severity: "minor" }]);
  });

  test("is said among the parts as Mistral wants it", () => {
    expect(messageOf({ reasoningMember: "thinking-parts" }, thought, text("t"))).toMatchObject({ content: [{ type: "thinking", thinking: [{ type: "text", text: "why" }], signature: "s" }, { type: "text", text: "t" }] });
  });

  test("goes back with the call that Gemini signed", () => {
    const signed: Block = { ...call, opaques: [{ kind: "signature", origin: "openai-chat", value: "g" }] };
    expect(messageOf({}, signed)).toMatchObject({ tool_calls: [{ id: "c1", extra_content: { google: { thought_signature: "g" } } }] });
    expect(JSON.stringify(messageOf({}, { ...call, opaques: [{ kind: "signature", origin: "gemini/gemini", value: "g" }] }))).not.toContain("extra_content");
  });
});

describe("dialects", () => {
  const streaming = { isStreaming: true };

  test("usage is always asked for in streams, unless that is refused", () => {
    expect(encoded(ask({ stream: true }), {}, streaming).body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(encoded(ask({ stream: true, stream_options: { include_obfuscation: false } }), {}, streaming).body).toMatchObject({ stream_options: { include_usage: true, include_obfuscation: false } });
    const { body } = encoded(ask({ stream: true, stream_options: { include_usage: true } }), { refusesStreamOptions: true }, streaming);
    expect(body).toMatchObject({ stream: true });
    expect(body).not.toHaveProperty("stream_options");
    expect(encoded(ask({ stream: true })).body).not.toHaveProperty("stream");
  });

  test.each([
    [{ outputLimit: "max_tokens" }, { max_tokens: 9 }],
    [{}, { max_completion_tokens: 9 }],
    [{ seedMember: "random_seed" }, { random_seed: 3 }],
    [{ renames: { user: "safety_identifier" } }, { safety_identifier: "u" }],
    [{ adds: { safe_prompt: true, seed: 1 } }, { safe_prompt: true, seed: 3 }],
  ])("call members by other names: %j", (dialect, expected) => {
    expect(encoded(ask({ max_tokens: 9, seed: 3, user: "u" }), dialect as object).body).toMatchObject(expected);
  });

  test("leave out what is refused, and say so", () => {
    const { body, losses } = encoded(ask({ logit_bias: { 1: 1 }, n: 2 }), { refuses: ["logit_bias", "n"] });
    expect(body).not.toHaveProperty("logit_bias");
    expect(losses).toEqual([{ path: "logit_bias", reason: "unsupported", severity: "minor" }, { path: "n", reason: "unsupported", severity: "major" }]);
  });

  test("have other paths, with the model in them", () => {
    const dialect = { omitsModel: true, paths: { "/chat/completions": "/deployments/{model}/chat/completions?api-version=2026-10-01" } };
    const { body, path } = encoded(ask(), dialect, { model: "a/b c" });
    expect(path).toBe("/deployments/a%2Fb%20c/chat/completions?api-version=2026-10-01");
    expect(body).not.toHaveProperty("model");
  });

  test.each(["prefix", "partial"] as const)("mark the turn that is gone on with: %s", (prefillMember) => {
    const { body } = encoded(ask({ messages: [{ role: "user", content: "u" }, { role: "assistant", content: "Once", prefix: true }] }), { prefillMember });
    expect(body["messages"]).toEqual([{ role: "user", content: "u" }, { role: "assistant", content: "Once", [prefillMember]: true }]);
    expect(codec.abilities({ prefillMember }, "m").hasPrefill).toBe(true);
  });

  test.each([
    ["reasoning_effort", { reasoning_effort: "high" }, { reasoning_effort: "high" }],
    ["reasoning_effort", { thinking: { type: "enabled", budget_tokens: 4000 } }, { reasoning_effort: "low" }],
    ["reasoning", { reasoning_effort: "high" }, { reasoning: { effort: "high" } }],
    ["reasoning", { reasoning: { max_tokens: 9, exclude: true } }, { reasoning: { max_tokens: 9, exclude: true } }],
    ["reasoning", { thinking: { type: "enabled" } }, { reasoning: { enabled: true } }],
    ["thinking", { reasoning_effort: "high" }, { thinking: { type: "enabled" }, reasoning_effort: "high" }],
    ["thinking", { reasoning_effort: "none" }, { thinking: { type: "disabled" } }],
    ["enable_thinking", { reasoning_effort: "medium" }, { enable_thinking: true, thinking_budget: 8192 }],
    ["enable_thinking", { reasoning_effort: "none" }, { enable_thinking: false }],
    ["none", { reasoning_effort: "high" }, {}],
  ] as const)("ask for thinking by %s: %j", (reasoningRequest, request, expected) => {
    const { body } = encoded(ask(request), { reasoningRequest });
    const { model: _, messages, ...rest } = body;
    expect(messages).toHaveLength(1);
    expect(rest).toEqual(expected);
  });

  test("know by the model what OpenAI refuses", () => {
    expect(codec.abilities({}, "gpt-5-mini")).toMatchObject({ stopMax: 0, logprobsMax: -1, reasoning: "effort" });
    expect(codec.abilities({}, "gpt-5-mini").sampling.has("temperature")).toBe(false);
    expect(codec.abilities({}, "gpt-5-chat-latest").sampling.has("temperature")).toBe(true);
    expect(codec.abilities({}, "gpt-4o")).toMatchObject({ stopMax: 4, reasoning: "none" });
    expect(codec.abilities({ reasoningRequest: "thinking", abilities: { stopMax: 16 } }, "deepseek-chat")).toMatchObject({ stopMax: 16, reasoning: "switch" });
  });
});

test("a user's name in two members keeps both", () => {
  const conversation = codec.decodeRequest(asBytes({ messages: [], user: "u", safety_identifier: "s" }), asked) as Conversation;
  expect(encoded(conversation).body).toMatchObject({ user: "u", safety_identifier: "s" });
});
