// /v1/batches: create, get, list and cancel; a batch runs the lines of its file through the demo provider itself.
// States: validating → in_progress → completed, or validating → failed, or in_progress → cancelling → cancelled.
// It refuses schedules and windows: work starts at once and the lines run one after another.

import { z } from "zod";
import type { Call, Reply } from "./exchange.ts";
import { json, JSON_BYTES_MAX, page, readBody } from "./exchange.ts";
import { Failure } from "./failure.ts";
import { findFile, keepFile } from "./files.ts";
import { parseJson } from "./json.ts";
import type { Batch } from "./records.ts";
import type { DemoState } from "./state.ts";

const LINES_MAX = 1000;
const WINDOW_SECONDS = 86_400;
export const BATCH_PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/moderations"] as const;

const request = z.looseObject({
  input_file_id: z.string(),
  endpoint: z.enum(BATCH_PATHS),
  completion_window: z.literal("24h"),
  metadata: z.record(z.string(), z.string()).nullish(),
});
const lineShape = z.looseObject({ custom_id: z.string(), method: z.literal("POST"), url: z.string(), body: z.looseObject({}) });
type Line = z.output<typeof lineShape>;

/** Runs one call as the server would, without a socket. */
export type Perform = (call: Call) => Promise<{ status: number; body: unknown }>;

export function createBatch(call: Call, state: DemoState, perform: Perform): Reply {
  const asked = readBody(call, request);
  const content = findFile(state, asked.input_file_id).content;
  const id = state.nextId("batch_", call.body);
  const counts = { total: 0, completed: 0, failed: 0 };
  const batch: Batch = { id, request: asked, stop: new AbortController(), createdAt: state.nowSeconds(), counts, status: "validating" };
  state.batches.put(batch);
  const answer = json(batchObject(batch));
  void run(batch, content, perform, state);
  return answer;
}

export function getBatch(_call: Call, state: DemoState, id: string): Reply {
  return json(batchObject(findBatch(state, id)));
}

export function listBatches(call: Call, state: DemoState): Reply {
  return json(page(state.batches.all().map(batchObject), call.query));
}

export function cancelBatch(_call: Call, state: DemoState, id: string): Reply {
  const batch = findBatch(state, id);
  if (batch.status !== "validating" && batch.status !== "in_progress") {
    throw new Failure(409, `Cannot cancel a batch with status '${batch.status}'.`, { code: "conflict" });
  }
  batch.status = "cancelling";
  batch.stop.abort();
  return json(batchObject(batch));
}

async function run(batch: Batch, content: Buffer, perform: Perform, state: DemoState): Promise<void> {
  // The answer to the creation goes out first, as `validating`.
  await Promise.resolve();
  const lines = readLines(content, batch);
  batch.counts.total = lines.length;
  if (batch.problem !== undefined) return end(batch, "failed", state);
  if (batch.status === "validating") batch.status = "in_progress";
  const outputs: string[] = [];
  const errors: string[] = [];
  const signal = AbortSignal.any([batch.stop.signal, state.closing]);
  for (const line of lines) {
    const done = await perform(callOf(line, signal)).catch(() => undefined);
    if (done === undefined || signal.aborted) break;
    const isGood = done.status === 200;
    batch.counts[isGood ? "completed" : "failed"] += 1;
    (isGood ? outputs : errors).push(outputLine(line, done, state));
    await state.pause(signal).catch(() => undefined);
    if (signal.aborted) break;
  }
  if (outputs.length > 0) batch.outputFileId = keepLines(state, `${batch.id}_output.jsonl`, outputs);
  if (errors.length > 0) batch.errorFileId = keepLines(state, `${batch.id}_error.jsonl`, errors);
  end(batch, signal.aborted ? "cancelled" : "completed", state);
}

function end(batch: Batch, status: Batch["status"], state: DemoState): void {
  batch.status = status;
  batch.endedAt = state.nowSeconds();
}

function readLines(content: Buffer, batch: Batch): Line[] {
  const texts = content
    .toString("utf8")
    .split("\n")
    .filter((text) => text.trim() !== "");
  const problem = (code: string, message: string, line: number | null) => {
    batch.problem = { code, message, line, param: null };
    return [];
  };
  if (texts.length === 0) return problem("empty_file", "The batch input file is empty.", null);
  if (texts.length > LINES_MAX) return problem("too_many_tasks", `The batch input file has more than ${LINES_MAX} lines.`, null);
  const lines: Line[] = [];
  for (const [at, text] of texts.entries()) {
    const parsed = lineShape.safeParse(parseJson(Buffer.from(text), JSON_BYTES_MAX));
    if (!parsed.success) return problem("invalid_json_line", "This line is not a batch request.", at + 1);
    if (parsed.data.url !== batch.request.endpoint)
      return problem("mismatched_url", "This line's url is not the batch's endpoint.", at + 1);
    lines.push(parsed.data);
  }
  return lines;
}

function callOf(line: Line, signal: AbortSignal): Call {
  const body = Buffer.from(JSON.stringify({ ...line.body, stream: false }));
  return { method: "POST", path: line.url, query: new URLSearchParams(), headers: {}, contentType: "application/json", body, signal };
}

function outputLine(line: Line, done: { status: number; body: unknown }, state: DemoState): string {
  const id = state.nextId("batch_req_", line.custom_id);
  const response = { status_code: done.status, request_id: id, body: done.body };
  return JSON.stringify({ id, custom_id: line.custom_id, response, error: null });
}

function keepLines(state: DemoState, filename: string, lines: readonly string[]): string {
  return keepFile(state, filename, "batch_output", "application/jsonl", Buffer.from(`${lines.join("\n")}\n`)).id;
}

function findBatch(state: DemoState, id: string): Batch {
  const batch = state.batches.get(id);
  if (batch === undefined) throw new Failure(404, `No batch found with id '${id}'.`);
  return batch;
}

function batchObject(batch: Batch) {
  const { id, status, counts, createdAt } = batch;
  const at = (name: Batch["status"]) => (status === name ? (batch.endedAt ?? createdAt) : null);
  return {
    id,
    object: "batch",
    endpoint: batch.request.endpoint,
    errors: batch.problem === undefined ? null : { object: "list", data: [batch.problem] },
    input_file_id: batch.request.input_file_id,
    completion_window: "24h",
    status,
    output_file_id: batch.outputFileId ?? null,
    error_file_id: batch.errorFileId ?? null,
    created_at: createdAt,
    in_progress_at: status === "validating" || status === "failed" ? null : createdAt,
    expires_at: createdAt + WINDOW_SECONDS,
    finalizing_at: at("completed"),
    completed_at: at("completed"),
    failed_at: at("failed"),
    expired_at: null,
    cancelling_at: status === "cancelling" || status === "cancelled" ? (batch.endedAt ?? createdAt) : null,
    cancelled_at: at("cancelled"),
    request_counts: { ...counts },
    metadata: batch.request.metadata ?? null,
  };
}
