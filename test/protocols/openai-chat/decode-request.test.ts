// What a client of chat completions asks, read into the neutral model.
import { describe, expect, test } from "vitest";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { asBytes, ask, asked } from "./asking.ts";

const turnsOf = (...messages: object[]) => ask({ messages }).turns;
const blocksOf = (message: object) => turnsOf(message)[0]?.blocks;

describe("messages", () => {
  test("keep their roles and their order, system prompts in the middle too", () => {
    const turns = turnsOf({ role: "developer", content: "a" }, { role: "user", content: "b", name: "Eva" }, { role: "system", content: "c" });
    expect(turns).toEqual([
      { role: "developer", at: "messages[0]", blocks: [{ kind: "text", at: "messages[0].content", text: "a" }] },
      { role: "user", at: "messages[1]", name: "Eva", blocks: [{ kind: "text", at: "messages[1].content", text: "b" }] },
      { role: "system", at: "messages[2]", blocks: [{ kind: "text", at: "messages[2].content", text: "c" }] },
    ]);
  });

  test.each([
    ["an image by URL", { type: "image_url", image_url: { url: "https://x.test/a.png", detail: "low" } }, { kind: "image", source: { kind: "url", url: "https://x.test/a.png" }, detail: "low" }],
    ["an image by data", { type: "image_url", image_url: { url: "data:image/PNG;charset=x;base64,AA\nAA" } }, { kind: "image", source: { kind: "bytes", data: "AAAA", mediaType: "image/png" } }],
    ["an image as Mistral writes it", { type: "image_url", image_url: "https://x.test/a.png" }, { kind: "image", source: { kind: "url", url: "https://x.test/a.png" } }],
    ["data that are not base64", { type: "image_url", image_url: { url: "data:image/svg+xml,%3Csvg%3E" } }, { kind: "image", source: { kind: "bytes", data: "PHN2Zz4=", mediaType: "image/svg+xml" } }],
    ["a sound", { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } }, { kind: "audio", source: { kind: "bytes", data: "AAAA", mediaType: "audio/mpeg" }, format: "mp3" }],
    ["a document", { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } }, { kind: "file", name: "a.pdf", source: { kind: "bytes", data: "AAAA", mediaType: "application/pdf" } }],
    ["a stored document", { type: "file", file: { file_id: "file-1" } }, { kind: "file", name: "", source: { kind: "stored", protocol: "openai-chat", id: "file-1", mediaType: "" } }],
    ["a document by URL as Mistral writes it", { type: "document_url", document_url: "https://x.test/a.pdf" }, { kind: "file", name: "", source: { kind: "url", url: "https://x.test/a.pdf" } }],
    ["a video", { type: "video_url", video_url: { url: "https://x.test/a.mp4" } }, { kind: "video", source: { kind: "url", url: "https://x.test/a.mp4" } }],
    ["a mark for the cache", { type: "text", text: "t", cache_control: { type: "ephemeral", ttl: "1h" } }, { kind: "text", text: "t", cache: { ttlSeconds: 3600 } }],
    ["OpenAI's own mark for the cache", { type: "text", text: "t", prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } }, { kind: "text", text: "t", cache: { ttlSeconds: 1800 } }],
    ["what else is said of a part", { type: "image_url", image_url: { url: "https://x.test/a.png", detail: "original" }, x: 1 }, { kind: "image", source: { kind: "url", url: "https://x.test/a.png" }, extras: { "openai-chat": { x: 1, image_url: { detail: "original" } } } }],
    ["a part that nobody knows", { type: "hologram", light: 1 }, { kind: "foreign", protocol: "openai-chat", type: "hologram", value: { type: "hologram", light: 1 }, text: "" }],
  ])("with %s", (_, part, block) => {
    expect(blocksOf({ role: "user", content: [part] })).toEqual([{ at: "messages[0].content[0]", ...block }]);
  });

  test("of the model hold thinking, text, refusal and calls in this order", () => {
    const message = { role: "assistant", content: "t", refusal: "r", reasoning_content: "why", tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a":1.0}' } }], audio: { id: "audio_1" }, function_call: null, annotations: [] };
    expect(blocksOf(message)).toEqual([
      { kind: "reasoning", at: "messages[0]", text: "why", isSummary: false },
      { kind: "text", at: "messages[0].content", text: "t" },
      { kind: "refusal", at: "messages[0].refusal", text: "r" },
      { kind: "audio", at: "messages[0].audio", id: "audio_1", source: { kind: "stored", protocol: "openai-chat", id: "audio_1", mediaType: "" }, format: "" },
      { kind: "tool-call", at: "messages[0].tool_calls[0]", id: "c1", name: "f", arguments: '{"a":1.0}' },
    ]);
    expect(turnsOf(message)[0]).not.toHaveProperty("extras");
  });

  test.each([null, "", []])("without content have none: %j", (content) => {
    expect(blocksOf({ role: "assistant", content, tool_calls: [] })).toEqual([]);
  });

  test("with annotations give their citations back", () => {
    const annotation = { type: "url_citation", url_citation: { url: "https://x.test", title: "X", start_index: 0, end_index: 4 } };
    expect(blocksOf({ role: "assistant", content: "text", annotations: [annotation] })).toMatchObject([{ kind: "text", citations: [{ kind: "url", url: "https://x.test", title: "X", start: 0, end: 4 }] }]);
  });
});

describe("thinking that comes back", () => {
  const thoughts = (message: object) => turnsOf({ role: "assistant", content: "t", ...message })[0]?.blocks.filter((block) => block.kind === "reasoning");

  test("is joined from fragments by its index, and not told twice", () => {
    const details = [
      { type: "reasoning.text", text: "a", index: 0, format: "anthropic-claude-v1" },
      { type: "reasoning.text", text: "b", index: 0, format: "anthropic-claude-v1" },
      { type: "reasoning.text", signature: "sig", index: 0, format: "anthropic-claude-v1" },
      { type: "reasoning.encrypted", data: "blob", index: 1, id: "rs_1" },
    ];
    expect(thoughts({ reasoning: "ab", reasoning_content: "ab", reasoning_details: details })).toEqual([
      { kind: "reasoning", at: "messages[0]", text: "ab", isSummary: false, opaques: [{ kind: "signature", origin: "openai-chat", value: "sig" }], extras: { "openai-chat": { reasoning_detail: { index: 0, format: "anthropic-claude-v1" } } } },
      { kind: "reasoning", at: "messages[0]", text: "", isSummary: false, opaques: [{ kind: "encrypted", origin: "openai-chat", value: "blob" }], extras: { "openai-chat": { reasoning_detail: { index: 1, id: "rs_1" } } } },
    ]);
  });

  test("of another vendor is unwrapped", () => {
    const opaques = [{ kind: "signature", origin: "anthropic-messages/anthropic", value: "s" }] as const;
    expect(thoughts({ reasoning_details: [{ type: "reasoning.text", text: "why", signature: wrap(opaques), index: 0 }] })).toMatchObject([{ text: "why", opaques }]);
  });

  test("takes its text from the plain member when the details have none", () => {
    expect(thoughts({ reasoning_content: "why", reasoning_details: [{ type: "reasoning.encrypted", data: "blob" }] })).toMatchObject([{ text: "why", opaques: [{ value: "blob" }] }]);
  });

  test("may stand among Mistral's parts", () => {
    expect(blocksOf({ role: "assistant", content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }], signature: "s" }, { type: "text", text: "t" }] })).toMatchObject([
      { kind: "reasoning", text: "hm", opaques: [{ kind: "signature", value: "s" }] },
      { kind: "text", text: "t" },
    ]);
  });

  test("of Gemini's stands on the call, native or wrapped, and on the message for its first call or its text", () => {
    const call = (more: object) => ({ id: "c", type: "function", function: { name: "f", arguments: "{}" }, ...more });
    const signed = (value: string) => ({ extra_content: { google: { thought_signature: value } } });
    const foreign = [{ kind: "signature", origin: "gemini/vertex-ai", value: "g" }] as const;
    expect(blocksOf({ role: "assistant", content: null, tool_calls: [call(signed("n")), call(signed(wrap(foreign)))] })).toMatchObject([{ opaques: [{ origin: "openai-chat", value: "n" }] }, { opaques: foreign }]);
    expect(blocksOf({ role: "assistant", content: null, tool_calls: [call({}), call({})], ...signed("m") })).toMatchObject([{ opaques: [{ value: "m" }] }, {}]);
    expect(blocksOf({ role: "assistant", content: "t", ...signed("m") })).toMatchObject([{ kind: "text", text: "t", opaques: [{ value: "m" }] }]);
  });
});

describe("tools", () => {
  test("of all kinds are told apart", () => {
    const { tools } = ask({
      tools: [
        { type: "function", function: { name: "f", parameters: { type: "object", properties: { n: { const: 1.0 } } }, strict: true }, cache_control: { type: "ephemeral" } },
        { type: "custom", custom: { name: "c", description: "d", format: { type: "text" } } },
        { type: "web_search", max: 3 },
      ],
      web_search_options: { search_context_size: "low" },
    });
    expect(tools).toMatchObject([
      { kind: "function", at: "tools[0]", name: "f", description: "", isStrict: true, cache: { ttlSeconds: 0 } },
      { kind: "custom", at: "tools[1]", name: "c", description: "d", format: { type: "text" } },
      { kind: "hosted", at: "tools[2]", protocol: "openai-chat", name: "web_search", purpose: "web-search", value: { type: "web_search", max: 3 } },
      { kind: "hosted", at: "web_search_options", purpose: "web-search", value: { search_context_size: "low" } },
    ]);
  });

  test.each([
    ["auto", { mode: "auto" }],
    ["any", { mode: "required" }],
    [{ type: "function", function: { name: "f" } }, { mode: "tool", name: "f" }],
    [{ type: "custom", custom: { name: "c" } }, { mode: "tool", name: "c" }],
    [{ type: "allowed_tools", allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "f" } }, { type: "custom", custom: { name: "c" } }] } }, { mode: "allowed", names: ["f", "c"], isRequired: true }],
  ])("are chosen: %j", (choice, expected) => {
    expect(ask({ tool_choice: choice }).toolChoice).toEqual(expected);
  });

  test("in the older way are read as the newer, and answers find their calls", () => {
    const conversation = ask({
      functions: [{ name: "f", parameters: { type: "object" } }],
      function_call: { name: "f" },
      messages: [{ role: "user", content: "u" }, { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } }, { role: "function", name: "f", content: "7" }],
    });
    expect(conversation).toMatchObject({ tools: [{ kind: "function", at: "functions[0]", name: "f" }], toolChoice: { mode: "tool", name: "f" }, isParallel: false });
    const [, call, result] = conversation.turns.map(({ blocks }) => blocks[0]);
    expect(call).toMatchObject({ kind: "tool-call", name: "f", id: "call_1" });
    expect(result).toMatchObject({ kind: "tool-result", name: "f", id: "call_1", content: [{ text: "7" }] });
  });

  test("called without ids get some that stay the same, and answers without ids go to them in order", () => {
    const calls = [{ type: "function", function: { name: "f", arguments: { a: 1 } } }, { type: "function", function: { name: "g", arguments: "" } }];
    const turns = turnsOf({ role: "assistant", content: null, tool_calls: calls }, { role: "tool", content: "1" }, { role: "tool", content: [{ type: "text", text: "2" }], name: "g" });
    expect(turns.flatMap(({ blocks }) => blocks)).toMatchObject([
      { id: "call_0_0", arguments: '{"a":1}' },
      { id: "call_0_1", arguments: "" },
      { kind: "tool-result", id: "call_0_0", name: "f" },
      { kind: "tool-result", id: "call_0_1", name: "g" },
    ]);
  });
});

describe("settings", () => {
  test("have their places", () => {
    const conversation = ask({
      stream: true, stream_options: { include_usage: true, include_obfuscation: false }, max_tokens: 5, max_completion_tokens: 7, temperature: 0.50, top_p: 1, seed: 3, presence_penalty: 0, frequency_penalty: null,
      stop: "x", n: 2, logprobs: true, top_logprobs: 4, verbosity: "low", user: "u", metadata: { a: "b" }, service_tier: "flex", prompt_cache_key: "k", parallel_tool_calls: false,
      modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" }, logit_bias: { 1: 2 }, store: null,
    });
    expect(conversation).toMatchObject({
      isStreaming: true, isUsageWanted: true, verbosity: "low", userId: "u", metadata: { a: "b" }, serviceTier: "flex", cacheKey: "k", isParallel: false, audio: { voice: "alloy", format: "wav" },
      sampling: { maxOutputTokens: 7, temperature: 0.5, topP: 1, seed: 3, presencePenalty: 0, frequencyPenalty: null, stop: ["x"], choices: 2, logprobs: 4 },
    });
    expect(conversation.extras).toEqual({ "openai-chat": { logit_bias: { 1: 2 }, stream_options: { include_obfuscation: false } } });
  });

  test("that were not made are not there", () => {
    expect(ask()).toMatchObject({ isStreaming: false, isUsageWanted: false, toolChoice: null, isParallel: null, format: null, reasoning: null, verbosity: null, audio: null, userId: null, metadata: null, serviceTier: null, cacheKey: null, extras: {} });
  });

  test.each([
    [{ type: "text" }, { kind: "text" }],
    [{ type: "json_object" }, { kind: "json" }],
    [{ type: "json_schema", json_schema: { name: "n", schema: { type: "object" }, strict: true } }, { kind: "schema", name: "n", description: "", schema: { type: "object" }, isStrict: true }],
  ])("of the answer's form: %j", (format, expected) => {
    expect(ask({ response_format: format })).toMatchObject({ format: expected, extras: {} });
  });

  test("of a form that only a vendor knows stay as they are, and count", () => {
    const format = { type: "grammar", grammar: "g" };
    expect(ask({ response_format: format })).toMatchObject({ format: null, extras: { "openai-chat": { response_format: format } } });
    expect(codec.majorExtras.has("response_format")).toBe(true);
  });

  test.each([
    [{ reasoning_effort: "high" }, { effort: "high", budgetTokens: null, isAdaptive: false, isShown: null }],
    [{ reasoning: { max_tokens: 2000, exclude: true } }, { effort: null, budgetTokens: 2000, isAdaptive: false, isShown: false }],
    [{ reasoning: { enabled: false } }, { effort: "none", budgetTokens: null }],
    [{ reasoning: { enabled: true, summary: "auto" } }, { effort: null, isAdaptive: true, isShown: true, extras: { "openai-chat": { summary: "auto" } } }],
    [{ thinking: { type: "enabled", budget_tokens: 3000 } }, { budgetTokens: 3000, isAdaptive: false }],
    [{ thinking: { type: "enabled" }, reasoning_effort: "max" }, { effort: "max", isAdaptive: false }],
    [{ thinking: { type: "disabled" } }, { effort: "none" }],
    [{ enable_thinking: true, thinking_budget: 500 }, { budgetTokens: 500, isAdaptive: false }],
    [{ enable_thinking: false }, { effort: "none" }],
  ])("of how much is thought: %j", (request, expected) => {
    expect(ask(request).reasoning).toMatchObject(expected);
    expect(ask(request).extras).toEqual({});
  });

  test("of an effort that nobody knows stay as they are", () => {
    expect(ask({ reasoning_effort: "heroic" })).toMatchObject({ reasoning: null, extras: { "openai-chat": { reasoning_effort: "heroic" } } });
  });

  test("that are written in another way than numbers usually are, are numbers", () => {
    const conversation = codec.decodeRequest(Buffer.from('{"messages":[],"temperature":1.0,"seed":9007199254740993,"max_tokens":1e3}'), asked);
    expect(conversation).toMatchObject({ sampling: { temperature: 1, maxOutputTokens: 1000 } });
  });
});

describe("what cannot be understood", () => {
  test.each([
    ["[]", ""],
    ["7.0", ""],
    ["{", ""],
    ['{"model":"m"}', "messages"],
    ['{"messages":"hi"}', "messages"],
    ['{"messages":["hi"]}', "messages[0]"],
    ['{"messages":[{"role":"wizard","content":"x"}]}', "messages[0].role"],
    ['{"messages":[{"role":"user","content":7}]}', "messages[0].content"],
    ['{"messages":[{"role":"user","content":[{"type":"text"}]}]}', "messages[0].content[0]"],
    ['{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}', "messages[0].content[0]"],
    ['{"messages":[{"role":"tool","content":"x"}]}', "messages[0]"],
    ['{"messages":[{"role":"assistant","tool_calls":[{"id":"c"}]}]}', "messages[0].tool_calls[0]"],
    ['{"messages":[],"tools":[{"type":"function","function":{}}]}', "tools[0]"],
    ['{"messages":[],"tool_choice":"sometimes"}', "tool_choice"],
    ['{"messages":[],"temperature":"hot"}', "temperature"],
    ['{"messages":[],"stop":[1]}', "stop"],
    ['{"messages":[],"stream":"yes"}', "stream"],
  ])("is refused by its name: %s", (body, parameter) => {
    const conversation = codec.decodeRequest(Buffer.from(body), asked);
    expect(isInvalid(conversation) && conversation).toMatchObject({ parameter });
    expect(isInvalid(conversation) && conversation.problem.length).toBeGreaterThan(20);
  });

  test("pollutes no prototype", () => {
    const conversation = codec.decodeRequest(asBytes('{"messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}],"__proto__":{"polluted":1},"logit_bias":{"__proto__":2}}'), asked);
    expect(JSON.stringify(conversation)).toContain('"__proto__":{"polluted":1}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
