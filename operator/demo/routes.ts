// The table of the endpoints of OpenAI's protocols, and the way from a batch's line to its answer.
// It refuses other protocols: each has its own table in its own folder.

import { BATCH_PATHS, cancelBatch, createBatch, getBatch, listBatches } from "./batches.ts";
import { chatCompletions } from "./chat.ts";
import { completions } from "./completions.ts";
import { embeddings } from "./embeddings.ts";
import type { Call, Routes } from "./exchange.ts";
import { json } from "./exchange.ts";
import { asFailure, Failure } from "./failure.ts";
import { deleteFile, fileContent, getFile, listFiles, uploadFile } from "./files.ts";
import { imageEdits, imageGenerations } from "./images.ts";
import { anthropicModel, anthropicModels } from "./anthropic/models.ts";
import { geminiModel, geminiModels } from "./gemini/models.ts";
import { findModel, modelList, modelObject } from "./models.ts";
import { moderations } from "./moderations.ts";
import { openaiShape } from "./openai-failure.ts";
import { rerank } from "./rerank.ts";
import { countInputTokens, deleteResponse, getResponse, listInputItems } from "./responses-store.ts";
import { responses } from "./responses.ts";
import { failureBody } from "./shape.ts";
import { speech } from "./speech.ts";
import type { DemoState } from "./state.ts";
import { transcriptions, translations } from "./transcripts.ts";

/** `*` stands for one segment, the id. */
export const openaiRoutes: Routes = {
  "/v1/models": { GET: (call) => json(listsFor(call).all()) },
  "/v1/models/*": { GET: (call, _state, id) => json(listsFor(call).one(findModel(id).id)) },
  "/v1/chat/completions": { POST: chatCompletions },
  "/v1/completions": { POST: completions },
  "/v1/responses": { POST: responses },
  "/v1/responses/input_tokens": { POST: countInputTokens },
  "/v1/responses/*": { GET: getResponse, DELETE: deleteResponse },
  "/v1/responses/*/input_items": { GET: listInputItems },
  "/v1/embeddings": { POST: embeddings },
  "/v1/moderations": { POST: moderations },
  "/v1/rerank": { POST: rerank },
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

/** The same path in three protocols, told apart by the headers of their clients. */
function listsFor(call: Call) {
  if (call.headers["anthropic-version"] !== undefined) return { all: anthropicModels, one: anthropicModel };
  if (call.headers["x-goog-api-key"] !== undefined) return { all: geminiModels, one: geminiModel };
  return { all: modelList, one: modelObject };
}

/** A batch's line: the same way, with the answer as a value. */
async function perform(call: Call, state: DemoState): Promise<{ status: number; body: unknown }> {
  try {
    const path = BATCH_PATHS.find((each) => each === call.path);
    const endpoint = path === undefined ? undefined : openaiRoutes[path]?.["POST"];
    if (endpoint === undefined) throw new Failure(404, `Invalid URL (${call.method} ${call.path})`);
    const reply = await endpoint(call, state, "");
    return { status: 200, body: reply.kind === "json" ? reply.body : null };
  } catch (thrown) {
    const failure = asFailure(thrown);
    return { status: failure.status, body: failureBody(openaiShape, failure, "") };
  }
}
