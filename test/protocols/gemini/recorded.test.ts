// Recorded traffic of Google's, when it lies beside the repository: decoded wherever it is cut, told again so that Google's own
// library reads the same answer, passed on untouched, and requests that come out as they went in.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { Event } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { gemini } from "../../../dataplane/protocols/gemini/index.ts";
import { firstDifference, inPiecesOf, inTwo, watchPieces } from "../watching.ts";
import { accumulate, conversationOf, dataOf, decodePieces, decodeWhole, encodeAll, EVENT_BYTES_MAX, codec, listOf, type Members, readReply, replyOf, sent, targetOf } from "./driving.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = fileURLToPath(new URL("../../../../shared/fixtures/recorded/", import.meta.url));
const isPresent = existsSync(folder);
const ours = isPresent ? readdirSync(folder).filter((name) => /^5[4-8]-/.test(name)).sort() : [];
const files = (ending: string): string[] => ours.flatMap((name) => readdirSync(folder + name).filter((file) => file.endsWith(ending)).map((file) => `${name}/${file}`));

const recorded = files(".response.sse").map((path) => ({ path, bytes: readFileSync(folder + path) }));
/** The same, as Google frames it where no events are asked for. */
const streams = [...recorded, ...recorded.map(({ path, bytes }) => ({ path: `${path} as a list`, bytes: listOf(dataOf(bytes.toString())) }))];

const whole = (bytes: Buffer): Event[] => decodePieces([bytes]);
const random = (seed: number) => () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;

function* randomly(bytes: Buffer, seed: number): Generator<Buffer> {
  const next = random(seed);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(next() * 200));
    yield bytes.subarray(at, end);
    at = end;
  }
}

describe.runIf(isPresent)("a recorded stream", () => {
  test("is there to be read", () => {
    expect(recorded.length).toBe(7);
  });

  test.each(streams)("ends, and keeps the order of events: $path", ({ bytes }) => {
    const events = whole(bytes);
    expect(events[0]?.kind).toBe("start");
    expect(events.at(-1)?.kind).toBe("end");
    expect(events.filter(({ kind }) => kind === "finish")).toHaveLength(1);
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
  });

  test.each(streams)("decodes to the same events wherever it is cut: $path", ({ bytes }) => {
    const expected = JSON.stringify(whole(bytes));
    for (let cut = 0; cut <= bytes.length; cut++) expect(JSON.stringify(decodePieces(inTwo(bytes, cut))) === expected, `cut at ${cut}`).toBe(true);
    for (const size of [1, 7, 64]) expect(JSON.stringify(decodePieces(inPiecesOf(bytes, size))) === expected, `pieces of ${size}`).toBe(true);
    for (let seed = 1; seed <= 5; seed++) expect(JSON.stringify(decodePieces(randomly(bytes, seed))) === expected, `seed ${seed}`).toBe(true);
  });

  test.each(recorded)("says the same as a list: $path", ({ bytes }) => {
    expect(whole(listOf(dataOf(bytes.toString())))).toEqual(whole(bytes));
  });

  test.each(recorded)("told again is the same answer to Google's own library: $path", async ({ bytes }) => {
    const [again, original] = await Promise.all([accumulate(encodeAll(whole(bytes))), accumulate(bytes.toString())]);
    expect(again).toEqual(original);
  });

  test.each(recorded)("says the same as the whole reply, and as that told as a stream: $path", async ({ bytes }) => {
    const reply = replyOf(whole(bytes));
    const body = codec.encodeReply(reply, conversationOf({})).body.toString();
    const [streamed, read, replayed] = await Promise.all([accumulate(encodeAll(whole(bytes))), readReply(body), accumulate(encodeAll(eventsOf(reply)))]);
    expect(read).toEqual(streamed);
    expect(replayed).toEqual(streamed);
  });

  test.each(recorded)("is read again from the whole reply without a loss: $path", ({ bytes }) => {
    const reply = replyOf(whole(bytes));
    const encoded = codec.encodeReply(reply, { ...conversationOf({}), model: reply.model });
    expect(encoded.losses).toEqual([]);
    expect(decodeWhole(JSON.parse(encoded.body.toString()))).toEqual(JSON.parse(JSON.stringify(reply)));
  });

  test.each(recorded)("goes back in the history as it came: $path", ({ bytes }) => {
    const chunks = dataOf(bytes.toString());
    const contents = chunks.map((chunk) => ((chunk["candidates"] as Members[])[0] as Members)["content"] as Members);
    const parts = contents.flatMap((content) => content["parts"] as Members[]);
    const { body, losses } = sent(conversationOf({ contents: [{ role: "user", parts: [{ text: "Hi" }] }, ...contents, { role: "user", parts: [{ text: "Go on" }] }] }));
    const texts = parts.every((part) => part["text"] !== undefined);
    expect(losses).toEqual([]);
    expect((body["contents"] as Members[])[1]).toEqual({ role: "model", parts: texts ? [{ text: parts.map((part) => part["text"]).join("") }] : parts });
  });

  test.each(streams)("passes untouched, and tells what it says: $path", ({ path, bytes }) => {
    const isList = path.endsWith("as a list");
    const outcome = watchPieces(() => gemini.openStream(EVENT_BYTES_MAX, isList ? "application/json" : "text/event-stream"), [bytes]);
    const reply = replyOf(whole(bytes));
    expect(outcome).toMatchObject({ isFinished: true, hasTerminator: isList, hasEvent: true, error: null, isOversize: false, isBetweenEvents: true });
    expect(outcome.summary).toMatchObject({ ...reply.usage, model: reply.model, finishReason: "STOP", outputTokensEstimate: 0 });
    expect(outcome.passed).toBe(bytes.toString("latin1"));
  });

  test.each(streams)("gives the watch the same result wherever it is cut: $path", ({ path, bytes }) => {
    const type = path.endsWith("as a list") ? "application/json" : "text/event-stream";
    expect(firstDifference(() => gemini.openStream(EVENT_BYTES_MAX, type), bytes, "Everywhere")).toBeNull();
  });

  test.each(streams)("can be joined, and the reply be told again: $path", async ({ bytes }) => {
    const reply = gemini.streamToReply(bytes);
    expect(reply).not.toBeNull();
    const again = gemini.replyToStream(reply as Buffer) as Buffer;
    expect(JSON.parse(String(gemini.streamToReply(again)))).toEqual(JSON.parse(String(reply)));
    expect(await readReply(String(reply))).toEqual(await accumulate(again.toString()));
  });
});

describe.runIf(isPresent)("a recorded exchange", () => {
  test.each(files(".request.json"))("sends what the client asked: %s", (path) => {
    const body = JSON.parse(readFileSync(folder + path, "utf8")) as Members;
    const { body: again, losses } = sent(conversationOf(body), targetOf("gemini-2.5-flash"));
    expect(losses).toEqual([]);
    expect(again).toEqual(usual(body));
  });

  test.each(files(".response.json"))("answers what the provider said: %s", async (path) => {
    const body = readFileSync(folder + path);
    const original = JSON.parse(body.toString()) as Members;
    const reply = decodeWhole(original);
    const again = JSON.parse(codec.encodeReply(reply, { ...conversationOf({}), model: reply.model }).body.toString()) as Members;
    const [read, expected] = [await readReply(JSON.stringify(again)), await readReply(body.toString())];
    // What was filtered before a word was said is told of the prompt.
    const feedback = again["promptFeedback"] as Members | undefined;
    expect({ ...read, usage: null, finishReason: feedback?.["blockReason"] ?? read.finishReason }).toEqual({ ...expected, usage: null });
    const { summary, error, isWhole } = gemini.readReply(body);
    expect({ summary, error, isWhole }).toMatchObject({ summary: reply.usage, error: null, isWhole: true });
  });

  test("tells the likelihoods of its tokens", () => {
    const path = files(".response.json").find((name) => name.includes("logprobs")) ?? "";
    const original = JSON.parse(readFileSync(folder + path, "utf8")) as Members;
    const { choices } = decodeWhole(original);
    const [block] = choices[0]?.blocks ?? [];
    expect(block?.kind === "text" ? block.logprobs?.[1] : null).toMatchObject({ token: " +", logprob: -0.006128676, bytes: [0x20, 0x2b], top: expect.any(Array) as unknown });
  });
});

/** The instruction's role says nothing, and neither do settings that set nothing. */
const usual = (body: Members): Members => {
  const { systemInstruction, generationConfig, ...rest } = body;
  const settings = Object.fromEntries(Object.entries((generationConfig ?? {}) as Members).filter(([key]) => key !== "responseModalities"));
  return {
    ...rest,
    ...(systemInstruction === undefined ? {} : { systemInstruction: { parts: (systemInstruction as Members)["parts"] } }),
    ...(Object.keys(settings).length === 0 ? {} : { generationConfig: settings }),
  };
};

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
