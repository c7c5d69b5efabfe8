// How a choice's blocks are told to a client: reasons, and what has no place in a chat completion.
import type { Block, Finish, FinishReason } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { urlOf } from "./encode-parts.ts";

const words = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  "context-full": "length",
  "tool-calls": "tool_calls",
  filter: "content_filter",
  refusal: "content_filter",
  // Nobody goes on for the client: to it the answer is cut short.
  paused: "length",
  malformed: "stop",
  fault: "length",
  other: "stop",
} as const satisfies Record<FinishReason, string>;

export interface ToldChoice {
  readonly hasText: boolean;
  readonly hasRefusal: boolean;
  readonly hasCalls: boolean;
  readonly isLegacy: boolean;
}

/** A call outranks a natural end; a call that could not be read is no clean end of nothing. */
export const finishWord = ({ reason }: Finish, { hasText, hasRefusal, hasCalls, isLegacy }: ToldChoice): string => {
  const callWord = isLegacy ? "function_call" : "tool_calls";
  if (reason === "refusal" && hasRefusal) return "stop";
  if (reason === "malformed" && !hasText) return "content_filter";
  if (reason === "tool-calls") return hasCalls ? callWord : "stop";
  return hasCalls && words[reason] === "stop" && reason !== "malformed" ? callWord : words[reason];
};

/** A provider's explanation of a refusal that it did not write as one. */
export const unsaidRefusal = ({ reason, detail = "" }: Finish, { hasRefusal }: ToldChoice): string => (reason === "refusal" && !hasRefusal ? detail : "");

/** Relays' member for pictures that a model made. Null for what has no place at all. */
export const imageOf = (block: Block): JsonObject | null => {
  if (block.kind !== "image") return null;
  const url = urlOf(block.source, "image/png");
  return url === null ? null : { type: "image_url", image_url: { url } };
};

const PCM_RATE = 24_000;
const RATE = /rate=(\d{4,6})/i;
const HEADER_BYTES = 44;
const SAMPLE_BYTES = 2;

/** Samples without a header, as Gemini gives them, for a client that asked for a file. */
export const wavOf = (data: string, mediaType: string): string => {
  const samples = Buffer.from(data, "base64");
  const rate = Number(RATE.exec(mediaType)?.[1] ?? PCM_RATE);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(HEADER_BYTES - 8 + samples.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * SAMPLE_BYTES, 28);
  header.writeUInt16LE(SAMPLE_BYTES, 32);
  header.writeUInt16LE(SAMPLE_BYTES * 8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]).toString("base64");
};
