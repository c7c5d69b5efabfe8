// Streams of another protocol than the client's that are not what they should be: what was found here is told under the same code
// as where the bytes pass untouched, and never as something that the provider said.
import { describe, expect, it } from "vitest";
import type { Provider } from "../../dataplane/snapshot/schema.ts";
import { chatEvents, dataEvent, responsesEvents } from "../doubles/provider-bytes.ts";
import { eventStream, json } from "../doubles/provider-replies.ts";
import { streamOf as messageStream } from "../protocols/anthropic-messages/driving.ts";
import { START, STREAM_TYPE as FRAMES, streamOf as frames, textDelta } from "../protocols/bedrock-converse/driving.ts";
import { chunkOf, streamOf as geminiStream } from "../protocols/gemini/driving.ts";
import { asked, STREAMED, type Post } from "./clients-bare.ts";
import { chat, errorsIn, eventsIn } from "./streams-protocols.ts";
import { openScene } from "./streams-scene.ts";

const message = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } };
const text = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
const word = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "one" } };

/** Each with a word, and without an end. */
const begun: readonly { readonly name: string; readonly provider: Partial<Provider>; readonly events: readonly Buffer[]; readonly type?: string }[] = [
  { name: "anthropic-messages", provider: { type: "anthropic-compatible", protocols: ["anthropic-messages"] }, events: [messageStream([{ type: "message_start", message }, text, word])] },
  { name: "openai-responses", provider: { protocols: ["openai-responses"] }, events: responsesEvents({ words: ["one"], terminal: null }) },
  { name: "gemini", provider: { protocols: ["gemini"] }, events: [geminiStream([chunkOf([{ text: "one" }])])] },
  { name: "bedrock-converse", provider: { type: "bedrock", protocols: ["bedrock-converse"] }, events: [frames(START, textDelta("one"))], type: FRAMES },
];

const typed = (type = "text/event-stream") => ({ headers: { "content-type": type } });

describe("a translated stream", () => {
  it.each(begun)("of $name that ends without its end is told as one that broke off", async ({ provider, events, type }) => {
    const scene = await openScene(eventStream(events, typed(type)), { provider });
    const reply = await scene.ask(STREAMED);
    expect([reply.status, reply.text.includes("one"), reply.text.includes("[DONE]")]).toEqual([200, true, false]);
    expect(errorsIn(chat, reply.text)).toMatchObject([{ code: "UPSTREAM_TRUNCATED" }]);
    expect(reply.text).not.toContain("The provider reported");
    expect(await scene.over(1)).toMatchObject([{ status: 200, error: "UPSTREAM_TRUNCATED" }]);
  });

  it("of Chat that ends without its end is told as one that broke off, to a client of Messages", async () => {
    const messages: Post = { path: "/v1/messages" };
    const scene = await openScene(eventStream(chatEvents({ words: ["one", "two"] }).slice(0, 2)), { provider: { protocols: ["openai-chat"] } });
    const reply = await scene.ask(asked({ stream: true, max_tokens: 100 }), messages);
    expect(eventsIn(reply.text).at(-1)).toMatchObject({ name: "error", data: expect.stringContaining("broke off before its end") });
    expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_TRUNCATED" }]);
  });

  it("with an event that is too long is told as an answer that is of no use", async () => {
    const events = [messageStream([{ type: "message_start", message }, text, word]), dataEvent({ type: "ping", padding: "x".repeat(100_000) })];
    const scene = await openScene(eventStream(events), { provider: { type: "anthropic-compatible" }, settings: { limits: { sseEventBytesMax: 65_536 } } });
    const reply = await scene.ask(STREAMED);
    expect(errorsIn(chat, reply.text)).toMatchObject([{ code: "UPSTREAM_INVALID", message: expect.stringMatching(/^The provider's answer was not usable: an? .*[^.]\.$/) }]);
    expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_INVALID" }]);
  });
});

it("says of a whole answer without content that it is of no use, where another target could be asked", async () => {
  const scene = await openScene(json('{"id":"msg_1","type":"message","role":"assistant"}'), { provider: { type: "anthropic-compatible" } });
  const reply = await scene.ask(asked());
  expect([reply.status, reply.text]).toEqual([502, expect.stringContaining("The provider's answer was not usable: the provider's answer has no content.")]);
  expect(await scene.over(1)).toMatchObject([{ error: "UPSTREAM_INVALID" }]);
});
