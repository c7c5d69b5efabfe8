// In which headers vendors tell how much of a limit is left, by family, and when it is full again.
// Data and one reading of it; what becomes of a limit is not decided here.

interface Family {
  /** Beginnings of the headers' names. */
  readonly headers: readonly string[];
}

/** Of whoever stands behind a relay or a server that anybody can set up. */
const anybodys = [
  "x-ratelimit-", "x-ms-region", "anthropic-ratelimit-", "anthropic-priority-", "anthropic-fast-", "ratelimit", "x-endpoint-monthly-call-limit",
  "x-trial-endpoint-call-", "x-gemini-service-tier", "x-amzn-bedrock-",
] as const;

const families = {
  openai: { headers: ["x-ratelimit-"] },
  azure: { headers: ["x-ratelimit-", "x-ms-region"] },
  anthropic: { headers: ["anthropic-ratelimit-", "anthropic-priority-", "anthropic-fast-"] },
  mistral: { headers: ["x-ratelimit-", "ratelimitbysize-"] },
  cohere: { headers: ["x-endpoint-monthly-call-limit", "x-trial-endpoint-call-"] },
  gemini: { headers: ["x-gemini-service-tier"] },
  bedrock: { headers: ["x-amzn-bedrock-"] },
  /** Of the draft of the IETF. */
  standard: { headers: ["ratelimit", "x-ratelimit-"] },
  none: { headers: [] },
  any: { headers: anybodys },
  /** A gateway of this kind: what it lost on its way, and that it guessed, is lost here in silence otherwise. */
  gateway: { headers: [...anybodys, "x-llmgw-losses", "x-llmgw-estimated"] },
} as const satisfies Record<string, Family>;

export type RateLimits = keyof typeof families;

/** Names come again with every answer; a key made of two words would be hashed anew each time. */
const known = new Map<RateLimits, Map<string, boolean>>(Object.keys(families).map((family) => [family as RateLimits, new Map()]));
const KNOWN_MAX = 500;

export const tellsLimit = (name: string, family: RateLimits): boolean => {
  const names = known.get(family) as Map<string, boolean>;
  let isTold = names.get(name);
  if (isTold === undefined) {
    isTold = families[family].headers.some((beginning) => name.startsWith(beginning));
    if (names.size < KNOWN_MAX) names.set(name, isTold);
  }
  return isTold;
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** From here on a number is a moment, in seconds or in milliseconds since 1970. */
const MOMENT_SECONDS = 1e9;
const MOMENT_MS = 1e12;
const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, "µs": 1e-6, ns: 1e-9 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g;

const secondsOfNumber = (value: number, nowMs: number): number => {
  if (value >= MOMENT_MS) return (value - nowMs) / 1000;
  return value >= MOMENT_SECONDS ? value - nowMs / 1000 : value;
};

/** "20", "1m30s", "2026-11-21T18:00:00Z", a moment since 1970; null when it is none of them. */
export const secondsUntil = (text: string, nowMs: number): number | null => {
  const said = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(said)) return Math.max(0, secondsOfNumber(Number(said), nowMs));
  if (DURATION.test(said)) return [...said.matchAll(DURATION_PART)].reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0), 0);
  const moment = Date.parse(said);
  return Number.isNaN(moment) ? null : Math.max(0, (moment - nowMs) / 1000);
};

/** When what is used up is there again; where nobody says what is, as soon as anything may be. Null when it is not told. */
export const resetSeconds = (headers: Headers, family: RateLimits, nowMs: number): number | null => {
  const resets = Object.entries(headers).flatMap(([name, value]) => {
    const seconds = tellsLimit(name, family) && name.includes("reset") && value !== undefined ? secondsUntil(String(value), nowMs) : null;
    return seconds === null ? [] : [{ seconds, isUsedUp: Number(headers[name.replace("reset", "remaining")] ?? NaN) <= 0 }];
  });
  if (resets.length === 0) return null;
  const usedUp = resets.filter(({ isUsedUp }) => isUsedUp).map(({ seconds }) => seconds);
  return usedUp.length > 0 ? Math.max(...usedUp) : Math.min(...resets.map(({ seconds }) => seconds));
};

/** The vendor's own names for a request, by which its support finds it. */
export const requestIdHeaders: ReadonlySet<string> = new Set([
  "x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "x-ds-trace-id", "x-siliconcloud-trace-id", "x-generation-id", "x-groq-request-id", "x-portkey-trace-id",
]);
