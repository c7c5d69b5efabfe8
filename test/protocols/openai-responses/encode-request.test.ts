// What is sent to a provider of Responses: of its own clients what they said, of others what this protocol can say.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anthropicMessagesCodec } from "../../../dataplane/protocols/anthropic-messages/index.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import type { Block } from "../../../dataplane/protocols/ir.ts";
import { again, codec, conversationOf, foreign, inside, list, sent, target, text, turn } from "./speaking.ts";

const call: Block = { kind: "tool-call", at: "", id: "c1", name: "look", arguments: "" };
const result: Block = { kind: "tool-result", at: "", id: "c1", name: "", content: [text("seen")], isError: false };

describe("of a client of another protocol", () => {
  test("nothing is stored, and the reasoning is asked for in sealed form", () => {
    const { body } = sent(foreign([turn("user", text("hi"))]));
    expect(body).toMatchObject({ model: "gpt-5.1", store: false, include: ["reasoning.encrypted_content"], input: [{ type: "message", role: "user", content: "hi" }] });
  });

  test.each(["gpt-4o", "openai/gpt-4.1-mini", "chatgpt-4o-latest", "gpt-5-chat-latest"])("%s is not asked for what it cannot seal, nor to think", (model) => {
    const reasoning = { effort: "high" as const, budgetTokens: null, isAdaptive: false, isShown: null };
    const { body } = sent(foreign([turn("user", text("hi"))], { reasoning }), target({ model }));
    expect(body).not.toHaveProperty("include");
    expect(body).not.toHaveProperty("reasoning");
    expect(codec.abilities({}, model).reasoning).toBe("none");
  });

  test("a member that the vendor refuses is left out, and is a loss only if somebody asked for it", () => {
    const dialect = { refuses: ["include", "store", "metadata"], renames: { max_output_tokens: "max_tokens" }, adds: { model: "x", safe: true } };
    const conversation = foreign([turn("user", text("hi"))], { metadata: { a: "b" }, sampling: { ...conversationOf({}).sampling, maxOutputTokens: 100 } });
    const { body, losses } = sent(conversation, target({ dialect }));
    expect(body).toEqual({ model: "gpt-5.1", safe: true, max_tokens: 100, input: [{ type: "message", role: "user", content: "hi" }] });
    expect(losses).toEqual(["metadata;unsupported;minor"]);
  });

  test("the path may have the model in it", () => {
    const dialect = { paths: { "/responses": "/deployments/{model}/responses?api-version=1" }, omitsModel: true };
    const { path, body } = sent(foreign([turn("user", text("hi"))]), target({ dialect, model: "a/b" }));
    expect([path, body["model"]]).toEqual(["/deployments/a%2Fb/responses?api-version=1", undefined]);
  });

  test("strict is said of every tool and format, for here it is true when it is not", () => {
    const tools = [null, true, false].map((isStrict, index) => ({ kind: "function" as const, at: "", name: `f${index}`, description: "", schema: null, isStrict }));
    const format = { kind: "schema" as const, name: "", description: "", schema: { type: "object" }, isStrict: null };
    const { body } = sent(foreign([turn("user", text("hi"))], { tools, format }));
    expect(list(body, "tools").map(({ strict }) => strict)).toEqual([false, true, false]);
    expect(inside(body, "tools", 0, "parameters")).toEqual({ type: "object", properties: {} });
    expect(inside(body, "text", "format")).toEqual({ type: "json_schema", name: "answer", schema: { type: "object" }, strict: false });
  });

  test("one leading system text is the instructions; several, and later ones, are messages where they stood", () => {
    const later = sent(foreign([turn("system", text("be")), turn("user", text("a")), turn("developer", text("b"))])).body;
    expect([later["instructions"], list(later, "input").map(({ role }) => role)]).toEqual(["be", ["user", "developer"]]);
    const several = sent(foreign([turn("system", text("one"), text("two")), turn("user", text("a"))])).body;
    expect(several["instructions"]).toBeUndefined();
    expect(inside(several, "input", 0)).toEqual({ type: "message", role: "system", content: [{ type: "input_text", text: "one" }, { type: "input_text", text: "two" }] });
    expect(sent(foreign([turn("system", text("alone"))])).body).toMatchObject({ input: [{ role: "system", content: "alone" }] });
  });

  test("results come before the text of their turn, in the order of the blocks", () => {
    const { body } = sent(foreign([turn("user", text("go")), turn("assistant", text("I look"), call, text("?")), turn("user", result, text("and?"))]));
    expect(list(body, "input").map(({ type, role }) => role ?? type)).toEqual(["user", "assistant", "function_call", "assistant", "function_call_output", "user"]);
    expect(inside(body, "input", 2)).toEqual({ type: "function_call", call_id: "c1", name: "look", arguments: "{}" });
    expect(inside(body, "input", 4)).toEqual({ type: "function_call_output", call_id: "c1", output: "seen" });
  });

  test("sealed reasoning goes back to its maker right before its call, and to nobody else", () => {
    const thought = (origin: string): Block => ({ kind: "reasoning", at: "messages[1]", text: "hm", isSummary: true, opaques: [{ kind: "encrypted", origin, value: "gAAA" }] });
    const own = sent(foreign([turn("assistant", thought("openai-responses/openai"), call)]));
    expect(inside(own.body, "input", 0)).toEqual({ type: "reasoning", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "gAAA" });
    expect(inside(own.body, "input", 1, "type")).toBe("function_call");
    const other = sent(foreign([turn("assistant", thought("openai-responses/azure-openai"), call)]));
    expect(list(other.body, "input").map(({ type }) => type)).toEqual(["function_call"]);
    expect(other.losses).toEqual(["messages[1];foreign;minor"]);
  });

  test("reasoning is never sent with an empty id, nor with one that the provider did not store", () => {
    const thought: Block = { kind: "reasoning", at: "", text: "", isSummary: true, opaques: [{ kind: "encrypted", origin: "openai-responses", value: "gAAA" }] };
    expect(inside(sent(foreign([turn("assistant", thought, text("so"))])).body, "input", 0)).toEqual({ type: "reasoning", summary: [], encrypted_content: "gAAA" });
  });

  test("a server that wants its thinking back gets it before each call", () => {
    const thought: Block = { kind: "reasoning", at: "", text: "hm", isSummary: false };
    const { body } = sent(foreign([turn("assistant", thought, call, { ...call, id: "c2" })]), target({ dialect: { replaysReasoning: true } }));
    const item = { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "hm" }] };
    expect(body["input"]).toMatchObject([item, { call_id: "c1" }, item, { call_id: "c2" }]);
  });

  test.each([
    ["gpt-5", "none", "minimal"], ["gpt-5", "max", "high"], ["o3", "minimal", "low"], ["gpt-5-pro", "low", "high"], ["gpt-5.1", "xhigh", "xhigh"], ["grok-4", "none", "none"],
  ] as const)("%s is asked for the effort nearest to %s: %s", (model, effort, expected) => {
    const reasoning = { effort, budgetTokens: null, isAdaptive: false, isShown: null };
    const { body, losses } = sent(foreign([turn("user", text("hi"))], { reasoning }), target({ model }));
    expect(body["reasoning"]).toEqual({ effort: expected });
    expect(losses).toEqual(effort === expected ? [] : ["reasoning;approximated;minor"]);
  });

  test("thinking is shown as a summary if it is wanted", () => {
    const reasoning = { effort: null, budgetTokens: 9000, isAdaptive: false, isShown: true };
    expect(sent(foreign([turn("user", text("hi"))], { reasoning })).body["reasoning"]).toEqual({ effort: "high", summary: "auto" });
  });

  test("where a summary costs proof of who one is, it is asked for only by clients that asked to be shown thinking", () => {
    const thinking = (members: object) => {
      const asked = anthropicMessagesCodec.decodeRequest(Buffer.from(JSON.stringify({ max_tokens: 9000, messages: [{ role: "user", content: "hi" }], thinking: { type: "enabled", budget_tokens: 2000, ...members } })), { model: "m", isStreaming: false, query: "", headers: {} });
      if (isInvalid(asked)) throw new Error(asked.problem);
      const { body, losses } = sent({ ...asked, extras: {} }, target({ dialect: { summariesNeedProof: true } }));
      return [body["reasoning"], losses.filter((loss) => loss.startsWith("reasoning"))];
    };
    expect(thinking({})).toEqual([{ effort: "low" }, ["reasoning;limited;minor"]]);
    expect(thinking({ display: "summarized" })).toEqual([{ effort: "low", summary: "auto" }, []]);
    expect(thinking({ display: "omitted" })).toEqual([{ effort: "low" }, []]);
  });

  test("fewer tokens than the protocol allows are raised to its least", () => {
    const { body, losses } = sent(foreign([turn("user", text("hi"))], { sampling: { ...conversationOf({}).sampling, maxOutputTokens: 1 } }));
    expect([body["max_output_tokens"], losses]).toEqual([16, ["max_output_tokens;limited;minor"]]);
  });

  test("media, files, sound and log probabilities", () => {
    const blocks: Block[] = [
      { kind: "image", at: "", source: { kind: "bytes", data: "AAAA", mediaType: "image/png" }, detail: "low" },
      { kind: "image", at: "", source: { kind: "url", url: "https://x/y" } },
      { kind: "file", at: "", name: "a.pdf", source: { kind: "bytes", data: "AAAA", mediaType: "" } },
      { kind: "file", at: "", name: "", source: { kind: "text", text: "hi", mediaType: "text/plain" } },
      { kind: "audio", at: "", format: "mp3", source: { kind: "bytes", data: "AAAA", mediaType: "" } },
    ];
    const { body } = sent(foreign([turn("user", ...blocks)], { sampling: { ...conversationOf({}).sampling, logprobs: 2 } }));
    expect(inside(body, "input", 0, "content")).toEqual([
      { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "low" },
      { type: "input_image", image_url: "https://x/y" },
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" },
      { type: "input_file", filename: "file", file_data: "data:text/plain;base64,aGk=" },
      { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
    ]);
    expect(body).toMatchObject({ top_logprobs: 2, include: ["reasoning.encrypted_content", "message.output_text.logprobs"] });
  });

  test("what cannot be said is dropped and told, also where somebody should have seen to it before", () => {
    const blocks: Block[] = [
      { kind: "video", at: "v", source: { kind: "url", url: "https://x" } },
      { kind: "file", at: "f", name: "", source: { kind: "stored", protocol: "gemini", id: "x", mediaType: "" } },
      { kind: "foreign", at: "g", protocol: "gemini", type: "t", value: {}, text: "" },
      text("hi"),
    ];
    const tools = [{ kind: "hosted" as const, at: "tools[0]", protocol: "gemini" as const, name: "googleMaps", purpose: "other" as const, value: {} }];
    const { body, losses } = sent(foreign([turn("user", ...blocks)], { tools, sampling: { ...conversationOf({}).sampling, stop: ["x"], seed: 1, choices: 2 } }));
    expect(body["input"]).toEqual([{ type: "message", role: "user", content: "hi" }]);
    expect(losses.toSorted()).toEqual([
      "choices;limited;major", "f;foreign;major", "g;foreign;major", "seed;unsupported;minor", "stop;unsupported;major", "tools[0];unsupported;major", "v;unsupported;major",
    ]);
  });

  test("a search of the web is this protocol's own", () => {
    const tools = [{ kind: "hosted" as const, at: "", protocol: "anthropic-messages" as const, name: "web_search", purpose: "web-search" as const, value: { type: "web_search_20250305" } }];
    expect(sent(foreign([turn("user", text("hi"))], { tools })).body["tools"]).toEqual([{ type: "web_search" }]);
  });
});

describe("of a client of this protocol", () => {
  const whole = {
    model: "gpt-5.1",
    instructions: "be",
    input: [
      { type: "message", role: "user", content: [{ type: "input_text", text: "a" }, { type: "input_image", image_url: "https://x/y", detail: "original" }, { type: "input_smell", smell: 1 }] },
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "one" }, { type: "summary_text", text: "two" }], encrypted_content: "gA", status: "completed" },
      { type: "reasoning", id: "rs_2", summary: [], content: [{ type: "reasoning_text", text: "raw" }] },
      { type: "message", role: "assistant", id: "msg_1", status: "completed", phase: "commentary", content: [{ type: "output_text", text: "x", annotations: [{ type: "file_path", file_id: "f", index: 3 }] }, { type: "refusal", refusal: "no" }] },
      { type: "message", role: "assistant", id: "msg_2", phase: "final_answer", content: [{ type: "output_text", text: "y", annotations: [] }] },
      { type: "function_call", id: "fc_1", call_id: "c1", name: "look", namespace: "crm", arguments: '{"a": 1.0}', status: "completed" },
      { type: "custom_tool_call", id: "ctc_1", call_id: "c2", name: "patch", input: "*** Begin" },
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
      { type: "function_call_output", call_id: "c1", output: [{ type: "input_text", text: "1" }, { type: "input_file", file_id: "file_1" }] },
      { type: "custom_tool_call_output", call_id: "c2", output: "done" },
      { type: "computer_call_output", call_id: "c3", output: { type: "computer_screenshot", file_id: "file_2" } },
      { type: "item_reference", id: "msg_3" },
      { type: "message", role: "developer", content: "mind" },
      { type: "message", role: "user", content: "go", id: "msg_4" },
    ],
    tools: [
      { type: "function", name: "f", parameters: { type: "object", properties: { n: { type: "number", multipleOf: 0.01 } } }, strict: true, output_schema: { type: "string" } },
      { type: "namespace", name: "crm", description: "d", tools: [{ type: "function", name: "look", parameters: { type: "object" } }, { type: "custom", name: "say" }] },
      { type: "mcp", server_label: "s", server_url: "https://x" },
    ],
    tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }, { type: "function", name: "look", namespace: "crm" }] },
    parallel_tool_calls: false,
    max_output_tokens: 5,
    temperature: 0.3,
    top_p: 0.4,
    top_logprobs: 2,
    include: ["web_search_call.action.sources", "message.output_text.logprobs"],
    reasoning: { effort: "low", summary: "detailed", context: "all_turns" },
    text: { format: { type: "json_schema", name: "n", schema: { type: "object" } }, verbosity: "high" },
    metadata: { a: "b" },
    service_tier: "scale",
    prompt_cache_key: "k",
    prompt_cache_retention: "24h",
    safety_identifier: "s",
    user: "u",
    previous_response_id: "resp_1",
    max_tool_calls: 4,
    context_management: [{ type: "compaction" }],
    stream: true,
  };

  test("everything comes back as it was", () => {
    expect(sent(conversationOf(whole), target({ isStreaming: true })).body).toEqual(whole);
  });

  test("nothing is lost", () => {
    expect(sent(conversationOf(whole)).losses).toEqual([]);
  });

  test("that stores nothing has no ids looked for that nobody has", () => {
    const input = [
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gA" },
      { type: "reasoning", id: "2cd8fbc0-b9bd", summary: [], content: [{ type: "reasoning_text", text: "hm" }] },
      { type: "message", role: "assistant", id: "msg_1", phase: "commentary", content: [{ type: "output_text", text: "a" }] },
      { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: "{}" },
      { type: "web_search_call", id: "ws_1" },
    ];
    expect(list(again({ input, store: false }), "input").map(({ id }) => id)).toEqual([undefined, "2cd8fbc0-b9bd", undefined, undefined, "ws_1"]);
    expect(list(again({ input }), "input").map(({ id }) => id)).toEqual(input.map(({ id }) => id));
  });

  test("nothing is added", () => {
    expect(again({ input: "hi" })).toEqual({ model: "gpt-5.1", input: [{ type: "message", role: "user", content: "hi" }] });
    expect(again({ input: [{ role: "system", content: "s" }, { role: "user", content: "" }] })["input"]).toEqual([
      { type: "message", role: "system", content: "s" }, { type: "message", role: "user", content: "" },
    ]);
    expect(again({ prompt: { id: "p" } })).toEqual({ model: "gpt-5.1", prompt: { id: "p" } });
  });

  test("numbers in schemas keep their digits", () => {
    const body = '{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":{"maximum":9007199254740993,"minimum":1.0},"strict":true}]}';
    const conversation = codec.decodeRequest(Buffer.from(body), { model: "m", isStreaming: false, query: "", headers: {} });
    if ("problem" in conversation) throw new Error(conversation.problem);
    expect(String(codec.encodeRequest(conversation, target()).body)).toContain('{"maximum":9007199254740993,"minimum":1.0}');
  });

  const word = fc.string({ minLength: 1, maxLength: 8 });
  const part = fc.oneof(
    fc.record({ type: fc.constant("input_text"), text: fc.string() }),
    fc.record({ type: fc.constant("input_image"), image_url: word.map((one) => `https://x/${encodeURIComponent(one)}`) }),
    fc.record({ type: fc.constant("input_file"), file_id: word }),
  );
  const item = fc.oneof(
    fc.record({ type: fc.constant("message"), role: fc.constantFrom("user", "system", "developer"), content: fc.oneof(fc.string(), fc.array(part, { minLength: 2, maxLength: 3 })) }),
    fc.record({ type: fc.constant("message"), role: fc.constant("assistant"), id: word, content: fc.oneof(fc.array(fc.record({ type: fc.constant("output_text"), text: fc.string(), annotations: fc.constant([]) }), { minLength: 1, maxLength: 3 })) }),
    fc.record({ type: fc.constant("message"), role: fc.constant("assistant"), content: fc.string() }),
    fc.record({ type: fc.constant("reasoning"), id: word, summary: fc.array(fc.record({ type: fc.constant("summary_text"), text: word }), { maxLength: 2 }), encrypted_content: word }),
    fc.record({ type: fc.constant("function_call"), call_id: word, name: word, arguments: word }),
    fc.record({ type: fc.constant("custom_tool_call"), call_id: word, name: word, input: fc.string() }),
    fc.record({ type: fc.constant("function_call_output"), call_id: word, output: fc.oneof(fc.string(), fc.array(part, { minLength: 2, maxLength: 2 })) }),
    fc.record({ type: fc.constantFrom("web_search_call", "item_reference", "mcp_approval_response", "x_y"), id: word, more: fc.jsonValue() }),
  );

  test("any items come back in their order and as they were", () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), (input) => {
        expect(again({ input })["input"]).toEqual(JSON.parse(JSON.stringify(input)));
      }),
      { numRuns: 300 },
    );
  });
});
