// A conversation written as a request for Ollama's own chat. It streams unless it is told not to, so it is always told.
import type { Json } from "../../wire/json.ts";
import { describedSchema, functionsIn, inDialect, type Lose, losing, said, withJsonWord, writeFunctionTool } from "../asking.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import { askedBudget, askedEffort } from "../effort.ts";
import type { Conversation, Effort, Reasoning } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { hasLevels } from "./abilities.ts";
import { writeMessages } from "./encode-messages.ts";

const PATH = "/api/chat";

const optionsOf = ({ sampling }: Conversation): JsonObject => {
  const options = said({
    num_predict: sampling.maxOutputTokens,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    stop: sampling.stop.length === 0 ? null : [...sampling.stop],
  });
  return Object.keys(options).length === 0 ? {} : { options };
};

const levels = { none: "low", minimal: "low", low: "low", medium: "medium", high: "high", xhigh: "high", max: "high" } as const satisfies Record<Effort, string>;

/** Such models cannot but think. */
const levelOf = (reasoning: Reasoning, lose: Lose): Json => {
  const effort = askedEffort(reasoning);
  if (effort === null) return reasoning.isAdaptive ? true : null;
  if (levels[effort] !== effort) lose("reasoning", effort === "none" ? "fixed-by-model" : "limited");
  return levels[effort];
};

const switchOf = (reasoning: Reasoning): Json => {
  const budget = askedBudget(reasoning);
  if (budget === null) return reasoning.isAdaptive ? true : null;
  return budget > 0;
};

const thinkOf = ({ reasoning }: Conversation, model: string, lose: Lose): JsonObject => {
  if (reasoning === null) return {};
  return said({ think: hasLevels(model) ? levelOf(reasoning, lose) : switchOf(reasoning) });
};

const formatOf = ({ format }: Conversation): JsonObject => {
  if (format === null || format.kind === "text") return {};
  return { format: format.kind === "json" ? "json" : describedSchema(format) };
};

const toolsOf = ({ tools, toolChoice }: Conversation, lose: Lose): JsonObject => {
  const functions = functionsIn(tools, lose);
  for (const { at, isStrict } of functions) if (isStrict === true) lose(`${at}.strict`, "unsupported");
  if (toolChoice !== null && toolChoice.mode !== "auto") lose("toolChoice", "unsupported", "major");
  return functions.length === 0 ? {} : { tools: functions.map(writeFunctionTool) };
};

const logprobsOf = ({ sampling: { logprobs } }: Conversation): JsonObject => {
  if (logprobs === null) return {};
  return { logprobs: true, ...(logprobs === 0 ? {} : { top_logprobs: logprobs }) };
};

const major: ReadonlySet<string> = new Set(["tools", "format"]);

export const encodeRequest = (asked: Conversation, { dialect, model, isStreaming }: TargetModel): Encoded => {
  const { losses, lose } = losing();
  const conversation = withJsonWord(asked);
  const body: JsonObject = {
    ...(dialect.omitsModel === true ? {} : { model }),
    messages: writeMessages(conversation.turns, lose),
    stream: isStreaming,
    ...toolsOf(conversation, lose),
    ...formatOf(conversation),
    ...thinkOf(conversation, model, lose),
    ...logprobsOf(conversation),
    ...optionsOf(conversation),
  };
  return { path: PATH, headers: [], body: Buffer.from(JSON.stringify(inDialect(body, dialect, major, lose))), losses };
};
