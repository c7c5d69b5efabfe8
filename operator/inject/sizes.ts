// How much CPU and memory a sidecar gets: what its pod's annotations say, over the defaults. Pure.
// An annotation that cannot be meant costs a warning and never the pod.
import type { Fields } from "../kube/types.ts";

export type Quantities = Readonly<Record<string, string>>;

export interface Sizes {
  readonly requests?: Quantities | undefined;
  readonly limits?: Quantities | undefined;
}

export interface Sized {
  readonly resources: Fields;
  readonly warnings: readonly string[];
}

const PREFIX = "llmgateway.io/sidecar-";
const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};
const QUANTITY = /^(\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})(?:(n|u|m|k|[MGTPE]|[KMGTPE]i)|e(\d{1,2}))?$/;

/** Below the least a data plane does not start; beyond the most somebody mistook the unit. */
const BOUNDS = {
  cpu: { leastLimit: 0.05, most: 128, inWords: "from 50m to 128" },
  memory: { leastLimit: 128 * 2 ** 20, most: 2 ** 40, inWords: "from 128Mi to 1Ti" },
} as const;
type Resource = keyof typeof BOUNDS;

/** As the API server reads it, in cores or bytes; undefined for what it would refuse. */
export const amountOf = (text: string): number | undefined => {
  const [, digits, suffix = "", exponent] = QUANTITY.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * (exponent === undefined ? (SUFFIXES[suffix] ?? 1) : 10 ** Number(exponent));
};

/** `llmgateway.io/sidecar-cpu-request`, `-cpu-limit`, `-memory-request`, `-memory-limit`. */
export const sizesOf = (annotations: Readonly<Record<string, string>>, defaults: Sizes): Sized => {
  const warnings: string[] = [];
  const requests: Record<string, string> = { ...defaults.requests };
  const limits: Record<string, string> = { ...defaults.limits };
  for (const resource of ["cpu", "memory"] as const) {
    const asked = { request: annotations[`${PREFIX}${resource}-request`]?.trim(), limit: annotations[`${PREFIX}${resource}-limit`]?.trim() };
    const wrong = objectionTo(resource, asked);
    if (wrong !== undefined) warnings.push(`${wrong}; the sidecar has its default ${resource}`);
    else take(resource, asked, requests, limits);
  }
  return { resources: { ...(Object.keys(requests).length > 0 && { requests }), ...(Object.keys(limits).length > 0 && { limits }) }, warnings };
};

interface Asked {
  readonly request: string | undefined;
  readonly limit: string | undefined;
}

const objectionTo = (resource: Resource, { request, limit }: Asked): string | undefined => {
  const { leastLimit, most, inWords } = BOUNDS[resource];
  for (const [what, text, least] of [["request", request, 0], ["limit", limit, leastLimit]] as const) {
    if (text === undefined) continue;
    const amount = amountOf(text);
    if (amount === undefined) return `${PREFIX}${resource}-${what}: "${text.slice(0, 20)}" is no quantity`;
    if (amount < least || amount > most) return `${PREFIX}${resource}-${what}: ${text} is not ${what === "limit" ? inWords : `up to ${inWords.split(" ").at(-1)}`}`;
  }
  if (request === undefined || limit === undefined || isAtMost(request, limit)) return undefined;
  return `${PREFIX}${resource}-request: ${request} is more than the limit ${limit}`;
};

const isAtMost = (left: string, right: string): boolean => (amountOf(left) ?? 0) <= (amountOf(right) ?? 0);

// What was said stands above what was not: a default gives way to it.
const take = (resource: Resource, { request, limit }: Asked, requests: Record<string, string>, limits: Record<string, string>): void => {
  if (request !== undefined) requests[resource] = request;
  if (limit !== undefined) limits[resource] = limit;
  const [requested, limited] = [requests[resource], limits[resource]];
  if (requested === undefined || limited === undefined || isAtMost(requested, limited)) return;
  if (limit === undefined) limits[resource] = requested;
  else requests[resource] = limited;
};
