// Rankings for clients: the form that Cohere's two versions, Jina and most others have in common. The documents are given
// back from here: not every provider has a switch for it.
import type { Asked, Invalid } from "../codec.ts";
import { stringOf, type JsonObject } from "../json-members.ts";
import type { SideClient } from "../side-codec.ts";
import { isObject, type Json } from "../../wire/json.ts";
import type { RankAnswer, RankedDocument, RankQuestion } from "./question.ts";

const known: ReadonlySet<string> = new Set(["model", "query", "documents", "top_n", "return_documents", "max_tokens_per_doc", "rank_fields", "stream"]);

const invalid = (problem: string, parameter: string): Invalid => ({ problem, parameter });

/** Members of a document that are ranked, one line each, as Cohere advises for documents with members. */
const lines = (document: JsonObject, fields: readonly string[]): string =>
  fields.filter((field) => document[field] !== undefined && document[field] !== null).map((field) => {
    const value = document[field];
    return `${field}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
  }).join("\n");

const textOf = (document: Json, fields: readonly string[] | null): { readonly text: string; readonly isJoined: boolean } | null => {
  if (typeof document === "string") return { text: document, isJoined: false };
  if (!isObject(document)) return null;
  if (fields === null && typeof document["text"] === "string") return { text: document["text"], isJoined: false };
  const isMedia = fields === null && ("image" in document || "video" in document);
  const text = isMedia ? "" : lines(document, fields ?? Object.keys(document));
  return text === "" ? null : { text, isJoined: true };
};

const isWhole = (value: Json | undefined): boolean => value === undefined || value === null || (typeof value === "number" && Number.isInteger(value) && value >= 1);

const numberOf = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);

const fieldsOf = (value: Json | undefined): readonly string[] | null => (Array.isArray(value) && value.length > 0 ? value.filter((field) => typeof field === "string") : null);

const readDocuments = (value: Json | undefined, fields: readonly string[] | null): { readonly documents: readonly RankedDocument[]; readonly joinedAt: readonly string[] } | Invalid => {
  if (!Array.isArray(value) || value.length === 0) return invalid('"documents" must be a list of strings or of objects with a "text".', "documents");
  const joinedAt: string[] = [];
  const documents: RankedDocument[] = [];
  for (const [index, document] of value.entries()) {
    const at = `documents[${index}]`;
    const read = textOf(document, fields);
    if (read === null) return invalid(`"${at}" holds no text to rank. Send a string, or an object with a "text".`, at);
    if (read.isJoined) joinedAt.push(at);
    documents.push({ text: read.text, original: isObject(document) ? document : read.text });
  }
  return { documents, joinedAt };
};

const decodeRequest = (body: JsonObject, { model }: Asked): RankQuestion | Invalid => {
  const { query: asked, top_n: top, max_tokens_per_doc: tokens } = body;
  const query = isObject(asked) ? stringOf(asked["text"]) : stringOf(asked);
  if (query === "") return invalid('"query" must be a string that is not empty.', "query");
  const wrong = Object.entries({ top_n: top, max_tokens_per_doc: tokens }).find(([, value]) => !isWhole(value));
  if (wrong !== undefined) return invalid(`"${wrong[0]}" must be a positive whole number.`, wrong[0]);
  const read = readDocuments(body["documents"], fieldsOf(body["rank_fields"]));
  if ("problem" in read) return read;
  return {
    protocol: "rerank",
    model,
    query,
    ...read,
    top: numberOf(top),
    wantsDocuments: body["return_documents"] === true,
    tokensPerDocument: numberOf(tokens),
    others: Object.keys(body).filter((key) => !known.has(key) && body[key] !== null),
  };
};

const given = ({ original }: RankedDocument): Json => (typeof original === "string" ? { text: original } : original);

const metaOf = ({ inputTokens, searchUnits }: RankAnswer): JsonObject => {
  const tokens = inputTokens < 0 ? {} : { tokens: { input_tokens: inputTokens } };
  const units = searchUnits < 0 ? {} : { billed_units: { search_units: searchUnits } };
  return Object.keys(tokens).length + Object.keys(units).length === 0 ? {} : { meta: { ...units, ...tokens } };
};

const encodeReply = (answer: RankAnswer, { model, documents, wantsDocuments }: RankQuestion): JsonObject => {
  const { id, ranks, inputTokens } = answer;
  return {
    ...(id === "" ? {} : { id }),
    object: "list",
    model,
    results: ranks.map(({ index, score }) => {
      const document = documents[index];
      return { index, relevance_score: score, ...(wantsDocuments && document !== undefined ? { document: given(document) } : {}) };
    }),
    ...metaOf(answer),
    ...(inputTokens < 0 ? {} : { usage: { prompt_tokens: inputTokens, total_tokens: inputTokens } }),
  };
};

export const rankClient: SideClient<RankQuestion, RankAnswer> = {
  decodeRequest,
  encodeReply,
  fieldNames: { tokensPerDocument: "max_tokens_per_doc" },
  demandsUsage: false,
};
