// The older completions as a client speaks them, to providers of other protocols.
import { describe, expect, test } from "vitest";
import { failure } from "../../../dataplane/errors.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import { type Block, type Conversation, type Event, noUsage, type Reply } from "../../../dataplane/protocols/ir.ts";
import { openaiCompletionsCodec as codec } from "../../../dataplane/protocols/openai-completions/index.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { asBytes, asked } from "../openai-chat/asking.ts";
import { text as readText, texts } from "../openai-chat/reading.ts";

const decoded = (body: object): Conversation => {
  const conversation = codec.decodeRequest(asBytes({ model: "gpt-x", prompt: "Say", ...body }), asked);
  if (isInvalid(conversation)) throw new Error(conversation.problem);
  return conversation;
};

const text = (value: string, more: object = {}): Block => ({ kind: "text", at: "", text: value, ...more });
const replyOf = (blocks: readonly Block[], more: Partial<Reply> = {}): Reply => ({ id: "msg_1", model: "m", createdAt: 9, choices: [{ index: 0, blocks, finish: { reason: "stop", raw: "" } }], usage: noUsage(), serviceTier: "", ...more });
const written = (events: readonly Event[], conversation: Conversation): string => {
  const encoder = codec.encodeStream(conversation);
  return events.map((event) => String(encoder.push(event))).join("");
};

describe("a request", () => {
  test("says its prompt as a user does", () => {
    const conversation = decoded({ max_tokens: 5, temperature: 0.5, stop: ["\n"], n: 2, best_of: 2, logprobs: 3, user: "u", seed: 1, stream: true, stream_options: { include_usage: true } });
    expect(conversation).toMatchObject({
      protocol: "openai-completions", model: "gpt-x", isStreaming: true, isUsageWanted: true, userId: "u", extras: {},
      turns: [{ role: "user", at: "prompt", blocks: [{ kind: "text", text: "Say" }] }],
      sampling: { maxOutputTokens: 5, temperature: 0.5, stop: ["\n"], choices: 2, logprobs: 3, seed: 1 },
    });
    expect(decoded({ prompt: ["Say"] }).turns).toEqual(conversation.turns);
  });

  test("keeps what has no other name, and tells what counts", () => {
    expect(decoded({ suffix: "end", echo: true, best_of: 3, logit_bias: { 1: 1 }, stop: null }).extras).toEqual({ "openai-completions": { suffix: "end", echo: true, best_of: 3, logit_bias: { 1: 1 } } });
    expect([codec.majorExtras.has("suffix"), codec.majorExtras.has("echo"), codec.quietExtras?.has("echo")]).toEqual([true, false, true]);
  });

  test.each([
    ["tokens", [1, 2, 3]],
    ["lists of tokens", [[1, 2], [3]]],
    ["several prompts", ["a", "b"]],
    ["no prompt", null],
    ["an object", {}],
  ])("is refused when its prompt is %s", (_, prompt) => {
    expect(codec.decodeRequest(asBytes({ prompt }), asked)).toMatchObject({ parameter: "prompt" });
  });

  test("is refused when it is no object", () => {
    expect(codec.decodeRequest(Buffer.from("[]"), asked)).toMatchObject({ parameter: "" });
  });
});

describe("an answer", () => {
  const logprobs = [{ token: "Hi", logprob: -0.5, bytes: null, top: [{ token: "Ho", logprob: -1, bytes: null }] }, { token: "!", logprob: -0.1, bytes: null, top: [] }];
  const usage = { ...noUsage(), inputTokens: 2, outputTokens: 3 };

  test("is read by the library, whole", async () => {
    const completion = await readText(codec.encodeReply(replyOf([text("Hi!", { logprobs })], { usage }), decoded({})).body);
    expect(completion).toMatchObject({
      id: "cmpl-msg_1", object: "text_completion", created: 9, model: "gpt-x", usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
      choices: [{ text: "Hi!", index: 0, finish_reason: "stop", logprobs: { tokens: ["Hi", "!"], token_logprobs: [-0.5, -0.1], top_logprobs: [{ Hi: -0.5, Ho: -1 }, { "!": -0.1 }], text_offset: [0, 2] } }],
    });
  });

  test("is read by the library, streamed: the same text, its end and its usage", async () => {
    const reply = replyOf([text("Hi!", { logprobs }), text(" you")], { usage });
    const all = await texts(written(eventsOf(reply), decoded({ stream: true, stream_options: { include_usage: true } })));
    expect(all.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe("Hi! you");
    expect(all.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(["stop"]);
    expect(all.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 5 } });
    expect((await texts(written(eventsOf(reply), decoded({ stream: true })))).some((one) => "usage" in one)).toBe(false);
  });

  test("begins with the prompt for those who want to read it again, once for each choice", async () => {
    const echoing = decoded({ echo: true });
    const reply = replyOf([], { choices: [0, 1].map((index) => ({ index, blocks: [text(` ${index}`, { logprobs: [{ token: " ", logprob: 0, bytes: null, top: [] }] })], finish: { reason: "length", raw: "" } })) });
    const completion = await readText(codec.encodeReply(reply, echoing).body);
    expect(completion.choices).toMatchObject([{ text: "Say 0", finish_reason: "length", logprobs: { text_offset: [3] } }, { text: "Say 1" }]);
    const joined = ["", ""];
    for (const { choices } of await texts(written(eventsOf(reply), echoing))) for (const choice of choices) joined[choice.index] += choice.text;
    expect(joined).toEqual(["Say 0", "Say 1"]);
  });

  test("has no place for anything but text, and says so", () => {
    const citations = [{ kind: "url", start: 0, end: 1, url: "https://x.test", title: "", citedText: "" }, { kind: "url", start: 0, end: 1, url: "https://y.test", title: "", citedText: "" }];
    const blocks: Block[] = [{ kind: "reasoning", at: "", text: "hm", isSummary: false }, text("", { citations }), { kind: "refusal", at: "", text: "no" }, { kind: "tool-call", at: "", id: "a", name: "f", arguments: "{}" }];
    const lossOf = (what: string, severity: string) => ({ path: `choices[0].${what}`, reason: "unsupported", severity });
    const losses = [lossOf("annotations", "minor"), lossOf("reasoning", "minor"), lossOf("tool-call", "major")];
    const sorted = (list: readonly { readonly path: string }[]) => list.toSorted((one, other) => one.path.localeCompare(other.path));
    const encoded = codec.encodeReply(replyOf(blocks), decoded({}));
    expect([JSON.parse(encoded.body.toString()), sorted(encoded.losses)]).toMatchObject([{ choices: [{ text: "no" }] }, losses]);
    const encoder = codec.encodeStream(decoded({}));
    const sent = eventsOf(replyOf(blocks)).map((event) => String(encoder.push(event))).join("");
    expect([sent.includes("hm"), sent.includes('"text":"no"'), sorted(encoder.losses)]).toEqual([false, true, losses]);
  });

  test("keeps the line alive without an event", () => {
    expect(codec.encodeStream(decoded({})).push({ kind: "ping" })).toBe(": keep-alive\n");
  });

  test("that fails is an error without the terminator", async () => {
    const encoder = codec.encodeStream(decoded({}));
    const sent = eventsOf(replyOf([text("t")])).slice(0, 3).map((event) => String(encoder.push(event))).join("") + String(encoder.fail(failure("TIMEOUT_IDLE", { seconds: 5 })));
    expect(sent).not.toContain("[DONE]");
    await expect(texts(sent)).rejects.toThrow("stood still");
    expect(encoder.push({ kind: "end" })).toBe("");
  });
});
