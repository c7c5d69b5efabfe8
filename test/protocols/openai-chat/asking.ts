// What the tests of the chat codec share: requests and targets with little in them, and streams made of chunks.
// It judges nothing.
import { Collector } from "../../../dataplane/protocols/collect.ts";
import { type Asked, isInvalid, type TargetModel } from "../../../dataplane/protocols/codec.ts";
import type { Dialect } from "../../../dataplane/protocols/dialect.ts";
import type { Conversation, Event, Reply } from "../../../dataplane/protocols/ir.ts";
import { openaiChatCodec as codec } from "../../../dataplane/protocols/openai-chat/index.ts";

export const EVENT_BYTES_MAX = 8_388_608;

export const asked: Asked = { model: "gpt-x", isStreaming: false, query: "", headers: {} };

export const targetOf = (dialect: Dialect = {}, more: Partial<TargetModel> = {}): TargetModel => ({ model: "m-1", isStreaming: false, dialect, origin: "openai-chat/openai", outputTokensMax: 4096, ...more });

export const asBytes = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

export const decoded = (body: unknown): Conversation => {
  const conversation = codec.decodeRequest(asBytes(body), asked);
  if (isInvalid(conversation)) throw new Error(conversation.problem);
  return conversation;
};

export const ask = (more: object = {}): Conversation => decoded({ model: "gpt-x", messages: [{ role: "user", content: "hi" }], ...more });

export type Body = Record<string, unknown>;

export const encoded = (conversation: Conversation, dialect: Dialect = {}, more: Partial<TargetModel> = {}): { body: Body; path: string; losses: readonly unknown[] } => {
  const { body, path, losses } = codec.encodeRequest(conversation, targetOf(dialect, more));
  return { body: JSON.parse(body.toString()) as Body, path, losses };
};

export const sse = (...chunks: unknown[]): Buffer => Buffer.from(chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join(""));

/** A chunk with one choice. */
export const chunk = (delta: object, more: object = {}): object => ({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 7, model: "m-1", choices: [{ index: 0, delta, finish_reason: null, ...more }] });

export const stop = chunk({}, { finish_reason: "stop" });

export const eventsIn = (pieces: Iterable<Buffer>, dialect: Dialect = {}, eventBytesMax = EVENT_BYTES_MAX): Event[] => {
  const decoder = codec.decodeStream(targetOf(dialect, { isStreaming: true }), eventBytesMax);
  const events: Event[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    events.push(...decoder.push(lent));
    lent.fill(0x58);
  }
  events.push(...decoder.end());
  return events;
};

export const collected = (events: readonly Event[]): Reply => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error(collector.failure?.message ?? "the events do not end");
  return reply;
};

export const replyIn = (bytes: Buffer, dialect: Dialect = {}): Reply => collected(eventsIn([bytes], dialect));

/** What the first choice says, short: kinds and texts. */
export const said = (reply: Reply): string[] =>
  (reply.choices[0]?.blocks ?? []).map((block) => (block.kind === "tool-call" ? `call ${block.id} ${block.name} ${block.arguments}` : "text" in block ? `${block.kind} ${block.text}` : block.kind));

/** Written whole: the stream for a client. */
export const written = (events: readonly Event[], conversation: Conversation): string => {
  const encoder = codec.encodeStream(conversation);
  return events.map((event) => String(encoder.push(event))).join("");
};

/** Data objects of a written stream. */
export const chunksIn = (text: string): Body[] =>
  text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice(6)) as Body);

/** Breaks of the order that events must have; none when it is kept. */
export const orderProblems = (events: readonly Event[]): string[] => {
  const problems: string[] = [];
  const next = new Map<number, number>();
  const open = new Set<string>();
  const finished = new Set<number>();
  events.forEach((event, at) => {
    if ((event.kind === "start") !== (at === 0) && event.kind !== "failure") problems.push(`start and ${event.kind} at ${at}`);
    if ((event.kind === "end" || event.kind === "failure") && at !== events.length - 1) problems.push(`${event.kind} is not the last`);
    if (event.kind === "finish") {
      if (finished.has(event.choice) || [...open].some((key) => key.startsWith(`${event.choice}/`))) problems.push(`finish of ${event.choice} too early or twice`);
      finished.add(event.choice);
    }
    if (!("index" in event)) return;
    const key = `${event.choice}/${event.index}`;
    if (event.kind === "block-start") {
      if (event.index !== (next.get(event.choice) ?? 0)) problems.push(`block ${key} out of order`);
      next.set(event.choice, event.index + 1);
      open.add(key);
    } else if (!open.has(key)) {
      problems.push(`${event.kind} in ${key}, which is not open`);
    }
    if (event.kind === "block-stop") open.delete(key);
  });
  const last = events.at(-1)?.kind;
  if (last !== "end" && last !== "failure") problems.push(`the last event is ${last}`);
  if (last === "end" && open.size > 0) problems.push(`${[...open].join()} never ended`);
  return problems;
};
