// POST /v1/rerank: orders documents by likeness to the query, in a shape that Cohere's and Jina's clients both read.
// It refuses meaning, as embeddings do: likeness is shared words.

import { z } from "zod";
import { similarity, vectorOf } from "./embeddings.ts";
import type { Call, Reply } from "./exchange.ts";
import { json, readBody } from "./exchange.ts";
import { requireModel } from "./models.ts";
import type { DemoState } from "./state.ts";

const DIMENSIONS = 256;
const DOCUMENTS_MAX = 1000;

const request = z.looseObject({
  model: z.string(),
  query: z.string().min(1),
  documents: z
    .array(z.union([z.string(), z.looseObject({ text: z.string() })]))
    .min(1)
    .max(DOCUMENTS_MAX),
  top_n: z.int().min(1).nullish(),
  return_documents: z.boolean().nullish(),
});

export async function rerank(call: Call, state: DemoState): Promise<Reply> {
  const asked = readBody(call, request);
  requireModel(asked.model, "rerank");
  const tokenizer = await state.tokenizer();
  const texts = asked.documents.map((document) => (typeof document === "string" ? document : document.text));
  const results = ranked(asked.query, texts, asked.top_n ?? undefined);
  const tokenCount = [asked.query, ...texts].reduce((sum, text) => sum + tokenizer.count(text), 0);
  return json({
    id: state.nextId("rerank-", call.body),
    object: "list",
    model: asked.model,
    results: asked.return_documents === true ? results.map((each) => ({ ...each, document: { text: texts[each.index] } })) : results,
    meta: {
      api_version: { version: "2" },
      billed_units: { search_units: Math.ceil(texts.length / 100) },
      tokens: { input_tokens: tokenCount, output_tokens: 0 },
    },
    usage: { prompt_tokens: tokenCount, total_tokens: tokenCount },
  });
}

/** The documents' places in their new order, the likest first. */
export function ranked(query: string, texts: readonly string[], count = texts.length): { index: number; relevance_score: number }[] {
  const asked = vectorOf(query, DIMENSIONS);
  const scored = texts.map((text, index) => ({ index, relevance_score: scoreOf(similarity(asked, vectorOf(text, DIMENSIONS))) }));
  scored.sort((left, right) => right.relevance_score - left.relevance_score || left.index - right.index);
  return scored.slice(0, count);
}

function scoreOf(cosine: number): number {
  return Math.round(Math.min(1, Math.max(0, (cosine + 1) / 2)) * 1e6) / 1e6;
}
