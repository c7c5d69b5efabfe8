// How much Claude is asked to think, in the words that its generation takes: a budget, an effort, both or neither.
// For a client that asked in another protocol's words; it writes no request.
import { askedEffort, budgetOf } from "./effort.ts";
import type { Effort, LossReason, Reasoning } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";
import type { Traits } from "./claude-traits.ts";

export interface Thought {
  /** Null: the member is left out. */
  readonly thinking: JsonObject | null;
  readonly effort: string | null;
}

export type Lose = (reason: LossReason) => void;

export const BUDGET_MIN = 1024;
export const noThought: Thought = { thinking: null, effort: null };

export const displayOf = (isShown: boolean | null): JsonObject => (isShown === null ? {} : { display: isShown ? "summarized" : "omitted" });

/** Budgets below the model's own words for it; between them the nearest above. */
export const wordOf = (effort: Effort, { hasHighestEfforts }: Traits): string => {
  if (effort === "none" || effort === "minimal") return "low";
  return effort === "xhigh" && !hasHighestEfforts ? "high" : effort;
};

export const turnedOff = ({ off, hasEffort }: Traits, lose: Lose): Thought => {
  if (off === "disabled" || off === "between_tools") return { thinking: { type: off }, effort: null };
  lose("approximated");
  return { thinking: null, effort: hasEffort ? "low" : null };
};

/** Below the limit of the whole answer, and half of it where a client asked for more than all. */
export const clamped = (budget: number, outputTokensMax: number, lose: Lose): number | null => {
  if (outputTokensMax <= BUDGET_MIN) {
    lose("limited");
    return null;
  }
  if (budget < outputTokensMax) return Math.max(BUDGET_MIN, budget);
  lose("limited");
  return Math.max(BUDGET_MIN, Math.floor(outputTokensMax / 2));
};

/** Who is given a budget shows what it thinks: only the contrary needs a word, which the oldest models do not know. */
export const budgeted = (budget: number, isShown: boolean | null, outputTokensMax: number, lose: Lose): JsonObject | null => {
  const tokens = clamped(Math.max(BUDGET_MIN, budget), outputTokensMax, lose);
  return tokens === null ? null : { type: "enabled", budget_tokens: tokens, ...(isShown === false ? displayOf(isShown) : {}) };
};

/** `outputTokensMax`: what is asked for as the limit of the answer. */
export const thoughtFor = (reasoning: Reasoning, traits: Traits, outputTokensMax: number, lose: Lose): Thought => {
  const { budgetTokens, isAdaptive, isShown } = reasoning;
  const effort = askedEffort(reasoning);
  if (effort === "none") return turnedOff(traits, lose);
  const decidesItself = traits.thinking === "adaptive" || traits.thinking === "both";
  if (effort === null && !isAdaptive && !(decidesItself && isShown === true)) return noThought;
  if (decidesItself) return { thinking: { type: "adaptive", ...displayOf(isShown) }, effort: effort === null ? null : wordOf(effort, traits) };
  return { thinking: budgeted(budgetTokens ?? budgetOf(effort ?? "medium"), isShown, outputTokensMax, lose), effort: null };
};

const ON: ReadonlySet<unknown> = new Set(["enabled", "adaptive", "between_tools"]);
export const isThinking = ({ thinking }: Thought): boolean => ON.has(thinking?.["type"]);
