// The head that every answer of the gateway carries, and the answer that is a refusal.
// It writes to the client; what is written is decided elsewhere.
import type { Failure } from "../errors.ts";
import { lossHeader, lossHeaderName } from "../protocols/loss-header.ts";
import type { Exchange } from "./exchange.ts";

/** Flat headers that tell what became of the request; the caller appends its own. */
export const headHeaders = (exchange: Exchange): string[] => {
  const headers = ["x-request-id", exchange.id];
  if (exchange.routeName !== "") headers.push("x-llmgw-route", exchange.routeName);
  if (exchange.attempts > 0) headers.push("x-llmgw-target", exchange.targetName, "x-llmgw-attempts", String(exchange.attempts));
  if (exchange.losses.length > 0) headers.push(lossHeaderName, lossHeader(exchange.losses));
  if (exchange.isAnswerEstimated) headers.push("x-llmgw-estimated", "true");
  // The connection ends with this answer, so that the client's next request opens one to a pod that stays.
  if (exchange.gateway.isDraining) headers.push("connection", "close");
  return headers;
};

/** A refused upload of more than this is cut off; less is read to its end, so that the client sees the refusal. */
const DRAINED_BYTES_MAX = 67_108_864;

export const refuse = (exchange: Exchange, failure: Failure): void => {
  const { response, request } = exchange;
  exchange.errorCode = failure.code;
  if (response.destroyed || exchange.isAborted) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = (failure.kind === undefined ? undefined : exchange.protocol.statuses?.[failure.kind]) ?? failure.status;
  exchange.status = status;
  const body = Buffer.from(exchange.protocol.encodeFailure(failure));
  const headers = headHeaders(exchange);
  headers.push("content-type", "application/json", "content-length", String(body.length), "x-llmgw-error", failure.code);
  headers.push(...(exchange.protocol.failureHeaders?.(failure) ?? []));
  if (failure.retryAfterSeconds > 0) headers.push("retry-after", String(failure.retryAfterSeconds));
  if (failure.shouldRetry !== undefined) headers.push("x-should-retry", String(failure.shouldRetry));
  if (failure.status === 401) headers.push("www-authenticate", "Bearer");
  if (!request.complete) drainRest(exchange, headers);
  exchange.firstByteTick = exchange.gateway.clock.tick();
  exchange.bytesOut = body.length;
  response.writeHead(status, headers);
  response.end(body);
};

const drainRest = ({ request, gateway, announcedBytes }: Exchange, headers: string[]): void => {
  const announced = announcedBytes === -1 ? Infinity : announcedBytes;
  if (announced > DRAINED_BYTES_MAX && !gateway.isDraining) headers.push("connection", "close");
  request.resume();
};

/** A small JSON answer of the gateway's own. */
export const reply = (exchange: Exchange, body: object): void => {
  const bytes = Buffer.from(JSON.stringify(body));
  exchange.status = 200;
  exchange.firstByteTick = exchange.gateway.clock.tick();
  exchange.bytesOut = bytes.length;
  exchange.response.writeHead(200, [...headHeaders(exchange), "content-type", "application/json", "content-length", String(bytes.length)]);
  exchange.response.end(bytes);
};
