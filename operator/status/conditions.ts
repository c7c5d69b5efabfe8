// What was found out about an object and which data planes run it → the conditions and counts of its status. Pure.
// It writes nothing, and it asks no clock: the time is handed in, and only a condition that flips takes it.
import type { Condition, GatewayCounts } from "../../crds/status.ts";
import { own, type ObjectRef } from "../world.ts";

/** One thing that compile has to say. An error turns its condition False; a warning is told beside True. */
export interface Finding {
  readonly condition: string;
  readonly reason: string;
  readonly severity: "error" | "warning";
  readonly path: string;
  readonly message: string;
}

export interface Report {
  readonly object: ObjectRef;
  readonly generation: number | undefined;
  /** The weightiest first: it gives the condition its reason. */
  readonly findings: readonly Finding[];
  readonly carriedBy: Readonly<Record<string, string>>;
}

/** A data plane that counts: one that is connected, or that should be because it serves. */
export interface DataPlane {
  readonly pod: string;
  readonly gateway: string;
  /** What it runs. */
  readonly version: string;
  /** False for one that serves and has no stream to the operator. */
  readonly isConnected?: boolean;
  readonly rejection?: { readonly version: string; readonly problems: readonly { readonly object: string; readonly path: string; readonly message: string }[] };
}

interface Carriage {
  readonly fingerprint: string;
  readonly since: number;
  /** The first version that carries it as it is now: it stays when other objects change. */
  readonly version: string;
}

/** Which of the versions of a gateway carry an object as it is now: those from `since` on. */
interface GatewayHistory {
  readonly version: string;
  readonly count: number;
  /** version → when it was last published, as a count of publications. */
  readonly versions: Readonly<Record<string, number>>;
  readonly carried: Readonly<Record<string, Carriage>>;
}

export type History = Readonly<Record<string, GatewayHistory>>;

const VERSIONS_MAX = 64;
const NO_HISTORY: GatewayHistory = { version: "", count: 0, versions: {}, carried: {} };

/** After each compile: `versions` is the version of each gateway's newest snapshot, changed or not. */
export const advanceHistory = (history: History, reports: Readonly<Record<string, Report>>, versions: Readonly<Record<string, string>>): History => {
  const carried = carriedByGateway(reports);
  return Object.fromEntries(Object.entries(versions).map(([gateway, version]) => [gateway, advanceGateway(own(history, gateway) ?? NO_HISTORY, version, carried.get(gateway) ?? [])]));
};

type Carried = readonly (readonly [key: string, fingerprint: string])[];

const carriedByGateway = (reports: Readonly<Record<string, Report>>): Map<string, [string, string][]> => {
  const byGateway = new Map<string, [string, string][]>();
  for (const [key, report] of Object.entries(reports)) {
    for (const [gateway, fingerprint] of Object.entries(report.carriedBy)) {
      const list = byGateway.get(gateway) ?? [];
      list.push([key, fingerprint]);
      byGateway.set(gateway, list);
    }
  }
  return byGateway;
};

const advanceGateway = (history: GatewayHistory, version: string, carried: Carried): GatewayHistory => {
  const count = version === history.version ? history.count : history.count + 1;
  const recent = Object.entries({ ...history.versions, [version]: count }).filter(([, published]) => published > count - VERSIONS_MAX);
  const entries = carried.map(([key, fingerprint]) => {
    const known = own(history.carried, key);
    return [key, known?.fingerprint === fingerprint ? known : { fingerprint, since: count, version }] as const;
  });
  return { version, count, versions: Object.fromEntries(recent), carried: Object.fromEntries(entries) };
};

export interface StatusInput {
  readonly key: string;
  readonly report: Report;
  readonly history: History;
  readonly dataPlanes: readonly DataPlane[];
  /** The conditions that the object has now. */
  readonly previous: readonly Condition[];
  /** RFC 3339. */
  readonly time: string;
}

export interface ObjectStatus {
  readonly observedGeneration?: number;
  readonly conditions: Condition[];
  readonly gateways: GatewayCounts[];
  /** "5/6" */
  readonly programmed: string;
}

export const statusOf = (input: StatusInput): ObjectStatus => {
  const { report } = input;
  const standings = Object.keys(report.carriedBy).map((gateway) => standingOf(gateway, input));
  const programmed = standings.reduce((sum, standing) => sum + standing.counts.programmed, 0);
  const counted = standings.reduce((sum, standing) => sum + standing.counted, 0);
  const inForce = found("InForce", report);
  const judged = [found("Accepted", report), resolvedOf(report), programmedOf(report, standings), ...(inForce.status === "False" ? [inForce] : [])];
  return {
    ...(report.generation !== undefined && { observedGeneration: report.generation }),
    conditions: judged.map((one) => stamped(one, input)),
    gateways: standings.map((standing) => standing.counts),
    programmed: `${programmed}/${counted}`,
  };
};

/** Says the same at two moments between which nothing about the object's data planes changed that a status tells. */
export const standingText = (input: Pick<StatusInput, "key" | "report" | "history" | "dataPlanes">): string =>
  Object.keys(input.report.carriedBy).map((gateway) => {
    const { counts: { configVersion, connected, programmed, rejected }, counted, lagging } = standingOf(gateway, input);
    return `${gateway} ${configVersion} ${connected} ${programmed} ${rejected} ${counted} ${lagging.join("; ")}`;
  }).join("\n");

type Judged = Pick<Condition, "type" | "status" | "reason" | "message">;

const stamped = (judged: Judged, { report, previous, time }: StatusInput): Condition => {
  const before = previous.find((condition) => condition.type === judged.type);
  return {
    ...judged,
    ...(report.generation !== undefined && { observedGeneration: report.generation }),
    lastTransitionTime: before?.status === judged.status ? before.lastTransitionTime : time,
  };
};

const allIsWell: Readonly<Record<string, string>> = {
  Accepted: "the object is valid",
  ResolvedRefs: "everything that it refers to is there",
  InForce: "every field has effect",
};

const found = (type: string, { findings }: Report): Judged => {
  const told = findings.filter((finding) => finding.condition === type);
  const errors = told.filter((finding) => finding.severity === "error");
  const [first] = errors.length > 0 ? errors : told;
  const message = first === undefined ? (allIsWell[type] ?? "") : sentences(told);
  return { type, status: errors.length > 0 ? "False" : "True", reason: first?.reason ?? type, message };
};

// What an object that does not parse refers to, nobody knows.
const resolvedOf = (report: Report): Judged =>
  report.findings.some((finding) => finding.reason === "Invalid")
    ? { type: "ResolvedRefs", status: "Unknown", reason: "Invalid", message: "the object is not valid, so that its references were not followed" }
    : found("ResolvedRefs", report);

const FINDINGS_TOLD_MAX = 10;
const MESSAGE_CHARACTERS_MAX = 8192;

const sentences = (findings: readonly Finding[]): string => {
  const told = findings.slice(0, FINDINGS_TOLD_MAX).map((finding) => finding.message);
  const untold = findings.length - told.length;
  return [...told, ...(untold > 0 ? [`and ${untold} more`] : [])].join("; ").slice(0, MESSAGE_CHARACTERS_MAX);
};

interface Standing {
  readonly counts: GatewayCounts;
  /** Connected or not. */
  readonly counted: number;
  /** Each data plane that does not run it, and why. */
  readonly lagging: readonly string[];
}

const standingOf = (gateway: string, { key, history, dataPlanes }: Pick<StatusInput, "key" | "history" | "dataPlanes">): Standing => {
  const known = own(history, gateway) ?? NO_HISTORY;
  const { since, version: first = "" } = own(known.carried, key) ?? {};
  const { members, connected, versions } = fleetOf(gateway, dataPlanes);
  const old = versions.filter((version) => since === undefined || (own(known.versions, version) ?? -1) < since);
  const behind = old.length === 0 ? [] : members.filter(({ version }) => old.includes(version));
  const counts: GatewayCounts = {
    name: gateway,
    ...(first !== "" && { configVersion: first }),
    connected,
    programmed: members.length - behind.length,
    rejected: behind.filter((dataPlane) => dataPlane.rejection !== undefined).length,
  };
  return { counts, counted: members.length, lagging: behind.map((dataPlane) => `${dataPlane.pod} of gateway ${gateway} ${whyBehind(dataPlane)}`) };
};

interface Fleet {
  readonly members: readonly DataPlane[];
  readonly connected: number;
  /** Each once. */
  readonly versions: readonly string[];
}

// Objects are thousands and data planes hundreds, but the versions that these run are few: a list is counted once for all objects.
const fleets = new WeakMap<readonly DataPlane[], Map<string, Fleet>>();

const fleetOf = (gateway: string, dataPlanes: readonly DataPlane[]): Fleet => {
  const byGateway = fleets.get(dataPlanes) ?? new Map<string, Fleet>();
  fleets.set(dataPlanes, byGateway);
  const known = byGateway.get(gateway);
  if (known !== undefined) return known;
  const members = dataPlanes.filter((dataPlane) => dataPlane.gateway === gateway);
  const connected = members.filter(({ isConnected }) => isConnected !== false).length;
  const fleet = { members, connected, versions: [...new Set(members.map(({ version }) => version))] };
  byGateway.set(gateway, fleet);
  return fleet;
};

const whyBehind = ({ rejection, isConnected }: DataPlane): string => {
  if (isConnected === false) return "serves, but has no stream to the operator";
  if (rejection === undefined) return "has not taken it over yet";
  const [first] = rejection.problems;
  return first === undefined ? "refused it" : `refused it: ${[first.object, first.path, first.message].filter((word) => word !== "").join(": ")}`;
};

const LAGGING_TOLD_MAX = 5;

const programmedOf = (report: Report, standings: readonly Standing[]): Judged => {
  if (standings.length === 0) return { type: "Programmed", status: "False", ...whyNotCarried(report) };
  const counted = standings.reduce((sum, standing) => sum + standing.counted, 0);
  const programmed = standings.reduce((sum, standing) => sum + standing.counts.programmed, 0);
  const gateways = standings.map((standing) => standing.counts.name).join(", ");
  if (counted === 0) return { type: "Programmed", status: "False", reason: "NoDataPlanes", message: `no data plane of ${gateways} is connected` };
  const share = `${programmed} of ${counted} data planes run it`;
  if (programmed === counted) return { type: "Programmed", status: "True", reason: "Programmed", message: share };
  const lagging = standings.flatMap((standing) => standing.lagging);
  const told = lagging.slice(0, LAGGING_TOLD_MAX).join("; ") + (lagging.length > LAGGING_TOLD_MAX ? `; and ${lagging.length - LAGGING_TOLD_MAX} more` : "");
  return { type: "Programmed", status: "False", reason: "PartiallyProgrammed", message: `${share}: ${told}` };
};

const whyNotCarried = (report: Report): Pick<Judged, "reason" | "message"> => {
  const told = (type: string) => `no data plane has it; the condition ${type} says why`;
  if (found("Accepted", report).status === "False") return { reason: "NotAccepted", message: told("Accepted") };
  if (report.object.kind === "LLMBudget") return { reason: "NotInForce", message: told("InForce") };
  if (found("ResolvedRefs", report).status === "False") return { reason: "NotResolved", message: told("ResolvedRefs") };
  if (report.object.kind === "LLMProvider") return { reason: "NotReferenced", message: "no accepted route uses it, so that no data plane needs it" };
  return { reason: "NotPublished", message: "no gateway carries it" };
};
