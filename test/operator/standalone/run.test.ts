// `llmgw run` end to end, with real processes: what a person sees, and what is lost when parts of it are killed (nothing).
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isAlive } from "../../../operator/standalone/alive.ts";
import { addressOf, chat, eventually, folders, freePort, llmgw, prepared, processesOf, run, writeRoute, type Folders } from "./running.ts";

const CALLER_PAUSE_MS = 10;

const pidOf = (where: Folders, name: string): number => processesOf(where.state).find((known) => known.name === name)?.pid ?? 0;

// Each starts several processes and then mostly waits for them.
describe.concurrent("llmgw run", { timeout: 60_000 }, () => {
  test("follows edits, keeps the last good state of a broken one, and ends everything when asked", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const running = await run(where, "--no-demo");
    const address = await addressOf(running);
    expect(await chat(address, "first")).toBe(200);

    writeRoute(where, "other", "second");
    expect(await running.said("+ route default/other")).toMatch(/^applied in \d+ ms on 1 data plane: \+ route default\/other$/);
    expect(await chat(address, "second")).toBe(200);

    writeFileSync(join(where.manifests, "other.yaml"), readFileSync(join(where.manifests, "other.yaml"), "utf8").replace("models: [second]", "modelz: [third]"));
    expect(await running.said("modelz")).toMatch(/other\.yaml:5: LLMRoute\/default\/other spec\.modelz: unknown field/);
    expect(await chat(address, "second")).toBe(200);
    writeRoute(where, "other", "third");
    await running.said("no longer so: ");
    await running.said("~ route default/other");
    expect([await chat(address, "third"), await chat(address, "second")]).toEqual([200, 404]);

    const pid = pidOf(where, "dataplane-0");
    expect(isAlive(pid)).toBe(true);
    running.child.kill("SIGINT");
    expect(await running.exit).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(processesOf(where.state)).toEqual([]);
  });

  test("loses no request when the operator is killed and comes back", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const first = await run(where, "--no-demo", "--workers", "2");
    const address = await addressOf(first);
    const pids = processesOf(where.state).map(({ pid }) => pid);
    const statuses: number[] = [];
    const over = new AbortController();
    // Steadily, but not as fast as they can: who starts meanwhile needs the machine too.
    const callers = Array.from({ length: 4 }, async () => {
      for (; !over.signal.aborted; await new Promise((resolve) => setTimeout(resolve, CALLER_PAUSE_MS))) statuses.push(await chat(address, "first"));
    });
    await eventually(() => statuses.length > 50, "the first requests");
    first.child.kill("SIGKILL");
    await first.exit;
    const before = statuses.length;
    await eventually(() => statuses.length > before + 50, "requests without an operator");
    // What is edited meanwhile is found by the next operator.
    writeRoute(where, "other", "second");
    const second = await run(where, "--no-demo", "--workers", "2");
    expect(await addressOf(second)).toBe(address);
    await second.said("took over dataplane-0");
    await second.said("took over dataplane-1");
    expect(await chat(address, "second")).toBe(200);
    over.abort();
    await Promise.all(callers);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(processesOf(where.state).map(({ pid }) => pid)).toEqual(pids);
    second.child.kill("SIGTERM");
    expect(await second.exit).toBe(0);
    expect(pids.some(isAlive)).toBe(false);
  });

  test("starts a data plane again that was killed, which serves its last good snapshot; and tells of those that died with the operator", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const first = await run(where, "--no-demo");
    const address = await addressOf(first);
    await eventually(() => existsSync(join(where.state, "dataplane-0.last-good")), "the last good snapshot");
    const pid = pidOf(where, "dataplane-0");
    process.kill(pid, "SIGKILL");
    expect(await first.said("dataplane-0 ended")).toMatch(/^dataplane-0 ended \(signal SIGKILL\); starting it again in 100 ms/);
    await eventually(async () => (await chat(address, "first")) === 200, "an answer of the new one");
    expect(pidOf(where, "dataplane-0")).not.toBe(pid);
    const log = (): string => readFileSync(join(where.state, "dataplane-0.log"), "utf8");
    await eventually(() => log().includes("serving the last good snapshot"), "the line about the last good snapshot");

    first.child.kill("SIGKILL");
    await first.exit;
    const orphan = pidOf(where, "dataplane-0");
    process.kill(orphan, "SIGKILL");
    await eventually(() => !isAlive(orphan), "the end of the data plane");
    const second = await run(where, "--no-demo");
    expect(await chat(await addressOf(second), "first")).toBe(200);
    expect(second.lines.join("\n")).not.toContain("took over");
  });

  test("replaces a data plane that an earlier run left with other settings", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const first = await run(where, "--no-demo");
    await addressOf(first);
    const pid = pidOf(where, "dataplane-0");
    first.child.kill("SIGKILL");
    await first.exit;
    const port = await freePort();
    const second = llmgw(["run", "--manifests", where.manifests, "--state", where.state, "--port", String(port), "--admin-port", "0", "--no-demo"], {}, onTestFinished);
    expect(await addressOf(second)).toBe(`http://127.0.0.1:${port}`);
    expect(second.lines.join("\n")).toMatch(new RegExp(`ending dataplane-0, process ${pid} of an earlier run with other settings`));
    expect(isAlive(pid)).toBe(false);
    expect(await chat(`http://127.0.0.1:${port}`, "first")).toBe(200);
  });

  test("serves the examples without a key, says what it needs, and refuses a second run on the same state", async ({ onTestFinished }) => {
    const where = folders(onTestFinished);
    const words = ["run", "--state", where.state, "--port", "0", "--admin-port", "0", "--demo-port", String(await freePort())];
    const running = llmgw(words, {}, onTestFinished);
    const address = await addressOf(running);
    const text = running.lines.join("\n");
    expect(text).toMatch(/openai\.yaml:\d+: .*environment variable OPENAI_API_KEY is not set; route default\/openai waits for it/);
    expect(text).toMatch(/models {3}demo-anthropic .*demo-audio .*demo-chat /);
    expect(text).not.toMatch(/support-chat/);
    expect(await chat(address, "demo-chat")).toBe(200);
    const again = llmgw(words, {}, onTestFinished);
    const taken = llmgw(["run", "--state", folders(onTestFinished).state, "--port", address.split(":").at(-1) ?? "", "--no-demo"], {}, onTestFinished);
    expect(await again.exit).toBe(1);
    expect(again.lines.join("\n")).toMatch(/another llmgw run uses the state folder/);
    expect(await taken.exit).toBe(1);
    expect(taken.lines.join("\n")).toMatch(/llmgw: port \d+ on 127\.0\.0\.1 is in use by another process; choose another with --port N/);
    running.child.kill("SIGTERM");
    expect(await running.exit).toBe(0);
  });
});
