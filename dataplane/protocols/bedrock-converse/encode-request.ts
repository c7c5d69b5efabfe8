// A conversation as a request to Converse, in the form that its model's family takes. The members stand in one order always:
// an upstream's cache hangs on the beginning of the prompt. What Converse has no member for stands among the additional
// fields, which go to the model as they are.
import { askedEffort } from "../effort.ts";
import { isThinking, noThought, thoughtFor, type Thought } from "../claude-thinking.ts";
import { traitsOf } from "../claude-traits.ts";
import type { Encoded, TargetModel } from "../codec.ts";
import type { Conversation, Effort, Field, Loss, LossReason } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { DocumentNames } from "./document-names.ts";
import { encodePrompt, isLoopWithoutThinking, type Prompt, toolsIn } from "./encode-messages.ts";
import { encodeFormat, encodeTools, isForced, type Tools } from "./encode-tools.ts";
import { type Family, familyOf } from "./families.ts";
import { STOP_SEQUENCE_PATH } from "./finish.ts";
import { isEmpty, isMembers, NAME, objectOf, present, setMember, thoughtMembers } from "./members.ts";

interface Work {
  readonly conversation: Conversation;
  readonly target: TargetModel;
  readonly family: Family;
  readonly isOwn: boolean;
  readonly losses: Loss[];
  /** What this protocol said beside what the neutral model names. */
  readonly own: JsonObject;
}

const lose = ({ losses }: Work, field: Field, reason: LossReason): void => {
  losses.push({ path: field, reason, severity: "minor" });
};

/** Without a limit Converse stops at one of its own. Its own clients know that. Null for none. */
const limitOf = ({ conversation, target, isOwn }: Work): number | null => conversation.sampling.maxOutputTokens ?? (isOwn || target.outputTokensMax <= 0 ? null : target.outputTokensMax);

/** Where nobody says what the model can write at most. */
const OUTPUT_TOKENS = 4096;

/** Models that think by budget think neither with a tool that is forced nor on from a turn that has lost its thinking. */
const claudeThought = (work: Work, { messages }: Prompt): Thought => {
  const { conversation, target, family } = work;
  const { reasoning } = conversation;
  if (reasoning === null || family.thinking !== "claude") return noThought;
  const traits = traitsOf(target.model);
  const thought = thoughtFor(reasoning, traits, limitOf(work) ?? OUTPUT_TOKENS, (reason) => lose(work, "reasoning", reason));
  if (traits.thinking === "adaptive" || !isThinking(thought)) return thought;
  const isStuck = thought.thinking?.["type"] === "enabled" && isLoopWithoutThinking(messages);
  if (!isStuck && !isForced(conversation)) return thought;
  lose(work, "reasoning", isStuck ? "foreign" : "unsupported");
  return { ...thought, thinking: null };
};

const threeWords = (effort: Effort): string => (effort === "minimal" || effort === "low" ? "low" : effort === "medium" ? "medium" : "high");

/** Of families that take a word and no budget. */
const wordedThought = ({ conversation: { reasoning }, family }: Work): JsonObject => {
  const effort = reasoning === null ? null : (askedEffort(reasoning) ?? (reasoning.isAdaptive ? "medium" : null));
  if (effort === null) return {};
  if (family.thinking === "nova") return { reasoningConfig: effort === "none" ? { type: "disabled" } : { type: "enabled", maxReasoningEffort: threeWords(effort) } };
  return family.thinking === "effort" ? { reasoning_effort: effort === "none" ? "low" : threeWords(effort) } : {};
};

/** Nova chooses all of it itself when it thinks hard. */
const isAllFixed = (additional: JsonObject): boolean => objectOf(additional["reasoningConfig"])["maxReasoningEffort"] === "high";

const TOP_P_WITH_THINKING_MIN = 0.95;

/** Which of the client's numbers the model takes beside its thinking. */
const chosen = (work: Work, thought: Thought): { temperature: number | null; topP: number | null; topK: number | null } => {
  const { conversation: { sampling }, family: { claude }, isOwn } = work;
  const { temperature, topP, topK } = sampling;
  if (claude === null || isOwn) return { temperature, topP, topK };
  const isFixed = !claude.hasSampling || isThinking(thought);
  const hasTemperature = temperature !== null && (!isFixed || temperature === 1);
  const hasTopP = topP !== null && (!isFixed || (claude.hasSampling && topP >= TOP_P_WITH_THINKING_MIN)) && !(claude.hasOneSampler && hasTemperature);
  if (temperature !== null && !hasTemperature) lose(work, "temperature", "fixed-by-model");
  if (topP !== null && !hasTopP) lose(work, "topP", "fixed-by-model");
  if (topK !== null && isFixed) lose(work, "topK", "fixed-by-model");
  return { temperature: hasTemperature ? temperature : null, topP: hasTopP ? topP : null, topK: isFixed ? null : topK };
};

const stopsOf = (work: Work): string[] | null => {
  const { stop } = work.conversation.sampling;
  const taken = work.isOwn ? [...stop] : stop.filter((one) => one.trim() !== "");
  if (taken.length < stop.length) lose(work, "stop", "unsupported");
  return taken.length === 0 ? null : taken;
};

const inferenceOf = (work: Work, numbers: ReturnType<typeof chosen>, additional: JsonObject): JsonObject => {
  const stopSequences = stopsOf(work);
  const own = objectOf(work.own["inferenceConfig"]);
  if (isAllFixed(additional) && !work.isOwn) {
    for (const name of ["temperature", "topP"] as const) if (numbers[name] !== null) lose(work, name, "fixed-by-model");
    if (work.conversation.sampling.maxOutputTokens !== null) lose(work, "maxOutputTokens", "fixed-by-model");
    return present({ stopSequences });
  }
  return { ...present({ maxTokens: limitOf(work), temperature: numbers.temperature, topP: numbers.topP, stopSequences }), ...own };
};

const topKOf = ({ family, isOwn }: Work, topK: number | null): JsonObject => {
  if (topK === null || (family.topK === "none" && !isOwn)) return {};
  return family.topK === "nova" ? { inferenceConfig: { topK } } : { top_k: topK };
};

const withInner = (one: JsonObject, other: JsonObject): JsonObject => {
  const joined: JsonObject = { ...one };
  for (const [key, value] of Object.entries(other)) setMember(joined, key, isMembers(value) && isMembers(joined[key]) ? { ...joined[key], ...value } : value);
  return joined;
};

/** What this protocol's own client said of thinking is said again as it was. */
const saidThought = ({ conversation: { reasoning } }: Work): JsonObject | null => reasoning?.extras?.[NAME] ?? null;

const additionalOf = (work: Work, thought: Thought, topK: number | null, { choice }: Tools): JsonObject => {
  const said = saidThought(work);
  const thinking = said === null ? { ...present({ thinking: thought.thinking }), ...wordedThought(work) } : Object.fromEntries(Object.entries(said).filter(([key]) => thoughtMembers.has(key)));
  const fields = { ...thinking, ...topKOf(work, topK), ...present({ tool_choice: choice }) };
  return withInner(fields, objectOf(work.own["additionalModelRequestFields"]));
};

const effortOf = (work: Work, thought: Thought): string | null => {
  const said = saidThought(work);
  if (said === null) return thought.effort;
  return typeof said["effort"] === "string" ? said["effort"] : null;
};

const outputOf = (work: Work, thought: Thought): JsonObject => {
  const { conversation, isOwn, losses, own } = work;
  return { ...present({ textFormat: encodeFormat(conversation.format, isOwn, losses), effort: effortOf(work, thought) }), ...objectOf(own["outputConfig"]) };
};

const tiers: Readonly<Record<string, string>> = { default: "default", standard: "default", standard_only: "default", flex: "flex", priority: "priority", reserved: "reserved" };

const tierOf = (work: Work): JsonObject | null => {
  const { serviceTier } = work.conversation;
  if (serviceTier === null) return null;
  const type = work.isOwn ? serviceTier : Object.hasOwn(tiers, serviceTier) ? tiers[serviceTier] : undefined;
  if (type !== undefined) return { type };
  lose(work, "serviceTier", serviceTier === "auto" ? "approximated" : "unsupported");
  return null;
};

const METADATA = /^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/;
const METADATA_MAX = 16;

const metadataOf = (work: Work): JsonObject | null => {
  const entries = Object.entries(work.conversation.metadata ?? {});
  const taken = work.isOwn ? entries : entries.filter(([key, value]) => METADATA.test(key) && METADATA.test(value)).slice(0, METADATA_MAX);
  if (taken.length < entries.length) lose(work, "metadata", "limited");
  return taken.length === 0 ? null : Object.fromEntries(taken);
};

/** Those that stand inside a member that is written anyway. */
const inner: ReadonlySet<string> = new Set(["additionalModelRequestFields", "outputConfig", "inferenceConfig", "toolConfig"]);

/** Claude tells which string it met when it is asked to. */
const responsePaths = ({ conversation, family, isOwn }: Work): string[] | null => (!isOwn && family.claude !== null && conversation.sampling.stop.length > 0 ? [STOP_SEQUENCE_PATH] : null);

const orNull = (members: JsonObject): JsonObject | null => (isEmpty(members) ? null : members);

const bodyOf = (work: Work): JsonObject => {
  const { conversation, target, family, isOwn, losses, own } = work;
  const prompt = encodePrompt(conversation.turns, { target, family, isOwn, names: new DocumentNames(), losses });
  const tools = encodeTools(conversation, toolsIn(prompt.messages), family, isOwn, losses);
  const thought = saidThought(work) === null ? claudeThought(work, prompt) : noThought;
  const numbers = chosen(work, thought);
  const additional = additionalOf(work, thought, numbers.topK, tools);
  return {
    ...present({
      toolConfig: tools.toolConfig,
      system: prompt.system.length === 0 ? null : prompt.system,
      messages: prompt.messages,
      inferenceConfig: orNull(inferenceOf(work, numbers, additional)),
      additionalModelRequestFields: orNull(additional),
      additionalModelResponseFieldPaths: responsePaths(work),
      outputConfig: orNull(outputOf(work, thought)),
      serviceTier: tierOf(work),
      requestMetadata: metadataOf(work),
    }),
    ...Object.fromEntries(Object.entries(own).filter(([key]) => !inner.has(key))),
  };
};

const inDialect = (body: JsonObject, { adds, refuses = [], renames = {} }: TargetModel["dialect"], losses: Loss[]): JsonObject => {
  const said: JsonObject = {};
  for (const [key, value] of Object.entries(body)) {
    if (refuses.includes(key)) losses.push({ path: key, reason: "unsupported", severity: "minor" });
    else setMember(said, Object.hasOwn(renames, key) ? (renames[key] ?? key) : key, value);
  }
  return { ...said, ...adds };
};

export const encodeRequest = (conversation: Conversation, target: TargetModel): Encoded => {
  const losses: Loss[] = [];
  const own = conversation.extras[NAME] ?? {};
  const work: Work = { conversation, target, family: familyOf(target.model), isOwn: conversation.protocol === NAME, losses, own };
  const body = inDialect(bodyOf(work), target.dialect, losses);
  return {
    path: `/model/${encodeURIComponent(target.model)}/${target.isStreaming ? "converse-stream" : "converse"}`,
    headers: target.isStreaming ? ["accept", "application/vnd.amazon.eventstream"] : ["accept", "application/json"],
    body: Buffer.from(JSON.stringify(body)),
    losses,
  };
};
