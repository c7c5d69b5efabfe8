// What the tests of Anthropic's protocol share: targets, questions, streams cut in pieces, answers read by the vendor's own
// library. It judges nothing.
import Anthropic from "@anthropic-ai/sdk";
import type { Asked, TargetModel } from "../../../dataplane/protocols/codec.ts";
import { isInvalid } from "../../../dataplane/protocols/codec.ts";
import type { Dialect } from "../../../dataplane/protocols/dialect.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import type { Conversation, Event } from "../../../dataplane/protocols/ir.ts";
import { anthropicMessagesCodec as codec } from "../../../dataplane/protocols/anthropic-messages/index.ts";

export { codec };
export type Members = Record<string, unknown>;

export const EVENT_BYTES_MAX = 8_388_608;

export const targetOf = (model = "claude-sonnet-4-5", dialect: Dialect = noDialect, isStreaming = false): TargetModel => ({
  model,
  isStreaming,
  dialect,
  origin: "anthropic-messages/anthropic",
  outputTokensMax: 64_000,
});

export const askedOf = (headers: Asked["headers"] = {}): Asked => ({ model: "claude", isStreaming: false, query: "", headers });

/** A body as the smallest that is one. */
export const bodyOf = (members: Members): Members => ({ model: "claude", max_tokens: 100, messages: [{ role: "user", content: "Hi" }], ...members });

export const conversationOf = (members: Members, headers: Asked["headers"] = {}): Conversation => {
  const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(bodyOf(members))), askedOf(headers));
  if (isInvalid(conversation)) throw new Error(conversation.problem);
  return conversation;
};

export const sent = (conversation: Conversation, target = targetOf()) => {
  const encoded = codec.encodeRequest(conversation, target);
  return { ...encoded, body: JSON.parse(encoded.body.toString()) as Members };
};

/** What comes out again when a request goes in and out. */
export const roundTrip = (members: Members, target = targetOf(), headers: Asked["headers"] = {}) => sent(conversationOf(members, headers), target);

export const decodePieces = (pieces: Iterable<Buffer>, target = targetOf(), eventBytesMax = EVENT_BYTES_MAX): Event[] => {
  const decoder = codec.decodeStream(target, eventBytesMax);
  const events: Event[] = [];
  for (const piece of pieces) events.push(...decoder.push(piece));
  return [...events, ...decoder.end()];
};

export const streamOf = (events: readonly Members[]): Buffer => Buffer.from(events.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`).join(""));

export const encodeAll = (events: readonly Event[], asked = conversationOf({})): string => {
  const encoder = codec.encodeStream(asked);
  return events.map((event) => encoder.push(event)).join("");
};

/** The events of an encoded stream, as parsed JSON. */
export const dataOf = (text: string): Members[] =>
  text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => JSON.parse(event.slice(event.indexOf("data: ") + "data: ".length)) as Members);

const clientFor = (body: string, type: string): Anthropic =>
  new Anthropic({ apiKey: "key", maxRetries: 0, fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } })) });

const question = { model: "claude", max_tokens: 100, messages: [{ role: "user" as const, content: "Hi" }] };

/** As the vendor's library understands a stream. */
export const accumulate = async (stream: string): Promise<Members> =>
  JSON.parse(JSON.stringify(await clientFor(stream, "text/event-stream").beta.messages.stream(question).finalMessage())) as Members;

export const readReply = async (body: string): Promise<Members> =>
  JSON.parse(JSON.stringify(await clientFor(body, "application/json").messages.create(question))) as Members;
