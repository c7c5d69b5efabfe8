// Token counts in Converse's words: input without what the cache gave and took, and a total of all.
import { noUsage, type Usage } from "../ir.ts";
import { type JsonObject, objectsIn } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isMembers, numberOf } from "./members.ts";

const countOf = (value: Json | undefined): number => {
  const count = numberOf(value);
  return count !== null && count >= 0 && Number.isFinite(count) ? Math.trunc(count) : -1;
};

const HOUR = "1h";

/** Only where the parts are told: those for an hour. */
const hourOf = (native: JsonObject): number => {
  const details = objectsIn(native["cacheDetails"]);
  if (details.length === 0) return -1;
  return details.filter(({ ttl }) => ttl === HOUR).reduce((sum, { inputTokens = 0 }) => sum + Math.max(0, countOf(inputTokens)), 0);
};

export const readUsage = (value: Json | undefined): Usage => {
  const native = isMembers(value) ? value : {};
  const fresh = countOf(native["inputTokens"]);
  const cached = countOf(native["cacheReadInputTokens"]);
  const written = countOf(native["cacheWriteInputTokens"]);
  return {
    ...noUsage(),
    inputTokens: fresh < 0 ? -1 : fresh + Math.max(0, cached) + Math.max(0, written),
    outputTokens: countOf(native["outputTokens"]),
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    cacheWriteHourTokens: written < 0 ? -1 : hourOf(native),
  };
};

/** What is not known is left out, for 0 would be a count; a cache that gave more than there was leaves no negative rest. */
export const writeUsage = ({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, cacheWriteHourTokens }: Usage): JsonObject => {
  const cached = Math.max(0, cachedInputTokens);
  const written = Math.max(0, cacheWriteTokens);
  const fresh = Math.max(0, inputTokens - cached - written);
  const hour = Math.min(written, Math.max(0, cacheWriteHourTokens));
  const details = [...(written > hour ? [{ ttl: "5m", inputTokens: written - hour }] : []), ...(hour > 0 ? [{ ttl: HOUR, inputTokens: hour }] : [])];
  return {
    ...(inputTokens < 0 ? {} : { inputTokens: fresh }),
    ...(outputTokens < 0 ? {} : { outputTokens }),
    ...(inputTokens < 0 || outputTokens < 0 ? {} : { totalTokens: fresh + cached + written + outputTokens }),
    ...(cachedInputTokens < 0 ? {} : { cacheReadInputTokens: cached }),
    ...(cacheWriteTokens < 0 ? {} : { cacheWriteInputTokens: written }),
    ...(cacheWriteHourTokens < 0 || details.length === 0 ? {} : { cacheDetails: details }),
  };
};
