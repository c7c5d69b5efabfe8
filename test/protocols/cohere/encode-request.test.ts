// What Cohere is asked, member by member, and what is told when it takes less.
import { describe, expect, test } from "vitest";
import { cohereCodec as codec } from "../../../dataplane/protocols/cohere/index.ts";
import type { Block, Conversation } from "../../../dataplane/protocols/ir.ts";
import { asking, call, plainSampling, result, text, tool, turn, user } from "../fit/asking.ts";
import { sent, sentFitting } from "../providing.ts";

const bodyOf = (more: Partial<Conversation>, model = "command-a-reasoning-08-2025"): Record<string, unknown> => sent(codec, asking(more), { model }).body;
const messagesOf = (...turns: Conversation["turns"]): unknown => bodyOf({ turns })["messages"];
const thinking = { effort: null, budgetTokens: null, isAdaptive: false, isShown: null };
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

test("asks at one path, and always says whether it is to stream", () => {
  expect(sent(codec, asking())).toMatchObject({ path: "/chat", headers: [], losses: [], body: { model: "model-x", stream: false, messages: [{ role: "user", content: "Hello" }] } });
  expect(sent(codec, asking(), { isStreaming: true }).body).toMatchObject({ stream: true });
});

describe("messages", () => {
  test("of the system and of a developer are the system's", () => {
    expect(messagesOf(turn("system", text("a"), text("b")), turn("developer", text("c")), user("d"))).toEqual([
      { role: "system", content: "a\n\nb" },
      { role: "system", content: "c" },
      { role: "user", content: "d" },
    ]);
  });

  test("with images hold them by address or as data, in their order", () => {
    const image = (source: Extract<Block, { kind: "image" }>["source"], more = {}): Block => ({ kind: "image", at: "", source, ...more });
    const turns = [turn("user", image({ kind: "url", url: "https://a.example/x.png" }, { detail: "low" }), text("see"), image({ kind: "bytes", data: "AAAA", mediaType: "image/jpeg" }))];
    expect(messagesOf(...turns)).toEqual([
      { role: "user", content: [{ type: "image_url", image_url: { url: "https://a.example/x.png", detail: "low" } }, { type: "text", text: "see" }, { type: "image_url", image_url: { url: "data:image/jpeg;base64,AAAA" } }] },
    ]);
  });

  test("put each result in a message of its own, before what the user says beside them", () => {
    expect(messagesOf(user("q"), turn("assistant", call("c1", "a"), call("c2", "b", { arguments: "" })), turn("user", result("c1"), result("c2", { content: [] }), text("and?")))).toEqual([
      { role: "user", content: "q" },
      { role: "assistant", tool_calls: [{ id: "c1", type: "function", function: { name: "a", arguments: "{}" } }, { id: "c2", type: "function", function: { name: "b", arguments: "{}" } }] },
      { role: "tool", tool_call_id: "c1", content: "42" },
      { role: "tool", tool_call_id: "c2", content: "" },
      { role: "user", content: "and?" },
    ]);
  });

  test("keep the steps of a loop of calls apart, each with its results behind it", () => {
    const turns = [user("q"), turn("assistant", call("c1", "a")), turn("user", result("c1")), turn("assistant", call("c2", "a")), turn("user", result("c2")), turn("assistant", text("So.")), user("and?")];
    const messages = sentFitting(codec, asking({ turns, tools: [tool("a")] })).body["messages"] as { role: string; content?: unknown; tool_call_id?: string }[];
    expect(messages.map(({ role, tool_call_id: id, content }) => id ?? (role === "assistant" && content === undefined ? "call" : content))).toEqual(["q", "call", "c1", "call", "c2", "So.", "and?"]);
  });

  test("tell words before a call as its plan, and thinking as thinking", () => {
    const thought: Block = { kind: "reasoning", at: "t", text: "Hm.", isSummary: false };
    expect(messagesOf(turn("assistant", thought, text("Let me see."), call("c1", "a")))).toMatchObject([{ content: [{ type: "thinking", thinking: "Hm." }], tool_plan: "Let me see.", tool_calls: [{ id: "c1" }] }]);
    expect(messagesOf(turn("assistant", thought, text("So.")))).toEqual([{ role: "assistant", content: [{ type: "thinking", thinking: "Hm." }, { type: "text", text: "So." }] }]);
    const plain = sent(codec, asking({ turns: [turn("assistant", thought, text("So."))] }), { model: "command-r-plus" });
    expect(plain.body["messages"]).toEqual([{ role: "assistant", content: "So." }]);
    expect(plain.losses).toEqual(["t unsupported minor"]);
  });

  test("keep arguments as they were written, JSON or not", () => {
    for (const written of ['{"id": 9007199254740993, "rate":1.0}', '{"half":']) {
      expect(messagesOf(turn("assistant", call("c", "a", { arguments: written })))).toMatchObject([{ tool_calls: [{ function: { arguments: written } }] }]);
    }
  });

  test("leave texts that are to be cited to the documents, where those are taken", () => {
    const file: Block = { kind: "file", at: "f", name: "notes.txt", isCited: true, source: { kind: "text", text: "Rome is old.", mediaType: "text/plain" } };
    expect(bodyOf({ turns: [turn("user", file, text("How old?"))] })).toMatchObject({ documents: [{ id: "document_0", data: { title: "notes.txt", text: "Rome is old." } }], messages: [{ role: "user", content: "How old?" }] });
    const beside = sent(codec, asking({ tools: [tool("a")], turns: [turn("user", file, text("How old?"))] }));
    expect(beside.body).toMatchObject({ messages: [{ content: [{ text: "notes.txt\n\nRome is old." }, { text: "How old?" }] }] });
    expect(beside.body["documents"]).toBeUndefined();
    expect(beside.losses).toEqual(["f approximated minor"]);
  });

  test("without anything that can be said tell what is lost, and are there all the same", () => {
    const { body, losses } = sent(codec, asking({ turns: [turn("user", { kind: "video", at: "v", source: { kind: "url", url: "https://a.example/v.mp4" } })] }));
    expect(body["messages"]).toEqual([{ role: "user", content: "" }]);
    expect(losses).toEqual(["v unsupported major"]);
  });
});

describe("members", () => {
  test("of sampling have Cohere's names, and values within its limits", () => {
    const sampling = { ...plainSampling, maxOutputTokens: 9, temperature: 1.5, topP: 0.5, topK: 7, seed: 3, presencePenalty: 0.5, frequencyPenalty: 0.25, stop: ["a", "b"], logprobs: 0 };
    expect(bodyOf({ sampling })).toMatchObject({ max_tokens: 9, temperature: 1.5, p: 0.5, k: 7, seed: 3, presence_penalty: 0.5, frequency_penalty: 0.25, stop_sequences: ["a", "b"], logprobs: true });
    const beyond = sent(codec, asking({ sampling: { ...plainSampling, topP: 1, topK: 900, presencePenalty: -1, frequencyPenalty: 2 } }));
    expect(beyond.body).toMatchObject({ p: 0.99, k: 500, presence_penalty: 0, frequency_penalty: 1 });
    expect(beyond.losses).toEqual(["topP limited minor", "topK limited minor", "presencePenalty limited minor", "frequencyPenalty limited minor"]);
  });

  test("that nobody asked for are not there", () => {
    expect(Object.keys(bodyOf({})).sort()).toEqual(["messages", "model", "stream"]);
  });

  test.each([
    [{ ...thinking, effort: "none" as const }, { type: "disabled" }],
    [{ ...thinking, budgetTokens: 0 }, { type: "disabled" }],
    [{ ...thinking, budgetTokens: 3000 }, { type: "enabled", token_budget: 3000 }],
    [{ ...thinking, effort: "medium" as const }, { type: "enabled", token_budget: 8192 }],
    [{ ...thinking, isAdaptive: true }, { type: "enabled" }],
    [thinking, undefined],
  ])("of thinking say how much: %o", (reasoning, expected) => {
    expect(bodyOf({ reasoning })["thinking"]).toEqual(expected);
  });

  test("of thinking leave something for the answer", () => {
    const { body, losses } = sent(codec, asking({ reasoning: { ...thinking, budgetTokens: 5000 }, sampling: { ...plainSampling, maxOutputTokens: 4000 } }));
    expect(body["thinking"]).toEqual({ type: "enabled", token_budget: 3999 });
    expect(losses).toEqual(["reasoning limited minor"]);
  });

  test("of tools force one by leaving only that one", () => {
    const tools = [tool("a"), tool("b")];
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "tool", name: "b" } })).body).toMatchObject({ tools: [{ type: "function", function: { name: "b", parameters: { type: "object" } } }], tool_choice: "REQUIRED" });
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "required" } })).body).toMatchObject({ tools: [{}, {}], tool_choice: "REQUIRED" });
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "none" } })).body).toMatchObject({ tools: [{}, {}], tool_choice: "NONE" });
    expect(sentFitting(codec, asking({ tools, toolChoice: { mode: "auto" } })).body["tool_choice"]).toBeUndefined();
  });

  test("of tools are strict for all when one is to be", () => {
    expect(bodyOf({ tools: [{ ...tool("a"), isStrict: true } as Conversation["tools"][number], tool("b")] })).toMatchObject({ strict_tools: true });
    expect(bodyOf({ tools: [tool("a")] })["strict_tools"]).toBeUndefined();
  });

  test("of the form take a schema, and ask for JSON in words where nobody has", () => {
    const format = { kind: "schema", name: "place", description: "", schema, isStrict: true } as const;
    expect(bodyOf({ format })).toMatchObject({ response_format: { type: "json_object", json_schema: schema }, messages: [{ role: "user" }] });
    expect(bodyOf({ format: { kind: "json" } })).toMatchObject({ response_format: { type: "json_object" }, messages: [{ role: "system", content: expect.stringContaining("JSON") as string }, { role: "user" }] });
    expect(bodyOf({ format: { kind: "json" }, turns: [user("as JSON, please")] })).toMatchObject({ messages: [{ role: "user", content: "as JSON, please" }] });
  });

  test("of the form become a tool beside tools, where the form is refused", () => {
    const { body, losses } = sentFitting(codec, asking({ format: { kind: "schema", name: "place", description: "", schema, isStrict: true }, tools: [tool("a")] }));
    expect(body).toMatchObject({ tools: [{ function: { name: "a" } }, { function: { name: "place" } }], tool_choice: "REQUIRED" });
    expect(body["response_format"]).toBeUndefined();
    expect(losses).toEqual([]);
  });

  test("change with the dialect", () => {
    const { body, losses } = sent(codec, asking({ sampling: { ...plainSampling, seed: 1, topK: 5 } }), { dialect: { refuses: ["seed"], renames: { k: "top_k" }, adds: { safety_mode: "OFF" }, omitsModel: true } });
    expect(body).toMatchObject({ top_k: 5, safety_mode: "OFF" });
    expect(body).not.toHaveProperty("seed");
    expect(body).not.toHaveProperty("model");
    expect(losses).toEqual(["seed unsupported minor"]);
  });
});
