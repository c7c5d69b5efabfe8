// A conversation written as a request for a chat completion, in the form that the target's vendor has of it.
// Usage is always asked for in streams: who needs it for the client, or for the bill, decides later.
import { isObject, type Json } from "../../wire/json.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import type { Conversation } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { abilities } from "./abilities.ts";
import { writeReasoningRequest } from "./encode-reasoning.ts";
import { writeFormat, writeTools } from "./encode-tools.ts";
import { writeTurns } from "./encode-turns.ts";
import { NAME } from "./names.ts";
import { Writing } from "./writing.ts";

const PATH = "/chat/completions";

const given = (members: Readonly<Record<string, Json>>): JsonObject => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));

const samplingOf = ({ sampling }: Conversation, dialect: Dialect): JsonObject => {
  const { maxOutputTokens, temperature, topP, topK, seed, presencePenalty, frequencyPenalty, stop, choices, logprobs } = sampling;
  return given({
    [dialect.outputLimit ?? "max_completion_tokens"]: maxOutputTokens,
    temperature,
    top_p: topP,
    top_k: topK,
    [dialect.seedMember ?? "seed"]: seed,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    stop: stop.length === 0 ? null : [...stop],
    n: choices,
    logprobs: logprobs === null ? null : true,
    top_logprobs: logprobs === null || logprobs === 0 ? null : logprobs,
  });
};

/** Words for the tier that others have and that mean one of this protocol's. */
const tiers: Readonly<Record<string, string>> = { auto: "auto", default: "default", standard: "default", standard_only: "default", flex: "flex", priority: "priority", scale: "scale", fast: "fast", batch: "flex" };

const tierOf = ({ serviceTier, protocol }: Conversation, writing: Writing): string | null => {
  if (serviceTier === null || protocol === NAME) return serviceTier;
  const tier = Object.hasOwn(tiers, serviceTier) ? (tiers[serviceTier] ?? null) : null;
  if (tier === null) writing.lose("service_tier", "approximated");
  return tier;
};

const audioOf = ({ audio }: Conversation): JsonObject => (audio === null ? {} : { modalities: ["text", "audio"], audio: { voice: audio.voice, format: audio.format } });

const streamOf = ({ isStreaming, dialect }: TargetModel, options: Json | undefined): JsonObject => {
  if (!isStreaming) return {};
  if (dialect.refusesStreamOptions === true) return { stream: true };
  return { stream: true, stream_options: { ...(isObject(options) ? options : {}), include_usage: true } };
};

/** The extras of this protocol's stand where nothing else says the same. */
const bodyOf = (conversation: Conversation, writing: Writing): JsonObject => {
  const { target } = writing;
  const { dialect, model } = target;
  const { stream_options: streamOptions, ...extras } = conversation.extras[NAME] ?? {};
  const userMember = "user" in extras ? "safety_identifier" : "user";
  return {
    ...(dialect.omitsModel === true ? {} : { model }),
    messages: writeTurns(conversation.turns, writing),
    ...extras,
    ...writeTools(conversation, writing, abilities(dialect, model).hasHostedWebSearch),
    ...writeFormat(conversation.format),
    ...samplingOf(conversation, dialect),
    ...writeReasoningRequest(conversation.reasoning, writing),
    ...audioOf(conversation),
    ...given({ verbosity: conversation.verbosity, [userMember]: conversation.userId, metadata: conversation.metadata, service_tier: tierOf(conversation, writing), prompt_cache_key: conversation.cacheKey }),
    ...streamOf(target, streamOptions),
  };
};

/** What the meaning of the answer hangs on. */
const major: ReadonlySet<string> = new Set(["tools", "tool_choice", "response_format", "n", "modalities", "audio"]);

const inDialect = (body: JsonObject, writing: Writing): JsonObject => {
  const { refuses = [], renames = {}, adds = {} } = writing.target.dialect;
  const kept = Object.entries(body).flatMap(([key, value]): [string, Json][] => {
    if (!refuses.includes(key)) return [[Object.hasOwn(renames, key) ? (renames[key] ?? key) : key, value]];
    if (key !== "stream_options") writing.lose(key, "unsupported", major.has(key) ? "major" : "minor");
    return [];
  });
  return { ...adds, ...Object.fromEntries(kept) };
};

export const encodeRequest = (conversation: Conversation, target: TargetModel): Encoded => {
  const writing = new Writing(conversation, target);
  const body = inDialect(bodyOf(conversation, writing), writing);
  const path = (target.dialect.paths?.[PATH] ?? PATH).replaceAll("{model}", encodeURIComponent(target.model));
  return { path, headers: [], body: Buffer.from(JSON.stringify(body)), losses: writing.losses };
};
