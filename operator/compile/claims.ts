// One name on one gateway belongs to one route: the oldest that claims it, then the one that comes first by name.
// A route that loses some of its names keeps the others. It judges claims, not routes.
import { inOrderOfAge } from "./age.ts";
import { finding, type Finding } from "./diagnostics.ts";
import { isSameList } from "./memo.ts";
import { spelt, type Claim, type CompiledRoute } from "./routes.ts";

/** gateway → route id → the names that it won there; a route without any is not in it. */
export type Won = ReadonlyMap<string, ReadonlyMap<string, readonly Claim[]>>;

export interface Settled {
  readonly won: Won;
  /** By route, what it is told about the names that it lost. */
  readonly findings: ReadonlyMap<string, Finding>;
}

/** Whether both routes claim the same under the same name since the same time: then what is settled for one is for the other. */
export const claimTheSame = (left: CompiledRoute, right: CompiledRoute | undefined): boolean =>
  left === right ||
  (left.id === right?.id && left.bornAt === right.bornAt && isSameList(left.gateways, right.gateways) && left.claims.length === right.claims.length && left.claims.every((claim, index) => isSameClaim(claim, right.claims[index])));

const isSameClaim = (left: Claim, right: Claim | undefined): boolean =>
  left === right || (left.match === right?.match && left.name === right.name && isSameList(left.targets ?? [], right.targets ?? []) && (left.targets === undefined) === (right.targets === undefined));

interface Loss {
  readonly claim: Claim;
  readonly gateway: string;
  readonly winner: string;
}

export const settleClaims = (routes: readonly CompiledRoute[]): Settled => {
  const findings = new Map<string, Finding>();
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
    if (losses.length > 0) findings.set(route.id, finding(wins === 0 ? "Conflicted" : "PartiallyConflicted", "spec.models", { losses: tell(losses) }));
  }
  return { won, findings };
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
