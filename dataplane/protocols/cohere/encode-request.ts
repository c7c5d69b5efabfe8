// A conversation written as a request for Cohere's chat. Values beyond what it takes are brought to the nearest that it takes.
import { describedSchema, functionsIn, inDialect, type Lose, losing, said, withJsonWord, writeFunctionTool } from "../asking.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import { askedBudget } from "../effort.ts";
import type { Conversation, Field } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { abilities, STOPS_MAX } from "./abilities.ts";
import { type Writing, writeMessages } from "./encode-messages.ts";

const PATH = "/chat";

const within = (value: number | null, min: number, max: number, field: Field, lose: Lose): number | null => {
  if (value === null || (value >= min && value <= max)) return value;
  lose(field, "limited");
  return Math.min(max, Math.max(min, value));
};

/** The limits are the vendor's (seen 2026-11). */
const samplingOf = ({ sampling }: Conversation, lose: Lose): JsonObject =>
  said({
    max_tokens: sampling.maxOutputTokens,
    temperature: sampling.temperature,
    p: within(sampling.topP, 0.01, 0.99, "topP", lose),
    k: within(sampling.topK, 0, 500, "topK", lose),
    seed: sampling.seed,
    presence_penalty: within(sampling.presencePenalty, 0, 1, "presencePenalty", lose),
    frequency_penalty: within(sampling.frequencyPenalty, 0, 1, "frequencyPenalty", lose),
    stop_sequences: sampling.stop.length === 0 ? null : sampling.stop.slice(0, STOPS_MAX),
    logprobs: sampling.logprobs === null ? null : true,
  });

/** Thinking counts as output: some must be left for the answer. */
const thinkingOf = ({ reasoning, sampling: { maxOutputTokens } }: Conversation, lose: Lose): JsonObject => {
  if (reasoning === null) return {};
  const asked = askedBudget(reasoning);
  if (asked === 0) return { thinking: { type: "disabled" } };
  if (asked === null) return reasoning.isAdaptive ? { thinking: { type: "enabled" } } : {};
  const budget = maxOutputTokens === null ? asked : Math.max(1, Math.min(asked, maxOutputTokens - 1));
  if (budget < asked) lose("reasoning", "limited");
  return { thinking: { type: "enabled", token_budget: budget } };
};

/** Refused beside tools. */
const formatOf = ({ format, tools }: Conversation, lose: Lose): JsonObject => {
  if (format === null) return {};
  if (tools.length > 0) {
    if (format.kind !== "text") lose("format", "unsupported", "major");
    return {};
  }
  if (format.kind === "text") return { response_format: { type: "text" } };
  return { response_format: { type: "json_object", ...(format.kind === "schema" ? { json_schema: describedSchema(format) } : {}) } };
};

const choices: Readonly<Record<string, string>> = { none: "NONE", required: "REQUIRED" };

/** Strictness is asked for all tools or for none: one that wants it wants it for all. */
const toolsOf = ({ tools, toolChoice }: Conversation, lose: Lose): JsonObject => {
  const functions = functionsIn(tools, lose);
  if (functions.length === 0) return {};
  const choice = choices[toolChoice?.mode ?? "auto"];
  if (toolChoice !== null && choice === undefined && toolChoice.mode !== "auto") lose("toolChoice", "unsupported", "major");
  return {
    tools: functions.map(writeFunctionTool),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(functions.some(({ isStrict }) => isStrict === true) ? { strict_tools: true } : {}),
  };
};

const major: ReadonlySet<string> = new Set(["tools", "tool_choice", "response_format", "documents"]);

export const encodeRequest = (asked: Conversation, target: TargetModel): Encoded => {
  const { dialect, model, isStreaming } = target;
  const { losses, lose } = losing();
  const conversation = withJsonWord(asked);
  const { format, tools } = conversation;
  const mayCite = tools.length === 0 && (format === null || format.kind === "text");
  const writing: Writing = { lose, isThinking: abilities(dialect, model).reasoning !== "none", mayCite, documents: [] };
  const messages = writeMessages(conversation.turns, writing);
  const body: JsonObject = {
    ...(dialect.omitsModel === true ? {} : { model }),
    stream: isStreaming,
    messages,
    ...(writing.documents.length === 0 ? {} : { documents: writing.documents }),
    ...toolsOf(conversation, lose),
    ...formatOf(conversation, lose),
    ...samplingOf(conversation, lose),
    ...thinkingOf(conversation, lose),
  };
  return { path: PATH, headers: [], body: Buffer.from(JSON.stringify(inDialect(body, dialect, major, lose))), losses };
};
