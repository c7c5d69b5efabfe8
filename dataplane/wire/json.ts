// The only JSON.parse of the data plane: bounded, and a failure is a value. And how a document becomes bytes.
// It does not check shapes.
import { transcode } from "node:buffer";

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

/**
 * A number that may not come back as it was written: many digits, a fraction that ends in zero, an exponent, -0. Only where a
 * value can begin: ids are full of digits too, and to keep the source of each number costs ten times the parsing. A digit is
 * looked for first, and only then what stands before it.
 */
const DELICATE = /\d(?<=(?:^|[:[,\s])-?\d)(?:[\d.]{15}|[\d.]*[eE]|\d*\.\d*0(?!\d)|(?<=-0)(?![.\d]))/;

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

/** From here on the way over UTF-16 is several times faster than V8's own from text to UTF-8 (measured, Node 24). */
const LONG_CHARACTERS = 4096;
/** Used within one call only. */
const utf16 = Buffer.allocUnsafeSlow(131_072);

/** A value as JSON. Half a surrogate pair, which the way over UTF-16 would refuse, is escaped by then. */
export const jsonBytes = (value: object): Buffer => {
  const text = JSON.stringify(value);
  if (text.length < LONG_CHARACTERS) return Buffer.from(text);
  const units = 2 * text.length <= utf16.length ? utf16.subarray(0, utf16.write(text, "utf16le")) : Buffer.from(text, "utf16le");
  return transcode(units, "utf16le", "utf8");
};

export const isObject = (value: unknown): value is { [key: string]: Json } =>
  value !== null && typeof value === "object" && !Array.isArray(value);
