// Cohere's embed, and the same body at Bedrock. It wants to know what the vectors are for in every request: texts are
// documents unless the client says otherwise.
import type { Invalid, TargetModel } from "../codec.ts";
import type { Loss } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { countOf, isImpossible, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject, type Json } from "../../wire/json.ts";
import { cohereWord } from "./purposes.ts";
import { leftOut, textsOf, tooMany, type EmbeddingAnswer, type EmbeddingQuestion } from "./question.ts";
import { vectorsOf } from "./vectors.ts";

const PATH = "/embed";
const INPUTS_MAX = 96;

/** Models before the fourth give vectors of one length only. */
const FIXED = /embed-(?:[a-z]+-)*v[1-3](?!\d)/i;

/** What Cohere itself and Bedrock have in common. */
export const cohereBody = (question: EmbeddingQuestion, model: string): { readonly body: JsonObject; readonly losses: readonly Loss[] } | Invalid => {
  const texts = textsOf(question);
  if (isImpossible(texts)) return texts;
  const refused = tooMany(question, INPUTS_MAX, "inputs");
  if (refused !== null) return refused;
  const { purpose, dimensions, truncate, truncateUsual } = question;
  const { word, losses } = cohereWord(purpose);
  const isFixed = FIXED.test(model);
  return {
    body: { input_type: word, texts, embedding_types: ["float"], truncate: (truncate ?? truncateUsual).toUpperCase(), ...(dimensions === null || isFixed ? {} : { output_dimension: dimensions }) },
    losses: [...losses, ...leftOut(question, isFixed ? ["dimensions", "title", "userId"] : ["title", "userId"])],
  };
};

const encodeRequest = (question: EmbeddingQuestion, { model }: TargetModel): SideRequest | Invalid => {
  const made = cohereBody(question, model);
  return isImpossible(made) ? made : { path: PATH, body: { model, ...made.body }, losses: made.losses };
};

const tokensIn = (meta: Json | undefined): number => {
  const { billed_units: billed, tokens } = isObject(meta) ? meta : {};
  return Math.max(countOf(isObject(tokens) ? tokens["input_tokens"] : undefined), countOf(isObject(billed) ? billed["input_tokens"] : undefined));
};

/** By type where types were asked for; Bedrock's older models give a bare list. */
export const cohereReply = (document: JsonObject, question: EmbeddingQuestion): EmbeddingAnswer | string => {
  const { embeddings } = document;
  const list = isObject(embeddings) ? embeddings["float"] : embeddings;
  if (!Array.isArray(list)) return "it holds no vectors";
  const vectors = vectorsOf(list, question);
  return typeof vectors === "string" ? vectors : { vectors, inputTokens: tokensIn(document["meta"]), model: "" };
};

export const cohereProvider: SideProvider<EmbeddingQuestion, EmbeddingAnswer> = { encodeRequest, decodeReply: cohereReply };
