// Recorded traffic of Bedrock's, when it lies beside the repository: told again so that Amazon's own library reads the same
// message, passed on untouched, and requests that come out as they went in.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bedrockConverse } from "../../../dataplane/protocols/bedrock-converse/index.ts";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { FrameScanner } from "../../../dataplane/wire/aws-event-stream.ts";
import { watchPieces } from "../watching.ts";
import { accumulate, askedOf, codec, conversationOf, decodePieces, encodeAll, Endpoint, EVENT_BYTES_MAX, type Members, plain, replyOf, sent, targetOf } from "./driving.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = fileURLToPath(new URL("../../../../shared/fixtures/recorded/", import.meta.url));
const isPresent = existsSync(folder);
const all = isPresent ? readdirSync(folder).filter((name) => /^(?:59|6[0-2])-/.test(name)).sort() : [];
const files = (ending: string, only = /./): string[] => all.filter((name) => only.test(name)).flatMap((name) => readdirSync(folder + name).filter((file) => file.endsWith(ending)).map((file) => `${name}/${file}`));
const converse = /^(?:59|6[01])-/;
const streams = files(".response.bin", converse).map((path) => ({ path, bytes: readFileSync(folder + path) }));
const modelOf = (path: string): string => decodeURIComponent(/\/model\/([^/]+)\//.exec(String((JSON.parse(readFileSync(folder + path.replace(/re(?:sponse|quest)\.\w+$/, "meta.json"), "utf8")) as Members)["url"]))?.[1] ?? "");

const parsed = (message: unknown): unknown => JSON.parse(JSON.stringify(message));
const withoutNumbers = ({ metrics: _, trace: _trace, ...message }: Members): Members => message;

describe.runIf(isPresent)("a recorded stream", () => {
  const endpoint = new Endpoint();
  beforeAll(() => endpoint.open());
  afterAll(() => endpoint.close());

  test("is there to be read", () => {
    expect(streams).toHaveLength(4);
  });

  test.each(files(".response.bin"))("has frames that are whole and right: %s", (path) => {
    const bytes = readFileSync(folder + path);
    let count = 0;
    const scanner = new FrameScanner(EVENT_BYTES_MAX, { wants: () => true, see: () => void count++ });
    expect([scanner.push(bytes), scanner.problem, scanner.isBetweenFrames]).toEqual([bytes.length, "", true]);
    expect(count).toBeGreaterThan(4);
  });

  test.each(streams)("ends, and keeps the order of events: $path", ({ bytes }) => {
    const events = decodePieces([bytes]);
    expect(events[0]?.kind).toBe("start");
    expect(events.slice(-3).map(({ kind }) => kind)).toEqual(["usage", "finish", "end"]);
    const open = new Set<number>();
    let next = 0;
    for (const event of events) {
      if (!("index" in event)) continue;
      if (event.kind === "block-start") {
        expect(event.index).toBe(next++);
        open.add(event.index);
      } else expect(open.has(event.index)).toBe(true);
      if (event.kind === "block-stop") open.delete(event.index);
    }
    expect(open.size).toBe(0);
    expect(next).toBeGreaterThan(0);
  });

  test.each(streams)("says what Amazon's own library reads: $path", async ({ bytes }) => {
    const original = accumulate(await endpoint.stream(bytes));
    const reply = replyOf(decodePieces([bytes]));
    const told = JSON.parse(codec.encodeReply(reply, conversationOf({})).body.toString()) as Members;
    expect(parsed(told["output"])).toEqual(parsed(original["output"]));
    expect([told["stopReason"], told["usage"]]).toEqual([original["stopReason"], original["usage"]]);
  });

  test.each(streams)("told again is the same message to Amazon's library: $path", async ({ bytes }) => {
    const original = accumulate(await endpoint.stream(bytes));
    const again = await endpoint.stream(encodeAll(decodePieces([bytes])));
    expect(accumulate(again)).toEqual(original);
    expect(again.map((event) => Object.keys(event)[0])).toEqual((await endpoint.stream(bytes)).map((event) => Object.keys(event)[0]));
  });

  test.each(streams)("says the same as the whole reply, and as that told as a stream: $path", async ({ bytes }) => {
    const reply = replyOf(decodePieces([bytes]));
    const whole = await endpoint.converse({ headers: { "content-type": "application/json" }, body: codec.encodeReply(reply, conversationOf({})).body });
    const streamed = accumulate(await endpoint.stream(encodeAll(decodePieces([bytes]))));
    const replayed = accumulate(await endpoint.stream(encodeAll(eventsOf(reply))));
    expect(withoutNumbers(plain(whole) as Members)).toEqual(withoutNumbers(streamed));
    expect(withoutNumbers(replayed)).toEqual(withoutNumbers(streamed));
  });

  test.each(streams)("goes back in the history as it came: $path", ({ path, bytes }) => {
    const content = (JSON.parse(codec.encodeReply(replyOf(decodePieces([bytes])), conversationOf({})).body.toString()) as { output: { message: { content: unknown } } }).output.message.content;
    const messages = [{ role: "user", content: [{ text: "Hi" }] }, { role: "assistant", content }, { role: "user", content: [{ text: "Go on" }] }];
    const { body, losses } = sent(conversationOf({ messages }), targetOf(modelOf(path)));
    expect([losses, body["messages"]]).toEqual([[], messages]);
  });

  test.each(streams)("passes untouched, and tells what it says: $path", ({ bytes }) => {
    const outcome = watchPieces(() => bedrockConverse.openStream(EVENT_BYTES_MAX), [bytes]);
    const reply = replyOf(decodePieces([bytes]));
    expect(outcome).toMatchObject({ isFinished: true, hasTerminator: true, hasEvent: true, error: null, isOversize: false, isBetweenEvents: true });
    expect(outcome.summary).toMatchObject({ ...reply.usage, finishReason: reply.choices[0]?.finish.raw, outputTokensEstimate: 0 });
    expect(outcome.passed).toBe(bytes.toString("latin1"));
  });

  test.each(streams)("can be joined, and the reply be told again: $path", async ({ bytes }) => {
    const reply = bedrockConverse.streamToReply(bytes) as Buffer;
    const again = bedrockConverse.replyToStream(reply) as Buffer;
    expect(JSON.parse(String(bedrockConverse.streamToReply(again)))).toEqual(JSON.parse(String(reply)));
    expect(withoutNumbers(accumulate(await endpoint.stream(again)))).toEqual(withoutNumbers(accumulate(await endpoint.stream(bytes))));
    expect(bedrockConverse.readReply(reply)).toMatchObject({ isWhole: true, error: null, summary: replyOf(decodePieces([bytes])).usage });
  });

  test("that a guardrail stopped says so", () => {
    const stopped = streams.find(({ path }) => path.startsWith("61-"));
    expect(replyOf(decodePieces([stopped?.bytes ?? Buffer.alloc(0)])).choices[0]?.finish).toEqual({ reason: "filter", raw: "guardrail_intervened" });
  });

  test.each(files(".request.json", converse))("was asked in words that come out as they went in: %s", (path) => {
    const body = JSON.parse(readFileSync(folder + path, "utf8")) as Members;
    const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(body)), { ...askedOf(true), model: modelOf(path) });
    if (isInvalid(conversation)) throw new Error(conversation.problem);
    const { body: again, losses, path: at } = sent(conversation, targetOf(modelOf(path), {}, true));
    expect(losses).toEqual([]);
    expect(at).toBe(`/model/${encodeURIComponent(modelOf(path))}/converse-stream`);
    expect(withMergedTurns(again)).toEqual(withMergedTurns(body));
  });
});

/** Turns of one role behind each other are one; a member of nothing says nothing. */
const withMergedTurns = ({ messages, ...body }: Members): Members => {
  const merged: { role: unknown; content: unknown[] }[] = [];
  for (const { role, content } of messages as { role: unknown; content: unknown[] }[]) {
    if (merged.at(-1)?.role === role) merged.at(-1)?.content.push(...content);
    else merged.push({ role, content: [...content] });
  }
  // That a tool succeeded is what is meant when nothing is said.
  const said = JSON.parse(JSON.stringify({ ...body, messages: merged }).replaceAll(',"status":"success"', "")) as Members;
  return Object.fromEntries(Object.entries(said).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Object.keys(value as object).length > 0)));
};

test.runIf(isPresent)("a reply of another protocol is none of this one's", () => {
  expect(isFailure(codec.decodeReply(Buffer.from('{"choices":[]}'), targetOf()))).toBe(true);
});

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
