// DashScope's own form of text embeddings. What is too long is refused there.
import type { Invalid, TargetModel } from "../codec.ts";
import { objectsIn, type JsonObject } from "../json-members.ts";
import { countOf, isImpossible, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject } from "../../wire/json.ts";
import { sideWord } from "./purposes.ts";
import { always, leftOut, textsOf, tooMany, type EmbeddingAnswer, type EmbeddingQuestion } from "./question.ts";
import { vectorsOf } from "./vectors.ts";

const PATH = "/services/embeddings/text-embedding/text-embedding";

/** By model, as the vendor's documentation has it (seen 2026-11); of a model that is not named there the provider judges. */
const inputsMax = (model: string): number => (/-v[12]$/.test(model) ? 25 : /-v[34]$/.test(model) ? 10 : Infinity);
const isFixed = (model: string): boolean => /-v[12]$/.test(model);

const encodeRequest = (question: EmbeddingQuestion, { model }: TargetModel): SideRequest | Invalid => {
  const texts = textsOf(question);
  if (isImpossible(texts)) return texts;
  const refused = tooMany(question, inputsMax(model), "inputs");
  if (refused !== null) return refused;
  const side = sideWord(question.purpose);
  const dimension = isFixed(model) ? null : question.dimensions;
  const parameters = { ...(side === null ? {} : { text_type: side.word }), ...(dimension === null ? {} : { dimension }) };
  return {
    path: PATH,
    body: { model, input: { texts }, parameters },
    losses: [...(side?.losses ?? []), ...leftOut(question, isFixed(model) ? ["dimensions", "title", "userId"] : ["title", "userId"]), ...always(question, "none")],
  };
};

const decodeReply = (document: JsonObject, question: EmbeddingQuestion): EmbeddingAnswer | string => {
  const { output, usage } = document;
  const list = isObject(output) ? output["embeddings"] : undefined;
  if (!Array.isArray(list)) return "it holds no vectors";
  const ordered = objectsIn(list).toSorted((left, right) => Number(left["text_index"] ?? 0) - Number(right["text_index"] ?? 0));
  const vectors = vectorsOf(ordered.map(({ embedding }) => embedding), question);
  return typeof vectors === "string" ? vectors : { vectors, inputTokens: isObject(usage) ? countOf(usage["total_tokens"]) : -1, model: "" };
};

export const dashscopeProvider: SideProvider<EmbeddingQuestion, EmbeddingAnswer> = { encodeRequest, decodeReply };
