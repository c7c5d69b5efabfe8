// A provider that frames its stream in one way only, and a client that reads the other: the same responses, in its framing.
import { describe, expect, it } from "vitest";
import { eventStream } from "../../doubles/provider-replies.ts";
import { stage, type Stage } from "../../story/caller.ts";
import { accumulate } from "./driving.ts";

const part = (text: string, more: object = {}): object => ({ candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...more }], usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13 }, modelVersion: "m" });
const responses = [part("Grüße, "), part('"you",\nthere'), part("!", { finishReason: "STOP" })];
const list = `[${responses.map((one) => JSON.stringify(one, null, 2)).join(",\r\n")}\n]`;
const events = responses.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join("");

const JSON_TYPE = "application/json; charset=UTF-8";
const body = '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}';
const path = "/v1beta/models/support-chat:streamGenerateContent";

const inPieces = (text: string, bytes: number): Buffer[] => {
  const whole = Buffer.from(text);
  return Array.from({ length: Math.ceil(whole.length / bytes) }, (_, index) => whole.subarray(index * bytes, index * bytes + bytes));
};

const at = (text: string, type: string): Promise<Stage> =>
  stage(eventStream(inPieces(text, 37), { headers: { "content-type": type } }), { basePath: "/v1beta", provider: { type: "gemini" }, targets: [{ name: "one", provider: "test/one", model: "gemini-3-pro", weight: 1, priority: 0 }] });

const dataIn = (text: string): unknown[] => text.split("\r\n\r\n").filter((event) => event !== "").map((event) => JSON.parse(event.replace(/^data: /, "")) as unknown);

describe("a list that a client of events asked for", () => {
  it("comes as events, each response as it was", async () => {
    const story = await at(list, JSON_TYPE);
    const answer = await story.ask({ path: `${path}?alt=sse`, body });
    expect(answer.header("content-type")).toMatch(/^text\/event-stream/);
    expect(dataIn(answer.text)).toEqual(responses);
    expect((await story.gateway.settled(1))[0]).toMatchObject({ status: 200, error: "", input_tokens: 9, output_tokens: 4, finish_reason: "STOP" });
  });

  it("is read by Google's own library", async () => {
    const story = await at(list, JSON_TYPE);
    const { text } = await story.ask({ path: `${path}?alt=sse`, body });
    expect(await accumulate(text)).toMatchObject({ text: 'Grüße, "you",\nthere!', finishReason: "STOP" });
  });

  it("ends with an error where it was cut", async () => {
    const story = await at(list.slice(0, list.indexOf("STOP")), JSON_TYPE);
    const answer = await story.ask({ path: `${path}?alt=sse`, body });
    const last = dataIn(answer.text).at(-1);
    expect(dataIn(answer.text).slice(0, -1)).toEqual(responses.slice(0, 2));
    expect(last).toMatchObject({ error: { status: expect.any(String), message: expect.any(String) } });
    expect((await story.gateway.settled(1))[0]).toMatchObject({ error: "UPSTREAM_TRUNCATED" });
  });

  it("tells the error that the provider told in it", async () => {
    const error = { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } };
    const story = await at(`[${JSON.stringify(responses[0])},${JSON.stringify(error)}]`, JSON_TYPE);
    const answer = await story.ask({ path: `${path}?alt=sse`, body });
    expect(dataIn(answer.text)).toEqual([responses[0], error]);
  });
});

describe("events that a client of a list asked for", () => {
  it("come as one list that is closed", async () => {
    const story = await at(events, "text/event-stream");
    const answer = await story.ask({ path, body });
    expect(answer.header("content-type")).toMatch(/^application\/json/);
    expect(answer.json).toEqual(responses);
    expect((await story.gateway.settled(1))[0]).toMatchObject({ status: 200, error: "", output_tokens: 4 });
  });

  it("end the list with an error where they were cut", async () => {
    const story = await at(events.slice(0, events.indexOf('data: {"candidates":[{"content":{"role":"model","parts":[{"text":"!"')), "text/event-stream");
    const answer = await story.ask({ path, body });
    expect(answer.json).toEqual([...responses.slice(0, 2), { error: expect.objectContaining({ status: expect.any(String) }) }]);
  });
});

describe("a stream in the framing that was asked for", () => {
  it.each([["events", events, "text/event-stream", `${path}?alt=sse`], ["a list", list, JSON_TYPE, path]])("passes to the byte: %s", async (_, text, type, asked) => {
    const story = await at(text, type);
    expect((await story.ask({ path: asked, body })).text).toBe(text);
  });
});
