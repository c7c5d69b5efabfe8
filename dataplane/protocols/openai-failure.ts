// Failures in OpenAI's shape, ours written and theirs read, for every protocol of that family.
// It knows no stream and no endpoint.
import type { Failure } from "../errors.ts";
import { isObject, type Json } from "../wire/json.ts";
import type { ReportedError } from "./pass-through.ts";

const typeByStatus: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout",
  409: "conflict",
  429: "rate_limit_error",
  504: "timeout",
};

const typeOf = (status: number): string => typeByStatus[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");

/** The value of `error` in a body or an event of ours. */
export const failureBody = (failure: Failure): { [key: string]: Json } => ({
  message: failure.message,
  type: typeOf(failure.status),
  param: failure.parameter === "" ? null : failure.parameter,
  code: failure.code,
});

export const encodeFailure = (failure: Failure): string => JSON.stringify({ error: failureBody(failure) });

const textOf = (...values: (Json | undefined)[]): string => {
  for (const value of values) {
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number") return String(value);
  }
  return "";
};

/** xAI and Ollama say it in a string, most in an object, some wrap one more object around it. */
const readError = (error: Json, around: { [key: string]: Json }): ReportedError => {
  if (!isObject(error)) return { message: textOf(error, around["message"]), type: textOf(around["type"]), code: textOf(around["code"]) };
  if (isObject(error["error"])) return readError(error["error"], error);
  const message = textOf(error["message"], error["detail"], around["message"]);
  return { message: message === "" ? JSON.stringify(error).slice(0, 500) : message, type: textOf(error["type"]), code: textOf(error["code"]) };
};

const saysNothing = (error: Json | undefined): boolean =>
  error === undefined || error === null || error === false || error === "" || (isObject(error) && Object.keys(error).length === 0);

/** The error that a document is or has, null for none; `"error": null` is none. Gemini's compatible surface wraps it in an array. */
export const errorIn = (document: Json | undefined): ReportedError | null => {
  const inner = Array.isArray(document) && document.length === 1 ? document[0] : document;
  if (!isObject(inner)) return null;
  if (!saysNothing(inner["error"])) return readError(inner["error"] ?? null, inner);
  return inner["object"] === "error" ? readError({ ...inner }, inner) : null;
};

/** Any document that was sent as an error: where the word says so the shape does not matter. */
export const errorFrom = (text: string, document: Json | undefined): ReportedError => {
  const error = errorIn(document);
  if (error !== null) return error;
  return document === undefined ? { message: text.slice(0, 500), type: "", code: "" } : readError(document, {});
};
