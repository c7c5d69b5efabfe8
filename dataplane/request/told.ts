// A provider's own error as a failure of ours: its words and what they mean, for the client to read in its own shape.
// Which failure may be tried elsewhere is decided by who asks.
import { failure, type ErrorCode, type Failure, type FailureKind } from "../errors.ts";
import type { ProviderFailure } from "../protocols/ir.ts";
import type { ReportedError } from "../protocols/pass-through.ts";

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

/** Vendors quote the key, masked or not, when they refuse it. */
const KEY = /\b(?:sk|pk|rk|gsk|xai|key|AIza|AKIA|ASIA|Bearer)[-_ ]?[\w*.…-]{6,}/g;

export const redactKeys = (message: string): string => message.replaceAll(KEY, "[redacted]");

export const toldRefusal = ({ kind, status, message, parameter, retryAfterSeconds }: ProviderFailure): Failure => {
  const code = codeOf(kind);
  const words = failure(code, { upstreamStatus: status });
  const said = redactKeys(message);
  const both = code === "UPSTREAM_CREDENTIAL" && said !== "" ? `${words.message} It said: ${said}` : said;
  return { ...words, status: statusOf[kind], message: both === "" ? words.message : both, parameter, retryAfterSeconds, kind };
};

/** An error inside an answer that had begun well. */
export const toldInAnswer = ({ message, kind, retryAfterSeconds }: ReportedError): Failure => {
  const words = failure("UPSTREAM_STREAM_ERROR", { reason: redactKeys(message) });
  return kind === undefined ? words : { ...words, status: statusOf[kind], kind, retryAfterSeconds: retryAfterSeconds ?? 0 };
};
