// A provider's own error as a failure of ours: its words and what they mean, for the client to read in its own shape.
// Which failure may be tried elsewhere is decided by who asks.
import { failure, type ErrorCode, type Failure, type FailureKind } from "../errors.ts";
import type { ProviderFailure } from "../protocols/ir.ts";
import type { ReportedError } from "../protocols/pass-through.ts";
import type { RetryHints } from "./retry-after.ts";

/** A refused credential is the gateway's own, never the caller's: no 401 and no 403 of a provider's reaches a client. */
const statusOf = {
  "invalid": 400, "context-too-long": 400, "filtered": 400, "credential": 502, "payment": 402, "forbidden": 502, "not-found": 404, "conflict": 409,
  "too-large": 413, "rate-limited": 429, "overloaded": 503, "timeout": 504, "internal": 502,
} as const satisfies Record<FailureKind, number>;

const codeOf = (kind: FailureKind): ErrorCode => {
  if (kind === "credential" || kind === "forbidden") return "UPSTREAM_CREDENTIAL";
  if (kind === "rate-limited") return "UPSTREAM_RATE_LIMITED";
  return kind === "overloaded" || kind === "timeout" || kind === "internal" ? "UPSTREAM_UNAVAILABLE" : "UPSTREAM_REJECTED";
};

/** An account without money may be another one elsewhere. `meant`: what a status means at this vendor. */
export const codeOfRefusal = (status: number, meant: FailureKind | undefined): ErrorCode => {
  if (meant !== undefined) return meant === "payment" ? "UPSTREAM_UNAVAILABLE" : codeOf(meant);
  if (status === 429) return "UPSTREAM_RATE_LIMITED";
  return status === 402 || status === 408 || status >= 500 ? "UPSTREAM_UNAVAILABLE" : "UPSTREAM_REJECTED";
};

/** Vendors quote the key, masked or not, when they refuse it. */
const KEY = /\b(?:(?:sk|pk|rk|gsk|xai|AIza|AKIA|ASIA)[-_]?[\w*.…-]{6,}|Bearer [^\s"]{6,})/g;

export const redactKeys = (message: string): string => message.replaceAll(KEY, "[redacted]");

/** What a status says where the vendor's own word is one for anything ("server_error", "ValidationException"). */
const finer: Readonly<Record<number, FailureKind>> = { 408: "timeout", 413: "too-large", 429: "rate-limited", 503: "overloaded", 504: "timeout", 529: "overloaded" };

const kindOf = ({ kind, status }: ProviderFailure): FailureKind => (kind === "invalid" || kind === "internal" ? (finer[status] ?? kind) : kind);

/** Keys look like anything: what was sent is known word for word. */
const without = (message: string, secrets: readonly string[]): string => secrets.reduce((text, secret) => text.replaceAll(secret, "[redacted]"), message);

/** `hints`: what its headers say about another try. `secrets`: what the provider was sent to let us in. */
export const toldRefusal = (said: ProviderFailure, { seconds, shouldRetry }: RetryHints, secrets: readonly string[]): Failure => {
  const { status, message, parameter } = said;
  const kind = kindOf(said);
  const code = codeOf(kind);
  const words = failure(code, { upstreamStatus: status });
  const heard = redactKeys(without(message, secrets));
  const both = code === "UPSTREAM_CREDENTIAL" && heard !== "" ? `${words.message} It said: ${heard}` : heard;
  return { ...words, status: statusOf[kind], message: both === "" ? words.message : both, parameter, retryAfterSeconds: seconds, kind, ...(shouldRetry === undefined ? {} : { shouldRetry }) };
};

/** A sentence, to stand behind a colon. */
const asReason = (sentence: string): string => `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`.replace(/\.$/, "");

/** An error inside an answer that had begun well. */
export const toldInAnswer = ({ message, code, kind, retryAfterSeconds, isFoundHere = false }: ReportedError): Failure => {
  if (isFoundHere) return code === "truncated" ? failure("UPSTREAM_TRUNCATED") : failure("UPSTREAM_INVALID", { reason: asReason(message) });
  const words = failure("UPSTREAM_STREAM_ERROR", { reason: redactKeys(message) });
  return kind === undefined ? words : { ...words, status: statusOf[kind], kind, retryAfterSeconds: retryAfterSeconds ?? 0 };
};
