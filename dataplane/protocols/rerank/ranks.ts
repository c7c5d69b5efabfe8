// The list of ranks in a provider's answer, and what of a question it could not be told. All vendors spell a rank alike.
import type { Loss } from "../ir.ts";
import { objectsIn } from "../json-members.ts";
import { loss } from "../side-codec.ts";
import type { Json } from "../../wire/json.ts";
import type { Rank, RankQuestion } from "./question.ts";

/** A text: what is wrong with them. Best first, and no more than were asked for. */
export const ranksOf = (value: Json | undefined, { documents, top }: RankQuestion): readonly Rank[] | string => {
  if (!Array.isArray(value)) return "it holds no results";
  const ranks: Rank[] = [];
  for (const { index, relevance_score: score } of objectsIn(value)) {
    if (typeof index !== "number" || typeof score !== "number" || documents[index] === undefined) return "it holds a result that is no rank of a document";
    ranks.push({ index, score });
  }
  return ranks.toSorted((left, right) => right.score - left.score).slice(0, top ?? ranks.length);
};

export const lossesOf = ({ joinedAt, tokensPerDocument }: RankQuestion, hasTokensPerDocument: boolean): readonly Loss[] => [
  ...joinedAt.map((at) => loss(at, "approximated")),
  ...(tokensPerDocument === null || hasTokensPerDocument ? [] : [loss("tokensPerDocument")]),
];
