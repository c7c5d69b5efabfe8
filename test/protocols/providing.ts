// What the tests of protocols that only providers speak share: a request written, a stream read in pieces, and the way on to a
// client that speaks OpenAI's chat, read by OpenAI's own library.
import fc from "fast-check";
import { expect } from "vitest";
import { isFailure, type ProviderCodec, type TargetModel } from "../../dataplane/protocols/codec.ts";
import { Collector } from "../../dataplane/protocols/collect.ts";
import { fit } from "../../dataplane/protocols/fit/index.ts";
import type { Conversation, Event, ProviderFailure, Reply } from "../../dataplane/protocols/ir.ts";
import { openaiChatCodec as chat } from "../../dataplane/protocols/openai-chat/index.ts";
import { eventsOf } from "../../dataplane/protocols/replay.ts";
import { ask, orderProblems, written } from "./openai-chat/asking.ts";
import { joined, whole } from "./openai-chat/reading.ts";
import { cutsOf, inTwo } from "./watching.ts";

export const EVENT_BYTES_MAX = 8_388_608;

export const targetOf = ({ name }: ProviderCodec, more: Partial<TargetModel> = {}): TargetModel => ({ model: "model-x", isStreaming: false, dialect: {}, origin: `${name}/${name}`, outputTokensMax: 4096, ...more });

export interface Sent {
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Record<string, unknown>;
  readonly text: string;
  /** "path reason severity". */
  readonly losses: readonly string[];
}

export const sent = (codec: ProviderCodec, conversation: Conversation, more: Partial<TargetModel> = {}): Sent => {
  const { path, headers, body, losses } = codec.encodeRequest(conversation, targetOf(codec, more));
  const text = body.toString();
  return { path, headers, text, body: JSON.parse(text) as Sent["body"], losses: losses.map(({ path: at, reason, severity }) => `${at} ${reason} ${severity}`) };
};

/** Made to fit first, as the gateway does. */
export const sentFitting = (codec: ProviderCodec, conversation: Conversation, more: Partial<TargetModel> = {}): Sent => {
  const target = targetOf(codec, more);
  const fitted = fit(conversation, target, codec.abilities(target.dialect, target.model), chat);
  const encoded = sent(codec, fitted.conversation, more);
  return { ...encoded, losses: [...fitted.losses.map(({ path, reason, severity }) => `${path} ${reason} ${severity}`), ...encoded.losses] };
};

export const eventsIn = (codec: ProviderCodec, pieces: Iterable<Buffer>, eventBytesMax = EVENT_BYTES_MAX): Event[] => {
  const decoder = codec.decodeStream(targetOf(codec, { isStreaming: true }), eventBytesMax);
  const events: Event[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    events.push(...decoder.push(lent));
    lent.fill(0x58);
  }
  events.push(...decoder.end(), ...decoder.end(), ...decoder.push(Buffer.from("more")));
  return events;
};

export const collected = (events: readonly Event[]): Reply => {
  expect(orderProblems(events)).toEqual([]);
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error(collector.failure?.message ?? "the events do not end");
  return reply;
};

export const replyOf = (codec: ProviderCodec, body: unknown): Reply => {
  const reply = codec.decodeReply(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), targetOf(codec));
  if (isFailure(reply)) throw new Error(`${reply.code} ${reply.message}`);
  return reply;
};

export const failureOf = (codec: ProviderCodec, body: unknown): ProviderFailure => {
  const reply = codec.decodeReply(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), targetOf(codec));
  if (!isFailure(reply)) throw new Error("it is a reply");
  return reply;
};

/** As the last of the events; whatever came before it is in order. */
export const failureIn = (events: readonly Event[]): ProviderFailure => {
  expect(orderProblems(events)).toEqual([]);
  const last = events.at(-1);
  if (last?.kind !== "failure") throw new Error(`the last event is ${last?.kind ?? "missing"}`);
  return last.failure;
};

/** What the first choice says, short: kinds and texts. */
export const saidIn = (reply: Reply): string[] =>
  (reply.choices[0]?.blocks ?? []).map((block) => (block.kind === "tool-call" ? `call ${block.id} ${block.name} ${block.arguments}` : "text" in block ? `${block.kind} ${block.text}` : block.kind));

const LONG = 2500;
const STRIDE = 509;
const ENDS = 120;

/** In two at every byte, or of long ones at every byte of both ends and at some between; and into pieces down to single bytes. */
export const differenceBetweenCuts = (codec: ProviderCodec, bytes: Buffer): string | undefined => {
  const expected = JSON.stringify(eventsIn(codec, [bytes]));
  const isNear = (at: number): boolean => at < ENDS || at > bytes.length - ENDS || at % STRIDE === 0;
  const places = Array.from({ length: bytes.length + 1 }, (_, at) => at).filter((at) => bytes.length <= LONG || isNear(at));
  const cuts = [...cutsOf(bytes, "Pieces"), ...places.map((at) => ({ name: `cut at ${at}`, pieces: inTwo(bytes, at) }))];
  return cuts.find(({ pieces }) => JSON.stringify(eventsIn(codec, pieces)) !== expected)?.name;
};

/** The stream for a client of OpenAI's chat, joined by OpenAI's library, is what the library reads in the whole answer. */
export const expectSameForChatClients = async (events: readonly Event[]): Promise<void> => {
  const asked = ask({ stream: true, stream_options: { include_usage: true }, logprobs: true });
  const reply = collected(events);
  const fromStream = await joined(written(events, asked));
  const fromReply = await whole(chat.encodeReply(reply, asked).body);
  expect(fromStream.usage ?? null).toEqual(fromReply.usage ?? null);
  expect(fromStream.choices.length).toBe(fromReply.choices.length);
  for (const [index, { message, finish_reason: reason }] of fromReply.choices.entries()) {
    const { content, tool_calls: calls, annotations } = message;
    expect(fromStream.choices[index]).toMatchObject({ finish_reason: reason, message: JSON.parse(JSON.stringify({ content, tool_calls: calls, annotations })) as object });
  }
};

const piecesOf = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
};

const damagedOf = (samples: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc.tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 })).map(([bytes, changes]) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of changes) copy[at % copy.length] = byte;
    return copy;
  });

export interface Garbage {
  /** Pieces of the protocol, to be put together in any order. */
  readonly words: readonly string[];
  /** Names of members. */
  readonly members: readonly string[];
  /** Streams, to be damaged. */
  readonly samples: readonly Buffer[];
  /** A document as it stands in a stream. */
  frame(document: unknown): string;
}

const anyDocument = (members: readonly string[]): fc.Arbitrary<unknown> => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, true, 0, -1, 1.5, "", "a", "b", "stop", "null", "function", "text", "2026-01-01T00:00:00Z"),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(fc.constantFrom(...members), tie("value")), { maxLength: 6 }).map((entries) => Object.fromEntries(entries) as unknown),
    ),
  }));
  return value;
};

/** Whatever comes, nothing is thrown, events keep their order, and the cuts do not matter. */
export const expectToSurvive = (codec: ProviderCodec, { words, members, samples, frame }: Garbage, runs: number): void => {
  const documents = anyDocument(members);
  const text = fc.oneof(fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join("")), fc.array(documents, { maxLength: 8 }).map((list) => list.map(frame).join("")));
  const garbage = fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), text.map((value) => Buffer.from(value)), damagedOf(samples));
  const body = fc.oneof(garbage, fc.json({ maxDepth: 6 }).map((value) => Buffer.from(value)), documents.map((value) => Buffer.from(JSON.stringify(value))));
  fc.assert(
    fc.property(garbage, body, fc.array(fc.nat(), { maxLength: 8 }), fc.constantFrom(60, EVENT_BYTES_MAX), fc.integer({ min: 300, max: 599 }), fc.string(), (stream, bytes, cuts, bytesMax, status, after) => {
      const events = eventsIn(codec, [stream], bytesMax);
      expect(orderProblems(events)).toEqual([]);
      if (bytesMax > 60) expect(eventsIn(codec, piecesOf(stream, cuts), bytesMax)).toEqual(events);
      expect(written(events, ask({ stream: true }))).toMatch(/^(?:: .*\n\n|data: .*\n\n)*$/);
      const reply = codec.decodeReply(bytes, targetOf(codec));
      if (isFailure(reply)) expect(typeof reply.message).toBe("string");
      else expect(orderProblems(eventsOf(reply))).toEqual([]);
      const failure = codec.decodeFailure(status, { "retry-after": after }, bytes);
      expect(failure.status).toBe(status);
      expect(failure.retryAfterSeconds).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: runs },
  );
};
