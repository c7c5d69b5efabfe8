// Pods that die without a farewell, under load: the operator that leads, a data plane, and in the end all operators for good.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller } from "./callers.ts";
import { apply, kubectl, pause, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { expectNothingLost, failuresOf, startPacer, STREAM_MS, STREAMS_OPEN, underLoad, wordsOf } from "./load.ts";
import { SYSTEM, TENANT } from "./namespaces.ts";
import { isReady, leader, podsOf, type Pod } from "./pods.ts";
import { DATAPLANES, OPERATORS, RELEASE, upgrade } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
/** The lease of 15 s, a try, and kubectl. */
/** 15 s from when the other one last saw the lease renewed, at which it looks every 2.4 s at most. */
const SUCCESSION_MS_MAX = 20_000;
/** Until everybody has heard that a pod is gone: nothing may fail later than this after the first that did. */
const NEWS_MS_MAX = 5000;

const paced = (models: readonly string[]) => ({ apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name: "paced" }, spec: { models, targets: [{ providerRef: { name: "pacer" }, model: "paced" }] } });

const force = (name: string): Promise<string> => kubectl("--namespace", SYSTEM, "delete", "pod", name, "--force", "--grace-period=0");
const fullStrength = (replicas: number): Promise<unknown> => until("all data planes", async () => ((await podsOf("dataplane")).filter((pod) => isReady(pod)).length === replicas ? true : undefined));
const inside = (pod: string, script: string): Promise<string> => kubectl("--namespace", SYSTEM, "exec", pod, "--", "node", "--input-type=module", "--eval", script);
const adminSays = (pod: string, path: string): Promise<string> => inside(pod, `console.log(await (await fetch("http://127.0.0.1:9090${path}")).text())`);

const scaleOperators = async (replicas: number): Promise<void> => {
  await kubectl("--namespace", SYSTEM, "scale", `deployment/${OPERATORS}`, `--replicas=${replicas}`);
  if (replicas > 0) await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${OPERATORS}`, "--timeout=120s");
  else await kubectl("--namespace", SYSTEM, "wait", "pods", "--selector", "app.kubernetes.io/component=operator", "--for=delete", "--timeout=60s");
};

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

beforeAll(async () => {
  await upgrade();
  await startCaller();
  await startPacer();
});

describe("kubectl delete pod --force", () => {
  it("of the leader costs no request and no stream, and another one leads within the lease time", async () => {
    const before = await leader();
    const totals = await underLoad("the leader deleted by force", async () => {
      const startTick = performance.now();
      await force(before);
      const next = await until("another leader", async () => {
        const name = await leader();
        return name !== "" && name !== before ? name : undefined;
      });
      const tookMs = performance.now() - startTick;
      process.stdout.write(`${next} leads ${Math.round(tookMs)} ms after ${before} was deleted\n`);
      expect(tookMs).toBeLessThan(SUCCESSION_MS_MAX);
      await apply(paced(["paced", "after-the-leader"]));
      await kubectl("--namespace", TENANT, "wait", "llmroute/paced", "--for=condition=Programmed", "--timeout=60s");
      expect(await askOne({ base: BASE, model: "after-the-leader" }, "at once")).toMatchObject({ status: 200 });
      await pause(STREAM_MS);
    });
    expectNothingLost(totals);
  });

  it("of a data plane costs what was open on it, and nothing once everybody has heard of it", async () => {
    const [victim] = await podsOf("dataplane");
    const totals = await underLoad("a data plane deleted by force", async () => {
      await force(victim?.metadata.name ?? "");
      await fullStrength(2);
      await pause(2 * STREAM_MS);
    });
    const failures = failuresOf(totals);
    const moments = failures.map(({ at }) => at);
    const lastedMs = failures.length === 0 ? 0 : Math.max(...moments) - Math.min(...moments);
    process.stdout.write(`failures came within ${lastedMs} ms: ${[...new Set(failures.map(({ how }) => how))].join(", ")}\n`);
    expect(lastedMs).toBeLessThan(NEWS_MS_MAX);
    expect(totals.streams.failures.length).toBeLessThanOrEqual(STREAMS_OPEN);
    expect(failures.length, wordsOf(totals)).toBeLessThan(100);
  });
});

describe("an operator that is gone for ever", () => {
  const restarted = async (pod: Pod): Promise<void> => {
    const restarts = (pods: readonly Pod[]): number => pods.find(({ metadata }) => metadata.uid === pod.metadata.uid)?.status.containerStatuses?.[0]?.restartCount ?? 0;
    const before = restarts(await podsOf("dataplane"));
    await inside(pod.metadata.name, "process.kill(1, 'SIGTERM')");
    await until("the restarted container", async () => {
      const pods = await podsOf("dataplane");
      return restarts(pods) === before + 1 && pods.every(isReady) ? true : undefined;
    });
  };

  beforeAll(() => scaleOperators(0));
  afterAll(() => scaleOperators(2));

  it("cuts no stream and loses no request that was taken, also while data planes restart one after the other, with what they had sealed", async () => {
    const totals = await underLoad("restarts of the data planes' containers without an operator", async () => {
      for (const pod of await podsOf("dataplane")) await restarted(pod);
      await pause(STREAM_MS);
    });
    // A container that ends without its pod is an endpoint until its readiness is asked for, and refuses new connections.
    expect(failuresOf(totals).filter(({ how }) => how !== "ECONNREFUSED")).toEqual([]);
  });

  it("is told of by every data plane: in its log, in its metrics, and not in its readiness", async () => {
    for (const { metadata: { name } } of await podsOf("dataplane")) {
      expect(await kubectl("--namespace", SYSTEM, "logs", name)).toContain("serving the last good snapshot");
      expect(await adminSays(name, "/metrics")).toMatch(/^llmgw_feed_connected 0$/m);
      expect(await adminSays(name, "/readyz")).toContain('"isReady":true');
    }
    expect(await askOne({ base: BASE, model: "paced" })).toMatchObject({ status: 200, content: "at once" });
  });

  it("leaves a new pod unready, which has nothing sealed, and so without requests that it could not answer", async () => {
    await kubectl("--namespace", SYSTEM, "scale", `deployment/${DATAPLANES}`, "--replicas=3");
    const fresh = await until("the new pod", async () => (await podsOf("dataplane")).find((pod) => pod.status.containerStatuses?.[0]?.restartCount === 0));
    await pause(5000);
    expect((await podsOf("dataplane")).find(({ metadata }) => metadata.uid === fresh.metadata.uid)).not.toSatisfy(isReady);
    expect(await askOne({ base: BASE, model: "paced" })).toMatchObject({ status: 200 });
    await scaleOperators(2);
    await fullStrength(3);
    await kubectl("--namespace", SYSTEM, "scale", `deployment/${DATAPLANES}`, "--replicas=2");
  });
});
