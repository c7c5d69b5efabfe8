// Streams of Converse: what a provider's frames mean, what a client is written, and what Amazon's own library reads of it.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { unwrap } from "../../../dataplane/protocols/carrier.ts";
import type { Block, Event, Opaque, Reply } from "../../../dataplane/protocols/ir.ts";
import { noUsage } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import { words } from "../../../dataplane/wire/aws-event-headers.ts";
import { encodeFrame } from "../../../dataplane/wire/aws-event-stream.ts";
import { accumulate, askedOf, blockStop, codec, conversationOf, decodePieces, encodeAll, Endpoint, type EventOf, exceptionOf, frameOf, framesIn, METADATA, type Members, NAME, ORIGIN, plain, replyOf, START, STOP, streamOf, targetOf, textDelta } from "./driving.ts";

const seed = Number(process.env["SEED"] ?? 20_261_121);
const delta = (index: number, members: Members) => ["contentBlockDelta", { contentBlockIndex: index, delta: members }] as const;
const start = (index: number, members: Members) => ["contentBlockStart", { contentBlockIndex: index, start: members }] as const;
const decoded = (...events: readonly EventOf[]) => decodePieces([streamOf(...events)]);
const blocksOf = (...events: readonly EventOf[]) => replyOf(decoded(START, ...events, STOP, METADATA)).choices[0]?.blocks;
const failureOf = (events: readonly Event[]) => {
  const last = events.at(-1);
  return last?.kind === "failure" ? last.failure : null;
};

describe("a provider's stream", () => {
  test("holds the reason for the end until the counts have come", () => {
    const decoder = codec.decodeStream(targetOf(), 1_000_000);
    expect(decoder.push(streamOf(START, textDelta("Hi"), blockStop(), STOP)).map(({ kind }) => kind)).toEqual(["start", "block-start", "text", "block-stop"]);
    expect(decoder.push(streamOf(METADATA)).map(({ kind }) => kind)).toEqual(["usage", "finish", "end"]);
    expect([decoder.push(streamOf(METADATA)), decoder.end()]).toEqual([[], []]);
  });

  test("is complete without counts too, when it ends between frames", () => {
    expect(decoded(START, textDelta("Hi"), blockStop(), STOP).slice(-2)).toEqual([{ kind: "finish", choice: 0, finish: { reason: "stop", raw: "end_turn" } }, { kind: "end" }]);
  });

  test.each<[string, Buffer]>([
    ["before the reason", streamOf(START, textDelta("Hi"), blockStop())],
    ["in a frame", streamOf(START, textDelta("Hi")).subarray(0, -3)],
    ["in the frame of the counts", streamOf(START, textDelta("Hi"), blockStop(), STOP, METADATA).subarray(0, -3)],
    ["before its beginning", Buffer.alloc(0)],
  ])("that ends %s is cut off", (_, bytes) => {
    expect(failureOf(decodePieces([bytes]))).toMatchObject({ kind: "internal", code: "truncated" });
  });

  test("that is broken fails at once", () => {
    const bytes = streamOf(START, textDelta("Hi"));
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    const decoder = codec.decodeStream(targetOf(), 1_000_000);
    expect(failureOf(decoder.push(bytes))).toMatchObject({ kind: "internal", code: "broken_frame" });
    expect([decoder.push(streamOf(STOP, METADATA)), decoder.end()]).toEqual([[], []]);
  });

  test("with a frame that is too long fails at once", () => {
    expect(failureOf(codec.decodeStream(targetOf(), 200).push(streamOf(START, textDelta("x".repeat(200)))))).toMatchObject({ code: "too_large" });
  });

  test("begins blocks with their first content, and skips texts of nothing", () => {
    expect(blocksOf(textDelta(""), blockStop(0), delta(1, { reasoningContent: { text: "Hm" } }), delta(1, { reasoningContent: { signature: "c2" } }), delta(1, { reasoningContent: { signature: "ln" } }), blockStop(1), textDelta("So", 2), blockStop(2))).toEqual([
      { kind: "reasoning", at: "", text: "Hm", isSummary: false, opaques: [{ kind: "signature", origin: ORIGIN, value: "c2ln" }] },
      { kind: "text", at: "", text: "So" },
    ]);
  });

  test("keeps calls as the model wrote them, also those of nothing and those that were cut off", () => {
    expect(blocksOf(start(0, { toolUse: { toolUseId: "t1", name: "f" } }), delta(0, { toolUse: { input: '{"id":90071992' } }), delta(0, { toolUse: { input: "54740993}" } }), blockStop(0), start(1, { toolUse: { toolUseId: "t2", name: "g" } }), delta(1, { toolUse: { input: "" } }), blockStop(1))).toEqual([
      { kind: "tool-call", at: "", id: "t1", name: "f", arguments: '{"id":9007199254740993}' },
      { kind: "tool-call", at: "", id: "t2", name: "g", arguments: "" },
    ]);
    const cut = replyOf(decoded(START, start(0, { toolUse: { toolUseId: "t1", name: "f" } }), delta(0, { toolUse: { input: '{"a":' } }), ["messageStop", { stopReason: "max_tokens" }], METADATA));
    expect(cut.choices[0]).toMatchObject({ blocks: [{ arguments: '{"a":' }], finish: { reason: "length" } });
  });

  test("tells citations behind their text, wherever they come", () => {
    const citation = { title: "A", location: { web: { url: "https://a.example" } } };
    expect(blocksOf(delta(0, { citation }), textDelta("Rome"), blockStop())).toMatchObject([{ kind: "text", text: "Rome", citations: [{ kind: "url", start: 0, end: 4, url: "https://a.example", title: "A" }] }]);
  });

  test("gives images, and what Bedrock's own tools asked and gave, as a whole", () => {
    expect(
      blocksOf(
        start(0, { image: { format: "png" } }), delta(0, { image: { source: { bytes: "iVBORw==" } } }), blockStop(0),
        start(1, { toolUse: { toolUseId: "s1", name: "nova_grounding", type: "server_tool_use" } }), delta(1, { toolUse: { input: '{"q":1}' } }), blockStop(1),
        start(2, { toolResult: { toolUseId: "s1", type: "x" } }), delta(2, { toolResult: [{ text: "found" }] }), delta(2, { toolResult: [{ text: "more" }] }), blockStop(2),
      ),
    ).toMatchObject([
      { kind: "image", source: { kind: "bytes", data: "iVBORw==", mediaType: "image/png" } },
      { kind: "foreign", type: "toolUse", value: { toolUse: { toolUseId: "s1", input: { q: 1 } } } },
      { kind: "foreign", type: "toolResult", text: "found\nmore" },
    ]);
  });

  test("joins redacted reasoning whose pieces are base64 each", () => {
    const pieces = ["abc", "defg"].map((piece) => delta(0, { reasoningContent: { redactedContent: Buffer.from(piece).toString("base64") } }));
    expect(blocksOf(...pieces, blockStop())?.[0]?.opaques).toEqual([{ kind: "redacted", origin: ORIGIN, value: Buffer.from("abcdefg").toString("base64") }]);
  });

  test("never gives half a character", () => {
    const frame = (text: string): Buffer => encodeFrame(words({ ":event-type": "contentBlockDelta", ":message-type": "event" }), `{"contentBlockIndex":0,"delta":{"text":"${text}"}}`);
    const bytes = Buffer.concat([streamOf(START), frame("a\\ud83d"), frame("\\ude00b"), frame("c\\ud83d"), streamOf(blockStop(), STOP)]);
    expect(decodePieces([bytes]).flatMap((event) => (event.kind === "text" ? [event.text] : []))).toEqual(["a", "😀b", "c", "\ud83d"]);
  });

  test("skips what it does not know", () => {
    expect(replyOf(decoded(START, ["hologram", { a: 1 }], textDelta("Hi"), delta(0, { hologram: 1 }), blockStop(), blockStop(7), delta(9, { toolUse: { input: "x" } }), STOP, METADATA)).choices[0]?.blocks).toEqual([{ kind: "text", at: "", text: "Hi" }]);
    expect(replyOf(decodePieces([Buffer.concat([streamOf(START), encodeFrame(words({ ":message-type": "event", ":event-type": "metadata" }), "no JSON"), streamOf(textDelta("Hi"), STOP)])])).usage).toEqual(noUsage());
  });

  test.each<[string, string, string]>([
    ["end_turn", "stop", ""], ["tool_use", "tool-calls", ""], ["max_tokens", "length", ""], ["stop_sequence", "stop-sequence", ""], ["guardrail_intervened", "filter", ""], ["content_filtered", "filter", ""],
    ["malformed_model_output", "malformed", ""], ["malformed_tool_use", "malformed", ""], ["model_context_window_exceeded", "context-full", ""], ["quantum", "other", ""],
  ])("stops for a reason: %s", (raw, reason) => {
    expect(replyOf(decoded(START, ["messageStop", { stopReason: raw }], METADATA)).choices[0]?.finish).toEqual({ reason, raw });
  });

  test("tells which string it met when that is said", () => {
    expect(replyOf(decoded(START, ["messageStop", { stopReason: "stop_sequence", additionalModelResponseFields: { stop_sequence: "END" } }], METADATA)).choices[0]?.finish).toEqual({ reason: "stop-sequence", raw: "stop_sequence", stopSequence: "END" });
  });

  test("counts all of the input, cached or not", () => {
    const usage = { inputTokens: 10, outputTokens: 20, totalTokens: 60, cacheReadInputTokens: 5, cacheWriteInputTokens: 25, cacheDetails: [{ ttl: "1h", inputTokens: 20 }, { ttl: "5m", inputTokens: 5 }] };
    const { usage: read } = replyOf(decoded(START, STOP, ["metadata", { usage }]));
    expect(read).toEqual({ ...noUsage(), inputTokens: 40, outputTokens: 20, cachedInputTokens: 5, cacheWriteTokens: 25, cacheWriteHourTokens: 20 });
    const whole: Reply = { id: "", model: "", createdAt: 0, serviceTier: "", usage: read, choices: [{ index: 0, blocks: [], finish: { reason: "stop", raw: "" } }] };
    expect(JSON.parse(codec.encodeReply(whole, conversationOf({})).body.toString())).toMatchObject({ usage: { ...usage, cacheDetails: [{ ttl: "5m", inputTokens: 5 }, { ttl: "1h", inputTokens: 20 }] } });
  });

  test.each<[string, Members, string]>([
    ["throttlingException", { message: "Too many requests" }, "rate-limited"],
    ["serviceUnavailableException", { message: "Busy" }, "overloaded"],
    ["validationException", { message: "Input is too long for requested model." }, "context-too-long"],
    ["validationException", { message: "messages: no" }, "invalid"],
    ["modelTimeoutException", { message: "Slow" }, "timeout"],
    ["internalServerException", { message: "Oops" }, "internal"],
    ["modelStreamErrorException", { message: "Broke", originalStatusCode: 429, originalMessage: "slow down" }, "rate-limited"],
    ["modelStreamErrorException", { message: "Broke", originalStatusCode: 200 }, "internal"],
    ["newException", { message: "?" }, "internal"],
  ])("fails by an exception in it: %s %j", (type, members, kind) => {
    const events = decodePieces([Buffer.concat([streamOf(START, textDelta("Hi")), exceptionOf(type, members), streamOf(STOP, METADATA)])]);
    expect(failureOf(events)).toMatchObject({ kind, message: members["message"], status: 0, type: type[0]?.toUpperCase() + type.slice(1) });
  });

  test("fails by an error that no type has", () => {
    const error = encodeFrame(words({ ":message-type": "error", ":error-code": "ThrottlingException", ":error-message": "Slow down" }), "");
    expect(failureOf(decodePieces([error]))).toMatchObject({ kind: "rate-limited", message: "Slow down", type: "ThrottlingException" });
  });

  test("holds no more of a block than it may", () => {
    const decoder = codec.decodeStream(targetOf(), 2000);
    const events = Array.from({ length: 200 }, () => decoder.push(streamOf(delta(0, { reasoningContent: { signature: "x".repeat(100) } })))).flat();
    expect(failureOf(events)).toMatchObject({ code: "too_large" });
  });
});

const opaque: Opaque = { kind: "signature", origin: "gemini/vertex-ai", value: "dGhvdWdodA==" };
const textBlock = (words_: string, more: object = {}): Block => ({ kind: "text", at: "", text: words_, ...more }) as Block;
const call = (more: object = {}): Block => ({ kind: "tool-call", at: "", id: "call_1", name: "f", arguments: '{"a":1}', ...more }) as Block;
const reasoning = (words_: string, ...opaques: Opaque[]): Block => ({ kind: "reasoning", at: "", text: words_, isSummary: false, ...(opaques.length === 0 ? {} : { opaques }) });
const answer = (blocks: readonly Block[], more: Partial<Reply> = {}): Reply => ({
  id: "answer-1", model: "m", createdAt: 1, serviceTier: "flex", usage: { ...noUsage(), inputTokens: 100, outputTokens: 10, cachedInputTokens: 60 }, choices: [{ index: 0, blocks, finish: { reason: "stop", raw: "stop" } }], ...more,
});
const cited = { kind: "url", start: 0, end: 4, url: "https://a.example/b", title: "A", citedText: "x" } as const;

describe("what a client is written", () => {
  const endpoint = new Endpoint();
  beforeAll(() => endpoint.open());
  afterAll(() => endpoint.close());

  const cases: readonly [string, Reply][] = [
    ["text", answer([textBlock('Hello, 世界 😀 "\\ \u2028')])],
    ["nothing", answer([])],
    ["a call behind words", answer([textBlock("See"), call()], { choices: [{ index: 0, blocks: [textBlock("See"), call(), call({ id: "call_2", arguments: "" })], finish: { reason: "tool-calls", raw: "tool_calls" } }] })],
    ["a call of a custom tool", answer([call({ arguments: "free *text*", isCustom: true })])],
    ["signed reasoning", answer([reasoning("Hm", { ...opaque, origin: ORIGIN }), textBlock("So")])],
    ["redacted reasoning", answer([reasoning("", { kind: "redacted", origin: NAME, value: "WTJscGQ=" }), textBlock("So")])],
    ["another maker's reasoning", answer([reasoning("Hm", opaque), textBlock("So")])],
    ["another maker's reasoning without words", answer([reasoning("", { ...opaque, kind: "encrypted" }), textBlock("So")])],
    ["reasoning that nobody signed", answer([reasoning("Hm"), textBlock("So")])],
    ["cited text", answer([textBlock("Rome", { citations: [cited] })])],
    ["an image", answer([textBlock("See"), { kind: "image", at: "", source: { kind: "bytes", data: "iVBORw0KGgo=", mediaType: "image/png" } }])],
    ["a refusal", answer([{ kind: "refusal", at: "", text: "No." }], { choices: [{ index: 0, blocks: [{ kind: "refusal", at: "", text: "No." }], finish: { reason: "refusal", raw: "" } }] })],
    ["a stop string", answer([textBlock("So")], { choices: [{ index: 0, blocks: [textBlock("So")], finish: { reason: "stop-sequence", raw: "stop", stopSequence: "END" } }] })],
  ];

  test.each(cases)("is the same to Amazon's library, whole and as a stream: %s", async (_, reply) => {
    const whole = plain(await endpoint.converse({ headers: { "content-type": "application/json" }, body: codec.encodeReply(reply, conversationOf({})).body }));
    expect(accumulate(await endpoint.stream(encodeAll(eventsOf(reply))))).toEqual(whole);
  });

  test.each(cases)("is read again as what it was: %s", (_, reply) => {
    const streamed = replyOf(decodePieces([encodeAll(eventsOf(reply))]));
    const whole = codec.decodeReply(codec.encodeReply(reply, conversationOf({})).body, targetOf());
    if (isFailure(whole)) throw new Error(whole.message);
    const spoken = ({ choices }: Reply) => choices[0]?.blocks.map((block) => [block.kind === "refusal" ? "text" : block.kind, "text" in block ? block.text : "", block.kind === "tool-call" ? (JSON.parse(block.arguments === "" ? "{}" : block.arguments) as unknown) : ""]);
    expect(spoken(streamed)).toEqual(spoken(whole));
    expect(whole.usage).toMatchObject({ inputTokens: 100, outputTokens: 10, cachedInputTokens: 60 });
  });

  test("stands in the order that Bedrock writes", () => {
    const names = framesIn(encodeAll(eventsOf(answer([reasoning("Hm", { ...opaque, origin: ORIGIN }), textBlock("So"), call()])))).map(([name, payload]) => [name, payload["contentBlockIndex"]]);
    expect(names).toEqual([
      ["messageStart", undefined], ["contentBlockDelta", 0], ["contentBlockDelta", 0], ["contentBlockStop", 0], ["contentBlockDelta", 1], ["contentBlockStop", 1],
      ["contentBlockStart", 2], ["contentBlockDelta", 2], ["contentBlockStop", 2], ["messageStop", undefined], ["metadata", undefined],
    ]);
  });

  test("says a clean end behind calls as calls, and leaves out counts that are not known", () => {
    const frames = framesIn(encodeAll(eventsOf(answer([call()], { usage: { ...noUsage(), outputTokens: 3 } }))));
    expect(frames.slice(-2)).toEqual([["messageStop", { stopReason: "tool_use" }], ["metadata", { usage: { outputTokens: 3 }, metrics: { latencyMs: 0 }, serviceTier: { type: "flex" } }]]);
  });

  test("has calls one behind the other also when they come at the same time", () => {
    const head = (id: string) => ({ kind: "tool-call", id, name: "f", isCustom: false }) as const;
    const events: Event[] = [
      { kind: "start", id: "a", model: "m", createdAt: 0, serviceTier: "" },
      { kind: "block-start", choice: 0, index: 0, head: head("a") }, { kind: "block-start", choice: 0, index: 1, head: head("b") },
      { kind: "text", choice: 0, index: 1, text: "{}" }, { kind: "text", choice: 0, index: 0, text: '{"a"' }, { kind: "ping" }, { kind: "text", choice: 0, index: 0, text: ":1}" },
      { kind: "block-stop", choice: 0, index: 0 }, { kind: "block-stop", choice: 0, index: 1 }, { kind: "finish", choice: 0, finish: { reason: "tool-calls", raw: "" } }, { kind: "end" },
    ];
    expect(replyOf(decodePieces([encodeAll(events)])).choices[0]?.blocks).toMatchObject([{ id: "a", arguments: '{"a":1}' }, { id: "b", arguments: "{}" }]);
  });

  test.each(["before", "behind"])("carries what belongs to a call of another maker's, told %s its arguments, through the client and back to the call", async (where) => {
    const told = eventsOf(answer([call({ opaques: [opaque] }), textBlock("", { opaques: [{ ...opaque, value: "ZW1wdHk=" }] })]));
    const first = told.findIndex(({ kind }) => kind === "opaque");
    const events = where === "before" ? told : told.toSpliced(first, 2, ...told.slice(first, first + 2).toReversed());
    const content = (accumulate(await endpoint.stream(encodeAll(events)))["output"] as { message: { content: Members[] } }).message.content;
    const ofCall = where === "before" ? ["reasoningContent", "toolUse"] : ["toolUse", "reasoningContent"];
    expect(content.map((part) => Object.keys(part)[0])).toEqual([...ofCall, "reasoningContent"]);
    const conversation = codec.decodeRequest(Buffer.from(JSON.stringify({ messages: [{ role: "assistant", content }] })), askedOf());
    if (isInvalid(conversation)) throw new Error(conversation.problem);
    expect(conversation.turns[0]?.blocks).toMatchObject([{ kind: "tool-call", opaques: [opaque] }, { kind: "text", text: "", opaques: [{ value: "ZW1wdHk=" }] }]);
  });

  test("wraps what is another maker's so that nobody takes it for Bedrock's", () => {
    const { output } = JSON.parse(codec.encodeReply(answer([reasoning("Hm", opaque)]), conversationOf({})).body.toString()) as { output: { message: { content: [{ reasoningContent: { reasoningText: { signature: string } } }] } } };
    expect(unwrap(output.message.content[0].reasoningContent.reasoningText.signature)).toEqual([opaque]);
  });

  test("tells a failure as an exception that Amazon's library throws, and no end", async () => {
    const encoder = codec.encodeStream(conversationOf({}));
    const begun = eventsOf(answer([textBlock("Hi")])).slice(0, 3).map((event) => Buffer.from(encoder.push(event)));
    const bytes = Buffer.concat([...begun, Buffer.from(encoder.fail(failure("UPSTREAM_TRUNCATED"))), Buffer.from(encoder.push({ kind: "end" })), Buffer.from(encoder.fail(failure("INTERNAL")))]);
    expect(framesIn(bytes).map(([name]) => name)).toEqual(["messageStart", "contentBlockDelta", "modelStreamErrorException"]);
    await expect(endpoint.stream(bytes)).rejects.toMatchObject({ name: "ModelStreamErrorException", message: failure("UPSTREAM_TRUNCATED").message });
  });

  test("says nothing more when all is said", () => {
    const encoder = codec.encodeStream(conversationOf({}));
    for (const event of eventsOf(answer([textBlock("Hi")]))) encoder.push(event);
    expect(encoder.fail(failure("INTERNAL"))).toHaveLength(0);
    expect(encoder.push({ kind: "ping" })).toHaveLength(0);
  });

  test("tells what it lost: sound, and blocks of other protocols without words", () => {
    const blocks: Block[] = [{ kind: "audio", at: "", format: "wav", source: { kind: "bytes", data: "UklG", mediaType: "" }, transcript: "Hello" }, { kind: "foreign", at: "", protocol: "gemini", type: "executableCode", value: {}, text: "" }];
    const encoder = codec.encodeStream(conversationOf({}));
    const bytes = Buffer.concat(eventsOf(answer(blocks)).map((event) => Buffer.from(encoder.push(event))));
    expect(encoder.losses).toMatchObject([{ path: "content.audio", severity: "major" }, { path: "content.executableCode", severity: "minor" }]);
    expect(codec.encodeReply(answer(blocks), conversationOf({})).losses).toEqual(encoder.losses);
    expect(replyOf(decodePieces([bytes])).choices[0]?.blocks).toMatchObject([{ kind: "text", text: "Hello" }]);
  });
});

describe("any bytes", () => {
  const frames = fc.array(
    fc.oneof(
      fc.tuple(fc.constantFrom("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "other"), fc.oneof(fc.json(), fc.constantFrom('{"contentBlockIndex":0,"delta":{"text":"a"}}', '{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}', '{"contentBlockIndex":"0","delta":{"toolUse":{"input":7}}}', '{"delta":{"reasoningContent":{"signature":[]}}}', '{"stopReason":"end_turn"}'))).map(([name, text]) =>
        encodeFrame(words({ ":message-type": "event", ":event-type": name }), text)),
      fc.tuple(fc.string(), fc.string()).map(([type, text]) => encodeFrame(words({ ":message-type": "exception", ":exception-type": type }), text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 12 },
  ).map((parts) => Buffer.concat(parts));

  test("give events in their order, and one end, wherever they are cut", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 6 }), fc.constantFrom(120, 1_000_000), (bytes, cuts, eventBytesMax) => {
        const events = decodePieces([bytes], targetOf(), eventBytesMax);
        expect(["end", "failure"]).toContain(events.at(-1)?.kind);
        expect(events.filter(({ kind }) => kind === "end" || kind === "failure")).toHaveLength(1);
        const open = new Set<number>();
        for (const event of events) {
          if (!("index" in event)) continue;
          if (event.kind === "block-start") open.add(event.index);
          expect(open.has(event.index)).toBe(true);
          if (event.kind === "block-stop") open.delete(event.index);
        }
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((left, right) => left - right), bytes.length];
        expect(decodePieces(places.slice(1).map((place, index) => bytes.subarray(places[index], place)), targetOf(), eventBytesMax)).toEqual(events);
      }),
      { seed, numRuns: 500 },
    );
  });

  test("give a reply or a failure", () => {
    const body = fc.oneof(fc.json(), fc.string(), fc.json().map((content) => `{"output":{"message":{"content":${content}}},"usage":${content}}`), fc.json().map((part) => `{"output":{"message":{"content":[{"toolUse":${part}},{"citationsContent":${part}},{"guardContent":${part}},{"reasoningContent":${part}},${part}]}}}`));
    fc.assert(
      fc.property(body, fc.integer({ min: 0, max: 599 }), (text, status) => {
        const read = codec.decodeReply(Buffer.from(text), targetOf());
        expect(isFailure(read) || Array.isArray(read.choices)).toBe(true);
        if (!isFailure(read)) codec.encodeReply(read, conversationOf({}));
        expect(codec.decodeFailure(status, { "x-amzn-errortype": text.slice(0, 20) }, Buffer.from(text)).message).not.toBe("");
      }),
      { seed, numRuns: 500 },
    );
  });
});

test("a frame of an event is what Bedrock sends", () => {
  expect(frameOf("messageStart", { role: "assistant" }).equals(encodeAll([{ kind: "start", id: "", model: "", createdAt: 0, serviceTier: "" }]))).toBe(true);
});
