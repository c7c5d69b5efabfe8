// What chat completions and the older completions say alike of an answer: its id, its usage, its log probabilities' bytes,
// and the frame of their streams. What a choice says is for each of them.
import { encodeEvent } from "../wire/sse-events.ts";
import type { Usage } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";

const OUTSIDE = /[^a-zA-Z0-9_-]/g;

/** In the protocol's style; the same for the same answer. */
export const answerId = (id: string, prefix: string): string => (id.startsWith(prefix) ? id : prefix + (id.replace(OUTSIDE, "") || "0"));

const detailsOf = (counts: Readonly<Record<string, number>>): JsonObject | null => {
  const known = Object.entries(counts).filter(([, count]) => count >= 0);
  return known.length === 0 ? null : Object.fromEntries(known);
};

/** Null when nothing is known; what is not known is left out. */
export const writeUsage = (usage: Usage): JsonObject | null => {
  const { inputTokens, outputTokens } = usage;
  if (inputTokens < 0 && outputTokens < 0) return null;
  const input = detailsOf({ cached_tokens: usage.cachedInputTokens, cache_write_tokens: usage.cacheWriteTokens, audio_tokens: usage.audioInputTokens });
  const output = detailsOf({ reasoning_tokens: usage.reasoningTokens, audio_tokens: usage.audioOutputTokens });
  return {
    ...(inputTokens < 0 ? {} : { prompt_tokens: inputTokens }),
    ...(outputTokens < 0 ? {} : { completion_tokens: outputTokens }),
    ...(inputTokens < 0 || outputTokens < 0 ? {} : { total_tokens: inputTokens + outputTokens }),
    ...(input === null ? {} : { prompt_tokens_details: input }),
    ...(output === null ? {} : { completion_tokens_details: output }),
  };
};

export const DONE = encodeEvent("[DONE]");

/** A comment, which readers skip. */
export const PING = ": ping\n\n";

/** The constant parts of a choice's chunks, made once. */
export class ChunkFrame {
  readonly #envelope: string;
  readonly #ending: string;

  /** `tellsUsage`: the last chunk tells usage, and the others say that they do not. */
  constructor(envelope: JsonObject, tellsUsage: boolean) {
    this.#envelope = `data: ${JSON.stringify(envelope).slice(0, -1)},"choices":[`;
    this.#ending = tellsUsage ? '],"usage":null}\n\n' : "]}\n\n";
  }

  /** `choice`: JSON. */
  chunk(choice: string): string {
    return this.#envelope + choice + this.#ending;
  }

  usage(usage: JsonObject): string {
    return `${this.#envelope}],"usage":${JSON.stringify(usage)}}\n\n`;
  }
}
