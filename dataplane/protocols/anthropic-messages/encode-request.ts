// A conversation as a request to a provider that speaks Anthropic's protocol, in the form that its model's generation and its
// cloud take. The members stand in one order always: an upstream's cache hangs on the beginning of the prompt.
import { byModel } from "../by-model.ts";
import { isThinking, type Thought } from "../claude-thinking.ts";
import { traitsOf, type Traits } from "../claude-traits.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import type { Dialect } from "../dialect.ts";
import type { Conversation, Field, Loss, LossReason } from "../ir.ts";
import { isEmpty, type JsonObject } from "../json-members.ts";
import { isObject, type Json, jsonBytes } from "../../wire/json.ts";
import { BETA, takenBetas } from "./betas.ts";
import { encodePrompt, isLoopWithoutThinking, type Prompt } from "./encode-messages.ts";
import { encodeFormat, encodeToolChoice, encodeTools, isForced } from "./encode-tools.ts";
import { NAME, setMember } from "./members.ts";
import { encodeReasoning } from "./thinking.ts";

const PATH = "/messages";
/** Clouds that have a path of their own for streams give it under this name. */
const STREAM_PATH = "/messages#stream";
const VERSION = "2023-06-01";
/** Where nobody says what the model can write at most. */
const OUTPUT_TOKENS = 4096;

const traitsAt = byModel((_dialect, model) => traitsOf(model));

interface Work {
  readonly conversation: Conversation;
  readonly target: TargetModel;
  readonly traits: Traits;
  readonly isOwn: boolean;
  readonly losses: Loss[];
  /** What this protocol said beside what the neutral model names. */
  readonly own: JsonObject;
}

const lose = ({ losses }: Work, field: Field, reason: LossReason): void => {
  losses.push({ path: field, reason, severity: "minor" });
};

const limitOf = ({ conversation, target }: Work): number => conversation.sampling.maxOutputTokens ?? (target.outputTokensMax > 0 ? target.outputTokensMax : OUTPUT_TOKENS);

/** Models that think by budget think neither with a tool that is forced nor on from a turn that has lost its thinking. */
const thoughtOf = (work: Work, { messages }: Prompt): Thought => {
  const { conversation, traits } = work;
  const thought = encodeReasoning(conversation, traits, limitOf(work), (reason) => lose(work, "reasoning", reason));
  if (!traits.isClaude || traits.thinking === "adaptive" || !isThinking(thought)) return thought;
  const isStuck = thought.thinking?.["type"] === "enabled" && isLoopWithoutThinking(messages);
  if (!isStuck && !isForced(conversation)) return thought;
  lose(work, "reasoning", isStuck ? "foreign" : "unsupported");
  return { ...thought, thinking: null };
};

const TOP_P_WITH_THINKING_MIN = 0.95;

const setSampling = (said: JsonObject, work: Work, thought: Thought): void => {
  const { conversation: { sampling }, traits } = work;
  const { temperature, topP, topK } = sampling;
  const isFixed = !traits.hasSampling || (traits.isClaude && isThinking(thought));
  if (temperature !== null && (!isFixed || temperature === 1)) said["temperature"] = temperature;
  else if (temperature !== null) lose(work, "temperature", "fixed-by-model");
  const hasTopP = !isFixed || (traits.hasSampling && (topP ?? 0) >= TOP_P_WITH_THINKING_MIN);
  if (topP !== null && hasTopP && !(traits.hasOneSampler && said["temperature"] !== undefined)) said["top_p"] = topP;
  else if (topP !== null) lose(work, "topP", "fixed-by-model");
  if (topK !== null && !isFixed) said["top_k"] = topK;
  else if (topK !== null) lose(work, "topK", "fixed-by-model");
};

const stopsOf = (work: Work): Json => {
  const { stop } = work.conversation.sampling;
  if (stop.length === 0) return null;
  const visible = stop.filter((one) => one.trim() !== "");
  if (visible.length < stop.length) lose(work, "stop", "unsupported");
  return visible.length === 0 ? null : visible;
};

const tiers: Readonly<Record<string, string>> = { auto: "auto", priority: "auto", default: "standard_only", standard: "standard_only" };

const tierOf = (work: Work): Json => {
  const { serviceTier } = work.conversation;
  if (serviceTier === null || work.isOwn) return serviceTier;
  const tier = Object.hasOwn(tiers, serviceTier) ? tiers[serviceTier] : undefined;
  if (tier !== undefined) return tier;
  lose(work, "serviceTier", "unsupported");
  return null;
};

const setPresent = (members: JsonObject, key: string, value: Json): void => {
  if (value !== null) members[key] = value;
};

/** Null for one without members. */
const someOf = (members: JsonObject): JsonObject | null => (isEmpty(members) ? null : members);

/** What is said under this name goes over what was made. */
const withOwn = (made: JsonObject, own: Json | undefined): JsonObject => (isObject(own) ? { ...made, ...own } : made);

const outputOf = ({ conversation, isOwn, losses, own, traits }: Work, { effort }: Thought): JsonObject | null => {
  const format = traits.hasSchema || isOwn ? encodeFormat(conversation.format, isOwn, losses) : null;
  const config: JsonObject = {};
  setPresent(config, "effort", effort);
  setPresent(config, "format", format);
  return someOf(withOwn(config, own["output_config"]));
};

const metadataOf = ({ conversation: { userId }, own }: Work): JsonObject | null => someOf(withOwn(userId === null ? {} : { user_id: userId }, own["metadata"]));

/** Those that stand inside a member that is written anyway. */
const inner: ReadonlySet<string> = new Set(["tool_choice", "output_config", "metadata", BETA]);

const bodyOf = (work: Work): JsonObject => {
  const { conversation, target, traits, isOwn, losses, own } = work;
  const prompt = encodePrompt(conversation.turns, { target, traits, isOwn, losses });
  const thought = thoughtOf(work, prompt);
  const tools = encodeTools(conversation.tools, traits, losses);
  const body: JsonObject = { model: target.model, max_tokens: limitOf(work) };
  setPresent(body, "system", prompt.system);
  body["messages"] = prompt.messages;
  if (tools.length > 0) body["tools"] = tools;
  setPresent(body, "tool_choice", encodeToolChoice(conversation, own["tool_choice"]));
  setPresent(body, "thinking", thought.thinking);
  setPresent(body, "output_config", outputOf(work, thought));
  setSampling(body, work, thought);
  setPresent(body, "stop_sequences", stopsOf(work));
  setPresent(body, "metadata", metadataOf(work));
  setPresent(body, "service_tier", tierOf(work));
  for (const key in own) if (!inner.has(key)) setMember(body, key, own[key] ?? null);
  if (target.isStreaming) body["stream"] = true;
  return body;
};

/** A vendor that takes no `stream` reads it from the path. */
const inDialect = (body: JsonObject, dialect: Dialect, losses: Loss[]): JsonObject => {
  const { adds, omitsModel, refuses = [], renames = {} } = dialect;
  if (omitsModel !== true && refuses.length === 0 && dialect.renames === undefined) return adds === undefined ? body : { ...body, ...adds };
  const said: JsonObject = {};
  for (const [key, value] of Object.entries(body)) {
    if (omitsModel === true && key === "model") continue;
    if (!refuses.includes(key)) setMember(said, Object.hasOwn(renames, key) ? (renames[key] ?? key) : key, value);
    else if (key !== "stream") losses.push({ path: key, reason: "unsupported", severity: "minor" });
  }
  return { ...said, ...adds };
};

export const encodeRequest = (conversation: Conversation, target: TargetModel): Encoded => {
  const losses: Loss[] = [];
  const { dialect } = target;
  const own = conversation.extras[NAME] ?? {};
  const isOwn = conversation.protocol === NAME;
  const body = inDialect(bodyOf({ conversation, target, traits: traitsAt(dialect, target.model), isOwn, losses, own }), dialect, losses);
  const betas = takenBetas(own[BETA], dialect, losses);
  const isInBody = dialect.betas?.in === "body";
  const headers = body["anthropic_version"] === undefined ? ["anthropic-version", VERSION] : [];
  if (betas.length > 0 && !isInBody) headers.push(BETA, betas.join(","));
  return {
    path: target.isStreaming && dialect.paths?.[STREAM_PATH] !== undefined ? STREAM_PATH : PATH,
    headers,
    body: jsonBytes(betas.length > 0 && isInBody ? { ...body, anthropic_beta: betas } : body),
    losses,
  };
};
