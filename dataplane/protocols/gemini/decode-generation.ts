// The settings of a request, "generationConfig" in Gemini's words, into what the neutral model names. Each member that it does
// not name is kept under its whole path, so that its loss can be told by that.
import type { Invalid } from "../codec.ts";
import type { Conversation, Effort, Format, Reasoning, Sampling } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { problemOfLimit } from "../senseless.ts";
import { extrasOf, invalid, isMembers, listOf, lookUp, membersOf, numberOf, restOf } from "./members.ts";
import { readSchema } from "./schema-read.ts";

export type Generation = Pick<Conversation, "sampling" | "format" | "reasoning" | "audio"> & { readonly rest: JsonObject };

export const PREFIX = "generationConfig.";

const numbers = ["temperature", "topP", "topK", "maxOutputTokens", "candidateCount", "presencePenalty", "frequencyPenalty", "seed", "logprobs"] as const;

const problemIn = (settings: JsonObject): Invalid | null => {
  for (const key of numbers) {
    const value = settings[key] ?? null;
    if (value !== null && numberOf(value) === null) return invalid(`${PREFIX}${key} must be a number.`, PREFIX + key);
  }
  const limit = problemOfLimit(numberOf(settings["maxOutputTokens"]), `${PREFIX}maxOutputTokens`);
  if (limit !== null) return limit;
  const stops = settings["stopSequences"] ?? [];
  const isRight = typeof stops === "string" || (Array.isArray(stops) && stops.every((stop) => typeof stop === "string"));
  return isRight ? null : invalid(`${PREFIX}stopSequences must be a list of strings.`, `${PREFIX}stopSequences`);
};

const decodeSampling = (settings: JsonObject): Sampling => ({
  maxOutputTokens: numberOf(settings["maxOutputTokens"]),
  temperature: numberOf(settings["temperature"]),
  topP: numberOf(settings["topP"]),
  topK: numberOf(settings["topK"]),
  seed: numberOf(settings["seed"]),
  presencePenalty: numberOf(settings["presencePenalty"]),
  frequencyPenalty: numberOf(settings["frequencyPenalty"]),
  stop: listOf(settings["stopSequences"]).filter((stop) => typeof stop === "string"),
  choices: numberOf(settings["candidateCount"]),
  logprobs: settings["responseLogprobs"] === true ? (numberOf(settings["logprobs"]) ?? 0) : null,
});

const schemaOf = ({ responseJsonSchema: schema, responseSchema: subset }: JsonObject): JsonObject | null => {
  if (isMembers(schema)) return schema;
  return isMembers(subset) ? readSchema(subset) : null;
};

export const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain";

const decodeFormat = (settings: JsonObject): Format | null => {
  const type = stringOf(settings["responseMimeType"]);
  const schema = schemaOf(settings);
  if (type === JSON_TYPE) return schema === null ? { kind: "json" } : { kind: "schema", name: "", description: "", schema, isStrict: true };
  return type === TEXT_TYPE ? { kind: "text" } : null;
};

const levels: Readonly<Record<string, Effort>> = { MINIMAL: "minimal", LOW: "low", MEDIUM: "medium", HIGH: "high" };
const knownOfThinking: ReadonlySet<string> = new Set(["includeThoughts", "thinkingBudget", "thinkingLevel"]);
const DYNAMIC = -1;

const decodeReasoning = (value: Json | undefined): Reasoning | null => {
  if (!isMembers(value)) return null;
  const thinking = membersOf(value);
  const budget = numberOf(thinking["thinkingBudget"]);
  const shown = thinking["includeThoughts"];
  return {
    effort: budget === 0 ? "none" : (lookUp(levels, stringOf(thinking["thinkingLevel"]).toUpperCase()) ?? null),
    budgetTokens: budget === DYNAMIC ? null : budget,
    isAdaptive: budget === DYNAMIC,
    isShown: typeof shown === "boolean" ? shown : null,
    ...extrasOf(restOf(thinking, knownOfThinking)),
  };
};

const modalitiesIn = (settings: JsonObject): string[] => listOf(settings["responseModalities"]).map((one) => stringOf(one).toUpperCase());

const voiceOf = (speech: Json | undefined): string => stringOf(membersOf(membersOf(membersOf(speech)["voiceConfig"])["prebuiltVoiceConfig"])["voiceName"]);

const decodeAudio = (settings: JsonObject): Conversation["audio"] => (modalitiesIn(settings).includes("AUDIO") ? { voice: voiceOf(settings["speechConfig"]), format: "pcm16" } : null);

/** "responseSchema" is kept: it says an order of properties too, and belongs to types that no other protocol has. */
const known: ReadonlySet<string> = new Set([...numbers, "stopSequences", "responseLogprobs", "responseMimeType", "responseJsonSchema", "thinkingConfig", "responseModalities"]);

const ordinary: ReadonlySet<string> = new Set(["", JSON_TYPE, TEXT_TYPE]);

const restIn = (settings: JsonObject): JsonObject => {
  const rest: JsonObject = {};
  for (const [key, member] of Object.entries(restOf(settings, known))) rest[PREFIX + key] = member;
  const type = stringOf(settings["responseMimeType"]);
  if (!ordinary.has(type)) rest[`${PREFIX}responseMimeType`] = type;
  // Images beside text or alone: nothing that another protocol could be asked for.
  if (modalitiesIn(settings).includes("IMAGE") || modalitiesIn(settings).includes("VIDEO")) rest[`${PREFIX}responseModalities`] = settings["responseModalities"] ?? null;
  return rest;
};

export const decodeGeneration = (value: Json | undefined): Generation | Invalid => {
  const settings = membersOf(value);
  return (
    problemIn(settings) ?? {
      sampling: decodeSampling(settings),
      format: decodeFormat(settings),
      reasoning: decodeReasoning(settings["thinkingConfig"]),
      audio: decodeAudio(settings),
      rest: restIn(settings),
    }
  );
};
