// The fake provider: as little as can speak HTTP/1.1 over node:net, so that it is never the limit.
// Answers every request in the way that it was last told to; it does not read what is asked.
import { createServer, type AddressInfo, type Socket } from "node:net";
import { CHUNKS_PER_BURST, CHUNKS_PER_SECOND, CHUNKS_PER_STREAM, type Answering } from "./answering.ts";
import { serveCommands, usage } from "./commands.ts";

const HEAD = [
  "HTTP/1.1 200 OK",
  "date: Fri, 20 Nov 2026 09:00:00 GMT",
  "connection: keep-alive",
  "openai-organization: bench",
  "openai-processing-ms: 12",
  "openai-version: 2020-10-01",
  "x-ratelimit-limit-requests: 10000",
  "x-ratelimit-remaining-requests: 9999",
  "x-ratelimit-reset-requests: 6ms",
  "x-request-id: req_0123456789abcdef0123456789abcdef",
  "cf-cache-status: DYNAMIC",
].join("\r\n");

const reply = JSON.stringify({
  id: "chatcmpl-0123456789abcdef",
  object: "chat.completion",
  created: 1_795_000_000,
  model: "gpt-5.5-mini-2026-08-07",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: `I am sorry to hear that. ${'Your parcel left the "north" depot today.\n'.repeat(14)}`, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: {
    prompt_tokens: 212,
    completion_tokens: 121,
    total_tokens: 333,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: "default",
});

const JSON_REPLY = Buffer.from(`${HEAD}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(reply)}\r\n\r\n${reply}`);
const STREAM_HEAD = Buffer.from(`${HEAD}\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n`);

const framed = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (choices: object[], more: object = {}): string =>
  framed(`data: ${JSON.stringify({ id: "chatcmpl-0123456789abcdef", object: "chat.completion.chunk", created: 1_795_000_000, model: "gpt-5.5-mini-2026-08-07", service_tier: "default", system_fingerprint: "fp_0123456789", choices, ...more })}\n\n`);
const WORD = event([{ index: 0, delta: { content: " parcel" }, logprobs: null, finish_reason: null }], { usage: null });
const ENDING =
  event([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }], { usage: null }) +
  event([], { usage: { prompt_tokens: 212, completion_tokens: 200, total_tokens: 412 } }) +
  framed("data: [DONE]\n\n") +
  "0\r\n\r\n";

// The same answers as Anthropic Messages tells them.
const message = {
  id: "msg_0123456789abcdef",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-6",
  content: [{ type: "text", text: `I am sorry to hear that. ${'Your parcel left the "north" depot today.\n'.repeat(14)}` }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 212, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 121, service_tier: "standard" },
};
const messageText = JSON.stringify(message);
const MESSAGE_REPLY = Buffer.from(`${HEAD}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(messageText)}\r\n\r\n${messageText}`);
const named = (data: { readonly type: string; readonly [member: string]: unknown }): string => framed(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
const MESSAGE_START = Buffer.from(
  named({ type: "message_start", message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } } }) +
  named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
);
const MESSAGE_WORD = named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: " parcel" } });
const MESSAGE_BURST = Buffer.from(MESSAGE_WORD.repeat(CHUNKS_PER_BURST));
const MESSAGE_LAST_BURST = Buffer.from(
  MESSAGE_WORD.repeat(CHUNKS_PER_BURST - 3) +
  named({ type: "content_block_stop", index: 0 }) +
  named({ type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 200 } }) +
  named({ type: "message_stop" }) +
  "0\r\n\r\n",
);

const ONE_WORD = Buffer.from(WORD);
const BURST = Buffer.from(WORD.repeat(CHUNKS_PER_BURST));
const LAST_BURST = Buffer.from(WORD.repeat(CHUNKS_PER_BURST - 3) + ENDING);
const CALM_ENDING = Buffer.from(WORD.repeat(2) + ENDING);

let answering: Answering = "json";
const pacedStreams = new Set<Socket>();

const burst = (socket: Socket, left: number, words: Buffer, last: Buffer): void => {
  if (socket.destroyed) return;
  if (left <= CHUNKS_PER_BURST) return void socket.write(last);
  socket.write(words);
  setImmediate(burst, socket, left - CHUNKS_PER_BURST, words, last);
};

const answers: Readonly<Record<Answering, (socket: Socket) => void>> = {
  json: (socket) => socket.write(JSON_REPLY),
  burst: (socket) => {
    socket.write(STREAM_HEAD);
    burst(socket, CHUNKS_PER_STREAM, BURST, LAST_BURST);
  },
  "messages": (socket) => socket.write(MESSAGE_REPLY),
  "messages-burst": (socket) => {
    socket.write(STREAM_HEAD);
    socket.write(MESSAGE_START);
    burst(socket, CHUNKS_PER_STREAM, MESSAGE_BURST, MESSAGE_LAST_BURST);
  },
  paced: (socket) => {
    socket.write(STREAM_HEAD);
    pacedStreams.add(socket);
    socket.once("close", () => pacedStreams.delete(socket));
  },
  calm: (socket) => {
    socket.write(STREAM_HEAD);
    socket.write(ONE_WORD);
    setImmediate(() => socket.write(CALM_ENDING));
  },
  idle: (socket) => {
    socket.write(STREAM_HEAD);
    socket.write(ONE_WORD);
  },
};

let lastRequest: Buffer = Buffer.alloc(0);
let isRecording = false;

/** Counts the bytes of requests; keeps them only while it is told to. */
class Connection {
  readonly #socket: Socket;
  #head = "";
  #bodyLeft = -1;
  #kept: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", () => socket.destroy());
  }

  #take(chunk: Buffer): void {
    if (isRecording) this.#kept.push(chunk);
    if (this.#bodyLeft < 0) this.#takeHead(chunk);
    else this.#takeBody(chunk.length);
  }

  #takeHead(chunk: Buffer): void {
    const before = this.#head.length;
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end + 2))?.[1];
    if (length === undefined) throw new Error(`a request without content-length: ${this.#head.slice(0, end)}`);
    const got = this.#head.length - end - 4;
    this.#head = "";
    this.#bodyLeft = Number(length);
    this.#takeBody(got);
  }

  #takeBody(bytes: number): void {
    this.#bodyLeft -= bytes;
    if (this.#bodyLeft > 0) return;
    this.#bodyLeft = -1;
    if (isRecording) lastRequest = Buffer.concat(this.#kept.splice(0));
    answers[answering](this.#socket);
  }
}

let owed = 0;
let pacedAt = performance.now();

// A timer of Node's fires late by up to a millisecond: what is owed is reckoned from the clock, so that the rate holds.
const pace = (): void => {
  const now = performance.now();
  owed = pacedStreams.size === 0 ? 0 : Math.min(owed + ((now - pacedAt) * CHUNKS_PER_SECOND) / 1000, CHUNKS_PER_BURST);
  pacedAt = now;
  for (const socket of pacedStreams) {
    if (owed < 1) break;
    owed -= 1;
    pacedStreams.delete(socket);
    pacedStreams.add(socket);
    socket.write(ONE_WORD);
  }
};

const listener = createServer((socket) => new Connection(socket));
listener.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () => {
  let pacer: NodeJS.Timeout | undefined;
  serveCommands({
    port: () => (listener.address() as AddressInfo).port,
    answer: (how: Answering) => {
      answering = how;
      clearInterval(pacer);
      pacedAt = performance.now();
      if (how === "paced") pacer = setInterval(pace, 1);
    },
    record: (isOn: boolean) => {
      isRecording = isOn;
    },
    lastRequest: () => lastRequest.toString("utf8"),
    usage,
  });
});
