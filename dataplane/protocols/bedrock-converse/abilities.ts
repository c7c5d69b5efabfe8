// What Converse can carry to a model. What one region or account lacks of it stands in the dialect of its row.
import type { Abilities } from "../abilities.ts";
import type { Dialect } from "../dialect.ts";
import { type Family, familyOf } from "./families.ts";
import { audioFormats, documentTypes } from "./formats.ts";

const charset = /^[a-zA-Z0-9_-]+$/;
const LENGTH_MAX = 64;

const reasoningOf = ({ thinking, claude }: Family): Abilities["reasoning"] => {
  if (thinking === "none") return "none";
  if (thinking === "nova" || thinking === "effort") return "effort";
  return claude !== null && (claude.thinking === "adaptive" || claude.thinking === "both") ? "effort" : "budget";
};

const samplingOf = ({ claude, topK }: Family): Abilities["sampling"] => {
  if (claude !== null && !claude.hasSampling) return new Set();
  return new Set(topK === "none" ? ["temperature", "topP"] : ["temperature", "topP", "topK"]);
};

export const abilities = (dialect: Dialect, model: string): Abilities => {
  const family = familyOf(model);
  const { claude } = family;
  return {
    imageSources: family.hasImages ? ["bytes"] : [],
    fileSources: ["bytes"],
    fileTypes: documentTypes,
    audioFormats: family.hasAudio ? audioFormats : [],
    hasVideo: family.hasVideo,
    system: "leading",
    hasTools: true,
    toolName: { pattern: charset, lengthMax: LENGTH_MAX },
    callId: { pattern: charset, lengthMax: LENGTH_MAX },
    toolChoices: new Set(family.choices),
    hasParallelSwitch: claude !== null,
    customTools: "emulated",
    resultMedia: new Set(family.hasImages ? ["image", "file"] : ["file"]),
    hasResultErrors: true,
    needsEveryResult: true,
    schema: claude !== null && claude.hasSchema ? "native" : "emulated",
    json: "emulated",
    stopMax: Infinity,
    refusesBlankStops: true,
    choicesMax: 1,
    logprobsMax: -1,
    temperatureMax: 1,
    sampling: samplingOf(family),
    reasoning: reasoningOf(family),
    hasPrefill: claude === null || claude.hasPrefill,
    mayBeginWithAssistant: false,
    hasAudioOutput: false,
    hasVerbosity: false,
    hasUserId: false,
    hasMetadata: true,
    hasServiceTier: true,
    hasCacheKey: false,
    cacheMarksMax: family.cacheMarksMax,
    hasHostedWebSearch: false,
    ...dialect.abilities,
  };
};
