// The operator on a cluster, from its start to its end: watch and compile always, serve and write only while leading.
// It wires parts and decides their order; each part's own file says what it does.
import type { Clock } from "../clock.ts";
import { Compiler, compileWorld, type Compiled } from "../compile/compile.ts";
import { KubeClient } from "../kube/client.ts";
import type { KubeConnection } from "../kube/connection.ts";
import { Leader, type Term } from "../kube/leader.ts";
import { RoleLabel } from "../kube/role-label.ts";
import { startReconcile, type Outcome, type Reconciler } from "../reconcile.ts";
import { ClusterWatch } from "../watch/cluster.ts";
import { GatewaysFile } from "../watch/gateways-file.ts";
import type { World } from "../world.ts";
import { wordsOfDryRun } from "./dry-run.ts";
import { startHealth, type Health } from "./health.ts";
import { SidecarInjection } from "./injection.ts";
import { Leadership } from "./leadership.ts";
import type { Log } from "./log.ts";
import { OperatorMetrics } from "./metrics.ts";
import type { ClusterSettings } from "./settings.ts";

export interface ClusterSurroundings {
  readonly connection: KubeConnection;
  /** The operator's own namespace. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Aborted when somebody asks for the end. */
  readonly stop: AbortSignal;
}

const SECOND_LOOK_MS = 10_000;
const GOODBYE_MS_MAX = 3000;

/** Ended: as asked. Lost: another one leads, or may; this process must not go on. */
export type Ending = "ended" | "lost";

export const runCluster = async (settings: ClusterSettings, surroundings: ClusterSurroundings): Promise<Ending> => {
  const operator = new ClusterOperator(settings, surroundings);
  try {
    await operator.start();
    return await operator.ending;
  } finally {
    await operator.stop();
  }
};

/** What would be done, line by line. */
export const dryRunCluster = async (settings: ClusterSettings, surroundings: ClusterSurroundings): Promise<string[]> => {
  const operator = new ClusterOperator(settings, surroundings);
  try {
    return wordsOfDryRun(compileWorld(await operator.look()));
  } finally {
    await operator.stop();
  }
};

export class ClusterOperator {
  readonly ending: Promise<Ending>;
  readonly metrics = new OperatorMetrics();
  readonly #settings: ClusterSettings;
  readonly #surroundings: ClusterSurroundings;
  readonly #client: KubeClient;
  readonly #watch: ClusterWatch;
  readonly #gateways: GatewaysFile | undefined;
  readonly #compiler = new Compiler();
  readonly #reconciler: Reconciler;
  readonly #leader: Leader;
  readonly #label: RoleLabel;
  #leadership: Leadership | undefined;
  #injection: SidecarInjection | undefined;
  #health: Health | undefined;
  #outcome: Outcome | undefined;
  #isBroken = false;
  #isStarted = false;
  /** False for a look only. */
  #isServing = false;
  #areGatewaysRead: boolean;
  #onSynced = (): void => undefined;
  #end: (ending: Ending) => void = () => undefined;

  constructor(settings: ClusterSettings, surroundings: ClusterSurroundings) {
    const { clock, random, namespace, connection } = surroundings;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.ending = new Promise((resolve) => (this.#end = resolve));
    this.#areGatewaysRead = settings.gatewaysFile === undefined;
    this.#client = new KubeClient({ connection, clock, observe: (verb, resource, status, tookMs) => this.#onRequest(verb, resource, status, tookMs) });
    this.#watch = this.#makeWatch();
    this.#gateways = this.#makeGateways();
    this.#reconciler = startReconcile({
      look: () => this.#watch.world(),
      compile: (world) => this.#compile(world),
      publish: (snapshots) => this.#leadership?.publish(snapshots) ?? [],
      report: (outcome) => this.#report(outcome),
      clock,
      secondLookMs: SECOND_LOOK_MS,
      held: () => this.metrics.reconciles.inc({ result: "held" }),
      say: this.#sayer("reconcile"),
    });
    this.#label = new RoleLabel({ client: this.#client, namespace, pod: settings.pod, clock, say: this.#sayer("lease") });
    this.#leader = new Leader({
      client: this.#client, namespace, name: settings.lease, identity: `${settings.pod}_${settings.podUid ?? Math.floor(random() * 2 ** 48).toString(16)}`, clock, random,
      onElected: (term) => void this.#lead(term),
      onLost: (reason) => this.#lost(reason),
      say: this.#sayer("lease"),
    });
    this.#readMetrics();
  }

  /** Resolves when the ports are open; the rest happens as the cluster answers. */
  async start(): Promise<void> {
    const { stop, log } = this.#surroundings;
    const { host, port } = this.#settings.health;
    this.#isServing = true;
    const metrics = async (): Promise<{ contentType: string; text: string }> => ({ contentType: this.metrics.contentType, text: await this.metrics.text() });
    this.#health = await startHealth({ host, port, unready: () => this.#unready(), metrics, overview: () => this.#leadership?.overview() });
    if (stop.aborted) this.#end("ended");
    stop.addEventListener("abort", () => this.#end("ended"), { once: true });
    await this.#gateways?.start();
    this.#watch.start();
    this.#injection = await this.#openInjection();
    void this.#label.takeOffIfWorn().catch((error: unknown) => log.warn("lease", `the labels of the operator's pods cannot be read: ${error instanceof Error ? error.message : ""}`));
  }

  /** The world as soon as it is complete. */
  async look(): Promise<World> {
    const synced = new Promise<void>((resolve) => (this.#onSynced = resolve));
    await this.#gateways?.start();
    this.#watch.start();
    await Promise.race([synced, new Promise((resolve) => this.#surroundings.stop.addEventListener("abort", resolve, { once: true }))]);
    return this.#watch.world();
  }

  get healthPort(): number {
    return this.#health?.port ?? 0;
  }

  get pushPort(): number {
    return this.#leadership?.port ?? 0;
  }

  get injectPort(): number {
    return this.#injection?.port ?? 0;
  }

  // The next leader may begin only when nothing of this one is left: writes first, then streams, the label, the lease.
  async stop(): Promise<void> {
    const { clock } = this.#surroundings;
    const wasLeading = this.#leadership !== undefined;
    this.#reconciler.close();
    this.#gateways?.close();
    await this.#leadership?.close();
    if (wasLeading && this.#leader.isLeading()) await Promise.race([this.#label.takeOff(), clock.sleep(GOODBYE_MS_MAX)]);
    this.#label.close();
    await Promise.race([this.#leader.release(), clock.sleep(GOODBYE_MS_MAX)]);
    // As late as can be: a pod that nobody is asked about starts without its sidecar.
    await this.#injection?.close();
    await this.#watch.close();
    await this.#client.close();
    await this.#health?.close();
  }

  #makeWatch(): ClusterWatch {
    const { clock, random, namespace } = this.#surroundings;
    return new ClusterWatch({
      client: this.#client, namespaces: this.#settings.namespaces, home: namespace, clock, random, say: this.#sayer("watch"),
      onChange: () => this.#changed(),
      onSynced: () => this.#changed(),
      onPods: () => this.#leadership?.planesChanged(),
      onStatus: (key) => this.#leadership?.statusSeen(key),
      observe: (resource, what) => this.metrics.watch.inc({ resource, what }),
    });
  }

  async #openInjection(): Promise<SidecarInjection | undefined> {
    const { inject, push: { trust } } = this.#settings;
    if (inject === undefined || trust === undefined) return undefined;
    const { clock, log, namespace } = this.#surroundings;
    return SidecarInjection.open({ inject, trust, client: this.#client, namespace, watch: this.#watch, isLeading: () => this.#leader.isLeading(), metrics: this.metrics, clock, log });
  }

  #makeGateways(): GatewaysFile | undefined {
    const { gatewaysFile: file } = this.#settings;
    if (file === undefined) return undefined;
    return new GatewaysFile({
      file, clock: this.#surroundings.clock, say: this.#sayer("settings"),
      onGateways: (gateways) => {
        this.#areGatewaysRead = true;
        this.#watch.setGateways(gateways);
        this.#changed();
      },
    });
  }

  // Nothing is compiled before all is known: a world that lacks a part would be one where that part was deleted.
  #changed(): void {
    if (!this.#watch.isSynced || !this.#areGatewaysRead) return;
    this.#onSynced();
    if (!this.#isServing) return;
    this.#reconciler.changed();
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#surroundings.log.info("watch", "every copy of the cluster's objects is complete");
    this.#leader.start();
  }

  #compile(world: World): Compiled {
    const { clock } = this.#surroundings;
    const startTick = clock.tick();
    try {
      const compiled = this.#compiler.compile(world);
      this.metrics.compileSeconds.observe((clock.tick() - startTick) / 1000);
      this.metrics.reconciles.inc({ result: "done" });
      this.#isBroken = false;
      return compiled;
    } catch (error) {
      this.metrics.reconciles.inc({ result: "failed" });
      this.#isBroken = true;
      throw error;
    }
  }

  #report(outcome: Outcome): void {
    const { log, clock } = this.#surroundings;
    this.#outcome = outcome;
    for (const { edition, differences } of outcome.publications) {
      this.metrics.publications.inc({ gateway: edition.gateway });
      log.info("publish", `gateway ${edition.gateway} has a new version`, { gateway: edition.gateway, version: edition.version, differences: differences.length });
    }
    if (outcome.publications.length > 0) this.metrics.publishSeconds.observe((clock.tick() - outcome.changedTick) / 1000);
    this.#leadership?.report(outcome);
    this.#injection?.wake();
  }

  async #lead(term: Term): Promise<void> {
    const { log, clock, random, namespace } = this.#surroundings;
    log.info("lease", "this operator leads", { epoch: term.epoch });
    // A Lease that was deleted and made anew by the chart looks like the first one; a data plane that is ready has something to lose.
    if (term.isFirst && this.#watch.pods().length === 0) this.#reconciler.beginsEmpty();
    try {
      const leadership = await Leadership.begin({
        term, settings: this.#settings, client: this.#client, namespace, leader: this.#leader, watch: this.#watch, metrics: this.metrics, clock, random, log,
      });
      // Lost or asked to end while the port was opened.
      if (!this.#leader.isLeading()) return void (await leadership.close());
      this.#leadership = leadership;
      if (this.#outcome !== undefined) this.#report({ ...this.#outcome, publications: leadership.publish(Object.values(this.#outcome.compiled.snapshots)), changedTick: clock.tick() });
      this.#injection?.lead();
      await this.#label.wear();
    } catch (error) {
      this.#lost(`it cannot lead: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #lost(reason: string): void {
    this.#surroundings.log.error("lease", `this operator no longer leads and ends: ${reason}`);
    this.#end("lost");
  }

  #unready(): string | undefined {
    const missing = this.#watch.sizes().filter(({ isSynced }) => !isSynced);
    if (!this.#areGatewaysRead) return "the settings of the gateways cannot be read yet";
    if (!this.#watch.isSynced) return `not complete yet: ${[...new Set(missing.map(({ resource }) => resource))].join(", ") || "contents of Secrets"}`;
    return this.#isBroken && this.#outcome === undefined ? "the world cannot be compiled" : this.#injection?.unready();
  }

  #readMetrics(): void {
    this.metrics.read({
      isLeading: () => this.#leader.isLeading(),
      isReady: () => this.#unready() === undefined,
      objects: () => this.#watch.sizes(),
      conditions: () => problemsOf(this.#outcome?.compiled),
      dataPlanes: () => this.#leadership?.counts() ?? [],
      statusWaiting: () => this.#leadership?.statusWaiting ?? 0,
      certificateEndsAt: () => this.#leadership?.certificateEndsAt() ?? 0,
    });
  }

  #onRequest(verb: string, resource: string, status: number, tookMs: number): void {
    this.metrics.requests.inc({ verb, resource, code: String(status) });
    this.metrics.requestSeconds.observe({ verb }, tookMs / 1000);
  }

  #sayer(part: string): (message: string) => void {
    return (message) => this.#surroundings.log.warn(part, message);
  }
}

const problemsOf = (compiled: Compiled | undefined): { kind: string; condition: string; objects: number }[] => {
  const counts = new Map<string, { kind: string; condition: string; objects: number }>();
  for (const { object, findings } of Object.values(compiled?.diagnostics ?? {})) {
    for (const condition of new Set(findings.filter(({ severity }) => severity === "error").map((one) => one.condition))) {
      const key = `${object.kind}/${condition}`;
      const known = counts.get(key) ?? { kind: object.kind, condition, objects: 0 };
      counts.set(key, { ...known, objects: known.objects + 1 });
    }
  }
  return [...counts.values()];
};
