// Streams of Anthropic's: what is read of a provider's, and what a client gets, case by case.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { wrap } from "../../../dataplane/protocols/carrier.ts";
import type { BlockHead, Event, ForeignBlock, Opaque } from "../../../dataplane/protocols/ir.ts";
import { noUsage } from "../../../dataplane/protocols/ir.ts";
import { MessageEvents } from "../../../dataplane/protocols/anthropic-messages/index.ts";
import { accumulate, codec, conversationOf, dataOf, decodePieces, encodeAll, type Members, streamOf, targetOf } from "./driving.ts";

const NAME = "anthropic-messages";
const start: Members = { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 10, output_tokens: 1 } } };
const stop: Members = { type: "message_stop" };
const began = (index: number, content_block: Members): Members => ({ type: "content_block_start", index, content_block });
const grew = (index: number, delta: Members): Members => ({ type: "content_block_delta", index, delta });
const ended = (index: number): Members => ({ type: "content_block_stop", index });
const said = (index: number, words: string): Members => grew(index, { type: "text_delta", text: words });
const finished = (reason: string | null, usage: Members = { output_tokens: 5 }, others: Members = {}): Members => ({ type: "message_delta", delta: { stop_reason: reason, stop_sequence: null, ...others }, usage });
const textBlock = (index: number, words: string): Members[] => [began(index, { type: "text", text: "" }), said(index, words), ended(index)];
const decode = (...events: Members[]): Event[] => decodePieces([streamOf(events)]);
const shapes = (events: readonly Event[]): string[] => events.filter(({ kind }) => kind !== "usage").map((event) => ("index" in event ? `${event.kind} ${event.index}` : event.kind));
const last = (events: readonly Event[]): Event | undefined => events.at(-1);

describe("a provider's stream", () => {
  test("keeps its order around an event that is no JSON, however it is cut", () => {
    const bytes = Buffer.concat([streamOf([start, ...textBlock(0, "a")]), Buffer.from("data: {nonsense\n\n"), streamOf([...textBlock(1, "b"), finished("end_turn"), stop])]);
    const events = decodePieces([bytes]);
    expect(shapes(events)).toEqual(["start", "block-start 0", "text 0", "block-stop 0", "block-start 1", "text 1", "block-stop 1", "finish", "end"]);
    expect(events).toEqual(decodePieces([...bytes].map((byte) => Buffer.of(byte))));
  });

  test("tells its counts: the input in the beginning, the output at the end, with what the beginning said", () => {
    const first = { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 5, cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 }, output_tokens: 1 };
    const events = decode({ ...start, message: { ...(start["message"] as Members), usage: first } }, ...textBlock(0, "a"), finished("end_turn", { output_tokens: 7, output_tokens_details: { thinking_tokens: 2 } }), stop);
    const usages = events.flatMap((event) => (event.kind === "usage" ? [event.usage] : []));
    expect(usages).toMatchObject([
      { inputTokens: 105, cachedInputTokens: 90, cacheWriteTokens: 5, cacheWriteHourTokens: 3, outputTokens: -1 },
      { inputTokens: 105, cachedInputTokens: 90, cacheWriteTokens: 5, cacheWriteHourTokens: 3, outputTokens: 7, reasoningTokens: 2 },
    ]);
  });

  test("is charged for its runs but not for those that declined", () => {
    const run = (type: string, input_tokens: number, output_tokens: number): Members => ({ type, input_tokens, output_tokens, cache_read_input_tokens: 1, cache_creation_input_tokens: 0 });
    const usage = { input_tokens: 5, output_tokens: 5, cache_read_input_tokens: 0, iterations: [run("compaction", 100, 10), run("message", 3, 3), run("fallback_message", 5, 5)] };
    expect(decode(start, ...textBlock(0, "a"), finished("end_turn", usage), stop).findLast(({ kind }) => kind === "usage")).toMatchObject({ usage: { inputTokens: 107, outputTokens: 15, cachedInputTokens: 2 } });
  });

  test("may come in any framing", () => {
    const plain = streamOf([start, ...textBlock(0, "Grüße 🐘"), finished("end_turn"), stop]).toString();
    const expected = decodePieces([Buffer.from(plain)]);
    const padded = plain.replaceAll("}\n\n", "}   \n\n");
    const nameless = plain.replaceAll(/event: .*\n/g, "");
    const relayed = `: waiting\n\n${plain}event: data\ndata: [DONE]\n\n`;
    for (const text of [padded, nameless, relayed, plain.replaceAll("\n", "\r\n"), plain.slice(0, -2), `\uFEFF${plain}`, plain.replaceAll("data: ", "data:")]) expect(decodePieces([Buffer.from(text)])).toEqual(expected);
  });

  test("may say what this build has not heard of", () => {
    const events = decode(start, { type: "weather" }, began(0, { type: "hologram", beam: 1 }), grew(0, { type: "beam_delta", width: 2 }), ended(0), ...textBlock(1, "a"), grew(1, { type: "smell_delta" }), finished("end_turn"), stop);
    expect(shapes(events)).toEqual(["start", "block-start 0", "block-stop 0", "block-start 1", "text 1", "block-stop 1", "finish", "end"]);
    expect(events.find(({ kind }) => kind === "block-start")).toMatchObject({ head: { kind: "whole", block: { kind: "foreign", type: "hologram", value: { type: "hologram", beam: 1, width: 2 } } } });
  });

  test("calls tools: whole, in pieces, and with nothing to say to them", () => {
    const call = (index: number, input: Members = {}): Members => began(index, { type: "tool_use", id: `t${index}`, name: "look", input });
    const json = (index: number, partial: string): Members => grew(index, { type: "input_json_delta", partial_json: partial });
    const events = decode(start, call(0), json(0, ""), json(0, '{"a"'), json(0, ":1}"), ended(0), call(1), json(1, ""), ended(1), call(2, { b: 2 }), ended(2), finished("tool_use"), stop);
    expect(events.flatMap((event) => (event.kind === "text" ? [[event.index, event.text]] : []))).toEqual([[0, '{"a"'], [0, ":1}"], [2, '{"b":2}']]);
    expect(events.find(({ kind }) => kind === "block-start")).toMatchObject({ head: { kind: "tool-call", id: "t0", name: "look", isCustom: false } });
    expect(events.find(({ kind }) => kind === "finish")).toMatchObject({ finish: { reason: "tool-calls" } });
  });

  test("gives its own tools' calls whole, with their input", () => {
    const events = decode(start, began(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} }), grew(0, { type: "input_json_delta", partial_json: '{"q":' }), grew(0, { type: "input_json_delta", partial_json: '"x"}' }), ended(0), finished("pause_turn"), stop);
    expect(events.find(({ kind }) => kind === "block-start")).toMatchObject({ head: { kind: "whole", block: { value: { type: "server_tool_use", id: "s", name: "web_search", input: { q: "x" } } } } });
    expect(events.find(({ kind }) => kind === "finish")).toMatchObject({ finish: { reason: "paused", raw: "pause_turn" } });
  });

  test("holds half a character until its other half comes", () => {
    const events = decode(start, began(0, { type: "text", text: "" }), said(0, "a\ud83d"), said(0, "\udc18b"), ended(0), finished("end_turn"), stop);
    expect(events.flatMap((event) => (event.kind === "text" ? [event.text] : []))).toEqual(["a", "🐘b"]);
  });

  test("cites, before its text or after it, all of the block", () => {
    const citation = { type: "web_search_result_location", url: "u", title: "T", cited_text: "c", encrypted_index: "e" };
    const events = decode(start, began(0, { citations: [], type: "text", text: "" }), grew(0, { type: "citations_delta", citation }), said(0, "four"), ended(0), finished("end_turn"), stop);
    expect(events.find(({ kind }) => kind === "citation")).toEqual({ kind: "citation", choice: 0, index: 0, citation: { kind: "url", start: 0, end: 4, url: "u", title: "T", citedText: "c", extras: { [NAME]: citation } } });
  });

  test.each<[string, Members, Opaque]>([
    ["signed", { type: "thinking", thinking: "", signature: "" }, { kind: "signature", origin: `${NAME}/anthropic`, value: "sig" }],
    ["redacted", { type: "redacted_thinking", data: "xyz" }, { kind: "redacted", origin: `${NAME}/anthropic`, value: "xyz" }],
  ])("thinks: %s", (_, block, opaque) => {
    const deltas = block["type"] === "thinking" ? [grew(0, { type: "signature_delta", signature: "sig" })] : [];
    const events = decode(start, began(0, block), ...deltas, ended(0), ...textBlock(1, "a"), finished("end_turn"), stop);
    expect(events.filter(({ kind }) => kind === "opaque")).toEqual([{ kind: "opaque", choice: 0, index: 0, opaque }]);
  });

  test.each<[string, Members, object]>([
    ["max_tokens", {}, { reason: "length", raw: "max_tokens" }],
    ["model_context_window_exceeded", {}, { reason: "context-full" }],
    ["stop_sequence", { stop_sequence: "END" }, { reason: "stop-sequence", stopSequence: "END" }],
    ["refusal", { stop_details: { type: "refusal", category: "cyber", explanation: "No." } }, { reason: "refusal", detail: "No." }],
    ["refusal", { stop_details: { type: "refusal", category: "bio", explanation: null } }, { reason: "refusal", detail: "bio" }],
    ["compaction", {}, { reason: "other", raw: "compaction" }],
    ["constructor", {}, { reason: "other", raw: "constructor" }],
  ])("tells why it stopped: %s", (reason, others, finish) => {
    expect(decode(start, ...textBlock(0, "a"), finished(reason, {}, others), stop).find(({ kind }) => kind === "finish")).toMatchObject({ finish });
  });

  test("closes what is open when it finishes, and finishes once", () => {
    const events = decode(start, began(0, { type: "text", text: "" }), said(0, "a"), finished("end_turn"), finished("end_turn"), stop, stop, start);
    expect(shapes(events)).toEqual(["start", "block-start 0", "text 0", "block-stop 0", "finish", "end"]);
  });

  test.each<[string, Members[], object]>([
    ["an error as its first event", [{ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }], { kind: "overloaded", message: "Overloaded", type: "overloaded_error", status: 0 }],
    ["an error in the middle", [start, ...textBlock(0, "a"), { type: "error", error: { type: "rate_limit_error", message: "Slow down", details: { error_code: "x" } } }], { kind: "rate-limited", code: "x" }],
    ["an error in the shape of others", [start, { error: { message: "broke", code: 500 } }], { kind: "internal", message: "broke" }],
    ["no end", [start, ...textBlock(0, "a")], { code: "truncated" }],
    ["an end in the middle of a block", [start, began(0, { type: "text", text: "" }), said(0, "a")], { code: "truncated" }],
    ["nothing at all", [], { code: "truncated" }],
    ["a terminator and nothing before it", [start, stop], { code: "no_content" }],
  ])("fails with %s", (_, events, failed) => {
    const decoded = decode(...events);
    expect(last(decoded)).toMatchObject({ kind: "failure", failure: failed });
    expect(decoded.filter(({ kind }) => kind === "end" || kind === "finish")).toEqual([]);
  });

  test("is complete when it said why it stopped, without its terminator, but not when it was cut", () => {
    const bytes = streamOf([start, ...textBlock(0, "a"), finished("end_turn")]);
    expect(last(decodePieces([bytes]))).toMatchObject({ kind: "end" });
    expect(last(decodePieces([bytes, Buffer.from('event: message_stop\ndata: {"type":"mess')]))).toMatchObject({ kind: "failure", failure: { code: "truncated" } });
  });

  test("that says no reason but ends well stopped of itself, or to call", () => {
    expect(decode(start, ...textBlock(0, "a"), stop).find(({ kind }) => kind === "finish")).toMatchObject({ finish: { reason: "stop", raw: "" } });
    expect(decode(start, began(0, { type: "tool_use", id: "t", name: "n", input: {} }), ended(0), stop).find(({ kind }) => kind === "finish")).toMatchObject({ finish: { reason: "tool-calls" } });
  });

  test("that does not begin begins with its first content", () => {
    expect(shapes(decode(...textBlock(0, "a"), finished("end_turn"), stop))).toEqual(["start", "block-start 0", "text 0", "block-stop 0", "finish", "end"]);
  });

  test("fails when an event, or what must be held of a block, is longer than the limit", () => {
    const long = "x".repeat(3000);
    const held = [start, began(0, { type: "server_tool_use", id: "s", name: "n", input: {} }), ...Array.from({ length: 5 }, () => grew(0, { type: "input_json_delta", partial_json: long }))];
    expect(last(decodePieces([streamOf([start, said(0, long)])], targetOf(), 2000))).toMatchObject({ kind: "failure", failure: { code: "too_large" } });
    expect(last(decodePieces([streamOf(held)], targetOf(), 10_000))).toMatchObject({ kind: "failure", failure: { code: "too_large" } });
  });

  test("may be framed by somebody else: its events are read one by one", () => {
    const events = [start, ...textBlock(0, "a"), finished("end_turn"), { ...stop, "amazon-bedrock-invocationMetrics": { inputTokenCount: 1 } }];
    const reader = new MessageEvents(`${NAME}/bedrock`, 1_000_000);
    const read = events.flatMap((event) => reader.read(JSON.parse(JSON.stringify(event))));
    expect(shapes([...read, ...reader.end(false)])).toEqual(["start", "block-start 0", "text 0", "block-stop 0", "finish", "end"]);
  });
});

const opening = { kind: "start", id: "chatcmpl-9", model: "gpt", createdAt: 0, serviceTier: "" } as const satisfies Event;
const block = (index: number, head: BlockHead, ...inner: object[]): Event[] => [
  { kind: "block-start", choice: 0, index, head },
  ...inner.map((event) => ({ choice: 0, index, ...event }) as Event),
  { kind: "block-stop", choice: 0, index },
];
const words = (text: string) => ({ kind: "text", text });
const opaque = (value: Opaque) => ({ kind: "opaque", opaque: value });
const finish = (reason: Extract<Event, { kind: "finish" }>["finish"]["reason"], raw = "", others = {}): Event => ({ kind: "finish", choice: 0, finish: { reason, raw, ...others } });
const end: Event = { kind: "end" };
const usage = (members: object): Event => ({ kind: "usage", usage: { ...noUsage(), ...members } });
const call = (id: string): BlockHead => ({ kind: "tool-call", id, name: "look", isCustom: false });
const write = (...events: Event[]): Members[] => dataOf(encodeAll([opening, ...events]));
const types = (events: readonly Members[]): unknown[] => events.map(({ type }) => type);
const blocksOf = (events: readonly Members[]): unknown[] => events.filter(({ type }) => type === "content_block_start").map((event) => event["content_block"]);

describe("a client's stream", () => {
  test("has each event once, in order, under its name", () => {
    const text = encodeAll([opening, ...block(0, { kind: "text" }, words("a"), words("b")), usage({ inputTokens: 9, outputTokens: 2 }), finish("stop"), end]);
    expect(text.split("\n").filter((line) => line.startsWith("event: ")).map((line) => line.slice(7))).toEqual(["message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
    expect(dataOf(text)[0]).toMatchObject({ message: { id: "msg_chatcmpl-9", model: "claude", role: "assistant", content: [], stop_reason: null, usage: { input_tokens: 0, output_tokens: 0 } } });
    expect(dataOf(text).at(-2)).toMatchObject({ delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { input_tokens: 9, output_tokens: 2 } });
  });

  test("tells early counts in its beginning, cached input apart", () => {
    const counts = { inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 30, cacheWriteHourTokens: 10 };
    expect(write(usage(counts), ...block(0, { kind: "text" }, words("a")), end)[0]).toMatchObject({
      message: { usage: { input_tokens: 10, cache_read_input_tokens: 60, cache_creation_input_tokens: 30, cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 10 } } },
    });
    expect(write(usage({ inputTokens: 5, cachedInputTokens: 9 }), end)[0]).toMatchObject({ message: { usage: { input_tokens: 0 } } });
  });

  test("says that it does not know the input rather than that there was none", () => {
    expect(write(...block(0, { kind: "text" }, words("a")), finish("stop"), end).at(-2)).toMatchObject({ usage: { input_tokens: null, output_tokens: 0 } });
  });

  test("has one block open at a time, although calls come side by side", () => {
    const events: Event[] = [
      { kind: "block-start", choice: 0, index: 0, head: { kind: "text" } },
      { kind: "text", choice: 0, index: 0, text: "a" },
      { kind: "block-start", choice: 0, index: 1, head: call("t1") },
      { kind: "text", choice: 0, index: 1, text: "{" },
      { kind: "block-stop", choice: 0, index: 0 },
      { kind: "block-start", choice: 0, index: 2, head: call("t2") },
      { kind: "text", choice: 0, index: 2, text: '{"b":2}' },
      { kind: "text", choice: 0, index: 1, text: "}" },
      { kind: "block-stop", choice: 0, index: 1 },
      { kind: "block-stop", choice: 0, index: 2 },
      finish("tool-calls"),
      end,
    ];
    expect(write(...events).slice(1, -2).map(({ type, index, delta }) => [String(type).slice(14), index, (delta as Members | undefined)?.["partial_json"]])).toEqual([
      ["start", 0, undefined], ["delta", 0, undefined], ["stop", 0, undefined],
      ["start", 1, undefined], ["delta", 1, "{"], ["delta", 1, "}"], ["stop", 1, undefined],
      ["start", 2, undefined], ["delta", 2, '{"b":2}'], ["stop", 2, undefined],
    ]);
  });

  test("has no empty blocks, and a call without arguments is one", async () => {
    const events = [...block(0, { kind: "text" }), ...block(1, { kind: "reasoning", isSummary: false }), ...block(2, call("t")), finish("stop"), end];
    expect(blocksOf(write(...events))).toEqual([{ type: "tool_use", id: "t", name: "look", input: {} }]);
    expect(await accumulate(encodeAll([opening, ...events]))).toMatchObject({ content: [{ type: "tool_use", input: {} }], stop_reason: "tool_use" });
  });

  test("puts a free text for a custom tool into an object", async () => {
    const events = block(0, { kind: "tool-call", id: "t", name: "sql", isCustom: true }, words('SELECT "'), words('a"'));
    expect(await accumulate(encodeAll([opening, ...events, finish("tool-calls"), end]))).toMatchObject({ content: [{ input: { input: 'SELECT "a"' } }] });
  });

  test.each<[string, Opaque[], string, unknown]>([
    ["its own signature as it is", [{ kind: "signature", origin: NAME, value: "s" }], "hm", { type: "thinking", thinking: "hm", signature: "s" }],
    ["its own when nothing is shown", [{ kind: "signature", origin: `${NAME}/vertex-ai`, value: "s" }], "", { type: "thinking", thinking: "", signature: "s" }],
    ["its own redaction", [{ kind: "redacted", origin: NAME, value: "xyz" }], "", { type: "redacted_thinking", data: "xyz" }],
    ["another vendor's, wrapped", [{ kind: "encrypted", origin: "openai-responses/openai", value: "e" }], "", { type: "thinking", thinking: "", signature: wrap([{ kind: "encrypted", origin: "openai-responses/openai", value: "e" }]) }],
    ["none", [], "hm", { type: "thinking", thinking: "hm", signature: "" }],
  ])("thinks with %s", async (_, opaques, text, expected) => {
    const inner = [...(text === "" ? [] : [words(text)]), ...opaques.map(opaque)];
    const events = [opening, ...block(0, { kind: "reasoning", isSummary: false }, ...inner), finish("stop"), end];
    expect(await accumulate(encodeAll(events))).toMatchObject({ content: [expected] });
  });

  const google: Opaque = { kind: "signature", origin: "gemini/gemini", value: "g" };
  test.each<[string, Event[]]>([
    ["before its arguments", [...block(0, { kind: "text" }, words("a")), ...block(1, call("t"), opaque(google), words("{}"))]],
    ["after its arguments", [...block(0, { kind: "text" }, words("a")), ...block(1, call("t"), words("{}"), opaque(google))]],
  ])("carries what belongs to a call beside it, and gets it back: %s", async (_, events) => {
    const { content } = await accumulate(encodeAll([opening, ...events, finish("tool-calls"), end]));
    const { turns } = conversationOf({ messages: [{ role: "assistant", content }] });
    expect(turns[0]?.blocks).toMatchObject([{ kind: "text", text: "a" }, { kind: "tool-call", id: "t", opaques: [google] }]);
    expect(turns[0]?.blocks[0]?.opaques).toBeUndefined();
  });

  test.each<[string, Event[], object[]]>([
    ["to a text", block(0, { kind: "text" }, words("a"), opaque(google)), [{ kind: "text", text: "a", opaques: [google] }]],
    ["to an empty text", [...block(0, { kind: "text" }, words("a")), ...block(1, { kind: "text" }, opaque(google))], [{ kind: "text", text: "a" }, { kind: "text", text: "", opaques: [google] }]],
  ])("carries what belongs %s", async (_, events, expected) => {
    const { content } = await accumulate(encodeAll([opening, ...events, finish("stop"), end]));
    expect(conversationOf({ messages: [{ role: "assistant", content }] }).turns[0]?.blocks).toMatchObject(expected);
  });

  test("cites other vendors' pages, in the block where they stand", async () => {
    const citation = { kind: "url", start: 0, end: 1, url: "https://a", title: "T", citedText: "" } as const;
    const events = [opening, ...block(0, { kind: "text" }, words("a"), { kind: "citation", citation }), finish("stop"), end];
    expect(await accumulate(encodeAll(events))).toMatchObject({ content: [{ text: "a", citations: [{ type: "web_search_result_location", url: "https://a", title: "T" }] }] });
  });

  test("gives its own blocks word for word, and of others' the text that is in them", () => {
    const foreign = (protocol: ForeignBlock["protocol"], type: string, text: string): BlockHead => ({ kind: "whole", block: { kind: "foreign", protocol, type, value: { type, id: "x" }, text, at: "" } });
    const encoder = codec.encodeStream(conversationOf({}));
    const events = [opening, ...block(0, foreign(NAME, "server_tool_use", "")), ...block(1, foreign("openai-responses", "web_search_call", "found")), ...block(2, foreign("openai-responses", "mcp_call", "")), end];
    const written = dataOf(events.map((event) => encoder.push(event)).join(""));
    expect(blocksOf(written)).toEqual([{ type: "server_tool_use", id: "x" }, { type: "text", text: "" }]);
    expect(encoder.losses).toEqual([{ path: "content.web_search_call", reason: "unsupported", severity: "minor" }, { path: "content.mcp_call", reason: "unsupported", severity: "minor" }]);
  });

  test.each<[Event, object]>([
    [finish("stop", "stop"), { stop_reason: "end_turn" }],
    [finish("stop-sequence", "stop", { stopSequence: "END" }), { stop_reason: "stop_sequence", stop_sequence: "END" }],
    [finish("stop-sequence", "stop"), { stop_reason: "end_turn", stop_sequence: null }],
    [finish("length"), { stop_reason: "max_tokens" }],
    [finish("context-full"), { stop_reason: "model_context_window_exceeded" }],
    [finish("tool-calls"), { stop_reason: "tool_use" }],
    [finish("filter"), { stop_reason: "refusal", stop_details: { type: "refusal" } }],
    [finish("refusal", "refusal", { detail: "No." }), { stop_reason: "refusal", stop_details: { explanation: "No." } }],
    [finish("paused"), { stop_reason: "pause_turn" }],
    [finish("malformed", "MALFORMED_FUNCTION_CALL"), { stop_reason: "refusal" }],
    [finish("fault", "error"), { stop_reason: "refusal" }],
    [finish("other", "compaction"), { stop_reason: "compaction" }],
    [finish("other", "WEIRD"), { stop_reason: "end_turn" }],
  ])("tells why it stopped: %j", (reason, expected) => {
    expect(write(reason, end).at(-2)).toMatchObject({ delta: expected });
  });

  test("that failed to call after a text ends with the text", () => {
    expect(write(...block(0, { kind: "text" }, words("a")), finish("malformed"), end).at(-2)).toMatchObject({ delta: { stop_reason: "end_turn" } });
  });

  test("says again what Anthropic itself said at its ends", () => {
    const own = { usage: { input_tokens: 1, output_tokens: 2, iterations: [] }, stop_details: { type: "refusal", category: "cyber" }, container: { id: "c" }, context_management: { applied_edits: [] } };
    expect(write(finish("refusal"), { kind: "end", extras: { [NAME]: own } }).at(-2)).toEqual({
      type: "message_delta",
      delta: { stop_reason: "refusal", stop_sequence: null, stop_details: own.stop_details, container: own.container },
      usage: own.usage,
      context_management: own.context_management,
    });
  });

  test("is kept alive with pings, which begin it", () => {
    expect(types(write({ kind: "ping" }))).toEqual(["message_start", "ping"]);
  });

  test("fails with an error event and no terminator, at any time, and says nothing behind it", async () => {
    const encoder = codec.encodeStream(conversationOf({}));
    const text = [opening, ...block(0, { kind: "text" }, words("a"))].map((event) => encoder.push(event)).join("") + String(encoder.fail(failure("UPSTREAM_TRUNCATED")));
    expect(types(dataOf(text)).slice(-2)).toEqual(["content_block_stop", "error"]);
    expect(encoder.push({ kind: "text", choice: 0, index: 0, text: "b" }) + String(encoder.push(end)) + String(encoder.fail(failure("INTERNAL")))).toBe("");
    await expect(accumulate(text)).rejects.toMatchObject({ type: "api_error", errorCode: "UPSTREAM_TRUNCATED" });
  });
});
