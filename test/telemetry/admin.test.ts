// The admin door: health that depends on nothing, readiness that says why, metrics, and a snapshot without secrets.
import { afterEach, describe, expect, test } from "vitest";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { defaultSettings, FORMAT, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { isOfThisMachine, startAdmin, type Admin, type AdminParts } from "../../dataplane/telemetry/admin.ts";
import { Metrics } from "../../dataplane/telemetry/metrics.ts";
import { requestRecord } from "./record.ts";

const open: Admin[] = [];

const start = async (parts: Partial<AdminParts> = {}): Promise<string> => {
  const admin = await startAdmin({ port: 0, metrics: new Metrics(), notReady: () => [], snapshot: () => null, ...parts });
  open.push(admin);
  return `http://${admin.host}:${admin.port}`;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((admin) => admin.close()));
});

const KEY = "sk-proj-very-secret";
const HASH = "ab".repeat(32);

const snapshot: Snapshot = {
  format: FORMAT,
  gateway: "default",
  settings: defaultSettings,
  providers: {},
  routes: {},
  callers: { [HASH]: { name: "team-a/app", namespace: "team-a" } },
  credentials: { "team-a/openai/api-key": new Secret(KEY) },
};

describe("the admin port", () => {
  test("listens on loopback unless told otherwise", async () => {
    expect(await start()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("is alive although it is not ready", async () => {
    const base = await start({ notReady: () => ["there is no snapshot yet"] });
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  test("says why it is not ready, and then that it is", async () => {
    const reasons = ["there is no snapshot yet"];
    const base = await start({ notReady: () => reasons });
    const refused = await fetch(`${base}/readyz`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ isReady: false, reasons: ["there is no snapshot yet"] });
    reasons.length = 0;
    const accepted = await fetch(`${base}/readyz`);
    expect(accepted.status).toBe(200);
    expect(await accepted.json()).toEqual({ isReady: true, reasons: [] });
  });

  test("lets the rest of a pod start when told so, ready or not", async () => {
    let isStarted = false;
    const base = await start({ notReady: () => ["it has no snapshot yet"], isStarted: () => isStarted });
    expect((await fetch(`${base}/startupz`)).status).toBe(503);
    isStarted = true;
    expect((await fetch(`${base}/startupz`)).status).toBe(200);
    expect((await fetch(`${await start()}/startupz`)).status).toBe(200);
  });

  test("serves the metrics as Prometheus reads them", async () => {
    const metrics = new Metrics();
    metrics.record(requestRecord());
    const base = await start({ metrics });
    const response = await fetch(`${base}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(await response.text()).toContain("llmgw_requests_total{");
  });

  test("shows the snapshot without its secrets", async () => {
    const base = await start({ snapshot: () => ({ version: "v1", snapshot }) });
    const text = await (await fetch(`${base}/debug/snapshot`)).text();
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(HASH);
    expect(JSON.parse(text)).toMatchObject({
      version: "v1",
      snapshot: { credentials: { "team-a/openai/api-key": "[redacted]" }, callers: { "abababababab…": { name: "team-a/app" } } },
    });
  });

  test.each<[string, string, string, boolean]>([
    ["loopback", "127.0.0.1", "127.0.0.1", true],
    ["loopback as IPv6 writes it", "::ffff:127.0.0.1", "::ffff:127.0.0.1", true],
    ["loopback of IPv6", "::1", "::1", true],
    ["the pod itself, by its own address", "10.42.0.7", "10.42.0.7", true],
    ["another pod", "10.42.0.8", "10.42.0.7", false],
    ["another pod whose address begins alike", "10.42.0.71", "10.42.0.7", false],
    ["an address that only looks like loopback", "::ffff:10.127.0.1", "::ffff:10.42.0.7", false],
    ["nobody known", "", "10.42.0.7", false],
  ])("shows it to this machine only: %s", (_, remoteAddress, localAddress, isShown) => {
    expect(isOfThisMachine({ remoteAddress, localAddress })).toBe(isShown);
  });

  test("has no snapshot to show before the first one", async () => {
    const base = await start();
    expect((await fetch(`${base}/debug/snapshot`)).status).toBe(404);
  });

  test("knows nothing else", async () => {
    const base = await start();
    expect((await fetch(`${base}/v1/models`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: "POST" })).status).toBe(404);
  });
});
