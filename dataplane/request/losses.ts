// What a target cannot carry, in the client's words, and the refusal where that changes what the request means.
// What is lost is found elsewhere.
import { failure, type Failure } from "../errors.ts";
import type { Loss } from "../protocols/ir.ts";
import type { Destination } from "./destination.ts";
import type { Exchange } from "./exchange.ts";

export const NO_LOSSES: readonly Loss[] = [];

/** An encoder names the neutral model's members; the client has its own words for them. */
export const inClientsWords = (loss: Loss, words: Readonly<Record<string, string>>): Loss => {
  const path = Object.hasOwn(words, loss.path) ? words[loss.path] : undefined;
  return path === undefined ? loss : { ...loss, path };
};

/** What two places notice is one loss. */
export const each = (losses: readonly Loss[]): readonly Loss[] =>
  losses.length < 2 ? losses : [...new Map(losses.map((loss) => [`${loss.path} ${loss.reason}`, loss])).values()];

const NAMED_MAX = 5;

const inexpressible = ({ routeName }: Exchange, { protocol }: Destination, losses: readonly Loss[]): Failure => {
  const named = losses.slice(0, NAMED_MAX).map(({ path }) => path).join(", ");
  const paths = losses.length > NAMED_MAX ? `${named} and ${losses.length - NAMED_MAX} more` : named;
  return { ...failure("REQUEST_NOT_EXPRESSIBLE", { protocol, paths, route: routeName }, losses[0]?.path ?? ""), kind: "invalid" };
};

/** Null: none, or none that changes the meaning, or the route lets them pass. */
export const refusedLosses = (losses: readonly Loss[], exchange: Exchange, destination: Destination): Failure | null => {
  if (losses.length === 0 || destination.mayLose) return null;
  const major = losses.filter(({ severity }) => severity === "major");
  return major.length === 0 ? null : inexpressible(exchange, destination, major);
};
