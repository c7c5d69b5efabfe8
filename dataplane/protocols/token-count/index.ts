// Token counting across providers: the provider's own where it has one, an estimate of the gateway's where it has none.
import type { ProtocolName } from "../../snapshot/schema.ts";
import type { TargetModel } from "../codec.ts";
import { countProviders, ownCounters, type CountProvider } from "./provider.ts";

export { estimateTokens } from "./estimate.ts";
export type { CountProvider } from "./provider.ts";
export { countClients, type CountClient } from "./question.ts";

/** Null: nobody counts there. */
export const counterOf = (protocol: ProtocolName, target: TargetModel): CountProvider | null => {
  const { countsTokens = true } = target.dialect;
  const provider = typeof countsTokens === "string" ? ownCounters[countsTokens] : countProviders[protocol];
  return provider === undefined || countsTokens === false || !provider.counts(target) ? null : provider;
};
