// The registry of what a field promises beyond its own shape: CEL rules over several fields, and how a list is merged.
// It stores them as metadata of the zod schema, in the very words that the OpenAPI schema uses. It evaluates nothing.
import type { z } from "zod";

/** One CEL rule, as the API server reads it. */
export type Rule = {
  /** CEL over `self`; a rule that also names `oldSelf` is only judged when an object changes. */
  rule: string;
  message: string;
  /** Where the problem is shown, relative to the schema that carries the rule, for example `.currency`. */
  fieldPath?: string;
};

export const rulesKey = "x-kubernetes-validations";
export const listTypeKey = "x-kubernetes-list-type";
export const listMapKeysKey = "x-kubernetes-list-map-keys";

/** Adds CEL rules to a schema. */
export function rules<Schema extends z.ZodType>(schema: Schema, added: readonly Rule[]): Schema {
  const already = schema.meta()?.[rulesKey];
  const before: readonly unknown[] = Array.isArray(already) ? already : [];
  return schema.meta({ [rulesKey]: [...before, ...added] });
}

/** A list of objects in which each combination of the key fields stands once; server-side apply merges by it. */
export function keyedBy<Schema extends z.ZodType>(schema: Schema, ...keys: readonly string[]): Schema {
  return schema.meta({ [listTypeKey]: "map", [listMapKeysKey]: [...keys] });
}

/** A list of scalars in which each value stands once. */
export function asSet<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.meta({ [listTypeKey]: "set" });
}

/** A list whose order matters as a whole; server-side apply replaces it in one piece. */
export function inOrder<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.meta({ [listTypeKey]: "atomic" });
}
