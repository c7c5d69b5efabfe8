// What clients of Gemini's protocol ask, in every spelling that Google takes, and what of it comes out again as it went in.
import { describe, expect, test } from "vitest";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import { askedOf, codec, conversationOf, type Members, roundTrip, targetOf } from "./driving.ts";

const turnsOf = (...contents: readonly unknown[]) => conversationOf({ contents }).turns;
const blocksOf = (...parts: readonly unknown[]) => turnsOf({ role: "user", parts })[0]?.blocks ?? [];
const problemOf = (body: unknown) => {
  const read = codec.decodeRequest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), askedOf());
  return isInvalid(read) ? read : null;
};

describe("a request", () => {
  test("takes the model and whether to stream from the path, and how to frame it from the query", () => {
    const framed = conversationOf({}, "?alt=sse&key=x");
    const listed = conversationOf({}, "?key=alt=ssex");
    expect([framed.model, framed.isStreaming, framed.isUsageWanted]).toEqual(["our-gemini", true, true]);
    expect([codec.streamType(framed), codec.streamType(listed)]).toEqual(["text/event-stream", "application/json; charset=UTF-8"]);
    expect(codec.streamType(conversationOf({}, "?$alt=sse"))).toBe("text/event-stream");
  });

  test("is the same in both of Google's spellings", () => {
    const snake = {
      system_instruction: { parts: { text: "Be brief." } },
      contents: { parts: [{ inline_data: { mime_type: "image/png", data: "iVBORw0KGgo=" } }, { file_data: { mime_type: "application/pdf", file_uri: "https://a/b.pdf" } }, { text: "x", thought_signature: "c2ln" }] },
      tools: [{ function_declarations: [{ name: "f", parameters_json_schema: { type: "object", properties: { a_b: { type: "string" } } } }] }, { google_search: {} }],
      tool_config: { function_calling_config: { mode: "ANY", allowed_function_names: ["f", "g"] } },
      generation_config: { max_output_tokens: 5, top_p: 0.5, stop_sequences: ["x"], response_mime_type: "application/json", thinking_config: { thinking_budget: 100, include_thoughts: true } },
      safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
    };
    const camel = {
      systemInstruction: { parts: [{ text: "Be brief." }] },
      contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }, { fileData: { mimeType: "application/pdf", fileUri: "https://a/b.pdf" } }, { text: "x", thoughtSignature: "c2ln" }] }],
      tools: [{ functionDeclarations: [{ name: "f", parametersJsonSchema: { type: "object", properties: { a_b: { type: "string" } } } }] }, { googleSearch: {} }],
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f", "g"] } },
      generationConfig: { maxOutputTokens: 5, topP: 0.5, stopSequences: ["x"], responseMimeType: "application/json", thinkingConfig: { thinkingBudget: 100, includeThoughts: true } },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
    };
    expect(conversationOf(snake)).toEqual(conversationOf(camel));
    expect(roundTrip(snake).body).toEqual({ ...camel, contents: [{ role: "user", ...camel.contents[0] }] });
  });

  test("of token counting may be wrapped", () => {
    const inner = { model: "models/x", systemInstruction: { parts: [{ text: "S" }] }, contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
    expect(conversationOf({ contents: undefined, generateContentRequest: inner }).turns).toEqual(conversationOf({ ...inner, model: undefined }).turns);
  });

  test.each<[string, unknown, string]>([
    ["is a list", [], ""],
    ["is no JSON", "{", ""],
    ["has no contents", {}, "contents"],
    ["has a role of nobody", { contents: [{ role: "robot", parts: [] }] }, "contents[0].role"],
    ["has a content that is a number", { contents: [7] }, "contents[0]"],
    ["has a part that is a number", { contents: [{ role: "user", parts: [{ text: "x" }, 7] }] }, "contents[0].parts[1]"],
    ["has tools that are strings", { contents: [], tools: ["search"] }, "tools[0]"],
    ["has a function without a name", { contents: [], tools: [{ functionDeclarations: [{ name: "f" }, {}] }] }, "tools[0].functionDeclarations[1].name"],
    ["has a temperature in words", { contents: [], generationConfig: { temperature: "hot" } }, "generationConfig.temperature"],
    ["has stop sequences that are numbers", { contents: [], generationConfig: { stopSequences: [1] } }, "generationConfig.stopSequences"],
  ])("that %s is refused by the name of the member", (_, body, parameter) => {
    const problem = problemOf(body);
    expect(problem?.parameter).toBe(parameter);
    expect(problem?.problem).toMatch(/must be/);
  });

  test("that is nested deeper than anything is refused and does not throw", () => {
    const deep = `{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}}]}]}`;
    expect(problemOf(deep)?.problem).toMatch(/nested too deeply|one JSON object/);
  });
});

describe("contents", () => {
  test("say where they stood", () => {
    const conversation = conversationOf({ systemInstruction: "S", contents: [{ role: "user", parts: [{ text: "a" }, { text: "b" }] }] });
    expect(conversation.turns.map(({ role, at, blocks }) => [role, at, blocks.map((block) => block.at)])).toEqual([
      ["system", "systemInstruction", ["systemInstruction"]],
      ["user", "contents[0]", ["contents[0].parts[0]", "contents[0].parts[1]"]],
    ]);
  });

  test("of a model that came piece by piece are one turn", () => {
    const pieces = [{ parts: [{ text: "Hm", thought: true }] }, { parts: [{ text: ", so.", thought: true }] }, { parts: [{ text: "The" }] }, { parts: [{ text: " end." }] }, { parts: [{ text: "", thoughtSignature: "c2ln" }] }];
    const turns = turnsOf({ role: "user", parts: [{ text: "Hi" }] }, ...pieces.map((piece) => ({ role: "model", ...piece })), { role: "user", parts: [{ text: "x" }] });
    expect(turns.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(turns[1]?.blocks).toMatchObject([
      { kind: "reasoning", text: "Hm, so.", isSummary: true },
      { kind: "text", text: "The end." },
      { kind: "text", text: "", opaques: [{ kind: "signature", origin: "gemini", value: "c2ln" }] },
    ]);
  });

  test("keep pieces of thinking that are equal", () => {
    const [turn] = turnsOf(...["\n", "\n", "x"].map((text) => ({ role: "model", parts: [{ text, thought: true }] })));
    expect(turn?.blocks).toMatchObject([{ text: "\n\nx" }]);
  });

  test.each<[string, unknown, object]>([
    ["an image", { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }, { kind: "image", source: { kind: "bytes", data: "iVBORw0KGgo=", mediaType: "image/png" } }],
    ["bytes in the alphabet for URLs", { inlineData: { mimeType: "image/png", data: "-_-_" } }, { kind: "image", source: { data: "+/+/" } }],
    ["sound", { inlineData: { mimeType: "audio/mp3", data: "AA==" } }, { kind: "audio", format: "mp3" }],
    ["video", { inlineData: { mimeType: "video/mp4", data: "AA==" } }, { kind: "video" }],
    ["a document", { inlineData: { mimeType: "application/pdf", data: "AA==", displayName: "a.pdf" } }, { kind: "file", name: "a.pdf" }],
    ["a document at an address", { fileData: { mimeType: "application/pdf", fileUri: "https://a/b" } }, { kind: "file", source: { kind: "url", url: "https://a/b" } }],
    ["an image at an address that tells its type", { fileData: { fileUri: "https://a/b.png?x=1" } }, { kind: "image", source: { kind: "url", url: "https://a/b.png?x=1" } }],
    ["a video at YouTube", { fileData: { fileUri: "https://www.youtube.com/watch?v=9" } }, { kind: "video", source: { kind: "url" } }],
    ["a file of Google's", { fileData: { mimeType: "image/png", fileUri: "https://generativelanguage.googleapis.com/v1beta/files/x" } }, { kind: "image", source: { kind: "stored", protocol: "gemini" } }],
    ["a file in a bucket", { fileData: { mimeType: "video/mp4", fileUri: "gs://b/x" } }, { kind: "video", source: { kind: "stored", protocol: "gemini", id: "gs://b/x" } }],
    ["an image in low resolution", { inlineData: { mimeType: "image/png", data: "AA==" }, mediaResolution: { level: "MEDIA_RESOLUTION_LOW" } }, { kind: "image", detail: "low" }],
    ["code that was run", { executableCode: { language: "PYTHON", code: "1+1" } }, { kind: "foreign", type: "executableCode", text: "```python\n1+1\n```" }],
    ["what the code wrote", { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } }, { kind: "foreign", type: "codeExecutionResult", text: "2" }],
    ["a part of the future", { hologram: { depth: 3 } }, { kind: "foreign", type: "hologram", value: { hologram: { depth: 3 } } }],
  ])("hold %s", (_, part, block) => {
    expect(blocksOf(part)).toMatchObject([block]);
    expect(roundTrip({ contents: [{ role: "user", parts: [part, { text: "?" }] }] }).body).toEqual({ contents: [{ role: "user", parts: [usual(part as Members), { text: "?" }] }] });
  });

  test("hold calls with their arguments as they were written, and results with what they say", () => {
    const contents = '[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{"id":9007199254740993,"rate":1.0}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"g","args":{}}}]},{"role":"function","parts":[{"functionResponse":{"id":"1","name":"f","response":{"output":"5"}}},{"functionResponse":{"name":"g","response":{"error":"no","code":3}}}]}]';
    const conversation = codec.decodeRequest(Buffer.from(`{"contents":${contents}}`), askedOf());
    if (isInvalid(conversation)) throw new Error(conversation.problem);
    expect(conversation.turns[0]?.blocks).toMatchObject([
      { kind: "tool-call", id: "1", name: "f", arguments: '{"id":9007199254740993,"rate":1.0}', opaques: [{ value: "c2ln" }] },
      { kind: "tool-call", id: "", name: "g", arguments: "" },
    ]);
    expect(conversation.turns[1]).toMatchObject({ role: "user", blocks: [{ kind: "tool-result", id: "1", name: "f", isError: false, content: [{ text: "5" }] }, { id: "", name: "g", isError: true, content: [{ text: '{"error":"no","code":3}' }] }] });
    expect(codec.encodeRequest(conversation, targetOf()).body.toString()).toBe(`{"contents":${contents.replace('"function"', '"user"')}}`);
  });

  test.each<[unknown, string]>([
    [{ output: "x" }, "x"],
    [{ result: "x" }, "x"],
    [{ output: [1, 2] }, "[1,2]"],
    [{ temperature: 7, "$ref": "x" }, '{"temperature":7,"$ref":"x"}'],
    [{}, ""],
  ])("hold results as text for others, and as they were for Google: %j", (response, text) => {
    const part = { functionResponse: { name: "f", response } };
    const [block] = blocksOf(part);
    expect(block?.kind === "tool-result" ? block.content.map((inner) => (inner.kind === "text" ? inner.text : "")).join("") : null).toBe(text);
    expect(roundTrip({ contents: [{ role: "user", parts: [part] }] }).body).toEqual({ contents: [{ role: "user", parts: [part] }] });
  });

  test("hold images in results", () => {
    const part = { functionResponse: { name: "f", response: { image: { $ref: "a.png" } }, parts: [{ inlineData: { mimeType: "image/png", displayName: "a.png", data: "AA==" } }], scheduling: "WHEN_IDLE" } };
    expect(blocksOf(part)).toMatchObject([{ content: [{ kind: "text" }, { kind: "image", at: "contents[0].parts[0].functionResponse.parts[0]" }] }]);
    expect(roundTrip({ contents: [{ role: "user", parts: [part] }] }).body).toEqual({ contents: [{ role: "user", parts: [part] }] });
  });

  test("give back what other vendors' models gave, with the thinking that it belongs to", () => {
    const opaque = { kind: "signature", origin: "anthropic-messages/anthropic", value: "s1" } as const;
    const mark = { kind: "id", origin: "gemini", value: JSON.stringify({ thought: "Hm, so.", isSummary: false }) } as const;
    const contents = [{ role: "model", parts: [{ text: "Hm, ", thought: true }, { text: "so.", thought: true }, { functionCall: { name: "f", args: {} }, thoughtSignature: wrap([mark, opaque]) }] }];
    const expected = [{ kind: "reasoning", text: "Hm, so.", isSummary: false, opaques: [opaque] }, { kind: "tool-call", name: "f" }];
    expect(turnsOf(...contents)[0]?.blocks).toMatchObject(expected);
    expect(turnsOf({ role: "model", parts: contents[0]?.parts.slice(2) })[0]?.blocks).toMatchObject(expected);
  });
});

describe("tools", () => {
  test("have schemas of either kind, and those of OpenAPI are read as JSON Schema", () => {
    const parameters = {
      type: "OBJECT",
      propertyOrdering: ["b", "a"],
      properties: {
        a: { type: "STRING", nullable: true, enum: ["x"], maxLength: "5" },
        b: { any_of: [{ type: "INTEGER" }, { type: "ARRAY", items: { type: "NUMBER" }, min_items: "1" }], nullable: true },
        max_items: { type: "BOOLEAN", example: true },
      },
      required: ["a"],
    };
    const conversation = conversationOf({ tools: [{ functionDeclarations: [{ name: "f", description: "d", parameters }] }] });
    expect(conversation.tools[0]).toMatchObject({
      at: "tools[0].functionDeclarations[0]",
      schema: {
        type: "object",
        properties: {
          a: { type: ["string", "null"], enum: ["x", null], maxLength: 5 },
          b: { anyOf: [{ type: "integer" }, { type: "array", items: { type: "number" }, minItems: 1 }, { type: "null" }] },
          max_items: { type: "boolean", examples: [true] },
        },
        required: ["a"],
      },
    });
    expect(roundTrip({ tools: [{ functionDeclarations: [{ name: "f", description: "d", parameters }] }] }).body["tools"]).toEqual([{ functionDeclarations: [{ name: "f", description: "d", parameters }] }]);
  });

  test("of Google's own are each one that it runs itself", () => {
    const tools = [{ googleSearch: { excludeDomains: ["a"] }, urlContext: {} }, { codeExecution: {} }];
    expect(conversationOf({ tools }).tools).toMatchObject([
      { kind: "hosted", at: "tools[0].googleSearch", purpose: "web-search" },
      { kind: "hosted", at: "tools[0].urlContext", purpose: "other" },
      { kind: "hosted", at: "tools[1].codeExecution", purpose: "other" },
    ]);
  });

  test.each<[Members, object | null]>([
    [{ mode: "AUTO" }, { mode: "auto" }],
    [{ mode: "NONE" }, { mode: "none" }],
    [{ mode: "ANY" }, { mode: "required" }],
    [{ mode: "any", allowedFunctionNames: ["f"] }, { mode: "tool", name: "f" }],
    [{ mode: "ANY", allowedFunctionNames: ["f", "g"] }, { mode: "allowed", names: ["f", "g"], isRequired: true }],
    [{ mode: "VALIDATED", allowedFunctionNames: ["f"] }, { mode: "allowed", names: ["f"], isRequired: false }],
    [{ mode: "VALIDATED" }, { mode: "auto" }],
    [{ mode: "MODE_UNSPECIFIED" }, null],
  ])("are chosen: %j", (calling, toolChoice) => {
    const tools = [{ functionDeclarations: [{ name: "f" }, { name: "g" }] }];
    expect(conversationOf({ tools, toolConfig: { functionCallingConfig: calling } }).toolChoice).toEqual(toolChoice);
    const { body } = roundTrip({ tools, toolConfig: { functionCallingConfig: calling, retrievalConfig: { languageCode: "de" } } });
    const expected = toolChoice === null ? {} : { functionCallingConfig: { ...calling, mode: String(calling["mode"]).toUpperCase() } };
    expect(body["toolConfig"]).toEqual({ ...expected, retrievalConfig: { languageCode: "de" } });
  });
});

describe("settings", () => {
  test("are named by the model, or kept under their whole path", () => {
    const generationConfig = {
      temperature: 0.5, topP: 0.9, topK: 40, candidateCount: 2, maxOutputTokens: 100, stopSequences: ["a"], presencePenalty: 0.1, frequencyPenalty: 0.2, seed: 7, responseLogprobs: true, logprobs: 3,
      responseMimeType: "application/json", responseSchema: { type: "OBJECT", propertyOrdering: ["a"], properties: { a: { type: "STRING" } } },
      thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true }, mediaResolution: "MEDIA_RESOLUTION_LOW", speechConfig: { languageCode: "de" },
    };
    const body = { generationConfig, serviceTier: "flex", labels: { team: "a" }, cachedContent: "cachedContents/x", safetySettings: [] };
    const conversation = conversationOf(body);
    expect(conversation.sampling).toEqual({ temperature: 0.5, topP: 0.9, topK: 40, choices: 2, maxOutputTokens: 100, stop: ["a"], presencePenalty: 0.1, frequencyPenalty: 0.2, seed: 7, logprobs: 3 });
    expect(conversation.format).toMatchObject({ kind: "schema", schema: { type: "object", properties: { a: { type: "string" } } } });
    expect(conversation.reasoning).toMatchObject({ effort: "low", isShown: true });
    expect(Object.keys(conversation.extras.gemini ?? {})).toEqual(["labels", "cachedContent", "safetySettings", "generationConfig.responseSchema", "generationConfig.mediaResolution", "generationConfig.speechConfig", "alt"]);
    expect(roundTrip(body).body).toEqual({ contents: [{ role: "user", parts: [{ text: "Hi" }] }], ...body });
  });

  test.each<[Members, object]>([
    [{ thinkingBudget: 0 }, { effort: "none", budgetTokens: 0, isAdaptive: false }],
    [{ thinkingBudget: -1 }, { effort: null, budgetTokens: null, isAdaptive: true }],
    [{ thinkingBudget: 4096, includeThoughts: false }, { effort: null, budgetTokens: 4096, isShown: false }],
    [{ thinkingLevel: "HIGH" }, { effort: "high", budgetTokens: null }],
  ])("ask for thinking: %j", (thinkingConfig, reasoning) => {
    expect(conversationOf({ generationConfig: { thinkingConfig } }).reasoning).toMatchObject(reasoning);
    expect(roundTrip({ generationConfig: { thinkingConfig } }).body["generationConfig"]).toEqual({ thinkingConfig });
  });

  test("ask for one word of a list, or for images, which nobody else can be asked for", () => {
    const chosen = { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: ["a", "b"] } };
    const pictured = { responseModalities: ["TEXT", "IMAGE"], imageConfig: { aspectRatio: "1:1" } };
    for (const generationConfig of [chosen, pictured]) {
      const conversation = conversationOf({ generationConfig });
      expect(Object.keys(conversation.extras.gemini ?? {}).some((key) => codec.majorExtras.has(key))).toBe(true);
      expect(roundTrip({ generationConfig }).body["generationConfig"]).toEqual(generationConfig);
    }
  });

  test("ask for a spoken answer", () => {
    const generationConfig = { responseModalities: ["AUDIO"], speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } } };
    expect(conversationOf({ generationConfig }).audio).toEqual({ voice: "Kore", format: "pcm16" });
    expect(roundTrip({ generationConfig }, targetOf("gemini-2.5-flash-preview-tts")).body["generationConfig"]).toEqual(generationConfig);
  });
});

/** What is not said of an address is told from it. */
const usual = (part: Members): Members => {
  const file = part["fileData"] as Members | undefined;
  if (file === undefined || file["mimeType"] !== undefined || String(file["fileUri"]).includes("youtube")) return spelt(part);
  return { ...part, fileData: { mimeType: "image/png", ...file } };
};

const spelt = (part: Members): Members => (JSON.stringify(part).includes("-_-_") ? { inlineData: { mimeType: "image/png", data: "+/+/" } } : part);
