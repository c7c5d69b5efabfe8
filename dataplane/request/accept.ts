// Step 1: an id, limits on size and kind, the raw bytes, and an ear for the client's leaving.
// It does not look into the body.
import type { IncomingMessage } from "node:http";
import { failure, type Failure } from "../errors.ts";
import type { Settings } from "../snapshot/schema.ts";
import type { Exchange, Waiting } from "./exchange.ts";
import { HeldBytes } from "../wire/held-bytes.ts";
import { TopLevelReader } from "../wire/json-top-level.ts";
import { boundaryOf } from "../wire/multipart.ts";
import type { WholeBody } from "./client.ts";
import { Upload } from "./upload.ts";

/** What may stand in a header, a log line and a URL without harm. */
const ID_PATTERN = /^[\w.:@=+/~-]{1,128}$/;

const NO_BYTES = Buffer.alloc(0);

let idCount = 0;

export const accept = (exchange: Exchange, idPrefix: string): Failure | null => {
  const { router } = exchange;
  exchange.id = `${idPrefix}${(idCount++).toString(36)}`;
  splitUrl(exchange);
  if (router === null) return failure("ADMIT_NO_SNAPSHOT", {}, "", 1);
  return readHeaders(exchange, router.settings) ?? checkBodyKind(exchange);
};

const splitUrl = (exchange: Exchange): void => {
  // A whole URL is what a proxy is asked for; its host, and a password in it, are nobody's business from here on.
  if (!exchange.path.startsWith("/")) exchange.path = exchange.path.replace(/^\w+:\/\/[^/?#]*/, "");
  const url = exchange.path;
  const mark = url.indexOf("?");
  if (mark === -1) return;
  exchange.path = url.slice(0, mark);
  const [query = ""] = url.slice(mark + 1).split("#", 1);
  const kept = query.split("&").filter((pair) => pair !== "" && !pair.startsWith("key="));
  exchange.query = kept.length === 0 ? "" : `?${kept.join("&")}`;
};

// One pass over the raw headers: the limits, what this step needs, and what may go on to a provider. Everything that
// is not named here stays with us: cookies, credentials, hop-by-hop headers and whatever else a client sends.
const readHeaders = (exchange: Exchange, { limits }: Settings): Failure | null => {
  const headers = exchange.request.rawHeaders;
  if (headers.length > limits.headerCountMax * 2) return failure("ACCEPT_HEADERS_TOO_LARGE", { limit: `${limits.headerCountMax} headers` });
  let bytes = 0;
  let hasHost = false;
  let expectation = "";
  let encoding = "";
  let traceparent: string | undefined;
  let tracestate: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    const value = headers[index + 1] as string;
    bytes += name.length + value.length + 4;
    switch (name.length) {
      case 4:
        if (isHeader(name, "host")) hasHost = true;
        break;
      case 6:
        if (isHeader(name, "accept")) exchange.forwarded.push("accept", value);
        else if (isHeader(name, "expect")) expectation = value;
        break;
      case 10:
        if (isHeader(name, "tracestate")) tracestate = value;
        break;
      case 11:
        if (isHeader(name, "traceparent")) traceparent = value;
        else if (isHeader(name, "openai-beta")) exchange.forwarded.push("openai-beta", value);
        break;
      case 12:
        if (isHeader(name, "content-type")) exchange.contentType = value;
        else if (isHeader(name, "x-request-id") && ID_PATTERN.test(value)) exchange.id = value;
        break;
      case 14:
        if (isHeader(name, "content-length")) exchange.announcedBytes = Number(value);
        else if (isHeader(name, "anthropic-beta")) exchange.forwarded.push("anthropic-beta", value);
        break;
      case 15:
        if (isHeader(name, "idempotency-key")) exchange.forwarded.push("idempotency-key", value);
        break;
      case 17:
        if (isHeader(name, "anthropic-version")) exchange.forwarded.push("anthropic-version", value);
        break;
      case 16:
        if (isHeader(name, "content-encoding")) encoding = value;
        break;
      default:
    }
  }
  exchange.trace = exchange.gateway.telemetry.trace.begin(traceparent, tracestate);
  if (bytes > limits.headerBytesMax) return failure("ACCEPT_HEADERS_TOO_LARGE", { limit: `${limits.headerBytesMax} bytes` });
  if (!hasHost && exchange.request.httpVersionMinor === 1) return failure("ACCEPT_BAD_REQUEST", { reason: "it has no host header" });
  if (expectation !== "" && expectation.toLowerCase() !== "100-continue") return failure("ACCEPT_EXPECTATION", { actual: expectation });
  if (encoding !== "" && encoding.toLowerCase() !== "identity") return failure("ACCEPT_CONTENT_ENCODING", { actual: encoding });
  return null;
};

const isHeader = (name: string, lowerCase: string): boolean => name === lowerCase || name.toLowerCase() === lowerCase;

const checkBodyKind = (exchange: Exchange): Failure | null => {
  const { body } = exchange.endpoint;
  if (body === "none") return null;
  const type = exchange.contentType;
  if (body !== "multipart" && isJsonType(type)) return null;
  const boundary = body === "json" ? null : boundaryOf(type);
  if (boundary !== null) {
    exchange.upload = openUpload(exchange, boundary);
    return null;
  }
  const expected = { "json": "application/json", "multipart": "multipart/form-data with a boundary", "json-or-multipart": "application/json or multipart/form-data" }[body];
  return failure("ACCEPT_CONTENT_TYPE", { expected, actual: type === "" ? "no content-type" : type });
};

const isJsonType = (type: string): boolean => type === "application/json" || /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type);

const openUpload = (exchange: Exchange, boundary: string): Upload => {
  const limits = (exchange.router as NonNullable<Exchange["router"]>).settings.limits;
  return new Upload({
    // Only Node's own server hands over what is no JSON.
    request: exchange.request as IncomingMessage,
    boundary: exchange.endpoint.model === "None" ? null : boundary,
    heldBytesMax: limits.bodyBytesMax,
    totalBytesMax: limits.uploadBytesMax,
  });
};

/** A body that is there already. */
export const receiveWhole = (exchange: Exchange, { bytes, start, end }: WholeBody): Failure | null => {
  exchange.bytesIn = end - start;
  const bytesMax = (exchange.router as NonNullable<Exchange["router"]>).settings.limits.bodyBytesMax;
  if (exchange.bytesIn > bytesMax) return tooLarge(bytesMax);
  exchange.body = [bytes.subarray(start, end)];
  return null;
};

/** Reads a JSON body whole, or a multipart one up to the part that names the model. */
export const receive = (exchange: Exchange): Promise<Failure | null> | null => {
  if (exchange.upload !== null) return receiveUpload(exchange, exchange.upload);
  if (exchange.endpoint.body === "none") return null;
  const bytesMax = (exchange.router as NonNullable<Exchange["router"]>).settings.limits.bodyBytesMax;
  if (exchange.announcedBytes > bytesMax) return Promise.resolve(tooLarge(bytesMax));
  return new Promise((resolve) => new BodyReader(exchange, bytesMax, resolve));
};

const tooLarge = (bytesMax: number): Failure => failure("ACCEPT_BODY_TOO_LARGE", { bytesMax, setting: "limits.bodyBytes" });

const receiveUpload = async (exchange: Exchange, upload: Upload): Promise<Failure | null> => {
  const found = await upload.modelFound;
  if (found.refusal !== undefined) return failure(found.refusal.code, found.refusal.details);
  if (found.model !== null) exchange.modelAsked = found.model;
  return null;
};

/** Keeps a body where it came to lie. */
class BodyReader implements Waiting {
  readonly #exchange: Exchange;
  readonly #bytesMax: number;
  readonly #resolve: (refusal: Failure | null) => void;
  readonly #held = new HeldBytes();
  /** Looks for the model while what has come is still near. */
  readonly #reader: TopLevelReader | null;
  #length = 0;

  constructor(exchange: Exchange, bytesMax: number, resolve: (refusal: Failure | null) => void) {
    this.#exchange = exchange;
    this.#bytesMax = bytesMax;
    this.#resolve = resolve;
    this.#reader = exchange.endpoint.model === "Path" ? null : new TopLevelReader(this.#held);
    exchange.waiting = this;
    exchange.request.on("data", (chunk: Buffer) => this.#take(chunk));
    exchange.request.on("end", () => this.#finish(null));
  }

  onClientLeft(): void {
    this.#finish(failure("ACCEPT_LENGTH_MISMATCH"));
  }

  #take(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#bytesMax) return this.#finish(tooLarge(this.#bytesMax));
    this.#held.append(chunk);
    this.#reader?.feed(chunk);
  }

  #finish(refusal: Failure | null): void {
    const exchange = this.#exchange;
    if (exchange.waiting === null) return;
    exchange.waiting = null;
    exchange.bytesIn = this.#length;
    if (refusal === null) {
      exchange.body = this.#held.pieces();
      exchange.topLevel = this.#reader?.finish(NO_BYTES) ?? null;
    }
    this.#resolve(refusal);
  }
}
