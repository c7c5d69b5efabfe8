// What an uninstallation takes with it and what it leaves: the release goes, the kinds and people's objects stay, and a
// second installation finds them.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller, startTeller } from "./callers.ts";
import { apply, kubectl, run, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { SYSTEM, TENANT } from "./namespaces.ts";
import { RELEASE, uninstall, upgrade } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
const ours = ["--selector", `app.kubernetes.io/instance=${RELEASE}`, "--output", "name"];

const KINDS = "deployments,services,configmaps,secrets,leases,serviceaccounts,poddisruptionbudgets,networkpolicies,roles,rolebindings,llmproviders,llmroutes,jobs";

const furnish = async (): Promise<void> => {
  await apply(
    { apiVersion: "v1", kind: "Secret", metadata: { namespace: TENANT, name: "stays-key" }, stringData: { "api-key": "k" } },
    { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace: TENANT, name: "stays" }, spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url: `http://teller.${TENANT}.svc/v1` }], auth: { secretRef: { name: "stays-key" } } } },
    { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name: "stays" }, spec: { models: ["stays"], targets: [{ providerRef: { name: "stays" } }] } },
  );
  await kubectl("--namespace", TENANT, "wait", "llmroute/stays", "--for=condition=Programmed", "--timeout=60s");
};

const ourKinds = async (): Promise<string[]> => (await kubectl("get", "crd", "--output", "name")).split("\n").filter((name) => name.endsWith(".llmgateway.io"));

const leftOf = (kinds: string): Promise<string> => kubectl("--namespace", SYSTEM, "get", kinds, ...ours);

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("an uninstallation", () => {
  beforeAll(async () => {
    await upgrade();
    await startCaller();
    await startTeller();
    await furnish();
  });

  it("of the demo alone leaves the rest as it was", async () => {
    await upgrade("demo.enabled=false", "gateways.default.settings.anonymous=true", "gateways.default.settings.privateRanges={10.0.0.0/8,172.16.0.0/12,192.168.0.0/16}");
    expect(await leftOf("llmproviders,llmroutes")).toBe("");
    expect(await leftOf("deployments")).not.toContain("demo");
    expect(await askOne({ base: BASE, model: "stays" })).toMatchObject({ status: 200, content: "Bearer k" });
    await upgrade();
    expect(await askOne({ base: BASE, model: "demo-chat", isStreaming: true }, "200")).toMatchObject({ status: 200 });
  });

  it("leaves the kinds and everybody's objects, and nothing else that was installed", async () => {
    await uninstall();
    expect(await leftOf(KINDS)).toBe("");
    expect(await kubectl("--namespace", SYSTEM, "get", "secrets,leases", "--output", "name")).not.toContain("llm-gateway-");
    expect(await kubectl("get", "clusterroles,clusterrolebindings", ...ours)).toBe("");
    expect(await ourKinds()).toHaveLength(3);
    expect(await kubectl("--namespace", TENANT, "get", "llmroute/stays", "--output", "name")).toContain("stays");
  });

  it("is undone by an installation, which serves what was there", async () => {
    await upgrade();
    expect(await askOne({ base: BASE, model: "stays" }, "Bearer k")).toMatchObject({ status: 200 });
  });

  it("keeps nobody from deleting their objects", async () => {
    await uninstall();
    await run("kubectl", ["--namespace", TENANT, "delete", "llmproviders,llmroutes", "--all", "--timeout=20s"]);
    expect(await kubectl("--namespace", TENANT, "get", "llmproviders,llmroutes", "--output", "name")).toBe("");
  });

  it("takes the kinds along where the values do not keep them, and with them everybody's objects", async () => {
    await upgrade("crds.keep=false");
    await furnish();
    await uninstall();
    await until("the end of the kinds", async () => ((await ourKinds()).length === 0 ? true : undefined));
    expect(await leftOf("deployments,services,configmaps,secrets,leases,serviceaccounts,jobs")).toBe("");
    expect(await kubectl("--namespace", TENANT, "get", "secrets", "--output", "name")).toContain("secret/stays-key");
  });
});
