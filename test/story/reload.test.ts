// A new snapshot while traffic flows: what is open finishes on the old one, what comes next sees the new one, nothing is lost.
import { describe, expect, it, onTestFinished } from "vitest";
import { KEY, snapshotOf, startGateway, type Parts } from "../doubles/gateway.ts";
import { chatCompletion, chatEvents } from "../doubles/provider-bytes.ts";
import { bodyOf, json } from "../doubles/provider-replies.ts";
import { startProvider, type Behaviour, type Provider, type Script } from "../doubles/provider.ts";
import { ask, CHAT, headOf, postOf, stage, STREAMED_CHAT } from "./caller.ts";

const answering = (text: string) => json(chatCompletion({ text }));
const events = chatEvents({ words: ["one ", "two "], usage: { input: 1, output: 2 } });

const gated = (gate: Promise<void>): Behaviour => async (exchange) => {
  await bodyOf(exchange);
  await exchange.sendHead({ headers: { "content-type": "text/event-stream" } });
  for (const event of events.slice(0, 2)) await exchange.sendChunk(event);
  await gate;
  for (const event of events.slice(2)) await exchange.sendChunk(event);
  await exchange.end();
};

const providing = async (script: Script): Promise<Provider> => {
  const provider = await startProvider(script);
  onTestFinished(() => provider.close());
  return provider;
};

const at = (provider: Provider, more: Partial<Parts> = {}): Parts => ({ providers: { one: `${provider.url}/v1` }, ...more });

describe("a new snapshot", () => {
  it("is for what comes next; streams that are open finish where they began", async () => {
    const gate = Promise.withResolvers<void>();
    const next = await providing(answering("from the new one"));
    const story = await stage(gated(gate.promise));
    const lines = Array.from({ length: 20 }, () => story.open(1).send(postOf(STREAMED_CHAT)));
    await Promise.all(lines.map((line) => line.until(/one /)));
    story.gateway.apply(at(next));
    expect((await story.ask()).text).toContain("from the new one");
    gate.resolve();
    await Promise.all(lines.map((line) => line.until(/two [^]*data: \[DONE\]\n\n\r\n0\r\n\r\n$/)));
    expect([story.provider.requests.length, next.requests.length]).toEqual([20, 1]);
    // The connections to a provider that nobody leads to any more end by themselves.
    await story.provider.idle();
  });

  it("does not end the streams of a caller who is gone from it", async () => {
    const gate = Promise.withResolvers<void>();
    const story = await stage(gated(gate.promise));
    const line = story.open(1).send(postOf(STREAMED_CHAT));
    await line.until(/one /);
    story.gateway.apply(at(story.provider, { callers: { "sk-somebody-else-123456": {} } }));
    expect((await story.ask()).status).toBe(401);
    gate.resolve();
    await line.until(/\[DONE\]/);
  });

  it("is not for a request whose body is still coming: it keeps what it began with", async () => {
    const next = await providing(answering("from the new one"));
    const story = await stage(answering("from the old one"));
    const line = story.open(1);
    line.send(headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": CHAT.length })).send(CHAT.slice(0, 20));
    while (story.gateway.server.openRequests() === 0) await new Promise((resolve) => setImmediate(resolve));
    story.gateway.apply(at(next));
    line.send(CHAT.slice(20));
    await line.until(/from the old one/);
  });

  it("is not for a request that is between two attempts: it goes on with the old plan", async () => {
    const second = await providing(answering("from the old second"));
    const next = await providing(answering("from the new one"));
    const story = await stage(undefined);
    story.gateway.apply({ providers: { one: `${story.provider.url}/v1`, two: `${second.url}/v1` } });
    const asked = story.ask();
    const exchange = await story.provider.next();
    story.gateway.apply(at(next));
    exchange.reset();
    const answer = await asked;
    expect([answer.header("x-llmgw-target"), answer.status]).toEqual(["two", 200]);
    expect(answer.text).toContain("from the old second");
  });

  it("keeps the connections to providers that it shares with the old one", async () => {
    const story = await stage(answering("hello"));
    for (let edit = 0; edit < 10; edit++) {
      expect((await story.ask()).status).toBe(200);
      story.gateway.apply(at(story.provider, { routes: { chat: {}, [`more-${edit}`]: { models: [{ match: "exact", name: `more-${edit}` }] } } }));
    }
    expect(story.provider.connections.opened).toBe(1);
  });

  it("that takes a target away and brings it back loses nothing", async () => {
    const other = await providing(answering("other"));
    const story = await stage(answering("hello"));
    for (let edit = 0; edit < 6; edit++) {
      expect((await story.ask()).status).toBe(200);
      story.gateway.apply(at(edit % 2 === 0 ? other : story.provider));
    }
  });
});

describe("a snapshot that is refused", () => {
  it("leaves the old one in force, names what is wrong, and costs nobody anything", async () => {
    const gate = Promise.withResolvers<void>();
    const story = await stage(gated(gate.promise));
    const line = story.open(1).send(postOf(STREAMED_CHAT));
    await line.until(/one /);
    const { version } = story.gateway.server;
    const problems = story.gateway.server.apply(snapshotOf({ providers: {}, routes: {}, settings: { privateRanges: ["not a range"] } }), "sha256:broken");
    expect(problems).toMatchObject([{ object: "settings", path: "privateRanges", message: expect.stringContaining("not a range") }]);
    expect([story.gateway.server.version, story.gateway.server.isReady()]).toEqual([version, true]);
    expect(Object.keys(story.gateway.server.snapshot()?.providers ?? {})).toEqual(["test/one"]);
    gate.resolve();
    await line.until(/\[DONE\]/);
    story.provider.use(answering("still here"));
    expect((await story.ask()).text).toContain("still here");
  });
});

describe("before the first snapshot", () => {
  it("nothing is ready and everybody is told to come back; the first one changes that", async () => {
    const provider = await providing(answering("hello"));
    const gateway = await startGateway(null);
    onTestFinished(() => gateway.close());
    expect([gateway.server.isReady(), gateway.server.version]).toEqual([false, ""]);
    const early = [await ask(gateway.url, { body: CHAT }), await ask(gateway.url, { method: "GET", path: "/v1/models" })];
    for (const answer of early) expect([answer.status, answer.error.code, answer.header("retry-after")]).toEqual([503, "ADMIT_NO_SNAPSHOT", "1"]);
    gateway.apply(at(provider));
    expect((await ask(gateway.url, { body: CHAT })).status).toBe(200);
    expect(await gateway.settled(3)).toMatchObject([{ status: 503 }, { status: 503 }, { status: 200 }]);
  });
});

describe("edits under a burst of requests", () => {
  it("lose none: each of 800 is answered in full by the one provider or the other", async () => {
    const other = await providing(answering("right"));
    const story = await stage(answering("left"));
    const answers: string[] = [];
    const burst = async (): Promise<void> => {
      const line = story.open(40);
      for (let index = 1; index <= 40; index++) {
        await line.send(postOf(CHAT)).until(new RegExp(`(?:HTTP/1.1 200 [^]*?(?:left|right)[^]*?\\}$)`));
        answers.push(line.take());
      }
    };
    let isOver = false;
    const bursts = Promise.all(Array.from({ length: 20 }, burst)).then(() => {
      isOver = true;
    });
    let edits = 0;
    while (!isOver) {
      edits++;
      const places = edits % 3 === 0 ? { one: `${other.url}/v1`, two: `${story.provider.url}/v1` } : { one: `${edits % 3 === 1 ? other.url : story.provider.url}/v1` };
      story.gateway.apply({ providers: places, callers: { [KEY]: {}, [`sk-edit-${edits}-0123456789`]: {} } });
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    await bursts;
    expect(edits).toBeGreaterThan(10);
    expect(answers).toHaveLength(800);
    expect(answers.every((text) => text.startsWith("HTTP/1.1 200 "))).toBe(true);
    const lines = await story.gateway.settled(800);
    expect(new Set(lines.map((line) => `${String(line["status"])} ${String(line["error"])} ${String(line["aborted"])}`))).toEqual(new Set(["200  false"]));
    expect(story.provider.requests.length + other.requests.length).toBe(800);
    expect(Math.min(story.provider.requests.length, other.requests.length)).toBeGreaterThan(0);
  });

  it("lose no stream either", async () => {
    const story = await stage(gated(Promise.resolve()));
    const other = await providing(gated(Promise.resolve()));
    const streams = Array.from({ length: 100 }, async (_, index) => {
      const line = story.open(1).send(postOf(STREAMED_CHAT));
      story.gateway.apply(at(index % 2 === 0 ? other : story.provider));
      return line.until(/data: \[DONE\]\n\n\r\n0\r\n\r\n$/);
    });
    for (const text of await Promise.all(streams)) expect(text.match(/"content":"(?:one |two )"/g)).toHaveLength(2);
  });
});
