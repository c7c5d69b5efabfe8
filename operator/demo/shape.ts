// How a protocol writes a failure: a table of its words for each status, and its body. The HTTP answer is made of it here.
// It refuses to know any protocol.

import type { Failure, RetryForm } from "./failure.ts";

export interface Shape {
  /** Status → the protocol's word for it, and the sentence used when a failure is only asked for. */
  readonly known: Readonly<Record<number, readonly [word: string, message: string]>>;
  readonly requestIdHeader: string;
  /** How this vendor says when to come back, unless another form is asked for. */
  readonly retry: RetryForm;
  body(word: string, message: string, failure: Failure, requestId: string): unknown;
  headers?(word: string, failure: Failure): Readonly<Record<string, string>>;
  /** Where the vendor's status is another one than OpenAI's would be. */
  status?(failure: Failure): number;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const RETRY_SECONDS = 7;
const HASTE = [429, 503, 529];

export function wordsOf(shape: Shape, failure: Failure): [word: string, message: string] {
  const general: readonly [string, string] = (failure.kind >= 500 ? shape.known[500] : shape.known[400]) ?? ["error", "Error."];
  const [word, message] = shape.known[failure.kind] ?? [general[0], `The demo provider was asked for an error of status ${failure.kind}.`];
  return [failure.type ?? word, failure.message === "" ? message : failure.message];
}

export function failureBody(shape: Shape, failure: Failure, requestId: string): unknown {
  return shape.body(...wordsOf(shape, failure), failure, requestId);
}

export function refusalOf(shape: Shape, failure: Failure, requestId: string, nowSeconds: number): Refusal {
  const [word] = wordsOf(shape, failure);
  const form = failure.form ?? "json";
  const status = shape.status?.(failure) ?? failure.status;
  const own = form === "json" ? shape.headers?.(word, failure) : {};
  return {
    status,
    headers: { "content-type": TYPES[form], ...retryHeaders(shape, failure, nowSeconds), ...own },
    body: { json: () => JSON.stringify(failureBody(shape, failure, requestId)), html: () => page(status), text: () => "upstream connect error", empty: () => "" }[form](),
  };
}

const TYPES = { json: "application/json", html: "text/html", text: "text/plain", empty: "text/plain" } as const;

function page(status: number): string {
  return `<html>\r\n<head><title>${status} Bad Gateway</title></head>\r\n<body><center><h1>${status} Bad Gateway</h1></center></body>\r\n</html>\r\n`;
}

function retryHeaders(shape: Shape, failure: Failure, nowSeconds: number): Record<string, string> {
  const form = failure.retry ?? (HASTE.includes(failure.kind) ? shape.retry : "none");
  switch (form) {
    case "seconds":
      return { "retry-after": String(RETRY_SECONDS) };
    case "milliseconds":
      return { "retry-after-ms": String(RETRY_SECONDS * 1000) };
    case "date":
      return { "retry-after": new Date((nowSeconds + RETRY_SECONDS) * 1000).toUTCString() };
    default:
      return {};
  }
}
