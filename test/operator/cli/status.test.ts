// llmgw status against a whole operator: what the leader says of its data planes, and how it is reached.
import { describe, expect, it } from "vitest";
import { status } from "../../../operator/cli/status.ts";
import { spanOf } from "../../../operator/cli/status-lines.ts";
import type { Overview } from "../../../operator/status/overview.ts";
import { Bench } from "../cluster/operating.ts";
import { pod, provider, route, secret } from "../kube/cluster.ts";
import { kubeconfigFor, perform } from "./commanding.ts";

/** A cluster with a route that two pods serve; a third one serves and has no stream. */
const serving = async () => {
  const bench = await Bench.start();
  bench.put("secrets", secret("openai-key", "sk-1"));
  bench.put("providers", provider("openai", { auth: { type: "APIKey", secretRef: { name: "openai-key", key: "api-key" } } }));
  bench.put("routes", route("chat", "support", "openai"));
  const operating = await bench.operate();
  await bench.until(() => operating.operator.pushPort > 0, "leading");
  const planes = ["gateway-0", "gateway-1"].map((name) => bench.dataPlane(operating, name));
  await bench.until(() => planes.every(({ snapshots }) => snapshots.length > 0), "the first version");
  bench.put("pods", pod("gateway-2"));
  const admin = `http://127.0.0.1:${operating.operator.healthPort}`;
  const overview = async (): Promise<Overview> => (await (await fetch(`${admin}/status`)).json()) as Overview;
  await bench.until(async () => (await overview()).dataPlanes.length === 3, "all three pods");
  return { bench, operating, admin, overview };
};

describe("llmgw status", () => {
  it("says of each pod which version it runs, since when and how late, and which one has no stream", async () => {
    const { admin } = await serving();
    const { code, lines } = await perform(status, ["--operator", admin]);
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^operator operator-0 leads, build \S+, epoch \d+$/);
    expect(lines[1]).toMatch(/^gateway default has version [0-9a-f]{12}, published \S+ ago; 2 of 3 pods that serve run it$/);
    expect(lines[3]).toMatch(/^GATEWAY +NAMESPACE +POD +STATE +VERSION +SINCE +LAG +BUILD$/);
    expect(lines[4]).toMatch(/^default +llm-system +gateway-0 +Current +[0-9a-f]{12} +\S+ +\S+ +test$/);
    expect(lines[6]).toMatch(/^default +llm-system +gateway-2 +Disconnected +- +- +- +-$/);
  });

  it("prints the same as JSON, and ends with 1 when asked to check and a pod lacks the newest version", async () => {
    const { admin } = await serving();
    const { code, lines } = await perform(status, ["--operator", admin, "-o", "json", "--check"]);
    expect(code).toBe(1);
    const told = JSON.parse(lines.join("\n")) as Overview;
    expect(told.gateways).toMatchObject([{ name: "default", current: 2, counted: 3 }]);
    expect(told.dataPlanes.map(({ pod: name, state, isServing }) => [name, state, isServing])).toEqual([["gateway-0", "Current", true], ["gateway-1", "Current", true], ["gateway-2", "Disconnected", true]]);
    expect(told.dataPlanes[0]?.version).toBe(told.gateways[0]?.version);
    expect(told.dataPlanes[0]?.lagMs).toBeGreaterThanOrEqual(0);
  });

  it("finds the leader's pod by its label and asks it through the API server's proxy, at the port that the pod names", async () => {
    const { bench, overview } = await serving();
    await bench.until(() => bench.get("pods", "llm-system/operator-0")?.metadata["labels"] !== undefined && JSON.stringify(bench.get("pods", "llm-system/operator-0")?.metadata).includes("leader"), "the label");
    const told = await overview();
    const paths: string[] = [];
    bench.server.proxied = (path) => {
      paths.push(path);
      return told;
    };
    const labelled = bench.get("pods", "llm-system/operator-0");
    bench.put("pods", { ...labelled, metadata: { ...labelled!.metadata, name: "operator-0" }, spec: { containers: [{ name: "operator", ports: [{ name: "admin", containerPort: 9999 }] }] } });
    const { lines } = await perform(status, ["--kubeconfig", kubeconfigFor({ server: bench.server.url })]);
    expect(paths).toEqual(["/api/v1/namespaces/llm-system/pods/operator-0:9999/proxy/status"]);
    expect(lines[1]).toContain("2 of 3 pods");
  });

  it("says what right is missing, and the way around it", async () => {
    const { bench } = await serving();
    await bench.until(() => JSON.stringify(bench.get("pods", "llm-system/operator-0")?.metadata).includes("leader"), "the label");
    bench.server.misbehave = ({ path }) => (path.includes("/proxy/") ? { status: 403, reason: "Forbidden" } : undefined);
    const words = ["--kubeconfig", kubeconfigFor({ server: bench.server.url })];
    await expect(perform(status, words)).rejects.toThrow(/right to get pods\/proxy in namespace llm-system, or run `kubectl -n llm-system port-forward pod\/operator-0 8081` and llmgw status --operator/);
    bench.server.misbehave = ({ path }) => (path === "/api/v1/pods" ? { status: 403, reason: "Forbidden" } : undefined);
    await expect(perform(status, words)).rejects.toThrow(/--namespace NAME/);
  });

  it("says that nobody leads where there is no operator", async () => {
    const bench = await Bench.start();
    await expect(perform(status, ["--kubeconfig", kubeconfigFor({ server: bench.server.url })])).rejects.toThrow(/no operator leads in this cluster/);
  });

  it("is told by a standby that only the leader knows", async () => {
    const { bench } = await serving();
    const standby = await bench.operate("operator-1");
    await expect(perform(status, ["--operator", `http://127.0.0.1:${standby.operator.healthPort}`])).rejects.toThrow(/does not lead/);
  });

  it("refuses a format, an address and a context that there is not", async () => {
    await expect(perform(status, ["-o", "yaml"])).rejects.toThrow(/--output is "yaml"; it must be table or json/);
    await expect(perform(status, ["--operator", "llm-system"])).rejects.toThrow(/must be an address/);
    await expect(perform(status, ["--kubeconfig", kubeconfigFor({ server: "http://127.0.0.1:1" }), "--context", "there"])).rejects.toThrow(/no context there; there are: here/);
    await expect(perform(status, ["--kubeconfig", kubeconfigFor({ server: "http://127.0.0.1:1" })])).rejects.toThrow(/http:\/\/127\.0\.0\.1:1: the API server does not answer/);
  });
});

describe("a span of time", () => {
  it.each([[0, "0ms"], [999, "999ms"], [1000, "1s"], [61_000, "1m1s"], [3_600_000, "1h"], [90_061_000, "1d1h"], [-5, "0ms"]])("of %i ms is told as %s", (ms, text) => {
    expect(spanOf(ms)).toBe(text);
  });
});
