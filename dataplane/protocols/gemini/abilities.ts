// What Gemini's protocol can carry to a model. What Vertex AI or a relay has or lacks of it stands in the dialect of its row.
import type { Abilities } from "../abilities.ts";
import type { Dialect } from "../dialect.ts";
import { traitsOf, type Traits } from "./traits.ts";

const documents = ["application/pdf", "text/plain", "text/html", "text/css", "text/markdown", "text/csv", "text/xml", "text/rtf", "text/javascript"] as const;
const sounds = ["wav", "mp3", "aiff", "aac", "ogg", "opus", "flac", "m4a", "webm", "pcm", "pcm16"] as const;

const measures = { level: "effort", budget: "budget", none: "none" } as const satisfies Record<Traits["thinking"], Abilities["reasoning"]>;

export const CANDIDATES_MAX = 8;
const LABEL_CHARACTERS_MAX = 63;
/** Metadata and a user's id are labels, where there are any. */
export const USER_LABEL = "user_id";
const label = { refused: /[^\p{Ll}\p{Lo}\d_-]/gu, lengthMax: LABEL_CHARACTERS_MAX, ofUser: USER_LABEL };
const STOPS_MAX = 5;
const LOGPROBS_MAX = 20;
const TEMPERATURE_MAX = 2;

export const abilities = (dialect: Dialect, model: string): Abilities => {
  const traits = traitsOf(model);
  return {
    imageSources: traits.hasResultMedia ? ["url", "bytes"] : ["bytes"],
    fileSources: traits.hasResultMedia ? ["url", "bytes"] : ["bytes"],
    fileTypes: documents,
    audioFormats: sounds,
    hasVideo: true,
    system: "leading",
    hasTools: true,
    toolName: { pattern: /^[a-zA-Z_][a-zA-Z0-9_.:-]*$/, lengthMax: 128 },
    callId: { pattern: /^[\w.:-]+$/, lengthMax: 128 },
    toolChoices: new Set(traits.hasAllowedNames ? ["auto", "none", "required", "tool", "allowed"] : ["auto", "none", "required", "tool"]),
    hasParallelSwitch: false,
    customTools: "emulated",
    resultMedia: new Set(traits.hasResultMedia ? ["image", "file"] : []),
    hasResultErrors: true,
    needsEveryResult: true,
    schema: "native",
    json: "native",
    stopMax: STOPS_MAX,
    choicesMax: CANDIDATES_MAX,
    logprobsMax: LOGPROBS_MAX,
    temperatureMax: TEMPERATURE_MAX,
    sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"]),
    reasoning: measures[traits.thinking],
    hasPrefill: false,
    mayBeginWithAssistant: false,
    hasAudioOutput: traits.hasAudio,
    hasVerbosity: false,
    hasUserId: false,
    userIdMax: LABEL_CHARACTERS_MAX,
    hasMetadata: false,
    label,
    hasServiceTier: true,
    hasCacheKey: false,
    cacheMarksMax: 0,
    hasHostedWebSearch: traits.isGemini,
    ...dialect.abilities,
  };
};
