// Embeddings at Bedrock: no form of its own but invoke, whose body is that of the model's maker. Titan and Nova take one
// text in a request. The number of tokens stands in a header.
import type { Invalid, TargetModel } from "../codec.ts";
import type { Loss } from "../ir.ts";
import { objectsIn, type JsonObject } from "../json-members.ts";
import { countIn, countOf, isImpossible, type Headers, type SideProvider, type SideRequest } from "../side-codec.ts";
import { isObject } from "../../wire/json.ts";
import { cohereBody, cohereReply } from "./cohere.ts";
import { sideWord } from "./purposes.ts";
import { always, leftOut, textsOf, tooMany, type EmbeddingAnswer, type EmbeddingQuestion } from "./question.ts";
import { vectorsOf } from "./vectors.ts";

const TOKENS_HEADER = "x-amzn-bedrock-input-token-count";

type Made = { readonly body: JsonObject; readonly losses: readonly Loss[] };
type Body = (question: EmbeddingQuestion, model: string) => Made | Invalid;

const oneText = (question: EmbeddingQuestion): string | Invalid => {
  const texts = textsOf(question);
  if (isImpossible(texts)) return texts;
  return tooMany(question, 1, "inputs") ?? texts[0] ?? "";
};

/** Titan refuses what is too long. */
const asides = (question: EmbeddingQuestion): Loss[] => [...leftOut(question, ["purpose", "title", "userId"]), ...always(question, "none")];

const titan = (hasDimensions: boolean): Body => (question) => {
  const inputText = oneText(question);
  if (typeof inputText !== "string") return inputText;
  const { dimensions } = question;
  const losses = [...asides(question), ...(hasDimensions ? [] : leftOut(question, ["dimensions"]))];
  return { body: { inputText, ...(dimensions === null || !hasDimensions ? {} : { dimensions }) }, losses };
};

const titanImage: Body = (question) => {
  const inputText = oneText(question);
  if (typeof inputText !== "string") return inputText;
  const { dimensions } = question;
  return { body: { inputText, ...(dimensions === null ? {} : { embeddingConfig: { outputEmbeddingLength: dimensions } }) }, losses: asides(question) };
};

const nova: Body = (question) => {
  const value = oneText(question);
  if (typeof value !== "string") return value;
  const { dimensions, purpose, truncate, truncateUsual } = question;
  const side = sideWord(purpose);
  const params = {
    embeddingPurpose: side?.word === "query" ? "TEXT_RETRIEVAL" : "GENERIC_INDEX",
    ...(dimensions === null ? {} : { embeddingDimension: dimensions }),
    text: { truncationMode: (truncate ?? truncateUsual).toUpperCase(), value },
  };
  return { body: { taskType: "SINGLE_EMBEDDING", singleEmbeddingParams: params }, losses: [...(side?.losses ?? []), ...leftOut(question, ["title", "userId"])] };
};

/** By the makers' names of their models, with or without a region before them, or inside an ARN. */
const makers: readonly (readonly [RegExp, Body])[] = [
  [/cohere\.embed-/, cohereBody],
  [/amazon\.titan-embed-text-v1|amazon\.titan-embed-g1/, titan(false)],
  [/amazon\.titan-embed-text/, titan(true)],
  [/amazon\.titan-embed-image/, titanImage],
  [/amazon\.nova-.*embeddings/, nova],
];

const encodeRequest = (question: EmbeddingQuestion, { model }: TargetModel): SideRequest | Invalid => {
  const body = makers.find(([pattern]) => pattern.test(model))?.[1];
  if (body === undefined) return { problem: `the model "${model}" is none of the embedding models of Cohere, Titan or Nova, whose forms of body the gateway knows.`, parameter: "model" };
  const made = body(question, model);
  return isImpossible(made) ? made : { path: `/model/${encodeURIComponent(model)}/invoke`, ...made };
};

/** Nova's list is of its one vector, told by type. */
const singleIn = ({ embedding, embeddings, embeddingsByType }: JsonObject) =>
  embedding ?? objectsIn(embeddings)[0]?.["embedding"] ?? (isObject(embeddingsByType) ? embeddingsByType["float"] : undefined);

const decodeReply = (document: JsonObject, question: EmbeddingQuestion, headers: Headers): EmbeddingAnswer | string => {
  const told = countIn(headers, TOKENS_HEADER);
  const single = singleIn(document);
  if (single === undefined) {
    const answer = cohereReply(document, question);
    return typeof answer === "string" ? answer : { ...answer, inputTokens: Math.max(answer.inputTokens, told) };
  }
  const vectors = vectorsOf([single], question);
  return typeof vectors === "string" ? vectors : { vectors, inputTokens: Math.max(countOf(document["inputTextTokenCount"]), told), model: "" };
};

export const bedrockProvider: SideProvider<EmbeddingQuestion, EmbeddingAnswer> = { encodeRequest, decodeReply };
