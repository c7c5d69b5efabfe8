// Keys in every place where SDKs put one, judged with a fake clock.
import { hash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { openApiKeys } from "../../dataplane/identity/api-key.ts";
import { nobody, type Verdict } from "../../dataplane/identity/identity.ts";
import type { Caller } from "../../dataplane/snapshot/schema.ts";
import { fakeClock } from "../doubles/clock.ts";

const clock = fakeClock();
const alice: Caller = { name: "team-a/alice", namespace: "team-a" };
const bob: Caller = { name: "team-b/bob", namespace: "team-b" };
const carol: Caller = { name: "team-c/carol", namespace: "team-c", expiresAt: clock.now() + 60_000 };
const dave: Caller = { name: "team-d/dave", namespace: "team-d", expiresAt: clock.now() - 1 };

const keyed = (callers: Record<string, Caller>): Record<string, Caller> =>
  Object.fromEntries(Object.entries(callers).map(([key, caller]) => [hash("sha256", key), caller]));

const callers = keyed({ "sk-alice": alice, "sk-bob": bob, "sk-carol": carol, "sk-dave": dave, "sk-ü": bob, "a+b/c=": alice });
const keys = openApiKeys(callers, undefined, clock);
const anonymous = openApiKeys(callers, nobody, clock);

const of = (caller: Caller): Verdict => ({ caller });
const missing: Verdict = { refusal: "AUTH_MISSING" };
const invalid: Verdict = { refusal: "AUTH_INVALID" };
const expired: Verdict = { refusal: "AUTH_EXPIRED" };
const noise = ["Host", "gateway:8080", "User-Agent", "OpenAI/JS 7", "Accept", "application/json", "Content-Type", "application/json", "Cache-Control", "no-cache", "Content-Length", "2"];

describe("a key is found", () => {
  it.each([
    ["Authorization", "Bearer sk-alice"], ["authorization", "Bearer sk-alice"], ["AUTHORIZATION", "bearer sk-alice"], ["authorization", "BEARER sk-alice"], ["authorization", "Bearer   sk-alice "], ["authorization", "Bearer\tsk-alice"],
    ["x-api-key", "sk-alice"], ["X-Api-Key", "sk-alice"], ["X-API-KEY", " sk-alice "],
    ["x-goog-api-key", "sk-alice"], ["X-Goog-Api-Key", "sk-alice"], ["api-key", "sk-alice"], ["Api-Key", "sk-alice"],
  ])("in %s: %s", (name, value) => {
    expect(keys.authenticate([...noise, name, value], "/v1/models")).toEqual(of(alice));
    expect(keys.authenticate([name, value, ...noise], "/v1/models")).toEqual(of(alice));
  });

  it.each(["/v1/models?key=sk-alice", "/v1/models?alt=sse&key=sk-alice", "/?key=sk%2Dalice", "/?key=sk-alice&key=sk-bob", "/?monkey=1&key=sk-alice#x"])("in the query of %s", (url) => {
    expect(keys.authenticate(noise, url)).toEqual(of(alice));
  });

  it("with the very bytes that it has: a plus is a plus, and other letters are UTF-8 in headers and query alike", () => {
    expect(keys.authenticate([], "/?key=a+b/c=")).toEqual(of(alice));
    expect(keys.authenticate(["x-api-key", Buffer.from("sk-ü").toString("latin1")], "/")).toEqual(of(bob));
    expect(keys.authenticate([], "/?key=sk-%C3%BC")).toEqual(of(bob));
  });
});

describe("no key is found", () => {
  it.each([
    [[], "/"], [noise, "/v1/models"], [["authorization", ""], "/"], [["authorization", "Bearer"], "/"], [["authorization", "Bearer "], "/"], [["authorization", "Basic c2stYWxpY2U6"], "/"], [["authorization", "sk-alice"], "/"],
    [["x-api-key", ""], "/"], [["x-api-key", "  "], "/"], [[], "/?key="], [[], "/?key"], [[], "/?monkey=sk-alice"], [[], "/key=sk-alice"], [[], "/?a=1#key=sk-alice"], [["bpi-key", "sk-alice"], "/"], [["x-api-kez", "sk-alice"], "/"], [["api_key", "sk-alice"], "/"],
  ] as [string[], string][])("in %j of %s", (headers, url) => {
    expect(keys.authenticate(headers, url)).toEqual(missing);
    expect(anonymous.authenticate(headers, url)).toEqual(of(nobody));
  });
});

describe("of several keys", () => {
  it.each([
    [["x-api-key", "sk-bob", "authorization", "Bearer sk-alice"], "/", of(alice)],
    [["api-key", "sk-alice", "x-goog-api-key", "sk-alice", "x-api-key", "sk-bob"], "/", of(bob)],
    [["api-key", "sk-alice", "x-goog-api-key", "sk-bob"], "/", of(bob)],
    [["api-key", "sk-bob"], "/?key=sk-alice", of(bob)],
    [["authorization", "Basic eDp5", "x-api-key", "sk-bob"], "/", of(bob)],
    [["authorization", "Bearer ", "api-key", "sk-bob"], "/", of(bob)],
    [["authorization", "Basic eDp5"], "/?key=sk-bob", of(bob)],
    [["authorization", "Bearer sk-unknown", "x-api-key", "sk-bob"], "/", invalid],
    [["authorization", "Bearer sk-dave", "x-api-key", "sk-bob"], "/", expired],
    [["authorization", "Bearer sk-alice", "authorization", "Bearer sk-bob"], "/", of(alice)],
  ] as [string[], string, Verdict][])("the first usable one decides: %j %s", (headers, url, verdict) => {
    expect(keys.authenticate(headers, url)).toEqual(verdict);
    expect(keys.authenticate(headers, url)).toEqual(verdict);
  });

  it("the same text is another key in another place", () => {
    const fresh = openApiKeys(callers, undefined, clock);
    expect(fresh.authenticate(["authorization", "Bearer sk-alice"], "/")).toEqual(of(alice));
    expect(fresh.authenticate(["x-api-key", "Bearer sk-alice"], "/")).toEqual(invalid);
    expect(fresh.authenticate(["x-api-key", "sk-alice"], "/")).toEqual(of(alice));
    expect(fresh.authenticate(["authorization", "sk-alice"], "/")).toEqual(missing);
  });
});

describe("a verdict", () => {
  const bearer = (key: string): string[] => ["authorization", `Bearer ${key}`];

  it.each(["sk-unknown", "sk-alice2", "sk-alic", "SK-ALICE", hash("sha256", "sk-alice"), "__proto__", "constructor", "k".repeat(60_000)])("on a key that is not known is AUTH_INVALID: %.20s", (key) => {
    expect(keys.authenticate(bearer(key), "/")).toEqual(invalid);
    expect(keys.authenticate(bearer(key), "/")).toEqual(invalid);
    expect(anonymous.authenticate(bearer(key), "/")).toEqual(of(nobody));
  });

  it("needs the whole digest to agree", () => {
    const digest = hash("sha256", "sk-alice");
    const halves = [`${digest.slice(0, 32)}${"0".repeat(32)}`, `${"0".repeat(32)}${digest.slice(32)}`];
    const near = Object.fromEntries(halves.map((half) => [half, bob]));
    expect(openApiKeys(near, undefined, clock).authenticate(bearer("sk-alice"), "/")).toEqual(invalid);
    expect(openApiKeys({ ...near, [digest]: alice }, undefined, clock).authenticate(bearer("sk-alice"), "/")).toEqual(of(alice));
  });

  it("ends when the key expires, although it was remembered", () => {
    const time = fakeClock();
    const some = openApiKeys(keyed({ "sk-carol": carol }), undefined, time);
    expect(some.authenticate(bearer("sk-carol"), "/")).toEqual(of(carol));
    time.advance(59_999);
    expect(some.authenticate(bearer("sk-carol"), "/")).toEqual(of(carol));
    time.advance(1);
    expect(some.authenticate(bearer("sk-carol"), "/")).toEqual(expired);
    expect(some.authenticate([], "/?key=sk-carol")).toEqual(expired);
  });

  it("on an expired key is AUTH_EXPIRED for anonymous gateways too", () => {
    expect(anonymous.authenticate(bearer("sk-dave"), "/")).toEqual(expired);
    expect(anonymous.authenticate(bearer("sk-alice"), "/")).toEqual(of(alice));
  });

  it("comes from this snapshot only: a new one without the key refuses at once", () => {
    expect(keys.authenticate(bearer("sk-bob"), "/")).toEqual(of(bob));
    expect(openApiKeys(keyed({ "sk-alice": alice }), undefined, clock).authenticate(bearer("sk-bob"), "/")).toEqual(invalid);
  });

  it("is not made anew for a header that was seen, and garbage does not push it out", () => {
    const some = openApiKeys(callers, undefined, clock);
    const first = some.authenticate(bearer("sk-alice"), "/");
    for (let index = 0; index < 25_000; index++) expect(some.authenticate(bearer(`garbage-${index}`), "/").refusal).toBe("AUTH_INVALID");
    const toBytes = vi.spyOn(Buffer, "from");
    expect(some.authenticate(bearer("sk-alice"), "/")).toBe(first);
    expect(some.authenticate(bearer("garbage-24999"), "/")).toEqual(invalid);
    expect(toBytes).not.toHaveBeenCalled();
    expect(some.authenticate(bearer("garbage-0"), "/")).toEqual(invalid);
    expect(toBytes).toHaveBeenCalledTimes(1);
    toBytes.mockRestore();
  });

  it("is right for each of more callers than are remembered", () => {
    const many = Object.fromEntries(Array.from({ length: 12_000 }, (_, index) => [`sk-${index}`, { name: `n/${index}`, namespace: "n" }]));
    const some = openApiKeys(keyed(many), undefined, clock);
    for (let round = 0; round < 2; round++) {
      for (const [key, caller] of Object.entries(many)) if (some.authenticate(bearer(key), "/").caller !== caller) expect.fail(key);
    }
    expect(some.authenticate(bearer("sk-12000"), "/")).toEqual(invalid);
  });
});
