// What DashScope is asked, on which of its surfaces, and what is told when it takes less.
import { describe, expect, test } from "vitest";
import { dashscopeCodec as codec } from "../../../dataplane/protocols/dashscope/index.ts";
import type { Block, Conversation, Tool } from "../../../dataplane/protocols/ir.ts";
import { asking, call, plainSampling, result, text, tool, turn, user } from "../fit/asking.ts";
import { sent, sentFitting, type Sent } from "../providing.ts";

const ask = (more: Partial<Conversation>, model = "model-x"): Sent => sent(codec, asking(more), { model });
const parametersOf = (more: Partial<Conversation>, model?: string): Record<string, unknown> => ask(more, model).body["parameters"] as Record<string, unknown>;
const messagesOf = (...turns: Conversation["turns"]): unknown => (ask({ turns }).body["input"] as { messages: unknown }).messages;
const thinking = { effort: null, budgetTokens: null, isAdaptive: false, isShown: null };
const image: Block = { kind: "image", at: "i", source: { kind: "bytes", data: "AAAA", mediaType: "image/jpeg" } };
const TEXT = "/services/aigc/text-generation/generation";
const MULTIMODAL = "/services/aigc/multimodal-generation/generation";

test("asks for messages, and for a stream by a header and in increments", () => {
  expect(ask({})).toMatchObject({ path: TEXT, headers: [], losses: [], body: { model: "model-x", input: { messages: [{ role: "user", content: "Hello" }] }, parameters: { result_format: "message" } } });
  expect(parametersOf({})).not.toHaveProperty("incremental_output");
  const streamed = sent(codec, asking(), { isStreaming: true });
  expect(streamed).toMatchObject({ headers: ["X-DashScope-SSE", "enable"], body: { parameters: { result_format: "message", incremental_output: true } } });
  expect(streamed.body).not.toHaveProperty("stream");
});

describe("the surface", () => {
  test.each(["qwen-vl-max", "qwen3-vl-plus", "qwen2-audio-instruct", "qwen3-omni-flash", "qwen-vl-ocr", "qvq-max", "Qwen3.6-plus"])("of a model that sees or hears is the multimodal one: %s", (model) => {
    expect(ask({}, model)).toMatchObject({ path: MULTIMODAL, body: { input: { messages: [{ role: "user", content: [{ text: "Hello" }] }] } } });
  });

  test.each(["qwen-plus", "qwen3-max", "qwq-plus", "deepseek-v3.2", "qwen3-coder-plus"])("of a model of words is the one for text: %s", (model) => {
    expect(ask({}, model).path).toBe(TEXT);
  });

  test("is the multimodal one where there is something to see or to hear", () => {
    const audio: Block = { kind: "audio", at: "", format: "mp3", source: { kind: "bytes", data: "BBBB", mediaType: "" } };
    const video: Block = { kind: "video", at: "", source: { kind: "url", url: "https://a.example/v.mp4" } };
    expect(ask({ turns: [turn("system", text("s")), turn("user", text("see"), image, audio, video)] })).toMatchObject({
      path: MULTIMODAL,
      body: {
        input: {
          messages: [
            { role: "system", content: [{ text: "s" }] },
            { role: "user", content: [{ text: "see" }, { image: "data:image/jpeg;base64,AAAA" }, { audio: "data:audio/mp3;base64,BBBB" }, { video: "https://a.example/v.mp4" }] },
          ],
        },
      },
    });
  });

  test("holds results and calls in its own form", () => {
    const turns = [turn("user", image), turn("assistant", call("c", "f")), turn("user", result("c"))];
    expect((ask({ turns }).body["input"] as { messages: unknown }).messages).toEqual([
      { role: "user", content: [{ image: "data:image/jpeg;base64,AAAA" }] },
      { role: "assistant", content: [{ text: "" }], tool_calls: [{ id: "c", type: "function", index: 0, function: { name: "f", arguments: "{}" } }] },
      { role: "tool", content: [{ text: "42" }], tool_call_id: "c" },
    ]);
  });
});

describe("messages", () => {
  test("begin with one of the system's, whoever said it", () => {
    expect(messagesOf(turn("system", text("a")), turn("developer", text("b")), user("c"))).toEqual([{ role: "system", content: "a\n\nb" }, { role: "user", content: "c" }]);
  });

  test("put each result in one of its own, and the words beside them behind", () => {
    const written = '{"id": 9007199254740993}';
    expect(messagesOf(user("q"), turn("assistant", text("Hm."), call("c1", "a", { arguments: written }), call("c2", "b", { arguments: "" })), turn("user", result("c1"), result("c2", { content: [] }), text("and?")))).toEqual([
      { role: "user", content: "q" },
      { role: "assistant", content: "Hm.", tool_calls: [{ id: "c1", type: "function", index: 0, function: { name: "a", arguments: written } }, { id: "c2", type: "function", index: 1, function: { name: "b", arguments: "{}" } }] },
      { role: "tool", content: "42", tool_call_id: "c1" },
      { role: "tool", content: "", tool_call_id: "c2" },
      { role: "user", content: "and?" },
    ]);
  });

  test("mark a beginning of the answer, so that it is gone on with", () => {
    expect(messagesOf(user("q"), turn("assistant", text("Once")))).toEqual([{ role: "user", content: "q" }, { role: "assistant", content: "Once", partial: true }]);
    expect(messagesOf(user("q"), turn("assistant", text("Once")), user("x"))).not.toContainEqual(expect.objectContaining({ partial: true }));
  });

  test("leave thinking out and tell it, or give it back with calls where the model wants it", () => {
    const thought: Block = { kind: "reasoning", at: "t", text: "Hm.", isSummary: false };
    const turns = [user("q"), turn("assistant", thought, call("c", "f")), turn("user", result("c"))];
    expect(ask({ turns }).losses).toEqual(["t unsupported minor"]);
    const replayed = sent(codec, asking({ turns }), { dialect: { replaysReasoning: true } });
    expect(replayed.losses).toEqual([]);
    expect((replayed.body["input"] as { messages: unknown[] }).messages[1]).toMatchObject({ reasoning_content: "Hm." });
  });

  test("mark a tool's result for the cache at its end, and tell of a tool that it cannot be marked", () => {
    const cache = { ttlSeconds: 300 };
    const answered: Block = { ...result("c"), cache, content: [text("a"), text("b")] };
    const markedTool: Tool = { kind: "function", at: "tools[0]", name: "t", description: "", schema: null, isStrict: null, cache };
    const { body, losses } = ask({ turns: [user("q"), turn("assistant", call("c", "t")), turn("user", answered)], tools: [markedTool] });
    const marked = [{ type: "text", text: "a" }, { type: "text", text: "b", cache_control: { type: "ephemeral" } }];
    expect(body).toMatchObject({ input: { messages: [{}, {}, { role: "tool", content: marked, tool_call_id: "c" }] } });
    expect(losses).toEqual(["tools[0] unsupported minor"]);
  });

  test("mark what may be cached, in the form of either surface", () => {
    const marked: Block = { kind: "text", at: "", text: "long", cache: { ttlSeconds: 300 } };
    expect(messagesOf(turn("system", marked), user("q"))).toEqual([{ role: "system", content: [{ type: "text", text: "long", cache_control: { type: "ephemeral" } }] }, { role: "user", content: "q" }]);
    expect(messagesOf(turn("user", marked, image))).toEqual([{ role: "user", content: [{ text: "long", cache_control: { type: "ephemeral" } }, { image: "data:image/jpeg;base64,AAAA" }] }]);
  });

  test("tell what they cannot hold", () => {
    expect(ask({ turns: [turn("user", { kind: "file", at: "f", name: "a.pdf", source: { kind: "bytes", data: "AAAA", mediaType: "application/pdf" } })] }).losses).toEqual(["f unsupported major"]);
  });
});

describe("parameters", () => {
  test("of sampling have their names", () => {
    const sampling = { ...plainSampling, maxOutputTokens: 9, temperature: 1.5, topP: 0.5, topK: 7, seed: 3, presencePenalty: 0.5, stop: ["a"], choices: 2, logprobs: 3 };
    expect(parametersOf({ sampling })).toEqual({ result_format: "message", max_tokens: 9, temperature: 1.5, top_p: 0.5, top_k: 7, seed: 3, presence_penalty: 0.5, stop: ["a"], n: 2, logprobs: true, top_logprobs: 3 });
  });

  test.each([
    [{ ...thinking, effort: "none" as const }, { enable_thinking: false }],
    [{ ...thinking, budgetTokens: 3000 }, { enable_thinking: true, thinking_budget: 3000 }],
    [{ ...thinking, effort: "high" as const }, { enable_thinking: true, thinking_budget: 16_384 }],
    [{ ...thinking, isAdaptive: true }, { enable_thinking: true }],
    [thinking, {}],
    [null, {}],
  ])("of thinking switch it and limit it: %o", (reasoning, expected) => {
    expect(parametersOf({ reasoning })).toEqual({ result_format: "message", ...expected });
  });

  test("of tools choose as asked", () => {
    const tools = [tool("a"), tool("b")];
    expect(parametersOf({ tools, isParallel: false })).toMatchObject({ tools: [{ type: "function", function: { name: "a" } }, {}], parallel_tool_calls: false });
    expect(parametersOf({ tools, toolChoice: { mode: "tool", name: "b" } })).toMatchObject({ tool_choice: { type: "function", function: { name: "b" } } });
    expect(parametersOf({ tools, toolChoice: { mode: "none" } })).toMatchObject({ tool_choice: "none" });
    expect(parametersOf({ tools: [], toolChoice: { mode: "none" }, isParallel: true })).toEqual({ result_format: "message" });
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "required" } })).losses).toEqual(["tool_choice unsupported major"]);
  });

  test("do not ask for thinking together with a forced call or with JSON, and say so", () => {
    const forced = { tools: [tool("a")], toolChoice: { mode: "tool", name: "a" } } as const;
    const reasoning = { ...thinking, budgetTokens: 3000 };
    expect(ask({ ...forced, reasoning })).toMatchObject({ losses: ["reasoning unsupported minor"], body: { parameters: { enable_thinking: false } } });
    expect(ask({ format: { kind: "json" }, reasoning })).toMatchObject({ losses: ["reasoning unsupported minor"], body: { parameters: { enable_thinking: false, response_format: { type: "json_object" } } } });
    expect(parametersOf(forced, "qwen3-32b")).toMatchObject({ enable_thinking: false });
    expect(parametersOf(forced, "qwen3-max-preview")).not.toHaveProperty("enable_thinking");
  });

  test("ask for a search of the web, and for what was found", () => {
    const search: Tool = { kind: "hosted", at: "", protocol: "anthropic-messages", name: "web_search", purpose: "web-search", value: {} };
    expect(parametersOf({ tools: [search] })).toEqual({ result_format: "message", enable_search: true, search_options: { enable_source: true } });
    const other: Tool = { ...search, at: "tools[0]", purpose: "other" };
    expect(ask({ tools: [other] }).losses).toEqual(["tools[0] unsupported major"]);
  });

  test("make a forced tool of a schema, and put the word JSON where nobody has", () => {
    const schema = { type: "object", properties: { city: { type: "string" } } };
    const { body, losses } = sentFitting(codec, asking({ format: { kind: "schema", name: "place", description: "", schema, isStrict: null } }));
    expect(body).toMatchObject({ parameters: { tools: [{ function: { name: "place", parameters: schema } }], tool_choice: { function: { name: "place" } } } });
    expect(losses).toEqual([]);
    expect(ask({ format: { kind: "json" } }).text).toContain("JSON object");
  });

  test("tell that strictness is not known there", () => {
    expect(ask({ tools: [{ ...tool("a"), at: "tools[0]", isStrict: true } as Tool] }).losses).toEqual(["tools[0].strict unsupported minor"]);
  });

  test("change with the dialect", () => {
    const { body, losses } = sent(codec, asking({ sampling: { ...plainSampling, seed: 1, topK: 5 } }), { dialect: { refuses: ["seed"], adds: { enable_search: true } } });
    expect(body).toMatchObject({ parameters: { enable_search: true, top_k: 5 } });
    expect(body["parameters"]).not.toHaveProperty("seed");
    expect(losses).toEqual(["seed unsupported minor"]);
  });
});
