// What clients ask when they want documents in the order of their worth for a query, and what they get, in nobody's words.
// It knows no wire field.
import type { Invalid } from "../codec.ts";
import type { JsonObject } from "../json-members.ts";
import type { Answer, Question } from "../side-codec.ts";

export interface RankedDocument {
  readonly text: string;
  /** As the client sent it, to be given back. */
  readonly original: string | JsonObject;
}

export interface RankQuestion extends Question {
  readonly query: string;
  readonly documents: readonly RankedDocument[];
  /** null: all of them. */
  readonly top: number | null;
  readonly wantsDocuments: boolean;
  /** What is longer is cut there. */
  readonly tokensPerDocument: number | null;
  /** Where a document with members was made one text. */
  readonly joinedAt: readonly string[];
}

export interface Rank {
  /** Among the documents of the question. */
  readonly index: number;
  readonly score: number;
}

export interface RankAnswer extends Answer {
  readonly id: string;
  /** Best first. */
  readonly ranks: readonly Rank[];
  /** What some vendors bill by; -1 where they do not. */
  readonly searchUnits: number;
}

/** Null: no more than it takes. */
export const tooManyDocuments = ({ documents }: RankQuestion, most: number): Invalid | null =>
  documents.length <= most ? null : { problem: `it ranks at most ${most} documents in one request, and these are ${documents.length}. Send fewer, or rank them in groups.`, parameter: "documents" };
