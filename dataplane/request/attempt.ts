// Step 6: walks the plan until somebody answers. One try per place, in order, as long as nothing has reached the client.
// Breakers, backoff and hedging will be decided here; sending is handed in.
import { failure, type ErrorCode, type Failure } from "../errors.ts";
import type { Exchange } from "./exchange.ts";
import { pickKey } from "./keys.ts";
import type { Destination, Key } from "./destination.ts";

/** Null: the client has its answer, good or bad. A failure: nothing has reached the client yet. */
export type Send = (exchange: Exchange, destination: Destination, key: Key, hasNext: boolean) => Promise<Failure | null> | Failure;

/** What no other place would do better. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["TIMEOUT_TOTAL", "REQUEST_INVALID_MULTIPART", "ACCEPT_BODY_TOO_LARGE", "ACCEPT_LENGTH_MISMATCH", "REQUEST_INVALID", "UPSTREAM_REJECTED"]);

const ATTEMPTS_MAX = 16;

export const attempt = async (exchange: Exchange, send: Send): Promise<Failure | null> => {
  const { plan } = exchange;
  const count = Math.min(plan.length, ATTEMPTS_MAX);
  let last: Failure | null = null;
  for (let index = 0; index < count; index++) {
    if (exchange.isAborted) return null;
    const destination = plan[index] as Destination;
    exchange.attempts++;
    exchange.targetName = destination.targetName;
    exchange.providerName = destination.providerName;
    exchange.providerType = destination.providerLabel;
    last = await send(exchange, destination, pickKey(exchange.gateway, destination), index + 1 < count && mayReplay(exchange));
    if (last === null || final.has(last.code) || !mayReplay(exchange)) return last;
    if (index + 1 < count) exchange.gateway.telemetry.metrics.count("llmgw_failovers_total", 1, exchange.routeName, exchange.providerName, last.code);
  }
  return last ?? failure("ROUTE_NO_TARGET", { route: exchange.routeName, operation: exchange.operation });
};

const mayReplay = ({ upload }: Exchange): boolean => upload === null || upload.isReplayable;
