// What the vectors are for, in each vendor's words. A vendor with fewer words gets the nearest, and that is told.
import type { Loss } from "../ir.ts";
import { loss } from "../side-codec.ts";
import type { Purpose } from "./question.ts";

export const googleWords = {
  query: "RETRIEVAL_QUERY",
  document: "RETRIEVAL_DOCUMENT",
  similarity: "SEMANTIC_SIMILARITY",
  classification: "CLASSIFICATION",
  clustering: "CLUSTERING",
  question: "QUESTION_ANSWERING",
  fact: "FACT_VERIFICATION",
  code: "CODE_RETRIEVAL_QUERY",
} as const satisfies Record<Purpose, string>;

/** What clients of OpenAI's form say beside it, in the words of whichever vendor they have in mind; in lower case. */
const known: Readonly<Record<string, Purpose>> = {
  ...Object.fromEntries(Object.entries(googleWords).map(([purpose, word]) => [word.toLowerCase(), purpose as Purpose])),
  "search_query": "query", "query": "query", "retrieval.query": "query",
  "search_document": "document", "document": "document", "passage": "document", "retrieval.passage": "document",
  "text-matching": "similarity", "separation": "clustering",
};

/** Null when nobody uses that word. */
export const purposeOf = (word: string): Purpose | null => {
  const lower = word.toLowerCase();
  return Object.hasOwn(known, lower) ? (known[lower] ?? null) : null;
};

export interface Put<Word extends string> {
  readonly word: Word;
  readonly losses: readonly Loss[];
}

const put = <Word extends string>(word: Word, isNear: boolean): Put<Word> => ({ word, losses: isNear ? [loss("purpose", "approximated")] : [] });

/** Cohere wants a word in every request: texts are documents unless the client says otherwise. */
export const cohereWord = (purpose: Purpose | null) => {
  switch (purpose) {
    case "query":
      return put("search_query", false);
    case "classification":
      return put("classification", false);
    case "clustering":
      return put("clustering", false);
    case "question":
    case "fact":
    case "code":
      return put("search_query", true);
    default:
      return put("search_document", purpose === "similarity");
  }
};

/** DashScope and Bedrock's Nova tell a question from what is searched, and no more; null where the client said nothing. */
export const sideWord = (purpose: Purpose | null): Put<"query" | "document"> | null => {
  if (purpose === null) return null;
  if (purpose === "query" || purpose === "document") return put(purpose, false);
  return put(purpose === "question" || purpose === "fact" || purpose === "code" ? "query" : "document", true);
};
