// A secret is never seen by accident, in none of the ways in which values get printed.
import assert from "node:assert";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { format, inspect } from "node:util";
import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { canonical } from "../../dataplane/snapshot/canonical.ts";
import { checkSnapshot } from "../../dataplane/snapshot/check.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { CREDENTIAL, example } from "./example.ts";

const secret = new Secret(CREDENTIAL);
const holder = { deep: { list: [secret], map: new Map([["key", secret]]), set: new Set([secret]) } };

/** What a logger would write. */
const logged = (write: (log: Console) => void): string => {
  let text = "";
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk);
      done();
    },
  });
  write(new Console({ stdout: stream, stderr: stream }));
  return text;
};

const failureOf = (act: () => void): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

const ways: [string, () => string][] = [
  ["JSON", () => JSON.stringify({ secret, holder: holder.deep.list })],
  ["JSON with indentation", () => JSON.stringify(holder, undefined, 2)],
  ["a template string", () => `key: ${secret}`],
  ["concatenation", () => "key: " + String(secret)],
  ["join", () => [secret, secret].join(",")],
  ["String.raw", () => String.raw`${secret}`],
  ["inspect", () => inspect(secret)],
  ["inspect at depth with everything shown", () => inspect(holder, { depth: null, showHidden: true, getters: true })],
  ["inspect that ignores custom functions", () => inspect(holder, { depth: null, customInspect: false, showHidden: true })],
  ["format", () => format("%s %j %o %O %d %i", secret, secret, secret, secret, secret, secret)],
  ["console.log", () => logged((log) => log.log("key", secret, holder))],
  ["console.error of an error", () => logged((log) => log.error(new Error(`refused ${secret}`, { cause: secret })))],
  ["console.table", () => logged((log) => log.table([{ secret }]))],
  ["console.dir", () => logged((log) => log.dir(holder, { depth: 9 }))],
  ["an error's message, cause and properties", () => inspect(Object.assign(new Error(String(secret), { cause: holder }), { secret }), { depth: 9, showHidden: true })],
  ["an aggregate error", () => inspect(new AggregateError([new Error("a", { cause: secret })], `${secret}`), { depth: 9 })],
  ["a failed assertion", () => inspect(failureOf(() => assert.deepStrictEqual({ secret }, { secret: 1 })), { depth: 9 })],
  ["a TypeError about it", () => inspect(failureOf(() => Reflect.apply(Reflect.get({}, "x"), undefined, [secret])))],
  ["its own members", () => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret), Reflect.ownKeys(secret), { ...secret }])],
  ["the names and values of its class", () => inspect(Object.getOwnPropertyDescriptors(Secret.prototype), { depth: 9, showHidden: true })],
  ["a structured clone", () => inspect(structuredClone(secret), { showHidden: true })],
  ["v8's serializer", () => serialize(holder.deep.list).toString("latin1")],
  ["a URL's parameters", () => String(new URLSearchParams({ key: String(secret) }))],
  ["a sorted or compared list", () => [secret, "[z"].toSorted().join()],
  ["the canonical form with another spelling", () => canonical({ secret }, String)],
  ["a snapshot", () => inspect(example(), { depth: 9 }) + JSON.stringify(example())],
];

describe("a secret", () => {
  it.each(ways)("is not seen through %s", (_, print) => {
    const text = print();
    expect(text.length).toBeGreaterThan(0);
    expect(text).not.toContain(CREDENTIAL);
    expect(text).not.toContain(CREDENTIAL.slice(3));
  });

  it.each(ways.filter(([way]) => ["JSON", "a template string", "inspect", "console.log", "join"].includes(way)))("prints as [redacted] through %s", (_, print) => {
    expect(print()).toContain("[redacted]");
  });

  it("becomes no number, and no string but [redacted]", () => {
    expect([Number(secret), `${secret}`, String(secret)]).toEqual([NaN, "[redacted]", "[redacted]"]);
  });

  it("gives its value to whoever asks for it by name", () => {
    expect(secret.reveal()).toBe(CREDENTIAL);
  });

  it("cannot be changed or given another way of printing", () => {
    expect(() => Object.assign(secret, { toJSON: () => "x" })).toThrow(TypeError);
    expect(Object.isFrozen(secret)).toBe(true);
  });
});

describe("the check", () => {
  it.each([
    [{ "team-a/openai-key/api-key": CREDENTIAL }], [{ "team-a/openai-key/api-key": { Secret: CREDENTIAL } }], [{ "team-a/openai-key/api-key": { secret: { secret: CREDENTIAL } } }],
    [{ "team-a/openai-key/api-key": [CREDENTIAL] }], [CREDENTIAL],
  ])("does not quote a credential that it refuses", (credentials) => {
    const { problems } = checkSnapshot({ ...example(), credentials });
    expect(problems?.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain(CREDENTIAL);
  });

  it("does not quote a credential that stands where something else should", () => {
    const { problems } = checkSnapshot({ ...example(), [CREDENTIAL]: 1, gateway: 7 });
    expect(problems?.map(({ object }) => object)).toContain("gateway");
  });
});
