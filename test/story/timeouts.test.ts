// The clocks of a request: to the connection, the head, the first token, between bytes, in all; each with a code of its own.
// Time is the test's: nothing here waits for a real clock.
import { describe, expect, it } from "vitest";
import { chatCompletion, chatEvents, dataEvent } from "../doubles/provider-bytes.ts";
import { eventStream, json, silence } from "../doubles/provider-replies.ts";
import { CHAT, headOf, post, STREAMED } from "./clients-bare.ts";
import { chat, errorsIn } from "./streams-protocols.ts";
import { openTimedScene, stalled, until } from "./streams-scene.ts";
import { startMute } from "./upstreams-mute.ts";

const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };
const JSON_HEAD = { headers: { "content-type": "application/json" } };
const rescued = chatCompletion({ text: "rescued" });
const word = (content: string): Buffer => dataEvent({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const none = { connectMs: 0, headersMs: 0, firstTokenMs: 0, idleMs: 0, totalMs: 0 };
/** The wheel of deadlines is never early and at most this late. */
const LATE_MS = 100;

const timeouts = (differences: Partial<typeof none>) => ({ provider: { timeouts: { ...none, ...differences } } });
const codes = (text: string): string[] => errorsIn(chat, text).map(({ code }) => code);

describe("no connection in time", () => {
  it("is a 504, and the attempt's socket is closed", async () => {
    const mute = await startMute();
    const scene = await openTimedScene({ one: mute.url }, timeouts({ connectMs: 5000 }));
    const client = scene.client().send(post(CHAT));
    await mute.accepted();
    scene.clock.advance(4900);
    expect(client.replies).toEqual([]);
    scene.clock.advance(100 + LATE_MS);
    const reply = await client.reply();
    expect(reply).toMatchObject({ status: 504 });
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "TIMEOUT_CONNECT", message: expect.stringContaining("5 s") as unknown } });
    await mute.left();
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 504, error: "TIMEOUT_CONNECT" });
  });

  it("is somebody else's turn", async () => {
    const mute = await startMute();
    const scene = await openTimedScene({ one: mute.url, two: json(rescued) }, timeouts({ connectMs: 5000 }));
    const client = scene.client().send(post(CHAT));
    await mute.accepted();
    scene.clock.advance(5000 + LATE_MS);
    expect((await client.reply()).text).toBe(rescued.toString());
    client.leave();
    await scene.over(1);
  });
});

describe("no head in time", () => {
  it.each([CHAT, STREAMED])("is a 504, and the upstream is ended: %s", async (body) => {
    const scene = await openTimedScene(undefined, timeouts({ headersMs: 60_000 }));
    const client = scene.client().send(post(body));
    const exchange = await scene.provider.next();
    await exchange.received;
    scene.clock.advance(59_900);
    expect(client.replies).toEqual([]);
    scene.clock.advance(100 + LATE_MS);
    const reply = await client.reply();
    expect(reply.status).toBe(504);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { type: "timeout", code: "TIMEOUT_HEADERS" } });
    expect(await exchange.gone).toMatchObject({ phase: "waiting for the head" });
    await scene.provider.idle();
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 504, error: "TIMEOUT_HEADERS", attempts: 1 });
  });

  it("is not the provider's fault while the client still sends: the clock begins when the upload stands still", async () => {
    const scene = await openTimedScene(undefined, timeouts({ headersMs: 60_000 }));
    const part = (head: string, body: string): string => `--b\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
    const body = `${part('name="model"', "support-chat")}${part('name="file"; filename="a"', "x".repeat(10_000))}--b--\r\n`;
    const client = scene.client().send(headOf(body.length, { path: "/v1/audio/transcriptions", headers: { "content-type": "multipart/form-data; boundary=b" } }));
    const pieces = body.match(/[^]{1,3000}/g) ?? [];
    client.send(pieces[0] ?? "");
    const exchange = await scene.provider.next();
    let sent = 0;
    for (const piece of pieces.slice(1)) {
      sent = exchange.request.bodyLength;
      scene.clock.advance(50_000);
      client.send(piece);
      await until(() => exchange.request.bodyLength > sent);
    }
    await exchange.received;
    expect(client.replies).toEqual([]);
    scene.clock.advance(120_000 + LATE_MS);
    expect(JSON.parse((await client.reply()).text)).toMatchObject({ error: { code: "TIMEOUT_HEADERS" } });
    client.leave();
    await scene.over(1);
  });

  it("is somebody else's turn, whose clock begins anew", async () => {
    const scene = await openTimedScene({ one: silence, two: undefined }, timeouts({ headersMs: 60_000 }));
    const client = scene.client().send(post(STREAMED));
    await scene.provider.received(1);
    await until(() => scene.provider.requests[0]?.isComplete === true);
    scene.clock.advance(60_000 + LATE_MS);
    const exchange = await (scene.providers[1] as typeof scene.provider).next();
    scene.clock.advance(59_000);
    await eventStream(chatEvents({ words: ["late"] }))(exchange);
    expect((await client.reply()).text).toContain("late");
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, attempts: 2, error: "" });
  });
});

describe("no first token in time", () => {
  it("while the head is held is somebody else's turn", async () => {
    const scene = await openTimedScene({ one: undefined, two: eventStream(chatEvents({ words: ["rescued"] })) }, { ...timeouts({ firstTokenMs: 3000 }), settings: { stream: { headHoldMs: 10_000 } } });
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    await exchange.sendChunk(": thinking\n\n");
    scene.clock.advance(3000 + LATE_MS);
    await exchange.gone;
    expect((await client.reply()).text).toContain("rescued");
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ attempts: 2, error: "" });
  });

  it("when the head is already out is told in band, whatever comments came meanwhile", async () => {
    const scene = await openTimedScene(undefined, timeouts({ firstTokenMs: 30_000, idleMs: 20_000 }));
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    scene.clock.advance(3000);
    await client.headed();
    for (let seconds = 3; seconds < 28; seconds += 5) {
      await exchange.sendChunk(": still thinking\n\n");
      scene.clock.advance(5000);
    }
    expect(client.replies[0]?.isWhole).toBe(false);
    scene.clock.advance(3000);
    const reply = await client.reply();
    expect(codes(reply.text)).toEqual(["TIMEOUT_FIRST_TOKEN"]);
    expect(reply.isWhole).toBe(true);
    await exchange.gone;
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "TIMEOUT_FIRST_TOKEN" });
  });

  it("is no matter once the first one is there", async () => {
    const scene = await openTimedScene(undefined, timeouts({ firstTokenMs: 3000 }));
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    await exchange.sendChunk(word("first"));
    await client.saw("first");
    scene.clock.advance(100_000);
    for (const event of chatEvents({ words: ["last"] })) await exchange.sendChunk(event);
    await exchange.end();
    expect((await client.reply()).text).toContain("[DONE]");
    client.leave();
    await scene.over(1);
  });
});

describe("too long between bytes", () => {
  it("ends a stream with an error event, and its upstream", async () => {
    const scene = await openTimedScene(undefined, timeouts({ idleMs: 30_000 }));
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    for (let count = 0; count < 5; count++) {
      await exchange.sendChunk(word(`word ${count}`));
      await client.saw(`word ${count}`);
      scene.clock.advance(29_000);
    }
    expect(client.replies[0]?.isWhole).toBe(false);
    scene.clock.advance(1000 + LATE_MS);
    const reply = await client.reply();
    expect(codes(reply.text)).toEqual(["TIMEOUT_IDLE"]);
    expect(reply.text).not.toContain("[DONE]");
    await exchange.gone;
    await scene.provider.idle();
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "TIMEOUT_IDLE", usage_estimated: true });
  });

  it("in a JSON reply is a 504, or somebody else's turn", async () => {
    const scene = await openTimedScene({ one: undefined, two: [json(rescued), json({ error: { message: "no" } }, { status: 500 })] }, timeouts({ idleMs: 30_000 }));
    const client = scene.client().send(post(CHAT));
    const exchange = await scene.provider.next();
    await exchange.sendHead(JSON_HEAD);
    await exchange.sendChunk('{"half":');
    scene.clock.advance(30_000 + LATE_MS);
    await exchange.gone;
    expect((await client.reply()).text).toBe(rescued.toString());
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ attempts: 2, error: "" });
  });

  it("in bytes of another kind breaks the connection", async () => {
    const scene = await openTimedScene(undefined, timeouts({ idleMs: 30_000 }));
    const client = scene.client().send(post('{"model":"support-chat","input":"x","voice":"alloy"}', { path: "/v1/audio/speech" }));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { "content-type": "audio/mpeg" } });
    await exchange.sendChunk("sound");
    await client.saw("sound");
    scene.clock.advance(30_000 + LATE_MS);
    await client.closed();
    expect(client.replies[0]).toMatchObject({ status: 200, isWhole: false });
    await exchange.gone;
    expect((await scene.over(1))[0]).toMatchObject({ error: "TIMEOUT_IDLE" });
  });

  it("behind the terminator is no error: the stream was finished", async () => {
    const scene = await openTimedScene(undefined, timeouts({ idleMs: 30_000 }));
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    const events = chatEvents({ words: ["done"] });
    for (const event of events) await exchange.sendChunk(event);
    await client.saw("[DONE]");
    scene.clock.advance(30_000 + LATE_MS);
    expect((await client.reply()).text).toBe(Buffer.concat(events).toString());
    await scene.provider.idle();
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "" });
  });
});

describe("too long in all", () => {
  it("ends a stream that never stands still with an error event", async () => {
    const scene = await openTimedScene(undefined, timeouts({ idleMs: 30_000, totalMs: 60_000 }));
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    for (let count = 0; count < 5; count++) {
      await exchange.sendChunk(word(`word ${count}`));
      await client.saw(`word ${count}`);
      scene.clock.advance(11_000);
    }
    expect(client.replies[0]?.isWhole).toBe(false);
    scene.clock.advance(5000 + LATE_MS);
    expect(codes((await client.reply()).text)).toEqual(["TIMEOUT_TOTAL"]);
    await exchange.gone;
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "TIMEOUT_TOTAL" });
  });

  it("counts from the request's beginning over all attempts, and is nobody else's turn", async () => {
    const scene = await openTimedScene({ one: silence, two: silence, three: json(rescued) }, timeouts({ headersMs: 40_000, totalMs: 60_000 }));
    const client = scene.client().send(post(CHAT));
    await scene.provider.received(1);
    scene.clock.advance(40_000 + LATE_MS);
    await scene.providers[1]?.received(1);
    scene.clock.advance(19_000);
    expect(client.replies).toEqual([]);
    scene.clock.advance(1000);
    const reply = await client.reply();
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "TIMEOUT_TOTAL" } });
    expect(reply.status).toBe(504);
    expect(scene.providers[2]?.requests).toEqual([]);
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ attempts: 2, error: "TIMEOUT_TOTAL" });
  });

  it("holds for a client that does not read, too", async () => {
    const scene = await openTimedScene(undefined, timeouts({ totalMs: 60_000 }));
    const client = scene.client(false).send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    const flooding = (async () => {
      for (;;) await exchange.sendChunk(word("x".repeat(60_000)));
    })();
    await stalled(() => exchange.replyBytes);
    scene.clock.advance(60_000 + LATE_MS);
    await exchange.gone;
    await expect(flooding).rejects.toThrow();
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ error: "TIMEOUT_TOTAL" });
  });
});

it("a limit of 0 is no limit: a day later the stream still runs", async () => {
  const scene = await openTimedScene(undefined, timeouts({}));
  const client = scene.client().send(post(STREAMED));
  const exchange = await scene.provider.next();
  scene.clock.advance(86_400_000);
  await exchange.sendHead(EVENT_STREAM);
  scene.clock.advance(86_400_000);
  for (const event of chatEvents({ words: ["patience"] })) {
    await exchange.sendChunk(event);
    scene.clock.advance(86_400_000);
  }
  await exchange.end();
  expect((await client.reply()).text).toContain("[DONE]");
  client.leave();
  expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "" });
});

it("a route's limits go before those of its provider, one by one", async () => {
  const scene = await openTimedScene(undefined, { ...timeouts({ headersMs: 60_000, idleMs: 10_000 }), routes: { chat: { timeouts: { headersMs: 5000 } } } });
  const client = scene.client().send(post(CHAT));
  const exchange = await scene.provider.next();
  await exchange.received;
  scene.clock.advance(5000 + LATE_MS);
  expect(JSON.parse((await client.reply()).text)).toMatchObject({ error: { code: "TIMEOUT_HEADERS" } });
  client.send(post(CHAT));
  const next = await scene.provider.next();
  await next.sendHead(JSON_HEAD);
  await next.sendChunk("{");
  scene.clock.advance(10_000 + LATE_MS);
  expect(JSON.parse((await client.reply(1)).text)).toMatchObject({ error: { code: "TIMEOUT_IDLE" } });
  client.leave();
  await scene.over(2);
});
