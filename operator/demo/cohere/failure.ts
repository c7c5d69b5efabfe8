// Cohere's errors: {id, message}, and how a mistake in a body is worded there.
import type { Problem } from "../failure.ts";
import { Failure, fieldPath } from "../failure.ts";
import type { Shape } from "../shape.ts";

export const cohereShape: Shape = {
  known: {
    400: ["bad_request", "invalid request: the demo provider was asked to refuse this request."],
    401: ["unauthorized", "invalid api token"],
    402: ["payment_required", "please add or update your payment method at https://dashboard.cohere.com/billing to continue"],
    403: ["forbidden", "you are not allowed to use this model"],
    404: ["not_found", "model 'demo-error-404' not found, make sure the correct model ID was used and that you have access to the model."],
    408: ["timeout", "request timed out"],
    413: ["too_large", "request body is too large"],
    422: ["unprocessable", "unprocessable entity"],
    429: ["too_many_requests", "You are using a Trial key, which is limited to 20 API calls / minute."],
    498: ["invalid_token", "invalid or expired token"],
    500: ["internal", "internal server error, this has been reported to our developers."],
    502: ["internal", "bad gateway"],
    503: ["unavailable", "service is unavailable, please try again later"],
    504: ["timeout", "gateway timeout"],
  },
  requestIdHeader: "x-debug-trace-id",
  retry: "none",
  body: (_word, message, _failure, requestId) => ({ id: requestId, message }),
};

export function refused(message: string): Failure {
  return new Failure(400, `invalid request: ${message}`);
}

export function worded({ path, sort, message }: Problem): Failure {
  const place = fieldPath(path);
  if (place === "") return refused("body must be a JSON object.");
  if (sort === "unknown") return new Failure(422, `unknown field: parameter '${place}' is not a valid field`);
  return refused(sort === "missing" ? `'${place}' is required.` : `${place}: ${message}.`);
}
