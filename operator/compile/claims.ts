// One name on one gateway belongs to one route: the oldest that claims it, then the one that comes first by name.
// A route that loses some of its names keeps the others. It judges claims, not routes.
import { refOf } from "../world.ts";
import { inOrderOfAge } from "./age.ts";
import { finding, type Findings } from "./diagnostics.ts";
import { spelt, type Claim, type CompiledRoute } from "./routes.ts";

/** gateway → route id → the names that it won there; a route without any is not in it. */
export type Won = ReadonlyMap<string, ReadonlyMap<string, readonly Claim[]>>;

interface Loss {
  readonly claim: Claim;
  readonly gateway: string;
  readonly winner: string;
}

export const settleClaims = (routes: readonly CompiledRoute[], findings: Findings): Won => {
  const owners = new Map<string, Map<string, string>>();
  const won = new Map<string, Map<string, Claim[]>>();
  for (const route of inOrderOfAge(routes)) {
    const losses: Loss[] = [];
    let wins = 0;
    for (const gateway of route.gateways) {
      const kept = claimAll(route, gateway, entryOf(owners, gateway), losses);
      if (kept.length > 0) entryOf(won, gateway).set(route.id, kept);
      wins += kept.length;
    }
    if (losses.length > 0) findings.add(refOf("LLMRoute", route.id), finding(wins === 0 ? "Conflicted" : "PartiallyConflicted", "spec.models", { losses: tell(losses) }));
  }
  return won;
};

const claimAll = (route: CompiledRoute, gateway: string, owners: Map<string, string>, losses: Loss[]): Claim[] =>
  route.claims.filter((claim) => {
    const winner = owners.get(spelt(claim));
    if (winner === undefined) owners.set(spelt(claim), route.id);
    else losses.push({ claim, gateway, winner });
    return winner === undefined;
  });

const entryOf = <Key, Value>(maps: Map<string, Map<Key, Value>>, key: string): Map<Key, Value> => {
  const found = maps.get(key) ?? new Map<Key, Value>();
  maps.set(key, found);
  return found;
};

const LOSSES_TOLD_MAX = 20;

const tell = (losses: readonly Loss[]): string => {
  const told = losses.slice(0, LOSSES_TOLD_MAX).map(({ claim, gateway, winner }) => `"${spelt(claim)}" on gateway ${gateway} belongs to LLMRoute ${winner}`);
  const untold = losses.length - told.length;
  return told.join(", ") + (untold > 0 ? ` and ${untold} more` : "");
};
