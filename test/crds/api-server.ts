// A real API server for tests: started from the binaries in KUBEBUILDER_ASSETS on loopback ports, or the one of KUBECONFIG.
// It sends raw objects and hands back the server's verdict; it knows nothing of schemas, and it stops what it started.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { freePort } from "../doubles/ports.ts";

export type Answer = { status: number; body: unknown; text: string };
export type ApiServer = {
  send(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
  /** For a client of one's own. */
  readonly connection: Connection;
  /** Of the server itself where it was started here, so that it can be frozen. */
  readonly pid?: number | undefined;
  /** Of its store, likewise. */
  readonly etcdUrl?: string | undefined;
};

export type Connection = { server: string; headers: Record<string, string>; tls: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean } };

/** Why there is no API server to ask, in plain words; undefined where there is one. */
export function reasonToSkip(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment["KUBEBUILDER_ASSETS"] || environment["KUBECONFIG"]) return undefined;
  return "no real API server: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or KUBECONFIG";
}

function speak(connection: Connection, stop: () => Promise<void>, own: Pick<ApiServer, "pid" | "etcdUrl"> = {}): ApiServer {
  const agent = new Agent({ connect: connection.tls, connections: 4 });
  return {
    connection,
    ...own,
    async send(method, path, body) {
      const answer = await request(`${connection.server}${path}`, {
        method,
        dispatcher: agent,
        headers: { ...connection.headers, "content-type": "application/json", accept: "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      const isJson = String(answer.headers["content-type"]).includes("json");
      return { status: answer.statusCode, body: isJson ? JSON.parse(text) : undefined, text };
    },
    async stop() {
      await agent.destroy();
      await stop();
    },
  };
}

function start(program: string, args: readonly string[], log: string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr?.on("data", (bytes: Buffer) => {
    log.push(String(bytes));
    log.splice(0, Math.max(0, log.length - 50));
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function until(what: string, deadlineMs: number, isSo: () => Promise<boolean>, log: readonly string[] = []): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    if (await isSo().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${deadlineMs} ms\n${log.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function fromBinaries(folder: string, flags: readonly string[]): Promise<ApiServer> {
  const home = await mkdtemp(join(tmpdir(), "llmgw-crds-"));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomBytes(16).toString("hex");
  const key = join(home, "sa.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(key, privateKey.export({ type: "pkcs1", format: "pem" }));
  await writeFile(join(home, "tokens"), `${token},admin,admin,system:masters\n`);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const log: string[] = [];
  const etcd = start(join(folder, "etcd"), [
    `--data-dir=${join(home, 'etcd')}`, `--listen-client-urls=${etcdUrl}`, `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`, "--unsafe-no-fsync", "--log-level=error",
  ], log);
  const server = start(join(folder, "kube-apiserver"), [
    `--etcd-servers=${etcdUrl}`, `--secure-port=${port}`, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
    `--cert-dir=${join(home, 'certs')}`, `--token-auth-file=${join(home, 'tokens')}`, "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc", `--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`,
    "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount", ...flags,
  ], log);
  const stop = async (): Promise<void> => {
    await end(server);
    await end(etcd);
    await rm(home, { recursive: true, force: true });
  };
  try {
    const certificate = join(home, "certs", "apiserver.crt");
    await until("a serving certificate", 30_000, async () => access(certificate).then(() => true), log);
    const ca = await readFile(certificate, "utf8");
    const api = speak({ server: `https://127.0.0.1:${port}`, headers: { authorization: `Bearer ${token}` }, tls: { ca } }, stop, { pid: server.pid, etcdUrl });
    await until("readiness of kube-apiserver", 60_000, async () => (await api.send("GET", "/readyz")).status === 200, log);
    await until("the namespace default", 30_000, async () => (await api.send("GET", "/api/v1/namespaces/default")).status === 200, log);
    return api;
  } catch (failure) {
    await stop();
    throw failure;
  }
}

async function fromKubeConfig(): Promise<ApiServer> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error("KUBECONFIG names no cluster");
  const options: { headers?: Record<string, string>; ca?: unknown; cert?: unknown; key?: unknown } = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(value));
  const [ca, cert, key] = [text(options.ca), text(options.cert), text(options.key)];
  const tls = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }), rejectUnauthorized: cluster.skipTLSVerify !== true };
  return speak({ server: cluster.server, headers: { ...options.headers }, tls }, async () => undefined);
}

/** An API server that answers; from KUBEBUILDER_ASSETS if that is set, with these flags too, else from KUBECONFIG. */
export async function openApiServer(environment: NodeJS.ProcessEnv, flags: readonly string[] = []): Promise<ApiServer> {
  const folder = environment["KUBEBUILDER_ASSETS"];
  return folder ? fromBinaries(folder, flags) : fromKubeConfig();
}

type Named = { metadata: { name: string; resourceVersion?: string } };

const isNamed = (body: unknown): body is Named => typeof body === "object" && body !== null && "metadata" in body;

/** Installs a definition, in the place of an older one, and waits until it is served; says whether it was not there before. */
export async function install(api: ApiServer, definition: Named, listPath: string): Promise<boolean> {
  const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { name } = definition.metadata;
  const present = await api.send("GET", `${collection}/${name}`);
  const isNew = present.status === 404;
  const version = isNamed(present.body) ? present.body.metadata.resourceVersion : undefined;
  const written = isNew
    ? await api.send("POST", `${collection}?fieldValidation=Strict`, definition)
    : await api.send("PUT", `${collection}/${name}?fieldValidation=Strict`, { ...definition, metadata: { name, resourceVersion: version } });
  if (written.status >= 300) throw new Error(`${name}: ${written.text}`);
  await until(`${name} being served`, 30_000, async () => (await api.send("GET", listPath)).status === 200);
  return isNew;
}

export async function uninstall(api: ApiServer, name: string): Promise<void> {
  await api.send("DELETE", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
}
