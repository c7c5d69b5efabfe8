// One process that is kept running: started, taken over from an earlier run, started again when it dies, ended.
// It does not know what the process does, and never signals one whose identity it was not assured of.
import type { ChildProcess } from "node:child_process";
import type { Clock } from "../clock.ts";
import { isAlive } from "./alive.ts";

export interface KeptParts {
  /** "data plane 0". */
  readonly name: string;
  readonly start: () => ChildProcess;
  /** Undefined when it is gone. */
  readonly note: (pid: number | undefined) => void;
  /** The last words of a process that ended, "" for none. */
  readonly lastWords: () => string;
  readonly clock: Pick<Clock, "tick" | "after">;
  readonly say: (message: string) => void;
}

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
/** Whoever lived this long was not broken from the start. */
const LIVED_MS = 30_000;
const LOOK_MS = 250;

/*
 * idle ── start ──▶ running ── it ends ──▶ pausing ── 100 ms, doubled each time ──▶ running
 *   └── adopt ──▶ running (not our child: looked at, four times a second)
 * any ── stop: SIGTERM, after the grace SIGKILL ──▶ stopped
 */
export class KeptProcess {
  readonly #parts: KeptParts;
  #pid: number | undefined;
  #failures = 0;
  #startedTick = 0;
  #isRunning = false;
  #isStopping = false;
  #cancel = (): void => undefined;
  #onEnded: (() => void)[] = [];

  constructor(parts: KeptParts) {
    this.#parts = parts;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  start(): void {
    if (this.#isRunning || this.#isStopping) return;
    this.#isRunning = true;
    this.#startedTick = this.#parts.clock.tick();
    const child = this.#parts.start();
    child.once("error", (error) => this.#ended(error.message));
    child.once("exit", (code, signal) => this.#ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    this.#pid = child.pid;
    if (child.pid !== undefined) this.#parts.note(child.pid);
  }

  /** The caller has made sure that this process is what it should be. */
  adopt(pid: number): void {
    this.#cancel();
    this.#pid = pid;
    this.#isRunning = true;
    this.#startedTick = this.#parts.clock.tick();
    const look = (): void => {
      if (!isAlive(pid)) return this.#ended("nobody saw how");
      this.#cancel = this.#parts.clock.after(LOOK_MS, look);
    };
    look();
  }

  /** Resolves when it is gone. */
  async stop(graceMs: number, now: AbortSignal): Promise<void> {
    this.#isStopping = true;
    const pid = this.#pid;
    if (pid === undefined) {
      this.#cancel();
      return;
    }
    const ended = new Promise<void>((resolve) => this.#onEnded.push(resolve));
    const kill = (): void => signal(pid, "SIGKILL");
    signal(pid, "SIGTERM");
    const cancel = this.#parts.clock.after(graceMs, kill);
    now.addEventListener("abort", kill, { once: true });
    if (now.aborted) kill();
    await ended;
    cancel();
    now.removeEventListener("abort", kill);
  }

  #ended(cause: string): void {
    if (!this.#isRunning) return;
    const { clock, name, note, say } = this.#parts;
    this.#isRunning = false;
    this.#pid = undefined;
    note(undefined);
    for (const resolve of this.#onEnded.splice(0)) resolve();
    if (this.#isStopping) return;
    this.#failures = clock.tick() - this.#startedTick >= LIVED_MS ? 0 : this.#failures + 1;
    const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.max(0, this.#failures - 1));
    const lastWords = this.#parts.lastWords();
    say(`${name} ended (${cause}); starting it again in ${pauseMs} ms${lastWords === "" ? "" : `. Its last words: ${lastWords}`}`);
    this.#cancel = clock.after(pauseMs, () => this.start());
  }
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
};
