// What the cluster itself does to our pods: evictions within the disruption budget, and a size that the autoscaler decides.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCaller } from "./callers.ts";
import { kubectl, kubectlJson, pause, run, tryRun, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { expectNothingLost, startPacer, STREAM_MS, underLoad } from "./load.ts";
import { SYSTEM } from "./namespaces.ts";
import { areGone, isReady, podsOf } from "./pods.ts";
import { DATAPLANES, upgrade } from "./release.ts";

const evict = (name: string) =>
  tryRun("kubectl", ["create", "--raw", `/api/v1/namespaces/${SYSTEM}/pods/${name}/eviction`, "--filename", "-"], JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace: SYSTEM, name } }));

const size = async (): Promise<number> => (await kubectlJson<{ spec: { replicas: number } }>("--namespace", SYSTEM, "get", `deployment/${DATAPLANES}`)).spec.replicas;
const sizeIs = (wanted: number): Promise<unknown> => until(`${wanted} data planes`, async () => ((await size()) === wanted ? true : undefined), 90_000, 500);

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

describe("an eviction, as the drain of a node asks for it", () => {
  it("is granted to one pod at a time, and costs no request and no stream", async () => {
    const before = await until("two data planes and no other", async () => {
      const pods = await podsOf("dataplane");
      return pods.length === 2 && pods.every(isReady) ? pods : undefined;
    }, 120_000, 500);
    const totals = await underLoad("both data planes evicted, one after the other", async () => {
      const [first = "", second = ""] = before.map(({ metadata }) => metadata.name);
      expect((await evict(first)).code).toBe(0);
      const refused = await evict(second);
      expect(refused.stderr).toContain("disruption budget");
      await until("leave for the second one", async () => ((await evict(second)).code === 0 ? true : undefined), 120_000, 500);
      await areGone(before);
      await pause(STREAM_MS);
    });
    expectNothingLost(totals);
  });

  it("is granted at once to a pod that does not work", async () => {
    await run("kubectl", ["--namespace", SYSTEM, "set", "image", `deployment/${DATAPLANES}`, "dataplane=localhost/llm-gateway/nothing:here"]);
    const broken = await until("a pod that cannot start", async () => (await podsOf("dataplane")).find((pod) => !isReady(pod)));
    expect((await evict(broken.metadata.name)).code).toBe(0);
    await kubectl("--namespace", SYSTEM, "rollout", "undo", `deployment/${DATAPLANES}`);
    await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${DATAPLANES}`, "--timeout=120s");
  });
});

/** The smallest size that was seen while it went on. */
const leastDuring = async (work: Promise<unknown>): Promise<number> => {
  let [least, isOver] = [Infinity, false];
  const over = work.finally(() => (isOver = true));
  while (!isOver) least = Math.min(least, await size());
  await over;
  return Math.min(least, await size());
};

describe("autoscaling", () => {
  it("that is switched on leaves the size as it is, and costs no request", async () => {
    await upgrade("gateways.default.replicas=3");
    await sizeIs(3);
    const totals = await underLoad("autoscaling is switched on", async () => {
      expect(await leastDuring(upgrade("gateways.default.autoscaling.enabled=true", "gateways.default.autoscaling.minReplicas=3", "gateways.default.autoscaling.maxReplicas=4"))).toBe(3);
      await pause(STREAM_MS);
    });
    expectNothingLost(totals);
  });

  it("keeps the size between its bounds, and an upgrade does not touch what it decided", async () => {
    await sizeIs(3);
    await kubectl("--namespace", SYSTEM, "scale", `deployment/${DATAPLANES}`, "--replicas=4");
    await upgrade("gateways.default.autoscaling.enabled=true", "gateways.default.autoscaling.minReplicas=2", "gateways.default.autoscaling.maxReplicas=4", "gateways.default.podAnnotations.again=yes");
    expect(await size()).toBe(4);
    await kubectl("--namespace", SYSTEM, "scale", `deployment/${DATAPLANES}`, "--replicas=6");
    await sizeIs(4);
  });

  it("that is taken away leaves the size that the values say, and costs no request on the way down", async () => {
    const totals = await underLoad("four data planes become two", async () => {
      const before = await podsOf("dataplane");
      await upgrade();
      await until("two data planes", async () => ((await podsOf("dataplane")).length === 2 ? true : undefined), 120_000, 500);
      expect(before).toHaveLength(4);
      await pause(STREAM_MS);
    });
    expectNothingLost(totals);
    expect(await kubectl("--namespace", SYSTEM, "get", "horizontalpodautoscalers", "--output", "name")).toBe("");
  });
});
