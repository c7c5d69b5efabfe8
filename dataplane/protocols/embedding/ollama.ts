// Ollama's own form of embeddings. It cuts what is too long in silence unless it is told not to.
import type { Invalid, TargetModel } from "../codec.ts";
import { stringOf, type JsonObject } from "../json-members.ts";
import { countOf, isImpossible, loss, type SideProvider, type SideRequest } from "../side-codec.ts";
import { leftOut, textsOf, type EmbeddingAnswer, type EmbeddingQuestion } from "./question.ts";
import { vectorsOf } from "./vectors.ts";

const PATH = "/api/embed";

const encodeRequest = (question: EmbeddingQuestion, { model }: TargetModel): SideRequest | Invalid => {
  const input = textsOf(question);
  if (isImpossible(input)) return input;
  const { dimensions, truncate, truncateUsual } = question;
  return {
    path: PATH,
    body: { model, input, truncate: (truncate ?? truncateUsual) !== "none", ...(dimensions === null ? {} : { dimensions }) },
    losses: [...leftOut(question, ["purpose", "title", "userId"]), ...(truncate === "start" ? [loss("truncate", "approximated")] : [])],
  };
};

const decodeReply = (document: JsonObject, question: EmbeddingQuestion): EmbeddingAnswer | string => {
  if (!Array.isArray(document["embeddings"])) return "it holds no vectors";
  const vectors = vectorsOf(document["embeddings"], question);
  return typeof vectors === "string" ? vectors : { vectors, inputTokens: countOf(document["prompt_eval_count"]), model: stringOf(document["model"]) };
};

export const ollamaProvider: SideProvider<EmbeddingQuestion, EmbeddingAnswer> = { encodeRequest, decodeReply };
