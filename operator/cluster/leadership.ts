// What only the leader does, for as long as it leads: serve the data planes' streams, write status, tell people.
// Before each write it is asked whether it still leads; what was begun ends with `close`.
import { Events } from "../kube/events.ts";
import type { KubeClient } from "../kube/client.ts";
import { resources, versionOf, type KubeObject } from "../kube/types.ts";
import type { Publication } from "../publish/editions.ts";
import type { Outcome } from "../reconcile.ts";
import { build } from "../settings.ts";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import { overviewOf, Publications, type Overview } from "../status/overview.ts";
import { StatusReporter } from "../status/report.ts";
import type { Turn } from "../status/difference.ts";
import type { ClusterWatch } from "../watch/cluster.ts";
import { keyOf, type ObjectRef, type OwnKind } from "../world.ts";
import { openPush, type Push, type PushParts } from "./push.ts";

export interface LeadershipParts extends PushParts {
  readonly watch: ClusterWatch;
}

export interface GatewayCounts {
  readonly gateway: string;
  readonly connected: number;
  readonly current: number;
  readonly rejecting: number;
  readonly serving: number;
}

export class Leadership {
  readonly #parts: LeadershipParts;
  readonly #publisher: Push;
  readonly #reporter: StatusReporter;
  readonly #events: Events;
  readonly #publications = new Publications();

  static async begin(parts: LeadershipParts): Promise<Leadership> {
    // A data plane may be there before the rest is.
    const heard = { planes: (): void => undefined };
    const publisher = await openPush(parts, () => heard.planes());
    const leadership = new Leadership(parts, publisher);
    heard.planes = () => leadership.planesChanged();
    return leadership;
  }

  private constructor(parts: LeadershipParts, publisher: Push) {
    const { client, clock, random, watch, leader, metrics, log } = parts;
    const say = (message: string): void => log.warn("status", message);
    this.#parts = parts;
    this.#publisher = publisher;
    this.#events = new Events({ client, instance: parts.settings.pod, clock, say, observe: (outcome) => metrics.events.inc({ outcome }) });
    this.#reporter = new StatusReporter({
      observed: (key) => watch.observed(key),
      serving: () => watch.pods(),
      connected: () => publisher.dataPlanes(),
      isSettled: () => Object.entries(publisher.versions()).every(([gateway, version]) => publisher.isSettled(gateway, version)),
      write: (object, version, status) => writeStatus(client, object, version, status),
      isLeading: () => leader.isLeading(),
      news: (key, object, turn) => this.#tell(key, object, turn),
      clock, random, say,
      observe: (outcome) => metrics.statusWrites.inc({ outcome }),
    });
  }

  get port(): number {
    return this.#publisher.port;
  }

  publish(snapshots: Iterable<Snapshot>): Publication[] {
    if (!this.#parts.leader.isLeading()) return [];
    const publications = this.#publisher.publish(snapshots);
    for (const { edition } of publications) this.#publications.note(edition.gateway, edition.version, this.#parts.clock.now());
    return publications;
  }

  /** For whoever asks. */
  overview(): Overview {
    const { settings, clock, watch } = this.#parts;
    return overviewOf({
      operator: { pod: settings.pod, build, epoch: this.#publisher.epoch() },
      now: clock.now(), versions: this.#publisher.versions(), publications: this.#publications, serving: watch.pods(), connected: this.#publisher.dataPlanes(),
    });
  }

  report({ world, compiled }: Outcome): void {
    this.#reporter.report({ world, reports: compiled.diagnostics, snapshots: compiled.snapshots, versions: this.#publisher.versions() });
  }

  planesChanged(): void {
    this.#reporter.planesChanged();
  }

  statusSeen(key: string): void {
    this.#reporter.seen(key);
  }

  certificateEndsAt(): number {
    return this.#publisher.certificateEndsAt();
  }

  get statusWaiting(): number {
    return this.#reporter.waiting;
  }

  counts(): GatewayCounts[] {
    const planes = this.#publisher.dataPlanes();
    const pods = this.#parts.watch.pods();
    return Object.entries(this.#publisher.versions()).map(([gateway, version]) => {
      const own = planes.filter((plane) => plane.gateway === gateway);
      return {
        gateway,
        connected: own.length,
        current: own.filter((plane) => plane.version === version).length,
        rejecting: own.filter((plane) => plane.rejection !== undefined).length,
        serving: pods.filter((pod) => pod.gateway === gateway).length,
      };
    });
  }

  async close(): Promise<void> {
    this.#reporter.close();
    await this.#publisher.close();
  }

  #tell(key: string, object: ObjectRef, turn: Turn): void {
    const uid = this.#parts.watch.uidOf(key);
    if (uid === undefined || !isToldOf(object.kind) || !this.#parts.leader.isLeading()) return;
    this.#events.tell({ ...object, kind: object.kind, uid, ...turn });
  }
}

const isToldOf = (kind: string): kind is OwnKind | "Secret" => kind === "LLMProvider" || kind === "LLMRoute" || kind === "LLMBudget" || kind === "Secret";
const isOwn = (kind: string): kind is OwnKind => isToldOf(kind) && kind !== "Secret";

// With the version: the API server looks at no uid here, and an object that was made anew under the same name must not get the old one's status.
const writeStatus = async (client: KubeClient, object: ObjectRef, resourceVersion: string, status: Readonly<Record<string, unknown>>): Promise<string> => {
  const { kind, namespace, name } = object;
  if (!isOwn(kind)) throw new Error(`${keyOf(object)} has no status of ours`);
  const written: KubeObject = await client.apply(resources[kind], { namespace, name, subresource: "status" }, { metadata: { namespace, name, resourceVersion }, status });
  return versionOf(written);
};
