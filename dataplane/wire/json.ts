// The only JSON.parse of the data plane: bounded, and a failure is a value.
// It does not check shapes.

const CHARACTERS_MAX = 67_108_864;

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

/** A number that may not come back as it was written: many digits, a fraction that ends in zero, an exponent, -0. */
const DELICATE = /\d(?:\d{15}|[eE])|\.\d*0(?!\d)|-0(?![.\d])/;

interface RawJson {
  readonly rawJSON: string;
}
declare global {
  interface JSON {
    rawJSON(text: string): RawJson;
  }
}

const keepSource = (_key: string, value: unknown, { source }: { source?: string } = {}): unknown =>
  typeof value === "number" && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value;

/**
 * For values that are sent on and not looked into: JSON.stringify writes each number as it was written here, also one that
 * no number of JavaScript can hold. Such numbers are objects in between.
 */
export const parseExact = (text: string): Json | undefined => {
  if (text.length > CHARACTERS_MAX) return undefined;
  try {
    return (DELICATE.test(text) ? JSON.parse(text, keepSource) : JSON.parse(text)) as Json;
  } catch {
    return undefined;
  }
};

export const isObject = (value: unknown): value is { [key: string]: Json } =>
  value !== null && typeof value === "object" && !Array.isArray(value);
