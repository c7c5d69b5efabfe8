// Who we are to the API server: from a kubeconfig, with a token in a file, a program that makes one, or a password; renewed without a restart.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { KubeClient } from "../../../operator/kube/client.ts";
import { kubeConnection } from "../../../operator/kube/connection.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { KubeDouble } from "../../doubles/kube.ts";

const setUp = async (userIn: (folder: string) => object, cluster: object = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
  const server = await KubeDouble.start();
  const file = join(folder, "kubeconfig");
  const kubeConfig = {
    apiVersion: "v1", kind: "Config", "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "double", user: "me", namespace: "team-a" } }],
    clusters: [{ name: "double", cluster: { server: server.url, "insecure-skip-tls-verify": true, ...cluster } }],
    users: [{ name: "me", user: userIn(folder) }],
  };
  writeFileSync(file, JSON.stringify(kubeConfig));
  vi.stubEnv("KUBECONFIG", file);
  const clock = fakeClock();
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const open = async () => {
    const connection = await kubeConnection(() => clock.tick());
    onTestFinished(() => connection.close());
    return { connection, client: new KubeClient({ connection, clock }) };
  };
  const shown = (): string | undefined => server.seen.at(-1)?.authorization;
  return { folder, server, clock, open, shown };
};

describe("a connection from a kubeconfig", () => {
  it("knows the server and the namespace", async () => {
    const { server, open } = await setUp(() => ({ token: "t" }));
    const { connection, client } = await open();
    expect([connection.server, connection.namespace]).toEqual([server.url, "team-a"]);
    expect(await client.version()).toBe("v0.0.0-double");
  });

  it("shows a token, or a password, as it is written there", async () => {
    const withToken = await setUp(() => ({ token: "abc" }));
    await (await withToken.open()).client.version();
    expect(withToken.shown()).toBe("Bearer abc");
    const withPassword = await setUp(() => ({ username: "me", password: "secret" }));
    await (await withPassword.open()).client.version();
    expect(withPassword.shown()).toBe(`Basic ${Buffer.from("me:secret").toString("base64")}`);
  });

  it("reads a token's file again when the server refuses the one it knows", async () => {
    const { folder, server, open, shown } = await setUp((home) => ({ "auth-provider": { name: "tokenFile", config: { tokenFile: join(home, "token") } } }));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "first");
    const { client } = await open();
    await client.version();
    expect(shown()).toBe("Bearer first");
    writeFileSync(tokenFile, "second");
    server.misbehave = ({ authorization }) => (authorization === "Bearer second" ? undefined : { status: 401, reason: "Unauthorized" });
    expect(await client.version()).toBe("v0.0.0-double");
    expect(shown()).toBe("Bearer second");
  });

  it("runs the program that makes a token, and asks it again after a refusal", async () => {
    const { folder, server, open, shown } = await setUp((home) => ({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: [join(home, "plugin.mjs")] } }));
    const program = join(folder, "plugin.mjs");
    writeFileSync(program, `
      import { appendFileSync, readFileSync } from "node:fs";
      appendFileSync(${JSON.stringify(join(folder, "runs"))}, "x");
      const token = "run-" + readFileSync(${JSON.stringify(join(folder, "runs"))}, "utf8").length;
      console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token } }));
    `);
    const { client } = await open();
    await client.version();
    await client.version();
    expect(shown()).toBe("Bearer run-1");
    server.misbehave = ({ authorization }) => (authorization === "Bearer run-1" ? { status: 401, reason: "Unauthorized" } : undefined);
    await client.version();
    expect(shown()).toBe("Bearer run-2");
  });

  it("asks for credentials anew now and then, not before each request", async () => {
    const { clock, open } = await setUp(() => ({ token: "t" }));
    const { connection } = await open();
    const first = await connection.access(false);
    expect(await connection.access(false)).toBe(first);
    clock.advance(11_000);
    const second = await connection.access(false);
    expect(second).not.toBe(first);
    expect(second.dispatcher).toBe(first.dispatcher);
  });

  it("says what it cannot do", async () => {
    const { open } = await setUp(() => ({ token: "t" }), { "proxy-url": "socks5://127.0.0.1:1" });
    await expect(open()).rejects.toThrow("SOCKS");
  });
});
