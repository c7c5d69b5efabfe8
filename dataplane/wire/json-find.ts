// Finds the value of a key in JSON text whose beginning may be missing, such as the tail of an answer.
// It does not know at which depth it found it: whoever asks must judge by the value.
import { type Json, parseJson } from "./json.ts";

const SPACE = /\s/;

const skipSpace = (text: string, at: number): number => {
  let index = at;
  while (index < text.length && SPACE.test(text[index] ?? "")) index++;
  return index;
};

/** The index behind the string that begins at `at`, -1 when it does not end. */
const endOfString = (text: string, at: number): number => {
  for (let index = at + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index + 1;
  }
  return -1;
};

const endOfNested = (text: string, at: number): number => {
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    const character = text[index];
    if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return index + 1;
    else if (character === '"') {
      index = endOfString(text, index) - 1;
      if (index < 0) return -1;
    }
  }
  return -1;
};

const endOfScalar = (text: string, at: number): number => {
  let index = at;
  while (index < text.length && !/[\s,}\]]/.test(text[index] ?? "")) index++;
  return index === text.length ? -1 : index;
};

const endOfValue = (text: string, at: number): number => {
  if (text[at] === '"') return endOfString(text, at);
  return text[at] === "{" || text[at] === "[" ? endOfNested(text, at) : endOfScalar(text, at);
};

/**
 * The last value of `key` that `isWanted` takes. Text inside strings cannot be mistaken for a key: there its quotes
 * are escaped, so a quoted word with a colon behind it and no backslash before it is a key.
 */
export const lastValue = (text: string, key: string, isWanted: (value: Json) => boolean): Json | undefined => {
  const word = JSON.stringify(key);
  for (let at = text.lastIndexOf(word); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(word, at - 1)) {
    const colon = skipSpace(text, at + word.length);
    if (text[colon] !== ":" || text[at - 1] === "\\") continue;
    const start = skipSpace(text, colon + 1);
    const end = endOfValue(text, start);
    const value = end === -1 ? undefined : parseJson(text.slice(start, end));
    if (value !== undefined && isWanted(value)) return value;
  }
  return undefined;
};
