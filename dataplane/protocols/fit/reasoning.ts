// Asks for thinking in the measure that the target has: a word, a number of tokens, or a switch. The table between them is
// effort.ts's. Thinking of earlier turns is not looked at here.
import { askedBudget, askedEffort } from "../effort.ts";
import type { Reasoning } from "../ir.ts";
import type { Concern, Fitting } from "./fitting.ts";

const wantsThinking = ({ effort, budgetTokens, isAdaptive }: Reasoning): boolean => isAdaptive || (effort !== null && effort !== "none") || (budgetTokens !== null && budgetTokens > 0);

/** A number of tokens has no exact word, and neither has an amount that is only on or off. A word has its number. */
const isApproximated = (reasoning: Reasoning, measure: Fitting["abilities"]["reasoning"]): boolean => {
  const { effort, budgetTokens } = reasoning;
  if (measure === "effort") return effort === null && budgetTokens !== null;
  return measure === "switch" && wantsThinking(reasoning) && (effort !== null || budgetTokens !== null);
};

export const fitReasoning: Concern = (conversation, fitting) => {
  const { reasoning } = conversation;
  const measure = fitting.abilities.reasoning;
  if (reasoning === null) return conversation;
  if (measure === "none") {
    if (wantsThinking(reasoning)) fitting.loseField("reasoning", "unsupported", "minor");
    return { ...conversation, reasoning: null };
  }
  if (isApproximated(reasoning, measure)) fitting.loseField("reasoning", "approximated", "minor");
  if (measure === "effort" && reasoning.budgetTokens !== null) return { ...conversation, reasoning: { ...reasoning, effort: askedEffort(reasoning), budgetTokens: null } };
  if (measure === "budget" && reasoning.effort !== null && !reasoning.isAdaptive) return { ...conversation, reasoning: { ...reasoning, effort: null, budgetTokens: askedBudget(reasoning) } };
  return conversation;
};
