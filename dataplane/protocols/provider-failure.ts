// A provider's failure from whatever body it came in, by the vendor's own table of codes and words: for protocols whose
// errors are a code and a sentence. What to do about it is not decided here.
import { type Json, parseJson } from "../wire/json.ts";
import type { FailureKind, ProviderFailure } from "./ir.ts";
import { errorFrom } from "./openai-failure.ts";
import type { ReportedError } from "./pass-through.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface FailureWords {
  /** By the code; one with a dot in it falls back to what stands before its last dot. */
  readonly byCode: Readonly<Record<string, FailureKind>>;
  /** What the sentence says where the code or the status says nothing finer; the first that is found counts. */
  readonly bySentence: readonly (readonly [RegExp, FailureKind])[];
  /** Statuses that this vendor uses in a way of its own. */
  readonly byStatus?: Readonly<Record<number, FailureKind>>;
}

const byStatus: Readonly<Record<number, FailureKind>> = {
  400: "invalid", 401: "credential", 402: "payment", 403: "forbidden", 404: "not-found", 408: "timeout", 409: "conflict", 413: "too-large", 422: "invalid",
  429: "rate-limited", 498: "credential", 503: "overloaded", 504: "timeout", 522: "timeout", 524: "timeout", 529: "overloaded",
};

const ofStatus = (status: number, own: FailureWords["byStatus"]): FailureKind => own?.[status] ?? byStatus[status] ?? (status >= 400 && status < 500 ? "invalid" : "internal");

const ofCode = (code: string, words: FailureWords): FailureKind | undefined => {
  if (code === "") return undefined;
  const dot = code.lastIndexOf(".");
  return Object.hasOwn(words.byCode, code) ? words.byCode[code] : ofCode(dot === -1 ? "" : code.slice(0, dot), words);
};

/** Only what says nothing finer is looked into: a word in the sentence does not make another thing of a 429. */
const vague: ReadonlySet<FailureKind> = new Set(["invalid", "internal", "forbidden"]);

const kindOf = (status: number, { code, message }: ReportedError, words: FailureWords): FailureKind => {
  const kind = ofCode(code, words) ?? ofStatus(status, words.byStatus);
  return vague.has(kind) ? (words.bySentence.find(([pattern]) => pattern.test(message))?.[1] ?? kind) : kind;
};

const PAGE = /^\s*</;
const NOTHING: ReportedError = { message: "", type: "", code: "" };

/** Markup is nobody's message; and values that are nested deeper than the stack goes say nothing. */
const errorOf = (text: string, document: Json | undefined): ReportedError => {
  try {
    const error = text.trim() === "" ? NOTHING : errorFrom(text, Array.isArray(document) && document.length === 1 ? document[0] : document);
    return PAGE.test(error.message) ? { ...error, message: "" } : error;
  } catch {
    return NOTHING;
  }
};

/** Status 0: inside an answer that began as a success. */
export const failureOf = (status: number, error: ReportedError, words: FailureWords, retryAfterSeconds = 0): ProviderFailure => ({
  kind: kindOf(status, error, words), status, message: error.message, type: error.type, code: error.code, parameter: "", retryAfterSeconds,
});

/** `document`: the text, where it is JSON. */
export const failureIn = (text: string, document: Json | undefined, words: FailureWords): ProviderFailure => failureOf(0, errorOf(text, document), words);

/** One of ours, about an answer that is none. */
export const broken = (code: string, message: string): ProviderFailure => ({ kind: "internal", status: 0, message, type: "", code, parameter: "", retryAfterSeconds: 0, isFoundHere: true });

export const truncated = (): ProviderFailure => broken("truncated", "The provider's stream ended before it was complete.");
export const tooLong = (): ProviderFailure => broken("too_large", "An event of the provider's stream was larger than may be read.");
export const tooMuch = (): ProviderFailure => broken("too_large", "The provider's answer has more choices, calls or pictures than may be held.");
export const unreadable = (): ProviderFailure => broken("unreadable", "The provider's answer is not what its protocol has for one.");
export const empty = (): ProviderFailure => broken("empty", "The provider's answer is empty: it has neither content nor a reason why it ended.");

const headerOf = (headers: Headers, name: string): string => {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
};

const SECONDS_MAX = 86_400;
const secondsOf = (text: string, unit: number): number => (/^\d+(?:\.\d+)?$/.test(text.trim()) ? Math.min(SECONDS_MAX, Math.ceil(Number(text) * unit)) : 0);

/** A date counts from the provider's own clock, as it tells it. */
const untilDate = (text: string, now: string): number => {
  const seconds = Math.ceil((Date.parse(text) - Date.parse(now)) / 1000);
  return Number.isFinite(seconds) ? Math.min(SECONDS_MAX, Math.max(0, seconds)) : 0;
};

const retryAfterIn = (headers: Headers): number => {
  const after = headerOf(headers, "retry-after");
  return secondsOf(headerOf(headers, "retry-after-ms"), 1 / 1000) || secondsOf(after, 1) || untilDate(after, headerOf(headers, "date"));
};

/** Of a status that is no success, with any body. */
export const refusalIn = (status: number, headers: Headers, body: Buffer, words: FailureWords): ProviderFailure => {
  const text = body.toString("utf8");
  return failureOf(status, errorOf(text, parseJson(text)), words, retryAfterIn(headers));
};
