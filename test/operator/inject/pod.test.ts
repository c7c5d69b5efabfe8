// Which pods get a sidecar and what becomes of them: opt-in, restricted, never twice, and never in the way of the pod.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../../dataplane/settings.ts";
import { inject } from "../../../operator/inject/pod.ts";
import { patched, podOf, release, templateOf, type Container, type Pod } from "./pods.ts";

const injected = (pod: Pod, changes: Parameters<typeof release>[0] = {}): Pod => {
  const { outcome, patch } = inject(pod, release(changes));
  expect(outcome).toBe("injected");
  return patched(pod, patch);
};

const sidecarIn = (pod: Pod): Container => pod.spec.initContainers?.find(({ name }) => name === "llm-gateway") as Container;
const valuesIn = (container: Container | undefined): Record<string, string> => Object.fromEntries((container?.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? JSON.stringify(valueFrom)]));

describe("a pod that asks for a sidecar", () => {
  it("has it as a native one, before all else that starts", () => {
    const pod = injected(podOf({ initContainers: [{ name: "migrate" }] }));
    expect(pod.spec.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy])).toEqual([["llm-gateway", "Always"], ["migrate", undefined]]);
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(["app"]);
  });

  it("has one that Pod Security calls restricted, with a root that cannot be written to and probes that do not wait for the operator", () => {
    const sidecar = sidecarIn(injected(podOf({ securityContext: { runAsUser: 0 } })));
    expect(sidecar.securityContext).toEqual({
      allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, privileged: false, capabilities: { drop: ["ALL"] },
      runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, seccompProfile: { type: "RuntimeDefault" },
    });
    expect(sidecar).toMatchObject({ startupProbe: { httpGet: { path: "/startupz" } }, livenessProbe: { httpGet: { path: "/healthz" } } });
    expect(sidecar["readinessProbe"]).toBeUndefined();
  });

  it("leaves the user to the platform where the chart does, unless the pod's own would be root", () => {
    const template = templateOf({ user: undefined, group: undefined });
    expect(sidecarIn(injected(podOf(), { template })).securityContext).not.toHaveProperty("runAsUser");
    expect(sidecarIn(injected(podOf({ securityContext: { runAsUser: 0 } }), { template })).securityContext).toMatchObject({ runAsUser: 65_532 });
  });

  it("says who it is by a token of its own account for the operator alone, and what it trusts it may get later", () => {
    const { spec } = injected(podOf({ volumes: [{ name: "data" }] }));
    expect(spec.volumes?.map(({ name }) => name)).toEqual(["data", "llm-gateway-operator", "llm-gateway-key", "llm-gateway-state"]);
    expect(spec.volumes?.[1]).toEqual({
      name: "llm-gateway-operator",
      projected: { sources: [
        { configMap: { name: "llm-system-llm-gateway-authority-bundle", optional: true, items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { serviceAccountToken: { audience: "llm-gateway-operator.llm-system", expirationSeconds: 3600, path: "token" } },
      ] },
    });
    expect(spec.volumes?.slice(2)).toEqual([{ name: "llm-gateway-key", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }, { name: "llm-gateway-state", emptyDir: { sizeLimit: "256Mi" } }]);
  });

  it("is told only what the data plane reads, listens on loopback, and counts its own pod as a caller", () => {
    const values = valuesIn(sidecarIn(injected(podOf({ labels: { "llmgateway.io/gateway": "batch" } }))));
    const resolved = { ...values, LLMGW_POD: "app-0", LLMGW_POD_UID: "u", LLMGW_LOCAL_NAMESPACE: "team-a", LLMGW_LOCAL_ACCOUNT: "robot", LLMGW_ADMIN_HOST: "10.0.0.7" };
    const { settings, problems } = readSettings(resolved);
    expect(problems).toBeUndefined();
    expect(settings).toMatchObject({
      gateway: "batch", host: "127.0.0.1", port: 14_080, adminHost: "10.0.0.7", adminPort: 14_090, pod: "app-0", uid: "u", localCaller: { name: "team-a/robot", namespace: "team-a" },
      lastGood: { file: "/var/lib/llm-gateway/last-good", keyFile: "/run/llm-gateway/key", isKeyMade: true }, feed: { caFile: "/etc/llm-gateway/operator/ca.crt" }, feedTokenFile: "/etc/llm-gateway/operator/token",
    });
    expect(Object.entries(values).filter(([, value]) => value.startsWith("{")).map(([name, value]) => [name, (JSON.parse(value) as { fieldRef: { fieldPath: string } }).fieldRef.fieldPath])).toEqual([
      ["LLMGW_POD", "metadata.name"], ["LLMGW_POD_UID", "metadata.uid"], ["LLMGW_LOCAL_NAMESPACE", "metadata.namespace"], ["LLMGW_LOCAL_ACCOUNT", "spec.serviceAccountName"], ["LLMGW_ADMIN_HOST", "status.podIP"],
    ]);
  });

  it("is labelled with its gateway: its own choice, or the chart's", () => {
    expect(injected(podOf()).metadata.labels).toEqual({ "llmgateway.io/inject": "true", "llmgateway.io/gateway": "default" });
    expect(injected(podOf({ labels: { "llmgateway.io/gateway": "batch" } })).metadata.labels?.["llmgateway.io/gateway"]).toBe("batch");
  });

  it("is warned when there is no such gateway, and gets its sidecar all the same", () => {
    const { outcome, warnings } = inject(podOf({ labels: { "llmgateway.io/gateway": "bacth" } }), release());
    expect([outcome, warnings]).toEqual(["injected", ["there is no gateway bacth: until there is one, the llm-gateway sidecar answers nothing"]]);
    expect(inject(podOf({ labels: { "llmgateway.io/gateway": "bacth" } }), release({ gateways: [] })).warnings).toEqual([]);
  });

  it("may be moved off its node although it has state on a disk there", () => {
    const name = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    expect(injected(podOf()).metadata.annotations).toEqual({ [name]: "llm-gateway-state" });
    expect(injected(podOf({ annotations: { a: "b" } })).metadata.annotations).toEqual({ a: "b", [name]: "llm-gateway-state" });
    expect(injected(podOf({ annotations: { [name]: "cache" } })).metadata.annotations).toEqual({ [name]: "cache,llm-gateway-state" });
  });

  it("may pull the image with the Secrets of the chart, each named once", () => {
    const template = templateOf({ pullSecrets: ["mine", "theirs"] });
    expect(injected(podOf({ imagePullSecrets: [{ name: "theirs" }] }), { template }).spec["imagePullSecrets"]).toEqual([{ name: "theirs" }, { name: "mine" }]);
    expect(injected(podOf(), { template }).spec["imagePullSecrets"]).toEqual([{ name: "mine" }, { name: "theirs" }]);
  });
});

describe("the application's containers", () => {
  const urls = { OPENAI_BASE_URL: "http://127.0.0.1:14080/v1", ANTHROPIC_BASE_URL: "http://127.0.0.1:14080", GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:14080" };

  it("are told where the sidecar is, in the words of the SDKs; init containers too, sidecars of others not", () => {
    const { spec } = injected(podOf({ containers: [{ name: "app" }, { name: "worker", env: [{ name: "A", value: "b" }] }], initContainers: [{ name: "mesh", restartPolicy: "Always" }, { name: "migrate" }] }));
    expect(spec.containers.map(valuesIn)).toEqual([urls, { A: "b", ...urls }]);
    expect(spec.initContainers?.slice(1).map(valuesIn)).toEqual([{}, urls]);
    expect(valuesIn(spec.initContainers?.[0])).not.toHaveProperty("OPENAI_BASE_URL");
  });

  it("keep what they have set themselves, whatever its value", () => {
    const env = [{ name: "OPENAI_BASE_URL", value: "" }, { name: "ANTHROPIC_BASE_URL", valueFrom: { configMapKeyRef: { name: "urls", key: "anthropic" } } }];
    const [app] = injected(podOf({ containers: [{ name: "app", env }] })).spec.containers;
    expect(app?.env).toEqual([...env, { name: "GOOGLE_GEMINI_BASE_URL", value: urls.GOOGLE_GEMINI_BASE_URL }]);
  });

  it("keep their ports: the sidecar takes others, and the addresses say so", () => {
    const { spec } = injected(podOf({ containers: [{ name: "app", ports: [{ containerPort: 14_080 }, { containerPort: 14_090 }] }], initContainers: [{ name: "mesh", restartPolicy: "Always", ports: [{ containerPort: 14_081 }] }] }));
    expect(valuesIn(spec.containers[0])["OPENAI_BASE_URL"]).toBe("http://127.0.0.1:14082/v1");
    expect(spec.initContainers?.[0]).toMatchObject({ ports: [{ containerPort: 14_091 }] });
    expect(valuesIn(spec.initContainers?.[0])).toMatchObject({ LLMGW_PORT: "14082", LLMGW_ADMIN_PORT: "14091" });
    const close = injected(podOf({ containers: [{ name: "app", ports: [{ containerPort: 14_080 }] }] }), { template: templateOf({ adminPort: 14_081 }) });
    expect(valuesIn(sidecarIn(close))).toMatchObject({ LLMGW_PORT: "14081", LLMGW_ADMIN_PORT: "14082" });
  });
});

describe("its size", () => {
  const resourcesOf = (annotations: Record<string, string>, more: object = {}): { resources: unknown; warnings: readonly string[] } => {
    const pod = podOf({ annotations: Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`llmgateway.io/sidecar-${name}`, value])), ...more });
    const { patch, warnings } = inject(pod, release());
    return { resources: sidecarIn(patched(pod, patch)).resources, warnings };
  };

  it("is the chart's unless annotations say otherwise", () => {
    expect(resourcesOf({})).toEqual({ resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } }, warnings: [] });
    expect(resourcesOf({ "cpu-request": "0.5", "cpu-limit": "2", "memory-request": "1e9", "memory-limit": "2Gi" }).resources).toEqual({ requests: { cpu: "0.5", memory: "1e9" }, limits: { cpu: "2", memory: "2Gi" } });
  });

  it.each([
    [{ "memory-request": "1Gi" }, { requests: { cpu: "50m", memory: "1Gi" }, limits: { memory: "1Gi" } }],
    [{ "memory-limit": "128Mi" }, { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "128Mi" } }],
    [{ "cpu-limit": "50m" }, { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "50m", memory: "512Mi" } }],
    [{ "cpu-limit": "0.05" }, { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "0.05", memory: "512Mi" } }],
  ])("follows what was said where a default would contradict it: %j", (annotations, resources) => {
    expect(resourcesOf(annotations)).toEqual({ resources, warnings: [] });
  });

  it.each([
    [{ "cpu-request": "much" }, /sidecar-cpu-request: "much" is no quantity; the sidecar has its default cpu/],
    [{ "memory-request": "-1" }, /"-1" is no quantity/],
    [{ "memory-limit": "1.5 Gi" }, /"1.5 Gi" is no quantity/],
    [{ "memory-limit": "64Mi" }, /64Mi is not from 128Mi to 1Ti/],
    [{ "memory-limit": "512m" }, /512m is not from 128Mi/],
    [{ "cpu-limit": "10m" }, /10m is not from 50m to 128/],
    [{ "cpu-request": "500" }, /500 is not up to 128/],
    [{ "memory-request": "2Gi", "memory-limit": "1Gi" }, /2Gi is more than the limit 1Gi; the sidecar has its default memory/],
  ])("is the default, with a warning, where an annotation cannot be meant: %j", (annotations, words) => {
    const { resources, warnings } = resourcesOf(annotations);
    expect(resources).toEqual(resourcesOf({}).resources);
    expect(warnings).toEqual([expect.stringMatching(words)]);
  });

  it("is nothing of its own where the pod has an allowance as a whole", () => {
    expect(resourcesOf({}, { resources: { requests: { cpu: "1" } } }).resources).toBeUndefined();
  });
});

describe("a pod is left as it is", () => {
  it.each<[string, unknown]>([
    ["without the label", { ...podOf(), metadata: { name: "app-0" } }],
    ["with the label set to something else", podOf({ labels: { "llmgateway.io/inject": "yes" } })],
    ["for Windows, by its system", podOf({ os: { name: "windows" } })],
    ["for Windows, by its nodes", podOf({ nodeSelector: { "kubernetes.io/os": "windows" } })],
    ["with a container of the sidecar's name", podOf({ containers: [{ name: "app" }, { name: "llm-gateway" }] })],
    ["with an init container of the sidecar's name", podOf({ initContainers: [{ name: "llm-gateway" }] })],
    ["that is none", { metadata: { labels: { "llmgateway.io/inject": "true" } } }], ["that is null", null], ["that is a word", "pod"],
  ])("%s", (_, pod) => {
    expect(inject(pod, release())).toEqual({ outcome: "untouched", patch: [], warnings: [] });
  });

  it.each([
    [podOf({ serviceAccountName: "" }), "the pod has no llm-gateway sidecar: it has no service account, which the sidecar could say who it is by"],
    [podOf({ hostNetwork: true }), "the pod has no llm-gateway sidecar: it is on its node's network, where everybody on the node would be its caller"],
    [podOf({ volumes: [{ name: "llm-gateway-state" }] }), "the pod has no llm-gateway sidecar: it has a volume of the sidecar's name already: llm-gateway-state"],
  ])("with a warning where it asks for what cannot be", (pod, warning) => {
    expect(inject(pod, release())).toEqual({ outcome: "refused", patch: [], warnings: [warning] });
  });
});

const names = fc.constantFrom("app", "worker", "llm-gatewayx");
const container = fc.record({
  name: names,
  env: fc.array(fc.record({ name: fc.constantFrom("A", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"), value: fc.string() }), { maxLength: 3 }),
  ports: fc.array(fc.record({ containerPort: fc.integer({ min: 14_078, max: 14_094 }) }), { maxLength: 4 }),
  restartPolicy: fc.constantFrom("Always"),
}, { requiredKeys: ["name"] });
const pods = fc.record({ containers: fc.array(container, { minLength: 1, maxLength: 3 }), initContainers: fc.array(container, { maxLength: 3 }), volumes: fc.array(fc.record({ name: names }), { maxLength: 2 }) }, { requiredKeys: ["containers"] });

describe("any pod", () => {
  it("is changed once and never again, loses nothing, and no port of it is taken", () => {
    fc.assert(fc.property(pods, (spec) => {
      const pod = podOf(spec);
      const before = JSON.stringify(pod);
      const once = injected(pod);
      expect(JSON.stringify(pod)).toBe(before);
      expect(inject(once, release())).toEqual({ outcome: "untouched", patch: [], warnings: [] });
      const { LLMGW_PORT: port, LLMGW_ADMIN_PORT: adminPort } = valuesIn(sidecarIn(once));
      const taken = [...spec.containers, ...(spec.initContainers ?? [])].flatMap((one) => one.ports ?? []).map(({ containerPort }) => String(containerPort));
      expect(new Set([port, adminPort, ...taken]).size).toBe(new Set(taken).size + 2);
      for (const list of ["containers", "initContainers"] as const) {
        const after = (once.spec[list] ?? []).filter(({ name }) => name !== "llm-gateway");
        expect(after).toHaveLength((spec[list] ?? []).length);
        for (const [index, { env = [] }] of (spec[list] ?? []).entries()) expect(after[index]?.env?.slice(0, env.length) ?? []).toEqual(env);
      }
    }));
  });
});
