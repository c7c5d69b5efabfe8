// Clients that speak HTTP in unusual but legal ways: older, all at once, asking first, over one connection for long.
import { describe, expect, it, onTestFinished } from "vitest";
import { startAdmin } from "../../dataplane/telemetry/index.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { brokenStream, eventStream, json, silence, truncated } from "../doubles/provider-replies.ts";
import { CHAT, headOf, post, STREAMED } from "./clients-bare.ts";
import { chat, errorsIn, uncounted } from "./streams-protocols.ts";
import { openScene } from "./streams-scene.ts";

const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };
const whole = chatCompletion({ text: "hello", usage: { input: 1, output: 1 } });
const events = chatEvents({ words: ["hello"], usage: { input: 1, output: 1 } });
const stream = uncounted(Buffer.concat(events)).toString();

describe("an HTTP/1.0 client", () => {
  it("gets JSON with its length, and then the connection ends", async () => {
    const scene = await openScene(json(whole));
    const client = scene.client().send(post(CHAT, { version: "1.0" }));
    const reply = await client.reply();
    expect(reply).toMatchObject({ status: 200, text: whole.toString(), isWhole: true });
    expect(reply.headers).toMatchObject({ "content-length": String(whole.length), "connection": "close" });
    await client.closed();
    expect(client.left).toBe("fin");
    await scene.over(1);
  });

  it("gets a stream without chunks, whose end is the connection's", async () => {
    const scene = await openScene(eventStream(events));
    const client = scene.client().send(post(STREAMED, { version: "1.0" }));
    await client.closed();
    const reply = await client.reply();
    expect(reply).toMatchObject({ status: 200, text: stream, isWhole: true });
    expect(reply.headers["transfer-encoding"]).toBeUndefined();
    await scene.over(1);
  });

  it("is told of a truncated stream in the stream", async () => {
    const scene = await openScene(brokenStream(events.slice(0, 2)));
    const client = scene.client().send(post(STREAMED, { version: "1.0" }));
    await client.closed();
    expect(errorsIn(chat, (await client.reply()).text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
    await scene.over(1);
  });

  it("cannot take a file that broke off for a whole one", async () => {
    const scene = await openScene(async (exchange) => {
      await exchange.received;
      await exchange.sendHead({ headers: { "content-type": "audio/mpeg" } });
      await exchange.sendChunk("half of a song");
      exchange.close();
    });
    const client = scene.client().send(post('{"model":"support-chat","input":"x","voice":"alloy"}', { path: "/v1/audio/speech", version: "1.0" }));
    await client.closed();
    expect(client.left).toBe("reset");
    await scene.over(1);
  });

  it("keeps its connection where it asked to", async () => {
    const scene = await openScene(json(whole));
    const client = scene.client();
    for (const index of [0, 1]) expect((await client.send(post(CHAT, { version: "1.0", headers: { connection: "keep-alive" } })).reply(index)).text).toBe(whole.toString());
    client.leave();
    await scene.over(2);
  });
});

describe("pipelined requests", () => {
  it("are answered in their order, whichever provider is first, and each is settled", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(STREAMED) + post(CHAT) + post(STREAMED));
    const [first, second, third] = [await scene.provider.next(), await scene.provider.next(), await scene.provider.next()];
    await eventStream(chatEvents({ words: ["third"] }))(third);
    await json(chatCompletion({ text: "second" }))(second);
    expect(client.replies).toEqual([]);
    await eventStream(chatEvents({ words: ["first"] }))(first);
    expect((await client.reply(0)).text).toContain("first");
    expect((await client.reply(1)).text).toContain("second");
    expect((await client.reply(2)).text).toContain("third");
    client.leave();
    expect((await scene.over(3)).every((line) => line["status"] === 200 && line["error"] === "" && line["aborted"] === false)).toBe(true);
  });

  it("survive the failure of the one before", async () => {
    const scene = await openScene([truncated(stream, 100, "reset", EVENT_STREAM), json(whole)]);
    const client = scene.client().send(post(STREAMED) + post(CHAT) + post("not JSON"));
    expect((await client.reply(0)).status).toBe(502);
    expect((await client.reply(1)).text).toBe(whole.toString());
    expect((await client.reply(2)).status).toBe(400);
    client.leave();
    await scene.over(3);
  });
});

describe("a client that expects 100-continue", () => {
  it("is invited, and its body then passes", async () => {
    const scene = await openScene(json(whole));
    const client = scene.client().send(headOf(CHAT.length, { headers: { expect: "100-continue" } }));
    await client.invited();
    expect(scene.provider.requests).toEqual([]);
    expect((await client.send(CHAT).reply()).text).toBe(whole.toString());
    expect(scene.provider.requests[0]?.header("expect")).toBeUndefined();
    client.leave();
    await scene.over(1);
  });

  it("may send its body without waiting", async () => {
    const scene = await openScene(json(whole));
    const client = scene.client().send(post(CHAT, { headers: { expect: "100-continue" } }));
    expect((await client.reply()).text).toBe(whole.toString());
    client.leave();
    await scene.over(1);
  });
});

describe("a body that comes in pieces", () => {
  it("of one byte each, with its length or in chunks, is the same body", async () => {
    const scene = await openScene(json(whole));
    const expected = CHAT.replace("support-chat", "provider-model");
    const client = scene.client().send(headOf(CHAT.length));
    for (const byte of CHAT) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.reply(0);
    const head = headOf(0, { headers: { "transfer-encoding": "chunked" } }).replace(/content-length: 0\r\n/, "");
    client.send(head);
    for (const byte of CHAT) {
      client.send(`1\r\n${byte}\r\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.send("0\r\n\r\n").reply(1);
    expect(scene.provider.requests.map(({ body }) => body.toString())).toEqual([expected, expected]);
    client.leave();
    await scene.over(2);
  });
});

describe("a connection", () => {
  it("serves one request after another, good or bad, and loses its place in none", async () => {
    const scene = await openScene([
      eventStream(events), json({ error: { message: "no" } }, { status: 400 }), brokenStream(events.slice(0, 3)), json(whole),
      eventStream(events, { framing: "close" }), json(whole),
    ]);
    const client = scene.client();
    const bodies = [STREAMED, CHAT, STREAMED, CHAT, STREAMED, CHAT];
    const statuses: number[] = [];
    for (const [index, body] of bodies.entries()) statuses.push((await client.send(post(body)).reply(index)).status);
    expect(statuses).toEqual([200, 400, 200, 200, 200, 200]);
    expect(client.replies.at(-1)?.text).toBe(whole.toString());
    client.leave();
    await scene.over(6);
  });

  it("of a client that is gone leaves those of the others alone", async () => {
    const scene = await openScene(undefined);
    const [gone, stays] = [scene.client().send(post(STREAMED)), scene.client().send(post(STREAMED))];
    const exchanges = [await scene.provider.next(), await scene.provider.next()];
    gone.leave();
    await Promise.race(exchanges.map((exchange) => exchange.gone));
    for (const exchange of exchanges) if (exchange.request.gone === undefined) await eventStream(events)(exchange);
    expect((await stays.reply()).text).toBe(stream);
    stays.leave();
    expect((await scene.over(2)).map((line) => line["aborted"]).toSorted()).toEqual([false, true]);
  });
});

it("life and readiness do not depend on providers: with all of them dead the gateway is well and lists its models", async () => {
  const scene = await openScene(silence);
  const { server, telemetry } = scene.gateway;
  const admin = await startAdmin({ port: 0, metrics: telemetry.metrics, notReady: () => (server.isReady() ? [] : ["it is not"]), snapshot: () => null });
  onTestFinished(() => admin.close());
  const waiting = scene.client().send(post(CHAT));
  await scene.provider.received(1);
  await scene.provider.kill();
  expect((await waiting.reply()).status).toBe(502);
  expect((await scene.ask(CHAT)).status).toBe(502);
  for (const path of ["healthz", "readyz"]) expect((await fetch(`http://127.0.0.1:${admin.port}/${path}`)).status).toBe(200);
  const client = scene.client().send(headOf(0, { path: "/v1/models" }).replace("POST", "GET"));
  expect(JSON.parse((await client.reply()).text)).toMatchObject({ data: [{ id: "support-chat" }] });
  client.leave();
  await scene.over(3);
});
