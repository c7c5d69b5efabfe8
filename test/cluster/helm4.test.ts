// A release in the hands of Helm 4, which applies on the server's side: taken over from Helm 3 under load, given back, and
// made by it from the beginning. The other files run with one Helm; which one, LLMGW_HELM says.
import { spawnSync } from "node:child_process";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller } from "./callers.ts";
import { kubectl, pause, run, tryRun, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { expectNothingLost, startPacer, STREAM_MS, underLoad } from "./load.ts";
import { SYSTEM } from "./namespaces.ts";
import { areGone, leader, podsOf } from "./pods.ts";
import { DATAPLANES, OPERATORS, RELEASE, words } from "./release.ts";

const versionOf = (program: string): string => spawnSync(program, ["version", "--short"], { encoding: "utf8" }).stdout ?? "";
const whyNot = !versionOf("helm").startsWith("v3") ? " (skipped: helm on the path is not Helm 3)" : !versionOf("helm4").startsWith("v4") ? " (skipped: there is no Helm 4 on the path, as helm4)" : "";

const helm3 = (asked: readonly string[]): Promise<string> => run("helm", asked);
const helm4 = (asked: readonly string[]): Promise<string> => run("helm4", asked);
const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
const ours = ["--selector", `app.kubernetes.io/instance=${RELEASE}`, "--output", "name"];

const answers = async (): Promise<void> => expect(await askOne({ base: BASE, model: "demo-chat", isStreaming: true }, "200")).toMatchObject({ status: 200 });

/** Everybody's pods are others, and the former ones are gone. */
const replaced = async (happen: () => Promise<unknown>): Promise<void> => {
  const before = [...(await podsOf("operator")), ...(await podsOf("dataplane"))];
  await happen();
  await areGone(before);
  await pause(STREAM_MS);
};

const again = (times: number): readonly string[] => words.upgrade(`operator.podAnnotations.again=n${times}`, `gatewayDefaults.podAnnotations.again=n${times}`);

/** What the operator writes into objects that the chart makes. */
const keptByOperator = (): Promise<string[]> =>
  Promise.all([
    kubectl("--namespace", SYSTEM, "get", `secret/${RELEASE}-authority`, `secret/${RELEASE}-last-good-key`, `configmap/${RELEASE}-authority-bundle`, "--output", "jsonpath={.items[*].data}"),
    kubectl("get", `mutatingwebhookconfiguration/${SYSTEM}-${OPERATORS}`, "--output", "jsonpath={.webhooks[*].clientConfig.caBundle}"),
  ]);

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe.runIf(whyNot === "")(`a release that Helm 3 made${whyNot}`, () => {
  beforeAll(async () => {
    await helm3(words.upgrade());
    await startCaller();
    await startPacer();
  });

  it("is upgraded by Helm 4 without a lost request", async () => {
    expectNothingLost(await underLoad("an upgrade by Helm 4", () => replaced(() => helm4(again(1)))));
    await answers();
  });

  it("passes helm test under Helm 4", async () => {
    expect(await helm4(words.test)).toMatch(/Phase:\s+Succeeded/);
  });

  it("is rolled back by Helm 4 without a lost request, and upgraded by Helm 3 again", async () => {
    expectNothingLost(await underLoad("a rollback by Helm 4", () => replaced(() => helm4(words.rollBack("0")))));
    expectNothingLost(await underLoad("an upgrade by Helm 3 after that", () => replaced(() => helm3(again(2)))));
    await answers();
  });
});

describe.runIf(whyNot === "")(`a release that Helm 4 made${whyNot}`, () => {
  beforeAll(async () => {
    await helm3(words.uninstall);
    await helm4(words.upgrade());
    await startCaller();
  });

  it("answers", async () => {
    expect(await askOne({ base: BASE, model: "demo-chat", isStreaming: true }, "200")).toMatchObject({ status: 200 });
  });

  it("is upgraded after somebody restarted its pods, and what the operator keeps stays as it is", async () => {
    await kubectl("--namespace", SYSTEM, "rollout", "restart", `deployment/${DATAPLANES}`);
    await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${DATAPLANES}`, "--timeout=120s");
    const before = await keptByOperator();
    expect(before.filter((text) => text === "")).toEqual([]);
    await helm4(words.upgrade("commonLabels.touched=yes"));
    expect(await keptByOperator()).toEqual(before);
    await until("a leader, which may be handed over just now", async () => ((await leader()) === "" ? undefined : true));
    await answers();
  });

  it("keeps a size that somebody gave it until it is told to take it back", async () => {
    await kubectl("--namespace", SYSTEM, "scale", `deployment/${DATAPLANES}`, "--replicas=3");
    const { stderr } = await tryRun("helm4", words.upgrade());
    expect(stderr).toContain('conflict with "kubectl" with subresource "scale"');
    await helm4([...words.upgrade(), "--force-conflicts"]);
    expect(await kubectl("--namespace", SYSTEM, "get", `deployment/${DATAPLANES}`, "--output", "jsonpath={.spec.replicas}")).toBe("2");
    await helm4(words.upgrade());
    await answers();
  });

  it("loses the demo alone, and gets it again", async () => {
    await helm4(words.upgrade("demo.enabled=false"));
    expect(await kubectl("--namespace", SYSTEM, "get", "llmproviders,llmroutes", ...ours)).toBe("");
    await helm4(words.upgrade());
    await answers();
  });

  it("is uninstalled, and leaves the kinds and nothing else", async () => {
    await helm4(words.uninstall);
    expect(await kubectl("--namespace", SYSTEM, "get", "deployments,services,configmaps,secrets,leases,serviceaccounts,poddisruptionbudgets,networkpolicies,roles,rolebindings,llmproviders,llmroutes,jobs", ...ours)).toBe("");
    expect(await kubectl("get", "clusterroles,clusterrolebindings,mutatingwebhookconfigurations", ...ours)).toBe("");
    expect((await kubectl("get", "crd", "--output", "name")).split("\n").filter((name) => name.endsWith(".llmgateway.io"))).toHaveLength(3);
    await helm3(words.upgrade());
    await answers();
  });
});
