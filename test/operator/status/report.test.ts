// When status is written, how often, and what of it is news. Time is a fake clock's; the cluster is a map.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KubeFailure } from "../../../operator/kube/failure.ts";
import type { Report } from "../../../operator/status/conditions.ts";
import { conditionsIn } from "../../../operator/status/difference.ts";
import { StatusReporter, type Facts, type Observed } from "../../../operator/status/report.ts";
import type { ConnectedPlane, ServingPod } from "../../../operator/status/roster.ts";
import { fakeClock } from "../../doubles/clock.ts";

const EMPTY = { providers: {}, routes: {}, budgets: {}, secrets: {}, configMaps: {}, namespaces: {}, gateways: {}, invalid: {} };
const keyOf = (index: number): string => `LLMRoute/team-a/r${index}`;

const report = (index: number, changes: Partial<Report> = {}): Report => ({
  object: { kind: "LLMRoute", namespace: "team-a", name: `r${index}` }, generation: 1, findings: [], carriedBy: { default: `hash-${index}` }, ...changes,
});

const factsOf = (reports: readonly Report[], version = "v1"): Facts => ({
  world: EMPTY, snapshots: {}, versions: { default: version }, reports: Object.fromEntries(reports.map((one) => [`LLMRoute/team-a/${one.object.name}`, one])),
});

class Bench {
  readonly clock = fakeClock();
  readonly cluster = new Map<string, Observed>();
  readonly writes: { key: string; tick: number; status: Record<string, unknown> }[] = [];
  readonly news: string[] = [];
  readonly said: string[] = [];
  pods: ServingPod[] = [{ uid: "u0", name: "pod-0", gateway: "default" }];
  planes: ConnectedPlane[] = [{ uid: "u0", pod: "pod-0", gateway: "default", version: "v1" }];
  isLeading = true;
  isSettled = true;
  fail: (key: string) => KubeFailure | undefined = () => undefined;
  /** What the cluster has is seen late, or not at all. */
  isSeen = true;
  #version = 10;
  readonly reporter: StatusReporter;

  constructor() {
    this.reporter = new StatusReporter({
      observed: (key) => this.cluster.get(key),
      serving: () => this.pods,
      connected: () => this.planes,
      isSettled: () => this.isSettled,
      write: async (object, version, status) => this.#write(`LLMRoute/team-a/${object.name}`, version, status),
      isLeading: () => this.isLeading,
      news: (key, _, turn) => this.news.push(`${key} ${turn.type} ${turn.reason}: ${turn.note}`),
      clock: this.clock,
      random: () => 0.5,
      say: (message) => this.said.push(message),
      observe: () => undefined,
    });
  }

  have(count: number): void {
    for (let index = 0; index < count; index += 1) this.cluster.set(keyOf(index), { version: "1", status: {} });
  }

  /** As another program would. */
  overwrite(key: string, change: (status: Record<string, unknown>) => Record<string, unknown>): void {
    this.#version += 1;
    const present = this.cluster.get(key)!;
    this.cluster.set(key, { ...present, version: String(this.#version), status: change(structuredClone({ ...present.status })) });
    this.reporter.seen(key);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      for (let round = 0; round < 3; round += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #write(key: string, onVersion: string, status: Readonly<Record<string, unknown>>): string {
    const failure = this.fail(key);
    if (failure !== undefined) throw failure;
    const { version: present } = this.cluster.get(key)!;
    if (onVersion !== present) throw new KubeFailure("modified", { status: 409, reason: "Conflict" });
    this.writes.push({ key, tick: this.clock.tick(), status: { ...status } });
    this.#version += 1;
    const version = String(this.#version);
    if (this.isSeen) {
      this.cluster.set(key, { version, status: structuredClone({ ...status }) });
      this.reporter.seen(key);
    }
    return version;
  }
}

const programmedOf = (bench: Bench, key = keyOf(0)): string => {
  const condition = conditionsIn(bench.cluster.get(key)?.status ?? {}).find(({ type }) => type === "Programmed");
  return `${condition?.status ?? "none"} ${condition?.message ?? ""}`;
};

describe("the status of an object", () => {
  it("is written once, says what is true, and is not written again while it stays true", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(300);
    expect(programmedOf(bench)).toBe("True 1 of 1 data planes run it");
    for (let round = 0; round < 20; round += 1) {
      bench.reporter.report(factsOf([report(0)], `v${round + 2}`));
      bench.planes = [{ ...bench.planes[0]!, version: `v${round + 2}` }];
      bench.reporter.planesChanged();
      await bench.pass(1000);
    }
    expect(bench.writes).toHaveLength(1);
  });

  it("is not written again before the cluster shows the first write", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.isSeen = false;
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(30_000);
    expect(bench.writes).toHaveLength(1);
  });

  it("waits a moment for the answers to an edit, so that one write says all", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.isSettled = false;
    bench.planes = [{ ...bench.planes[0]!, version: "v0" }];
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(200);
    expect(bench.writes).toHaveLength(0);
    bench.planes = [{ ...bench.planes[0]!, version: "v1" }];
    bench.isSettled = true;
    bench.reporter.planesChanged();
    await bench.pass(200);
    expect(bench.writes).toHaveLength(1);
    expect(programmedOf(bench)).toMatch(/^True/);
  });

  it("does not wait longer than half a second: who does not answer is told of", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.isSettled = false;
    bench.planes = [{ ...bench.planes[0]!, version: "v0" }];
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(700);
    expect(programmedOf(bench)).toBe("False 0 of 1 data planes run it: pod-0 of gateway default has not taken it over yet");
  });

  it("keeps the moment of the last flip, and takes a new one when it flips", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(300);
    const [before] = conditionsIn(bench.cluster.get(keyOf(0))!.status);
    await bench.pass(10_000);
    bench.reporter.report(factsOf([report(0, { generation: 2, findings: [{ condition: "Accepted", reason: "Conflicted", severity: "error", path: "", message: "taken" }] })]));
    await bench.pass(1500);
    const conditions = conditionsIn(bench.cluster.get(keyOf(0))!.status);
    expect(conditions.find(({ type }) => type === "Accepted")).toMatchObject({ status: "False", observedGeneration: 2 });
    expect(conditions.find(({ type }) => type === "Accepted")?.lastTransitionTime).not.toBe(before?.lastTransitionTime);
    expect(conditions.find(({ type }) => type === "ResolvedRefs")?.lastTransitionTime).toBe(before?.lastTransitionTime);
  });

  it("leaves a condition of somebody else alone, and is not disturbed by it", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(300);
    bench.overwrite(keyOf(0), (status) => ({ ...status, conditions: [...conditionsIn(status), { type: "example.com/Reviewed", status: "True", reason: "Yes", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] }));
    await bench.pass(10_000);
    expect(bench.writes).toHaveLength(1);
  });
});

describe("Programmed", () => {
  it("counts the pods that exist and serve, whoever is connected", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.pods = [...bench.pods, { uid: "u1", name: "pod-1", gateway: "default" }];
    bench.planes = [...bench.planes, { uid: "gone", pod: "pod-9", gateway: "default", version: "v1" }];
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(14_000);
    // A new leader waits for those that serve before it says anything about them.
    expect(bench.writes).toHaveLength(0);
    await bench.pass(3000);
    expect(programmedOf(bench)).toBe("False 1 of 2 data planes run it: pod-1 of gateway default serves, but has no stream to the operator");
    bench.planes = [...bench.planes, { uid: "u1", pod: "pod-1", gateway: "default", version: "v1" }];
    bench.reporter.planesChanged();
    await bench.pass(2000);
    expect(programmedOf(bench)).toBe("True 2 of 2 data planes run it");
  });

  it("does not flap when a stream breaks for a moment, and says so when it stays away", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(20_000);
    const planes = bench.planes;
    bench.planes = [];
    bench.reporter.planesChanged();
    await bench.pass(5000);
    bench.planes = planes;
    bench.reporter.planesChanged();
    await bench.pass(10_000);
    expect(bench.writes).toHaveLength(1);
    bench.planes = [];
    bench.reporter.planesChanged();
    await bench.pass(25_000);
    expect(programmedOf(bench)).toMatch(/^False 0 of 1/);
  });

  it("forgets a pod that no longer serves at once", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.pods = [...bench.pods, { uid: "u1", name: "pod-1", gateway: "default" }];
    bench.planes = [...bench.planes, { uid: "u1", pod: "pod-1", gateway: "default", version: "v0", rejection: { version: "v1", problems: [] } }];
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(1000);
    expect(programmedOf(bench)).toMatch(/^False 1 of 2/);
    expect(bench.news).toEqual([`${keyOf(0)} Warning Rejected: 1 of 2 data planes run it: pod-1 of gateway default refused it`]);
    bench.pods = bench.pods.slice(0, 1);
    bench.reporter.planesChanged();
    await bench.pass(2000);
    expect(programmedOf(bench)).toMatch(/^True 1 of 1/);
  });
});

describe("many objects", () => {
  it("are written at a pace that a server bears, verdicts before counts", async () => {
    const bench = new Bench();
    bench.have(1000);
    const reports = Array.from({ length: 1000 }, (_, index) => report(index));
    bench.reporter.report(factsOf(reports));
    await bench.pass(1000);
    expect(bench.writes.length).toBeGreaterThan(50);
    expect(bench.writes.length).toBeLessThan(200);
    await bench.pass(25_000);
    expect(new Set(bench.writes.map(({ key }) => key)).size).toBe(1000);
    expect(bench.writes).toHaveLength(1000);
    // Another pod, which lags: every verdict changes. One object is edited: it does not stand in line behind them.
    bench.pods = [...bench.pods, { uid: "u1", name: "pod-1", gateway: "default" }];
    bench.planes = [...bench.planes, { uid: "u1", pod: "pod-1", gateway: "default", version: "v0" }];
    bench.reporter.planesChanged();
    await bench.pass(3000);
    const before = bench.writes.length;
    bench.reporter.report(factsOf(reports.with(999, report(999, { generation: 2 }))));
    await bench.pass(500);
    expect(bench.writes.slice(before).findIndex(({ key }) => key === keyOf(999))).toBeLessThan(20);
    expect(bench.writes.slice(before).some(({ key }) => key === keyOf(999))).toBe(true);
  });

  it("that change ten thousand times in ten seconds are written with what they are in the end", async () => {
    const bench = new Bench();
    bench.have(3);
    for (let edit = 1; edit <= 10_000; edit += 1) {
      bench.reporter.report(factsOf([0, 1, 2].map((index) => report(index, { generation: edit }))));
      if (edit % 500 === 0) await bench.pass(500);
    }
    await bench.pass(3000);
    expect(bench.writes.length).toBeLessThan(60);
    expect(bench.cluster.get(keyOf(2))?.status).toMatchObject({ observedGeneration: 10_000 });
  });
});

describe("a second writer", () => {
  it("is written over, less and less often, and told of once", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(500);
    for (let second = 0; second < 600; second += 1) {
      bench.overwrite(keyOf(0), (status) => ({ ...status, observedGeneration: 99 }));
      await bench.pass(1000);
    }
    expect(bench.writes.length).toBeGreaterThan(8);
    expect(bench.writes.length).toBeLessThan(25);
    expect(bench.said.filter((line) => line.includes("changed by somebody else"))).toHaveLength(1);
  });
});

describe("a write that fails", () => {
  it("is tried again later with what is then to be said, and the server's wish is kept to", async () => {
    const bench = new Bench();
    bench.have(2);
    bench.fail = () => new KubeFailure("slow down", { status: 429, reason: "TooManyRequests", retryAfterMs: 20_000 });
    bench.reporter.report(factsOf([report(0), report(1)]));
    await bench.pass(500);
    let attempts = 0;
    bench.fail = () => {
      attempts += 1;
      return undefined;
    };
    await bench.pass(18_000);
    expect(attempts).toBe(0);
    bench.reporter.report(factsOf([report(0, { generation: 7 }), report(1)]));
    await bench.pass(4000);
    expect(bench.writes.map(({ key }) => key).toSorted()).toEqual([keyOf(0), keyOf(1)]);
    expect(bench.cluster.get(keyOf(0))?.status).toMatchObject({ observedGeneration: 7 });
    expect(bench.said).toHaveLength(1);
  });

  it("because the object is gone or made anew does not hold up the others", async () => {
    const bench = new Bench();
    bench.have(3);
    let refused = 0;
    bench.fail = (key) => {
      if (key === keyOf(2)) return undefined;
      refused += 1;
      return new KubeFailure("", key === keyOf(0) ? { status: 404, reason: "NotFound" } : { status: 409, reason: "Conflict" });
    };
    bench.reporter.report(factsOf([report(0), report(1), report(2)]));
    await bench.pass(10_000);
    expect(bench.writes.map(({ key }) => key)).toEqual([keyOf(2)]);
    expect(refused).toBeLessThan(16);
    bench.fail = () => undefined;
    bench.cluster.delete(keyOf(0));
    await bench.pass(20_000);
    expect(bench.writes.map(({ key }) => key)).toEqual([keyOf(2), keyOf(1)]);
  });
});

describe("who does not lead", () => {
  it("writes nothing, not even what waited", async () => {
    const bench = new Bench();
    bench.have(500);
    bench.reporter.report(factsOf(Array.from({ length: 500 }, (_, index) => report(index))));
    await bench.pass(300);
    bench.isLeading = false;
    const before = bench.writes.length;
    expect(before).toBeGreaterThan(0);
    await bench.pass(30_000);
    expect(bench.writes).toHaveLength(before);
  });

  it("leaves no timer behind when it is closed", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    bench.reporter.close();
    await bench.pass(1000);
    expect(bench.writes).toHaveLength(0);
    expect(bench.clock.pending).toBe(0);
  });
});

describe("news", () => {
  const conflicted = { condition: "Accepted", reason: "Conflicted", severity: "error", path: "", message: "taken" } as const;

  it("are what turned, in both directions, once", async () => {
    const bench = new Bench();
    bench.have(1);
    bench.reporter.report(factsOf([report(0)]));
    await bench.pass(2000);
    bench.reporter.report(factsOf([report(0, { generation: 2, findings: [conflicted] })]));
    await bench.pass(5000);
    bench.reporter.report(factsOf([report(0, { generation: 3 })]));
    await bench.pass(5000);
    expect(bench.news).toEqual([`${keyOf(0)} Warning Conflicted: taken`, `${keyOf(0)} Normal Accepted: the object is valid`]);
  });

  it("about a caller's Secret are told once for as long as they hold", async () => {
    const bench = new Bench();
    const secret: Report = { object: { kind: "Secret", namespace: "team-a", name: "caller" }, generation: undefined, carriedBy: {}, findings: [{ ...conflicted, reason: "CallerWithoutKey", message: "holds no key" }] };
    const told = (reports: Facts["reports"]): void => bench.reporter.report({ ...factsOf([]), reports });
    told({ "Secret/team-a/caller": secret });
    told({ "Secret/team-a/caller": secret });
    told({});
    told({ "Secret/team-a/caller": secret });
    expect(bench.news).toEqual(Array.from({ length: 2 }, () => "Secret/team-a/caller Warning CallerWithoutKey: holds no key"));
  });
});

describe("a reporter that does not look again at what is the same, after anything that may happen", () => {
  type Step = (bench: Bench) => void;
  const versions = ["v1", "v2", "v3"];
  const planeOf = (index: number, version: string): ConnectedPlane => ({ uid: `u${index}`, pod: `pod-${index}`, gateway: "default", version });
  const stepOf = fc.oneof(
    fc.tuple(fc.nat(2), fc.constantFrom(...versions, ""), fc.boolean()).map(([index, version, isRefusing]): Step => (bench) => {
      const plane = planeOf(index, version);
      bench.planes = [...bench.planes.filter(({ uid }) => uid !== plane.uid), isRefusing ? { ...plane, rejection: { version: "v2", problems: [] } } : plane];
    }),
    fc.nat(2).map((index): Step => (bench) => void (bench.planes = bench.planes.filter(({ uid }) => uid !== `u${index}`))),
    fc.integer({ min: 1, max: 3 }).map((count): Step => (bench) => void (bench.pods = Array.from({ length: count }, (_, index) => ({ uid: `u${index}`, name: `pod-${index}`, gateway: "default" })))),
    fc.nat(2).map((index): Step => (bench) => bench.overwrite(keyOf(index), (status) => ({ ...status, programmed: "9/9" }))),
    fc.nat(2).map((index): Step => (bench) => bench.overwrite(keyOf(index), () => ({}))),
  );
  const reportsOf = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constantFrom("a", "b"), fc.boolean()), { minLength: 3, maxLength: 3 });
  const roundOf = fc.record({ steps: fc.array(stepOf, { maxLength: 3 }), reports: fc.option(reportsOf), version: fc.constantFrom(...versions) });

  const told = ({ cluster }: Bench): unknown =>
    [...cluster].map(([key, { status }]) => [key, { ...status, conditions: conditionsIn(status).map(({ lastTransitionTime: _, ...condition }) => condition) }]);

  it("says what one says that looks at everything again", async () => {
    const property = fc.asyncProperty(fc.array(roundOf, { minLength: 1, maxLength: 5 }), async (rounds) => {
      const [bench, anew] = [new Bench(), new Bench()];
      let facts = factsOf([0, 1, 2].map((index) => report(index)));
      for (const { steps, reports, version } of [{ steps: [], reports: null, version: "v1" }, ...rounds]) {
        if (reports !== null) facts = factsOf(reports.map(([generation, hash, isWrong], index) => report(index, { generation, carriedBy: isWrong ? {} : { default: hash } })), version);
        for (const one of [bench, anew]) {
          if (one.cluster.size === 0) one.have(3);
          for (const step of steps) step(one);
        }
        if (reports !== null || bench.writes.length === 0) bench.reporter.report(facts);
        bench.reporter.planesChanged();
        anew.reporter.report({ ...facts, reports: structuredClone(facts.reports) });
        await Promise.all([bench.pass(20_000), anew.pass(20_000)]);
        expect(told(bench)).toEqual(told(anew));
      }
      for (const one of [bench, anew]) one.reporter.close();
    });
    await fc.assert(property, { numRuns: 25 });
  });
});
