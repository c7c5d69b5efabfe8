// Cohere's second version: chat, embed and rerank.
// It refuses images to embed: words are all that the vectors here are made of.
import { z } from "zod";
import { vectorOf } from "../embeddings.ts";
import type { Call, Reply, Routes } from "../exchange.ts";
import { json, readAs } from "../exchange.ts";
import { requireModel } from "../models.ts";
import { ranked } from "../rerank.ts";
import type { DemoState } from "../state.ts";
import { chat } from "./chat.ts";
import { refused, worded } from "./failure.ts";

export const cohereRoutes: Routes = {
  "/v2/chat": { POST: chat },
  "/v2/embed": { POST: embed },
  "/v2/rerank": { POST: rerank },
};

const DIMENSIONS = 256;
const embedRequest = z.strictObject({
  model: z.string(),
  input_type: z.enum(["search_document", "search_query", "classification", "clustering", "image"]),
  texts: z.array(z.string()).min(1).max(96).optional(),
  images: z.array(z.string()).optional(),
  inputs: z.array(z.strictObject({ content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })) })).max(96).optional(),
  embedding_types: z.array(z.enum(["float", "base64"])).optional(),
  output_dimension: z.int().min(1).max(3072).optional(),
  truncate: z.enum(["NONE", "START", "END"]).optional(),
  max_tokens: z.int().optional(),
  priority: z.int().optional(),
});
const rerankRequest = z.strictObject({
  model: z.string(),
  query: z.string().min(1),
  documents: z.array(z.string()).min(1).max(1000),
  top_n: z.int().min(1).optional(),
  max_tokens_per_doc: z.int().optional(),
  priority: z.int().optional(),
});

async function embed(call: Call, state: DemoState): Promise<Reply> {
  const request = readAs(call, embedRequest, worded);
  requireModel(request.model, "embedding");
  const texts = request.texts ?? request.inputs?.map(({ content }) => content.map((each) => each.text ?? "").join(" "));
  if (texts === undefined) throw refused("must have one of 'texts' or 'inputs'.");
  const tokenizer = await state.tokenizer();
  const vectors = texts.map((text) => vectorOf(text, request.output_dimension ?? DIMENSIONS));
  const types = request.embedding_types ?? ["float"];
  const written = { float: vectors.map((vector) => [...vector]), base64: vectors.map((vector) => Buffer.from(vector.buffer).toString("base64")) };
  return json({
    id: state.nextId("", call.body),
    embeddings: Object.fromEntries(types.map((type) => [type, written[type]])),
    texts,
    meta: { api_version: { version: "2" }, billed_units: { input_tokens: texts.reduce((sum, text) => sum + tokenizer.count(text), 0) } },
    response_type: "embeddings_by_type",
  });
}

function rerank(call: Call, state: DemoState): Reply {
  const request = readAs(call, rerankRequest, worded);
  requireModel(request.model, "rerank");
  return json({
    id: state.nextId("", call.body),
    results: ranked(request.query, request.documents, request.top_n),
    meta: { api_version: { version: "2" }, billed_units: { search_units: Math.ceil(request.documents.length / 100) } },
  });
}
