// A whole data-plane server in this process, on a free port, with a snapshot given as the differences from the smallest
// useful one. What it logs and settles can be read back; closing it proves that nothing stays open.
import { hash } from "node:crypto";
import type { ServingCertificate } from "../../dataplane/certificate.ts";
import { systemClock, type Clock } from "../../dataplane/clock.ts";
import { Deadlines } from "../../dataplane/deadlines.ts";
import type { MediaRules } from "../../dataplane/providers/media.ts";
import { startServer, type GatewayServer } from "../../dataplane/server.ts";
import { snapshotVersion } from "../../dataplane/snapshot/canonical.ts";
import { defaultSettings, FORMAT, type Caller, type Provider, type Route, type Settings, type Snapshot } from "../../dataplane/snapshot/schema.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { MemoryStore } from "../../dataplane/state/memory.ts";
import { startTelemetry, type Telemetry } from "../../dataplane/telemetry/index.ts";

export const KEY = "sk-caller-key-0123456789";
export const PROVIDER_KEY = "sk-provider-key-abcdef";

export interface Parts {
  /** Name to base address ("http://127.0.0.1:1234/v1"). The first one serves "support-chat" as "provider-model". */
  readonly providers: Readonly<Record<string, string>>;
  readonly provider?: Partial<Provider>;
  readonly targets?: Route["rules"][number]["targets"];
  readonly routes?: Readonly<Record<string, Partial<Route>>>;
  /** Beside "test/key", which every provider uses unless told otherwise. */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly callers?: Readonly<Record<string, Partial<Caller>>>;
  /** Of a sidecar; it stays the same when another snapshot is applied. */
  readonly localCaller?: Caller;
  /** Of the listener, and so of its address; it stays the same too. */
  readonly certificate?: ServingCertificate;
  /** For what callers name by URL; those of production unless told, which let nobody in here. */
  readonly mediaRules?: MediaRules;
  readonly settings?: Partial<Omit<Settings, "limits" | "stream">> & { limits?: Partial<Settings["limits"]>; stream?: Partial<Settings["stream"]> };
}

export const timeouts = { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 };

export const snapshotOf = (parts: Parts): Snapshot => {
  const ids = Object.keys(parts.providers).map((name) => `test/${name}`);
  const targets = parts.targets ?? ids.map((provider, priority) => ({ name: provider.slice(5), provider, model: "provider-model", weight: 1, priority }));
  const route = (differences: Partial<Route>): Route => ({
    models: [{ match: "exact", name: "support-chat" }], access: {}, rules: [{ name: "all", targets }], timeouts: {}, ...differences,
  });
  return {
    format: FORMAT,
    gateway: "default",
    settings: {
      ...defaultSettings,
      privateRanges: ["127.0.0.0/8"],
      ...parts.settings,
      limits: { ...defaultSettings.limits, eventLoopLagMsMax: 0, ...parts.settings?.limits },
      stream: { ...defaultSettings.stream, ...parts.settings?.stream },
    },
    providers: Object.fromEntries(Object.entries(parts.providers).map(([name, url]) => [`test/${name}`, provider(url, parts.provider)])),
    routes: Object.fromEntries(Object.entries(parts.routes ?? { chat: {} }).map(([name, differences]) => [`test/${name}`, route(differences)])),
    callers: Object.fromEntries(Object.entries(parts.callers ?? { [KEY]: {} }).map(([key, caller]) => [
      hash("sha256", key, "hex"), { name: "test/caller", namespace: "test", ...caller },
    ])),
    credentials: Object.fromEntries(Object.entries({ "test/key": PROVIDER_KEY, ...parts.credentials }).map(([id, secret]) => [id, new Secret(secret)])),
  };
};

const provider = (url: string, differences: Partial<Provider> = {}): Provider => ({
  type: "openai-compatible",
  endpoints: [{ url, priority: 0, weight: 1 }],
  network: "private",
  auth: { scheme: "api-key", keys: [{ name: "only", credential: "test/key", weight: 1 }] },
  timeouts,
  models: {},
  ...differences,
});

export interface GatewayDouble {
  /** "http://127.0.0.1:1234" */
  readonly url: string;
  readonly port: number;
  readonly server: GatewayServer;
  readonly telemetry: Telemetry;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  apply(parts: Parts): void;
  /** One parsed object per finished request so far. */
  lines(): Promise<Record<string, unknown>[]>;
  /** Everything that was logged so far, as the bytes stood in the log. */
  logged(): Promise<string>;
  /** Resolves with the lines when `count` requests are over. */
  settled(count: number): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Without parts it has no snapshot yet. */
export const startGateway = async (parts: Parts | null, clock: Clock = systemClock, random: () => number = () => 0.5, requestTimeoutMs = 300_000): Promise<GatewayDouble> => {
  const deadlines = new Deadlines(clock);
  const written: string[] = [];
  const take = (bytes: Uint8Array): void => void written.push(Buffer.from(bytes).toString());
  const sink = { write: (bytes: Uint8Array, done: (error: Error | null) => void) => { take(bytes); done(null); }, writeNow: (bytes: Uint8Array) => { take(bytes); return true; } };
  const telemetry = await startTelemetry({ clock, sink, build: "test" });
  const store = new MemoryStore(clock);
  const server = await startServer({ host: "127.0.0.1", port: 0, reusePort: false, clock, deadlines, telemetry, store, build: "test", random, requestTimeoutMs, localCaller: parts?.localCaller, certificate: parts?.certificate, mediaRules: parts?.mediaRules });
  const apply = (next: Parts): void => {
    const snapshot = snapshotOf(next);
    const problems = server.apply(snapshot, snapshotVersion(snapshot));
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
  };
  if (parts !== null) apply(parts);
  const logged = async (): Promise<string> => {
    await telemetry.flush();
    return written.join("");
  };
  const lines = async (): Promise<Record<string, unknown>[]> => {
    const text = await logged();
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => "status" in line);
  };
  return {
    url: `http${parts?.certificate === undefined ? "" : "s"}://127.0.0.1:${server.port}`,
    port: server.port,
    server, telemetry, deadlines, clock, apply, logged, lines,
    settled: async (count) => {
      for (;;) {
        const found = await lines();
        if (found.length >= count) return found;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close: async () => {
      await server.close();
      await telemetry.close();
      await store.close();
      deadlines.close();
    },
  };
};
