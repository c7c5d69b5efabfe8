// What Anthropic's protocol can carry to a model. What one cloud lacks of it stands in the dialect of its row.
import type { Abilities } from "../abilities.ts";
import { byModel } from "../by-model.ts";
import type { Dialect } from "../dialect.ts";
import { traitsOf, type Traits } from "../claude-traits.ts";

const charset = /^[a-zA-Z0-9_-]+$/;
const USER_ID_MAX = 256;

const resultMedia: Abilities["resultMedia"] = new Set(["image", "file"]);
const freeChoices: Abilities["toolChoices"] = new Set(["auto", "none"]);
const allChoices: Abilities["toolChoices"] = new Set(["auto", "none", "required", "tool"]);
const samplers: Abilities["sampling"] = new Set(["temperature", "topP", "topK"]);
const noSamplers: Abilities["sampling"] = new Set();

/** What takes both is asked in tokens, from which the word is found again. */
const reasoningOf = ({ thinking }: Traits): Abilities["reasoning"] => {
  if (thinking === "none") return "none";
  return thinking === "adaptive" ? "effort" : "budget";
};

export const abilities = byModel((dialect: Dialect, model: string): Abilities => {
  const traits = traitsOf(model);
  return {
    imageSources: ["url", "bytes"],
    fileSources: ["url", "bytes", "text"],
    fileTypes: ["application/pdf", "text/plain"],
    audioFormats: [],
    hasVideo: false,
    system: traits.hasMidSystem ? "anywhere" : "leading",
    hasTools: true,
    toolName: { pattern: charset, lengthMax: 128 },
    callId: { pattern: charset, lengthMax: 128 },
    toolChoices: traits.hasForcedTools ? allChoices : freeChoices,
    hasParallelSwitch: true,
    customTools: "emulated",
    resultMedia,
    hasResultErrors: true,
    needsEveryResult: true,
    schema: traits.hasSchema ? "native" : "emulated",
    json: "emulated",
    stopMax: Infinity,
    refusesBlankStops: true,
    choicesMax: 1,
    logprobsMax: -1,
    temperatureMax: 1,
    sampling: traits.hasSampling ? samplers : noSamplers,
    reasoning: reasoningOf(traits),
    hasPrefill: traits.hasPrefill,
    mayBeginWithAssistant: true,
    hasAudioOutput: false,
    hasVerbosity: false,
    hasUserId: true,
    userIdMax: USER_ID_MAX,
    refusesPersonalIds: true,
    hasMetadata: false,
    hasServiceTier: true,
    hasCacheKey: false,
    cacheMarksMax: 4,
    hasHostedWebSearch: traits.isClaude,
    ...dialect.abilities,
  };
});
