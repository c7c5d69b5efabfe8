// What the generations of Gemini differ in, read from a model's name. Seen 2026-11, from Google's documentation.
// A name without a generation is taken for one of the newest: an alias that moves on, or a name that somebody gave.

export interface Traits {
  readonly isGemini: boolean;
  /** 2.5 is 205. */
  readonly version: number;
  readonly thinking: "level" | "budget" | "none";
  /** What amounts of thinking it takes, least first; empty where a number says it. */
  readonly levels: readonly Level[];
  readonly budget: { readonly min: number; readonly max: number; readonly mayBeOff: boolean };
  /** Calls in the history must have a signature. */
  readonly needsSignatures: boolean;
  /** Schemas of JSON Schema's kind; before that of OpenAPI's only. */
  readonly hasJsonSchema: boolean;
  /** Some of the functions may be allowed without one being demanded. */
  readonly hasAllowedNames: boolean;
  /** Functions beside Google's own tools, and beside answers in JSON. */
  readonly mayMixTools: boolean;
  /** Images in results of tools, and addresses in place of bytes. */
  readonly hasResultMedia: boolean;
  readonly hasAudio: boolean;
}

export type Level = "MINIMAL" | "LOW" | "MEDIUM" | "HIGH";

const VERSION = /gemini-(\d+)(?:[.-](\d)(?!\d))?/;
const NEWEST = 399;
/** "gemini-pro" and "gemini-pro-vision" were the first. */
const FIRST = /gemini-(?:pro|ultra)(?:-vision)?$/;
const THREE = 300;

const versionOf = (model: string): number => {
  if (FIRST.test(model)) return 100;
  if (model.includes("gemini-exp") || model.includes("learnlm")) return 200;
  if (model.includes("gemini-robotics")) return 205;
  const [, major, minor] = VERSION.exec(model) ?? [];
  return major === undefined ? NEWEST : Number(major) * 100 + Number(minor ?? 0);
};

const levelsOf = (model: string, version: number): readonly Level[] => {
  if (!model.includes("pro")) return ["MINIMAL", "LOW", "MEDIUM", "HIGH"];
  return version > THREE ? ["LOW", "MEDIUM", "HIGH"] : ["LOW", "HIGH"];
};

const budgetOf = (model: string): Traits["budget"] => {
  if (model.includes("pro")) return { min: 128, max: 32_768, mayBeOff: false };
  return { min: model.includes("lite") ? 512 : 1, max: 24_576, mayBeOff: true };
};

const thinkingOf = (model: string, version: number): Traits["thinking"] => {
  if (version < 205 || /image|tts|gemma|embedding/.test(model)) return "none";
  return version < THREE ? "budget" : "level";
};

export const traitsOf = (name: string): Traits => {
  const model = name.toLowerCase();
  const isGemini = !model.includes("gemma");
  const version = versionOf(model);
  return {
    isGemini,
    version,
    thinking: thinkingOf(model, version),
    levels: levelsOf(model, version),
    budget: budgetOf(model),
    needsSignatures: isGemini && version >= THREE,
    hasJsonSchema: version >= 200,
    hasAllowedNames: version >= 205,
    mayMixTools: version >= THREE,
    hasResultMedia: isGemini && version >= THREE,
    hasAudio: /tts|audio/.test(model),
  };
};
