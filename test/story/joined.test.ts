// A stream where one answer was asked for, of any length: it is joined up to what a whole answer may have, and no further.
import { describe, expect, it } from "vitest";
import { chatEvents, dataEvent } from "../doubles/provider-bytes.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { CHAT, type Post } from "./clients-bare.ts";
import { openScene } from "./streams-scene.ts";

const MEBIBYTE = 1_048_576;
const JOINED_BYTES_MAX = 64 * MEBIBYTE;
const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };

const messages = '{"model":"support-chat","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}';
const ways: readonly (readonly [name: string, body: string, how: Post, textIn: (document: never) => string])[] = [
  ["its own protocol", CHAT, {}, ({ choices }: { choices: { message: { content: string } }[] }) => choices[0]?.message.content ?? ""],
  ["another protocol", messages, { path: "/v1/messages" }, ({ content }: { content: { text: string }[] }) => content[0]?.text ?? ""],
];

const wordOf = (characters: number): Buffer => dataEvent({ choices: [{ index: 0, delta: { content: "w".repeat(characters) }, finish_reason: null }] });

/** So many of them, each in a chunk of its own and many to a segment, then a good end; stops where nobody listens. */
const pouring = (event: Buffer, count: number): Behaviour => async (exchange) => {
  const ends = chatEvents({ words: [], usage: { input: 3, output: 4 } }).slice(1);
  await exchange.received;
  await exchange.sendHead(EVENT_STREAM);
  const chunked = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  const perSegment = Math.max(1, Math.floor(131_072 / event.length));
  const segment = Buffer.concat(Array.from({ length: perSegment }, () => chunked(event)));
  for (let sent = 0; sent < count && exchange.request.gone === undefined; sent += perSegment) await exchange.sendRaw(segment);
  if (exchange.request.gone !== undefined) return;
  await exchange.sendRaw(Buffer.concat(ends.map(chunked)));
  await exchange.end();
};

describe.each(ways)("a stream for a client that asked for one answer in %s", (_, body, how, textIn) => {
  it("is joined when it has 5 MiB in small chunks", { timeout: 60_000 }, async () => {
    const word = wordOf(20);
    const perSegment = Math.floor(131_072 / word.length);
    const count = Math.ceil((5 * MEBIBYTE) / word.length / perSegment) * perSegment;
    const scene = await openScene(pouring(word, count));
    const answer = await scene.ask(body, how);
    expect(answer.status).toBe(200);
    expect(textIn(JSON.parse(answer.text) as never)).toHaveLength(20 * count);
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "", input_tokens: 3, output_tokens: 4 });
  });

  it("is refused when it grows without end, and its provider is left", { timeout: 60_000 }, async () => {
    const word = wordOf(60_000);
    const scene = await openScene(pouring(word, Math.ceil((4 * JOINED_BYTES_MAX) / word.length)));
    const answer = await scene.ask(body, how);
    expect(answer.status).toBe(502);
    expect(answer.text).toContain("too long to join");
    await scene.provider.idle();
    expect(scene.provider.requests[0]?.gone).toBeDefined();
    expect((await scene.over(1))[0]).toMatchObject({ status: 502, error: "UPSTREAM_INVALID" });
  });
});
