// Headers of what goes to a provider, beside its key: what its protocol wants, where the client did not say it itself, and what
// ties the request to the trace it belongs to.
import type { Destination, Key } from "./destination.ts";
import type { Exchange } from "./exchange.ts";

export const addMissing = (headers: string[], wanted: readonly string[], sent: readonly string[]): void => {
  for (let index = 0; index < wanted.length; index += 2) if (!sent.includes(wanted[index] as string)) headers.push(wanted[index] as string, wanted[index + 1] as string);
};

export const addTracing = (headers: string[], { id, trace }: Exchange): void => {
  headers.push("x-request-id", id);
  if (trace !== null && trace.traceparent !== "") headers.push("traceparent", trace.traceparent);
  if (trace !== null && trace.tracestate !== "") headers.push("tracestate", trace.tracestate);
};

/** Of a document that is written here. `own`: flat, the codec's. */
export const documentHeaders = (exchange: Exchange, destination: Destination, key: Key, own: readonly string[]): string[] => {
  const headers = key.headers.concat(own);
  addMissing(headers, destination.headers, own);
  headers.push("content-type", "application/json");
  addTracing(headers, exchange);
  return headers;
};
