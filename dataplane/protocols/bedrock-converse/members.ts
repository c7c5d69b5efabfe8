// Members of Converse's documents, read and written where every file of this folder needs them: what the neutral model does
// not name, numbers that were kept as written, points of the cache. It knows no block and no event.
import type { Invalid } from "../codec.ts";
import type { CacheMark, Extras } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { isObject, type Json, parseExact } from "../../wire/json.ts";

export const NAME = "bedrock-converse";

/** What the families of models are told of thinking, among the additional fields. */
export const thoughtMembers: ReadonlySet<string> = new Set(["thinking", "reasoning_config", "reasoningConfig", "output_config", "reasoning_effort"]);

const nothing: JsonObject = {};

/** What this protocol said beside what the neutral model names. */
export const ownOf = (part: { readonly extras?: Extras }): JsonObject => part.extras?.[NAME] ?? nothing;

export const isEmpty = (members: JsonObject): boolean => {
  for (const _ in members) return false;
  return true;
};

/** For spreading: no member at all when there is nothing to keep. */
export const extrasOf = (members: JsonObject): { extras?: Extras } => (isEmpty(members) ? {} : { extras: { [NAME]: members } });

/** Also for the key that would set a prototype. */
export const setMember = (object: JsonObject, key: string, value: Json): void => {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};

/** The members whose names are not in the set; null says nothing and is left out. */
export const restOf = (value: JsonObject, known: ReadonlySet<string>): JsonObject => {
  const rest: JsonObject = {};
  for (const [key, member] of Object.entries(value)) if (!known.has(key) && member !== null) setMember(rest, key, member);
  return rest;
};

/** A number that was kept as it was written is an object, of a kind that no JSON makes. */
const isKeptNumber = (value: JsonObject): boolean => typeof value["rawJSON"] === "string" && Object.getPrototypeOf(value) === null;

/** Null when it is none. */
export const numberOf = (value: Json | undefined): number | null => {
  if (typeof value === "number") return value;
  return isObject(value) && isKeptNumber(value) ? Number(value["rawJSON"]) : null;
};

/** An object, and no number that was kept as it was written. */
export const isMembers = (value: Json | undefined): value is JsonObject => isObject(value) && !isKeptNumber(value);

export const objectOf = (value: Json | undefined): JsonObject => (isMembers(value) ? value : nothing);

/** A word of somebody else's in a table of ours: never what every object has. */
export const lookUp = <Value>(table: Readonly<Record<string, Value>>, word: Json | undefined): Value | undefined =>
  typeof word === "string" && Object.hasOwn(table, word) ? table[word] : undefined;

export const invalid = (problem: string, parameter: string): Invalid => ({ problem, parameter });

/** For spreading: members that are null are none. */
export const present = (members: Readonly<Record<string, Json>>): JsonObject => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));

/** "" for none: an empty object is what this protocol says for that. */
export const argumentsOf = (input: Json | undefined): string => {
  if (input === undefined || input === null) return "";
  const text = JSON.stringify(input);
  return text === "{}" ? "" : text;
};

/** Arguments that a model wrote wrongly are history too, and go along inside an object. */
export const inputOf = (text: string): Json => {
  if (text === "") return {};
  const value = parseExact(text);
  return isMembers(value) ? value : { _raw: text };
};

const HOUR_SECONDS = 3600;
const MINUTES_SECONDS = 300;
const ttlSeconds: Readonly<Record<string, number>> = { "5m": MINUTES_SECONDS, "1h": HOUR_SECONDS };

export const pointShape = { type: true, ttl: true } as const;

export const cacheMarkOf = (point: JsonObject): CacheMark => ({ ttlSeconds: lookUp(ttlSeconds, point["ttl"]) ?? 0 });

/** An element of its own, behind what is marked. */
export const cachePoint = ({ ttlSeconds: seconds }: CacheMark): JsonObject => ({
  cachePoint: { type: "default", ...(seconds === 0 ? {} : { ttl: seconds > MINUTES_SECONDS ? "1h" : "5m" }) },
});
