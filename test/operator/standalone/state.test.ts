// What outlives a run on a real disk, and who else may use it.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { birthOf, isAlive } from "../../../operator/standalone/alive.ts";
import { StateFolder } from "../../../operator/standalone/state.ts";

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "llmgw-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};
const NOW_MS = 1_700_000_000_000;

describe("the state folder", () => {
  test("is made, and is its owner's alone", () => {
    const path = join(folder(), "deep", "state");
    const state = new StateFolder(path);
    const mode = (file: string): number => statSync(file).mode & 0o777;
    expect(mode(path)).toBe(0o700);
    expect(mode(state.keyFile())).toBe(0o600);
    chmodSync(path, 0o755);
    expect(mode(new StateFolder(path).folder)).toBe(0o700);
  });

  test("keeps its key", () => {
    const path = folder();
    const key = readFileSync(new StateFolder(path).keyFile());
    expect(key).toHaveLength(32);
    expect(readFileSync(new StateFolder(path).keyFile()).equals(key)).toBe(true);
    writeFileSync(join(path, "key"), "short");
    expect(() => new StateFolder(path).keyFile()).toThrow(/has 5 bytes/);
  });

  test("gives each run a higher epoch, whatever happens to the clock or to the folder", () => {
    const path = folder();
    const state = new StateFolder(path);
    const first = state.nextEpoch(NOW_MS);
    expect(first).toBe(NOW_MS / 1000);
    expect(state.nextEpoch(NOW_MS)).toBe(first + 1);
    expect(new StateFolder(path).nextEpoch(0)).toBe(first + 2);
    writeFileSync(join(path, "epoch"), "rubbish");
    expect(state.nextEpoch(NOW_MS + 60_000)).toBe(first + 60);
  });

  test("finds a noted process only while it lives and is the same one", () => {
    const state = new StateFolder(folder());
    expect(state.living("a")).toBeUndefined();
    state.note("a", process.pid, { PORT: "1" });
    expect(state.living("a")).toEqual({ pid: process.pid, birth: birthOf(process.pid), told: { PORT: "1" } });
    expect(state.names()).toEqual(["a"]);
    writeFileSync(state.file("a.json"), JSON.stringify({ pid: process.pid, birth: "another time", told: {} }));
    expect(state.living("a")).toBeUndefined();
    writeFileSync(state.file("a.json"), "{");
    expect(state.living("a")).toBeUndefined();
    state.note("a", 2 ** 22 + 1, {});
    expect(state.living("a")).toBeUndefined();
    state.forget("a");
    expect(state.names()).toEqual([]);
  });

  test("finds a short place for the socket when its own name is too long for the kernel", () => {
    const long = join(folder(), "x".repeat(120));
    const state = new StateFolder(long);
    onTestFinished(() => rmSync(join(state.socketFile, ".."), { recursive: true, force: true }));
    expect(Buffer.byteLength(state.socketFile)).toBeLessThanOrEqual(100);
    expect(new StateFolder(long).socketFile).toBe(state.socketFile);
    expect(statSync(join(state.socketFile, "..")).mode & 0o777).toBe(0o700);
    chmodSync(join(state.socketFile, ".."), 0o777);
    expect(() => new StateFolder(long)).toThrow(/must belong to you alone/);
  });

  test("says whether somebody serves its socket, and is not misled by one that was left behind", async () => {
    const state = new StateFolder(folder());
    expect(await state.isServed()).toBe(false);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(state.socketFile, resolve));
    expect(await state.isServed()).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    writeFileSync(state.socketFile, "");
    expect(await state.isServed()).toBe(false);
  });

  test("that cannot be made is refused in words", () => {
    const file = join(folder(), "file");
    writeFileSync(file, "");
    expect(() => new StateFolder(join(file, "state"))).toThrow(/cannot be made/);
  });
});

describe("a process", () => {
  test("that is there is alive, and one that never was is not", () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(2 ** 22 + 1)).toBe(false);
    expect(birthOf(2 ** 22 + 1)).toBe("");
  });
});
