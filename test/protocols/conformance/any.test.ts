// Any conversation, by any client, to any provider: nothing is thrown on the way, what a provider reads in its own way it can
// read, and each thing that stands in the client's bytes and not in the provider's is told as lost, by its place.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { isInvalid, type ClientCodec, type Codec, type ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { fit } from "../../../dataplane/protocols/fit/index.ts";
import type { Block, Conversation, Tool, Turn } from "../../../dataplane/protocols/ir.ts";
import { bothHalves, clients, MODEL, modelOf, providers, speakingTo, targetOf } from "./protocols.ts";
import { readBy } from "./requests.ts";
import { seedOf } from "../seed.ts";

vi.setConfig({ testTimeout: 60_000 });

const RUNS = 60;
const seed = seedOf();

/** Each becomes a word of its own, which is looked for on the other side. */
const MARK = "%mark%";
const UNKNOWN = "xUnknown";
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<readonly Value[]> => fc.array(value, { maxLength: 1 });

const cached = fc.constantFrom({}, {}, { cache: { ttlSeconds: 300 } });
const text = cached.map((more): Block => ({ kind: "text", at: "", text: MARK, ...more }));
const words = Buffer.from("a file").toString("base64");
const image = fc.constantFrom<Block>(
  { kind: "image", at: "", source: { kind: "bytes", data: "iVBORw0KGgo=", mediaType: "image/png" } },
  { kind: "image", at: "", source: { kind: "url", url: `https://images.example.com/${MARK}.png` } },
);
const media = fc.oneof(
  image,
  fc.constantFrom<Block>(
    { kind: "file", at: "", name: "a.pdf", source: { kind: "bytes", data: words, mediaType: "application/pdf" } },
    { kind: "file", at: "", name: "a.txt", source: { kind: "text", text: MARK, mediaType: "text/plain" } },
    { kind: "audio", at: "", format: "wav", source: { kind: "bytes", data: "UklGRg==", mediaType: "audio/wav" } },
  ),
);
const thought = fc.constantFrom(true, false).map((isSummary): Block => ({ kind: "reasoning", at: "", text: MARK, isSummary, opaques: [{ kind: "signature", origin: "own", value: "c2ln" }] }));
const inputs = fc.constantFrom(`{"city":"${MARK}"}`, `{"deep":{"list":["${MARK}",{"n":9007199254740993}]}}`, "");
const contents = fc.array(fc.oneof(text, image), { maxLength: 2 });

/** What a model says and calls, and what is answered; calls by ids that are not the same in two steps. */
const step = fc
  .record({ thoughts: maybe(thought), said: maybe(text), calls: fc.array(inputs, { maxLength: 3 }), results: fc.array(contents, { minLength: 3, maxLength: 3 }), failed: fc.nat(3), more: fc.array(fc.oneof(text, media), { minLength: 1, maxLength: 2 }) })
  .map(({ thoughts, said, calls, results, failed, more }) => (at: number): Turn[] => {
    const called = calls.map((input, index): Block => ({ kind: "tool-call", at: "", id: `call_${at}${index}`, name: index === 1 ? "time" : "weather", arguments: input }));
    const answered = calls.map((_, index): Block => ({ kind: "tool-result", at: "", id: `call_${at}${index}`, name: index === 1 ? "time" : "weather", content: results[index] ?? [], isError: index === failed }));
    const blocks = [...thoughts, ...(called.length === 0 && said.length === 0 ? [{ kind: "text", at: "", text: MARK } as const] : said), ...called];
    return [{ role: "assistant", at: "", blocks }, { role: "user", at: "", blocks: called.length === 0 ? more : [...answered, ...more.slice(1)] }];
  });

const tool = (name: string) => cached.map((more): Tool => ({ kind: "function", at: "", name, description: MARK, schema: { type: "object", properties: { city: { type: "string", description: MARK, enum: [MARK, "other"] }, deep: { type: "object", properties: { list: { type: "array", items: { type: "string" } } } } } }, isStrict: null, ...more }));

const schema = { type: "object", properties: { answer: { type: "string", description: MARK } }, required: ["answer"], additionalProperties: false };

const conversation = fc
  .record({
    system: fc.array(text, { maxLength: 2 }),
    question: fc.array(fc.oneof(text, media), { minLength: 1, maxLength: 3 }),
    steps: fc.array(step, { maxLength: 3 }),
    tools: fc.oneof(fc.tuple(tool("weather"), tool("time")), fc.constant<Tool[]>([])),
    choice: fc.constantFrom(null, { mode: "auto" } as const, { mode: "required" } as const, { mode: "tool", name: "time" } as const),
    stop: fc.constantFrom([], [MARK], [MARK, MARK, MARK, MARK, MARK, MARK]),
    format: fc.constantFrom(null, null, { kind: "schema", name: "place", description: MARK, schema, isStrict: true } as const),
    userId: fc.constantFrom(null, MARK),
    metadata: fc.constantFrom(null, { purpose: MARK }),
    cacheKey: fc.constantFrom(null, MARK),
    isStreaming: fc.boolean(),
  })
  .map(({ system, question, steps, stop, choice, ...more }): Partial<Conversation> => ({
    ...more,
    toolChoice: more.tools.length === 0 ? null : choice,
    turns: [...(system.length === 0 ? [] : [{ role: "system", at: "", blocks: system } as const]), { role: "user", at: "", blocks: question }, ...steps.flatMap((one, at) => one(at))],
    sampling: { maxOutputTokens: 20_011, temperature: null, topP: null, topK: null, seed: null, presencePenalty: null, frequencyPenalty: null, stop, choices: null, logprobs: null },
  }));

const base = { model: MODEL, isUsageWanted: false, isParallel: null, reasoning: null, verbosity: null, audio: null, serviceTier: null, extras: {} };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What is in these means what it says: a member more is another schema, other arguments, another label. */
const means = new Set(["parameters", "input_schema", "inputSchema", "parametersJsonSchema", "responseJsonSchema", "args", "response", "schema", "metadata", "requestMetadata", "labels"]);

/** What a model said is given back as it came: what nobody knows of that is the provider's own. */
const isSaid = (thing: { readonly [key: string]: Json }): boolean => thing["role"] === "assistant" || thing["role"] === "model" || thing["type"] === "reasoning";

/** A member that nobody knows, in the body or in one of the things in its lists; where one member says what a thing is there is none beside it. */
const withUnknown = (value: Json, place: number): Json => {
  let count = 0;
  const walk = (inner: Json, isThing: boolean): Json => {
    if (Array.isArray(inner)) return inner.map((one: Json) => walk(one, true));
    if (typeof inner !== "object" || inner === null || isSaid(inner as { [key: string]: Json })) return inner;
    const isHere = isThing && Object.keys(inner).length > 1 && count++ === place;
    const members = Object.entries(inner).map(([key, one]) => [key, means.has(key) || (key === "input" && !Array.isArray(one)) ? one : walk(one, false)] as const);
    return Object.fromEntries(isHere ? [...members, [UNKNOWN, MARK]] : members);
  };
  return walk(value, true);
};

/** In the client's own bytes, with each mark a word of its own. */
const bytesOf = (speaker: Codec, asked: Conversation, place: number): Buffer => {
  const target = speakingTo(speaker, asked.isStreaming);
  const { conversation: said } = fit(asked, target, speaker.abilities(target.dialect, MODEL), speaker);
  const body = JSON.parse(speaker.encodeRequest(said, target).body.toString("utf8")) as Json;
  let count = 0;
  return Buffer.from(JSON.stringify(withUnknown(body, place)).replaceAll(MARK, () => `mark-${count++}.`));
};

interface Marked {
  readonly path: string;
  readonly mark: string;
}

const marksIn = (value: Json, path: string): Marked[] => {
  if (typeof value === "string") return [...value.matchAll(/mark-\d+\./g)].map(([mark]) => ({ path, mark }));
  if (Array.isArray(value)) return value.flatMap((inner: Json, index) => marksIn(inner, `${path}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => marksIn(inner, path === "" ? key : `${path}.${key}`));
};

const isInBase64 = (sent: string, mark: string): boolean => (sent.match(/[A-Za-z0-9+/]{8,}={0,2}/g) ?? []).some((word) => Buffer.from(word, "base64").toString("latin1").includes(mark));

/** "messages[1].content[0]" is about all that is in it, and what is told of a part of a thing is told of the thing. */
const isTold = (path: string, told: readonly string[]): boolean => {
  const place = path.endsWith(`.${UNKNOWN}`) ? path.slice(0, -UNKNOWN.length - 1) : path;
  return told.some((loss) => path.startsWith(loss) || loss.startsWith(place));
};

/** What is done otherwise: the gateway stops at strings, who is to call one tool may be shown no other, and a call has no form of an answer. */
const isDone = (path: string, { fieldNames }: ClientCodec, { toolChoice }: Conversation): boolean => {
  if (path.startsWith(fieldNames.stop)) return true;
  if (toolChoice?.mode !== "tool" && toolChoice?.mode !== "required") return false;
  return /^tool(?:s|Config\.tools)\[/.test(path) || path.startsWith(fieldNames.format) || path.startsWith("generationConfig.response");
};

const cachePlaces = ({ tools, turns }: Conversation): string[] => [
  ...tools.flatMap((one) => (one.kind === "function" && one.cache !== undefined ? [one.at] : [])),
  // A result that is marked in several places may be marked at its end.
  ...turns.flatMap(({ blocks }) => blocks).filter((block) => block.cache !== undefined || (block.kind === "tool-result" && block.content.some(({ cache }) => cache !== undefined))).map(({ at }) => at),
];

/** Each mark of the cache is sent or told as lost; with one tool forced there may be no other. */
const unmarked = (asked: Conversation, sent: string, told: readonly string[]): string[] => {
  const count = sent.match(/"(?:cache_control|cachePoint|prompt_cache_breakpoint)":/g)?.length ?? 0;
  const places = cachePlaces(asked).filter((at) => !isTold(at, told));
  return count >= places.length || asked.toolChoice?.mode === "tool" ? [] : [`marks of the cache lost without a word: ${count} are sent of ${places.join()}; told are ${told.join()}`];
};

/** Sentences about what must not be. */
const faultsOf = (client: ClientCodec, provider: ProviderCodec, body: Buffer, isStreaming: boolean): string[] => {
  const asked = client.decodeRequest(body, { model: MODEL, isStreaming, query: "", headers: {} });
  if (isInvalid(asked)) return [`${client.name} refuses what its clients may send: ${asked.parameter} ${asked.problem}`];
  const target = targetOf(provider, isStreaming, modelOf(provider));
  const first = fit(asked, target, provider.abilities(noDialect, target.model), client);
  const fitted = first.withFetched(new Map(first.fetches.map(({ url }) => [url, { data: "iVBORw0KGgo=", mediaType: "image/png" }])));
  const encoded = provider.encodeRequest(fitted.conversation, target);
  const sent = encoded.body.toString("utf8");
  const fetched = JSON.stringify(first.fetches.map(({ url }) => url));
  const told = [...fitted.losses, ...encoded.losses].map(({ path }) => path);
  const reader = bothHalves(provider);
  const read = reader === null || encoded.losses.length > 0 ? "" : readBy(reader, encoded, isStreaming);
  const missing = marksIn(JSON.parse(body.toString("utf8")) as Json, "").filter(({ path, mark }) => !sent.includes(mark) && !fetched.includes(mark) && !isInBase64(sent, mark) && !isTold(path, told) && !isDone(path, client, asked));
  return [...(typeof read === "string" && read !== "" ? [read] : []), ...unmarked(asked, sent, told), ...missing.map(({ path, mark }) => `lost without a word: ${path} (${mark}); told are ${told.join()}`)];
};

const pairs = clients.flatMap((client) => {
  const speaker = bothHalves(client);
  return speaker === null ? [] : providers.filter(({ name }) => name !== client.name).map((provider) => ({ from: client.name, to: provider.name, client, speaker, provider }));
});

type Change = (conversation: Conversation) => Conversation;

/** Ways to lose something and say nothing, each of which must be found. */
const careless: readonly [string, Change][] = [
  ["a turn", (asked) => ({ ...asked, turns: asked.turns.slice(0, -1) })],
  ["the tools", (asked) => ({ ...asked, tools: [] })],
  ["a user's id", (asked) => ({ ...asked, userId: null })],
  ["marks of the cache", (asked) => ({ ...asked, turns: asked.turns.map((turn) => ({ ...turn, blocks: turn.blocks.map(({ cache: _, ...block }) => block as Block) })) })],
];

const property = ({ client, speaker, provider }: Pick<(typeof pairs)[number], "client" | "speaker" | "provider">) =>
  fc.property(conversation, fc.nat(30), (some, place) => {
    const asked: Conversation = { ...base, protocol: client.name, ...some } as Conversation;
    expect(faultsOf(client, provider, bytesOf(speaker, asked, place), asked.isStreaming)).toEqual([]);
  });

describe("any conversation", () => {
  test.each(pairs)("from $from reaches $to, but for what is told by its place", (pair) => {
    fc.assert(property(pair), { numRuns: RUNS, seed });
  });

  test.each(careless)("is seen to have lost %s", (_, change) => {
    const { client, speaker, provider } = pairs.find(({ from, to }) => from === "openai-chat" && to === "anthropic-messages")!;
    const broken: ProviderCodec = { ...provider, encodeRequest: (asked, target) => provider.encodeRequest(change(asked), target) };
    expect(fc.check(property({ client, speaker, provider: broken }), { numRuns: RUNS, seed }).failed).toBe(true);
  });
});
