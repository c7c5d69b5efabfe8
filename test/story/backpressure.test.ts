// Backpressure is real: a slow client stops the provider, and nothing in between collects what it has not read yet.
// Measured is what waits in the gateway's sockets and replies, not the process's memory, which tells the collector's mood.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { gunzip, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chatEvents, dataEvent } from "../doubles/provider-bytes.ts";
import { json } from "../doubles/provider-replies.ts";
import type { Behaviour, Exchange } from "../doubles/provider.ts";
import { headOf, post, STREAMED, type BareClient } from "./clients-bare.ts";
import { uncounted } from "./streams-protocols.ts";
import { openScene, openTimedScene, stalled, until, type Scene } from "./streams-scene.ts";

const EVENT_STREAM = { "content-type": "text/event-stream" };
const MEBIBYTE = 1_048_576;
/**
 * Of Node, in pieces of 64 KiB: one may be written before a socket says stop, then the one that makes it say so and one that
 * was under way. Of the gateway itself: nothing; and what it reads from a provider passes through one buffer for all.
 */
const HELD_BYTES_MAX = 3 * 65_536;
/** What the system keeps for two connections over loopback, with room to spare. */
const SYSTEM_BYTES_MAX = 25 * 1_048_576;

/** What the gateway holds: unsent bytes of its connections with clients, unread ones of those with providers. */
class Held {
  readonly #replies = new Set<Socket>();
  readonly #upstreams = new Set<Socket>();
  bytesMax = 0;
  /** Tells the gateway's connections from those of the test's own clients. */
  providerPort = 0;
  gatewayPort = 0;

  readonly seeReply = (message: unknown): void => void this.#replies.add((message as { socket: Socket }).socket);
  readonly seeUpstream = (message: unknown): void => void this.#upstreams.add((message as { socket: Socket }).socket);

  look(): void {
    let bytes = 0;
    for (const reply of this.#replies) if (reply.localPort === this.gatewayPort) bytes += reply.writableLength;
    for (const socket of this.#upstreams) if (socket.remotePort === this.providerPort) bytes += socket.readableLength + socket.writableLength;
    if (bytes > this.bytesMax) this.bytesMax = bytes;
  }
}

let held: Held;
beforeEach(() => {
  held = new Held();
  subscribe("net.server.socket", held.seeReply);
  subscribe("net.client.socket", held.seeUpstream);
});
afterEach(() => {
  unsubscribe("net.server.socket", held.seeReply);
  unsubscribe("net.client.socket", held.seeUpstream);
});

const watched = <Opened extends Scene>(scene: Opened): Opened => {
  held.providerPort = scene.provider.port;
  held.gatewayPort = scene.gateway.server.port;
  return scene;
};

/** Sends the head and the piece so many times, looking at the gateway behind each; resolves when all is out. */
const pour = async (exchange: Exchange, headers: Readonly<Record<string, string>>, pieces: Iterable<Uint8Array>): Promise<void> => {
  await exchange.received;
  await exchange.sendHead({ headers });
  for (const piece of pieces) {
    await exchange.sendChunk(piece);
    held.look();
  }
  await exchange.end();
};

function* times(count: number, piece: Uint8Array, ...last: Uint8Array[]): Generator<Uint8Array> {
  for (let index = 0; index < count; index++) yield piece;
  yield* last;
}

/** Lets the client read so much, then stop until the provider is stopped too; again and again until the reply is whole. */
const readSlowly = async (client: BareClient, exchange: Exchange, stepBytes: number): Promise<{ sent: number; read: number }[]> => {
  const stops: { sent: number; read: number }[] = [];
  while (client.replies[0]?.isWhole !== true) {
    client.socket.pause();
    await stalled(() => exchange.replyBytes);
    held.look();
    stops.push({ sent: exchange.replyBytes, read: client.bodyBytes });
    const goal = client.bodyBytes + stepBytes;
    client.socket.resume();
    await client.until(() => client.bodyBytes >= goal || client.replies[0]?.isWhole === true);
  }
  return stops;
};

const slowly = async (scene: Scene, request: string, send: (exchange: Exchange) => Promise<void>, totalBytes: number): Promise<void> => {
  const client = scene.client(false).send(request);
  const exchange = await scene.provider.next();
  const sending = send(exchange);
  const stops = await readSlowly(client, exchange, 10 * MEBIBYTE);
  await sending;
  expect(client.replies[0]).toMatchObject({ status: 200, isWhole: true });
  expect(client.bodyBytes).toBe(totalBytes);
  expect(stops.length).toBeGreaterThan(2);
  for (const { sent, read } of stops) expect(sent - read).toBeLessThan(SYSTEM_BYTES_MAX);
  client.leave();
};

describe("a slow client", () => {
  const word = dataEvent({ choices: [{ index: 0, delta: { content: "x".repeat(64_000) }, finish_reason: null }] });
  const ends = chatEvents({ words: [], usage: { input: 1, output: 2 } }).slice(1);
  const count = Math.ceil((50 * MEBIBYTE) / word.length);
  const bytesOf = (words: number): number => word.length * words + uncounted(Buffer.concat(ends)).length;
  /** More than the system keeps, so that it must stand still. */
  const fewer = Math.ceil(SYSTEM_BYTES_MAX / word.length);

  it("stops the provider of a stream while 50 MB flow, and gets every byte", async () => {
    const scene = watched(await openScene(undefined));
    await slowly(scene, post(STREAMED), (exchange) => pour(exchange, EVENT_STREAM, times(count, word, ...ends)), bytesOf(count));
    expect(held.bytesMax).toBeGreaterThan(0);
    expect(held.bytesMax).toBeLessThan(HELD_BYTES_MAX);
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "", bytes_out: bytesOf(count), input_tokens: 1, output_tokens: 2 });
  });

  it("stops the provider of a file while 30 MB flow, and gets every byte", async () => {
    const scene = watched(await openScene(undefined));
    const piece = Buffer.alloc(65_536, 7);
    await slowly(scene, post('{"model":"support-chat","input":"x","voice":"alloy"}', { path: "/v1/audio/speech" }), (exchange) => pour(exchange, { "content-type": "audio/mpeg" }, times(480, piece)), 480 * piece.length);
    expect(held.bytesMax).toBeLessThan(HELD_BYTES_MAX);
    await scene.over(1);
  });

  it("stops a provider that compresses too: what a small piece becomes is not collected", async () => {
    const scene = watched(await openScene(undefined));
    const packed = gzipSync(Buffer.concat([...times(fewer, word, ...ends)]));
    const pieces = Array.from({ length: Math.ceil(packed.length / 1024) }, (_, at) => packed.subarray(at * 1024, (at + 1) * 1024));
    const client = scene.client(false).send(post(STREAMED));
    const exchange = await scene.provider.next();
    const sending = pour(exchange, { ...EVENT_STREAM, "content-encoding": "gzip" }, pieces);
    // Inflating happens beside the event loop: when all of it was done here meanwhile, it could have been done there too.
    for (const _ of [1, 2]) await promisify(gunzip)(packed);
    held.look();
    client.socket.resume();
    expect((await client.reply()).isWhole).toBe(true);
    await sending;
    expect(client.bodyBytes).toBe(bytesOf(fewer));
    expect(held.bytesMax).toBeLessThan(HELD_BYTES_MAX);
    client.leave();
    await scene.over(1);
  });

  it("is not held to the time between bytes, which the provider is not to blame for", async () => {
    const scene = watched(await openTimedScene(undefined));
    const client = scene.client(false).send(post(STREAMED));
    const exchange = await scene.provider.next();
    const sending = pour(exchange, EVENT_STREAM, times(fewer, word, ...ends));
    await stalled(() => exchange.replyBytes);
    scene.clock.advance(120_000);
    await stalled(() => exchange.replyBytes);
    client.socket.resume();
    expect((await client.reply()).isWhole).toBe(true);
    await sending;
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "" });
  });

  it("that pipelines is answered in order and stops both providers", async () => {
    const scene = watched(await openScene(undefined));
    const client = scene.client(false).send(post(STREAMED) + post(STREAMED));
    const exchanges = [await scene.provider.next(), await scene.provider.next()];
    const sending = exchanges.map((exchange) => pour(exchange, EVENT_STREAM, times(fewer, word, ...ends)));
    await stalled(() => exchanges.reduce((sum, exchange) => sum + exchange.replyBytes, 0));
    held.look();
    expect(held.bytesMax).toBeLessThan(2 * HELD_BYTES_MAX);
    client.socket.resume();
    expect((await client.reply(0)).body.length).toBe(bytesOf(fewer));
    expect((await client.reply(1)).body.length).toBe(bytesOf(fewer));
    await Promise.all(sending);
    client.leave();
    await scene.over(2);
  });
});

describe("a slow upstream", () => {
  it("that does not read a large request keeps it waiting, and the client may leave meanwhile", async () => {
    const scene = watched(await openScene(undefined));
    const body = JSON.stringify({ model: "support-chat", messages: [{ role: "user", content: "x".repeat(20 * MEBIBYTE) }] });
    const client = scene.client().send(post(body));
    const exchange = await scene.provider.next();
    exchange.stopReading();
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ aborted: true, status: 0, bytes_in: body.length });
    exchange.startReading();
    expect(await exchange.gone).toMatchObject({ phase: "sending the body" });
    await scene.provider.idle();
  });

  it("costs nobody else anything: a hundred silent requests do not hold up one that is answered", async () => {
    const isSlow = (exchange: Exchange): boolean => exchange.request.body.includes("slow");
    const behaviour: Behaviour = async (exchange) => {
      await exchange.received;
      if (!isSlow(exchange)) await json({ object: "chat.completion", choices: [] })(exchange);
    };
    const scene = watched(await openScene(behaviour));
    const slow = Array.from({ length: 100 }, () => scene.client().send(post('{"model":"support-chat","messages":["slow"]}')));
    await scene.provider.received(100);
    expect(await scene.ask('{"model":"support-chat","messages":["quick"]}')).toMatchObject({ status: 200 });
    for (const client of slow) client.leave();
    await until(() => scene.provider.connections.open <= 1);
    await scene.over(101);
  });
});

it("a client that stops sending in the middle of its body holds no connection to a provider", async () => {
  const scene = watched(await openScene(json({ object: "chat.completion", choices: [] })));
  const body = '{"model":"support-chat","messages":[]}';
  const client = scene.client().send(headOf(body.length) + body.slice(0, 10));
  await until(() => scene.gateway.server.openRequests() === 1);
  expect(scene.provider.connections.opened).toBe(0);
  client.send(body.slice(10));
  expect(await client.reply()).toMatchObject({ status: 200 });
  client.leave();
  await scene.over(1);
});
