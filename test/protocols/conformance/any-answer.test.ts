// Any answer, written for a client and read as a provider's of the same protocol, whole and as a stream cut anywhere: it means
// what it meant, but for what is told as lost. Random; the seed is printed.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Codec } from "../../../dataplane/protocols/codec.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { noUsage, type Block, type Event, type Finish, type Reply, type Usage } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import type { ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { seedOf } from "../seed.ts";
import { type Meaning, replyMeaning } from "./meaning.ts";
import { bothHalves, clients, MODEL } from "./protocols.ts";
import { described, questionOf, throughStream, throughWhole, unexplained, type Told } from "./replies.ts";

vi.setConfig({ testTimeout: 60_000 });

const RUNS = 150;
const seed = seedOf();

const codecs = clients.map(bothHalves).filter((codec) => codec !== null).filter((codec) => codec.abilities(noDialect, MODEL).hasTools);

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<readonly Value[]> => fc.array(value, { maxLength: 1 });
const words = fc.constantFrom("Hello", "世界 😀", ' "\\ \u2028 ', "", "a\n\nb ", "</think>", "é", "1.0");
const base64 = fc.constantFrom("c2ln", "c2lnbmVkIGJ5IG1l", "AAEC");

/** A place of whole characters, or none; a provider tells places or does not. */
const cited = (text: string, isPlaced: boolean) =>
  fc.record({ first: fc.nat(10), length: fc.integer({ min: 1, max: 10 }), url: fc.constantFrom("https://example.com/a", "https://example.com/b?c=1"), title: fc.constantFrom("A page", "世界") }).map(({ first, length, url, title }) => {
    const characters = [...text];
    const begin = Math.min(first, characters.length - 1);
    const start = characters.slice(0, begin).join("").length;
    const end = characters.slice(0, begin + length).join("").length;
    return { kind: "url" as const, ...(isPlaced ? { start, end } : { start: -1, end: -1 }), url, title, citedText: text.slice(start, end) };
  });

const textOf = (isPlaced: boolean): fc.Arbitrary<Block> =>
  words.chain((text) => fc.array(cited(text, isPlaced), { maxLength: text === "" ? 0 : 2 }).map((citations): Block => ({ kind: "text", at: "", text, ...(citations.length === 0 ? {} : { citations }) })));

const thoughtOf = (own: ProtocolName): fc.Arbitrary<Block> =>
  fc.record({ text: words, isSummary: fc.boolean(), value: maybe(base64), origin: fc.constantFrom(own, "anthropic-messages", "openai-responses/openai"), kind: fc.constantFrom("signature", "encrypted", "redacted") }).map(({ text, isSummary, value, origin, kind }): Block => ({
    kind: "reasoning", at: "", text, isSummary, ...(value.length === 0 ? {} : { opaques: value.map((one) => ({ kind, origin, value: one } as const)) }),
  }));

const inputs = fc.oneof(fc.constantFrom("", "{}", '{"id":9007199254740993}', '{"half":"'), fc.dictionary(fc.constantFrom("city", "a b", "deep"), fc.oneof(fc.constantFrom("Rom", "é😀", '"'), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 2 })), { maxKeys: 3 }).map((value) => JSON.stringify(value)));
const callOf = inputs.map((input): Block => ({ kind: "tool-call", at: "", id: "", name: "weather", arguments: input }));

const wholeOf = (own: ProtocolName): fc.Arbitrary<Block> =>
  fc.constantFrom<Block>(
    { kind: "image", at: "", source: { kind: "bytes", data: "iVBORw0KGgo=", mediaType: "image/png" } },
    { kind: "image", at: "", source: { kind: "url", url: "https://images.example.com/a.png" } },
    { kind: "audio", at: "", format: "wav", source: { kind: "bytes", data: "UklGRgAAAABXQVZF", mediaType: "audio/wav" } },
    { kind: "foreign", at: "", protocol: own === "gemini" ? "anthropic-messages" : "gemini", type: "executableCode", value: { executableCode: { code: "1" } }, text: "" },
  );

/** Who refuses says nothing else. */
const refused = (blocks: readonly Block[]): readonly Block[] => [...blocks.filter(({ kind }) => kind === "reasoning"), { kind: "refusal", at: "", text: "I cannot." }];

/** One text with one citation, where there is one: its place can be compared. */
const alone = (blocks: readonly Block[]): readonly Block[] => {
  const found = blocks.flatMap((block) => (block.kind === "text" && block.citations !== undefined ? [{ ...block, citations: block.citations.slice(0, 1) }] : []));
  return found.length === 0 ? blocks : found.slice(0, 1);
};

const blocksOf = (own: ProtocolName): fc.Arbitrary<readonly Block[]> =>
  fc.boolean().chain((isPlaced) => fc.array(fc.oneof({ weight: 4, arbitrary: textOf(isPlaced) }, { weight: 2, arbitrary: thoughtOf(own) }, { weight: 2, arbitrary: callOf }, { weight: 1, arbitrary: wholeOf(own) }), { maxLength: 5 }))
    .chain((blocks) => fc.constantFrom(blocks, blocks, refused(blocks), alone(blocks)))
    // Ids are the provider's, each another, and what is said aloud is one sound.
    .map((blocks) => blocks.filter(({ kind }, index) => kind !== "audio" || blocks.findIndex((block) => block.kind === "audio") === index))
    .map((blocks) => blocks.map((block, index) => (block.kind === "tool-call" ? { ...block, id: `call_${index}` } : block)));

const ends = fc.constantFrom<Finish>({ reason: "stop", raw: "" }, { reason: "stop-sequence", raw: "", stopSequence: "END" }, { reason: "length", raw: "" }, { reason: "context-full", raw: "" }, { reason: "filter", raw: "" }, { reason: "refusal", raw: "" });
const callEnds = fc.constantFrom<Finish>({ reason: "tool-calls", raw: "" }, { reason: "length", raw: "" }, { reason: "filter", raw: "" });

/** Thinking that nothing follows was cut off: a filter leaves nothing of it. */
const isWordless = (blocks: readonly Block[]): boolean => blocks.length > 0 && blocks.every((block) => block.kind === "reasoning" || (block.kind === "text" && block.text === ""));

const count = fc.oneof(fc.constant(-1), fc.nat(500));
const usage = fc.record({ fresh: fc.nat(1000), cached: count, written: count, output: fc.nat(1000), thought: count }).map(({ fresh, cached, written, output, thought }): Usage => ({
  ...noUsage(),
  inputTokens: fresh + Math.max(0, cached) + Math.max(0, written),
  outputTokens: output + Math.max(0, thought),
  cachedInputTokens: cached,
  cacheWriteTokens: written,
  reasoningTokens: thought,
}));

const replyOf = (own: ProtocolName): fc.Arbitrary<Reply> =>
  fc.record({ blocks: blocksOf(own), end: ends, callEnd: callEnds, used: usage }).map(({ blocks, end, callEnd, used }) => ({
    id: "answer-1", model: MODEL, createdAt: 1_780_000_000, serviceTier: "", usage: used,
    choices: [{ index: 0, blocks, finish: blocks.some(({ kind }) => kind === "tool-call") ? callEnd : isWordless(blocks) ? { reason: "length", raw: "" } : end }],
  }));

/** Texts in two pieces of whole characters. */
const inPieces = (events: readonly Event[], place: number): Event[] =>
  events.flatMap((event) => {
    if (event.kind !== "text" || event.logprobs !== undefined) return [event];
    const characters = [...event.text];
    const [head, tail] = [characters.slice(0, place).join(""), characters.slice(place).join("")];
    return [head, tail].filter((text) => text !== "").map((text) => ({ ...event, text }));
  });

/** Which aspects a loss may have changed, by the last word of its path. */
const spoiled: readonly (readonly [path: RegExp, aspects: readonly string[]])[] = [
  [/annotations|citations/, ["citations"]],
  [/image|audio|output|content\.parts/, ["media", "transcripts"]],
  [/foreign|executableCode|output/, ["foreign"]],
];

const citationsIn = ({ choices }: Reply) => choices.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "text" ? (block.citations ?? []) : [])));
const sourcesOf = (reply: Reply): string => [...new Set(citationsIn(reply).map(({ url, title }) => `${url} ${title}`))].toSorted().join();

/** How texts are cut means nothing, and what has ended is cited without a place: only the sources of such can be compared. */
const comparable = (reply: Reply, isPlain: boolean): Meaning => (isPlain ? replyMeaning(reply) : { ...replyMeaning(reply), citations: sourcesOf(reply) });

/** One text with one citation: its place must stay. */
const isPlainlyCited = (reply: Reply): boolean => citationsIn(reply).length === 1 && reply.choices.every(({ blocks }) => blocks.length === 1);

const faultsIn = (reply: Reply, told: Told | string): string[] => {
  if (typeof told === "string") return [told];
  const isPlain = isPlainlyCited(reply);
  const [before, after] = [comparable(reply, isPlain), comparable(told.reply, isPlain)];
  const excused = new Set(told.losses.flatMap((loss) => spoiled.flatMap(([path, aspects]) => (path.test(loss) ? aspects : []))));
  const open = unexplained(before, after, []).filter((aspect) => !excused.has(aspect));
  return open.length === 0 ? [] : [`${described(open, before, after)}; told are ${told.losses.join()}`];
};

const whole = (codec: Codec) =>
  fc.property(replyOf(codec.name), (reply) => {
    expect(faultsIn(reply, throughWhole(reply, codec, codec, questionOf(codec, false)))).toEqual([]);
  });

const streamed = (codec: Codec) =>
  fc.property(replyOf(codec.name), fc.nat(6), (reply, place) => {
    expect(faultsIn(reply, throughStream(inPieces(eventsOf(reply), place), codec, codec, questionOf(codec, true)))).toEqual([]);
  });

type Change = (reply: Reply) => Reply;

const inChoices = (change: (blocks: readonly Block[]) => readonly Block[]): Change => (reply) => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, blocks: change(choice.blocks) })) });

/** Ways to lose something and say nothing, each of which must be found. */
const careless: readonly (readonly [string, Change])[] = [
  ["a block", inChoices((blocks) => blocks.slice(1))],
  ["a citation", inChoices((blocks) => blocks.map((block) => (block.kind === "text" ? { kind: "text", at: "", text: block.text } : block)))],
  ["where a citation stands", inChoices((blocks) => blocks.map((block) => (block.kind === "text" && block.citations !== undefined ? { ...block, citations: block.citations.map((one) => ({ ...one, start: -1, end: -1 })) } : block)))],
  ["what only its maker reads", inChoices((blocks) => blocks.map(({ opaques: _, ...block }) => block))],
  ["the reason of the end", (reply) => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, finish: { reason: "stop", raw: "" } })) })],
  ["a count", (reply) => ({ ...reply, usage: { ...reply.usage, outputTokens: reply.usage.outputTokens + 1 } })],
];

describe("any answer", () => {
  test.each(codecs)("of $name means the same when it is read, but for what is told", (codec) => {
    fc.assert(whole(codec), { numRuns: RUNS, seed });
  });

  test.each(codecs)("of $name means the same when its stream is read, but for what is told", (codec) => {
    fc.assert(streamed(codec), { numRuns: RUNS, seed });
  });

  test.each(careless)("is seen to have lost %s", (_, change) => {
    const codec = codecs.find(({ name }) => name === "openai-chat")!;
    const broken: Codec = { ...codec, encodeReply: (reply, asked) => codec.encodeReply(change(reply), asked) };
    expect(fc.check(whole(broken), { numRuns: RUNS, seed }).failed).toBe(true);
  });
});
