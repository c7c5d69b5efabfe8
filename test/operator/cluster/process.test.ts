// The operator as its pod starts it: a process of its own that reads its environment, answers probes, and ends as it is asked to.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { KubeDouble } from "../../doubles/kube.ts";
import { collections, provider, route, secret } from "../kube/cluster.ts";
import { eventually, freePort } from "../standalone/running.ts";

const MAIN = fileURLToPath(new URL("../../../operator/main.ts", import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  readonly exit: Promise<number | null>;
}

type AtEnd = TestContext["onTestFinished"];

const start = (atEnd: AtEnd, environment: Record<string, string>, ...words: string[]): Started => {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], HOME: tmpdir(), NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"], ...environment } });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (output += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (errors += piece));
  const exit = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  atEnd(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  return { child, output: () => output, errors: () => errors, exit };
};

const cluster = async (atEnd: AtEnd): Promise<{ server: KubeDouble; environment: Record<string, string>; health: string }> => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
  const server = await KubeDouble.start();
  atEnd(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "kubeconfig");
  writeFileSync(file, JSON.stringify({
    apiVersion: "v1", kind: "Config", "current-context": "here", contexts: [{ name: "here", context: { cluster: "double", user: "me", namespace: "llm-system" } }],
    clusters: [{ name: "double", cluster: { server: server.url, "insecure-skip-tls-verify": true } }], users: [{ name: "me", user: { token: "t" } }],
  }));
  server.put(collections.secrets, secret("openai-key", "sk-first"));
  server.put(collections.providers, provider("openai"));
  server.put(collections.routes, route("chat", "support-chat", "openai"));
  server.put(collections.pods, { metadata: { name: "operator-0", namespace: "llm-system", labels: {} } });
  const [push, health] = [await freePort(), await freePort()];
  const environment = { KUBECONFIG: file, POD_NAME: "operator-0", POD_UID: "u", LLMGW_PUSH_PORT: String(push), LLMGW_HEALTH_PORT: String(health), LLMGW_HEALTH_HOST: "127.0.0.1" };
  return { server, environment, health: `http://127.0.0.1:${health}` };
};

const statusOf = (url: string): Promise<number> => fetch(url).then(({ status }) => status, () => 0);

describe.concurrent("the operator's process", () => {
  it("gets ready, leads, and on SIGTERM lets go of label and lease and ends with 0", async ({ onTestFinished }) => {
    const { server, environment, health } = await cluster(onTestFinished);
    const { child, exit, errors } = start(onTestFinished, environment);
    await eventually(async () => (await statusOf(`${health}/readyz`)) === 200, "readiness");
    const labels = (): unknown => server.store.get(collections.pods, "llm-system/operator-0")?.metadata["labels"];
    await eventually(() => JSON.stringify(labels()) === '{"llmgateway.io/role":"leader"}', "the label");
    child.kill("SIGTERM");
    expect(await exit, errors()).toBe(0);
    expect(labels()).toEqual({});
    expect(server.store.get(collections.leases, "llm-system/llm-gateway-operator")?.["spec"]).not.toHaveProperty("holderIdentity");
    for (const line of errors().trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) as string, part: expect.any(String) as string, message: expect.any(String) as string });
    expect(errors()).not.toContain("sk-first");
  });

  it("ends with 1 when another one takes the lease", async ({ onTestFinished }) => {
    const { server, environment, health } = await cluster(onTestFinished);
    const { exit } = start(onTestFinished, environment);
    await eventually(async () => (await statusOf(`${health}/readyz`)) === 200 && server.store.get(collections.leases, "llm-system/llm-gateway-operator") !== undefined, "leadership");
    const lease = server.store.get(collections.leases, "llm-system/llm-gateway-operator")!;
    server.put(collections.leases, { ...lease, spec: { ...(lease["spec"] as object), holderIdentity: "other" } });
    expect(await exit).toBe(1);
    expect(server.store.get(collections.leases, "llm-system/llm-gateway-operator")?.["spec"]).toMatchObject({ holderIdentity: "other" });
  });

  it("says with --dry-run what it would do, and has asked for nothing but to read", async ({ onTestFinished }) => {
    const { server, environment } = await cluster(onTestFinished);
    const { exit, output, errors } = start(onTestFinished, environment, "--dry-run");
    expect(await exit, errors()).toBe(0);
    expect(output()).toMatch(/^gateway default: version [0-9a-f]{32}, 1 providers, 1 routes, 0 callers, 1 credentials\nLLMProvider\/team-a\/openai: carried by default\nLLMRoute\/team-a\/chat: carried by default\n$/);
    expect(server.seen.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("ends with 2 for what nobody can mean", async ({ onTestFinished }) => {
    const { exit, errors } = start(onTestFinished, { LLMGW_PUSH_PORT: "many" }, "--dance");
    expect(await exit).toBe(2);
    expect(errors()).toContain("unknown flag --dance");
    expect(errors()).toContain("LLMGW_PUSH_PORT");
  });
});
