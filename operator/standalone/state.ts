// The folder in which a run keeps what must outlive it: the key, the epoch, the feed's socket, which processes it started.
// Only its owner may read it. It starts and ends nothing.
import { hash, randomBytes } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseText } from "../../dataplane/snapshot/parse.ts";
import { KEY_BYTES } from "../../dataplane/snapshot/sealed.ts";
import { Refusal } from "../terminal.ts";
import { birthOf, isAlive } from "./alive.ts";

/** The kernel's bound for the name of a socket file is 104 bytes on some systems, with the zero at its end. */
const SOCKET_PATH_BYTES_MAX = 100;

const processRecord = z.strictObject({
  pid: z.int().min(1),
  /** Tells it from a later process of the same number. */
  birth: z.string(),
  /** What the process was told; another wish means another process. */
  told: z.record(z.string(), z.string()),
});
export type ProcessRecord = z.infer<typeof processRecord>;

/** Not among the processes that a run started. */
const RUN_FILE = "run.pid";

export class StateFolder {
  readonly folder: string;
  readonly socketFile: string;

  constructor(folder: string) {
    this.folder = ownFolder(folder);
    const socketFile = join(this.folder, "feed.sock");
    this.socketFile = Buffer.byteLength(socketFile) <= SOCKET_PATH_BYTES_MAX ? socketFile : join(shortFolder(this.folder), "feed.sock");
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Seals the last good snapshots; made once. */
  keyFile(): string {
    const file = this.file("key");
    const key = readIfThere(file);
    if (key === undefined) writeWhole(file, randomBytes(KEY_BYTES));
    else if (key.length !== KEY_BYTES) throw new Refusal(`${file} has ${key.length} bytes, a key has ${KEY_BYTES}; remove the folder ${this.folder} to begin anew`);
    return file;
  }

  /** Higher than that of every run before, also if the folder was emptied in between. */
  nextEpoch(nowMs: number): number {
    const before = Number(readIfThere(this.file("epoch"))?.toString("utf8") ?? "0");
    const epoch = Math.max(Number.isSafeInteger(before) ? before + 1 : 0, Math.floor(nowMs / 1000));
    writeWhole(this.file("epoch"), `${epoch}\n`);
    return epoch;
  }

  /** The process that an earlier run started under this name, if it is still there. */
  living(name: string): ProcessRecord | undefined {
    return livingIn(this.file(`${name}.json`));
  }

  /** The run itself, if there is one. */
  run(): ProcessRecord | undefined {
    return livingIn(this.file(RUN_FILE));
  }

  noteRun(pid: number, told: Readonly<Record<string, string>>): void {
    writeRecord(this.file(RUN_FILE), pid, told);
  }

  forgetRun(): void {
    rmSync(this.file(RUN_FILE), { force: true });
  }

  /** The names under which processes were noted. */
  names(): string[] {
    return readdirSync(this.folder).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
  }

  note(name: string, pid: number, told: Readonly<Record<string, string>>): void {
    writeRecord(this.file(`${name}.json`), pid, told);
  }

  forget(name: string): void {
    rmSync(this.file(`${name}.json`), { force: true });
  }

  /** Whether another operator serves the socket: the kernel knows, whatever a killed one left behind. */
  isServed(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.socketFile);
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  }
}

const livingIn = (file: string): ProcessRecord | undefined => {
  const text = readIfThere(file)?.toString("utf8");
  if (text === undefined) return undefined;
  const record = processRecord.safeParse(parseText(text)).data;
  return record !== undefined && isAlive(record.pid) && birthOf(record.pid) === record.birth ? record : undefined;
};

const writeRecord = (file: string, pid: number, told: Readonly<Record<string, string>>): void => writeWhole(file, JSON.stringify({ pid, birth: birthOf(pid), told }));

const ownFolder = (folder: string): string => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Refusal(`the state folder ${folder} cannot be made: ${error instanceof Error ? error.message : ""}`);
  }
  const { uid } = lstatSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) throw new Refusal(`the state folder ${folder} belongs to another user; give one of your own with --state`);
  chmodSync(folder, 0o700);
  return folder;
};

const shortFolder = (folder: string): string => {
  const short = join(tmpdir(), `llmgw-${hash("sha256", folder, "hex").slice(0, 24)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(short);
  const isOwn = (process.getuid === undefined || uid === process.getuid()) && (mode & 0o077) === 0;
  if (!isOwn) throw new Refusal(`${short} must belong to you alone, and does not; give a shorter --state, so that it is not needed`);
  return short;
};

const readIfThere = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
};

const writeWhole = (file: string, content: string | Buffer): void => {
  const beside = `${file}.new`;
  writeFileSync(beside, content, { mode: 0o600 });
  renameSync(beside, file);
};
