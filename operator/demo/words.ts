// Words: how texts are cut for streaming, which of the user's words are restated, and digests of them.
// It refuses to look at more than the end of a text, so that a long prompt costs no more than a short one.

import { createHash } from "node:crypto";

const TAIL_CHARACTERS = 2000;
const WORD_CHARACTERS_MAX = 60;
const ASKED_WORDS_MAX = 5000;

/** The pieces a text is streamed in; joined they are the text again. */
export function pieces(text: string): string[] {
  const found = text.match(/\s*\S+(?:\s+$)?/g);
  if (found === null) return text === "" ? [] : [text];
  return found;
}

/** JSON has few spaces: it is cut behind its commas and colons instead. */
export function jsonPieces(text: string): string[] {
  return text.match(/[^,:]*[,:]+|[^,:]+$/g) ?? [];
}

export function lastWords(text: string, count: number): string[] {
  const tail = text.slice(-TAIL_CHARACTERS).toWellFormed().trim();
  if (tail === "") return [];
  return tail.split(/\s+/).slice(-count).map(clipped);
}

/** The words worth putting into an argument, the last one first, without punctuation around them. */
export function argumentWords(text: string): string[] {
  return lastWords(text, 40)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""))
    .filter((word) => word !== "")
    .toReversed();
}

/** "write 300 words" asks for that many; undefined when no length is asked for. */
export function askedWordCount(text: string): number | undefined {
  const asked = /\b(\d{1,6}) words\b/i.exec(text.slice(-TAIL_CHARACTERS))?.[1];
  return asked === undefined ? undefined : Math.min(Number(asked), ASKED_WORDS_MAX);
}

export function digest(...parts: (string | Uint8Array)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function clipped(word: string): string {
  return word.length <= WORD_CHARACTERS_MAX ? word : `${word.slice(0, WORD_CHARACTERS_MAX).toWellFormed()}…`;
}
