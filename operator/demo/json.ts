// Reads JSON that came over the wire: bounded in bytes and in depth, and the only JSON.parse of the demo provider.
// It refuses to repair: what is not JSON is an error for the caller to word.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

const DEPTH_MAX = 64;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Returns undefined for anything that is not JSON, is too deep or is longer than allowed. */
export function parseJson(bytes: Buffer, bytesMax: number): Json | undefined {
  if (bytes.length > bytesMax || isTooDeep(bytes)) return undefined;
  try {
    const value: Json = JSON.parse(bytes.toString("utf8"));
    return value;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTooDeep(bytes: Buffer): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}
