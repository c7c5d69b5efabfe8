// Pods through the admission of a real API server, with a whole operator behind the webhook: injected, once, and never stopped.
// The configuration is the chart's but for its address: an API server without a cluster reaches this process by a URL.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { definitionFile } from "../../../crds/definition.ts";
import { kinds } from "../../../crds/kinds.ts";
import { apiVersion } from "../../../crds/shared.ts";
import { systemClock } from "../../../operator/clock.ts";
import { makeLog } from "../../../operator/cluster/log.ts";
import { ClusterOperator } from "../../../operator/cluster/run.ts";
import { readClusterSettings } from "../../../operator/cluster/settings.ts";
import { KubeClient } from "../../../operator/kube/client.ts";
import { plainConnection, type KubeConnection } from "../../../operator/kube/connection.ts";
import { resources, type KubeObject } from "../../../operator/kube/types.ts";
import { issueLeaf, makeAuthority } from "../../../operator/publish/issue.ts";
import { install, openApiServer, reasonToSkip, uninstall, type ApiServer } from "../../crds/api-server.ts";
import { podOf, told, type Pod } from "./pods.ts";

const reason = reasonToSkip(process.env);
const HOME = "inject-home";
const WEBHOOK = "inject-test";
const BUNDLE = "inject-home-bundle";

const until = async <Value>(what: string, ask: () => Promise<Value | undefined>, deadlineMs = 15_000): Promise<Value> => {
  const deadline = performance.now() + deadlineMs;
  let last = "";
  for (;;) {
    const answer = await ask().catch((error: unknown) => void (last = String(error)));
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${deadlineMs / 1000} s. ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const webhookOf = (name: string, url: string, more: object = {}): Record<string, unknown> => ({
  metadata: { name },
  webhooks: [{
    name: `${name}.llmgateway.io`, clientConfig: { url }, admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: "Ignore", matchPolicy: "Equivalent", reinvocationPolicy: "IfNeeded", timeoutSeconds: 3,
    namespaceSelector: { matchLabels: { "llmgateway.io/inject": "true" } }, objectSelector: { matchLabels: { "llmgateway.io/inject": "true" } },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "Namespaced" }], ...more,
  }],
});

const restricted = { allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } };
const app = { name: "app", image: "app", securityContext: restricted };

describe.skipIf(reason !== undefined)(`a pod, on a real API server${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let [api, client, operator]: [ApiServer | undefined, KubeClient | undefined, ClusterOperator | undefined] = [undefined, undefined, undefined];
  const added: string[] = [];
  const connect = (): KubeConnection => plainConnection(api!.connection.server, api!.connection.headers, api!.connection.tls);

  const operate = async (): Promise<ClusterOperator> => {
    const { settings, problems } = readClusterSettings({
      LLMGW_PUSH_PORT: "0", LLMGW_HEALTH_PORT: "0", LLMGW_HEALTH_HOST: "127.0.0.1", POD_NAME: "operator-0", POD_UID: "u", WATCH_NAMESPACES: "inject-open,inject-closed",
      LLMGW_PUSH_SERVICE: "operator", LLMGW_SIDECAR: JSON.stringify({ ...told, bundle: BUNDLE }), LLMGW_INJECT_SERVICE: "localhost", LLMGW_INJECT_WEBHOOK: WEBHOOK, LLMGW_INJECT_PORT: "0",
    });
    if (settings === undefined) throw new Error(problems.join());
    const log = makeLog(() => undefined, () => systemClock.now());
    const made = new ClusterOperator(settings, { connection: connect(), namespace: HOME, clock: systemClock, random: () => 0.5, log, stop: new AbortController().signal });
    await made.start();
    return made;
  };

  const create = (namespace: string, pod: Pod): Promise<KubeObject> =>
    client!.create(resources.Pod, { namespace }, { ...pod, metadata: { ...pod.metadata, name: `app-${randomBytes(4).toString("hex")}` } });
  const initContainersOf = (pod: KubeObject): string[] => ((pod["spec"] as Pod["spec"]).initContainers ?? []).map(({ name }) => name);
  const injectedPod = (): Promise<KubeObject> => until("an injection", async () => {
    const pod = await create("inject-open", podOf({ containers: [app] }));
    return initContainersOf(pod).length === 1 ? pod : undefined;
  });

  beforeAll(async () => {
    api = await openApiServer(process.env);
    client = new KubeClient({ connection: connect(), clock: systemClock });
    for (const row of Object.values(kinds)) {
      const definition = load(readFileSync(new URL(`../../../crds/${definitionFile(row)}`, import.meta.url), "utf8")) as KubeObject;
      if (await install(api, definition, `/apis/${apiVersion}/${row.plural}`)) added.push(definition.metadata.name);
    }
    const labels = { "llmgateway.io/inject": "true", "pod-security.kubernetes.io/enforce": "restricted" };
    for (const [name, own] of [[HOME, {}], ["inject-open", labels], ["inject-closed", {}]] as const) await client.create(resources.Namespace, {}, { metadata: { name, labels: own } });
    await client.create(resources.Pod, { namespace: HOME }, { metadata: { name: "operator-0", labels: { app: "operator" } }, spec: { containers: [{ name: "c", image: "none" }] } });
    operator = await operate();
    await client.create(resources.MutatingWebhookConfiguration, {}, webhookOf(WEBHOOK, `https://localhost:${operator.injectPort}/inject`));
  }, 150_000);

  afterAll(async () => {
    await operator?.stop();
    await client?.delete(resources.MutatingWebhookConfiguration, { name: WEBHOOK });
    for (const name of [HOME, "inject-open", "inject-closed"]) await client?.delete(resources.Namespace, { name });
    for (const name of added) await uninstall(api!, name);
    await client?.close();
    await api?.stop();
  }, 30_000);

  it("gets its sidecar where namespace and pod ask for it, and passes the restricted Pod Security with it", async () => {
    const pod = await injectedPod();
    const spec = pod["spec"] as Pod["spec"];
    expect(spec.initContainers?.[0]).toMatchObject({ name: "llm-gateway", restartPolicy: "Always", image: told.image });
    expect(spec.containers[0]?.env).toContainEqual({ name: "OPENAI_BASE_URL", value: "http://127.0.0.1:14080/v1" });
    expect(pod.metadata["labels"]).toMatchObject({ "llmgateway.io/gateway": "default" });
  });

  it("finds there whom to trust, which the API server is told too", async () => {
    const bundle = await until("the bundle", () => client!.get(resources.ConfigMap, { namespace: "inject-open", name: BUNDLE }));
    const text = (bundle["data"] as Record<string, string>)["ca.crt"] ?? "";
    expect(text).toContain("BEGIN CERTIFICATE");
    const { webhooks } = (await client!.get(resources.MutatingWebhookConfiguration, { name: WEBHOOK })) as KubeObject & { webhooks: { clientConfig: { caBundle: string; url: string }; timeoutSeconds: number }[] };
    expect(Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString()).toBe(text);
    expect(webhooks[0]).toMatchObject({ timeoutSeconds: 3, clientConfig: { url: `https://localhost:${operator!.injectPort}/inject` } });
    await expect(client!.get(resources.ConfigMap, { namespace: "inject-closed", name: BUNDLE })).rejects.toThrow("not found");
  });

  it("is left alone without the label on it, or on its namespace", async () => {
    await injectedPod();
    expect(initContainersOf(await create("inject-open", podOf({ labels: { "llmgateway.io/inject": "no" }, containers: [app] })))).toEqual([]);
    expect(initContainersOf(await create("inject-closed", podOf({ containers: [app] })))).toEqual([]);
  });

  it("has one sidecar when other webhooks change it afterwards and ours is asked again", async () => {
    const authority = await makeAuthority("other", { from: Date.now() - 60_000, to: Date.now() + 3_600_000 });
    const leaf = await issueLeaf(authority, ["localhost"], { from: Date.now() - 60_000, to: Date.now() + 3_600_000 });
    let askedCount = 0;
    const other = createServer({ cert: leaf.certificate, key: leaf.key }, (request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (piece: string) => (text += piece)).on("end", () => {
        askedCount += 1;
        const { request: { uid } } = JSON.parse(text) as { request: { uid: string } };
        const patch = Buffer.from(JSON.stringify([{ op: "add", path: "/spec/containers/-", value: { ...app, name: "extra" } }])).toString("base64");
        response.setHeader("content-type", "application/json").end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, allowed: true, patchType: "JSONPatch", patch } }));
      });
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const later = { clientConfig: { url: `https://localhost:${(other.address() as AddressInfo).port}/`, caBundle: Buffer.from(authority.certificate).toString("base64") }, reinvocationPolicy: "Never" };
    await client!.create(resources.MutatingWebhookConfiguration, {}, webhookOf("zz-other", "", later));
    onTestFinished(async () => {
      await client!.delete(resources.MutatingWebhookConfiguration, { name: "zz-other" });
      other.closeAllConnections();
      other.close();
    });
    const pod = await until("both", async () => {
      const made = await create("inject-open", podOf({ containers: [app] }));
      return (made["spec"] as Pod["spec"]).containers.length === 2 && initContainersOf(made).length > 0 ? made : undefined;
    });
    expect(initContainersOf(pod)).toEqual(["llm-gateway"]);
    expect(askedCount).toBeGreaterThan(0);
    expect(await operator!.metrics.text()).toMatch(/llmgw_operator_injections_total\{outcome="untouched"\} [1-9]/);
  });

  it("starts without a sidecar while nobody answers, at once, and gets one again afterwards", async () => {
    await injectedPod();
    const port = operator!.injectPort;
    await operator!.stop();
    const startTick = performance.now();
    const pod = await create("inject-open", podOf({ containers: [app] }));
    expect(initContainersOf(pod)).toEqual([]);
    expect(performance.now() - startTick).toBeLessThan(3500);
    operator = await operate();
    await until("leadership", async () => (operator!.pushPort > 0 ? true : undefined));
    expect(operator.injectPort).not.toBe(port);
    await client!.patch(resources.MutatingWebhookConfiguration, { name: WEBHOOK }, webhookOf(WEBHOOK, `https://localhost:${operator.injectPort}/inject`));
    await injectedPod();
  }, 60_000);
});
