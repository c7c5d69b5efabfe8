// The size of the demo models' context, and the usage objects of OpenAI's endpoints.
// It refuses prompts beyond the context with the code that clients look for.

import { Failure } from "./failure.ts";

export const CONTEXT_TOKENS = 1_000_000;

/** What was cached is part of the input, what was thought part of the output; each protocol splits it in its own way. */
export interface Counted {
  readonly inputTokens: number;
  readonly cacheRead: number;
  readonly cacheWritten: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

export function requireRoom(inputTokens: number, param: string): void {
  if (inputTokens <= CONTEXT_TOKENS) return;
  const message = `This model's maximum context length is ${CONTEXT_TOKENS} tokens. However, your input resulted in ${inputTokens} tokens.`;
  throw new Failure(400, message, { param, code: "context_length_exceeded" });
}

export function chatUsage(counted: Counted) {
  const { inputTokens, outputTokens, reasoningTokens, cacheRead, cacheWritten } = counted;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cacheRead, audio_tokens: 0, ...(cacheWritten > 0 ? { cache_write_tokens: cacheWritten } : {}) },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

export function responseUsage(counted: Counted) {
  const { inputTokens, outputTokens, reasoningTokens, cacheRead, cacheWritten } = counted;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cacheRead, ...(cacheWritten > 0 ? { cache_write_tokens: cacheWritten } : {}) },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}
