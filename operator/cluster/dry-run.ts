// What this operator would do with the cluster as it is: reads, compiles, says it, and ends. It writes nothing and asks for no lease.
import type { Compiled } from "../compile/compile.ts";
import { snapshotVersion } from "../../dataplane/snapshot/canonical.ts";

/** Line by line, the same world in the same words; no line holds a secret. */
export const wordsOfDryRun = ({ snapshots, diagnostics }: Compiled): string[] => {
  const gateways = Object.values(snapshots).map((snapshot) => {
    const counts = (["providers", "routes", "callers", "credentials"] as const).map((section) => `${Object.keys(snapshot[section]).length} ${section}`);
    return `gateway ${snapshot.gateway}: version ${snapshotVersion(snapshot)}, ${counts.join(", ")}`;
  });
  const objects = Object.entries(diagnostics).flatMap(([key, { findings, carriedBy }]) => [
    `${key}: ${Object.keys(carriedBy).length === 0 ? "carried by no gateway" : `carried by ${Object.keys(carriedBy).join(", ")}`}`,
    ...findings.map(({ severity, condition, reason, message }) => `  ${severity} ${condition} ${reason}: ${message}`),
  ]);
  return [...gateways, ...objects];
};
