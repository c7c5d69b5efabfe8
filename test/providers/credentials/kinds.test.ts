// What holds for every kind of credential, each against a local double of its issuer: it works, it is renewed before its end,
// it has ended while the issuer is down, it is refused, and there is one question at a time.
import { describe, expect, it } from "vitest";
import type { Auth } from "../../../dataplane/snapshot/schema.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { hurry, movingTime, until, type Answer, type Asked } from "./issuer.ts";
import { kinds, LIFE_MS, type Kind } from "./kinds.ts";
import { open, wordsOf } from "./opened.ts";

/** When a renewal is due before the end, and from when on nothing is handed out any more. */
const AHEAD_MS = 300_000;
const MARGIN_MS = 5000;
/** Some libraries round to a whole second. */
const ROUND_MS = 1500;
/** Longer than the pauses after the first failures, and shorter than a question may take. */
const PAUSE_MS = 9000;

const stage = async (kind: Kind, isRefused = false) => {
  const time = movingTime();
  const { isAsked = () => true, around, gives, refuses, carries } = kind;
  let count = 0;
  const working: Answer = (asked) => (isAsked(asked) || around === undefined ? gives(++count, asked) : around(asked));
  const refusing: Answer = (asked) => (isAsked(asked) || around === undefined ? refuses : around(asked));
  const { issuer, auth } = await kind.start(isRefused ? refusing : working);
  const { headers, failures, entrance } = open(time.clock, auth, kind.secrets);
  return {
    ...time, issuer, failures, headers, entrance, working, refusing,
    asked: (): Asked[] => issuer.asked.filter(isAsked),
    isCarrying: async (number: number): Promise<boolean> => carries(await headers(), number),
    /** Which ones twenty requests at a time carry. */
    carried: async (): Promise<number[]> => {
      const all = await Promise.all(Array.from({ length: 20 }, () => headers()));
      return [...new Set(all.map((one) => Array.from({ length: count }, (_, at) => at + 1).find((number) => carries(one, number)) ?? 0))];
    },
  };
};

describe.each(kinds)("$name", (kind) => {
  it("works, and is asked for once by many requests at a time", async () => {
    const { carried, asked, failures } = await stage(kind);
    expect(await carried()).toEqual([1]);
    expect(asked().length).toBe(1);
    expect(failures).toEqual([]);
  });

  it("is renewed before its end, once, and nobody waits for it", async () => {
    const { advance, carried, asked, isCarrying, failures } = await stage(kind);
    expect(await isCarrying(1)).toBe(true);
    advance(LIFE_MS - AHEAD_MS - ROUND_MS);
    expect(await isCarrying(1)).toBe(true);
    expect(asked().length).toBe(1);
    advance(2 * ROUND_MS);
    expect(await carried()).toEqual([1]);
    await until(() => isCarrying(2), "the second one");
    expect(asked().length).toBe(2);
    expect(failures).toEqual([]);
  });

  it("serves on while its issuer is down, is handed out no more once it has ended, and comes back with the issuer", async () => {
    const { advance, carried, issuer, isCarrying, headers, failures, working } = await stage(kind);
    expect(await isCarrying(1)).toBe(true);
    issuer.answer = () => "hang up";
    const takeTime = hurry();
    advance(LIFE_MS - AHEAD_MS + ROUND_MS);
    await until(() => failures.length === 1, "the first failure");
    expect(await isCarrying(1)).toBe(true);
    advance(AHEAD_MS - MARGIN_MS);
    await until(() => failures.length === 2, "the second failure");
    await expect(headers()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE" });
    issuer.answer = working;
    takeTime();
    advance(PAUSE_MS);
    // Not always the second: a library that was given up goes on trying by itself.
    const [number, ...others] = await carried();
    expect(number).toBeGreaterThan(1);
    expect(others).toEqual([]);
    for (const secret of kind.hidden) expect(wordsOf(failures)).not.toContain(secret);
  });

  it("is told of in plain words when it is refused, without a secret, and comes when it no longer is", async () => {
    const { advance, asked, issuer, headers, failures, isCarrying, working } = await stage(kind, true);
    const takeTime = kind.isAskedAgain === true ? hurry() : () => undefined;
    await expect(headers()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE", reason: kind.reason });
    expect(failures.length).toBe(1);
    expect(asked().length).toBeGreaterThan(0);
    for (const secret of kind.hidden) expect(wordsOf(failures)).not.toContain(secret);
    issuer.answer = working;
    takeTime();
    advance(PAUSE_MS);
    await until(() => isCarrying(1), "a credential after all");
  });
});

const keys = { "a/keys/id": "AKIDMASTER", "a/keys/secret": "master-secret-key" };

describe.each<[string, Auth]>([
  ["a plain key", { scheme: "api-key", keys: [{ name: "one", credential: "a/keys/id", weight: 1 }] }],
  ["AWS: the keys of a Secret", { scheme: "aws", region: "eu-west-1", keyPair: { accessKeyId: "a/keys/id", secretAccessKey: "a/keys/secret" } }],
])("%s", (_, auth) => {
  it("works; it can neither end nor be refused nor be renewed by anybody, since it has no issuer: nothing waits for a time", async () => {
    const clock = fakeClock();
    const { headers, entrance, failures } = open(clock, auth, keys);
    const first = await headers();
    expect(first["authorization"]).toContain("AKIDMASTER");
    clock.advance(10 * LIFE_MS);
    entrance.authorization.live?.refused();
    expect((await headers())["authorization"]).toContain("AKIDMASTER");
    expect(clock.pending).toBe(0);
    expect(failures).toEqual([]);
  });
});
