// Small snapshots for tests of how they travel.
import { defaultSettings, FORMAT, type Provider, type Route, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { snapshotVersion } from "../../dataplane/snapshot/canonical.ts";

const timeouts = { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 };

export const provider = (credential = "team/openai-key/api-key"): Provider => ({
  type: "openai",
  network: "public",
  auth: { scheme: "api-key", keys: [{ name: "main", credential, weight: 1 }] },
  timeouts,
  models: {},
});

export const route = (model: string): Route => ({
  models: [{ match: "exact", name: model }],
  access: {},
  rules: [{ name: "only", targets: [{ name: "a", provider: "team/openai", weight: 1, priority: 0 }] }],
  timeouts: {},
});

export const snapshotOf = (routes: Record<string, Route>, changes: Partial<Snapshot> = {}): Snapshot => ({
  format: FORMAT,
  gateway: "default",
  settings: defaultSettings,
  providers: { "team/openai": provider() },
  routes,
  callers: {},
  credentials: { "team/openai-key/api-key": new Secret("sk-very-secret") },
  ...changes,
});

/** A snapshot with one route that claims one model: a new version for each model. */
export const numbered = (number: number): Snapshot => snapshotOf({ "team/chat": route(`model-${number}`) });

export const version = snapshotVersion;
