// Laws that hold for any request, reply and stream: what goes in comes out, and no bytes whatever make a decoder throw.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { gemini } from "../../../dataplane/protocols/gemini/index.ts";
import { askedOf, chunkOf, codec, conversationOf, decodePieces, encodeAll, listOf, type Members, roundTrip, streamOf, targetOf } from "./driving.ts";

vi.setConfig({ testTimeout: 60_000 });

const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."abcXYZ019") });
const prose = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const json = fc.jsonValue({ maxDepth: 2, noNullPrototype: true } as fc.JsonSharedConstraints).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const members = fc.dictionary(word, json, { maxKeys: 3 });

const text = prose.map((words): Members => ({ text: words }));
const media = fc.constantFrom<Members>(
  { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }, { inlineData: { mimeType: "audio/wav", data: "UklGRg==" }, partMetadata: { a: 1 } },
  { fileData: { mimeType: "video/mp4", fileUri: "gs://b/x" }, videoMetadata: { startOffset: "1s" } }, { fileData: { mimeType: "application/pdf", fileUri: "https://a/b" } },
  { inlineData: { mimeType: "text/plain", data: "eA==", displayName: "n" } },
);
const other = fc.tuple(fc.constantFrom("executableCode", "codeExecutionResult", "toolCall", "hologram"), members).map(([type, rest]) => ({ [type]: rest }));
const result = fc.tuple(word, members, fc.option(word)).map(([name, response, id]): Members => ({ functionResponse: { ...(id === null ? {} : { id }), name, response } }));
const call = fc.tuple(word, members, fc.option(word)).map(([name, args, id]): Members => ({ functionCall: { ...(id === null ? {} : { id }), name, args } }));
const signed = fc.tuple(fc.oneof(call, media, other, text, fc.constant<Members>({ text: "" })), word).map(([part, signature]) => ({ ...part, thoughtSignature: `${signature}=` }));

const user = fc.array(fc.oneof(text, media, other, result), { minLength: 1, maxLength: 4 }).map((parts) => ({ role: "user", parts }));
/** Text that stands beside text is one: it is not asked how it was cut. */
const model = fc.array(fc.oneof(call, media, other, signed), { minLength: 1, maxLength: 4 }).map((parts) => ({ role: "model", parts }));
const contents = fc.array(fc.tuple(user, model), { maxLength: 3 }).chain((pairs) => user.map((last) => [...pairs.flat(), last]));
const schema = fc.constantFrom<Members>({ type: "object", properties: { a: { type: "string" } } }, { type: "object", properties: { b: { $ref: "#/$defs/B" } }, $defs: { B: {} } });
const declaration = fc.tuple(word, fc.oneof(schema.map((one) => ({ parametersJsonSchema: one })), fc.constant({ parameters: { type: "OBJECT", properties: { a: { type: "STRING", nullable: true } }, propertyOrdering: ["a"] } }), fc.constant({})), fc.boolean()).map(([name, parameters, isAsync]) => ({ name, description: "d", ...parameters, ...(isAsync ? { behavior: "NON_BLOCKING" } : {}) }));
const body = fc.record(
  {
    contents,
    systemInstruction: fc.array(text, { minLength: 1, maxLength: 2 }).map((parts) => ({ parts })),
    tools: fc.tuple(fc.uniqueArray(declaration, { minLength: 1, maxLength: 3, selector: ({ name }) => name }), fc.array(fc.constantFrom<Members>({ googleSearch: {} }, { codeExecution: {} }, { urlContext: { a: 1 } }), { maxLength: 2 })).map(([functionDeclarations, hosted]) => [{ functionDeclarations }, ...hosted]),
    toolConfig: fc.constantFrom<Members>({ functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["a"] } }, { functionCallingConfig: { mode: "VALIDATED" } }, { retrievalConfig: { languageCode: "de" } }),
    generationConfig: fc.record(
      {
        temperature: fc.double({ min: 0, max: 2, noNaN: true }), maxOutputTokens: fc.integer({ min: 1 }), stopSequences: fc.array(word, { minLength: 1, maxLength: 3 }), candidateCount: fc.integer({ min: 1, max: 8 }),
        thinkingConfig: fc.constantFrom<Members>({ thinkingLevel: "LOW" }, { thinkingBudget: -1, includeThoughts: true }, { thinkingBudget: 0 }, { thinkingBudget: 77, more: 1 }),
        responseMimeType: fc.constantFrom("application/json", "text/plain", "text/x.enum"), mediaResolution: fc.constant("MEDIA_RESOLUTION_LOW"), enableAffectiveDialog: fc.boolean(),
      },
      { requiredKeys: ["temperature"] },
    ),
    safetySettings: fc.array(members, { minLength: 1, maxLength: 2 }),
    cachedContent: word,
    serviceTier: fc.constantFrom("flex", "standard", "priority"),
    labels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 2 }),
  },
  { requiredKeys: ["contents"] },
);

describe("any request", () => {
  test("comes out as it went in", () => {
    fc.assert(
      fc.property(body, (asked) => {
        const { body: again, losses } = roundTrip(asked);
        expect(losses).toEqual([]);
        expect(again).toEqual(JSON.parse(JSON.stringify(asked)));
      }),
      { numRuns: 400 },
    );
  });

  test("is read the same again", () => {
    fc.assert(
      fc.property(body, (asked) => {
        expect(conversationOf(roundTrip(asked).body)).toEqual(conversationOf(asked));
      }),
      { numRuns: 200 },
    );
  });
});

const replyPart = fc.oneof(text, call, media, other, signed, prose.map((words): Members => ({ text: words, thought: true })));
const chunks = fc.array(fc.array(replyPart, { maxLength: 3 }), { maxLength: 5 }).map((all) => [...all.map((parts) => chunkOf(parts)), chunkOf([], { finishReason: "STOP" })]);

const isInOrder = (events: readonly Event[]): boolean => {
  const open = new Set<number>();
  let next = 0;
  for (const [at, event] of events.entries()) {
    if ((at === 0) !== (event.kind === "start") || (at === events.length - 1) !== (event.kind === "end" || event.kind === "failure")) return false;
    if (!("index" in event)) continue;
    if (event.kind === "block-start" && event.index !== next++) return false;
    if (event.kind === "block-start") open.add(event.index);
    else if (!open.has(event.index)) return false;
    if (event.kind === "block-stop") open.delete(event.index);
  }
  return open.size === 0;
};

describe("any stream", () => {
  test("keeps the order of events, and means the same in either framing and cut anywhere", () => {
    fc.assert(
      fc.property(chunks, fc.nat(), (all, seed) => {
        const [events, listed] = [streamOf(all), listOf(all)];
        const whole = decodePieces([events]);
        const cut = seed % (events.length + 1);
        expect(isInOrder(whole)).toBe(true);
        expect(decodePieces([listed])).toEqual(whole);
        expect(decodePieces([events.subarray(0, cut), events.subarray(cut)])).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test("means the same whether its chunks are equal but for their text and counts or not", () => {
    const piece = fc.oneof({ weight: 6, arbitrary: prose }, fc.constantFrom('"', "\\", "text", "STOP", "}]", "\ud83d", ""));
    const count = fc.oneof(fc.nat(99), fc.constantFrom(-1, 1.5));
    const one = fc.tuple(piece, count, fc.constantFrom({}, {}, {}, {}, { finishReason: "MAX_TOKENS" }, { safetyRatings: [] }, { index: 1, finishReason: "STOP" }), fc.constantFrom({}, {}, {}, { thought: true }));
    fc.assert(
      fc.property(fc.array(one, { minLength: 2, maxLength: 12 }), (all) => {
        const alike = all.map(([words, promptTokenCount, rest, part]) => chunkOf([{ text: words, ...part }], rest, { usageMetadata: { promptTokenCount, candidatesTokenCount: 3, totalTokenCount: promptTokenCount } }));
        const closed = [...alike, chunkOf([{ text: "." }], { finishReason: "STOP" })];
        const apart = closed.map((chunk, index) => ({ nonce: "n".repeat(index), ...chunk }));
        expect(decodePieces([streamOf(closed)])).toEqual(decodePieces([streamOf(apart)]));
      }),
      { numRuns: 500 },
    );
  });

  test("told again means the same", () => {
    fc.assert(
      fc.property(chunks, (all) => {
        const asked = { ...conversationOf({ generationConfig: { thinkingConfig: { includeThoughts: true } } }), model: "gemini-3-pro" };
        const events = decodePieces([streamOf(all)]);
        const again = decodePieces([Buffer.from(encodeAll(events, asked))]);
        const textIn = (list: readonly Event[]): string => list.map((event) => (event.kind === "text" ? event.text : "")).join("");
        expect(textIn(again)).toBe(textIn(events));
        expect(again.filter(({ kind }) => kind === "finish")).toEqual(events.filter(({ kind }) => kind === "finish"));
      }),
      { numRuns: 300 },
    );
  });
});

/** Bytes that nearly are something. */
const pieces = fc.constantFrom(
  "data: ", "\r\n\r\n", "\n", "[", "]", "{", "}", ",", '"', "\\", ":", "null", "1e999", '{"candidates":', '[{"content":', '{"parts":[', '{"text":"a"}', '{"functionCall":', '{"name":"f","args":{}}', '"partialArgs":[{"jsonPath":"$.a[0]"',
  '"finishReason":"STOP"', '"error":{"code":"x"}', '"usageMetadata":{"promptTokenCount":-1}', '"groundingMetadata":{"groundingSupports":[{"segment":{"endIndex":9}}]}', "\ufeff", "\ud83d", "__proto__", '{"contents":[', '{"role":"user"}', '"tools":[{"functionDeclarations":[{"name":"f","parameters":',
);
const nearly = fc.array(fc.oneof({ weight: 3, arbitrary: pieces }, fc.string({ maxLength: 5 })), { maxLength: 30 }).map((all) => Buffer.from(all.join("")));
const anything = fc.oneof(nearly, fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), json.map((value) => Buffer.from(JSON.stringify(value))), json.map((value) => Buffer.from(`data: ${JSON.stringify({ candidates: value, usageMetadata: value })}\r\n\r\n`)), json.map((value) => Buffer.from(`data: ${JSON.stringify({ candidates: [{ content: { parts: [value, { functionCall: value }, { inlineData: value }] }, groundingMetadata: value, logprobsResult: value, finishReason: value }] })}\r\n\r\n`)));

describe("any bytes", () => {
  test("make no decoder throw", () => {
    fc.assert(
      fc.property(anything, fc.nat(), (bytes, seed) => {
        const cut = seed % (bytes.length + 1);
        const events = decodePieces([bytes.subarray(0, cut), bytes.subarray(cut)], targetOf(), 10_000);
        expect(["end", "failure"]).toContain(events.at(-1)?.kind);
        const request = codec.decodeRequest(bytes, askedOf());
        if (!isInvalid(request)) codec.encodeRequest(request, targetOf());
        const reply = codec.decodeReply(bytes, targetOf());
        if (!isFailure(reply)) codec.encodeReply(reply, conversationOf({}));
        expect(codec.decodeFailure(500, { "retry-after": bytes.toString("latin1") }, bytes).kind).toBeTypeOf("string");
      }),
      { numRuns: 3000 },
    );
  });

  test("make no watch throw, and pass as they are", () => {
    fc.assert(
      fc.property(anything, fc.nat(), fc.boolean(), (bytes, seed, isList) => {
        const cut = seed % (bytes.length + 1);
        const watch = gemini.openStream(10_000, isList ? "application/json" : "text/event-stream");
        expect(watch.push(bytes.subarray(0, cut)) + watch.push(bytes.subarray(cut))).toBe(bytes.length);
        watch.end();
        gemini.encodeStreamFailure({ code: "INTERNAL", status: 500, message: "x", parameter: "", retryAfterSeconds: 0 }, watch);
        gemini.readReply(bytes);
        gemini.streamToReply(bytes);
        gemini.replyToStream(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});
