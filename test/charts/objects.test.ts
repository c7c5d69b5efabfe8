// What holds for the rendered objects whatever the values: the kinds are the generated ones, pods are restricted,
// names and ports meet, a stop leaves time to drain, and what is printed afterwards is true.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { chart, named, notesOf, ofKind, podsOf, render, renderSet, root, valueSets, whyNoHelm, type Rendered } from "./helm.ts";

const kindFiles = readdirSync(join(root, "crds")).filter((name) => name.endsWith(".yaml")).toSorted();

describe("the kinds in the chart", () => {
  it("are byte for byte the generated ones", () => {
    expect(readdirSync(join(chart, "files/crds")).toSorted()).toEqual(kindFiles);
    for (const name of kindFiles) expect(readFileSync(join(chart, "files/crds", name), "utf8") === readFileSync(join(root, "crds", name), "utf8"), `copy crds/${name} to charts/llm-gateway/files/crds`).toBe(true);
  });
});

const withoutMetadata = ({ metadata: _, ...rest }: Rendered): unknown => rest;

describe.skipIf(whyNoHelm !== "")(`the rendered objects${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it("have the kinds unchanged but for labels and the wish to be kept", () => {
    const kinds = ofKind(render([]).objects, "CustomResourceDefinition");
    expect(kinds.map(({ metadata }) => metadata.name)).toEqual(["llmbudgets.llmgateway.io", "llmproviders.llmgateway.io", "llmroutes.llmgateway.io"]);
    for (const [index, kind] of kinds.entries()) {
      expect(withoutMetadata(kind)).toEqual(withoutMetadata(load(readFileSync(join(root, "crds", kindFiles[index] ?? ""), "utf8")) as Rendered));
      expect(kind.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
      expect(kind.metadata.labels["app.kubernetes.io/instance"]).toBe("llm-gateway");
    }
    expect(ofKind(renderSet("existing").objects, "CustomResourceDefinition")).toEqual([]);
    expect(ofKind(renderSet("names").objects, "CustomResourceDefinition").map(({ metadata }) => metadata.annotations)).toEqual(kindFiles.map(() => ({ "example.com/managed": "true" })));
  });

  it.each(valueSets)("are restricted in the sense of Pod Security: %s", (set) => {
    const pods = podsOf(renderSet(set).objects);
    expect(pods.length).toBeGreaterThanOrEqual(3);
    for (const { of, spec } of pods) {
      expect(spec.securityContext, of).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      expect(spec.hostNetwork, of).toBeUndefined();
      for (const container of spec.containers) {
        expect(container.securityContext, of).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } });
      }
    }
  });

  it.each(valueSets)("have one name and kind each, and say whose they are: %s", (set) => {
    const { objects } = renderSet(set);
    const ids = objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
    expect(ids).toEqual([...new Set(ids)]);
    for (const { kind, metadata } of objects) {
      expect(metadata.labels, `${kind} ${metadata.name}`).toMatchObject({ "app.kubernetes.io/instance": "llm-gateway", "app.kubernetes.io/part-of": "llm-gateway", "app.kubernetes.io/managed-by": "Helm" });
    }
  });

  it.each(valueSets)("meet: every selector finds pods of this release, and no two Services the same ones by accident: %s", (set) => {
    const { objects } = renderSet(set);
    const labels = objects.flatMap((object) => (object.spec?.template === undefined ? [] : [object.spec.template.metadata.labels]));
    const selects = (selector: Readonly<Record<string, string>> = {}) => labels.filter((own) => Object.entries(selector).every(([name, value]) => own[name] === value || name === "llmgateway.io/role"));
    const selecting = ["Service", "Deployment", "PodDisruptionBudget"].flatMap((kind) => ofKind(objects, kind));
    for (const { kind, metadata, spec } of selecting) {
      const selector = spec?.selector as { matchLabels?: Record<string, string> } & Record<string, string>;
      expect(selects(selector.matchLabels ?? selector), `${kind} ${metadata.name}`).toHaveLength(1);
    }
  });

  it("give a pod the time that its gateway's drain takes, and what comes before and after it", () => {
    const { objects } = renderSet("gateways");
    const graceOf = (name: string) => named(objects, "Deployment", name).spec?.template?.spec.terminationGracePeriodSeconds;
    expect([graceOf("llm-gateway-default"), graceOf("llm-gateway-batch")]).toEqual([5 + 150 + 10, 5 + 3600 + 10]);
    const small = named(renderSet("small").objects, "Deployment", "llm-gateway-default").spec?.template?.spec;
    expect([small?.terminationGracePeriodSeconds, small?.containers[0]?.lifecycle]).toEqual([0 + 2 + 10, undefined]);
  });

  it("leave the number of pods to the autoscaler where there is one", () => {
    expect(named(renderSet("autoscaling").objects, "Deployment", "llm-gateway-default").spec?.replicas).toBeUndefined();
    expect(ofKind(renderSet("default").objects, "HorizontalPodAutoscaler")).toEqual([]);
  });

  it("hand the gateways' settings to the operator in the form that it reads", () => {
    const settings = load(named(renderSet("gateways").objects, "ConfigMap", "llm-gateway-gateways").data?.["gateways.yaml"] ?? "");
    expect(settings).toEqual({
      gateways: {
        default: { audience: "llm-gateway", drainTime: "2m30s", privateRanges: [], limits: {}, stream: {} },
        batch: { anonymous: true, audience: "llm-gateway", drainTime: "1h", privateRanges: ["10.20.0.0/16"], limits: { bodyBytes: 67_108_864, concurrentRequests: 512 }, stream: { headHold: "500ms" } },
      },
    });
  });

  it("open a gateway for the demo alone, and not when its settings say otherwise", () => {
    const anonymous = (words: readonly string[]) => (load(named(render(words).objects, "ConfigMap", "llm-gateway-gateways").data?.["gateways.yaml"] ?? "") as { gateways: Record<string, { anonymous?: boolean }> }).gateways["default"]?.anonymous;
    expect([anonymous([]), anonymous(["--set", "demo.enabled=true"]), anonymous(["--set", "demo.enabled=true,gateways.default.settings.anonymous=false"])]).toEqual([undefined, true, false]);
  });

  it("take the images by registry and tag, and by digest where one is given", () => {
    const imagesOf = (objects: readonly Rendered[]) => [...new Set(podsOf(objects).flatMap(({ spec }) => spec.containers.map(({ image }) => image)))].toSorted();
    expect(imagesOf(render(["--set", "image.registry=localhost/llm-gateway", "--set", "image.tag=dev"]).objects)).toEqual(["localhost/llm-gateway/dataplane:dev", "localhost/llm-gateway/operator:dev"]);
    expect(imagesOf(renderSet("images").objects)).toEqual(["dataplane", "operator"].map((name) => `images.example.com/platform/llm-gateway/${name}:0.1.0@sha256:${(name === "operator" ? "a" : "b").repeat(64)}`));
  });

  it("carry rules and dashboards when the chart has some", () => {
    const copy = mkdtempSync(join(tmpdir(), "llm-gateway-chart-"));
    try {
      cpSync(chart, copy, { recursive: true });
      for (const folder of ["rules", "dashboards"]) {
        rmSync(join(copy, folder), { recursive: true, force: true });
        mkdirSync(join(copy, folder));
      }
      writeFileSync(join(copy, "rules/alerts.yaml"), 'groups:\n- name: a\n  rules:\n  - {alert: A, expr: "up == 0", annotations: {text: "{{ $labels.pod }} is down"}}\n');
      writeFileSync(join(copy, "dashboards/traffic.json"), '{"title": "{{route}}"}\n');
      const { objects } = render(["--values", join(chart, "ci/monitoring-values.yaml")], copy);
      expect(named(objects, "PrometheusRule", "llm-gateway-alerts")).toMatchObject({ metadata: { labels: { release: "kube-prometheus-stack" } }, spec: { groups: [{ name: "a", rules: [{ annotations: { text: "{{ $labels.pod }} is down" } }] }] } });
      expect(named(objects, "ConfigMap", "llm-gateway-dashboard-traffic")).toMatchObject({ metadata: { labels: { grafana_dashboard: "1" }, annotations: { grafana_folder: "LLM" } }, data: { "traffic.json": '{"title": "{{route}}"}\n' } });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});

/** The names that a file of settings reads. */
const namesIn = (...files: readonly string[]): Set<string> => new Set(files.flatMap((file) => readFileSync(join(root, file), "utf8").match(/\b(?:LLMGW|OTEL|POD|WATCH)_[A-Z_]+\b/g) ?? []));

describe.skipIf(whyNoHelm !== "")("what the pods are told", () => {
  const environmentOf = (of: string): string[] => [...new Set(["monitoring", "namespaces", "tls"].flatMap((set) => named(renderSet(set).objects, "Deployment", of).spec?.template?.spec.containers[0]?.env ?? []).map(({ name }) => name))];

  it("is read by the data plane, every word of it", () => {
    const read = namesIn("dataplane/settings.ts");
    expect(environmentOf("llm-gateway-default").filter((name) => !read.has(name))).toEqual([]);
  });

  it("is read by the operator, every word of it", () => {
    const read = namesIn("operator/settings.ts", "operator/cluster/settings.ts");
    expect(environmentOf("llm-gateway-operator").filter((name) => !read.has(name))).toEqual([]);
  });
});

describe.skipIf(whyNoHelm !== "")("what is printed after the installation", () => {
  const commandsIn = (notes: string): string[] => notes.split("\n").filter((line) => line.startsWith("  kubectl"));

  it("is two commands that are true for the values", () => {
    expect(commandsIn(notesOf([]))).toEqual([
      '  kubectl -n llm-system create secret generic openai-key --from-literal=api-key="$OPENAI_API_KEY"',
      "  kubectl -n llm-system apply -f - <<'END'",
    ]);
    const demo = commandsIn(notesOf(["--set", "demo.enabled=true"]));
    expect(demo).toHaveLength(2);
    expect(demo[0]).toBe("  kubectl -n llm-system wait --for=condition=Programmed llmroute/llm-gateway-demo --timeout=60s");
    expect(demo[1]).toContain("http://llm-gateway.llm-system.svc/v1/chat/completions");
    expect(demo[1]).not.toContain("YOUR-KEY");
    expect(commandsIn(notesOf(["--set", "demo.enabled=true,gateways.default.settings.anonymous=false"]))[1]).toContain("YOUR-KEY");
  });

  it("names the addresses, ports and namespaces of the values", () => {
    const notes = notesOf(["--set", "gateways.batch.service.port=8000,watch.namespaces={team-a}"]);
    expect(notes).toContain("http://llm-gateway.llm-system.svc/v1   (gateway default)");
    expect(notes).toContain("http://llm-gateway-batch.llm-system.svc:8000/v1   (gateway batch)");
    expect(notes).toContain("kubectl -n team-a create secret");
    expect(notes).toContain("Only objects in these namespaces count: team-a.");
  });

  it("warns of what is risky: a single pod, no roles, no kinds, no keys", () => {
    const notes = notesOf(["--set", "gateways.default.replicas=1,rbac.create=false,crds.enabled=false,gateways.default.settings.anonymous=true"]);
    expect(notes).toContain("The gateway default has a single pod");
    expect(notes).toContain("rbac.create is false");
    expect(notes).toContain("crds.enabled is false");
    expect(notes).toContain("serves requests without a key");
  });
});
