// How a stream may end, and what the client is told of it: only what really was finished may look finished.
import { describe, expect, it } from "vitest";
import { dataEvent, openaiError } from "../doubles/provider-bytes.ts";
import { brokenStream, eventStream, headThen, json, raw, truncated } from "../doubles/provider-replies.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { CHAT, post, STREAMED } from "./clients-bare.ts";
import { chat, errorsIn, eventsIn, protocols, responses, type Spoken, uncounted } from "./streams-protocols.ts";
import { openScene } from "./streams-scene.ts";

const WORDS = ["Hello", ", ", "wörld"];
const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };

/** All that a provider sent before it left without a word. */
const begun = (spoken: Spoken): Buffer[] => spoken.events({ words: WORDS, isFinished: false });
const whole = (spoken: Spoken): Buffer => Buffer.concat(spoken.events({ words: WORDS, usage: { input: 7, output: 3 } }));

const cuts: readonly (readonly [how: string, cut: (spoken: Spoken) => Behaviour])[] = [
  ["breaks off inside its chunks with a FIN", (spoken) => brokenStream(begun(spoken))],
  ["breaks off inside its chunks with a RST", (spoken) => brokenStream(begun(spoken), "reset")],
  ["ends before its content-length with a FIN", (spoken) => truncated(whole(spoken), Buffer.concat(begun(spoken)).length, "close", EVENT_STREAM)],
  ["ends before its content-length with a RST", (spoken) => truncated(whole(spoken), Buffer.concat(begun(spoken)).length, "reset", EVENT_STREAM)],
  ["ends well but never said that it was finished", (spoken) => eventStream(begun(spoken))],
  ["has no length, is not finished, and its connection closes", (spoken) => eventStream(begun(spoken), { framing: "close" })],
];

describe.each(protocols)("a truncated stream of $name", (spoken) => {
  it.each(cuts)("that %s is told as an error and never as an end", async (_, cut) => {
    const scene = await openScene(cut(spoken));
    const reply = await scene.ask(spoken.body, spoken);
    expect(reply.status).toBe(200);
    const sent = Buffer.concat(begun(spoken)).toString();
    expect(reply.text.slice(0, sent.length)).toBe(sent);
    expect(errorsIn(spoken, reply.text).map(({ code }) => code)).toContain("UPSTREAM_TRUNCATED");
    expect(reply.text).not.toContain(spoken.terminator);
    expect(reply.isWhole, "the client's own framing ends well, so that it reads the error").toBe(true);
    const [line] = await scene.over(1);
    expect(line).toMatchObject({ status: 200, error: "UPSTREAM_TRUNCATED", usage_estimated: true, aborted: false });
    expect(line?.["output_tokens"]).toBeGreaterThan(0);
  });

  it("that breaks off inside an event closes the half event before it tells the error", async () => {
    const bytes = whole(spoken);
    const scene = await openScene(truncated(bytes, bytes.indexOf("wörld") + 2, "close", EVENT_STREAM));
    const reply = await scene.ask(spoken.body, spoken);
    expect(errorsIn(spoken, reply.text).map(({ code }) => code)).toContain("UPSTREAM_TRUNCATED");
    expect(reply.text).not.toContain(spoken.terminator);
    await scene.over(1);
  });

  it("leaves the client's connection good for the next request", async () => {
    const bytes = whole(spoken);
    const scene = await openScene([truncated(bytes, bytes.indexOf("wörld"), "close", EVENT_STREAM), eventStream([bytes])]);
    const client = scene.client().send(post(spoken.body, spoken));
    const broken = await client.reply(0);
    expect(errorsIn(spoken, broken.text)).not.toEqual([]);
    const next = await client.send(post(spoken.body, spoken)).reply(1);
    expect(next.text).toBe(uncounted(bytes).toString());
    client.leave();
    expect((await scene.over(2)).map((line) => line["error"])).toEqual(["UPSTREAM_TRUNCATED", ""]);
  });
});

describe.each(protocols)("a finished stream of $name", (spoken) => {
  const endings: readonly (readonly [how: string, ending: (bytes: Buffer) => Behaviour])[] = [
    ["a FIN inside its chunks", (bytes) => brokenStream([bytes])],
    ["a RST", (bytes) => brokenStream([bytes], "reset")],
    ["an end before its content-length", (bytes) => truncated(Buffer.concat([bytes, Buffer.from("\n\n\n\n")]), bytes.length, "close", EVENT_STREAM)],
  ];

  it.each(endings)("stays finished when %s follows its terminator", async (_, ending) => {
    const bytes = whole(spoken);
    const scene = await openScene(ending(bytes));
    const reply = await scene.ask(spoken.body, spoken);
    expect(reply.text).toBe(uncounted(bytes).toString());
    expect(reply.isWhole).toBe(true);
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "", input_tokens: 7, output_tokens: 3, usage_estimated: false });
  });
});

describe("a stream without its terminator", () => {
  it("is finished when every choice gave its reason and the body ended well", async () => {
    const events = chat.events({ words: WORDS, usage: { input: 7, output: 3 } }).slice(0, -1);
    const scene = await openScene(eventStream(events));
    const reply = await scene.ask(STREAMED);
    expect(reply.text).toBe(uncounted(Buffer.concat(events)).toString());
    expect((await scene.over(1))[0]).toMatchObject({ error: "", finish_reason: "stop", output_tokens: 3 });
  });

  it("is not finished when every choice gave its reason and the body broke off", async () => {
    const events = chat.events({ words: WORDS, usage: { input: 7, output: 3 } }).slice(0, -1);
    const scene = await openScene(brokenStream(events));
    const reply = await scene.ask(STREAMED);
    expect(errorsIn(chat, reply.text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
    expect((await scene.over(1))[0]).toMatchObject({ error: "UPSTREAM_TRUNCATED", input_tokens: 7, output_tokens: 3, usage_estimated: false });
  });

  it("is not finished while one of its choices is open", async () => {
    const choice = (index: number, reason: string | null): Buffer => dataEvent({ object: "chat.completion.chunk", choices: [{ index, delta: { content: "x" }, finish_reason: reason }] });
    const scene = await openScene(eventStream([choice(0, null), choice(1, null), choice(0, "stop")]));
    const reply = await scene.ask(STREAMED);
    expect(errorsIn(chat, reply.text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
    await scene.over(1);
  });
});

describe("an error that the provider tells mid stream", () => {
  it.each(["close", "reset", "end"] as const)("reaches the client once, as it was told, when the stream then goes by %s", async (ending) => {
    const told = [...begun(chat), Buffer.from(`data: ${openaiError("the model fell over", { type: "server_error" })}\n\n`)];
    const scene = await openScene(ending === "end" ? eventStream(told) : brokenStream(told, ending));
    const reply = await scene.ask(STREAMED);
    expect(reply.text).toBe(Buffer.concat(told).toString());
    expect(reply.isWhole).toBe(true);
    expect(reply.text).not.toContain("[DONE]");
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "UPSTREAM_STREAM_ERROR", attempts: 1 });
  });

  it("is the failed response where the protocol has one", async () => {
    const failed = responses.events({ words: WORDS, isFinished: false });
    failed.push(Buffer.from('event: response.failed\ndata: {"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"no"}}}\n\n'));
    const scene = await openScene(eventStream(failed));
    const reply = await scene.ask(responses.body, responses);
    expect(reply.text).toBe(Buffer.concat(failed).toString());
    expect((await scene.over(1))[0]).toMatchObject({ error: "UPSTREAM_STREAM_ERROR" });
  });
});

describe("before the first event", () => {
  const good = Buffer.concat(chat.events({ words: ["rescued"] }));
  const faults: readonly (readonly [how: string, fault: Behaviour, code: string])[] = [
    ["the provider tells an error instead of an event", eventStream([`data: ${openaiError("overloaded", { type: "server_error" })}\n\n`]), "UPSTREAM_STREAM_ERROR"],
    ["the provider tells an error in an event of that name", eventStream([": hello\n\n", 'event: error\ndata: {"message":"overloaded"}\n\n']), "UPSTREAM_STREAM_ERROR"],
    ["the provider closes after its head", headThen("close", EVENT_STREAM), "UPSTREAM_TRUNCATED"],
    ["the provider resets after its head", headThen("reset", EVENT_STREAM), "UPSTREAM_TRUNCATED"],
    ["the stream ends without any event", eventStream([]), "UPSTREAM_INVALID"],
    ["only comments came and then an end", eventStream([": one\n\n", ": two\n\n"]), "UPSTREAM_INVALID"],
    ["half an event came and then a RST", brokenStream(['data: {"choices":[{"ind'], "reset"), "UPSTREAM_TRUNCATED"],
    ["half an event came and then an end", eventStream(['data: {"choices":[{"ind']), "UPSTREAM_INVALID"],
  ];

  it.each(faults)("%s: somebody else is asked, and the client does not notice", async (_, fault) => {
    const scene = await openScene({ one: fault, two: eventStream([good]) });
    const reply = await scene.ask(STREAMED);
    expect(reply).toMatchObject({ status: 200, text: good.toString(), isWhole: true });
    expect(reply.headers).toMatchObject({ "x-llmgw-target": "two", "x-llmgw-attempts": "2" });
    expect(scene.providers[1]?.requests[0]?.json).toMatchObject({ model: "provider-model", stream: true });
    expect((await scene.over(1))[0]).toMatchObject({ attempts: 2, target: "two", error: "" });
  });

  it.each(faults)("%s: with nobody else the client gets a real HTTP error", async (_, fault, code) => {
    const scene = await openScene(fault);
    const reply = await scene.ask(STREAMED);
    expect(reply).toMatchObject({ status: 502, isWhole: true });
    expect(reply.headers).toMatchObject({ "content-type": "application/json", "x-llmgw-error": code });
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code, type: "server_error" } });
    expect((await scene.over(1))[0]).toMatchObject({ status: 502, error: code, attempts: 1, input_tokens: null, output_tokens: null });
  });
});

describe("an answer that is no stream", () => {
  it("and is cut off after bytes reached the client breaks the connection, since bytes cannot carry an error", async () => {
    const sound = Buffer.alloc(200_000, 7);
    const head = { headers: { "content-type": "audio/mpeg" } };
    const scene = await openScene([truncated(sound, 120_000, "close", head), async (exchange) => {
      await exchange.received;
      await exchange.sendHead(head);
      await exchange.sendChunk(sound);
      exchange.reset();
    }]);
    const speech = '{"model":"support-chat","input":"hi","voice":"alloy"}';
    const withLength = await scene.ask(speech, { path: "/v1/audio/speech" });
    expect(withLength).toMatchObject({ status: 200, isWhole: false });
    const chunked = await scene.ask(speech, { path: "/v1/audio/speech" });
    expect(chunked).toMatchObject({ status: 200, isWhole: false });
    expect((await scene.over(2)).map((line) => line["error"])).toEqual(["UPSTREAM_TRUNCATED", "UPSTREAM_TRUNCATED"]);
  });

  it("and is not HTTP at all is a 502", async () => {
    const scene = await openScene({ one: raw("SSH-2.0-OpenSSH_9.9\r\n", { isEarly: true }) });
    const reply = await scene.ask(CHAT);
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "UPSTREAM_INVALID" } });
    await scene.over(1);
  });
});

it("a killed upstream ends the streams of all its clients with an error and without the terminator", async () => {
  const scene = await openScene(undefined);
  const clients = Array.from({ length: 20 }, () => scene.client().send(post(STREAMED)));
  for (const _ of clients) {
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    for (const event of begun(chat)) await exchange.sendChunk(event);
  }
  await Promise.all(clients.map((client) => client.saw("wörld")));
  await scene.provider.kill();
  for (const client of clients) {
    const reply = await client.reply();
    expect(eventsIn(reply.text)).toHaveLength(begun(chat).length + 1);
    expect(errorsIn(chat, reply.text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
  }
  const lines = await scene.over(20);
  expect(new Set(lines.map((line) => line["error"]))).toEqual(new Set(["UPSTREAM_TRUNCATED"]));
});

it("JSON that breaks off is tried elsewhere, and is a typed 502 with nobody else", async () => {
  const body = '{"id":"chatcmpl-1","object":"chat.completion","choices":[]}';
  const scene = await openScene({ one: truncated(body, 30, "reset", { headers: { "content-type": "application/json" } }), two: [json(body), truncated(body, 30)] });
  expect(await scene.ask(CHAT)).toMatchObject({ status: 200, text: body });
  const reply = await scene.ask(CHAT);
  expect(reply.status).toBe(502);
  expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "UPSTREAM_TRUNCATED" } });
  await scene.over(2);
});
