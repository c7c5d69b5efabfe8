// Between a word for how much a model thinks and a number of tokens: one table for all protocols.
// No vendor has a standard for it; the numbers are the middle of what gateways use (seen 2026-11).
import { efforts, type Effort, type Reasoning } from "./ir.ts";

const budgets = { none: 0, minimal: 1024, low: 4096, medium: 8192, high: 16_384, xhigh: 32_768, max: 65_536 } as const satisfies Record<Effort, number>;

export const budgetOf = (effort: Effort): number => budgets[effort];

/** The least effort whose budget holds the tokens. */
export const effortOf = (budgetTokens: number): Effort => efforts.find((effort) => budgets[effort] >= budgetTokens) ?? "max";

/** What was asked, as a word; null when nothing was, or when the model decides itself. */
export const askedEffort = ({ effort, budgetTokens }: Reasoning): Effort | null => effort ?? (budgetTokens === null ? null : effortOf(budgetTokens));

/** What was asked, as tokens; null when nothing was, or when the model decides itself. */
export const askedBudget = ({ effort, budgetTokens }: Reasoning): number | null => budgetTokens ?? (effort === null ? null : budgetOf(effort));

export const isEffort = (word: unknown): word is Effort => (efforts as readonly unknown[]).includes(word);
