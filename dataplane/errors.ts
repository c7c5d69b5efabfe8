// The error catalogue: every way in which the gateway itself says no, with its status and its words.
// It does not know protocols; `protocols/` gives a failure the client's own shape.

interface Row {
  status: number;
  /** Whether the same request may succeed when sent again. */
  isRetryable: boolean;
  /** What happened and what to do. {name} is filled in from the failure's details. */
  message: string;
}

export const catalogue = {
  ACCEPT_BAD_REQUEST: { status: 400, isRetryable: false, message: "The HTTP request could not be read: {reason}. Send a well-formed HTTP/1.1 request." },
  ACCEPT_PLAIN_HTTP: { status: 400, isRetryable: false, message: "This port speaks HTTPS, and was sent plain HTTP. Begin the base URL with https://." },
  ACCEPT_TIMEOUT: { status: 408, isRetryable: true, message: "The request did not arrive within {seconds} s. Send it again; if it is large, check the connection." },
  ACCEPT_LENGTH_MISMATCH: { status: 400, isRetryable: true, message: "The connection ended before the whole request body arrived. Send it again." },
  ACCEPT_BODY_TOO_LARGE: { status: 413, isRetryable: false, message: "The request body is larger than {bytesMax} bytes, the limit of this gateway. Send less, or ask its operator to raise {setting}." },
  ACCEPT_HEADERS_TOO_LARGE: { status: 431, isRetryable: false, message: "The request's headers are more than this gateway takes ({limit}). Send fewer or smaller headers." },
  ACCEPT_CONTENT_TYPE: { status: 415, isRetryable: false, message: "This endpoint takes {expected}, not {actual}. Set the content-type header accordingly." },
  ACCEPT_CONTENT_ENCODING: { status: 415, isRetryable: false, message: "Request bodies must not be compressed; content-encoding was {actual}. Send the body as it is." },
  ACCEPT_METHOD: { status: 405, isRetryable: false, message: "{method} is not possible on {path}. Use {allowed}." },
  ACCEPT_EXPECTATION: { status: 417, isRetryable: false, message: "The expectation {actual} is not supported. Send 100-continue or no expect header." },
  ACCEPT_NO_ENDPOINT: { status: 404, isRetryable: false, message: "There is no endpoint at {path}. {hint}" },
  AUTH_MISSING: { status: 401, isRetryable: false, message: "No API key was sent. Send one as \"Authorization: Bearer KEY\", \"x-api-key: KEY\", \"x-goog-api-key: KEY\", \"api-key: KEY\" or \"?key=KEY\"." },
  AUTH_INVALID: { status: 401, isRetryable: false, message: "The API key is not known to this gateway. Check it, or ask the gateway's operator for one." },
  AUTH_EXPIRED: { status: 401, isRetryable: false, message: "The API key has expired. Ask the gateway's operator for a new one." },
  REQUEST_INVALID_JSON: { status: 400, isRetryable: false, message: "The request body is not a JSON object: {reason}. Send one JSON object." },
  REQUEST_INVALID_MULTIPART: { status: 400, isRetryable: false, message: "The multipart body could not be read: {reason}. Send it as multipart/form-data with a boundary." },
  REQUEST_MODEL_MISSING: { status: 400, isRetryable: false, message: "The request names no model. Set \"model\" to one of the names that GET /v1/models lists." },
  REQUEST_MODEL_INVALID: { status: 400, isRetryable: false, message: "\"model\" must be a non-empty string of at most 256 characters." },
  REQUEST_INVALID: { status: 400, isRetryable: false, message: "The request could not be understood: {problem}" },
  REQUEST_NOT_EXPRESSIBLE: { status: 422, isRetryable: false, message: "The provider behind this model speaks {protocol}, which cannot carry {paths}. Leave it out, ask for another model, or have the owner of the route {route} set onLoss: Allow, which sends the rest." },
  REQUEST_NOT_ANSWERABLE: { status: 422, isRetryable: false, message: "The provider behind this model cannot be asked this: {problem}" },
  REQUEST_MEDIA_UNREACHABLE: { status: 400, isRetryable: false, message: "The provider behind this model takes only bytes, and the gateway could not fetch the URL at {path}: {reason}. Send the bytes as a data URL, or an address that the gateway may fetch." },
  ROUTE_FORBIDDEN: { status: 403, isRetryable: false, message: "The model \"{model}\" exists, but this caller may not use it. Ask the owner of the route for access." },
  ROUTE_MODEL_NOT_FOUND: { status: 404, isRetryable: false, message: "No route serves the model \"{model}\".{hint} GET /v1/models lists what there is." },
  ROUTE_NO_PROVIDER: { status: 404, isRetryable: false, message: "No route of this caller leads to a provider that offers {operation}. Name one with the header x-llmgw-route, or add one." },
  ROUTE_NO_TARGET: { status: 503, isRetryable: true, message: "The route {route} has no target that can be used for {operation}. Its status says why; ask its owner." },
  ADMIT_OVERLOADED: { status: 503, isRetryable: true, message: "This gateway process is at its limit ({reason}). Try again shortly." },
  ADMIT_NO_SNAPSHOT: { status: 503, isRetryable: true, message: "This gateway has not received its configuration yet. Try again shortly." },
  UPSTREAM_CONNECT: { status: 502, isRetryable: true, message: "The provider could not be reached ({reason}). It is not the request's fault; try again." },
  UPSTREAM_ADDRESS_REFUSED: { status: 502, isRetryable: false, message: "The provider's address may not be dialled from here: {reason}. The provider's owner must correct its endpoint, or set network: Private and have the range allowed." },
  UPSTREAM_RESET: { status: 502, isRetryable: true, message: "The provider broke the connection before it answered. Try again." },
  UPSTREAM_INVALID: { status: 502, isRetryable: true, message: "The provider's answer was not usable: {reason}." },
  UPSTREAM_REDIRECT: { status: 502, isRetryable: false, message: "The provider answered with a redirect ({upstreamStatus}), which this gateway never follows. The provider's owner must correct its endpoint." },
  UPSTREAM_CREDENTIAL: { status: 502, isRetryable: false, message: "The provider refused the gateway's own credential ({upstreamStatus}). The caller's key is not at fault; the provider's owner must renew the credential." },
  UPSTREAM_CREDENTIAL_UNAVAILABLE: { status: 502, isRetryable: true, message: "The gateway has no credential for the provider at the moment: {reason}. The caller's key is not at fault; the provider's owner must correct its auth." },
  UPSTREAM_TRUNCATED: { status: 502, isRetryable: true, message: "The provider's answer broke off before its end. What arrived so far is incomplete." },
  UPSTREAM_STREAM_ERROR: { status: 502, isRetryable: true, message: "The provider reported an error inside its stream: {reason}" },
  UPSTREAM_EVENT_TOO_LARGE: { status: 502, isRetryable: false, message: "An event of the provider's stream was larger than {bytesMax} bytes." },
  UPSTREAM_RATE_LIMITED: { status: 429, isRetryable: true, message: "The provider limits the rate of requests ({upstreamStatus}). Wait as long as Retry-After says, then try again." },
  UPSTREAM_UNAVAILABLE: { status: 502, isRetryable: true, message: "The provider failed to answer ({upstreamStatus}). Try again." },
  UPSTREAM_REJECTED: { status: 400, isRetryable: false, message: "The provider rejected the request ({upstreamStatus}) without saying why. Check it against the provider's documentation." },
  UPSTREAM_BUSY: { status: 503, isRetryable: true, message: "All connections to the provider are in use and the queue is full. Try again shortly." },
  TIMEOUT_CONNECT: { status: 504, isRetryable: true, message: "The provider did not accept a connection within {seconds} s. Try again." },
  TIMEOUT_HEADERS: { status: 504, isRetryable: true, message: "The provider did not begin to answer within {seconds} s. Try again." },
  TIMEOUT_FIRST_TOKEN: { status: 504, isRetryable: true, message: "The provider sent no first token within {seconds} s. Try again." },
  TIMEOUT_IDLE: { status: 504, isRetryable: true, message: "The provider's answer stood still for {seconds} s." },
  TIMEOUT_TOTAL: { status: 504, isRetryable: true, message: "The request took longer than {seconds} s in all, its limit." },
  INTERNAL: { status: 500, isRetryable: true, message: "The gateway made a mistake of its own. Its log has the details under this request id." },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof catalogue;
export type Details = Readonly<Record<string, string | number>>;

/** What a failure is, for protocols that have a word of their own for it. */
export type FailureKind =
  | "invalid" | "context-too-long" | "filtered" | "credential" | "payment" | "forbidden" | "not-found" | "conflict"
  | "too-large" | "rate-limited" | "overloaded" | "timeout" | "internal";

export interface Failure {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  /** The parameter of the request that is at fault, "" for none. */
  readonly parameter: string;
  /** Seconds for Retry-After, 0 for none. */
  readonly retryAfterSeconds: number;
  /** Absent: what the status says. */
  readonly kind?: FailureKind;
  /** Whether the client shall send it again, where the provider said so; its SDK obeys. */
  readonly shouldRetry?: boolean;
}

const NONE: Details = {};

export const failure = (code: ErrorCode, details: Details = NONE, parameter = "", retryAfterSeconds = 0): Failure => {
  const row: Row = catalogue[code];
  const message = row.message.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? ""));
  return { code, status: row.status, message: message.trim(), parameter, retryAfterSeconds };
};
