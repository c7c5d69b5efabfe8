// The last good snapshot on disk, sealed: a restarted data plane serves before the operator answers.
// A file that is damaged, foreign or of another format is ignored and said so, never half-used.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open as openFile, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { snapshotVersion, wireText } from "../snapshot/canonical.ts";
import { checkSnapshot } from "../snapshot/check.ts";
import { parseText } from "../snapshot/parse.ts";
import { KEY_BYTES, open, seal } from "../snapshot/sealed.ts";
import type { Held } from "./current.ts";

export interface LastGoodParts {
  file: string;
  /** 32 bytes. */
  key: Buffer;
  gateway: string;
  say: (message: string) => void;
}

export interface LastGood {
  load(): Promise<Held | undefined>;
  /** Returns at once; while one is being written only the newest waits. */
  keep(held: Held): void;
  /** Resolves when nothing is left to write. */
  settled(): Promise<void>;
}

const FILE_BYTES_MAX = 268_435_456;

export const openLastGood = (parts: LastGoodParts): LastGood => {
  const purpose = `last good snapshot of ${parts.gateway}`;
  let waiting: Held | undefined;
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    for (let held = waiting; held !== undefined; held = waiting) {
      waiting = undefined;
      const { snapshot, version, epoch } = held;
      const plain = Buffer.from(`${JSON.stringify({ version, epoch }).slice(0, -1)},"snapshot":${wireText(snapshot)}}`, "utf8");
      await writeWhole(parts.file, seal(parts.key, plain, purpose)).catch((error: Error) => parts.say(`the last good snapshot could not be written: ${error.message}`));
    }
    writing = undefined;
  };

  return {
    load: async () => {
      const bytes = await readBounded(parts.file, parts.say);
      if (bytes === undefined) return undefined;
      const plain = open(parts.key, bytes, purpose);
      const held = plain === undefined ? "it does not open under this key" : heldFrom(plain);
      if (typeof held !== "string") return held;
      parts.say(`the last good snapshot in ${parts.file} is ignored: ${held}`);
      return undefined;
    },
    keep: (held) => {
      waiting = held;
      writing ??= write();
    },
    settled: () => writing ?? Promise.resolve(),
  };
};

/** Makes a key where there is no whole one: for a sidecar, whose key lies in memory and lives as long as its pod. */
export const makeKey = async (file: string): Promise<void> => {
  const isThere = await readFile(file).then(({ length }) => length === KEY_BYTES, () => false);
  if (!isThere) await writeWhole(file, randomBytes(KEY_BYTES));
};

const readBounded = async (file: string, say: (message: string) => void): Promise<Buffer | undefined> => {
  try {
    const bytes = await readFile(file);
    if (bytes.length <= FILE_BYTES_MAX) return bytes;
    say(`the last good snapshot in ${file} is ignored: it is larger than ${FILE_BYTES_MAX} bytes`);
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isAbsent) say(`the last good snapshot in ${file} could not be read: ${error instanceof Error ? error.message : ""}`);
  }
  return undefined;
};

const heldFrom = (plain: Buffer): Held | string => {
  const value = parseText(plain.toString("utf8"));
  if (value === null || typeof value !== "object" || !("snapshot" in value && "version" in value && "epoch" in value)) return "it is not a snapshot";
  const { version, epoch } = value;
  const checked = checkSnapshot(value.snapshot);
  if (checked.snapshot === undefined) return checked.problems.map((problem) => `${problem.object} ${problem.path}: ${problem.message}`).join("; ");
  // The seal proves that the bytes are ours; the hash that this build reads them as the one that wrote them did.
  if (snapshotVersion(checked.snapshot) !== version || typeof version !== "string") return "its content does not have the hash it names";
  return typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch >= 0 ? { snapshot: checked.snapshot, version, epoch } : "it names no epoch";
};

// Written beside, flushed, then renamed: at every moment there is either the old file or the new one, whole.
const writeWhole = async (file: string, bytes: Buffer): Promise<void> => {
  const beside = `${file}.${process.pid}.new`;
  try {
    const handle = await openFile(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await openFile(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
