// Members of a request that a target takes in part or not at all.
import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import { nothingToUndo } from "../../../dataplane/protocols/fit/index.ts";
import type { Conversation, Reasoning, Sampling } from "../../../dataplane/protocols/ir.ts";
import { asking, capable, fitTo, plainSampling, told, tool } from "./asking.ts";

const sampled = (more: Partial<Sampling>): Conversation => asking({ sampling: { ...plainSampling, ...more } });
const thinking = (more: Partial<Reasoning>): Conversation => asking({ reasoning: { effort: null, budgetTokens: null, isAdaptive: false, isShown: null, ...more } });

describe("a conversation that fits", () => {
  test("is given back as it is, with nothing lost and nothing to undo", () => {
    const conversation = asking({ userId: "u", metadata: { a: "b" }, verbosity: "low", serviceTier: "flex", cacheKey: "k", sampling: { ...plainSampling, stop: ["x"], seed: 1, temperature: 2 } });
    const fitted = fitTo({}, conversation);
    expect(fitted.conversation).toBe(conversation);
    expect(fitted.losses).toEqual([]);
    expect(fitted.undo).toBe(nothingToUndo);
  });
});

describe("how tokens are chosen", () => {
  const rows: readonly [string, Partial<Sampling>, Partial<Abilities>, Partial<Sampling>, string[]][] = [
    ["a temperature above the target's highest is brought down to it", { temperature: 1.7 }, { temperatureMax: 1 }, { temperature: 1 }, ["temperature limited minor"]],
    ["a temperature within stays", { temperature: 0.3 }, { temperatureMax: 1 }, { temperature: 0.3 }, []],
    ["what the target does not know goes", { seed: 7, topK: 3, presencePenalty: 1 }, { sampling: new Set(["temperature"]) }, { seed: null, topK: null, presencePenalty: null }, ["topK unsupported minor", "seed unsupported minor", "presencePenalty unsupported minor"]],
    ["several answers become one, which is another answer", { choices: 3 }, { choicesMax: 1 }, { choices: null }, ["choices limited major"]],
    ["more answers than the target gives become as many as it gives", { choices: 12 }, { choicesMax: 8 }, { choices: 8 }, ["choices limited major"]],
    ["one answer is what everybody gives", { choices: 1 }, { choicesMax: 1 }, { choices: null }, []],
    ["logprobs that are not to be had are missed", { logprobs: 5 }, { logprobsMax: -1 }, { logprobs: null }, ["logprobs unsupported major"]],
    ["fewer likeliest tokens are told", { logprobs: 20 }, { logprobsMax: 5 }, { logprobs: 5 }, ["logprobs limited minor"]],
  ];
  test.each(rows)("%s", (_, asked, abilities, expected, losses) => {
    const fitted = fitTo(abilities, sampled(asked));
    expect(fitted.conversation.sampling).toMatchObject(expected);
    expect(told(fitted)).toEqual(losses);
  });
});

describe("members as a whole", () => {
  const rows: readonly [string, Partial<Conversation>, Partial<Abilities>, string[]][] = [
    ["userId", { userId: "u" }, { hasUserId: false }, ["userId unsupported minor"]],
    ["metadata", { metadata: { a: "b" } }, { hasMetadata: false }, ["metadata unsupported minor"]],
    ["verbosity", { verbosity: "low" }, { hasVerbosity: false }, ["verbosity unsupported minor"]],
    ["serviceTier", { serviceTier: "flex" }, { hasServiceTier: false }, ["serviceTier unsupported minor"]],
    ["cacheKey", { cacheKey: "k" }, { hasCacheKey: false }, ["cacheKey unsupported minor"]],
    ["audio", { audio: { voice: "v", format: "wav" } }, { hasAudioOutput: false }, ["audio unsupported major"]],
  ];
  test.each(rows)("%s goes where the target has no such thing", (field, asked, abilities, losses) => {
    const fitted = fitTo(abilities, asking(asked));
    expect(fitted.conversation[field as keyof Conversation]).toBeNull();
    expect(told(fitted)).toEqual(losses);
  });
});

describe("ids", () => {
  const long = "user_0123456789_account__session_".repeat(5);
  const rows: readonly [string, Partial<Conversation>, Partial<Abilities>, Partial<Conversation>, string[]][] = [
    ["of users that are longer than the target takes are sent as their digest", { userId: "a".repeat(65) }, { userIdMax: 64 }, { userId: "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" }, ["userId limited minor"]],
    ["of users that are as long as it takes stay", { userId: "a".repeat(64) }, { userIdMax: 64 }, { userId: "a".repeat(64) }, []],
    ["of users are cut where even a digest is too long", { userId: "a".repeat(65) }, { userIdMax: 63 }, { userId: "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae" }, ["userId limited minor"]],
    ["of users of any length stay where nobody counts", { userId: long }, {}, { userId: long }, []],
    ["of users that are somebody's address are digests where such are refused", { userId: "joe@example.com" }, { refusesPersonalIds: true }, { userId: "2481f36dfc515ca76451aaadf1399026942a01ee50c6d0a61988b43cef039bc2" }, ["userId approximated minor"]],
    ["of users that are somebody's number too", { userId: "+49 (30) 123-4567" }, { refusesPersonalIds: true }, {}, ["userId approximated minor"]],
    ["of users that name nobody stay there", { userId: "team-7_A.b" }, { refusesPersonalIds: true }, { userId: "team-7_A.b" }, []],
    ["of users that are addresses stay where they are taken", { userId: "joe@example.com" }, {}, { userId: "joe@example.com" }, []],
    ["of the cache that are too long are digests too", { cacheKey: "a".repeat(65) }, { cacheKeyMax: 64 }, { cacheKey: "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" }, ["cacheKey limited minor"]],
    ["that are lost are not made shorter before", { userId: long, cacheKey: long }, { hasUserId: false, userIdMax: 64, hasCacheKey: false, cacheKeyMax: 64 }, { userId: null, cacheKey: null }, ["userId unsupported minor", "cacheKey unsupported minor"]],
  ];
  test.each(rows)("%s", (_, asked, abilities, expected, losses) => {
    const fitted = fitTo(abilities, asking(asked));
    expect(fitted.conversation).toMatchObject(expected);
    expect(told(fitted)).toEqual(losses);
  });

  test("that are equal stay equal, and others differ", () => {
    const sent = [`${long}1`, `${long}2`, `${long}1`].map((userId) => fitTo({ userIdMax: 64 }, asking({ userId })).conversation.userId);
    expect(new Set(sent).size).toBe(2);
    expect(sent[2]).toBe(sent[0]);
  });
});

describe("labels", () => {
  const label = { refused: /[^\p{Ll}\p{Lo}\d_-]/gu, lengthMax: 8, ofUser: "user" };
  const rows: readonly [string, Partial<Conversation>, Partial<Conversation>, string[]][] = [
    ["that are some already stay", { userId: "u-1", metadata: { team: "a_b", empty: "" } }, { userId: "u-1", metadata: { team: "a_b", empty: "" } }, []],
    ["are in small letters, keys and words alike, each told", { metadata: { Team: "a", team2: "A", team3: "a" } }, { metadata: { team: "a", team2: "a", team3: "a" } }, ["metadata.Team approximated minor", "metadata.team2 approximated minor"]],
    ["have no other signs", { metadata: { "a.b": "c d" } }, { metadata: { a_b: "c_d" } }, ["metadata.a.b approximated minor"]],
    ["are no longer than they may be", { metadata: { a: "123456789", b: "12345678" } }, { metadata: { a: "12345678", b: "12345678" } }, ["metadata.a approximated minor"]],
    ["have no half of a character at their end", { metadata: { a: "1234567\u{10330}", b: "123456\u{10330}" } }, { metadata: { a: "1234567_", b: "123456\u{10330}" } }, ["metadata.a approximated minor"]],
    ["of one name are the first of them: the other is told", { metadata: { "a.b": "1", a_b: "2" } }, { metadata: { a_b: "1" } }, ["metadata.a.b approximated minor", "metadata.a_b approximated minor"]],
    ["of users are changed like the others", { userId: "Joe Doe" }, { userId: "joe_doe" }, ["userId approximated minor"]],
    ["have one place for the user: a key of its name gives way, and not where there is no user", { userId: "u", metadata: { user: "x" } }, { userId: "u", metadata: {} }, ["metadata.user approximated minor"]],
    ["may have its name where there is no user", { metadata: { user: "x" } }, { metadata: { user: "x" } }, []],
  ];
  test.each(rows)("%s", (_, asked, expected, losses) => {
    const fitted = fitTo({ label }, asking(asked));
    const { userId, metadata } = fitted.conversation;
    expect({ userId, metadata }).toEqual({ userId: null, metadata: null, ...expected });
    expect(told(fitted)).toEqual(losses);
    const again = fitTo({ label }, fitted.conversation);
    expect(again.conversation).toBe(fitted.conversation);
    expect(told(again)).toEqual([]);
  });

  test("are no matter of targets that take any words", () => {
    const asked = asking({ userId: "Joe Doe", metadata: { "A.b": "C d" } });
    expect(fitTo({}, asked).conversation).toBe(asked);
  });
});

describe("an amount of thinking", () => {
  const rows: readonly [string, Partial<Reasoning>, Abilities["reasoning"], Partial<Reasoning> | null, string[]][] = [
    ["a word becomes tokens by the table", { effort: "medium" }, "budget", { effort: null, budgetTokens: 8192 }, []],
    ["tokens become the least word that holds them", { budgetTokens: 5000 }, "effort", { effort: "medium", budgetTokens: null }, ["reasoning approximated minor"]],
    ["a word stays where words are known", { effort: "high" }, "effort", { effort: "high" }, []],
    ["an amount is only on or off where there is a switch", { effort: "high" }, "switch", { effort: "high" }, ["reasoning approximated minor"]],
    ["no thinking is off", { effort: "none" }, "switch", { effort: "none" }, []],
    ["thinking is lost where nobody thinks", { effort: "low" }, "none", null, ["reasoning unsupported minor"]],
    ["no thinking is what they do there", { effort: "none" }, "none", null, []],
    ["what the model decides itself stays its own to decide", { isAdaptive: true }, "budget", { isAdaptive: true }, []],
  ];
  test.each(rows)("%s", (_, asked, measure, expected, losses) => {
    const fitted = fitTo({ reasoning: measure }, thinking(asked));
    if (expected === null) expect(fitted.conversation.reasoning).toBeNull();
    else expect(fitted.conversation.reasoning).toMatchObject(expected);
    expect(told(fitted)).toEqual(losses);
  });
});

describe("what came in another protocol's words", () => {
  test("is lost under its own name, and is missed where the answer would mean something else", () => {
    const fitted = fitTo({}, asking({ extras: { "openai-responses": { truncation: "auto", previous_response_id: "resp_1" } } }));
    expect(told(fitted)).toEqual(["truncation unsupported minor", "previous_response_id unsupported major"]);
    expect(fitted.conversation.extras).toEqual({});
  });

  test("says nothing when it is null, empty or of no use to anybody else, and is not missed when it is a switch that is off", () => {
    const fitted = fitTo({}, asking({ extras: { "openai-responses": { a: null, b: [], c: {}, status: "completed", background: false } } }));
    expect(told(fitted)).toEqual(["background unsupported minor"]);
  });

  test("is given back to the protocol in whose words it is", () => {
    const conversation = asking({ extras: { "anthropic-messages": { container: "c" } } });
    expect(fitTo({}, conversation).conversation).toBe(conversation);
  });

  test("is told once for all turns, blocks and tools, where it first stood", () => {
    const extras = { "openai-chat": { vendor: 1 } };
    const block = { kind: "text", at: "messages[0].content[0]", text: "a", extras } as const;
    const fitted = fitTo({}, asking({ turns: [{ role: "user", at: "messages[0]", blocks: [block, block] }], tools: [{ ...tool("f"), extras: { "openai-chat": { defer: true } } } as never] }));
    expect(told(fitted)).toEqual(["messages[0].content[0].vendor unsupported minor", "tool f.defer unsupported minor"]);
    expect(fitted.conversation.turns[0]?.blocks[0]?.extras).toEqual({});
  });
});

test("the target of these tests takes everything, so that a test takes away only what it means", () => {
  expect(Object.values(capable).every((ability) => ability !== false && ability !== 0 && ability !== "none")).toBe(true);
});
