// Fetches the content of what is referred to, again whenever its version changes, and keeps the last one until the new one is there.
// Which versions there are it is told; it watches nothing.
import { isForbidden, isNotFound, KubeFailure, wordsOfFailure } from "../kube/failure.ts";
import { versionOf, type KubeObject } from "../kube/types.ts";
import { Backoff } from "./backoff.ts";

export interface ContentsParts {
  readonly fetch: (key: string, signal: AbortSignal) => Promise<KubeObject>;
  /** Undefined: it is gone, or must not be read. */
  readonly onContent: (key: string, object: KubeObject | undefined) => void;
  readonly clock: { after(delayMs: number, run: () => void): () => void };
  readonly random: () => number;
  readonly say: (message: string) => void;
}

const UNDER_WAY_MAX = 16;
const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 4000;
const FORBIDDEN_MS = 30_000;

interface Entry {
  readonly backoff: Backoff;
  wanted: string;
  /** Of the content that was given out, or that was found to be missing. */
  held: string | undefined;
  isUnderWay: boolean;
  cancelRetry: () => void;
}

export class Contents {
  readonly #parts: ContentsParts;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<string>();
  readonly #ending = new AbortController();
  #underWay = 0;

  constructor(parts: ContentsParts) {
    this.#parts = parts;
  }

  /** All that is wanted and exists, each with its newest known version. What is no longer in it is forgotten. */
  want(versions: ReadonlyMap<string, string>): void {
    // What is new first: whoever asks in between must not take it for settled.
    for (const [key, version] of versions) this.#want(key, version);
    for (const [key, entry] of this.#entries) {
      if (versions.has(key)) continue;
      this.#entries.delete(key);
      this.#waiting.delete(key);
      entry.cancelRetry();
      this.#parts.onContent(key, undefined);
    }
    this.#fetchNext();
  }

  /** Versions do not mean any more what they meant: everything is fetched again as it is next asked for. */
  distrust(): void {
    for (const entry of this.#entries.values()) {
      entry.wanted = "";
      if (entry.held !== undefined) entry.held = "";
    }
  }

  /** Whether each of them was fetched once, or found not to be readable. */
  get isSettled(): boolean {
    for (const { held } of this.#entries.values()) if (held === undefined) return false;
    return true;
  }

  close(): void {
    this.#ending.abort();
    for (const { cancelRetry } of this.#entries.values()) cancelRetry();
    this.#waiting.clear();
  }

  #want(key: string, version: string): void {
    const { random } = this.#parts;
    const entry = this.#entries.get(key) ?? { backoff: new Backoff({ baseMs: BACKOFF_MS, mostMs: BACKOFF_MS_MAX, random }), wanted: "", held: undefined, isUnderWay: false, cancelRetry: () => undefined };
    this.#entries.set(key, entry);
    if (entry.wanted === version) return;
    entry.wanted = version;
    if (entry.held !== version && !entry.isUnderWay) this.#enqueue(key, entry);
  }

  #enqueue(key: string, entry: Entry): void {
    entry.cancelRetry();
    this.#waiting.add(key);
  }

  #fetchNext(): void {
    for (const key of this.#waiting) {
      if (this.#underWay >= UNDER_WAY_MAX) return;
      this.#waiting.delete(key);
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      entry.isUnderWay = true;
      this.#underWay += 1;
      void this.#fetch(key, entry).finally(() => {
        this.#underWay -= 1;
        entry.isUnderWay = false;
        this.#fetchNext();
      });
    }
  }

  async #fetch(key: string, entry: Entry): Promise<void> {
    const wanted = entry.wanted;
    try {
      const object = await this.#parts.fetch(key, this.#ending.signal);
      if (this.#entries.get(key) !== entry) return;
      entry.backoff.reset();
      const version = versionOf(object);
      if (version !== entry.held) {
        entry.held = version;
        this.#parts.onContent(key, object);
      }
      // Told of a newer one meanwhile; the answer may have been made before or after it.
      if (entry.wanted !== wanted && entry.wanted !== version) this.#waiting.add(key);
    } catch (error) {
      if (this.#entries.get(key) === entry && !this.#ending.signal.aborted) this.#failed(key, entry, wanted, error);
    }
  }

  #failed(key: string, entry: Entry, wanted: string, error: unknown): void {
    if (isNotFound(error)) {
      entry.held = wanted;
      if (entry.wanted !== wanted) this.#waiting.add(key);
      return this.#parts.onContent(key, undefined);
    }
    this.#parts.say(`${key} cannot be fetched: ${wordsOfFailure(error)}`);
    if (isForbidden(error) && entry.held === undefined) {
      entry.held = "";
      this.#parts.onContent(key, undefined);
    }
    const retryAfterMs = error instanceof KubeFailure ? (error.retryAfterMs ?? 0) : 0;
    this.#retry(key, entry, isForbidden(error) ? FORBIDDEN_MS : Math.max(entry.backoff.next(), retryAfterMs));
  }

  #retry(key: string, entry: Entry, delayMs: number): void {
    entry.cancelRetry = this.#parts.clock.after(delayMs, () => {
      if (this.#entries.get(key) !== entry) return;
      this.#waiting.add(key);
      this.#fetchNext();
    });
  }
}
