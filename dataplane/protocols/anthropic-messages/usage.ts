// Token counts in Anthropic's words: input without what the cache gave and took, snapshots that replace each other, and sums of
// several runs of the model inside one answer. Never adds one snapshot to another.
import { noUsage, type Usage } from "../ir.ts";
import { addMembers } from "../held.ts";
import { type JsonObject, objectsIn } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { numberOf, objectOf } from "./members.ts";

const countOf = (value: Json | undefined): number => {
  const count = numberOf(value);
  return count !== null && count >= 0 && Number.isFinite(count) ? Math.trunc(count) : -1;
};

/** Unknown ones count as nothing beside known ones. */
const plus = (one: number, other: number): number => (one < 0 ? other : other < 0 ? one : one + other);

const readOne = (native: JsonObject): Usage => {
  const cached = countOf(native["cache_read_input_tokens"]);
  const creation = objectOf(native["cache_creation"]);
  const hour = countOf(creation["ephemeral_1h_input_tokens"]);
  const said = countOf(native["cache_creation_input_tokens"]);
  const written = said >= 0 ? said : plus(hour, countOf(creation["ephemeral_5m_input_tokens"]));
  const fresh = countOf(native["input_tokens"]);
  return {
    ...noUsage(),
    inputTokens: fresh < 0 ? -1 : plus(plus(fresh, cached), written),
    outputTokens: countOf(native["output_tokens"]),
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    cacheWriteHourTokens: hour,
    reasoningTokens: countOf(objectOf(native["output_tokens_details"])["thinking_tokens"]),
  };
};

const summed = ["inputTokens", "outputTokens", "cachedInputTokens", "cacheWriteTokens", "cacheWriteHourTokens"] as const satisfies readonly (keyof Usage)[];

/**
 * A run that declined and was followed by another model's is not charged. With compaction, an advisor or such a fallback the
 * counts at the top cover only a part of the runs.
 */
const chargedRuns = (native: JsonObject): JsonObject[] => {
  const runs = objectsIn(native["iterations"]);
  return runs.some(({ type }) => type === "fallback_message") ? runs.filter(({ type }) => type !== "message") : runs;
};

export const readUsage = (native: JsonObject): Usage => {
  const usage = readOne(native);
  if (!Array.isArray(native["iterations"])) return usage;
  const runs = chargedRuns(native).map(readOne);
  if (runs.length > 0) for (const key of summed) usage[key] = runs.reduce((sum, run) => plus(sum, run[key]), -1);
  return usage;
};

/** The later snapshot over the earlier one: what it leaves out, or says null of, stays. */
export const laterUsage = (earlier: JsonObject, later: JsonObject): JsonObject =>
  addMembers(earlier, Object.fromEntries(Object.entries(later).filter(([, value]) => value !== null)));

const tiers: ReadonlySet<string> = new Set(["standard", "priority", "batch"]);
const known = (count: number): number | null => (count < 0 ? null : count);

/** A cache that is said to have given more than there was (Grok at Azure, seen 2026-08) gives no negative rest. */
const freshOf = ({ inputTokens, cachedInputTokens, cacheWriteTokens }: Usage): number =>
  Math.max(0, inputTokens - Math.max(0, cachedInputTokens) - Math.max(0, cacheWriteTokens));

/** The two counts that clients read without asking are numbers always. */
export const writeUsage = (usage: Usage, serviceTier: string): JsonObject => {
  const { cacheWriteTokens, cacheWriteHourTokens, reasoningTokens } = usage;
  const hour = Math.max(0, cacheWriteHourTokens);
  return {
    input_tokens: freshOf(usage),
    cache_creation_input_tokens: known(cacheWriteTokens),
    cache_read_input_tokens: known(usage.cachedInputTokens),
    cache_creation: cacheWriteTokens < 0 ? null : { ephemeral_5m_input_tokens: Math.max(0, cacheWriteTokens - hour), ephemeral_1h_input_tokens: hour },
    output_tokens: Math.max(0, usage.outputTokens),
    output_tokens_details: reasoningTokens < 0 ? null : { thinking_tokens: reasoningTokens },
    server_tool_use: null,
    service_tier: tiers.has(serviceTier) ? serviceTier : null,
  };
};
