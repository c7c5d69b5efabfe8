// Starts the bench's processes, each on the core that it is meant for, and stops those that it started.
// The measured ones share a core with nobody; the fake provider and the load generator share the other.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS } from "../../operator/standalone/data-planes.ts";
import { Child } from "./commands.ts";

const MEASURED_CORE = "0";
const OTHER_CORE = "1";

const canPin = availableParallelism() >= 2 && spawnSync("taskset", ["--version"]).error === undefined;

export interface Start {
  readonly name: string;
  readonly file: string;
  readonly isMeasured: boolean;
  readonly arguments?: readonly string[];
}

/** As the product has one. */
const COMPILE_CACHE = join(tmpdir(), "llm-gateway-bench-compile-cache");

export class Processes {
  readonly #folder = mkdtempSync(join(tmpdir(), "llm-gateway-bench-"));
  readonly #running = new Set<Child>();

  /** Lines that a process writes go to a file, as on a node of a cluster. */
  async start(start: Start): Promise<Child> {
    const output = openSync(join(this.#folder, `${start.name}.log`), "w");
    const script = join(import.meta.dirname, start.file);
    const node = [process.execPath, "--expose-gc", ...FLAGS, script, ...(start.arguments ?? [])];
    const pinned = canPin ? ["taskset", "-c", start.isMeasured ? MEASURED_CORE : OTHER_CORE, ...node] : node;
    const [command = "", ...rest] = pinned;
    const child = new Child(start.name, spawn(command, rest, { stdio: ["ignore", output, "inherit", "ipc"], env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE } }));
    closeSync(output);
    this.#running.add(child);
    await child.up();
    return child;
  }

  async stop(child: Child): Promise<void> {
    this.#running.delete(child);
    await child.stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.stop(child)));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
