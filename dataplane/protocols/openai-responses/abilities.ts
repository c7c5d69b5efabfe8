// What a provider that speaks this protocol can carry. There are no stop strings, no penalties and no seed in it, and one answer.
// It knows models only by models.ts.
import type { Abilities } from "../abilities.ts";
import type { Dialect } from "../dialect.ts";
import { traitsOf } from "./models.ts";

/** Of users, and of the cache; longer ones are refused as `string_above_max_length` (seen 2026-11). */
const ID_MAX = 64;

const protocol: Abilities = {
  imageSources: ["url", "bytes"],
  fileSources: ["url", "bytes"],
  fileTypes: ["*"],
  audioFormats: ["wav", "mp3"],
  hasVideo: false,
  system: "anywhere",
  hasTools: true,
  toolName: { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 64 },
  callId: { pattern: /^[\x21-\x7e]+$/, lengthMax: 64 },
  toolChoices: new Set(["auto", "none", "required", "tool", "allowed"]),
  hasParallelSwitch: true,
  customTools: "native",
  resultMedia: new Set(["image", "file"]),
  hasResultErrors: false,
  needsEveryResult: true,
  schema: "native",
  json: "native",
  stopMax: 0,
  choicesMax: 1,
  logprobsMax: 20,
  temperatureMax: 2,
  sampling: new Set(["temperature", "topP"]),
  reasoning: "effort",
  hasPrefill: false,
  mayBeginWithAssistant: true,
  hasAudioOutput: false,
  hasVerbosity: true,
  hasUserId: true,
  userIdMax: ID_MAX,
  hasMetadata: true,
  hasServiceTier: true,
  hasCacheKey: true,
  cacheKeyMax: ID_MAX,
  cacheMarksMax: 0,
  hasHostedWebSearch: true,
};

export const abilities = (dialect: Dialect, model: string): Abilities => {
  const { efforts, hasSampling } = traitsOf(model);
  return {
    ...protocol,
    ...(efforts === null ? { reasoning: "none" as const } : {}),
    ...(hasSampling ? {} : { sampling: new Set<never>() }),
    ...dialect.abilities,
  };
};
