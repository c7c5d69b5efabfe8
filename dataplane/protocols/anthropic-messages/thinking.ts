// How much a model is asked to think: what a client of this protocol said is sent as it said it where the model takes it,
// what another asked is said in the words that the model's generation takes.
import { BUDGET_MIN, budgeted, clamped, displayOf, type Lose, noThought, type Thought, thoughtFor, turnedOff, wordOf } from "../claude-thinking.ts";
import type { Traits } from "../claude-traits.ts";
import { budgetOf, effortOf } from "../effort.ts";
import type { Conversation, Reasoning } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject } from "../../wire/json.ts";
import { NAME, numberOf } from "./members.ts";

interface Limit {
  readonly outputTokens: number;
  readonly isAsked: boolean;
}

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
  if (reasoning === null || traits.thinking === "none") return noThought;
  const said = reasoning.extras?.[NAME];
  if (said === undefined) return thoughtFor(reasoning, traits, outputTokensMax, lose);
  return kept(said, reasoning, traits, { outputTokens: outputTokensMax, isAsked: sampling.maxOutputTokens !== null }, lose);
};
