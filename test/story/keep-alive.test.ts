// While a provider is silent inside a stream, the gateway says so itself: between events, in a form that every library passes
// over, and so that nothing else of the stream or of its books changes. Time is the test's.
import { describe, expect, it, vi } from "vitest";
import { chatCompletion, chatEvents, chatStream, dataEvent } from "../doubles/provider-bytes.ts";
import { eventStream } from "../doubles/provider-replies.ts";
import type { Exchange } from "../doubles/provider.ts";
import { accumulate as readMessages, streamOf as messageStream } from "../protocols/anthropic-messages/driving.ts";
import { blockStop, METADATA, START, STOP, STREAM_TYPE as FRAMES, streamOf as frames, textDelta } from "../protocols/bedrock-converse/driving.ts";
import { accumulate as readGemini, chunkOf, listOf, streamOf as geminiStream } from "../protocols/gemini/driving.ts";
import { joined as readChat, texts as readCompletions } from "../protocols/openai-chat/reading.ts";
import { accumulate as readResponses } from "../protocols/openai-responses/speaking.ts";
import { asked, CHAT, headOf, post, STREAMED, type BareClient } from "./clients-bare.ts";
import { chat, completions, errorsIn, eventsIn, responses } from "./streams-protocols.ts";
import { openTimedScene, stalled, type Cast, type Line, type Scene, type SceneParts } from "./streams-scene.ts";

type TimedScene = Awaited<ReturnType<typeof openTimedScene>>;

const EVENT_STREAM = "text/event-stream";
const COMMENT = ": keep-alive\n";
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
/** Nothing written for so long, and the wheel of deadlines may be a little late. */
const QUIET_MS = 15_000;
const LATE_MS = 100;
const none = { connectMs: 0, headersMs: 0, firstTokenMs: 0, idleMs: 0, totalMs: 0 };
const never: SceneParts = { provider: { timeouts: none } };
const usage = { input: 9, output: 5 };
const words = ["one", "two", "three"];

const client = {
  chat: { path: chat.path, body: chat.body },
  counting: { path: chat.path, body: asked({ stream: true, stream_options: { include_usage: true } }) },
  completions: { path: completions.path, body: completions.body },
  responses: { path: responses.path, body: responses.body },
  messages: { path: "/v1/messages", body: asked({ stream: true, max_tokens: 100 }) },
  gemini: { path: "/v1beta/models/support-chat:streamGenerateContent?alt=sse", body: '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}' },
  list: { path: "/v1beta/models/support-chat:streamGenerateContent", body: '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}' },
  bedrock: { path: "/model/support-chat/converse-stream", body: '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}' },
  images: { path: "/v1/images/generations", body: '{"model":"support-chat","prompt":"hi","stream":true}' },
};

const message = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } };
const messageEvents = [
  messageStream([{ type: "message_start", message }, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "one" } }]),
  messageStream([{ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "two" } }]),
  messageStream([{ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "three" } }]),
  messageStream([{ type: "content_block_stop", index: 0 }, { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } }, { type: "message_stop" }]),
];
const geminiChunks = [...words.map((text) => chunkOf([{ text }])), chunkOf([{ text: "" }], { finishReason: "STOP" }, { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 5, totalTokenCount: 14 } })];
const frameEvents = [frames(START, textDelta("one")), frames(textDelta("two")), frames(textDelta("three")), frames(blockStop(), STOP, METADATA)];
const imageEvents = [...words.map((word) => Buffer.from(`event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image","b64_json":"${word}"}\n\n`)), Buffer.from('event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"x","usage":{"input_tokens":9,"output_tokens":5,"total_tokens":14}}\n\n')];
/** As the end of a list stands: what comes between its elements comes with the next. */
const listText = listOf(geminiChunks).toString();
const listPieces = listText.split(/(?=,\r\n)/).map((piece) => Buffer.from(piece));

/** The words one by one, each with what stands before it; then the end. */
const byWords = (events: readonly Buffer[]): Buffer[] => {
  const pieces: Buffer[][] = [[]];
  for (const event of events) {
    pieces.at(-1)?.push(event);
    if (pieces.length <= words.length && event.includes(`"${words[pieces.length - 1] ?? ""}"`)) pieces.push([]);
  }
  return pieces.map((piece) => Buffer.concat(piece));
};

interface Way {
  readonly name: string;
  readonly client: { readonly path: string; readonly body: string };
  readonly provider: SceneParts["provider"];
  readonly pieces: readonly Buffer[];
  readonly type?: string;
  /** What is said in a silence; "" for nothing. */
  readonly said: string;
  /** By the vendor's own library. */
  readonly read?: (stream: string) => Promise<unknown>;
}

const chatPieces = byWords(chatEvents({ words, usage }));
const ofChat = { provider: { protocols: ["openai-chat" as const] }, pieces: chatPieces };
const gemini = { protocols: ["gemini" as const] };

const ways: readonly Way[] = [
  { name: "chat, untouched", client: client.counting, ...ofChat, said: COMMENT, read: readChat },
  { name: "chat, without the usage that was not asked for", client: client.chat, ...ofChat, said: COMMENT, read: readChat },
  { name: "completions, untouched", client: client.completions, provider: {}, pieces: byWords(completions.events({ words, usage })), said: COMMENT, read: readCompletions },
  { name: "responses, untouched", client: client.responses, provider: {}, pieces: byWords(responses.events({ words, usage })), said: COMMENT, read: readResponses },
  { name: "messages, untouched", client: client.messages, provider: { type: "anthropic-compatible" }, pieces: messageEvents, said: PING, read: readMessages },
  { name: "images", client: client.images, provider: {}, pieces: imageEvents, said: COMMENT },
  { name: "gemini, untouched", client: client.gemini, provider: gemini, pieces: geminiChunks.map((chunk) => geminiStream([chunk])), said: "", read: readGemini },
  { name: "gemini as a list, untouched", client: client.list, provider: gemini, pieces: listPieces, type: "application/json", said: "" },
  { name: "bedrock, untouched", client: client.bedrock, provider: { type: "bedrock" }, pieces: frameEvents, type: FRAMES, said: "" },
  { name: "completions of chat", client: client.completions, ...ofChat, said: COMMENT, read: readCompletions },
  { name: "responses of chat", client: client.responses, ...ofChat, said: COMMENT, read: readResponses },
  { name: "messages of chat", client: client.messages, ...ofChat, said: PING, read: readMessages },
  { name: "chat of messages", client: client.chat, provider: { type: "anthropic-compatible" }, pieces: messageEvents, said: COMMENT, read: readChat },
  { name: "chat of bedrock", client: client.chat, provider: { type: "bedrock" }, pieces: frameEvents, type: FRAMES, said: COMMENT, read: readChat },
  { name: "gemini of chat", client: client.gemini, ...ofChat, said: "", read: readGemini },
  { name: "gemini as a list of chat", client: client.list, ...ofChat, said: "" },
  { name: "bedrock of chat", client: client.bedrock, ...ofChat, said: "" },
];

const begin = async (scene: Scene, way: Pick<Way, "client" | "type">): Promise<{ client: BareClient; exchange: Exchange }> => {
  const asking = scene.client().send(post(way.client.body, { path: way.client.path }));
  const exchange = await scene.provider.next();
  await exchange.sendHead({ headers: { "content-type": way.type ?? EVENT_STREAM } });
  return { client: asking, exchange };
};

/** As a silence passes: what is said in it is out before there is something to say again. */
const silence = async (scene: TimedScene, asking: BareClient, seconds: number): Promise<void> => {
  for (let left = seconds; left > 0; left -= 10) {
    scene.clock.advance(Math.min(left, 10) * 1000);
    await stalled(() => asking.bodyBytes);
  }
};

/** What the client got of a provider that was silent for so long behind every word, and what the books say. */
const told = async (way: Way, silenceMs: number): Promise<{ text: string; body: Buffer; line: Line }> => {
  const scene = await openTimedScene(undefined, { provider: { ...way.provider, timeouts: none } });
  const { client: asking, exchange } = await begin(scene, way);
  for (const [at, piece] of way.pieces.entries()) {
    await exchange.sendChunk(piece);
    const word = words[at];
    if (word === undefined) break;
    await asking.saw(word);
    scene.clock.advance(silenceMs);
    await stalled(() => asking.bodyBytes);
  }
  await exchange.end();
  const { text, body } = await asking.reply();
  asking.leave();
  // An id that the gateway had to make differs from request to request.
  return { text: text.replace(/"id":"chatcmpl-[^"]+"/g, '"id":"chatcmpl-"'), body, line: (await scene.over(1))[0] ?? {} };
};

const booksOf = ({ input_tokens: input, output_tokens: output, finish_reason: finish, error, first_byte_ms: firstByteMs, status }: Line): object => ({ input, output, finish, error, firstByteMs, status });

describe("a provider that is silent behind each of three words", () => {
  it.each(ways)("$name: nothing else of the stream changes, and nothing of its books", async (way) => {
    const [whole, kept] = [await told(way, 0), await told(way, QUIET_MS + LATE_MS)];
    expect(kept.text.split(way.said === "" ? COMMENT : way.said).length - 1).toBe(way.said === "" ? 0 : words.length);
    expect(way.said === "" ? kept.text : kept.text.replaceAll(way.said, "")).toBe(whole.text);
    for (const word of words) if (way.said !== "") expect(kept.text.slice(kept.text.indexOf(word)).replace(/^[^]*?\n\n/, "").startsWith(way.said)).toBe(true);
    expect(booksOf(kept.line)).toEqual(booksOf(whole.line));
    expect(kept.line["bytes_out"]).toBe(kept.body.length);
    if (way.read !== undefined) expect(await way.read(kept.text)).toEqual(await way.read(whole.text));
  });

  it.each(ways.filter(({ said }) => said !== ""))("$name: again and again, as often as the time is over", async (way) => {
    const scene = await openTimedScene(undefined, { provider: { ...way.provider, timeouts: none } });
    const { client: asking, exchange } = await begin(scene, way);
    await exchange.sendChunk(way.pieces[0] ?? "");
    await asking.saw("one");
    const before = asking.replies[0]?.text ?? "";
    for (let count = 1; count <= 4; count++) {
      scene.clock.advance(QUIET_MS - LATE_MS);
      await stalled(() => asking.bodyBytes);
      expect(asking.replies[0]?.text).toBe(before + way.said.repeat(count - 1));
      scene.clock.advance(LATE_MS);
      await asking.saw(way.said.repeat(count));
    }
    expect(asking.replies[0]?.text).toBe(before + way.said.repeat(4));
    asking.leave();
    await exchange.gone;
    await scene.over(1);
  });
});

describe.each([
  ["HTTP/1.0", ({ path, body }: Way["client"]) => post(body, { path, version: "1.0" })],
  ["a body of unknown length", ({ path, body }: Way["client"]) => `${headOf(0, { path }).replace("content-length: 0", "transfer-encoding: chunked")}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
] as const)("a client that Node's own server reads: %s", (_, write) => {
  it("is told the same", async () => {
    const scene = await openTimedScene(undefined, never);
    const asking = scene.client().send(write(client.chat));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { "content-type": EVENT_STREAM } });
    const [first = "", ...others] = byWords(chatEvents({ words }));
    await exchange.sendChunk(first);
    await asking.saw("one");
    scene.clock.advance(QUIET_MS);
    await asking.saw(COMMENT);
    await exchange.sendChunk(Buffer.concat(others));
    await exchange.end();
    expect((await asking.reply()).text).toBe(first.toString() + COMMENT + Buffer.concat(others).toString());
    asking.leave();
    await scene.over(1);
  });
});

it("a provider that falls silent at once keeps its client waiting no longer, however long the head might have been held", async () => {
  const scene = await openTimedScene(undefined, { ...never, settings: { stream: { headHoldMs: 120_000 } } });
  const { client: asking, exchange } = await begin(scene, { client: client.chat });
  await exchange.sendChunk(chatPieces[0] ?? "");
  await asking.saw("one");
  scene.clock.advance(QUIET_MS);
  await stalled(() => asking.bodyBytes);
  expect(asking.replies[0]?.text).toBe(String(chatPieces[0]) + COMMENT);
  asking.leave();
  await exchange.gone;
  await scene.over(1);
});

describe("a provider that speaks", () => {
  it("is left alone as long as it does", async () => {
    const scene = await openTimedScene(undefined, never);
    const { client: asking, exchange } = await begin(scene, { client: client.chat });
    const events = chatEvents({ words: Array.from({ length: 8 }, (_, at) => `word-${at}`) });
    for (const event of events) {
      await exchange.sendChunk(event);
      scene.clock.advance(10_000);
    }
    await exchange.end();
    expect((await asking.reply()).text).toBe(Buffer.concat(events).toString());
    asking.leave();
    await scene.over(1);
  });

  it("costs no deadline for each of its events", async () => {
    const scene = await openTimedScene(undefined);
    const arm = vi.spyOn(scene.gateway.deadlines, "arm");
    const { client: asking, exchange } = await begin(scene, { client: client.chat });
    for (const event of chatEvents({ words: Array.from({ length: 100 }, (_, at) => `word-${at}`) })) {
      await exchange.sendChunk(event);
      scene.clock.advance(100);
    }
    await exchange.end();
    await asking.reply();
    // Of the server's own and of the attempt's: to connect, for the head, for what comes behind it, and a look or two on the way.
    expect(arm.mock.calls.length).toBeLessThan(10);
    asking.leave();
    await scene.over(1);
  });

  it("is not taken for silent by its own clock when the client's protocol has no words for what it says", async () => {
    const scene = await openTimedScene(undefined, { provider: { protocols: ["openai-chat"], timeouts: { ...none, idleMs: 30_000 } } });
    const { client: asking, exchange } = await begin(scene, { client: client.messages });
    await exchange.sendChunk(chatPieces[0] ?? "");
    await asking.saw("one");
    for (let seconds = 0; seconds < 60; seconds += 10) {
      scene.clock.advance(10_000);
      await exchange.sendChunk(": still thinking\n\n");
    }
    await asking.saw(PING.repeat(3));
    await exchange.sendChunk(Buffer.concat(chatPieces.slice(1)));
    await exchange.end();
    expect((await asking.reply()).text).toContain("message_stop");
    asking.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "" });
  });
});

describe("where the bytes are cut", () => {
  const events = [dataEvent({ choices: [{ index: 0, delta: { content: "é🌅" }, finish_reason: null }] }).toString(), ": theirs\n\n", 'event: x\ndata: {"choices":\ndata: []}\n\n'];
  const text = events.join("");

  /** Wherever it is cut, the client reads the same events; and where something was said in the stream then. */
  const saidIn = async (asker: Way["client"], stream: string): Promise<number[]> => {
    const bytes = Buffer.from(stream);
    const scene = await openTimedScene(undefined, never);
    const said: number[] = [];
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { client: asking, exchange } = await begin(scene, { client: asker });
      await exchange.sendChunk(bytes.subarray(0, cut));
      scene.clock.advance(3000);
      await asking.headed();
      scene.clock.advance(QUIET_MS + LATE_MS);
      await exchange.sendChunk(bytes.subarray(cut));
      for (const event of chatEvents({ words: ["end"] })) await exchange.sendChunk(event);
      await exchange.end();
      const reply = await asking.reply();
      const at = reply.body.indexOf(COMMENT);
      if (at !== -1) said.push(at);
      expect(reply.text.replace(COMMENT, "").startsWith(stream), `cut at ${cut}`).toBe(true);
      expect(eventsIn(reply.text.replace(/\r\n?/g, "\n")), `cut at ${cut}`).toEqual(eventsIn(text + chatStream({ words: ["end"] }).toString()));
      asking.leave();
    }
    await scene.over(bytes.length + 1);
    return said.toSorted((left, right) => left - right);
  };

  const between = (eol: string): number[] => [0, ...events.map((_, index) => Buffer.byteLength(events.slice(0, index + 1).join("").replaceAll("\n", eol)))];

  it.each([
    ["LF", "\n"],
    ["CRLF", "\r\n"],
  ])("nothing is said inside an event: %s", async (_, eol) => {
    const places = between(eol);
    // A comment's line is no event, whole or not.
    const behindComment = (places[2] ?? 0) - eol.length;
    expect(await saidIn(client.counting, text.replaceAll("\n", eol))).toEqual([...places, behindComment].toSorted((left, right) => left - right));
  });

  it("nothing is said behind a lone CR, to which an LF may still belong", async () => {
    expect(await saidIn(client.counting, text.replaceAll("\n", "\r"))).toEqual([0]);
  });

  it("nothing is said inside an event of a stream from which something is left out: what is not whole is not given", async () => {
    const said = await saidIn(client.chat, text);
    expect(said.length).toBeGreaterThan(events.length);
    expect([...new Set(said)].filter((at) => !between("\n").includes(at) && at !== (between("\n")[2] ?? 0) - 1)).toEqual([]);
  });

  it("no blank line is put in, which some of OpenAI's libraries take for an event in streams with ids", async () => {
    const scene = await openTimedScene(undefined, never);
    const { client: asking, exchange } = await begin(scene, { client: client.chat });
    const [first = "", ...others] = byWords(chatEvents({ words }).map((event) => Buffer.concat([Buffer.from("id: 7\n"), event])));
    await exchange.sendChunk(first);
    await asking.saw("one");
    await silence(scene, asking, 40);
    await exchange.sendChunk(Buffer.concat(others));
    await exchange.end();
    expect((await asking.reply()).text).toBe(first.toString() + COMMENT.repeat(2) + Buffer.concat(others).toString());
    asking.leave();
    await scene.over(1);
  });
});

describe("before the first event", () => {
  const failing: Cast = { one: undefined, two: eventStream(chatEvents({ words: ["rescued"] })) };

  it("nothing is said while somebody else may still be asked", async () => {
    const scene = await openTimedScene(failing, { ...never, settings: { stream: { headHoldMs: 120_000 } } });
    const { client: asking, exchange } = await begin(scene, { client: client.chat });
    await exchange.sendChunk(": theirs\n\n");
    scene.clock.advance(100_000);
    await stalled(() => asking.bodyBytes);
    expect(asking.replies).toEqual([]);
    exchange.reset();
    expect((await asking.reply()).text).toBe(chatStream({ words: ["rescued"] }).toString());
    asking.leave();
    expect((await scene.over(1))[0]).toMatchObject({ attempts: 2, error: "" });
  });

  it.each([
    ["chat", client.chat, {}],
    ["messages", client.messages, { type: "anthropic-compatible" }],
    ["messages of chat", client.messages, ofChat.provider],
  ] as const)("a comment is said once the head is out, which is no token: %s", async (_, asker, provider) => {
    const scene = await openTimedScene(undefined, { provider: { ...provider, timeouts: { ...none, firstTokenMs: 40_000 } } });
    const { client: asking, exchange } = await begin(scene, { client: asker });
    scene.clock.advance(2000 + LATE_MS);
    await asking.headed();
    scene.clock.advance(QUIET_MS - 2 * LATE_MS);
    await stalled(() => asking.bodyBytes);
    expect(asking.replies[0]?.text).toBe("");
    scene.clock.advance(2 * LATE_MS);
    await asking.saw(COMMENT);
    scene.clock.advance(12_000);
    const pieces = asker === client.messages && !("protocols" in provider) ? messageEvents : chatPieces;
    await exchange.sendChunk(Buffer.concat(pieces));
    await exchange.end();
    const { text } = await asking.reply();
    expect([text.startsWith(COMMENT), text.includes("one")]).toEqual([true, true]);
    asking.leave();
    expect((await scene.over(1))[0]).toMatchObject({ error: "", first_byte_ms: 29_100 });
  });

  it("what was said postpones no deadline of the first token", async () => {
    const scene = await openTimedScene(undefined, { provider: { timeouts: { ...none, firstTokenMs: 40_000 } } });
    const { client: asking } = await begin(scene, { client: client.chat });
    await silence(scene, asking, 39);
    await asking.saw(COMMENT.repeat(2));
    expect(asking.replies[0]?.isWhole).toBe(false);
    scene.clock.advance(1000 + LATE_MS);
    expect(errorsIn(chat, (await asking.reply()).text).map(({ code }) => code)).toEqual(["TIMEOUT_FIRST_TOKEN"]);
    asking.leave();
    await scene.over(1);
  });
});

describe("at the end", () => {
  it.each([
    ["chat", client.chat, {}, chatPieces, COMMENT],
    ["messages", client.messages, { type: "anthropic-compatible" }, messageEvents, PING],
    ["responses of chat", client.responses, ofChat.provider, chatPieces, COMMENT],
  ] as const)("nothing is said behind the terminator, though the provider does not hang up: %s", async (_, asker, provider, pieces, said) => {
    const scene = await openTimedScene(undefined, { provider: { ...provider, timeouts: none } });
    const { client: asking, exchange } = await begin(scene, { client: asker });
    await exchange.sendChunk(Buffer.concat(pieces));
    await asking.saw("three");
    scene.clock.advance(60_000);
    await stalled(() => asking.bodyBytes);
    expect(asking.replies[0]?.text).not.toContain(said);
    await exchange.end();
    expect((await asking.reply()).text).not.toContain(said);
    asking.leave();
    await scene.over(1);
  });

  it("nothing is said behind an error of the provider's own", async () => {
    const scene = await openTimedScene(undefined, never);
    const { client: asking, exchange } = await begin(scene, { client: client.chat });
    await exchange.sendChunk(chatPieces[0] ?? "");
    await exchange.sendChunk('data: {"error":{"message":"no more","type":"server_error"}}\n\n');
    await asking.saw("no more");
    scene.clock.advance(60_000);
    await exchange.end();
    expect((await asking.reply()).text).not.toContain(COMMENT);
    asking.leave();
    await scene.over(1);
  });

  it("a provider that is silent for too long is told as ever, after what was said meanwhile", async () => {
    const scene = await openTimedScene(undefined, { provider: { timeouts: { ...none, idleMs: 40_000 } } });
    const { client: asking, exchange } = await begin(scene, { client: client.chat });
    await exchange.sendChunk(chatPieces[0] ?? "");
    await asking.saw("one");
    await silence(scene, asking, 39);
    await asking.saw(COMMENT.repeat(2));
    expect(asking.replies[0]?.isWhole).toBe(false);
    scene.clock.advance(1000 + LATE_MS);
    const { text, isWhole } = await asking.reply();
    expect([text.startsWith((chatPieces[0] ?? "") + COMMENT.repeat(2)), isWhole, errorsIn(chat, text).map(({ code }) => code)]).toEqual([true, true, ["TIMEOUT_IDLE"]]);
    await exchange.gone;
    asking.leave();
    expect((await scene.over(1))[0]).toMatchObject({ error: "TIMEOUT_IDLE", usage_estimated: true });
  });
});

describe("what is no stream of events to its client", () => {
  it("is kept as it is: a stream that is joined, and sound", async () => {
    const scene: TimedScene = await openTimedScene(undefined, never);
    const joining = scene.client().send(post(CHAT));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { "content-type": EVENT_STREAM } });
    for (const piece of chatPieces) {
      await exchange.sendChunk(piece);
      scene.clock.advance(20_000);
    }
    await exchange.end();
    expect(JSON.parse((await joining.reply()).text)).toMatchObject({ choices: [{ message: { content: "onetwothree" } }] });
    joining.leave();

    const listening = scene.client().send(post('{"model":"support-chat","input":"x","voice":"alloy"}', { path: "/v1/audio/speech" }));
    const sound = await scene.provider.next();
    await sound.sendHead({ headers: { "content-type": "audio/mpeg" } });
    for (const piece of ["abc", "def"]) {
      await sound.sendChunk(piece);
      await listening.saw(piece);
      scene.clock.advance(20_000);
    }
    await sound.end();
    expect((await listening.reply()).text).toBe("abcdef");
    listening.leave();
    await scene.over(2);
  });
});

describe("a client that does not read", () => {
  const large = dataEvent({ choices: [{ index: 0, delta: { content: "x".repeat(64_000) }, finish_reason: null }] });
  const count = 400;

  it("is told nothing until it has read what waits for it", async () => {
    const scene = await openTimedScene(undefined, never);
    const asking = scene.client(false).send(post(STREAMED));
    const exchange = await scene.provider.next();
    await exchange.sendHead({ headers: { "content-type": EVENT_STREAM } });
    const sending = (async () => {
      for (let index = 0; index < count; index++) await exchange.sendChunk(large);
    })();
    await stalled(() => exchange.replyBytes);
    for (let seconds = 0; seconds < 120; seconds += 10) scene.clock.advance(10_000);
    asking.socket.resume();
    await sending;
    await asking.until(() => asking.bodyBytes >= large.length * count);
    expect(asking.bodyBytes).toBe(large.length * count);
    scene.clock.advance(QUIET_MS + LATE_MS);
    await asking.until(() => asking.bodyBytes > large.length * count);
    await exchange.sendChunk(Buffer.concat(chatEvents({ words: [] }).slice(1)));
    await exchange.end();
    const { body } = await asking.reply();
    expect(body.indexOf(COMMENT)).toBe(large.length * count);
    asking.leave();
    expect((await scene.over(1))[0]).toMatchObject({ status: 200, error: "", bytes_out: body.length });
  });
});

it("a completion that is whole is not a stream: nothing is put before or behind it", async () => {
  const scene = await openTimedScene(undefined, never);
  const asking = scene.client().send(post(CHAT));
  const exchange = await scene.provider.next();
  const whole = chatCompletion({ text: "whole" });
  await exchange.sendHead({ headers: { "content-type": "application/json" } });
  await exchange.sendChunk(whole.subarray(0, 20));
  scene.clock.advance(60_000);
  await exchange.sendChunk(whole.subarray(20));
  await exchange.end();
  expect((await asking.reply()).text).toBe(whole.toString());
  asking.leave();
  await scene.over(1);
});
