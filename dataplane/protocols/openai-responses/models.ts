// What the models of OpenAI's own that are spoken to in this protocol refuse, by their names; of others nothing is known.
// Seen 2026-11; a name is judged without what a relay puts before it.
import { efforts, type Effort } from "../ir.ts";

interface Row {
  readonly pattern: RegExp;
  /** Null: it does not think, and refuses to be asked for it. */
  readonly efforts: readonly Effort[] | null;
  readonly hasSampling: boolean;
}

const rows: readonly Row[] = [
  { pattern: /^(?:gpt-3|gpt-4|chatgpt|gpt-[\d.]+-chat|davinci|babbage)/, efforts: null, hasSampling: true },
  { pattern: /^gpt-5-pro/, efforts: ["high"], hasSampling: false },
  { pattern: /^gpt-5(?:-|$)/, efforts: ["minimal", "low", "medium", "high"], hasSampling: false },
  { pattern: /^(?:o\d|codex-)/, efforts: ["low", "medium", "high"], hasSampling: false },
];

const unknown: Row = { pattern: /^/, efforts, hasSampling: true };

export const traitsOf = (model: string): Row => {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return rows.find(({ pattern }) => pattern.test(name)) ?? unknown;
};

/** The nearest that the model takes, rather more than less. */
export const nearestEffort = (effort: Effort, taken: readonly Effort[]): Effort => {
  const rank = efforts.indexOf(effort);
  return taken.find((one) => efforts.indexOf(one) >= rank) ?? taken.at(-1) ?? effort;
};
