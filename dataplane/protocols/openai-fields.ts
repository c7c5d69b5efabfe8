// What the members of a conversation are called in a body of chat completions, and of the older completions.
import type { Field } from "./ir.ts";

export const chatFields: Readonly<Record<Field, string>> = {
  maxOutputTokens: "max_completion_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  stop: "stop",
  choices: "n",
  logprobs: "logprobs",
  tools: "tools",
  toolChoice: "tool_choice",
  isParallel: "parallel_tool_calls",
  format: "response_format",
  reasoning: "reasoning_effort",
  verbosity: "verbosity",
  audio: "audio",
  userId: "user",
  metadata: "metadata",
  serviceTier: "service_tier",
  cacheKey: "prompt_cache_key",
};

export const completionsFields: Readonly<Record<Field, string>> = { ...chatFields, maxOutputTokens: "max_tokens" };
