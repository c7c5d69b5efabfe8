// Recorded traffic of Anthropic's, when it lies beside the repository: told again so that the vendor's own library reads the
// same message, passed on untouched, and requests that come out as they went in.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { isFailure, isInvalid } from "../../../dataplane/protocols/codec.ts";
import { Collector } from "../../../dataplane/protocols/collect.ts";
import type { Event, Reply } from "../../../dataplane/protocols/ir.ts";
import { eventsOf } from "../../../dataplane/protocols/replay.ts";
import { anthropicMessages } from "../../../dataplane/protocols/anthropic-messages/index.ts";
import { watchPieces } from "../watching.ts";
import { accumulate, askedOf, codec, conversationOf, dataOf, decodePieces, encodeAll, EVENT_BYTES_MAX, type Members, readReply, sent, streamOf, targetOf } from "./driving.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = fileURLToPath(new URL("../../../../shared/fixtures/recorded/", import.meta.url));
const isPresent = existsSync(folder);
const ours = isPresent ? readdirSync(folder).filter((name) => /^(?:0\d|1[0-7])-/.test(name)).sort() : [];
const files = (ending: string): string[] => ours.flatMap((name) => readdirSync(folder + name).filter((file) => file.endsWith(ending)).map((file) => `${name}/${file}`));

/** Some recorders kept the payload of each event only, several answers one after another in one file. */
const payloadStreams = (): { path: string; bytes: Buffer }[] =>
  files(".response.txt").flatMap((path) => {
    const answers: Members[][] = [];
    for (const line of readFileSync(folder + path, "utf8").split("\n").filter((text) => text !== "")) {
      const event = JSON.parse(line) as Members;
      if (event["type"] === "message_start") answers.push([]);
      answers.at(-1)?.push(event);
    }
    return answers.map((events, index) => ({ path: `${path} (${index + 1})`, bytes: streamOf(events) }));
  });

const streams = isPresent ? [...files(".response.sse").map((path) => ({ path, bytes: readFileSync(folder + path) })), ...payloadStreams()] : [];

const whole = (bytes: Buffer): Event[] => decodePieces([bytes]);
const replyOf = (events: readonly Event[]): Reply => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error("the answer has not ended");
  return reply;
};

const contentOf = ({ content, stop_reason: reason, stop_sequence: sequence }: Members) => ({ content, reason, sequence });

/** Arguments are an object in a whole reply, and text as the model wrote it in a stream. */
const parsed = (reply: Reply) => ({
  ...reply,
  choices: reply.choices.map((choice) => ({ ...choice, blocks: choice.blocks.map((block) => (block.kind === "tool-call" ? { ...block, arguments: JSON.parse(block.arguments === "" ? "{}" : block.arguments) as unknown } : block)) })),
});

/** What a client reads of a text and of a call, whatever stood beside it: the library's own helpers add members. */
const comparable = (message: Members) => contentOf(message);

describe.runIf(isPresent)("a recorded stream", () => {
  test("is there to be read", () => {
    expect(streams.length).toBeGreaterThan(17);
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

  test.each(streams)("told again is the same message to the vendor's library: $path", async ({ bytes }) => {
    const [again, original] = await Promise.all([accumulate(encodeAll(whole(bytes))), accumulate(bytes.toString())]);
    expect(contentOf(again)).toEqual(contentOf(original));
    expect([again["usage"], again["id"]]).toEqual([expect.objectContaining({ output_tokens: (original["usage"] as Members)["output_tokens"] }), original["id"]]);
  });

  test.each(streams)("says the same as the whole reply, and as that told as a stream: $path", async ({ bytes }) => {
    const reply = replyOf(whole(bytes));
    const body = codec.encodeReply(reply, conversationOf({})).body.toString();
    const [streamed, read, replayed] = await Promise.all([accumulate(encodeAll(whole(bytes))), readReply(body), accumulate(encodeAll(eventsOf(reply)))]);
    expect(comparable(read)).toEqual(comparable(streamed));
    expect(comparable(replayed)).toEqual(comparable(streamed));
  });

  test.each(streams)("is read again from the whole reply without a loss: $path", ({ bytes }) => {
    const reply = replyOf(whole(bytes));
    const encoded = codec.encodeReply(reply, conversationOf({}));
    const again = codec.decodeReply(encoded.body, targetOf());
    expect(encoded.losses).toEqual([]);
    expect(isFailure(again) ? again : parsed({ ...again, model: reply.model, extras: {} })).toEqual(parsed({ ...reply, extras: {} }));
  });

  test.each(streams)("goes back in the history as it came: $path", ({ bytes }) => {
    const message = JSON.parse(codec.encodeReply(replyOf(whole(bytes)), conversationOf({})).body.toString()) as Members;
    const history = [{ role: "user", content: "Hi" }, { role: "assistant", content: message["content"] }, { role: "user", content: "Go on" }];
    const { body, losses } = sent(conversationOf({ messages: history }));
    const [, answer] = body["messages"] as Members[];
    expect(losses).toEqual([]);
    const content = answer?.["content"];
    expect(typeof content === "string" ? [{ type: "text", text: content }] : content).toEqual(message["content"]);
  });

  test.each(streams)("passes untouched, and tells what it says: $path", ({ bytes }) => {
    const outcome = watchPieces(() => anthropicMessages.openStream(EVENT_BYTES_MAX), [bytes]);
    const reply = replyOf(whole(bytes));
    expect(outcome).toMatchObject({ isFinished: true, hasTerminator: true, hasEvent: true, error: null, isOversize: false, isBetweenEvents: true });
    expect(outcome.summary).toMatchObject({ ...reply.usage, model: reply.model, finishReason: reply.choices[0]?.finish.raw, outputTokensEstimate: 0 });
    expect(bytes.toString("latin1").startsWith(outcome.passed)).toBe(true);
    expect(bytes.toString("latin1").slice(outcome.passed.length).trim()).toBe("");
  });

  test.each(streams)("can be joined, and the reply be told again: $path", async ({ bytes }) => {
    const reply = anthropicMessages.streamToReply(bytes);
    expect(reply).not.toBeNull();
    const again = anthropicMessages.replyToStream(reply as Buffer) as Buffer;
    expect(JSON.parse(String(anthropicMessages.streamToReply(again)))).toEqual(JSON.parse(String(reply)));
    expect(comparable(await readReply(String(reply)))).toEqual(comparable(await accumulate(again.toString())));
  });

  test("that compacts is charged for all of its runs", () => {
    const compacting = streams.find(({ path }) => path.startsWith("17-"));
    const advised = streams.find(({ path }) => path.startsWith("05-"));
    expect(replyOf(whole(compacting?.bytes ?? Buffer.alloc(0))).usage).toMatchObject({ inputTokens: 60_385 + 612, outputTokens: 522 + 2819 });
    expect(replyOf(whole(advised?.bytes ?? Buffer.alloc(0))).usage).toMatchObject({ inputTokens: 1128 + 2543 + 1283, outputTokens: 135 + 18 + 10 });
  });
});

describe.runIf(isPresent)("a recorded exchange", () => {
  const requests = files(".request.json");

  test.each(requests)("sends what the client asked: %s", (path) => {
    const body = JSON.parse(readFileSync(folder + path, "utf8")) as Members;
    const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(body)), { ...askedOf(), model: String(body["model"]) });
    if (isInvalid(conversation)) throw new Error(conversation.problem);
    const { body: again, losses } = sent(conversation, targetOf(String(body["model"]), {}, body["stream"] === true));
    expect(losses).toEqual([]);
    expect(withLists(again)).toEqual(withLists(body));
  });

  test.each(files(".response.json"))("answers what the provider said: %s", async (path) => {
    const body = readFileSync(folder + path);
    const reply = codec.decodeReply(body, targetOf());
    if (isFailure(reply)) throw new Error(reply.message);
    const original = JSON.parse(body.toString()) as Members;
    const again = JSON.parse(codec.encodeReply(reply, { ...conversationOf({}), model: String(original["model"]) }).body.toString()) as Members;
    expect({ ...again, stop_details: null, container: null }).toEqual({ ...original, stop_details: null, container: null });
    expect(comparable(await readReply(JSON.stringify(again)))).toEqual(comparable(original));
    const { summary, error, isWhole } = anthropicMessages.readReply(body);
    expect({ summary, error, isWhole }).toMatchObject({ summary: { ...reply.usage, finishReason: original["stop_reason"] }, error: null, isWhole: true });
  });
});

/** A string and one text say the same; so do what is absent and what is null or false. */
const withLists = (body: Members): Members => {
  const list = (content: unknown): unknown => (typeof content === "string" ? [{ type: "text", text: content }] : content);
  const unfolded = (content: unknown): unknown =>
    Array.isArray(content) ? content.map((block: Members) => (block["type"] === "tool_result" ? present({ ...block, content: list(block["content"]) }) : block)) : content;
  const messages = (body["messages"] as Members[]).map((message) => ({ ...message, content: unfolded(list(message["content"])) }));
  return present({ ...body, messages, ...(body["system"] === undefined ? {} : { system: list(body["system"]) }) });
};

const present = (members: Members): Members => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== false));

test("what is told as text is read as text again", () => {
  expect(dataOf(streamOf([{ type: "message_stop" }]).toString())).toEqual([{ type: "message_stop" }]);
});

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});
