// How much a model shall think, in the member that the vendor has for it.
import { askedBudget, askedEffort } from "../effort.ts";
import type { Reasoning } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { ownExtras } from "./names.ts";
import type { Writing } from "./writing.ts";

type WriteReasoning = (reasoning: Reasoning) => JsonObject;

const member = (key: string, value: string | number | boolean | null): JsonObject => (value === null ? {} : { [key]: value });

const writeRouter: WriteReasoning = (reasoning) => {
  const { effort, budgetTokens, isShown } = reasoning;
  const amount: JsonObject = budgetTokens !== null ? { max_tokens: budgetTokens } : effort !== null ? { effort } : { enabled: true };
  return { reasoning: { ...ownExtras(reasoning), ...amount, ...(isShown === null ? {} : { exclude: !isShown }) } };
};

/** The switch is what all know; an effort beside it is read by those who have one, and refused in the rows of the others. */
const writeThinking: WriteReasoning = (reasoning) => {
  const effort = askedEffort(reasoning);
  if (effort === "none") return { thinking: { ...ownExtras(reasoning), type: "disabled" } };
  return { thinking: { ...ownExtras(reasoning), type: "enabled", ...member("budget_tokens", reasoning.budgetTokens) }, ...member("reasoning_effort", effort) };
};

const writeSwitch: WriteReasoning = (reasoning) => {
  const isEnabled = askedEffort(reasoning) !== "none";
  return { enable_thinking: isEnabled, ...(isEnabled ? member("thinking_budget", askedBudget(reasoning)) : {}) };
};

const writers = {
  reasoning_effort: (reasoning) => member("reasoning_effort", askedEffort(reasoning)),
  reasoning: writeRouter,
  thinking: writeThinking,
  enable_thinking: writeSwitch,
  none: () => ({}),
} as const satisfies Record<string, WriteReasoning>;

/** Members of the request. */
export const writeReasoningRequest = (reasoning: Reasoning | null, { target: { dialect } }: Writing): JsonObject =>
  reasoning === null ? {} : writers[dialect.reasoningRequest ?? "reasoning_effort"](reasoning);
