// Ends a run from outside: its own process first, which ends what it started, then whatever a killed run left behind.
// It signals only processes that the state folder vouches for: the number alone may be another's by now.
import type { Clock } from "../clock.ts";
import { Refusal } from "../terminal.ts";
import { isAlive } from "./alive.ts";
import type { StateFolder } from "./state.ts";

export interface EndRunParts {
  readonly state: StateFolder;
  /** Open requests are cut off. */
  readonly isNow: boolean;
  readonly clock: Pick<Clock, "tick" | "sleep">;
  /** Aborted when the person does not want to wait any longer: what was asked to end goes on ending. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

const LOOK_MS = 50;
/** Two signals that come closer to each other are taken for one wish. */
const SECOND_WISH_MS = 700;
/** A data plane drains as long as its own settings say, and this at most. */
const DRAIN_MS_MAX = 120_000;
/** For the run itself, which waits for its data planes and then kills them. */
const RUN_MS_MAX = 180_000;

/** Resolves when nothing runs any more: true if something did. */
export const endRun = async (parts: EndRunParts): Promise<boolean> => {
  const { state, isNow, say } = parts;
  const run = state.run();
  if (run === undefined && (await state.isServed())) throw new Refusal(`a run uses the state folder ${state.folder}, but it is of a version that does not say which process it is; end it where it was started`);
  if (run !== undefined) {
    say(`ending the run, process ${run.pid}${isNow ? "" : ", when open requests are done"}`);
    signal(run.pid, "SIGTERM");
    if (isNow) await askAgain(parts, run.pid);
    if (!(await isGone(parts, run.pid, RUN_MS_MAX))) throw new Refusal(`the run, process ${run.pid}, has not ended yet`);
  }
  const left = state.names().flatMap((name) => {
    const record = state.living(name);
    return record === undefined ? [] : [{ name, pid: record.pid }];
  });
  await Promise.all(left.map((one) => endOne(parts, one)));
  return run !== undefined || left.length > 0;
};

const askAgain = async ({ clock }: EndRunParts, pid: number): Promise<void> => {
  await clock.sleep(SECOND_WISH_MS);
  if (isAlive(pid)) signal(pid, "SIGTERM");
};

const endOne = async (parts: EndRunParts, { name, pid }: { name: string; pid: number }): Promise<void> => {
  const { state, isNow, say } = parts;
  say(`ending ${name}, process ${pid}, which an earlier run left behind${isNow ? "" : ", when open requests are done"}`);
  signal(pid, isNow ? "SIGKILL" : "SIGTERM");
  if (!(await isGone(parts, pid, DRAIN_MS_MAX))) signal(pid, "SIGKILL");
  if (!(await isGone(parts, pid, DRAIN_MS_MAX))) throw new Refusal(`${name}, process ${pid}, has not ended yet`);
  state.forget(name);
};

const isGone = async ({ clock, stop }: EndRunParts, pid: number, withinMs: number): Promise<boolean> => {
  const untilTick = clock.tick() + withinMs;
  while (isAlive(pid)) {
    if (stop.aborted) throw new Refusal(`process ${pid} is still ending`);
    if (clock.tick() >= untilTick) return false;
    await clock.sleep(LOOK_MS);
  }
  return true;
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
};
