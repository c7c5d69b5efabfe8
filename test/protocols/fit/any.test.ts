// Laws of fitting, for any conversation and any target: what comes out can be said there, it fits for good, the same goes
// in and out every time, and what went in is not touched.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import type { Block, Conversation, Tool, ToolChoice, Turn } from "../../../dataplane/protocols/ir.ts";
import { asking, capable, fitTo, plainSampling } from "./asking.ts";

const name = fc.constantFrom("f", "g", "a.b", "a_b", "名", "x".repeat(70));
const id = fc.constantFrom("", "1", "2", "call_1", "a/b", "y".repeat(70));
const words = fc.constantFrom("", "hello", " ", "a\nb");
const at = fc.constant("here");
const source = fc.constantFrom({ kind: "url", url: "https://x.test/a" } as const, { kind: "bytes", data: "aGk=", mediaType: "text/plain" } as const, { kind: "text", text: "hi", mediaType: "text/plain" } as const, { kind: "stored", protocol: "gemini", id: "f1", mediaType: "" } as const);
const opaque = fc.record({ kind: fc.constantFrom("signature", "id"), origin: fc.constantFrom("gemini", "anthropic-messages"), value: fc.constant("v") });
const cache = fc.constantFrom({ ttlSeconds: 0 }, { ttlSeconds: 3600 });

const media = fc.oneof(
  fc.record({ kind: fc.constant("image"), at, source }),
  fc.record({ kind: fc.constant("file"), at, source, name: fc.constantFrom("", "a.pdf", "a.txt") }),
  fc.record({ kind: fc.constant("audio"), at, source, format: fc.constantFrom("", "wav", "flac"), transcript: fc.constant("said") }),
  fc.record({ kind: fc.constant("video"), at, source }),
);
const text = fc.oneof(fc.record({ kind: fc.constant("text"), at, text: words }), fc.record({ kind: fc.constant("text"), at, text: words, cache }), fc.record({ kind: fc.constant("text"), at, text: words, opaques: fc.array(opaque, { minLength: 1, maxLength: 2 }) }), fc.record({ kind: fc.constant("text"), at, text: words, extras: fc.constant({ gemini: { thing: 1 } }) }));
const foreign = fc.record({ kind: fc.constant("foreign"), at, protocol: fc.constantFrom("gemini", "anthropic-messages"), type: fc.constant("x"), value: fc.constant({}), text: words });
const call = fc.oneof(fc.record({ kind: fc.constant("tool-call"), at, id, name, arguments: words }), fc.record({ kind: fc.constant("tool-call"), at, id, name, arguments: words, isCustom: fc.constant(true) }));
const result = fc.record({ kind: fc.constant("tool-result"), at, id, name: fc.constantFrom("", "f"), content: fc.array(fc.oneof(text, media), { maxLength: 2 }), isError: fc.boolean() });
const thought = fc.record({ kind: fc.constant("reasoning"), at, text: words, isSummary: fc.boolean(), opaques: fc.array(opaque, { maxLength: 2 }) });

const turn = fc.oneof(
  fc.record({ role: fc.constant("user"), at, blocks: fc.array(fc.oneof(text, media, result, foreign), { maxLength: 3 }) }),
  fc.record({ role: fc.constant("assistant"), at, blocks: fc.array(fc.oneof(text, call, thought, foreign), { maxLength: 3 }) }),
  fc.record({ role: fc.constantFrom("system", "developer"), at, blocks: fc.array(text, { maxLength: 2 }) }),
) as fc.Arbitrary<Turn>;

const tool = fc.oneof(
  fc.record({ kind: fc.constant("function"), at, name, description: words, schema: fc.constantFrom(null, { type: "object" }), isStrict: fc.constant(null) }),
  fc.record({ kind: fc.constant("custom"), at, name, description: words, format: fc.constant(null) }),
  fc.record({ kind: fc.constant("hosted"), at, protocol: fc.constantFrom("gemini", "anthropic-messages"), name: fc.constant("search"), purpose: fc.constantFrom("web-search", "other"), value: fc.constant({}) }),
) as fc.Arbitrary<Tool>;

const choice = fc.oneof(
  fc.record({ mode: fc.constantFrom("auto", "none", "required") }),
  fc.record({ mode: fc.constant("tool"), name }),
  fc.record({ mode: fc.constant("allowed"), names: fc.array(name, { minLength: 1, maxLength: 2 }), isRequired: fc.boolean() }),
) as fc.Arbitrary<ToolChoice>;

const format = fc.constantFrom(null, { kind: "json" } as const, { kind: "schema", name: "f", description: "", schema: { type: "array" }, isStrict: null } as const);

const conversation: fc.Arbitrary<Conversation> = fc
  .record({
    protocol: fc.constantFrom("openai-chat", "gemini"), turns: fc.array(turn, { maxLength: 7 }), tools: fc.uniqueArray(tool, { maxLength: 4, selector: (one) => one.name }), toolChoice: fc.option(choice), isParallel: fc.option(fc.boolean()), format,
    sampling: fc.record({ temperature: fc.constantFrom(null, 0.5, 1.9), seed: fc.constantFrom(null, 1), stop: fc.subarray(["a", " ", "", "b"]), choices: fc.constantFrom(null, 1, 5), logprobs: fc.constantFrom(null, 0, 9) }).map((some) => ({ ...plainSampling, ...some })),
    reasoning: fc.constantFrom(null, { effort: "high", budgetTokens: null, isAdaptive: false, isShown: null } as const, { effort: null, budgetTokens: 5000, isAdaptive: false, isShown: null } as const),
    userId: fc.constantFrom(null, "u", "U v"), metadata: fc.constantFrom(null, {}, { a: "b" }, { "A.b": "C", a_b: "" }),
  })
  .map((some) => asking(some as Partial<Conversation>));

const flag = fc.boolean();
const support = fc.constantFrom("native", "emulated", "none");
const abilities = fc.record({
  imageSources: fc.subarray(["url", "bytes"]), fileSources: fc.subarray(["url", "bytes", "text"]), fileTypes: fc.constantFrom(["*"], ["application/pdf"]), audioFormats: fc.constantFrom([], ["wav"]), hasVideo: flag,
  system: fc.constantFrom("anywhere", "leading"), hasTools: flag, toolName: fc.constantFrom(capable.toolName, { pattern: /^[a-z][a-z0-9_]*$/, lengthMax: 20 }), callId: fc.constantFrom(null, capable.callId, { pattern: /^[a-zA-Z0-9]{9}$/, lengthMax: 9 }),
  toolChoices: fc.subarray(["auto", "none", "required", "tool", "allowed"]).map((all) => new Set(all)), hasParallelSwitch: flag, customTools: support, resultMedia: fc.subarray(["image", "file"]).map((all) => new Set(all)),
  hasResultErrors: flag, needsEveryResult: flag, schema: support, json: support, stopMax: fc.constantFrom(0, 1, 4), refusesBlankStops: flag, choicesMax: fc.constantFrom(1, 4), logprobsMax: fc.constantFrom(-1, 5), temperatureMax: fc.constantFrom(1, 2),
  sampling: fc.subarray(["temperature", "seed"]).map((all) => new Set(all)), reasoning: fc.constantFrom("effort", "budget", "switch", "none"), hasPrefill: flag, mayBeginWithAssistant: flag, hasUserId: flag, label: fc.constantFrom(undefined, { refused: /[^a-z_]/gu, lengthMax: 4, ofUser: "user" }), cacheMarksMax: fc.constantFrom(0, 1, 4), hasHostedWebSearch: flag,
}) as fc.Arbitrary<Partial<Abilities>>;

/** All that a look can find. */
const EVERYTHING = -1;

const freeze = (value: unknown): void => {
  if (typeof value !== "object" || value === null || value instanceof Set || value instanceof RegExp || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
};

const allBlocks = ({ turns }: Conversation): Block[] => turns.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "tool-result" ? [block, ...block.content] : [block])));
const isWhole = (pattern: RegExp, value: string, lengthMax: number): boolean => value.length <= lengthMax && pattern.test(value);

/** Sentences about what the target would not understand. */
const unfit = (fitted: Conversation, able: Abilities, urls: ReadonlySet<string>): string[] => {
  const problems: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || problems.push(what));
  const blocks = allBlocks(fitted);
  for (const block of blocks) {
    if (block.kind === "tool-call" || block.kind === "tool-result") {
      must(able.hasTools, "history of tools");
      must(block.name === "" || isWhole(able.toolName.pattern, block.name, able.toolName.lengthMax), `name ${block.name}`);
      if (block.kind === "tool-call" && able.callId !== null) must(isWhole(able.callId.pattern, block.id, able.callId.lengthMax), `id ${block.id}`);
      must(able.customTools === "native" || block.isCustom !== true, "a call of free text");
      if (block.kind === "tool-result") must(able.hasResultErrors || !block.isError, "an error's flag");
    }
    if (block.kind === "image") must(block.source.kind !== "text" && block.source.kind !== "stored" && (able.imageSources.includes(block.source.kind) || (block.source.kind === "url" && urls.has(block.source.url))), "image");
    must(block.kind !== "video" || able.hasVideo, "video");
    must(block.kind !== "foreign" || block.protocol === "anthropic-messages", "a foreign block");
    must((block.opaques ?? []).every(({ origin }) => origin === "anthropic-messages"), "an opaque value");
  }
  must(blocks.filter((block) => block.cache !== undefined).length <= able.cacheMarksMax, "marks");
  const { sampling, toolChoice, tools } = fitted;
  must(sampling.stop.length <= able.stopMax && (sampling.choices ?? 1) <= able.choicesMax && (sampling.logprobs ?? -1) <= able.logprobsMax && (sampling.temperature ?? 0) <= able.temperatureMax, "sampling");
  must(toolChoice === null || able.toolChoices.has(toolChoice.mode), `choice ${toolChoice?.mode}`);
  must(tools.every((one) => one.kind !== "custom" || able.customTools === "native"), "a tool of free text");
  must(fitted.format === null || able[fitted.format.kind === "schema" ? "schema" : "json"] === "native", "format");
  must(able.label === undefined || [fitted.userId ?? "", ...Object.entries(fitted.metadata ?? {}).flat()].every((one) => /^[a-z_]{0,4}$/.test(one)), "a label");
  must(able.hasPrefill || fitted.turns.at(-1)?.role !== "assistant", "prefill");
  must(able.mayBeginWithAssistant || fitted.turns.find(({ role }) => role === "user" || role === "assistant")?.role !== "assistant", "beginning");
  return problems;
};

/** Each call's result, and none but those, stand at the beginning of the user's turn behind it. */
const unpaired = ({ turns }: Conversation): string[] =>
  turns.flatMap((one, index) => {
    const calls = one.role === "assistant" ? one.blocks.filter((block) => block.kind === "tool-call") : [];
    const next = turns[index + 1]?.blocks.slice(0, calls.length).map((block) => (block.kind === "tool-result" ? block.id : "none")) ?? [];
    return calls.every((block, place) => next[place] === block.id) ? [] : [`${calls.map((block) => block.id).join()} ≠ ${next.join()}`];
  });

describe("any conversation, for any target", () => {
  test("comes out such as the target can say", () => {
    fc.assert(
      fc.property(conversation, abilities, (asked, some) => {
        const fitted = fitTo(some, asked);
        expect(unfit(fitted.conversation, { ...capable, ...some }, new Set(fitted.fetches.map(({ url }) => url)))).toEqual([]);
      }),
      { numRuns: 600, seed: 20261121 },
    );
  });

  test("has each call's result behind it where the target wants it so", () => {
    fc.assert(
      fc.property(conversation, abilities, (asked, some) => {
        const able = { ...some, hasTools: true, needsEveryResult: true, callId: capable.callId };
        expect(unpaired(fitTo(able, asked).conversation)).toEqual([]);
      }),
      { numRuns: 300, seed: 20261121 },
    );
  });

  test("comes out the same when nobody looks first at what there is to be done", () => {
    fc.assert(
      fc.property(conversation, abilities, (asked, some) => {
        const [one, other] = [fitTo(some, asked), fitTo(some, asked, undefined, EVERYTHING)];
        expect([one.conversation, one.losses, one.fetches]).toEqual([other.conversation, other.losses, other.fetches]);
      }),
      { numRuns: 600, seed: 20261121 },
    );
  });

  test("fits for good, is fitted the same every time, and is not touched", () => {
    fc.assert(
      fc.property(conversation, abilities, (asked, some) => {
        freeze(asked);
        const fitted = fitTo(some, asked);
        expect(fitTo(some, asked)).toMatchObject({ conversation: fitted.conversation, losses: fitted.losses });
        const again = fitTo(some, fitted.conversation);
        expect(again.conversation).toEqual(fitted.conversation);
        expect(again.losses.filter(({ reason }) => reason !== "approximated")).toEqual([]);
      }),
      { numRuns: 300, seed: 20261121 },
    );
  });
});
