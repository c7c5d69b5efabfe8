// Recorded streams of every provider, told to clients of every protocol: as a stream, joined by the client's own library, they
// are the message that the library reads in the whole reply, and it says what the provider said.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ClientCodec } from "../../dataplane/protocols/codec.ts";
import { fit } from "../../dataplane/protocols/fit/index.ts";
import { clientCodecs, providerCodecs } from "../../dataplane/protocols/index.ts";
import type { Block, Conversation, Event, Reply } from "../../dataplane/protocols/ir.ts";
import { Collector } from "../../dataplane/protocols/collect.ts";
import { Endpoint } from "./bedrock-converse/driving.ts";
import { questionOf } from "./conformance/replies.ts";
import { librariesAt, type Read, type Said, withJoinedTexts } from "./libraries.ts";
import { codecOf, eventsIn, hasRecordings, type RecordedStream, recordedStreams, targetOf, WHY_NONE } from "./recordings.ts";

vi.setConfig({ testTimeout: 60_000 });

const endpoint = new Endpoint();
const libraries = librariesAt(endpoint);
const clients = Object.values(clientCodecs);
const told = new Map<string, number>();

beforeAll(() => endpoint.open());

afterAll(async () => {
  await endpoint.close();
  const silent = Object.keys(providerCodecs).filter((name) => !recordedStreams.some(({ protocol }) => protocol === name));
  const counts = [...told].map(([name, count]) => `${count} to ${name}`).join(", ");
  process.stdout.write(hasRecordings ? `recorded streams, told to clients: ${counts}; of ${silent.join(", ")} nothing is recorded\n` : `skipped: ${WHY_NONE}\n`);
});

/** The pump says who has no id and when it was, where the provider does not. */
const begun = (event: Event): Event => (event.kind === "start" ? { ...event, id: event.id || "request-1", createdAt: event.createdAt || 1_780_000_000 } : event);

/** As the gateway tells it: calls without an id have got one. */
const eventsFor = (stream: RecordedStream, client: ClientCodec, asked: Conversation): Event[] => {
  const [codec, target] = [codecOf(stream), targetOf(stream)];
  const { undo } = fit(asked, target, codec.abilities(target.dialect, target.model), client);
  return eventsIn(stream).map(begun).flatMap((event) => undo.event(event));
};

const collected = (events: readonly Event[]): Reply => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error(collector.failure?.message ?? "the stream has no end");
  return reply;
};

const written = (client: ClientCodec, events: readonly Event[], asked: Conversation): Buffer => {
  const encoder = client.encodeStream(asked);
  return Buffer.concat(events.map((event) => Buffer.from(encoder.push(event))));
};

const asJson = (words: string): unknown => {
  try {
    return JSON.parse(words === "" ? "{}" : words) as unknown;
  } catch {
    return words;
  }
};

/** Those that tell what can be read of a block which only its own protocol knows: what a tool of the provider's found, a summary. */
const tellForeign: ReadonlySet<string> = new Set(["anthropic-messages", "gemini", "bedrock-converse"]);

const saidIn = ({ choices }: Reply, client: string): Said => {
  const blocks: readonly Block[] = choices[0]?.blocks ?? [];
  const foreign = (block: Block): string => (block.kind === "foreign" && block.protocol !== client && tellForeign.has(client) ? block.text : "");
  const text = blocks.map((block) => (block.kind === "text" || block.kind === "refusal" ? block.text : foreign(block))).join("");
  if (client === "openai-completions") return { text, thoughts: "", calls: [] };
  const calls = blocks.filter((block) => block.kind === "tool-call").map(({ name, arguments: words }) => [name, asJson(words)] as const);
  return { text, thoughts: blocks.map((block) => (block.kind === "reasoning" ? block.text : "")).join(""), calls };
};

/** Cohere cites when the text has been told, and here a block is what is cited: in a stream it is one, in the whole it is cut. */
const inOneText = ({ message }: Read): unknown => ({ ...(message as object), content: withJoinedTexts((message as { content: Record<string, unknown>[] }).content) });

const tools: Conversation["tools"] = [{ kind: "function", at: "", name: "weather", description: "", schema: null, isStrict: null }];

/** As Google's library asks for a stream. */
const inEvents = { gemini: { alt: "sse" } };

const askedBy = (client: ClientCodec): Conversation => ({ ...questionOf(client, true), extras: inEvents, ...(client.name === "openai-completions" ? {} : { tools }) });

describe.runIf(hasRecordings).each(clients.map((client) => ({ name: client.name, client })))("a client that speaks $name reads of its library", ({ name, client }) => {
  test.each(recordedStreams)("in a stream what it reads in the whole: $path", async (stream) => {
    const library = libraries.get(name);
    if (library === undefined) throw new Error(`nobody reads ${name} here`);
    const asked = askedBy(client);
    const events = eventsFor(stream, client, asked);
    const reply = collected(events);
    const [streamed, whole] = [await library.stream(written(client, events, asked)), await library.whole(client.encodeReply(reply, { ...asked, isStreaming: false }).body)];
    if (name === "anthropic-messages" && stream.protocol === "cohere") expect(inOneText(streamed)).toEqual(inOneText(whole));
    else expect(streamed.message).toEqual(whole.message);
    expect(streamed.said).toEqual(saidIn(reply, name));
    told.set(library.name, (told.get(library.name) ?? 0) + 1);
  });
});

test.runIf(hasRecordings)("streams of every protocol that is recorded are there", () => {
  expect(new Set(recordedStreams.map(({ protocol }) => protocol)).size).toBe(7);
  expect(recordedStreams.filter(({ isFramed }) => isFramed)).toHaveLength(2);
  expect(recordedStreams.length).toBeGreaterThan(60);
});

test.skipIf(hasRecordings)(`is left out: ${WHY_NONE}`, () => {
  expect(hasRecordings).toBe(false);
});
