// The models the demo provider claims to have, and which of its endpoints each serves.
// It refuses an unknown model, or a known one at the wrong endpoint, with 404, and a model that stands for an error with that.

import { Failure } from "./failure.ts";
import { faultOf } from "./faults.ts";

const MODELS = {
  "demo-chat": { serves: "text", what: "chat, responses and completions" },
  "demo-embedding": { serves: "embedding", what: "embeddings" },
  "demo-audio": { serves: "audio", what: "speech, transcriptions and translations" },
  "demo-image": { serves: "image", what: "images" },
  "demo-rerank": { serves: "rerank", what: "rerank" },
  "demo-moderation": { serves: "moderation", what: "moderations" },
} as const;

/** A protocol's name in a model's name changes nothing: routes are told apart by it. "demo-gemini-error-429" is "demo-error-429". */
const OF_PROTOCOL = /^demo-(?:anthropic|bedrock|chat|cohere|dashscope|gemini|ollama|responses)(?=-|$)/;

export function plainName(id: string): string {
  const plain = id.replace(OF_PROTOCOL, "demo");
  return plain === "demo" ? "demo-chat" : plain;
}

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
  if (!isModel(plainName(id))) throw notFound(`The model '${id}' does not exist here. There are: ${demoModels.join(", ")}.`);
  return modelObject(id);
}

/** A stream that is to break later begins like any other. */
export function requireModel(id: string, purpose: Purpose, isStreaming = false): void {
  const name = plainName(id);
  const fault = faultOf(name);
  if (fault !== undefined && isStreaming && fault.isInside) return;
  if (fault !== undefined) throw fault.failure;
  findModel(id);
  const model = isModel(name) ? MODELS[name] : undefined;
  if (model?.serves === purpose) return;
  throw notFound(`The model '${id}' does not serve this endpoint; it serves ${model?.what}.`);
}

function notFound(message: string): Failure {
  return new Failure(404, message, { param: "model", code: "model_not_found" });
}

function isModel(id: string): id is keyof typeof MODELS {
  return Object.hasOwn(MODELS, id);
}
