// The models the demo provider claims to have, and which of its endpoints each serves.
// It refuses an unknown model, or a known one at the wrong endpoint, with the 404 of the OpenAI protocol.

import { Failure } from "./failure.ts";

const MODELS = {
  "demo-chat": { serves: "text", what: "chat, responses and completions" },
  "demo-embedding": { serves: "embedding", what: "embeddings" },
  "demo-audio": { serves: "audio", what: "speech, transcriptions and translations" },
  "demo-image": { serves: "image", what: "images" },
  "demo-rerank": { serves: "rerank", what: "rerank" },
  "demo-moderation": { serves: "moderation", what: "moderations" },
} as const;

export type Purpose = (typeof MODELS)[keyof typeof MODELS]["serves"];

export const demoModels: readonly string[] = Object.keys(MODELS);

/** The instant the models were "made": a constant, because the list must be the same at every start. */
const CREATED_AT = 1_767_225_600;

export function modelList() {
  return { object: "list", data: demoModels.map(modelObject) };
}

export function modelObject(id: string) {
  return { id, object: "model", created: CREATED_AT, owned_by: "llm-gateway-demo" };
}

export function findModel(id: string) {
  if (!isModel(id)) throw notFound(`The model '${id}' does not exist here. There are: ${demoModels.join(", ")}.`);
  return modelObject(id);
}

export function requireModel(id: string, purpose: Purpose): void {
  findModel(id);
  const model = isModel(id) ? MODELS[id] : undefined;
  if (model?.serves === purpose) return;
  throw notFound(`The model '${id}' does not serve this endpoint; it serves ${model?.what}.`);
}

function notFound(message: string): Failure {
  return new Failure(404, message, { param: "model", code: "model_not_found" });
}

function isModel(id: string): id is keyof typeof MODELS {
  return Object.hasOwn(MODELS, id);
}
