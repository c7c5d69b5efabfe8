// Google's errors: {error: {code, message, status, details?}}, and how a mistake in a body is worded there.
import type { Problem } from "../failure.ts";
import { Failure, fieldPath } from "../failure.ts";
import type { Shape } from "../shape.ts";
import { RETRY_SECONDS } from "../shape.ts";

const HASTE = 429;
const BAD_KEY = 401;

export const geminiShape: Shape = {
  known: {
    400: ["INVALID_ARGUMENT", "The demo provider was asked to refuse this request."],
    401: ["UNAUTHENTICATED", "Request had invalid authentication credentials."],
    403: ["PERMISSION_DENIED", "You do not have permission to access this model."],
    404: ["NOT_FOUND", "models/demo-error-404 is not found for API version v1beta, or is not supported for generateContent."],
    408: ["DEADLINE_EXCEEDED", "The request timed out."],
    409: ["ABORTED", "The operation was aborted."],
    413: ["INVALID_ARGUMENT", "Request payload size exceeds the limit."],
    422: ["INVALID_ARGUMENT", "Unprocessable entity."],
    429: ["RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details. Please retry in 7s."],
    500: ["INTERNAL", "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"],
    502: ["INTERNAL", "Bad gateway."],
    503: ["UNAVAILABLE", "The model is overloaded. Please try again later."],
    504: ["DEADLINE_EXCEEDED", "Deadline expired before operation could complete."],
  },
  requestIdHeader: "x-demo-request-id",
  retry: "detail",
  status: (failure) => (failure.code === "invalid_api_key" ? 400 : failure.status),
  body: (word, message, failure) => {
    if (failure.code === "invalid_api_key") return badKey();
    const code = failure.status === 200 ? failure.kind : failure.status;
    return { error: { code, message, status: word, ...detailsOf(failure) } };
  },
};

/** A wrong key is a bad request here. */
function badKey() {
  const reason = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID", domain: "googleapis.com" };
  return { error: { code: 400, message: "API key not valid. Please pass a valid API key.", status: "INVALID_ARGUMENT", details: [reason] } };
}

function detailsOf(failure: Failure): object {
  const isTold = failure.retry === "detail" || (failure.retry === undefined && failure.kind === HASTE);
  if (isTold && failure.kind !== BAD_KEY) return { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${RETRY_SECONDS}s` }] };
  return {};
}

export function refused(message: string): Failure {
  return new Failure(400, message);
}

export function worded({ path, sort, message }: Problem): Failure {
  const place = fieldPath(path.map((step) => (typeof step === "string" ? snake(step) : step)));
  const before = fieldPath(path.slice(0, -1).map((step) => (typeof step === "string" ? snake(step) : step)));
  if (place === "") return refused("Invalid JSON payload received. Unexpected token.");
  if (sort === "unknown") return refused(`Invalid JSON payload received. Unknown name "${String(path.at(-1))}"${before === "" ? "" : ` at '${before}'`}: Cannot find field.`);
  return refused(sort === "missing" ? `* ${place}: ${place} is not specified` : `Invalid value at '${place}': ${message}`);
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
