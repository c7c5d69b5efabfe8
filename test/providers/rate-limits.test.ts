// When a limit is full again and when a client may come again, in every form that vendors have for it.
import { describe, expect, it } from "vitest";
import { requestIdHeaders, resetSeconds, secondsUntil, tellsLimit } from "../../dataplane/providers/rate-limits.ts";
import { retryHints } from "../../dataplane/request/retry-after.ts";

const NOW = 1_800_000_000_000;

describe("a moment or a time to wait", () => {
  it.each([
    ["20", 20],
    ["1.5", 1.5],
    ["20ms", 0.02],
    ["6s", 6],
    ["1m30s", 90],
    ["1h0m0.5s", 3600.5],
    ["1800000012", 12],
    ["1800000012000", 12],
    ["1799999990", 0],
    ["2027-01-15T08:00:20Z", 20],
    ["Fri, 15 Jan 2027 08:00:20 GMT", 20],
    ["soon", null],
    ["", null],
  ])("%s is so many seconds from now: %s", (text, seconds) => {
    expect(secondsUntil(text, NOW)).toBe(seconds);
  });
});

describe("a limit that is used up", () => {
  it.each([
    ["is waited for, not the other one", "openai", { "x-ratelimit-remaining-requests": "4", "x-ratelimit-reset-requests": "1s", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "40s" }, 40],
    ["is waited for with all that are", "anthropic", { "anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2027-01-15T08:00:20Z", "anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:30Z" }, 30],
    ["is the first to be full where nobody says which it is", "openai", { "x-ratelimit-reset-requests": "9s", "x-ratelimit-reset-tokens": "2s" }, 2],
    ["is told in milliseconds since 1970 by some", "openai", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000005000" }, 5],
    ["is not looked for in headers of other families", "mistral", { "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:20Z" }, null],
    ["is not told by everybody", "none", { "x-ratelimit-reset-requests": "9s" }, null],
    ["is told by relays in the words of whoever is behind them", "any", { "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:20Z" }, 20],
  ] as const)("%s", (_, family, headers, seconds) => {
    expect(resetSeconds(headers, family, NOW)).toBe(seconds);
  });
});

it("knows each family's headers, and each vendor's name for a request", () => {
  expect(tellsLimit("x-ratelimit-remaining-requests", "azure")).toBe(true);
  expect(tellsLimit("x-endpoint-monthly-call-limit", "cohere")).toBe(true);
  expect(tellsLimit("ratelimitbysize-remaining", "mistral")).toBe(true);
  expect(tellsLimit("ratelimit-policy", "standard")).toBe(true);
  expect(tellsLimit("x-amzn-bedrock-input-token-count", "bedrock")).toBe(true);
  expect(tellsLimit("set-cookie", "any")).toBe(false);
  for (const name of ["request-id", "apim-request-id", "x-ds-trace-id", "x-siliconcloud-trace-id"]) expect(requestIdHeaders).toContain(name);
});

describe("another try", () => {
  it.each([
    ["after milliseconds before seconds", 429, { "retry-after-ms": "2500", "retry-after": "9" }, 0, 3],
    ["after seconds before what the body says", 503, { "retry-after": "9" }, 30, 9],
    ["at a date by the vendor's clock", 429, { "retry-after": "Fri, 15 Jan 2027 09:00:20 GMT", "date": "Fri, 15 Jan 2027 09:00:00 GMT" }, 0, 20],
    ["at a date by ours where the vendor tells no time", 429, { "retry-after": "Fri, 15 Jan 2027 08:00:20 GMT" }, 0, 20],
    ["after what the body says before a limit", 429, { "x-ratelimit-reset-requests": "50s" }, 30, 30],
    ["when a limit is full again", 429, { "x-ratelimit-reset-requests": "50s" }, 0, 50],
    ["at once where a limit is told beside another failure", 500, { "x-ratelimit-reset-requests": "50s" }, 0, 0],
    ["within a day at the latest", 429, { "retry-after": "9999999" }, 0, 86_400],
    ["at once where a date is past", 429, { "retry-after": "Fri, 15 Jan 2027 07:00:00 GMT" }, 0, 0],
    ["at once where it says nothing that can be read", 429, { "retry-after": "later", "retry-after-ms": "-5" }, 0, 0],
  ] as const)("may be made %s", (_, status, headers, said, seconds) => {
    expect(retryHints(status, headers, said, "openai", NOW)).toEqual({ seconds, shouldRetry: undefined });
  });

  it("shall not be made where the vendor says so, whatever else it says", () => {
    expect(retryHints(429, { "x-should-retry": "false", "retry-after": "9" }, 30, "openai", NOW)).toEqual({ seconds: 0, shouldRetry: false });
    expect(retryHints(429, { "x-should-retry": "true", "retry-after": "9" }, 0, "openai", NOW)).toEqual({ seconds: 9, shouldRetry: true });
  });
});
