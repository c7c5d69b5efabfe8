// What Cohere's chat can carry (v2, seen 2026-11).
import type { Abilities } from "../abilities.ts";
import type { Dialect } from "../dialect.ts";

/** Models that do not think, and refuse to be asked to. */
const PLAIN_MODEL = /^(?:c4ai-)?(?:command(?:-light|-nightly|-r|$)|command-a-(?:03-2025|vision|translate)|aya)/;

export const isThinkingModel = (model: string): boolean => !PLAIN_MODEL.test(model);

export const STOPS_MAX = 5;

export const abilities = (dialect: Dialect, model: string): Abilities => ({
  imageSources: ["url", "bytes"],
  // As a document to be cited, or as words of the turn.
  fileSources: ["text"],
  fileTypes: [],
  audioFormats: [],
  hasVideo: false,
  system: "leading",
  hasTools: true,
  toolName: { pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/, lengthMax: 64 },
  callId: { pattern: /^[\x21-\x7e]+$/, lengthMax: 128 },
  // It cannot be told which one: then it is given that one only.
  toolChoices: new Set(["auto", "none", "required"]),
  hasParallelSwitch: false,
  customTools: "emulated",
  resultMedia: new Set(),
  hasResultErrors: false,
  needsEveryResult: true,
  schema: "native",
  json: "native",
  formatBesideTools: "emulated",
  stopMax: STOPS_MAX,
  choicesMax: 1,
  logprobsMax: 0,
  temperatureMax: Infinity,
  sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"]),
  reasoning: isThinkingModel(model) ? "budget" : "none",
  hasPrefill: false,
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
