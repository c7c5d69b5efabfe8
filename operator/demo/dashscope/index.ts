// DashScope's own API: generation of text and from pictures, embeddings of texts, rerank.
import { z } from "zod";
import { vectorOf } from "../embeddings.ts";
import type { Call, Reply, Routes } from "../exchange.ts";
import { json, readAs } from "../exchange.ts";
import { requireModel } from "../models.ts";
import { ranked } from "../rerank.ts";
import type { DemoState } from "../state.ts";
import { worded } from "./failure.ts";
import { generation } from "./generation.ts";

const SERVICES = "/api/v1/services";

export const dashscopeRoutes: Routes = {
  [`${SERVICES}/aigc/text-generation/generation`]: { POST: (call, state) => generation(false, call, state) },
  [`${SERVICES}/aigc/multimodal-generation/generation`]: { POST: (call, state) => generation(true, call, state) },
  [`${SERVICES}/embeddings/text-embedding/text-embedding`]: { POST: embed },
  [`${SERVICES}/rerank/text-rerank/text-rerank`]: { POST: rerank },
};

const DIMENSIONS = 256;
const embedRequest = z.looseObject({
  model: z.string(),
  input: z.looseObject({ texts: z.array(z.string().min(1)).min(1).max(25) }),
  parameters: z.looseObject({ dimension: z.int().min(1).max(3072).optional(), text_type: z.enum(["query", "document"]).optional() }).optional(),
});
const rerankRequest = z.looseObject({
  model: z.string(),
  input: z.looseObject({ query: z.string().min(1), documents: z.array(z.string()).min(1).max(500) }),
  parameters: z.looseObject({ top_n: z.int().min(1).optional(), return_documents: z.boolean().optional() }).optional(),
});

async function embed(call: Call, state: DemoState): Promise<Reply> {
  const { model, input, parameters } = readAs(call, embedRequest, worded);
  requireModel(model, "embedding");
  const embeddings = input.texts.map((text, index) => ({ text_index: index, embedding: [...vectorOf(text, parameters?.dimension ?? DIMENSIONS)] }));
  return json({ output: { embeddings }, usage: { total_tokens: await tokensOf(input.texts, state) }, request_id: state.nextId("", call.body) });
}

async function rerank(call: Call, state: DemoState): Promise<Reply> {
  const { model, input, parameters } = readAs(call, rerankRequest, worded);
  requireModel(model, "rerank");
  const results = ranked(input.query, input.documents, parameters?.top_n).map((result) =>
    parameters?.return_documents === true ? { ...result, document: { text: input.documents[result.index] } } : result,
  );
  return json({ output: { results }, usage: { total_tokens: await tokensOf([input.query, ...input.documents], state) }, request_id: state.nextId("", call.body) });
}

async function tokensOf(texts: readonly string[], state: DemoState): Promise<number> {
  const tokenizer = await state.tokenizer();
  return texts.reduce((sum, text) => sum + tokenizer.count(text), 0);
}
