// What a conversation becomes for a provider that speaks Anthropic's protocol: by model, by cloud, and by who asked.
import { describe, expect, test } from "vitest";
import type { Dialect } from "../../../dataplane/protocols/dialect.ts";
import type { Block, Conversation, Opaque, Reasoning, Turn } from "../../../dataplane/protocols/ir.ts";
import { abilities } from "../../../dataplane/protocols/anthropic-messages/abilities.ts";
import { traitsOf } from "../../../dataplane/protocols/claude-traits.ts";
import { conversationOf, type Members, roundTrip, sent, targetOf } from "./driving.ts";

const NAME = "anthropic-messages";
const OLD = "claude-sonnet-4-5";
const NEW = "claude-opus-4-8";
const text = (words: string): Block => ({ kind: "text", text: words, at: "" });
const turn = (role: Turn["role"], ...blocks: Block[]): Turn => ({ role, blocks, at: "" });
const base = conversationOf({});
/** As a client of another protocol asks. */
const asked = (members: Partial<Conversation>): Conversation => ({ ...base, protocol: "openai-chat", extras: {}, turns: [turn("user", text("Hi"))], ...members });
const thinking = (members: Partial<Reasoning>): Conversation => asked({ sampling: { ...base.sampling, maxOutputTokens: null }, reasoning: { effort: null, budgetTokens: null, isAdaptive: false, isShown: null, ...members } });
const messagesOf = (conversation: Conversation, model = OLD) => sent(conversation, targetOf(model)).body["messages"] as Members[];
const signed = (origin: string, value = "sig"): readonly Opaque[] => [{ kind: "signature", origin, value }];

describe("the limit", () => {
  test.each([
    ["the client's", { maxOutputTokens: 50 }, 64_000, 50],
    ["the model's own when the client named none", { maxOutputTokens: null }, 64_000, 64_000],
    ["a small one when nobody named any", { maxOutputTokens: null }, 0, 4096],
    ["none, to warm a cache", { maxOutputTokens: 0 }, 64_000, 0],
  ])("is %s", (_, members, outputTokensMax, expected) => {
    const { body } = sent(asked({ sampling: { ...base.sampling, ...members } }), { ...targetOf(), outputTokensMax });
    expect(body["max_tokens"]).toBe(expected);
  });
});

describe("thinking", () => {
  test.each<[string, Partial<Reasoning>, string, unknown, unknown]>([
    ["an effort is a budget for a model that takes one", { effort: "medium" }, OLD, { type: "enabled", budget_tokens: 8192 }, undefined],
    ["a budget is one", { budgetTokens: 5000 }, OLD, { type: "enabled", budget_tokens: 5000 }, undefined],
    ["a tiny budget is the least", { budgetTokens: 10 }, OLD, { type: "enabled", budget_tokens: 1024 }, undefined],
    ["an effort is one for a model that decides itself", { effort: "medium" }, NEW, { type: "adaptive" }, "medium"],
    ["a budget is the next effort there", { budgetTokens: 5000 }, NEW, { type: "adaptive" }, "medium"],
    ["minimal is low", { effort: "minimal" }, NEW, { type: "adaptive" }, "low"],
    ["xhigh is high where there is no such", { effort: "xhigh" }, "claude-opus-4-6", { type: "adaptive" }, "high"],
    ["xhigh is xhigh", { effort: "xhigh" }, NEW, { type: "adaptive" }, "xhigh"],
    ["none turns it off", { effort: "none" }, NEW, { type: "disabled" }, undefined],
    ["none is the least that the model can", { effort: "none" }, "claude-sonnet-5-5", { type: "between_tools" }, undefined],
    ["none is a low effort where it cannot be turned off", { effort: "none" }, "claude-opus-5-5", undefined, "low"],
    ["shown is summarized", { effort: "low", isShown: true }, NEW, { type: "adaptive", display: "summarized" }, "low"],
    ["shown is what a budget is anyway", { effort: "low", isShown: true }, OLD, { type: "enabled", budget_tokens: 4096 }, undefined],
    ["hidden is omitted", { effort: "low", isShown: false }, OLD, { type: "enabled", budget_tokens: 4096, display: "omitted" }, undefined],
    ["what says nothing asks for nothing", {}, OLD, undefined, undefined],
    ["a model that cannot think is not asked to", { effort: "high" }, "claude-3-5-haiku-20241022", undefined, undefined],
  ])("%s", (_, reasoning, model, expected, effort) => {
    const { body } = sent(thinking(reasoning), targetOf(model));
    expect([body["thinking"], (body["output_config"] as Members | undefined)?.["effort"]]).toEqual([expected, effort]);
  });

  test.each([
    [8000, 16_384, 4000, "limited"],
    [1500, 16_384, 1024, "limited"],
    [64_000, 16_384, 16_384, undefined],
  ])("stays below the limit: of %d a budget of %d is %d", (maxOutputTokens, budgetTokens, expected, reason) => {
    const { body, losses } = sent({ ...thinking({ budgetTokens }), sampling: { ...base.sampling, maxOutputTokens } });
    expect(body["thinking"]).toMatchObject({ budget_tokens: expected });
    expect(losses[0]?.reason).toBe(reason);
  });

  test("is left out where the limit leaves no room for it", () => {
    const { body, losses } = sent({ ...thinking({ effort: "high" }), sampling: { ...base.sampling, maxOutputTokens: 1000 } });
    expect(body["thinking"]).toBeUndefined();
    expect(losses).toEqual([{ path: "reasoning", reason: "limited", severity: "minor" }]);
  });

  test.each<[string, Members, string, Members]>([
    ["a budget, to a model that takes one, even beyond the limit", { thinking: { type: "enabled", budget_tokens: 5000 } }, OLD, { thinking: { type: "enabled", budget_tokens: 5000 } }],
    ["a budget, to one that decides itself", { thinking: { type: "enabled", budget_tokens: 16_384, display: "omitted" } }, NEW, { thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "high" } }],
    ["adaptive, to one that takes a budget", { max_tokens: 64_000, thinking: { type: "adaptive" }, output_config: { effort: "low" } }, OLD, { thinking: { type: "enabled", budget_tokens: 4096 }, output_config: undefined }],
    ["adaptive with an effort", { thinking: { type: "adaptive" }, output_config: { effort: "max" } }, NEW, { thinking: { type: "adaptive" }, output_config: { effort: "max" } }],
    ["disabled, where it cannot be", { thinking: { type: "disabled" } }, "claude-fable-5", { thinking: undefined, output_config: { effort: "low" } }],
    ["an effort alone", { output_config: { effort: "low" } }, NEW, { thinking: undefined, output_config: { effort: "low" } }],
    ["an effort to a model without", { output_config: { effort: "low" } }, OLD, { thinking: undefined, output_config: undefined }],
    ["whatever it is, to a model that is no Claude", { thinking: { type: "between_tools" }, output_config: { effort: "low" } }, "kimi-k2", { thinking: { type: "between_tools" }, output_config: { effort: "low" } }],
  ])("of this protocol's own clients: %s", (_, members, model, expected) => {
    const { thinking: said, output_config: config } = roundTrip(members, targetOf(model)).body;
    expect({ thinking: said, output_config: config }).toEqual({ output_config: undefined, ...expected });
  });

  const tools = [{ name: "look", input_schema: { type: "object" } }];
  test("gives way to a tool that is forced, on models with budgets", () => {
    const members = { max_tokens: 9000, tools, tool_choice: { type: "any" }, thinking: { type: "enabled", budget_tokens: 2048 } };
    expect(roundTrip(members)).toMatchObject({ body: { tool_choice: { type: "any" } }, losses: [{ path: "reasoning", reason: "unsupported" }] });
    expect(roundTrip(members).body["thinking"]).toBeUndefined();
  });

  const loop = (first: Block[]): Conversation => ({
    ...thinking({ effort: "low" }),
    turns: [
      turn("user", text("Hi")),
      turn("assistant", ...first, { kind: "tool-call", id: "t", name: "look", arguments: "", at: "" }),
      turn("user", { kind: "tool-result", id: "t", name: "", content: [text("1")], isError: false, at: "" }),
    ],
  });
  test("rests for a turn when the open tool loop has lost its thinking", () => {
    const foreign: Block = { kind: "reasoning", text: "hm", isSummary: false, opaques: signed("gemini/gemini"), at: "messages[1]" };
    const { body, losses } = sent(loop([foreign]));
    expect(body["thinking"]).toBeUndefined();
    expect(losses).toEqual([{ path: "messages[1]", reason: "foreign", severity: "minor" }, { path: "reasoning", reason: "foreign", severity: "minor" }]);
  });
  test("goes on when the loop has kept it", () => {
    const own: Block = { kind: "reasoning", text: "hm", isSummary: false, opaques: signed(NAME), at: "" };
    expect(sent(loop([own])).body["thinking"]).toMatchObject({ type: "enabled" });
    expect(sent(loop([]), targetOf(NEW)).body["thinking"]).toMatchObject({ type: "adaptive" });
  });
});

describe("sampling", () => {
  test.each<[string, Members, string, Members, string[]]>([
    ["all of it, to an old model", { temperature: 0.5, top_k: 5 }, OLD, { temperature: 0.5, top_k: 5 }, []],
    ["no top_p beside a temperature", { temperature: 0.5, top_p: 0.5 }, OLD, { temperature: 0.5 }, ["topP"]],
    ["top_p alone", { top_p: 0.5 }, OLD, { top_p: 0.5 }, []],
    ["both, to the oldest", { temperature: 0.5, top_p: 0.5 }, "claude-3-5-sonnet-20241022", { temperature: 0.5, top_p: 0.5 }, []],
    ["none of it to the newest", { temperature: 0.5, top_p: 0.5, top_k: 5 }, NEW, {}, ["temperature", "topP", "topK"]],
    ["the only temperature that there is", { temperature: 1 }, NEW, { temperature: 1 }, []],
    ["none that thinking forbids", { max_tokens: 9000, temperature: 0.5, top_k: 5, thinking: { type: "enabled", budget_tokens: 2000 } }, OLD, {}, ["temperature", "topK"]],
    ["what thinking allows", { max_tokens: 9000, top_p: 0.97, thinking: { type: "enabled", budget_tokens: 2000 } }, OLD, { top_p: 0.97 }, []],
    ["all of it to what is no Claude", { temperature: 0.5, top_p: 0.5, top_k: 5 }, "glm-5", { temperature: 0.5, top_p: 0.5, top_k: 5 }, []],
  ])("%s", (_, members, model, expected, lost) => {
    const { body, losses } = roundTrip(members, targetOf(model));
    expect(Object.fromEntries(Object.entries(body).filter(([key]) => ["temperature", "top_p", "top_k"].includes(key)))).toEqual(expected);
    expect(losses.map(({ path, reason }) => [path, reason])).toEqual(lost.map((path) => [path, "fixed-by-model"]));
  });

  test("stops at no white space", () => {
    expect(roundTrip({ stop_sequences: ["\n", "END"] })).toMatchObject({ body: { stop_sequences: ["END"] }, losses: [{ path: "stop" }] });
  });
});

describe("messages", () => {
  test("of one role become one, the results of tools first", () => {
    const result = (id: string): Block => ({ kind: "tool-result", id, name: "", content: [text(id)], isError: false, at: "" });
    const conversation = asked({ turns: [turn("user", text("Hi")), turn("assistant", text("a")), turn("user", result("1")), turn("user", text("and")), turn("user", result("2"))] });
    expect(messagesOf(conversation)).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "a" },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: "1" }, { type: "tool_result", tool_use_id: "2", content: "2" }, { type: "text", text: "and" }] },
    ]);
  });

  test("keep the order in which an assistant spoke and called", () => {
    const call: Block = { kind: "tool-call", id: "t", name: "look", arguments: "{", at: "" };
    expect(messagesOf(asked({ turns: [turn("user", text("Hi")), turn("assistant", text("a"), call, text("b")), turn("user", text("c"))] }))[1]).toEqual({
      role: "assistant",
      content: [{ type: "text", text: "a" }, { type: "tool_use", id: "t", name: "look", input: { _raw: "{" } }, { type: "text", text: "b" }],
    });
  });

  test("hold no empty text, and there is no message of nothing", () => {
    expect(messagesOf(asked({ turns: [turn("user", text("Hi"), text("")), turn("assistant", text("")), turn("user", text("  ")), turn("assistant", text("a")), turn("user", text("b"))] }))).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "a" },
      { role: "user", content: "b" },
    ]);
  });

  test("that the model goes on from end in a visible character", () => {
    const { body, losses } = sent(asked({ turns: [turn("user", text("Hi")), { ...turn("assistant", text("Well, \n")), at: "messages[1]" }] }));
    expect(body["messages"]).toEqual([{ role: "user", content: "Hi" }, { role: "assistant", content: "Well," }]);
    expect(losses).toEqual([{ path: "messages[1]", reason: "approximated", severity: "minor" }]);
  });

  test("have the system in front, and the later ones where they stand", () => {
    const { body } = sent(asked({ turns: [turn("system", text("a")), turn("developer", text("b")), turn("user", text("Hi")), turn("developer", text("c"))] }), targetOf(NEW));
    expect(body).toMatchObject({ system: [{ type: "text", text: "a" }, { type: "text", text: "b" }], messages: [{ role: "user" }, { role: "system", content: "c" }] });
  });

  test.each<[string, Opaque | null, string, Members | null]>([
    ["its own signature", { kind: "signature", origin: NAME, value: "s" }, OLD, { type: "thinking", thinking: "hm", signature: "s" }],
    ["its own, made at this very vendor", { kind: "signature", origin: `${NAME}/anthropic`, value: "s" }, OLD, { type: "thinking", thinking: "hm", signature: "s" }],
    ["one of the same protocol's at another vendor", { kind: "signature", origin: `${NAME}/deepseek`, value: "s" }, OLD, null],
    ["another vendor's", { kind: "signature", origin: "gemini", value: "s" }, OLD, null],
    ["nobody's", null, OLD, null],
  ])("hold thinking only with a signature that is read there: %s", (_, opaque, model, expected) => {
    const block: Block = { kind: "reasoning", text: "hm", isSummary: false, at: "x", ...(opaque === null ? {} : { opaques: [opaque] }) };
    const { body, losses } = sent(asked({ turns: [turn("user", text("Hi")), turn("assistant", block, text("a")), turn("user", text("b"))] }), targetOf(model));
    expect((body["messages"] as Members[])[1]).toEqual({ role: "assistant", content: expected === null ? "a" : [expected, { type: "text", text: "a" }] });
    expect(losses).toEqual(expected === null ? [{ path: "x", reason: "foreign", severity: "minor" }] : []);
  });

  test("hold unsigned thinking for those that only speak the protocol", () => {
    const messages = [{ role: "user", content: "Hi" }, { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "" }, { type: "text", text: "a" }] }, { role: "user", content: "b" }];
    expect((roundTrip({ messages }, targetOf("deepseek-v4")).body["messages"] as Members[])[1]).toEqual(messages[1]);
    const chat = asked({ turns: [turn("user", text("Hi")), turn("assistant", { kind: "reasoning", text: "hm", isSummary: false, at: "" }, text("a")), turn("user", text("b"))] });
    expect((sent(chat, targetOf("deepseek-v4", { replaysReasoning: true })).body["messages"] as Members[])[1]).toEqual(messages[1]);
  });

  test.each<[string, Block, Members]>([
    ["an image that is another than it says", { kind: "image", source: { kind: "bytes", data: "/9j/AAA", mediaType: "image/png" }, at: "" }, { type: "image", source: { type: "base64", media_type: "image/jpeg", data: "/9j/AAA" } }],
    ["an image that says nothing", { kind: "image", source: { kind: "bytes", data: "iVBORw0KGgoAAA", mediaType: "" }, at: "" }, { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgoAAA" } }],
    ["a PDF with its name", { kind: "file", source: { kind: "bytes", data: "JVBERi0x", mediaType: "application/pdf" }, name: "a.pdf", at: "" }, { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0x" }, title: "a.pdf" }],
    ["a text file's bytes", { kind: "file", source: { kind: "bytes", data: "w7w=", mediaType: "text/csv" }, name: "", at: "" }, { type: "document", source: { type: "text", media_type: "text/plain", data: "ü" } }],
    ["a refusal", { kind: "refusal", text: "No.", at: "" }, { type: "text", text: "No." }],
  ])("hold %s", (_, block, expected) => {
    expect(messagesOf(asked({ turns: [turn("user", block, text("x"))] }))[0]).toEqual({ role: "user", content: [expected, { type: "text", text: "x" }] });
  });

  test.each<[string, Block]>([
    ["audio", { kind: "audio", source: { kind: "bytes", data: "AA==", mediaType: "" }, format: "wav", at: "x" }],
    ["another account's file", { kind: "file", source: { kind: "stored", protocol: "openai-chat", id: "f", mediaType: "" }, name: "", at: "x" }],
    ["another protocol's own block", { kind: "foreign", protocol: "openai-responses", type: "web_search_call", value: {}, text: "", at: "x" }],
  ])("lose %s by name", (_, block) => {
    expect(sent(asked({ turns: [turn("user", block, text("Hi"))] })).losses).toMatchObject([{ path: "x", severity: "major" }]);
  });
});

describe("tools", () => {
  const look = { kind: "function", at: "tools[0]", name: "look", description: "", schema: null, isStrict: null } as const;

  test("have a schema always, and a description when there is one", () => {
    expect(sent(asked({ tools: [look, { ...look, name: "b", description: "d", schema: { properties: {} } }] })).body["tools"]).toEqual([
      { name: "look", input_schema: { type: "object", properties: {} } },
      { name: "b", description: "d", input_schema: { type: "object", properties: {} } },
    ]);
  });

  test("are strict where that is known", () => {
    expect(sent(asked({ tools: [{ ...look, isStrict: true }] })).body["tools"]).toMatchObject([{ strict: true }]);
    expect(sent(asked({ tools: [{ ...look, isStrict: true }] }), targetOf("claude-sonnet-4-0"))).toMatchObject({ body: { tools: [{ name: "look" }] }, losses: [{ path: "tools[0].strict", severity: "minor" }] });
  });

  test("that search the web elsewhere search it here", () => {
    const search = { kind: "hosted", at: "tools[0]", protocol: "openai-responses", name: "web_search", purpose: "web-search", value: {} } as const;
    expect(sent(asked({ tools: [search] }))).toMatchObject({ body: { tools: [{ type: "web_search_20250305", name: "web_search" }] } });
  });

  test.each<[Partial<Conversation>, unknown]>([
    [{ toolChoice: null, isParallel: null }, undefined],
    [{ toolChoice: null, isParallel: true }, undefined],
    [{ toolChoice: null, isParallel: false }, { type: "auto", disable_parallel_tool_use: true }],
    [{ toolChoice: { mode: "required" }, isParallel: false }, { type: "any", disable_parallel_tool_use: true }],
    [{ toolChoice: { mode: "tool", name: "look" }, isParallel: null }, { type: "tool", name: "look" }],
    [{ toolChoice: { mode: "none" }, isParallel: false }, { type: "none" }],
  ])("are chosen: %j", (members, expected) => {
    expect(sent(asked({ tools: [look], ...members })).body["tool_choice"]).toEqual(expected);
    expect(sent(asked({ tools: [], ...members })).body["tool_choice"]).toBeUndefined();
  });
});

describe("the rest", () => {
  test("a format is closed where it says nothing of that", () => {
    const schema = { type: "object", properties: { a: { type: "object", properties: {} } }, additionalProperties: false };
    const { body, losses } = sent(asked({ format: { kind: "schema", name: "x", description: "", schema, isStrict: true } }));
    expect(body["output_config"]).toEqual({ format: { type: "json_schema", schema: { ...schema, properties: { a: { type: "object", properties: {}, additionalProperties: false } } } } });
    expect(losses).toEqual([{ path: "format", reason: "approximated", severity: "minor" }]);
  });

  test.each([
    ["auto", "auto", 0],
    ["priority", "auto", 0],
    ["default", "standard_only", 0],
    ["flex", undefined, 1],
    ["constructor", undefined, 1],
  ])("the tier %s is %s", (serviceTier, expected, lost) => {
    const { body, losses } = sent(asked({ serviceTier }));
    expect([body["service_tier"], losses.length]).toEqual([expected, lost]);
  });

  test("what only this protocol says goes back to it, and stands behind what all say", () => {
    const { body } = roundTrip({ context_management: { edits: [] }, metadata: { user_id: "u", team: "t" }, output_config: { task_budget: { total: 5 } }, mcp_servers: [{ name: "m" }] });
    expect(body).toMatchObject({ context_management: { edits: [] }, metadata: { user_id: "u", team: "t" }, output_config: { task_budget: { total: 5 } }, mcp_servers: [{ name: "m" }] });
  });

  test("cache marks stand where they stood, with what they said", () => {
    const mark = { type: "ephemeral", ttl: "1h", scope: "global" };
    const members = {
      system: [{ type: "text", text: "s", cache_control: mark }],
      tools: [{ name: "look", input_schema: { type: "object" }, cache_control: mark }],
      messages: [
        { role: "user", content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }, { type: "image", source: { type: "url", url: "u" }, cache_control: mark }] },
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "look", input: {}, cache_control: mark }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "r", cache_control: mark }], cache_control: mark }] },
      ],
    };
    expect(roundTrip(members).body).toMatchObject(members);
  });

  test("citations go back as they were made, and made up ones do not", () => {
    const made = { type: "web_search_result_location", cited_text: "c", url: "u", title: null, encrypted_index: "e" };
    const messages = [{ role: "user", content: "Hi" }, { role: "assistant", content: [{ type: "text", text: "a", citations: [made, { ...made, encrypted_index: "" }] }] }, { role: "user", content: "b" }];
    expect((roundTrip({ messages }).body["messages"] as Members[])[1]).toEqual({ role: "assistant", content: [{ type: "text", text: "a", citations: [made] }] });
  });
});

describe("a cloud", () => {
  const beta = { "anthropic-beta": "a,b" };

  test("hears the version and the betas in headers", () => {
    expect(roundTrip({}, targetOf(), beta).headers).toEqual(["anthropic-version", "2023-06-01", "anthropic-beta", "a,b"]);
  });

  test("gets the betas that it knows, and the client is told of the others", () => {
    expect(roundTrip({}, targetOf(OLD, { betas: { takes: ["b"] } }), beta)).toMatchObject({
      headers: ["anthropic-version", "2023-06-01", "anthropic-beta", "b"],
      losses: [{ path: "anthropic-beta.a", reason: "unsupported", severity: "minor" }],
    });
  });

  test("may want its version and the betas in the body, no model, no stream, and paths of its own", () => {
    const bedrock: Dialect = { omitsModel: true, adds: { anthropic_version: "bedrock-2023-05-31" }, refuses: ["stream"], betas: { in: "body" }, paths: { "/messages": "/invoke", "/messages#stream": "/invoke-with-response-stream" } };
    const { body, headers, path, losses } = roundTrip({}, targetOf("anthropic.claude-sonnet-4-5-v1:0", bedrock, true), beta);
    expect(body).toMatchObject({ anthropic_version: "bedrock-2023-05-31", anthropic_beta: ["a", "b"] });
    expect([Object.hasOwn(body, "model"), Object.hasOwn(body, "stream"), headers, path, losses]).toEqual([false, false, [], "/messages#stream", []]);
    expect(roundTrip({}, targetOf(OLD, bedrock)).path).toBe("/messages");
  });

  test("loses what it refuses by name, and hears its own words", () => {
    const { body, losses } = roundTrip({ service_tier: "auto", container: "c" }, targetOf(OLD, { refuses: ["service_tier"], renames: { container: "box" } }));
    expect([body["service_tier"], body["container"], body["box"]]).toEqual([undefined, undefined, "c"]);
    expect(losses).toEqual([{ path: "service_tier", reason: "unsupported", severity: "minor" }]);
  });
});

describe("a model's name tells its generation", () => {
  test.each<[string, Partial<ReturnType<typeof traitsOf>>]>([
    ["claude-3-opus-20240229", { thinking: "none", hasPrefill: true, hasOneSampler: false }],
    ["claude-3-7-sonnet-20250219", { thinking: "budget", hasEffort: false }],
    ["claude-sonnet-4-20250514", { thinking: "budget", hasOneSampler: false, hasSchema: false }],
    ["us.anthropic.claude-opus-4-1-20250805-v1:0", { thinking: "budget", hasOneSampler: true, hasSchema: true }],
    ["claude-sonnet-4-5@20250929", { thinking: "budget", hasSchema: true, hasPrefill: true, hasEffort: false }],
    ["anthropic/claude-opus-4.5", { thinking: "budget", hasEffort: true }],
    ["claude-opus-4-6", { thinking: "both", hasPrefill: false, hasSampling: true, hasMidSystem: false }],
    ["claude-4.7-opus", { thinking: "adaptive", hasSampling: false, hasMidSystem: false }],
    ["claude-opus-4-8", { thinking: "adaptive", hasMidSystem: true, off: "disabled", hasForcedTools: true }],
    ["claude-haiku-5-5", { off: "disabled", hasMidSystem: true }],
    ["claude-sonnet-5-5", { off: "between_tools" }],
    ["claude-opus-5-5", { off: "never", hasForcedTools: false }],
    ["claude-fable-5-1", { off: "never", hasForcedTools: false }],
    ["claude-mythos-preview", { thinking: "adaptive", hasSampling: false, off: "never" }],
    ["deepseek-v4", { isClaude: false, thinking: "any", hasSampling: true }],
  ])("%s", (model, expected) => {
    expect(traitsOf(model)).toMatchObject(expected);
  });

  test("and with it what can be carried there, but for what its cloud lacks", () => {
    expect(abilities({}, NEW)).toMatchObject({ system: "anywhere", hasPrefill: false, reasoning: "effort", schema: "native", sampling: new Set() });
    expect(abilities({ abilities: { system: "leading" } }, NEW).system).toBe("leading");
    expect(abilities({}, "claude-opus-5-5").toolChoices).toEqual(new Set(["auto", "none"]));
  });
});
