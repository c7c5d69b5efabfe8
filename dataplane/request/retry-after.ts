// When a client may come again after a provider's refusal, from all the forms in which providers say it. Pure.
//
// In this order: whether at all, milliseconds, seconds or a date, what the body says, when a limit that is used up is full again.
import { resetSeconds, secondsUntil, type RateLimits } from "../providers/rate-limits.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface RetryHints {
  /** 0 for none. */
  readonly seconds: number;
  readonly shouldRetry: boolean | undefined;
}

const SECONDS_MAX = 86_400;
const TOO_MANY = 429;

/** `said`: what was read from the body. A date counts from the provider's clock where it tells it, otherwise from ours. */
export const retryHints = (status: number, headers: Headers, said: number, rateLimits: RateLimits, nowMs: number): RetryHints => {
  const shouldRetry = booleanIn(headers["x-should-retry"]);
  if (shouldRetry === false) return { seconds: 0, shouldRetry };
  const theirs = Date.parse(String(headers["date"] ?? ""));
  const after = String(headers["retry-after"] ?? "");
  const waits = [
    numberIn(headers["retry-after-ms"]) / 1000,
    secondsUntil(after, Number.isNaN(theirs) ? nowMs : theirs),
    said,
    status === TOO_MANY ? resetSeconds(headers, rateLimits, nowMs) : null,
  ];
  const wait = waits.find((seconds) => seconds !== null && seconds > 0) ?? 0;
  return { seconds: Math.min(SECONDS_MAX, Math.ceil(wait)), shouldRetry };
};

const numberIn = (value: string | string[] | undefined): number => {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? number : 0;
};

const booleanIn = (value: string | string[] | undefined): boolean | undefined => (value === "true" ? true : value === "false" ? false : undefined);
