// A conversation as a request to a provider that speaks Gemini's protocol. The members stand in one order always: an upstream's
// cache hangs on the beginning of the prompt. The model stands in the path, and so does whether a stream is wanted.
import type { Encoded, TargetModel } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import type { Conversation, Format, Loss } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { abilities, USER_LABEL } from "./abilities.ts";
import { ALT } from "./decode-request.ts";
import { encodeGeneration } from "./encode-generation.ts";
import { encodePrompt } from "./encode-contents.ts";
import { encodeTools, encodeToolChoice, isFunction } from "./encode-tools.ts";
import { isEmpty, lookUp, NAME, ownOf, setMember } from "./members.ts";
import { traitsOf, type Traits } from "./traits.ts";

interface Work {
  readonly conversation: Conversation;
  readonly target: TargetModel;
  readonly traits: Traits;
  readonly isOwn: boolean;
  readonly losses: Loss[];
}

const tiers: Readonly<Record<string, string>> = { auto: "standard", flex: "flex", priority: "priority", default: "standard", standard: "standard", standard_only: "standard", on_demand: "standard" };

const tierOf = ({ conversation: { serviceTier }, target, isOwn, losses }: Work): JsonObject => {
  if (serviceTier === null) return {};
  const tier = lookUp(tiers, serviceTier) ?? (isOwn ? serviceTier : undefined);
  if (tier !== undefined) return target.dialect.tierHeader === undefined ? { serviceTier: tier } : {};
  losses.push({ path: "serviceTier", reason: "unsupported", severity: "minor" });
  return {};
};

/** What is asked for anyway needs no word. */
const USUAL_TIER = "standard";

const headersOf = ({ serviceTier }: Conversation, { dialect: { tierHeader } }: TargetModel): readonly string[] => {
  const tier = lookUp(tiers, serviceTier ?? USUAL_TIER);
  return tierHeader === undefined || tier === undefined || tier === USUAL_TIER ? [] : [tierHeader, tier];
};

/** Where the vendor takes them. */
const labelsOf = ({ conversation: { metadata, userId } }: Work): JsonObject => {
  const labels: JsonObject = {};
  for (const [key, value] of Object.entries(metadata ?? {})) setMember(labels, key, value);
  if (userId !== null) labels[USER_LABEL] = userId;
  return isEmpty(labels) ? {} : { labels };
};

const instructionFor = (format: Exclude<Format, { kind: "text" }>): string => {
  const words = "Answer with one JSON value and nothing else: no words around it, no code fence.";
  return format.kind === "schema" ? `${words} It must match this JSON Schema: ${JSON.stringify(format.schema)}` : words;
};

/** Before the third generation an answer in JSON excludes functions: then the model is told. */
const instructed = ({ conversation, traits, isOwn, losses }: Work): { readonly conversation: Conversation; readonly words: readonly string[] } => {
  const { format, tools } = conversation;
  if (isOwn || traits.mayMixTools || format === null || format.kind === "text" || !tools.some(isFunction)) return { conversation, words: [] };
  losses.push({ path: "format", reason: "approximated", severity: "minor" });
  return { conversation: { ...conversation, format: null }, words: [instructionFor(format)] };
};

const aside = (key: string): boolean => key === ALT || key.startsWith("generationConfig.") || key.startsWith("toolConfig.");

const bodyOf = (work: Work): JsonObject => {
  const { target: { dialect, model }, traits, isOwn, losses } = work;
  const { conversation, words } = instructed(work);
  const hasCallIds = abilities(dialect, model).callId !== null;
  const { hasJsonSchema } = traits;
  const { system, aboutSystem, contents } = encodePrompt(conversation.turns, { hasCallIds, needsSignatures: traits.needsSignatures, losses, names: new Map() }, isOwn);
  const instruction = [...system, ...words.map((text) => ({ text }))];
  const tools = encodeTools(conversation, { hasJsonSchema, mayMixTools: traits.mayMixTools, losses }, isOwn);
  const toolConfig = encodeToolChoice(conversation, tools, isOwn, dialect.hidesServerTools === true);
  const generation = encodeGeneration({ conversation, traits, isOwn, hasJsonSchema, lose: (path, reason) => losses.push({ path, reason, severity: "minor" }) });
  return {
    ...(instruction.length === 0 ? {} : { systemInstruction: { parts: instruction, ...aboutSystem } }),
    contents: [...contents],
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolConfig === null ? {} : { toolConfig }),
    ...(isEmpty(generation) ? {} : { generationConfig: generation }),
    ...tierOf(work),
    ...labelsOf(work),
    ...Object.fromEntries(Object.entries(ownOf(conversation)).filter(([key]) => !aside(key))),
  };
};

const inDialect = (body: JsonObject, { adds, refuses = [], renames = {} }: Dialect, losses: Loss[]): JsonObject => {
  const said: JsonObject = {};
  for (const [key, value] of Object.entries(body)) {
    if (refuses.includes(key)) losses.push({ path: key, reason: "unsupported", severity: "minor" });
    else setMember(said, Object.hasOwn(renames, key) ? (renames[key] ?? key) : key, value as Json);
  }
  return { ...said, ...adds };
};

const PLACE = /^models\//;

const pathOf = ({ model, isStreaming }: TargetModel): string => {
  const place = `/models/${encodeURIComponent(model.replace(PLACE, ""))}`;
  return isStreaming ? `${place}:streamGenerateContent?alt=sse` : `${place}:generateContent`;
};

export const encodeRequest = (conversation: Conversation, target: TargetModel): Encoded => {
  const losses: Loss[] = [];
  const work: Work = { conversation, target, traits: traitsOf(target.model), isOwn: conversation.protocol === NAME, losses };
  const body = inDialect(bodyOf(work), target.dialect, losses);
  return { path: pathOf(target), headers: headersOf(conversation, target), body: Buffer.from(JSON.stringify(body)), losses };
};
