// What the log says of a request: one line of JSON with these fields, whatever became of it, and nobody's words or keys.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fakeClock } from "../doubles/clock.ts";
import { KEY, PROVIDER_KEY } from "../doubles/gateway.ts";
import { chatCompletion, chatEvents, dataEvent, openaiError } from "../doubles/provider-bytes.ts";
import { bodyOf, brokenStream, eventStream, failure, hangUp, json, reply } from "../doubles/provider-replies.ts";
import { deadUrl } from "../doubles/provider.ts";
import { CHAT, headOf, postOf, stage, STREAMED_CHAT, type Ask } from "./caller.ts";

const usage = { input: 11, output: 7, cached: 5 };
const hello = json(chatCompletion({ text: "hello", usage }));

const documented = (): string[] => {
  const reference = readFileSync(new URL("../../dataplane/reference.md", import.meta.url), "utf8");
  const [, section = ""] = reference.split("## Log line of a request");
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? "");
};

describe("a request's line", () => {
  it("says this of a request that went well", async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    const story = await stage(undefined, { clock, callers: { [KEY]: { team: "blue" } } });
    clock.advance(1000);
    const asked = story.ask({ body: CHAT, headers: { "x-request-id": "id-1" } });
    const exchange = await story.provider.next();
    clock.advance(250);
    const body = chatCompletion({ text: "hello", usage });
    await json(body)(exchange);
    const answer = await asked;
    expect(await story.gateway.settled(1)).toEqual([{
      time: "2026-01-02T03:04:06.256Z",
      id: "id-1",
      trace_id: "",
      level: "info",
      event: "request",
      method: "POST",
      path: "/v1/chat/completions",
      operation: "chat",
      caller: "test/caller",
      team: "blue",
      route: "test/chat",
      target: "one",
      provider: "test/one",
      model: "support-chat",
      model_sent: "provider-model",
      status: 200,
      upstream_status: 200,
      error: "",
      finish_reason: "stop",
      streaming: false,
      aborted: false,
      usage_estimated: false,
      attempts: 1,
      before_upstream_ms: 0,
      first_byte_ms: 250,
      duration_ms: 250,
      bytes_in: CHAT.length,
      bytes_out: answer.body.length,
      input_tokens: 11,
      output_tokens: 7,
      cached_input_tokens: 5,
      reasoning_tokens: 0,
    }]);
  });

  const every: readonly (readonly [what: string, run: () => Promise<Record<string, unknown>>, expected: Record<string, unknown>])[] = [
    ["a stream", () => one(eventStream(chatEvents({ words: ["a", "b"], usage })), { body: STREAMED_CHAT }), { level: "info", status: 200, error: "", streaming: true, finish_reason: "stop", input_tokens: 11, output_tokens: 7, cached_input_tokens: 5, usage_estimated: false }],
    ["a stream whose provider does not count", () => one(eventStream(chatEvents({ words: ["a", "b"] })), { body: STREAMED_CHAT }), { usage_estimated: true, input_tokens: expect.any(Number), output_tokens: expect.any(Number) }],
    ["a stream that broke off", () => one(brokenStream(chatEvents({ words: ["a"] }).slice(0, 2)), { body: STREAMED_CHAT }), { status: 200, error: "UPSTREAM_TRUNCATED", upstream_status: 200, finish_reason: "" }],
    ["a refusal of ours", () => one(hello, { body: "[]" }), { level: "warn", status: 400, error: "REQUEST_INVALID_JSON", upstream_status: 0, route: "", target: "", attempts: 0, caller: "test/caller", before_upstream_ms: null, input_tokens: null, bytes_in: 2 }],
    ["a caller without a key", () => one(hello, { body: CHAT, headers: { authorization: undefined } }), { level: "warn", status: 401, error: "AUTH_MISSING", caller: "", model: "" }],
    ["a model that there is not", () => one(hello, { body: '{"model":"none"}' }), { status: 404, error: "ROUTE_MODEL_NOT_FOUND", model: "none", model_sent: "" }],
    ["a path that there is not", () => one(hello, { path: "/v1/x?key=abc", body: CHAT }), { status: 404, error: "ACCEPT_NO_ENDPOINT", path: "/v1/x", operation: "" }],
    ["the list of models", () => one(hello, { method: "GET", path: "/v1/models" }), { status: 200, operation: "models", method: "GET" }],
    ["a refusal of the provider's", () => one(failure(400), { body: CHAT }), { level: "warn", status: 400, upstream_status: 400, error: "UPSTREAM_REJECTED", input_tokens: null }],
    ["a failure of the provider's", () => one(hangUp("reset"), { body: CHAT }), { level: "error", status: 502, upstream_status: 0, error: "UPSTREAM_RESET" }],
    ["a provider that is away", async () => one(undefined, { body: CHAT }, { providers: { one: await deadUrl() } }), { status: 502, error: "UPSTREAM_CONNECT", attempts: 1 }],
    ["speech", () => one(reply({ headers: { "content-type": "audio/mpeg" }, body: "noise" }), { path: "/v1/audio/speech", body: '{"model":"support-chat","input":"hi"}' }), { status: 200, operation: "speech", bytes_out: 5 }],
  ];

  const one = async (script: Parameters<typeof stage>[0], what: Ask, parts: Parameters<typeof stage>[1] = {}): Promise<Record<string, unknown>> => {
    const story = await stage(script, parts);
    await story.ask(what);
    const [line] = await story.gateway.settled(1);
    return line ?? {};
  };

  it.each(every)("has every documented field and no other, and says what is true: %s", async (_, run, expected) => {
    const line = await run();
    expect(Object.keys(line).toSorted()).toEqual(documented().toSorted());
    expect(line).toMatchObject(expected);
    for (const field of ["duration_ms", "bytes_in", "bytes_out", "attempts"]) expect(line[field]).toSatisfy((value: number) => value >= 0);
  });

  it("is written for a client that leaves in the middle, with what it got", async () => {
    const story = await stage(undefined);
    const line = story.open(1).send(postOf(STREAMED_CHAT));
    const exchange = await story.provider.next();
    await bodyOf(exchange);
    await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
    for (const event of chatEvents({ words: ["one ", "two "] }).slice(0, 3)) await exchange.sendChunk(event);
    await line.until(/two /);
    line.socket.resetAndDestroy();
    await exchange.gone;
    const [settled] = await story.gateway.settled(1);
    expect(settled).toMatchObject({ aborted: true, status: 200, streaming: true, usage_estimated: true });
    expect(settled?.["output_tokens"]).toBeGreaterThan(0);
    expect(settled?.["bytes_out"]).toBeGreaterThan(0);
  });

  it("is one line, whatever is in the names", async () => {
    const story = await stage(hello);
    const names = ['a"b', "line\nend", "\u2028", "\\", "\u0000", "é😀", "x".repeat(256), "${PATH}", "{}"];
    for (const model of names) await story.ask({ body: JSON.stringify({ model }) });
    const lines = await story.gateway.settled(names.length);
    expect(lines.map((line) => line["model"])).toEqual(names);
    const text = await story.gateway.logged();
    expect(text.endsWith("\n")).toBe(true);
    expect(text.trimEnd().split("\n")).toHaveLength(names.length);
  });
});

describe("nobody's words and nobody's keys are in the log", () => {
  const SECRETS = ["PROMPT-of-the-caller", "ANSWER-of-the-model", "ERROR-of-the-provider", "COOKIE-of-the-caller", "FILE-of-the-caller", "sk-wrong-0123456789abcdef", "sk-query-0123456789abcdef", KEY, PROVIDER_KEY, "QUERY-of-the-caller", "HEADER-of-the-provider", "IDEM-of-the-caller"];
  const body = (more: object = {}): string => JSON.stringify({ model: "support-chat", messages: [{ role: "user", content: "PROMPT-of-the-caller" }], user: "PROMPT-of-the-caller", ...more });
  const answer = chatCompletion({ text: "ANSWER-of-the-model", usage });
  const form = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nsupport-chat\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="FILE-of-the-caller"\r\n\r\nFILE-of-the-caller\r\n--b--\r\n';
  const cookie = { "cookie": "a=COOKIE-of-the-caller", "idempotency-key": "IDEM-of-the-caller" };

  const runs: Readonly<Record<string, () => Promise<string>>> = {
    "a success": () => logOf(json(answer, { headers: { "set-cookie": "HEADER-of-the-provider", "x-request-id": "HEADER-of-the-provider" } }), { body: body(), headers: cookie, path: "/v1/chat/completions?q=QUERY-of-the-caller" }),
    "a stream": () => logOf(eventStream(chatEvents({ words: ["ANSWER-of-the-model"], usage })), { body: body({ stream: true }), headers: cookie }),
    "a stream that breaks off": () => logOf(brokenStream(chatEvents({ words: ["ANSWER-of-the-model"] }).slice(0, 2)), { body: body({ stream: true }) }),
    "a stream that ends with an error": () => logOf(eventStream([...chatEvents({ words: ["ANSWER-of-the-model"] }).slice(0, 2), dataEvent({ error: { message: `ERROR-of-the-provider ${PROVIDER_KEY}` } })]), { body: body({ stream: true }) }),
    "an answer that is none": () => logOf(json('{"choices":[{"message":"ANSWER-of-the-model"'), { body: body() }),
    "a refusal of the provider's": () => logOf(json(openaiError(`ERROR-of-the-provider: PROMPT-of-the-caller ${PROVIDER_KEY}`), { status: 400 }), { body: body() }),
    "a refusal of our key": () => logOf(json(openaiError(`ERROR-of-the-provider: ${PROVIDER_KEY}`), { status: 401 }), { body: body() }),
    "a success that is an error": () => logOf(json(openaiError("ERROR-of-the-provider: PROMPT-of-the-caller")), { body: body() }),
    "a body that is cut off": () => logOf(hello, { body: body().slice(0, -3) }),
    "a model that is no name": () => logOf(hello, { body: '{"model":["PROMPT-of-the-caller"]}' }),
    "a wrong key": () => logOf(hello, { body: body(), headers: { authorization: "Bearer sk-wrong-0123456789abcdef" } }),
    "a wrong key in the query": () => logOf(hello, { body: body(), path: "/v1/chat/completions?key=sk-query-0123456789abcdef", headers: { authorization: undefined } }),
    "a key in the query of no endpoint": () => logOf(hello, { body: body(), path: "/v1/nothing?key=sk-query-0123456789abcdef" }),
    "a key on the list of models": () => logOf(hello, { method: "GET", path: `/v1/models?key=${KEY}`, headers: { authorization: undefined } }),
    "an upload": () => logOf(json('{"text":"ANSWER-of-the-model"}'), { path: "/v1/audio/transcriptions", body: form, headers: { "content-type": "multipart/form-data; boundary=b" } }),
    "an upload that is broken": () => logOf(hello, { path: "/v1/audio/transcriptions", body: form.replace("form-data; name=\"file\"", "form-data"), headers: { "content-type": "multipart/form-data; boundary=b" } }),
    "a mistake of our own": () => logOf(hello, { body: body() }, { targets: ["a", "b"].map((name) => ({ name, provider: "test/one", weight: 1, priority: 0 })), random: () => { throw new Error(`no luck with ${PROVIDER_KEY}`); } }),
    "a client that leaves": async () => {
      const story = await stage(eventStream(chatEvents({ words: Array.from({ length: 2000 }, () => "ANSWER-of-the-model ") })));
      const line = story.open(1).send(postOf(body({ stream: true })));
      await line.until(/ANSWER/);
      line.socket.resetAndDestroy();
      await story.gateway.settled(1);
      return story.gateway.logged();
    },
    "a body that never came whole": async () => {
      const story = await stage(hello);
      const line = story.open(1).send(headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": 10_000 }) + body());
      while (story.gateway.server.openRequests() === 0) await new Promise((resolve) => setImmediate(resolve));
      line.socket.resetAndDestroy();
      await story.gateway.settled(1);
      return story.gateway.logged();
    },
  };

  const logOf = async (script: Parameters<typeof stage>[0], what: Ask, parts: Parameters<typeof stage>[1] = {}): Promise<string> => {
    const story = await stage(script, parts);
    await story.ask(what);
    await story.gateway.settled(1);
    return story.gateway.logged();
  };

  it.each(Object.keys(runs))("after %s", async (what) => {
    const text = await runs[what]?.() ?? "";
    expect(text).toContain('"event":"request"');
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
