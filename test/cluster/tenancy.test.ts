// Tenants beside each other: one who may write our kinds and may not read Secrets, two who want the same name, and one who
// would like to use what belongs to another.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller, startTeller } from "./callers.ts";
import { apply, kubectl, kubectlJson, run, tryRun, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { CALLERS, SYSTEM, TENANT } from "./namespaces.ts";
import { RELEASE, upgrade } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
const KEY = "key-that-nobody-may-read";
const WRITER = "somebody-of-the-tenant";
const teller = `http://teller.${TENANT}.svc/v1`;

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[] };
}

const secret = (namespace: string, name: string, key: string) => ({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, stringData: { "api-key": key } });
const provider = (namespace: string, name: string, secretName: string, more: object = {}) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace, name }, spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url: teller }], auth: { secretRef: { name: secretName } }, ...more },
});
const route = (namespace: string, name: string, models: readonly string[], providerRef: object, more: object = {}) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace, name }, spec: { models, targets: [{ providerRef, model: "tells" }], ...more },
});

const conditionOf = async (kind: string, namespace: string, name: string, type: string) =>
  (await kubectlJson<Conditioned>("--namespace", namespace, "get", `${kind}/${name}`)).status?.conditions?.find((one) => one.type === type);
const conditionIs = (kind: string, namespace: string, name: string, type: string, status: string) =>
  until(`${type} ${status} of ${kind} ${name}`, async () => {
    const found = await conditionOf(kind, namespace, name, type);
    return found?.status === status ? found : undefined;
  }, 30_000);
const isInForce = (namespace: string, name: string): Promise<string> => kubectl("--namespace", namespace, "wait", `llmroute/${name}`, "--for=condition=Programmed", "--timeout=60s");

const asWriter = (words: readonly string[], input = "") => tryRun("kubectl", ["--as", WRITER, "--namespace", TENANT, ...words], input);
const writes = async (...objects: readonly object[]): Promise<void> => {
  const { code, stderr } = await asWriter(["apply", "--server-side", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  expect(stderr).toBe("");
  expect(code).toBe(0);
};

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

beforeAll(async () => {
  await upgrade();
  await startCaller();
  await startTeller();
});

describe("a tenant who may write our kinds and may not read Secrets", () => {
  beforeAll(async () => {
    const name = "writes-llm-kinds";
    await apply(
      secret(TENANT, "unread", KEY),
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { namespace: TENANT, name }, rules: [{ apiGroups: ["llmgateway.io"], resources: ["llmproviders", "llmroutes"], verbs: ["get", "list", "create", "patch", "update", "delete"] }] },
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { namespace: TENANT, name }, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name }, subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: WRITER }] },
    );
  });

  it("uses a key without seeing it: it is in no status, no Event and no refusal", async () => {
    expect((await asWriter(["get", "secret", "unread"])).stderr).toContain("cannot get resource");
    await writes(provider(TENANT, "unread", "unread"), route(TENANT, "unread", ["unread"], { name: "unread" }));
    await isInForce(TENANT, "unread");
    expect(await askOne({ base: BASE, model: "unread" })).toMatchObject({ status: 200, content: `Bearer ${KEY}` });
    const told = [
      (await asWriter(["get", "llmproviders,llmroutes", "--output", "yaml"])).stdout,
      await kubectl("--namespace", TENANT, "get", "events", "--output", "yaml"),
      await kubectl("--namespace", SYSTEM, "logs", "--selector", `app.kubernetes.io/instance=${RELEASE}`, "--all-containers", "--tail=-1"),
    ];
    for (const text of told) expect(text).not.toContain(KEY);
    expect(told[0]).toContain("unread");
  });

  it("cannot name a Secret of another namespace: the field is not there", async () => {
    const { stderr } = await asWriter(["apply", "--server-side", "--validate=strict", "--filename", "-"], JSON.stringify(provider(TENANT, "thief", "unread", { auth: { secretRef: { name: "llm-gateway-authority", namespace: SYSTEM } } })));
    expect(stderr).toMatch(/secretRef.*namespace/);
  });

  it("may ask neither the operator nor the data planes what they know", async () => {
    const may = async (verb: string, what: string, part: string, namespace: string): Promise<string> =>
      (await tryRun("kubectl", ["auth", "can-i", verb, what, `--subresource=${part}`, "--namespace", namespace, "--as", WRITER])).stdout.trim();
    expect(await Promise.all([may("get", "pods", "proxy", SYSTEM), may("create", "pods", "exec", SYSTEM), may("get", "secrets", "", SYSTEM), may("patch", "llmroutes.llmgateway.io", "status", TENANT)])).toEqual(["no", "no", "no", "no"]);
    expect(await may("patch", "llmroutes.llmgateway.io", "", TENANT)).toBe("yes");
  });
});

describe("the operator's own rights", () => {
  it("end where they are not needed: no Secret written but its own, nothing of ours deleted, no pod made", async () => {
    const who = `system:serviceaccount:${SYSTEM}:${RELEASE}-operator`;
    const may = async (verb: string, what: string, namespace: string): Promise<string> => `${verb} ${what}: ${(await tryRun("kubectl", ["auth", "can-i", verb, what, "--namespace", namespace, "--as", who])).stdout.trim()}`;
    const asked = [["update", "secrets"], ["create", "secrets"], ["delete", "secrets"], ["delete", "llmroutes.llmgateway.io"], ["update", "llmroutes.llmgateway.io"], ["patch", "llmroutes.llmgateway.io"], ["create", "pods"], ["delete", "pods"], ["create", "rolebindings"]] as const;
    expect(await Promise.all(asked.map(([verb, what]) => may(verb, what, TENANT)))).toEqual(asked.map(([verb, what]) => `${verb} ${what}: no`));
    expect((await run("kubectl", ["auth", "can-i", "patch", "llmroutes.llmgateway.io", "--subresource", "status", "--namespace", TENANT, "--as", who])).trim()).toBe("yes");
  });
});

describe("two routes that want one name", () => {
  it("share nothing: the older one has it, the younger is told whose it is, and gets it when the older one goes", async () => {
    await apply(secret(TENANT, "older-key", "older"), provider(TENANT, "claims", "older-key"), route(TENANT, "z-older", ["claimed"], { name: "claims" }));
    await isInForce(TENANT, "z-older");
    // Ages are told in seconds.
    const bornAt = (await kubectlJson<{ metadata: { creationTimestamp: string } }>("--namespace", TENANT, "get", "llmroute/z-older")).metadata.creationTimestamp;
    await until("the next second", async () => (Date.now() - Date.parse(bornAt) > 1500 ? true : undefined));
    await apply(secret(CALLERS, "younger-key", "younger"), provider(CALLERS, "claims", "younger-key"), route(CALLERS, "a-younger", ["claimed", "unclaimed"], { name: "claims" }, { callers: { namespaces: { from: "All" } } }));
    const told = await until("the younger one's verdict", async () => {
      const { status } = await kubectlJson<Conditioned>("--namespace", CALLERS, "get", "llmroute/a-younger");
      return status?.conditions?.find(({ message }) => message.includes('"claimed"'));
    }, 30_000);
    process.stdout.write(`told: ${told.type} ${told.status} ${told.reason}: ${told.message}\n`);
    expect(told.message).toContain("z-older");
    expect(await askOne({ base: BASE, model: "claimed" })).toMatchObject({ status: 200, content: "Bearer older" });
    expect(await askOne({ base: BASE, model: "unclaimed" }, "Bearer younger")).toMatchObject({ status: 200 });
    await kubectl("--namespace", TENANT, "delete", "llmroute/z-older");
    expect(await askOne({ base: BASE, model: "claimed" }, "Bearer younger")).toMatchObject({ status: 200 });
    await kubectl("--namespace", CALLERS, "delete", "llmroute/a-younger");
  });
});

describe("a provider of another namespace", () => {
  it("is closed until its owner opens it, and closed again when the owner takes that back", async () => {
    await apply(secret(TENANT, "shared-key", "shared"), provider(TENANT, "shared", "shared-key"), route(CALLERS, "borrows", ["borrowed"], { name: "shared", namespace: TENANT }));
    expect(await conditionIs("llmroute", CALLERS, "borrows", "ResolvedRefs", "False")).toMatchObject({ reason: "RefNotPermitted" });
    expect(await askOne({ base: BASE, model: "borrowed" }, "503")).toMatchObject({ status: 503, code: "ROUTE_NO_TARGET" });
    await apply(provider(TENANT, "shared", "shared-key", { allowedRoutes: { namespaces: { from: "All" } } }));
    expect(await askOne({ base: BASE, model: "borrowed" }, "Bearer shared")).toMatchObject({ status: 200 });
    await apply(provider(TENANT, "shared", "shared-key", { allowedRoutes: { namespaces: { from: "Same" } } }));
    expect(await askOne({ base: BASE, model: "borrowed" }, "503")).toMatchObject({ status: 503, code: "ROUTE_NO_TARGET" });
    await kubectl("--namespace", CALLERS, "delete", "llmroute/borrows");
  });
});

describe("a namespace with objects of ours", () => {
  it("is deleted as soon as any other: nothing of ours holds it", async () => {
    const namespace = "llm-leaving";
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await apply(secret(namespace, "k", "k"), provider(namespace, "p", "k"), route(namespace, "r", ["leaving"], { name: "p" }));
    await isInForce(namespace, "r");
    await kubectl("delete", "namespace", namespace, "--wait=true", "--timeout=60s");
    expect(await askOne({ base: BASE, model: "leaving" }, "404")).toMatchObject({ status: 404 });
  });
});
