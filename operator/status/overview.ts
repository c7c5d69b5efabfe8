// Who runs what, since when, and how far behind: what the leader says when somebody asks. Pure.
// It is asked for and never written: counts for everybody are in each object's status.
import { z } from "zod";
import { own } from "../world.ts";

const time = z.string();

export const overviewSchema = z.object({
  operator: z.object({ pod: z.string(), build: z.string(), epoch: z.number() }),
  /** When this was said, by the operator's clock. */
  time,
  gateways: z.array(z.object({ name: z.string(), version: z.string(), publishedAt: time.optional(), current: z.number(), counted: z.number() })),
  dataPlanes: z.array(
    z.object({
      gateway: z.string(),
      namespace: z.string().optional(),
      pod: z.string(),
      /** Rejected: it refused the newest. Disconnected: it serves, and has no stream to the operator. */
      state: z.enum(["Current", "Behind", "Rejected", "Disconnected"]),
      /** Whether it gets traffic. */
      isServing: z.boolean(),
      /** "" for none, or where it is not known. */
      version: z.string(),
      since: time.optional(),
      connectedAt: time.optional(),
      /** Of one that is current, how long the newest took to get there; otherwise for how long it has been behind. */
      lagMs: z.number().optional(),
      build: z.string().optional(),
      rejection: z.object({ version: z.string(), problems: z.array(z.object({ object: z.string(), path: z.string(), message: z.string() })) }).optional(),
    }),
  ),
});

export type Overview = z.infer<typeof overviewSchema>;
type PlaneOverview = Overview["dataPlanes"][number];

export interface ConnectedPlane {
  readonly uid: string;
  readonly pod: string;
  readonly gateway: string;
  readonly namespace?: string;
  readonly build: string;
  readonly connectedAt: number;
  readonly version: string;
  readonly since: number;
  readonly rejection?: { readonly version: string; readonly problems: readonly { readonly object: string; readonly path: string; readonly message: string }[] };
}

interface Publication {
  readonly version: string;
  readonly at: number;
}

const PUBLICATIONS_MAX = 64;

/** When which version of a gateway was published, as far as this operator has published it. */
export class Publications {
  readonly #byGateway = new Map<string, readonly Publication[]>();

  note(gateway: string, version: string, now: number): void {
    const known = (this.#byGateway.get(gateway) ?? []).filter((one) => one.version !== version);
    this.#byGateway.set(gateway, [...known, { version, at: now }].slice(-PUBLICATIONS_MAX));
  }

  at(gateway: string, version: string): number | undefined {
    return this.#byGateway.get(gateway)?.find((one) => one.version === version)?.at;
  }

  /** When the first version came that is newer than this one; of one that is not known, the newest. */
  overtakenAt(gateway: string, version: string): number | undefined {
    const known = this.#byGateway.get(gateway) ?? [];
    const index = known.findIndex((one) => one.version === version);
    return (index < 0 ? known.at(-1) : known[index + 1])?.at;
  }
}

export interface OverviewParts {
  readonly operator: Overview["operator"];
  readonly now: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly publications: Publications;
  readonly serving: readonly { readonly uid: string; readonly namespace: string; readonly name: string; readonly gateway: string }[];
  readonly connected: readonly ConnectedPlane[];
}

export const overviewOf = (parts: OverviewParts): Overview => {
  const { operator, now, versions, publications, serving, connected } = parts;
  const pods = new Map(serving.map((pod) => [pod.uid, pod]));
  const streams = new Set(connected.map(({ uid }) => uid));
  const absent = serving.filter(({ uid }) => !streams.has(uid));
  const dataPlanes = [
    ...connected.map((plane) => planeOf(plane, pods.get(plane.uid), parts)),
    ...absent.map(({ gateway, namespace, name }): PlaneOverview => ({ gateway, namespace, pod: name, state: "Disconnected", isServing: true, version: "" })),
  ];
  const gateways = Object.entries(versions).map(([name, version]) => {
    const counted = dataPlanes.filter((plane) => plane.gateway === name && plane.isServing);
    return { name, version, ...dated("publishedAt", publications.at(name, version)), current: counted.filter(({ state }) => state === "Current").length, counted: counted.length };
  });
  return { operator, time: spelt(now), gateways: gateways.toSorted(byName), dataPlanes: dataPlanes.toSorted(byPlace) };
};

const planeOf = (plane: ConnectedPlane, pod: { readonly namespace: string } | undefined, parts: OverviewParts): PlaneOverview => {
  const { gateway, build, version, since, connectedAt, rejection } = plane;
  const newest = own(parts.versions, gateway);
  const namespace = pod?.namespace ?? plane.namespace;
  const state = version === newest ? "Current" : rejection !== undefined && rejection.version === newest ? "Rejected" : "Behind";
  const lagMs = lagOf(plane, state === "Current", parts);
  return {
    gateway, ...(namespace !== undefined && { namespace }), pod: plane.pod, state, isServing: pod !== undefined, version, since: spelt(since), connectedAt: spelt(connectedAt),
    ...(lagMs !== undefined && { lagMs }), build,
    ...(rejection !== undefined && { rejection: { version: rejection.version, problems: rejection.problems.map(({ object, path, message }) => ({ object, path, message })) } }),
  };
};

/** Nobody is late for what was published before he came. */
const lagOf = ({ gateway, version, since, connectedAt }: ConnectedPlane, isCurrent: boolean, { publications, now }: OverviewParts): number | undefined => {
  const from = isCurrent ? publications.at(gateway, version) : publications.overtakenAt(gateway, version);
  if (from === undefined) return undefined;
  const to = isCurrent ? since : now;
  return Math.max(0, to - (isCurrent || version === "" ? Math.max(from, connectedAt) : from));
};

const spelt = (milliseconds: number): string => new Date(milliseconds).toISOString();
const dated = <Name extends string>(name: Name, at: number | undefined): { [Key in Name]?: string } => (at === undefined ? {} : ({ [name]: spelt(at) } as { [Key in Name]: string }));

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
const byName = (left: { name: string }, right: { name: string }): number => compare(left.name, right.name);
const byPlace = (left: PlaneOverview, right: PlaneOverview): number =>
  compare(left.gateway, right.gateway) || compare(left.namespace ?? "", right.namespace ?? "") || compare(left.pod, right.pod);
