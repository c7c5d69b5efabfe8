// Servers that people run themselves: a model that thinks between tags in its text, and servers that refuse options of streams.
// Their owner says so once, and clients of every protocol see what they would see of any other model.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import type { Provider } from "../../dataplane/snapshot/schema.ts";
import { KEY } from "../doubles/gateway.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { eventStream, json } from "../doubles/provider-replies.ts";
import { asked, STREAMED } from "./clients-bare.ts";
import { openScene, type Scene } from "./streams-scene.ts";
import { chat, completions, eventsIn, uncounted } from "./streams-protocols.ts";

const usage = { input: 9, output: 5 };
const told = { input_tokens: 9, output_tokens: 5, usage_estimated: false, error: "" };
const estimated = { usage_estimated: true, error: "", status: 200 };

const sentIn = ({ provider }: Scene, nth = 0): object => JSON.parse(provider.requests[nth]?.body.toString() ?? "") as object;
const anthropic = ({ gateway }: Scene): Anthropic => new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
const openai = ({ gateway }: Scene): OpenAI => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });

const question = { model: "support-chat", max_tokens: 1000, messages: [{ role: "user" as const, content: "hi" }] };
const MESSAGES = JSON.stringify({ ...question, stream: true });

describe("a model that thinks between tags in its text", () => {
  const text = "<think>\nIs it <b>?\n</think>\n\nYes, <think> is a tag.";
  /** As blocks: nothing of the tags is left, and what looks like one later on is text. */
  const blocks = [{ type: "thinking", thinking: "\nIs it <b>?\n" }, { type: "text", text: "Yes, <think> is a tag." }];
  /** The tags are cut in the middle. */
  const events = chatEvents({ words: ["<thi", "nk>\nIs it", " <b>?\n</th", "ink>\n", "\nYes, <think>", " is a tag."], usage });
  const whole = json(chatCompletion({ text, usage }));
  const thinks: Partial<Provider> = { protocols: ["openai-chat"], thinking: { "provider-model": "in-tags" } };

  it("gives an Anthropic client its thinking in blocks of their own, streamed and whole", async () => {
    const scene = await openScene([eventStream(events), whole], { provider: thinks });
    const streamed = await anthropic(scene).messages.stream(question).finalMessage();
    expect(streamed.content).toMatchObject(blocks);
    const answer = await anthropic(scene).messages.create(question);
    expect(answer.content).toMatchObject(blocks);
    for (const line of await scene.over(2)) expect(line).toMatchObject(told);
  });

  it("gives a client of Responses its thinking as an item of its own", async () => {
    const scene = await openScene(whole, { provider: thinks });
    const { output, output_text: said } = await openai(scene).responses.create({ model: "support-chat", input: "hi" });
    expect(output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect([said, JSON.stringify(output[0])]).toEqual(["Yes, <think> is a tag.", expect.stringContaining("\\nIs it <b>?\\n")]);
    await scene.over(1);
  });

  it("gives a Chat client what the provider wrote, to the byte", async () => {
    const scene = await openScene([eventStream(events), whole], { provider: thinks });
    expect((await scene.ask(STREAMED)).text).toBe(uncounted(Buffer.concat(events)).toString());
    expect((await scene.ask(asked())).text).toBe(chatCompletion({ text, usage }).toString());
    for (const line of await scene.over(2)) expect(line).toMatchObject(told);
  });

  it("is the one that its owner names: of another model the tags are text", async () => {
    const targets = ["provider-model", "plain-model"].map((model, at) => ({ name: `t${at}`, provider: "test/one", model, weight: 1, priority: 0 }));
    const models = (["a", "b"] as const).map((name, at) => ({ match: "exact" as const, name, targets: [`t${at}`] }));
    const scene = await openScene([whole, whole], { provider: thinks, targets, routes: { both: { models } } });
    const contentOf = async (model: string): Promise<unknown> => (await anthropic(scene).messages.create({ ...question, model })).content;
    expect(await contentOf("a")).toMatchObject(blocks);
    expect(await contentOf("b")).toMatchObject([{ type: "text", text }]);
    expect(scene.provider.requests.map((_, at) => sentIn(scene, at))).toMatchObject([{ model: "provider-model" }, { model: "plain-model" }]);
    await scene.over(2);
  });
});

describe("servers that refuse options of streams", () => {
  const refusing: Partial<Provider> = { streamOptions: "refused" };

  it("are sent none by Chat and Completions, and what a stream cost is estimated", async () => {
    for (const spoken of [chat, completions]) {
      const events = spoken.events({ words: ["some", " words"] });
      const scene = await openScene([eventStream(events), eventStream(events)], { provider: { ...refusing, protocols: ["openai-chat", "openai-completions"] } });
      for (const [nth, body] of [spoken.body, spoken.counted].entries()) {
        expect((await scene.ask(body, spoken)).text).toBe(Buffer.concat(events).toString());
        expect(sentIn(scene, nth)).toMatchObject({ model: "provider-model", stream: true });
        expect(sentIn(scene, nth)).not.toHaveProperty("stream_options");
      }
      for (const line of await scene.over(2)) {
        expect(line).toMatchObject(estimated);
        expect([line["input_tokens"], line["output_tokens"]]).toEqual([expect.any(Number), 3]);
      }
    }
  });

  it("are sent none for an Anthropic client, whose answer is whole all the same", async () => {
    const scene = await openScene(eventStream(chatEvents({ words: ["some", " words"] })), { provider: { ...refusing, protocols: ["openai-chat"] } });
    const { text } = await scene.ask(MESSAGES, { path: "/v1/messages" });
    expect(eventsIn(text).map(({ name }) => name)).toEqual(expect.arrayContaining(["message_start", "content_block_delta", "message_stop"]));
    expect(sentIn(scene)).toMatchObject({ model: "provider-model", stream: true });
    expect(sentIn(scene)).not.toHaveProperty("stream_options");
    expect((await scene.over(1))[0]).toMatchObject({ ...estimated, output_tokens: 3 });
  });

  it("are believed where they count unasked", async () => {
    const events = chatEvents({ words: ["x"], usage });
    const scene = await openScene(eventStream(events), { provider: refusing });
    expect((await scene.ask(STREAMED)).text).toBe(Buffer.concat(events).toString());
    expect(sentIn(scene)).not.toHaveProperty("stream_options");
    expect((await scene.over(1))[0]).toMatchObject(told);
  });
});

it("asks for usage again of a vendor whose row says that it refuses to be asked, where its owner knows better", async () => {
  const events = chatEvents({ words: ["x"], usage });
  const scene = await openScene(eventStream(events), { provider: { type: "perplexity", streamOptions: "accepted" } });
  expect((await scene.ask(STREAMED)).text).toBe(uncounted(Buffer.concat(events)).toString());
  expect(sentIn(scene)).toMatchObject({ stream_options: { include_usage: true } });
  expect((await scene.over(1))[0]).toMatchObject(told);
});
