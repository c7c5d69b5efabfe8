// A gateway with TLS as the chart makes it: its ports, who is told of it, what is refused, and that `helm test` believes the right certificate
// only. The test's own program is run here, against a listener of ours.
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:https";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { issueLeaf, type Issued } from "../../operator/publish/issue.ts";
import { authority, HOUR_MS } from "../doubles/certificate.ts";
import { named, notesOf, ofKind, refusalOf, render, renderSet, whyNoHelm, type PodSpec, type Rendered } from "./helm.ts";

const set = (values: string): readonly string[] => ["--set", values];
const ENCRYPTED = "gateways.default.tls.secretName=ai";

const podOf = (objects: readonly Rendered[], name: string): PodSpec | undefined => named(objects, "Deployment", name).spec?.template?.spec;
const portOf = (objects: readonly Rendered[], name: string): unknown => (named(objects, "Service", name).spec?.["ports"] as readonly unknown[] | undefined)?.[0];
const volumeOf = (pod: PodSpec | undefined, name: string): unknown => pod?.volumes?.find((volume) => volume.name === name);

describe.skipIf(whyNoHelm !== "")(`a gateway with TLS${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it("is at 443 unless another port is said, by ports of that name from the Service to the pod, and the one beside it as before", () => {
    const { objects } = renderSet("tls");
    expect(portOf(objects, "llm-gateway")).toEqual({ name: "https", port: 443, targetPort: "https", protocol: "TCP", appProtocol: "https" });
    expect(portOf(objects, "llm-gateway-internal")).toMatchObject({ name: "https", port: 8443 });
    expect(portOf(objects, "llm-gateway-plain")).toEqual({ name: "http", port: 80, targetPort: "http", protocol: "TCP", appProtocol: "http" });
    const ports = ["default", "internal", "plain"].map((name) => podOf(objects, `llm-gateway-${name}`)?.containers[0]).map((container) => (container as { ports?: readonly { name: string }[] } | undefined)?.ports?.map(({ name }) => name));
    expect(ports).toEqual([["https", "admin"], ["https", "admin"], ["http", "admin"]]);
    const allowed = ["default", "plain"].map((name) => JSON.stringify(named(objects, "NetworkPolicy", `llm-gateway-${name}`).spec?.["ingress"]));
    expect(allowed).toEqual([expect.stringContaining('"port":"https"'), expect.stringContaining('"port":"http"')]);
  });

  it("has the certificate and its key from the Secret and nothing more, and its probes where they were", () => {
    const { objects } = renderSet("tls");
    const [own, plain] = [podOf(objects, "llm-gateway-default"), podOf(objects, "llm-gateway-plain")];
    expect(volumeOf(own, "tls")).toMatchObject({ secret: { secretName: "ai-example-com", items: [{ key: "tls.crt", path: "tls.crt" }, { key: "tls.key", path: "tls.key" }] } });
    expect(own?.containers[0]?.env).toEqual(expect.arrayContaining([{ name: "LLMGW_TLS_CERT_FILE", value: "/etc/llm-gateway/tls/tls.crt" }, { name: "LLMGW_TLS_KEY_FILE", value: "/etc/llm-gateway/tls/tls.key" }]));
    const probes = (pod: PodSpec | undefined): unknown[] => ["startupProbe", "readinessProbe", "livenessProbe"].map((name) => Object.entries(pod?.containers[0] ?? {}).find(([field]) => field === name)?.[1]);
    expect(probes(own)).toEqual(probes(plain));
    expect([volumeOf(plain, "tls"), JSON.stringify(plain).includes("LLMGW_TLS")]).toEqual([undefined, false]);
  });

  it("has cert-manager make the Secret under the names of the Service, or under its own", () => {
    const { objects } = renderSet("tls");
    const certificates = ofKind(objects, "Certificate");
    expect(certificates.map(({ metadata, spec }) => [metadata.name, spec])).toEqual([["llm-gateway-internal", {
      secretName: "llm-gateway-internal-tls",
      issuerRef: { name: "internal", kind: "ClusterIssuer", group: "cert-manager.io" },
      dnsNames: ["llm-gateway-internal.llm-system.svc", "llm-gateway-internal.llm-system.svc.cluster.local", "llm-gateway-internal.llm-system", "llm-gateway-internal"],
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
      duration: "2160h",
      renewBefore: "720h",
    }]]);
    expect(volumeOf(podOf(objects, "llm-gateway-internal"), "tls")).toMatchObject({ secret: { secretName: "llm-gateway-internal-tls" } });
    const namesOf = (values: string): unknown => ofKind(render(set(`gateways.default.tls.certManager.issuerRef.name=public,gateways.default.tls.hostname=ai.example.com${values}`)).objects, "Certificate")[0]?.spec?.["dnsNames"];
    expect([namesOf(""), namesOf(",gateways.default.tls.certManager.dnsNames={ai.example.com,llm.example.com}")]).toEqual([["ai.example.com"], ["ai.example.com", "llm.example.com"]]);
  });

  it("is spoken to in HTTPS by an Ingress and a Gateway, and one's own annotations stand above the chart's", () => {
    const { objects } = renderSet("tls");
    const [ingress] = ofKind(objects, "Ingress");
    expect(ingress?.metadata.annotations).toEqual({ "nginx.ingress.kubernetes.io/proxy-buffering": "off", "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS", "alb.ingress.kubernetes.io/backend-protocol": "HTTPS" });
    expect(JSON.stringify(ingress?.spec)).toContain('"service":{"name":"llm-gateway","port":{"name":"https"}}');
    const policies = ofKind(objects, "BackendTLSPolicy").map(({ apiVersion, spec }) => [apiVersion, spec]);
    expect(policies).toEqual([
      ["gateway.networking.k8s.io/v1", { targetRefs: [{ group: "", kind: "Service", name: "llm-gateway" }], validation: { hostname: "ai.example.com", wellKnownCACertificates: "System" } }],
      ["gateway.networking.k8s.io/v1", { targetRefs: [{ group: "", kind: "Service", name: "llm-gateway-internal" }], validation: { hostname: "llm-gateway-internal.llm-system.svc", caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "internal-authority" }] } }],
    ]);
    const older = render([...set(`${ENCRYPTED},gateways.default.httpRoute.enabled=true,gateways.default.httpRoute.parentRefs[0].name=a`), "--api-versions", "gateway.networking.k8s.io/v1alpha3/BackendTLSPolicy"]);
    expect(ofKind(older.objects, "BackendTLSPolicy").map(({ apiVersion }) => apiVersion)).toEqual(["gateway.networking.k8s.io/v1alpha3"]);
    expect(ofKind(renderSet("http-route").objects, "BackendTLSPolicy")).toEqual([]);
    expect(ofKind(render(set(`${ENCRYPTED},gateways.default.ingress.enabled=true,gateways.default.ingress.hosts={a.example},gateways.default.ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/backend-protocol=GRPCS`)).objects, "Ingress")[0]?.metadata.annotations).toMatchObject({ "nginx.ingress.kubernetes.io/backend-protocol": "GRPCS" });
  });

  it("is announced with the address that callers need", () => {
    const notes = notesOf(set(`${ENCRYPTED},gateways.batch.service.port=8000,demo.enabled=true`));
    expect(notes).toContain("https://llm-gateway.llm-system.svc/v1   (gateway default)");
    expect(notes).toContain("http://llm-gateway-batch.llm-system.svc:8000/v1   (gateway batch)");
    expect(notes).toContain("\n  helm -n llm-system test llm-gateway --logs\n");
    expect(notes).not.toContain("exec deploy");
    expect(notes).toContain("The gateway default speaks HTTPS only. Its pods start when the Secret ai is there.");
    const other = notesOf(set(`${ENCRYPTED},gateways.default.tls.hostname=ai.example.com,gateways.default.service.port=8443`));
    expect(other).toContain("https://ai.example.com:8443/v1");
    expect(other).toContain("Callers need ai.example.com to lead to the Service llm-gateway.");
  });

  it.each([
    ["a name without a certificate", "gateways.default.tls.hostname=a.example", "gateways.default.tls.hostname is a.example, but there is no certificate: set tls.secretName or tls.certManager.issuerRef.name"],
    ["names for no issuer", `${ENCRYPTED},gateways.default.tls.certManager.dnsNames={a.example}`, "gateways.default.tls.certManager: name the issuer in issuerRef.name"],
    ["two of cert-manager's certificates in one Secret", "gatewayDefaults.tls.secretName=one,gatewayDefaults.tls.certManager.issuerRef.name=a,gateways.batch.replicas=1", "are both one, and cert-manager can keep only one certificate there"],
    ["a misspelt value", "gateways.default.tls.secret=a", "'secret' not allowed"],
    ["a misspelt value of cert-manager's", "gateways.default.tls.certManager.issuer=a", "'issuer' not allowed"],
    ["a Secret's name with capitals", "gateways.default.tls.secretName=AI", "at '/gateways/default/tls/secretName'"],
    ["an address for a host", `${ENCRYPTED},gateways.default.tls.hostname=https://ai.example.com`, "at '/gateways/default/tls/hostname'"],
    ["a duration in days", "gateways.default.tls.certManager.duration=90d", "at '/gateways/default/tls/certManager/duration'"],
  ])("is refused in words: %s", (_, values, said) => {
    expect(refusalOf(set(values))).toContain(said);
  });
});

interface Told {
  readonly containers: readonly { readonly args: readonly string[]; readonly env: readonly { readonly name: string; readonly value?: string }[] }[];
  readonly volumes: readonly unknown[];
}

/** The program of `helm test`, with another port and authority than in a cluster. */
const tested = async (values: string, port: number, caFile: string): Promise<{ isGood: boolean; said: string }> => {
  const pod = named(render(set(`${values},gateways.default.service.port=${port}`)).objects, "Pod", "llm-gateway-default-test").spec as Told | undefined;
  const [container] = pod?.containers ?? [];
  const told = Object.fromEntries((container?.env ?? []).map(({ name, value = "" }) => [name, value]));
  const env = { ...told, ...(told["NODE_EXTRA_CA_CERTS"] === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }), SERVICE: "localhost" };
  return new Promise((resolve) => execFile(process.execPath, ["--input-type=module", "--eval", ...(container?.args ?? [])], { env }, (error, stdout, stderr) => resolve({ isGood: error === null, said: stdout + stderr })));
};

describe.skipIf(whyNoHelm !== "")("helm test of a gateway with TLS", () => {
  let signer: Issued;
  let caFile: string;

  beforeAll(async () => {
    signer = await authority();
    const folder = mkdtempSync(join(tmpdir(), "llmgw-authority-"));
    caFile = join(folder, "ca.crt");
    writeFileSync(caFile, signer.certificate);
    return () => rmSync(folder, { recursive: true });
  });

  const listening = async (name: string): Promise<number> => {
    const { certificate, key } = await issueLeaf(signer, [name], { from: Date.now() - HOUR_MS, to: Date.now() + HOUR_MS });
    const server: Server = createServer({ cert: certificate, key }, (request, response) => response.writeHead(request.url === "/v1/models" ? 200 : 404).end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  };

  it("takes the Secret's own authority, or the one that is named", () => {
    const volumesOf = (values: string): readonly unknown[] | undefined => (named(render(set(values)).objects, "Pod", "llm-gateway-default-test").spec as Told | undefined)?.volumes;
    expect(volumesOf(ENCRYPTED)).toMatchObject([{ projected: { sources: [{ secret: { name: "ai", items: [{ key: "ca.crt" }], optional: true } }] } }]);
    expect(volumesOf(`${ENCRYPTED},gateways.default.tls.caConfigMap=ours`)).toMatchObject([{ projected: { sources: [{ configMap: { name: "ours" } }] } }]);
    expect(volumesOf("demo.enabled=false")).toBeUndefined();
  });

  it("is content with the certificate of the name that callers use, though it asks the Service", async () => {
    const port = await listening("ai.example.com");
    expect(await tested(`${ENCRYPTED},gateways.default.tls.hostname=ai.example.com`, port, caFile)).toEqual({ isGood: true, said: "GET /v1/models: 200 \n" });
  });

  it("fails for a certificate of another name, and for one that nobody vouches for", async () => {
    const port = await listening("ai.example.com");
    const other = await tested(`${ENCRYPTED},gateways.default.tls.hostname=llm.example.com`, port, caFile);
    expect([other.isGood, other.said]).toEqual([false, expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID")]);
    const stranger = await tested(`${ENCRYPTED},gateways.default.tls.hostname=ai.example.com`, port, join(tmpdir(), "no-such-authority"));
    expect([stranger.isGood, stranger.said]).toEqual([false, expect.stringMatching(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED|UNABLE_TO_GET_ISSUER/)]);
  });
});
