// A stop string that the provider cannot take: the gateway finds it, and there and then the client has its end and the provider
// loses its listener. What was not counted by then is estimated, and said to be.
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { dataEvent, responsesEvents } from "../doubles/provider-bytes.ts";
import { eventStream } from "../doubles/provider-replies.ts";
import { KEY } from "../doubles/gateway.ts";
import { post, type Reply } from "./clients-bare.ts";
import { eventsIn } from "./streams-protocols.ts";
import { openScene, type Line, type Scene, type SceneParts } from "./streams-scene.ts";

const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };
const MESSAGES = [{ role: "user", content: "Count" }];
const stopsNowhere: SceneParts = { provider: { protocols: ["openai-responses"] } };

/** Of a stream of the Responses protocol: all but the end, so that only the gateway can end it. */
const endless = (...words: string[]): Buffer[] => responsesEvents({ words: [...words, " and on"], terminal: null }).slice(0, 4 + words.length);

interface Asking {
  readonly path: string;
  readonly body: object;
}

const chat: Asking = { path: "/v1/chat/completions", body: { model: "support-chat", stream: true, stream_options: { include_usage: true }, stop: "STOP", messages: MESSAGES } };
const completions: Asking = { path: "/v1/completions", body: { model: "support-chat", stream: true, stop: ["STOP"], prompt: "Count" } };
const messages: Asking = { path: "/v1/messages", body: { model: "support-chat", stream: true, max_tokens: 99, stop_sequences: ["STOP"], messages: MESSAGES } };
const gemini: Asking = { path: "/v1beta/models/support-chat:streamGenerateContent?alt=sse", body: { contents: [{ role: "user", parts: [{ text: "Count" }] }], generationConfig: { stopSequences: ["STOP"] } } };

/** Sends the events, each by itself, and goes on waiting: resolves when the gateway has hung up and the client has all. */
const runs = async (scene: Scene, { path, body }: Asking, events: readonly Buffer[]): Promise<{ reply: Reply; line: Line }> => {
  const client = scene.client().send(post(JSON.stringify(body), { path }));
  const exchange = await scene.provider.next();
  await exchange.received;
  await exchange.sendHead(EVENT_STREAM);
  for (const event of events) await exchange.sendChunk(event);
  expect(await exchange.gone).toMatchObject({ phase: "reading the reply" });
  const reply = await client.reply();
  client.leave();
  const [line] = await scene.over(1);
  return { reply, line: line as Line };
};

const settledWell = { status: 200, error: "", aborted: false, attempts: 1, finish_reason: "stop-sequence" };

describe("a stop string that the provider does not take", () => {
  it("ends a chat where it stands, and the upstream with it; what nobody counted is estimated and marked", async () => {
    const { reply, line } = await runs(await openScene(undefined, stopsNowhere), chat, endless("one ", "two S", "TOP three"));
    expect(reply.isWhole).toBe(true);
    const chunks = eventsIn(reply.text).map(({ data }) => data);
    expect(chunks.at(-1)).toBe("[DONE]");
    const documents = chunks.slice(0, -1).map((data) => JSON.parse(data) as { choices: { delta: { content?: string }; finish_reason: string | null }[]; usage?: object | null });
    expect(documents.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("one two ");
    expect(documents.flatMap(({ choices }) => choices.flatMap(({ finish_reason: reason }) => reason ?? []))).toEqual(["stop"]);
    expect(line).toMatchObject({ ...settledWell, usage_estimated: true });
    expect(documents.at(-1)?.usage).toMatchObject({ prompt_tokens: line["input_tokens"], completion_tokens: line["output_tokens"] });
    expect(reply.text.indexOf(": llmgw-estimated true\n")).toBeGreaterThan(reply.text.indexOf('"stop"'));
  });

  it.each([
    ["completions", completions, '"finish_reason":"stop"', "[DONE]"],
    ["messages", messages, '"stop_reason":"stop_sequence","stop_sequence":"STOP"', "message_stop"],
    ["gemini", gemini, '"finishReason":"STOP"', '"finishReason"'],
  ])("ends an answer to a client of %s in its own words", async (_, asking, reason, terminator) => {
    const { reply, line } = await runs(await openScene(undefined, stopsNowhere), asking, endless("one ", "STOP"));
    expect(reply.isWhole).toBe(true);
    expect(reply.text).toContain("one ");
    expect(reply.text).not.toContain(" and on");
    expect(reply.text).toContain(reason);
    expect(reply.text.slice(reply.text.lastIndexOf("data: "))).toContain(terminator);
    // Nothing is told as counted that cannot be marked as estimated: one did not ask, one reads no comments.
    expect(reply.text.includes("llmgw-estimated")).toBe(asking === messages);
    expect(line).toMatchObject({ ...settledWell, usage_estimated: true });
  });

  it("is an end like any other to an SDK", async () => {
    const scene = await openScene(undefined, stopsNowhere);
    const client = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
    const whole = client.chat.completions.stream({ model: "support-chat", stream_options: { include_usage: true }, stop: ["STOP"], messages: [{ role: "user", content: "Count" }] }).finalChatCompletion();
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    for (const event of endless("one ", "STOP")) await exchange.sendChunk(event);
    const { choices, usage } = await whole;
    await exchange.gone;
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "one " } });
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
    await scene.over(1);
  });

  it("ends it too when it stands in what came first of all, while the head was still held", async () => {
    const { reply } = await runs(await openScene(undefined, stopsNowhere), chat, [Buffer.concat(endless("one STOP"))]);
    expect(reply).toMatchObject({ status: 200, isWhole: true });
    expect(reply.text).toContain('"content":"one "');
    expect(reply.text).toContain("[DONE]");
  });

  it("is no reason to forget what the provider has counted by then", async () => {
    const start = { type: "message_start", message: { id: "m", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 25, output_tokens: 1 } } };
    const events = [start, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "one\n\ntwo" } }];
    const bytes = events.map((event) => Buffer.concat([Buffer.from(`event: ${event.type}\n`), dataEvent(event)]));
    // That protocol takes stop strings, but none of white space.
    const { reply, line } = await runs(await openScene(undefined, { provider: { protocols: ["anthropic-messages"] } }), { ...chat, body: { ...chat.body, stop: "\n\n" } }, bytes);
    expect(line).toMatchObject({ ...settledWell, input_tokens: 25, output_tokens: 2, usage_estimated: true });
    expect(reply.text).toContain('"usage":{"prompt_tokens":25,"completion_tokens":2,"total_tokens":27');
  });

  it("changes nothing where the provider's own end came along: its count is told, and its connection is kept", async () => {
    const whole = Buffer.concat(responsesEvents({ words: ["one ", "STOP", " two"], usage: { input: 7, output: 5 } }));
    const scene = await openScene([eventStream([whole]), eventStream([whole])], stopsNowhere);
    const client = scene.client();
    for (const index of [0, 1]) {
      const reply = await client.send(post(JSON.stringify(chat.body), chat)).reply(index);
      expect(reply.text).toContain('"usage":{"prompt_tokens":7,"completion_tokens":5');
      expect(reply.text).not.toContain("llmgw-estimated");
    }
    client.leave();
    const lines = await scene.over(2);
    expect(lines.map((line) => line["usage_estimated"])).toEqual([false, false]);
    expect(new Set(scene.provider.requests.map(({ connection }) => connection)).size).toBe(1);
  });

  it("makes an answer whole: a failure that comes behind it, in the same read, spoils nothing", async () => {
    const failed = { type: "error", code: "server_error", message: "Oh", param: null, sequence_number: 9 };
    const bytes = Buffer.concat([...endless("one ", "STOP"), Buffer.from("event: error\n"), dataEvent(failed)]);
    const { reply, line } = await runs(await openScene(undefined, stopsNowhere), chat, [bytes]);
    expect(reply.text).toContain("[DONE]");
    expect(line).toMatchObject(settledWell);
  });
});
