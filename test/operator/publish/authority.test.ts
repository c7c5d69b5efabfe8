// Our own authority with real keys and certificates, in a store that stands in for the API server. Time is a fake clock's.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { keepAuthority, serviceNames, type AuthorityParts, type AuthorityStore, type Kept, type KeptAuthority } from "../../../operator/publish/keep-authority.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";
import { until } from "../../feed/ends.ts";

const HOUR = 3_600_000;
const names = serviceNames("operator", "llm-system");

class Store implements AuthorityStore {
  readonly objects = new Map<string, Kept>();
  readonly written: string[] = [];
  /** Runs before each write: somebody else may be quicker. */
  beforeWrite: (key: string) => void = () => undefined;
  #count = 0;

  async read(kind: string, name: string): Promise<Kept | undefined> {
    return this.objects.get(`${kind}/${name}`);
  }

  async write(kind: string, name: string, data: Kept["data"], resourceVersion: string | undefined): Promise<boolean> {
    const key = `${kind}/${name}`;
    this.beforeWrite(key);
    if (this.objects.get(key)?.resourceVersion !== resourceVersion) return false;
    this.put(key, data);
    this.written.push(key);
    return true;
  }

  put(key: string, data: Kept["data"]): void {
    this.#count += 1;
    this.objects.set(key, { data, resourceVersion: String(this.#count) });
  }

  secret(): Kept["data"] {
    return this.objects.get("Secret/serving")?.data ?? {};
  }

  bundle(): string[] {
    return this.objects.get("ConfigMap/trust")?.data["ca.crt"]?.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  }
}

const started = async (clock: FakeClock, store: Store, changes: Partial<AuthorityParts> = {}): Promise<KeptAuthority & { said: string[] }> => {
  const said: string[] = [];
  const kept = await keepAuthority({ store, secretName: "serving", bundleName: "trust", names, clock, say: (message) => said.push(message), ...changes });
  onTestFinished(() => kept.close());
  return { ...kept, said };
};

const isTrusted = (store: Store, cert: string): boolean => {
  const leaf = new X509Certificate(cert);
  return store.bundle().some((pem) => leaf.verify(new X509Certificate(pem).publicKey));
};

describe("our own authority", () => {
  test("is made at the first start, with a certificate for all forms of the Service's name", async () => {
    const clock = fakeClock();
    const store = new Store();
    const { current, endsAt } = await started(clock, store);
    const leaf = new X509Certificate(current().cert);
    expect(names).toEqual(["operator.llm-system.svc", "operator.llm-system.svc.cluster.local", "operator.llm-system", "operator"]);
    for (const name of names) expect(leaf.checkHost(name)).toBe(name);
    expect(leaf.checkHost("operator.other.svc")).toBeUndefined();
    expect(leaf.checkPrivateKey(createPrivateKey(current().key))).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(endsAt()).toBe(leaf.validToDate.getTime());
    expect(store.bundle()).toHaveLength(1);
    expect(isTrusted(store, current().cert)).toBe(true);
    expect(JSON.stringify(store.objects.get("ConfigMap/trust"))).not.toContain("PRIVATE");
  });

  test("is left alone by the next operator, which writes nothing", async () => {
    const clock = fakeClock();
    const store = new Store();
    const first = await started(clock, store);
    store.written.length = 0;
    const second = await started(clock, store);
    expect(store.written).toEqual([]);
    expect(second.current()).toEqual(first.current());
  });

  test("lets the quicker of two operators win, and both serve the same certificate", async () => {
    const clock = fakeClock();
    const [store, elsewhere] = [new Store(), new Store()];
    await started(clock, elsewhere);
    let isFirst = true;
    store.beforeWrite = (key) => {
      if (isFirst && key === "Secret/serving") store.put(key, elsewhere.secret());
      isFirst = false;
    };
    const { current } = await started(clock, store);
    expect(current().cert).toBe(elsewhere.secret()["tls.crt"]);
    expect(isTrusted(store, current().cert)).toBe(true);
  });

  test("renews its certificate long before the end and says so to whoever serves it", async () => {
    const clock = fakeClock();
    const store = new Store();
    const kept = await started(clock, store, { lives: { authorityMs: 1000 * HOUR, leafMs: 30 * HOUR, overlapMs: HOUR } });
    const [before, end] = [kept.current().cert, kept.endsAt()];
    let changes = 0;
    kept.onChange(() => (changes += 1));
    for (let hour = 0; hour < 21; hour += 1) await pass(clock, HOUR);
    await until(() => changes === 1);
    expect(kept.current().cert).not.toBe(before);
    expect(clock.now()).toBeLessThan(end - 5 * HOUR);
    expect(isTrusted(store, before)).toBe(true);
    expect(isTrusted(store, kept.current().cert)).toBe(true);
  });

  test("is replaced with an overlap: at no moment is a certificate served that the bundle of an hour ago did not trust", async () => {
    const clock = fakeClock();
    const store = new Store();
    const lives = { authorityMs: 24 * HOUR, leafMs: 6 * HOUR, overlapMs: HOUR };
    const kept = await started(clock, store, { lives });
    const authorities = new Set<string>(store.bundle());
    let bundleBefore = store.bundle();
    for (let hour = 0; hour < 24 * 3; hour += 1) {
      await pass(clock, HOUR);
      const leaf = new X509Certificate(kept.current().cert);
      expect(bundleBefore.some((pem) => leaf.verify(new X509Certificate(pem).publicKey))).toBe(true);
      expect(leaf.validToDate.getTime()).toBeGreaterThan(clock.now());
      bundleBefore = store.bundle();
      for (const pem of bundleBefore) authorities.add(pem);
    }
    expect(authorities.size).toBeGreaterThanOrEqual(4);
    expect(store.bundle().length).toBeLessThanOrEqual(3);
  });

  test.each([
    ["is deleted", () => undefined],
    ["holds garbage", (data: Kept["data"]) => ({ ...data, "signing.key": "no key", "tls.crt": "no certificate" })],
    ["holds the key of another certificate", (data: Kept["data"]) => ({ ...data, "tls.key": data["signing.key"] ?? "" })],
  ])("is mended when its Secret %s", async (_, damage) => {
    const clock = fakeClock();
    const store = new Store();
    const kept = await started(clock, store);
    const before = kept.current().cert;
    const damaged = damage(store.secret());
    if (damaged === undefined) store.objects.delete("Secret/serving");
    else store.put("Secret/serving", damaged);
    await pass(clock, 300_000);
    await until(() => kept.current().cert !== before);
    expect(isTrusted(store, kept.current().cert)).toBe(true);
    const leaf = new X509Certificate(kept.current().cert);
    expect(leaf.checkPrivateKey(createPrivateKey(kept.current().key))).toBe(true);
  });

  test("gives the bundle back to whoever lost it", async () => {
    const clock = fakeClock();
    const store = new Store();
    await started(clock, store);
    const before = store.bundle();
    store.put("ConfigMap/trust", { "ca.crt": "", "theirs": "kept" });
    await pass(clock, 300_000);
    await until(() => store.bundle().length === 1);
    expect(store.bundle()).toEqual(before);
    expect(store.objects.get("ConfigMap/trust")?.data.theirs).toBe("kept");
  });

  test("serves on while the store cannot be asked, and says what ends when", async () => {
    const clock = fakeClock();
    const store = new Store();
    const kept = await started(clock, store);
    const before = kept.current();
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new Error("connection refused"));
    await pass(clock, 300_000);
    await until(() => kept.said.some((line) => line.includes("connection refused")));
    expect(kept.current()).toEqual(before);
    store.read = read;
    store.objects.delete("Secret/serving");
    await pass(clock, 10_000);
    await until(() => kept.current().cert !== before.cert);
  });

  test("gives up when somebody else keeps writing", async () => {
    const store = new Store();
    store.beforeWrite = (key) => store.put(key, {});
    await expect(started(fakeClock(), store)).rejects.toThrow("somebody else keeps changing the Secret serving");
  });
});

/** Moves the clock on in steps of five minutes and lets what runs then finish: keys are made by the thread pool. */
const pass = async (clock: FakeClock, ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 300_000) {
    clock.advance(Math.min(300_000, ms - passed));
    for (let turn = 0; clock.pending === 0; turn += 1) {
      if (turn > 1_000_000) throw new Error("nothing is planned any more");
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
};
