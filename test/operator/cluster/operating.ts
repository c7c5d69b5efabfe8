// A whole operator against an API server double, with real data-plane streams; time is a fake clock's and passes while a test waits.
import { onTestFinished } from "vitest";
import { ClusterOperator } from "../../../operator/cluster/run.ts";
import { makeLog } from "../../../operator/cluster/log.ts";
import { readClusterSettings } from "../../../operator/cluster/settings.ts";
import { plainConnection } from "../../../operator/kube/connection.ts";
import type { Snapshot } from "../../../dataplane/snapshot/schema.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";
import { KubeDouble, type Raw } from "../../doubles/kube.ts";
import { feed } from "../../feed/ends.ts";
import { collections, pod } from "../kube/cluster.ts";

/** Only there to fail. */
const DEADLINE_MS = 30_000;

export interface Line {
  readonly level: string;
  readonly part: string;
  readonly message: string;
}

export interface Operating {
  readonly operator: ClusterOperator;
  readonly lines: Line[];
  readonly ending: () => string | undefined;
  stop(): Promise<void>;
}

export class Bench {
  readonly clock: FakeClock;
  readonly server: KubeDouble;

  private constructor(server: KubeDouble, clock: FakeClock) {
    this.server = server;
    this.clock = clock;
  }

  static async start(clock = fakeClock()): Promise<Bench> {
    const server = await KubeDouble.start();
    const bench = new Bench(server, clock);
    server.put(collections.namespaces, { metadata: { name: "team-a", labels: { team: "a" } } });
    onTestFinished(() => server.close());
    return bench;
  }

  /** Lets time pass until it is so. */
  async until(condition: () => boolean | Promise<boolean>, what = "it", stepMs = 10): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`${what} did not happen within ${DEADLINE_MS / 1000} s`);
      this.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  put(collection: keyof typeof collections, object: Raw): Raw {
    return this.server.put(collections[collection], object);
  }

  get(collection: keyof typeof collections, id: string): Raw | undefined {
    return this.server.store.get(collections[collection], id);
  }

  async operate(name = "operator-0", environment: Record<string, string> = {}): Promise<Operating> {
    if (this.get("pods", `llm-system/${name}`) === undefined) this.put("pods", { metadata: { name, namespace: "llm-system", labels: { app: "operator" } } });
    const { settings, problems } = readClusterSettings({ LLMGW_PUSH_PORT: "0", LLMGW_HEALTH_PORT: "0", LLMGW_HEALTH_HOST: "127.0.0.1", POD_NAME: name, POD_UID: `uid-${name}`, ...environment });
    if (settings === undefined) throw new Error(problems.join());
    const lines: Line[] = [];
    const log = makeLog((line) => lines.push(JSON.parse(line) as Line), () => this.clock.now());
    const end = new AbortController();
    const operator = new ClusterOperator(settings, { connection: plainConnection(this.server.url), namespace: "llm-system", clock: this.clock, random: () => 0.5, log, stop: end.signal });
    let ending: string | undefined;
    void operator.ending.then((how) => (ending = how));
    await operator.start();
    let stopping: Promise<void> | undefined;
    let isStopped = false;
    const stop = async (): Promise<void> => {
      stopping ??= operator.stop().then(() => void (isStopped = true));
      while (!isStopped) {
        this.clock.advance(100);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    onTestFinished(stop);
    return { operator, lines, ending: () => ending, stop };
  }

  /** A pod that serves, with a stream to the operator. */
  dataPlane(operating: Operating, name: string): { readonly snapshots: Snapshot[]; readonly plane: ReturnType<typeof feed> } {
    const snapshots: Snapshot[] = [];
    this.put("pods", pod(name));
    const plane = feed(this.clock, { url: new URL(`http://127.0.0.1:${operating.operator.pushPort}`) }, {
      identity: { pod: name, uid: `uid-${name}`, boot: "1", gateway: "default", build: "test" },
      apply: (snapshot) => {
        snapshots.push(snapshot);
        return [];
      },
    });
    return { snapshots, plane };
  }
}

export const conditionOf = (object: Raw | undefined, type: string): { status: string; reason: string; message: string; observedGeneration: number } | undefined => {
  const status = object?.["status"] as { conditions?: { type: string; status: string; reason: string; message: string; observedGeneration: number }[] } | undefined;
  return status?.conditions?.find((one) => one.type === type);
};
