// Failures in Amazon's shape: ours written, and a provider's read, whatever its body is. What kind it is stands in a header,
// and inside a stream in the headers of a frame.
import type { Failure, FailureKind } from "../../errors.ts";
import type { ProviderFailure } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";
import { parseJson } from "../../wire/json.ts";
import { type Headers, wordIn } from "../../wire/aws-event-headers.ts";
import { isMembers, lookUp, numberOf } from "./members.ts";

export const TYPE_HEADER = "x-amzn-errortype";

const typeByKind = {
  invalid: "ValidationException",
  "context-too-long": "ValidationException",
  filtered: "ValidationException",
  "too-large": "ValidationException",
  credential: "AccessDeniedException",
  forbidden: "AccessDeniedException",
  payment: "ServiceQuotaExceededException",
  "not-found": "ResourceNotFoundException",
  conflict: "ConflictException",
  "rate-limited": "ThrottlingException",
  overloaded: "ServiceUnavailableException",
  timeout: "ModelTimeoutException",
  internal: "InternalServerException",
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
  424: "internal",
  429: "rate-limited",
  503: "overloaded",
  504: "timeout",
};

const kindOfStatus = (status: number): FailureKind => kindByStatus[status] ?? (status >= 400 && status < 500 ? "invalid" : "internal");

const SERVER_FAULT = 500;

/** The gateway's own credential at a provider is no fault of the caller's. */
const kindOfOurs = ({ kind, status }: Failure): FailureKind => {
  const said = kind ?? kindOfStatus(status);
  return status >= SERVER_FAULT && (said === "credential" || said === "forbidden") ? "internal" : said;
};

export const typeOf = (failure: Failure): string => typeByKind[kindOfOurs(failure)];

/** The type stands in the body too, for whoever has no headers. Our code stands beside it. */
export const encodeFailure = (failure: Failure): string => JSON.stringify({ message: failure.message, __type: typeOf(failure), errorCode: failure.code });

/** Streams know fewer types. */
const streamTypes: Readonly<Record<string, string>> = {
  ValidationException: "validationException",
  ResourceNotFoundException: "validationException",
  ConflictException: "validationException",
  AccessDeniedException: "validationException",
  ServiceQuotaExceededException: "throttlingException",
  ThrottlingException: "throttlingException",
  ServiceUnavailableException: "serviceUnavailableException",
  ModelTimeoutException: "modelStreamErrorException",
};

/** What broke upstream is the model's stream; the rest is our own fault. */
export const streamTypeOf = (failure: Failure): string => streamTypes[typeOf(failure)] ?? (failure.code === "INTERNAL" ? "internalServerException" : "modelStreamErrorException");

export const streamFailureBody = ({ message, code, status }: Failure): string => JSON.stringify({ message, originalStatusCode: status, originalMessage: message, errorCode: code });

const kindByType: Readonly<Record<string, FailureKind>> = {
  ValidationException: "invalid",
  BadRequestException: "invalid",
  SerializationException: "invalid",
  AccessDeniedException: "forbidden",
  NotAuthorized: "forbidden",
  UnrecognizedClientException: "credential",
  InvalidSignatureException: "credential",
  IncompleteSignatureException: "credential",
  SignatureDoesNotMatch: "credential",
  ExpiredTokenException: "credential",
  ExpiredToken: "credential",
  InvalidClientTokenId: "credential",
  MissingAuthenticationTokenException: "credential",
  MissingAuthenticationToken: "credential",
  ServiceQuotaExceededException: "payment",
  ResourceNotFoundException: "not-found",
  ConflictException: "conflict",
  RequestEntityTooLargeException: "too-large",
  ThrottlingException: "rate-limited",
  TooManyRequestsException: "rate-limited",
  ModelNotReadyException: "rate-limited",
  ServiceUnavailableException: "overloaded",
  ModelTimeoutException: "timeout",
  ModelErrorException: "internal",
  ModelStreamErrorException: "internal",
  InternalServerException: "internal",
  InternalFailure: "internal",
};

const TOO_LONG = /(?:input|prompt|request) is too long|exceeds? .{0,40}(?:context|token|maximum length)|context (?:window|length|limit)|too many (?:input )?tokens|maximum (?:number of )?(?:input )?tokens/i;
const NO_MODEL = /model identifier is invalid|model .{0,80}(?:not found|does not exist)/i;
const FILTERED = /content filter|blocked by/i;

const TOO_LARGE = 413;

const kindOf = (status: number, type: string, message: string): FailureKind => {
  const kind = lookUp(kindByType, type) ?? kindOfStatus(status);
  if (kind !== "invalid") return kind;
  // The type is one for anything that is wrong with a request.
  if (status === TOO_LARGE) return "too-large";
  if (TOO_LONG.test(message)) return "context-too-long";
  if (NO_MODEL.test(message)) return "not-found";
  return FILTERED.test(message) ? "filtered" : "invalid";
};

const MARKUP = /^\s*<(?:!doctype|html|\?xml|head|body)/i;

/** "com.amazon.coral.service#ThrottlingException", or with a suffix behind a colon; in streams it begins with a small letter. */
const bareType = (word: string): string => {
  const bare = (word.split(":")[0] ?? "").split("#").at(-1)?.trim() ?? "";
  return bare.slice(0, 1).toUpperCase() + bare.slice(1);
};

const messageIn = (document: JsonObject): string => stringOf(document["message"]) || stringOf(document["Message"]) || stringOf(document["originalMessage"]);

const typeIn = (document: JsonObject): string => stringOf(document["__type"]) || stringOf(document["code"]) || stringOf(document["Code"]);

/** `said`: the type as a header named it, "" for none. Markup is nobody's message. */
export const failureFrom = (status: number, said: string, text: string, retryAfterSeconds = 0): ProviderFailure => {
  const document = parseJson(text);
  const members = isMembers(document) ? document : {};
  const type = bareType(said || typeIn(members));
  const plain = document === undefined && !MARKUP.test(text) ? text.trim() : stringOf(document);
  const message = messageIn(members) || plain || (type === "" ? `The provider answered with status ${status} and no message.` : `The provider answered with ${type} and no message.`);
  return { kind: kindOf(status, type, message), status, message, type, code: stringOf(members["errorCode"]), parameter: "", retryAfterSeconds };
};

/** Of a frame; null when it is no failure. What the model's own server answered tells more than that its stream failed. */
export const failureInFrame = (headers: Headers, payload: string): ProviderFailure | null => {
  const kind = wordIn(headers, ":message-type");
  if (kind === "error") {
    const message = wordIn(headers, ":error-message");
    return failureFrom(0, wordIn(headers, ":error-code"), message === "" ? payload : JSON.stringify({ message }));
  }
  if (kind !== "exception") return null;
  const failure = failureFrom(0, wordIn(headers, ":exception-type"), payload);
  const document = parseJson(payload);
  const original = isMembers(document) ? (numberOf(document["originalStatusCode"]) ?? 0) : 0;
  return failure.kind === "internal" && original >= 400 ? { ...failure, kind: kindOfStatus(original) } : failure;
};

type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

const secondsOf = (headers: HttpHeaders): number => {
  const seconds = Number(String(headers["retry-after"] ?? "").trim() || NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : 0;
};

export const decodeFailure = (status: number, headers: HttpHeaders, body: Buffer): ProviderFailure => failureFrom(status, String(headers[TYPE_HEADER] ?? ""), body.toString("utf8"), secondsOf(headers));
