// Keeps an eye on a folder of manifests: reads it again soon after anything in it changed, and tells only of differences.
// Events are hints to look, never facts: what is lost, doubled or late costs time and nothing else.
import { existsSync, watch as watchSystem } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { ManifestFolder, type FolderReading } from "./files.ts";

/** Calls `onEvent` for each change in the folder, with the name of what changed where it is known; returns how to stop. */
export type Watch = (folder: string, onEvent: (name: string | undefined) => void) => () => void;

export interface FolderWatchParts {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** After each look that found something different; not for the first, which `reading` has. `seenTick`: when it was first heard of. */
  readonly onChange: (reading: FolderReading, seenTick: number) => void;
  readonly clock: { tick(): number; after(delayMs: number, run: () => void): () => void };
  readonly watch?: Watch;
}

export interface FolderWatch {
  /** The newest that is known. */
  reading(): FolderReading;
  /** Looks now. */
  look(): FolderReading;
  close(): void;
}

const QUIET_MS = 20;
const WAIT_MS_MAX = 500;
/** For file systems that tell nothing; a look may take a fiftieth of the time at most. */
const LOOK_EVERY_MS = 2000;
const LOOK_SHARE = 50;
const FOLDERS_MAX = 1000;

export const watchSystemFolder: Watch = (folder, onEvent) => {
  const watcher = watchSystem(folder, { persistent: false }, (_, name) => onEvent(name ?? undefined));
  watcher.on("error", () => onEvent(undefined));
  return () => watcher.close();
};

/* quiet ── event ──▶ gathering ── 20 ms without another, or 500 ms in all ──▶ look ──▶ quiet */
export const watchFolder = (parts: FolderWatchParts): FolderWatch => {
  const folder = new ManifestFolder(parts);
  const watchers = new Watchers(parts.directory, parts.watch ?? watchSystemFolder, () => changed());
  const { clock } = parts;
  let reading = folder.read();
  let firstTick: number | undefined;
  let cancelGathering = (): void => undefined;
  let cancelRegular = (): void => undefined;
  let isClosed = false;

  const look = (): FolderReading => {
    cancelGathering();
    cancelRegular();
    const startTick = clock.tick();
    const seenTick = firstTick ?? startTick;
    firstTick = undefined;
    const next = folder.read();
    const lookMs = clock.tick() - startTick;
    const isNew = !isClosed && watchers.follow(next.folders);
    if (!isClosed) cancelRegular = clock.after(Math.max(LOOK_EVERY_MS, lookMs * LOOK_SHARE), look);
    reading = next;
    if (next.isChanged) parts.onChange(next, seenTick);
    // Between the look and the new watcher something may have changed unseen.
    if (isNew) changed();
    return next;
  };

  const changed = (): void => {
    if (isClosed) return;
    const tick = clock.tick();
    firstTick ??= tick;
    cancelGathering();
    cancelGathering = clock.after(Math.max(0, Math.min(QUIET_MS, firstTick + WAIT_MS_MAX - tick)), look);
  };

  watchers.follow(reading.folders);
  changed();
  return {
    reading: () => reading,
    look,
    close: () => {
      isClosed = true;
      cancelGathering();
      cancelRegular();
      watchers.close();
    },
  };
};

class Watchers {
  readonly #directory: string;
  readonly #watch: Watch;
  readonly #onEvent: () => void;
  readonly #open = new Map<string, () => void>();

  constructor(directory: string, watch: Watch, onEvent: () => void) {
    this.#directory = resolve(directory);
    this.#watch = watch;
    this.#onEvent = onEvent;
  }

  /** Watches these folders, and the way to the first. True when there is one that was not watched before. */
  follow(folders: readonly string[]): boolean {
    const above = nearestAbove(this.#directory);
    const wanted = new Map<string, () => boolean>(folders.slice(0, FOLDERS_MAX).map((folder) => [`in ${folder}`, () => this.#watchInside(folder)]));
    // The folder itself may be replaced, by another one or by a link to another: only its parent tells of that.
    wanted.set(`above ${above.folder} ${above.next}`, () => this.#watchAbove(above));
    for (const [key, close] of this.#open) {
      if (wanted.has(key)) continue;
      close();
      this.#open.delete(key);
    }
    const opened = [...wanted].filter(([key, open]) => !this.#open.has(key) && open());
    return opened.length > 0;
  }

  close(): void {
    for (const close of this.#open.values()) close();
    this.#open.clear();
  }

  #watchInside(folder: string): boolean {
    const key = `in ${folder}`;
    return this.#add(key, folder, (name) => {
      // A folder's own name in its own events: it was moved or deleted, and this watcher sees nothing more.
      if (name === undefined || name === basename(folder)) this.#drop(key);
      this.#onEvent();
    });
  }

  #watchAbove({ folder, next }: { folder: string; next: string }): boolean {
    const key = `above ${folder} ${next}`;
    return this.#add(key, folder, (name) => {
      if (name === undefined || name === basename(folder)) this.#drop(key);
      else if (name !== next) return;
      this.#onEvent();
    });
  }

  #add(key: string, folder: string, onEvent: (name: string | undefined) => void): boolean {
    try {
      this.#open.set(key, this.#watch(folder, onEvent));
      return true;
    } catch {
      // Gone again, or the system has no watchers left: the regular look finds what changes there.
      return false;
    }
  }

  #drop(key: string): void {
    this.#open.get(key)?.();
    this.#open.delete(key);
  }
}

/** The nearest folder above that exists, and the name in it that leads to ours. */
const nearestAbove = (directory: string): { folder: string; next: string } => {
  let next = basename(directory);
  let folder = dirname(directory);
  while (!existsSync(folder) && dirname(folder) !== folder) {
    next = basename(folder);
    folder = dirname(folder);
  }
  return { folder, next };
};
