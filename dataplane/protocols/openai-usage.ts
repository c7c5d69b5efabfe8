// Token counts in the words of OpenAI's family and its dialects, read into one form.
// It adds nothing up over time: a later count replaces an earlier one.
import { isObject, type Json } from "../wire/json.ts";
import { lastValue } from "../wire/json-find.ts";
import { noUsage, type Usage } from "./ir.ts";
import type { Summary } from "./pass-through.ts";

export const noSummary = (): Summary => ({
  ...noUsage(),
  finishReason: "",
  model: "",
  outputTokensEstimate: 0,
});

const countOf = (...values: (Json | undefined)[]): number => {
  for (const value of values) if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return Math.trunc(value);
  return -1;
};

const memberOf = (value: Json | undefined, key: string): Json | undefined => (isObject(value) ? value[key] : undefined);

/** Moonshot's word, DeepSeek's and Mistral's, each beside the details or instead of them. */
const cachedWords = ["cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens"] as const;

/** xAI and Gemini's compatible surface leave reasoning out of the output and count it in the total. */
const withTotal = (input: number, output: number, total: number, usage: Usage): void => {
  if (total < 0) return;
  if (input < 0 && output < 0) {
    usage.inputTokens = total;
    usage.outputTokens = 0;
  } else if (input >= 0 && total >= input + Math.max(0, output)) {
    usage.outputTokens = total - input;
    if (output >= 0 && total > input + output && usage.reasoningTokens < 0) usage.reasoningTokens = total - input - output;
  }
};

/** Fields that are not there stay -1. Null when the value is no usage at all. */
export const readUsage = (value: Json | undefined): Usage | null => {
  if (!isObject(value)) return null;
  const input = countOf(value["prompt_tokens"], value["input_tokens"]);
  const output = countOf(value["completion_tokens"], value["output_tokens"]);
  const total = countOf(value["total_tokens"]);
  if (input < 0 && output < 0 && total < 0) return null;
  const inputDetails = value["prompt_tokens_details"] ?? value["input_tokens_details"];
  const outputDetails = value["completion_tokens_details"] ?? value["output_tokens_details"];
  const cached = countOf(memberOf(inputDetails, "cached_tokens"), ...cachedWords.map((word) => value[word]));
  const reasoning = countOf(memberOf(outputDetails, "reasoning_tokens"), value["reasoning_tokens"]);
  const usage: Usage = {
    inputTokens: input,
    outputTokens: output,
    cachedInputTokens: cached,
    cacheWriteTokens: countOf(memberOf(inputDetails, "cache_write_tokens")),
    cacheWriteHourTokens: -1,
    reasoningTokens: reasoning,
    // OpenRouter tells of films, and of pictures that were made; xAI and it of the rest (seen 2026-11).
    textInputTokens: countOf(memberOf(inputDetails, "text_tokens")),
    imageInputTokens: countOf(memberOf(inputDetails, "image_tokens")),
    videoInputTokens: countOf(memberOf(inputDetails, "video_tokens")),
    audioInputTokens: countOf(memberOf(inputDetails, "audio_tokens")),
    documentInputTokens: -1,
    textOutputTokens: countOf(memberOf(outputDetails, "text_tokens")),
    imageOutputTokens: countOf(memberOf(outputDetails, "image_tokens")),
    videoOutputTokens: -1,
    audioOutputTokens: countOf(memberOf(outputDetails, "audio_tokens")),
  };
  withTotal(input, output, total, usage);
  // Azure's Grok reported more cached tokens than there were (seen 2026-08).
  if (usage.inputTokens >= 0) usage.cachedInputTokens = Math.min(cached, usage.inputTokens);
  return usage;
};

const counts = Object.keys(noUsage()) as (keyof Usage)[];

/** For walking backwards: what a later document has said already stays. */
export const addUsage = (summary: Summary, usage: Usage | null): void => {
  if (usage === null) return;
  for (const key of counts) if (summary[key] < 0) summary[key] = usage[key];
};

export const hasUsage = (usage: Usage): boolean => usage.inputTokens >= 0 && usage.outputTokens >= 0;

/** From the end of a document that is too long to be read, or whose beginning is gone. */
export const findUsage = (text: string): Usage | null => readUsage(lastValue(text, "usage", (value) => readUsage(value) !== null));

const BYTES_PER_TOKEN = 4;
export const tokensIn = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);
