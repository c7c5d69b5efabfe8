// An API server double with a client of ours, both ended with the test, and raw objects that tests put there.
import { onTestFinished } from "vitest";
import { KubeClient } from "../../../operator/kube/client.ts";
import { plainConnection, type KubeConnection } from "../../../operator/kube/connection.ts";
import type { FakeClock } from "../../doubles/clock.ts";
import { KubeDouble, type Raw } from "../../doubles/kube.ts";

export interface Pair {
  readonly server: KubeDouble;
  readonly connection: KubeConnection;
  readonly client: KubeClient;
}

export const pair = async (clock: FakeClock): Promise<Pair> => {
  const server = await KubeDouble.start();
  const connection = plainConnection(server.url);
  const client = new KubeClient({ connection, clock });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  return { server, connection, client };
};

export const collections = {
  providers: "llmgateway.io/v1alpha1/llmproviders",
  routes: "llmgateway.io/v1alpha1/llmroutes",
  budgets: "llmgateway.io/v1alpha1/llmbudgets",
  secrets: "v1/secrets",
  configMaps: "v1/configmaps",
  namespaces: "v1/namespaces",
  serviceAccounts: "v1/serviceaccounts",
  pods: "v1/pods",
  slices: "discovery.k8s.io/v1/endpointslices",
  leases: "coordination.k8s.io/v1/leases",
  events: "events.k8s.io/v1/events",
} as const;

const own = "llmgateway.io/v1alpha1";

export const provider = (name: string, spec: Record<string, unknown> = {}, namespace = "team-a"): Raw => ({
  apiVersion: own, kind: "LLMProvider", metadata: { name, namespace }, spec: { type: "OpenAI", auth: { type: "APIKey", secretRef: { name: `${name}-key` } }, ...spec },
});

export const route = (name: string, model: string, providerName: string, namespace = "team-a"): Raw => ({
  apiVersion: own, kind: "LLMRoute", metadata: { name, namespace }, spec: { models: [model], targets: [{ providerRef: { name: providerName }, model: "gpt-x" }] },
});

export const secret = (name: string, value: string, labels: Record<string, string> = {}, namespace = "team-a"): Raw => ({
  apiVersion: "v1", kind: "Secret", metadata: { name, namespace, labels }, data: { "api-key": Buffer.from(value).toString("base64") },
});

export const pod = (name: string, parts: { gateway?: string; isReady?: boolean; namespace?: string; uid?: string; labels?: Record<string, string>; hasSidecar?: boolean } = {}): Raw => ({
  apiVersion: "v1", kind: "Pod",
  spec: parts.hasSidecar === true ? { initContainers: [{ name: "llm-gateway" }] } : {},
  metadata: { name, namespace: parts.namespace ?? "llm-system", uid: parts.uid ?? `uid-${name}`, labels: { "llmgateway.io/gateway": parts.gateway ?? "default", ...parts.labels } },
  status: { phase: "Running", conditions: [{ type: "Ready", status: parts.isReady === false ? "False" : "True" }] },
});
