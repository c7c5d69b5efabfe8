// The cases: what is sent, what is measured, what the goal is. Each takes one measurement of one subject.
// It does not compare; rounds and ratios are main.ts's.
import { CHUNKS_PER_STREAM, type Answering } from "./answering.ts";
import type { BodyName } from "./bodies.ts";
import type { Child, Usage } from "./commands.ts";
import type { LoadResult, LoadSpec } from "./load.ts";
import { median, quantile } from "./numbers.ts";

/** What takes requests: the gateway, a control, or the provider itself ("direct", which has no cost of its own). */
export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly child: Child | null;
}

export interface Bench {
  readonly load: Child;
  readonly provider: Child;
  readonly pause: (ms: number) => Promise<void>;
  /** 1 for the ordinary length of a measurement, less for a quick run. */
  readonly scale: number;
  /** A subject of its own, fresh, for what is measured from its birth. */
  readonly fresh: (name: string) => Promise<Subject>;
  readonly stop: (subject: Subject) => Promise<void>;
}

export type Figures = Readonly<Record<string, number>>;

export interface Case {
  readonly name: string;
  readonly help: string;
  readonly subjects: readonly string[];
  /** The figure that is put in relation to the raw control's. */
  readonly figure: string;
  readonly relation: "ratio" | "difference" | "absolute";
  readonly unit: string;
  readonly goal: number;
  /** Which subject stands in the gateway's place; absent: the gateway itself. */
  readonly tested?: string;
  /** Rounds at most; for cases that start processes of their own. */
  readonly roundsMax?: number;
  measure(bench: Bench, subject: Subject): Promise<Figures>;
}

const CONNECTIONS = 64;
const PACED_STREAMS = 20;
const CALM_CONNECTIONS = 4;
const CALM_PER_SECOND = 20;
const IDLE_STREAMS = 1000;
const EDIT_EVERY_MS = 200;
const MB = 1_048_576;

const usageOf = async (subject: Subject): Promise<Usage> => (subject.child === null ? { cpuMicros: 0, rssBytes: 0 } : subject.child.ask<Usage>("usage"));

const prepare = async (bench: Bench, answering: Answering, spec: LoadSpec): Promise<void> => {
  await bench.provider.ask("answer", answering);
  await bench.load.ask("prepare", spec);
};

const checked = (subject: Subject, result: LoadResult): LoadResult => {
  if (result.failures > 0) throw new Error(`${subject.name}: ${result.failures} of ${result.requests} requests failed; the first: ${result.firstFailure}`);
  return result;
};

const saturated = async (bench: Bench, subject: Subject, durationMs: number): Promise<{ result: LoadResult; cpuMicros: number; rssBytes: number }> => {
  const before = await usageOf(subject);
  const result = checked(subject, await bench.load.ask<LoadResult>("saturate", durationMs * bench.scale));
  const after = await usageOf(subject);
  return { result, cpuMicros: after.cpuMicros - before.cpuMicros, rssBytes: after.rssBytes };
};

const saturatedCase = (name: string, body: BodyName, goal: number, answering: Answering = "json"): Case => ({
  name,
  help: `${body} request, 1 KB reply, ${CONNECTIONS} connections, as fast as it goes: CPU µs per request`,
  subjects: ["raw", "floor", "gateway"],
  figure: "cpu",
  relation: "ratio",
  unit: "µs/request",
  goal,
  measure: async (bench, subject) => {
    await prepare(bench, answering, { port: subject.port, body, isStreaming: false, connections: CONNECTIONS });
    const { result, cpuMicros, rssBytes } = await saturated(bench, subject, 2000);
    await bench.load.ask("release");
    return {
      cpu: cpuMicros / result.requests,
      rps: result.requests / result.seconds,
      p50: quantile(result.totalMs, 0.5),
      p99: quantile(result.totalMs, 0.99),
      busy: cpuMicros / 1e6 / result.seconds,
      rssMb: rssBytes / MB,
    };
  },
});

const burstsCase = (name: string, goal: number, answering: Answering): Case => ({
  name,
  help: `streams of ${CHUNKS_PER_STREAM} chunks, ten at a time, ${CONNECTIONS} at once: CPU µs per chunk`,
  subjects: ["raw", "floor", "gateway"],
  figure: "cpu",
  relation: "ratio",
  unit: "µs/chunk",
  goal,
  measure: async (bench, subject) => {
    await prepare(bench, answering, { port: subject.port, body: "1 KB", isStreaming: true, connections: CONNECTIONS });
    const { result, cpuMicros, rssBytes } = await saturated(bench, subject, 2000);
    await bench.load.ask("release");
    return {
      cpu: cpuMicros / (result.requests * CHUNKS_PER_STREAM),
      streamsPerSecond: result.requests / result.seconds,
      firstByteP50: quantile(result.firstByteMs, 0.5),
      busy: cpuMicros / 1e6 / result.seconds,
      rssMb: rssBytes / MB,
    };
  },
});

const paced: Case = {
  name: "stream paced",
  help: `${PACED_STREAMS} open streams, 400 chunks a second in all, one at a time: CPU µs per chunk`,
  subjects: ["raw", "floor", "gateway"],
  figure: "cpu",
  relation: "ratio",
  unit: "µs/chunk",
  goal: 1.2,
  measure: async (bench, subject) => {
    await prepare(bench, "paced", { port: subject.port, body: "1 KB", isStreaming: true, connections: PACED_STREAMS });
    await bench.load.ask("hold");
    await bench.pause(500 * bench.scale);
    const [before, eventsBefore] = [await usageOf(subject), await bench.load.ask<number>("events")];
    await bench.pause(5000 * bench.scale);
    const [after, eventsAfter] = [await usageOf(subject), await bench.load.ask<number>("events")];
    await bench.load.ask("release");
    const chunks = eventsAfter - eventsBefore;
    return { cpu: (after.cpuMicros - before.cpuMicros) / chunks, chunksPerSecond: chunks / (5 * bench.scale) };
  },
};

const calm = (name: string, isStreaming: boolean): Case => ({
  name,
  help: `${CALM_PER_SECOND} ${isStreaming ? "streams" : "1 KB requests"} a second: ${isStreaming ? "time to the first byte" : "time in all"}, p50, less the same without anything between`,
  subjects: ["direct", "raw", "gateway"],
  figure: "p50",
  relation: "difference",
  unit: "ms",
  goal: 0.2,
  measure: async (bench, subject) => {
    await prepare(bench, isStreaming ? "calm" : "json", { port: subject.port, body: "1 KB", isStreaming, connections: CALM_CONNECTIONS });
    const result = checked(subject, await bench.load.ask<LoadResult>("trickle", { durationMs: 5000 * bench.scale, perSecond: CALM_PER_SECOND }));
    await bench.load.ask("release");
    const samples = isStreaming ? result.firstByteMs : result.totalMs;
    return { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) };
  },
});

// From a fresh process, so that memory left over from other cases neither hides nor adds anything.
const idleStreams: Case = {
  name: "open streams",
  help: "memory per stream of 1,000 that are open and silent, of a fresh process that has served before",
  subjects: ["raw", "gateway"],
  figure: "kbPerStream",
  relation: "absolute",
  unit: "KB",
  goal: 60,
  roundsMax: 3,
  measure: async (bench, { name }) => {
    const subject = await bench.fresh(name);
    await prepare(bench, "json", { port: subject.port, body: "1 KB", isStreaming: false, connections: CONNECTIONS });
    await saturated(bench, subject, 1500);
    await bench.load.ask("release");
    const before = await settledRss(bench, subject);
    await prepare(bench, "idle", { port: subject.port, body: "1 KB", isStreaming: true, connections: IDLE_STREAMS });
    await bench.load.ask("hold");
    const after = await settledRss(bench, subject);
    await bench.load.ask("release");
    await bench.stop(subject);
    return { kbPerStream: (after - before) / 1024 / IDLE_STREAMS, rssMb: after / MB };
  },
};

const settledRss = async (bench: Bench, subject: Subject): Promise<number> => {
  await bench.pause(700);
  await subject.child?.ask("collectGarbage");
  await bench.pause(300);
  return (await usageOf(subject)).rssBytes;
};

const idleProcess: Case = {
  name: "idle process",
  help: "memory of a fresh process with its snapshot, after one request and a few quiet seconds; CPU while quiet",
  subjects: ["raw", "gateway"],
  figure: "rssMb",
  relation: "absolute",
  unit: "MB",
  goal: 100,
  roundsMax: 3,
  measure: async (bench, { name }) => {
    const subject = await bench.fresh(name);
    await prepare(bench, "json", { port: subject.port, body: "1 KB", isStreaming: false, connections: 1 });
    await bench.load.ask("once");
    await bench.load.ask("release");
    await bench.pause(2000 * bench.scale);
    const before = await usageOf(subject);
    await bench.pause(3000 * bench.scale);
    const after = await usageOf(subject);
    await bench.stop(subject);
    return { rssMb: after.rssBytes / MB, cpuMillisPerSecond: (after.cpuMicros - before.cpuMicros) / 1000 / (3 * bench.scale) };
  },
};

const edits: Case = {
  name: "edit under load",
  help: `1 KB requests as fast as they go while a route is edited every ${EDIT_EVERY_MS} ms: how long an edit holds the process up; no request may fail`,
  subjects: ["gateway"],
  figure: "applyMs",
  relation: "absolute",
  unit: "ms",
  goal: 10,
  measure: async (bench, subject) => {
    const durationMs = 2000 * bench.scale;
    await prepare(bench, "json", { port: subject.port, body: "1 KB", isStreaming: false, connections: CONNECTIONS });
    const loading = bench.load.ask<LoadResult>("saturate", durationMs);
    const applyMs: number[] = [];
    for (let edition = 1; edition < durationMs / EDIT_EVERY_MS; edition += 1) {
      await bench.pause(EDIT_EVERY_MS);
      applyMs.push((await subject.child?.ask<number>("edit", edition)) ?? 0);
    }
    const result = checked(subject, await loading);
    await bench.load.ask("release");
    return { applyMs: median(applyMs), applyMsMax: Math.max(...applyMs), edits: applyMs.length, p99: quantile(result.totalMs, 0.99), requests: result.requests };
  },
};

/** Clients speak Chat, the provider Anthropic Messages; the control relays the same bytes. */
const translated = (test: Case): Case => ({ ...test, subjects: ["raw", "translator"], tested: "translator" });

export const cases: readonly Case[] = [
  saturatedCase("1 KB chat", "1 KB", 1.25),
  saturatedCase("32 KB chat", "32 KB", 1.5),
  saturatedCase("1 MB request", "1 MB", 1.4),
  burstsCase("stream in bursts", 1.1, "burst"),
  paced,
  calm("20/s in all", false),
  calm("20/s first byte", true),
  idleStreams,
  idleProcess,
  edits,
  translated(saturatedCase("Chat to Messages, 1 KB", "1 KB", 1.6, "messages")),
  translated(burstsCase("translated stream", 1.6, "messages-burst")),
];
