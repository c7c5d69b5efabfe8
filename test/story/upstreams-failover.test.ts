// When somebody else is asked, when not, and what the client learns when there is nobody else.
import { describe, expect, it } from "vitest";
import { PROVIDER_KEY } from "../doubles/gateway.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { brokenStream, empty, failure, hangUp, html, json, reply, tooManyRequests, truncated } from "../doubles/provider-replies.ts";
import { deadUrl, type Behaviour } from "../doubles/provider.ts";
import { asked, CHAT, post, STREAMED } from "./clients-bare.ts";
import { chat, errorsIn } from "./streams-protocols.ts";
import { openScene } from "./streams-scene.ts";

const whole = chatCompletion({ text: "rescued" }).toString();
const rescued = json(whole);
const JSON_HEAD = { headers: { "content-type": "application/json" } };

describe("another target is asked", () => {
  const faults: readonly (readonly [what: string, fault: Behaviour])[] = [
    ["429", tooManyRequests({ "retry-after": "7" })],
    ["500", failure(500)],
    ["502 with a web page", html(502)],
    ["503", failure(503)],
    ["504 without a body", empty(504)],
    ["529", failure(529)],
    ["a connection closed without an answer", hangUp("close")],
    ["a connection reset without an answer", hangUp("reset")],
    ["a connection reset at the head of the request", hangUp("reset", "at the head")],
    ["a web page with 200", html()],
    ["nothing with 200", empty()],
    ["half of a JSON document with 200", reply({ ...JSON_HEAD, body: whole.slice(0, 40) })],
    ["a JSON document that broke off", truncated(whole, 40, "reset", JSON_HEAD)],
    ["an error in a JSON document with 200", json({ error: { message: "overloaded", type: "server_error" } })],
  ];

  it.each(faults)("after %s, and sees the same request", async (_, fault) => {
    const scene = await openScene({ one: fault, two: rescued });
    const answer = await scene.ask(CHAT);
    expect(answer).toMatchObject({ status: 200, text: whole });
    expect(answer.headers).toMatchObject({ "x-llmgw-target": "two", "x-llmgw-attempts": "2" });
    expect(answer.headers["retry-after"]).toBeUndefined();
    const [first, second] = scene.providers.map((provider) => provider.requests[0]);
    expect(second?.body.toString()).toBe(CHAT.replace("support-chat", "provider-model"));
    expect(second?.header("x-request-id")).toBe(first?.header("x-request-id"));
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, attempts: 2, target: "two", error: "", upstream_status: 200 });
  });

  it("and the provider that was left is counted with the reason, once for each time", async () => {
    const scene = await openScene({ one: failure(503), two: tooManyRequests(), three: rescued });
    expect((await scene.ask(CHAT)).status).toBe(200);
    await scene.over(1);
    const lines = (await scene.gateway.telemetry.metrics.text()).split("\n").filter((line) => line.startsWith("llmgw_failovers_total{"));
    expect(lines).toEqual([
      'llmgw_failovers_total{route="test/chat",provider="test/one",code="UPSTREAM_UNAVAILABLE"} 1',
      'llmgw_failovers_total{route="test/chat",provider="test/two",code="UPSTREAM_RATE_LIMITED"} 1',
    ]);
  });

  it("after a refused connection", async () => {
    const scene = await openScene({ one: `${await deadUrl()}/v1`, two: rescued });
    expect(await scene.ask(CHAT)).toMatchObject({ status: 200, text: whole });
    expect((await scene.over(1))[0]).toMatchObject({ attempts: 2, error: "" });
  });

  it("under its own name for the model, however long the names are", async () => {
    const names = ["m", "a-name-that-is-much-longer-than-the-one-that-was-asked-for-".repeat(3), "support-chat"];
    const targets = names.map((model, priority) => ({ name: `t${priority}`, provider: `test/p${priority}`, model, weight: 1, priority }));
    const scene = await openScene({ p0: failure(500), p1: failure(500), p2: rescued }, { targets });
    const body = asked({ later: ["x".repeat(5000), 9_007_199_254_740_993n.toString(), 1.5], stream: false });
    expect((await scene.ask(body)).status).toBe(200);
    expect(scene.providers.map(({ requests }) => requests[0]?.body.toString())).toEqual(names.map((name) => body.replace("support-chat", name)));
    await scene.over(1);
  });

  it("in the order of the priorities, all of them once, and the last one's cause is the answer's", async () => {
    const scene = await openScene({ a: failure(500), b: tooManyRequests(), c: failure(503, "c is down"), d: failure(504, "d is slow") });
    const answer = await scene.ask(CHAT);
    expect(answer).toMatchObject({ status: 504 });
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: "d is slow" } });
    expect(scene.providers.map(({ requests }) => requests.length)).toEqual([1, 1, 1, 1]);
    expect((await scene.over(1))[0]).toMatchObject({ status: 504, attempts: 4, target: "d", error: "UPSTREAM_UNAVAILABLE" });
  });
});

describe("nobody else is asked", () => {
  it.each([400, 404, 405, 409, 413, 415, 422, 451])("after %i, which is the request's own fault: it passes through as it is", async (status) => {
    const body = `{"error":{"message":"your fault ${status}","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`;
    const scene = await openScene({ one: json(body, { status }), two: rescued });
    const answer = await scene.ask(CHAT);
    expect(answer).toMatchObject({ status, text: body });
    expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-llmgw-attempts": "1" });
    expect(scene.providers[1]?.requests).toEqual([]);
    expect((await scene.over(1))[0]).toMatchObject({ status, attempts: 1, error: "UPSTREAM_REJECTED", upstream_status: status });
  });

  it("once the client has a byte", async () => {
    const scene = await openScene({ one: brokenStream(chatEvents({ words: ["begun"], finish: null, done: false }), "reset"), two: rescued });
    const answer = await scene.ask(STREAMED);
    expect(errorsIn(chat, answer.text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
    expect(scene.providers[1]?.requests).toEqual([]);
    await scene.over(1);
  });
});

describe("with nobody else to ask", () => {
  it("a rate limit passes through with its words and all that it says about when to come back", async () => {
    const scene = await openScene(tooManyRequests({ "retry-after": "17", "retry-after-ms": "16500", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "17s", "set-cookie": "a=b", "server": "theirs" }));
    const answer = await scene.ask(CHAT);
    expect(answer.status).toBe(429);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: "Rate limit reached", code: "rate_limit_exceeded" } });
    expect(answer.headers).toMatchObject({ "retry-after": "17", "retry-after-ms": "16500", "x-llmgw-upstream-ratelimit-remaining-requests": "0" });
    expect(Object.keys(answer.headers)).not.toEqual(expect.arrayContaining(["set-cookie"]));
    expect(answer.headers["server"]).toBeUndefined();
    expect((await scene.over(1))[0]).toMatchObject({ status: 429, error: "UPSTREAM_RATE_LIMITED", input_tokens: null });
  });

  it("a rate limit whose body breaks off passes through in words of ours", async () => {
    const scene = await openScene(truncated("x".repeat(100), 50, "reset", { status: 429, headers: { "content-type": "application/json", "retry-after": "17" } }));
    const answer = await scene.ask(CHAT);
    expect(answer).toMatchObject({ status: 429, isWhole: true });
    expect(answer.headers["retry-after"]).toBe("17");
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: "UPSTREAM_RATE_LIMITED" } });
    expect((await scene.over(1))[0]).toMatchObject({ status: 429, error: "UPSTREAM_RATE_LIMITED" });
  });

  it("a failure passes through, and a web page in its place becomes words of ours with the same status", async () => {
    const scene = await openScene([failure(500, "the model fell over"), html(503), empty(502)]);
    expect(JSON.parse((await scene.ask(STREAMED)).text)).toMatchObject({ error: { message: "the model fell over" } });
    for (const status of [503, 502]) {
      const answer = await scene.ask(CHAT);
      expect(answer).toMatchObject({ status });
      expect(answer.headers["content-type"]).toBe("application/json");
      expect(JSON.parse(answer.text)).toMatchObject({ error: { code: "UPSTREAM_UNAVAILABLE" } });
    }
    await scene.over(3);
  });

  it.each([
    ["a refused connection", null, "UPSTREAM_CONNECT"],
    ["a connection closed without an answer", hangUp("close"), "UPSTREAM_RESET"],
    ["a connection reset without an answer", hangUp("reset"), "UPSTREAM_RESET"],
    ["a web page with 200", html(), "UPSTREAM_INVALID"],
    ["nothing with 200", empty(), "UPSTREAM_INVALID"],
    ["half of a JSON document with 200", reply({ ...JSON_HEAD, body: whole.slice(0, 40) }), "UPSTREAM_INVALID"],
    ["JSON that is not an answer with 200", json({ detail: "no" }), "UPSTREAM_STREAM_ERROR"],
    ["an error in a JSON document with 200", json({ error: { message: "overloaded" } }), "UPSTREAM_STREAM_ERROR"],
  ] as const)("%s is a 502 in the client's own shape", async (_, fault, code) => {
    const scene = await openScene(fault === null ? { one: `${await deadUrl()}/v1` } : fault);
    for (const body of [CHAT, STREAMED]) {
      const answer = await scene.ask(body);
      expect(answer).toMatchObject({ status: 502, isWhole: true });
      expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-llmgw-error": code });
      expect(JSON.parse(answer.text)).toMatchObject({ error: { type: "server_error", code } });
      expect(answer.text).not.toMatch(/127\.0\.0\.1|localhost|undici|\bat \w+ \(/);
    }
    for (const line of await scene.over(2)) expect(line).toMatchObject({ status: 502, error: code, input_tokens: null, output_tokens: null });
  });

  it("one failure darkens nothing: the very next request is sent to the same target", async () => {
    const scene = await openScene([failure(500), rescued, tooManyRequests({ "retry-after": "60" }), rescued, hangUp("reset"), rescued]);
    const statuses: number[] = [];
    for (let count = 0; count < 6; count++) statuses.push((await scene.ask(CHAT)).status);
    expect(statuses).toEqual([500, 200, 429, 200, 502, 200]);
    await scene.over(6);
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("%i is never followed", async (status) => {
    const scene = await openScene(undefined);
    const lure = await openScene(rescued);
    const client = scene.client().send(post(CHAT));
    await reply({ status, headers: { location: `${lure.provider.url}/v1/chat/completions` } })(await scene.provider.next());
    const answer = await client.reply();
    expect(answer).toMatchObject({ status: 502 });
    expect(answer.headers["location"]).toBeUndefined();
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: "UPSTREAM_REDIRECT" } });
    expect(answer.text).not.toContain(String(lure.provider.port));
    expect(lure.provider.requests).toEqual([]);
    client.leave();
    await scene.over(1);
    await lure.over(0);
  });
});

describe("a target of weight 0", () => {
  const targets = [
    { name: "stays", provider: "test/one", model: "provider-model", weight: 1, priority: 0 },
    { name: "drains", provider: "test/two", model: "provider-model", weight: 0, priority: 0 },
  ];

  it("gets nothing, not even what failed elsewhere", async () => {
    const scene = await openScene({ one: [rescued, rescued, failure(500)], two: rescued }, { targets });
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await scene.ask(CHAT)).status);
    expect(statuses).toEqual([200, 200, 500]);
    expect(scene.providers[1]?.requests).toEqual([]);
    await scene.over(3);
  });

  it("finishes the streams that it has, while new requests go elsewhere", async () => {
    const parts = { targets: targets.map((target) => ({ ...target, weight: target.name === "drains" ? 1 : 0 })) };
    const scene = await openScene({ one: rescued, two: undefined }, parts);
    const client = scene.client().send(post(STREAMED));
    const exchange = await (scene.providers[1] as typeof scene.provider).next();
    const events = chatEvents({ words: ["one", "two"] });
    await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
    await exchange.sendChunk(events[0] ?? "");
    await client.headed();
    const [one, two] = scene.providers.map(({ url }) => `${url}/v1`);
    scene.gateway.apply({ providers: { one: one ?? "", two: two ?? "" }, targets });
    expect((await scene.ask(CHAT)).headers["x-llmgw-target"]).toBe("stays");
    for (const event of events.slice(1)) await exchange.sendChunk(event);
    await exchange.end();
    expect((await client.reply()).text).toBe(Buffer.concat(events).toString());
    client.leave();
    await scene.over(2);
  });
});

it("no key of ours is in any answer or line of a request that failed over", async () => {
  const scene = await openScene({ one: failure(500), two: failure(503) });
  const answer = await scene.ask(CHAT);
  expect(scene.providers.map(({ requests }) => requests[0]?.header("authorization"))).toEqual([`Bearer ${PROVIDER_KEY}`, `Bearer ${PROVIDER_KEY}`]);
  expect(JSON.stringify([answer.headers, answer.text])).not.toContain(PROVIDER_KEY);
  expect(JSON.stringify(await scene.over(1))).not.toContain(PROVIDER_KEY);
});
