// Two operators against an API server double, on a clock that hastens, and data planes of all kinds at their streams: good ones, one
// that refuses, one that lies. Things go on changing until the test is over, so that there is something to see.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { sleepWith } from "../../dataplane/clock.ts";
import { startFeed } from "../../dataplane/feed/connect.ts";
import { Current } from "../../dataplane/feed/current.ts";
import { Journal } from "../../dataplane/feed/journal.ts";
import { systemClock, type Clock } from "../../operator/clock.ts";
import { makeLog } from "../../operator/cluster/log.ts";
import { ClusterOperator } from "../../operator/cluster/run.ts";
import { readClusterSettings } from "../../operator/cluster/settings.ts";
import { plainConnection } from "../../operator/kube/connection.ts";
import { KubeDouble } from "../doubles/kube.ts";
import { collections, pod, provider, route, secret } from "../operator/kube/cluster.ts";
import { eventually } from "../operator/standalone/running.ts";

const AUDIENCE = "operator.test";
const HOME = "llm-system";
const EDIT_MS = 700;
/** A new leader says nothing about who is absent for a quarter of a minute. */
const HASTE = 3;

const hastening = (times: number): Clock => {
  const [startMs, startTick] = [systemClock.now(), systemClock.tick()];
  const tick = (): number => startTick + (systemClock.tick() - startTick) * times;
  const after: Clock["after"] = (delayMs, run) => systemClock.after(delayMs / times, run);
  return { now: () => startMs + Math.floor(tick() - startTick), tick, after, sleep: sleepWith(after) };
};

const settingsOf = (name: string) => {
  const { settings, problems } = readClusterSettings({
    LLMGW_PUSH_PORT: "0", LLMGW_HEALTH_PORT: "0", LLMGW_HEALTH_HOST: "127.0.0.1", POD_NAME: name, POD_UID: `uid-${name}`,
    LLMGW_PUSH_SERVICE: "localhost", LLMGW_PUSH_AUDIENCE: AUDIENCE, LLMGW_GATEWAY_ACCOUNTS: `${HOME}/gateway=default`,
  });
  if (settings === undefined) throw new Error(problems.join());
  return settings;
};

/** The double's TokenReview believes a token that is a pod's name. */
const reviewed = (name: string): Record<string, unknown> => ({
  authenticated: true, audiences: [AUDIENCE],
  user: { username: `system:serviceaccount:${HOME}:gateway`, extra: { "authentication.kubernetes.io/pod-name": [name], "authentication.kubernetes.io/pod-uid": [`uid-${name}`] } },
});

export interface Control {
  /** host:port of each operator's metrics, the leader first. */
  readonly admin: readonly string[];
}

export const startControl = async (): Promise<Control> => {
  const server = await KubeDouble.start();
  server.review = reviewed;
  onTestFinished(() => server.close());
  furnish(server);
  const clock = hastening(HASTE);
  const leader = await operate(server, "operator-0", clock);
  await eventually(() => leader.pushPort > 0, "leadership");
  const standby = await operate(server, "operator-1", clock);
  dialAll(server, leader);
  keepEditing(server);
  return { admin: [leader, standby].map(({ healthPort }) => `127.0.0.1:${healthPort}`) };
};

const furnish = (server: KubeDouble): void => {
  server.put(collections.namespaces, { metadata: { name: "team-a", labels: {} } });
  server.put(collections.secrets, secret("openai-key", "sk-of-a"));
  server.put(collections.providers, provider("openai"));
  server.put(collections.routes, route("chat", "support-chat", "openai"));
  server.put(collections.routes, route("lost", "lost-chat", "nobody"));
};

const operate = async (server: KubeDouble, name: string, clock: Clock): Promise<ClusterOperator> => {
  server.put(collections.pods, { metadata: { name, namespace: HOME, labels: { app: "operator" } } });
  const log = makeLog(() => undefined, () => clock.now());
  const operator = new ClusterOperator(settingsOf(name), { connection: plainConnection(server.url), namespace: HOME, clock, random: () => 0.5, log, stop: new AbortController().signal });
  onTestFinished(() => operator.stop());
  await operator.start();
  return operator;
};

const dialAll = (server: KubeDouble, operator: ClusterOperator): void => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const caFile = join(folder, "ca.crt");
  const bundle = server.store.get(collections.configMaps, `${HOME}/llm-gateway-authority-bundle`)?.["data"] as Record<string, string> | undefined;
  writeFileSync(caFile, bundle?.["ca.crt"] ?? "");
  for (const name of ["dp-0", "dp-1", "dp-2", "dp-refusing", "dp-lying"]) {
    server.put(collections.pods, pod(name));
    let taken = 0;
    // The last one of them takes the first version and no other.
    const apply = () => (name === "dp-refusing" && (taken += 1) > 1 ? [{ object: "LLMRoute team-a/chat", path: "spec", message: "not to be understood" }] : []);
    const feed = startFeed({
      address: { url: new URL(`https://localhost:${operator.pushPort}`), caFile }, identity: { pod: name, uid: `uid-${name}`, boot: "1", gateway: "default", build: "test" },
      current: new Current({ gateway: "default", apply, keep: () => undefined }),
      journal: new Journal(() => systemClock.tick()), token: async () => (name === "dp-lying" ? "dp-0" : name), clock: systemClock, random: () => 0.5, retryMsMax: 500, say: () => undefined,
    });
    onTestFinished(() => feed.close());
  }
};

const keepEditing = (server: KubeDouble): void => {
  let edits = 0;
  const timer = setInterval(() => server.put(collections.routes, route("chat", `support-chat-${(edits += 1)}`, "openai")), EDIT_MS);
  onTestFinished(() => clearInterval(timer));
};
