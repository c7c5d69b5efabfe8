// One kept process with real, tiny children and a fake clock: started again, taken over, ended.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { isAlive } from "../../../operator/standalone/alive.ts";
import { KeptProcess } from "../../../operator/standalone/kept-process.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { until } from "../../feed/ends.ts";

const never = new AbortController().signal;

const keep = (script = "sleep 60") => {
  const clock = fakeClock();
  const said: string[] = [];
  const noted: (number | undefined)[] = [];
  const children: ChildProcess[] = [];
  const start = (): ChildProcess => {
    const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    children.push(child);
    return child;
  };
  const kept = new KeptProcess({ name: "it", start, note: (pid) => noted.push(pid), lastWords: () => "oh", clock, say: (message) => said.push(message) });
  onTestFinished(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  return { clock, said, noted, children, kept, start };
};

/** Does not end when asked to, and says when it is at that point. */
const keepStubborn = async () => {
  const running = keep("trap '' TERM; echo ready; while :; do sleep 1; done");
  running.kept.start();
  const [child] = running.children;
  if (child?.stdout) await once(child.stdout, "data");
  return running;
};

describe("a kept process", () => {
  test("is started again when it dies, each time after a longer pause, and says so", async () => {
    const { clock, said, noted, children, kept } = keep("exit 3");
    kept.start();
    for (let death = 1; death <= 4; death += 1) {
      await until(() => said.length === death);
      clock.advance(100 * 2 ** (death - 1) - 1);
      expect(children).toHaveLength(death);
      clock.advance(1);
      expect(children).toHaveLength(death + 1);
    }
    expect(said[0]).toBe("it ended (exit code 3); starting it again in 100 ms. Its last words: oh");
    expect(said[3]).toMatch(/in 800 ms/);
    expect(noted.filter((pid) => pid === undefined)).toHaveLength(4);
  });

  test("that lived long is started again after the shortest pause", async () => {
    const { clock, said, children, kept } = keep("sleep 60");
    kept.start();
    clock.advance(60_000);
    children[0]?.kill("SIGKILL");
    await until(() => said.length === 1);
    expect(said[0]).toMatch(/signal SIGKILL.*in 100 ms/);
  });

  test("that cannot be started at all is tried again", async () => {
    const clock = fakeClock();
    const said: string[] = [];
    const kept = new KeptProcess({ name: "it", start: () => spawn("/nowhere/at/all"), note: () => undefined, lastWords: () => "", clock, say: (message) => said.push(message) });
    kept.start();
    await until(() => said.length === 1);
    expect(said[0]).toMatch(/ENOENT.*starting it again in 100 ms$/);
  });

  test("is ended with SIGTERM, and is not started again", async () => {
    const { clock, said, kept } = keep("exec sleep 60");
    kept.start();
    const { pid } = kept;
    await kept.stop(1000, never);
    expect(pid !== undefined && isAlive(pid)).toBe(false);
    expect(said).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("that does not end in time is killed", async () => {
    const { clock, children, kept } = await keepStubborn();
    const stopping = kept.stop(1000, never);
    clock.advance(999);
    expect(children[0]?.signalCode).toBeNull();
    clock.advance(1);
    await stopping;
    expect(children[0]?.signalCode).toBe("SIGKILL");
  });

  test("is killed at once when asked twice", async () => {
    const { children, kept } = await keepStubborn();
    const now = new AbortController();
    const stopping = kept.stop(1_000_000, now.signal);
    now.abort();
    await stopping;
    expect(children[0]?.signalCode).toBe("SIGKILL");
  });

  test("of an earlier run is taken over, watched, and replaced by a child when it dies", async () => {
    const { clock, said, children, kept, start } = keep("exec sleep 60");
    const foreign = start();
    kept.adopt(foreign.pid ?? 0);
    clock.advance(10_000);
    expect(said).toEqual([]);
    foreign.kill("SIGKILL");
    await once(foreign, "exit");
    clock.advance(250);
    expect(said).toEqual(["it ended (nobody saw how); starting it again in 100 ms. Its last words: oh"]);
    clock.advance(100);
    expect(children).toHaveLength(2);
    expect(kept.pid).toBe(children[1]?.pid);
  });

  test("that waits to be started again can be stopped", async () => {
    const { clock, said, children, kept } = keep("exit 1");
    kept.start();
    await until(() => said.length === 1);
    await kept.stop(1000, never);
    clock.advance(100_000);
    expect(children).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
