// Members of this protocol's documents, read tolerantly, and what is kept of them beside the model.
// It judges nothing: a member of another shape is not there.
import { isObject, type Json } from "../../wire/json.ts";
import type { Extras } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { numberIn } from "../openai-members.ts";

export const PROTOCOL = "openai-responses";

/** Null for "" too: what is empty was not said. */
export const wordOf = (value: Json | undefined): string | null => (typeof value === "string" && value !== "" ? value : null);

export const countOf = (value: Json | undefined, otherwise: number): number => numberIn(value) ?? otherwise;

/** What of an object is not among `known`; null says nothing in this protocol. Undefined when nothing is left. */
export const restOf = (from: JsonObject, known: ReadonlySet<string>): JsonObject | undefined => {
  const rest = Object.entries(from).filter(([key, value]) => value !== null && !known.has(key));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
};

/** As a member to be spread: none when there is nothing. */
export const asExtras = (members: JsonObject | undefined): { readonly extras?: Extras } => (members === undefined ? {} : { extras: { [PROTOCOL]: members } });

/** What was kept for this protocol; undefined when nothing was. */
export const ownExtras = (part: { readonly extras?: Extras }): JsonObject | undefined => part.extras?.[PROTOCOL];

const none: JsonObject = {};
export const extrasIn = (part: { readonly extras?: Extras }): JsonObject => ownExtras(part) ?? none;

/** Some servers write the object itself where its text belongs. */
export const argumentsOf = (value: Json | undefined): string => {
  if (typeof value === "string") return value;
  return isObject(value) ? JSON.stringify(value) : "";
};
