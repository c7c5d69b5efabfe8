// Finds the `type` of an event in the first bytes of its data, without decoding them.
// Only where it is the first member; anything else has to be read.
import type { Head } from "../wire/sse-head.ts";

const TYPE_KEY = Buffer.from('"type"');
const OPENING_BRACE = 123;
const COLON = 58;
const QUOTE = 34;

/** Where the value begins, behind its quote; -1 when `type` is not the first member. */
export const typeAt = (data: Head): number => {
  if (data.byteAt(0) !== OPENING_BRACE) return -1;
  const key = data.skipSpace(1);
  if (!data.startsWith(TYPE_KEY, key)) return -1;
  const colon = data.skipSpace(key + TYPE_KEY.length);
  const value = data.skipSpace(colon + 1);
  return data.byteAt(colon) === COLON && data.byteAt(value) === QUOTE ? value + 1 : -1;
};

/** Where the value that begins at `at` ends, before its quote. */
export const typeEnd = (data: Head, at: number): number => {
  let end = at;
  while (data.byteAt(end) !== QUOTE && data.byteAt(end) !== 0) end++;
  return end;
};
