// Short ways to say what the tests of this protocol ask, and to read what comes out. It judges nothing.
import OpenAI from "openai";
import type { Response as SdkResponse, ResponseStreamEvent } from "openai/resources/responses/responses";
import { type Asked, isFailure, isInvalid, type TargetModel } from "../../../dataplane/protocols/codec.ts";
import { Collector } from "../../../dataplane/protocols/collect.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import type { Block, Conversation, Event, Reply, Turn } from "../../../dataplane/protocols/ir.ts";
import { openaiResponsesCodec as codec } from "../../../dataplane/protocols/openai-responses/index.ts";

export { codec };

export const asked: Asked = { model: "smart", isStreaming: false, query: "", headers: {} };

export const target = (more: Partial<TargetModel> = {}): TargetModel => ({
  model: "gpt-5.1",
  isStreaming: false,
  dialect: noDialect,
  origin: "openai-responses/openai",
  outputTokensMax: 4096,
  ...more,
});

export const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const conversationOf = (body: object): Conversation => {
  const conversation = codec.decodeRequest(bytes({ model: "smart", ...body }), asked);
  if (isInvalid(conversation)) throw new Error(conversation.problem);
  return conversation;
};

/** As another protocol's client would have said it. */
export const foreign = (turns: readonly Turn[], more: Partial<Conversation> = {}): Conversation => ({
  ...conversationOf({}),
  protocol: "openai-chat",
  turns,
  ...more,
});

export const turn = (role: Turn["role"], ...blocks: Block[]): Turn => ({ role, at: "", blocks });
export const text = (said: string, more: object = {}): Block => ({ kind: "text", at: "", text: said, ...more });

export type Body = Readonly<Record<string, unknown>>;

/** What stands at a path of a document; undefined when nothing does. */
export const inside = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null ? (inner as Record<string | number, unknown>)[key] : undefined), value);

/** The objects of a list that must be one. */
export const list = (value: unknown, ...path: readonly (string | number)[]): Body[] => {
  const found = inside(value, ...path);
  if (!Array.isArray(found)) throw new Error(`no list at ${path.join(".")}`);
  return found as Body[];
};

export const sent = (conversation: Conversation, to: TargetModel = target()): { body: Body; losses: string[]; path: string } => {
  const { body, losses, path } = codec.encodeRequest(conversation, to);
  return { body: JSON.parse(String(body)) as Body, losses: losses.map((loss) => `${loss.path};${loss.reason};${loss.severity}`), path };
};

export const again = (body: object): Body => sent(conversationOf(body)).body;

export const replyOf = (response: object): Reply => {
  const reply = codec.decodeReply(bytes(response), target());
  if (isFailure(reply)) throw new Error(reply.message);
  return reply;
};

export const given = (reply: Reply, conversation: Conversation = conversationOf({ input: "hi" })): Body =>
  JSON.parse(String(codec.encodeReply(reply, conversation).body)) as Body;

export const eventsIn = (pieces: Iterable<Buffer>, to: TargetModel = target()): Event[] => {
  const decoder = codec.decodeStream(to, 8_388_608);
  const events: Event[] = [];
  // Slices of a buffer that is filled again: nothing may be read from them later.
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    events.push(...decoder.push(lent));
    lent.fill(0x58);
  }
  return [...events, ...decoder.end()];
};

export const collect = (events: Iterable<Event>): Reply => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error(`no reply: ${collector.failure?.message ?? "it did not end"}`);
  return reply;
};

export const written = (events: Iterable<Event>, conversation: Conversation = conversationOf({ input: "hi", stream: true })): string => {
  const encoder = codec.encodeStream(conversation);
  return [...events].map((event) => String(encoder.push(event))).join("");
};

/** A stream of this protocol, with a number for each event. */
export const stream = (...events: object[]): Buffer =>
  Buffer.from(events.map((event, number) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify({ ...event, sequence_number: number })}\n\n`).join(""));

const clientOf = (body: string, type: string): OpenAI =>
  new OpenAI({ apiKey: "k", baseURL: "http://localhost/v1", maxRetries: 0, fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } })) });

export interface Accumulated {
  readonly response: SdkResponse;
  readonly events: ResponseStreamEvent[];
}

/** What the official library makes of a stream. */
export const accumulate = async (body: string): Promise<Accumulated> => {
  const running = clientOf(body, "text/event-stream").responses.stream({ model: "smart", input: "hi" });
  const events: ResponseStreamEvent[] = [];
  for await (const event of running) events.push(event);
  return { response: await running.finalResponse(), events };
};

export const readWhole = async (body: Buffer): Promise<SdkResponse> =>
  await clientOf(String(body), "application/json").responses.create({ model: "smart", input: "hi" });
