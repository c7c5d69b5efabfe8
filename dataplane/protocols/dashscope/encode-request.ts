// A conversation written as a request for DashScope's native generation, on the surface that the model or what it is to see
// needs. Streams are asked for by a header, and in increments. What a dialect says of members it says of the parameters.
import { inDialect, type Lose, losing, said, withJsonWord, writeFunctionTool } from "../asking.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import { askedBudget } from "../effort.ts";
import type { Conversation, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { writeMessages } from "./encode-messages.ts";
import { isHybridModel, isMultimodalModel } from "./models.ts";

const TEXT_PATH = "/services/aigc/text-generation/generation";
const MULTIMODAL_PATH = "/services/aigc/multimodal-generation/generation";
const STREAM_HEADERS: readonly string[] = ["X-DashScope-SSE", "enable"];

const media: ReadonlySet<string> = new Set(["image", "audio", "video"]);

const isMultimodal = ({ turns }: Conversation, model: string): boolean => isMultimodalModel(model) || turns.some(({ blocks }) => blocks.some(({ kind }) => media.has(kind)));

const samplingOf = ({ sampling }: Conversation): JsonObject =>
  said({
    max_tokens: sampling.maxOutputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    stop: sampling.stop.length === 0 ? null : [...sampling.stop],
    n: sampling.choices,
    logprobs: sampling.logprobs === null ? null : true,
    top_logprobs: sampling.logprobs === null || sampling.logprobs === 0 ? null : sampling.logprobs,
  });

const isForced = ({ toolChoice }: Conversation): boolean => toolChoice?.mode === "tool";

/** Neither a call that is forced nor an answer in JSON goes together with thinking. */
const thinkingOf = (conversation: Conversation, model: string, lose: Lose): JsonObject => {
  const { reasoning, format } = conversation;
  const budget = reasoning === null ? null : askedBudget(reasoning);
  const isWanted = reasoning !== null && (budget === null ? reasoning.isAdaptive : budget > 0);
  if (isForced(conversation) || format?.kind === "json") {
    if (isWanted) lose("reasoning", "unsupported");
    return isWanted || isHybridModel(model) ? { enable_thinking: false } : {};
  }
  if (isWanted) return { enable_thinking: true, ...(budget === null ? {} : { thinking_budget: budget }) };
  return budget === 0 ? { enable_thinking: false } : {};
};

const choiceOf = (choice: ToolChoice, lose: Lose): Json => {
  if (choice.mode === "tool") return { type: "function", function: { name: choice.name } };
  if (choice.mode === "auto" || choice.mode === "none") return choice.mode;
  lose("toolChoice", "unsupported", "major");
  return "auto";
};

const isSearch = (tool: Tool): boolean => tool.kind === "hosted" && tool.purpose === "web-search";

const toolsOf = ({ tools, toolChoice, isParallel }: Conversation, lose: Lose): JsonObject => {
  const functions = tools.filter((tool) => tool.kind === "function");
  for (const tool of tools) if (tool.kind !== "function" && !isSearch(tool)) lose(tool.at, "unsupported", "major");
  for (const { at, isStrict } of functions) if (isStrict === true) lose(`${at}.strict`, "unsupported");
  for (const { at, cache } of functions) if (cache !== undefined) lose(at, "unsupported");
  return {
    ...(tools.some(isSearch) ? { enable_search: true, search_options: { enable_source: true } } : {}),
    ...(functions.length === 0 ? {} : { tools: functions.map(writeFunctionTool) }),
    ...(functions.length === 0 || toolChoice === null ? {} : { tool_choice: choiceOf(toolChoice, lose) }),
    // Off there unless it is said (2026-11); in every client's protocol it is on.
    ...(functions.length === 0 ? {} : { parallel_tool_calls: isParallel ?? true }),
  };
};

/** Plain text is what it writes anyway. */
const formatOf = ({ format }: Conversation, lose: Lose): JsonObject => {
  if (format?.kind === "schema") lose("format", "approximated", "major");
  return format === null || format.kind === "text" ? {} : { response_format: { type: "json_object" } };
};

const major: ReadonlySet<string> = new Set(["tools", "tool_choice", "response_format", "n", "enable_search"]);

export const encodeRequest = (asked: Conversation, target: TargetModel): Encoded => {
  const { dialect, model, isStreaming } = target;
  const { losses, lose } = losing();
  const conversation = withJsonWord(asked);
  const isSeeing = isMultimodal(conversation, model);
  const parameters: JsonObject = {
    result_format: "message",
    ...(isStreaming ? { incremental_output: true } : {}),
    ...samplingOf(conversation),
    ...toolsOf(conversation, lose),
    ...formatOf(conversation, lose),
    ...thinkingOf(conversation, model, lose),
  };
  const messages = writeMessages(conversation.turns, { lose, isMultimodal: isSeeing, replaysReasoning: dialect.replaysReasoning === true });
  const body = { ...(dialect.omitsModel === true ? {} : { model }), input: { messages }, parameters: inDialect(parameters, dialect, major, lose) };
  return { path: isSeeing ? MULTIMODAL_PATH : TEXT_PATH, headers: isStreaming ? STREAM_HEADERS : [], body: Buffer.from(JSON.stringify(body)), losses };
};
