// Bedrock's errors: {message}, with the type in a header, or in an exception's frame within a stream.
import type { Problem } from "../failure.ts";
import { dottedPath, Failure } from "../failure.ts";
import type { Shape } from "../shape.ts";

const OF_STATUS: Readonly<Record<string, number>> = { AccessDeniedException: 403, UnrecognizedClientException: 403 };

export const bedrockShape: Shape = {
  known: {
    400: ["ValidationException", "The demo provider was asked to refuse this request."],
    401: ["UnrecognizedClientException", "The security token included in the request is invalid."],
    402: ["ServiceQuotaExceededException", "You have exceeded your service quota."],
    403: ["AccessDeniedException", "You don't have access to the model with the specified model ID."],
    404: ["ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier."],
    408: ["ModelTimeoutException", "The request took too long to process. Processing time exceeded the model timeout length."],
    409: ["ConflictException", "Conflict."],
    413: ["ValidationException", "Input is too long for requested model."],
    422: ["ValidationException", "Unprocessable entity."],
    424: ["ModelErrorException", "The request failed due to an error while processing the model."],
    429: ["ThrottlingException", "Too many requests, please wait before trying again."],
    500: ["InternalServerException", "The system encountered an unexpected error during processing. Try your request again."],
    503: ["ServiceUnavailableException", "Bedrock is unable to process your request."],
    529: ["ServiceUnavailableException", "Bedrock is overloaded."],
  },
  requestIdHeader: "x-amzn-requestid",
  retry: "none",
  status: (failure) => (failure.code === "invalid_api_key" ? 403 : failure.status),
  headers: (word) => ({ "x-amzn-errortype": `${word}:http://internal.amazon.com/coral/com.amazon.bedrock/` }),
  body: (_word, message) => ({ message }),
};

/** The names that exceptions have inside a stream; all others are an internal one there. */
const IN_STREAM = ["ValidationException", "ThrottlingException", "ServiceUnavailableException", "InternalServerException", "ModelStreamErrorException"];

export function exceptionName(word: string): string {
  const name = IN_STREAM.includes(word) ? word : OF_STATUS[word] === undefined ? "ModelStreamErrorException" : "ValidationException";
  return name.charAt(0).toLowerCase() + name.slice(1);
}

export function refused(message: string): Failure {
  return new Failure(400, message);
}

export function worded({ path, sort, message }: Problem): Failure {
  const place = dottedPath(path);
  if (place === "") return refused("Malformed input request, please reformat your input and try again.");
  if (sort === "unknown") return refused(`Malformed input request: #: extraneous key [${place}] is not permitted, please reformat your input and try again.`);
  if (sort === "missing") return refused(`1 validation error detected: Value null at '${place}' failed to satisfy constraint: Member must not be null`);
  return refused(`1 validation error detected: Value at '${place}' failed to satisfy constraint: ${message}`);
}
