// /v1/files: upload, list, get, content and delete, held in memory.
// It refuses to write to disk, and forgets its oldest files rather than refuse a new one.

import type { Call, Reply } from "./exchange.ts";
import { json, page } from "./exchange.ts";
import { Failure, invalid } from "./failure.ts";
import { readForm } from "./multipart.ts";
import type { StoredFile } from "./records.ts";
import type { DemoState } from "./state.ts";

const PURPOSES = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];

export function uploadFile(call: Call, state: DemoState): Reply {
  const form = readForm(call);
  const purpose = form.required("purpose");
  if (!PURPOSES.includes(purpose))
    throw invalid("purpose", `Invalid value for 'purpose': '${purpose}'. Supported are ${PURPOSES.join(", ")}.`);
  const part = form.files("file")[0];
  if (part === undefined) throw invalid("file", "Missing required parameter: 'file'.", "missing_required_parameter");
  return json(fileObject(keepFile(state, part.filename ?? "upload", purpose, part.contentType, part.body)));
}

export function keepFile(state: DemoState, filename: string, purpose: string, contentType: string, content: Buffer): StoredFile {
  const id = state.nextId("file-", content);
  // A copy, so that a small part does not keep the whole upload in memory.
  const file = { id, filename, purpose, createdAt: state.nowSeconds(), contentType, content: Buffer.from(content) };
  state.files.put(file);
  return file;
}

export function listFiles(call: Call, state: DemoState): Reply {
  const purpose = call.query.get("purpose");
  const files = state.files.all().filter((file) => purpose === null || file.purpose === purpose);
  return json(page(files.map(fileObject), call.query));
}

export function getFile(_call: Call, state: DemoState, id: string): Reply {
  return json(fileObject(findFile(state, id)));
}

export function fileContent(_call: Call, state: DemoState, id: string): Reply {
  const file = findFile(state, id);
  return { kind: "bytes", contentType: file.contentType, body: file.content };
}

export function deleteFile(_call: Call, state: DemoState, id: string): Reply {
  findFile(state, id);
  state.files.remove(id);
  return json({ id, object: "file", deleted: true });
}

export function findFile(state: DemoState, id: string): StoredFile {
  const file = state.files.get(id);
  if (file === undefined) throw new Failure(404, `No such File object: ${id}`, { param: "id" });
  return file;
}

function fileObject(file: StoredFile) {
  const { id, filename, purpose, createdAt } = file;
  return {
    id,
    object: "file",
    bytes: file.content.length,
    created_at: createdAt,
    filename,
    purpose,
    status: "processed",
    expires_at: null,
    status_details: null,
  };
}
