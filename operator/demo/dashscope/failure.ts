// DashScope's own errors: {code, message, request_id}, and how a mistake in a body is worded there.
import type { Problem } from "../failure.ts";
import { dottedPath, Failure } from "../failure.ts";
import type { Shape } from "../shape.ts";

export const dashscopeShape: Shape = {
  known: {
    400: ["InvalidParameter", "The demo provider was asked to refuse this request."],
    401: ["InvalidApiKey", "Invalid API-key provided."],
    402: ["Arrearage", "Access denied, please make sure your account is in good standing."],
    403: ["AccessDenied", "Access denied."],
    404: ["ModelNotFound", "Model not exist."],
    408: ["RequestTimeOut", "Request timed out, please try again later."],
    413: ["InvalidParameter", "Request body is too large."],
    422: ["InvalidParameter", "Unprocessable entity."],
    429: ["Throttling.RateQuota", "Requests rate limit exceeded, please try again later."],
    500: ["InternalError", "An internal error has occured, please try again later or contact service support."],
    502: ["InternalError", "Bad gateway."],
    503: ["ModelUnavailable", "Model is unavailable, please try again later."],
    504: ["InternalError.Timeout", "An internal timeout error has occured during execution, please try again later."],
  },
  requestIdHeader: "x-dashscope-request-id",
  retry: "none",
  body: (word, message, _failure, requestId) => ({ code: word, message, request_id: requestId }),
};

export function refused(message: string): Failure {
  return new Failure(400, message);
}

export function worded({ path, sort, message }: Problem): Failure {
  const place = dottedPath(path);
  if (place === "") return refused("Request body format invalid");
  return refused(sort === "missing" ? `Required parameter "${place}" missing or invalid, please check the request parameters.` : `<400> InternalError.Algo.InvalidParameter: ${place}: ${message}`);
}
