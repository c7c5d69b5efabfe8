// DashScope's own form of rankings.
import type { Invalid, TargetModel } from "../codec.ts";
import { stringOf, type JsonObject } from "../json-members.ts";
import { countOf, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject } from "../../wire/json.ts";
import { tooManyDocuments, type RankAnswer, type RankQuestion } from "./question.ts";
import { lossesOf, ranksOf } from "./ranks.ts";

const PATH = "/services/rerank/text-rerank/text-rerank";
/** As the vendor's documentation has it (seen 2026-11). */
const documentsMax = (model: string): number => (model.includes("-vl-") ? 100 : 500);

const encodeRequest = (question: RankQuestion, { model }: TargetModel): SideRequest | Invalid => {
  const refused = tooManyDocuments(question, documentsMax(model));
  if (refused !== null) return refused;
  const { query, documents, top } = question;
  return {
    path: PATH,
    body: { model, input: { query, documents: documents.map(({ text }) => text) }, parameters: { return_documents: false, ...(top === null ? {} : { top_n: top }) } },
    losses: lossesOf(question, false),
  };
};

const decodeReply = (document: JsonObject, question: RankQuestion): RankAnswer | string => {
  const { output, usage } = document;
  const ranks = ranksOf(isObject(output) ? output["results"] : undefined, question);
  if (typeof ranks === "string") return ranks;
  return { id: stringOf(document["request_id"]), model: "", ranks, inputTokens: isObject(usage) ? countOf(usage["total_tokens"]) : -1, searchUnits: -1 };
};

export const dashscopeRank: SideProvider<RankQuestion, RankAnswer> = { encodeRequest, decodeReply };
