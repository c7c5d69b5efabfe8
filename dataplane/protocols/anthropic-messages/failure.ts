// Failures in Anthropic's shape: ours written, and a provider's read, whatever its body is.
// It knows no stream; an event that reports an error has the same body.
import type { Failure, FailureKind } from "../../errors.ts";
import type { ProviderFailure } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { errorFrom } from "../openai-failure.ts";
import { isObject, type Json, parseJson } from "../../wire/json.ts";
import { lookUp, objectOf } from "./members.ts";

const typeByKind = {
  invalid: "invalid_request_error",
  "context-too-long": "invalid_request_error",
  filtered: "invalid_request_error",
  credential: "authentication_error",
  payment: "billing_error",
  forbidden: "permission_error",
  "not-found": "not_found_error",
  conflict: "conflict_error",
  "too-large": "request_too_large",
  "rate-limited": "rate_limit_error",
  overloaded: "overloaded_error",
  timeout: "timeout_error",
  internal: "api_error",
} as const satisfies Record<FailureKind, string>;

const kindByStatus: Readonly<Record<number, FailureKind>> = {
  400: "invalid",
  401: "credential",
  402: "payment",
  403: "forbidden",
  404: "not-found",
  408: "timeout",
  409: "conflict",
  413: "too-large",
  422: "invalid",
  429: "rate-limited",
  498: "credential",
  503: "overloaded",
  504: "timeout",
  524: "timeout",
  529: "overloaded",
};

const kindOfStatus = (status: number): FailureKind => kindByStatus[status] ?? (status >= 400 && status < 500 ? "invalid" : "internal");

/** The whole body. Our code stands where Anthropic puts its finer ones. */
export const failureBody = ({ status, kind, message, code }: Failure): JsonObject => ({
  type: "error",
  error: { type: typeByKind[kind ?? kindOfStatus(status)], message, details: { error_code: code } },
});

export const encodeFailure = (failure: Failure): string => JSON.stringify(failureBody(failure));

const kindByType: Readonly<Record<string, FailureKind>> = {
  invalid_request_error: "invalid",
  authentication_error: "credential",
  billing_error: "payment",
  permission_error: "forbidden",
  not_found_error: "not-found",
  conflict_error: "conflict",
  request_too_large: "too-large",
  rate_limit_error: "rate-limited",
  overloaded_error: "overloaded",
  timeout_error: "timeout",
  api_error: "internal",
  // Of Google's and Amazon's gateways in front of the same models.
  RESOURCE_EXHAUSTED: "rate-limited",
  UNAVAILABLE: "overloaded",
  UNAUTHENTICATED: "credential",
  PERMISSION_DENIED: "forbidden",
  throttlingException: "rate-limited",
  serviceUnavailableException: "overloaded",
  modelTimeoutException: "timeout",
};

const TOO_LONG = /prompt is too long|exceeds? (?:the )?(?:context|maximum.{0,20}tokens)|context (?:window|length|limit)|too many (?:input )?tokens/i;
const NO_CREDIT = /credit balance is too low/i;
const FILTERED = /content filter/i;

const kindOf = (status: number, type: string, message: string): FailureKind => {
  const kind = lookUp(kindByType, type) ?? kindOfStatus(status);
  if (kind !== "invalid") return kind;
  if (TOO_LONG.test(message)) return "context-too-long";
  if (NO_CREDIT.test(message)) return "payment";
  return FILTERED.test(message) ? "filtered" : "invalid";
};

const MARKUP = /^\s*<(?:!doctype|html|\?xml|head|body)/i;

/** `document`: the body when it is JSON. Markup is nobody's message. */
export const failureFrom = (status: number, text: string, document: Json | undefined, retryAfterSeconds = 0): ProviderFailure => {
  const isSaid = document !== undefined || (text.trim() !== "" && !MARKUP.test(text));
  const { message, type, code } = isSaid ? errorFrom(text, document) : { message: "", type: "", code: "" };
  const inner = objectOf(isObject(document) ? document["error"] : undefined);
  const finer = stringOf(objectOf(inner["details"])["error_code"]) || code;
  const word = type === "" || type === "error" ? stringOf(inner["status"]) : type;
  const said = message === "" ? `The provider answered with status ${status} and no message.` : message;
  return { kind: kindOf(status, word, said), status, message: said, type: word, code: finer, parameter: "", retryAfterSeconds };
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const headerOf = (headers: Headers, name: string): string => String(headers[name] ?? "");

/** A date is read against the answer's own date: nobody's clock is asked. */
const secondsOf = (headers: Headers): number => {
  const milliseconds = Number(headerOf(headers, "retry-after-ms") || NaN);
  if (milliseconds > 0) return Math.ceil(milliseconds / 1000);
  const after = headerOf(headers, "retry-after").trim();
  const seconds = Number(after || NaN);
  if (!Number.isNaN(seconds)) return Math.max(0, Math.ceil(seconds));
  const wait = Math.ceil((Date.parse(after) - Date.parse(headerOf(headers, "date"))) / 1000);
  return wait > 0 ? wait : 0;
};

export const decodeFailure = (status: number, headers: Headers, body: Buffer): ProviderFailure => {
  const text = body.toString("utf8");
  const seconds = secondsOf(headers);
  return failureFrom(status, text, parseJson(text), Number.isFinite(seconds) ? seconds : 0);
};
