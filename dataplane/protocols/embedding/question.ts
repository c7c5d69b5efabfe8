// What clients ask when they want texts as vectors, and what they get, in nobody's words.
// It knows no wire field.
import type { Invalid } from "../codec.ts";
import type { Loss } from "../ir.ts";
import { loss, type Answer, type Question } from "../side-codec.ts";

/** What the vectors are for. */
export const purposes = ["query", "document", "similarity", "classification", "clustering", "question", "fact", "code"] as const;
export type Purpose = (typeof purposes)[number];

/** `at`: where it stood in the client's body. */
export type Input =
  | { readonly kind: "text"; readonly at: string; readonly text: string }
  | { readonly kind: "tokens"; readonly at: string; readonly tokens: readonly number[] }
  /** A picture or a file. */
  | { readonly kind: "media"; readonly at: string };

export interface EmbeddingQuestion extends Question {
  readonly inputs: readonly Input[];
  /** The client asked for one vector, not for a list with one in it. */
  readonly isSingle: boolean;
  /** The client wants vectors as base64 of little-endian 32-bit floats. */
  readonly isPacked: boolean;
  readonly dimensions: number | null;
  readonly purpose: Purpose | null;
  /** Of the document that is embedded. */
  readonly title: string | null;
  readonly userId: string | null;
  /** What becomes of a text that is too long; null: the client did not say, and expects what its own protocol does. */
  readonly truncate: Truncation | null;
  readonly truncateUsual: Truncation;
}

export type Truncation = "none" | "start" | "end";

export type Vector = readonly number[];

export interface EmbeddingAnswer extends Answer {
  /** In the order of the inputs, as many as those. */
  readonly vectors: readonly Vector[];
}

/** The inputs of a question for a provider that takes nothing but text. */
export const textsOf = ({ inputs }: EmbeddingQuestion): string[] | Invalid => {
  const texts: string[] = [];
  for (const input of inputs) {
    if (input.kind === "text") texts.push(input.text);
    else return { problem: input.kind === "tokens" ? TOKENS : NO_TEXT, parameter: input.at };
  }
  return texts;
};

export const NO_TEXT = "the input is no text, and it takes only text. Send text, or ask for another model.";
const TOKENS = "the input is token ids, which only models of OpenAI's tokenizers can read. Send it as text.";

export type Aside = "dimensions" | "purpose" | "title" | "userId" | "truncate";

/** One loss for each of these that the client said and the provider has no place for. Vectors of another length are no use. */
export const leftOut = (question: EmbeddingQuestion, members: readonly Aside[]): Loss[] =>
  members.flatMap((member) => (question[member] === null ? [] : [loss(member, "unsupported", member === "dimensions" ? "major" : "minor")]));

/** A provider that always does this with what is too long. */
export const always = ({ truncate }: EmbeddingQuestion, does: Truncation): Loss[] => (truncate === null || truncate === does ? [] : [loss("truncate")]);

/** Null: no more than it takes. */
export const tooMany = ({ inputs }: EmbeddingQuestion, most: number, parameter: string): Invalid | null =>
  inputs.length <= most ? null : { problem: `it takes at most ${most} ${most === 1 ? "input" : "inputs"} in one request, and these are ${inputs.length}. Send them in several requests.`, parameter };
