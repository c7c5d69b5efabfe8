// Rollouts of both Deployments while fifty requests a second are asked and streams are open: nothing fails, nothing is cut.
import { beforeAll, beforeEach, describe, it } from "vitest";
import { kubectl, pause } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { expectNothingLost, STREAM_MS, startPacer, underLoad } from "./load.ts";
import { areGone, podsOf, type Component } from "./pods.ts";
import { SYSTEM } from "./namespaces.ts";
import { DATAPLANES, OPERATORS, upgrade } from "./release.ts";

/** All pods of it are others than before, and the former ones are gone: they have drained. */
const restart = async (deployment: string, component: Component): Promise<void> => {
  const before = await podsOf(component);
  await kubectl("--namespace", SYSTEM, "rollout", "restart", `deployment/${deployment}`);
  await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${deployment}`, "--timeout=180s");
  await areGone(before);
  // What meets a pod that is gone meets it now.
  await pause(STREAM_MS);
};

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("under fifty requests a second, with streams open", () => {
  beforeAll(async () => {
    await upgrade();
    await startPacer();
  });

  it("a rollout of the data planes fails no request and cuts no stream", async () => {
    expectNothingLost(await underLoad("a rollout of the data planes", () => restart(DATAPLANES, "dataplane")));
  });

  it("a rollout of the operator fails no request and cuts no stream", async () => {
    expectNothingLost(await underLoad("a rollout of the operator", () => restart(OPERATORS, "operator")));
  });

  it("rollouts of both at once, and of the data planes once more right behind it, fail no request and cut no stream", async () => {
    const both = async (): Promise<void> => {
      await Promise.all([restart(DATAPLANES, "dataplane"), restart(OPERATORS, "operator")]);
      await restart(DATAPLANES, "dataplane");
    };
    expectNothingLost(await underLoad("rollouts of both at once, and once more", both));
  });
});
