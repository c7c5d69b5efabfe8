// What a watch does whose version a real store has forgotten: etcd is compacted while the operator's connections are cut.
// The server runs without its watch cache, which remembers some time longer than etcd. Skipped where none can be started.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { definitionFile } from "../../../crds/definition.ts";
import { kinds } from "../../../crds/kinds.ts";
import { apiVersion } from "../../../crds/shared.ts";
import { startFeed } from "../../../dataplane/feed/connect.ts";
import { Current } from "../../../dataplane/feed/current.ts";
import { Journal } from "../../../dataplane/feed/journal.ts";
import type { Snapshot } from "../../../dataplane/snapshot/schema.ts";
import { systemClock } from "../../../operator/clock.ts";
import { makeLog } from "../../../operator/cluster/log.ts";
import { ClusterOperator } from "../../../operator/cluster/run.ts";
import { readClusterSettings } from "../../../operator/cluster/settings.ts";
import { KubeClient } from "../../../operator/kube/client.ts";
import { plainConnection } from "../../../operator/kube/connection.ts";
import { resources, type KubeObject } from "../../../operator/kube/types.ts";
import { install, openApiServer, type ApiServer } from "../../crds/api-server.ts";

const { KUBEBUILDER_ASSETS: assets = "" } = process.env;
const reason = assets === "" ? " (skipped: no etcd to compact; set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver)" : "";

/** Passes bytes on to the server; while it holds, those that were connected are cut and those that come wait. */
class Relay {
  readonly #to: URL;
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();
  readonly #waiting: Socket[] = [];
  #isHolding = false;

  private constructor(to: URL) {
    this.#to = to;
  }

  static async start(to: string): Promise<Relay> {
    const relay = new Relay(new URL(to));
    await once(relay.#server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => {
      relay.hold();
      for (const socket of relay.#waiting) socket.destroy();
      relay.#server.close();
    });
    return relay;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  hold(): void {
    this.#isHolding = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  release(): void {
    this.#isHolding = false;
    for (const socket of this.#waiting.splice(0)) this.#accept(socket);
  }

  #accept(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (this.#isHolding) return void this.#waiting.push(socket);
    const onward = connect(Number(this.#to.port), this.#to.hostname);
    onward.on("error", () => socket.destroy());
    for (const [one, other] of [[socket, onward], [onward, socket]] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.once("close", () => (this.#sockets.delete(one), other.destroy()));
    }
  }
}

describe.skipIf(reason !== "")(`a watch of a real API server${reason}`, () => {
  let [api, client]: [ApiServer | undefined, KubeClient | undefined] = [undefined, undefined];

  beforeAll(async () => {
    api = await openApiServer({ KUBEBUILDER_ASSETS: assets }, ["--watch-cache=false"]);
    const { server, headers, tls } = api.connection;
    client = new KubeClient({ connection: plainConnection(server, headers, tls), clock: systemClock });
    for (const row of Object.values(kinds)) {
      await install(api, load(readFileSync(new URL(`../../../crds/${definitionFile(row)}`, import.meta.url), "utf8")) as KubeObject, `/apis/${apiVersion}/${row.plural}`);
    }
  }, 150_000);

  afterAll(async () => {
    await client?.close();
    await api?.stop();
  });

  const furnish = async (home: string): Promise<void> => {
    await client!.create(resources.Namespace, {}, { metadata: { name: home } });
    const at = { namespace: home };
    await client!.create(resources.Secret, at, { metadata: { name: "openai-key" }, data: { "api-key": Buffer.from("sk-first").toString("base64") } });
    await client!.create(resources.LLMProvider, at, { metadata: { name: "openai" }, spec: { type: "OpenAI", auth: { secretRef: { name: "openai-key" } } } });
    for (const name of ["edited", "deleted", "left-alone"]) {
      await client!.create(resources.LLMRoute, at, { metadata: { name }, spec: { models: [name], targets: [{ providerRef: { name: "openai" }, model: "gpt-x" }] } });
    }
    await makePod(home, "operator-0", { app: "operator" });
  };

  const makePod = async (home: string, name: string, labels: Record<string, string>): Promise<string> => {
    const made = await client!.create(resources.Pod, { namespace: home }, { metadata: { name, labels }, spec: { containers: [{ name: "c", image: "none" }] } });
    await client!.patch(resources.Pod, { namespace: home, name, subresource: "status" }, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } });
    return String(made.metadata["uid"]);
  };

  const operate = async (home: string, server: string): Promise<ClusterOperator> => {
    const { settings } = readClusterSettings({ LLMGW_PUSH_PORT: "0", LLMGW_HEALTH_PORT: "0", LLMGW_HEALTH_HOST: "127.0.0.1", POD_NAME: "operator-0", POD_UID: "uid-0", WATCH_NAMESPACES: home });
    const { headers, tls } = api!.connection;
    const log = makeLog(() => undefined, () => systemClock.now());
    const operator = new ClusterOperator(settings!, { connection: plainConnection(server, headers, tls), namespace: home, clock: systemClock, random: () => 0.5, log, stop: new AbortController().signal });
    onTestFinished(() => operator.stop());
    await operator.start();
    await vi.waitFor(() => expect(operator.pushPort).toBeGreaterThan(0));
    return operator;
  };

  const dataPlane = async (operator: ClusterOperator, home: string): Promise<Snapshot[]> => {
    const uid = await makePod(home, "dp-0", { "llmgateway.io/gateway": "default" });
    const snapshots: Snapshot[] = [];
    const feed = startFeed({
      address: { url: new URL(`http://127.0.0.1:${operator.pushPort}`) }, identity: { pod: "dp-0", uid, boot: "1", gateway: "default", build: "test" },
      current: new Current({ gateway: "default", apply: (snapshot) => (snapshots.push(snapshot), []), keep: () => undefined }),
      journal: new Journal(() => systemClock.tick()), token: async () => undefined, clock: systemClock, random: () => 0.5, retryMsMax: 500, say: () => undefined,
    });
    onTestFinished(() => feed.close());
    return snapshots;
  };

  /** All of the store's past is forgotten. */
  const compact = async (): Promise<void> => {
    const { metadata } = await client!.create(resources.ConfigMap, { namespace: "default" }, { metadata: { name: `mark-${randomBytes(4).toString("hex")}` } });
    const answer = await fetch(`${api!.etcdUrl}/v3/kv/compaction`, { method: "POST", body: JSON.stringify({ revision: String(metadata["resourceVersion"]), physical: true }) });
    expect(answer.status, await answer.text()).toBe(200);
  };

  const expirations = async (operator: ClusterOperator): Promise<number> =>
    Number(/^llmgw_operator_watch_total\{resource="llmroutes",what="expired"\} (\d+)$/m.exec(await operator.metrics.text())?.[1] ?? "0");

  it("that was cut while the store forgot its version finds the edit and the deletion that it missed, in one push", async () => {
    const home = `operator-${randomBytes(4).toString("hex")}`;
    await furnish(home);
    const relay = await Relay.start(api!.connection.server);
    const operator = await operate(home, relay.url);
    const snapshots = await dataPlane(operator, home);
    const served = (): string[] => Object.entries(snapshots.at(-1)?.routes ?? {}).map(([id, { models }]) => `${id.split("/")[1]}: ${models[0]?.name}`).toSorted();
    await vi.waitFor(() => expect(served()).toEqual(["deleted: deleted", "edited: edited", "left-alone: left-alone"]));
    const [before, expiredBefore] = [snapshots.length, await expirations(operator)];

    relay.hold();
    await client!.patch(resources.LLMRoute, { namespace: home, name: "edited" }, { spec: { models: ["edited-meanwhile"] } });
    await client!.delete(resources.LLMRoute, { namespace: home, name: "deleted" });
    await compact();
    await vi.waitFor(() => expect(relay.waiting).toBeGreaterThan(0));
    relay.release();

    await vi.waitFor(() => expect(served()).toEqual(["edited: edited-meanwhile", "left-alone: left-alone"]));
    expect(await expirations(operator)).toBe(expiredBefore + 1);
    expect(snapshots.length).toBe(before + 1);
    await client!.patch(resources.LLMRoute, { namespace: home, name: "left-alone" }, { spec: { models: ["watched-again"] } });
    await vi.waitFor(() => expect(served()).toEqual(["edited: edited-meanwhile", "left-alone: watched-again"]));
    expect(await operator.metrics.text()).toContain("llmgw_operator_leader 1");
  }, 90_000);
});
