// The only JSON.parse of the data plane: bounded, and a failure is a value.
// It does not check shapes.

const CHARACTERS_MAX = 16_777_216;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Undefined when the text is not JSON or is longer than anybody here has a use for. */
export const parseJson = (text: string): Json | undefined => {
  if (text.length > CHARACTERS_MAX) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

export const isObject = (value: unknown): value is { [key: string]: Json } =>
  value !== null && typeof value === "object" && !Array.isArray(value);
