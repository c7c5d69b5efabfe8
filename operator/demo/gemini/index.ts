// Google's generateContent and what stands beside it, under the paths of the Gemini API and of Vertex AI.
// It refuses to stream where the verb does not say so: no member of the body chooses it.
import { compose, type Composed } from "../compose.ts";
import { vectorOf } from "../embeddings.ts";
import type { Call, Endpoint, Reply, Routes } from "../exchange.ts";
import { json, readJson, sse } from "../exchange.ts";
import { read } from "../failure.ts";
import { broken } from "../faults.ts";
import { isJsonObject } from "../json.ts";
import { findModel, requireModel } from "../models.ts";
import { promptTokens } from "../prompt.ts";
import { failureBody } from "../shape.ts";
import type { DemoState } from "../state.ts";
import { geminiShape, refused, worded } from "./failure.ts";
import { geminiModel, geminiModels } from "./models.ts";
import { inCamelCase } from "./names.ts";
import { promptOf } from "./prompt.ts";
import { batchEmbedRequest, countRequest, embedRequest, generateRequest, type EmbedRequest, type GenerateRequest } from "./request.ts";
import { responses, wholeResponse, type Head } from "./response.ts";

const DIMENSIONS = 256;

const VERBS: Readonly<Record<string, Endpoint>> = { generateContent, streamGenerateContent, countTokens, embedContent, batchEmbedContents };

export const geminiRoutes: Routes = {
  ...Object.fromEntries(Object.entries(VERBS).map(([verb, endpoint]) => [`/v1beta/models/*:${verb}`, { POST: endpoint }])),
  "/v1beta/models": { GET: () => json(geminiModels()) },
  "/v1beta/models/*": { GET: (_call, _state, id) => json(geminiModel(findModel(id).id)) },
};

async function generateContent(call: Call, state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "text");
  const request = bodyOf(call);
  return json(wholeResponse(await composedFor(request, state), headOf(request, model, call, state)));
}

async function streamGenerateContent(call: Call, state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "text", true);
  const request = bodyOf(call);
  const chunks = paced(await composedFor(request, state), headOf(request, model, call, state), call, state);
  const all = broken<object>(model, chunks, (failure) => Object(failureBody(geminiShape, failure, "")));
  if (call.query.get("alt") === "sse") return sse(asEvents(all), "text/event-stream");
  return sse(asArray(all), "application/json; charset=UTF-8");
}

function bodyOf(call: Call): GenerateRequest {
  return read(generateRequest, inCamelCase(readJson(call)), worded);
}

function composedFor(request: GenerateRequest, state: DemoState): Promise<Composed> {
  const { stopSequences, maxOutputTokens } = request.generationConfig ?? {};
  return compose(promptOf(request), { stops: stopSequences, tokensMax: maxOutputTokens }, "contents", state);
}

function headOf({ generationConfig }: GenerateRequest, model: string, call: Call, state: DemoState): Head {
  return {
    modelVersion: model,
    responseId: state.nextId("", call.body),
    candidateCount: generationConfig?.candidateCount ?? 1,
    areThoughtsShown: generationConfig?.thinkingConfig?.includeThoughts === true,
  };
}

async function* paced(composed: Composed, head: Head, call: Call, state: DemoState): AsyncGenerator<object> {
  for (const chunk of responses(composed, head)) {
    await state.pause(call.signal);
    yield chunk;
  }
}

async function* asEvents(chunks: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const chunk of chunks) yield `data: ${JSON.stringify(chunk)}\r\n\r\n`;
}

async function* asArray(chunks: AsyncIterable<object>): AsyncGenerator<string> {
  let before = "[";
  for await (const chunk of chunks) {
    yield `${before}${JSON.stringify(chunk, null, 2)}\n`;
    before = ",\r\n";
  }
  yield before === "[" ? "[]" : "]";
}

async function countTokens(call: Call, state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "text");
  const { generateContentRequest: inner, ...outer } = read(countRequest, inCamelCase(readJson(call)), worded);
  const { contents, ...others } = inner ?? outer;
  if (contents === undefined) throw refused("* CountTokensRequest.contents: contents is not specified");
  const totalTokens = promptTokens(await state.tokenizer(), promptOf({ ...definedOf(others), contents }));
  return json({ totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] });
}

function definedOf(others: object): Partial<GenerateRequest> {
  return Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
}

async function embedContent(call: Call, _state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "embedding");
  const request = read(embedRequest, inCamelCase(readJson(call)), worded);
  return json({ embedding: { values: valuesOf(request) } });
}

async function batchEmbedContents(call: Call, _state: DemoState, model: string): Promise<Reply> {
  requireModel(model, "embedding");
  const body = inCamelCase(readJson(call));
  const { requests } = read(batchEmbedRequest, isJsonObject(body) ? body : {}, worded);
  const wrong = requests.find((request) => request.model !== `models/${model}`);
  if (wrong !== undefined) throw refused("* BatchEmbedContentsRequest.requests[0].model: model must be the same as in the path");
  return json({ embeddings: requests.map((request) => ({ values: valuesOf(request) })) });
}

function valuesOf({ content, outputDimensionality }: EmbedRequest): number[] {
  const text = content.parts.map((part) => part.text ?? "").join(" ");
  return [...vectorOf(text, outputDimensionality ?? DIMENSIONS)];
}
