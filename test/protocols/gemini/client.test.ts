// What clients of Gemini's protocol are answered, whole and as streams in either framing, as Google's own library reads it, and
// that it brings back with the history what other vendors' models want to have back.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { noUsage, type Block, type Conversation, type Event, type Finish, type FinishReason, type Opaque, type Reply } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { accumulate, codec, conversationOf, dataOf, decodePieces, encodeAll, historyAfter, type Members, readReply, replyOf as collect, textOf } from "./driving.ts";

const thoughtful = conversationOf({ generationConfig: { thinkingConfig: { includeThoughts: true } } });
const tooled = conversationOf({ tools: [{ functionDeclarations: [{ name: "f" }] }] });
const usage = { ...noUsage(), inputTokens: 10, outputTokens: 7, reasoningTokens: 3, cachedInputTokens: 4 };
const foreign: Opaque = { kind: "signature", origin: "anthropic-messages/anthropic", value: "s1" };

const replyOf = (blocks: readonly Block[], finish: Finish = { reason: "stop", raw: "end_turn" }): Reply => ({ id: "msg_1", model: "claude", createdAt: 5, choices: [{ index: 0, blocks, finish }], usage, serviceTier: "" });
const written = (blocks: readonly Block[], asked: Conversation = conversationOf({}), finish?: Finish) => JSON.parse(codec.encodeReply(replyOf(blocks, finish), asked).body.toString()) as Members;
const partsOf = (blocks: readonly Block[], asked?: Conversation) => (((written(blocks, asked)["candidates"] as Members[])[0] as Members)["content"] as Members)["parts"] as Members[];
const streamed = (blocks: readonly Block[], asked?: Conversation, finish?: Finish) => encodeAll(eventsOf(replyOf(blocks, finish)), asked);
const chunkParts = (text: string) => dataOf(text).flatMap((chunk) => ((((chunk["candidates"] as Members[])[0] as Members)["content"] as Members)["parts"] as Members[]));

const reasoning = (text: string, more: object = {}): Block => ({ kind: "reasoning", at: "", text, isSummary: false, ...more }) as Block;
const call = (id: string, name: string, text: string, more: object = {}): Block => ({ kind: "tool-call", at: "", id, name, arguments: text, ...more }) as Block;

describe("a reply", () => {
  test("is one of Google's, by the name that the client asked for", () => {
    expect(written([textOf("A"), call("c1", "f", '{"n":1.0}')], conversationOf({}), { reason: "tool-calls", raw: "tool_use" })).toEqual({
      candidates: [{ content: { parts: [{ text: "A" }, { functionCall: { id: "c1", name: "f", args: { n: 1 } } }], role: "model" }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 17, cachedContentTokenCount: 4, thoughtsTokenCount: 3 },
      modelVersion: "our-gemini",
      responseId: "msg_1",
    });
  });

  test.each<[FinishReason, string]>([
    ["stop", "STOP"], ["stop-sequence", "STOP"], ["tool-calls", "STOP"], ["paused", "MAX_TOKENS"], ["length", "MAX_TOKENS"], ["context-full", "MAX_TOKENS"], ["filter", "SAFETY"], ["refusal", "SAFETY"],
    ["malformed", "MALFORMED_FUNCTION_CALL"], ["fault", "OTHER"], ["other", "OTHER"],
  ])("ends for %s as %s", (reason, word) => {
    const [candidate] = written([textOf("x")], conversationOf({}), { reason, raw: "whatever", detail: "because" })["candidates"] as Members[];
    expect(candidate).toMatchObject({ finishReason: word, finishMessage: "because" });
  });

  test("that was filtered before a word was said is told of the prompt, whole and streamed", async () => {
    const finish: Finish = { reason: "filter", raw: "content_filter", detail: "no" };
    const expected = { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "no" }, modelVersion: "our-gemini" };
    expect(written([], conversationOf({}), finish)).toMatchObject(expected);
    expect(dataOf(streamed([], conversationOf({}), finish))).toMatchObject([expected]);
    expect((await accumulate(streamed([], conversationOf({}), finish))).usage).toMatchObject({ promptTokenCount: 10 });
  });

  test("tells nothing of counts that nobody knows", () => {
    const body = JSON.parse(codec.encodeReply({ ...replyOf([]), usage: noUsage() }, conversationOf({})).body.toString()) as Members;
    expect("usageMetadata" in body).toBe(false);
  });

  test("has whole arguments, also of calls that were cut off and of tools that take text", () => {
    expect(partsOf([call("1", "f", ""), call("2", "f", '{"a":"Kö'), call("3", "edit", "+x", { isCustom: true })]).map((part) => (part["functionCall"] as Members)["args"])).toEqual([{}, { _raw: '{"a":"Kö' }, { input: "+x" }]);
    expect(codec.encodeReply(replyOf([call("1", "f", '{"id":9007199254740993}')]), conversationOf({})).body.toString()).toContain('"args":{"id":9007199254740993}');
  });

  test("shows thinking only to those who asked for it", () => {
    const blocks = [reasoning("Hm."), textOf("A")];
    expect(partsOf(blocks, thoughtful)).toEqual([{ text: "Hm.", thought: true }, { text: "A" }]);
    expect(partsOf(blocks)).toEqual([{ text: "A" }]);
    expect(chunkParts(streamed(blocks))).toEqual([{ text: "A" }, { text: "" }]);
    expect(chunkParts(streamed(blocks, thoughtful))).toEqual([{ text: "Hm.", thought: true }, { text: "A" }, { text: "" }]);
  });

  test("has images, sound and files by their bytes or address", () => {
    const media: Block[] = [
      { kind: "image", at: "", source: { kind: "bytes", data: "AA==", mediaType: "image/png" } },
      { kind: "image", at: "", source: { kind: "url", url: "https://a/b.png" } },
      { kind: "audio", at: "", format: "pcm16", source: { kind: "bytes", data: "AA==", mediaType: "" } },
    ];
    const expected = [{ inlineData: { mimeType: "image/png", data: "AA==" } }, { fileData: { mimeType: "image/png", fileUri: "https://a/b.png" } }, { inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AA==" } }];
    expect(partsOf(media)).toEqual(expected);
    expect(chunkParts(streamed(media))).toEqual([...expected, { text: "" }]);
  });

  test("tells what it cannot carry", () => {
    const spoken: Block = { kind: "audio", at: "", format: "wav", source: { kind: "bytes", data: "AA==", mediaType: "" }, transcript: "Hi" };
    const searched: Block = { kind: "foreign", at: "", protocol: "anthropic-messages", type: "server_tool_use", value: {}, text: "searched" };
    const stored: Block = { kind: "file", at: "", name: "", source: { kind: "stored", protocol: "openai-chat", id: "f", mediaType: "" } };
    const losses = [
      { path: "content.parts.inlineData.transcript", reason: "unsupported", severity: "minor" },
      { path: "content.parts.server_tool_use", reason: "unsupported", severity: "minor" },
      { path: "content.parts.file", reason: "foreign", severity: "major" },
    ];
    expect(codec.encodeReply(replyOf([spoken, searched, stored]), conversationOf({})).losses).toEqual(losses);
    expect(partsOf([searched])).toEqual([{ text: "searched" }]);
    const encoder = codec.encodeStream(conversationOf({}));
    for (const event of eventsOf(replyOf([spoken, searched, stored]))) encoder.push(event);
    expect(encoder.losses).toEqual(losses);
  });

  test("tells its sources by bytes, where we count units, whole and streamed", async () => {
    const text = "Köln 😀 ist warm.";
    const citation = { kind: "url", start: 5, end: 7, url: "https://a", title: "A", citedText: "" } as const;
    const blocks: Block[] = [reasoning("Hm."), { kind: "text", at: "", text, citations: [citation, { ...citation, start: -1, end: -1, kind: "document", url: "", title: "B", citedText: "said" }, { ...citation, start: 0, end: 4 }] }];
    const grounding = {
      groundingChunks: [{ web: { uri: "https://a", title: "A" } }, { retrievedContext: { title: "B", text: "said" } }],
      groundingSupports: [
        { segment: { startIndex: 6, endIndex: 10, text: "😀" }, groundingChunkIndices: [0] },
        { segment: { endIndex: 5, text: "Köln" }, groundingChunkIndices: [0] },
      ],
    };
    expect((written(blocks)["candidates"] as Members[])[0]).toMatchObject({ groundingMetadata: grounding });
    expect((await accumulate(streamed(blocks))).grounding).toEqual(grounding);
    const shown = (await accumulate(streamed(blocks, thoughtful))).grounding as typeof grounding;
    expect(shown.groundingSupports[0]?.segment).toEqual({ partIndex: 1, startIndex: 6, endIndex: 10, text: "😀" });
    const again = collect(decodePieces([Buffer.from(streamed(blocks))])).choices[0]?.blocks[0];
    expect(again?.kind === "text" ? again.citations : null).toMatchObject([{ start: 5, end: 7 }, { start: 0, end: 4 }]);
  });

  test("tells likelihoods, whole and streamed", () => {
    const logprobs = [{ token: "A", logprob: -0.5, bytes: [65], top: [{ token: "A", logprob: -0.5, bytes: [65] }] }];
    const logprobsResult = { chosenCandidates: [{ token: "A", logProbability: -0.5 }], topCandidates: [{ candidates: [{ token: "A", logProbability: -0.5 }] }] };
    const block: Block = { kind: "text", at: "", text: "A", logprobs };
    expect((written([block])["candidates"] as Members[])[0]).toMatchObject({ logprobsResult });
    expect(dataOf(streamed([block]))[0]).toMatchObject({ candidates: [{ logprobsResult, content: { parts: [{ text: "A" }] } }] });
  });
});

describe("a stream", () => {
  const start: Event = { kind: "start", id: "r1", model: "m", createdAt: 0, serviceTier: "" };
  const block = (index: number, head: Extract<Event, { kind: "block-start" }>["head"], ...texts: string[]): Event[] => [
    { kind: "block-start", choice: 0, index, head },
    ...texts.map((text): Event => ({ kind: "text", choice: 0, index, text })),
    { kind: "block-stop", choice: 0, index },
  ];
  const ended = (reason: FinishReason = "stop"): Event[] => [{ kind: "finish", choice: 0, finish: { reason, raw: "" } }, { kind: "usage", usage }, { kind: "end" }];

  test("has a chunk for each piece of text, framed as Google frames it, and one for the end", () => {
    const text = encodeAll([start, ...block(0, { kind: "text" }, 'H"i', " ö"), ...ended()]);
    const chunk = (words: string, rest = "", behind = "") => `data: {"candidates":[{"content":{"parts":[{"text":${JSON.stringify(words)}}],"role":"model"}${rest},"index":0}],"modelVersion":"our-gemini","responseId":"r1"${behind}}\r\n\r\n`;
    expect(text).toBe(chunk('H"i') + chunk(" ö") + chunk("", ',"finishReason":"STOP"', ',"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":4,"totalTokenCount":17,"cachedContentTokenCount":4,"thoughtsTokenCount":3}'));
  });

  test("is a list where the client did not ask for events", () => {
    const asked = conversationOf({}, "");
    const chunks = dataOf(encodeAll([start, ...block(0, { kind: "text" }, "a", "b"), ...ended()]));
    expect(JSON.parse(encodeAll([start, ...block(0, { kind: "text" }, "a", "b"), ...ended()], asked))).toEqual(chunks);
    const encoder = codec.encodeStream(asked);
    const pieces = [start, ...block(0, { kind: "text" }, "a", "b")].map((event) => encoder.push(event));
    expect(pieces.map((piece) => String(piece).slice(0, 3))).toEqual(["", "", '[{"', ",\r\n", ""]);
    expect(JSON.parse(pieces.join("") + encoder.fail(failure("TIMEOUT_IDLE", { seconds: 5 })))).toMatchObject([{}, {}, { error: { code: 504, status: "DEADLINE_EXCEEDED" } }]);
    expect([encoder.fail(failure("INTERNAL")), encoder.push({ kind: "end" })]).toEqual(["", ""]);
    expect(JSON.parse(String(codec.encodeStream(asked).fail(failure("INTERNAL"))))).toMatchObject([{ error: { code: 500 } }]);
    expect(JSON.parse(encodeAll([start, { kind: "end" }], asked))).toHaveLength(1);
  });

  test("that fails ends with an error that Google's own library throws", async () => {
    const encoder = codec.encodeStream(conversationOf({}));
    const begun = [start, ...block(0, { kind: "text" }, "a")].map((event) => encoder.push(event)).join("");
    const told = encoder.fail({ ...failure("UPSTREAM_STREAM_ERROR", { reason: "overloaded" }), status: 503, kind: "overloaded", retryAfterSeconds: 3 });
    expect(dataOf(String(told))).toEqual([{
      error: {
        code: 503, status: "UNAVAILABLE", message: "The provider reported an error inside its stream: overloaded",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "UPSTREAM_STREAM_ERROR", domain: "llm-gateway" }, { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }],
      },
    }]);
    await expect(accumulate(begun + String(told))).rejects.toMatchObject({ status: 503 });
  });

  test("has nothing that Google's own libraries take for a broken chunk", () => {
    const encoder = codec.encodeStream(conversationOf({}));
    expect([encoder.push({ kind: "ping" }), codec.refusesComments]).toEqual(["", true]);
  });

  test("puts calls whole behind what stood before them, also when they grew at the same time", () => {
    const head = (id: string) => ({ kind: "tool-call", id, name: "f", isCustom: false }) as const;
    const at = (index: number, text: string): Event => ({ kind: "text", choice: 0, index, text });
    const events: Event[] = [
      start, { kind: "block-start", choice: 0, index: 0, head: head("a") }, { kind: "block-start", choice: 0, index: 1, head: head("b") }, at(1, '{"n":'), at(0, '{"m":'), at(1, "2}"), at(0, "1}"),
      { kind: "block-stop", choice: 0, index: 1 }, { kind: "block-stop", choice: 0, index: 0 }, ...ended("tool-calls"),
    ];
    expect(chunkParts(encodeAll(events))).toEqual([{ functionCall: { id: "a", name: "f", args: { m: 1 } } }, { functionCall: { id: "b", name: "f", args: { n: 2 } } }, { text: "" }]);
  });

  test("tells several candidates apart", () => {
    const both: Event[] = [0, 1].flatMap((choice): Event[] => [{ kind: "block-start", choice, index: 0, head: { kind: "text" } }, { kind: "text", choice, index: 0, text: `t${choice}` }, { kind: "block-stop", choice, index: 0 }, { kind: "finish", choice, finish: { reason: "stop", raw: "" } }]);
    const events = [start, ...both, { kind: "end" } as const];
    expect(collect(decodePieces([Buffer.from(encodeAll(events))])).choices).toMatchObject([{ index: 0, blocks: [{ text: "t0" }] }, { index: 1, blocks: [{ text: "t1" }] }]);
  });

  test("leaves Google's own library with the whole turn in its history", async () => {
    const history = await historyAfter(streamed([textOf("A"), call("c1", "f", '{"n":1}')]));
    const conversation = conversationOf({ contents: [...history, { role: "user", parts: [{ functionResponse: { id: "c1", name: "f", response: { output: "5" } } }] }] });
    expect(conversation.turns).toMatchObject([{ role: "user" }, { role: "assistant", blocks: [{ kind: "text", text: "A" }, { kind: "tool-call", id: "c1", arguments: '{"n":1}' }, { text: "" }] }, { role: "user", blocks: [{ kind: "tool-result", id: "c1" }] }]);
  });
});

describe("what other vendors' models gave to be given back", () => {
  const backFrom = async (blocks: readonly Block[], asked: Conversation) => {
    const contents = await historyAfter(streamed(blocks, asked));
    const whole = partsOf(blocks, asked);
    const backs = [contents, [{ role: "user", parts: [{ text: "Hi" }] }, { role: "model", parts: whole }]].map((history) => conversationOf({ contents: history }).turns[1]?.blocks.filter((block) => block.kind !== "text" || block.text !== "" || block.opaques !== undefined));
    return backs.map((back) => JSON.parse(JSON.stringify(back?.map(({ at: _, ...block }) => block))) as unknown);
  };
  const bare = (blocks: readonly Block[]) => JSON.parse(JSON.stringify(blocks.map(({ at: _, ...block }) => block))) as unknown;

  test.each<[string, readonly Block[]]>([
    ["thinking before a text", [reasoning("Hm, so.", { opaques: [foreign] }), textOf("A")]],
    ["thinking before a call", [reasoning("Hm, so.", { opaques: [foreign] }), call("c1", "f", "")]],
    ["thinking, words and a call", [reasoning("Hm.", { opaques: [foreign] }), textOf("A"), call("c1", "f", '{"n":1}')]],
    ["thinking between calls", [call("c1", "f", ""), reasoning("Hm.", { opaques: [foreign] }), call("c2", "f", "")]],
    ["two thoughts", [reasoning("One.", { opaques: [foreign] }), reasoning("Two\0\n.", { opaques: [{ ...foreign, value: "s2" }], isSummary: true }), textOf("A")]],
    ["thinking that was redacted", [reasoning("", { opaques: [{ ...foreign, kind: "redacted", value: "xx" }] }), textOf("A")]],
    ["encrypted thinking with a name", [reasoning("Sum.", { isSummary: true, opaques: [{ kind: "id", origin: "openai-responses", value: "rs_1" }, { kind: "encrypted", origin: "openai-responses/openai", value: "enc" }] }), call("c1", "f", "")]],
    ["a signed call", [call("c1", "f", "", { opaques: [foreign] }), call("c2", "g", "")]],
    ["thinking that nobody signed, where tools are in play", [reasoning("Hm."), call("c1", "f", "")]],
  ])("comes back, shown or not: %s", async (_, blocks) => {
    for (const asked of [tooled, { ...tooled, reasoning: thoughtful.reasoning }]) for (const back of await backFrom(blocks, asked)) expect(back).toEqual(bare(blocks));
  });

  test("comes back behind the last part where no part follows", async () => {
    const [streamedBack, wholeBack] = await backFrom([textOf("A"), reasoning("Hm.", { opaques: [foreign] })], tooled);
    expect(streamedBack).toEqual([{ kind: "text", text: "A" }, { kind: "reasoning", text: "Hm.", isSummary: false, opaques: [foreign] }, { kind: "text", text: "" }].slice(0, 2));
    expect(wholeBack).toEqual(streamedBack);
  });

  test("is Gemini's own signature as it is, where it is Gemini's", () => {
    const own: Opaque = { kind: "signature", origin: "gemini/gcp.gemini", value: "s1" };
    const blocks = [{ ...textOf("A"), opaques: [own] } as Block, call("c1", "f", "", { opaques: [own] }), { ...textOf(""), opaques: [own] } as Block];
    expect(partsOf(blocks).map((part) => part["thoughtSignature"])).toEqual(["s1", "s1", "s1"]);
    expect(chunkParts(streamed(blocks))).toEqual([{ text: "A" }, { text: "", thoughtSignature: "s1" }, { functionCall: { id: "c1", name: "f", args: {} }, thoughtSignature: "s1" }, { text: "", thoughtSignature: "s1" }, { text: "" }]);
  });

  test("is no name that another side gave to a text", () => {
    expect(partsOf([{ ...textOf("A"), opaques: [{ kind: "id", origin: "openai-responses", value: "msg_1" }] } as Block])).toEqual([{ text: "A" }]);
  });

  test("is told as lost when it is longer than a client should carry", () => {
    const { losses } = codec.encodeReply(replyOf([reasoning("x".repeat(300_000), { opaques: [foreign] }), textOf("A")]), conversationOf({}));
    expect(losses).toEqual([{ path: "content.parts.thought", reason: "limited", severity: "minor" }]);
  });
});

describe("a failure", () => {
  test.each([
    [failure("AUTH_INVALID"), 401, "UNAUTHENTICATED"],
    [failure("ROUTE_MODEL_NOT_FOUND", { model: "x" }), 404, "NOT_FOUND"],
    [failure("REQUEST_INVALID", { problem: "bad" }, "contents[0]"), 400, "INVALID_ARGUMENT"],
    [failure("UPSTREAM_RATE_LIMITED", { upstreamStatus: 429 }, "", 7), 429, "RESOURCE_EXHAUSTED"],
    [failure("ADMIT_OVERLOADED"), 503, "UNAVAILABLE"],
    [failure("INTERNAL"), 500, "INTERNAL"],
    [{ ...failure("UPSTREAM_REJECTED"), status: 402, kind: "payment" as const }, 402, "RESOURCE_EXHAUSTED"],
  ])("has Google's words for it: %j", (reason, code, status) => {
    const { error } = JSON.parse(codec.encodeFailure(reason)) as { error: Members };
    expect(error).toMatchObject({ code, status, message: reason.message });
    expect(codec.decodeFailure(code, {}, Buffer.from(JSON.stringify({ error })))).toMatchObject({ status: code, message: reason.message, code: reason.code, parameter: reason.parameter, retryAfterSeconds: reason.retryAfterSeconds });
  });
});

describe("Google's own library", () => {
  test("reads the same from a reply and from a stream", async () => {
    const blocks = [reasoning("Hm."), textOf("A"), call("c1", "f", '{"n":1}')];
    for (const asked of [thoughtful, conversationOf({})]) {
      const [whole, read] = await Promise.all([readReply(JSON.stringify(written(blocks, asked))), accumulate(streamed(blocks, asked))]);
      expect(read).toEqual(whole);
    }
  });
});
