// The operator on a cluster: settings → connection → watch → lease → reconcile → publish. Reads signals, makes clock and log, ends with a code.
// 0: as asked. 1: it cannot go on here, or no longer leads; whoever started it starts it again. 2: what it was told is wrong.
import { enableCompileCache } from "node:module";
import { systemClock } from "./clock.ts";
import { makeLog } from "./cluster/log.ts";
import { dryRunCluster, runCluster } from "./cluster/run.ts";
import { readClusterSettings } from "./cluster/settings.ts";
import { kubeConnection } from "./kube/connection.ts";
import { build, environment } from "./settings.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Beyond this nobody waits for a clean end. */
const END_MS_MAX = 20_000;

const main = async (words: readonly string[]): Promise<number> => {
  enableCompileCache();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const log = makeLog((line) => void process.stderr.write(line), () => systemClock.now());
  const unknown = words.find((word) => word !== "--dry-run");
  const { settings, problems } = readClusterSettings(environment);
  for (const problem of [...(unknown === undefined ? [] : [`unknown flag ${unknown}; there is --dry-run`]), ...(problems ?? [])]) log.error("settings", problem);
  if (settings === undefined || unknown !== undefined) return EXIT_USAGE;

  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  stop.signal.addEventListener("abort", () => systemClock.after(END_MS_MAX, () => process.exit(EXIT_FAILED)), { once: true });
  const connection = await kubeConnection(() => systemClock.tick());
  const surroundings = { connection, namespace: settings.namespace ?? connection.namespace, clock: systemClock, random: Math.random, log, stop: stop.signal };
  if (words.includes("--dry-run")) {
    for (const line of await dryRunCluster(settings, surroundings)) process.stdout.write(`${line}\n`);
    return 0;
  }
  log.info("operator", "starts", { build, pod: settings.pod, namespace: surroundings.namespace, server: connection.server, scope: settings.namespaces ?? "all" });
  const ending = await runCluster(settings, surroundings);
  log.info("operator", "has ended", { ending });
  return ending === "ended" ? 0 : EXIT_FAILED;
};

// What is left open after the end, such as a watch that does not notice, must not keep the process.
process.exit(await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${JSON.stringify({ time: new Date(systemClock.now()).toISOString(), level: "error", part: "operator", message: error instanceof Error ? (error.stack ?? error.message) : String(error) })}\n`);
  return EXIT_FAILED;
}));
