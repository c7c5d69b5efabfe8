// What happens when a provider refuses the gateway's own key: the caller is not blamed, the key is spared for a while.
import { describe, expect, it } from "vitest";
import type { Parts } from "../doubles/gateway.ts";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { echoedKey, json } from "../doubles/provider-replies.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { CHAT, STREAMED } from "./clients-bare.ts";
import { openScene, openTimedScene } from "./streams-scene.ts";

const rescued = json(chatCompletion({ text: "rescued" }));
const KEYS = { "test/first": "sk-first-key-of-the-pool-1111", "test/second": "sk-second-key-of-the-pool-2222" };

const pool: Pick<Parts, "credentials" | "provider"> = {
  credentials: KEYS,
  provider: { auth: { scheme: "api-key", keys: [{ name: "first", credential: "test/first", weight: 1 }, { name: "second", credential: "test/second", weight: 1 }] } },
};

/** Good with every key but these. */
const refusing = (...keys: readonly string[]): Behaviour => (exchange) =>
  keys.some((key) => exchange.request.header("authorization") === `Bearer ${key}`) ? echoedKey(401)(exchange) : rescued(exchange);

const keysSeen = (requests: readonly { header(name: string): string | undefined }[]): string[] => requests.map((request) => request.header("authorization")?.slice("Bearer ".length) ?? "");

describe("a key of ours that the provider refuses", () => {
  it.each([401, 403] as const)("(%i) is a 502 in our own words and the provider's, without a fragment of the key", async (status) => {
    const key = "sk-9f8e7d6c5b4a39281706";
    const scene = await openScene(echoedKey(status), { credentials: { "test/key": key } });
    for (const body of [CHAT, STREAMED]) {
      const answer = await scene.ask(body);
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.text)).toMatchObject({ error: { type: "server_error", code: "UPSTREAM_CREDENTIAL" } });
      expect(answer.headers["www-authenticate"]).toBeUndefined();
      const told = JSON.stringify([answer.headers, answer.text]);
      expect(told).toContain("It said: Incorrect API key provided: [redacted]");
      for (let at = 0; at + 4 <= key.length; at++) expect(told).not.toContain(key.slice(at, at + 4));
    }
    const lines = await scene.over(2);
    expect(keysSeen(scene.provider.requests)).toEqual([key, key]);
    expect(await scene.gateway.logged()).not.toContain(key);
    for (const line of lines) expect(line).toMatchObject({ status: 502, upstream_status: status, error: "UPSTREAM_CREDENTIAL" });
  });

  it("sends the request to another target where there is one", async () => {
    const scene = await openScene({ one: echoedKey(401), two: rescued });
    expect(await scene.ask(CHAT)).toMatchObject({ status: 200 });
    await scene.over(1);
  });

  it("is benched: of a pool of two the other one is used from then on, for a minute", async () => {
    const scene = await openTimedScene(refusing(KEYS["test/first"]), { ...pool, random: () => 0 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await scene.ask(CHAT)).status);
    expect(statuses).toEqual([502, 200, 200, 200]);
    scene.clock.advance(59_000);
    expect((await scene.ask(CHAT)).status).toBe(200);
    scene.clock.advance(2000);
    expect((await scene.ask(CHAT)).status).toBe(502);
    const [first, second] = [KEYS["test/first"], KEYS["test/second"]];
    expect(keysSeen(scene.provider.requests)).toEqual([first, second, second, second, second, first]);
    await scene.over(6);
  });

  it("is used all the same when every key of the pool is benched: the provider may have changed its mind", async () => {
    const scene = await openTimedScene(refusing(KEYS["test/first"], KEYS["test/second"]), { ...pool, random: () => 0 });
    for (let count = 0; count < 2; count++) expect((await scene.ask(CHAT)).status).toBe(502);
    scene.provider.use(rescued);
    expect((await scene.ask(CHAT)).status).toBe(200);
    expect(new Set(keysSeen(scene.provider.requests).slice(0, 2)).size).toBe(2);
    await scene.over(3);
  });

  it("is benched on no other account: a rate limit or a failure leaves it in use", async () => {
    const scene = await openTimedScene([json({ error: { message: "slow down" } }, { status: 429 }), json({ error: { message: "no" } }, { status: 500 }), rescued], { ...pool, random: () => 0 });
    for (let count = 0; count < 3; count++) await scene.ask(CHAT);
    expect(new Set(keysSeen(scene.provider.requests))).toEqual(new Set([KEYS["test/first"]]));
    await scene.over(3);
  });
});
