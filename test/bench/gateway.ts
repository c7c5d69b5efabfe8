// The gateway under test, one process as in production: key check, routing, splice, usage, metrics, log line, deadlines
// and abort handling on, with a snapshot of a middling company around the one route that is used.
import { hash } from "node:crypto";
import { Session } from "node:inspector/promises";
import { systemClock as clock } from "../../dataplane/clock.ts";
import { Deadlines } from "../../dataplane/deadlines.ts";
import { startServer } from "../../dataplane/server.ts";
import { snapshotVersion } from "../../dataplane/snapshot/canonical.ts";
import type { Caller, Provider, Route, Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { defaultSettings, FORMAT } from "../../dataplane/snapshot/terms.ts";
import { MemoryStore } from "../../dataplane/state/memory.ts";
import { fileSink, startTelemetry } from "../../dataplane/telemetry/index.ts";
import { CALLER_KEY, MODEL_ASKED, MODEL_SENT } from "./bodies.ts";
import { collectGarbage, serveCommands, usage } from "./commands.ts";

const ROUTES = 50;
const PROVIDERS = 20;
const CALLERS = 500;
const STDOUT = 1;

const upstreamPort = Number(process.argv[2]);
/** What its providers speak: the same as the clients, or something else. */
const spoken = process.argv[3] === "messages" ? ("anthropic-messages" as const) : ("openai-chat" as const);

const provider: Provider = {
  type: spoken === "openai-chat" ? "openai-compatible" : "anthropic-compatible",
  protocols: [spoken],
  endpoints: [{ url: `http://127.0.0.1:${upstreamPort}/v1`, priority: 0, weight: 1 }],
  network: "private",
  auth: { scheme: "api-key", keys: [{ name: "only", credential: "bench/provider-key/api-key", weight: 1 }] },
  timeouts: { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 },
  models: {},
};

const route = (name: string, upstream: string, weight: number): Route => ({
  models: [{ match: "exact", name }],
  access: {},
  rules: [
    {
      name: "all",
      targets: [
        { name: "main", provider: upstream, model: MODEL_SENT, weight, priority: 0 },
        { name: "spare", provider: upstream, model: MODEL_SENT, weight: 1, priority: 1 },
      ],
    },
  ],
  timeouts: {},
});

const caller = (name: string, team: string): Caller => ({ name: `bench/${name}`, namespace: "bench", team });

const many = <Value>(count: number, name: (index: number) => string, make: (index: number) => Value): Record<string, Value> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), make(index)]));

/** `edition` changes the weights of one route, as an edit of it would. */
const snapshotOf = (edition: number): Snapshot => ({
  format: FORMAT,
  gateway: "default",
  settings: { ...defaultSettings, privateRanges: ["127.0.0.0/8"] },
  providers: { "bench/openai": provider, ...many(PROVIDERS, (index) => `bench/p${index}`, () => provider) },
  routes: {
    "bench/chat": route(MODEL_ASKED, "bench/openai", 1 + (edition % 100)),
    ...many(ROUTES, (index) => `bench/r${index}`, (index) => route(`model-${index}`, `bench/p${index % PROVIDERS}`, 1)),
  },
  callers: {
    [hash("sha256", CALLER_KEY, "hex")]: caller("app", "search"),
    ...many(CALLERS, (index) => hash("sha256", `sk-other-${index}`, "hex"), (index) => caller(`app-${index}`, `team-${index % 40}`)),
  },
  credentials: { "bench/provider-key/api-key": new Secret("sk-bench-provider-0123456789") },
});

const telemetry = await startTelemetry({ clock, sink: fileSink(STDOUT, clock), build: "bench" });
const deadlines = new Deadlines(clock);
const store = new MemoryStore(clock);
const server = await startServer({ host: "127.0.0.1", port: 0, reusePort: false, clock, deadlines, telemetry, store, build: "bench", random: Math.random });

const apply = (edition: number): number => {
  const snapshot = snapshotOf(edition);
  const version = snapshotVersion(snapshot);
  const startTick = clock.tick();
  const problems = server.apply(snapshot, version);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return clock.tick() - startTick;
};

apply(0);

const inspector = new Session();

serveCommands({
  port: () => server.port,
  usage,
  collectGarbage,
  /** Milliseconds that the edit held the process up. */
  edit: apply,
  metrics: () => telemetry.metrics.text(),
  open: () => ({ requests: server.openRequests(), deadlines: deadlines.slotsInUse }),
  startProfile: async () => {
    inspector.connect();
    await inspector.post("Profiler.enable");
    await inspector.post("Profiler.setSamplingInterval", { interval: 200 });
    await inspector.post("Profiler.start");
  },
  stopProfile: async () => {
    const { profile } = await inspector.post("Profiler.stop");
    inspector.disconnect();
    return profile;
  },
});
