// What the tests of Gemini's protocol share: targets, questions, streams cut in pieces, answers read by Google's own library.
// It judges nothing.
import { GoogleGenAI } from "@google/genai";
import type { Asked, TargetModel } from "../../../dataplane/protocols/codec.ts";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import { Collector } from "../../../dataplane/protocols/collect.ts";
import type { Dialect } from "../../../dataplane/protocols/dialect.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import type { Block, Conversation, Event, Reply, Turn } from "../../../dataplane/protocols/ir.ts";
import { geminiCodec as codec } from "../../../dataplane/protocols/gemini/index.ts";

export { codec };
export type Members = Record<string, unknown>;

export const EVENT_BYTES_MAX = 8_388_608;

export const targetOf = (model = "gemini-3-pro-preview", dialect: Dialect = noDialect, isStreaming = false): TargetModel => ({
  model,
  isStreaming,
  dialect,
  origin: "gemini/gcp.gemini",
  outputTokensMax: 64_000,
});

export const askedOf = (query = "?alt=sse", isStreaming = true): Asked => ({ model: "our-gemini", isStreaming, query, headers: {} });

/** A body as the smallest that is one. */
export const bodyOf = (members: Members): Members => ({ contents: [{ role: "user", parts: [{ text: "Hi" }] }], ...members });

export const conversationOf = (members: Members, query = "?alt=sse"): Conversation => {
  const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(bodyOf(members))), askedOf(query));
  if (isInvalid(conversation)) throw new Error(conversation.problem);
  return conversation;
};

/** What a client of some other protocol asked. */
export const foreignOf = (turns: readonly Turn[], members: Partial<Conversation> = {}): Conversation => ({ ...conversationOf({}), protocol: "openai-chat", extras: {}, turns, ...members });

export const turnOf = (role: Turn["role"], ...blocks: readonly Block[]): Turn => ({ role, at: "", blocks });
export const textOf = (text: string): Block => ({ kind: "text", at: "", text });

export const sent = (conversation: Conversation, target = targetOf()) => {
  const encoded = codec.encodeRequest(conversation, target);
  return { ...encoded, body: JSON.parse(encoded.body.toString()) as Members };
};

/** What comes out again when a request goes in and out. */
export const roundTrip = (members: Members, target = targetOf()) => sent(conversationOf(members), target);

export const decodePieces = (pieces: Iterable<Buffer>, target = targetOf(), eventBytesMax = EVENT_BYTES_MAX): Event[] => {
  const decoder = codec.decodeStream(target, eventBytesMax);
  const events: Event[] = [];
  for (const piece of pieces) events.push(...decoder.push(piece));
  return [...events, ...decoder.end()];
};

export const streamOf = (chunks: readonly Members[]): Buffer => Buffer.from(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join(""));
export const listOf = (chunks: readonly Members[]): Buffer => Buffer.from(`[${chunks.map((chunk) => JSON.stringify(chunk, null, 2)).join("\n,\r\n")}\n]`);

/** One candidate's chunk. */
export const chunkOf = (parts: readonly Members[], rest: Members = {}, behind: Members = {}): Members => ({
  candidates: [{ content: { parts, role: "model" }, index: 0, ...rest }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: "gemini-3-pro",
  responseId: "r1",
  ...behind,
});

export const replyOf = (events: readonly Event[]): Reply => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error(collector.failure?.message ?? "the answer has not ended");
  return reply;
};

export const decodeWhole = (document: unknown, target = targetOf()): Reply => {
  const reply = codec.decodeReply(Buffer.from(JSON.stringify(document)), target);
  if (isFailure(reply)) throw new Error(reply.message);
  return reply;
};

export const blocksOf = (document: unknown): readonly Block[] => decodeWhole(document).choices[0]?.blocks ?? [];

export const encodeAll = (events: readonly Event[], asked = conversationOf({})): string => {
  const encoder = codec.encodeStream(asked);
  return events.map((event) => encoder.push(event)).join("");
};

/** The events of an encoded stream, as parsed JSON. */
export const dataOf = (text: string): Members[] =>
  text
    .split("\r\n\r\n")
    .filter((event) => event !== "")
    .map((event) => JSON.parse(event.slice("data: ".length)) as Members);

const clientFor = (body: string, type: string): GoogleGenAI =>
  new GoogleGenAI({ apiKey: "key", httpOptions: { fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": type } })) } });

const question = { model: "our-gemini", contents: "Hi" };

/** A candidate as a client reads it that joins the pieces. */
export interface Read {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: Members[];
  readonly signatures: string[];
  readonly finishReason: string;
  readonly usage: unknown;
  readonly grounding: unknown;
  readonly id: unknown;
}

const nothing: Read = { text: "", thoughts: "", calls: [], signatures: [], finishReason: "", usage: undefined, grounding: undefined, id: undefined };

const readChunk = (before: Read, chunk: Members): Read => {
  const candidate = ((chunk["candidates"] ?? []) as Members[])[0] ?? {};
  const parts = (((candidate["content"] ?? {}) as Members)["parts"] ?? []) as Members[];
  const texts = (isThought: boolean): string => parts.filter((part) => (part["thought"] === true) === isThought).map((part) => String(part["text"] ?? "")).join("");
  return {
    text: before.text + texts(false),
    thoughts: before.thoughts + texts(true),
    calls: [...before.calls, ...parts.flatMap((part) => (part["functionCall"] === undefined ? [] : [part["functionCall"] as Members]))],
    signatures: [...before.signatures, ...parts.flatMap((part) => (part["thoughtSignature"] === undefined ? [] : [String(part["thoughtSignature"])]))],
    finishReason: String(candidate["finishReason"] ?? before.finishReason),
    usage: chunk["usageMetadata"] ?? before.usage,
    grounding: candidate["groundingMetadata"] ?? before.grounding,
    id: chunk["responseId"] ?? before.id,
  };
};

const plain = (value: unknown): Members => JSON.parse(JSON.stringify(value)) as Members;

/** As Google's own library understands a stream. */
export const accumulate = async (stream: string): Promise<Read> => {
  let read = nothing;
  for await (const chunk of await clientFor(stream, "text/event-stream").models.generateContentStream(question)) read = readChunk(read, plain(chunk));
  return read;
};

export const readReply = async (body: string): Promise<Read> => readChunk(nothing, plain(await clientFor(body, "application/json").models.generateContent(question)));

/** What Google's own library sends as the history of a chat that streamed this answer. */
export const historyAfter = async (stream: string): Promise<Members[]> => {
  const chat = clientFor(stream, "text/event-stream").chats.create({ model: "our-gemini" });
  for await (const _ of await chat.sendMessageStream({ message: "Hi" }));
  return chat.getHistory(true).map(plain);
};
