// llmgw status, as somebody asks who has the right to that and no other: through the API server, of a real leader.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { overviewSchema } from "../../operator/status/overview.ts";
import { apply, kubectl, root, tryRun, until, type Done } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { CALLERS, SYSTEM } from "./namespaces.ts";
import { leader } from "./pods.ts";
import { upgrade } from "./release.ts";

const account = (name: string) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace: CALLERS, name } });
const folder = mkdtempSync(join(tmpdir(), "llm-gateway-status-"));

interface Kubeconfig {
  readonly users: readonly { readonly name: string }[];
  readonly [part: string]: unknown;
}

/** The tests' own, with somebody else's token. */
const kubeconfigOf = async (name: string): Promise<string> => {
  const own = JSON.parse(await kubectl("config", "view", "--raw", "--minify", "--output", "json")) as Kubeconfig;
  const token = (await kubectl("--namespace", CALLERS, "create", "token", name)).trim();
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ ...own, users: own.users.map((user) => ({ name: user.name, user: { token } })) }), { mode: 0o600 });
  return file;
};

const statusAs = async (name: string, ...words: readonly string[]): Promise<Done> =>
  tryRun(process.execPath, [join(root, "operator/cli/main.ts"), "status", "--kubeconfig", await kubeconfigOf(name), ...words]);

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe("llmgw status", () => {
  beforeAll(async () => {
    await apply(account("on-call"), account("anybody"));
    await upgrade("rbac.status.subjects[0].kind=ServiceAccount", "rbac.status.subjects[0].name=on-call", `rbac.status.subjects[0].namespace=${CALLERS}`);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("answers who has the right to it, in the operator's namespace", async () => {
    const told = await until("both data planes in it", async () => {
      const { code, stdout, stderr } = await statusAs("on-call", "--namespace", SYSTEM, "--output", "json");
      if (code !== 0) throw new Error(stderr);
      const overview = overviewSchema.parse(JSON.parse(stdout));
      return overview.dataPlanes.filter(({ isServing, state }) => isServing && state === "Current").length === 2 ? overview : undefined;
    }, 60_000, 500);
    expect(told.operator.pod).toBe(await leader());
    const { code, stdout } = await statusAs("on-call", "--namespace", SYSTEM, "--check");
    expect([code, stdout.split("\n")[0]]).toEqual([0, expect.stringMatching(/^operator \S+ leads/)]);
  });

  it("tells the same person to name the namespace: the right ends there", async () => {
    const { code, stderr } = await statusAs("on-call");
    expect(code).not.toBe(0);
    expect(stderr).toContain("name its own with --namespace");
  });

  it("tells anybody else what is missing", async () => {
    expect((await statusAs("anybody", "--namespace", SYSTEM)).stderr).toContain(`you may not list the pods of namespace ${SYSTEM}`);
  });

  it("needs nothing that would give more away", async () => {
    const who = `system:serviceaccount:${CALLERS}:on-call`;
    const asked = [["get", "secrets"], ["create", "pods/exec"], ["create", "pods/proxy"], ["get", "pods/log"], ["delete", "pods"], ["get", "pods"], ["watch", "pods"]] as const;
    const may = async (verb: string, what: string): Promise<string> => `${verb} ${what}: ${(await tryRun("kubectl", ["auth", "can-i", verb, what, "--namespace", SYSTEM, "--as", who])).stdout.trim()}`;
    expect(await Promise.all(asked.map(([verb, what]) => may(verb, what)))).toEqual(asked.map(([verb, what]) => `${verb} ${what}: no`));
  });
});
