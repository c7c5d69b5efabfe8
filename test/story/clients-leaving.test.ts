// A client that goes away, in each phase of its request: the upstream is ended at once, the request is settled once with
// what was used so far, and nothing stays behind.
import { describe, expect, it } from "vitest";
import { chatCompletion, chatEvents, dataEvent } from "../doubles/provider-bytes.ts";
import { eventStream, flood, json, silence } from "../doubles/provider-replies.ts";
import { CHAT, headOf, post, STREAMED, type BareClient } from "./clients-bare.ts";
import { openScene, openTimedScene, stalled, until } from "./streams-scene.ts";
import { startMute } from "./upstreams-mute.ts";

const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };
const JSON_HEAD = { headers: { "content-type": "application/json" } };

type Leave = (client: BareClient) => void;
const ways: readonly (readonly [how: string, leave: Leave])[] = [
  ["with a FIN, still reading", (client) => client.halfClose()],
  ["with a RST", (client) => client.reset()],
  ["by closing", (client) => client.leave()],
];

describe.each(ways)("a client that leaves %s", (_, leave) => {
  it("while it sends its body costs no upstream request", async () => {
    const scene = await openScene(silence);
    const client = scene.client().send(`${headOf(1000)}{"model":"support-`);
    await until(() => scene.gateway.server.openRequests() === 1);
    leave(client);
    expect((await scene.over(1))[0]).toMatchObject({ status: 0, aborted: true, error: "ACCEPT_LENGTH_MISMATCH", attempts: 0, input_tokens: null });
    expect(scene.provider.requests).toEqual([]);
  });

  it.each([CHAT, STREAMED])("while the provider has not answered ends the upstream: %s", async (body) => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(body));
    const exchange = await scene.provider.next();
    await exchange.received;
    leave(client);
    expect(await exchange.gone).toMatchObject({ phase: "waiting for the head" });
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ status: 0, aborted: true, error: "", attempts: 1, upstream_status: 0, input_tokens: null });
  });

  it("while the head is held back ends the upstream", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    await exchange.sendChunk(": not yet\n\n");
    leave(client);
    expect(await exchange.gone).toMatchObject({ phase: "reading the reply" });
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ status: 0, aborted: true, attempts: 1, upstream_status: 200, input_tokens: null, output_tokens: null });
  });

  it("while half of a JSON reply is here ends the upstream", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(CHAT));
    const exchange = await scene.provider.next();
    const whole = chatCompletion({ text: "never seen" });
    await exchange.sendHead({ ...JSON_HEAD, framing: "length", headers: { ...JSON_HEAD.headers, "content-length": String(whole.length) } });
    await exchange.sendChunk(whole.subarray(0, 50));
    leave(client);
    await exchange.gone;
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ status: 0, aborted: true, upstream_status: 200, input_tokens: null });
  });

  it("mid stream ends the upstream, and what was delivered is counted by estimate", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    for (const event of chatEvents({ words: ["twelve bytes", " and twelve."], finish: null, done: false })) await exchange.sendChunk(event);
    await client.saw("and twelve.");
    leave(client);
    expect(await exchange.gone).toMatchObject({ phase: "reading the reply" });
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, aborted: true, error: "", output_tokens: 6, usage_estimated: true });
  });

  it("mid stream is charged the usage that the provider told so far", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    for (const output of [1, 2, 3]) {
      await exchange.sendChunk(dataEvent({ choices: [{ index: 0, delta: { content: `word ${output}` }, finish_reason: null }], usage: { prompt_tokens: 40, completion_tokens: output } }));
    }
    await client.saw("word 3");
    leave(client);
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ aborted: true, input_tokens: 40, output_tokens: 3, usage_estimated: false });
  });

  it("mid binary reply ends the upstream", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post('{"model":"support-chat","input":"x","voice":"alloy"}', { path: "/v1/audio/speech" }));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { "content-type": "audio/mpeg" } });
    await exchange.sendChunk("sound");
    await client.saw("sound");
    leave(client);
    await exchange.gone;
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, aborted: true });
  });

  it("before the second provider answers ends that one too", async () => {
    const scene = await openScene({ one: json({ error: { message: "no" } }, { status: 500 }), two: undefined });
    const client = scene.client().send(post(STREAMED));
    const exchange = await (scene.providers[1] as typeof scene.provider).next();
    leave(client);
    await exchange.gone;
    expect((await scene.over(1))[0]).toMatchObject({ status: 0, aborted: true, attempts: 2 });
  });

  it("while its request waits for a connection is forgotten at once, and nothing is sent when the connection comes", async () => {
    const mute = await startMute();
    const scene = await openTimedScene({ one: mute.url, two: undefined });
    const client = scene.client().send(post(CHAT));
    await mute.accepted();
    leave(client);
    expect((await scene.over(1))[0]).toMatchObject({ status: 0, aborted: true, attempts: 1, error: "", upstream_status: 0 });
    scene.clock.advance(6000);
    await mute.left();
    expect(scene.providers[0]?.requests).toEqual([]);
    await scene.over(1);
  });

  it("while it reads nothing and the upstream is stopped for it ends the upstream", async () => {
    const scene = await openScene(undefined);
    const client = scene.client(false).send(post(STREAMED));
    const exchange = await scene.provider.next();
    const flooding = flood(500_000_000, chatEvents({ words: ["x".repeat(60_000)], finish: null, done: false })[1] ?? "")(exchange);
    await stalled(() => exchange.replyBytes);
    leave(client);
    await exchange.gone;
    await expect(flooding).rejects.toThrow();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, aborted: true });
  });
});

describe("a client that pipelines and leaves", () => {
  it.each(ways)("(%s) ends all upstreams that were working for it", async (_, leave) => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(STREAMED) + post(STREAMED) + post(CHAT));
    const exchanges = [await scene.provider.next(), await scene.provider.next(), await scene.provider.next()];
    for (const exchange of exchanges.slice(0, 2)) {
      await exchange.sendHead(EVENT_STREAM);
      await exchange.sendChunk(dataEvent({ choices: [{ index: 0, delta: { content: "begun" }, finish_reason: null }] }));
    }
    await client.saw("begun");
    leave(client);
    await Promise.all(exchanges.map((exchange) => exchange.gone));
    await scene.provider.idle();
    const lines = await scene.over(3);
    expect(lines.map((line) => line["aborted"])).toEqual([true, true, true]);
  });

  it("in the middle of the body of the second request loses only that one", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(`${post(STREAMED)}${headOf(1000)}{"model"`);
    const exchange = await scene.provider.next();
    await eventStream(chatEvents({ words: ["whole"] }))(exchange);
    expect((await client.reply()).text).toContain("[DONE]");
    client.leave();
    const lines = await scene.over(2);
    expect(lines.map((line) => line["error"])).toEqual(["", "ACCEPT_LENGTH_MISMATCH"]);
  });
});

it("a client that has its whole answer and then leaves has not left early", async () => {
  const scene = await openScene([json(chatCompletion({ text: "x", usage: { input: 1, output: 1 } })), eventStream(chatEvents({ words: ["x"] }))]);
  for (const body of [CHAT, STREAMED]) await scene.ask(body);
  for (const line of await scene.over(2)) expect(line).toMatchObject({ status: 200, aborted: false, error: "" });
});
