// A failure that a provider of this family reports, in the head or inside a success, and what kind it is.
// Bodies may be anything: an object in many shapes, a list around one, a string, plain text, a page for people.
import { type Json, isObject, parseJson } from "../../wire/json.ts";
import type { FailureKind, ProviderFailure } from "../ir.ts";
import { stringOf } from "../json-members.ts";
import { errorFrom, errorIn } from "../openai-failure.ts";
import type { ReportedError } from "../pass-through.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const byStatus: Readonly<Record<number, FailureKind>> = {
  400: "invalid", 401: "credential", 402: "payment", 403: "forbidden", 404: "not-found", 405: "invalid", 408: "timeout", 409: "conflict",
  413: "too-large", 415: "invalid", 422: "invalid", 424: "internal", 429: "rate-limited", 498: "credential", 503: "overloaded", 504: "timeout",
  522: "timeout", 524: "timeout", 529: "overloaded",
};

const ofStatus = (status: number): FailureKind => byStatus[status] ?? (status >= 500 || status < 400 ? "internal" : "invalid");

/** Words of vendors that say more than their status does; the first that is found counts. */
const words: readonly (readonly [RegExp, FailureKind])[] = [
  [/context_length_exceeded|context length|maximum context|prompt is too long|too many tokens|context_window/i, "context-too-long"],
  [/content_filter|content_policy|data_inspection|DataInspection|ResponsibleAI|moderation_blocked|content management policy/i, "filtered"],
  [/insufficient_quota|insufficient_balance|insufficient balance|Arrearage|billing|insufficient_user_quota|credit balance/i, "payment"],
  [/invalid_api_key|incorrect api key|InvalidApiKey|authentication|unauthorized|no auth credentials/i, "credential"],
  [/rate_limit|rate limit|Throttling|too_many_requests|RateLimitReached|RPM limit|TPM limit/i, "rate-limited"],
  [/model_not_found|DeploymentNotFound|ModelNotFound/i, "not-found"],
  [/overloaded|insufficient_system_resource|ModelUnavailable|no available|capacity|unavailable/i, "overloaded"],
  [/timeout|timed out/i, "timeout"],
  [/invalid_request|tool_use_failed|invalid_parameter|InvalidParameter/i, "invalid"],
];

/** Which words may correct which status: a rate is not guessed from the text of a bad request. */
const corrections: Readonly<Record<number, readonly FailureKind[]>> = {
  0: ["context-too-long", "filtered", "payment", "credential", "rate-limited", "not-found", "overloaded", "timeout", "invalid"],
  400: ["context-too-long", "filtered", "payment", "credential", "not-found"],
  403: ["payment", "filtered"],
  413: ["context-too-long"],
  422: ["context-too-long", "filtered"],
  429: ["payment", "overloaded"],
  500: ["overloaded"],
};

const kindOf = (status: number, { message, type, code }: ReportedError): FailureKind => {
  const allowed = corrections[status] ?? [];
  const text = `${code} ${type} ${message}`;
  return words.find(([pattern, kind]) => allowed.includes(kind) && pattern.test(text))?.[1] ?? ofStatus(status);
};

/** OpenRouter and Perplexity put the status where others have a word. */
const statusIn = (code: string): number => (/^[45]\d\d$/.test(code) ? Number(code) : 0);

const parameterIn = (document: Json | undefined): string => {
  const inner = Array.isArray(document) ? document[0] : document;
  const error = isObject(inner) ? inner["error"] : undefined;
  return isObject(error) ? stringOf(error["param"]) : "";
};

const PAGE = /^\s*</;

const asFailure = (status: number, error: ReportedError, parameter: string, retryAfterSeconds: number): ProviderFailure => {
  const known = status === 0 ? statusIn(error.code) : status;
  const message = PAGE.test(error.message) ? "" : error.message;
  return { kind: kindOf(known, { ...error, message }), status, message, type: error.type, code: error.code, parameter, retryAfterSeconds };
};

/** Inside an answer that began as a success. Null when the document is no error. */
export const failureIn = (document: Json | undefined): ProviderFailure | null => {
  const error = errorIn(document);
  return error === null ? null : asFailure(0, error, parameterIn(document), 0);
};

/** Of data that were called an error, whatever their shape. */
export const failureFrom = (text: string, document: Json | undefined): ProviderFailure => asFailure(0, errorFrom(text, document), parameterIn(document), 0);

export const faultOf = (code: string, message: string): ProviderFailure => asFailure(0, { message, type: "", code }, "", 0);

const headerOf = (headers: Headers, name: string): string => {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
};

const SECONDS_MAX = 86_400;
const secondsOf = (text: string, unit: number): number => (/^\d+(?:\.\d+)?$/.test(text.trim()) ? Math.min(SECONDS_MAX, Math.ceil(Number(text) * unit)) : 0);

/** A date counts from the provider's own clock, as it tells it. */
const untilDate = (text: string, now: string): number => {
  const seconds = Math.ceil((Date.parse(text) - Date.parse(now)) / 1000);
  return Number.isFinite(seconds) ? Math.min(SECONDS_MAX, Math.max(0, seconds)) : 0;
};

const retryAfterIn = (headers: Headers): number => {
  const after = headerOf(headers, "retry-after");
  return secondsOf(headerOf(headers, "retry-after-ms"), 1 / 1000) || secondsOf(after, 1) || untilDate(after, headerOf(headers, "date"));
};

const NOTHING: ReportedError = { message: "", type: "", code: "" };

/** Nothing, where values are nested deeper than the stack goes. */
const errorOf = (text: string, document: Json | undefined): ReportedError => {
  try {
    return text.trim() === "" ? NOTHING : errorFrom(text, Array.isArray(document) && document.length === 1 ? document[0] : document);
  } catch {
    return NOTHING;
  }
};

export const decodeFailure = (status: number, headers: Headers, body: Buffer): ProviderFailure => {
  const text = body.toString("utf8");
  const document = parseJson(text);
  return asFailure(status, errorOf(text, document), parameterIn(document), retryAfterIn(headers));
};
