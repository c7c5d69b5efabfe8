// One data plane process: settings → last good snapshot → server → feed; SIGTERM → drain → exit.
// It only wires: what each part does stands in the part. The maker of the clock, of chance and of the log.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { UnusableCertificate, watchCertificate, type CertificateWatch } from "./certificate.ts";
import { systemClock as clock } from "./clock.ts";
import { Deadlines } from "./deadlines.ts";
import { startFeed, type Feed } from "./feed/connect.ts";
import { Current, type Held } from "./feed/current.ts";
import { Journal } from "./feed/journal.ts";
import { makeKey, openLastGood, type LastGood } from "./feed/last-good.ts";
import { startServer, type GatewayServer } from "./server.ts";
import { build, readSettings, type ProcessSettings } from "./settings.ts";
import { KEY_BYTES } from "./snapshot/sealed.ts";
import { MemoryStore } from "./state/memory.ts";
import { fileSink, startAdmin, startTelemetry, type Admin, type Telemetry } from "./telemetry/index.ts";

interface Running {
  readonly telemetry: Telemetry;
  readonly server: GatewayServer;
  readonly feed: Feed;
  readonly admin: Admin;
  readonly lastGood: LastGood | undefined;
  readonly deadlines: Deadlines;
  readonly certificate: CertificateWatch | undefined;
}

const STDOUT = 1;
const ONE_WISH_MS = 500;
/** So long a pod's other containers may be kept waiting for a first configuration; without one they must start too. */
const START_MS_MAX = 10_000;

const start = async (settings: ProcessSettings): Promise<Running> => {
  const telemetry = await startTelemetry({ clock, sink: fileSink(STDOUT, clock), build, traces: settings.traces });
  process.once("exit", () => telemetry.flushNow());
  const say = (message: string): void => telemetry.log.info("feed", { message });
  const lastGood = await openLastGoodOf(settings, say);
  const held = await lastGood?.load();
  const deadlines = new Deadlines(clock);
  const certificate = await certificateOf(settings, telemetry);
  const { host, port, reusePort, localCaller } = settings;
  const server = await startServer({ host, port, reusePort, certificate, clock, deadlines, telemetry, store: new MemoryStore(clock), build, random: Math.random, localCaller });
  const current = currentOf(settings, server, telemetry, lastGood);
  if (held !== undefined) restore(current, held, say);
  const feed = startFeedOf(settings, current, say);
  observe(telemetry, server, feed);
  const startTick = clock.tick();
  const isStarted = (): boolean => server.isReady() || clock.tick() - startTick >= START_MS_MAX;
  const admin = await startAdmin({ host: settings.adminHost, port: settings.adminPort, metrics: telemetry.metrics, isStarted, notReady: () => whyNotReady(server), snapshot: () => inForce(server) });
  telemetry.log.info("started", { build, scheme: certificate === undefined ? "http" : "https", host, port: server.port, adminPort: admin.port, gateway: settings.gateway, pod: settings.pod, version: server.version });
  return { telemetry, server, feed, admin, lastGood, deadlines, certificate };
};

const certificateOf = async ({ tls }: ProcessSettings, { log, metrics }: Telemetry): Promise<CertificateWatch | undefined> => {
  if (tls === undefined) return undefined;
  const certificate = await watchCertificate({
    ...tls,
    clock,
    onTaken: (message) => log.info("certificate", { message }),
    onRefused: (message) => {
      metrics.count("llmgw_listener_certificates_refused_total");
      log.error("certificate", { message });
    },
  });
  metrics.watch("llmgw_listener_certificate_end_timestamp_seconds", () => certificate.current().endsAt / 1000);
  return certificate;
};

const openLastGoodOf = async ({ lastGood, gateway }: ProcessSettings, say: (message: string) => void): Promise<LastGood | undefined> => {
  if (lastGood === undefined) return undefined;
  if (lastGood.isKeyMade) await makeKey(lastGood.keyFile);
  const key = await readFile(lastGood.keyFile);
  if (key.length !== KEY_BYTES) throw new Error(`the key in ${lastGood.keyFile} has ${key.length} bytes; it must have ${KEY_BYTES}`);
  return openLastGood({ file: lastGood.file, key, gateway, say });
};

const currentOf = ({ gateway }: ProcessSettings, server: GatewayServer, { metrics, log }: Telemetry, lastGood: LastGood | undefined): Current =>
  new Current({
    gateway,
    apply: (snapshot, version) => {
      const problems = server.apply(snapshot, version);
      metrics.count(problems.length === 0 ? "llmgw_snapshots_applied_total" : "llmgw_snapshots_refused_total");
      if (problems.length === 0) log.info("snapshot", { version });
      return problems;
    },
    keep: (held) => lastGood?.keep(held),
  });

const restore = (current: Current, held: Held, say: (message: string) => void): void => {
  const problems = current.restore(held);
  if (problems.length === 0) say(`serving the last good snapshot ${held.version} until the operator answers`);
  else say(`the last good snapshot is ignored: ${problems.map(({ object, path, message }) => `${object} ${path} ${message}`).join("; ")}`);
};

const startFeedOf = (settings: ProcessSettings, current: Current, say: (message: string) => void): Feed => {
  const { pod, uid, gateway, feedTokenFile } = settings;
  return startFeed({
    address: settings.feed,
    identity: { pod, uid, boot: randomUUID(), gateway, build },
    current,
    journal: new Journal(() => clock.tick()),
    token: async () => (feedTokenFile === undefined ? undefined : (await readFile(feedTokenFile, "utf8")).trim()),
    clock,
    random: Math.random,
    retryMsMax: settings.feedRetryMsMax,
    say,
  });
};

const observe = ({ metrics }: Telemetry, server: GatewayServer, feed: Feed): void => {
  const reconnects = metrics.counterSlot("llmgw_feed_reconnects_total");
  metrics.watch("llmgw_feed_connected", () => (feed.state().isConnected ? 1 : 0));
  metrics.watch("llmgw_snapshot_info", () => (server.version === "" ? [] : [{ values: [server.version], value: 1 }]));
  metrics.watch("llmgw_open_requests", () => server.openRequests());
  metrics.watch("llmgw_open_requests_max", () => server.snapshot()?.settings.limits.concurrentRequestsMax ?? []);
  metrics.beforeScrape(() => {
    reconnects.value = Math.max(0, feed.state().connects - 1);
  });
};

const whyNotReady = (server: GatewayServer): string[] => {
  if (server.isDraining()) return ["it is shutting down"];
  return server.isReady() ? [] : ["it has no snapshot yet"];
};

const inForce = (server: GatewayServer) => {
  const snapshot = server.snapshot();
  return snapshot === null ? null : { version: server.version, snapshot };
};

// New requests go elsewhere first, open ones finish; the operator is told last, so that it sees us to the end.
const stop = async ({ telemetry, server, feed, admin, lastGood, deadlines, certificate }: Running, cause: string): Promise<void> => {
  telemetry.log.info("draining", { cause, openRequests: server.openRequests() });
  await server.drain();
  await feed.close();
  await lastGood?.settled();
  await server.close();
  certificate?.close();
  deadlines.close();
  await admin.close();
  telemetry.log.info("stopped", { cause, openRequests: server.openRequests() });
  await telemetry.close();
};

const fail = (message: string): never => {
  process.stderr.write(`llm-gateway data plane: ${message}\n`);
  process.exit(1);
};

const words = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UnusableCertificate) return error.message;
  const isTaken = "code" in error && error.code === "EADDRINUSE";
  return isTaken ? `${error.message}; choose another port with LLMGW_PORT or LLMGW_ADMIN_PORT` : (error.stack ?? error.message);
};

const main = async (): Promise<void> => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 24 || (major === 24 && minor < 12)) fail(`this is Node ${process.versions.node}; it needs 24.12 or newer. "npm ci" brings one: node_modules/.bin/node`);
  const { settings, problems } = readSettings();
  if (settings === undefined) return fail(problems.join("\n"));
  const running = await start(settings).catch((error: unknown) => fail(words(error)));
  process.on("uncaughtException", (error) => {
    running.telemetry.log.error("uncaught", { error });
    running.telemetry.flushNow();
    fail(words(error));
  });
  let stopTick: number | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      // Asked twice: at once. What comes at the same moment by way of a parent is one wish.
      if (stopTick !== undefined && clock.tick() - stopTick >= ONE_WISH_MS) process.exit(1);
      if (stopTick !== undefined) return;
      stopTick = clock.tick();
      void stop(running, signal).then(() => process.exit(0), (error: unknown) => fail(words(error)));
    });
  }
};

await main();
