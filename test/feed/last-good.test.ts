// The last good snapshot on a real disk: kept, found again, and ignored when anything about it is wrong.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeKey, openLastGood, type LastGood } from "../../dataplane/feed/last-good.ts";
import { open, seal } from "../../dataplane/snapshot/sealed.ts";
import { numbered, version } from "./snapshots.ts";

const key = randomBytes(32);
let folder: string;
let file: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmgw-"));
  file = join(folder, "last-good");
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const lastGood = (changes: { key?: Buffer; gateway?: string } = {}): LastGood => openLastGood({ file, key, gateway: "default", say: (message) => said.push(message), ...changes });
const held = (number: number, epoch = 1) => ({ snapshot: numbered(number), version: version(numbered(number)), epoch });

describe("the last good snapshot", () => {
  test("comes back after a restart with its version, its epoch and its secrets", async () => {
    const before = lastGood();
    before.keep(held(1, 7));
    await before.settled();
    const after = await lastGood().load();
    expect(after).toMatchObject({ version: version(numbered(1)), epoch: 7 });
    expect(after?.snapshot.credentials["team/openai-key/api-key"]?.reveal()).toBe("sk-very-secret");
    expect(said).toEqual([]);
  });

  test("can be sealed with a key that is made once, for this user's eyes only", async () => {
    const keyFile = join(folder, "key");
    await makeKey(keyFile);
    const made = await readFile(keyFile);
    await makeKey(keyFile);
    expect([made.length, (await stat(keyFile)).mode & 0o777]).toEqual([32, 0o600]);
    expect((await readFile(keyFile)).equals(made)).toBe(true);
    await truncate(keyFile, 5);
    await makeKey(keyFile);
    expect(await readFile(keyFile)).toHaveLength(32);
  });

  test("is nothing, without a word, when there never was one", async () => {
    expect(await lastGood().load()).toBeUndefined();
    expect(said).toEqual([]);
  });

  test("can be read by its owner alone, and hides its content", async () => {
    const keeping = lastGood();
    keeping.keep(held(1));
    await keeping.settled();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file)).includes("sk-very-secret")).toBe(false);
    expect(await readdir(folder)).toEqual(["last-good"]);
  });

  test("is the newest of many, and those in between may be skipped", async () => {
    const keeping = lastGood();
    for (let number = 0; number < 50; number += 1) keeping.keep(held(number));
    await keeping.settled();
    expect((await lastGood().load())?.version).toBe(version(numbered(49)));
  });

  test.each<[string, (bytes: Buffer) => Promise<void>, { key?: Buffer; gateway?: string }]>([
    ["is cut short", (bytes) => truncate(file, bytes.length - 1), {}],
    ["is empty", () => truncate(file, 0), {}],
    ["has one bit flipped", (bytes) => (bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9), writeFile(file, bytes)), {}],
    ["is another file altogether", () => writeFile(file, "hello"), {}],
    ["was sealed with another key", async () => undefined, { key: randomBytes(32) }],
    ["belongs to another gateway", async () => undefined, { gateway: "other" }],
    ["holds a snapshot whose hash is another's", () => writeFile(file, seal(key, Buffer.from(JSON.stringify({ version: "0".repeat(32), epoch: 1, snapshot: { ...numbered(1), credentials: {}, providers: {}, routes: {} } })), "last good snapshot of default")), {}],
    ["holds a format that this build does not read", () => writeFile(file, seal(key, Buffer.from(JSON.stringify({ version: "v", epoch: 1, snapshot: { ...numbered(1), format: 99 } })), "last good snapshot of default")), {}],
  ])("is ignored with one line when the file %s", async (_, damage, changes) => {
    const keeping = lastGood();
    keeping.keep(held(1));
    await keeping.settled();
    await damage(await readFile(file));
    expect(await lastGood(changes).load()).toBeUndefined();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/is ignored/);
  });

  test("that cannot be written leaves the old one and says so", async () => {
    const keeping = openLastGood({ file: join(folder, "absent", "last-good"), key, gateway: "default", say: (message) => said.push(message) });
    keeping.keep(held(1));
    await keeping.settled();
    expect(said[0]).toMatch(/could not be written: .*ENOENT/);
  });
});

describe("sealing", () => {
  test("is never the same twice, and opens only for its purpose", () => {
    const plain = Buffer.from("hello");
    expect(seal(key, plain, "a").equals(seal(key, plain, "a"))).toBe(false);
    expect(open(key, seal(key, plain, "a"), "a")?.toString()).toBe("hello");
    expect(open(key, seal(key, plain, "a"), "b")).toBeUndefined();
  });
});
