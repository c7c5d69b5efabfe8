// What Ollama is asked, member by member, and what is told when it takes less.
import { describe, expect, test } from "vitest";
import type { Block, Conversation, Tool } from "../../../dataplane/protocols/ir.ts";
import { ollamaCodec as codec } from "../../../dataplane/protocols/ollama/index.ts";
import { asking, call, plainSampling, result, text, tool, turn, user } from "../fit/asking.ts";
import { sent, sentFitting, type Sent } from "../providing.ts";

const ask = (more: Partial<Conversation>, model = "model-x"): Sent => sent(codec, asking(more), { model });
const messagesOf = (...turns: Conversation["turns"]): unknown => ask({ turns }).body["messages"];
const thinking = { effort: null, budgetTokens: null, isAdaptive: false, isShown: null };
const image: Block = { kind: "image", at: "i", source: { kind: "bytes", data: "AAAA", mediaType: "image/jpeg" } };

test("asks at its own path, and always says whether it is to stream", () => {
  expect(ask({})).toEqual({ path: "/api/chat", headers: [], text: '{"model":"model-x","messages":[{"role":"user","content":"Hello"}],"stream":false}', body: { model: "model-x", messages: [{ role: "user", content: "Hello" }], stream: false }, losses: [] });
  expect(sent(codec, asking(), { isStreaming: true }).body["stream"]).toBe(true);
});

describe("messages", () => {
  test("hold text in one string and images beside it, without words around their bytes", () => {
    expect(messagesOf(turn("system", text("a"), text("b")), turn("developer", text("c")), turn("user", text("see"), image, text("this")))).toEqual([
      { role: "system", content: "a\n\nb" },
      { role: "system", content: "c" },
      { role: "user", content: "see\n\nthis", images: ["AAAA"] },
    ]);
  });

  test("hold calls without ids, arguments as objects, and results in their order with the tool's name", () => {
    const turns = [user("q"), turn("assistant", text("Hm."), call("c1", "a", { arguments: '{"x":1}' }), call("c2", "b", { arguments: "" })), turn("user", result("c2"), result("c1", { content: [text("7"), image] }), text("and?"))];
    expect(sentFitting(codec, asking({ turns, tools: [tool("a"), tool("b")] })).body["messages"]).toEqual([
      { role: "user", content: "q" },
      { role: "assistant", content: "Hm.", tool_calls: [{ function: { name: "a", arguments: { x: 1 } } }, { function: { name: "b", arguments: {} } }] },
      { role: "tool", content: "7", images: ["AAAA"], tool_name: "a" },
      { role: "tool", content: "42", tool_name: "b" },
      { role: "user", content: "and?" },
    ]);
  });

  test("keep the numbers of arguments as they were written, and wrap what is no object", () => {
    const exact = ask({ turns: [turn("assistant", call("c", "a", { arguments: '{"id": 9007199254740993, "rate": 1.0}' }))] });
    expect(exact.text).toContain('"arguments":{"id":9007199254740993,"rate":1.0}');
    for (const [written, expected] of [['{"half', { _raw: '{"half' }], ["[1]", { _raw: "[1]" }], ["1.0", { _raw: "1.0" }], ['{"rawJSON":"1"}', { rawJSON: "1" }]] as const) {
      expect(messagesOf(turn("assistant", call("c", "a", { arguments: written })))).toMatchObject([{ tool_calls: [{ function: { arguments: expected } }] }]);
    }
  });

  test("give thinking back", () => {
    expect(messagesOf(turn("assistant", { kind: "reasoning", at: "", text: "Hm.", isSummary: false }, text("So.")))).toEqual([{ role: "assistant", content: "So.", thinking: "Hm." }]);
  });

  test("tell what they cannot hold", () => {
    const { body, losses } = ask({ turns: [turn("user", { kind: "image", at: "i", source: { kind: "url", url: "https://a.example/x.png" } }, { kind: "audio", at: "s", format: "wav", source: { kind: "bytes", data: "AAAA", mediaType: "" }, transcript: "hello" })] });
    expect(body["messages"]).toEqual([{ role: "user", content: "hello" }]);
    expect(losses).toEqual(["i unsupported major"]);
  });
});

describe("members", () => {
  test("of sampling are options", () => {
    const sampling = { ...plainSampling, maxOutputTokens: 9, temperature: 1.5, topP: 0.5, topK: 7, seed: 3, presencePenalty: 0.5, frequencyPenalty: -1, stop: ["a", "b"], logprobs: 2 };
    expect(ask({ sampling }).body).toMatchObject({ options: { num_predict: 9, temperature: 1.5, top_p: 0.5, top_k: 7, seed: 3, presence_penalty: 0.5, frequency_penalty: -1, stop: ["a", "b"] }, logprobs: true, top_logprobs: 2 });
    expect(ask({ sampling: { ...plainSampling, logprobs: 0 } }).body).toEqual({ model: "model-x", messages: [{ role: "user", content: "Hello" }], stream: false, logprobs: true });
  });

  test.each([
    [{ ...thinking, effort: "none" as const }, false, ["reasoning fixed-by-model minor"], "low"],
    [{ ...thinking, effort: "minimal" as const }, true, ["reasoning limited minor"], "low"],
    [{ ...thinking, effort: "medium" as const }, true, [], "medium"],
    [{ ...thinking, effort: "max" as const }, true, ["reasoning limited minor"], "high"],
    [{ ...thinking, budgetTokens: 0 }, false, ["reasoning fixed-by-model minor"], "low"],
    [{ ...thinking, isAdaptive: true }, true, [], true],
    [thinking, undefined, [], undefined],
  ])("of thinking are a switch, and a word for models that know one: %o", (reasoning, isThinking, losses, level) => {
    expect(ask({ reasoning }, "qwen3")).toMatchObject({ losses: [] });
    expect(ask({ reasoning }, "qwen3").body["think"]).toBe(isThinking);
    const levelled = ask({ reasoning }, "gpt-oss:20b");
    expect(levelled.body["think"]).toBe(level);
    expect(levelled.losses).toEqual(losses);
  });

  test("of the form are a schema or the word for JSON, which is said to the model too", () => {
    const schema = { type: "object", properties: { city: { type: "string" } } };
    expect(ask({ format: { kind: "schema", name: "x", description: "", schema, isStrict: true } }).body["format"]).toEqual(schema);
    expect(ask({ format: { kind: "json" } }).body).toMatchObject({ format: "json", messages: [{ role: "system", content: expect.stringContaining("JSON") as string }, { role: "user" }] });
    expect(ask({ format: { kind: "text" } }).body).not.toHaveProperty("format");
  });

  test("of tools cannot force a call, and say so", () => {
    const tools = [tool("a"), tool("b")];
    expect(sentFitting(codec, asking({ tools }))).toMatchObject({ losses: [], body: { tools: [{ type: "function", function: { name: "a", parameters: { type: "object" } } }, {}] } });
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "required" } })).losses).toEqual(["tool_choice unsupported major"]);
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "none" } })).body).not.toHaveProperty("tools");
    expect(ask({ tools: [{ ...tool("a"), at: "tools[0]", isStrict: true } as Tool] }).losses).toEqual(["tools[0].strict unsupported minor"]);
    expect(ask({ tools, toolChoice: { mode: "required" } }).losses).toEqual(["toolChoice unsupported major"]);
  });

  test("change with the dialect", () => {
    const { body, losses } = sent(codec, asking({ format: { kind: "json" } }), { dialect: { refuses: ["format"], adds: { keep_alive: "10m" } } });
    expect(body).toMatchObject({ keep_alive: "10m", stream: false });
    expect(losses).toEqual(["format unsupported major"]);
  });
});

test("an image by its address is fetched before it is asked about", () => {
  expect(codec.abilities({}, "llava").imageSources).toEqual(["bytes"]);
});
