// What a client's request in Converse's words becomes, and that it comes out again as it went in.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import { asConverse } from "./shapes.ts";
import { askedOf, bodyOf, codec, conversationOf, type Members, NAME, roundTrip, targetOf, NOVA } from "./driving.ts";

const seed = Number(process.env["SEED"] ?? 20_261_121);
const user = (...content: Members[]): Members => ({ messages: [{ role: "user", content }] });
const blockOf = (part: Members) => conversationOf(user(part)).turns[0]?.blocks[0];
const invalidOf = (body: unknown): string => {
  const outcome = codec.decodeRequest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), askedOf());
  return isInvalid(outcome) ? outcome.parameter : "none";
};

describe("parts of the content", () => {
  test.each<[string, Members, Members]>([
    ["a text", { text: "Hi" }, { kind: "text", text: "Hi" }],
    ["an image", { image: { format: "jpeg", source: { bytes: "/9j/" } } }, { kind: "image", source: { kind: "bytes", data: "/9j/", mediaType: "image/jpeg" } }],
    ["an image in storage", { image: { format: "png", source: { s3Location: { uri: "s3://b/k" } } } }, { kind: "image", source: { kind: "stored", protocol: NAME, id: "s3://b/k", mediaType: "image/png" } }],
    ["a document", { document: { format: "pdf", name: "Report", source: { bytes: "JVBERi0=" }, context: "of May", citations: { enabled: true } } }, { kind: "file", name: "Report", about: "of May", isCited: true, source: { kind: "bytes", data: "JVBERi0=", mediaType: "application/pdf" } }],
    ["a document of texts", { document: { format: "txt", name: "Notes", source: { content: [{ text: "a" }, { text: "b" }] } } }, { kind: "file", source: { kind: "text", text: "a\nb", mediaType: "text/plain" } }],
    ["a video", { video: { format: "three_gp", source: { bytes: "AAAA" } } }, { kind: "video", source: { kind: "bytes", data: "AAAA", mediaType: "video/3gpp" } }],
    ["sound", { audio: { format: "wav", source: { bytes: "UklG" } } }, { kind: "audio", format: "wav", source: { kind: "bytes", data: "UklG", mediaType: "audio/wav" } }],
    ["what a guardrail judges", { guardContent: { text: { text: "Hi", qualifiers: ["query"] } } }, { kind: "text", text: "Hi", extras: { [NAME]: { guardContent: { qualifiers: ["query"] } } } }],
    ["a call", { toolUse: { toolUseId: "t1", name: "f", input: { a: 1 } } }, { kind: "tool-call", id: "t1", name: "f", arguments: '{"a":1}' }],
    ["a call of nothing", { toolUse: { toolUseId: "t1", name: "f", input: {} } }, { kind: "tool-call", arguments: "" }],
    ["a call that Bedrock answers itself", { toolUse: { toolUseId: "t1", name: "f", input: {}, type: "server_tool_use" } }, { kind: "foreign", type: "toolUse" }],
    ["a result", { toolResult: { toolUseId: "t1", status: "error", content: [{ text: "no" }, { json: { b: [1] } }] } }, { kind: "tool-result", id: "t1", isError: true, content: [{ kind: "text", text: "no", at: "messages[0].content[0].toolResult.content[0]" }, { kind: "text", text: '{"b":[1]}', at: "messages[0].content[0].toolResult.content[1]", extras: { [NAME]: { json: true } } }] }],
    ["signed reasoning", { reasoningContent: { reasoningText: { text: "Hm", signature: "c2ln" } } }, { kind: "reasoning", text: "Hm", opaques: [{ kind: "signature", origin: NAME, value: "c2ln" }] }],
    ["redacted reasoning", { reasoningContent: { redactedContent: "WTJscGQ=" } }, { kind: "reasoning", text: "", opaques: [{ kind: "redacted", origin: NAME, value: "WTJscGQ=" }] }],
    ["cited text", { citationsContent: { content: [{ text: "Rome" }], citations: [{ title: "A", sourceContent: [{ text: "is" }], location: { web: { url: "https://a.example" } } }] } }, { kind: "text", text: "Rome" }],
    ["a search result", { searchResult: { source: "https://a.example", title: "A", content: [{ text: "words" }] } }, { kind: "foreign", type: "searchResult", text: "A\nhttps://a.example\nwords" }],
    ["what nobody knows yet", { hologram: { a: 1 } }, { kind: "foreign", type: "hologram" }],
  ])("are read: %s", (_, part, expected) => {
    expect(blockOf(part)).toMatchObject({ at: "messages[0].content[0]", ...expected });
  });

  test("tell what is cited", () => {
    const block = blockOf({ citationsContent: { content: [{ text: "Rome" }, { text: " is" }], citations: [{ title: "A", sourceContent: [{ text: "x" }, { text: "y" }], location: { web: { url: "https://a.example" } } }] } });
    expect(block).toMatchObject({ text: "Rome is", citations: [{ kind: "url", start: 0, end: 7, url: "https://a.example", title: "A", citedText: "x\ny" }] });
  });

  test("carry what another vendor's model wants back, to the block it belongs to", () => {
    const gemini = { kind: "signature", origin: "gemini/vertex-ai", value: "dGhvdWdodA==" } as const;
    const mark = { kind: "id", origin: NAME, value: "belongs to the next block" } as const;
    const { turns } = conversationOf({ messages: [{ role: "assistant", content: [{ reasoningContent: { redactedContent: wrap([mark, gemini]) } }, { toolUse: { toolUseId: "t1", name: "f", input: {} } }] }] });
    expect(turns[0]?.blocks).toMatchObject([{ kind: "tool-call", opaques: [gemini] }]);
    const [, thinking] = conversationOf(user({ text: "a" }, { reasoningContent: { reasoningText: { text: "Hm", signature: wrap([gemini]) } } })).turns[0]?.blocks ?? [];
    expect(thinking).toMatchObject({ kind: "reasoning", text: "Hm", opaques: [gemini] });
  });

  test("are marked by a point of the cache behind them, and a point before everything marks nothing", () => {
    const point = { cachePoint: { type: "default", ttl: "1h" } };
    const { turns, tools } = conversationOf({
      system: [point, { text: "Be kind" }, { cachePoint: { type: "default" } }],
      messages: [{ role: "user", content: [{ text: "a" }, point, { text: "b" }] }],
      toolConfig: { tools: [{ toolSpec: { name: "f", inputSchema: { json: {} } } }, { cachePoint: { type: "default", ttl: "5m" } }] },
    });
    expect(turns.map(({ blocks }) => blocks.map(({ cache }) => cache?.ttlSeconds))).toEqual([[0], [3600, undefined]]);
    expect(tools).toMatchObject([{ name: "f", cache: { ttlSeconds: 300 } }]);
  });
});

describe("what stands beside the messages", () => {
  test("is read into the model where the model has it", () => {
    const conversation = conversationOf({
      inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ["END"] },
      toolConfig: { tools: [{ toolSpec: { name: "f", description: "d", inputSchema: { json: { type: "object" } }, strict: true } }, { systemTool: { name: "nova_grounding" } }], toolChoice: { tool: { name: "f" } } },
      additionalModelRequestFields: { top_k: 40, thinking: { type: "enabled", budget_tokens: 2000 }, anthropic_beta: ["x"] },
      outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema: { schema: '{"type":"object"}', name: "place" } } } },
      requestMetadata: { team: "a" },
      serviceTier: { type: "flex" },
      guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
      promptVariables: { a: { text: "b" } },
      performanceConfig: { latency: "optimized" },
    });
    expect(conversation).toMatchObject({
      sampling: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9, topK: 40, stop: ["END"] },
      tools: [{ kind: "function", name: "f", description: "d", schema: { type: "object" }, isStrict: true }, { kind: "hosted", purpose: "web-search" }],
      toolChoice: { mode: "tool", name: "f" },
      reasoning: { budgetTokens: 2000, effort: null },
      format: { kind: "schema", name: "place", schema: { type: "object" } },
      metadata: { team: "a" },
      serviceTier: "flex",
    });
    expect(Object.keys(conversation.extras[NAME] ?? {}).sort()).toEqual(["additionalModelRequestFields", "guardrailConfig", "performanceConfig", "promptVariables"]);
    expect(conversation.extras[NAME]?.["additionalModelRequestFields"]).toEqual({ anthropic_beta: ["x"] });
  });

  test.each<[string, Members, Members]>([
    ["a budget of Claude's", { thinking: { type: "enabled", budget_tokens: 4096 } }, { budgetTokens: 4096, effort: null, isAdaptive: false, isShown: true }],
    ["as Claude likes", { thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "low" } }, { budgetTokens: null, effort: "low", isAdaptive: true, isShown: false }],
    ["none", { thinking: { type: "disabled" } }, { budgetTokens: 0, effort: "none" }],
    ["an effort of Nova's", { reasoningConfig: { type: "enabled", maxReasoningEffort: "medium" } }, { effort: "medium" }],
    ["an effort of an open model's", { reasoning_effort: "high" }, { effort: "high" }],
  ])("thinking is read from the additional fields, and goes out as it came: %s", (_, additionalModelRequestFields, expected) => {
    expect(conversationOf({ additionalModelRequestFields }).reasoning).toMatchObject(expected);
    expect(roundTrip({ additionalModelRequestFields }).body["additionalModelRequestFields"]).toEqual(additionalModelRequestFields);
  });

  test("Nova's limit of candidates is read, and what stands beside it is kept", () => {
    const body = { additionalModelRequestFields: { inferenceConfig: { topK: 20, other: 1 } } };
    expect(conversationOf(body).sampling.topK).toBe(20);
    expect(roundTrip(body, targetOf(NOVA)).body["additionalModelRequestFields"]).toEqual({ inferenceConfig: { topK: 20, other: 1 } });
  });

  test("what Claude is told of tools beside the request is read", () => {
    const toolConfig = { tools: [{ toolSpec: { name: "f", inputSchema: { json: {} } } }] };
    expect(conversationOf({ toolConfig, additionalModelRequestFields: { tool_choice: { type: "none" } } })).toMatchObject({ toolChoice: { mode: "none" }, isParallel: null });
    expect(conversationOf({ toolConfig, additionalModelRequestFields: { tool_choice: { type: "any", disable_parallel_tool_use: true } } })).toMatchObject({ toolChoice: { mode: "required" }, isParallel: false });
    const odd = { toolConfig, additionalModelRequestFields: { tool_choice: { type: "new", x: 1 } } };
    expect([conversationOf(odd).toolChoice, conversationOf(odd).extras[NAME]]).toEqual([null, { additionalModelRequestFields: { tool_choice: { type: "new", x: 1 } } }]);
  });

  test("a question for the number of tokens is the question itself", () => {
    const body = { input: { converse: { system: [{ text: "s" }], messages: [{ role: "user", content: [{ text: "Hi" }] }] } } };
    const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(body)), askedOf());
    expect(isInvalid(conversation) ? conversation : conversation.turns.map(({ role }) => role)).toEqual(["system", "user"]);
  });

  test("the path says which model and whether it streams", () => {
    const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(bodyOf({ modelId: "other" }))), { ...askedOf(true), model: "arn:aws:bedrock:x" });
    expect(conversation).toMatchObject({ model: "arn:aws:bedrock:x", isStreaming: true, isUsageWanted: true, extras: { [NAME]: {} } });
  });
});

describe("what cannot be understood", () => {
  test.each<[unknown, string]>([
    ["[]", ""],
    ["{", ""],
    ["12345678901234567890", ""],
    [{ messages: {} }, "messages"],
    [{ messages: ["Hi"] }, "messages[0]"],
    [{ messages: [{ role: "tool", content: [] }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: "Hi" }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: ["Hi"] }] }, "messages[0].content[0]"],
    [{ messages: [{ role: "user", content: [{ toolResult: { toolUseId: "t", content: "no" } }] }] }, "messages[0].content[0].toolResult.content"],
    [{ system: "Be kind" }, "system"],
    [{ inferenceConfig: { maxTokens: "many" } }, "inferenceConfig.maxTokens"],
    [{ inferenceConfig: { stopSequences: "END" } }, "inferenceConfig.stopSequences"],
    [{ toolConfig: { tools: {} } }, "toolConfig.tools"],
    [{ toolConfig: { tools: ["f"] } }, "toolConfig.tools[0]"],
    [{ toolConfig: { tools: [{ toolSpec: {} }] } }, "toolConfig.tools[0].toolSpec.name"],
    [{ toolConfig: { toolChoice: { none: {} } } }, "toolConfig.toolChoice"],
  ])("is refused by the name of the member: %j", (body, parameter) => {
    expect(invalidOf(body)).toBe(parameter);
  });

  test("of any bytes is a refusal or a conversation", () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), fc.json().map((text) => Buffer.from(text))), (bytes) => void codec.decodeRequest(bytes, askedOf())), { seed, numRuns: 500 });
  });
});

describe("a request", () => {
  test("comes out as it went in, whatever is in it", () => {
    fc.assert(
      fc.property(asConverse, (body) => {
        const { body: again, losses } = roundTrip(body);
        expect(losses).toEqual([]);
        expect(again).toEqual(JSON.parse(JSON.stringify(body)));
      }),
      { seed, numRuns: 400 },
    );
  });

  test("keeps numbers as they were written, and keys that are dangerous", () => {
    const body = '{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"f","input":{"id":9007199254740993,"rate":1.0,"__proto__":{"x":1}}}}]}],"additionalModelRequestFields":{"__proto__":{"y":2},"big":12345678901234567890}}';
    const conversation = codec.decodeRequest(Buffer.from(body), askedOf());
    if (isInvalid(conversation)) throw new Error(conversation.problem);
    const text = codec.encodeRequest(conversation, targetOf()).body.toString();
    expect(text).toContain('{"id":9007199254740993,"rate":1.0,"__proto__":{"x":1}}');
    expect(text).toContain('"big":12345678901234567890');
    expect(text).toContain('"__proto__":{"y":2}');
    expect(({} as Members)["y"]).toBeUndefined();
  });
});
