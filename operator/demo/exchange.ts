// The vocabulary between the demo provider's server and its endpoints: a call comes in, a reply goes out.
// It refuses sockets: an endpoint sees bytes and an abort signal, so a batch line can be a call as well.

import type { IncomingHttpHeaders } from "node:http";
import type { Problem } from "./failure.ts";
import { Failure, invalid, read } from "./failure.ts";
import type { Json } from "./json.ts";
import { parseJson } from "./json.ts";
import { checked } from "./openai-failure.ts";
import type { DemoState } from "./state.ts";
import type { z } from "zod";

export const JSON_BYTES_MAX = 16 * 1024 * 1024;
export const UPLOAD_BYTES_MAX = 32 * 1024 * 1024;

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly contentType: string;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

export type Reply =
  | { readonly kind: "json"; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "bytes"; readonly contentType: string; readonly body: Buffer }
  | { readonly kind: "stream"; readonly contentType: string; readonly pieces: AsyncIterable<string | Uint8Array> };

/** `id` is the variable segment of the path, empty where there is none. */
export type Endpoint = (call: Call, state: DemoState, id: string) => Reply | Promise<Reply>;

/** Path → method → endpoint; `*` stands for one segment, the id. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

export function json(body: unknown): Reply {
  return { kind: "json", body };
}

export function sse(pieces: AsyncIterable<string>, contentType = "text/event-stream; charset=utf-8"): Reply {
  return { kind: "stream", contentType, pieces };
}

export function dataLine(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export function namedEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

export const DONE_LINE = "data: [DONE]\n\n";

export function readJson(call: Call): Json {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(call.contentType)) {
    throw new Failure(400, `This endpoint takes application/json, not '${call.contentType}'.`, { code: "unsupported_content_type" });
  }
  const value = parseJson(call.body, JSON_BYTES_MAX);
  if (value === undefined) throw new Failure(400, "The body of the request is not JSON.", { code: "invalid_json" });
  return value;
}

export function readBody<Schema extends z.ZodType>(call: Call, schema: Schema): z.output<Schema> {
  return checked(schema, readJson(call));
}

/** As readBody, with the mistakes worded by another protocol. */
export function readAs<Schema extends z.ZodType>(call: Call, schema: Schema, word: (problem: Problem) => Failure): z.output<Schema> {
  return read(schema, readJson(call), word);
}

/** Cursor paging as the OpenAI lists have it: newest first unless `order=asc`, `after` names the last one seen. */
export function page<Item extends { id: string }>(items: readonly Item[], query: URLSearchParams) {
  const limit = Number(query.get("limit") ?? "20");
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) throw invalid("limit", "limit must be between 1 and 10000.");
  const ordered = query.get("order") === "asc" ? items : items.toReversed();
  const after = query.get("after");
  const start = after === null ? 0 : ordered.findIndex((item) => item.id === after) + 1;
  const data = ordered.slice(start, start + limit);
  const hasMore = start + limit < ordered.length;
  return { object: "list", data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: hasMore };
}
