// Which headers pass in either direction, and what stays: ids and traces go on, credentials and strangers do not.
import { afterEach, describe, expect, it, vi } from "vitest";
import { KEY, PROVIDER_KEY } from "../doubles/gateway.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { brokenStream, eventStream, failure, hangUp, json, redirect, reply, silence } from "../doubles/provider-replies.ts";
import { deadUrl, type Script } from "../doubles/provider.ts";
import { CHAT, postOf, stage, STREAMED_CHAT, type Answer, type Ask, type Stage, type StageParts } from "./caller.ts";

const hello = json(chatCompletion({ text: "hello" }));
const streamed = eventStream(chatEvents({ words: ["a", "b"] }));

const headersOf = (story: Stage, index = 0): Record<string, string> =>
  Object.fromEntries((story.provider.requests[index]?.rawHeaders ?? []).map(([name, value]) => [name.toLowerCase(), value]));

const sentWith = async (headers: Ask["headers"] = {}, more: Partial<Ask> = {}): Promise<Record<string, string>> => {
  const story = await stage(hello);
  const answer = await story.ask({ body: CHAT, ...more, headers: { ...headers } });
  expect(answer.status).toBe(200);
  return headersOf(story);
};

/** One answer of each kind: from a provider, refused, failed, listed, streamed, found nowhere. */
interface Kind {
  readonly what: string;
  readonly script?: Script;
  readonly ask?: Ask;
  readonly parts?: StageParts;
}

const kinds: readonly Kind[] = [
  { what: "an answer", script: hello },
  { what: "a stream", script: streamed, ask: { body: STREAMED_CHAT } },
  { what: "a stream that breaks off", script: brokenStream(chatEvents({ words: ["a"] }).slice(0, 2)), ask: { body: STREAMED_CHAT } },
  { what: "a provider's refusal", script: failure(400) },
  { what: "a provider that is away", script: hangUp("reset") },
  { what: "a body that is no JSON", ask: { body: "[]" } },
  { what: "a wrong key", ask: { body: CHAT, headers: { authorization: "Bearer wrong" } } },
  { what: "a wrong path", ask: { path: "/v2/nothing", body: CHAT } },
  { what: "a wrong method", ask: { method: "PATCH", body: CHAT } },
  { what: "a wrong model", ask: { body: '{"model":"none"}' } },
  { what: "a list of models", ask: { method: "GET", path: "/v1/models" } },
  { what: "one model", ask: { method: "GET", path: "/v1/models/support-chat" } },
  { what: "a body that is too large", ask: { body: CHAT + " ".repeat(2000) }, parts: { settings: { limits: { bodyBytesMax: 1024 } } } },
];

describe("the request's id", () => {
  it.each(kinds)("that the client sent comes back with $what, and stands in the log", async ({ script, ask, parts }) => {
    const story = await stage(script, parts);
    const answer = await story.ask({ body: CHAT, ...ask, headers: { ...ask?.headers, "x-request-id": "my-id_1.2:3@4=5+6/7~8" } });
    expect(answer.rawHeaders.filter((name) => name.toLowerCase() === "x-request-id")).toHaveLength(1);
    expect(answer.header("x-request-id")).toBe("my-id_1.2:3@4=5+6/7~8");
    expect((await story.gateway.settled(1))[0]).toMatchObject({ id: "my-id_1.2:3@4=5+6/7~8" });
  });

  it.each(kinds)("is made up where the client sent none: $what", async ({ script, ask, parts }) => {
    const story = await stage(script, parts);
    const answer = await story.ask(ask);
    expect(answer.header("x-request-id")).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
    expect((await story.gateway.settled(1))[0]).toMatchObject({ id: answer.header("x-request-id") });
  });

  it.each([
    ["of spaces", "a b"],
    ["with quotes", 'a"b'],
    ["that is too long", "x".repeat(129)],
    ["with markup", "<script>"],
    ["of other alphabets", Buffer.from("ключ").toString("latin1")],
    ["that is empty", ""],
  ])("%s is replaced", async (_, sent) => {
    const story = await stage(hello);
    const answer = await story.ask({ body: CHAT, headers: { "x-request-id": sent } });
    expect(answer.header("x-request-id")).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
    expect(headersOf(story)["x-request-id"]).toBe(answer.header("x-request-id"));
  });

  it("is no one else's", async () => {
    const story = await stage(hello);
    const answers = await Promise.all(Array.from({ length: 50 }, () => story.ask()));
    expect(new Set(answers.map((answer) => answer.header("x-request-id"))).size).toBe(50);
  });

  it("goes on to the provider, and the provider's own comes back under a name that says whose it is", async () => {
    const story = await stage(json(chatCompletion({ text: "hello" }), { headers: { "x-request-id": "req_theirs" } }));
    const answer = await story.ask({ body: CHAT, headers: { "x-request-id": "ours" } });
    expect(headersOf(story)["x-request-id"]).toBe("ours");
    expect([answer.header("x-request-id"), answer.header("x-llmgw-upstream-request-id")]).toEqual(["ours", "req_theirs"]);
  });
});

describe("a trace", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

  it("goes on to the provider with a span of our own, its state untouched, and is named in the log", async () => {
    const story = await stage(hello);
    await story.ask({ body: CHAT, headers: { traceparent, tracestate: "vendor=a:b,other=c" } });
    const sent = headersOf(story);
    expect(sent["traceparent"]).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(sent["traceparent"]).not.toContain("00f067aa0ba902b7");
    expect(sent["tracestate"]).toBe("vendor=a:b,other=c");
    expect((await story.gateway.settled(1))[0]).toMatchObject({ trace_id: traceId });
  });

  it.each(["nonsense", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, `ff-${traceId}-00f067aa0ba902b7-01`, `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`])("of the name %s is not passed on, nor is its state", async (wrong) => {
    const sent = await sentWith({ traceparent: wrong, tracestate: "a=b" });
    expect([sent["traceparent"], sent["tracestate"]]).toEqual([undefined, undefined]);
  });
});

describe("what a provider is told", () => {
  it("is this and nothing else", async () => {
    const story = await stage(hello);
    await story.ask({ body: CHAT, headers: { accept: "application/json", "openai-beta": "assistants=v2", "idempotency-key": "once-1", "x-request-id": "id-1" } });
    expect(headersOf(story)).toEqual({
      "host": `127.0.0.1:${story.provider.port}`,
      "connection": "keep-alive",
      "user-agent": "llm-gateway/test",
      "accept": "application/json",
      "accept-encoding": "identity",
      "authorization": `Bearer ${PROVIDER_KEY}`,
      "content-type": "application/json",
      "content-length": String(CHAT.replace("support-chat", "provider-model").length),
      "openai-beta": "assistants=v2",
      "idempotency-key": "once-1",
      "x-request-id": "id-1",
    });
  });

  const strangers: Readonly<Record<string, string>> = {
    "cookie": "session=1",
    "user-agent": "curl/8",
    "accept-encoding": "gzip, br",
    "accept-language": "de",
    "forwarded": "for=10.0.0.1",
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-host": "internal.example",
    "x-real-ip": "10.0.0.1",
    "via": "1.1 proxy",
    "origin": "https://app.example",
    "referer": "https://app.example/",
    "x-stainless-lang": "js",
    "openai-organization": "org-of-the-caller",
    "openai-project": "project-of-the-caller",
    "x-llmgw-route": "test/chat",
    "x-custom": "1",
    "proxy-authorization": "Basic abc",
    "keep-alive": "timeout=5",
    "te": "trailers",
    "proxy-connection": "keep-alive",
    "x-amz-security-token": "abc",
    "x-goog-api-client": "a",
    "date": "today",
    "range": "bytes=0-1",
    "if-none-match": "x",
    "upgrade-insecure-requests": "1",
  };

  it.each(Object.keys(strangers))("is not the client's %s", async (name) => {
    const sent = await sentWith({ [name]: strangers[name] ?? "" });
    expect(sent[name]).not.toBe(strangers[name]);
    expect(Object.keys(sent).toSorted()).toEqual(["accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent", "x-request-id"]);
  });

  it("is not what the client's connection header names, nor that it upgrades", async () => {
    const sent = await sentWith({ connection: "close, idempotency-key, x-hop", "x-hop": "1", upgrade: "h2c" });
    expect(sent["connection"]).toBe("keep-alive");
    expect([sent["x-hop"], sent["upgrade"]]).toEqual([undefined, undefined]);
  });

  it.each([
    ["authorization", { authorization: `Bearer ${KEY}` }, ""],
    ["authorization in another spelling", { authorization: undefined, Authorization: `bearer  ${KEY}` }, ""],
    ["x-api-key", { authorization: undefined, "x-api-key": KEY }, ""],
    ["x-goog-api-key", { authorization: undefined, "x-goog-api-key": KEY }, ""],
    ["api-key", { authorization: undefined, "api-key": KEY }, ""],
    ["the query", { authorization: undefined }, `?key=${KEY}`],
    ["the query among others", { authorization: undefined }, `?a=1&key=${KEY}&b=2`],
    ["every place at once", { "x-api-key": KEY, "x-goog-api-key": KEY, "api-key": KEY }, `?key=${KEY}&key=${KEY}`],
  ])("is not the caller's key, sent in %s", async (_, headers, query) => {
    const story = await stage(hello);
    const answer = await story.ask({ path: `/v1/chat/completions${query}`, body: CHAT, headers });
    expect(answer.status).toBe(200);
    const [sent] = story.provider.requests;
    expect(sent?.headBytes.toString("latin1")).not.toContain(KEY);
    expect(sent?.header("authorization")).toBe(`Bearer ${PROVIDER_KEY}`);
    expect(sent?.target).toBe(`/v1/chat/completions${query.includes("a=1") ? "?a=1&b=2" : ""}`);
    expect(await story.gateway.logged()).not.toContain(KEY);
  });

  it("holds no key where the provider wants none", async () => {
    const story = await stage(hello, { provider: { auth: { scheme: "none", keys: [] } } });
    await story.ask({ body: CHAT, headers: { "x-api-key": KEY } });
    expect(Object.keys(headersOf(story)).filter((name) => /auth|key/.test(name))).toEqual([]);
  });

  it("has no trailers and no chunks of the client's", async () => {
    const story = await stage(hello);
    const line = story.open(1);
    line.send(postOf("", { "content-length": "" }).replace("content-length: \r\n", "transfer-encoding: chunked\r\ntrailer: x-secret\r\n"));
    line.send(`${CHAT.length.toString(16)}\r\n${CHAT}\r\n0\r\nx-secret: 1\r\n\r\n`);
    await line.until(/hello/);
    expect(headersOf(story)).toMatchObject({ "content-length": String(CHAT.length + 2) });
    expect(story.provider.requests[0]?.wireBody.toString()).not.toContain("secret");
  });
});

describe("what a client is told", () => {
  const theirs: Readonly<Record<string, string>> = {
    "set-cookie": "__cf_bm=abc; path=/; domain=.provider.internal",
    "server": "cloudflare-nginx/1.2",
    "via": "1.1 internal-proxy.provider.internal",
    "x-powered-by": "Express",
    "x-served-by": "pod-7.provider.internal",
    "cf-ray": "8a",
    "alt-svc": 'h3=":443"',
    "strict-transport-security": "max-age=1",
    "openai-organization": "org-of-the-gateway",
    "openai-project": "proj_of-the-gateway",
    "x-litellm-model-api-base": "http://10.1.2.3:8000",
    "x-envoy-upstream-service-time": "7",
    "location": "http://internal/",
    "access-control-allow-origin": "*",
    "www-authenticate": 'Bearer realm="provider.internal"',
    "etag": "x",
    "link": "<http://internal>; rel=x",
    "x-llmgw-route": "forged",
    "x-llmgw-error": "FORGED",
    "keep-alive": "timeout=1",
    "proxy-authenticate": "Basic",
    "trailer": "x",
    "upgrade": "h2c",
  };

  const told = async (script: Script, body = CHAT): Promise<Answer> => (await stage(script)).ask({ body });

  it.each([
    ["an answer", json(chatCompletion({ text: "hello" }), { headers: theirs }), CHAT],
    ["a stream", eventStream(chatEvents({ words: ["a"] }), { headers: theirs }), STREAMED_CHAT],
    ["a refusal", failure(400, "no", { headers: theirs }), CHAT],
  ])("with %s holds nothing of the provider's house", async (_, script, body) => {
    const answer = await told(script, body);
    const names = Object.keys(answer.headers).filter((name) => !["content-length", "transfer-encoding"].includes(name));
    expect(names.toSorted()).toEqual(["connection", "content-type", "date", "x-llmgw-attempts", "x-llmgw-route", "x-llmgw-target", "x-request-id"]);
    expect(answer.rawHeaders.join("\n")).not.toMatch(/internal|cloudflare|FORGED|forged|10\.1\.2\.3|org-of-the-gateway/);
    expect(answer.header("x-llmgw-route")).toBe("test/chat");
  });

  it("are the provider's limits, under names that say whose they are", async () => {
    const limits = { "x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-tokens": "7", "anthropic-ratelimit-tokens-remaining": "3" };
    const answer = await told(json(chatCompletion({ text: "hello" }), { headers: limits }));
    expect(answer.headers).toMatchObject({
      "x-llmgw-upstream-ratelimit-limit-requests": "100",
      "x-llmgw-upstream-ratelimit-remaining-tokens": "7",
      "x-llmgw-upstream-anthropic-ratelimit-tokens-remaining": "3",
    });
    expect(Object.keys(answer.headers).filter((name) => /^(x-ratelimit|anthropic)/.test(name))).toEqual([]);
  });

  it("are how long the provider took and what it calls its model", async () => {
    const answer = await told(json(chatCompletion({ text: "hello" }), { headers: { "openai-processing-ms": "12", "openai-version": "2020-10-01", "openai-model": "m" } }));
    expect(answer.headers).toMatchObject({ "openai-processing-ms": "12", "openai-version": "2020-10-01", "openai-model": "m" });
  });

  it("are route, target and number of attempts, also when the last one failed", async () => {
    const targets = ["first", "second"].map((name, priority) => ({ name, provider: "test/one", model: "m", weight: 1, priority }));
    for (const [script, status] of [[[failure(500), hello], 200], [[failure(500), failure(503)], 503], [[failure(500), hangUp("reset")], 502]] as const) {
      const story = await stage(script, { targets });
      const answer = await story.ask();
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({ "x-llmgw-route": "test/chat", "x-llmgw-target": "second", "x-llmgw-attempts": "2" });
    }
  });

  it("is no target where none was asked", async () => {
    const story = await stage(silence);
    const answer = await story.ask({ body: '{"model":"none"}' });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("x-llmgw-"))).toEqual(["x-llmgw-error"]);
  });

  it("is nothing that the caller could not read in one line", async () => {
    const answer = await told(reply({ headers: { "content-type": "application/json", "x-ratelimit-a": "é\tü" }, body: chatCompletion({ text: "x" }) }));
    expect(answer.status).toBe(200);
    expect(answer.rawHeaders.join("")).not.toMatch(/[\r\n]/);
  });
});

describe("where a provider lives", () => {
  it.each([
    ["away", async () => ({ script: undefined, providers: { one: await deadUrl() } })],
    ["behind a redirect", async () => ({ script: redirect("http://elsewhere.provider.internal/") })],
    ["hanging up", async () => ({ script: hangUp("close") })],
    ["at an address that may not be dialled", async () => ({ script: silence, provider: { network: "public" as const } })],
    ["behind a name that may not be dialled", async () => ({ script: silence, providers: { one: "http://localhost:1/v1" }, provider: { network: "public" as const } })],
  ])("is not told when it is %s", async (_, make) => {
    const { script, ...more } = await make();
    const story = await stage(script, more);
    const answer = await story.ask();
    expect(answer.status).toBe(502);
    expect(answer.text + answer.rawHeaders.join("\n")).not.toMatch(/127\.0\.0\.1|localhost|invalid\b(?!_)|internal|::1|:\d{4,5}\b|ENOTFOUND \w/);
  });
});

describe("the environment of the process", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is in no request, no answer and no error, and leads nobody elsewhere", async () => {
    const elsewhere = await deadUrl();
    for (const name of ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "NODE_USE_ENV_PROXY"]) vi.stubEnv(name, elsewhere);
    vi.stubEnv("OPENAI_API_KEY", "sk-environment-0123456789");
    vi.stubEnv("OPENAI_BASE_URL", "http://environment.internal/v1");
    vi.stubEnv("OPENAI_ORG_ID", "org-environment");
    const story = await stage([hello, failure(500), hangUp("reset")]);
    const answers = [await story.ask(), await story.ask(), await story.ask(), await story.ask({ body: "{" })];
    expect(answers.map(({ status }) => status)).toEqual([200, 500, 502, 400]);
    const seen = [...answers.map((answer) => answer.rawHeaders.join("\n") + answer.text), ...story.provider.requests.map(({ headBytes, body }) => headBytes.toString() + body.toString()), await story.gateway.logged()].join("\n");
    const values = Object.values(process.env).filter((value): value is string => value !== undefined && value.length >= 10 && value !== "llm-gateway");
    expect(values.filter((value) => seen.includes(value))).toEqual([]);
  });
});
