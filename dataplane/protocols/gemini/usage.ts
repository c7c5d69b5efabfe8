// Token counts in Gemini's words. Thoughts are counted beside the candidates and what Google's own tools read beside the
// prompt: both belong to our totals. A zero is not written there, so what is missing beside a total is one.
import { noUsage, type Usage } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isMembers } from "./members.ts";

const UNKNOWN = -1;

const countOf = (value: Json | undefined): number => (typeof value === "number" && value >= 0 && Number.isFinite(value) ? Math.trunc(value) : UNKNOWN);
const some = (count: number): number => Math.max(0, count);

const soundIn = (details: Json | undefined): number => {
  const sound = objectsIn(details).find(({ modality }) => modality === "AUDIO");
  return sound === undefined ? UNKNOWN : countOf(sound["tokenCount"]);
};

/** What was written, by what is told of it. */
const outputOf = (candidates: number, thoughts: number, input: number, total: number): number => {
  if (candidates >= 0) return candidates + some(thoughts);
  if (total >= 0 && input >= 0) return Math.max(total - input, some(thoughts));
  return thoughts;
};

/** Null when the value is no usage at all. */
export const readUsage = (value: Json | undefined): Usage | null => {
  if (!isMembers(value)) return null;
  const prompt = countOf(value["promptTokenCount"]);
  const tools = countOf(value["toolUsePromptTokenCount"]);
  const thoughts = countOf(value["thoughtsTokenCount"]);
  const total = countOf(value["totalTokenCount"]);
  const candidates = countOf(value["candidatesTokenCount"]);
  if (prompt < 0 && candidates < 0 && total < 0) return null;
  const input = prompt < 0 ? UNKNOWN : prompt + some(tools);
  const cached = countOf(value["cachedContentTokenCount"]);
  return {
    ...noUsage(),
    inputTokens: input,
    outputTokens: outputOf(candidates, thoughts, input, total),
    cachedInputTokens: input < 0 ? cached : Math.min(cached, input),
    reasoningTokens: thoughts,
    audioInputTokens: soundIn(value["promptTokensDetails"]),
    audioOutputTokens: soundIn(value["candidatesTokensDetails"]),
  };
};

export const tierIn = (value: Json | undefined): string => (isMembers(value) ? stringOf(value["serviceTier"]) : "");

const known = (count: number, member: string): JsonObject => (count < 0 ? {} : { [member]: count });

const soundOf = (count: number, all: number): Json[] => [
  { modality: "AUDIO", tokenCount: count },
  { modality: "TEXT", tokenCount: Math.max(0, all - count) },
];

const tiers: ReadonlySet<string> = new Set(["standard", "flex", "priority"]);

/** "usageMetadata"; null when nothing is known. */
export const writeUsage = (usage: Usage, tier: string): JsonObject | null => {
  const { inputTokens: input, outputTokens: output, reasoningTokens: thoughts, audioInputTokens: heard, audioOutputTokens: spoken } = usage;
  if (input < 0 && output < 0) return null;
  return {
    ...known(input, "promptTokenCount"),
    ...known(output < 0 ? output : Math.max(0, output - some(thoughts)), "candidatesTokenCount"),
    ...known(input < 0 || output < 0 ? UNKNOWN : input + output, "totalTokenCount"),
    ...known(usage.cachedInputTokens, "cachedContentTokenCount"),
    ...known(thoughts, "thoughtsTokenCount"),
    ...(heard > 0 ? { promptTokensDetails: soundOf(heard, input) } : {}),
    ...(spoken > 0 ? { candidatesTokensDetails: soundOf(spoken, output - some(thoughts)) } : {}),
    ...(tiers.has(tier) ? { serviceTier: tier } : {}),
  };
};
