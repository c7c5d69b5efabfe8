// Members of JSON documents in the shape a reader hopes for, and nothing where they have another.
// It knows no protocol.
import { isObject, type Json } from "../wire/json.ts";

export type JsonObject = { [key: string]: Json };

export const isEmpty = (members: object): boolean => {
  for (const _ in members) return false;
  return true;
};

/** The objects in a list; none when it is no list. */
export const objectsIn = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** "" when it is no string. */
export const stringOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
