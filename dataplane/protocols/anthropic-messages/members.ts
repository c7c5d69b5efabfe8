// Members of Anthropic's documents, read and written where every file of this folder needs them: what the neutral model
// does not name, numbers that were kept as written, cache marks. It knows no block and no event.
import type { Invalid } from "../codec.ts";
import type { CacheMark, Extras } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject, type Json } from "../../wire/json.ts";

export const NAME = "anthropic-messages";

const nothing: JsonObject = {};

/** What this protocol said beside what the neutral model names. */
export const ownOf = (part: { readonly extras?: Extras }): JsonObject => part.extras?.[NAME] ?? nothing;

/** For spreading: no member at all when there is nothing to keep. */
export const extrasOf = (members: JsonObject): { extras?: Extras } => {
  for (const _ in members) return { extras: { [NAME]: members } };
  return {};
};

/** The members whose names are not in the set; null says nothing and is left out. */
export const restOf = (value: JsonObject, known: ReadonlySet<string>): JsonObject => {
  let rest = nothing;
  for (const key in value) {
    const member = value[key];
    if (member === undefined || member === null || known.has(key)) continue;
    if (rest === nothing) rest = {};
    setMember(rest, key, member);
  }
  return rest;
};

/** Also for the key that would set a prototype. */
export const setMember = (object: JsonObject, key: string, value: Json): void => {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};

/** A number that was kept as it was written is an object, of a kind that no JSON makes. */
const isKeptNumber = (value: JsonObject): boolean => typeof value["rawJSON"] === "string" && Object.getPrototypeOf(value) === null;

/** Null when it is none. */
export const numberOf = (value: Json | undefined): number | null => {
  if (typeof value === "number") return value;
  return isObject(value) && isKeptNumber(value) ? Number(value["rawJSON"]) : null;
};

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : nothing);

/** An object, and no number that was kept as it was written. */
export const isMembers = (value: Json | undefined): value is JsonObject => isObject(value) && !isKeptNumber(value);

/** A word of somebody else's in a table of ours: never what every object has. */
export const lookUp = <Value>(table: Readonly<Record<string, Value>>, word: Json | undefined): Value | undefined =>
  typeof word === "string" && Object.hasOwn(table, word) ? table[word] : undefined;

export const invalid = (problem: string, parameter: string): Invalid => ({ problem, parameter });

const HOUR_SECONDS = 3600;
const MINUTES_SECONDS = 300;
const ttlSeconds: Readonly<Record<string, number>> = { "5m": MINUTES_SECONDS, "1h": HOUR_SECONDS };
const cacheMembers: ReadonlySet<string> = new Set(["type", "ttl"]);

/** For spreading into a part. */
export const cacheOf = (value: JsonObject): { cache?: CacheMark } => {
  const control = value["cache_control"];
  if (!isObject(control)) return {};
  return { cache: { ttlSeconds: lookUp(ttlSeconds, control["ttl"]) ?? 0 } };
};

/** What a cache mark says beside its time ("scope"): kept for the way back. */
export const cacheRestOf = (value: JsonObject): JsonObject => restOf(objectOf(value["cache_control"]), cacheMembers);

/** For spreading into a block or a tool. */
export const cacheControl = (part: { readonly cache?: CacheMark; readonly extras?: Extras }): JsonObject => {
  if (part.cache === undefined) return nothing;
  const { ttlSeconds: seconds } = part.cache;
  const ttl: JsonObject = seconds === 0 ? {} : { ttl: seconds > MINUTES_SECONDS ? "1h" : "5m" };
  return { cache_control: { type: "ephemeral", ...ttl, ...objectOf(ownOf(part)["cache_control"]) } };
};
