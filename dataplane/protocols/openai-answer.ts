// What chat completions and the older completions say alike of an answer: its id, its usage, its log probabilities' bytes,
// and the frame of their streams. What a choice says is for each of them.
import { encodeEvent } from "../wire/sse-events.ts";
import type { Usage } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";

const OUTSIDE = /[^a-zA-Z0-9_-]/g;

/** In the protocol's style; the same for the same answer. */
export const answerId = (id: string, prefix: string): string => (id.startsWith(prefix) ? id : prefix + (id.replace(OUTSIDE, "") || "0"));

const inputWords = [
  ["cached_tokens", "cachedInputTokens"], ["cache_write_tokens", "cacheWriteTokens"],
  ["audio_tokens", "audioInputTokens"], ["text_tokens", "textInputTokens"], ["image_tokens", "imageInputTokens"], ["video_tokens", "videoInputTokens"],
] as const satisfies readonly (readonly [string, keyof Usage])[];

const outputWords = [
  ["reasoning_tokens", "reasoningTokens"], ["audio_tokens", "audioOutputTokens"], ["text_tokens", "textOutputTokens"], ["image_tokens", "imageOutputTokens"],
] as const satisfies readonly (readonly [string, keyof Usage])[];

/** Null where none of them is known. */
const detailsOf = (usage: Usage, words: readonly (readonly [string, keyof Usage])[]): JsonObject | null => {
  let details: JsonObject | null = null;
  for (const [word, key] of words) if (usage[key] >= 0) (details ??= {})[word] = usage[key];
  return details;
};

/** Null when nothing is known; what is not known is left out. */
export const writeUsage = (usage: Usage): JsonObject | null => {
  const { inputTokens, outputTokens } = usage;
  if (inputTokens < 0 && outputTokens < 0) return null;
  const written: JsonObject = {};
  if (inputTokens >= 0) written["prompt_tokens"] = inputTokens;
  if (outputTokens >= 0) written["completion_tokens"] = outputTokens;
  if (inputTokens >= 0 && outputTokens >= 0) written["total_tokens"] = inputTokens + outputTokens;
  const [inputDetails, outputDetails] = [detailsOf(usage, inputWords), detailsOf(usage, outputWords)];
  if (inputDetails !== null) written["prompt_tokens_details"] = inputDetails;
  if (outputDetails !== null) written["completion_tokens_details"] = outputDetails;
  return written;
};

export const DONE = encodeEvent("[DONE]");

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
