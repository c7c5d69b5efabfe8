// What providers of Gemini's protocol answer, whole and as streams in either framing, and what of it cannot be: cut streams,
// errors in the place of responses, calls in pieces, sources that are counted in bytes.
import { describe, expect, test } from "vitest";
import { isFailure } from "../../../dataplane/protocols/codec.ts";
import { noUsage, type Block, type Event, type Finish, type ProviderFailure } from "../../../dataplane/protocols/ir.ts";
import { openaiChatCodec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { inPiecesOf } from "../watching.ts";
import { blocksOf, chunkOf, codec, conversationOf, decodePieces, decodeWhole, listOf, type Members, replyOf, streamOf, targetOf } from "./driving.ts";

const finishOf = (candidate: Members, rest: Members = {}): Finish | undefined => decodeWhole({ candidates: [candidate], ...rest }).choices[0]?.finish;
const failureOf = (events: readonly Event[]): ProviderFailure | null => {
  const last = events.at(-1);
  return last?.kind === "failure" ? last.failure : null;
};
const replyFrom = (chunks: readonly Members[]) => replyOf(decodePieces([streamOf(chunks)]));
const blocksFrom = (chunks: readonly Members[]): readonly Block[] => replyFrom(chunks).choices[0]?.blocks ?? [];
const signature = (value: string) => ({ opaques: [{ kind: "signature", origin: "gemini/gcp.gemini", value }] });
const part = { content: { parts: [{ text: "x" }] } };

describe("a reply", () => {
  test.each<[unknown, string | undefined, string]>([
    ["STOP", "stop", "STOP"], ["MAX_TOKENS", "length", "MAX_TOKENS"], ["SAFETY", "filter", "SAFETY"], ["MODEL_ARMOR", "filter", "MODEL_ARMOR"], ["RECITATION", "filter", "RECITATION"],
    ["MALFORMED_FUNCTION_CALL", "malformed", "MALFORMED_FUNCTION_CALL"], ["UNEXPECTED_TOOL_CALL", "malformed", "UNEXPECTED_TOOL_CALL"], ["NO_IMAGE", "other", "NO_IMAGE"],
    ["SOMETHING_NEW", "other", "SOMETHING_NEW"], ["constructor", "other", "constructor"], [1, "stop", "1"], [2, "length", "2"], [3, "filter", "3"], [10, "malformed", "10"], [99, "other", "99"],
    [undefined, "stop", ""], ["FINISH_REASON_UNSPECIFIED", "stop", ""], [0, "stop", ""],
  ])("ends as Google says: %s", (finishReason, reason, raw) => {
    expect(finishOf({ ...part, ...(finishReason === undefined ? {} : { finishReason }) })).toEqual({ reason, raw });
  });

  test("ends with calls where it holds some, unless it was cut or filtered", () => {
    const content = { parts: [{ functionCall: { name: "f" } }] };
    expect(finishOf({ content, finishReason: "STOP", finishMessage: "Model generated function call(s)." })).toEqual({ reason: "tool-calls", raw: "STOP" });
    expect(finishOf({ content, finishReason: "MAX_TOKENS" })).toEqual({ reason: "length", raw: "MAX_TOKENS" });
    expect(finishOf({ content, finishReason: "SAFETY" })).toEqual({ reason: "filter", raw: "SAFETY" });
  });

  test("of a call that could not be read is no clean end", () => {
    expect(finishOf({ content: {}, finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: "Malformed function call: f(" })).toEqual({ reason: "malformed", raw: "MALFORMED_FUNCTION_CALL", detail: "Malformed function call: f(" });
  });

  test("of which thinking ate everything is cut off and empty", () => {
    const reply = decodeWhole({ candidates: [{ content: { role: "model" }, finishReason: "MAX_TOKENS", index: 0 }], usageMetadata: { promptTokenCount: 9, totalTokenCount: 109, thoughtsTokenCount: 100 } });
    expect(reply.choices).toEqual([{ index: 0, blocks: [], finish: { reason: "length", raw: "MAX_TOKENS" } }]);
    expect(reply.usage).toMatchObject({ inputTokens: 9, outputTokens: 100, reasoningTokens: 100 });
  });

  test("to a prompt that was blocked is an empty one, whole and streamed", () => {
    const blocked = { promptFeedback: { blockReason: "PROHIBITED_CONTENT", blockReasonMessage: "no" }, usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 }, modelVersion: "m" };
    const expected = { choices: [{ index: 0, blocks: [], finish: { reason: "filter", raw: "PROHIBITED_CONTENT", detail: "no" } }], usage: { inputTokens: 4, outputTokens: 0 } };
    expect(decodeWhole(blocked)).toMatchObject(expected);
    expect(replyFrom([blocked])).toMatchObject(expected);
  });

  test("counts thoughts with the output and what tools read with the input", () => {
    const usageMetadata = { promptTokenCount: 100, toolUsePromptTokenCount: 20, candidatesTokenCount: 30, thoughtsTokenCount: 40, totalTokenCount: 190, cachedContentTokenCount: 60, promptTokensDetails: [{ modality: "TEXT", tokenCount: 90 }, { modality: "AUDIO", tokenCount: 10 }] };
    const { usage } = decodeWhole({ candidates: [{ ...part, finishReason: "STOP" }], usageMetadata });
    expect(usage).toEqual({ ...noUsage(), inputTokens: 120, outputTokens: 70, cachedInputTokens: 60, reasoningTokens: 40, textInputTokens: 90, audioInputTokens: 10 });
    expect(decodeWhole({ candidates: [{ ...part, finishReason: "STOP" }] }).usage).toEqual(noUsage());
  });

  test("may be the list of what a stream would have brought", () => {
    const chunks = [chunkOf([{ text: "a" }]), chunkOf([{ text: "b" }], { finishReason: "STOP" })];
    const reply = codec.decodeReply(listOf(chunks), targetOf());
    expect(reply).toEqual(replyFrom(chunks));
  });

  test.each<[string, unknown, object]>([
    ["an error", { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }, { kind: "overloaded", status: 0, message: "The model is overloaded.", type: "UNAVAILABLE" }],
    ["a list with an error", [{ error: { code: 400, message: "bad", status: "INVALID_ARGUMENT" } }], { kind: "invalid", message: "bad" }],
    ["nothing", {}, { kind: "internal", code: "empty" }],
    ["no candidate", { candidates: [], usageMetadata: {} }, { kind: "internal", code: "empty" }],
    ["a string", "x", { code: "empty" }],
  ])("that is %s is a failure", (_, document, failure) => {
    const reply = codec.decodeReply(Buffer.from(JSON.stringify(document)), targetOf());
    expect(isFailure(reply) ? reply : null).toMatchObject(failure);
  });

  test("with an error that is null is none", () => {
    expect(decodeWhole({ candidates: [{ ...part, finishReason: "STOP" }], error: null }).choices).toHaveLength(1);
  });

  test("keeps signatures on the parts that they came with", () => {
    const parts = [
      { text: "Hm.", thought: true }, { text: "A", thoughtSignature: "s1" }, { text: "B" }, { functionCall: { id: "x1", name: "f", args: { n: 1 } }, thoughtSignature: "s2" }, { functionCall: { name: "g", args: {} } },
      { text: "", thoughtSignature: "s3" }, { inlineData: { mimeType: "image/png", data: "AA==" }, thoughtSignature: "s4" }, { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "s5" }, { thoughtSignature: "s6" },
    ];
    const expected = [
      { kind: "reasoning", text: "Hm.", isSummary: true }, { kind: "text", text: "A", ...signature("s1") }, { kind: "text", text: "B" }, { kind: "tool-call", id: "x1", name: "f", arguments: '{"n":1}', ...signature("s2") },
      { kind: "tool-call", id: "", name: "g", arguments: "" }, { kind: "text", text: "", ...signature("s3") }, { kind: "image", ...signature("s4") }, { kind: "foreign", value: { thoughtSignature: "s5" } }, { kind: "text", text: "", ...signature("s6") },
    ];
    expect(blocksOf({ candidates: [{ content: { parts }, finishReason: "STOP" }] })).toMatchObject(expected);
    expect(blocksFrom([...parts.map((one) => chunkOf([one])), chunkOf([], { finishReason: "STOP" })])).toMatchObject(expected);
  });

  test("keeps arguments as exact as they were written", () => {
    const text = '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"id":9007199254740993,"rate":1.0,"__proto__":1}}}]},"finishReason":"STOP"}]}';
    const reply = codec.decodeReply(Buffer.from(text), targetOf());
    const events = decodePieces([Buffer.from(`data: ${text}\r\n\r\n`)]);
    expect(isFailure(reply) ? null : reply.choices[0]?.blocks[0]).toMatchObject({ arguments: '{"id":9007199254740993,"rate":1.0,"__proto__":1}' });
    expect(replyOf(events).choices[0]?.blocks[0]).toMatchObject({ arguments: '{"id":9007199254740993,"rate":1.0,"__proto__":1}' });
  });

  test("holds sound as it comes, piece by piece", () => {
    const sound = (data: string) => chunkOf([{ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data } }]);
    expect(blocksFrom([sound("AAA="), sound("AQEB"), chunkOf([{ text: "" }], { finishReason: "STOP" })])).toEqual([{ kind: "audio", at: "", source: { kind: "bytes", data: "AAABAQE=", mediaType: "" }, format: "pcm16" }]);
  });

  test("of sound has a head for a client that asked for a file of it", () => {
    const reply = decodeWhole(chunkOf([{ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AAABAQE=" } }], { finishReason: "STOP" }));
    const asked = (format: string) => ({ ...conversationOf({}), audio: { voice: "kore", format } });
    const soundFor = (format: string) => Buffer.from(String((JSON.parse(openaiChatCodec.encodeReply(reply, asked(format)).body.toString()) as { choices: { message: { audio: { data: string } } }[] }).choices[0]?.message.audio.data), "base64");
    const file = soundFor("wav");
    expect([file.toString("latin1", 0, 4), file.toString("latin1", 8, 12), file.readUInt32LE(24), file.subarray(44)]).toEqual(["RIFF", "WAVE", 24_000, Buffer.from([0, 0, 1, 1, 1])]);
    expect(soundFor("pcm16")).toEqual(Buffer.from([0, 0, 1, 1, 1]));
  });

  test("tells its sources by the units of its text, where Google counts bytes", () => {
    const text = "Wetter in Köln 😀: 7 °C. Sonne.";
    const bytesBefore = (piece: string) => Buffer.byteLength(text.slice(0, text.indexOf(piece)));
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: "https://a", title: "A" } }, { retrievedContext: { uri: "gs://b", title: "B" } }],
      groundingSupports: [
        { segment: { endIndex: bytesBefore(" 7"), text: text.slice(0, text.indexOf(" 7")) }, groundingChunkIndices: [0, 1] },
        { segment: { startIndex: bytesBefore("Sonne"), endIndex: Buffer.byteLength(text), text: "Sonne." }, groundingChunkIndices: [1, 7] },
        { segment: { startIndex: 900, endIndex: 990, text: "elsewhere" }, groundingChunkIndices: [0] },
      ],
    };
    const citations = [
      { kind: "url", start: 0, end: text.indexOf(" 7"), url: "https://a", title: "A", citedText: text.slice(0, text.indexOf(" 7")) },
      { kind: "document", start: 0, end: text.indexOf(" 7"), url: "gs://b", title: "B", citedText: text.slice(0, text.indexOf(" 7")) },
      { kind: "document", start: text.indexOf("Sonne"), end: text.length, url: "gs://b", title: "B", citedText: "Sonne." },
      { kind: "url", start: -1, end: -1, url: "https://a", title: "A", citedText: "elsewhere" },
    ];
    expect(blocksOf({ candidates: [{ content: { parts: [{ text, thoughtSignature: "s" }] }, finishReason: "STOP", groundingMetadata }] })).toMatchObject([{ text, citations }]);
    // They come with the last chunk, or alone behind the reason for the end.
    const pieces = [chunkOf([{ text: "Hm", thought: true }]), chunkOf([{ text: text.slice(0, 12) }]), chunkOf([{ text: text.slice(12) }], { finishReason: "STOP" }), { candidates: [{ groundingMetadata }] }];
    expect(blocksFrom(pieces)).toMatchObject([{ kind: "reasoning" }, { text, citations }]);
  });

  test("tells sources of a text that is over without their place", () => {
    const groundingMetadata = { groundingChunks: [{ web: { uri: "https://a" } }], groundingSupports: [{ segment: { endIndex: 3, text: "One" }, groundingChunkIndices: [0] }] };
    const blocks = blocksFrom([chunkOf([{ text: "One" }]), chunkOf([{ executableCode: { code: "1" } }]), chunkOf([{ text: "Two" }], { finishReason: "STOP", groundingMetadata })]);
    expect(blocks).toMatchObject([{ text: "One" }, { kind: "foreign" }, { text: "Two", citations: [{ start: -1, end: -1, url: "https://a", citedText: "One" }] }]);
  });

  test("tells what it recites, and sources that no statement names", () => {
    const citationMetadata = { citations: [{ startIndex: 1, endIndex: 2, uri: "https://a" }] };
    const groundingMetadata = { groundingChunks: [{ web: { uri: "https://b", title: "B" } }] };
    expect(blocksOf({ candidates: [{ ...part, content: { parts: [{ text: "xyz" }] }, finishReason: "STOP", citationMetadata, groundingMetadata }] })).toMatchObject([{ citations: [{ start: 1, end: 2, url: "https://a" }, { start: -1, url: "https://b" }] }]);
  });

  test("tells all of its sources, and each once however often it comes; more than may be held are a failure", () => {
    const sources = (count: number): Members => ({ groundingChunks: Array.from({ length: count }, (_, number) => ({ web: { uri: `https://${number}.test`, title: "T" } })) });
    const told = (groundingMetadata: Members): Members => chunkOf([{ text: "a" }], { groundingMetadata });
    const last = chunkOf([], { finishReason: "STOP" });
    expect(blocksFrom([...Array.from({ length: 100 }, () => told(sources(1500))), last])).toMatchObject([{ citations: { length: 1500 } }]);
    expect(failureOf(decodePieces([streamOf([told(sources(4097)), last])]))).toMatchObject({ code: "too_large", status: 0 });
    expect(failureOf(decodePieces([streamOf([told(sources(30)), last])], targetOf(), 10_000))).toMatchObject({ code: "too_large", status: 0 });
    expect(codec.decodeReply(Buffer.from(JSON.stringify({ candidates: [{ ...part, finishReason: "STOP", groundingMetadata: sources(4097) }] })), targetOf())).toMatchObject({ code: "too_large", status: 0 });
  });

  test("has several candidates", () => {
    const chunk = (index: number, text: string, rest: Members = {}) => ({ candidates: [{ index, content: { parts: [{ text }] }, ...rest }] });
    expect(replyFrom([chunk(0, "a"), chunk(1, "b"), chunk(0, "c", { finishReason: "STOP" }), chunk(1, "d", { finishReason: "MAX_TOKENS" })]).choices).toMatchObject([
      { index: 0, blocks: [{ text: "ac" }], finish: { reason: "stop" } },
      { index: 1, blocks: [{ text: "bd" }], finish: { reason: "length" } },
    ]);
  });
});

describe("a stream", () => {
  test.each<[string, Buffer]>([
    ["without a reason for its end", streamOf([chunkOf([{ text: "a" }])])],
    ["cut inside an event", Buffer.concat([streamOf([chunkOf([{ text: "a" }], { finishReason: "STOP" })]), Buffer.from('data: {"candidates"')])],
    ["of which only one candidate ended", streamOf([chunkOf([{ text: "a" }], { finishReason: "STOP" }), { candidates: [{ index: 1, content: { parts: [{ text: "b" }] } }] }])],
    ["of nothing", Buffer.alloc(0)],
    ["of white space", Buffer.from(" \r\n")],
    ["of counts only", streamOf([{ usageMetadata: { promptTokenCount: 1 } }])],
    ["that is a list without its end", listOf([chunkOf([{ text: "a" }], { finishReason: "STOP" })]).subarray(0, -1)],
    ["that is a list cut inside a response", listOf([chunkOf([{ text: "a" }], { finishReason: "STOP" })]).subarray(0, -9)],
  ])("%s is truncated", (_, bytes) => {
    expect(failureOf(decodePieces([bytes]))).toMatchObject({ kind: "internal", code: "truncated" });
  });

  test("that is closed as a list needs no reason for its end when it said something", () => {
    expect(replyOf(decodePieces([listOf([chunkOf([{ text: "a" }])])])).choices[0]?.finish).toEqual({ reason: "stop", raw: "" });
    expect(failureOf(decodePieces([Buffer.from("[]")]))).toMatchObject({ code: "truncated" });
  });

  test.each<[string, Members | Members[]]>([
    ["an error", { error: { code: 429, message: "Slow down", status: "RESOURCE_EXHAUSTED", details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "11.2s" }] } }],
    ["a list with an error", [{ error: { code: 429, message: "Slow down", status: "RESOURCE_EXHAUSTED", details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "11.2s" }] } }]],
  ])("with %s in the place of a response fails, in either framing", (_, error) => {
    const failure = { kind: "rate-limited", status: 0, message: "Slow down", type: "RESOURCE_EXHAUSTED", code: "429", retryAfterSeconds: 12 };
    const chunks = [chunkOf([{ text: "a" }]), error as Members, chunkOf([{ text: "never" }], { finishReason: "STOP" })];
    for (const bytes of [streamOf(chunks), listOf(chunks)]) {
      const events = decodePieces([bytes]);
      expect(failureOf(events)).toMatchObject(failure);
      expect(events.filter(({ kind }) => kind === "text")).toHaveLength(1);
    }
  });

  test("that holds words instead of JSON fails with them", () => {
    expect(failureOf(decodePieces([Buffer.from("data: upstream went away\r\n\r\n")]))).toMatchObject({ kind: "internal", message: "upstream went away" });
  });

  test("may be one response without any framing, and one error", () => {
    expect(replyOf(decodePieces([Buffer.from(JSON.stringify(chunkOf([{ text: "a" }], { finishReason: "STOP" })))])).choices[0]?.blocks).toMatchObject([{ text: "a" }]);
    expect(failureOf(decodePieces([Buffer.from('{"error":{"code":401,"message":"x","status":"UNAUTHENTICATED"}}')]))).toMatchObject({ kind: "credential" });
  });

  test("says more behind the reason for its end", () => {
    const [first, second] = blocksFrom([chunkOf([{ text: "a" }], { finishReason: "STOP" }), chunkOf([{ text: "b" }], { finishReason: "STOP" }), chunkOf([{ text: "", thoughtSignature: "s" }], { finishReason: "STOP" })]);
    expect([first, second]).toMatchObject([{ text: "ab" }, { text: "", ...signature("s") }]);
  });

  test("keeps counts as the last chunk tells them, and knows the input from the first", () => {
    const events = decodePieces([streamOf([chunkOf([{ text: "a" }], {}, { usageMetadata: { promptTokenCount: 9 } }), chunkOf([{ text: "b" }], { finishReason: "STOP" }, { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13 } })])]);
    expect(events.flatMap((event) => (event.kind === "usage" ? [[event.usage.inputTokens, event.usage.outputTokens]] : []))).toEqual([[9, -1], [9, 4]]);
    expect(events[1]?.kind).toBe("usage");
  });

  test("never gives half of a pair away", () => {
    const halves = Buffer.from(streamOf([chunkOf([{ text: "a§" }]), chunkOf([{ text: "¤b" }], { finishReason: "STOP" })]).toString().replace("§", "\\ud83d").replace("¤", "\\ude00"));
    expect(decodePieces([halves]).flatMap((event) => (event.kind === "text" ? [event.text] : []))).toEqual(["a", "😀b"]);
  });

  test("puts calls together whose arguments come value by value", () => {
    const calling = (call: Members, rest: Members = {}) => chunkOf([{ functionCall: call }], rest);
    const blocks = blocksFrom([
      calling({ id: "c1", name: "f", willContinue: true }),
      calling({ partialArgs: [{ jsonPath: "$.city", stringValue: "Kö", willContinue: true }], willContinue: true }),
      calling({ partialArgs: [{ jsonPath: "$.city", stringValue: "ln" }, { jsonPath: "$.days[0].n", numberValue: 1.5 }, { jsonPath: "$.days[1]['a.b']", boolValue: true }, { jsonPath: "$.none", nullValue: "NULL_VALUE" }], willContinue: true }),
      calling({}),
      calling({ name: "g", partialArgs: [{ jsonPath: "no path", stringValue: "x" }] }),
      calling({ name: "h", args: { a: 1 } }, { finishReason: "STOP" }),
    ]);
    expect(blocks).toMatchObject([
      { kind: "tool-call", id: "c1", name: "f", arguments: '{"city":"Köln","days":[{"n":1.5},{"a.b":true}],"none":null}' },
      { kind: "tool-call", name: "g", arguments: "" },
      { kind: "tool-call", name: "h", arguments: '{"a":1}' },
    ]);
  });

  test("ends a call that the limit cut", () => {
    const chunks = [chunkOf([{ functionCall: { name: "f", partialArgs: [{ jsonPath: "$.a", stringValue: "x", willContinue: true }], willContinue: true } }]), chunkOf([], { finishReason: "MAX_TOKENS" })];
    expect(replyFrom(chunks).choices).toMatchObject([{ blocks: [{ name: "f", arguments: '{"a":"x"}' }], finish: { reason: "length" } }]);
  });

  test("of more than may be held fails at once", () => {
    const long = streamOf([chunkOf([{ text: "x".repeat(5000) }])]);
    for (const bytes of [long, listOf([chunkOf([{ text: "x".repeat(5000) }])])]) {
      const decoder = codec.decodeStream(targetOf(), 1000);
      const events = [...inPiecesOf(bytes, 100)].flatMap((piece) => decoder.push(piece));
      expect(failureOf(events)).toMatchObject({ code: "too_large" });
      expect(decoder.push(bytes)).toEqual([]);
    }
  });
});

describe("a refusal", () => {
  const refused = (status: number, body: unknown, headers: Record<string, string> = {}) => codec.decodeFailure(status, headers, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
  const error = (code: number, status: string, message: string, details: unknown[] = []) => ({ error: { code, message, status, details } });
  const info = (reason: string) => ({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason });

  test.each<[number, unknown, object]>([
    [400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [info("API_KEY_INVALID")]), { kind: "credential", code: "API_KEY_INVALID" }],
    [400, error(400, "INVALID_ARGUMENT", "API key not valid."), { kind: "credential" }],
    [400, error(400, "INVALID_ARGUMENT", "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."), { kind: "context-too-long" }],
    [400, error(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."), { kind: "too-large" }],
    [413, error(413, "INVALID_ARGUMENT", "The context limit of a request is 20 MB"), { kind: "too-large" }],
    [413, "<html><title>Error 413 (Request Entity Too Large)!!1</title></html>", { kind: "too-large" }],
    [400, error(400, "INVALID_ARGUMENT", "bad", [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field: "contents[0]" }] }]), { kind: "invalid", parameter: "contents[0]", message: "bad", type: "INVALID_ARGUMENT" }],
    [400, error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), { kind: "invalid", type: "FAILED_PRECONDITION" }],
    [401, error(401, "UNAUTHENTICATED", "expired"), { kind: "credential" }],
    [403, error(403, "PERMISSION_DENIED", "no", [info("SERVICE_DISABLED")]), { kind: "forbidden" }],
    [404, error(404, "NOT_FOUND", "models/x is not found"), { kind: "not-found" }],
    [429, error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.", [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "12s" }]), { kind: "rate-limited", retryAfterSeconds: 12 }],
    [500, error(500, "INTERNAL", "oops"), { kind: "internal" }],
    [503, error(503, "UNAVAILABLE", "The model is overloaded."), { kind: "overloaded" }],
    [504, error(504, "DEADLINE_EXCEEDED", "slow"), { kind: "timeout" }],
    [400, [error(400, "INVALID_ARGUMENT", "in a list")], { kind: "invalid", message: "in a list" }],
    [400, { type: "error", error: { type: "invalid_request_error", message: "of Anthropic" } }, { kind: "invalid", message: "of Anthropic", type: "invalid_request_error" }],
    [502, "<html><body>Bad gateway</body></html>", { kind: "internal", message: "The provider answered with status 502 and no message." }],
    [404, "Not here", { kind: "not-found", message: "Not here" }],
    [401, '"no"', { kind: "credential" }],
    [500, "", { kind: "internal" }],
  ])("with status %d is understood: %j", (status, body, failure) => {
    expect(refused(status, body)).toMatchObject({ status, ...failure });
  });

  test("says when to come again, in its body or its head", () => {
    const limited = error(429, "RESOURCE_EXHAUSTED", "x");
    expect(refused(429, limited, { "retry-after": "7" }).retryAfterSeconds).toBe(7);
    expect(refused(429, limited, { "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }).retryAfterSeconds).toBe(30);
    expect(refused(429, limited, { "retry-after": "-5" }).retryAfterSeconds).toBe(0);
    expect(refused(429, error(429, "RESOURCE_EXHAUSTED", "x", [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "999999999s" }])).retryAfterSeconds).toBe(86_400);
  });
});
