// The operator on a cluster, whole, against an API server double: from objects to data planes to status, and through faults.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { collections, pod, provider, route, secret } from "../kube/cluster.ts";
import { Bench, conditionOf, type Operating } from "./operating.ts";

const own = ["llmproviders", "llmroutes", "llmbudgets"];
const keyOfRoute = "team-a/chat";

const furnish = (bench: Bench): void => {
  bench.put("secrets", secret("openai-key", "sk-first"));
  bench.put("providers", provider("openai"));
  bench.put("routes", route("chat", "support-chat", "openai"));
};

const leads = (bench: Bench, operating: Operating): Promise<void> => bench.until(() => operating.operator.pushPort > 0, "leadership");

const ready = async ({ operator }: Operating): Promise<number> => (await fetch(`http://127.0.0.1:${operator.healthPort}/readyz`)).status;

const credentialOf = (snapshots: readonly { credentials: Record<string, { reveal(): string }> }[]): string | undefined => snapshots.at(-1)?.credentials["team-a/openai-key/api-key"]?.reveal();

const setUp = async (): Promise<{ bench: Bench; operating: Operating }> => {
  const bench = await Bench.start();
  furnish(bench);
  const operating = await bench.operate();
  await leads(bench, operating);
  return { bench, operating };
};

describe("two objects of a cluster", () => {
  it("reach a data plane, and their status says so once it has taken them", async () => {
    const { bench, operating } = await setUp();
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    await bench.until(() => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.status === "True", "Programmed");
    expect(Object.keys(snapshots.at(-1)?.routes ?? {})).toEqual([keyOfRoute]);
    expect(credentialOf(snapshots)).toBe("sk-first");
    const status = bench.get("routes", keyOfRoute)?.["status"] as Record<string, unknown>;
    expect(status).toMatchObject({ observedGeneration: 1, models: ["support-chat"], targetsSummary: "1/1", programmed: "1/1" });
    expect(conditionOf(bench.get("providers", "team-a/openai"), "Programmed")).toMatchObject({ status: "True", message: "1 of 1 data planes run it" });
  });

  it("are live after an edit on all pods, and Programmed counts the pods that serve", async () => {
    const { bench, operating } = await setUp();
    const planes = Array.from({ length: 10 }, (_, index) => bench.dataPlane(operating, `dp-${index}`));
    const messageOf = (): string => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.message ?? "";
    await bench.until(() => messageOf() === "10 of 10 data planes run it", "10 of 10");
    bench.put("routes", route("chat", "renamed-chat", "openai"));
    await bench.until(() => planes.every(({ snapshots }) => snapshots.at(-1)?.routes[keyOfRoute]?.models[0]?.name === "renamed-chat"), "the edit everywhere");
    await bench.until(() => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.observedGeneration === 2);
    expect(messageOf()).toBe("10 of 10 data planes run it");
    bench.put("pods", pod("dp-9", { isReady: false }));
    await bench.until(() => messageOf() === "9 of 9 data planes run it", "9 of 9");
  });

  it("are not compiled anew because of their status, whoever writes it, and it is written no more than it changes", async () => {
    const { bench, operating } = await setUp();
    bench.dataPlane(operating, "dp-0");
    await bench.until(() => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.status === "True");
    await bench.pass(2000);
    const passes = async (): Promise<number> => Number(/llmgw_operator_reconciles_total\{result="done"\} (\d+)/.exec(await operating.operator.metrics.text())?.[1]);
    const [before, writes] = [await passes(), bench.server.seenOf("PATCH", "/status").length];
    for (let round = 0; round < 10; round += 1) {
      const present = bench.get("routes", keyOfRoute)!;
      const status = present["status"] as { conditions: object[] };
      bench.put("routes", { ...present, status: { ...status, conditions: [...status.conditions.slice(0, 3), { type: "example.com/Theirs", status: String(round) }] } });
      await bench.pass(1000);
    }
    expect(await passes()).toBe(before);
    expect(bench.server.seenOf("PATCH", "/status").length).toBe(writes);
  });
});

describe("a Secret", () => {
  it("is only read when somebody refers to it, and a rotation is live in less than a second", async () => {
    const { bench, operating } = await setUp();
    bench.put("secrets", secret("unrelated", "sk-nobody"));
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    await bench.until(() => credentialOf(snapshots) === "sk-first");
    const startTick = bench.clock.tick();
    bench.put("secrets", secret("openai-key", "sk-second"));
    await bench.until(() => credentialOf(snapshots) === "sk-second", "the rotation");
    expect(bench.clock.tick() - startTick).toBeLessThan(1000);
    const fetched = bench.server.seenOf("GET", "/namespaces/team-a/secrets/").map(({ path }) => path.split("/").at(-1));
    expect(new Set(fetched)).toEqual(new Set(["openai-key"]));
    const whole = bench.server.seenOf("GET", "/secrets").filter(({ path, accept, query }) => path.endsWith("/secrets") && !accept.includes("PartialObjectMetadata") && query.get("labelSelector") !== "llmgateway.io/caller-key=true");
    expect(whole).toEqual([]);
  });

  it("that is deleted is told of in the status, and found again when it is back", async () => {
    const { bench, operating } = await setUp();
    bench.dataPlane(operating, "dp-0");
    const resolved = (): string | undefined => conditionOf(bench.get("providers", "team-a/openai"), "ResolvedRefs")?.status;
    await bench.until(() => resolved() === "True");
    bench.server.store.remove(collections.secrets, "team-a/openai-key");
    await bench.until(() => resolved() === "False", "the loss");
    expect(conditionOf(bench.get("providers", "team-a/openai"), "ResolvedRefs")?.message).toContain("Secret openai-key does not exist");
    bench.put("secrets", secret("openai-key", "sk-again"));
    await bench.until(() => resolved() === "True", "the return");
    const reasons = (): unknown[] => bench.server.store.all(collections.events).filter((event) => (event["regarding"] as { kind: string }).kind === "LLMProvider").map((event) => event["reason"]);
    await bench.until(() => reasons().length === 2, "the Events");
    expect(reasons().toSorted()).toEqual(["ResolvedRefs", "SecretNotFound"]);
  });

  it("that a provider newly refers to is never missing in between", async () => {
    const { bench, operating } = await setUp();
    bench.put("secrets", secret("other-key", "sk-other"));
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    await bench.until(() => credentialOf(snapshots) === "sk-first");
    bench.server.misbehave = ({ path, method }) => (method === "GET" && path.endsWith("/secrets/other-key") ? { status: 500 } : undefined);
    bench.put("providers", provider("openai", { auth: { type: "APIKey", secretRef: { name: "other-key" } } }));
    await bench.pass(1000);
    expect(credentialOf(snapshots)).toBe("sk-first");
    bench.server.misbehave = () => undefined;
    await bench.until(() => snapshots.at(-1)?.credentials["team-a/other-key/api-key"] !== undefined, "the new key");
    expect(snapshots.every(({ routes }) => (routes[keyOfRoute]?.rules[0]?.targets.length ?? 0) === 1)).toBe(true);
  });

  it("of a caller opens the door by its label, and closes it without", async () => {
    const { bench, operating } = await setUp();
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    const callers = (): string[] => Object.values(snapshots.at(-1)?.callers ?? {}).map(({ name }) => name);
    bench.put("secrets", secret("app", "key-of-app", { "llmgateway.io/caller-key": "true" }));
    await bench.until(() => callers().length === 1, "the caller");
    expect(callers()).toEqual(["team-a/app"]);
    expect(JSON.stringify(snapshots.at(-1))).not.toContain("key-of-app");
    bench.put("secrets", secret("app", "key-of-app"));
    await bench.until(() => callers().length === 0, "the end of the caller");
  });
});

describe("an object that does not parse", () => {
  it("has a condition that says why, and all others are served", async () => {
    const { bench, operating } = await setUp();
    bench.put("routes", { ...route("odd", "odd", "openai"), spec: { models: "not a list", future: true } });
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    await bench.until(() => conditionOf(bench.get("routes", "team-a/odd"), "Accepted")?.status === "False", "the condition");
    expect(conditionOf(bench.get("routes", "team-a/odd"), "Accepted")).toMatchObject({ reason: "Invalid", observedGeneration: 1 });
    expect(Object.keys(snapshots.at(-1)?.routes ?? {})).toEqual([keyOfRoute]);
  });

  it("does not become one because of its status, its managed fields, or metadata of a later Kubernetes", async () => {
    const { bench, operating } = await setUp();
    const object = route("later", "later", "openai");
    bench.put("routes", { ...object, metadata: { ...object.metadata, managedFields: [{ manager: "x" }], someday: { a: 1 } }, status: { unheardOf: [1, 2] } });
    bench.dataPlane(operating, "dp-0");
    await bench.until(() => conditionOf(bench.get("routes", "team-a/later"), "Accepted")?.status === "True", "acceptance");
  });
});

describe("the settings of the gateways", () => {
  it("are read from their file, again when it changes, and stay when it is broken", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llmgw-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "gateways.yaml");
    const bench = await Bench.start();
    furnish(bench);
    const operating = await bench.operate("operator-0", { LLMGW_GATEWAYS_FILE: file });
    await bench.pass(500);
    expect(await ready(operating)).toBe(503);
    writeFileSync(file, "gateways:\n  default:\n    anonymous: true\n");
    await leads(bench, operating);
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    await bench.until(() => snapshots.at(-1)?.settings.anonymous === true, "anonymous");
    writeFileSync(file, "gateways:\n  default:\n    anonymus: false\n");
    await bench.until(() => operating.lines.some(({ part, message }) => part === "settings" && message.includes("anonymus")), "the complaint");
    expect(snapshots.at(-1)?.settings.anonymous).toBe(true);
    writeFileSync(file, "gateways:\n  default:\n    drainTime: 7s\n");
    await bench.until(() => snapshots.at(-1)?.settings.drainMs === 7000, "the new settings");
    expect(snapshots.at(-1)?.settings.anonymous).toBe(false);
  });
});

describe("a list of namespaces", () => {
  it("is all that is looked at, by names, and nothing is asked of the whole cluster", async () => {
    const bench = await Bench.start();
    furnish(bench);
    bench.put("routes", route("elsewhere", "elsewhere", "openai", "team-b"));
    const operating = await bench.operate("operator-0", { WATCH_NAMESPACES: "team-a, team-c" });
    await leads(bench, operating);
    const { snapshots } = bench.dataPlane(operating, "dp-0");
    await bench.until(() => snapshots.length > 0, "a snapshot");
    expect(Object.keys(snapshots.at(-1)?.routes ?? {})).toEqual([keyOfRoute]);
    const wide = bench.server.seen.filter(({ path, query }) => !path.includes("/namespaces/") && path !== "/version" && query.get("fieldSelector") === null);
    expect(wide.map(({ path }) => path)).toEqual([]);
    const namespaces = new Set(bench.server.seen.map(({ path }) => /\/namespaces\/([^/]+)\//.exec(path)?.[1]).filter((name) => name !== undefined));
    expect(namespaces).toEqual(new Set(["team-a", "team-c", "llm-system"]));
  });
});

describe("readiness", () => {
  it("comes with the last copy and the first world, and what is missing is named", async () => {
    const bench = await Bench.start();
    furnish(bench);
    bench.server.misbehave = ({ path }) => (path.endsWith("/llmroutes") ? { status: 404, reason: "NotFound", message: "the server could not find the requested resource" } : undefined);
    const operating = await bench.operate();
    await bench.pass(500);
    const answer = await fetch(`http://127.0.0.1:${operating.operator.healthPort}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, "not complete yet: llmroutes\n"]);
    expect((await fetch(`http://127.0.0.1:${operating.operator.healthPort}/healthz`)).status).toBe(200);
    bench.server.misbehave = () => undefined;
    await bench.until(async () => (await ready(operating)) === 200, "readiness");
    expect((await fetch(`http://127.0.0.1:${operating.operator.healthPort}/nothing`)).status).toBe(404);
  });

  it("does not come before the Secrets that are referred to are read, so that nobody is served without them", async () => {
    const bench = await Bench.start();
    furnish(bench);
    bench.server.misbehave = ({ path }) => (path.endsWith("/secrets/openai-key") ? { status: 503 } : undefined);
    const operating = await bench.operate();
    await bench.pass(3000);
    expect(await ready(operating)).toBe(503);
    expect(operating.operator.pushPort).toBe(0);
    bench.server.misbehave = () => undefined;
    await bench.until(async () => (await ready(operating)) === 200, "readiness");
  });
});

describe("metrics", () => {
  it("say what is watched, led, pushed and written, and no name that a person chose", async () => {
    const { bench, operating } = await setUp();
    bench.dataPlane(operating, "dp-0");
    await bench.until(() => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.status === "True");
    const text = await (await fetch(`http://127.0.0.1:${operating.operator.healthPort}/metrics`)).text();
    for (const line of [
      "llmgw_operator_leader 1", "llmgw_operator_ready 1", 'llmgw_operator_dataplanes_connected{gateway="default"} 1', 'llmgw_operator_dataplanes_current{gateway="default"} 1',
      'llmgw_operator_dataplanes_serving{gateway="default"} 1', 'llmgw_operator_push_answers_total{gateway="default",answer="ack"} 1', 'llmgw_operator_objects{resource="llmroutes"} 1',
      'llmgw_operator_watch_synced{resource="secrets"} 1',
    ]) expect(text).toContain(line);
    expect(text).toMatch(/llmgw_operator_status_writes_total\{outcome="written"\} \d+/);
    expect(text).not.toMatch(/team-a|openai-key|support-chat|sk-first/);
    expect(own.every((resource) => text.includes(`resource="${resource}"`))).toBe(true);
  });
});

describe("its words", () => {
  it("are lines of JSON without a secret in them", async () => {
    const { bench, operating } = await setUp();
    bench.dataPlane(operating, "dp-0");
    await bench.until(() => conditionOf(bench.get("routes", keyOfRoute), "Programmed")?.status === "True");
    await operating.stop();
    expect(operating.lines.length).toBeGreaterThan(2);
    expect(operating.lines.every(({ level, part, message }) => level !== "" && part !== "" && message !== "")).toBe(true);
    expect(JSON.stringify(operating.lines)).not.toContain("sk-first");
  });
});
