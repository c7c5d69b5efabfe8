// Answers of any provider, written for clients of chat completions: as OpenAI's library reads them, streamed and whole.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { unwrap } from "../../../dataplane/protocols/carrier.ts";
import { type Block, type Conversation, type Event, type Finish, noUsage, type Opaque, type Reply } from "../../../dataplane/protocols/ir.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { ask, chunksIn, decoded, written } from "./asking.ts";
import { chunks, joined, whole } from "./reading.ts";

const streaming = ask({ stream: true });
const finished = (reason: Finish["reason"], more: Partial<Finish> = {}): Finish => ({ reason, raw: reason, ...more });
const replyOf = (blocks: readonly Block[], finish = finished("stop"), more: Partial<Reply> = {}): Reply => ({ id: "msg_1", model: "claude", createdAt: 9, choices: [{ index: 0, blocks, finish }], usage: noUsage(), serviceTier: "", ...more });
const text = (value: string, more: Partial<Extract<Block, { kind: "text" }>> = {}): Block => ({ kind: "text", at: "", text: value, ...more });
const call = (id: string, name: string, value: string, more: object = {}): Block => ({ kind: "tool-call", at: "", id, name, arguments: value, ...more });
const opaque = (origin: string, value: string, kind: Opaque["kind"] = "signature"): Opaque => ({ kind, origin, value });

/** The library keeps the last delta of a member that it does not know: those are looked at as they are sent. */
const known = ({ reasoning_content: _text, reasoning_details: _details, extra_content: _extra, ...message }: Record<string, unknown>) => message;

/** The library's own additions, for those who let it parse. */
const withoutParsed = (value: object): unknown => JSON.parse(JSON.stringify(value, (key, member: unknown) => (key === "parsed" || key === "parsed_arguments" ? undefined : member)));

const bothWays = async (reply: Reply, asked: Conversation = streaming) => {
  const { body, losses } = codec.encodeReply(reply, asked);
  const fromStream = await joined(written(eventsOf(reply), asked));
  const fromReply = await whole(body);
  return { fromStream, fromReply, losses, raw: JSON.parse(body.toString()) as { choices: { message: Record<string, unknown>; finish_reason: string }[] } };
};

describe("the library reads a stream as it reads the whole", () => {
  const citation = { kind: "url", start: 1, end: 3, url: "https://x.test", title: "X", citedText: "" } as const;
  const logprob = { token: "t", logprob: -0.5, bytes: [116], top: [{ token: "u", logprob: -1, bytes: null }] };

  test.each<[string, Reply]>([
    ["text", replyOf([text("Hi 🌅\n\"x\"")])],
    ["no text", replyOf([])],
    ["nothing but thinking that reached the limit", replyOf([{ kind: "reasoning", at: "", text: "hm", isSummary: false }], finished("length"))],
    ["calls", replyOf([call("a", "f", '{"x":1.0}'), call("b", "g", "")], finished("tool-calls"))],
    ["a call of a custom tool", replyOf([call("a", "c", "free text", { isCustom: true })], finished("tool-calls"))],
    ["text before, between and behind calls", replyOf([text("a"), call("a", "f", "{}"), text("b"), call("b", "g", "[]"), text("c")], finished("stop"))],
    ["thinking, text and a call", replyOf([{ kind: "reasoning", at: "", text: "hm", isSummary: false, opaques: [opaque("anthropic-messages/anthropic", "s")] }, text("t"), call("a", "f", "{}")], finished("tool-calls"))],
    ["a refusal", replyOf([{ kind: "refusal", at: "", text: "no" }], finished("refusal"))],
    ["a refusal that was only explained", replyOf([text("partly")], finished("refusal", { detail: "policy" }))],
    ["citations", replyOf([text("abcd"), text("efgh", { citations: [citation, { ...citation, start: -1, end: -1 }] })])],
    ["log probabilities", replyOf([text("t", { logprobs: [logprob] })])],
    ["a picture", replyOf([text("look"), { kind: "image", at: "", source: { kind: "bytes", data: "AAAA", mediaType: "image/png" } }])],
    ["sound", replyOf([{ kind: "audio", at: "", id: "audio_1", source: { kind: "bytes", data: "AAAA", mediaType: "" }, format: "pcm16", transcript: "hey", extras: { "openai-chat": { expires_at: 99 } } }])],
    ["a tier and a fingerprint", replyOf([text("t")], finished("stop"), { serviceTier: "default", extras: { "openai-chat": { system_fingerprint: "fp" } } })],
    ["several choices", replyOf([], finished("stop"), { choices: [0, 1].map((index) => ({ index, blocks: [text(`t${index}`)], finish: finished("stop") })) })],
  ])("%s", async (_, reply) => {
    const { fromStream, fromReply } = await bothWays(reply);
    const bare = ({ choices, ...completion }: typeof fromReply) => ({ ...completion, choices: choices.map(({ message, ...choice }) => ({ ...choice, message: known({ ...message }) })) });
    expect(withoutParsed(bare(fromStream))).toEqual(withoutParsed(bare(fromReply)));
  });
});

describe("what a client reads", () => {
  test("has the model that it asked for, an id in the protocol's style, and the provider's where that has it", async () => {
    const { fromReply, fromStream } = await bothWays(replyOf([text("t")]));
    expect([fromReply, fromStream]).toMatchObject([{ id: "chatcmpl-msg_1", object: "chat.completion", created: 9, model: "gpt-x" }, { id: "chatcmpl-msg_1", model: "gpt-x" }]);
    expect((await bothWays(replyOf([text("t")], finished("stop"), { id: "chatcmpl-7" }))).fromReply.id).toBe("chatcmpl-7");
  });

  test.each<[Finish["reason"], Block[], string]>([
    ["stop", [text("t")], "stop"],
    ["stop-sequence", [text("t")], "stop"],
    ["length", [text("t")], "length"],
    ["length", [call("a", "f", '{"x')], "length"],
    ["context-full", [text("t")], "length"],
    ["tool-calls", [call("a", "f", "{}")], "tool_calls"],
    ["stop", [call("a", "f", "{}")], "tool_calls"],
    ["tool-calls", [text("t")], "stop"],
    ["filter", [call("a", "f", "{}")], "content_filter"],
    ["filter", [], "content_filter"],
    ["refusal", [{ kind: "refusal", at: "", text: "no" }], "stop"],
    ["refusal", [text("t")], "content_filter"],
    ["paused", [text("t")], "length"],
    ["malformed", [text("t")], "stop"],
    ["malformed", [], "content_filter"],
    ["other", [text("t")], "stop"],
  ])("ends in a word of the protocol: %s", async (reason, blocks, word) => {
    const { fromStream, raw } = await bothWays(replyOf(blocks, finished(reason)));
    expect([fromStream.choices[0]?.finish_reason, raw.choices[0]?.finish_reason]).toEqual([word, word]);
  });

  test("gets calls one after another with dense indices, and arguments that are never nothing", () => {
    const at = { choice: 0 } as const;
    const begin = (index: number, id: string): Event => ({ kind: "block-start", ...at, index, head: { kind: "tool-call", id, name: "f", isCustom: false } });
    const events: Event[] = [
      { kind: "start", id: "x", model: "", createdAt: 0, serviceTier: "" },
      { kind: "block-start", ...at, index: 0, head: { kind: "text" } },
      { kind: "text", ...at, index: 0, text: "t" },
      { kind: "block-stop", ...at, index: 0 },
      begin(1, "a"), begin(2, "b"),
      { kind: "text", ...at, index: 2, text: "[2]" },
      { kind: "text", ...at, index: 1, text: "[1]" },
      { kind: "block-stop", ...at, index: 1 }, { kind: "block-stop", ...at, index: 2 },
      begin(3, "c"), { kind: "block-stop", ...at, index: 3 },
      { kind: "finish", ...at, finish: finished("tool-calls") }, { kind: "end" },
    ];
    const told = chunksIn(written(events, streaming)).flatMap(({ choices }) => (choices as { delta: { tool_calls?: { index: number; id?: string; function: { arguments: string } }[] } }[]).flatMap(({ delta }) => delta.tool_calls ?? []));
    expect(told.map((one) => [one.index, one.id ?? "", one.function.arguments])).toEqual([[0, "a", ""], [0, "", "[1]"], [1, "b", ""], [1, "", "[2]"], [2, "c", ""], [2, "", "{}"]]);
  });

  test("gets samples of sound as a file when it asked for one", async () => {
    const asked = decoded({ messages: [], modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } });
    const { raw } = await bothWays(replyOf([{ kind: "audio", at: "", source: { kind: "bytes", data: "AAAAAA==", mediaType: "audio/L16;rate=16000" }, format: "" }]), asked);
    const file = Buffer.from((raw.choices[0]!.message["audio"] as { data: string }).data, "base64");
    expect([file.toString("latin1", 0, 4), file.readUInt32LE(24), file.readUInt32LE(40), file.length]).toEqual(["RIFF", 16_000, 4, 48]);
  });

  test("is told what has no place", async () => {
    const { losses } = await bothWays(replyOf([text("t", { citations: [{ kind: "document", start: 0, end: 1, url: "", title: "", citedText: "x" }] }), { kind: "foreign", at: "", protocol: "anthropic-messages", type: "server_tool_use", value: {}, text: "" }]));
    expect(losses).toEqual([{ path: "choices[0].annotations", reason: "unsupported", severity: "minor" }, { path: "choices[0].foreign", reason: "unsupported", severity: "minor" }]);
    const encoder = codec.encodeStream(streaming);
    for (const event of eventsOf(replyOf([{ kind: "video", at: "", source: { kind: "url", url: "https://x.test" } }]))) encoder.push(event);
    expect(encoder.losses).toEqual([{ path: "choices[0].video", reason: "unsupported", severity: "major" }]);
  });

  test("has one sound and pictures with an address: the others are told, streamed and whole, and it reads the same both ways", async () => {
    const sound = (id: string, data: string): Block => ({ kind: "audio", at: "", id, source: { kind: "bytes", data, mediaType: "" }, format: "pcm16", transcript: id });
    const stored: Block = { kind: "image", at: "", source: { kind: "stored", protocol: "gemini", id: "f1", mediaType: "" } };
    const reply = replyOf([sound("one", "AAAA"), text("t"), sound("two", "BBBB"), stored, sound("three", "CCCC")]);
    const { losses, raw } = await bothWays(reply);
    const major = (path: string) => ({ path: `choices[0].${path}`, reason: "unsupported", severity: "major" });
    expect(losses).toEqual([major("image"), major("audio")]);
    expect(raw.choices[0]?.message["audio"]).toMatchObject({ id: "one", data: "AAAA", transcript: "one" });
    const encoder = codec.encodeStream(streaming);
    const stream = eventsOf(reply).map((event) => String(encoder.push(event))).join("");
    expect(encoder.losses).toEqual([major("audio"), major("image")]);
    const pieces = chunksIn(stream).flatMap(({ choices }) => (choices as { delta: { audio?: Record<string, string> } }[]).flatMap(({ delta }) => (delta.audio === undefined ? [] : [delta.audio])));
    const told = (member: string) => pieces.map((piece) => piece[member] ?? "").join("");
    expect([told("id"), told("data"), told("transcript")]).toEqual(["one", "AAAA", "one"]);
    expect(pieces.filter((piece) => "expires_at" in piece)).toHaveLength(1);
  });
});

describe("the older way of calling", () => {
  const asked = decoded({ messages: [], stream: true, functions: [{ name: "f" }] });

  test("is answered in it", async () => {
    const { fromStream, raw } = await bothWays(replyOf([call("a", "f", '{"x":1}')], finished("tool-calls")), asked);
    expect(fromStream.choices[0]).toMatchObject({ finish_reason: "function_call", message: { function_call: { name: "f", arguments: '{"x":1}' } } });
    expect(raw.choices[0]).toMatchObject({ finish_reason: "function_call", message: { content: null, function_call: { name: "f", arguments: '{"x":1}' } } });
    expect(raw.choices[0]?.message).not.toHaveProperty("tool_calls");
  });

  test("has one call only: the others are a loss", async () => {
    const reply = replyOf([call("a", "f", "{}"), call("b", "g", "{}")], finished("tool-calls"));
    const { fromStream, losses } = await bothWays(reply, asked);
    expect(fromStream.choices[0]?.message.function_call).toEqual({ name: "f", arguments: "{}" });
    expect(losses).toEqual([{ path: "choices[0].function_call", reason: "unsupported", severity: "major" }]);
  });
});

describe("usage", () => {
  const usage = { ...noUsage(), inputTokens: 10, outputTokens: 4, cachedInputTokens: 3, reasoningTokens: 2 };
  const told = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14, prompt_tokens_details: { cached_tokens: 3 }, completion_tokens_details: { reasoning_tokens: 2 } };
  const stream = (options: object, counts = usage) => chunksIn(written(eventsOf(replyOf([text("t")], finished("stop"), { usage: counts })), ask({ stream: true, ...options })));

  test("is told once, last and without choices, to those who asked", () => {
    const all = stream({ stream_options: { include_usage: true } });
    expect(all.at(-1)).toMatchObject({ choices: [], usage: told });
    expect(all.slice(0, -1).every((one) => one["usage"] === null && (one["choices"] as unknown[]).length === 1)).toBe(true);
  });

  test("is told to nobody else", () => {
    expect(stream({}).some((one) => "usage" in one)).toBe(false);
  });

  test("stands in each whole reply, and nothing stands there when nobody knows", () => {
    expect(JSON.parse(codec.encodeReply(replyOf([], finished("stop"), { usage }), ask()).body.toString())).toMatchObject({ usage: told });
    expect(JSON.parse(codec.encodeReply(replyOf([]), ask()).body.toString())).not.toHaveProperty("usage");
    expect(stream({ stream_options: { include_usage: true } }, noUsage()).some((one) => one["usage"] !== null)).toBe(false);
  });
});

describe("thinking of other vendors", () => {
  const claude = [opaque("anthropic-messages/anthropic", "sig")];
  const thought = (value: string, opaques: readonly Opaque[], more: object = {}): Block => ({ kind: "reasoning", at: "", text: value, isSummary: false, ...(opaques.length === 0 ? {} : { opaques }), ...more });
  const messageOf = (blocks: readonly Block[]) => (JSON.parse(codec.encodeReply(replyOf(blocks), streaming).body.toString()) as { choices: { message: Record<string, unknown> }[] }).choices[0]?.message ?? {};

  /** As a client joins deltas that it means to send back: texts grow, details and calls by their index. */
  const joinedByIndex = (blocks: readonly Block[]) => {
    const message = { role: "assistant", content: "", reasoning_content: "", reasoning_details: [] as object[], tool_calls: [] as Record<string, unknown>[], extra_content: undefined as unknown };
    for (const { choices } of chunksIn(written(eventsOf(replyOf(blocks)), streaming))) {
      for (const { delta } of choices as { delta: Record<string, unknown> }[]) {
        message.content += String(delta["content"] ?? "");
        message.reasoning_content += String(delta["reasoning_content"] ?? "");
        message.reasoning_details.push(...((delta["reasoning_details"] as object[] | undefined) ?? []));
        message.extra_content ??= delta["extra_content"];
        for (const { index, function: called, ...rest } of (delta["tool_calls"] as { index: number; function?: { name?: string; arguments: string } }[] | undefined) ?? []) {
          const before = message.tool_calls[index] ?? {};
          const sofar = (before["function"] as { name: string; arguments: string } | undefined) ?? { name: "", arguments: "" };
          message.tool_calls[index] = { ...before, ...rest, function: { name: called?.name ?? sofar.name, arguments: sofar.arguments + (called?.arguments ?? "") } };
        }
      }
    }
    return message;
  };

  test("is told twice: to be shown, and to be sent back", () => {
    expect(messageOf([thought("why", claude), text("t")])).toMatchObject({ content: "t", reasoning_content: "why", reasoning_details: [{ type: "reasoning.text", text: "why", index: 0, format: "unknown" }] });
  });

  test("of this protocol keeps its own values and words", () => {
    const own = thought("why", [opaque("openai-chat/openrouter", "sig")], { extras: { "openai-chat": { reasoning_detail: { format: "anthropic-claude-v1", index: 0 } } } });
    expect(messageOf([own])["reasoning_details"]).toEqual([{ type: "reasoning.text", text: "why", signature: "sig", format: "anthropic-claude-v1", index: 0 }]);
  });

  test("of a call stands in a piece of the call that libraries can read: each has a function, or a custom tool", () => {
    const signed = [opaque("gemini/gemini", "g")];
    const blocks = [call("c1", "f", '{"x":1}', { opaques: signed }), call("c2", "g", "", { opaques: signed }), call("c3", "h", "free", { isCustom: true, opaques: signed })];
    const pieces = chunksIn(written(eventsOf(replyOf(blocks)), streaming)).flatMap(({ choices }) => (choices as { delta: { tool_calls?: { index: number }[] } }[]).flatMap(({ delta }) => delta.tool_calls ?? []));
    expect(pieces.filter((piece) => "extra_content" in piece)).toHaveLength(3);
    expect(pieces.filter((piece) => !(piece.index === 2 ? "custom" in piece : "function" in piece))).toEqual([]);
  });

  const cases: [string, Block[]][] = [
    ["signed thinking", [thought("why", claude), text("t")]],
    ["thinking that only its maker can read", [thought("", [opaque("anthropic-messages/anthropic", "blob", "redacted")]), text("t")]],
    ["a summary with what is encrypted", [thought("sum", [opaque("openai-responses/openai", "enc", "encrypted"), opaque("openai-responses/openai", "rs_1", "id")], { isSummary: true }), text("t")]],
    ["several thoughts", [thought("a", claude), thought("b", [opaque("anthropic-messages/anthropic", "sig2")]), call("c1", "f", "{}")]],
    ["a call that Gemini signed", [thought("sum", [], { isSummary: true }), call("c1", "f", '{"x":1}', { opaques: [opaque("gemini/vertex-ai", "g")] }), call("c2", "g", "{}")]],
    ["a text that Gemini signed", [text("t", { opaques: [opaque("gemini/gemini", "g")] })]],
    ["a value of this protocol's", [thought("why", [opaque("openai-chat", "sig")]), text("t")]],
  ];

  test.each(cases)("comes back in the history, from a whole reply: %s", (_, blocks) => {
    expect(withoutPlaces(decoded({ messages: [messageOf(blocks)] }).turns[0]?.blocks ?? [])).toEqual(withoutPlaces(blocks));
  });

  test.each(cases)("comes back in the history, from a stream: %s", (_, blocks) => {
    expect(withoutPlaces(decoded({ messages: [joinedByIndex(blocks)] }).turns[0]?.blocks ?? [])).toEqual(withoutPlaces(blocks));
  });

  test("survives a client that keeps of unknown members the last piece only, as OpenAI's libraries do", () => {
    const blocks = [thought("first", claude), thought("second", claude), text("t")];
    const deltas = chunksIn(written(eventsOf(replyOf(blocks)), streaming)).flatMap(({ choices }) => (choices as { delta: Record<string, unknown> }[]).map(({ delta }) => delta));
    const message = { role: "assistant", content: "t", reasoning_details: deltas.findLast((delta) => "reasoning_details" in delta)?.["reasoning_details"] };
    expect(withoutPlaces(decoded({ messages: [message] }).turns[0]?.blocks ?? [])).toEqual(withoutPlaces(blocks));
  });

  const withoutPlaces = (blocks: readonly Block[]) => blocks.map(({ at: _, extras: _extras, ...block }) => block);

  test("that another gateway wrapped is wrapped once more, so that it comes back to that gateway", () => {
    const [wrapped] = messageOf([thought("why", claude)])["reasoning_details"] as { signature: string }[];
    const again = opaque("openai-chat/llm-gateway", wrapped?.signature ?? "");
    const [detail] = messageOf([thought("why", [again])])["reasoning_details"] as { signature: string }[];
    expect(unwrap(detail?.signature ?? "")).toEqual([again]);
  });
});

describe("the end of a stream", () => {
  const begun = (): [ReturnType<typeof codec.encodeStream>, string] => {
    const encoder = codec.encodeStream(streaming);
    const events = eventsOf(replyOf([text("t")])).slice(0, 3);
    return [encoder, events.map((event) => String(encoder.push(event))).join("")];
  };

  test("is told by the terminator, once", () => {
    const encoded = written(eventsOf(replyOf([text("t")])), streaming);
    expect(encoded.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(encoded.match(/\[DONE\]/g)).toHaveLength(1);
  });

  test("in a failure is an error that the library throws, without the terminator", async () => {
    const [encoder, sent] = begun();
    const failed = sent + String(encoder.fail(failure("UPSTREAM_TRUNCATED")));
    expect(failed).not.toContain("[DONE]");
    await expect(chunks(failed)).rejects.toThrow("broke off");
    expect(encoder.fail(failure("INTERNAL"))).toBe("");
    expect(encoder.push({ kind: "end" })).toBe("");
  });

  test("may be waited for with comments", async () => {
    const [encoder, sent] = begun();
    const pinged = sent + String(encoder.push({ kind: "ping" }));
    expect(pinged).toMatch(/\n\n: keep-alive\n$/);
    expect((await chunks(pinged)).length).toBeGreaterThan(0);
  });
});
