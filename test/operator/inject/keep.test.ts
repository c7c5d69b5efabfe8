// What the leader keeps for sidecars, and what every operator reads: written only when it must be, tried again when it fails.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startKeeping, type KeepParts } from "../../../operator/inject/keep.ts";
import { KubeFailure } from "../../../operator/kube/failure.ts";
import type { Fields } from "../../../operator/kube/types.ts";
import { BUNDLE } from "../../../operator/publish/authority-secret.ts";
import { follow, inFiles, inSecret, type Credentials } from "../../../operator/publish/follow.ts";
import { issueLeaf, makeAuthority } from "../../../operator/publish/issue.ts";
import { keepAuthority, type AuthorityStore, type Kept } from "../../../operator/publish/keep-authority.ts";
import { fakeClock } from "../../doubles/clock.ts";

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

interface Written {
  readonly kind: string;
  readonly at: string;
  readonly object: Fields;
}

const keeping = (changes: Partial<KeepParts> = {}) => {
  const clock = fakeClock();
  const written: Written[] = [];
  const said: string[] = [];
  const state = { authorities: "PEM" as string | undefined, open: ["team-a"], present: new Set<string>(), isLeading: true, refuse: undefined as KubeFailure | undefined, caBundles: ["", ""] };
  const client: KeepParts["client"] = {
    get: async () => ({ metadata: { name: "webhook" }, webhooks: state.caBundles.map((caBundle, index) => ({ name: `w${index}`, clientConfig: { caBundle } })) }),
    apply: async (resource, { namespace, name = "" }, object) => {
      if (state.refuse !== undefined) throw state.refuse;
      written.push({ kind: resource.kind, at: namespace ?? name, object });
      if (namespace === undefined) state.caBundles = state.caBundles.map(() => Buffer.from(state.authorities ?? "").toString("base64"));
      else state.present.add(namespace);
      return { metadata: { name } };
    },
  };
  const keeper = startKeeping({
    client, webhook: "webhook", bundle: "bundle", authorities: () => state.authorities, open: () => state.open, isThere: (namespace) => state.present.has(namespace),
    isLeading: () => state.isLeading, clock, say: (message) => said.push(message), ...changes,
  });
  onTestFinished(() => keeper.close());
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  return { keeper, state, written, said, pass };
};

describe("the leader", () => {
  it("tells the API server and every open namespace whom to trust, once", async () => {
    const { written, said, pass } = keeping();
    await settled();
    const caBundle = Buffer.from("PEM").toString("base64");
    expect(written).toEqual([
      { kind: "MutatingWebhookConfiguration", at: "webhook", object: { metadata: { name: "webhook" }, webhooks: [{ name: "w0", clientConfig: { caBundle } }, { name: "w1", clientConfig: { caBundle } }] } },
      { kind: "ConfigMap", at: "team-a", object: { metadata: { namespace: "team-a", name: "bundle", labels: { "app.kubernetes.io/managed-by": "llm-gateway-operator" } }, data: { "ca.crt": "PEM" } } },
    ]);
    for (let time = 0; time < 10; time += 1) await pass(5000);
    expect([written.length, said]).toEqual([2, []]);
  });

  it("waits until there is an authority, and tells of another one", async () => {
    const { keeper, state, written } = keeping({});
    state.authorities = undefined;
    await settled();
    written.length = 0;
    keeper.wake();
    await settled();
    expect(written).toEqual([]);
    state.authorities = "NEXT";
    keeper.wake();
    await settled();
    expect(written.map(({ at }) => at)).toEqual(["webhook", "team-a"]);
  });

  it("adds a namespace that is opened, gives back what was deleted, and leaves what was closed", async () => {
    const { keeper, state, written, pass } = keeping();
    await settled();
    state.open = ["team-b", "team-a"];
    keeper.wake();
    await settled();
    state.open = ["team-b"];
    state.present.clear();
    await pass(5000);
    expect(written.map(({ at }) => at)).toEqual(["webhook", "team-a", "team-b", "team-b"]);
  });

  it("puts right what somebody edited: the webhook within seconds, a ConfigMap within minutes", async () => {
    const { state, written, pass } = keeping();
    await settled();
    state.caBundles = ["", "edited"];
    await pass(5000);
    expect(written.map(({ at }) => at)).toEqual(["webhook", "team-a", "webhook"]);
    await pass(290_000);
    expect(written).toHaveLength(3);
    await pass(10_000);
    expect(written.at(-1)?.at).toBe("team-a");
  });

  it("says once what it may not write, tries on, and writes nothing any more when it leads no longer", async () => {
    const { state, written, said, pass } = keeping();
    state.refuse = new KubeFailure("not allowed", { status: 403, reason: "Forbidden" });
    await settled();
    await pass(5000);
    await pass(5000);
    const refusedAll = said.filter((line) => line.includes("team-a/bundle"));
    expect(refusedAll).toEqual(["the operator's authorities cannot be written to team-a/bundle: Forbidden: not allowed"]);
    state.refuse = undefined;
    await pass(5000);
    expect(written.at(-1)?.at).toBe("team-a");
    const before = written.length;
    state.isLeading = false;
    state.open = ["team-b"];
    await pass(5000);
    expect(written).toHaveLength(before);
  });
});

const pem = async (): Promise<{ cert: string; key: string; bundle: string }> => {
  const span = { from: Date.now() - 60_000, to: Date.now() + 3_600_000 };
  const authority = await makeAuthority("authority", span);
  const { certificate, key } = await issueLeaf(authority, ["localhost"], span);
  return { cert: certificate, key, bundle: authority.certificate };
};

describe("an operator that follows", () => {
  it("has the certificate as soon as somebody made it, and the newer one soon after", async () => {
    const clock = fakeClock();
    let kept: Credentials | undefined;
    const seen: Credentials[] = [];
    const following = follow({ read: async () => kept, onChange: (credentials) => seen.push(credentials), clock, say: () => undefined });
    onTestFinished(() => following.close());
    await settled();
    expect(following.current()).toBeUndefined();
    kept = await pem();
    clock.advance(500);
    await settled();
    expect(following.current()).toEqual(kept);
    kept = await pem();
    clock.advance(9999);
    await settled();
    expect(seen).toHaveLength(1);
    clock.advance(1);
    await settled();
    expect(seen.at(-1)).toEqual(kept);
  });

  it("keeps what it has when what it reads does not fit together or cannot be read, and says so once", async () => {
    const clock = fakeClock();
    const said: string[] = [];
    const first = await pem();
    let read = async (): Promise<Credentials | undefined> => first;
    const following = follow({ read: () => read(), onChange: () => undefined, clock, say: (message) => said.push(message) });
    onTestFinished(() => following.close());
    await settled();
    read = async () => ({ ...first, key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString() });
    await following.look();
    await following.look();
    read = async () => Promise.reject(new Error("the API server does not answer"));
    await following.look();
    expect([following.current(), said]).toEqual([first, ["the certificate cannot be read: the key does not belong to the certificate", "the certificate cannot be read: the API server does not answer"]]);
  });

  it("reads what the leader keeps in its Secret, with everybody who is to be trusted", async () => {
    const clock = fakeClock(Date.now());
    const objects = new Map<string, Kept>();
    const store: AuthorityStore = {
      read: async (kind, name) => objects.get(`${kind}/${name}`),
      write: async (kind, name, data) => (objects.set(`${kind}/${name}`, { data, resourceVersion: "1" }), true),
    };
    const read = inSecret(store, "authority");
    expect(await read()).toBeUndefined();
    const keeper = await keepAuthority({ store, secretName: "authority", bundleName: "bundle", names: ["injector.llm-system.svc"], clock, say: () => undefined });
    onTestFinished(() => keeper.close());
    expect(await read()).toEqual({ ...keeper.current(), bundle: objects.get("ConfigMap/bundle")?.data[BUNDLE] });
  });

  it("reads somebody else's from files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const made = await pem();
    const files = { certificateFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key"), caFile: join(folder, "ca.crt") };
    for (const [file, text] of [[files.certificateFile, made.cert], [files.keyFile, made.key], [files.caFile, made.bundle]] as const) writeFileSync(file, text);
    expect(await inFiles(files)()).toEqual(made);
  });
});
