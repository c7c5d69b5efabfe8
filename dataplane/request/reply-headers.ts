// Which of the provider's headers reach the client: those named here, and nothing else. Cookies, server names and
// internal hosts stay with us; rate limits and ids of the provider are kept under names that say whose they are.
import { headHeaders } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { failure, type ErrorCode } from "../errors.ts";
import { requestIdHeaders, tellsLimit, type RateLimits } from "../providers/rate-limits.ts";
import { isObject, parseJson } from "../wire/json.ts";

type Headers = Record<string, string | string[] | undefined>;

const passed: ReadonlySet<string> = new Set([
  "content-type", "content-disposition", "cache-control", "retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms", "openai-version", "openai-model",
  // Amazon's SDKs read the kind of a failure nowhere else.
  "x-amzn-errortype",
]);

const PREFIX = "x-llmgw-upstream-";

/** Of a stream less may be passed on (no second terminator), or more (an error of ours). */
export const NO_LENGTH = -2;

/** `length` -1: not known; then the upstream's own is used if its bytes pass unchanged. */
export const replyHeaders = (exchange: Exchange, upstream: Headers, rateLimits: RateLimits, length: number, contentType?: string): string[] => {
  const headers = headHeaders(exchange);
  if (contentType !== undefined) headers.push("content-type", contentType);
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined) continue;
    if (passed.has(name)) {
      if (name !== "content-type" || contentType === undefined) headers.push(name, String(value));
    } else if (requestIdHeaders.has(name) || tellsLimit(name, rateLimits)) {
      headers.push(PREFIX + (name.startsWith("x-") ? name.slice(2) : name), String(value));
    }
  }
  const known = length >= 0 ? String(length) : length === NO_LENGTH ? undefined : lengthOf(upstream);
  if (known !== undefined && exchange.status !== 204) headers.push("content-length", known);
  return headers;
};

const lengthOf = (upstream: Headers): string | undefined => {
  if (upstream["content-encoding"] !== undefined && upstream["content-encoding"] !== "identity") return undefined;
  const length = upstream["content-length"];
  return typeof length === "string" ? length : undefined;
};

/** A refusal of the provider's as it is, if it is JSON; a web page or nothing becomes one in the client's own shape. */
export const errorBody = (exchange: Exchange, body: Buffer, code: ErrorCode): Buffer => {
  const first = body.toString("latin1", 0, 64).trimStart()[0];
  if (first === "{") return body;
  // Google's compatible surfaces put it in a list, which only those read whose streams are lists.
  if (first === "[") return exchange.protocol.isStream("application/json", true) ? body : onlyObjectIn(body);
  const status = exchange.upstreamStatus;
  const words = failure(code, { upstreamStatus: status });
  return Buffer.from(exchange.protocol.encodeFailure({ ...words, status }));
};

/** As it stands there, byte for byte; a list that is not one of a single object stays. */
const onlyObjectIn = (body: Buffer): Buffer => {
  const inner = body.subarray(body.indexOf("{"), body.lastIndexOf("}") + 1);
  return isObject(parseJson(inner.toString("utf8"))) ? inner : body;
};
