// Who leads, when, and who does not: two candidates at one store, with clocks that a test owns and that need not agree.
import { describe, expect, it } from "vitest";
import { KubeFailure } from "../../../operator/kube/failure.ts";
import { LEASE_MS, Leader, RENEW_MS_MAX } from "../../../operator/kube/leader.ts";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { fieldsOf, type KubeObject } from "../../../operator/kube/types.ts";
import { fakeClock, type FakeClock } from "../../doubles/clock.ts";
import { KubeStore, type Raw } from "../../doubles/kube-store.ts";
import { collections } from "./cluster.ts";

const ID = "llm-system/operator";
const failure = (status: number, reason: string): KubeFailure => new KubeFailure(reason, { status, reason });

class Candidate {
  readonly happened: string[] = [];
  readonly epochs: number[] = [];
  readonly areFirst: boolean[] = [];
  /** Nothing reaches the store from here. */
  isCutOff = false;
  /** The store is reached, and the answer is lost. */
  areAnswersLost = false;
  readonly leader: Leader;
  readonly clock: FakeClock;

  constructor(store: KubeStore, identity: string, clock: FakeClock, random = (): number => 0) {
    this.clock = clock;
    const reach = async <Value>(act: () => Value): Promise<Value> => {
      if (this.isCutOff) throw failure(0, "NoAnswer");
      const value = act();
      if (this.areAnswersLost) throw failure(0, "TimedOut");
      return value;
    };
    const found = (): Raw => {
      const lease = store.get(collections.leases, ID);
      if (lease === undefined) throw failure(404, "NotFound");
      return lease;
    };
    const client: Pick<KubeClient, "get" | "create" | "update"> = {
      get: () => reach((): KubeObject => found()),
      create: (_, __, object) =>
        reach((): KubeObject => {
          if (store.get(collections.leases, ID) !== undefined) throw failure(409, "AlreadyExists");
          return store.put(collections.leases, object as Raw);
        }),
      update: (_, __, object) =>
        reach((): KubeObject => {
          if (fieldsOf(object["metadata"])["resourceVersion"] !== found().metadata["resourceVersion"]) throw failure(409, "Conflict");
          return store.put(collections.leases, object as Raw);
        }),
    };
    this.leader = new Leader({
      client, namespace: "llm-system", name: "operator", identity, clock, random,
      onElected: ({ epoch, isFirst }) => {
        this.happened.push("elected");
        this.epochs.push(epoch);
        this.areFirst.push(isFirst);
      },
      onLost: (reason) => this.happened.push(`lost: ${reason}`),
      say: () => undefined,
    });
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time passes for all of them alike, in small steps. */
const pass = async (ms: number, ...clocks: FakeClock[]): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 100) {
    for (const clock of clocks) clock.advance(100);
    for (let round = 0; round < 4; round += 1) await settle();
  }
};

const specOf = (store: KubeStore): Record<string, unknown> => ({ ...fieldsOf(store.get(collections.leases, ID)?.["spec"]) });

describe("one candidate", () => {
  it("makes the lease, leads, and renews", async () => {
    const store = new KubeStore();
    const one = new Candidate(store, "one", fakeClock());
    one.leader.start();
    expect(one.leader.isLeading()).toBe(false);
    await pass(100, one.clock);
    expect(one.happened).toEqual(["elected"]);
    const first = specOf(store)["renewTime"];
    await pass(60_000, one.clock);
    expect(one.leader.isLeading()).toBe(true);
    expect(specOf(store)).toMatchObject({ holderIdentity: "one", leaseDurationSeconds: 15 });
    expect(specOf(store)["renewTime"]).not.toBe(first);
    expect(String(specOf(store)["renewTime"])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it("keeps what others wrote into the lease", async () => {
    const store = new KubeStore();
    store.put(collections.leases, { metadata: { name: "operator", namespace: "llm-system", annotations: { theirs: "1" } }, spec: { strategy: "OldestEmulationVersion" } });
    const one = new Candidate(store, "one", fakeClock());
    one.leader.start();
    await pass(5000, one.clock);
    expect(specOf(store)["strategy"]).toBe("OldestEmulationVersion");
    expect(store.get(collections.leases, ID)?.metadata["annotations"]).toMatchObject({ theirs: "1" });
  });

  it("knows that nobody led before when the lease is as the chart makes it, and does not when it had to make one", async () => {
    const store = new KubeStore();
    store.put(collections.leases, { metadata: { name: "operator", namespace: "llm-system", labels: { "app.kubernetes.io/managed-by": "Helm" } } });
    const first = new Candidate(store, "first", fakeClock());
    first.leader.start();
    await pass(100, first.clock);
    await first.leader.release();
    const second = new Candidate(store, "second", fakeClock());
    second.leader.start();
    await pass(3000, second.clock);
    const maker = new Candidate(new KubeStore(), "maker", fakeClock());
    maker.leader.start();
    await pass(100, maker.clock);
    expect([first, second, maker].map(({ areFirst }) => areFirst)).toEqual([[true], [false], [false]]);
  });

  it("stops leading before its lease is over when it cannot be renewed, and says so once", async () => {
    const one = new Candidate(new KubeStore(), "one", fakeClock());
    one.leader.start();
    await pass(100, one.clock);
    one.isCutOff = true;
    await pass(RENEW_MS_MAX - 200, one.clock);
    expect(one.happened).toEqual(["elected"]);
    await pass(LEASE_MS, one.clock);
    expect(one.happened).toEqual(["elected", "lost: it could not be renewed for 10 s"]);
    expect(one.leader.isLeading()).toBe(false);
  });

  it("does not think that it leads after standing still, before anybody told it", async () => {
    const one = new Candidate(new KubeStore(), "one", fakeClock());
    one.leader.start();
    await pass(100, one.clock);
    one.isCutOff = true;
    // A process that was stopped: its timers did not run, and its clock went on.
    one.clock.advance(RENEW_MS_MAX + 1);
    expect(one.leader.isLeading()).toBe(false);
  });

  it("goes on leading when the answer to a renewal was lost", async () => {
    const one = new Candidate(new KubeStore(), "one", fakeClock());
    one.leader.start();
    await pass(100, one.clock);
    one.areAnswersLost = true;
    await pass(4000, one.clock);
    one.areAnswersLost = false;
    await pass(30_000, one.clock);
    expect(one.happened).toEqual(["elected"]);
    expect(one.leader.isLeading()).toBe(true);
  });

  it("goes on when somebody put a label on the lease, and ends when somebody took it or deleted it", async () => {
    const store = new KubeStore();
    const one = new Candidate(store, "one", fakeClock());
    one.leader.start();
    await pass(100, one.clock);
    const lease = store.get(collections.leases, ID)!;
    store.put(collections.leases, { ...lease, metadata: { ...lease.metadata, labels: { x: "y" } } });
    await pass(5000, one.clock);
    expect(one.happened).toEqual(["elected"]);
    store.put(collections.leases, { ...lease, spec: { ...fieldsOf(lease["spec"]), holderIdentity: "other" } });
    await pass(3000, one.clock);
    expect(one.happened).toEqual(["elected", "lost: other holds the lease"]);
    const two = new Candidate(store, "two", fakeClock());
    store.remove(collections.leases, ID);
    two.leader.start();
    await pass(100, two.clock);
    store.remove(collections.leases, ID);
    await pass(3000, two.clock);
    expect(two.happened).toEqual(["elected", "lost: the lease is gone"]);
  });

  it("confirms by the store that it leads, and that it does not", async () => {
    const store = new KubeStore();
    const one = new Candidate(store, "one", fakeClock());
    one.leader.start();
    await pass(100, one.clock);
    expect(await one.leader.confirm()).toBe(true);
    one.isCutOff = true;
    expect(await one.leader.confirm()).toBe(false);
    one.isCutOff = false;
    expect(await one.leader.confirm()).toBe(true);
    const lease = store.get(collections.leases, ID)!;
    store.put(collections.leases, { ...lease, spec: { ...fieldsOf(lease["spec"]), holderIdentity: "other" } });
    expect(await one.leader.confirm()).toBe(false);
  });
});

describe("two candidates", () => {
  const both = async (skewMs = 0): Promise<{ store: KubeStore; one: Candidate; two: Candidate }> => {
    const store = new KubeStore();
    const one = new Candidate(store, "one", fakeClock(1_700_000_000_000));
    const two = new Candidate(store, "two", fakeClock(1_700_000_000_000 + skewMs));
    one.leader.start();
    await pass(100, one.clock, two.clock);
    two.leader.start();
    await pass(30_000, one.clock, two.clock);
    return { store, one, two };
  };

  it("never lead at the same time, and the second takes over within the lease's time when the first is gone", async () => {
    const { one, two } = await both();
    expect([one.happened, two.happened]).toEqual([["elected"], []]);
    one.isCutOff = true;
    let waitedMs = 0;
    while (!two.leader.isLeading()) {
      await pass(100, one.clock, two.clock);
      waitedMs += 100;
      expect(one.leader.isLeading() && two.leader.isLeading()).toBe(false);
      if (waitedMs > 20_000) throw new Error("nobody took over");
    }
    expect(waitedMs).toBeGreaterThan(LEASE_MS - 3000);
    expect(waitedMs).toBeLessThanOrEqual(LEASE_MS + 2500);
    expect(one.happened).toHaveLength(2);
  });

  it("take over at the very moment at which the lease is over, however often they look", async () => {
    const [store, clock] = [new KubeStore(), fakeClock()];
    store.put(collections.leases, { metadata: { namespace: "llm-system", name: "operator" }, spec: { holderIdentity: "gone", leaseDurationSeconds: LEASE_MS / 1000, renewTime: "2026-01-01T00:00:00.000000Z" } });
    const one = new Candidate(store, "one", clock, () => 0.99);
    one.leader.start();
    await pass(LEASE_MS - 100, clock);
    expect(one.leader.isLeading()).toBe(false);
    await pass(300, clock);
    expect(one.leader.isLeading()).toBe(true);
  });

  it.each([3_600_000, -3_600_000])("do so whatever the clock of one of them says (%d ms off)", async (skewMs) => {
    const { one, two } = await both(skewMs);
    expect([one.happened, two.happened]).toEqual([["elected"], []]);
    one.isCutOff = true;
    await pass(RENEW_MS_MAX, one.clock, two.clock);
    expect(two.happened).toEqual([]);
    await pass(10_000, one.clock, two.clock);
    expect(two.happened).toEqual(["elected"]);
    expect(two.epochs[0]).toBeGreaterThan(one.epochs[0] ?? Infinity);
  });

  it("hand over within moments when the first lets go", async () => {
    const { store, one, two } = await both();
    await one.leader.release();
    expect(specOf(store)).not.toHaveProperty("holderIdentity");
    await pass(2500, one.clock, two.clock);
    expect(two.happened).toEqual(["elected"]);
    expect(one.happened).toEqual(["elected"]);
    expect(one.leader.isLeading()).toBe(false);
  });

  it("take over only one at a time", async () => {
    const store = new KubeStore();
    const clock = fakeClock();
    const many = ["a", "b", "c", "d"].map((identity) => new Candidate(store, identity, clock));
    for (const { leader } of many) leader.start();
    await pass(5000, clock);
    expect(many.filter(({ leader }) => leader.isLeading())).toHaveLength(1);
    expect(many.flatMap(({ happened }) => happened)).toEqual(["elected"]);
  });

  it("of one pod, the second after a crash of the first, need not wait, and have a higher epoch", async () => {
    const store = new KubeStore();
    const clock = fakeClock();
    const before = new Candidate(store, "same", clock);
    before.leader.start();
    await pass(100, clock);
    before.isCutOff = true;
    const after = new Candidate(store, "same", clock);
    after.leader.start();
    await pass(100, clock);
    expect(after.happened).toEqual(["elected"]);
    expect(after.epochs[0]).toBeGreaterThan(before.epochs[0] ?? Infinity);
  });

  it("have an epoch above the last one even after the lease was deleted", async () => {
    const { store, one, two } = await both();
    one.isCutOff = true;
    store.remove(collections.leases, ID);
    await pass(3000, one.clock, two.clock);
    expect(two.happened).toEqual(["elected"]);
    expect(two.epochs[0]).toBeGreaterThan(one.epochs[0] ?? Infinity);
  });
});

describe("a candidate that is told to end", () => {
  it("asks for nothing any more, leads or not", async () => {
    const store = new KubeStore();
    const clock = fakeClock();
    const one = new Candidate(store, "one", clock);
    one.leader.start();
    await pass(100, clock);
    await one.leader.release();
    const revision = store.revision;
    await pass(60_000, clock);
    expect(store.revision).toBe(revision);
    expect(clock.pending).toBe(0);
  });
});
