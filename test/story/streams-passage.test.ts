// What passes: on the same protocol the bytes back are the bytes in, however they were cut, encoded or counted.
import { describe, expect, it } from "vitest";
import { chatCompletion, chatEvents, cutBytes, dataEvent, responsesEvents } from "../doubles/provider-bytes.ts";
import { brokenStream, eventStream, json, reply } from "../doubles/provider-replies.ts";
import type { Behaviour } from "../doubles/provider.ts";
import { asked, CHAT, post, STREAMED } from "./clients-bare.ts";
import { recorded, written, type Fixture } from "./streams-fixtures.ts";
import { chat, errorsIn, eventsIn, responses, uncounted } from "./streams-protocols.ts";
import { openScene, openTimedScene } from "./streams-scene.ts";

const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };

/** As the bytes come on the wire: the framing of chunks around each piece, all pieces in as many segments as there are pieces. */
const inPieces = (pieces: readonly Buffer[]): Behaviour => eventStream(pieces);

/** Sends a chunk for every byte, some of them in one segment, so that thousands take no time. */
const everyByteAChunk = (bytes: Buffer): Behaviour => async (exchange) => {
  await exchange.received;
  await exchange.sendHead(EVENT_STREAM);
  const chunks = cutBytes(bytes, "every byte").map((byte) => Buffer.concat([Buffer.from("1\r\n"), byte, Buffer.from("\r\n")]));
  for (let at = 0; at < chunks.length; at += 997) await exchange.sendRaw(Buffer.concat(chunks.slice(at, at + 997)));
  await exchange.end();
};

/** To clients that ask for the usage all of it; to others all but that. */
const passesThrough = async (fixtures: readonly Fixture[], behaviourOf: (bytes: Buffer) => Behaviour, isCounted = true): Promise<void> => {
  const scene = await openScene(fixtures.map(({ bytes }) => behaviourOf(bytes)));
  const client = scene.client();
  for (const [index, { name, spoken, bytes: sent }] of fixtures.entries()) {
    const answer = await client.send(post(isCounted ? spoken.counted : spoken.body, spoken)).reply(index);
    const bytes = isCounted ? sent : uncounted(sent);
    expect(answer.isWhole, name).toBe(true);
    expect(answer.text, name).toBe(bytes.toString());
    expect(answer.body.equals(bytes), name).toBe(true);
  }
  client.leave();
  const lines = await scene.over(fixtures.length);
  expect(lines.filter((line) => line["error"] !== "" || line["status"] !== 200)).toEqual([]);
};

describe("the bytes of a stream", () => {
  it.each(written)("are passed on untouched when each byte of $name is a segment", ({ name, spoken, bytes }) =>
    passesThrough([{ name, spoken, bytes }], (whole) => inPieces(cutBytes(whole, "every byte"))));

  it("are passed on untouched when a chunk ends behind any byte of any line end", async () => {
    const { spoken, bytes } = written[3] as Fixture;
    const cuts = Array.from(bytes, (_, at) => at).filter((at) => at > 0);
    await passesThrough(cuts.map((at) => ({ name: `cut at ${at}`, spoken, bytes })).slice(0, 1), (whole) => inPieces([whole]));
    let at = 0;
    await passesThrough(cuts.map((cut) => ({ name: `cut at ${cut}`, spoken, bytes })), (whole) => inPieces(cutBytes(whole, [cuts[at++] ?? 0])));
  });

  it.skipIf(recorded.length === 0)("are passed on untouched for every recorded stream, with a chunk for each byte", async () => {
    expect(recorded.length).toBeGreaterThan(30);
    await passesThrough(recorded, everyByteAChunk);
  });

  it.each(written)("are passed on but for the usage that only the gateway asked for, when each byte of $name is a segment", ({ name, spoken, bytes }) =>
    passesThrough([{ name, spoken, bytes }], (whole) => inPieces(cutBytes(whole, "every byte")), false));

  it.skipIf(recorded.length === 0)("are passed on but for that usage for every recorded stream, with a chunk for each byte", async () => {
    expect(recorded.filter(({ bytes }) => uncounted(bytes).length < bytes.length).length).toBeGreaterThan(12);
    await passesThrough(recorded, everyByteAChunk, false);
  });

  it("are passed on as they come, one event at a time, without waiting for the next", async () => {
    const scene = await openScene(undefined);
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    const events = chatEvents({ words: ["one", "two", "three"] });
    for (const event of events) {
      await exchange.sendChunk(event);
      await client.saw(event.toString());
    }
    await exchange.end();
    expect((await client.reply()).isWhole).toBe(true);
    client.leave();
    await scene.over(1);
  });

  it("end behind the first terminator: a doubled one is dropped, in the same segment or later", async () => {
    const events = chatEvents({ words: ["x"] });
    const done = Buffer.from("data: [DONE]\n\n");
    const scene = await openScene([eventStream([...events, done, done]), eventStream([Buffer.concat([...events, done]), "data: [DONE]\r\n\r\n"]), eventStream(responsesEvents({ words: ["x"] }).flatMap((event, at, all) => (at === all.length - 1 ? [event, event] : [event])))]);
    const client = scene.client();
    for (const [index, spoken, whole] of [[0, chat, events], [1, chat, events], [2, responses, responsesEvents({ words: ["x"] })]] as const) {
      const answer = await client.send(post(spoken.body, spoken)).reply(index);
      expect(answer.text).toBe(Buffer.concat(whole).toString());
    }
    client.leave();
    await scene.over(3);
  });

  it("keep their length honest: a stream that announces one is passed on without it", async () => {
    const bytes = Buffer.concat([...chatEvents({ words: ["x"] }), Buffer.from("data: [DONE]\n\n")]);
    const scene = await openScene(reply({ ...EVENT_STREAM, body: bytes }));
    const client = scene.client();
    for (const index of [0, 1]) {
      const answer = await client.send(post(STREAMED)).reply(index);
      expect(answer.text).toBe(Buffer.concat(chatEvents({ words: ["x"] })).toString());
      expect(answer.headers["content-length"]).toBeUndefined();
    }
    client.leave();
    await scene.over(2);
  });
});

describe("usage", () => {
  const chunk = (content: string, reason: string | null, more: object = {}): Buffer =>
    dataEvent({ id: "c", object: "chat.completion.chunk", model: "m", choices: [{ index: 0, delta: { content }, finish_reason: reason }], ...more });
  const counted = (input: number, output: number): object => ({ usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } });
  const done = Buffer.from("data: [DONE]\n\n");
  const told: readonly (readonly [where: string, events: readonly Buffer[]])[] = [
    ["on the finish chunk", [chunk("hello", null), chunk("", "stop", counted(9, 5)), done]],
    ["behind the finish chunk", chatEvents({ words: ["hello"], usage: { input: 9, output: 5 } })],
    ["in each chunk, growing", [chunk("he", null, counted(9, 2)), chunk("llo", null, counted(9, 4)), chunk("", "stop", counted(9, 5)), done]],
    ["in each chunk, null until the end", [chunk("hello", null, { usage: null }), chunk("", "stop", { usage: null }), dataEvent({ choices: [], ...counted(9, 5) }), done]],
    ["in Groq's own place", [chunk("hello", null), chunk("", "stop", { x_groq: counted(9, 5) }), done]],
  ];

  it("is read wherever a provider tells it, and the client gets what it asked for: the same bytes", async () => {
    const scene = await openScene(told.map(([, events]) => eventStream(events)));
    for (const [where, events] of told) {
      const answer = await scene.ask(asked({ stream: true, stream_options: { include_usage: true } }));
      expect(answer.text, where).toBe(Buffer.concat([...events]).toString());
    }
    const lines = await scene.over(told.length);
    for (const [index, [where]] of told.entries()) expect(lines[index], where).toMatchObject({ input_tokens: 9, output_tokens: 5, usage_estimated: false });
  });

  it("that a provider does not tell although it was asked for is estimated and marked so", async () => {
    const events = chatEvents({ words: ["twelve bytes", " and twelve."] });
    const scene = await openScene([eventStream(events), json(chatCompletion({ text: "twelve bytes" }))]);
    expect((await scene.ask(STREAMED)).text).toBe(Buffer.concat(events).toString());
    expect((await scene.ask(CHAT)).text).not.toContain("usage");
    expect(scene.provider.requests[1]?.body.toString()).toBe(CHAT.replace("support-chat", "provider-model"));
    const [streamed, whole] = await scene.over(2);
    expect(streamed).toMatchObject({ usage_estimated: true, output_tokens: 6, input_tokens: Math.ceil(STREAMED.length / 4) });
    expect(whole).toMatchObject({ usage_estimated: true, output_tokens: 3, input_tokens: Math.ceil(CHAT.length / 4) });
  });

  it("counts cached tokens once, and the same for a stream as for a reply", async () => {
    const usage = { input: 100, output: 7, cached: 60 };
    const scene = await openScene([eventStream(chatEvents({ words: ["x"], usage })), json(chatCompletion({ text: "x", usage }))]);
    await scene.ask(STREAMED);
    await scene.ask(CHAT);
    for (const line of await scene.over(2)) expect(line).toMatchObject({ input_tokens: 100, output_tokens: 7, cached_input_tokens: 60, finish_reason: "stop" });
  });

  it("is not found in text that looks like it, nor an end in text that looks like one", async () => {
    const lookalikes = ['"usage":{"prompt_tokens":999,"completion_tokens":999}', "[DONE]", "data: [DONE]\n\n", '"error":{"message":"no"}', '{"error":"no"}'];
    const events = [...lookalikes.map((content) => chunk(content, null)), chunk("", "stop", counted(9, 5)), done];
    const scene = await openScene([eventStream(events), eventStream(events.slice(0, -2)), brokenStream(events.slice(0, -2))]);
    expect((await scene.ask(STREAMED)).text).toBe(Buffer.concat(events).toString());
    for (const _ of [1, 2]) expect(errorsIn(chat, (await scene.ask(STREAMED)).text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
    const [finished, ...cut] = await scene.over(3);
    expect(finished).toMatchObject({ error: "", input_tokens: 9, output_tokens: 5 });
    for (const line of cut) expect(line).toMatchObject({ error: "UPSTREAM_TRUNCATED", usage_estimated: true });
    expect(cut.map((line) => line["input_tokens"])).not.toContain(999);
  });
});

describe("an upstream that compresses although it was asked not to", () => {
  it.each(["gzip", "deflate", "br"] as const)("is understood (%s): streams, replies and refusals arrive plain", async (encoding) => {
    const stream = Buffer.concat(chatEvents({ words: ["packed", " well"], usage: { input: 9, output: 5 } }));
    const whole = chatCompletion({ text: "packed", usage: { input: 9, output: 5 } });
    const refusal = '{"error":{"message":"no such thing","type":"invalid_request_error"}}';
    const type = { "content-type": "application/json" };
    const scene = await openScene([
      reply({ ...EVENT_STREAM, body: stream, encoding }),
      reply({ ...EVENT_STREAM, body: stream, encoding, framing: "chunked", cuts: "every byte" }),
      reply({ headers: type, body: whole, encoding }),
      reply({ headers: type, body: refusal, status: 422, encoding }),
    ]);
    const client = scene.client();
    for (const [index, [body, expected]] of [[STREAMED, uncounted(stream)], [STREAMED, uncounted(stream)], [CHAT, whole], [CHAT, Buffer.from(refusal)]].entries() as ArrayIterator<[number, [string, Buffer]]>) {
      const answer = await client.send(post(body)).reply(index);
      expect(answer.text).toBe(expected.toString());
      expect(answer.headers["content-encoding"]).toBeUndefined();
      if (body === CHAT) expect(answer.headers["content-length"]).toBe(String(expected.length));
    }
    client.leave();
    expect(scene.provider.requests[0]?.header("accept-encoding")).toBe("identity");
    const lines = await scene.over(4);
    for (const line of lines.slice(0, 3)) expect(line).toMatchObject({ error: "", input_tokens: 9, output_tokens: 5 });
  });

  it("and breaks off, or lies about its encoding, is a failure like any other", async () => {
    const body = Buffer.from(chatCompletion({ text: "packed" }));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const scene = await openScene([reply({ headers, body }), reply({ headers: { ...headers, "content-encoding": "snappy" }, body }), reply({ headers })]);
    for (const code of ["UPSTREAM_TRUNCATED", "UPSTREAM_INVALID", "UPSTREAM_TRUNCATED"]) {
      const answer = await scene.ask(CHAT);
      expect(answer).toMatchObject({ status: 502, isWhole: true });
      expect(answer.headers["x-llmgw-error"]).toBe(code);
    }
    await scene.over(3);
  });
});

describe("an answer of the other kind", () => {
  const usage = { input: 9, output: 5 };

  it("JSON where a stream was asked for arrives as a stream with the same content", async () => {
    const scene = await openScene([json(chatCompletion({ text: "all at once", usage })), json({ id: "resp_1", object: "response", status: "completed", model: "m", output: [{ type: "message", id: "m1", role: "assistant", status: "completed", content: [{ type: "output_text", text: "all at once", annotations: [] }] }], usage: { input_tokens: 9, output_tokens: 5, total_tokens: 14 } })]);
    for (const spoken of [chat, responses]) {
      const answer = await scene.ask(spoken.body, spoken);
      expect(answer.headers["content-type"]).toContain("text/event-stream");
      expect(answer.text).toContain("all at once");
      expect(answer.text).toContain(spoken.terminator);
      expect(eventsIn(answer.text).length).toBeGreaterThan(2);
    }
    for (const line of await scene.over(2)) expect(line).toMatchObject({ status: 200, error: "", input_tokens: 9, output_tokens: 5 });
  });

  it("JSON where a stream was asked for tells its usage to a client that wants it, and to no other", async () => {
    const scene = await openScene(json(chatCompletion({ text: "counted", usage })));
    const wanted = await scene.ask(asked({ stream: true, stream_options: { include_usage: true } }));
    expect(eventsIn(wanted.text).at(-2)?.data).toContain('"total_tokens":14');
    expect((await scene.ask(STREAMED)).text).not.toContain("total_tokens");
    for (const line of await scene.over(2)) expect(line).toMatchObject({ input_tokens: 9, output_tokens: 5 });
  });

  it("a stream where JSON was asked for arrives as one reply with the same content", async () => {
    const scene = await openScene([eventStream(chatEvents({ words: ["piece", " by ", "piece"], usage })), eventStream(responsesEvents({ words: ["piece", " by ", "piece"], usage }))]);
    const ofChat = await scene.ask(CHAT);
    expect(ofChat.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(ofChat.text)).toMatchObject({ object: "chat.completion", choices: [{ message: { content: "piece by piece" }, finish_reason: "stop" }], usage: { total_tokens: 14 } });
    const ofResponses = await scene.ask('{"model":"support-chat","input":"hi"}', responses);
    expect(JSON.parse(ofResponses.text)).toMatchObject({ object: "response", status: "completed", output: [{ content: [{ text: "piece by piece" }] }] });
    for (const line of await scene.over(2)) expect(line).toMatchObject({ status: 200, error: "", input_tokens: 9, output_tokens: 5, streaming: false });
  });

  it("a stream where JSON was asked for, but cut off, is no reply: somebody else is asked", async () => {
    const events = chatEvents({ words: ["never"], finish: null, done: false });
    const scene = await openScene({ one: brokenStream(events), two: [json(chatCompletion({ text: "whole" })), eventStream(events)] });
    expect(JSON.parse((await scene.ask(CHAT)).text)).toMatchObject({ choices: [{ message: { content: "whole" } }] });
    const answer = await scene.ask(CHAT);
    expect(answer).toMatchObject({ status: 502, isWhole: true });
    await scene.over(2);
  });

  it("a slow stream where JSON was asked for is waited for beyond the time for which a head is held", async () => {
    const scene = await openTimedScene(undefined, { settings: { stream: { headHoldMs: 100 } } });
    const client = scene.client().send(post(CHAT));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    const events = chatEvents({ words: ["slow"] });
    for (const event of events) {
      await exchange.sendChunk(event);
      scene.clock.advance(1000);
    }
    await exchange.end();
    expect(JSON.parse((await client.reply()).text)).toMatchObject({ choices: [{ message: { content: "slow" } }] });
    client.leave();
    await scene.over(1);
  });
});

describe("an event larger than the limit", () => {
  const settings = { limits: { sseEventBytesMax: 4096 } };
  const large = dataEvent({ choices: [{ index: 0, delta: { content: "x".repeat(8000) }, finish_reason: null }] });

  it("as the first one is a refusal or somebody else's turn", async () => {
    const good = Buffer.concat(chatEvents({ words: ["small"] }));
    const scene = await openScene({ one: eventStream([large.subarray(0, 3000), large.subarray(3000, 6000)]), two: [eventStream([good]), eventStream([large])] }, { settings });
    expect((await scene.ask(STREAMED)).text).toBe(good.toString());
    const answer = await scene.ask(STREAMED);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: "UPSTREAM_EVENT_TOO_LARGE" } });
    await scene.over(2);
  });

  it("mid stream ends the stream with an error event and the upstream with it", async () => {
    const events = chatEvents({ words: ["small"], finish: null, done: false });
    const scene = await openScene(async (exchange) => {
      await exchange.sendHead(EVENT_STREAM);
      for (const event of events) await exchange.sendChunk(event);
      await exchange.sendChunk(large);
    }, { settings });
    const answer = await scene.ask(STREAMED);
    expect(answer.isWhole).toBe(true);
    expect(answer.text.startsWith(Buffer.concat(events).toString())).toBe(true);
    expect(errorsIn(chat, answer.text).map(({ code }) => code)).toEqual(["UPSTREAM_EVENT_TOO_LARGE"]);
    await scene.provider.idle();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "UPSTREAM_EVENT_TOO_LARGE" });
  });
});

describe("the head of a stream", () => {
  it("is held back until the first event", async () => {
    const scene = await openTimedScene(undefined);
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead(EVENT_STREAM);
    await exchange.sendChunk(": a comment is no event\n\n");
    expect(client.replies).toEqual([]);
    await exchange.sendChunk(Buffer.concat(chatEvents({ words: ["x"] })));
    await client.saw(": a comment is no event\n\n");
    await exchange.end();
    client.leave();
    await scene.over(1);
  });

  it("is sent without one after the time for which it may be held, and an error that comes then is told in band", async () => {
    const scene = await openTimedScene(undefined, { settings: { stream: { headHoldMs: 1500 } } });
    const client = scene.client().send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { ...EVENT_STREAM.headers, "x-request-id": "their-id" } });
    scene.clock.advance(1400);
    expect(client.replies).toEqual([]);
    scene.clock.advance(200);
    await client.headed();
    expect(client.replies[0]).toMatchObject({ status: 200, headers: { "content-type": "text/event-stream", "x-llmgw-upstream-request-id": "their-id" } });
    exchange.reset();
    expect(errorsIn(chat, (await client.reply()).text).map(({ code }) => code)).toEqual(["UPSTREAM_TRUNCATED"]);
    client.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "UPSTREAM_TRUNCATED" });
  });
});
