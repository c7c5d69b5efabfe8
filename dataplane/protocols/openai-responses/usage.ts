// Token counts as this protocol writes them. Reading them is the same for the whole family: openai-usage.ts.
import { noUsage, type Usage } from "../ir.ts";
import type { Json } from "../../wire/json.ts";
import type { JsonObject } from "../json-members.ts";
import { readUsage } from "../openai-usage.ts";

const known = (count: number): number => Math.max(0, count);

/** Null when the provider said nothing of it: clients take that for unknown, and 0 for free. */
export const encodeUsage = (usage: Usage): JsonObject | null => {
  if (usage.inputTokens < 0 && usage.outputTokens < 0) return null;
  const input = known(usage.inputTokens);
  const output = known(usage.outputTokens);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: known(usage.cachedInputTokens), cache_write_tokens: known(usage.cacheWriteTokens) },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: known(usage.reasoningTokens) },
    total_tokens: input + output,
  };
};

export const decodeUsage = (value: Json | undefined): Usage => readUsage(value) ?? noUsage();
