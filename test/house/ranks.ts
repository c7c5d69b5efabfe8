// Who may import whom, as a table and a few laws on top of it. An edge that breaks one becomes a sentence.
// A file that the table does not know is a problem too: its place must be decided once, here.

export interface Edge {
  readonly from: string;
  readonly to: string;
}

interface Place {
  readonly side: "dataplane" | "operator" | "crds" | "charts" | "test";
  readonly rank: number;
  /** Folder or file that the rank was given to. */
  readonly unit: string;
}

/** Imports go from a higher rank to a lower one. Files without "/" at the end are single files of their rank. */
const ranks: Record<"dataplane" | "operator", readonly (readonly string[])[]> = {
  dataplane: [
    // The contract lies below the rest: telemetry redacts its secrets, and the admin port shows it.
    ["errors.ts", "clock.ts", "deadlines.ts", "certificate.ts", "snapshot/", "wire/"],
    ["state/", "telemetry/"],
    ["protocols/"],
    // A row of the catalogue says how its provider differs from a protocol.
    ["providers/", "policies/", "identity/", "feed/"],
    ["request/"],
    ["inbound/"],
    // Settings are made of what the parts ask for, and only main.ts reads them: no part can reach for the environment.
    ["server.ts", "listener.ts", "settings.ts"],
    ["main.ts", "reference.ts", "translate.ts"],
  ],
  operator: [
    ["settings.ts", "clock.ts", "terminal.ts"],
    ["world.ts", "kube/"],
    ["watch/", "compile/", "publish/", "status/", "inject/", "demo/"],
    ["reconcile.ts"],
    ["standalone/", "cluster/"],
    ["main.ts", "standalone.ts"],
    ["cli/"],
  ],
};

/** The ten steps, which only handle.ts may know together. */
const steps = ["accept", "authenticate", "understand", "decide", "admit", "attempt", "translate", "stream", "settle", "observe"];

const mayServeDemo = ["operator/cli/", "operator/standalone.ts", "operator/standalone/", "operator/demo/"];

export const placeIn = (path: string): Place | null => {
  const side = path.split("/")[0];
  if (side === "crds" || side === "charts" || side === "test") return { side, rank: 0, unit: side };
  if (path === "vitest.config.ts") return { side: "test", rank: 0, unit: "test" };
  if (side !== "dataplane" && side !== "operator") return null;
  const inside = path.slice(side.length + 1);
  for (const [rank, units] of ranks[side].entries()) {
    const unit = units.find((candidate) => (candidate.endsWith("/") ? inside.startsWith(candidate) : inside === candidate));
    if (unit !== undefined) return { side, rank, unit };
  }
  return null;
};

/** Null when the edge is allowed. */
export const problemOf = ({ from, to }: Edge): string | null => {
  const [fromPlace, toPlace] = [placeIn(from), placeIn(to)];
  if (fromPlace === null || toPlace === null) return `${fromPlace === null ? from : to} has no rank; give it one in test/house/ranks.ts`;
  const law = lawOfSides(fromPlace, to, toPlace) ?? lawOfDemo(from, to) ?? lawOfProtocols(from, to) ?? lawOfSteps(from, to) ?? lawOfRanks(fromPlace, toPlace);
  return law === null ? null : `${from} may not import ${to}: ${law}`;
};

const lawOfSides = (from: Place, to: string, toPlace: Place): string | null => {
  if (from.side === toPlace.side || from.side === "test") return null;
  if (toPlace.side === "test") return "sources do not know tests";
  if (from.side === "operator" && (toPlace.side === "crds" || to.startsWith("dataplane/snapshot/"))) return null;
  if (from.side === "operator") return "of the data plane the operator knows dataplane/snapshot/ only";
  return from.side === "crds" || from.side === "charts" ? `${from.side}/ knows neither side` : "the data plane knows dataplane/ only";
};

const lawOfDemo = (from: string, to: string): string | null =>
  to.startsWith("operator/demo/") && !from.startsWith("test/") && !mayServeDemo.some((user) => from.startsWith(user)) ? "the demo provider is served by the command line only" : null;

const lawOfProtocols = (from: string, to: string): string | null => {
  const [one, other] = [protocolOf(from), protocolOf(to)];
  return one === null || other === null || one === other ? null : "protocols are peers and do not know each other";
};

const protocolOf = (path: string): string | null => /^dataplane\/protocols\/([^/]+)\//.exec(path)?.[1] ?? null;

const lawOfSteps = (from: string, to: string): string | null => (stepOf(from) !== null && stepOf(to) !== null ? "steps do not know each other; handle.ts wires them" : null);

const stepOf = (path: string): string | null => steps.find((step) => path === `dataplane/request/${step}.ts`) ?? null;

const lawOfRanks = (from: Place, to: Place): string | null => {
  if (from.side !== to.side || from.side === "test" || from.side === "crds" || from.side === "charts") return null;
  if (from.unit === to.unit || from.rank > to.rank) return null;
  if (from.rank < to.rank) return `${from.unit} has rank ${from.rank}, ${to.unit} has rank ${to.rank}; imports go downwards`;
  // Single files stand below the folders of their rank.
  return to.unit.endsWith("/") ? `${from.unit} and ${to.unit} have the same rank` : null;
};

/** Files that reach each other and so themselves: one sorted group for each knot. */
export const knotsIn = (edges: readonly Edge[]): string[][] => {
  const targets = new Map([...Map.groupBy(edges, (edge) => edge.from)].map(([from, own]) => [from, own.map(({ to }) => to)]));
  const reached = new Map([...targets.keys()].map((path) => [path, reachedFrom(path, targets)]));
  const reaches = (from: string, to: string): boolean => reached.get(from)?.has(to) ?? false;
  const knots = [...targets.keys()].filter((path) => reaches(path, path)).map((path) => [...targets.keys()].filter((other) => reaches(path, other) && reaches(other, path)).toSorted());
  return [...new Map(knots.map((knot) => [knot.join(), knot])).values()];
};

const reachedFrom = (path: string, targets: ReadonlyMap<string, readonly string[]>): Set<string> => {
  const reached = new Set<string>();
  const open = [...(targets.get(path) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(targets.get(next) ?? []));
  }
  return reached;
};
