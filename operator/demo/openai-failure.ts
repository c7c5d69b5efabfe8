// OpenAI's errors: {error: {message, type, param, code}}, and how a mistake in a body is worded there.
// It refuses vendors: compatible ones are not imitated.

import { z } from "zod";
import type { Problem } from "./failure.ts";
import { Failure, fieldPath, invalid, read } from "./failure.ts";
import type { Shape } from "./shape.ts";

const CODES: Readonly<Record<number, string>> = {
  401: "invalid_api_key",
  404: "model_not_found",
  413: "request_too_large",
  429: "rate_limit_exceeded",
};

export const openaiShape: Shape = {
  known: {
    400: ["invalid_request_error", "Invalid value: the demo provider was asked to refuse this request."],
    401: ["invalid_request_error", "Incorrect API key provided: demo."],
    402: ["insufficient_quota", "You exceeded your current quota, please check your plan and billing details."],
    403: ["permission_error", "You are not allowed to sample from this model."],
    404: ["invalid_request_error", "The model `demo-error-404` does not exist or you do not have access to it."],
    408: ["server_error", "Request timed out."],
    413: ["invalid_request_error", "The request is too large."],
    422: ["invalid_request_error", "Unprocessable entity."],
    429: ["requests", "Rate limit reached for demo-error-429 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 7s."],
    500: ["server_error", "The server had an error while processing your request. Sorry about that!"],
    502: ["server_error", "Bad gateway."],
    503: ["server_error", "The engine is currently overloaded, please try again later."],
    504: ["server_error", "The request timed out at the engine."],
  },
  requestIdHeader: "x-request-id",
  retry: "seconds",
  body: (type, message, failure) => {
    const code = failure.code ?? (failure.message === "" ? (CODES[failure.kind] ?? null) : null);
    return { error: { message, type, param: failure.param, code } };
  },
};

const ID_CHARACTERS_MAX = 64;
const id = z.string().max(ID_CHARACTERS_MAX).nullish();

/** Who asks, and what shares a cache. */
export const limitedIds = { user: id, safety_identifier: id, prompt_cache_key: id } as const;

/** Checks a request body against its shape; the first problem is told with the path of the field. */
export function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  return read(schema, body, worded);
}

function worded({ path, sort, message, length }: Problem): Failure {
  const param = fieldPath(path);
  if (param === "") return new Failure(400, "The body of the request must be a JSON object.");
  if (sort === "missing") return invalid(param, `Missing required parameter: '${param}'.`, "missing_required_parameter");
  if (sort === "unknown") return invalid(param, `Unknown parameter: '${param}'.`, "unknown_parameter");
  if (length !== undefined) {
    return invalid(param, `Invalid '${param}': string too long. Expected a string with maximum length ${length.max}, but got a string with length ${length.is} instead.`, "string_above_max_length");
  }
  return invalid(param, `Invalid value for '${param}': ${message}.`, "invalid_value");
}
