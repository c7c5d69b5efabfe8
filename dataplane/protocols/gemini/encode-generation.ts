// Settings of a conversation as Gemini's "generationConfig": how tokens are chosen, in what form the answer comes, how much the
// model thinks, and what it speaks with.
import { describedSchema } from "../asking.ts";
import { budgetOf } from "../effort.ts";
import type { Conversation, Effort, Field, ImageBlock, LossReason, Reasoning, Sampling } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { JSON_TYPE, PREFIX } from "./decode-generation.ts";
import { isMembers, ownOf, present, restOf } from "./members.ts";
import { SchemaWriter } from "./schema-write.ts";
import type { Level, Traits } from "./traits.ts";

export interface Settings {
  readonly conversation: Conversation;
  readonly traits: Traits;
  readonly isOwn: boolean;
  readonly hasJsonSchema: boolean;
  readonly lose: (field: Field, reason: LossReason) => void;
}

const samplingOf = ({ temperature, topP, topK, choices, maxOutputTokens, stop, presencePenalty, frequencyPenalty, seed, logprobs }: Sampling): JsonObject =>
  present({
    temperature,
    topP,
    topK,
    candidateCount: choices,
    maxOutputTokens,
    stopSequences: stop.length === 0 ? null : [...stop],
    presencePenalty,
    frequencyPenalty,
    seed,
    responseLogprobs: logprobs === null ? null : true,
    logprobs: logprobs === 0 ? null : logprobs,
  });

/** What the client said of the same schema in this protocol's own words is said again. */
const formatOf = ({ conversation, hasJsonSchema, lose }: Settings): JsonObject => {
  const { format } = conversation;
  const own = ownOf(conversation)[`${PREFIX}responseSchema`];
  if (format === null) return {};
  if (format.kind === "text") return { responseMimeType: "text/plain" };
  if (format.kind === "json" || isMembers(own)) return { responseMimeType: JSON_TYPE };
  if (hasJsonSchema) return { responseMimeType: JSON_TYPE, responseJsonSchema: describedSchema(format) };
  const writer = new SchemaWriter(describedSchema(format));
  const responseSchema = writer.write();
  if (writer.isReduced) lose("format", "approximated");
  return { responseMimeType: JSON_TYPE, responseSchema };
};

const levelOf = { none: 0, minimal: 0, low: 1, medium: 2, high: 3, xhigh: 3, max: 3 } as const satisfies Record<Effort, number>;
const order: readonly Level[] = ["MINIMAL", "LOW", "MEDIUM", "HIGH"];

/** The least amount that is as much as was asked. */
const thinkingLevel = (effort: Effort, { traits, lose }: Settings): Level => {
  const wanted = levelOf[effort];
  const level = traits.levels.find((one) => order.indexOf(one) >= wanted) ?? "HIGH";
  if (order.indexOf(level) !== wanted || effort === "none" || effort === "xhigh" || effort === "max") lose("reasoning", "approximated");
  return level;
};

const thinkingBudget = (tokens: number, { traits: { budget }, lose }: Settings): number => {
  const least = tokens === 0 && budget.mayBeOff ? 0 : budget.min;
  const taken = Math.min(Math.max(tokens, least), budget.max);
  if (taken !== tokens) lose("reasoning", "limited");
  return taken;
};

const amountOf = ({ effort, budgetTokens, isAdaptive }: Reasoning, settings: Settings): JsonObject => {
  const { traits, isOwn } = settings;
  if (isOwn && (budgetTokens !== null || effort === "none")) return { thinkingBudget: budgetTokens ?? 0 };
  if (isAdaptive) return isOwn || traits.thinking === "budget" ? { thinkingBudget: -1 } : {};
  if (isOwn && effort !== null) return { thinkingLevel: order[levelOf[effort]] ?? "HIGH" };
  if (traits.thinking === "level") return effort === null ? present({ thinkingBudget: budgetTokens }) : { thinkingLevel: thinkingLevel(effort, settings) };
  const tokens = budgetTokens ?? (effort === null ? null : budgetOf(effort));
  return tokens === null ? {} : { thinkingBudget: thinkingBudget(tokens, settings) };
};

/** Google shows thinking only to those who ask; whoever asks for thinking elsewhere sees it. */
const isShown = ({ isShown: shown, effort, budgetTokens, isAdaptive }: Reasoning, isOwn: boolean): boolean | null => {
  if (shown !== null || isOwn) return shown;
  return isAdaptive || (effort !== null && effort !== "none") || (budgetTokens ?? 0) > 0 ? true : null;
};

const thinkingOf = (settings: Settings): JsonObject => {
  const { conversation, traits, isOwn } = settings;
  const { reasoning } = conversation;
  if (reasoning === null || (traits.thinking === "none" && !isOwn)) return {};
  const thinking = { ...amountOf(reasoning, settings), ...present({ includeThoughts: isShown(reasoning, isOwn) }), ...ownOf(reasoning) };
  return Object.keys(thinking).length === 0 && !isOwn ? {} : { thinkingConfig: thinking };
};

/** Names that another vendor gave its voices are none here. */
const voices: ReadonlySet<string> = new Set([
  "zephyr", "puck", "charon", "kore", "fenrir", "leda", "orus", "aoede", "callirrhoe", "autonoe", "enceladus", "iapetus", "umbriel", "algieba", "despina", "erinome",
  "algenib", "rasalgethi", "laomedeia", "achernar", "alnilam", "schedar", "gacrux", "pulcherrima", "achird", "zubenelgenubi", "vindemiatrix", "sadachbia", "sadaltager", "sulafat",
]);

const audioOf = ({ conversation, isOwn, lose }: Settings): JsonObject => {
  const { audio } = conversation;
  if (audio === null) return {};
  const isKnown = voices.has(audio.voice.toLowerCase());
  if (!isKnown && !isOwn && audio.voice !== "") lose("audio", "approximated");
  const speech: JsonObject = isKnown && !isOwn ? { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: audio.voice } } } } : {};
  return { responseModalities: ["AUDIO"], ...speech };
};

const resolutions = { low: "MEDIA_RESOLUTION_LOW", high: "MEDIA_RESOLUTION_HIGH" } as const;

const imagesIn = ({ turns }: Conversation): ImageBlock[] =>
  turns.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "tool-result" ? block.content : [block]))).filter((block) => block.kind === "image");

/** One resolution holds for all: images that differ leave it to the model. */
const resolutionOf = ({ conversation, isOwn }: Settings): JsonObject => {
  if (isOwn) return {};
  const [first, ...others] = imagesIn(conversation).map(({ detail }) => detail);
  return (first === "low" || first === "high") && others.every((detail) => detail === first) ? { mediaResolution: resolutions[first] } : {};
};

const ownIn = (conversation: Conversation): JsonObject => {
  const said = Object.entries(ownOf(conversation)).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(said.map(([key, value]): [string, Json] => [key.slice(PREFIX.length), value]));
};

const nothing: ReadonlySet<string> = new Set();

export const encodeGeneration = (settings: Settings): JsonObject => ({
  ...samplingOf(settings.conversation.sampling),
  ...formatOf(settings),
  ...thinkingOf(settings),
  ...audioOf(settings),
  ...resolutionOf(settings),
  ...restOf(ownIn(settings.conversation), nothing),
});
