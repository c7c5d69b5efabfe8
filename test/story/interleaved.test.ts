// Blocks that grow side by side, for a client whose protocol writes one behind the other: those that must wait for their turn wait
// up to a bound. Beyond it the client is told, in its own shape and without a terminator, and the provider loses its listener.
import { describe, expect, it } from "vitest";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { dataEvent, responsesEvents } from "../doubles/provider-bytes.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { asked, type Post } from "./clients-bare.ts";
import { eventsIn } from "./streams-protocols.ts";
import { openScene } from "./streams-scene.ts";

const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };
const MEBIBYTE = 1_048_576;
/** Some times what may wait; and what the sockets between hold by themselves. */
const SENT_BYTES_MAX = 32 * MEBIBYTE;
const WAITING = "w".repeat(60_000);

interface Interleaving {
  readonly protocol: ProtocolName;
  readonly beginning: readonly Buffer[];
  /** The n-th of those that never end. */
  event(number: number): Buffer;
}

const named = (event: { readonly type: string; readonly [member: string]: unknown }): Buffer => Buffer.concat([Buffer.from(`event: ${event.type}\n`), dataEvent(event)]);
const opened = (index: number): Buffer => named({ type: "content_block_start", index, content_block: { type: "text", text: "" } });
const said = (index: number, text: string): Buffer => named({ type: "content_block_delta", index, delta: { type: "text_delta", text } });
const begun = [named({ type: "message_start", message: { id: "m", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 25, output_tokens: 1 } } }), opened(0), said(0, "first ")];

const besideOne: Interleaving = { protocol: "anthropic-messages", beginning: [...begun, opened(1)], event: () => said(1, WAITING) };
const everNew: Interleaving = { protocol: "anthropic-messages", beginning: begun, event: (number) => Buffer.concat([opened(number + 1), said(number + 1, WAITING.slice(0, 100))]) };
const itemsBeside: Interleaving = {
  protocol: "openai-responses",
  beginning: [...responsesEvents({ words: ["first "], terminal: null }).slice(0, 5), named({ type: "response.output_item.added", output_index: 1, item: { type: "message", id: "msg_2", status: "in_progress", role: "assistant", content: [] } })],
  event: () => named({ type: "response.output_text.delta", item_id: "msg_2", output_index: 1, content_index: 0, delta: WAITING }),
};

const chat: Post = { path: "/v1/chat/completions" };
const chatBody = asked({ stream: true });
const clients: readonly (readonly [name: string, body: string, how: Post, of: Interleaving, terminator: string])[] = [
  ["chat", chatBody, chat, besideOne, "[DONE]"],
  ["responses", '{"model":"support-chat","input":"hi","stream":true}', { path: "/v1/responses" }, besideOne, "response.completed"],
  ["messages", '{"model":"support-chat","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}', { path: "/v1/messages" }, itemsBeside, "message_stop"],
  ["gemini", '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}', { path: "/v1beta/models/support-chat:streamGenerateContent?alt=sse" }, besideOne, '"finishReason"'],
];

/** Sends until nobody listens, and the good end behind which a gateway without a bound would be glad. */
const pouring = ({ beginning, event }: Interleaving): Behaviour => async (exchange) => {
  const chunked = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  await exchange.received;
  await exchange.sendHead(EVENT_STREAM);
  await exchange.sendChunk(Buffer.concat(beginning));
  for (let number = 0, sent = 0; sent < SENT_BYTES_MAX && exchange.request.gone === undefined; ) {
    const events: Buffer[] = [];
    for (let bytes = 0; bytes < 65_536; bytes += events.at(-1)?.length ?? 0) events.push(event(number++));
    const segment = chunked(Buffer.concat(events));
    sent += segment.length;
    await exchange.sendRaw(segment);
  }
  if (exchange.request.gone === undefined) await exchange.end();
};

const runs = async (of: Interleaving, body: string, how: Post, limits = {}) => {
  const scene = await openScene(pouring(of), { provider: { protocols: [of.protocol] }, settings: { limits } });
  const reply = await scene.ask(body, how);
  await scene.provider.idle();
  expect(scene.provider.requests[0]?.gone).toBeDefined();
  const [line] = await scene.over(1);
  return { reply, line };
};

describe("a block that is not ended while another grows beside it", () => {
  it.each(clients)("is ended at the bound for a client of %s, which is told why", { timeout: 60_000 }, async (_, body, how, of, terminator) => {
    const { reply, line } = await runs(of, body, how);
    expect(reply).toMatchObject({ status: 200, isWhole: true });
    expect(reply.text).toContain("first ");
    expect(reply.text).not.toContain("www");
    expect(reply.text).not.toContain(terminator);
    expect(eventsIn(reply.text).at(-1)?.data).toContain("The provider's answer was not usable: more of it grew side by side than may wait to be written one behind the other.");
    expect(line).toMatchObject({ status: 200, error: "UPSTREAM_INVALID", attempts: 1 });
  });
});

describe("blocks that are begun for ever and never ended", () => {
  it("are ended at the bound of those that wait", { timeout: 60_000 }, async () => {
    const { reply, line } = await runs(everNew, chatBody, chat);
    expect(reply.text).not.toContain("www");
    expect(eventsIn(reply.text).at(-1)?.data).toContain("grew side by side");
    expect(line).toMatchObject({ status: 200, error: "UPSTREAM_INVALID" });
  });

  it("are ended before that where the reader may hold less", { timeout: 60_000 }, async () => {
    const { reply, line } = await runs(everNew, chatBody, chat, { sseEventBytesMax: 65_536 });
    expect(reply.text).not.toContain("[DONE]");
    expect(eventsIn(reply.text).at(-1)?.data).toContain("larger than may be held");
    expect(line).toMatchObject({ status: 200, error: "UPSTREAM_INVALID" });
  });
});
