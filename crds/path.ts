// Where a problem is: paths in the API server's notation, and the kinds of values in its words.
export type Problem = { path: string; message: string };

/** `spec.targets[0].weight` from `spec` and what follows. */
export function joinPath(root: string, steps: readonly PropertyKey[]): string {
  const joined = steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return root === "" ? joined.replace(/^\./, "") : `${root}${joined}`;
}

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** What the API server calls the type of a JSON value. */
export function typeWord(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
