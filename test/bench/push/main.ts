// node test/bench/push/main.ts --planes 100 --routes 1000: how long an edit takes to every data plane, what a storm of
// reconnects takes, and what the operator needs for it. Most data planes are light ones; a few are the real process.
// The world of the default size has goals: what misses one is said, and the exit code is 1; --write adds a row to results.md.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { issueLeaf, makeAuthority } from "../../../operator/publish/issue.ts";
import { quantile, short } from "../numbers.ts";
import { Child, type Edited } from "./commands.ts";
import { judge, rowOf, writeRow, type Figures } from "./goals.ts";

const { values: flags } = parseArgs({
  options: {
    planes: { type: "string", default: "100" },
    routes: { type: "string", default: "1000" },
    edits: { type: "string", default: "50" },
    real: { type: "string", default: "2" },
    processes: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const [planes, routes, edits, real, processes] = [flags.planes, flags.routes, flags.edits, flags.real, flags.processes].map(Number) as [number, number, number, number, number];

/** As in its image, with the memory limit that the chart has: 40 % of 512 MiB. */
const OPERATOR_FLAGS = ["--max-semi-space-size=8", "--max-old-space-size=205", "--heap-growing-percent=40"];
const DAY_MS = 86_400_000;
const ENTRY = join(import.meta.dirname, "../../../dataplane/main.ts");
const folder = mkdtempSync(join(tmpdir(), "llm-gateway-push-"));
const caFile = join(folder, "ca.crt");
const children: Child[] = [];
const realPlanes: ChildProcess[] = [];

const since = (from: number): number => performance.now() - from;

const startReal = (index: number, port: number): void => {
  const pod = `real-${index}`;
  const tokenFile = join(folder, `${pod}.token`);
  const keyFile = join(folder, `${pod}.key`);
  writeFileSync(tokenFile, `head.payload.${pod}`);
  writeFileSync(keyFile, randomBytes(32));
  const environment = {
    LLMGW_FEED: `https://127.0.0.1:${port}`, LLMGW_FEED_CA_FILE: caFile, LLMGW_FEED_TOKEN_FILE: tokenFile, LLMGW_POD: pod, LLMGW_POD_UID: `uid-${pod}`,
    LLMGW_PORT: "0", LLMGW_ADMIN_PORT: "0", LLMGW_LAST_GOOD_FILE: join(folder, `${pod}.last-good`), LLMGW_LAST_GOOD_KEY_FILE: keyFile,
  };
  const log = openSync(join(folder, `${pod}.log`), "w");
  realPlanes.push(spawn(process.execPath, [ENTRY], { stdio: ["ignore", log, log], env: { ...process.env, ...environment } }));
};

const startOperator = async (leaf: { certificate: string; key: string }, port: number, epoch: number, editsBefore: number): Promise<{ operator: Child; port: number }> => {
  const operator = new Child("operator.ts", OPERATOR_FLAGS, { MALLOC_ARENA_MAX: "1" });
  children.push(operator);
  const up = await operator.ask({ type: "operator", start: { port, routes, edits: editsBefore, epoch, cert: leaf.certificate, key: leaf.key } }, "up");
  return { operator, port: up.port };
};

const startLight = async (port: number): Promise<void> => {
  const light = planes - real;
  for (let index = 0; index < processes; index += 1) {
    const first = Math.floor((light * index) / processes);
    const child = new Child("planes.ts");
    children.push(child);
    await child.ask({ type: "planes", start: { url: `https://127.0.0.1:${port}`, caFile, first, count: Math.floor((light * (index + 1)) / processes) - first } }, "up");
  }
};

const print = (what: string, ...figures: readonly string[]): void => console.log(`${what.padEnd(34)} ${figures.join("   ")}`);

const spreadOf = (samples: readonly number[]): string =>
  `p50 ${short(quantile(samples, 0.5))} ms   p99 ${short(quantile(samples, 0.99))} ms   max ${short(Math.max(...samples))} ms`;

const measureEdits = async (operator: Child): Promise<Pick<Figures, "appliedMs" | "compileMs" | "toldMs">> => {
  const telling = performance.now();
  const { writes } = await operator.ask({ type: "tell" }, "told");
  print(`first status of all`, `${writes} writes in ${short(since(telling) / 1000)} s`);
  const before = await operator.ask({ type: "usage" }, "usage");
  const samples: Edited[] = [];
  for (let edit = 0; edit < edits; edit += 1) samples.push((await operator.ask({ type: "edit", planes }, "edited")).edited);
  const after = await operator.ask({ type: "usage" }, "usage");
  print(`${edits} edits, to all acked`, spreadOf(samples.map(({ totalMs }) => totalMs)));
  print("  of that: compile", spreadOf(samples.map(({ compileMs }) => compileMs)));
  print("  of that: publish", spreadOf(samples.map(({ publishMs }) => publishMs)));
  print("  of that: until all answered", spreadOf(samples.map(({ answersMs }) => answersMs)));
  print("  and until its status says so", spreadOf(samples.map(({ toldMs }) => toldMs)));
  print("  operator's CPU for each", `${short((after.usage.cpuMs - before.usage.cpuMs) / edits)} ms`);
  return { appliedMs: samples.map(({ totalMs }) => totalMs), compileMs: samples.map(({ compileMs }) => compileMs), toldMs: samples.map(({ toldMs }) => toldMs) };
};

/** Resolves to the most memory that it ever held, in MiB. */
const printUsage = async (operator: Child, what: string): Promise<number> => {
  const { usage } = await operator.ask({ type: "usage" }, "usage");
  print(what, `RSS ${short(usage.rssMiB)} MiB   peak ${short(usage.peakRssMiB)} MiB   heap ${short(usage.heapMiB)} MiB   CPU ${short(usage.cpuMs / 1000)} s`);
  return usage.peakRssMiB;
};

const run = async (): Promise<Figures> => {
  const span = { from: Date.now() - DAY_MS, to: Date.now() + DAY_MS };
  const authority = await makeAuthority("bench", span);
  writeFileSync(caFile, authority.certificate);
  const leaf = await issueLeaf(authority, ["127.0.0.1"], span);
  const first = await startOperator(leaf, 0, 1, 0);
  await printUsage(first.operator, "operator before anybody connects");
  const from = performance.now();
  await startLight(first.port);
  for (let index = 0; index < real; index += 1) startReal(index, first.port);
  const { objects } = await first.operator.ask({ type: "settle", planes }, "settled");
  const syncMs = since(from);
  print(`first sync of ${planes}, ${objects} objects`, `${short(syncMs)} ms, processes of data planes starting meanwhile`);
  await printUsage(first.operator, "operator after the first sync");
  const edited = await measureEdits(first.operator);
  const mostMiB = await printUsage(first.operator, "operator after the edits");
  await first.operator.kill();
  const second = await startOperator(leaf, first.port, 2, edits);
  const storm = performance.now();
  await second.operator.ask({ type: "settle", planes }, "settled");
  const stormMs = since(storm);
  print(`storm: ${planes} back after a kill`, `${short(stormMs)} ms from the new operator's first listening`);
  return { ...edited, syncMs, stormMs, memoryMiB: Math.max(mostMiB, await printUsage(second.operator, "operator after the storm")) };
};

try {
  const figures = await run();
  const missed = judge(figures);
  for (const words of missed) print("goal missed", words);
  if (missed.length === 0) print("goals", "all met");
  if (flags.write) writeRow(rowOf({ planes, routes, edits }, figures));
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  for (const plane of realPlanes) plane.kill("SIGKILL");
  await Promise.all(children.map((child) => child.end()));
  rmSync(folder, { recursive: true, force: true });
}
