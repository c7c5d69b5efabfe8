// Most chunks of a stream differ from the one before in one piece of text and in the numbers of the counts only. Where all else
// is the same to the letter, and the text has nothing that JSON escapes, what the chunk says is known without parsing it.
// It is sure or it says nothing: whatever is not exactly so is parsed by whoever asks.
import { type JsonObject, objectsIn } from "../json-members.ts";
import { isMembers, membersOf } from "./members.ts";

/** What a JSON string cannot hold as it is: then it was escaped, and the letters are not the text. */
// oxlint-disable-next-line no-control-regex
const ESCAPED = /["\\\u0000-\u001f]/;
const USAGE = /"usageMetadata"\s*:\s*/g;
const NUMBER = /\d+/;
const ZERO = 48;
const NINE = 57;

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;

export interface Told {
  readonly text: string;
  readonly isThought: boolean;
  /** "usageMetadata", as JSON. */
  readonly usage: string;
}

const partMembers: ReadonlySet<string> = new Set(["text", "thought"]);
/** What else a candidate may say that says nothing to us. */
const candidateMembers: ReadonlySet<string> = new Set(["content", "index", "safetyRatings", "avgLogprobs", "tokenCount"]);

/** The only part of a chunk that says one text of the first candidate and nothing more. */
const onlyPart = (document: JsonObject): JsonObject | null => {
  const [candidate, ...others] = objectsIn(document["candidates"]);
  if (candidate === undefined || others.length > 0 || (candidate["index"] ?? 0) !== 0 || document["promptFeedback"] !== undefined) return null;
  if (Object.keys(candidate).some((key) => !candidateMembers.has(key))) return null;
  const [part, ...more] = objectsIn(membersOf(candidate["content"])["parts"]);
  return part === undefined || more.length > 0 || Object.keys(part).some((key) => !partMembers.has(key)) ? null : part;
};

export class SameChunk {
  #before = "";
  /** What stands behind the text, cut where the counts have numbers. */
  #behind: readonly string[] = [];
  /** How much of the first and of the last of these is no part of the counts. */
  #between = 0;
  #after = 0;
  #isThought = false;

  /** `data` was parsed and is `document`. */
  learn(data: string, document: JsonObject): void {
    this.#before = "";
    const part = onlyPart(document);
    const text = part?.["text"];
    if (typeof text !== "string" || text === "" || ESCAPED.test(text) || !isMembers(document["usageMetadata"])) return;
    const at = data.lastIndexOf(`"${text}"`);
    // Were it there twice, nobody could tell which of them is the text.
    if (at === -1 || data.indexOf(`"${text}"`) !== at) return;
    USAGE.lastIndex = at + text.length;
    if (USAGE.exec(data) === null) return;
    this.#divide(data, at + 1, text.length, USAGE.lastIndex);
    this.#isThought = part?.["thought"] === true;
  }

  /** Null when the chunk has to be parsed. */
  read(data: string): Told | null {
    const { length } = this.#before;
    // A slice is compared as a whole, startsWith letter by letter.
    if (length === 0 || data.slice(0, length) !== this.#before) return null;
    const end = data.indexOf('"', length);
    if (end === -1 || !this.#isSame(data, end)) return null;
    const text = data.slice(length, end);
    return ESCAPED.test(text) ? null : { text, isThought: this.#isThought, usage: data.slice(end + this.#between, data.length - this.#after) };
  }

  #divide(data: string, textAt: number, length: number, usageAt: number): void {
    const end = endOfObject(data, usageAt);
    if (end === -1) return;
    const [first = "", ...others] = data.slice(usageAt, end).split(NUMBER);
    const between = data.slice(textAt + length, usageAt);
    const after = data.slice(end);
    const last = others.pop();
    if (last === undefined) return;
    this.#before = data.slice(0, textAt);
    this.#behind = [between + first, ...others, last + after];
    this.#between = between.length;
    this.#after = after.length;
  }

  #isSame(data: string, from: number): boolean {
    let at = from;
    for (let index = 0; index < this.#behind.length; index++) {
      const piece = this.#behind[index] as string;
      if (index > 0) {
        const start = at;
        while (isDigit(data.charCodeAt(at))) at++;
        if (at === start) return false;
      }
      if (data.slice(at, at + piece.length) !== piece) return false;
      at += piece.length;
    }
    return at === data.length;
  }
}

/** Counts hold no words with brackets in them; where they do, it is not looked for. */
const endOfObject = (data: string, at: number): number => {
  let depth = 0;
  for (let index = at; index < data.length; index++) {
    const character = data[index];
    if (character === "\\") return -1;
    if (character === "{") depth++;
    else if (character === "}" && --depth === 0) return index + 1;
  }
  return -1;
};
