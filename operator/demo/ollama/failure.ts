// Ollama's errors: {error}, and how a mistake in a body is worded by the Go program that it is.
import type { Problem } from "../failure.ts";
import { dottedPath, Failure } from "../failure.ts";
import type { Shape } from "../shape.ts";

export const ollamaShape: Shape = {
  known: {
    400: ["error", "the demo provider was asked to refuse this request"],
    401: ["error", "unauthorized"],
    403: ["error", "forbidden"],
    404: ["error", "model 'demo-error-404' not found"],
    408: ["error", "request timed out"],
    413: ["error", "http: request body too large"],
    429: ["error", "too many requests"],
    500: ["error", "llama runner process has terminated: exit status 2"],
    502: ["error", "bad gateway"],
    503: ["error", "server busy, please try again.  maximum pending requests exceeded"],
    504: ["error", "timed out waiting for llama runner to start"],
  },
  requestIdHeader: "x-demo-request-id",
  retry: "none",
  body: (_word, message) => ({ error: message }),
};

export function refused(message: string): Failure {
  return new Failure(400, message);
}

export function worded({ path, sort, message }: Problem): Failure {
  if (path.length === 0) return refused("json: cannot unmarshal the body into Go value of type api.ChatRequest");
  const place = dottedPath(path.filter((step) => typeof step === "string"));
  return refused(sort === "missing" ? `${place} is required` : `json: cannot unmarshal into Go struct field .${place}: ${message}`);
}
