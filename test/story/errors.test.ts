// Every code of the catalogue, raised through the real server by a client or a provider that does what the code is for.
import { describe, expect, it, vi } from "vitest";
import { catalogue, type ErrorCode } from "../../dataplane/errors.ts";
import { authority, certificateOf, HOUR_MS, swapped } from "../doubles/certificate.ts";
import { fakeClock } from "../doubles/clock.ts";
import { KEY, startGateway, timeouts, type Parts } from "../doubles/gateway.ts";
import { dataEvent } from "../doubles/provider-bytes.ts";
import { echoedKey, empty, eventStream, hangUp, html, json, redirect, silence, truncated } from "../doubles/provider-replies.ts";
import { deadUrl, type Script } from "../doubles/provider.ts";
import { Answer, ask, CHAT, headOf, Line, stage, STREAMED_CHAT, type Ask, type StageParts } from "./caller.ts";

/** What the client saw, and what was logged: nothing where no request was made of it. */
interface Seen {
  readonly answer: Answer | null;
  readonly logged: string;
}

const seen = async (script: Script | undefined, what: Ask, parts: StageParts = {}): Promise<Seen> => {
  const story = await stage(script, parts);
  const answer = await story.ask(what);
  const [line] = await story.gateway.settled(1);
  return { answer, logged: String(line?.["error"]) };
};

const chat = (script: Script | undefined, parts: StageParts = {}, body = CHAT): Promise<Seen> => seen(script, { body }, parts);
const refused = (what: Ask, parts: StageParts = {}): Promise<Seen> => seen(silence, what, parts);
const page = (status: number) => ({ status, headers: { "content-type": "text/html" }, body: "<html>" });

/** Something that the HTTP parser or its clock refuses. */
const unreadable = async (sent: string, requestTimeoutMs?: number, parts: Partial<Parts> = {}): Promise<Seen> => {
  const gateway = await startGateway({ providers: {}, ...parts }, undefined, undefined, requestTimeoutMs);
  const line = new Line(gateway.port);
  try {
    line.send(sent);
    await line.closed;
    const [head = "", body = ""] = line.text.split("\r\n\r\n");
    const [status = "", ...headers] = head.split("\r\n");
    const pairs = headers.map((header) => header.split(": "));
    return { answer: new Answer(Number(status.split(" ")[1]), Object.fromEntries(pairs), pairs.flat(), Buffer.from(body)), logged: "" };
  } finally {
    line.socket.destroy();
    await gateway.close();
  }
};

/** A request whose provider goes so far and no further, until a clock has run out. */
const late = async (how: "silent" | "head" | "beginning", ms: number, parts: StageParts = {}): Promise<Seen> => {
  const clock = fakeClock();
  const story = await stage(undefined, { clock, ...parts });
  const answer = story.ask({ body: STREAMED_CHAT });
  const exchange = await story.provider.next();
  await exchange.received;
  if (how !== "silent") await exchange.sendHead({ headers: { "content-type": how === "head" ? "text/event-stream" : "application/json" } });
  if (how === "beginning") await exchange.sendChunk('{"choices":');
  clock.advance(ms);
  await exchange.gone;
  const [line] = await story.gateway.settled(1);
  return { answer: await answer, logged: String(line?.["error"]) };
};

const lateConnection = async (): Promise<Seen> => {
  const clock = fakeClock();
  const silent = await stage(silence);
  const story = await stage(undefined, { clock, providers: { one: silent.provider.url.replace("http:", "https:") } });
  const answer = story.ask();
  while (silent.provider.connections.opened === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(timeouts.connectMs + 100);
  const [line] = await story.gateway.settled(1);
  return { answer: await answer, logged: String(line?.["error"]) };
};

const left = async (): Promise<Seen> => {
  const story = await stage(silence);
  const line = story.open(1);
  line.send(`${headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": 100 })}{"model":`);
  while (story.gateway.server.openRequests() === 0) await new Promise((resolve) => setImmediate(resolve));
  line.socket.resetAndDestroy();
  const [settled] = await story.gateway.settled(1);
  return { answer: null, logged: String(settled?.["error"]) };
};

const crowded = async (): Promise<Seen> => {
  const story = await stage(silence, { settings: { limits: { concurrentRequestsMax: 1 } } });
  const line = story.open(1);
  line.send(headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": CHAT.length }) + CHAT);
  await story.provider.received(1);
  const answer = await story.ask();
  const [settled] = await story.gateway.settled(1);
  return { answer, logged: String(settled?.["error"]) };
};

// A name that is never resolved: connections to it are under way for ever and cost no socket.
vi.mock("node:dns/promises", () => ({ lookup: () => new Promise(() => {}) }));

/** As many requests at once as a provider's connections and the queue behind them take: pipelined, so that they cost the client one socket. */
const busy = async (): Promise<Seen> => {
  const most = 2048 + 1024;
  const story = await stage(silence, { providers: { one: "http://far-away.example/v1" } });
  const line = story.open(most);
  line.send((headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": CHAT.length }) + CHAT).repeat(most));
  while (story.gateway.server.openRequests() < most) await new Promise((resolve) => setImmediate(resolve));
  const answer = await story.ask();
  const [settled] = await story.gateway.settled(1);
  return { answer, logged: String(settled?.["error"]) };
};

const unconfigured = async (): Promise<Seen> => {
  const gateway = await startGateway(null);
  try {
    const answer = await ask(gateway.url, { body: CHAT });
    const [line] = await gateway.settled(1);
    return { answer, logged: String(line?.["error"]) };
  } finally {
    await gateway.close();
  }
};

const form = { path: "/v1/audio/transcriptions", headers: { "content-type": "multipart/form-data; boundary=b" } };
const twoTargets = ["a", "b"].map((name) => ({ name, provider: "test/one", weight: 1, priority: 0 }));

const PICTURE_CHAT = JSON.stringify({ model: "support-chat", messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://127.0.0.1:1/cat.png" } }] }] });

const provoke: Readonly<Record<ErrorCode, () => Promise<Seen>>> = {
  ACCEPT_BAD_REQUEST: () => unreadable("NONSENSE\r\n\r\n"),
  ACCEPT_PLAIN_HTTP: async () => unreadable(headOf("GET", "/v1/models"), undefined, { certificate: swapped(await certificateOf(await authority(), Date.now() + HOUR_MS)) }),
  ACCEPT_TIMEOUT: () => unreadable("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n", 20),
  ACCEPT_LENGTH_MISMATCH: left,
  ACCEPT_BODY_TOO_LARGE: () => refused({ body: `{"x":"${"y".repeat(2000)}"}` }, { settings: { limits: { bodyBytesMax: 1024 } } }),
  ACCEPT_HEADERS_TOO_LARGE: () => refused({ body: CHAT, headers: { "x-long": "y".repeat(70_000) } }),
  ACCEPT_CONTENT_TYPE: () => refused({ body: CHAT, headers: { "content-type": "text/plain" } }),
  ACCEPT_CONTENT_ENCODING: () => refused({ body: CHAT, headers: { "content-encoding": "gzip" } }),
  ACCEPT_METHOD: () => refused({ method: "PUT", body: CHAT }),
  ACCEPT_EXPECTATION: () => refused({ body: CHAT, headers: { expect: "200-ok" } }),
  ACCEPT_NO_ENDPOINT: () => refused({ path: "/v1/nowhere", body: CHAT }),
  AUTH_MISSING: () => refused({ body: CHAT, headers: { authorization: undefined } }),
  AUTH_INVALID: () => refused({ body: CHAT, headers: { authorization: "Bearer sk-unknown" } }),
  AUTH_EXPIRED: () => refused({ body: CHAT }, { callers: { [KEY]: { expiresAt: 1 } } }),
  REQUEST_INVALID_JSON: () => refused({ body: "{" }),
  REQUEST_INVALID_MULTIPART: () => refused({ ...form, body: "--b\r\n\r\nx\r\n--b--\r\n" }),
  REQUEST_MODEL_MISSING: () => refused({ body: "{}" }),
  REQUEST_MODEL_INVALID: () => refused({ body: '{"model":7}' }),
  REQUEST_INVALID: () => refused({ body: '{"model":"support-chat","messages":"hello"}' }, { provider: { type: "anthropic-compatible" } }),
  REQUEST_NOT_EXPRESSIBLE: () => refused({ body: '{"model":"support-chat","n":2,"messages":[{"role":"user","content":"hello"}]}' }, { provider: { type: "anthropic-compatible" } }),
  REQUEST_NOT_ANSWERABLE: () => refused({ path: "/v1/embeddings", body: '{"model":"support-chat","input":[1,2]}' }, { provider: { protocols: ["cohere"] } }),
  REQUEST_MEDIA_UNREACHABLE: () => refused({ body: PICTURE_CHAT }, { provider: { protocols: ["bedrock-converse"] } }),
  ROUTE_FORBIDDEN: () => refused({ body: CHAT }, { routes: { chat: { access: { teams: ["others"] } } } }),
  ROUTE_MODEL_NOT_FOUND: () => refused({ body: '{"model":"suport-chat"}' }),
  ROUTE_NO_PROVIDER: () => refused({ method: "GET", path: "/v1/files" }, { provider: { protocols: ["openai-chat"] } }),
  ROUTE_NO_TARGET: () => refused({ body: CHAT }, { provider: { protocols: ["embeddings"] } }),
  ADMIT_OVERLOADED: crowded,
  ADMIT_NO_SNAPSHOT: unconfigured,
  UPSTREAM_CONNECT: async () => chat(undefined, { providers: { one: await deadUrl() } }),
  UPSTREAM_ADDRESS_REFUSED: () => chat(silence, { provider: { network: "public" } }),
  UPSTREAM_RESET: () => chat(hangUp("reset")),
  UPSTREAM_INVALID: () => chat(html()),
  UPSTREAM_REDIRECT: () => chat(redirect("https://example.com/")),
  UPSTREAM_CREDENTIAL: () => chat(echoedKey(401)),
  UPSTREAM_CREDENTIAL_UNAVAILABLE: () => chat(silence, { provider: { auth: { scheme: "oauth", tokenUrl: "http://127.0.0.1:1/token", clientId: "a", credential: "test/key", scopes: [], sendSecretIn: "header" } } }),
  UPSTREAM_TRUNCATED: () => chat(truncated('{"choices":[]}', 5)),
  UPSTREAM_STREAM_ERROR: () => chat(eventStream([dataEvent({ error: { message: "no more" } })]), {}, STREAMED_CHAT),
  UPSTREAM_EVENT_TOO_LARGE: () => chat(eventStream([dataEvent({ x: "y".repeat(5000) })]), { settings: { limits: { sseEventBytesMax: 4096 } } }, STREAMED_CHAT),
  UPSTREAM_RATE_LIMITED: () => chat(json("", page(429))),
  UPSTREAM_UNAVAILABLE: () => chat(json("", page(502))),
  UPSTREAM_REJECTED: () => chat(empty(400)),
  UPSTREAM_BUSY: busy,
  TIMEOUT_CONNECT: lateConnection,
  TIMEOUT_HEADERS: () => late("silent", timeouts.headersMs + 100),
  TIMEOUT_FIRST_TOKEN: () => late("head", timeouts.firstTokenMs + 100, { settings: { stream: { headHoldMs: 60_000 } } }),
  TIMEOUT_IDLE: () => late("beginning", timeouts.idleMs + 100),
  TIMEOUT_TOTAL: () => late("silent", 1100, { routes: { chat: { timeouts: { totalMs: 1000 } } } }),
  INTERNAL: () => chat(silence, { targets: twoTargets, random: () => { throw new Error("no luck: sk-secret"); } }),
};

describe("the catalogue of errors", () => {
  it("is what this table provokes, code by code", () => {
    expect(Object.keys(provoke)).toEqual(Object.keys(catalogue));
  });

  it.each(Object.keys(catalogue) as ErrorCode[])("%s is raised, told and logged", async (code) => {
    const { answer, logged } = await provoke[code]();
    const isNoRequest = code === "ACCEPT_BAD_REQUEST" || code === "ACCEPT_PLAIN_HTTP" || code === "ACCEPT_TIMEOUT";
    expect(logged).toBe(isNoRequest ? "" : code);
    if (code === "ACCEPT_LENGTH_MISMATCH") return expect(answer).toBeNull();
    expect(answer?.status).toBe(catalogue[code].status);
    expect(answer?.header("content-type")).toBe("application/json");
    expect(answer?.header("x-request-id")).toMatch(/^[\w.:@=+/~-]{1,128}$/);
    expect(Object.keys(answer?.json as object)).toEqual(["error"]);
    expect(answer?.error).toEqual({ message: expect.stringMatching(/^[A-Z"].{20,}[^{}]$/s), type: expect.stringMatching(/^[a-z_]+$/), param: answer?.error.param ?? null, code });
    expect(answer?.text).not.toMatch(/sk-|127\.0\.0\.1|localhost|node:|Error:|Unexpected token|FST_/);
  });
});
