// Usage that a client did not ask for: the gateway asks for it and knows it, and the client sees what it would have seen.
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { KEY } from "../doubles/gateway.ts";
import { chatEvents } from "../doubles/provider-bytes.ts";
import { eventStream, json } from "../doubles/provider-replies.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { asked, post, STREAMED } from "./clients-bare.ts";
import { chat, completions, uncounted } from "./streams-protocols.ts";
import { openScene, openTimedScene, stalled, type Scene } from "./streams-scene.ts";

const usage = { input: 9, output: 5, cached: 4 };
const events = chatEvents({ words: ["Grüße", ' "usage":{"prompt_tokens":1}'], usage });
const told = { input_tokens: 9, output_tokens: 5, cached_input_tokens: 4, usage_estimated: false, error: "" };
const asks = { include_usage: true };

const sentIn = ({ providers }: Scene, at = 0, nth = 0): { model: string; stream_options?: unknown } => JSON.parse(providers[at]?.requests[nth]?.body.toString() ?? "") as { model: string };

/** Tells usage to those who ask for it, as OpenAI does: null in each chunk, and an event of its own. */
const asOpenai: Behaviour = async (exchange) => {
  await exchange.received;
  const isAsked = (JSON.parse(exchange.request.body.toString()) as { stream_options?: { include_usage?: boolean } }).stream_options?.include_usage === true;
  const all = isAsked ? events.map((event) => Buffer.from(event.toString().replace('"finish_reason":null}]}', '"finish_reason":null}],"usage":null}'))) : [uncounted(Buffer.concat(events))];
  await eventStream([Buffer.concat(all)])(exchange);
};

const sdk = ({ gateway }: Scene): OpenAI => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
const question = { model: "support-chat", messages: [{ role: "user" as const, content: "hi" }], stream: true as const };

describe("usage that nobody asked for", () => {
  it("is asked of the provider, taken out again, and in our books as the provider counted it", async () => {
    for (const spoken of [chat, completions]) {
      const all = spoken.events({ words: ["x"], usage });
      const scene = await openScene(eventStream(all));
      const answer = await scene.ask(spoken.body, spoken);
      expect(answer.text).toBe(uncounted(Buffer.concat(all)).toString());
      expect(answer.text).not.toContain("total_tokens");
      expect(scene.provider.requests[0]?.body.toString()).toBe(spoken.body.replace("support-chat", "provider-model").replace('"stream":true', '"stream":true,"stream_options":{"include_usage":true}'));
      expect((await scene.over(1))[0]).toMatchObject({ input_tokens: 9, output_tokens: 5, usage_estimated: false, error: "", bytes_out: answer.body.length });
    }
  });

  it.each([["not at all", undefined], ["with no", { include_usage: false }], ["with null", null], ["with nothing in it", {}]])("is not seen by OpenAI's library, asked %s, and seen once where it is asked for", async (_, options) => {
    const scene = await openScene([asOpenai, asOpenai]);
    const seen = async (streamOptions: object | null | undefined): Promise<unknown[]> => {
      const usages: unknown[] = [];
      let text = "";
      const body = streamOptions === undefined ? question : { ...question, stream_options: streamOptions };
      for await (const chunk of await sdk(scene).chat.completions.create(body)) {
        text += chunk.choices[0]?.delta.content ?? "";
        if (chunk.usage !== undefined && chunk.usage !== null) usages.push(chunk.usage.total_tokens);
      }
      expect(text).toBe('Grüße "usage":{"prompt_tokens":1}');
      return usages;
    };
    expect(await seen(options)).toEqual([]);
    expect(await seen(asks)).toEqual([14]);
    for (const line of await scene.over(2)) expect(line).toMatchObject(told);
  });

  it("is not asked of a vendor that refuses to be asked so, and what it tells by itself stays", async () => {
    for (const type of ["mistral", "perplexity"] as const) {
      const scene = await openScene(eventStream(events), { provider: { type } });
      expect((await scene.ask(asked({ stream: true, stream_options: { include_usage: false } }))).text).toBe(Buffer.concat(events).toString());
      expect(sentIn(scene)).not.toHaveProperty("stream_options");
      expect((await scene.over(1))[0]).toMatchObject(told);
    }
  });

  it("is asked of a vendor whose bodies are changed in other ways too", async () => {
    const scene = await openScene(eventStream(events), { provider: { type: "groq" } });
    expect((await scene.ask(asked({ stream: true, logit_bias: { 1: 2 } }))).text).toBe(uncounted(Buffer.concat(events)).toString());
    expect(sentIn(scene)).toMatchObject({ model: "provider-model", stream_options: asks });
    expect((await scene.over(1))[0]).toMatchObject(told);
  });

  it("is worked out anew for each provider that is tried", async () => {
    const cast = { one: json({ error: { message: "busy" } }, { status: 503 }), two: eventStream(events) };
    const targets = ["one", "two"].map((name, priority) => ({ name, provider: `test/${name}`, model: `model-of-${name}`, weight: 1, priority }));
    const scene = await openScene(cast, { targets });
    expect((await scene.ask(STREAMED)).text).toBe(uncounted(Buffer.concat(events)).toString());
    expect([sentIn(scene, 0), sentIn(scene, 1)]).toMatchObject([{ model: "model-of-one", stream_options: asks }, { model: "model-of-two", stream_options: asks }]);
    expect((await scene.over(1))[0]).toMatchObject({ ...told, attempts: 2 });
  });

  it("is left where it is when one answer is asked for", async () => {
    const scene = await openScene(json({ id: "c", object: "chat.completion", model: "m", choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } }));
    const body = asked({ stream: false, stream_options: null });
    expect((await scene.ask(body)).text).toContain('"total_tokens":14');
    expect(scene.provider.requests[0]?.body.toString()).toBe(body.replace("support-chat", "provider-model"));
    await scene.over(1);
  });

  it("is asked in a large body that came in many pieces, which is the same in all else", async () => {
    const body = JSON.stringify({ messages: [{ role: "user", content: `"stream_options":null ${"ä".repeat(300_000)}` }], stream: true, stream_options: { include_obfuscation: false }, model: "support-chat", user: "u" });
    const scene = await openScene(eventStream(events));
    expect((await scene.ask(body)).text).toBe(uncounted(Buffer.concat(events)).toString());
    const sent = scene.provider.requests[0]?.body.toString() ?? "";
    expect(sent === body.replace('"support-chat"', '"provider-model"').replace('{"include_obfuscation"', '{"include_usage":true,"include_obfuscation"')).toBe(true);
    expect((await scene.over(1))[0]).toMatchObject(told);
  });

  it("keeps a long event, of which nothing is passed on yet, from being taken for silence", async () => {
    const scene = await openTimedScene(undefined);
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
    await exchange.sendChunk(events[0] as Buffer);
    await client.saw((events[0] as Buffer).toString());
    const long = chatEvents({ words: ["y".repeat(4000)] })[1] as Buffer;
    for (let at = 0; at < long.length; at += 1000) {
      scene.clock.advance(20_000);
      await exchange.sendChunk(long.subarray(at, at + 1000));
      await stalled(() => exchange.replyBytes);
    }
    for (const event of events.slice(1)) await exchange.sendChunk(event);
    await exchange.end();
    const reply = await client.reply();
    expect(reply.text).toContain("y".repeat(4000));
    expect(reply.text).not.toContain("UPSTREAM_");
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject(told);
  });
});
