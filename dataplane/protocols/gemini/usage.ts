// Token counts in Gemini's words. Thoughts are counted beside the candidates and what Google's own tools read beside the
// prompt: both belong to our totals. A zero is not written there, so what is missing beside a total is one.
import { noUsage, type Usage } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isMembers, lookUp } from "./members.ts";

const UNKNOWN = -1;

const countOf = (value: Json | undefined): number => (typeof value === "number" && value >= 0 && Number.isFinite(value) ? Math.trunc(value) : UNKNOWN);
const some = (count: number): number => Math.max(0, count);

type Modality = "TEXT" | "IMAGE" | "VIDEO" | "AUDIO" | "DOCUMENT";
type Modalities = Readonly<Partial<Record<Modality, keyof Usage>>>;

/** In Google's order. */
const ofInput = { TEXT: "textInputTokens", IMAGE: "imageInputTokens", VIDEO: "videoInputTokens", AUDIO: "audioInputTokens", DOCUMENT: "documentInputTokens" } as const satisfies Modalities;
const ofOutput = { TEXT: "textOutputTokens", IMAGE: "imageOutputTokens", VIDEO: "videoOutputTokens", AUDIO: "audioOutputTokens" } as const satisfies Modalities;

/** What is not said to be of anything is text. */
const readModalities = (usage: Usage, details: Json | undefined, modalities: Modalities): void => {
  for (const { modality, tokenCount } of objectsIn(details)) {
    const key = lookUp(modalities, stringOf(modality) || "TEXT");
    if (key !== undefined) usage[key] = countOf(tokenCount);
  }
};

/** Of `all`; none where nobody told of anything but the whole. */
const writeModalities = (usage: Usage, all: number, modalities: Modalities): JsonObject[] => {
  const counts = Object.entries(modalities).map(([modality, key]) => ({ modality, tokenCount: usage[key] }));
  const sum = counts.reduce((total, { tokenCount }) => total + some(tokenCount), 0);
  // What nobody counted is text, for everything else is told where there is some.
  return counts.map((one) => (sum > 0 && one.modality === "TEXT" && one.tokenCount < 0 ? { ...one, tokenCount: all - sum } : one)).filter(({ tokenCount }) => tokenCount > 0);
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
  const usage: Usage = {
    ...noUsage(),
    inputTokens: input,
    outputTokens: outputOf(candidates, thoughts, input, total),
    cachedInputTokens: input < 0 ? cached : Math.min(cached, input),
    reasoningTokens: thoughts,
  };
  readModalities(usage, value["promptTokensDetails"], ofInput);
  readModalities(usage, value["candidatesTokensDetails"], ofOutput);
  return usage;
};

export const tierIn = (value: Json | undefined): string => (isMembers(value) ? stringOf(value["serviceTier"]) : "");

const known = (count: number, member: string): JsonObject => (count < 0 ? {} : { [member]: count });

const knownDetails = (details: JsonObject[], member: string): JsonObject => (details.length === 0 ? {} : { [member]: details });

const tiers: ReadonlySet<string> = new Set(["standard", "flex", "priority"]);

/** "usageMetadata"; null when nothing is known. */
export const writeUsage = (usage: Usage, tier: string): JsonObject | null => {
  const { inputTokens: input, outputTokens: output, reasoningTokens: thoughts } = usage;
  if (input < 0 && output < 0) return null;
  return {
    ...known(input, "promptTokenCount"),
    ...known(output < 0 ? output : Math.max(0, output - some(thoughts)), "candidatesTokenCount"),
    ...known(input < 0 || output < 0 ? UNKNOWN : input + output, "totalTokenCount"),
    ...known(usage.cachedInputTokens, "cachedContentTokenCount"),
    ...known(thoughts, "thoughtsTokenCount"),
    ...knownDetails(writeModalities(usage, input, ofInput), "promptTokensDetails"),
    ...knownDetails(writeModalities(usage, output - some(thoughts), ofOutput), "candidatesTokensDetails"),
    ...(tiers.has(tier) ? { serviceTier: tier } : {}),
  };
};
