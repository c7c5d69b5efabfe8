// A conversation as a request to a provider of this protocol. A client of another protocol keeps its own history, so the
// provider is asked to store nothing and to seal the reasoning for us; a client of this one says itself what it wants.
import type { Json } from "../../wire/json.ts";
import { isObject } from "../../wire/json.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import { askedEffort } from "../effort.ts";
import type { Conversation, Format, Reasoning, Turn } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { LOGPROBS } from "./decode-request.ts";
import { encodeTurns, type Writing } from "./encode-items.ts";
import { plainText } from "./encode-parts.ts";
import { Losses } from "./losses.ts";
import { extrasIn, PROTOCOL, restOf } from "./members.ts";
import { nearestEffort, traitsOf } from "./models.ts";
import { encodeChoice, encodeTools } from "./tools.ts";

const PATH = "/responses";
const SEALED = "reasoning.encrypted_content";
/** The protocol's own least. */
const OUTPUT_TOKENS_MIN = 16;

/** Members of the extras that are not simply written beside the rest. */
const merged: ReadonlySet<string> = new Set(["include", "tool_choice", "user", "text"]);

interface Spoken {
  readonly instructions: string | null;
  readonly turns: readonly Turn[];
}

/** One leading system text is the instructions, if there is something else to say; what stood in a message stays in one. */
const speak = ({ turns }: Conversation, isOwn: boolean): Spoken => {
  const [first, ...rest] = turns;
  if (first === undefined || first.role !== "system" || first.name !== undefined) return { instructions: null, turns };
  const instructions = plainText(first.blocks);
  const stays = instructions === null || (isOwn ? first.at !== "instructions" : !rest.some(({ role }) => role === "user" || role === "assistant"));
  return stays ? { instructions: null, turns } : { instructions, turns: rest };
};

export const encodeFormat = (format: Format, isOwn: boolean): JsonObject => {
  if (format.kind === "text") return { type: "text" };
  if (format.kind === "json") return { type: "json_object" };
  return {
    type: "json_schema",
    name: format.name === "" ? "answer" : format.name,
    ...(format.description === "" ? {} : { description: format.description }),
    schema: format.schema,
    ...(format.isStrict === null && isOwn ? {} : { strict: format.isStrict ?? false }),
  };
};

const encodeText = ({ format, verbosity, extras }: Conversation, isOwn: boolean): JsonObject | null => {
  const kept = extras[PROTOCOL]?.["text"];
  const text: JsonObject = {
    ...(isObject(kept) ? kept : {}),
    ...(format === null ? {} : { format: encodeFormat(format, isOwn) }),
    ...(verbosity === null ? {} : { verbosity }),
  };
  return Object.keys(text).length === 0 ? null : text;
};

/** Whoever did not ask for it is better served without it than refused. */
const summaryOf = ({ isShown, isShownUnasked }: Reasoning, { summariesNeedProof }: Dialect, losses: Losses): JsonObject => {
  if (isShown !== true) return {};
  if (isShownUnasked !== true || summariesNeedProof !== true) return { summary: "auto" };
  losses.minor("reasoning", "limited");
  return {};
};

const encodeReasoning = ({ reasoning }: Conversation, { model, dialect }: TargetModel, losses: Losses): JsonObject | null => {
  const { efforts } = traitsOf(model);
  if (reasoning === null || efforts === null) return null;
  const asked = askedEffort(reasoning);
  const effort = asked === null ? null : nearestEffort(asked, efforts);
  if (effort !== asked) losses.minor("reasoning", "approximated");
  const encoded: JsonObject = { ...(effort === null ? {} : { effort }), ...summaryOf(reasoning, dialect, losses), ...extrasIn(reasoning) };
  return Object.keys(encoded).length === 0 ? null : encoded;
};

const encodeInclude = ({ extras, sampling, reasoning }: Conversation, isOwn: boolean, model: string): string[] => {
  const kept = extras[PROTOCOL]?.["include"];
  const include = Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  const mayThink = traitsOf(model).efforts !== null && reasoning?.effort !== "none";
  if (!isOwn && mayThink && !include.includes(SEALED)) include.push(SEALED);
  if (sampling.logprobs !== null) include.push(LOGPROBS);
  return include;
};

const encodeLimit = ({ sampling: { maxOutputTokens } }: Conversation, isOwn: boolean, losses: Losses): number | null => {
  if (maxOutputTokens === null || isOwn || maxOutputTokens >= OUTPUT_TOKENS_MIN) return maxOutputTokens;
  losses.minor("max_output_tokens", "limited");
  return OUTPUT_TOKENS_MIN;
};

const tiers: Readonly<Record<string, string>> = { auto: "auto", default: "default", flex: "flex", scale: "scale", priority: "priority", standard: "default", standard_only: "default" };

const encodeTier = ({ serviceTier }: Conversation, isOwn: boolean, losses: Losses): string | null => {
  if (serviceTier === null || isOwn) return serviceTier;
  const tier = tiers[serviceTier] ?? null;
  if (tier !== serviceTier) losses.minor("service_tier", tier === null ? "unsupported" : "approximated");
  return tier;
};

const encodeUser = ({ userId, extras }: Conversation): JsonObject => {
  const user = extras[PROTOCOL]?.["user"];
  if (typeof user !== "string") return { safety_identifier: userId };
  return user === userId ? { user } : { user, safety_identifier: userId };
};

const nothingOf = ({ sampling }: Conversation, losses: Losses): void => {
  const { topK, seed, presencePenalty, frequencyPenalty, stop, choices } = sampling;
  const unsaid = { top_k: topK, seed, presence_penalty: presencePenalty, frequency_penalty: frequencyPenalty };
  for (const [path, value] of Object.entries(unsaid)) if (value !== null) losses.minor(path, "unsupported");
  if (stop.length > 0) losses.major("stop", "unsupported");
  if ((choices ?? 1) > 1) losses.major("choices", "limited");
};

const nothing = (value: Json | undefined): boolean => value === null || value === undefined || (Array.isArray(value) && value.length === 0);

const bodyOf = (conversation: Conversation, target: TargetModel, losses: Losses): JsonObject => {
  const { sampling, extras } = conversation;
  const { model, dialect } = target;
  const isOwn = conversation.protocol === PROTOCOL;
  const isStored = isOwn && extras[PROTOCOL]?.["store"] !== false;
  const writing: Writing = { isOwn, isStored, origin: target.origin, replaysReasoning: dialect.replaysReasoning === true, losses };
  const { instructions, turns } = speak(conversation, isOwn);
  const tools = encodeTools(conversation.tools, writing, (tool) => losses.major(tool.at, "unsupported"));
  const hasChoice = isOwn || tools.length > 0;
  nothingOf(conversation, losses);
  return {
    model,
    instructions,
    input: encodeTurns(turns, writing),
    tools,
    tool_choice: hasChoice ? encodeChoice(conversation) : null,
    parallel_tool_calls: hasChoice ? conversation.isParallel : null,
    max_output_tokens: encodeLimit(conversation, isOwn, losses),
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_logprobs: sampling.logprobs === 0 ? null : sampling.logprobs,
    include: encodeInclude(conversation, isOwn, model),
    reasoning: encodeReasoning(conversation, target, losses),
    text: encodeText(conversation, isOwn),
    metadata: conversation.metadata === null ? null : { ...conversation.metadata },
    service_tier: encodeTier(conversation, isOwn, losses),
    prompt_cache_key: conversation.cacheKey,
    ...encodeUser(conversation),
    ...(isOwn ? {} : { store: false }),
    ...restOf(extras[PROTOCOL] ?? {}, merged),
    stream: target.isStreaming ? true : null,
  };
};

/** Asked for by nobody but us. */
const ours: ReadonlySet<string> = new Set(["store", "include"]);

/** The vendor's own form of the protocol. */
const inDialect = (body: JsonObject, { dialect }: TargetModel, isOwn: boolean, losses: Losses): JsonObject => {
  const refused = new Set(dialect.refuses);
  const members: [string, Json][] = [];
  for (const [key, value] of Object.entries(body)) {
    if (nothing(value) || (key === "model" && dialect.omitsModel === true)) continue;
    if (!refused.has(key)) members.push([dialect.renames?.[key] ?? key, value]);
    else if (isOwn || !ours.has(key)) losses.minor(key, "unsupported");
  }
  return { ...dialect.adds, ...Object.fromEntries(members) };
};

export const encodeRequest = (conversation: Conversation, target: TargetModel): Encoded => {
  const losses = new Losses();
  const body = inDialect(bodyOf(conversation, target, losses), target, conversation.protocol === PROTOCOL, losses);
  const path = (target.dialect.paths?.[PATH] ?? PATH).replaceAll("{model}", encodeURIComponent(target.model));
  return { path, headers: [], body: Buffer.from(JSON.stringify(body)), losses: losses.list };
};
