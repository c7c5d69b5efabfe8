// A request to the API server that came to nothing, with what the server said about it. Nothing is retried here.
import { fieldsOf, listOf, textOf } from "./types.ts";

export interface FieldCause {
  /** "spec.targets[0].model" */
  readonly field: string;
  readonly message: string;
}

export class KubeFailure extends Error {
  override readonly name = "KubeFailure";
  /** 0 when there was no answer. */
  readonly status: number;
  /** The server's word, such as NotFound, Conflict, Expired; ours for what never reached it: NoAnswer, TimedOut, Malformed, TooLarge, Aborted. */
  readonly reason: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** What is wrong field by field, where the server says it. */
  readonly causes: readonly FieldCause[];

  constructor(message: string, parts: { status: number; reason: string; retryAfterMs?: number | undefined; causes?: readonly FieldCause[]; cause?: unknown }) {
    super(message, parts.cause === undefined ? {} : { cause: parts.cause });
    this.status = parts.status;
    this.reason = parts.reason;
    this.retryAfterMs = parts.retryAfterMs;
    this.causes = parts.causes ?? [];
  }
}

const MESSAGE_CHARACTERS_MAX = 1024;

/** From the answer's body, where it is a Status; from its code otherwise. */
export const failureOf = (status: number, body: unknown, retryAfter: string | undefined): KubeFailure => {
  const told = fieldsOf(body);
  const code = typeof told["code"] === "number" ? told["code"] : status;
  const reason = textOf(told["reason"]) || `Status${code}`;
  const message = (textOf(told["message"]) || `the API server answered ${code}`).slice(0, MESSAGE_CHARACTERS_MAX);
  return new KubeFailure(message, { status: code, reason, retryAfterMs: retryAfterMsOf(retryAfter) ?? detailedRetryMs(told), causes: causesIn(told) });
};

const CAUSES_MAX = 100;

const causesIn = (status: Readonly<Record<string, unknown>>): FieldCause[] =>
  listOf(fieldsOf(status["details"])["causes"]).slice(0, CAUSES_MAX).map(fieldsOf).flatMap((cause) => {
    const message = textOf(cause["message"]).slice(0, MESSAGE_CHARACTERS_MAX);
    return message === "" ? [] : [{ field: textOf(cause["field"]), message }];
  });

const RETRY_SECONDS_MAX = 300;

const retryAfterMsOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header.trim()) ? Math.min(Number(header), RETRY_SECONDS_MAX) * 1000 : undefined;

const detailedRetryMs = (status: Readonly<Record<string, unknown>>): number | undefined => {
  const seconds = fieldsOf(status["details"])["retryAfterSeconds"];
  return typeof seconds === "number" && seconds > 0 ? Math.min(seconds, RETRY_SECONDS_MAX) * 1000 : undefined;
};

const hasStatus = (error: unknown, status: number): boolean => error instanceof KubeFailure && error.status === status;

export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
export const isConflict = (error: unknown): boolean => hasStatus(error, 409);
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);
/** The version that a watch wants to go on from is no longer kept. */
export const isExpired = (error: unknown): boolean => hasStatus(error, 410);
/** What was asked for is wrong or not known to this server; asking again is in vain. */
export const isRefused = (error: unknown): boolean => hasStatus(error, 400) || hasStatus(error, 422);

export const wordsOfFailure = (error: unknown): string => {
  if (error instanceof KubeFailure) return error.status === 0 ? error.message : `${error.reason}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
};
