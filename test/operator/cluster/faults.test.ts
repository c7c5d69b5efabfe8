// The faults that concern watch, lease and status, each against a whole operator: what goes on, what stops, and how it comes back.
// A data plane that has its configuration keeps it: that it gets no worse one is what most of these assert.
import { describe, expect, it } from "vitest";
import { GRACE_MS } from "../../../operator/status/roster.ts";
import { collections, pod, provider, route, secret } from "../kube/cluster.ts";
import { Bench, conditionOf, type Operating } from "./operating.ts";

const keyOfRoute = "team-a/chat";

const furnish = (bench: Bench): void => {
  bench.put("secrets", secret("openai-key", "sk-first"));
  bench.put("providers", provider("openai"));
  bench.put("routes", route("chat", "support-chat", "openai"));
};

const leads = (bench: Bench, { operator }: Operating): Promise<void> => bench.until(() => operator.pushPort > 0, "leadership", 50);

const programmed = (bench: Bench): string => {
  const condition = conditionOf(bench.get("routes", keyOfRoute), "Programmed");
  return `${condition?.status ?? "none"} ${condition?.message ?? ""}`;
};

const running = async (): Promise<{ bench: Bench; operating: Operating; plane: ReturnType<Bench["dataPlane"]>; model: () => string | undefined }> => {
  const bench = await Bench.start();
  furnish(bench);
  const operating = await bench.operate();
  await leads(bench, operating);
  const plane = bench.dataPlane(operating, "dp-0");
  await bench.until(() => programmed(bench) === "True 1 of 1 data planes run it", "Programmed");
  return { bench, operating, plane, model: () => plane.snapshots.at(-1)?.routes[keyOfRoute]?.models[0]?.name };
};

/** As the chart makes it. */
const leaseOfChart = { metadata: { namespace: "llm-system", name: "llm-gateway-operator", labels: { "app.kubernetes.io/managed-by": "Helm" } } };

/** How long a new operator lets a data plane wait that comes as soon as it leads. */
const firstVersionMs = async (bench: Bench, name = "operator-0"): Promise<number> => {
  const operating = await bench.operate(name);
  const startTick = bench.clock.tick();
  await leads(bench, operating);
  const plane = bench.dataPlane(operating, "gateway-0");
  await bench.until(() => plane.snapshots.length > 0, "the first version");
  return bench.clock.tick() - startTick;
};

const readyStatus = async ({ operator }: Operating): Promise<number> => (await fetch(`http://127.0.0.1:${operator.healthPort}/readyz`)).status;
const roleOf = (bench: Bench, name: string): unknown => (bench.get("pods", `llm-system/${name}`)?.metadata["labels"] as Record<string, string> | undefined)?.["llmgateway.io/role"];

describe("the API server", () => {
  it("being away for less than a lease costs nothing but freshness, and what happened meanwhile is live soon after", async () => {
    const { bench, operating, plane, model } = await running();
    bench.server.misbehave = () => "destroy";
    bench.server.endWatches("broken");
    await bench.pass(8000);
    bench.server.store.silently(() => bench.put("routes", route("chat", "while-away", "openai")));
    expect(await readyStatus(operating)).toBe(200);
    expect(plane.snapshots).toHaveLength(1);
    expect(operating.ending()).toBeUndefined();
    bench.server.misbehave = () => undefined;
    const backTick = bench.clock.tick();
    await bench.until(() => model() === "while-away", "the edit");
    expect(bench.clock.tick() - backTick).toBeLessThan(5000);
  });

  it("being away for ten minutes ends the leader, leaves a standby ready, and takes nothing from the data planes", async () => {
    const { bench, operating, plane } = await running();
    const standby = await bench.operate("operator-1");
    await bench.until(async () => (await readyStatus(standby)) === 200, "the standby");
    bench.server.misbehave = () => "destroy";
    bench.server.endWatches("broken");
    await bench.until(() => operating.ending() === "lost", "the end of the leader", 200);
    await operating.stop();
    for (let minute = 0; minute < 10; minute += 1) {
      bench.clock.advance(60_000);
      await bench.pass(200);
    }
    expect(await readyStatus(standby)).toBe(200);
    expect(plane.snapshots).toHaveLength(1);
    bench.server.store.silently(() => bench.put("routes", route("chat", "after", "openai")));
    bench.server.misbehave = () => undefined;
    await leads(bench, standby);
    const next = bench.dataPlane(standby, "dp-0");
    await bench.until(() => next.snapshots.at(-1)?.routes[keyOfRoute]?.models[0]?.name === "after", "the new leader's push");
  });

  it("that has forgotten our version is listed anew without a word to the data planes when nothing changed", async () => {
    const { bench, plane } = await running();
    for (let index = 0; index < 5; index += 1) bench.put("secrets", secret(`other-${index}`, "x"));
    bench.server.endWatches();
    bench.server.store.compact();
    const relists = bench.server.seen.filter(({ query }) => query.get("sendInitialEvents") === "true").length;
    await bench.until(() => bench.server.seen.filter(({ query }) => query.get("sendInitialEvents") === "true").length >= relists + 5, "the lists");
    await bench.pass(1000);
    expect(plane.snapshots).toHaveLength(1);
    expect(programmed(bench)).toBe("True 1 of 1 data planes run it");
  });

  it("that is frozen with its connections open is noticed within half a minute, and nothing is told twice", async () => {
    const { bench, operating, plane, model } = await running();
    bench.server.mute(true);
    const watches = (): number => bench.server.seen.filter(({ isWatch }) => isWatch).length;
    const before = watches();
    // Only the lease gets through, as to another server behind the same address.
    bench.server.misbehave = ({ path }) => (path.includes("/leases") ? undefined : "hang");
    bench.server.store.silently(() => bench.put("routes", route("chat", "unseen", "openai")));
    await bench.until(() => operating.lines.some(({ message }) => message.includes("all watches are opened anew")), "the notice", 100);
    bench.server.mute(false);
    bench.server.misbehave = () => undefined;
    await bench.until(() => model() === "unseen", "the edit", 100);
    expect(watches()).toBeGreaterThan(before);
    expect(plane.snapshots).toHaveLength(2);
  });

  it("that is overloaded is asked less, and the lease is renewed all the same", async () => {
    const { bench, operating } = await running();
    bench.server.misbehave = ({ path }) => (path.includes("/leases") ? undefined : { status: 429, reason: "TooManyRequests", retryAfter: 10 });
    bench.server.endWatches();
    const before = bench.server.seen.length;
    await bench.pass(30_000);
    const asked = bench.server.seen.slice(before).filter(({ path }) => !path.includes("/leases") && path !== "/version").length;
    expect(asked).toBeLessThan(11 * 5);
    expect(operating.ending()).toBeUndefined();
    expect(await readyStatus(operating)).toBe(200);
  });
});

describe("a store", () => {
  it("that is wiped does not stop the traffic: the last good configuration stays until a second look", async () => {
    const { bench, operating, plane, model } = await running();
    for (const [collection, id] of [[collections.routes, keyOfRoute], [collections.providers, "team-a/openai"], [collections.secrets, "team-a/openai-key"]] as const) bench.server.store.remove(collection, id);
    await bench.until(() => operating.lines.some(({ message }) => message.includes("are gone at once")), "the guard");
    expect(plane.snapshots).toHaveLength(1);
    expect(await operating.operator.metrics.text()).toContain('llmgw_operator_reconciles_total{result="held"} 1');
    furnish(bench);
    await bench.pass(12_000);
    expect(model()).toBe("support-chat");
    expect(plane.snapshots.every(({ routes }) => keyOfRoute in routes)).toBe(true);
  });

  it("that is empty under a lease with which nobody led is believed at once: a first installation waits for no second look", async () => {
    const bench = await Bench.start();
    bench.put("leases", leaseOfChart);
    expect(await firstVersionMs(bench)).toBeLessThan(2000);
  });

  it("that is empty is looked at twice where the operator had to make the lease: somebody may have deleted that too", async () => {
    expect(await firstVersionMs(await Bench.start())).toBeGreaterThan(8000);
  });

  it("that is empty is looked at twice where the lease is as good as new and a data plane is ready: the chart makes anew what was deleted", async () => {
    const bench = await Bench.start();
    bench.put("leases", leaseOfChart);
    bench.put("pods", pod("dp-0"));
    expect(await firstVersionMs(bench)).toBeGreaterThan(8000);
  });

  it("that is empty is looked at twice by the next leader, whose lease says that there was one before", async () => {
    const bench = await Bench.start();
    bench.put("leases", leaseOfChart);
    const first = await bench.operate();
    await leads(bench, first);
    await first.stop();
    expect(await firstVersionMs(bench, "operator-1")).toBeGreaterThan(8000);
  });

  it("that is wiped right after a first installation does not stop the traffic either", async () => {
    const bench = await Bench.start();
    bench.put("leases", leaseOfChart);
    const operating = await bench.operate();
    await leads(bench, operating);
    const plane = bench.dataPlane(operating, "dp-0");
    await bench.until(() => plane.snapshots.length === 1, "the empty world");
    furnish(bench);
    await bench.until(() => keyOfRoute in (plane.snapshots.at(-1)?.routes ?? {}), "the route");
    const { length } = plane.snapshots;
    for (const [collection, id] of [[collections.routes, keyOfRoute], [collections.providers, "team-a/openai"], [collections.secrets, "team-a/openai-key"]] as const) bench.server.store.remove(collection, id);
    await bench.until(() => operating.lines.some(({ message }) => message.includes("are gone at once")), "the guard");
    expect(plane.snapshots).toHaveLength(length);
  });

  it("that is put back to an older state is believed, and what was deleted since is there again", async () => {
    const { bench, plane, model } = await running();
    for (let index = 0; index < 3; index += 1) bench.put("routes", route(`more-${index}`, `more-${index}`, "openai"));
    const restore = bench.server.store.save();
    bench.put("routes", route("chat", "newer", "openai"));
    await bench.until(() => model() === "newer", "the edit");
    bench.server.misbehave = () => "destroy";
    bench.server.endWatches("broken");
    restore();
    await bench.pass(5000);
    bench.server.misbehave = () => undefined;
    await bench.until(() => model() === "support-chat", "the older state", 50);
    await bench.until(() => programmed(bench) === "True 1 of 1 data planes run it" && conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.observedGeneration === 1, "its status", 50);
    expect(Object.keys(plane.snapshots.at(-1)?.routes ?? {})).toHaveLength(4);
  });

  it("whose definitions are deleted leaves the operator alive, and the last good configuration with it", async () => {
    const { bench, operating, plane } = await running();
    bench.server.misbehave = ({ path }) => (path.includes("/apis/llmgateway.io/") ? { status: 404, reason: "NotFound", message: "the server could not find the requested resource" } : undefined);
    bench.server.endWatches();
    await bench.until(() => operating.lines.some(({ message }) => message.includes("llmroutes cannot be watched, the last state stays in force")), "the complaint", 50);
    await bench.pass(5000);
    expect(await readyStatus(operating)).toBe(200);
    expect(plane.snapshots).toHaveLength(1);
    expect(operating.ending()).toBeUndefined();
  });

  it("with ten thousand edits in a burst ends with the last one, in few pushes", async () => {
    const { bench, plane, model } = await running();
    for (let edit = 0; edit < 10_000; edit += 1) {
      bench.put("routes", route("chat", `edit-${edit}`, "openai"));
      if (edit % 250 === 0) await bench.pass(50);
    }
    await bench.until(() => model() === "edit-9999", "the last edit");
    expect(plane.snapshots.length).toBeLessThan(100);
    await bench.until(() => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.observedGeneration === 10_001 && programmed(bench).startsWith("True"), "its status");
    expect(bench.server.seenOf("PATCH", "/status").length).toBeLessThan(40);
  });
});

describe("a namespace that is deleted", () => {
  it("does not hang: nothing of ours holds its objects, and a status that has nowhere to go is given up", async () => {
    const { bench, operating, plane } = await running();
    bench.put("routes", route("stays", "stays", "openai", "team-b"));
    bench.put("providers", provider("openai", { auth: { type: "None" } }, "team-b"));
    bench.put("providers", provider("second", { auth: { type: "None" } }, "team-b"));
    await bench.until(() => Object.keys(plane.snapshots.at(-1)?.routes ?? {}).length === 2, "both routes");
    expect(bench.get("routes", keyOfRoute)?.metadata).not.toHaveProperty("finalizers");
    for (const collection of [collections.routes, collections.providers, collections.secrets]) for (const object of bench.server.store.all(collection)) if (object.metadata.namespace === "team-a") bench.server.store.remove(collection, `team-a/${object.metadata.name}`);
    await bench.until(() => Object.keys(plane.snapshots.at(-1)?.routes ?? {}).join() === "team-b/stays", "the end of the others", 100);
    const before = bench.server.seenOf("PATCH", "/status").length;
    await bench.pass(20_000);
    expect(bench.server.seenOf("PATCH", "/namespaces/team-a/").length).toBeLessThan(10);
    expect(bench.server.seenOf("PATCH", "/status").length - before).toBeLessThan(10);
    expect(operating.ending()).toBeUndefined();
  });
});

describe("the leader", () => {
  it("alone serves, writes and wears the label; a standby is ready and does neither", async () => {
    const { bench, operating } = await running();
    const standby = await bench.operate("operator-1");
    await bench.until(async () => (await readyStatus(standby)) === 200, "the standby");
    await bench.pass(5000);
    expect([operating.operator.pushPort > 0, standby.operator.pushPort]).toEqual([true, 0]);
    expect([roleOf(bench, "operator-0"), roleOf(bench, "operator-1")]).toEqual(["leader", undefined]);
    expect(await standby.operator.metrics.text()).toContain("llmgw_operator_leader 0");
  });

  it("that ends in peace hands over within seconds: the label moves, and data planes are sent away to the next", async () => {
    const { bench, operating } = await running();
    const standby = await bench.operate("operator-1");
    await bench.until(async () => (await readyStatus(standby)) === 200, "the standby");
    const stoppedTick = bench.clock.tick();
    await operating.stop();
    await leads(bench, standby);
    expect(bench.clock.tick() - stoppedTick).toBeLessThan(8000);
    await bench.until(() => roleOf(bench, "operator-1") === "leader", "the label");
    expect(roleOf(bench, "operator-0")).toBeUndefined();
    const next = bench.dataPlane(standby, "dp-0");
    await bench.until(() => next.snapshots.length === 1, "the push");
  });

  it("that is cut off stops by itself before the next begins, which takes the label from it, and status never flaps", async () => {
    const { bench, operating } = await running();
    const standby = await bench.operate("operator-1");
    await bench.until(async () => (await readyStatus(standby)) === 200, "the standby");
    // Only the first one is cut off: told apart by what it would write into the lease.
    bench.server.misbehave = ({ path, body }) => (path.includes("/leases/") && JSON.stringify(body ?? "").includes("operator-0_") ? "destroy" : undefined);
    await bench.until(() => operating.ending() === "lost", "the end", 100);
    expect(standby.operator.pushPort).toBe(0);
    const statuses: string[] = [];
    await bench.until(() => {
      statuses.push(programmed(bench));
      return standby.operator.pushPort > 0;
    }, "the next leader", 100);
    await bench.until(() => roleOf(bench, "operator-1") === "leader", "the label");
    await bench.until(() => roleOf(bench, "operator-0") === undefined, "the old label's end");
    bench.dataPlane(standby, "dp-0");
    for (let passed = 0; passed < GRACE_MS; passed += 500) {
      await bench.pass(500);
      statuses.push(programmed(bench));
    }
    expect(new Set(statuses)).toEqual(new Set(["True 1 of 1 data planes run it"]));
  });

  it("that was killed leaves its label, which its pod takes off when it is started again and another one leads", async () => {
    const bench = await Bench.start();
    furnish(bench);
    const leader = await bench.operate("operator-1");
    await leads(bench, leader);
    bench.put("pods", { metadata: { name: "operator-0", namespace: "llm-system", labels: { "llmgateway.io/role": "leader" } } });
    const again = await bench.operate("operator-0");
    await bench.until(() => roleOf(bench, "operator-0") === undefined, "the old label's end");
    expect(again.operator.pushPort).toBe(0);
    expect(roleOf(bench, "operator-1")).toBe("leader");
  });
});

describe("Programmed", () => {
  it("tells of a pod that serves without a stream, and not of one that once connected", async () => {
    const { bench } = await running();
    bench.put("pods", pod("dp-1"));
    await bench.until(() => programmed(bench).startsWith("False 1 of 2"), "the absent one", 100);
    bench.server.store.remove(collections.pods, "llm-system/dp-1");
    await bench.until(() => programmed(bench) === "True 1 of 1 data planes run it", "its end", 100);
    bench.server.store.remove(collections.pods, "llm-system/dp-0");
    await bench.until(() => programmed(bench).startsWith("False no data plane"), "nobody", 100);
  });

  it("believes the EndpointSlice where there is one: a pod without traffic does not count", async () => {
    const { bench } = await running();
    const slice = (isReady: boolean) => ({
      metadata: { name: "slice", namespace: "llm-system", labels: { "llmgateway.io/gateway": "default" } },
      endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true }, targetRef: { kind: "Pod", uid: "uid-dp-0" } }, { addresses: ["10.0.0.2"], conditions: { ready: isReady }, targetRef: { kind: "Pod", uid: "uid-dp-1" } }],
    });
    bench.put("slices", slice(false));
    bench.put("pods", pod("dp-1"));
    await bench.pass(8000);
    expect(programmed(bench)).toBe("True 1 of 1 data planes run it");
    bench.put("slices", slice(true));
    await bench.until(() => programmed(bench).startsWith("False 1 of 2"), "the second", 100);
  });
});
