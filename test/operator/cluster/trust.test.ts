// A whole operator that is known by its certificate and knows data planes by their tokens: who is let in, who is not and why,
// who makes the authority, and what is served when somebody else does. The API server is a double, the streams are real TLS.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Snapshot } from "../../../dataplane/snapshot/schema.ts";
import { issueLeaf, makeAuthority } from "../../../operator/publish/issue.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { feed } from "../../feed/ends.ts";
import { pod, provider, route, secret } from "../kube/cluster.ts";
import { Bench, conditionOf, type Operating } from "./operating.ts";

const AUDIENCE = "llm-gateway-operator.llm-system";
const NAMES = { secret: "llm-system/llm-gateway-authority", bundle: "llm-system/llm-gateway-authority-bundle" };

/** What a pod says with its token: `ACCOUNT POD UID AUDIENCE`, as the double's TokenReview reads it. */
interface Proof {
  readonly account?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly uid?: string;
  readonly audience?: string;
}

// The Service's name is one that this machine resolves, so that the name in the certificate is looked at.
const environment = {
  LLMGW_PUSH_SERVICE: "localhost", LLMGW_PUSH_AUDIENCE: AUDIENCE, LLMGW_GATEWAY_ACCOUNTS: "llm-system/gateway-default=default,llm-system/gateway-batch=batch",
};

const tokenOf = ({ namespace = "llm-system", account = "gateway-default", pod: name = "dp-0", uid = `uid-${name}`, audience = AUDIENCE }: Proof): string =>
  ["head", Buffer.from(JSON.stringify({ namespace, account, name, uid, audience })).toString("base64url"), "signature"].join(".");

const reviewed = (token: string, audiences: readonly string[]): Record<string, unknown> => {
  const [head, payload = ""] = token.split(".");
  if (head !== "head") return { authenticated: false, error: "invalid bearer token" };
  const { namespace, account, name, uid, audience } = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, string>;
  // As the API server answers a token that is for none of the audiences that were asked for.
  if (!audiences.includes(audience ?? "")) return { authenticated: false, error: `token audiences ["${audience ?? ""}"] is invalid for the target audiences` };
  const extra = { "authentication.kubernetes.io/pod-name": [name], "authentication.kubernetes.io/pod-uid": [uid] };
  return { authenticated: true, audiences: [audience], user: { username: `system:serviceaccount:${namespace ?? ""}:${account ?? ""}`, extra } };
};

const begin = async (): Promise<Bench> => {
  // TLS goes by the system's clock: what is made now must be good now.
  const bench = await Bench.start(fakeClock(Date.now()));
  bench.server.review = reviewed;
  bench.put("secrets", secret("openai-key", "sk-of-a"));
  bench.put("providers", provider("openai"));
  bench.put("routes", route("chat", "support-chat", "openai"));
  bench.put("secrets", secret("other-key", "sk-of-b", {}, "team-b"));
  bench.put("providers", provider("other", {}, "team-b"));
  bench.put("routes", route("other", "other-chat", "other", "team-b"));
  return bench;
};

const leads = (bench: Bench, { operator }: Operating): Promise<void> => bench.until(() => operator.pushPort > 0, "leadership", 50);

const setUp = async (): Promise<{ bench: Bench; operating: Operating }> => {
  const bench = await begin();
  const operating = await bench.operate("operator-0", environment);
  await leads(bench, operating);
  return { bench, operating };
};

const fileWith = (text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "ca.crt");
  writeFileSync(file, text);
  return file;
};

/** As a pod mounts it. */
const bundleIn = (bench: Bench): string => ((bench.get("configMaps", NAMES.bundle)?.["data"] ?? {}) as Record<string, string>)["ca.crt"] ?? "";

interface Plane {
  readonly snapshots: Snapshot[];
  readonly lastError: () => string;
}

const dial = (bench: Bench, operating: Operating, proof: Proof & { readonly gateway?: string; readonly token?: string; readonly caFile?: string; readonly says?: { pod: string; uid: string } } = {}): Plane => {
  const snapshots: Snapshot[] = [];
  const { pod: name = "dp-0", gateway = "default", token = tokenOf(proof), caFile = fileWith(bundleIn(bench)) } = proof;
  const plane = feed(bench.clock, { url: new URL(`https://localhost:${operating.operator.pushPort}`), caFile }, {
    identity: { ...(proof.says ?? { pod: name, uid: proof.uid ?? `uid-${name}` }), boot: "1", gateway, build: "test" },
    token: async () => token,
    apply: (snapshot) => (snapshots.push(snapshot), []),
  });
  return { snapshots, lastError: () => plane.state().lastError };
};

const credentialsOf = ({ snapshots }: Plane): string[] => Object.keys(snapshots.at(-1)?.credentials ?? {});
const refusals = async ({ operator }: Operating): Promise<string[]> => [...(await operator.metrics.text()).matchAll(/^llmgw_operator_streams_refused_total\{reason="([a-z-]+)"\}/gm)].map(([, reason]) => reason ?? "");
const certificateEnd = async ({ operator }: Operating): Promise<number> => Number(/^llmgw_operator_certificate_end_timestamp_seconds (\d+)/m.exec(await operator.metrics.text())?.[1]);
const programmed = (bench: Bench): string => conditionOf(bench.get("routes", "team-a/chat"), "Programmed")?.message ?? "";

describe("a data plane with the token of its gateway's account", () => {
  it("connects over TLS with the published bundle, takes the whole gateway and counts for Programmed", async () => {
    const { bench, operating } = await setUp();
    bench.put("pods", pod("dp-0"));
    const plane = dial(bench, operating);
    await bench.until(() => programmed(bench) === "1 of 1 data planes run it", "Programmed");
    expect(credentialsOf(plane).toSorted()).toEqual(["team-a/openai-key/api-key", "team-b/other-key/api-key"]);
    expect(await refusals(operating)).toEqual([]);
    const [review] = bench.server.seenOf("POST", "/tokenreviews");
    expect(review?.body).toMatchObject({ spec: { token: tokenOf({}), audiences: [AUDIENCE] } });
  });

  it("is told nothing, and tells nothing, when it does not know the operator's authority", async () => {
    const { bench, operating } = await setUp();
    const { certificate } = await makeAuthority("somebody else", { from: bench.clock.now() - 1000, to: bench.clock.now() + 3_600_000 });
    const plane = dial(bench, operating, { caFile: fileWith(certificate) });
    await bench.until(() => plane.lastError() !== "", "the refusal");
    expect(plane.lastError()).toMatch(/unable to verify|signature/);
    expect(bench.server.seenOf("POST", "/tokenreviews")).toEqual([]);
  });

  it.each<[string, Parameters<typeof dial>[2], string, string, RegExp]>([
    ["no token", { token: "" }, "no-token", "status 401: no-token", /it shows no token/],
    ["a token that the API server does not know", { token: "a.b.c" }, "not-authenticated", "status 401: not-authenticated", /invalid bearer token/],
    ["a token for another audience", { audience: "https://kubernetes.default.svc" }, "not-authenticated", "status 401: not-authenticated", /audiences \["https:\/\/kubernetes\.default\.svc"\] is invalid/],
    ["the token of a pod with another uid", { says: { pod: "dp-0", uid: "uid-of-before" } }, "other-pod", "", /dp-0 is turned away: its credential belongs to another pod/],
    ["the token of another pod", { says: { pod: "dp-1", uid: "uid-dp-0" } }, "other-pod", "", /dp-1 is turned away: its credential belongs to another pod/],
    ["a foreign service account of the operator's namespace", { account: "stranger" }, "not-yours", "", /llm-system\/stranger is no gateway's, and its namespace is not open to sidecars/],
    ["the account's name in another namespace", { namespace: "team-b" }, "not-yours", "", /team-b\/gateway-default is no gateway's/],
    ["the account of another gateway", { account: "gateway-batch" }, "not-yours", "", /llm-system\/gateway-batch speaks for batch, not for the gateway default/],
    ["a pod that is labelled for another gateway", { pod: "dp-batch" }, "other-gateway", "", /labelled for the gateway batch, not for default/],
  ])("is refused by name, and given nothing, with %s", async (_, proof, reason, shown, said) => {
    const { bench, operating } = await setUp();
    bench.put("pods", pod("dp-0"));
    bench.put("pods", pod("dp-batch", { gateway: "batch" }));
    const plane = dial(bench, operating, proof);
    await bench.until(async () => (await refusals(operating)).length > 0, "the refusal");
    await bench.until(() => plane.lastError() !== "", "the end of the stream");
    expect(await refusals(operating)).toEqual([reason]);
    expect(plane.lastError()).toContain(shown);
    expect(plane.snapshots).toEqual([]);
    expect(operating.lines.filter(({ part, message }) => part === "push" && said.test(message))).toHaveLength(1);
    expect(JSON.stringify(operating.lines)).not.toContain(tokenOf(proof ?? {}));
  });

  it("is refused for another audience also by an API server that looks at none", async () => {
    const { bench, operating } = await setUp();
    bench.server.review = (token) => ({ ...reviewed(token, ["other"]), audiences: ["other"] });
    const plane = dial(bench, operating, { audience: "other" });
    await bench.until(() => plane.lastError().includes("other-audience"), "the refusal");
    expect(await refusals(operating)).toEqual(["other-audience"]);
  });

  it("is let in as soon as the API server can be asked again", async () => {
    const { bench, operating } = await setUp();
    bench.server.misbehave = ({ path }) => (path.endsWith("/tokenreviews") ? { status: 500 } : undefined);
    bench.put("pods", pod("dp-0"));
    const plane = dial(bench, operating);
    await bench.until(() => plane.lastError().includes("unavailable"), "the refusal");
    bench.server.misbehave = () => undefined;
    await bench.until(() => plane.snapshots.length === 1, "the snapshot");
  });
});

describe("a sidecar", () => {
  const sidecar = (inject = "true", name = "app-0") => pod(name, { namespace: "team-a", labels: { "llmgateway.io/inject": inject }, hasSidecar: true });
  const proof: Proof = { namespace: "team-a", account: "app", pod: "app-0" };
  const open = (bench: Bench, inject = "true") => bench.put("namespaces", { metadata: { name: "team-a", labels: { "llmgateway.io/inject": inject } } });

  it("gets what its namespace may use, and of others nothing", async () => {
    const { bench, operating } = await setUp();
    open(bench);
    bench.put("pods", sidecar());
    const plane = dial(bench, operating, proof);
    await bench.until(() => plane.snapshots.length > 0, "a snapshot");
    expect(credentialsOf(plane)).not.toContain("team-b/other-key/api-key");
    expect(JSON.stringify(plane.snapshots.at(-1)?.routes)).not.toContain("other-chat");
  });

  it.each<[string, (bench: Bench) => void, string, RegExp]>([
    ["whose namespace is not open to sidecars", (bench) => void bench.put("pods", sidecar()), "not-yours", /app-0 with the service account team-a\/app is no gateway's, and its namespace is not open/],
    ["whose namespace says no", (bench) => (open(bench, "false"), void bench.put("pods", sidecar())), "not-yours", /is not open to sidecars/],
    ["whose pod is not labelled", (bench) => (open(bench), void bench.put("pods", sidecar("false"))), "no-sidecar", /team-a\/app-0 is not known as one with a sidecar/],
    ["whose pod has none", (bench) => (open(bench), void bench.put("pods", pod("app-0", { namespace: "team-a", labels: { "llmgateway.io/inject": "true" } }))), "no-sidecar", /team-a\/app-0 is not known as one with a sidecar/],
    ["whose pod is not known", open, "no-sidecar", /team-a\/app-0 is not known as one with a sidecar/],
    ["whose pod has gone and come back under the same name", (bench) => (open(bench), void bench.put("pods", pod("app-0", { namespace: "team-a", uid: "newer", labels: { "llmgateway.io/inject": "true" }, hasSidecar: true }))), "no-sidecar", /is not known as one with a sidecar/],
  ])("%s is refused by name", async (_, furnish, reason, said) => {
    const { bench, operating } = await setUp();
    furnish(bench);
    await bench.pass(500);
    const plane = dial(bench, operating, proof);
    await bench.until(async () => (await refusals(operating)).length > 0, "the refusal");
    expect(await refusals(operating)).toEqual([reason]);
    expect(plane.snapshots).toEqual([]);
    expect(operating.lines.some(({ message }) => said.test(message))).toBe(true);
  });

  it("that came before its pod was seen is let in once it is", async () => {
    const { bench, operating } = await setUp();
    open(bench);
    const plane = dial(bench, operating, proof);
    await bench.until(async () => (await refusals(operating)).includes("no-sidecar"), "the refusal");
    bench.put("pods", sidecar());
    await bench.until(() => plane.snapshots.length > 0, "a snapshot");
  });

  it("has to go when its namespace is no longer open", async () => {
    const { bench, operating } = await setUp();
    open(bench);
    bench.put("pods", sidecar());
    const plane = dial(bench, operating, proof);
    await bench.until(() => plane.snapshots.length > 0, "a snapshot");
    open(bench, "false");
    await bench.until(() => plane.lastError() !== "", "the end of the stream", 1000);
    expect((await refusals(operating))[0]).toBe("refused");
  });
});

describe("the authority", () => {
  it("is made by the leader where there is none; one that stands by waits for it and serves the same", async () => {
    const bench = await begin();
    const first = await bench.operate("operator-0", environment);
    const second = await bench.operate("operator-1", environment);
    await bench.until(() => first.operator.pushPort + second.operator.pushPort > 0, "leadership", 50);
    const [leader, standby] = first.operator.pushPort > 0 ? [first, second] : [second, first];
    await bench.pass(2000);
    expect(bench.server.seenOf("POST", "/secrets")).toHaveLength(1);
    const [caFile, kept] = [fileWith(bundleIn(bench)), bench.get("secrets", NAMES.secret)?.["data"]];
    expect(bundleIn(bench)).toContain("BEGIN CERTIFICATE");
    expect(bundleIn(bench)).not.toContain("PRIVATE KEY");
    expect([(await certificateEnd(leader)) > bench.clock.now() / 1000, await certificateEnd(standby)]).toEqual([true, 0]);
    await leader.stop();
    await leads(bench, standby);
    bench.put("pods", pod("dp-0"));
    const plane = dial(bench, standby, { caFile });
    await bench.until(() => plane.snapshots.length === 1, "the snapshot");
    expect(bench.get("secrets", NAMES.secret)?.["data"]).toEqual(kept);
  });

  it("fills the empty objects that the chart makes, and leaves their labels", async () => {
    const bench = await begin();
    const metadata = (id: string) => ({ namespace: "llm-system", name: id.split("/")[1] ?? "", labels: { "app.kubernetes.io/managed-by": "Helm" } });
    bench.put("secrets", { metadata: metadata(NAMES.secret), type: "Opaque" });
    bench.put("configMaps", { metadata: metadata(NAMES.bundle) });
    const operating = await bench.operate("operator-0", environment);
    await leads(bench, operating);
    expect(bench.server.seen.filter(({ method, path }) => method === "POST" && /secrets|configmaps/.test(path))).toEqual([]);
    expect([bench.get("secrets", NAMES.secret), bench.get("configMaps", NAMES.bundle)].map((object) => object?.metadata["labels"])).toEqual([{ "app.kubernetes.io/managed-by": "Helm" }, { "app.kubernetes.io/managed-by": "Helm" }]);
    bench.put("pods", pod("dp-0"));
    const plane = dial(bench, operating);
    await bench.until(() => plane.snapshots.length === 1, "the snapshot");
  });

  it("that cannot be kept ends the leader: nobody is served without a certificate", async () => {
    const bench = await begin();
    bench.server.misbehave = ({ method, path }) => (method === "POST" && path.endsWith("/secrets") ? { status: 403, reason: "Forbidden", message: "secrets is forbidden" } : undefined);
    const operating = await bench.operate("operator-0", environment);
    await bench.until(() => operating.ending() === "lost", "the end", 50);
    expect(operating.operator.pushPort).toBe(0);
    expect(operating.lines.some(({ message }) => message.includes("it cannot lead") && message.includes("secrets is forbidden"))).toBe(true);
  });

  it("of somebody else is not ours to make: the certificate in the files is shown, and the newer one when they change", async () => {
    const bench = await begin();
    const span = { from: bench.clock.now() - 3_600_000, to: bench.clock.now() + 3_600_000 };
    const authority = await makeAuthority("cert-manager", span);
    const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [certificateFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    const write = async (to: number): Promise<void> => {
      const { certificate, key } = await issueLeaf(authority, ["localhost"], { ...span, to });
      writeFileSync(certificateFile, certificate);
      writeFileSync(keyFile, key);
    };
    await write(span.to - 60_000);
    const operating = await bench.operate("operator-0", { ...environment, LLMGW_PUSH_CERTIFICATE_FILE: certificateFile, LLMGW_PUSH_KEY_FILE: keyFile });
    await leads(bench, operating);
    bench.put("pods", pod("dp-0"));
    const plane = dial(bench, operating, { caFile: fileWith(authority.certificate) });
    await bench.until(() => plane.snapshots.length === 1, "the snapshot");
    expect([bench.get("secrets", NAMES.secret), bench.get("configMaps", NAMES.bundle)]).toEqual([undefined, undefined]);
    const before = await certificateEnd(operating);
    await write(span.to);
    await bench.until(async () => (await certificateEnd(operating)) === before + 60, "the newer certificate", 500);
  });
});
