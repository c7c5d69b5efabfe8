// Step 2: from what the client sent to who it is. One seam for all ways of being a caller; API keys and nobody for now.
// It does not decide what the caller may do.
import { failure, type Failure } from "../errors.ts";
import type { Exchange } from "./exchange.ts";

export const authenticate = (exchange: Exchange): Failure | null => {
  const { router, request } = exchange;
  if (router === null) return failure("ADMIT_NO_SNAPSHOT", {}, "", 1);
  const verdict = router.keys.authenticate(request.rawHeaders, request.url ?? "");
  if (verdict.caller === undefined) return failure(verdict.refusal);
  exchange.caller = verdict.caller;
  exchange.callerName = verdict.caller.name;
  exchange.team = verdict.caller.team ?? "";
  return null;
};
