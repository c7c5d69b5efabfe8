// Every decoder that the gateway has, found by the tables it is registered in: whatever comes, nothing is thrown, each stream has
// an end or a failure, the cuts of the network do not matter, what was read can be told to every client, and memory is bounded.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { failure } from "../../dataplane/errors.ts";
import { isFailure, isInvalid, type Asked, type ClientCodec, type ProviderCodec } from "../../dataplane/protocols/codec.ts";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import { fit } from "../../dataplane/protocols/fit/index.ts";
import { clientCodecs, providerCodecs } from "../../dataplane/protocols/index.ts";
import type { Event, Reply } from "../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../dataplane/protocols/replay.ts";
import { askedBy, conversations } from "./conformance/conversations.ts";
import { bothHalves, clients, MODEL, modelOf, providers, speakingTo, targetOf } from "./conformance/protocols.ts";
import { questionOf } from "./conformance/replies.ts";
import { cuts, hasRecordings, piecesOf, repliesFor, requestsFor, streamsFor } from "./fuzzed-bytes.ts";
import { heldBytes } from "./held-bytes.ts";
import { orderProblems } from "./openai-chat/asking.ts";
import { seedOf } from "./seed.ts";

vi.setConfig({ testTimeout: 120_000 });

const RUNS = 250;
const EVENT_BYTES_MAX = 8_388_608;
const seed = seedOf();
const options = { numRuns: RUNS, seed };

const named = <Codec extends { readonly name: string }>(codecs: readonly Codec[]) => codecs.map((codec) => ({ name: codec.name, codec }));

afterAll(() => {
  process.stdout.write(`${Object.keys(clientCodecs).length} protocols of clients, ${Object.keys(providerCodecs).length} of providers, ${hasRecordings ? "with" : "without"} recorded traffic, which ${hasRecordings ? "lies" : "does not lie"} beside the repository\n`);
});

/** undici hands out slices of a buffer that it fills again: nothing may be read from them later. */
const eventsIn = (codec: ProviderCodec, pieces: readonly Buffer[], eventBytesMax = EVENT_BYTES_MAX): Event[] => {
  const decoder = codec.decodeStream(targetOf(codec, true, modelOf(codec)), eventBytesMax);
  const events: Event[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    events.push(...decoder.push(lent));
    lent.fill(0x58);
  }
  events.push(...decoder.end());
  expect([decoder.push(Buffer.from("more")), decoder.end()]).toEqual([[], []]);
  return events;
};

/** Pings may stand anywhere. */
const disorderIn = (events: readonly Event[]): string[] => orderProblems(events.filter(({ kind }) => kind !== "ping"));

const tellAll = (events: readonly Event[]): void => {
  for (const client of clients) {
    const encoder = client.encodeStream(questionOf(client, true));
    for (const event of events) encoder.push(event);
    encoder.fail(failure("UPSTREAM_TRUNCATED"));
  }
};

const tellReply = (reply: Reply): void => {
  for (const client of clients) expect(() => JSON.parse(client.encodeReply(reply, questionOf(client, false)).body.toString("utf8")) as unknown).not.toThrow();
  expect(disorderIn(eventsOf(reply))).toEqual([]);
};

describe.each(named(providers))("what a provider that speaks $name might send", ({ name, codec }) => {
  test("in a stream becomes events in order that end, however it is cut, and that every client can be told", () => {
    fc.assert(
      fc.property(streamsFor(name, clientCodecs[codec.name]), cuts, (bytes, places) => {
        const events = eventsIn(codec, [bytes]);
        expect(disorderIn(events)).toEqual([]);
        expect(["end", "failure"]).toContain(events.at(-1)?.kind);
        expect(eventsIn(codec, piecesOf(bytes, places))).toEqual(events);
        tellAll(events);
      }),
      options,
    );
  });

  test("in a stream with events that are too long ends in a failure, or never met one", () => {
    fc.assert(
      fc.property(streamsFor(name, clientCodecs[codec.name]), cuts, fc.constantFrom(0, 16, 200), (bytes, places, eventBytesMax) => {
        const events = eventsIn(codec, piecesOf(bytes, places), eventBytesMax);
        expect(disorderIn(events)).toEqual([]);
        expect(["end", "failure"]).toContain(events.at(-1)?.kind);
      }),
      options,
    );
  });

  test("as a document is a reply that every client can be told, or a failure", () => {
    fc.assert(
      fc.property(repliesFor(name, clientCodecs[codec.name]), (bytes) => {
        const reply = codec.decodeReply(bytes, targetOf(codec, false, modelOf(codec)));
        if (isFailure(reply)) expect(typeof reply.message).toBe("string");
        else tellReply(reply);
      }),
      options,
    );
  });

  test("with a status that is no success is a failure with words", () => {
    fc.assert(
      fc.property(repliesFor(name, clientCodecs[codec.name]), fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 })), (bytes, status, value) => {
        const told = codec.decodeFailure(status, { "retry-after": value, "retry-after-ms": value, "x-amzn-errortype": value }, bytes);
        expect(told).toMatchObject({ status, message: expect.any(String), type: expect.any(String), code: expect.any(String) });
        expect(told.retryAfterSeconds).toBeGreaterThanOrEqual(0);
        for (const client of clients) expect(typeof client.encodeFailure({ ...failure("UPSTREAM_TRUNCATED"), message: told.message, kind: told.kind })).toBe("string");
      }),
      options,
    );
  });
});

/** All questions of the suite about pairs, as clients of this protocol write them. */
const questions = (client: ClientCodec): Buffer[] => {
  const speaker = bothHalves(client);
  if (speaker === null) return [];
  const target = speakingTo(speaker, false);
  return conversations.map((one) => speaker.encodeRequest(fit(askedBy(one, client.name), target, speaker.abilities(target.dialect, MODEL), speaker).conversation, target).body);
};

const asked = (isStreaming: boolean): Asked => ({ model: MODEL, isStreaming, query: "", headers: {} });

describe.each(named(clients))("what a client that speaks $name might ask", ({ name, codec }) => {
  test("is refused with words, or can be asked of every provider", () => {
    fc.assert(
      fc.property(requestsFor(name, questions(codec)), fc.boolean(), (bytes, isStreaming) => {
        const conversation = codec.decodeRequest(bytes, asked(isStreaming));
        if (isInvalid(conversation)) {
          expect(conversation.problem.length).toBeGreaterThan(10);
          return;
        }
        for (const provider of providers) {
          const target = targetOf(provider, conversation.isStreaming, modelOf(provider));
          const fitted = fit(conversation, target, provider.abilities(noDialect, target.model), codec);
          const encoded = provider.encodeRequest(fitted.conversation, target);
          expect(() => JSON.parse(encoded.body.toString("utf8")) as unknown).not.toThrow();
          expect(encoded.path).toMatch(/^\//);
        }
      }),
      options,
    );
  });
});

const MIB = 1_048_576;
/** What else the process came to hold meanwhile. */
const SLACK = MIB;
const LIMIT = MIB / 8;
const HELD_MAX = 4 * LIMIT + SLACK;
/** Whoever keeps half of it is found. */
const SENT = 2 * HELD_MAX;

/** Beginnings of events that never end, in every framing there is. */
const endless: readonly [string, Buffer, Buffer][] = [
  ["data of an event", Buffer.from("data: {\"a\":\""), Buffer.alloc(65_536, "x")],
  ["lines of data of one event", Buffer.alloc(0), Buffer.from("data: \"x\"\n".repeat(6000))],
  ["text without a line", Buffer.alloc(0), Buffer.alloc(65_536, "x")],
  ["an array of JSON", Buffer.from("[{\"a\":["), Buffer.from("[1],".repeat(16_000))],
  ["a frame of many bytes", Buffer.from([0x00, 0xff, 0xff, 0xff, 0, 0, 0, 16, 0, 0, 0, 0]), Buffer.alloc(65_536, 1)],
  ["empty lines and comments", Buffer.alloc(0), Buffer.from(":\n\n\r\n".repeat(10_000))],
];

/** Without any of those streams, as it was last seen: to see it takes long. */
let before = Infinity;

describe.each(named(providers))("a stream without end that speaks $name", ({ codec }) => {
  beforeAll(async () => {
    if (before === Infinity) before = await heldBytes();
  });

  test.each(endless)("is not kept: %s", async (_, beginning, more) => {
    const decoder = codec.decodeStream(targetOf(codec, true, modelOf(codec)), LIMIT);
    const lent = Buffer.from(more);
    let events = decoder.push(Buffer.from(beginning)).length;
    let sent = 0;
    for (; sent < SENT; sent += more.length) events += decoder.push(lent).length;
    const held = await heldBytes(before + HELD_MAX);
    expect(held - before).toBeLessThan(HELD_MAX);
    before = Math.min(before, held);
    expect(events).toBeLessThan(10);
    expect(["end", "failure"]).toContain(decoder.end().at(-1)?.kind ?? "failure");
  });
});
