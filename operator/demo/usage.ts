// The size of the demo models' context, and the usage objects of the newer endpoints.
// It refuses prompts beyond the context with the code that clients look for.

import { Failure } from "./failure.ts";

export const CONTEXT_TOKENS = 1_000_000;

export function requireRoom(inputTokens: number, param: string): void {
  if (inputTokens <= CONTEXT_TOKENS) return;
  const message = `This model's maximum context length is ${CONTEXT_TOKENS} tokens. However, your input resulted in ${inputTokens} tokens.`;
  throw new Failure(400, message, { param, code: "context_length_exceeded" });
}

export function responseUsage(inputTokens: number, outputTokens: number) {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}
