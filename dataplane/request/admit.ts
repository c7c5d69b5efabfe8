// Step 5: may this request go ahead now? A named list, asked in order; the first refusal wins.
// Limits, budgets, guards and the cache will be rows here; each is a policy with a core of its own.
import { failure, type Failure } from "../errors.ts";
import type { Exchange } from "./exchange.ts";

interface Admission {
  readonly name: string;
  readonly refuse: (exchange: Exchange) => Failure | null;
}

const RETRY_AFTER_SECONDS = 1;

const admissions: readonly Admission[] = [
  // A process that cannot keep up makes everybody late; refusing some keeps the rest on time.
  { name: "event-loop-lag", refuse: refuseWhenLate },
];

export const admit = (exchange: Exchange): Failure | null => {
  for (const admission of admissions) {
    const refusal = admission.refuse(exchange);
    if (refusal !== null) return refusal;
  }
  return null;
};

function refuseWhenLate({ gateway, router }: Exchange): Failure | null {
  const lagMsMax = router?.settings.limits.eventLoopLagMsMax ?? 0;
  if (lagMsMax === 0 || gateway.telemetry.lag.lagMs(gateway.clock.tick()) <= lagMsMax) return null;
  return failure("ADMIT_OVERLOADED", { reason: "its event loop is late" }, "", RETRY_AFTER_SECONDS);
}

/** Asked before a body is read: beyond this many at once a request costs memory without getting anywhere. */
export const refuseWhenCrowded = ({ gateway, router }: Exchange): Failure | null => {
  if (router === null || gateway.openRequests <= router.settings.limits.concurrentRequestsMax) return null;
  return failure("ADMIT_OVERLOADED", { reason: "too many requests at once" }, "", RETRY_AFTER_SECONDS);
};
