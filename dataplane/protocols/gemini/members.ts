// Members of Gemini's documents, read and written where every file of this folder needs them: both spellings that Google
// takes, what the neutral model does not name, numbers that were kept as written. It knows no part and no candidate.
import type { Invalid } from "../codec.ts";
import type { Extras } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject, type Json } from "../../wire/json.ts";

export const NAME = "gemini";

const nothing: JsonObject = {};
const none: readonly never[] = [];
const UNDERSCORE = /_([a-z0-9])/g;

/** Also for the key that would set a prototype. */
export const setMember = (object: JsonObject, key: string, value: Json): void => {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};

const isSnake = (key: string): boolean => key.includes("_", 1) && !key.startsWith("_");

/** Google reads "max_output_tokens" and "maxOutputTokens" alike. Only for objects whose keys are Google's own, one level deep. */
export const camel = (value: JsonObject): JsonObject => {
  if (!Object.keys(value).some(isSnake)) return value;
  const spelt: JsonObject = {};
  for (const [key, member] of Object.entries(value)) setMember(spelt, isSnake(key) ? key.replace(UNDERSCORE, (_, letter: string) => letter.toUpperCase()) : key, member);
  return spelt;
};

/** A number that was kept as it was written is an object, of a kind that no JSON makes. */
const isKeptNumber = (value: JsonObject): boolean => typeof value["rawJSON"] === "string" && Object.getPrototypeOf(value) === null;

/** An object, and no number that was kept as it was written. */
export const isMembers = (value: Json | undefined): value is JsonObject => isObject(value) && !isKeptNumber(value);

/** Its members in Google's own spelling; none when it is no object. */
export const membersOf = (value: Json | undefined): JsonObject => (isMembers(value) ? camel(value) : nothing);

/** Google takes one thing where a list of them is expected. */
export const listOf = (value: Json | undefined): readonly Json[] => {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? none : [value];
};

/** Null when it is none; 64-bit numbers may come as strings. */
export const numberOf = (value: Json | undefined): number | null => {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  return isObject(value) && isKeptNumber(value) ? Number(value["rawJSON"]) : null;
};

/** The members whose names are not in the set; null says nothing and is left out. */
export const restOf = (value: JsonObject, known: ReadonlySet<string>): JsonObject => {
  let rest = nothing;
  for (const [key, member] of Object.entries(value)) {
    if (known.has(key) || member === null) continue;
    if (rest === nothing) rest = {};
    setMember(rest, key, member);
  }
  return rest;
};

export const isEmpty = (members: JsonObject): boolean => {
  for (const _ in members) return false;
  return true;
};

/** For spreading: no member at all when there is nothing to keep. */
export const extrasOf = (members: JsonObject): { extras?: Extras } => (isEmpty(members) ? {} : { extras: { [NAME]: members } });

/** What this protocol said beside what the neutral model names. */
export const ownOf = (part: { readonly extras?: Extras }): JsonObject => part.extras?.[NAME] ?? nothing;

/** Without those that say nothing. */
export const present = (members: Readonly<Record<string, Json | undefined>>): JsonObject => {
  const said: JsonObject = {};
  for (const [key, value] of Object.entries(members)) if (value !== undefined && value !== null) said[key] = value;
  return said;
};

/** A word of somebody else's in a table of ours: never what every object has. */
export const lookUp = <Value>(table: Readonly<Record<string, Value>>, word: Json | undefined): Value | undefined =>
  typeof word === "string" && Object.hasOwn(table, word) ? table[word] : undefined;

export const invalid = (problem: string, parameter: string): Invalid => ({ problem, parameter });

export const isProblem = (value: object): value is Invalid => "problem" in value;
