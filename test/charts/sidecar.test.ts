// That the chart's parts of sidecars meet: the webhook's address, its Service, the operators behind it, what these are told,
// and what a sidecar made of that is told in turn.
import { describe, expect, it } from "vitest";
import { readClusterSettings, type ClusterSettings } from "../../operator/cluster/settings.ts";
import { inject } from "../../operator/inject/pod.ts";
import { INJECT_PATH } from "../../operator/inject/server.ts";
import { serviceNames } from "../../operator/publish/keep-authority.ts";
import { named, ofKind, render, renderSet, valueSets, whyNoHelm, type Rendered } from "./helm.ts";

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service: { readonly name: string; readonly namespace: string; readonly port: number; readonly path: string }; readonly caBundle?: string };
  readonly namespaceSelector: { readonly matchExpressions: readonly { readonly operator: string; readonly values: readonly string[] }[] };
  readonly [field: string]: unknown;
}

const operatorOf = (objects: readonly Rendered[]): Rendered | undefined => ofKind(objects, "Deployment").find(({ metadata }) => metadata.labels["app.kubernetes.io/component"] === "operator");

const settingsOf = (objects: readonly Rendered[]): ClusterSettings => {
  const environment = (operatorOf(objects)?.spec?.template?.spec.containers[0]?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  const { settings, problems } = readClusterSettings({ POD_NAME: "operator-0", ...Object.fromEntries(environment) });
  if (settings === undefined) throw new Error(problems.join());
  return settings;
};

const webhookIn = (objects: readonly Rendered[]): { readonly called: string; readonly webhook: Webhook } => {
  const [configuration, ...others] = ofKind(objects, "MutatingWebhookConfiguration");
  const [webhook, ...more] = (configuration?.["webhooks"] ?? []) as Webhook[];
  if (configuration === undefined || webhook === undefined || others.length + more.length > 0) throw new Error("not one webhook");
  return { called: configuration.metadata.name, webhook };
};

const withSidecars = valueSets.filter((set) => set !== "small");

describe.skipIf(whyNoHelm !== "")(`sidecars in the chart${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it.each(withSidecars)("are asked for where every operator answers, by a name that is in its certificate: %s", (set) => {
    const { objects } = renderSet(set);
    const { called, webhook } = webhookIn(objects);
    const settings = settingsOf(objects);
    const { service } = webhook.clientConfig;
    expect(settings.inject).toMatchObject({ webhook: called, service: service.name, port: 8443 });
    expect(service).toMatchObject({ namespace: "llm-system", path: INJECT_PATH, port: 443 });
    expect(serviceNames(settings.inject?.service ?? "", "llm-system")).toContain(`${service.name}.llm-system.svc`);
    const { selector, ports } = named(objects, "Service", service.name).spec as { selector: Record<string, string>; ports: { port: number; targetPort: string }[] };
    expect(ports).toEqual([{ name: "inject", port: 443, targetPort: "inject", protocol: "TCP" }]);
    expect(selector).not.toHaveProperty("llmgateway.io/role");
    expect(operatorOf(objects)?.spec?.template?.metadata.labels).toMatchObject(selector);
    expect(webhook.clientConfig.caBundle).toBeUndefined();
  });

  it.each(withSidecars)("come into no pod that did not ask, and stop none unless somebody wants that: %s", (set) => {
    const { webhook } = webhookIn(renderSet(set).objects);
    const labels = { matchLabels: { "llmgateway.io/inject": "true" } };
    expect(webhook).toMatchObject({
      failurePolicy: set === "sidecar" ? "Fail" : "Ignore", timeoutSeconds: set === "sidecar" ? 10 : 3, sideEffects: "None", reinvocationPolicy: "IfNeeded", namespaceSelector: labels, objectSelector: labels,
      rules: [{ operations: ["CREATE"], resources: ["pods"] }],
    });
    expect(webhook.namespaceSelector.matchExpressions[0]).toMatchObject({ operator: "NotIn", values: ["kube-system", "llm-system"] });
  });

  it("are for the listed namespaces only, where the operator sees no others", () => {
    const expressions = webhookIn(renderSet("namespaces").objects).webhook.namespaceSelector.matchExpressions;
    expect(expressions[1]).toMatchObject({ operator: "In", values: ["team-a", "team-b"] });
  });

  it.each(withSidecars)("are told the truth about the release: %s", (set) => {
    const { objects } = renderSet(set);
    const { inject: injecting, push: { trust } } = settingsOf(objects);
    const template = injecting?.template;
    if (template === undefined || trust === undefined) throw new Error("no sidecars");
    const dataPlane = ofKind(objects, "Deployment").find(({ metadata }) => metadata.labels["llmgateway.io/gateway"] === template.gateway)?.spec?.template?.spec.containers[0];
    expect([template.image, template.feed]).toEqual([dataPlane?.image, dataPlane?.env?.find(({ name }) => name === "LLMGW_FEED")?.value]);
    const rules = objects.flatMap((object) => object.rules ?? []).filter(({ resources, verbs }) => resources.includes("configmaps") && verbs.includes("patch"));
    for (const { resourceNames } of rules) expect(resourceNames).toEqual([template.bundle]);
    expect(rules.length).toBeGreaterThanOrEqual(set === "existing" ? 0 : 1);
    const pod = { metadata: { labels: { "llmgateway.io/inject": "true" } }, spec: { serviceAccountName: "default", containers: [{ name: "app" }] } };
    expect(inject(pod, { template, audience: trust.audience, gateways: [template.gateway] })).toMatchObject({ outcome: "injected", warnings: [] });
  });

  it("have the user that the chart's pods have, or the platform's", () => {
    expect(settingsOf(renderSet("default").objects).inject?.template).toMatchObject({ user: 65_532, group: 65_532 });
    expect(settingsOf(renderSet("openshift").objects).inject?.template).not.toHaveProperty("user");
  });

  it("are of the gateway that is named, or the first that there is", () => {
    const gatewayOf = (objects: readonly Rendered[]): string | undefined => settingsOf(objects).inject?.template.gateway;
    expect([gatewayOf(renderSet("sidecar").objects), gatewayOf(renderSet("gateways").objects)]).toEqual(["apps", "default"]);
    expect(gatewayOf(render(["--set", "gateways.default=null,gateways.zebra.replicas=1,gateways.batch.replicas=1"]).objects)).toBe("batch");
  });

  it("leave nothing behind where they are not wanted", () => {
    const { objects } = renderSet("small");
    expect([ofKind(objects, "MutatingWebhookConfiguration"), settingsOf(objects).inject]).toEqual([[], undefined]);
    expect(objects.filter(({ metadata }) => metadata.name.includes("injector"))).toEqual([]);
  });
});
