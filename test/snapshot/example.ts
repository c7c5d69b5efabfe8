// A snapshot with something in each section, made anew for each test that wants to bend it.
import { defaultSettings, FORMAT, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";

export const CREDENTIAL = "sk-very-secret-credential";
export const CALLER_HASH = "a".repeat(64);

export const example = (): Snapshot => ({
  format: FORMAT,
  gateway: "default",
  settings: structuredClone(defaultSettings),
  providers: {
    "team-a/openai": {
      type: "openai",
      network: "public",
      auth: { scheme: "api-key", keys: [{ name: "default", credential: "team-a/openai-key/api-key", weight: 1 }] },
      timeouts: { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 },
      models: { small: "small-2026" },
    },
  },
  routes: {
    "team-a/chat": {
      models: [{ match: "exact", name: "support-chat" }, { match: "prefix", name: "gpt-" }],
      access: { namespaces: ["team-a"] },
      rules: [{ name: "default", targets: [{ name: "a", provider: "team-a/openai", model: "gpt-5.5", weight: 1, priority: 0 }] }],
      timeouts: {},
    },
  },
  callers: { [CALLER_HASH]: { name: "team-a/ann", namespace: "team-a" } },
  credentials: { "team-a/openai-key/api-key": new Secret(CREDENTIAL) },
});
