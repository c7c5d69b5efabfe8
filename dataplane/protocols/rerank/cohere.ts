// Cohere's rerank, version 2, and the same body through invoke at Bedrock, where Amazon's own model takes it too. Bedrock's
// Rerank API is another host's and names models by ARN, so it is not used.
import type { Invalid, TargetModel } from "../codec.ts";
import { stringOf, type JsonObject } from "../json-members.ts";
import { countIn, countOf, type Headers, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject } from "../../wire/json.ts";
import { tooManyDocuments, type RankAnswer, type RankQuestion } from "./question.ts";
import { lossesOf, ranksOf } from "./ranks.ts";

const PATH = "/rerank";
const BEDROCK_DOCUMENTS_MAX = 1000;
/** Of Cohere's models at Bedrock: without it the body is refused. */
const BEDROCK_API_VERSION = 2;
const TOKENS_HEADER = "x-amzn-bedrock-input-token-count";

const bodyOf = ({ query, documents, top }: RankQuestion): JsonObject => ({ query, documents: documents.map(({ text }) => text), ...(top === null ? {} : { top_n: top }) });

const encodeCohere = (question: RankQuestion, { model }: TargetModel): SideRequest => {
  const { tokensPerDocument } = question;
  return { path: PATH, body: { model, ...bodyOf(question), ...(tokensPerDocument === null ? {} : { max_tokens_per_doc: tokensPerDocument }) }, losses: lossesOf(question, true) };
};

const encodeBedrock = (question: RankQuestion, { model }: TargetModel): SideRequest | Invalid => {
  const isCohere = model.includes("cohere.rerank");
  if (!isCohere && !model.includes("amazon.rerank")) return { problem: `the model "${model}" is none of the rerank models of Cohere or Amazon, whose forms of body the gateway knows.`, parameter: "model" };
  const refused = tooManyDocuments(question, BEDROCK_DOCUMENTS_MAX);
  if (refused !== null) return refused;
  // A model of Amazon's that is told no number gives one result only.
  const top = question.top ?? question.documents.length;
  return { path: `/model/${encodeURIComponent(model)}/invoke`, body: { ...bodyOf({ ...question, top }), ...(isCohere ? { api_version: BEDROCK_API_VERSION } : {}) }, losses: lossesOf(question, false) };
};

const decodeReply = (document: JsonObject, question: RankQuestion, headers: Headers): RankAnswer | string => {
  const ranks = ranksOf(document["results"], question);
  if (typeof ranks === "string") return ranks;
  const { billed_units: billed, tokens } = isObject(document["meta"]) ? document["meta"] : {};
  return {
    id: stringOf(document["id"]),
    model: "",
    ranks,
    inputTokens: Math.max(countOf(isObject(tokens) ? tokens["input_tokens"] : undefined), countIn(headers, TOKENS_HEADER)),
    searchUnits: countOf(isObject(billed) ? billed["search_units"] : undefined),
  };
};

export const cohereRank: SideProvider<RankQuestion, RankAnswer> = { encodeRequest: encodeCohere, decodeReply };
export const bedrockRank: SideProvider<RankQuestion, RankAnswer> = { encodeRequest: encodeBedrock, decodeReply };
