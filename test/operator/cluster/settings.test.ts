// What the operator is told by its pod: names with their defaults, and mistakes told all at once.
import { describe, expect, it } from "vitest";
import { readClusterSettings } from "../../../operator/cluster/settings.ts";
import { told } from "../inject/pods.ts";

describe("the settings of the operator on a cluster", () => {
  it("have defaults for everything but a name", () => {
    const { settings } = readClusterSettings({ POD_NAME: "operator-0" });
    expect(settings).toEqual({
      namespace: undefined, pod: "operator-0", podUid: undefined, namespaces: undefined, gatewaysFile: undefined, lease: "llm-gateway-operator",
      push: { host: "127.0.0.1", port: 9443, trust: undefined }, inject: undefined, health: { host: "0.0.0.0", port: 8081 },
    });
  });

  it("are read from the pod's environment", () => {
    const { settings } = readClusterSettings({
      POD_NAME: "operator-0", POD_UID: "u", LLMGW_NAMESPACE: "llm-system", WATCH_NAMESPACES: " team-a,team-b, team-a ,", LLMGW_GATEWAYS_FILE: "gateways.yaml", LLMGW_LEASE: "other",
      LLMGW_PUSH_HOST: "0.0.0.0", LLMGW_PUSH_PORT: "1", LLMGW_HEALTH_HOST: "::", LLMGW_HEALTH_PORT: "65535",
      LLMGW_PUSH_SERVICE: "operator", LLMGW_PUSH_AUDIENCE: "operator.llm-system", LLMGW_AUTHORITY_SECRET: "authority", LLMGW_AUTHORITY_BUNDLE: "bundle",
      LLMGW_GATEWAY_ACCOUNTS: "llm-system/a=default, llm-system/default=batch,llm-system/default=night",
    });
    expect(settings).toEqual({
      namespace: "llm-system", pod: "operator-0", podUid: "u", namespaces: ["team-a", "team-b"], gatewaysFile: "gateways.yaml", lease: "other",
      push: {
        host: "0.0.0.0", port: 1,
        trust: {
          certificate: { isOwn: true, service: "operator", secretName: "authority", bundleName: "bundle" }, audience: "operator.llm-system",
          accounts: new Map([["llm-system/a", ["default"]], ["llm-system/default", ["batch", "night"]]]),
        },
      },
      inject: undefined,
      health: { host: "::", port: 65_535 },
    });
  });

  it("have what sidecars are made of, where there are any", () => {
    const environment = { LLMGW_PUSH_SERVICE: "operator", LLMGW_SIDECAR: JSON.stringify(told), LLMGW_INJECT_SERVICE: "injector", LLMGW_INJECT_WEBHOOK: "webhook", LLMGW_INJECT_HOST: "::", LLMGW_INJECT_PORT: "1" };
    expect(readClusterSettings(environment).settings?.inject).toEqual({ host: "::", port: 1, service: "injector", webhook: "webhook", caFile: undefined, template: told });
    expect(readClusterSettings({ ...environment, LLMGW_SIDECAR: JSON.stringify({ ...told, port: 80, adminPort: 14_080, colour: "red" }) }).problems).toEqual([expect.stringMatching(/^LLMGW_SIDECAR: port: /), expect.stringMatching(/^LLMGW_SIDECAR: it: .*colour/)]);
    expect(readClusterSettings({ ...environment, LLMGW_SIDECAR: JSON.stringify({ ...told, adminPort: told.port }) }).problems).toEqual(["LLMGW_SIDECAR: adminPort: port and adminPort must not be the same"]);
    expect(readClusterSettings({ LLMGW_SIDECAR: JSON.stringify(told) }).problems?.map((problem) => problem.slice(0, 50))).toEqual(["LLMGW_SIDECAR needs LLMGW_INJECT_SERVICE and LLMGW", "LLMGW_SIDECAR needs LLMGW_PUSH_SERVICE, or LLMGW_P"]);
    const files = { ...environment, LLMGW_PUSH_CERTIFICATE_FILE: "tls.crt", LLMGW_PUSH_KEY_FILE: "tls.key" };
    expect(readClusterSettings(files).problems).toEqual([expect.stringContaining("LLMGW_SIDECAR needs LLMGW_INJECT_CA_FILE")]);
    expect(readClusterSettings({ ...files, LLMGW_INJECT_CA_FILE: "ca.crt" }).settings?.inject?.caFile).toBe("ca.crt");
  });

  it("take a certificate that somebody else keeps in files rather than make one", () => {
    const { settings } = readClusterSettings({ LLMGW_PUSH_HOST: "::", LLMGW_PUSH_SERVICE: "operator", LLMGW_PUSH_CERTIFICATE_FILE: "tls.crt", LLMGW_PUSH_KEY_FILE: "tls.key" });
    expect(settings?.push.trust).toEqual({ certificate: { isOwn: false, certificateFile: "tls.crt", keyFile: "tls.key" }, audience: "llm-gateway-operator", accounts: new Map() });
  });

  it("do not let credentials travel unencrypted beyond this machine", () => {
    expect(readClusterSettings({ LLMGW_PUSH_HOST: "0.0.0.0" }).problems).toEqual([expect.stringContaining("set LLMGW_PUSH_SERVICE too")]);
    expect(["127.0.0.1", "::1", "localhost"].map((host) => readClusterSettings({ LLMGW_PUSH_HOST: host }).problems)).toEqual([undefined, undefined, undefined]);
  });

  it("that are wrong are all told of", () => {
    const { settings, problems } = readClusterSettings({ LLMGW_PUSH_PORT: "many", LLMGW_HEALTH_PORT: "70000", WATCH_NAMESPACES: "team-a,Team_B", LLMGW_PUSH_KEY_FILE: "tls.key", LLMGW_GATEWAY_ACCOUNTS: "a/b=c,default" });
    expect(settings).toBeUndefined();
    expect(problems).toHaveLength(5);
    expect(problems?.join()).toContain('LLMGW_GATEWAY_ACCOUNTS has "default"');
    expect(problems?.join()).toContain('WATCH_NAMESPACES has "Team_B"');
  });
});
