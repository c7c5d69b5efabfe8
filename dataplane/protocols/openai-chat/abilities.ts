// What chat completions can carry, as OpenAI takes them; what a vendor takes otherwise stands in its dialect.
import type { Abilities } from "../abilities.ts";
import { byModel } from "../by-model.ts";
import type { Dialect } from "../dialect.ts";

/** OpenAI's models that think take no other sampling than their own, and no stop strings (seen 2026-11). */
const THINKING_MODEL = /^(?:openai\/)?(?:o\d|gpt-5(?!.*-chat))/;
/** And those that do not think refuse to be asked to. */
const PLAIN_MODEL = /^(?:openai\/)?(?:gpt-(?:3\.5|4)|chatgpt-4|ft:gpt-(?:3\.5|4))/;
const SEARCH_MODEL = /-search-(?:preview|api)/;
const AUDIO_MODEL = /(?:^|-)audio(?:-|$)/;

/** Of users, and of the cache; longer ones are refused as `string_above_max_length` (seen 2026-11). */
const ID_MAX = 64;

const openai: Abilities = {
  imageSources: ["url", "bytes"],
  fileSources: ["bytes"],
  fileTypes: ["application/pdf"],
  audioFormats: ["wav", "mp3"],
  hasVideo: false,
  system: "anywhere",
  hasTools: true,
  toolName: { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 64 },
  callId: { pattern: /^[\x21-\x7e]+$/, lengthMax: 40 },
  toolChoices: new Set(["auto", "none", "required", "tool", "allowed"]),
  hasParallelSwitch: true,
  customTools: "native",
  resultMedia: new Set(),
  hasResultErrors: false,
  needsEveryResult: true,
  schema: "native",
  json: "native",
  stopMax: 4,
  choicesMax: 128,
  logprobsMax: 20,
  temperatureMax: 2,
  sampling: new Set(["temperature", "topP", "seed", "presencePenalty", "frequencyPenalty"]),
  reasoning: "effort",
  hasPrefill: false,
  mayBeginWithAssistant: true,
  hasAudioOutput: false,
  hasTurnNames: true,
  hasVerbosity: true,
  hasUserId: true,
  userIdMax: ID_MAX,
  hasMetadata: true,
  hasServiceTier: true,
  hasCacheKey: true,
  cacheKeyMax: ID_MAX,
  cacheMarksMax: 0,
  hasHostedWebSearch: false,
};

const CACHE_MARKS_MAX = 4;

const byRequest = { reasoning_effort: "effort", reasoning: "effort", thinking: "switch", enable_thinking: "budget", none: "none" } as const satisfies Record<
  NonNullable<Dialect["reasoningRequest"]>,
  Abilities["reasoning"]
>;

const ofModel = (model: string): Partial<Abilities> => ({
  ...(THINKING_MODEL.test(model) ? { sampling: new Set(["seed"] as const), stopMax: 0, logprobsMax: -1 } : {}),
  ...(PLAIN_MODEL.test(model) ? { reasoning: "none", hasVerbosity: false } : {}),
  ...(SEARCH_MODEL.test(model) ? { hasHostedWebSearch: true } : {}),
  ...(AUDIO_MODEL.test(model) ? { hasAudioOutput: true } : {}),
});

const ofDialect = ({ reasoningRequest, prefillMember, cacheMember }: Dialect): Partial<Abilities> => ({
  ...(reasoningRequest === undefined ? {} : { reasoning: byRequest[reasoningRequest] }),
  ...(prefillMember === undefined ? {} : { hasPrefill: true }),
  ...(cacheMember === undefined ? {} : { cacheMarksMax: CACHE_MARKS_MAX }),
});

export const abilities = byModel((dialect: Dialect, model: string): Abilities => ({ ...openai, ...ofDialect(dialect), ...ofModel(model), ...dialect.abilities }));
