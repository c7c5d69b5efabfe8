// How much a model is asked to think, in the words that its generation takes: a budget, an effort, both or neither.
// What a client of this protocol said is sent as it said it where the model takes it.
import { askedEffort, budgetOf, effortOf } from "../effort.ts";
import { type Conversation, type Effort, type LossReason, type Reasoning } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject } from "../../wire/json.ts";
import { NAME, numberOf } from "./members.ts";
import type { Traits } from "./traits.ts";

export interface Thought {
  /** Null: the member is left out. */
  readonly thinking: JsonObject | null;
  readonly effort: string | null;
}

interface Limit {
  readonly outputTokens: number;
  readonly isAsked: boolean;
}

export type Lose = (reason: LossReason) => void;

const BUDGET_MIN = 1024;
const nothing: Thought = { thinking: null, effort: null };

const displayOf = (isShown: boolean | null): JsonObject => (isShown === null ? {} : { display: isShown ? "summarized" : "omitted" });

/** Budgets below the model's own words for it; between them the nearest above. */
const wordOf = (effort: Effort, { hasHighestEfforts }: Traits): string => {
  if (effort === "none" || effort === "minimal") return "low";
  return effort === "xhigh" && !hasHighestEfforts ? "high" : effort;
};

const turnedOff = ({ off, hasEffort }: Traits, lose: Lose): Thought => {
  if (off === "disabled" || off === "between_tools") return { thinking: { type: off }, effort: null };
  lose("approximated");
  return { thinking: null, effort: hasEffort ? "low" : null };
};

/** Below the limit of the whole answer, and half of it where a client asked for more than all. */
const clamped = (budget: number, outputTokensMax: number, lose: Lose): number | null => {
  if (outputTokensMax <= BUDGET_MIN) {
    lose("limited");
    return null;
  }
  if (budget < outputTokensMax) return Math.max(BUDGET_MIN, budget);
  lose("limited");
  return Math.max(BUDGET_MIN, Math.floor(outputTokensMax / 2));
};

const budgeted = (budget: number, isShown: boolean | null, outputTokensMax: number, lose: Lose): JsonObject | null => {
  const tokens = clamped(Math.max(BUDGET_MIN, budget), outputTokensMax, lose);
  return tokens === null ? null : { type: "enabled", budget_tokens: tokens, ...displayOf(isShown) };
};

/** What a client of another protocol asked. */
const translated = (reasoning: Reasoning, traits: Traits, outputTokensMax: number, lose: Lose): Thought => {
  const { budgetTokens, isAdaptive, isShown } = reasoning;
  const effort = askedEffort(reasoning);
  if (effort === "none") return turnedOff(traits, lose);
  const decidesItself = traits.thinking === "adaptive" || traits.thinking === "both";
  if (effort === null && !isAdaptive && !(decidesItself && isShown === true)) return nothing;
  if (decidesItself) return { thinking: { type: "adaptive", ...displayOf(isShown) }, effort: effort === null ? null : wordOf(effort, traits) };
  return { thinking: budgeted(budgetTokens ?? budgetOf(effort ?? "medium"), isShown, outputTokensMax, lose), effort: null };
};

/** What a client of this protocol asked, changed only where the model's generation refuses it. */
const kept = (said: JsonObject, reasoning: Reasoning, traits: Traits, limit: Limit, lose: Lose): Thought => {
  const thinking = isObject(said["thinking"]) ? said["thinking"] : null;
  const word = typeof said["effort"] === "string" ? said["effort"] : null;
  const type = thinking?.["type"];
  const effort = traits.hasEffort ? word : null;
  const { isShown } = reasoning;
  // That a number became a word has been told by then.
  if (type === "enabled" && traits.thinking === "adaptive") {
    return { thinking: { type: "adaptive", ...displayOf(isShown) }, effort: word ?? wordOf(effortOf(numberOf(thinking?.["budget_tokens"]) ?? BUDGET_MIN), traits) };
  }
  if (type === "adaptive" && traits.thinking === "budget") {
    lose("approximated");
    return { thinking: budgeted(budgetOf(reasoning.effort ?? "high"), isShown, limit.outputTokens, lose), effort };
  }
  const isRefused = (type === "disabled" && traits.off !== "disabled") || (type === "between_tools" && traits.off !== "between_tools");
  if (isRefused && traits.isClaude) {
    lose("approximated");
    const off = turnedOff(traits, () => undefined);
    return { thinking: off.thinking, effort: effort ?? off.effort };
  }
  if (word !== null && effort === null) lose("unsupported");
  return { thinking: limit.isAsked ? thinking : withinLimit(thinking, limit.outputTokens, lose), effort };
};

/** With interleaved thinking a budget may be larger than the limit that a client named: only a model's own makes it smaller. */
const withinLimit = (thinking: JsonObject | null, outputTokensMax: number, lose: Lose): JsonObject | null => {
  const budget = numberOf(thinking?.["budget_tokens"]);
  if (thinking === null || budget === null) return thinking;
  const tokens = clamped(budget, outputTokensMax, lose);
  return tokens === null || tokens === budget ? thinking : { ...thinking, budget_tokens: tokens };
};

/** `outputTokensMax`: what is asked for as the limit of the answer. */
export const encodeReasoning = ({ reasoning, sampling }: Conversation, traits: Traits, outputTokensMax: number, lose: Lose): Thought => {
  if (reasoning === null || traits.thinking === "none") return nothing;
  const said = reasoning.extras?.[NAME];
  if (said === undefined) return translated(reasoning, traits, outputTokensMax, lose);
  return kept(said, reasoning, traits, { outputTokens: outputTokensMax, isAsked: sampling.maxOutputTokens !== null }, lose);
};

const ON: ReadonlySet<unknown> = new Set(["enabled", "adaptive", "between_tools"]);
export const isThinking = ({ thinking }: Thought): boolean => ON.has(thinking?.["type"]);
