// Recorded streams of real providers, where they lie beside the repository: each with the protocol it is in, as the bytes that
// its provider sends. Some recorders kept the payload of each event only, several answers one after another: those become one
// stream for each answer again. It judges nothing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { anthropicMessages } from "../../dataplane/protocols/anthropic-messages/index.ts";
import type { ProviderCodec, StreamDecoder, TargetModel } from "../../dataplane/protocols/codec.ts";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import { providerCodecs } from "../../dataplane/protocols/index.ts";
import type { Event } from "../../dataplane/protocols/ir.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";

const folder = fileURLToPath(new URL("../../../shared/fixtures/recorded/", import.meta.url));

export const hasRecordings = existsSync(folder);
export const WHY_NONE = "recorded traffic does not lie beside this repository";

export interface RecordedStream {
  /** Folder and file, and which of the answers in it. */
  readonly path: string;
  readonly protocol: ProtocolName;
  /** Messages in Amazon's frames. */
  readonly isFramed: boolean;
  readonly bytes: Buffer;
}

/** As the recordings name them. */
const protocolOf: Readonly<Record<string, ProtocolName>> = {
  "openai-chat": "openai-chat",
  "openai-responses": "openai-responses",
  "anthropic": "anthropic-messages",
  "bedrock-invoke-stream": "anthropic-messages",
  "bedrock-converse-stream": "bedrock-converse",
  "gemini-stream": "gemini",
  "cohere-chat": "cohere",
  "ollama-native": "ollama",
};

const files = (ending: RegExp): string[] => (hasRecordings ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : []).filter((path) => ending.test(path)).toSorted();

const spokenIn = (path: string): string => {
  const { protocol = "" } = JSON.parse(readFileSync(folder + path.replace(/response\.\w+$/, "meta.json"), "utf8")) as { protocol?: string };
  return protocol;
};

const sent = (path: string): RecordedStream[] => {
  const protocol = protocolOf[spokenIn(path)];
  return protocol === undefined ? [] : [{ path, protocol, isFramed: spokenIn(path) === "bedrock-invoke-stream", bytes: readFileSync(folder + path) }];
};

const beginnings: ReadonlyMap<string, ProtocolName> = new Map([["message_start", "anthropic-messages"], ["response.created", "openai-responses"]]);

const ofPayloads = (path: string): RecordedStream[] => {
  const answers: { protocol: ProtocolName; events: string[] }[] = [];
  for (const line of readFileSync(folder + path, "utf8").split("\n").filter((text) => text !== "")) {
    const { type } = JSON.parse(line) as { type: string };
    const protocol = beginnings.get(type);
    if (protocol !== undefined) answers.push({ protocol, events: [] });
    answers.at(-1)?.events.push(`event: ${type}\ndata: ${line}\n\n`);
  }
  return answers.map(({ protocol, events }, index) => ({ path: `${path} (${index + 1})`, protocol, isFramed: false, bytes: Buffer.from(events.join("")) }));
};

/** All of them. */
export const recordedStreams: readonly RecordedStream[] = [...files(/\.response\.(?:sse|ndjson|bin)$/).flatMap(sent), ...files(/\.response\.txt$/).flatMap(ofPayloads)];

export const EVENT_BYTES_MAX = 8_388_608;

export const codecOf = ({ protocol }: RecordedStream): ProviderCodec => {
  const codec = providerCodecs[protocol];
  if (codec === undefined) throw new Error(`no provider speaks ${protocol}`);
  return codec;
};

export const targetOf = ({ protocol }: RecordedStream): TargetModel => ({ model: "model-x", isStreaming: true, dialect: noDialect, origin: `${protocol}/vendor`, outputTokensMax: 4096 });

/** As the gateway opens it: frames are taken off first where there are any. */
export const openDecoder = (stream: RecordedStream, eventBytesMax = EVENT_BYTES_MAX): StreamDecoder => {
  const decoder = codecOf(stream).decodeStream(targetOf(stream), eventBytesMax);
  if (!stream.isFramed) return decoder;
  const unframer = anthropicMessages.unframe?.(eventBytesMax);
  if (unframer === undefined) throw new Error("nobody takes frames off messages");
  return { push: (bytes) => decoder.push(unframer.push(bytes)), end: () => decoder.end() };
};

/** undici hands out slices of a buffer that it fills again: nothing may be read from them later. */
export const eventsIn = (stream: RecordedStream, pieces: Iterable<Buffer> = [stream.bytes]): Event[] => {
  const decoder = openDecoder(stream);
  const events: Event[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    for (const event of decoder.push(lent)) events.push(event);
    lent.fill(0x58);
  }
  events.push(...decoder.end());
  return events;
};
