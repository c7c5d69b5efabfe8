// The table of the demo provider's endpoints, and the way from a call to its reply or its failure.
// It refuses an unknown path with 404 and a known one with the wrong method with 405, both in the OpenAI shape.

import { BATCH_PATHS, cancelBatch, createBatch, getBatch, listBatches } from "./batches.ts";
import { chatCompletions } from "./chat.ts";
import { completions } from "./completions.ts";
import { embeddings } from "./embeddings.ts";
import type { Call, Endpoint, Reply } from "./exchange.ts";
import { json } from "./exchange.ts";
import { Failure, failureBody } from "./failure.ts";
import { deleteFile, fileContent, getFile, listFiles, uploadFile } from "./files.ts";
import { imageEdits, imageGenerations } from "./images.ts";
import { findModel, modelList } from "./models.ts";
import { moderations } from "./moderations.ts";
import { rerank } from "./rerank.ts";
import { countInputTokens, deleteResponse, getResponse, listInputItems } from "./responses-store.ts";
import { responses } from "./responses.ts";
import { speech } from "./speech.ts";
import type { DemoState } from "./state.ts";
import { transcriptions, translations } from "./transcripts.ts";

/** `*` stands for one segment, the id. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  "/v1/models": { GET: () => json(modelList()) },
  "/v1/models/*": { GET: (_call, _state, id) => json(findModel(id)) },
  "/v1/chat/completions": { POST: chatCompletions },
  "/v1/completions": { POST: completions },
  "/v1/responses": { POST: responses },
  "/v1/responses/input_tokens": { POST: countInputTokens },
  "/v1/responses/*": { GET: getResponse, DELETE: deleteResponse },
  "/v1/responses/*/input_items": { GET: listInputItems },
  "/v1/embeddings": { POST: embeddings },
  "/v1/moderations": { POST: moderations },
  "/v1/rerank": { POST: rerank },
  "/v2/rerank": { POST: rerank },
  "/v1/images/generations": { POST: imageGenerations },
  "/v1/images/edits": { POST: imageEdits },
  "/v1/audio/speech": { POST: speech },
  "/v1/audio/transcriptions": { POST: transcriptions },
  "/v1/audio/translations": { POST: translations },
  "/v1/files": { POST: uploadFile, GET: listFiles },
  "/v1/files/*": { GET: getFile, DELETE: deleteFile },
  "/v1/files/*/content": { GET: fileContent },
  "/v1/batches": { POST: (call, state) => createBatch(call, state, (line) => perform(line, state)), GET: listBatches },
  "/v1/batches/*": { GET: getBatch },
  "/v1/batches/*/cancel": { POST: cancelBatch },
};

export interface Found {
  readonly endpoint: Endpoint;
  readonly id: string;
}

export function findEndpoint(method: string, path: string): Found {
  const segments = path.split("/");
  const id = segments[3] ?? "";
  const starred = id === "" ? path : segments.with(3, "*").join("/");
  const methods = routeAt(path) ?? routeAt(starred);
  if (methods === undefined) throw new Failure(404, `Invalid URL (${method} ${path})`, { code: "unknown_url" });
  const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (endpoint !== undefined) return { endpoint, id: decoded(id) };
  const allowed = Object.keys(methods).join(", ");
  throw new Failure(405, `Not allowed to ${method} on ${path}, only ${allowed}.`, { code: "method_not_supported" });
}

export async function replyTo(call: Call, state: DemoState): Promise<Reply> {
  const { endpoint, id } = findEndpoint(call.method, call.path);
  return endpoint(call, state, id);
}

/** A batch's line: the same way, with the answer as a value. */
async function perform(call: Call, state: DemoState): Promise<{ status: number; body: unknown }> {
  try {
    if (!BATCH_PATHS.some((path) => path === call.path)) throw new Failure(404, `Invalid URL (${call.method} ${call.path})`);
    const reply = await replyTo(call, state);
    return { status: 200, body: reply.kind === "json" ? reply.body : null };
  } catch (thrown) {
    const failure = asFailure(thrown);
    return { status: failure.status, body: failureBody(failure) };
  }
}

/** Anything unforeseen is a 500 that tells nothing of its inside. */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure(500, "The demo provider failed at this request.", { code: "internal_error" });
}

function routeAt(path: string) {
  return Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
