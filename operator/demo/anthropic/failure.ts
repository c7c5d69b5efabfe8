// Anthropic's errors: {type: "error", error: {type, message}, request_id}, and how a mistake in a body is worded there.
import type { Problem } from "../failure.ts";
import { dottedPath, Failure } from "../failure.ts";
import type { Shape } from "../shape.ts";

export const anthropicShape: Shape = {
  known: {
    400: ["invalid_request_error", "The demo provider was asked to refuse this request."],
    401: ["authentication_error", "invalid x-api-key"],
    402: ["billing_error", "Your credit balance is too low to access the Anthropic API."],
    403: ["permission_error", "Your API key does not have permission to use the specified resource."],
    404: ["not_found_error", "model: demo-error-404"],
    408: ["timeout_error", "Request timed out."],
    409: ["conflict_error", "Conflict."],
    413: ["request_too_large", "Request exceeds the maximum size"],
    422: ["invalid_request_error", "Unprocessable entity."],
    429: ["rate_limit_error", "This request would exceed your organization's rate limit of 3 requests per minute."],
    500: ["api_error", "Internal server error"],
    502: ["api_error", "Bad gateway"],
    503: ["overloaded_error", "Service unavailable"],
    504: ["timeout_error", "Request timed out."],
    529: ["overloaded_error", "Overloaded"],
  },
  requestIdHeader: "request-id",
  retry: "seconds",
  body: (type, message, _failure, requestId) => ({ type: "error", error: { type, message }, request_id: requestId }),
};

export function refused(message: string): Failure {
  return new Failure(400, message);
}

export function worded({ path, sort, message }: Problem): Failure {
  const place = dottedPath(path);
  if (place === "") return refused("The request body is not valid JSON");
  if (sort === "missing") return refused(`${place}: Field required`);
  return refused(sort === "unknown" ? `${place}: Extra inputs are not permitted` : `${place}: ${message}`);
}
