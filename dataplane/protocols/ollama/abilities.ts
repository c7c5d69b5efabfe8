// What Ollama's own chat can carry (seen 2026-11). Calls have no ids there, and no tool can be forced.
import type { Abilities } from "../abilities.ts";
import type { Dialect } from "../dialect.ts";

/** Only these are told how much to think; others think or do not, and older servers refuse them a word for it. */
const LEVELLED_MODEL = /gpt-oss/;

export const hasLevels = (model: string): boolean => LEVELLED_MODEL.test(model);

export const abilities = (dialect: Dialect, model: string): Abilities => ({
  imageSources: ["bytes"],
  fileSources: [],
  fileTypes: [],
  audioFormats: [],
  hasVideo: false,
  system: "anywhere",
  hasTools: true,
  toolName: { pattern: /^[a-zA-Z0-9_.-]+$/, lengthMax: 64 },
  callId: null,
  toolChoices: new Set(),
  hasParallelSwitch: false,
  customTools: "emulated",
  resultMedia: new Set(["image"]),
  hasResultErrors: false,
  needsEveryResult: true,
  schema: "native",
  json: "native",
  stopMax: Infinity,
  choicesMax: 1,
  logprobsMax: 20,
  temperatureMax: Infinity,
  sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"]),
  reasoning: hasLevels(model) ? "effort" : "switch",
  hasPrefill: true,
  mayBeginWithAssistant: true,
  hasAudioOutput: false,
  hasVerbosity: false,
  hasUserId: false,
  hasMetadata: false,
  hasServiceTier: false,
  hasCacheKey: false,
  cacheMarksMax: 0,
  hasHostedWebSearch: false,
  ...dialect.abilities,
});
