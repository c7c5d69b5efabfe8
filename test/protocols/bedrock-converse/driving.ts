// What the tests of Converse share: targets, questions, frames cut in pieces, answers read by Amazon's own library from a
// server on this machine. It judges nothing.
import { createServer, request as send, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, type ConverseRequest, type ConverseStreamOutput } from "@aws-sdk/client-bedrock-runtime";
import { bedrockConverseCodec as codec } from "../../../dataplane/protocols/bedrock-converse/index.ts";
import { type Asked, isInvalid, type TargetModel } from "../../../dataplane/protocols/codec.ts";
import { Collector } from "../../../dataplane/protocols/collect.ts";
import { type Dialect, noDialect } from "../../../dataplane/protocols/dialect.ts";
import type { Conversation, Event, Reply } from "../../../dataplane/protocols/ir.ts";
import { words, wordIn } from "../../../dataplane/wire/aws-event-headers.ts";
import { encodeFrame, FrameScanner } from "../../../dataplane/wire/aws-event-stream.ts";

export { codec };
export type Members = Record<string, unknown>;

export const NAME = "bedrock-converse";
export const ORIGIN = "bedrock-converse/aws.bedrock";
export const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
export const NOVA = "us.amazon.nova-pro-v1:0";
export const EVENT_BYTES_MAX = 8_388_608;
export const STREAM_TYPE = "application/vnd.amazon.eventstream";

export const targetOf = (model = CLAUDE, dialect: Dialect = noDialect, isStreaming = false): TargetModel => ({ model, isStreaming, dialect, origin: ORIGIN, outputTokensMax: 64_000 });

export const askedOf = (isStreaming = false): Asked => ({ model: "claude", isStreaming, query: "", headers: {} });

export const bodyOf = (members: Members): Members => ({ messages: [{ role: "user", content: [{ text: "Hi" }] }], ...members });

export const conversationOf = (members: Members, isStreaming = false): Conversation => {
  const conversation = codec.decodeRequest(Buffer.from(JSON.stringify(bodyOf(members))), askedOf(isStreaming));
  if (isInvalid(conversation)) throw new Error(conversation.problem);
  return conversation;
};

export const sent = (conversation: Conversation, target = targetOf()) => {
  const encoded = codec.encodeRequest(conversation, target);
  return { ...encoded, body: JSON.parse(encoded.body.toString()) as Members };
};

export const roundTrip = (members: Members, target = targetOf()) => sent(conversationOf(members), target);

/** Undici fills its buffers again: what is handed over is overwritten behind. */
export const decodePieces = (pieces: Iterable<Buffer>, target = targetOf(), eventBytesMax = EVENT_BYTES_MAX): Event[] => {
  const decoder = codec.decodeStream(target, eventBytesMax);
  const events: Event[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    events.push(...decoder.push(lent));
    lent.fill(0x58);
  }
  return [...events, ...decoder.end()];
};

export const frameOf = (event: string, members: Members): Buffer => encodeFrame(words({ ":event-type": event, ":content-type": "application/json", ":message-type": "event" }), JSON.stringify(members));

export const exceptionOf = (type: string, members: Members): Buffer => encodeFrame(words({ ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" }), JSON.stringify(members));

export type EventOf = readonly [event: string, members: Members];

export const streamOf = (...events: readonly EventOf[]): Buffer => Buffer.concat(events.map(([event, members]) => frameOf(event, members)));

export const START = ["messageStart", { role: "assistant" }] as const;
export const STOP = ["messageStop", { stopReason: "end_turn" }] as const;
export const METADATA = ["metadata", { usage: { inputTokens: 5, outputTokens: 7, totalTokens: 12 }, metrics: { latencyMs: 1 } }] as const;
export const textDelta = (text: string, index = 0) => ["contentBlockDelta", { contentBlockIndex: index, delta: { text } }] as const;
export const blockStop = (index = 0) => ["contentBlockStop", { contentBlockIndex: index }] as const;

export const replyOf = (events: readonly Event[]): Reply => {
  const collector = new Collector();
  for (const event of events) collector.push(event);
  const reply = collector.reply();
  if (reply === null) throw new Error(collector.failure?.message ?? "the answer has not ended");
  return reply;
};

export const encodeAll = (events: readonly Event[], asked = conversationOf({})): Buffer => {
  const encoder = codec.encodeStream(asked);
  return Buffer.concat(events.map((event) => Buffer.from(encoder.push(event))));
};

/** The events of a stream, as names and parsed payloads. */
export const framesIn = (bytes: Buffer): [name: string, payload: Members][] => {
  const frames: [string, Members][] = [];
  const scanner = new FrameScanner(EVENT_BYTES_MAX, {
    wants: () => true,
    see: (headers, payload) => void frames.push([wordIn(headers, ":event-type") || wordIn(headers, ":exception-type"), JSON.parse(String(payload)) as Members]),
  });
  scanner.push(bytes);
  if (!scanner.isBetweenFrames) throw new Error(`half a frame, or a broken one: ${scanner.problem}`);
  return frames;
};

export interface Told {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The connection breaks behind the body. */
  readonly isBroken?: boolean;
}

/** What the library sent, and how it was asked. */
export interface Heard {
  path: string;
  body: Members;
}

interface LibraryRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** The library's own handler speaks HTTP/2, in which gateways on HTTP/1.1 are not asked. */
export const plainHttp = (port: number) => ({
  handle: (asked: LibraryRequest) =>
    new Promise<{ response: { statusCode: number; headers: Record<string, string>; body: IncomingMessage } }>((resolve, reject) => {
      const outgoing = send({ agent: false, host: "127.0.0.1", port, method: asked.method, path: asked.path, headers: asked.headers }, (body) =>
        resolve({ response: { statusCode: body.statusCode ?? 0, headers: body.headers as Record<string, string>, body } }),
      );
      outgoing.on("error", reject);
      outgoing.end(asked.body);
    }),
  metadata: { handlerProtocol: "http/1.1" },
  updateHttpClientConfig: () => undefined,
  httpHandlerConfigs: () => ({}),
});

export class Endpoint {
  readonly heard: Heard[] = [];
  #told: Told = { body: Buffer.alloc(0) };
  readonly #server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => void pieces.push(piece));
    request.on("end", () => {
      this.heard.push({ path: request.url ?? "", body: JSON.parse(Buffer.concat(pieces).toString() || "{}") as Members });
      const { status = 200, headers = {}, body, isBroken = false } = this.#told;
      response.writeHead(status, headers);
      if (!isBroken) return void response.end(body);
      response.write(body, () => void response.destroy());
    });
  });

  async open(): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }

  tell(told: Told): void {
    this.#told = told;
  }

  client(): BedrockRuntimeClient {
    const { port } = this.#server.address() as AddressInfo;
    return new BedrockRuntimeClient({
      region: "eu-central-1",
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      maxAttempts: 1,
      requestHandler: plainHttp(port),
    });
  }

  async converse(told: Told, question: Partial<ConverseRequest> = {}): Promise<Members> {
    this.tell(told);
    const { $metadata: _, ...answer } = await this.client().send(new ConverseCommand({ modelId: CLAUDE, messages: [{ role: "user", content: [{ text: "Hi" }] }], ...question }));
    return plain(answer) as Members;
  }

  async events(told: Told, question: Partial<ConverseRequest> = {}): Promise<ConverseStreamOutput[]> {
    this.tell(told);
    const { stream } = await this.client().send(new ConverseStreamCommand({ modelId: CLAUDE, messages: [{ role: "user", content: [{ text: "Hi" }] }], ...question }));
    const events: ConverseStreamOutput[] = [];
    for await (const event of stream ?? []) events.push(event);
    return events;
  }

  stream(bytes: Buffer): Promise<ConverseStreamOutput[]> {
    return this.events({ headers: { "content-type": STREAM_TYPE }, body: bytes });
  }
}

/** Bytes as base64, so that what the library gives can be compared. */
export const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined).map(([key, inner]) => [key, plain(inner)]));
};

interface Growing {
  text: string;
  input: string | null;
  call: Members;
  reasoning: string | null;
  signature: string;
  redacted: string;
  image: Members | null;
  bytes: string;
  readonly citations: unknown[];
}

/** The library has no accumulator: what its users write. */
export const accumulate = (events: readonly ConverseStreamOutput[]): Members => {
  const blocks = new Map<number, Growing>();
  const at = (index: number): Growing => {
    const block = blocks.get(index) ?? { text: "", input: null, call: {}, reasoning: null, signature: "", redacted: "", image: null, bytes: "", citations: [] };
    blocks.set(index, block);
    return block;
  };
  const message: Members = {};
  for (const event of events.map((one) => plain(one) as Record<string, Members>)) {
    const { contentBlockStart: start, contentBlockDelta: delta, messageStop: stop, metadata } = event;
    if (start !== undefined) grow(at(Number(start["contentBlockIndex"])), { start: start["start"] as Members });
    if (delta !== undefined) grow(at(Number(delta["contentBlockIndex"])), { delta: delta["delta"] as Members });
    Object.assign(message, stop, metadata);
  }
  return { ...message, output: { message: { role: "assistant", content: [...blocks].sort(([one], [other]) => one - other).map(([, block]) => contentOf(block)) } } };
};

const grow = (block: Growing, { start = {}, delta = {} }: { start?: Members; delta?: Members }): void => {
  if (start["toolUse"] !== undefined) Object.assign(block, { call: start["toolUse"], input: "" });
  if (start["image"] !== undefined) block.image = start["image"] as Members;
  if (delta["text"] !== undefined) block.text += String(delta["text"]);
  if (delta["toolUse"] !== undefined) block.input = `${block.input ?? ""}${String((delta["toolUse"] as Members)["input"])}`;
  if (delta["citation"] !== undefined) block.citations.push(delta["citation"]);
  if (delta["image"] !== undefined) block.bytes += String(((delta["image"] as Members)["source"] as Members)["bytes"]);
  const reasoning = delta["reasoningContent"] as Members | undefined;
  if (reasoning === undefined) return;
  if (reasoning["text"] !== undefined) block.reasoning = (block.reasoning ?? "") + String(reasoning["text"]);
  if (reasoning["signature"] !== undefined) block.signature += String(reasoning["signature"]);
  if (reasoning["redactedContent"] !== undefined) block.redacted += String(reasoning["redactedContent"]);
};

const contentOf = ({ text, input, call, reasoning, signature, redacted, image, bytes, citations }: Growing): Members => {
  if (input !== null) return { toolUse: { ...call, input: JSON.parse(input) as unknown } };
  if (redacted !== "") return { reasoningContent: { redactedContent: redacted } };
  if (reasoning !== null || signature !== "") return { reasoningContent: { reasoningText: { text: reasoning ?? "", ...(signature === "" ? {} : { signature }) } } };
  if (image !== null) return { image: { ...image, source: { bytes } } };
  return citations.length > 0 ? { citationsContent: { content: [{ text }], citations } } : { text };
};
