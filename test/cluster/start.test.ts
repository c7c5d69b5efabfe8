// From nothing to a first answer, and the first things that a person does then: two objects, an edit, a new key.
// One after the other, on one release; each test names what it needs of those before it.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ask, askOne, startCaller, startTeller } from "./callers.ts";
import { apply, helm, kubectl, kubectlJson, quantile, run, until } from "./commands.ts";
import { editRoute } from "./edits.ts";
import { collectEvidence } from "./evidence.ts";
import { CALLERS, SYSTEM, TENANT } from "./namespaces.ts";
import { install, RELEASE, upgrade, words } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
const KEYED = `http://${RELEASE}-keyed.${SYSTEM}.svc/v1`;
const PODS = Number(process.env.LLMGW_TEST_PODS ?? "10");
const EDITS = 50;

const secret = (name: string, key: string, labels: Readonly<Record<string, string>> = {}) => ({ apiVersion: "v1", kind: "Secret", metadata: { namespace: TENANT, name, labels }, stringData: { "api-key": key } });
const provider = {
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace: TENANT, name: "teller" },
  spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url: `http://teller.${TENANT}.svc/v1` }], auth: { secretRef: { name: "vendor-key" } } },
};
const route = (name: string, models: readonly string[], gateways = ["default"]) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name }, spec: { gateways, models, targets: [{ providerRef: { name: "teller" } }] },
});

const isInForce = (of: string): Promise<string> => kubectl("--namespace", TENANT, "wait", of, "--for=condition=Programmed", "--timeout=60s");

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("a fresh cluster", () => {
  beforeAll(startCaller);

  it("serves a streamed answer, by the Service's name and from another namespace, within a minute of the installation", async () => {
    const startTick = performance.now();
    const notes = await install();
    const installedMs = performance.now() - startTick;
    const answer = await askOne({ base: BASE, model: "demo-chat", isStreaming: true }, "200");
    const answeredMs = performance.now() - startTick;
    process.stdout.write(`installed after ${Math.round(installedMs)} ms, answered after ${Math.round(answeredMs)} ms\n`);
    expect(answer).toMatchObject({ status: 200, code: "" });
    expect(answer.events).toBeGreaterThan(3);
    expect(answer.text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    expect(answeredMs).toBeLessThan(60_000);
    expect(notes).toContain(BASE);
  });

  it("prints commands that do what they say", async () => {
    const notes = await helm("get", "notes", RELEASE, "--namespace", SYSTEM);
    const commands = notes.split("\n").filter((line) => line.startsWith("  kubectl"));
    expect(commands).toHaveLength(2);
    const said = await Promise.all([run("sh", ["-c", commands[0] ?? ""]), run("sh", ["-c", commands[1] ?? ""])]);
    expect(said[0]).toContain("condition met");
    expect(said[1].trimEnd().endsWith("data: [DONE]")).toBe(true);
  });

  it("passes helm test", async () => {
    expect(await helm(...words.test)).toContain("Phase:          Succeeded");
  });

  it("runs nothing that Pod Security would warn of", async () => {
    const said = await run("kubectl", ["label", "--dry-run=server", "--overwrite", "namespace", SYSTEM, "pod-security.kubernetes.io/enforce=restricted"]);
    expect(said).not.toContain("Warning");
  });
});

describe("a tenant", () => {
  beforeAll(async () => {
    await upgrade("gateways.keyed.replicas=1", "gateways.keyed.settings.privateRanges={10.0.0.0/8,172.16.0.0/12,192.168.0.0/16}");
    await startTeller();
  });

  it("is served with two objects and a Secret, and the provider is shown its key", async () => {
    await apply(secret("vendor-key", "first-key"), provider, route("tells", ["tells"]));
    await isInForce("llmroute/tells");
    await isInForce("llmprovider/teller");
    expect(await askOne({ base: BASE, model: "tells" })).toMatchObject({ status: 200, content: "Bearer first-key" });
  });

  it("has a new key in force on every pod soon after its Secret was changed", async () => {
    const startTick = performance.now();
    await apply(secret("vendor-key", "second-key"));
    await askOne({ base: BASE, model: "tells" }, "second-key");
    const tookMs = performance.now() - startTick;
    process.stdout.write(`a changed Secret was in force after ${Math.round(tookMs)} ms, kubectl's own time within it\n`);
    const everywhere = await ask(await onEachPod("tells"));
    expect(everywhere.map(({ content }) => content)).toEqual(everywhere.map(() => "Bearer second-key"));
    expect(tookMs).toBeLessThan(5000);
  });

  it("lets in who has a key of its own, and nobody else", async () => {
    await apply(secret("caller", "caller-key-of-a-tenant", { "llmgateway.io/caller-key": "true" }), route("keyed", ["keyed"], ["keyed"]));
    await isInForce("llmroute/keyed");
    expect(await askOne({ base: KEYED, model: "keyed" })).toMatchObject({ status: 401, code: "AUTH_MISSING" });
    expect(await askOne({ base: KEYED, model: "keyed", key: "another-key-of-somebody" })).toMatchObject({ status: 401, code: "AUTH_INVALID" });
    expect(await askOne({ base: KEYED, model: "keyed", key: "caller-key-of-a-tenant" })).toMatchObject({ status: 200 });
    await apply(secret("caller", "renewed-key-of-a-tenant", { "llmgateway.io/caller-key": "true" }));
    await askOne({ base: KEYED, model: "keyed", key: "renewed-key-of-a-tenant" }, "200");
    expect(await askOne({ base: KEYED, model: "keyed", key: "caller-key-of-a-tenant" })).toMatchObject({ status: 401, code: "AUTH_INVALID" });
  });

  it("is told what is wrong, and its other objects are served on", async () => {
    await apply(route("dangles", ["dangles"]), { ...provider, metadata: { namespace: TENANT, name: "keyless" }, spec: { ...provider.spec, auth: { secretRef: { name: "nobody-made-it" } } } });
    await kubectl("--namespace", TENANT, "wait", "llmprovider/keyless", "--for=condition=ResolvedRefs=false", "--timeout=30s");
    const told = await kubectl("--namespace", TENANT, "get", "llmprovider/keyless", "--output", 'jsonpath={.status.conditions[?(@.type=="ResolvedRefs")].message}');
    expect(told).toContain("nobody-made-it");
    expect(await askOne({ base: BASE, model: "tells" })).toMatchObject({ status: 200 });
    await kubectl("--namespace", TENANT, "delete", "llmprovider/keyless", "llmroute/dangles");
  });
});

interface Pods {
  readonly items: readonly { readonly status: { readonly podIP: string; readonly conditions: readonly { readonly type: string; readonly status: string }[] } }[];
}

const addresses = async (): Promise<string[]> => {
  const { items } = await kubectlJson<Pods>("--namespace", SYSTEM, "get", "pods", "--selector", "llmgateway.io/gateway=default", "--field-selector", "status.phase=Running");
  return items.filter(({ status }) => status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True")).map(({ status }) => status.podIP);
};

const onEachPod = async (model: string) => (await addresses()).map((address) => ({ base: `http://${address}:8080/v1`, model }));

describe(`an edit, with ${PODS} data planes`, () => {
  beforeAll(async () => {
    await upgrade(`gateways.default.replicas=${PODS}`, "gateways.keyed.replicas=1");
    await until(`${PODS} data planes`, async () => ((await addresses()).length === PODS ? true : undefined));
    await apply(secret("vendor-key", "second-key"), provider, route("edited", ["before"]));
    await isInForce("llmroute/edited");
  });

  it("is in force on every one when the route says so", async () => {
    const patches = Array.from({ length: EDITS }, (_, index) => ({ models: ["before", `after-${index}`] }));
    const edits = await editRoute(TENANT, "edited", patches, async (index) => {
      const answers = await ask(await onEachPod(`after-${index}`));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: PODS }, () => 200));
    });
    const took = edits.map(({ tookMs }) => tookMs);
    process.stdout.write(`${EDITS} edits, from the write to "in force" in the status: p50 ${Math.round(quantile(took, 0.5))} ms, p99 ${Math.round(quantile(took, 0.99))} ms\n`);
    expect(edits.at(-1)?.message).toContain(`${PODS} of ${PODS}`);
    expect(quantile(took, 0.5)).toBeLessThan(2000);
  });
});

describe("those who only call", () => {
  it("may read none of the tenant's Secrets and none of the operator's", async () => {
    const may = async (verb: string, what: string, namespace: string): Promise<string> => (await run("sh", ["-c", `kubectl auth can-i ${verb} ${what} --namespace ${namespace} --as system:serviceaccount:${CALLERS}:default || true`])).trim();
    expect(await Promise.all([may("get", "secrets", TENANT), may("get", "secrets", SYSTEM), may("create", "pods --subresource=exec", SYSTEM)])).toEqual(["no", "no", "no"]);
  });
});
