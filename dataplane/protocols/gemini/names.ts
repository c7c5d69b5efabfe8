// What the members of a conversation are called in Gemini's requests, and which of those that the neutral model does not name
// matter. Data only.
import type { Field } from "../ir.ts";

export const fieldNames: Readonly<Record<Field, string>> = {
  maxOutputTokens: "generationConfig.maxOutputTokens",
  temperature: "generationConfig.temperature",
  topP: "generationConfig.topP",
  topK: "generationConfig.topK",
  seed: "generationConfig.seed",
  presencePenalty: "generationConfig.presencePenalty",
  frequencyPenalty: "generationConfig.frequencyPenalty",
  stop: "generationConfig.stopSequences",
  choices: "generationConfig.candidateCount",
  logprobs: "generationConfig.responseLogprobs",
  tools: "tools",
  toolChoice: "toolConfig.functionCallingConfig",
  isParallel: "toolConfig",
  format: "generationConfig.responseMimeType",
  reasoning: "generationConfig.thinkingConfig",
  verbosity: "generationConfig",
  audio: "generationConfig.responseModalities",
  userId: "labels",
  metadata: "labels",
  serviceTier: "serviceTier",
  cacheKey: "cachedContent",
};

/** What lies in Google's cache is part of the prompt; an answer that is an image, or one word of a list, is another than text. */
export const majorExtras: ReadonlySet<string> = new Set(["cachedContent", "generationConfig.responseModalities", "generationConfig.responseMimeType"]);

/** How the client's stream is framed, and forms of what the neutral model holds in another form. */
export const quietExtras: ReadonlySet<string> = new Set([
  "alt", "parameters", "response", "responseJsonSchema", "behavior", "part", "inlineData.displayName", "fileData.displayName", "fileData.mimeType", "mediaResolution", "generationConfig.responseSchema", "role", "store",
]);
