// What a client of Responses is given: streams that its official library accepts, and whole answers that say the same.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { unwrap } from "../../../dataplane/protocols/carrier.ts";
import type { Block, Event, Finish, Reply } from "../../../dataplane/protocols/ir.ts";
import { noUsage } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { accumulate, type Body, codec, conversationOf, given, inside, list, readWhole, sent, target, text, written } from "./speaking.ts";

const usage = { ...noUsage(), inputTokens: 10, outputTokens: 5, cachedInputTokens: 4, reasoningTokens: 2 };
const reply = (blocks: readonly Block[], finish: Finish = { reason: "stop", raw: "stop" }, more: Partial<Reply> = {}): Reply => ({
  id: "chatcmpl-abc", model: "provider-model", createdAt: 1_787_000_000, choices: [{ index: 0, blocks, finish }], usage, serviceTier: "", ...more,
});
const call = (id: string, more: object = {}): Block => ({ kind: "tool-call", at: "", id, name: "look", arguments: `{"of":"${id}"}`, ...more });
const thought = (said: string, more: object = {}): Block => ({ kind: "reasoning", at: "", text: said, isSummary: true, ...more });

interface Line {
  readonly type: string;
  readonly sequence_number: number;
  readonly [key: string]: unknown;
}
const linesOf = (stream: string): Line[] =>
  stream.split("\n\n").filter((event) => event.startsWith("event: ")).map((event) => {
    const [name, data] = event.split("\n");
    const line = JSON.parse(data?.slice("data: ".length) ?? "") as Line;
    expect(name).toBe(`event: ${line.type}`);
    return line;
  });

const signature = { kind: "signature" as const, origin: "anthropic-messages/anthropic", value: "S" };
const thoughtSignature = { kind: "signature" as const, origin: "gemini", value: "T" };
const citation = { kind: "url" as const, start: 0, end: 5, url: "https://x", title: "X", citedText: "" };
const logprob = { token: "Hi", logprob: -0.5, bytes: null, top: [{ token: "Ho", logprob: -2, bytes: [72, 111] }] };

const replies: [string, Reply][] = [
  ["plain text", reply([text("Hello, "), text("you")])],
  ["text and calls, in any order", reply([text("I look."), call("a"), call("b", { arguments: "" }), text("so"), call("c", { isCustom: true, arguments: "free" })], { reason: "tool-calls", raw: "tool_calls" })],
  ["thinking of both kinds", reply([thought("one"), thought("two", { opaques: [signature] }), thought("raw", { isSummary: false, opaques: [signature] }), text("so")])],
  ["thinking that is only sealed", reply([thought("", { opaques: [{ kind: "encrypted", origin: "openai-responses", value: "gAAA" }] }), call("a")])],
  ["sealed values of calls and texts", reply([text("a", { opaques: [thoughtSignature] }), call("a", { opaques: [thoughtSignature] }), call("b"), text("", { opaques: [thoughtSignature] })])],
  ["citations and log probabilities", reply([text("Hello there", { citations: [citation, { ...citation, start: -1, end: -1 }, { ...citation, kind: "document", url: "", title: "Book" }], logprobs: [logprob] })])],
  ["a refusal", reply([{ kind: "refusal", at: "", text: "No." }], { reason: "refusal", raw: "x" })],
  ["an image", reply([text("here"), { kind: "image", at: "", source: { kind: "bytes", data: "AAAA", mediaType: "image/png" }, opaques: [thoughtSignature] }])],
  ["an answer that was cut off in a call", reply([call("a", { arguments: '{"a' })], { reason: "length", raw: "length" })],
  ["an answer of nothing", reply([], { reason: "length", raw: "length" })],
  ["ids that come twice, and none", reply([call("a"), call("a"), call(""), text("x", { extras: { "openai-responses": { message: { id: "m" } } } }), call("b"), text("y", { extras: { "openai-responses": { message: { id: "m" } } } })])],
  ["a filter's stop", reply([text("half")], { reason: "filter", raw: "content_filter" })],
  ["a hosted tool's call", reply([{ kind: "foreign", at: "", protocol: "openai-responses", type: "web_search_call", value: { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } }, text: "" }, text("so")])],
  ["no usage", reply([text("x")], { reason: "stop", raw: "" }, { usage: noUsage(), id: "" })],
];

/** What the library adds for those who stream. */
const parsed: ReadonlySet<string> = new Set(["parsed", "parsed_arguments", "output_parsed"]);

describe.each(replies)("%s", (_, told) => {
  test("comes to the official library as the same answer, streamed or whole", async () => {
    const { response } = await accumulate(written(eventsOf(told)));
    const whole = await readWhole(codec.encodeReply(told, conversationOf({ input: "hi", stream: true })).body);
    const { output_text: streamedText, ...streamed } = response;
    const { output_text: wholeText, ...rest } = whole as typeof response;
    expect(JSON.parse(JSON.stringify(streamed), (key, value) => (parsed.has(key) ? undefined : value) as unknown)).toEqual(JSON.parse(JSON.stringify(rest)));
    expect(streamedText).toBe(wholeText);
  });

  test("has numbers without a gap, ids that stay, and one end that repeats all", () => {
    const lines = linesOf(written(eventsOf(told)));
    expect(lines.map((line) => line.sequence_number)).toEqual(lines.map((__, index) => index));
    expect(lines.slice(0, 2).map(({ type }) => type)).toEqual(["response.created", "response.in_progress"]);
    const ends = lines.filter(({ type }) => ["response.completed", "response.incomplete", "response.failed"].includes(type));
    expect(ends).toEqual([lines.at(-1)]);
    const output = list(ends[0], "response", "output");
    const done = lines.filter(({ type }) => type === "response.output_item.done");
    expect(done.map((line) => line["item"] as Body)).toEqual(output);
    for (const line of lines) {
      const item = line["item"] as Body | undefined;
      if (item !== undefined) expect(item["id"]).toBe(output[line["output_index"] as number]?.["id"]);
      if (line["item_id"] !== undefined) expect(line["item_id"]).toBe(output[line["output_index"] as number]?.["id"]);
    }
    expect(new Set(output.map(({ id }) => id as string)).size).toBe(output.length);
  });

  test("goes back to the provider that gave it, sealed values and all", () => {
    const body = given(told);
    const conversation = conversationOf({ input: list(body, "output") });
    const blocks = conversation.turns.flatMap((turn) => turn.blocks);
    const opaques = (some: readonly Block[]) => some.flatMap((block) => (block.opaques ?? []).map(({ kind, value }) => `${block.kind}:${kind}:${value}`)).toSorted();
    const expected = told.choices[0]?.blocks ?? [];
    expect(opaques(blocks.filter(({ kind }) => kind !== "foreign"))).toEqual(opaques(expected));
    const calls = (some: readonly Block[]) => some.flatMap((block) => (block.kind === "tool-call" ? [[block.name, block.arguments === "" ? "{}" : block.arguments]] : []));
    expect(calls(blocks)).toEqual(calls(expected));
    // What was made here is nobody's id.
    expect(JSON.stringify(sent(conversation).body)).not.toContain("_gw_");
  });
});

test("a summary behind thinking keeps its place: an item tells its summaries first", () => {
  const body = given(reply([thought("raw", { isSummary: false }), thought("one"), thought("two"), text("so")]));
  expect(list(body["output"]).map(({ type, summary, content }) => [type, list(summary ?? []).map(({ text: said }) => said), list(content ?? []).map(({ text: said }) => said)])).toEqual([
    ["reasoning", [], ["raw"]], ["reasoning", ["one", "two"], []], ["message", [], ["so"]],
  ]);
});

describe("how it ended", () => {
  test.each([
    [{ reason: "stop", raw: "" }, "completed", null],
    [{ reason: "stop-sequence", raw: "", stopSequence: "x" }, "completed", null],
    [{ reason: "tool-calls", raw: "" }, "completed", null],
    [{ reason: "paused", raw: "" }, "incomplete", { reason: "max_output_tokens" }],
    [{ reason: "length", raw: "" }, "incomplete", { reason: "max_output_tokens" }],
    [{ reason: "context-full", raw: "" }, "incomplete", { reason: "max_output_tokens" }],
    [{ reason: "filter", raw: "" }, "incomplete", { reason: "content_filter" }],
    [{ reason: "refusal", raw: "", detail: "It is forbidden." }, "incomplete", { reason: "content_filter" }],
    [{ reason: "malformed", raw: "", detail: "bad call" }, "failed", null],
    [{ reason: "fault", raw: "" }, "failed", null],
  ] as [Finish, string, object | null][])("%j", (finish, status, why) => {
    const body = given(reply([text("half")], finish));
    expect([body["status"], body["incomplete_details"]]).toEqual([status, why]);
    expect(body["error"]).toEqual(status === "failed" ? { code: "server_error", message: finish.detail ?? expect.stringMatching(/./) } : null);
    expect(inside(body, "output", 0, "status")).toBe(status === "completed" ? "completed" : "incomplete");
    expect(linesOf(written(eventsOf(reply([text("half")], finish)))).at(-1)?.type).toBe(`response.${status}`);
  });

  test("a refusal that is only a word of the provider's is told as a refusal too", () => {
    expect(given(reply([], { reason: "refusal", raw: "refusal", detail: "It is forbidden." }))["output"]).toMatchObject([{ type: "message", content: [{ type: "refusal", refusal: "It is forbidden." }] }]);
  });
});

describe("the response around it", () => {
  const request = {
    input: "hi", instructions: "be", temperature: 0.5, max_output_tokens: 9, tools: [{ type: "function", name: "f", parameters: {}, strict: true }, { type: "apply_patch" }], tool_choice: "required",
    parallel_tool_calls: false, metadata: { a: "b" }, reasoning: { effort: "low", summary: "auto" }, text: { verbosity: "low" }, truncation: "auto", prompt_cache_key: "k",
    safety_identifier: "u", service_tier: "flex",
  };

  test("repeats what was asked, under the name that was asked for", () => {
    const { input: _, ...repeated } = request;
    expect(given(reply([text("x")]), conversationOf(request))).toMatchObject({
      ...repeated, id: "resp_chatcmpl-abc", object: "response", created_at: 1_787_000_000, model: "smart", status: "completed", error: null, background: false, previous_response_id: null,
      service_tier: "flex", store: false, text: { format: { type: "text" }, verbosity: "low" },
      usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 2 }, total_tokens: 15 },
    });
  });

  test("says what a provider of this protocol said itself", () => {
    const told = reply([text("x")], { reason: "stop", raw: "completed" }, { id: "resp_1", serviceTier: "priority", extras: { "openai-responses": { temperature: 1, store: true } } });
    expect(given(told)).toMatchObject({ id: "resp_1", temperature: 1, store: true, service_tier: "priority", model: "smart" });
  });

  test("has items with ids of this protocol's kinds", () => {
    const ids = list(given(reply([thought("a"), text("b"), call("c"), call("d", { isCustom: true })])), "output").map(({ id }) => String(id).split("_")[0]);
    expect(ids).toEqual(["rs", "msg", "fc", "ctc"]);
  });

  test("gives an unknown usage as none", () => {
    expect(given(reply([], { reason: "stop", raw: "" }, { usage: noUsage() }))["usage"]).toBeNull();
  });

  test("puts a call back into its namespace", () => {
    const conversation = conversationOf({ input: "hi", tools: [{ type: "namespace", name: "crm", description: "", tools: [{ type: "function", name: "look", parameters: {} }] }] });
    expect(given(reply([call("a", { name: "crm__look" })]), conversation)["output"]).toMatchObject([{ name: "look", namespace: "crm" }]);
  });

  test("tells sound that it has no place for as a loss, and keeps its words", () => {
    const sound: Block = { kind: "audio", at: "", source: { kind: "bytes", data: "AAAA", mediaType: "" }, format: "wav", transcript: "hello" };
    const { body, losses } = codec.encodeReply(reply([sound]), conversationOf({ input: "hi" }));
    expect(inside(JSON.parse(String(body)), "output", 0, "content", 0, "text")).toBe("hello");
    expect(losses).toEqual([{ path: "output", reason: "unsupported", severity: "major" }]);
  });
});

describe("a stream", () => {
  const start: Event = { kind: "start", id: "x", model: "m", createdAt: 7, serviceTier: "" };
  const open = (index: number, head: Extract<Event, { kind: "block-start" }>["head"]): Event => ({ kind: "block-start", choice: 0, index, head });
  const more = (index: number, said: string): Event => ({ kind: "text", choice: 0, index, text: said });
  const stop = (index: number): Event => ({ kind: "block-stop", choice: 0, index });
  const finish: Event = { kind: "finish", choice: 0, finish: { reason: "stop", raw: "" } };

  test("of blocks that grow side by side is one of items that follow each other", async () => {
    const head = (id: string) => ({ kind: "tool-call" as const, id, name: "f", isCustom: false });
    const events = [start, open(0, head("a")), open(1, head("b")), more(0, '{"a"'), more(1, '{"b"'), more(0, ":1}"), more(1, ":2}"), stop(1), stop(0), finish, { kind: "end" } as Event];
    const { response } = await accumulate(written(events));
    expect(response.output).toMatchObject([{ call_id: "a", arguments: '{"a":1}' }, { call_id: "b", arguments: '{"b":2}' }]);
  });

  test("keeps the line alive without an event", () => {
    expect(codec.encodeStream(conversationOf({ input: "x" })).push({ kind: "ping" })).toBe(": keep-alive\n");
  });

  test("that fails ends with an error and a response that failed, and never with another end", async () => {
    const encoder = codec.encodeStream(conversationOf({ input: "x", stream: true }));
    const begun = [start, open(0, { kind: "text" }), more(0, "half")].map((event) => String(encoder.push(event))).join("");
    const ended = String(encoder.fail(failure("UPSTREAM_TRUNCATED")));
    const lines = linesOf(begun + ended);
    expect(lines.map((line) => line.sequence_number)).toEqual(lines.map((_, index) => index));
    expect(lines.slice(-2)).toMatchObject([
      { type: "error", code: "UPSTREAM_TRUNCATED", message: expect.stringContaining("broke off"), param: null },
      { type: "response.failed", response: { id: "resp_x", status: "failed", error: { code: "UPSTREAM_TRUNCATED" }, output: [{ content: [{ text: "half" }], status: "incomplete" }] } },
    ]);
    expect([encoder.push({ kind: "end" }), encoder.fail(failure("INTERNAL"))]).toEqual(["", ""]);
    await expect(accumulate(begun + ended)).rejects.toThrow("broke off");
  });

  test("that fails before it began is one that began and failed", () => {
    const lines = linesOf(String(codec.encodeStream(conversationOf({ input: "x" })).fail(failure("INTERNAL"))));
    expect(lines.map(({ type }) => type)).toEqual(["response.created", "response.in_progress", "error", "response.failed"]);
  });

  test("that has ended says nothing more", () => {
    const encoder = codec.encodeStream(conversationOf({ input: "x" }));
    for (const event of [start, finish, { kind: "end" } as Event]) encoder.push(event);
    expect([encoder.push(more(0, "x")), encoder.fail(failure("INTERNAL"))]).toEqual(["", ""]);
  });
});

test("what is sealed by another protocol is wrapped, what is sealed by this one is not", () => {
  const own = { kind: "encrypted" as const, origin: "openai-responses/openai", value: "gAAA" };
  const sealed = list(given(reply([thought("a", { opaques: [own] }), thought("b", { opaques: [signature] })])), "output").map((item) => String(item["encrypted_content"]));
  expect(sealed[0]).toBe("gAAA");
  expect(unwrap(sealed[1] ?? "")).toEqual([signature]);
});

test("what a gateway behind this one has wrapped comes back to it as it was", () => {
  const nested = String(inside(given(reply([thought("a", { opaques: [signature] })])), "output", 0, "encrypted_content"));
  const item = given(reply([thought("a", { opaques: [{ kind: "encrypted", origin: "openai-responses/llm-gateway", value: nested }] })]))["output"] as object[];
  expect(inside(sent(conversationOf({ input: item }), target({ origin: "openai-responses/llm-gateway" })).body, "input", 0, "encrypted_content")).toBe(nested);
});
