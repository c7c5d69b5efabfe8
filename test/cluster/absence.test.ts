// The API server away, and its store gone back in time, under load: traffic does not notice, and nothing is deleted.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askOne, startCaller } from "./callers.ts";
import { apply, kubectl, pause, until } from "./commands.ts";
import { control, mayBreak, reason } from "./control.ts";
import { collectEvidence } from "./evidence.ts";
import { expectNothingLost, startPacer, STREAM_MS, underLoad } from "./load.ts";
import { CALLERS, SYSTEM, TENANT } from "./namespaces.ts";
import { podsOf } from "./pods.ts";
import { RELEASE, upgrade } from "./release.ts";

const BASE = `http://${RELEASE}.${SYSTEM}.svc/v1`;
const AWAY_MS = 60_000;
/** The cluster's own parts take minutes to come to themselves. */
const TEST_MS_MAX = 600_000;
/** A leader is found within the lease's time; a data plane dials again after 15 s at the latest. */
const BACK_MS_MAX = 45_000;

const route = (name: string, models: readonly string[]) => ({ apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", metadata: { namespace: TENANT, name }, spec: { models, targets: [{ providerRef: { name: "pacer" }, model: "paced" }] } });
const isInForce = (name: string): Promise<unknown> => until(`the route ${name} in force`, () => kubectl("--namespace", TENANT, "wait", `llmroute/${name}`, "--for=condition=Programmed", "--timeout=60s"), 120_000, 500);

/** Each ends by itself when it cannot renew its lease, where there are several of it; here there is one, without a lease. */
const LED = ["kube-controller-manager", "kube-scheduler"];

/** Pods reach it by its Service, and kube-proxy takes its own time to hear that it is back. */
const reachesApiServer = (): Promise<unknown> =>
  until("the API server's Service", () => kubectl("--namespace", CALLERS, "exec", "caller", "--", "node", "--input-type=module", "--eval", REACHES), 180_000, 500);

const REACHES = `
import { connect } from "node:net";
const socket = connect({ host: "kubernetes.default.svc", port: 443, timeout: 2000 });
socket.on("connect", () => process.exit(0)).on("error", () => process.exit(1)).on("timeout", () => process.exit(1));
`;

/** Who was told things that are no longer so: Kubernetes wants them started again after its store was put back. */
const startAgain = async (...programs: readonly string[]): Promise<void> => {
  for (const program of programs) {
    await control("stop", program);
    await control("start", program);
  }
};

/** Who carries traffic, and how often it began anew. */
const dataPlanes = async (): Promise<string[]> => (await podsOf("dataplane")).map(({ metadata, status }) => `${metadata.uid} ${status.containerStatuses?.[0]?.restartCount}`).toSorted();

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe.runIf(mayBreak)(`the API server${reason}`, () => {
  beforeAll(async () => {
    await upgrade();
    await startCaller();
    await startPacer();
  });

  it("stopped for a minute and back costs no request and no stream, deletes nothing, and is heard again soon", async () => {
    await apply(route("stays", ["stays"]));
    await isInForce("stays");
    const before = await dataPlanes();
    const totals = await underLoad("the API server away for a minute", async () => {
      for (const program of ["kube-apiserver", ...LED]) await control("stop", program);
      await pause(AWAY_MS);
      await control("start", "kube-apiserver");
      await until("the API server", () => kubectl("get", "--raw", "/readyz"), 60_000, 200);
      for (const program of LED) await control("start", program);
      await until("an edit", () => apply(route("stays", ["stays", "after-absence"])), 30_000, 500);
      await reachesApiServer();
      const backTick = performance.now();
      expect(await askOne({ base: BASE, model: "after-absence" }, "at once")).toMatchObject({ status: 200 });
      const tookMs = performance.now() - backTick;
      process.stdout.write(`an edit was served ${Math.round(tookMs)} ms after pods reached the API server again\n`);
      expect(tookMs).toBeLessThan(BACK_MS_MAX);
      await pause(STREAM_MS);
    });
    expectNothingLost(totals);
    expect(await dataPlanes()).toEqual(before);
    expect(await askOne({ base: BASE, model: "stays" })).toMatchObject({ status: 200, content: "at once" });
    await isInForce("stays");
  }, TEST_MS_MAX);

  it("whose store goes back to an older state costs no request; what was deleted since is served again, what was made since is not", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llm-gateway-store-"));
    await apply(route("older", ["older"]));
    await isInForce("older");
    try {
      const totals = await underLoad("the store put back to an older state", async () => {
        await control("save", join(folder, "store"));
        await until("the route's end", () => kubectl("--namespace", TENANT, "delete", "llmroute/older", "--wait=false"), 30_000, 500);
        await until("a newer route", () => apply(route("newer", ["newer"])), 30_000, 500);
        await isInForce("newer");
        expect(await askOne({ base: BASE, model: "newer" }, "at once")).toMatchObject({ status: 200 });
        await askOne({ base: BASE, model: "older" }, "404");
        await control("restore", join(folder, "store"));
        await startAgain(...LED, "kube-proxy");
        await reachesApiServer();
        expect(await until("an answer", () => askOne({ base: BASE, model: "older" }, "at once"), 120_000, 1000)).toMatchObject({ status: 200 });
        expect(await askOne({ base: BASE, model: "newer" }, "404")).toMatchObject({ status: 404 });
        await until("an edit", () => apply(route("older", ["older", "edited-after"])), 30_000, 500);
        expect(await askOne({ base: BASE, model: "edited-after" }, "at once")).toMatchObject({ status: 200 });
        await pause(STREAM_MS);
      });
      expectNothingLost(totals);
      await isInForce("older");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, TEST_MS_MAX);
});
