// What a conversation becomes for a provider that speaks Converse: by family of models, and by who asked.
import { describe, expect, test } from "vitest";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { fit } from "../../../dataplane/protocols/fit/index.ts";
import type { Block, Conversation, Opaque, Reasoning, Tool, Turn } from "../../../dataplane/protocols/ir.ts";
import { abilities } from "../../../dataplane/protocols/bedrock-converse/abilities.ts";
import { anthropicMessagesCodec } from "../../../dataplane/protocols/anthropic-messages/index.ts";
import { CLAUDE, conversationOf, type Members, NAME, NOVA, ORIGIN, sent, targetOf } from "./driving.ts";

const NEW = "global.anthropic.claude-opus-4-8";
const NOVA_2 = "us.amazon.nova-2-lite-v1:0";
const LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0";
const OPEN = "openai.gpt-oss-120b-1:0";
const ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3";

const text = (words: string): Block => ({ kind: "text", text: words, at: "" });
const turn = (role: Turn["role"], ...blocks: Block[]): Turn => ({ role, blocks, at: "" });
const base = conversationOf({});
/** As a client of another protocol asks. */
const asked = (members: Partial<Conversation>): Conversation => ({ ...base, protocol: "openai-chat", extras: {}, turns: [turn("user", text("Hi"))], ...members });
const tool: Tool = { kind: "function", at: "tools[0]", name: "f", description: "d", schema: { type: "object", properties: {} }, isStrict: null };
const call = (id = "t1", name = "f"): Block => ({ kind: "tool-call", id, name, arguments: '{"a":1}', at: "" });
const result = (content: readonly Block[] = [text("42")], more: Partial<Extract<Block, { kind: "tool-result" }>> = {}): Block => ({ kind: "tool-result", id: "t1", name: "f", content, isError: false, at: "", ...more });
const thinking = (members: Partial<Reasoning>, more: Partial<Conversation> = {}): Conversation => asked({ reasoning: { effort: null, budgetTokens: null, isAdaptive: false, isShown: null, ...members }, ...more });
const body = (conversation: Conversation, model = CLAUDE): Members => sent(conversation, targetOf(model)).body;
const additional = (conversation: Conversation, model = CLAUDE) => body(conversation, model)["additionalModelRequestFields"];
const messages = (conversation: Conversation, model = CLAUDE) => body(conversation, model)["messages"] as { role: string; content: Members[] }[];
const signed = (origin: string, kind: Opaque["kind"] = "signature"): readonly Opaque[] => [{ kind, origin, value: "c2ln" }];
const lossesOf = (conversation: Conversation, model = CLAUDE) => sent(conversation, targetOf(model)).losses.map(({ path, reason, severity }) => `${path} ${reason} ${severity}`);

describe("the path", () => {
  test.each([
    [CLAUDE, false, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"],
    [ARN, true, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1b2c3/converse-stream"],
  ])("holds the model once escaped: %s", (model, isStreaming, path) => {
    expect(sent(asked({}), targetOf(model, noDialect, isStreaming)).path).toBe(path);
  });
});

describe("the limit", () => {
  test("is the model's own when another protocol's client named none, for Converse would stop at its own", () => {
    expect(body(asked({}))["inferenceConfig"]).toEqual({ maxTokens: 64_000 });
    expect(body(asked({ sampling: { ...base.sampling, maxOutputTokens: 50 } }))["inferenceConfig"]).toEqual({ maxTokens: 50 });
    expect(body(base)["inferenceConfig"]).toBeUndefined();
  });
});

describe("turns", () => {
  test("of one role behind each other are one", () => {
    expect(messages(asked({ turns: [turn("user", text("a")), turn("user", text("b")), turn("assistant", text("c")), turn("assistant", text("d"))] }))).toEqual([
      { role: "user", content: [{ text: "a" }, { text: "b" }] },
      { role: "assistant", content: [{ text: "c" }, { text: "d" }] },
    ]);
  });

  test("of the system stand before all, and blank texts nowhere", () => {
    const { system, messages: said } = body(asked({ turns: [turn("system", text("s"), text(" ")), turn("developer", text("d")), turn("user", text(""), text("Hi")), turn("assistant", text(" \n"), call()), turn("user", result([]))] }));
    expect(system).toEqual([{ text: "s" }, { text: "d" }]);
    expect(said).toEqual([
      { role: "user", content: [{ text: "Hi" }] },
      { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "f", input: { a: 1 } } }] },
      { role: "user", content: [{ toolResult: { toolUseId: "t1", content: [], status: "success" } }] },
    ]);
  });

  test("that are gone on from do not end in white space", () => {
    const conversation = asked({ turns: [turn("user", text("Hi")), { ...turn("assistant", text("So \n")), at: "messages[1]" }] });
    expect(messages(conversation)[1]?.content).toEqual([{ text: "So" }]);
    expect(lossesOf(conversation)).toEqual(["messages[1] approximated minor"]);
  });

  test("that begin with the model's are given a beginning, and that is told", () => {
    const conversation = asked({ turns: [{ ...turn("assistant", text("Hello!")), at: "messages[0]" }, turn("user", text("Hi"))] });
    const fitted = fit(conversation, targetOf(), abilities(noDialect, CLAUDE), anthropicMessagesCodec);
    expect(fitted.conversation.turns.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(fitted.losses).toMatchObject([{ path: "messages[0]", severity: "major" }]);
  });
});

describe("media", () => {
  const file = (name: string, more: Partial<Extract<Block, { kind: "file" }>> = {}): Block => ({ kind: "file", name, at: "messages[0].content[0]", source: { kind: "bytes", data: "JVBERi0=", mediaType: "application/pdf" }, ...more });

  test("documents have names of the letters that are taken, each once, and a text beside them", () => {
    const { content } = messages(asked({ turns: [turn("user", file("Übersicht_2024 (v1).pdf"), file("a  b.pdf"), file("a b.pdf", { title: "a b" }), file(""), file("天气.docx"))] }))[0] as { content: Members[] };
    expect(content.map((part) => (part["document"] as Members | undefined)?.["name"])).toEqual([undefined, "-bersicht-2024 (v1)", "a b", "a b 2", "document", "-"]);
    expect(content[0]).toEqual({ text: "The document is attached." });
    expect(messages(asked({ turns: [turn("user", text("See"), file("a.pdf", { about: "of May", isCited: true }))] }))[0]?.content).toEqual([
      { text: "See" },
      { document: { format: "pdf", name: "a", source: { bytes: "JVBERi0=" }, context: "of May", citations: { enabled: true } } },
    ]);
  });

  test("documents in results need no text beside them, and share the names", () => {
    const said = messages(asked({ tools: [tool], turns: [turn("user", text("See"), file("a.pdf")), turn("assistant", call()), turn("user", result([file("a.pdf")]))] }));
    expect(said[2]?.content).toEqual([{ toolResult: { toolUseId: "t1", content: [{ document: { format: "pdf", name: "a 2", source: { bytes: "JVBERi0=" } } }], status: "success" } }]);
  });

  test.each<[string, Block, Members]>([
    ["an image whose type is wrong is what its bytes are", { kind: "image", at: "", source: { kind: "bytes", data: "iVBORw0KGgoA", mediaType: "image/jpeg" } }, { image: { format: "png", source: { bytes: "iVBORw0KGgoA" } } }],
    ["an image in storage of this cloud", { kind: "image", at: "", source: { kind: "url", url: "s3://bucket/a.png" } }, { image: { format: "png", source: { s3Location: { uri: "s3://bucket/a.png" } } } }],
    ["a text file", { kind: "file", at: "", name: "n.md", source: { kind: "text", text: "# A", mediaType: "text/markdown" } }, { document: { format: "md", name: "n", source: { bytes: "IyBB" } } }],
    ["a text of another kind", { kind: "file", at: "", name: "n", source: { kind: "text", text: "a", mediaType: "text/x-rust" } }, { document: { format: "txt", name: "n", source: { bytes: "YQ==" } } }],
    ["a video", { kind: "video", at: "", source: { kind: "bytes", data: "AAAA", mediaType: "video/quicktime" } }, { video: { format: "mov", source: { bytes: "AAAA" } } }],
    ["sound", { kind: "audio", at: "", format: "pcm16", source: { kind: "bytes", data: "AAAA", mediaType: "" } }, { audio: { format: "pcm", source: { bytes: "AAAA" } } }],
  ])("have Converse's words: %s", (_, block, expected) => {
    expect(messages(asked({ turns: [turn("user", text("See"), block)] }))[0]?.content[1]).toEqual(expected);
  });

  test("that nobody made fit are dropped and told", () => {
    const url: Block = { kind: "image", at: "messages[0].content[0]", source: { kind: "url", url: "https://a.example/b.png" } };
    expect(lossesOf(asked({ turns: [turn("user", text("See"), url, { kind: "image", at: "x", source: { kind: "bytes", data: "AAAA", mediaType: "image/tiff" } })] }))).toEqual(["messages[0].content[0] unsupported major", "x unsupported major"]);
  });

  test("by URL are fetched", () => {
    const url: Block = { kind: "image", at: "messages[0].content[0]", source: { kind: "url", url: "https://a.example/b.png" } };
    expect(fit(asked({ turns: [turn("user", url)] }), targetOf(), abilities(noDialect, CLAUDE), anthropicMessagesCodec).fetches).toMatchObject([{ url: "https://a.example/b.png" }]);
  });
});

describe("tools", () => {
  test("have a description only when it says something, and always an object for a schema", () => {
    const tools: Tool[] = [{ ...tool, description: " ", schema: null, cache: { ttlSeconds: 0 } }, { ...tool, name: "g", schema: { properties: {} }, cache: { ttlSeconds: 3600 } }];
    expect(body(asked({ tools }))["toolConfig"]).toEqual({
      tools: [
        { toolSpec: { name: "f", inputSchema: { json: { type: "object", properties: {} } } } },
        { cachePoint: { type: "default" } },
        { toolSpec: { name: "g", description: "d", inputSchema: { json: { type: "object", properties: {} } } } },
        { cachePoint: { type: "default", ttl: "1h" } },
      ],
    });
  });

  test("of the history are named also when none is offered any more; Claude is told not to call them", () => {
    const history = asked({ turns: [turn("user", text("a")), turn("assistant", call(), call("t2", "g")), turn("user", result())] });
    const unnamed = ["f", "g"].map((name) => ({ toolSpec: { name, inputSchema: { json: { type: "object", properties: {} } } } }));
    expect(body(history)).toMatchObject({ toolConfig: { tools: unnamed }, additionalModelRequestFields: { tool_choice: { type: "none" } } });
    expect(body(history, NOVA)).toMatchObject({ toolConfig: { tools: unnamed } });
    expect(body(history, NOVA)["additionalModelRequestFields"]).toBeUndefined();
    expect(lossesOf(history)).toEqual(["tools approximated minor"]);
  });

  test.each<[string, Partial<Conversation>, unknown, unknown]>([
    ["nothing said", {}, undefined, undefined],
    ["auto", { toolChoice: { mode: "auto" } }, { auto: {} }, undefined],
    ["required", { toolChoice: { mode: "required" } }, { any: {} }, undefined],
    ["one", { toolChoice: { mode: "tool", name: "f" } }, { tool: { name: "f" } }, undefined],
    ["none", { toolChoice: { mode: "none" } }, undefined, { tool_choice: { type: "none" } }],
    ["one at a time", { isParallel: false }, undefined, { tool_choice: { type: "auto", disable_parallel_tool_use: true } }],
    ["one at a time, and forced", { isParallel: false, toolChoice: { mode: "required" } }, undefined, { tool_choice: { type: "any", disable_parallel_tool_use: true } }],
    ["one at a time, and this one", { isParallel: false, toolChoice: { mode: "tool", name: "f" } }, undefined, { tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true } }],
    ["several at a time", { isParallel: true, toolChoice: { mode: "auto" } }, { auto: {} }, undefined],
  ])("are chosen in one place only: %s", (_, members, toolChoice, fields) => {
    const conversation = asked({ tools: [tool], ...members });
    expect((body(conversation)["toolConfig"] as Members)["toolChoice"]).toEqual(toolChoice);
    expect(additional(conversation)).toEqual(fields);
  });

  test("are chosen in the words that the family has", () => {
    const choices = (model: string) => [...abilities(noDialect, model).toolChoices];
    expect(choices(CLAUDE)).toEqual(["auto", "none", "required", "tool"]);
    expect(choices("anthropic.claude-opus-5-5-v1:0")).toEqual(["auto", "none"]);
    expect(choices(NOVA)).toEqual(["auto", "required", "tool"]);
    expect(choices(LLAMA)).toEqual(["auto"]);
    expect(choices(ARN)).toEqual(["auto", "required", "tool"]);
  });

  test("none may be called: left out where the history has none, kept where it has some", () => {
    const none = (turns: Turn[]) => fit(asked({ tools: [tool], toolChoice: { mode: "none" }, turns }), targetOf(NOVA), abilities(noDialect, NOVA), anthropicMessagesCodec).conversation;
    expect(body(none([turn("user", text("Hi"))]), NOVA)["toolConfig"]).toBeUndefined();
    expect(body(none([turn("user", text("Hi")), turn("assistant", call()), turn("user", result())]), NOVA)["toolConfig"]).toMatchObject({ tools: [{ toolSpec: { name: "f" } }] });
  });

  test("results say whether they are errors, and points of the cache stand behind them", () => {
    const said = messages(asked({ tools: [tool], turns: [turn("user", text("a")), turn("assistant", call()), turn("user", result([{ ...text("no"), cache: { ttlSeconds: 300 } } as Block], { isError: true }))] }));
    expect(said[2]?.content).toEqual([{ toolResult: { toolUseId: "t1", content: [{ text: "no" }], status: "error" } }, { cachePoint: { type: "default", ttl: "5m" } }]);
  });

  test("arguments that are no object go along inside one", () => {
    const broken = (words: string): Block => ({ kind: "tool-call", id: "t1", name: "f", arguments: words, at: "" });
    const inputs = messages(asked({ tools: [tool], turns: [turn("user", text("a")), turn("assistant", broken('{"a":'), broken(""), broken("[1]"), broken("12345678901234567890"))] }))[1]?.content;
    expect(inputs?.map((part) => (part["toolUse"] as Members)["input"])).toEqual([{ _raw: '{"a":' }, {}, { _raw: "[1]" }, { _raw: "12345678901234567890" }]);
  });
});

describe("thinking", () => {
  const on = (budget: number) => ({ thinking: { type: "enabled", budget_tokens: budget } });
  test.each<[string, Partial<Reasoning>, string, unknown, unknown]>([
    ["an effort is a budget for a Claude that takes one", { effort: "medium" }, CLAUDE, on(8192), undefined],
    ["a budget is one", { budgetTokens: 5000 }, CLAUDE, on(5000), undefined],
    ["a tiny budget is the least", { budgetTokens: 10 }, CLAUDE, on(1024), undefined],
    ["none is off", { effort: "none" }, CLAUDE, { thinking: { type: "disabled" } }, undefined],
    ["an effort is one for a Claude that decides itself", { effort: "medium" }, NEW, { thinking: { type: "adaptive" } }, { effort: "medium" }],
    ["an id that says nothing is asked as Claude is", { budgetTokens: 5000 }, ARN, on(5000), undefined],
    ["Nova has a member of its own", { effort: "xhigh" }, NOVA_2, { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } }, undefined],
    ["and a word for none", { effort: "none" }, NOVA_2, { reasoningConfig: { type: "disabled" } }, undefined],
    ["an open model takes a word", { effort: "minimal" }, OPEN, { reasoning_effort: "low" }, undefined],
    ["others do not think", { effort: "high" }, LLAMA, undefined, undefined],
    ["as the first Nova", { effort: "high" }, NOVA, undefined, undefined],
  ])("is asked for as the family takes it: %s", (_, members, model, fields, output) => {
    expect([additional(thinking(members), model), body(thinking(members), model)["outputConfig"]]).toEqual([fields, output]);
  });

  test("drops what Claude does not take beside it, and is itself dropped beside a forced tool", () => {
    const conversation = thinking({ budgetTokens: 2048 }, { sampling: { ...base.sampling, temperature: 0.2, topP: 0.5, topK: 5 } });
    expect(body(conversation)["inferenceConfig"]).toEqual({ maxTokens: 64_000 });
    expect(lossesOf(conversation)).toEqual(["temperature fixed-by-model minor", "topP fixed-by-model minor", "topK fixed-by-model minor"]);
    const forced = thinking({ budgetTokens: 2048 }, { tools: [tool], toolChoice: { mode: "required" } });
    expect([additional(forced), lossesOf(forced)]).toEqual([undefined, ["reasoning unsupported minor"]]);
  });

  test("stays below the limit of the answer", () => {
    const conversation = thinking({ budgetTokens: 8192 }, { sampling: { ...base.sampling, maxOutputTokens: 4000 } });
    expect([additional(conversation), lossesOf(conversation)]).toEqual([on(2000), ["reasoning limited minor"]]);
  });

  test("is not asked on from a call that has lost its own", () => {
    const conversation = thinking({ budgetTokens: 2048 }, { tools: [tool], turns: [turn("user", text("a")), turn("assistant", call()), turn("user", result())] });
    expect([additional(conversation), lossesOf(conversation)]).toEqual([undefined, ["reasoning foreign minor"]]);
  });

  test("as hard as Nova can leaves it no numbers", () => {
    const conversation = thinking({ effort: "high" }, { sampling: { ...base.sampling, maxOutputTokens: 99, temperature: 0.2, stop: ["END"] } });
    expect(body(conversation, NOVA_2)["inferenceConfig"]).toEqual({ stopSequences: ["END"] });
    expect(lossesOf(conversation, NOVA_2)).toEqual(["temperature fixed-by-model minor", "maxOutputTokens fixed-by-model minor"]);
  });

  test.each<[string, readonly Opaque[] | undefined, string, unknown]>([
    ["of its maker's goes back signed", signed(ORIGIN), "Hm", { reasoningText: { text: "Hm", signature: "c2ln" } }],
    ["that a client of this protocol holds too", signed(NAME), "Hm", { reasoningText: { text: "Hm", signature: "c2ln" } }],
    ["that is redacted goes back as it came", signed(ORIGIN, "redacted"), "", { redactedContent: "c2ln" }],
    ["of Anthropic's own API is another maker's", signed("anthropic-messages/anthropic"), "Hm", null],
    ["that is not signed is refused by Claude", undefined, "Hm", null],
  ])("in the history: what is %s", (_, opaques, words, expected) => {
    const block: Block = { kind: "reasoning", text: words, isSummary: false, at: "m", ...(opaques === undefined ? {} : { opaques }) };
    const conversation = asked({ turns: [turn("user", text("a")), turn("assistant", block, text("b")), turn("user", text("c"))] });
    expect(messages(conversation)[1]?.content).toEqual(expected === null ? [{ text: "b" }] : [{ reasoningContent: expected }, { text: "b" }]);
    expect(lossesOf(conversation)).toEqual(expected === null ? ["m foreign minor"] : []);
  });

  test("in the history that is not signed is what some models gave to their own clients", () => {
    const block: Block = { kind: "reasoning", text: "Hm", isSummary: false, at: "m" };
    const own = { ...base, turns: [turn("user", text("a")), turn("assistant", block, text("b")), turn("user", text("c"))] };
    expect(messages(own, "us.deepseek.r1-v1:0")[1]?.content).toEqual([{ reasoningContent: { reasoningText: { text: "Hm" } } }, { text: "b" }]);
  });
});

describe("members", () => {
  test("of the sampling stand where the family has them", () => {
    const conversation = asked({ sampling: { ...base.sampling, topK: 7, temperature: 0.3, topP: 0.6, stop: ["END", " "] } });
    expect(body(conversation)).toMatchObject({ inferenceConfig: { temperature: 0.3, stopSequences: ["END"] }, additionalModelRequestFields: { top_k: 7 }, additionalModelResponseFieldPaths: ["/stop_sequence"] });
    expect(lossesOf(conversation)).toEqual(["topP fixed-by-model minor", "stop unsupported minor"]);
    expect(body(conversation, NOVA)).toMatchObject({ inferenceConfig: { temperature: 0.3, topP: 0.6 }, additionalModelRequestFields: { inferenceConfig: { topK: 7 } } });
    expect(body(conversation, NOVA)["additionalModelResponseFieldPaths"]).toBeUndefined();
    expect(additional(conversation, LLAMA)).toBeUndefined();
    expect(abilities(noDialect, NEW).sampling.size).toBe(0);
  });

  test("of the format are text inside, where the family has them", () => {
    const format = { kind: "schema", name: "place", description: "", schema: { type: "object", properties: { a: { type: "object" } } }, isStrict: true } as const;
    const conversation = asked({ format });
    expect(body(conversation)["outputConfig"]).toEqual({
      textFormat: { type: "json_schema", structure: { jsonSchema: { name: "place", schema: '{"type":"object","properties":{"a":{"type":"object","additionalProperties":false}},"additionalProperties":false}' } } },
    });
    expect(lossesOf(conversation)).toEqual(["format approximated minor"]);
    expect([CLAUDE, "anthropic.claude-3-haiku-20240307-v1:0", NOVA, ARN].map((model) => abilities(noDialect, model).schema)).toEqual(["native", "emulated", "emulated", "emulated"]);
    expect(abilities({ abilities: { schema: "native" } }, NOVA).schema).toBe("native");
  });

  test("of tools lose their strictness, by its name, where the family does not bind calls to their schemas", () => {
    const conversation = asked({ tools: [{ ...tool, isStrict: true } as Tool] });
    expect([lossesOf(conversation), lossesOf(conversation, NOVA)]).toEqual([[], ["tools[0].strict unsupported minor"]]);
  });

  test("of metadata are those that are taken, and tiers have their words", () => {
    const conversation = asked({ metadata: { team: "a b", note: "ä", long: "x".repeat(257) }, serviceTier: "flex" });
    expect(body(conversation)).toMatchObject({ requestMetadata: { team: "a b" }, serviceTier: { type: "flex" } });
    expect(lossesOf(conversation)).toEqual(["metadata limited minor"]);
    expect([body(asked({ serviceTier: "auto" }))["serviceTier"], lossesOf(asked({ serviceTier: "auto" }))]).toEqual([undefined, ["serviceTier approximated minor"]]);
  });

  test("that a vendor refuses are left out and told, and those that it wants are there", () => {
    const { body: said, losses } = sent(asked({ serviceTier: "flex" }), targetOf(CLAUDE, { refuses: ["serviceTier"], adds: { guardrailConfig: { guardrailIdentifier: "g" } } }));
    expect([said["serviceTier"], said["guardrailConfig"], losses]).toEqual([undefined, { guardrailIdentifier: "g" }, [{ path: "serviceTier", reason: "unsupported", severity: "minor" }]]);
  });

  test("stand in one order always, so that the beginning of the prompt is the same", () => {
    const keys = (conversation: Conversation) => Object.keys(body(conversation));
    expect(keys(thinking({ effort: "low" }, { tools: [tool], turns: [turn("system", text("s")), turn("user", text("a"))] }))).toEqual(["toolConfig", "system", "messages", "inferenceConfig", "additionalModelRequestFields"]);
  });

  test("for the cache are told to those families that have one", () => {
    expect([CLAUDE, NOVA, ARN, LLAMA, OPEN].map((model) => abilities(noDialect, model).cacheMarksMax)).toEqual([4, 4, 4, 0, 0]);
  });
});

test("nothing in a conversation makes the encoder fail, also what nobody made fit", () => {
  const odd: Block[] = [
    { kind: "refusal", text: "No", at: "" }, { kind: "foreign", protocol: "gemini", type: "executableCode", value: {}, text: "x", at: "f" }, { kind: "audio", format: "", source: { kind: "url", url: "https://a" }, at: "a" },
    { kind: "file", name: "x", source: { kind: "stored", protocol: "openai-chat", id: "file_1", mediaType: "" }, at: "s" }, { kind: "tool-result", id: "q", name: "", isError: false, at: "", content: [call(), { kind: "audio", format: "wav", source: { kind: "bytes", data: "", mediaType: "" }, at: "b" }] },
  ];
  const conversation = asked({ turns: [turn("user", ...odd)], tools: [{ kind: "custom", at: "tools[0]", name: "c", description: "", format: null }, { kind: "hosted", at: "tools[1]", protocol: "gemini", name: "g", purpose: "web-search", value: {} }], toolChoice: { mode: "allowed", names: [], isRequired: true } });
  expect(lossesOf(conversation).filter((loss) => loss.endsWith("major"))).toEqual(["f unsupported major", "a unsupported major", "s unsupported major", " unsupported major", "b unsupported major", "tools[0] unsupported major", "tools[1] unsupported major"]);
});
