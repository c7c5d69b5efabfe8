// That the chart's two sides believe each other: the names in the certificate, the audience of the tokens, the accounts, the mounted bundle,
// each as the operator and the data plane read it.
import { describe, expect, it } from "vitest";
import { readClusterSettings, type Trust } from "../../operator/cluster/settings.ts";
import { serviceNames } from "../../operator/publish/keep-authority.ts";
import { named, ofKind, renderSet, valueSets, whyNoHelm, type PodSpec, type Rendered } from "./helm.ts";

interface Source {
  readonly configMap?: { readonly name: string; readonly items: readonly { readonly key: string; readonly path: string }[] };
  readonly secret?: Source["configMap"];
  readonly serviceAccountToken?: { readonly audience: string; readonly path: string };
}

const environmentOf = (pod: PodSpec | undefined): Record<string, string> =>
  Object.fromEntries((pod?.containers[0]?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));

const ofComponent = (objects: readonly Rendered[], component: string): Rendered[] => ofKind(objects, "Deployment").filter(({ metadata }) => metadata.labels["app.kubernetes.io/component"] === component);

const sidesOf = (set: string) => {
  const { objects } = renderSet(set);
  const [operator] = ofComponent(objects, "operator");
  const { settings, problems } = readClusterSettings({ POD_NAME: "operator-0", ...environmentOf(operator?.spec?.template?.spec) });
  const planes = ofComponent(objects, "dataplane").map(({ metadata, spec }) => {
    const pod = spec?.template?.spec;
    const volumes = pod?.volumes as readonly { readonly name: string; readonly projected?: { readonly sources: readonly Source[] } }[] | undefined;
    const sources = volumes?.find(({ name }) => name === "operator")?.projected?.sources ?? [];
    return { gateway: metadata.labels["llmgateway.io/gateway"] ?? "", account: `${metadata.namespace ?? ""}/${pod?.serviceAccountName ?? ""}`, told: environmentOf(pod), sources };
  });
  return { objects, namespace: operator?.metadata.namespace ?? "", settings, problems, trust: settings?.push.trust as Trust, planes };
};

describe.skipIf(whyNoHelm !== "")(`operator and data planes of one release${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it.each(valueSets)("agree on audience, accounts and the port, encrypted: %s", (set) => {
    const { settings, problems, trust, planes } = sidesOf(set);
    expect(problems).toBeUndefined();
    expect(planes.length).toBeGreaterThan(0);
    for (const { gateway, account, told, sources } of planes) {
      expect(trust.accounts.get(account)).toContain(gateway);
      expect(sources.flatMap(({ serviceAccountToken: token }) => (token === undefined ? [] : [token]))).toMatchObject([{ audience: trust.audience, path: "token" }]);
      expect(told).toMatchObject({ LLMGW_GATEWAY: gateway, LLMGW_FEED_CA_FILE: "/etc/llm-gateway/operator/ca.crt", LLMGW_FEED_TOKEN_FILE: "/etc/llm-gateway/operator/token" });
      const feed = new URL(told["LLMGW_FEED"] ?? "");
      expect([feed.protocol, feed.port]).toEqual(["https:", String(settings?.push.port)]);
    }
    expect([...trust.accounts.values()].flat().toSorted()).toEqual(planes.map(({ gateway }) => gateway).toSorted());
  });

  it.each(valueSets.filter((set) => set !== "certificate"))("call the operator by a name in its certificate, and mount the bundle that it publishes: %s", (set) => {
    const { objects, namespace, trust: { certificate }, planes } = sidesOf(set);
    if (!certificate.isOwn) throw new Error("the certificate is somebody else's");
    expect(named(objects, "Service", certificate.service).metadata.namespace).toBe(namespace);
    for (const { told, sources } of planes) {
      expect(serviceNames(certificate.service, namespace)).toContain(new URL(told["LLMGW_FEED"] ?? "").hostname);
      expect(sources.flatMap(({ configMap }) => (configMap === undefined ? [] : [configMap]))).toEqual([{ name: certificate.bundleName, items: [{ key: "ca.crt", path: "ca.crt" }] }]);
    }
    expect([named(objects, "Secret", certificate.secretName).data, named(objects, "ConfigMap", certificate.bundleName).data]).toEqual([undefined, undefined]);
  });

  it("leave the certificate to whoever else keeps it: the data planes get its authority and no key, the operator no right to write one", () => {
    const { objects, trust, planes } = sidesOf("certificate");
    expect(trust.certificate).toEqual({ isOwn: false, certificateFile: "/etc/llm-gateway/certificate/tls.crt", keyFile: "/etc/llm-gateway/certificate/tls.key" });
    for (const { sources } of planes) expect(sources.flatMap(({ secret, configMap }) => [secret, configMap].filter((one) => one !== undefined))).toEqual([{ name: "llm-gateway-operator-tls", items: [{ key: "ca.crt", path: "ca.crt" }] }]);
    const writing = (named(objects, "Role", "llm-gateway-operator").rules ?? []).filter(({ resources }) => resources.includes("secrets") || resources.includes("configmaps"));
    expect(writing).toEqual([]);
    expect(objects.filter(({ metadata }) => metadata.name.includes("authority"))).toEqual([]);
  });
});
