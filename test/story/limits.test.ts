// Everything has a limit: what is within it passes, what is beyond it is refused in time and costs nobody else anything.
import { describe, expect, it } from "vitest";
import type { Settings } from "../../dataplane/snapshot/schema.ts";
import { fakeClock } from "../doubles/clock.ts";
import { chatCompletion, chatEvents, dataEvent } from "../doubles/provider-bytes.ts";
import { eventStream, json, silence } from "../doubles/provider-replies.ts";
import { CHAT, headOf, postOf, stage, STREAMED_CHAT, type StageParts } from "./caller.ts";

const hello = json(chatCompletion({ text: "hello" }));
const limited = (limits: Partial<Settings["limits"]>): StageParts => ({ settings: { limits } });

describe("headers", () => {
  /** A request of exactly so many header lines, with the last one so long. */
  const withHeaders = (count: number, length = 1): string => {
    const usual = 4;
    const more = Object.fromEntries(Array.from({ length: count - usual }, (_, index) => [`x-${index}`, "v".repeat(index === 0 ? length : 1)]));
    return postOf(CHAT, more);
  };

  it.each([[50, 200], [51, 431]])("%s of them, where 50 are the limit, get %s", async (count, status) => {
    const story = await stage(hello, limited({ headerCountMax: 50 }));
    const line = story.open(1);
    await line.send(withHeaders(count)).until(/\}$/);
    expect(line.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(line.text.includes("ACCEPT_HEADERS_TOO_LARGE")).toBe(status === 431);
    expect(line.text.includes("(50 headers)")).toBe(status === 431);
  });

  it.each([[2000, 200], [4096, 431]])("of %s bytes in one, where 4096 in all are the limit, get %s", async (length, status) => {
    const story = await stage(hello, limited({ headerBytesMax: 4096 }));
    const line = story.open(1);
    await line.send(withHeaders(6, length)).until(/\}$/);
    expect(line.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it("beyond what is even read are refused, and the connection ends", async () => {
    const story = await stage(silence);
    const line = story.open(0);
    line.send(`POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(1_100_000)}`);
    await line.closed;
    expect(line.text).toMatch(/^HTTP\/1.1 431 [^]*ACCEPT_HEADERS_TOO_LARGE/);
  });

  it("that are refused leave the connection to the next request", async () => {
    const story = await stage(hello, limited({ headerCountMax: 50 }));
    const line = story.open(2);
    await line.send(withHeaders(60)).until(/ACCEPT_HEADERS_TOO_LARGE[^]*\}$/);
    expect(await line.send(postOf(CHAT)).until(/hello/)).toContain("HTTP/1.1 200 ");
  });
});

describe("bodies", () => {
  const bodyOf = (length: number): string => CHAT.replace("hi", "h".repeat(length - CHAT.length + 2));

  it.each([[2000, 200], [2001, 413]])("of %s bytes, where 2000 are the limit, get %s", async (length, status) => {
    for (const how of ["announced", "in chunks"] as const) {
      const story = await stage(hello, limited({ bodyBytesMax: 2000 }));
      const body = bodyOf(length);
      const answer = await story.ask(how === "announced" ? { body } : { chunks: [body.slice(0, 1000), body.slice(1000)] });
      expect(answer.status).toBe(status);
      expect(story.provider.requests).toHaveLength(status === 200 ? 1 : 0);
      if (status === 413) expect(answer.error).toMatchObject({ code: "ACCEPT_BODY_TOO_LARGE", message: expect.stringContaining("limits.bodyBytes") });
    }
  });

  it("that are announced too large are refused before they come", async () => {
    const story = await stage(silence, limited({ bodyBytesMax: 2000 }));
    const line = story.open(1);
    line.send(headOf("POST", "/v1/chat/completions", { "content-type": "application/json", "content-length": 1_000_000 }));
    expect(await line.until(/ACCEPT_BODY_TOO_LARGE/)).toMatch(/^HTTP\/1.1 413 /);
  });

  it("that are refused are let by, so that the connection serves the next request", async () => {
    const story = await stage(hello, limited({ bodyBytesMax: 2000 }));
    const line = story.open(2);
    line.send(postOf(bodyOf(500_000)));
    await line.until(/ACCEPT_BODY_TOO_LARGE/);
    await line.send(postOf(CHAT)).until(/hello/);
  });

  it("that do not say their length and are refused still let the client read why", async () => {
    const story = await stage(hello, limited({ bodyBytesMax: 2000 }));
    const answers = await Promise.all(Array.from({ length: 10 }, () => story.ask({ chunks: Array.from({ length: 40 }, () => " ".repeat(20_000)) })));
    expect(answers.map((answer) => answer.error.code)).toEqual(Array.from({ length: 10 }, () => "ACCEPT_BODY_TOO_LARGE"));
  });

  it("of clients without a key are refused without being kept, and let by", async () => {
    const story = await stage(hello);
    const line = story.open(2);
    line.send(postOf(bodyOf(500_000), { authorization: "Bearer wrong" }));
    await line.until(/AUTH_INVALID/);
    await line.send(postOf(CHAT)).until(/hello/);
  });
});

describe("requests at once", () => {
  it("are refused beyond the limit with a hint when to come back, and taken again once there is room", async () => {
    const story = await stage(undefined, limited({ concurrentRequestsMax: 2 }));
    const first = story.ask();
    const second = story.ask();
    const exchanges = [await story.provider.next(), await story.provider.next()];
    const refused = await Promise.all([story.ask(), story.ask()]);
    for (const answer of refused) expect([answer.status, answer.error.code, answer.header("retry-after")]).toEqual([503, "ADMIT_OVERLOADED", "1"]);
    expect(refused[0]?.error.message).toContain("too many requests at once");
    for (const exchange of exchanges) await hello(exchange);
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    await story.gateway.settled(4);
    story.provider.use(hello);
    expect((await story.ask()).status).toBe(200);
  });

  it("do not count those that were refused", async () => {
    const story = await stage(hello, limited({ concurrentRequestsMax: 1 }));
    for (let index = 0; index < 20; index++) expect((await story.ask({ body: "[]" })).status).toBe(400);
    expect((await story.ask()).status).toBe(200);
  });

  it("do not count those whose client left", async () => {
    const story = await stage(undefined, limited({ concurrentRequestsMax: 1 }));
    const line = story.open(1);
    line.send(postOf(CHAT));
    const exchange = await story.provider.next();
    line.socket.resetAndDestroy();
    await exchange.gone;
    await story.gateway.settled(1);
    story.provider.use(hello);
    expect((await story.ask()).status).toBe(200);
  });

  it("that are only for the list of models are answered all the same", async () => {
    const story = await stage(undefined, limited({ concurrentRequestsMax: 1 }));
    const first = story.ask();
    const exchange = await story.provider.next();
    expect((await story.ask({ method: "GET", path: "/v1/models" })).status).toBe(200);
    await hello(exchange);
    expect((await first).status).toBe(200);
  });
});

describe("a process whose event loop is late", () => {
  /** A clock whose time can pass without anything that was due having run. */
  const lateClock = () => {
    const clock = fakeClock();
    let lateMs = 0;
    return {
      clock: { now: clock.now, tick: () => clock.tick() + lateMs, after: clock.after, sleep: clock.sleep },
      stall: (ms: number) => void (lateMs += ms),
      run: (ms: number) => clock.advance(ms),
    };
  };

  it("refuses with a hint when to come back, and takes requests again once it keeps up", async () => {
    const { clock, stall, run } = lateClock();
    const story = await stage(hello, { clock, ...limited({ eventLoopLagMsMax: 1000 }) });
    expect((await story.ask()).status).toBe(200);
    stall(1040);
    expect((await story.ask()).status).toBe(200);
    stall(20);
    const refused = await story.ask();
    expect([refused.status, refused.error.code, refused.header("retry-after")]).toEqual([503, "ADMIT_OVERLOADED", "1"]);
    expect(refused.error.message).toContain("event loop is late");
    run(50);
    expect((await story.ask()).status).toBe(503);
    run(50);
    expect((await story.ask()).status).toBe(200);
    expect(story.provider.requests).toHaveLength(3);
  });

  it("takes everything where no limit is set", async () => {
    const { clock, stall } = lateClock();
    const story = await stage(hello, { clock, ...limited({ eventLoopLagMsMax: 0 }) });
    expect((await story.ask()).status).toBe(200);
    stall(100_000);
    expect((await story.ask()).status).toBe(200);
  });
});

describe("an event of a stream", () => {
  const events = (length: number): Buffer[] => [...chatEvents({ words: ["a"] }).slice(0, 2), dataEvent({ choices: [], x: "y".repeat(length) }), Buffer.from("data: [DONE]\n\n")];

  it("within the limit passes", async () => {
    const story = await stage(eventStream(events(3900)), limited({ sseEventBytesMax: 4096 }));
    const answer = await story.ask({ body: STREAMED_CHAT });
    expect(answer.body.equals(Buffer.concat(events(3900)))).toBe(true);
  });

  it.each(["whole", "in small pieces", "without end"])("beyond it, sent %s, ends the stream with an error and without the terminator", async (how) => {
    const [first, second, large, done] = events(6000) as [Buffer, Buffer, Buffer, Buffer];
    const pieces = how === "in small pieces" ? Array.from({ length: Math.ceil(large.length / 500) }, (_, index) => large.subarray(index * 500, index * 500 + 500)) : [large];
    const endless = Array.from({ length: 20 }, () => `data: ${"y".repeat(500)}`);
    const story = await stage(eventStream([first, second, ...(how === "without end" ? endless : [...pieces, done])]), limited({ sseEventBytesMax: 4096 }));
    const answer = await story.ask({ body: STREAMED_CHAT });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("UPSTREAM_EVENT_TOO_LARGE");
    expect(answer.text).not.toContain("[DONE]");
    expect(await story.gateway.settled(1)).toMatchObject([{ error: "UPSTREAM_EVENT_TOO_LARGE", status: 200 }]);
  });
});
