// What a provider of Gemini's protocol is asked when the client spoke another: the path, the generations of the model, tools and
// their schemas, histories that other vendors' models wrote.
import { describe, expect, test } from "vitest";
import type { Block, Conversation, Tool } from "../../../dataplane/protocols/ir.ts";
import { codec, foreignOf, type Members, sent, targetOf, textOf, turnOf } from "./driving.ts";

const user = turnOf("user", textOf("Hi"));
const call = (id: string, name: string, more: object = {}): Block => ({ kind: "tool-call", at: "", id, name, arguments: '{"a":1}', ...more }) as Block;
const result = (id: string, text: string, more: object = {}): Block => ({ kind: "tool-result", at: "", id, name: "", content: [textOf(text)], isError: false, ...more }) as Block;
const signature = (value: string, origin = "gemini/gcp.gemini") => ({ opaques: [{ kind: "signature", origin, value }] });
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const tool = (name: string, more: object = {}): Tool => ({ kind: "function", at: `tools[${name}]`, name, description: "d", schema, isStrict: null, ...more }) as Tool;
const search: Tool = { kind: "hosted", at: "tools[9]", protocol: "anthropic-messages", name: "web_search", purpose: "web-search", value: {} };

const contentsOf = (turns: Parameters<typeof foreignOf>[0], model = "gemini-3-pro") => sent(foreignOf(turns), targetOf(model)).body["contents"] as Members[];
const bodyOf = (members: Partial<Conversation>, model = "gemini-3-pro") => sent(foreignOf([user], members), targetOf(model));
const settingsOf = (members: Partial<Conversation>, model = "gemini-3-pro") => (bodyOf(members, model).body["generationConfig"] ?? {}) as Members;

describe("a path", () => {
  test.each([
    ["gemini-3-pro", false, "/models/gemini-3-pro:generateContent"],
    ["gemini-3-pro", true, "/models/gemini-3-pro:streamGenerateContent?alt=sse"],
    ["models/gemini-3-pro", true, "/models/gemini-3-pro:streamGenerateContent?alt=sse"],
    ["tuned/my model?", false, "/models/tuned%2Fmy%20model%3F:generateContent"],
  ])("names the model %s and what is wanted of it (stream: %s)", (model, isStreaming, path) => {
    const encoded = codec.encodeRequest(foreignOf([user]), targetOf(model, {}, isStreaming));
    expect([encoded.path, encoded.headers, JSON.parse(encoded.body.toString())]).toEqual([path, [], { contents: [{ role: "user", parts: [{ text: "Hi" }] }] }]);
  });
});

describe("a history", () => {
  test("has its first system prompts as the instruction, and results of functions alone and behind their calls", () => {
    const { body } = sent(foreignOf([
      turnOf("system", textOf("A")), turnOf("developer", textOf("B")), user,
      turnOf("assistant", textOf("Well.")), turnOf("assistant", call("c1", "f"), call("c2", "g")),
      turnOf("user", textOf("And?"), result("c1", "5"), result("c2", '{"b":[1]}')),
    ]), targetOf("gemini-2.5-flash"));
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: "A" }, { text: "B" }] },
      contents: [
        { role: "user", parts: [{ text: "Hi" }] },
        { role: "model", parts: [{ text: "Well." }, { functionCall: { id: "c1", name: "f", args: { a: 1 } } }, { functionCall: { id: "c2", name: "g", args: { a: 1 } } }] },
        { role: "user", parts: [{ functionResponse: { id: "c1", name: "f", response: { output: "5" } } }, { functionResponse: { id: "c2", name: "g", response: { b: [1] } } }] },
        { role: "user", parts: [{ text: "And?" }] },
      ],
    });
  });

  test("has no ids of calls where the vendor knows none", () => {
    const { body } = sent(foreignOf([turnOf("assistant", call("c1", "f")), turnOf("user", result("c1", "5"))]), targetOf("gemini-2.5-flash", { abilities: { callId: null } }));
    expect(JSON.stringify(body)).not.toContain("c1");
  });

  test.each<[string, boolean, Members]>([
    ["words", false, { output: "words" }],
    ["", false, { output: "" }],
    ["[1,2]", false, { output: [1, 2] }],
    ["7", false, { output: "7" }],
    ['{"a":{"b":1.0}}', false, { a: { b: 1.0 } }],
    ['{"a":{"$ref":"#/x"}}', false, { output: '{"a":{"$ref":"#/x"}}' }],
    ['{"id":9007199254740993}', false, { output: '{"id":9007199254740993}' }],
    ["{broken", false, { output: "{broken" }],
    ["no such city", true, { error: "no such city" }],
  ])("has each result as an object: %s (error: %s)", (text, isError, response) => {
    const [, , content] = contentsOf([user, turnOf("assistant", call("c1", "f")), turnOf("user", result("c1", text, { isError }))]);
    expect(content).toEqual({ role: "user", parts: [{ functionResponse: { id: "c1", name: "f", response } }] });
  });

  test("has images in results beside what they say", () => {
    const image: Block = { kind: "image", at: "", source: { kind: "bytes", data: "AA==", mediaType: "image/png" } };
    const [content] = contentsOf([turnOf("user", result("c1", "see", { name: "f", content: [textOf("see"), image] }))]);
    expect(content).toEqual({ role: "user", parts: [{ functionResponse: { id: "c1", name: "f", response: { output: "see" }, parts: [{ inlineData: { mimeType: "image/png", data: "AA==" } }] } }] });
    expect([...codec.abilities({}, "gemini-3-pro").resultMedia]).toEqual(["image", "file"]);
    expect([...codec.abilities({}, "gemini-2.5-pro").resultMedia]).toEqual([]);
  });

  test.each<[string, string, string | undefined]>([
    ['{"n":9007199254740993}', '{"n":9007199254740993}', undefined],
    ["", "{}", undefined],
    ['{"city":"Ro', '{"_raw":"{\\"city\\":\\"Ro"}', undefined],
    ["[1]", '{"_raw":"[1]"}', undefined],
  ])("has arguments as objects, as exact as they were written: %s", (written, args) => {
    const body = codec.encodeRequest(foreignOf([turnOf("assistant", call("c1", "f", { arguments: written }))]), targetOf("gemini-2.5-pro")).body.toString();
    expect(body).toContain(`"args":${args}`);
  });

  test("has Gemini's own signatures on the parts that they came with", () => {
    const turns = [user, turnOf("assistant", { ...textOf("A"), ...signature("s1") } as Block, call("c1", "f", signature("s2")), call("c2", "g"), { ...textOf(""), ...signature("s3") } as Block)];
    expect(contentsOf(turns)[1]).toEqual({
      role: "model",
      parts: [{ text: "A", thoughtSignature: "s1" }, { functionCall: { id: "c1", name: "f", args: { a: 1 } }, thoughtSignature: "s2" }, { functionCall: { id: "c2", name: "g", args: { a: 1 } } }, { text: "", thoughtSignature: "s3" }],
    });
  });

  test("has the word for calls that nobody signed on the first of a turn, where the model wants signatures", () => {
    const turns = [user, turnOf("assistant", textOf("A"), call("c1", "f"), call("c2", "g")), turnOf("user", result("c1", "1"), result("c2", "2")), turnOf("assistant", call("c3", "f", signature("s3")))];
    const signaturesFor = (model: string) => contentsOf(turns, model).flatMap((content) => (content["parts"] as Members[]).map((part) => part["thoughtSignature"])).filter((one) => one !== undefined);
    for (const model of ["gemini-3-pro-preview", "gemini-3.1-flash", "gemini-flash-latest", "our-own-name"]) expect(signaturesFor(model)).toEqual(["skip_thought_signature_validator", "s3"]);
    for (const model of ["gemini-2.5-pro", "gemini-2.0-flash", "gemma-3-27b"]) expect(signaturesFor(model)).toEqual(["s3"]);
    expect(contentsOf(turns)[1]).toMatchObject({ parts: [{ text: "A" }, { thoughtSignature: "skip_thought_signature_validator" }, { functionCall: { id: "c2" } }] });
  });

  test("has thinking that Gemini signed, and no other model's", () => {
    const reasoning = (text: string, more: object = {}): Block => ({ kind: "reasoning", at: "", text, isSummary: false, ...more }) as Block;
    expect(contentsOf([user, turnOf("assistant", reasoning("foreign"), reasoning("own", signature("s")), textOf("A"))])[1]).toEqual({ role: "model", parts: [{ text: "own", thought: true, thoughtSignature: "s" }, { text: "A" }] });
  });

  test("has media by their bytes or their address, with a type", () => {
    const media: Block[] = [
      { kind: "image", at: "", source: { kind: "url", url: "https://a/b.webp?x" } },
      { kind: "image", at: "", source: { kind: "url", url: "https://a/b" } },
      { kind: "file", at: "", name: "a.csv", source: { kind: "bytes", data: "AA==", mediaType: "" } },
      { kind: "file", at: "", name: "", source: { kind: "text", text: "x", mediaType: "" } },
      { kind: "audio", at: "", format: "mp3", source: { kind: "bytes", data: "AA==", mediaType: "" } },
      { kind: "video", at: "", source: { kind: "url", url: "https://youtu.be/x" } },
    ];
    expect(contentsOf([turnOf("user", ...media)])[0]).toEqual({
      role: "user",
      parts: [
        { fileData: { mimeType: "image/webp", fileUri: "https://a/b.webp?x" } },
        { fileData: { mimeType: "image/jpeg", fileUri: "https://a/b" } },
        { inlineData: { mimeType: "text/csv", data: "AA==" } },
        { inlineData: { mimeType: "text/plain", data: "eA==" } },
        { inlineData: { mimeType: "audio/mpeg", data: "AA==" } },
        { fileData: { fileUri: "https://youtu.be/x" } },
      ],
    });
    const stored = sent(foreignOf([turnOf("user", textOf("x"), { kind: "file", at: "messages[0].content[1]", name: "", source: { kind: "stored", protocol: "openai-chat", id: "file-1", mediaType: "" } })]));
    expect(stored.losses).toEqual([{ path: "messages[0].content[1]", reason: "unsupported", severity: "major" }]);
  });

  test("has one resolution for all images, or the model's own", () => {
    const image = (detail?: "low" | "high" | "auto"): Block => ({ kind: "image", at: "", source: { kind: "bytes", data: "AA==", mediaType: "image/png" }, ...(detail === undefined ? {} : { detail }) });
    const resolutionOf = (...images: Block[]) => ((sent(foreignOf([turnOf("user", ...images)])).body["generationConfig"] ?? {}) as Members)["mediaResolution"];
    expect([resolutionOf(image("low"), image("low")), resolutionOf(image("high")), resolutionOf(image("low"), image("high")), resolutionOf(image("auto")), resolutionOf(image())]).toEqual(["MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_HIGH", undefined, undefined, undefined]);
  });
});

describe("tools", () => {
  test("have their schemas as they are, and none where they take nothing", () => {
    const tools = [tool("a"), tool("b", { schema: null, description: "" }), tool("c", { schema: { type: "object", properties: {} } }), tool("d", { schema: { type: "object", additionalProperties: { type: "string" } } })];
    const { body, losses } = bodyOf({ tools });
    expect(body["tools"]).toEqual([{ functionDeclarations: [
      { name: "a", description: "d", parametersJsonSchema: schema }, { name: "b" }, { name: "c", description: "d" },
      { name: "d", description: "d", parametersJsonSchema: { type: "object", additionalProperties: { type: "string" } } },
    ] }]);
    expect(losses).toEqual([]);
  });

  test("have OpenAPI's schemas where the vendor or the model takes no other", () => {
    const { body, losses } = sent(foreignOf([user], { tools: [tool("a")] }), targetOf("gemini-1.5-pro"));
    const parameters = { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] };
    expect([body["tools"], losses]).toEqual([[{ functionDeclarations: [{ name: "a", description: "d", parameters }] }], []]);
    expect(bodyOf({ tools: [tool("a")] }, "gemini-1.5-pro").body["tools"]).toEqual(body["tools"]);
    const answered = sent(foreignOf([user], { format: { kind: "schema", name: "x", description: "", schema, isStrict: true } }), targetOf("gemini-1.5-pro"));
    expect(answered.body["generationConfig"]).toEqual({ responseMimeType: "application/json", responseSchema: parameters });
  });

  test.each<[string, Members, Members, boolean]>([
    ["references", { type: "object", properties: { a: { $ref: "#/$defs/A", description: "x" } }, $defs: { A: { type: "string" } } }, { type: "OBJECT", properties: { a: { type: "STRING", description: "x" } } }, false],
    ["references of old drafts with escapes", { properties: { a: { $ref: "#/definitions/A~1B" } }, definitions: { "A/B": { type: "integer" } } }, { type: "OBJECT", properties: { a: { type: "INTEGER" } } }, false],
    ["schemas that hold themselves", { type: "object", properties: { next: { $ref: "#" } } }, { type: "OBJECT", properties: { next: { type: "OBJECT", properties: { next: { type: "OBJECT" } } } } }, true],
    ["references to nothing", { type: "object", properties: { a: { $ref: "other.json" } } }, { type: "OBJECT", properties: { a: { type: "OBJECT" } } }, true],
    ["types that may be null", { type: "object", properties: { a: { type: ["string", "null"] } } }, { type: "OBJECT", properties: { a: { type: "STRING", nullable: true } } }, false],
    ["several types", { type: "object", properties: { a: { type: ["string", "integer"], description: "x" } } }, { type: "OBJECT", properties: { a: { anyOf: [{ type: "STRING" }, { type: "INTEGER" }], description: "x" } } }, false],
    ["a choice of schemas", { type: "object", properties: { a: { oneOf: [{ type: "string" }, { type: "null" }, { type: "array" }] } } }, { type: "OBJECT", properties: { a: { anyOf: [{ type: "STRING" }, { type: "ARRAY", items: { type: "STRING" } }], nullable: true } } }, false],
    ["constants", { type: "object", properties: { a: { const: "x" }, b: { enum: ["y", null] } } }, { type: "OBJECT", properties: { a: { type: "STRING", enum: ["x"] }, b: { type: "STRING", enum: ["y"], nullable: true } } }, false],
    ["enumerated numbers", { type: "object", properties: { a: { type: "integer", enum: [1, 2] } } }, { type: "OBJECT", properties: { a: { type: "INTEGER", description: "One of: 1, 2." } } }, true],
    ["all of several schemas", { allOf: [{ properties: { a: { type: "string" } }, required: ["a"] }, { $ref: "#/$defs/B" }], $defs: { B: { properties: { b: { type: "number", format: "float" } }, required: ["b", "gone"] } } }, { type: "OBJECT", properties: { a: { type: "STRING" }, b: { type: "NUMBER", format: "float" } }, required: ["a", "b"] }, false],
    ["formats and words that it does not know", { type: "object", properties: { a: { type: "string", format: "uuid", minLength: 1 }, b: { type: "number", exclusiveMinimum: 0 } } }, { type: "OBJECT", properties: { a: { type: "STRING", minLength: 1 }, b: { type: "NUMBER" } } }, true],
    ["tuples", { type: "object", properties: { a: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }] } } }, { type: "OBJECT", properties: { a: { type: "ARRAY", items: { anyOf: [{ type: "STRING" }, { type: "INTEGER" }] } } } }, true],
    ["anything", { type: "object", properties: { a: {}, b: true } }, { type: "OBJECT", properties: { a: { type: "STRING" }, b: { type: "STRING" } } }, false],
    ["names that are words of schemas", { type: "object", properties: { $ref: { type: "string" }, enum: { type: "string" }, required: { type: "string" } } }, { type: "OBJECT", properties: { $ref: { type: "STRING" }, enum: { type: "STRING" }, required: { type: "STRING" } } }, false],
  ])("in OpenAPI's words have %s", (_, given, parameters, isReduced) => {
    const { body, losses } = sent(foreignOf([user], { tools: [tool("a", { schema: given })] }), targetOf("gemini-1.5-pro"));
    expect((body["tools"] as Members[])[0]).toEqual({ functionDeclarations: [{ name: "a", description: "d", parameters }] });
    expect(losses).toEqual(isReduced ? [{ path: "tools[a]", reason: "approximated", severity: "minor" }] : []);
  });

  test("that grow without end by their references are cut", () => {
    const $defs = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`d${index}`, { type: "object", properties: Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, { $ref: `#/$defs/d${index + 1}` }])) }]));
    const { body, losses } = sent(foreignOf([user], { tools: [tool("a", { schema: { $ref: "#/$defs/d0", $defs } })] }), targetOf("gemini-1.5-pro"));
    expect(JSON.stringify(body).length).toBeLessThan(1_000_000);
    expect(losses).toHaveLength(1);
  });

  test.each<[Conversation["toolChoice"], Members | undefined]>([
    [null, undefined],
    [{ mode: "auto" }, { mode: "AUTO" }],
    [{ mode: "none" }, { mode: "NONE" }],
    [{ mode: "required" }, { mode: "ANY" }],
    [{ mode: "tool", name: "a" }, { mode: "ANY", allowedFunctionNames: ["a"] }],
    [{ mode: "allowed", names: ["a", "b"], isRequired: true }, { mode: "ANY", allowedFunctionNames: ["a", "b"] }],
    [{ mode: "allowed", names: ["a"], isRequired: false }, { mode: "VALIDATED", allowedFunctionNames: ["a"] }],
  ])("are chosen in Google's words: %j", (toolChoice, calling) => {
    expect(bodyOf({ tools: [tool("a"), tool("b")], toolChoice }).body["toolConfig"]).toEqual(calling === undefined ? undefined : { functionCallingConfig: calling });
    expect(bodyOf({ tools: [], toolChoice }).body["toolConfig"]).toBeUndefined();
  });

  test("of the client stand beside Google's search from the third generation on", () => {
    expect(bodyOf({ tools: [tool("a"), search] }).body).toMatchObject({ tools: [{ functionDeclarations: [{ name: "a" }] }, { googleSearch: {} }], toolConfig: { includeServerSideToolInvocations: true } });
    const older = bodyOf({ tools: [tool("a"), search] }, "gemini-2.5-pro");
    expect(older.body["tools"]).toHaveLength(1);
    expect(older.losses).toEqual([{ path: "tools[9]", reason: "unsupported", severity: "major" }]);
    expect(bodyOf({ tools: [search] }, "gemini-2.5-pro").body["tools"]).toEqual([{ googleSearch: {} }]);
  });

  test("of Google's own stand beside the client's without being told of, where the vendor refuses to be asked for it", () => {
    const { body } = sent(foreignOf([user], { tools: [tool("a"), search] }), targetOf("gemini-3-pro", { hidesServerTools: true }));
    expect(body["tools"]).toEqual([{ functionDeclarations: [expect.objectContaining({ name: "a" })] }, { googleSearch: {} }]);
    expect(body).not.toHaveProperty("toolConfig");
  });

  test("that are bound to their schema elsewhere are told of", () => {
    expect(bodyOf({ tools: [tool("a", { isStrict: true }), tool("b", { isStrict: false })] }).losses).toEqual([{ path: "tools[a].strict", reason: "approximated", severity: "minor" }]);
  });
});

describe("settings", () => {
  test("of an answer in JSON go beside functions from the third generation on, and are told to the model before", () => {
    const asked: Partial<Conversation> = { tools: [tool("a")], format: { kind: "schema", name: "x", description: "", schema, isStrict: true } };
    expect(settingsOf(asked)).toEqual({ responseMimeType: "application/json", responseJsonSchema: schema });
    const older = bodyOf(asked, "gemini-2.5-flash");
    expect(older.body["generationConfig"]).toBeUndefined();
    expect(JSON.stringify(older.body["systemInstruction"])).toContain("must match this JSON Schema");
    expect(older.losses).toEqual([{ path: "format", reason: "approximated", severity: "minor" }]);
    expect(settingsOf({ format: { kind: "json" } }, "gemini-2.5-flash")).toEqual({ responseMimeType: "application/json" });
  });

  const thought = (more: object): Partial<Conversation> => ({ reasoning: { effort: null, budgetTokens: null, isAdaptive: false, isShown: null, ...more } });

  test.each<[string, object, Members | undefined, string | null]>([
    ["gemini-3-pro-preview", { effort: "low" }, { thinkingLevel: "LOW", includeThoughts: true }, null],
    ["gemini-3-pro-preview", { effort: "medium" }, { thinkingLevel: "HIGH", includeThoughts: true }, "approximated"],
    ["gemini-3.1-pro-preview", { effort: "medium" }, { thinkingLevel: "MEDIUM", includeThoughts: true }, null],
    ["gemini-3-pro-preview", { effort: "minimal", isShown: false }, { thinkingLevel: "LOW", includeThoughts: false }, "approximated"],
    ["gemini-3-flash", { effort: "minimal" }, { thinkingLevel: "MINIMAL", includeThoughts: true }, null],
    ["gemini-3-flash", { effort: "none" }, { thinkingLevel: "MINIMAL" }, "approximated"],
    ["gemini-3-flash", { effort: "max" }, { thinkingLevel: "HIGH", includeThoughts: true }, "approximated"],
    ["gemini-3-flash", { isAdaptive: true }, { includeThoughts: true }, null],
    ["gemini-2.5-pro", { budgetTokens: 4096 }, { thinkingBudget: 4096, includeThoughts: true }, null],
    ["gemini-2.5-pro", { budgetTokens: 0 }, { thinkingBudget: 128 }, "limited"],
    ["gemini-2.5-pro", { budgetTokens: 99_999 }, { thinkingBudget: 32_768, includeThoughts: true }, "limited"],
    ["gemini-2.5-flash", { effort: "none", budgetTokens: 0 }, { thinkingBudget: 0 }, null],
    ["gemini-2.5-flash", { isAdaptive: true, isShown: true }, { thinkingBudget: -1, includeThoughts: true }, null],
    ["gemini-2.5-flash", { effort: "high" }, { thinkingBudget: 16_384, includeThoughts: true }, null],
    ["gemini-2.5-flash-lite", { budgetTokens: 100 }, { thinkingBudget: 512, includeThoughts: true }, "limited"],
    ["gemini-2.0-flash", { effort: "high" }, undefined, null],
  ])("of thinking for %s: %j", (model, asked, thinkingConfig, reason) => {
    const { body, losses } = bodyOf(thought(asked), model);
    expect(((body["generationConfig"] ?? {}) as Members)["thinkingConfig"]).toEqual(thinkingConfig);
    expect(losses).toEqual(reason === null ? [] : [{ path: "reasoning", reason, severity: "minor" }]);
  });

  test("of a voice are Google's own voices only", () => {
    const tts = "gemini-2.5-flash-preview-tts";
    expect(settingsOf({ audio: { voice: "kore", format: "wav" } }, tts)).toMatchObject({ responseModalities: ["AUDIO"], speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "kore" } } } });
    expect(settingsOf({ audio: { voice: "alloy", format: "wav" } }, tts)).toEqual({ responseModalities: ["AUDIO"] });
    expect(bodyOf({ audio: { voice: "alloy", format: "wav" } }, tts).losses).toEqual([{ path: "audio", reason: "approximated", severity: "minor" }]);
    expect([codec.abilities({}, tts).hasAudioOutput, codec.abilities({}, "gemini-3-pro").hasAudioOutput]).toEqual([true, false]);
  });

  test("of the tier are Google's words", () => {
    expect(bodyOf({ serviceTier: "default" }).body["serviceTier"]).toBe("standard");
    expect(bodyOf({ serviceTier: "flex" }).body["serviceTier"]).toBe("flex");
    expect(bodyOf({ serviceTier: "scale" })).toMatchObject({ losses: [{ path: "serviceTier", reason: "unsupported", severity: "minor" }] });
  });

  test("of the tier stand in a header where the vendor reads them there, and only those that are not its usual one", () => {
    const asHeader = (serviceTier: string) => codec.encodeRequest(foreignOf([user], { serviceTier }), targetOf("gemini-3-pro", { tierHeader: "x-tier" }));
    expect(["flex", "priority", "auto"].map((tier) => asHeader(tier).headers)).toEqual([["x-tier", "flex"], ["x-tier", "priority"], []]);
    expect(asHeader("flex").body.toString()).not.toContain("serviceTier");
    expect(asHeader("scale")).toMatchObject({ headers: [], losses: [{ path: "serviceTier", reason: "unsupported", severity: "minor" }] });
  });

  test("of what a vendor refuses, renames or adds are those of its dialect", () => {
    const target = targetOf("gemini-3-pro", { refuses: ["serviceTier"], renames: { labels: "tags" }, adds: { store: false } });
    const { body, losses } = sent(foreignOf([user], { serviceTier: "flex", metadata: { team: "a_b" } }), target);
    expect(body).toEqual({ contents: [{ role: "user", parts: [{ text: "Hi" }] }], tags: { team: "a_b" }, store: false });
    expect(losses).toEqual([{ path: "serviceTier", reason: "unsupported", severity: "minor" }]);
  });
});

describe("abilities", () => {
  test.each<[string, object]>([
    ["gemini-3-pro", { reasoning: "effort", imageSources: ["url", "bytes"], hasPrefill: false, stopMax: 5, choicesMax: 8 }],
    ["gemini-2.5-flash", { reasoning: "budget", imageSources: ["bytes"] }],
    ["gemini-2.0-flash", { reasoning: "none" }],
    ["gemini-2.5-flash-image", { reasoning: "none" }],
  ])("of %s", (model, some) => {
    expect(codec.abilities({}, model)).toMatchObject(some);
  });

  test("are what a dialect says where it says something", () => {
    expect(codec.abilities({ abilities: { imageSources: ["url"], hasMetadata: true } }, "gemini-2.5-flash")).toMatchObject({ imageSources: ["url"], hasMetadata: true, hasServiceTier: true });
  });
});
