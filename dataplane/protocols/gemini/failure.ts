// Failures in Google's shape: ours written, and a provider's read, whatever its body is: an object, a list around one, a page
// for people, another vendor's shape behind the same cloud. It knows no stream; inside one an error is the same document.
import type { Failure, FailureKind } from "../../errors.ts";
import type { ProviderFailure } from "../ir.ts";
import { type JsonObject, objectsIn, stringOf } from "../json-members.ts";
import { errorFrom } from "../openai-failure.ts";
import { type Json, parseJson } from "../../wire/json.ts";
import { isMembers, lookUp, membersOf } from "./members.ts";

const words = {
  invalid: "INVALID_ARGUMENT",
  "context-too-long": "INVALID_ARGUMENT",
  filtered: "INVALID_ARGUMENT",
  credential: "UNAUTHENTICATED",
  payment: "RESOURCE_EXHAUSTED",
  forbidden: "PERMISSION_DENIED",
  "not-found": "NOT_FOUND",
  conflict: "ABORTED",
  "too-large": "INVALID_ARGUMENT",
  "rate-limited": "RESOURCE_EXHAUSTED",
  overloaded: "UNAVAILABLE",
  timeout: "DEADLINE_EXCEEDED",
  internal: "INTERNAL",
} as const satisfies Record<FailureKind, string>;

const kindByStatus: Readonly<Record<number, FailureKind>> = {
  400: "invalid", 401: "credential", 402: "payment", 403: "forbidden", 404: "not-found", 408: "timeout", 409: "conflict", 413: "too-large", 422: "invalid", 429: "rate-limited",
  499: "internal", 503: "overloaded", 504: "timeout", 522: "timeout", 524: "timeout", 529: "overloaded",
};
const kindOfStatus = (status: number): FailureKind => kindByStatus[status] ?? (status >= 400 && status < 500 ? "invalid" : "internal");

const RPC = "type.googleapis.com/google.rpc.";

const detailsOf = ({ code, parameter, message, retryAfterSeconds }: Failure): JsonObject[] => [
  { "@type": `${RPC}ErrorInfo`, reason: code, domain: "llm-gateway" },
  ...(parameter === "" ? [] : [{ "@type": `${RPC}BadRequest`, fieldViolations: [{ field: parameter, description: message }] }]),
  ...(retryAfterSeconds > 0 ? [{ "@type": `${RPC}RetryInfo`, retryDelay: `${retryAfterSeconds}s` }] : []),
];

/** The value of `error`. */
export const failureBody = (failure: Failure): JsonObject => ({
  code: failure.status,
  message: failure.message,
  status: words[failure.kind ?? kindOfStatus(failure.status)],
  details: detailsOf(failure),
});

export const encodeFailure = (failure: Failure): string => JSON.stringify({ error: failureBody(failure) });

const kindByWord: Readonly<Record<string, FailureKind>> = {
  INVALID_ARGUMENT: "invalid", FAILED_PRECONDITION: "invalid", OUT_OF_RANGE: "invalid", UNAUTHENTICATED: "credential", PERMISSION_DENIED: "forbidden", NOT_FOUND: "not-found",
  ABORTED: "conflict", ALREADY_EXISTS: "conflict", RESOURCE_EXHAUSTED: "rate-limited", UNAVAILABLE: "overloaded", DEADLINE_EXCEEDED: "timeout", INTERNAL: "internal", UNKNOWN: "internal",
  CANCELLED: "internal", UNIMPLEMENTED: "invalid", DATA_LOSS: "internal",
  // Of Anthropic's models on the same cloud.
  invalid_request_error: "invalid", authentication_error: "credential", permission_error: "forbidden", not_found_error: "not-found", rate_limit_error: "rate-limited",
  overloaded_error: "overloaded", api_error: "internal",
};

/** Said more exactly than by the status: a bad key comes with 400. */
const kindByReason: Readonly<Record<string, FailureKind>> = {
  API_KEY_INVALID: "credential", API_KEY_EXPIRED: "credential", ACCESS_TOKEN_EXPIRED: "credential", CREDENTIALS_MISSING: "credential", API_KEY_SERVICE_BLOCKED: "forbidden",
  SERVICE_DISABLED: "forbidden", CONSUMER_SUSPENDED: "forbidden", BILLING_DISABLED: "payment", RATE_LIMIT_EXCEEDED: "rate-limited", MODEL_OVERLOADED: "overloaded",
};

const TOO_LONG = /input token count.{0,40}exceeds|exceeds the maximum number of (?:input )?tokens|context (?:window|length|limit)|input is too long/i;
/** Of bytes, which Google has with one status or the other. */
const TOO_LARGE = /request payload size exceeds/i;
const BAD_KEY = /api key (?:not valid|expired|not found)/i;
const OVERLOADED = /overloaded/i;

const finerKind = (kind: FailureKind, status: number, message: string): FailureKind => {
  if (kind === "invalid" && (kindOfStatus(status) === "too-large" || TOO_LARGE.test(message))) return "too-large";
  if (kind === "invalid" && TOO_LONG.test(message)) return "context-too-long";
  if (kind === "invalid" && BAD_KEY.test(message)) return "credential";
  return kind === "internal" && OVERLOADED.test(message) ? "overloaded" : kind;
};

const detailOf = (error: JsonObject, type: string): JsonObject => objectsIn(error["details"]).find((detail) => stringOf(detail["@type"]).endsWith(type)) ?? {};

const SECONDS_MAX = 86_400;
const bounded = (seconds: number): number => (seconds > 0 ? Math.min(SECONDS_MAX, Math.ceil(seconds)) : 0);

/** "12s", "0.5s". */
const delayIn = (error: JsonObject): number => {
  const delay = detailOf(error, "RetryInfo")["retryDelay"];
  if (isMembers(delay)) return bounded(Number(delay["seconds"] ?? 0));
  return bounded(Number(/^(\d+(?:\.\d+)?)s$/.exec(stringOf(delay))?.[1] ?? 0));
};

const parameterIn = (error: JsonObject): string => stringOf(objectsIn(detailOf(error, "BadRequest")["fieldViolations"])[0]?.["field"]);

const MARKUP = /^\s*<(?:!doctype|html|\?xml|head|body)/i;

const errorOf = (document: Json | undefined): JsonObject => {
  const inner = Array.isArray(document) ? document.find((one) => isMembers(one) && isMembers(one["error"])) : document;
  return membersOf(membersOf(inner)["error"]);
};

const statusIn = ({ code }: JsonObject): number => (typeof code === "number" && code >= 400 && code < 600 ? code : 0);

const kindOf = (known: number, word: string, reason: string, message: string): FailureKind => {
  const kind = lookUp(kindByReason, reason) ?? (known === 0 ? (lookUp(kindByWord, word) ?? "internal") : (lookUp(kindByWord, word) ?? kindOfStatus(known)));
  return finerKind(kind, known, message);
};

/** `document`: the body when it is JSON. `status` 0: inside an answer that had begun well. Markup is nobody's message. */
export const failureFrom = (status: number, text: string, document: Json | undefined, retryAfterSeconds = 0): ProviderFailure => {
  const error = errorOf(document);
  const isSaid = document !== undefined || (text.trim() !== "" && !MARKUP.test(text));
  const said = isSaid ? errorFrom(text, Array.isArray(document) ? (document[0] ?? document) : document) : { message: "", type: "", code: "" };
  const reason = stringOf(detailOf(error, "ErrorInfo")["reason"]);
  const word = stringOf(error["status"]) || said.type;
  const known = status === 0 ? statusIn(error) : status;
  const message = said.message === "" ? `The provider answered with status ${known} and no message.` : said.message;
  return { kind: kindOf(known, word, reason, message), status, message, type: word, code: reason || said.code, parameter: parameterIn(error), retryAfterSeconds: delayIn(error) || retryAfterSeconds };
};

/** Null when the document is no error; `"error": null` is none. */
export const failureIn = (document: JsonObject): ProviderFailure | null => {
  const error = document["error"];
  if (error === undefined || error === null || error === false || error === "") return null;
  return failureFrom(0, "", document);
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const headerOf = (headers: Headers, name: string): string => {
  const value = headers[name];
  return ((Array.isArray(value) ? value[0] : value) ?? "").trim();
};

/** A date is read against the answer's own date: nobody's clock is asked. */
const secondsOf = (headers: Headers): number => {
  const after = headerOf(headers, "retry-after");
  if (/^\d+(?:\.\d+)?$/.test(after)) return bounded(Number(after));
  return bounded((Date.parse(after) - Date.parse(headerOf(headers, "date"))) / 1000);
};

export const decodeFailure = (status: number, headers: Headers, body: Buffer): ProviderFailure => {
  const text = body.toString("utf8");
  return failureFrom(status, text, parseJson(text), secondsOf(headers));
};
