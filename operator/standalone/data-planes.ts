// The data planes of a run: one process for each worker, started here or taken over from a run that was killed.
// They are detached, so that they serve on when this process dies; what they serve reaches them by the feed.
import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Clock } from "../clock.ts";
import type { DataPlaneState } from "../publish/sessions.ts";
import { build, childEnvironment, cloudEnvironment } from "../settings.ts";
import { KeptProcess } from "./kept-process.ts";
import { turnOver } from "./log-file.ts";
import { freePort } from "./ports.ts";
import type { ProcessRecord, StateFolder } from "./state.ts";

/** PEM. */
export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface DataPlanesParts {
  readonly state: StateFolder;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly workers: number;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  readonly gateway: string;
  readonly clock: Clock;
  readonly say: (message: string) => void;
}

interface Worker {
  readonly name: string;
  readonly told: Readonly<Record<string, string>>;
  readonly process: KeptProcess;
}

const ENTRY = fileURLToPath(new URL("../../dataplane/main.ts", import.meta.url));
/** Of the engine, as the image has them; the README's decisions say why. A small nursery saves tens of megabytes. */
export const FLAGS = ["--max-semi-space-size=2", "--no-allocation-site-pretenuring", "--heap-growing-percent=200"];
/** How long a process of an earlier run has to say hello; it asks at least once a second. */
const HELLO_MS = 5000;
const RETRY_MS_MAX = 1000;
/** A process of an earlier run that is not wanted drains as long as its own settings say, and this at most. */
const FORMER_STOP_MS_MAX = 120_000;
const LOG_BYTES_MAX = 67_108_864;
const LOG_LOOK_MS = 10_000;
const WORDS_BYTES = 4096;

/*
 * For each worker: nothing of an earlier run ──▶ started
 *   noted by an earlier run and alive ── hello, told the same ──▶ taken over
 *                                     ├── hello, told something else ──▶ ended, then started
 *                                     └── no hello in 5 s ──▶ started beside it, and said so
 */
export class DataPlanes {
  readonly #parts: DataPlanesParts;
  readonly #workers: Worker[] = [];
  /** Of an earlier run, by name: still to say who they are. */
  readonly #former = new Map<string, ProcessRecord>();
  readonly #ending = new Set<KeptProcess>();
  #port = 0;
  #cancelHello = (): void => undefined;
  #cancelLog = (): void => undefined;
  #isPlanned = false;
  #isStopping = false;
  readonly #stopNow = new AbortController();

  constructor(parts: DataPlanesParts) {
    this.#parts = parts;
  }

  get port(): number {
    return this.#port;
  }

  get adminPorts(): number[] {
    return this.#workers.map((worker) => Number(worker.told.LLMGW_ADMIN_PORT));
  }

  get logFiles(): string[] {
    return this.#workers.map(({ name }) => this.#parts.state.file(`${name}.log`));
  }

  /** Whether it is a process of this run, started or taken over: not one that is about to be replaced. */
  isOwn({ pod, uid }: DataPlaneState): boolean {
    return this.#workers.some(({ name, process }) => name === pod && String(process.pid) === uid);
  }

  async start(): Promise<void> {
    const { state, clock } = this.#parts;
    for (const name of state.names().filter((known) => known.startsWith("dataplane-"))) {
      const record = state.living(name);
      if (record === undefined) state.forget(name);
      else this.#former.set(name, record);
    }
    await this.#plan();
    this.#isPlanned = true;
    for (const worker of this.#workers) if (!this.#former.has(worker.name)) worker.process.start();
    if (this.#former.size > 0) this.#cancelHello = clock.after(HELLO_MS, () => this.#giveUpOnFormer());
    this.#cancelLog = clock.after(LOG_LOOK_MS, () => this.#boundLogs());
  }

  /** A data plane said hello: perhaps one that an earlier run left behind. Before `start` is over nobody knows what is wanted. */
  connected({ pod, uid }: DataPlaneState): void {
    if (!this.#isPlanned) return;
    const record = this.#former.get(pod);
    if (record === undefined || String(record.pid) !== uid) return;
    this.#former.delete(pod);
    const worker = this.#workers.find(({ name }) => name === pod);
    if (worker !== undefined && isSame(worker.told, record.told)) {
      worker.process.adopt(record.pid);
      this.#parts.say(`took over ${pod}, process ${record.pid}, which served on meanwhile`);
    } else void this.#replace(pod, record.pid, worker);
  }

  async stop(now: AbortSignal, graceMs: number): Promise<void> {
    this.#isStopping = true;
    if (now.aborted) this.#stopNow.abort();
    now.addEventListener("abort", () => this.#stopNow.abort(), { once: true });
    this.#cancelHello();
    this.#cancelLog();
    await Promise.all([...this.#workers.map(({ process }) => process), ...this.#ending].map((process) => process.stop(graceMs, this.#stopNow.signal)));
  }

  async #plan(): Promise<void> {
    const { state, host, port, adminPort, workers } = this.#parts;
    const before = [...this.#former.values()].map(({ told }) => told.LLMGW_PORT);
    const isHeldByFormer = before.includes(String(port)) || (port === 0 && before.length > 0);
    this.#port = isHeldByFormer ? Number(before[0]) : await freePort(host, port, "--port");
    for (let index = 0; index < workers; index += 1) {
      const name = `dataplane-${index}`;
      const wish = adminPort === 0 ? 0 : adminPort + index;
      const formerPort = this.#former.get(name)?.told.LLMGW_ADMIN_PORT;
      const isKept = formerPort !== undefined && (wish === 0 || formerPort === String(wish));
      const own = isKept ? Number(formerPort) : await freePort("127.0.0.1", wish, "--admin-port");
      const told = this.#told(name, own, state);
      this.#workers.push({ name, told, process: this.#keep(name, told) });
    }
  }

  #told(name: string, adminPort: number, state: StateFolder): Record<string, string> {
    const { tls } = this.#parts;
    return {
      LLMGW_POD: name,
      LLMGW_GATEWAY: this.#parts.gateway,
      LLMGW_HOST: this.#parts.host,
      LLMGW_PORT: String(this.#port),
      LLMGW_REUSE_PORT: String(this.#parts.workers > 1),
      ...(tls !== undefined && { LLMGW_TLS_CERT_FILE: tls.certificateFile, LLMGW_TLS_KEY_FILE: tls.keyFile }),
      LLMGW_ADMIN_HOST: "127.0.0.1",
      LLMGW_ADMIN_PORT: String(adminPort),
      LLMGW_FEED: `unix:${state.socketFile}`,
      LLMGW_FEED_RETRY_MS_MAX: String(RETRY_MS_MAX),
      LLMGW_LAST_GOOD_FILE: state.file(`${name}.last-good`),
      LLMGW_LAST_GOOD_KEY_FILE: state.keyFile(),
    };
  }

  #keep(name: string, told: Readonly<Record<string, string>>): KeptProcess {
    const { state, clock, say } = this.#parts;
    const logFile = state.file(`${name}.log`);
    let logFrom = 0;
    return new KeptProcess({
      name,
      start: () => {
        const log = openSync(logFile, "a", 0o600);
        logFrom = fstatSync(log).size;
        try {
          return spawn(process.execPath, [...FLAGS, ENTRY], { detached: true, stdio: ["ignore", log, log], cwd: state.folder, env: childEnvironment({ ...cloudEnvironment(), ...told }) });
        } finally {
          closeSync(log);
        }
      },
      note: (pid) => (pid === undefined ? state.forget(name) : state.note(name, pid, { ...told, build })),
      lastWords: () => lastWordsIn(logFile, logFrom),
      clock,
      say,
    });
  }

  async #replace(name: string, pid: number, worker: Worker | undefined): Promise<void> {
    const { state, clock, say } = this.#parts;
    say(`ending ${name}, process ${pid} of an earlier run with other settings`);
    const former = new KeptProcess({ name, start: () => spawn(process.execPath, ["--version"]), note: () => state.forget(name), lastWords: () => "", clock, say });
    former.adopt(pid);
    this.#ending.add(former);
    await former.stop(FORMER_STOP_MS_MAX, this.#stopNow.signal);
    this.#ending.delete(former);
    if (!this.#isStopping) worker?.process.start();
  }

  #giveUpOnFormer(): void {
    for (const [name, { pid }] of this.#former) {
      this.#parts.say(`${name}, process ${pid} of an earlier run, does not answer and is left alone`);
      this.#workers.find((worker) => worker.name === name)?.process.start();
    }
    this.#former.clear();
  }

  #boundLogs(): void {
    for (const file of this.logFiles) {
      try {
        if (statSync(file).size > LOG_BYTES_MAX) turnOver(file);
      } catch (error) {
        this.#parts.say(`the log ${file} could not be bounded: ${error instanceof Error ? error.message : ""}`);
      }
    }
    this.#cancelLog = this.#parts.clock.after(LOG_LOOK_MS, () => this.#boundLogs());
  }
}

const isSame = (told: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): boolean => {
  const now: Readonly<Record<string, string>> = { ...told, build };
  const names = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...names].every((name) => now[name] === before[name]);
};

/** What it wrote that is no log line, the last of it: what a process says when it cannot go on. */
const lastWordsIn = (file: string, from: number): string => {
  try {
    const log = openSync(file, "r");
    try {
      const start = Math.max(from, fstatSync(log).size - WORDS_BYTES);
      const bytes = Buffer.alloc(WORDS_BYTES);
      const length = readSync(log, bytes, 0, WORDS_BYTES, start);
      const lines = bytes.subarray(0, length).toString("utf8").split("\n").filter((line) => line.trim() !== "" && !line.startsWith("{"));
      return (lines.find((line) => /Error|llm-gateway/.test(line)) ?? lines.at(-1) ?? "").slice(0, 300);
    } finally {
      closeSync(log);
    }
  } catch {
    return "";
  }
};
