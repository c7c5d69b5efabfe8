// Errors of providers: of a bad status with any body, of a response that failed, of an event inside a stream.
// It reads the nested form and the flat one; how long to wait is read where it is a number, a date is for whoever has a clock.
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import type { FailureKind, ProviderFailure } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { errorFrom, errorIn } from "../openai-failure.ts";
import type { ReportedError } from "../pass-through.ts";

const byStatus: Readonly<Record<number, FailureKind>> = {
  401: "credential", 402: "payment", 403: "forbidden", 404: "not-found", 408: "timeout", 409: "conflict", 413: "too-large",
  429: "rate-limited", 498: "credential", 503: "overloaded", 504: "timeout", 529: "overloaded",
};

/** What the words say is surer than the status. */
const byWord: Readonly<Record<string, FailureKind>> = {
  context_length_exceeded: "context-too-long",
  string_above_max_length: "context-too-long",
  content_filter: "filtered",
  content_policy_violation: "filtered",
  image_content_policy_violation: "filtered",
  misalignment_policy_violation: "filtered",
  bio_policy: "filtered",
  data_inspection_failed: "filtered",
  invalid_api_key: "credential",
  authentication_error: "credential",
  insufficient_quota: "payment",
  billing_hard_limit_reached: "payment",
  permission_error: "forbidden",
  model_not_found: "not-found",
  not_found_error: "not-found",
  request_too_large: "too-large",
  rate_limit_exceeded: "rate-limited",
  rate_limit_error: "rate-limited",
  too_many_requests: "rate-limited",
  overloaded: "overloaded",
  overloaded_error: "overloaded",
  server_is_overloaded: "overloaded",
  slow_down: "overloaded",
  timeout: "timeout",
  vector_store_timeout: "timeout",
  server_error: "internal",
  invalid_request_error: "invalid",
  invalid_prompt: "invalid",
};

const CONTEXT = /context (?:length|window)|maximum context|prompt is too long/i;

const kindOf = (status: number, { message, type, code }: ReportedError): FailureKind => {
  const word = byWord[code] ?? (status === 0 || status === 400 || status >= 500 ? byWord[type] : undefined);
  if (word !== undefined && word !== "invalid") return word;
  const isInvalid = word === "invalid" || code.startsWith("invalid_") || (status >= 400 && status < 500);
  if (isInvalid && status !== 429 && CONTEXT.test(message)) return "context-too-long";
  return byStatus[status] ?? (isInvalid ? "invalid" : "internal");
};

const parameterIn = (document: Json | undefined): string => {
  if (!isObject(document)) return "";
  const inner = document["error"];
  return stringOf((isObject(inner) ? inner["param"] : undefined) ?? document["param"]);
};

const failureOf = (status: number, error: ReportedError, parameter: string, retryAfterSeconds: number): ProviderFailure => ({
  kind: kindOf(status, error),
  status,
  message: error.message,
  type: error.type,
  code: error.code,
  parameter,
  retryAfterSeconds,
});

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const secondsIn = (value: string | string[] | undefined, unit: number): number => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) * unit : Number.NaN;
  return Number.isFinite(number) && number > 0 ? number : 0;
};

const retryAfter = (headers: Headers): number => secondsIn(headers["retry-after-ms"], 0.001) || secondsIn(headers["retry-after"], 1);

const MARKUP = /^\s*</;

/** HTML is written for people in front of a browser: it is named, not passed on. */
const readText = (text: string): ReportedError => {
  if (MARKUP.test(text)) return { message: "The provider answered with a web page instead of an error.", type: "", code: "" };
  const error = errorFrom(text, parseJson(text));
  return error.message === "" ? { ...error, message: text.trim().slice(0, 500) } : error;
};

export const decodeFailure = (status: number, headers: Headers, body: Buffer): ProviderFailure => {
  const text = body.toString("utf8");
  const document = parseJson(text);
  const error = typeof document === "string" ? { message: document, type: "", code: "" } : readText(text);
  return failureOf(status, error, parameterIn(document), retryAfter(headers));
};

/** Inside a stream: flat, or nested. */
export const eventFailure = (data: string, event: Json | undefined): ProviderFailure => failureOf(0, errorFrom(data, event), parameterIn(event), 0);

/** Of a response that says that it failed, or of a body that is an error; null when it is neither. */
export const responseFailure = (document: JsonObject): ProviderFailure | null => {
  const error = errorIn(document);
  const status = stringOf(document["status"]);
  if (error !== null) return failureOf(0, error, parameterIn(document), 0);
  if (status !== "failed" && status !== "cancelled") return null;
  return failureOf(0, { message: `The provider's response ${status === "failed" ? "failed" : "was cancelled"}.`, type: "", code: status }, "", 0);
};
