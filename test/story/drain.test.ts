// Leaving in good order: nothing that is open is lost, nothing new is turned away, and the wait has an end.
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { fakeClock } from "../doubles/clock.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { bodyOf, json } from "../doubles/provider-replies.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { CHAT, headOf, postOf, stage, STREAMED_CHAT } from "./caller.ts";

const hello = json(chatCompletion({ text: "hello" }));
const events = chatEvents({ words: ["one ", "two ", "three"], usage: { input: 3, output: 3 } });

/** Begins to stream, and goes on when the gate opens. */
const gated = (gate: Promise<void>): Behaviour => async (exchange) => {
  await bodyOf(exchange);
  await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
  for (const event of events.slice(0, 2)) await exchange.sendChunk(event);
  await gate;
  for (const event of events.slice(2)) await exchange.sendChunk(event);
  await exchange.end();
};

/** Whether a promise has settled after what is due now has run. */
const hasSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol("pending");
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

const refusesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", () => resolve(true));
  });

describe("draining", () => {
  it("lets 200 open streams run to their end and loses none", async () => {
    const gate = Promise.withResolvers<void>();
    const story = await stage(gated(gate.promise));
    const lines = Array.from({ length: 200 }, () => story.open(1).send(postOf(STREAMED_CHAT)));
    await Promise.all(lines.map((line) => line.until(/"content":"one /)));
    expect([story.gateway.server.isReady(), story.gateway.server.openRequests()]).toEqual([true, 200]);
    const drained = story.gateway.server.drain();
    expect([story.gateway.server.isReady(), story.gateway.server.isDraining()]).toEqual([false, true]);
    expect(await hasSettled(drained)).toBe(false);
    expect(await refusesConnections(story.gateway.port)).toBe(true);
    gate.resolve();
    const texts = await Promise.all(lines.map((line) => line.until(/data: \[DONE\]\n\n\r\n0\r\n\r\n$/)));
    for (const text of texts) expect(text.match(/"content":"(?:one |two |three)"/g)).toHaveLength(3);
    for (const line of lines) line.socket.end();
    await drained;
    expect(story.gateway.server.openRequests()).toBe(0);
    const logged = await story.gateway.settled(200);
    expect(new Set(logged.map((line) => `${String(line["status"])} ${String(line["error"])} ${String(line["finish_reason"])} ${String(line["aborted"])}`))).toEqual(new Set(["200  stop false"]));
  });

  it("serves new requests on connections that are kept, and ends each with its answer", async () => {
    const gate = Promise.withResolvers<void>();
    const story = await stage([gated(gate.promise), hello]);
    const open = story.open(1).send(postOf(STREAMED_CHAT));
    const idle = [story.open(2), story.open(2), story.open(2), story.open(2)] as const;
    await open.until(/one /);
    for (const line of idle) await line.send(postOf(CHAT)).until(/hello/);
    expect(idle[0].text).not.toMatch(/connection: close/i);
    const drained = story.gateway.server.drain();
    idle[0].send(postOf(CHAT));
    idle[1].send(postOf("[]"));
    idle[2].send(headOf("GET", "/v1/models"));
    idle[3].send(headOf("GET", "/nowhere"));
    await Promise.all(idle.map((line) => line.closed));
    const second = idle.map((line) => line.text.slice(line.text.lastIndexOf("HTTP/1.1 ")));
    expect(second.map((text) => text.slice(9, 12))).toEqual(["200", "400", "200", "404"]);
    for (const text of second) expect(text).toMatch(/\r\nconnection: close\r\n/i);
    expect(await hasSettled(drained)).toBe(false);
    gate.resolve();
    await open.until(/\[DONE\]\n\n\r\n0\r\n\r\n$/);
    open.socket.end();
    await drained;
  });

  it("leaves a connection open behind its last stream, for the client that asks on at once", async () => {
    const clock = fakeClock();
    const gate = Promise.withResolvers<void>();
    const story = await stage([gated(gate.promise), hello], { clock });
    const line = story.open(2).send(postOf(STREAMED_CHAT));
    await line.until(/one /);
    const drained = story.gateway.server.drain();
    gate.resolve();
    await line.until(/\[DONE\]\n\n\r\n0\r\n\r\n$/);
    await story.gateway.settled(1);
    expect(await hasSettled(drained)).toBe(false);
    line.send(postOf(CHAT));
    await line.closed;
    expect(line.text.slice(line.text.lastIndexOf("HTTP/1.1 "))).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n[^]*hello/i);
    await drained;
  });

  it("gives up on connections on which nobody has asked for two seconds", async () => {
    const clock = fakeClock();
    const story = await stage([hello, hello], { clock });
    const [idle, busy] = [story.open(1), story.open(2)];
    for (const line of [idle, busy]) await line.send(postOf(CHAT)).until(/hello/);
    await story.gateway.settled(2);
    const drained = story.gateway.server.drain();
    clock.advance(1999);
    expect(await hasSettled(drained)).toBe(false);
    await busy.send(headOf("GET", "/v1/models")).closed;
    clock.advance(1999);
    expect(await hasSettled(drained)).toBe(false);
    clock.advance(1);
    await drained;
    await story.gateway.server.close();
    await idle.closed;
  });

  it("waits for answers that have not begun, and ends their connections", async () => {
    const story = await stage(undefined);
    const line = story.open(1).send(postOf(CHAT));
    const exchange = await story.provider.next();
    const drained = story.gateway.server.drain();
    expect(await hasSettled(drained)).toBe(false);
    await hello(exchange);
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n[^]*hello/i);
    await drained;
  });

  it("waits for bodies that are still coming", async () => {
    const story = await stage(hello);
    const line = story.open(1);
    line.send(headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": CHAT.length })).send(CHAT.slice(0, 10));
    while (story.gateway.server.openRequests() === 0) await new Promise((resolve) => setImmediate(resolve));
    const drained = story.gateway.server.drain();
    expect(await hasSettled(drained)).toBe(false);
    line.send(CHAT.slice(10));
    await line.until(/hello/);
    await drained;
  });

  it("waits for a slow client to take what is still held for it", async () => {
    const length = 4_000_000;
    const story = await stage(json(`{"choices":[],"x":"${"y".repeat(length)}"}`));
    const line = story.open(6);
    line.socket.pause();
    line.send(postOf(CHAT).repeat(6));
    await story.gateway.settled(6);
    expect(story.gateway.server.openRequests()).toBe(0);
    const drained = story.gateway.server.drain();
    expect(await hasSettled(drained)).toBe(false);
    line.isCollecting = false;
    line.socket.resume();
    while (line.bytes < 6 * length) await new Promise((resolve) => setImmediate(resolve));
    line.socket.end();
    await drained;
    await story.gateway.server.close();
    await line.closed;
    expect(line.bytes).toBeGreaterThan(6 * length);
  });

  it("is over at once when nothing is open", async () => {
    const story = await stage(hello);
    expect((await story.ask()).status).toBe(200);
    await story.gateway.settled(1);
    await story.gateway.server.drain();
    expect(story.gateway.server.isReady()).toBe(false);
  });

  it("is over when the last client leaves", async () => {
    const story = await stage(gated(new Promise(() => {})));
    const line = story.open(1).send(postOf(STREAMED_CHAT));
    await line.until(/one /);
    const drained = story.gateway.server.drain();
    line.socket.resetAndDestroy();
    await drained;
    expect(await story.gateway.settled(1)).toMatchObject([{ aborted: true }]);
  });

  it("is over when its time is, whatever is still open, and what is open then is settled as cut off", async () => {
    const clock = fakeClock();
    const story = await stage(gated(new Promise(() => {})), { clock, settings: { drainMs: 20_000 } });
    const lines = Array.from({ length: 3 }, () => story.open(1).send(postOf(STREAMED_CHAT)));
    await Promise.all(lines.map((line) => line.until(/one /)));
    const drained = story.gateway.server.drain();
    clock.advance(19_999);
    expect(await hasSettled(drained)).toBe(false);
    clock.advance(1);
    await drained;
    expect(story.gateway.server.openRequests()).toBe(3);
    await story.gateway.server.close();
    await Promise.all(lines.map((line) => line.closed));
    for (const line of lines) expect(line.text).not.toContain("[DONE]");
    await story.provider.idle();
    expect(await story.gateway.settled(3)).toMatchObject([{ aborted: true }, { aborted: true }, { aborted: true }]);
  });

  it("may be asked for twice", async () => {
    const gate = Promise.withResolvers<void>();
    const story = await stage(gated(gate.promise));
    const line = story.open(1).send(postOf(STREAMED_CHAT));
    await line.until(/one /);
    const both = [story.gateway.server.drain(), story.gateway.server.drain()];
    gate.resolve();
    await line.until(/\[DONE\]\n\n\r\n0\r\n\r\n$/);
    line.socket.end();
    await Promise.all(both);
  });
});
