// The gateway on a laptop: manifests from a folder, the same compile, publish and feed as on a cluster, data planes as child processes.
// It wires and prints. It may die at any moment: what it started serves on, and the next run takes it over.
import { statSync } from "node:fs";
import type { Clock } from "./clock.ts";
import { Compiler, type Compiled } from "./compile/compile.ts";
import type { Publication } from "./publish/editions.ts";
import { startPublisher, type Publisher } from "./publish/server.ts";
import { startReconcile, type Outcome } from "./reconcile.ts";
import { build, type Environment } from "./settings.ts";
import { complaintsOf, identityOf, lineOf, type Complaint } from "./standalone/complaints.ts";
import { DataPlanes, type TlsFiles } from "./standalone/data-planes.ts";
import { DemoProcess, withDemoAt } from "./standalone/demo-process.ts";
import { StateFolder } from "./standalone/state.ts";
import { appliedWords, welcome, type Served } from "./standalone/words.ts";
import { Refusal, type Terminal } from "./terminal.ts";
import { watchFolder, type FolderWatch } from "./watch/folder-watch.ts";

export interface StandaloneSettings {
  readonly manifests: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly workers: number;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  readonly state: string;
  readonly gateway: string;
  /** Undefined: no demo provider, whatever the manifests say. */
  readonly demoPort: number | undefined;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly environment: Environment;
  readonly terminal: Terminal;
}

const SECOND_LOOK_MS = 2000;
const SETTLE_MS_MAX = 15_000;
/** Beyond the gateway's own drain time; then a data plane is ended the hard way. */
const STOP_MARGIN_MS = 5000;

export const runStandalone = async (settings: StandaloneSettings, surroundings: Surroundings): Promise<void> => {
  const { terminal } = surroundings;
  if (!isFolder(settings.manifests)) throw new Refusal(`there is no folder ${settings.manifests}; give the one with your manifests with --manifests DIR`);
  const state = new StateFolder(settings.state);
  if (await state.isServed()) throw new Refusal(`another llmgw run uses the state folder ${state.folder}; end it, or give this one another with --state DIR`);
  state.noteRun(process.pid, { manifests: settings.manifests });
  const run = new Run(settings, surroundings, state);
  try {
    await run.start();
    await aborted(terminal.stop);
  } finally {
    await run.stop();
    state.forgetRun();
  }
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

interface Unsettled {
  readonly publication: Publication;
  readonly changedTick: number;
}

class Run {
  readonly #settings: StandaloneSettings;
  readonly #surroundings: Surroundings;
  readonly #state: StateFolder;
  readonly #dataPlanes: DataPlanes;
  readonly #demo: DemoProcess | undefined;
  #complaints = new Map<string, Complaint>();
  #publisher: Publisher | undefined;
  #watch: FolderWatch | undefined;
  #unsettled: Unsettled | undefined;
  #newest: Publication | undefined;
  #isWelcomed = false;
  #isEnding = false;
  #onSettled = (): void => undefined;
  #endReconcile = (): void => undefined;

  constructor(settings: StandaloneSettings, surroundings: Surroundings, state: StateFolder) {
    const { clock } = surroundings;
    const say = (message: string): void => surroundings.terminal.print(message);
    const { host, port, adminPort, workers, tls, gateway, demoPort } = settings;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#state = state;
    this.#dataPlanes = new DataPlanes({ state, host, port, adminPort, workers, tls, gateway, clock, say });
    this.#demo = demoPort === undefined ? undefined : new DemoProcess({ port: demoPort, state, clock, say });
  }

  async start(): Promise<void> {
    const { clock, random, environment } = this.#surroundings;
    const settled = new Promise<void>((resolve) => (this.#onSettled = resolve));
    const cancel = clock.after(SETTLE_MS_MAX, () => this.#onSettled());
    const publisher = await this.#startPublisher(random);
    const compiler = new Compiler();
    const reconciler = startReconcile({
      look: () => this.#world(),
      compile: (world) => compiler.compile(world),
      publish: (snapshots) => publisher.publish(snapshots),
      report: (outcome) => this.#report(outcome),
      clock,
      secondLookMs: SECOND_LOOK_MS,
      say: (message) => this.#print(message),
    });
    this.#endReconcile = () => reconciler.close();
    this.#watch = watchFolder({ directory: this.#settings.manifests, environment, clock, onChange: (_, seenTick) => reconciler.changed(seenTick) });
    reconciler.changed();
    await this.#dataPlanes.start();
    // Some may have come back while the ports were looked at.
    for (const plane of publisher.dataPlanes()) this.#dataPlanes.connected(plane);
    await Promise.race([settled, aborted(this.#surroundings.terminal.stop)]);
    cancel();
    if (!this.#surroundings.terminal.stop.aborted) await this.#welcome();
  }

  async stop(): Promise<void> {
    const { stopNow } = this.#surroundings.terminal;
    if (this.#isWelcomed) this.#print("ending when open requests are done; ask again to end at once");
    this.#isEnding = true;
    this.#watch?.close();
    this.#endReconcile();
    const drainMs = this.#newest?.edition.snapshot.settings.drainMs ?? 0;
    await this.#dataPlanes.stop(stopNow, drainMs + STOP_MARGIN_MS);
    await this.#demo?.stop(stopNow);
    await this.#publisher?.close();
  }

  async #startPublisher(random: () => number): Promise<Publisher> {
    const { clock } = this.#surroundings;
    const publisher = await startPublisher({
      listen: { socketFile: this.#state.socketFile },
      // Whoever can open the socket file is its owner, and nobody else can.
      authorize: async () => ({}),
      epoch: this.#state.nextEpoch(clock.now()),
      clock,
      random,
      count: async () => undefined,
      onChange: (plane, what) => {
        if (what === "connected") this.#dataPlanes.connected(plane);
        this.#settle();
      },
      say: (message) => {
        if (!this.#isEnding) this.#print(message);
      },
    });
    this.#publisher = publisher;
    return publisher;
  }

  #world() {
    const world = this.#watch?.reading().world ?? { providers: {}, routes: {}, budgets: {}, secrets: {}, configMaps: {}, namespaces: {}, gateways: {}, invalid: {} };
    const { demoPort } = this.#settings;
    if (demoPort === undefined) return world;
    const placed = withDemoAt(world, demoPort);
    if (placed.isWanted) void this.#demo?.want();
    return placed.world;
  }

  #report({ world, compiled, publications, changedTick }: Outcome): void {
    const { manifests, gateway } = this.#settings;
    const reading = this.#watch?.reading();
    if (reading !== undefined) this.#complain([...this.#missingGateway(compiled), ...complaintsOf({ directory: manifests, reading, world, diagnostics: compiled.diagnostics })]);
    const publication = publications.find(({ edition }) => edition.gateway === gateway);
    if (publication === undefined) return;
    this.#newest = publication;
    this.#unsettled = { publication, changedTick };
    this.#settle();
  }

  #missingGateway({ snapshots }: Compiled): Complaint[] {
    const { gateway } = this.#settings;
    if (Object.hasOwn(snapshots, gateway)) return [];
    const message = `the manifests have no gateway ${gateway}, so that nothing new is served; there are: ${Object.keys(snapshots).join(", ")}`;
    return [{ severity: "error", file: "", line: 0, object: "", path: "", message }];
  }

  // Each complaint once, for as long as it holds, and a word when it is gone.
  #complain(complaints: readonly Complaint[]): void {
    const before = this.#complaints;
    this.#complaints = new Map(complaints.map((complaint) => [identityOf(complaint), complaint]));
    for (const [identity, complaint] of this.#complaints) if (!before.has(identity)) this.#surroundings.terminal.complain(lineOf(complaint));
    for (const [identity] of before) if (!this.#complaints.has(identity)) this.#print(`no longer so: ${identity}`);
  }

  #settle(): void {
    const publisher = this.#publisher;
    const unsettled = this.#unsettled;
    if (publisher === undefined || unsettled === undefined) return;
    const { gateway, workers } = this.#settings;
    const { publication, changedTick } = unsettled;
    const dataPlanes = publisher.dataPlanes().filter((plane) => this.#dataPlanes.isOwn(plane));
    if (dataPlanes.length < (this.#isWelcomed ? 1 : workers) || !publisher.isSettled(gateway, publication.edition.version)) return;
    this.#unsettled = undefined;
    const tookMs = this.#surroundings.clock.tick() - changedTick;
    if (this.#isWelcomed) for (const line of appliedWords({ publication, tookMs, dataPlanes })) this.#print(line);
    else this.#onSettled();
  }

  async #welcome(): Promise<void> {
    const isDemoUp = !this.#isDemoWanted() || (await this.#demo?.answers(SETTLE_MS_MAX)) === true;
    const { host, manifests, tls } = this.#settings;
    const { port, adminPorts, logFiles } = this.#dataPlanes;
    const served: Served = { build, scheme: tls === undefined ? "http" : "https", host, port, adminPorts, manifests, state: this.#state.folder, logFiles, snapshot: this.#newest?.edition.snapshot };
    for (const line of welcome(served)) this.#print(line);
    if (this.#unsettled !== undefined) this.#print("not every data plane has taken this yet; its log says why");
    if (!isDemoUp) this.#print("the demo provider does not answer, so that its models fail");
    this.#isWelcomed = true;
  }

  #isDemoWanted(): boolean {
    const { demoPort } = this.#settings;
    const world = this.#watch?.reading().world;
    return demoPort !== undefined && world !== undefined && withDemoAt(world, demoPort).isWanted;
  }

  #print(line: string): void {
    this.#surroundings.terminal.print(line);
  }
}
