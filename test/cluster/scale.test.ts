// Data planes by the hundred beside a thousand routes: pods and EndpointSlices are made by the cluster's own controllers and
// kwok, streams are opened here with tokens of these pods. What is real is the operator, its authentication and its counts.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Feed } from "../../dataplane/feed/connect.ts";
import { kubeConnection, type KubeConnection } from "../../operator/kube/connection.ts";
import { overviewSchema, type Overview } from "../../operator/status/overview.ts";
import { startLightPlane } from "../bench/push/light-plane.ts";
import { apply, kubectl, kubectlJson, quantile, until } from "./commands.ts";
import { editRoute } from "./edits.ts";
import { FakeNodes, onFakeNodes, whyNoFakes } from "./fake-pods.ts";
import { SYSTEM, TENANT } from "./namespaces.ts";
import { leader, podsOf } from "./pods.ts";
import { DATAPLANES, OPERATORS, RELEASE, upgrade } from "./release.ts";

const PODS = 500;
const FEWER = 400;
const PROVIDERS = 200;
const SECRETS = 1000;
const ROUTES = 1000;
const EDITS = 20;
const FIRST = 100;
/** Of the operator with a hundred data planes, and with all of them: a stream costs it 150 KiB. */
const MEMORY_MIB_MAX = { [FIRST]: 250, [PODS]: 310 };
const AT_ONCE = 20;
const TEST_MS_MAX = 600_000;
const MIB = 1_048_576;

const numbered = <Value>(count: number, make: (index: number) => Value): Value[] => Array.from({ length: count }, (_, index) => make(index));

const secret = (index: number) => ({ apiVersion: "v1", kind: "Secret", metadata: { namespace: TENANT, name: `scaled-${index}` }, stringData: { "api-key": `key-${index}-0123456789abcdef` } });
const provider = (index: number) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMProvider", metadata: { namespace: TENANT, name: `scaled-${index}` },
  spec: { type: "OpenAI", auth: { keys: numbered(SECRETS / PROVIDERS, (key) => ({ name: `k${key}`, secretRef: { name: `scaled-${index + key * PROVIDERS}` } })) } },
});
const route = (index: number) => ({
  apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name: `scaled-${index}`, labels: { scaled: "true" } },
  spec: { models: [`scaled-${index}`, `alias-${index}`], targets: [0, 1].map((turn) => ({ name: `t${turn}`, providerRef: { name: `scaled-${(index + turn) % PROVIDERS}` }, model: "m" })) },
});

interface Running {
  readonly name: string;
  readonly uid: string;
}

const running = async (): Promise<Running[]> =>
  (await podsOf("dataplane")).filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid }));

/** Both of one moment. */
const programmed = (of: string): Promise<string> => {
  const condition = '.status.conditions[?(@.type=="Programmed")]';
  return kubectl("--namespace", TENANT, "get", of, "--output", `jsonpath={${condition}.status}: {${condition}.message}`);
};
const says = (words: string): Promise<string> =>
  until(`"${words}" in the route's status`, async () => {
    const said = await programmed("llmroute/scaled-0");
    if (!said.includes(words)) throw new Error(`it says ${said}`);
    return said;
  }, 120_000, 250);

const size = async (pods: number): Promise<void> => {
  await kubectl("--namespace", SYSTEM, "scale", `deployment/${DATAPLANES}`, `--replicas=${pods}`);
  await until(`${pods} endpoints`, async () => ((await readyEndpoints()) === pods ? true : undefined), 240_000, 500);
};

const readyEndpoints = async (): Promise<number> => {
  const { items } = await kubectlJson<{ items: readonly { endpoints?: readonly { conditions: { ready: boolean } }[] }[] }>("--namespace", SYSTEM, "get", "endpointslices", "--selector", `kubernetes.io/service-name=${RELEASE}`);
  return items.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions.ready).length;
};

const overview = async (): Promise<Overview> => overviewSchema.parse(JSON.parse(await kubectl("get", "--raw", `/api/v1/namespaces/${SYSTEM}/pods/${await leader()}:8081/proxy/status`)));

/** Of the leader, now. */
const memoryMiB = async (): Promise<number> => {
  const metrics = await kubectl("get", "--raw", `/api/v1/namespaces/${SYSTEM}/pods/${await leader()}:8081/proxy/metrics`);
  return Number(/^process_resident_memory_bytes(?:\{[^}]*\})? (\S+)$/m.exec(metrics)?.[1]) / MIB;
};

/** As a kubelet asks for it: good for as long as the pod is there. */
const tokenOf = async (connection: KubeConnection | undefined, { name, uid }: Running): Promise<string> => {
  if (connection === undefined) throw new Error("there is no connection to the API server");
  const { dispatcher, headers } = await connection.access(false);
  const spec = { audiences: [`${OPERATORS}.${SYSTEM}`], expirationSeconds: 3600, boundObjectRef: { kind: "Pod", apiVersion: "v1", name, uid } };
  const answer = await request(`${connection.server}/api/v1/namespaces/${SYSTEM}/serviceaccounts/${DATAPLANES}/token`, {
    dispatcher, method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }),
  });
  const said = (await answer.body.json()) as { message?: string; status?: { token?: string } };
  if (said.status?.token === undefined) throw new Error(`no token for ${name}: ${said.message}`);
  return said.status.token;
};

describe.runIf(whyNoFakes === "")(`${PODS} data planes and ${ROUTES} routes${whyNoFakes}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-scale-"));
  const planes = new Map<string, Feed>();
  const tokens = new Map<string, string>();
  let nodes: FakeNodes | undefined;
  let connection: KubeConnection | undefined;

  const open = (pod: Running, token: string): Feed =>
    startLightPlane({ url: `https://${OPERATORS}.${SYSTEM}.svc:9443`, caFile: join(folder, "ca.crt"), pod: pod.name, uid: pod.uid, token });

  const connect = async (pods: readonly Running[]): Promise<void> => {
    const waiting = [...pods];
    await Promise.all(numbered(AT_ONCE, async () => {
      for (let pod = waiting.pop(); pod !== undefined; pod = waiting.pop()) {
        const token = await tokenOf(connection, pod);
        tokens.set(pod.uid, token);
        planes.set(pod.uid, open(pod, token));
      }
    }));
  };

  beforeAll(async () => {
    nodes = await FakeNodes.start();
    connection = await kubeConnection(() => performance.now());
    await upgrade(...onFakeNodes);
    writeFileSync(join(folder, "ca.crt"), await kubectl("--namespace", SYSTEM, "get", "configmap", `${RELEASE}-authority-bundle`, "--output", "jsonpath={.data.ca\\.crt}"));
    await apply(...numbered(SECRETS, secret), ...numbered(PROVIDERS, provider), ...numbered(ROUTES, route));
    await size(PODS);
  }, TEST_MS_MAX);

  afterAll(async () => {
    await Promise.all([...planes.values()].map((plane) => plane.close()));
    await connection?.close();
    await kubectl("--namespace", TENANT, "delete", "llmroutes,llmproviders,secrets", "--all", "--wait=false");
    await upgrade();
    await nodes?.end();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS_MAX);

  it("count as none while no one has a stream, whatever the kubelet says of them", async () => {
    const said = await says(`0 of ${PODS} `);
    expect(said).toMatch(/^False: /);
  }, TEST_MS_MAX);

  it(`count one by one as they come, and ${FIRST} of them cost the operator less than ${MEMORY_MIB_MAX[FIRST]} MiB`, async () => {
    await connect((await running()).slice(0, FIRST));
    expect(await says(`${FIRST} of ${PODS} `)).toMatch(/^False: /);
    const used = await memoryMiB();
    process.stdout.write(`with ${FIRST} data planes the leader uses ${Math.round(used)} MiB\n`);
    expect(used).toBeLessThan(MEMORY_MIB_MAX[FIRST]);
  }, TEST_MS_MAX);

  it("are all that is waited for: the last one makes it true of every route", async () => {
    await connect((await running()).filter(({ uid }) => !planes.has(uid)));
    await until("all streams", async () => ([...planes.values()].every((plane) => plane.state().isConnected) ? true : undefined));
    const startTick = performance.now();
    expect(await says(`${PODS} of ${PODS} `)).toMatch(/^True: /);
    // Those of other tests may be on gateways that are no more.
    await kubectl("--namespace", TENANT, "wait", "llmroutes", "--selector", "scaled=true", "--for=condition=Programmed", "--timeout=170s");
    process.stdout.write(`all ${ROUTES} routes say "${PODS} of ${PODS}" ${Math.round(performance.now() - startTick)} ms after the last stream was open\n`);
  }, TEST_MS_MAX);

  it("have an edit in force when the route says so, all of them", async () => {
    const edits = await editRoute(TENANT, "scaled-0", numbered(EDITS, (index) => ({ models: ["scaled-0", `edited-${index}`] })), async () => undefined);
    const took = edits.map(({ tookMs }) => tookMs);
    process.stdout.write(`${EDITS} edits, from the write to "in force" in the status: p50 ${Math.round(quantile(took, 0.5))} ms, p99 ${Math.round(quantile(took, 0.99))} ms\n`);
    expect(edits.at(-1)?.message).toContain(`${PODS} of ${PODS}`);
    expect(quantile(took, 0.5)).toBeLessThan(5000);
  }, TEST_MS_MAX);

  it(`cost the operator less than ${MEMORY_MIB_MAX[PODS]} MiB`, async () => {
    const used = await memoryMiB();
    process.stdout.write(`with ${PODS} data planes the leader uses ${Math.round(used)} MiB\n`);
    expect(used).toBeLessThan(MEMORY_MIB_MAX[PODS]);
  });

  it("count no longer when their pods are gone, even with a stream that is still open", async () => {
    const before = await running();
    await size(FEWER);
    expect(await says(`${FEWER} of ${FEWER} `)).toMatch(/^True: /);
    const left = new Set((await running()).map(({ uid }) => uid));
    expect(before.filter(({ uid }) => !left.has(uid) && planes.get(uid)?.state().isConnected === true).length).toBeGreaterThan(0);
    const { gateways, dataPlanes } = await overview();
    expect(gateways.find(({ name }) => name === "default")).toMatchObject({ current: FEWER, counted: FEWER });
    expect(dataPlanes.filter(({ isServing }) => isServing)).toHaveLength(FEWER);
  }, TEST_MS_MAX);

  it("that are gone are let in no more: the token of a pod ends with it", async () => {
    const left = new Set((await running()).map(({ uid }) => uid));
    const [uid = "", token = ""] = [...tokens].find(([one]) => !left.has(one)) ?? [];
    const late = open({ name: "gone", uid }, token);
    try {
      const words = await until("a refusal", async () => late.state().lastError || undefined);
      process.stdout.write(`a pod that is gone: ${words}\n`);
      expect(words).toMatch(/status 40[13]/);
      expect(late.state().connects).toBe(0);
    } finally {
      await late.close();
    }
  });

  it("that are new and have no stream yet are waited for", async () => {
    await size(FEWER + 50);
    expect(await says(`${FEWER} of ${FEWER + 50} `)).toMatch(/^False: /);
    const { dataPlanes } = await overview();
    expect(dataPlanes.filter(({ isServing, state }) => isServing && state === "Disconnected")).toHaveLength(50);
  }, TEST_MS_MAX);
});
