// The operator of the bench: the real reconcile, compile, publisher, authentication and status, encrypted; only the API server is played.
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock as clock } from "../../../operator/clock.ts";
import { Compiler } from "../../../operator/compile/compile.ts";
import { startAuthentication } from "../../../operator/publish/authenticate.ts";
import { startPublisher, type Publisher } from "../../../operator/publish/server.ts";
import type { DataPlaneState } from "../../../operator/publish/sessions.ts";
import { StatusReporter } from "../../../operator/status/report.ts";
import type { ServingPod } from "../../../operator/status/roster.ts";
import { startReconcile, type Reconciler } from "../../../operator/reconcile.ts";
import { answer, type Edited, type OperatorStart, type ToChild } from "./commands.ts";
import { PlayedStatus } from "./played-status.ts";
import { ChangingWorld } from "./world.ts";

/** What a TokenReview takes on a cluster, about. */
const REVIEW_MS = 5;
const AUDIENCE = "llm-gateway";
/** Longer than it takes from an answer to the look that finds what to write. */
const TELLING_MS = 300;

/** Which data planes run which version, counted as they answer: asking each of them each time would be measured too. */
class Answers {
  onNote = (): void => undefined;
  readonly #versions = new Map<string, string>();
  #wanted: { readonly version: string; readonly planes: number; readonly done: () => void } | undefined;
  #running = 0;
  #pods: readonly ServingPod[] = [];

  note({ pod, version }: DataPlaneState, what: "connected" | "left" | "answered"): void {
    const { version: wanted, planes = 0, done } = this.#wanted ?? {};
    if (this.#versions.get(pod) === wanted && wanted !== undefined) this.#running -= 1;
    if (what === "left") this.#versions.delete(pod);
    else this.#versions.set(pod, version);
    if (what !== "left" && version === wanted) this.#running += 1;
    this.onNote();
    if (wanted !== undefined && this.#running >= planes) done?.();
  }

  /** A pod for each data plane that came. */
  pods(): readonly ServingPod[] {
    if (this.#pods.length !== this.#versions.size) this.#pods = [...this.#versions.keys()].map((name) => ({ name, uid: `uid-${name}`, gateway: "default" }));
    return this.#pods;
  }

  until(version: string, planes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { version, planes, done: resolve };
      this.#running = [...this.#versions.values()].filter((known) => known === version).length;
      if (this.#running >= planes) resolve();
    });
  }
}

class Operator {
  readonly #world: ChangingWorld;
  readonly #answers: Answers;
  readonly #publisher: Publisher;
  readonly #reconciler: Reconciler;
  readonly #reporter: StatusReporter;
  readonly #status = new PlayedStatus();
  #compileMs = 0;
  #publishMs = 0;
  #onPublished = (): void => undefined;

  private constructor(world: ChangingWorld, answers: Answers, publisher: Publisher) {
    this.#world = world;
    this.#answers = answers;
    this.#publisher = publisher;
    const timed = <Result>(work: () => Result, note: (ms: number) => void): Result => {
      const from = clock.tick();
      const result = work();
      note(clock.tick() - from);
      return result;
    };
    const compiler = new Compiler();
    this.#reporter = this.#startReporter();
    answers.onNote = () => this.#reporter.planesChanged();
    this.#reconciler = startReconcile({
      look: () => this.#world.world(),
      compile: (seen) => timed(() => compiler.compile(seen), (ms) => (this.#compileMs = ms)),
      publish: (snapshots) => timed(() => publisher.publish(snapshots), (ms) => (this.#publishMs = ms)),
      report: ({ world: seen, compiled }) => {
        this.#onPublished();
        this.#reporter.report({ world: seen, reports: compiled.diagnostics, snapshots: compiled.snapshots, versions: publisher.versions() });
      },
      clock,
      secondLookMs: 1000,
      say: (message) => console.error(message),
    });
  }

  #startReporter(): StatusReporter {
    const [publisher, status] = [this.#publisher, this.#status];
    return new StatusReporter({
      observed: (key) => status.observed(key),
      serving: () => this.#answers.pods(),
      connected: () => publisher.dataPlanes(),
      isSettled: () => Object.entries(publisher.versions()).every(([gateway, version]) => publisher.isSettled(gateway, version)),
      write: status.write,
      isLeading: () => true,
      news: () => undefined,
      clock,
      random: Math.random,
      say: (message) => console.error(message),
      observe: () => undefined,
    });
  }

  static async start({ port, routes, edits, epoch, cert, key }: OperatorStart): Promise<Operator> {
    const answers = new Answers();
    const authorize = startAuthentication({
      review: async (token) => {
        await sleep(REVIEW_MS);
        const pod = token.split(".").at(-1) ?? "";
        return { authenticated: true, audiences: [AUDIENCE], user: { username: "system:serviceaccount:llm-system:gateway", extra: { "authentication.kubernetes.io/pod-name": [pod], "authentication.kubernetes.io/pod-uid": [`uid-${pod}`] } } };
      },
      audience: AUDIENCE,
      speaksFor: (_, gateway) => ({ gateway }),
      clock,
    });
    const publisher = await startPublisher({
      listen: { host: "127.0.0.1", port },
      tls: { current: () => ({ cert, key }), onChange: () => () => undefined },
      authorize,
      epoch,
      clock,
      random: Math.random,
      count: async () => undefined,
      onChange: (state, what) => answers.note(state, what),
      say: () => undefined,
    });
    const world = new ChangingWorld(routes);
    for (let edit = 0; edit < edits; edit += 1) world.edit();
    return new Operator(world, answers, publisher);
  }

  get port(): number {
    return this.#publisher.port;
  }

  async change(): Promise<void> {
    const published = new Promise<void>((resolve) => (this.#onPublished = resolve));
    this.#reconciler.changed();
    await published;
  }

  settle(planes: number): Promise<void> {
    return this.#answers.until(this.#publisher.versions().default ?? "", planes);
  }

  async edit(planes: number): Promise<Edited> {
    const from = clock.tick();
    const { key, generation } = this.#world.edit();
    const told = this.#status.until(key, generation);
    await this.change();
    const published = clock.tick();
    await this.settle(planes);
    const [totalMs, answersMs] = [clock.tick() - from, clock.tick() - published];
    await told;
    return { totalMs, answersMs, compileMs: this.#compileMs, publishMs: this.#publishMs, toldMs: clock.tick() - from };
  }

  /** Resolves to how many writes there were so far. */
  async tell(): Promise<number> {
    do await sleep(TELLING_MS);
    while (this.#reporter.waiting > 0);
    return this.#status.writes;
  }

  get objects(): number {
    const { providers, routes, secrets } = this.#world.world();
    return [providers, routes, secrets].reduce((sum, section) => sum + Object.keys(section).length, 0);
  }
}

let operator: Operator | undefined;
const MIB = 1_048_576;

const obey = async (command: ToChild): Promise<void> => {
  if (command.type === "operator") {
    operator = await Operator.start(command.start);
    await operator.change();
    answer({ type: "up", port: operator.port });
  } else if (command.type === "settle") {
    await operator?.settle(command.planes);
    answer({ type: "settled", objects: operator?.objects ?? 0 });
  } else if (command.type === "edit" && operator !== undefined) answer({ type: "edited", edited: await operator.edit(command.planes) });
  else if (command.type === "tell") answer({ type: "told", writes: (await operator?.tell()) ?? 0 });
  else if (command.type === "usage") {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    answer({ type: "usage", usage: { rssMiB: rss / MIB, peakRssMiB: process.resourceUsage().maxRSS / 1024, heapMiB: heapUsed / MIB, cpuMs: (user + system) / 1000 } });
  }
};

process.on("message", (command: ToChild) => void obey(command));
process.on("disconnect", () => process.exit(0));
