// Providers of vectors, ranks and counts, each in its own form: doubles that read what they are sent and answer by it, so
// that an answer proves that the question arrived.
import { json } from "../doubles/provider-replies.ts";
import type { Behaviour, RecordedRequest } from "../doubles/provider.ts";

type Members = { readonly [name: string]: unknown };

/** What a text is worth: two halves of its length, and one. */
export const vectorOf = (text: string): number[] => [text.length / 2, -1];

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const members = (value: unknown): Members => (typeof value === "object" && value !== null ? (value as Members) : {});
const textIn = (content: unknown): string => list(members(content)["parts"]).map((part) => String(members(part)["text"])).join("");

const count = (texts: readonly unknown[]): number => texts.join(" ").split(" ").length;

const openai = ({ input, encoding_format: form }: Members): unknown => ({
  object: "list", model: "theirs", usage: { prompt_tokens: count(list(input)), total_tokens: count(list(input)) },
  data: list(input).map((text, index) => ({ object: "embedding", index, embedding: form === "base64" ? "unwanted" : vectorOf(String(text)) })),
});

const geminiBatch = ({ requests }: Members): unknown => ({ embeddings: list(requests).map((request) => ({ values: vectorOf(textIn(members(request)["content"])) })) });
const geminiOne = ({ content }: Members): unknown => ({ embedding: { values: vectorOf(textIn(content)) } });

const cohere = ({ texts, input_type: type }: Members): unknown =>
  type === undefined ? { message: "input_type is required" } : { id: "c-1", embeddings: { float: list(texts).map((text) => vectorOf(String(text))) }, meta: { billed_units: { input_tokens: count(list(texts)) } } };

const titan = ({ inputText }: Members): unknown => ({ embedding: vectorOf(String(inputText)), inputTextTokenCount: count([inputText]) });

const dashscope = ({ input }: Members): unknown => {
  const texts = list(members(input)["texts"]);
  return { output: { embeddings: texts.map((text, index) => ({ text_index: index, embedding: vectorOf(String(text)) })).toReversed() }, usage: { total_tokens: count(texts) }, request_id: "d-1" };
};

const ollama = ({ input }: Members): unknown => ({ model: "theirs", embeddings: list(input).map((text) => vectorOf(String(text))), prompt_eval_count: count(list(input)) });

/** A document is worth its length. */
const ranked = (documents: unknown): unknown => list(documents).map((document, index) => ({ index, relevance_score: String(document).length / 100 }));

const rerank = ({ documents }: Members): unknown => ({ id: "r-1", results: ranked(documents), meta: { billed_units: { search_units: 1 } } });
const rerankDashscope = ({ input }: Members): unknown => ({ output: { results: ranked(members(input)["documents"]) }, usage: { total_tokens: 12 }, request_id: "d-2" });

const anthropicCount = ({ messages, max_tokens: limit }: Members): unknown => (limit === undefined ? { input_tokens: 100 + list(messages).length } : { type: "error", error: { type: "invalid_request_error", message: "max_tokens: not permitted" } });
const geminiCount = ({ generateContentRequest }: Members): unknown => ({ totalTokens: 200 + list(members(generateContentRequest)["contents"]).length });
const responsesCount = ({ input }: Members): unknown => ({ object: "response.input_tokens", input_tokens: 300 + list(input).length });
/** A conversation, or a request to be invoked with in base64. */
const bedrockCount = ({ input }: Members): unknown => {
  const { converse, invokeModel } = members(input);
  if (converse !== undefined) return { inputTokens: 400 + list(members(converse)["messages"]).length };
  const invoked = members(JSON.parse(Buffer.from(String(members(invokeModel)["body"]), "base64").toString()));
  return invoked["anthropic_version"] === undefined || invoked["max_tokens"] === undefined || "model" in invoked ? { message: "Malformed input request" } : { inputTokens: 500 + list(invoked["messages"]).length };
};

/** By the end of the path, the first that fits. */
const forms: readonly (readonly [RegExp, (body: Members) => unknown])[] = [
  [/^\/v1\/embeddings$/, openai],
  [/^\/v1beta\/models\/[^/]+:batchEmbedContents$/, geminiBatch],
  [/^\/v1beta\/models\/[^/]+:embedContent$/, geminiOne],
  [/^\/v1beta\/models\/[^/]+:countTokens$/, geminiCount],
  [/^\/v2\/embed$/, cohere],
  [/^\/v2\/rerank$/, rerank],
  [/^\/v1\/rerank$/, rerank],
  [/^\/model\/amazon\.titan[^/]+\/invoke$/, titan],
  [/^\/model\/[^/]*cohere\.embed[^/]+\/invoke$/, cohere],
  [/^\/model\/[^/]*rerank[^/]+\/invoke$/, rerank],
  [/^\/model\/[^/]+\/count-tokens$/, bedrockCount],
  [/^\/api\/v1\/services\/embeddings\/text-embedding\/text-embedding$/, dashscope],
  [/^\/api\/v1\/services\/rerank\/text-rerank\/text-rerank$/, rerankDashscope],
  [/^\/api\/embed$/, ollama],
  [/^\/v1\/messages\/count_tokens$/, anthropicCount],
  [/^\/v1\/responses\/input_tokens$/, responsesCount],
];

export const bodyOf = (request: RecordedRequest | undefined): Members => members(request?.json);

/** Answers whatever it is sent in the form that belongs to the path. */
export const sideProvider: Behaviour = async (exchange) => {
  await exchange.received;
  const form = forms.find(([pattern]) => pattern.test(exchange.request.target))?.[1];
  if (form === undefined) return json({ error: { message: `nothing is at ${exchange.request.target}` } }, { status: 404 })(exchange);
  return json(form(bodyOf(exchange.request)))(exchange);
};
