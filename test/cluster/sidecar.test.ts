// Sidecars in real pods: an answer over localhost at the very start of an application, in Jobs that end, for nobody else's
// routes, and no pod that waits for an operator which is not there.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pod, startTeller } from "./callers.ts";
import { apply, kubectl, kubectlJson, run, tryRun, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { CALLERS, SYSTEM, TENANT } from "./namespaces.ts";
import { RELEASE, upgrade } from "./release.ts";

const INJECT = { "llmgateway.io/inject": "true" };
const BUNDLE = `${SYSTEM}-${RELEASE}-authority-bundle`;
const WEBHOOK = `${SYSTEM}-${RELEASE}-operator`;

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly content: string;
  readonly events: number;
  readonly base: string;
}

/** As an SDK would: the address from its variable, a key because SDKs want one. */
const ASKS = `
const base = process.env.OPENAI_BASE_URL ?? "";
const ask = async (model, isStreaming) => {
  const headers = { "content-type": "application/json", authorization: "Bearer any" };
  const body = JSON.stringify({ model, stream: isStreaming, messages: [{ role: "user", content: "Say something about the sea" }] });
  const answer = await fetch(base + "/chat/completions", { method: "POST", headers, body, signal: AbortSignal.timeout(20000) });
  const text = await answer.text();
  const lines = text.split("\\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)));
  const content = isStreaming ? lines.map((event) => event.choices?.[0]?.delta?.content ?? "").join("") : (JSON.parse(text).choices?.[0]?.message?.content ?? "");
  return { status: answer.status, code: answer.headers.get("x-llmgw-error") ?? "", content, events: lines.length, base };
};
const say = async (model, isStreaming) => console.log(JSON.stringify(await ask(model, isStreaming).catch((error) => ({ status: 0, code: error.cause?.code ?? error.message, content: "", events: 0, base }))));
`;

const appOf = (namespace: string, name: string, script: string, labels: Record<string, string> = INJECT) => {
  const made = pod(namespace, name, script);
  return { ...made, metadata: { ...made.metadata, labels: { ...made.metadata.labels, ...labels } } };
};
const STAYS = `${ASKS} await say("in-sidecar", false); setInterval(() => undefined, 2 ** 30);`;

const ask = async (namespace: string, name: string, model: string, isStreaming = false): Promise<Answer> => {
  const script = `${ASKS} await say(${JSON.stringify(model)}, ${isStreaming});`;
  return JSON.parse(await run("kubectl", ["--namespace", namespace, "exec", name, "--container", name, "--", "node", "--input-type=module", "--eval", script])) as Answer;
};

const fetchIn = (namespace: string, name: string, url: string): Promise<string> =>
  run("kubectl", ["--namespace", namespace, "exec", name, "--container", name, "--", "node", "--input-type=module", "--eval", `console.log(await (await fetch(${JSON.stringify(url)})).text())`]);

interface PodObject {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly initContainers?: readonly { readonly name: string }[] };
  readonly status: {
    readonly podIP: string;
    readonly phase: string;
    readonly initContainerStatuses?: readonly { readonly name: string; readonly restartCount: number; readonly ready: boolean; readonly started?: boolean; readonly state: Readonly<Record<string, unknown>> }[];
  };
}

const podIn = (namespace: string, name: string): Promise<PodObject> => kubectlJson<PodObject>("--namespace", namespace, "get", "pod", name);
const isReady = (namespace: string, name: string): Promise<string> => kubectl("--namespace", namespace, "wait", `pod/${name}`, "--for=condition=Ready", "--timeout=60s");
const start = async (namespace: string, name: string): Promise<void> => {
  await apply(appOf(namespace, name, STAYS));
  await isReady(namespace, name);
};
const firstWordsOf = async (namespace: string, name: string): Promise<Answer> =>
  until(`the first answer in ${name}`, async () => {
    const [line = ""] = (await kubectl("--namespace", namespace, "logs", name, "--container", name)).split("\n");
    return line === "" ? undefined : (JSON.parse(line) as Answer);
  });

const isTrusted = (): Promise<unknown> =>
  until("the API server's trust and the bundles", async () => {
    const caBundle = await kubectl("get", "mutatingwebhookconfiguration", WEBHOOK, "--output", "jsonpath={.webhooks[0].clientConfig.caBundle}");
    await Promise.all([TENANT, CALLERS].map((namespace) => kubectl("--namespace", namespace, "get", "configmap", BUNDLE)));
    return caBundle === "" ? undefined : true;
  });

const provider = (name: string, url: string, auth: object) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace: TENANT, name }, spec: { type: "OpenAICompatible", network: "Private", endpoints: [{ url }], auth },
});
const route = (name: string, models: readonly string[], target: object) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name }, spec: { models, targets: [target] },
});
const isProgrammed = (name: string): Promise<string> => kubectl("--namespace", TENANT, "wait", `llmroute/${name}`, "--for=condition=Programmed", "--timeout=60s");

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

beforeAll(async () => {
  // The demo provider lets in the release's own data planes only, where policies are enforced.
  await upgrade("networkPolicy.enabled=false");
  await startTeller();
  await kubectl("label", "namespace", TENANT, CALLERS, "llmgateway.io/inject=true", "--overwrite");
  await apply(
    { apiVersion: "v1", kind: "Secret", metadata: { namespace: TENANT, name: "sidecar-key" }, stringData: { "api-key": "key-of-the-tenant" } },
    provider("sidecar-teller", `http://teller.${TENANT}.svc/v1`, { secretRef: { name: "sidecar-key" } }),
    provider("sidecar-demo", `http://${RELEASE}-demo.${SYSTEM}.svc/v1`, { type: "None" }),
    route("in-sidecar", ["in-sidecar"], { providerRef: { name: "sidecar-teller" }, model: "tells" }),
    route("sidecar-demo", ["sidecar-demo"], { providerRef: { name: "sidecar-demo" }, model: "demo-chat" }),
  );
  await isProgrammed("in-sidecar");
  await isTrusted();
});

afterAll(async () => {
  for (const namespace of [TENANT, CALLERS]) await kubectl("--namespace", namespace, "delete", "pods,jobs", "--selector", "llmgateway.io/inject=true", "--ignore-not-found", "--timeout=60s");
  await kubectl("--namespace", TENANT, "delete", "llmroutes,llmproviders", "in-sidecar", "sidecar-demo", "sidecar-teller", "--ignore-not-found");
  await kubectl("label", "namespace", TENANT, CALLERS, "llmgateway.io/inject-");
});

describe("a pod with a sidecar", () => {
  it("has its first answer over localhost, without a key of its own, from the provider with the namespace's key", async () => {
    const startTick = performance.now();
    await start(TENANT, "app");
    process.stdout.write(`a pod with a sidecar was ready after ${Math.round(performance.now() - startTick)} ms\n`);
    expect(await firstWordsOf(TENANT, "app")).toEqual({ status: 200, code: "", content: "Bearer key-of-the-tenant", events: 0, base: "http://127.0.0.1:14080/v1" });
    const { metadata, spec } = await podIn(TENANT, "app");
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(["llm-gateway"]);
    expect(metadata.labels["llmgateway.io/gateway"]).toBe("default");
  });

  it("has its size from its annotations; who makes it is warned of one that cannot be meant", async () => {
    const made = appOf(TENANT, "sized", "setInterval(() => undefined, 2 ** 30);");
    const annotations = { "llmgateway.io/sidecar-cpu-request": "20m", "llmgateway.io/sidecar-memory-limit": "plenty" };
    const { stderr } = await tryRun("kubectl", ["apply", "--filename", "-"], JSON.stringify({ ...made, metadata: { ...made.metadata, annotations } }));
    expect(stderr).toContain('Warning: llmgateway.io/sidecar-memory-limit: "plenty" is no quantity; the sidecar has its default memory');
    const resources = await kubectl("--namespace", TENANT, "get", "pod", "sized", "--output", "jsonpath={.spec.initContainers[0].resources}");
    expect(JSON.parse(resources)).toEqual({ requests: { cpu: "20m", memory: "128Mi" }, limits: { memory: "512Mi" } });
    await kubectl("--namespace", TENANT, "delete", "pod", "sized", "--timeout=60s");
  });

  it("streams the demo provider's answer", async () => {
    const answer = await ask(TENANT, "app", "sidecar-demo", true);
    expect(answer).toMatchObject({ status: 200, code: "" });
    expect(answer.events).toBeGreaterThan(3);
  });

  it("is one of the data planes that an edit waits for, and runs the edit when the route says so", async () => {
    await apply(route("in-sidecar", ["in-sidecar", "edited-for-sidecar"], { providerRef: { name: "sidecar-teller" }, model: "tells" }));
    await isProgrammed("in-sidecar");
    expect(await ask(TENANT, "app", "edited-for-sidecar")).toMatchObject({ status: 200, content: "Bearer key-of-the-tenant" });
    const counts = await kubectl("--namespace", TENANT, "get", "llmroute", "in-sidecar", "--output", 'jsonpath={.status.conditions[?(@.type=="Programmed")].message}');
    expect(counts).toMatch(/^3 of 3 /);
  });

  it("is refused to others: the gateway's own port is on loopback only", async () => {
    const { status: { podIP } } = await podIn(TENANT, "app");
    await start(CALLERS, "stranger");
    await expect(fetchIn(CALLERS, "stranger", `http://${podIP}:14080/v1/models`)).rejects.toThrow("ECONNREFUSED");
  });

  it("shows what it has to its own pod, and to no other", async () => {
    const snapshot = `http://${(await podIn(TENANT, "app")).status.podIP}:14090/debug/snapshot`;
    expect(await fetchIn(TENANT, "app", snapshot)).toContain(`${TENANT}/in-sidecar`);
    const said = await fetchIn(CALLERS, "stranger", snapshot);
    expect(said).toContain("shown on this machine only");
    expect(said).not.toContain("in-sidecar");
  });

  it("of a namespace without access learns nothing of others: no route, no provider, no key", async () => {
    expect(await firstWordsOf(CALLERS, "stranger")).toMatchObject({ status: 404, code: "ROUTE_MODEL_NOT_FOUND" });
    const { status: { podIP } } = await podIn(CALLERS, "stranger");
    const known = await fetchIn(CALLERS, "stranger", `http://${podIP}:14090/debug/snapshot`);
    expect(JSON.parse(known)).toMatchObject({ snapshot: { gateway: "default", routes: {}, providers: {}, credentials: {} } });
    expect(known).not.toContain(TENANT);
  });
});

describe("a Job with a sidecar", () => {
  it("completes when its own work is done", async () => {
    const { metadata, spec } = appOf(TENANT, "work", `${ASKS} await say("in-sidecar", false);`);
    await apply({ apiVersion: "batch/v1", kind: "Job", metadata: { namespace: TENANT, name: "work", labels: INJECT }, spec: { backoffLimit: 0, template: { metadata: { labels: metadata.labels }, spec: { ...spec, restartPolicy: "Never" } } } });
    await kubectl("--namespace", TENANT, "wait", "job/work", "--for=condition=Complete", "--timeout=60s");
    const { items: [done] } = await kubectlJson<{ items: (PodObject & { metadata: { name: string } })[] }>("--namespace", TENANT, "get", "pods", "--selector", "job-name=work");
    expect(done?.status.phase).toBe("Succeeded");
    expect(done?.status.initContainerStatuses?.map(({ name, state }) => [name, Object.keys(state)])).toEqual([["llm-gateway", ["terminated"]]]);
    const said = await kubectl("--namespace", TENANT, "logs", "job/work", "--container", "work");
    expect(JSON.parse(said)).toMatchObject({ status: 200, content: "Bearer key-of-the-tenant" });
  });
});

describe("while there is no operator", () => {
  const scale = (replicas: number): Promise<string> => kubectl("--namespace", SYSTEM, "scale", `deployment/${RELEASE}-operator`, `--replicas=${replicas}`);

  beforeAll(async () => {
    await scale(0);
    await kubectl("--namespace", SYSTEM, "wait", "pods", "--selector", "app.kubernetes.io/component=operator", "--for=delete", "--timeout=60s");
  });

  afterAll(async () => {
    await scale(2);
    await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${RELEASE}-operator`, "--timeout=120s");
  });

  it("a pod that asks for a sidecar starts without one, and soon", async () => {
    const startTick = performance.now();
    await apply(appOf(TENANT, "alone", "setInterval(() => undefined, 2 ** 30);", { ...INJECT, "llmgateway.io/gateway": "default" }));
    await isReady(TENANT, "alone");
    const tookMs = performance.now() - startTick;
    process.stdout.write(`a pod without an operator was ready after ${Math.round(tookMs)} ms\n`);
    expect((await podIn(TENANT, "alone")).spec.initContainers).toBeUndefined();
    expect(tookMs).toBeLessThan(20_000);
  });

  it("a sidecar serves on, also after it was restarted, with what it had sealed", async () => {
    expect(await ask(TENANT, "app", "in-sidecar")).toMatchObject({ status: 200, content: "Bearer key-of-the-tenant" });
    await kubectl("--namespace", TENANT, "exec", "app", "--container", "llm-gateway", "--", "node", "--eval", "process.kill(1, 'SIGTERM')");
    await until("the restart", async () => ((await podIn(TENANT, "app")).status.initContainerStatuses?.some(({ restartCount, started }) => restartCount === 1 && started === true) === true ? true : undefined));
    expect(await ask(TENANT, "app", "in-sidecar")).toMatchObject({ status: 200, content: "Bearer key-of-the-tenant" });
    expect(await kubectl("--namespace", TENANT, "logs", "app", "--container", "llm-gateway")).toContain("serving the last good snapshot");
  });

  it("the operator that comes back finds the sidecar, and injects again", async () => {
    await scale(2);
    await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${RELEASE}-operator`, "--timeout=120s");
    await apply(route("in-sidecar", ["in-sidecar", "after-return"], { providerRef: { name: "sidecar-teller" }, model: "tells" }));
    await until("the edit in the sidecar", async () => ((await ask(TENANT, "app", "after-return")).status === 200 ? true : undefined), 60_000, 500);
    await start(TENANT, "late");
    expect(await firstWordsOf(TENANT, "late")).toMatchObject({ status: 200 });
  });

  it("and waits for no answer of the pod that started without, whatever its labels say", async () => {
    expect((await podIn(TENANT, "alone")).metadata.labels).toMatchObject({ "llmgateway.io/gateway": "default" });
    await apply(route("in-sidecar", ["in-sidecar", "without-the-lonely"], { providerRef: { name: "sidecar-teller" }, model: "tells" }));
    await isProgrammed("in-sidecar");
  });
});

describe("an authority that was lost", () => {
  it("is made anew, and sidecars that are there believe it as soon as their mounted file is renewed", async () => {
    await kubectl("--namespace", SYSTEM, "delete", "secret", `${RELEASE}-authority`);
    await kubectl("--namespace", SYSTEM, "rollout", "restart", `deployment/${RELEASE}-operator`);
    await kubectl("--namespace", SYSTEM, "rollout", "status", `deployment/${RELEASE}-operator`, "--timeout=120s");
    const startTick = performance.now();
    await apply(route("in-sidecar", ["in-sidecar", "after-loss"], { providerRef: { name: "sidecar-teller" }, model: "tells" }));
    await until("the edit in the sidecar", async () => ((await ask(TENANT, "app", "after-loss")).status === 200 ? true : undefined), 180_000, 1000);
    process.stdout.write(`a sidecar believed the new authority after ${Math.round(performance.now() - startTick)} ms\n`);
    await isTrusted();
    await start(TENANT, "later");
    expect(await firstWordsOf(TENANT, "later")).toMatchObject({ status: 200 });
  });
});
