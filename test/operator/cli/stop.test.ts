// llmgw stop, as a person has it: a run, what a killed run left behind, and nothing at all.
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isAlive } from "../../../operator/standalone/alive.ts";
import { addressOf, chat, eventually, folders, llmgw, portFlags, prepared, processesOf, run } from "../standalone/running.ts";

describe.concurrent("llmgw stop", { timeout: 60_000 }, () => {
  it("says that nothing runs, and makes no folder for it", async ({ onTestFinished }) => {
    const where = folders(onTestFinished);
    const stopping = llmgw(["stop", "--state", where.state], {}, onTestFinished);
    expect([await stopping.exit, stopping.lines[0]]).toEqual([0, `nothing runs from the state folder ${where.state}`]);
    expect(existsSync(where.state)).toBe(false);
    const byManifests = llmgw(["stop", "--manifests", where.manifests], { XDG_STATE_HOME: where.state }, onTestFinished);
    expect([await byManifests.exit, byManifests.lines]).toEqual([0, [`nothing runs for the manifests ${where.manifests}`]]);
  });

  it("ends a run and everything that it started", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const running = await run(where);
    const address = await addressOf(running);
    const pids = processesOf(where.state).map(({ pid }) => pid);
    const stopping = llmgw(["stop", "--state", where.state], {}, onTestFinished);
    expect(await stopping.exit).toBe(0);
    expect(stopping.lines).toEqual([`ending the run, process ${running.child.pid}, when open requests are done`, "it has ended"]);
    expect(await running.exit).toBe(0);
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.some(isAlive)).toBe(false);
    expect(await chat(address, "first")).toBe(0);
    expect(readdirSync(where.state)).not.toContain("run.pid");
  });

  it("ends what a killed run left serving, and does not take another process for the run", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const running = await run(where);
    const address = await addressOf(running);
    running.child.kill("SIGKILL");
    await running.exit;
    expect(await chat(address, "first")).toBe(200);
    const [left] = processesOf(where.state);
    const stopping = llmgw(["stop", "--state", where.state, "--now"], {}, onTestFinished);
    expect(await stopping.exit).toBe(0);
    expect(stopping.lines).toEqual([`ending ${left?.name}, process ${left?.pid}, which an earlier run left behind`, "it has ended"]);
    await eventually(() => !isAlive(left?.pid ?? 0), "its end");
    expect(processesOf(where.state)).toEqual([]);
  });

  it("tells whoever stops the wrong one where the right one is", async ({ onTestFinished }) => {
    const where = await prepared(onTestFinished);
    const running = llmgw(["run", "--manifests", where.manifests, ...(await portFlags())], { XDG_STATE_HOME: where.state }, onTestFinished);
    await addressOf(running);
    const stopping = llmgw(["stop"], { XDG_STATE_HOME: where.state }, onTestFinished);
    expect(await stopping.exit).toBe(0);
    expect(stopping.lines).toEqual([expect.stringMatching(/^nothing runs for the manifests .*examples$/), expect.stringMatching(`^a run of ${where.manifests} goes on: llmgw stop --state `)]);
    const right = llmgw(["stop", "--manifests", where.manifests], { XDG_STATE_HOME: where.state }, onTestFinished);
    expect([await right.exit, right.lines.at(-1)]).toEqual([0, "it has ended"]);
    await running.exit;
  });
});
