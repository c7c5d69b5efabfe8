// Keeps a true copy of one collection of the API server: lists it once, follows its changes, and finds back after every failure.
// The copy is never emptied to be filled again: after a relist only what differs is told. What the objects mean is not known here.
import { isExpired, isForbidden, isNotFound, isRefused, KubeFailure, wordsOfFailure } from "../kube/failure.ts";
import type { PageQuery, Selection, WatchQuery } from "../kube/client.ts";
import { compareVersions, idOf, uidOf, versionOf, type KubeList, type KubeObject, type Resource, type WatchEvent } from "../kube/types.ts";
import { Backoff } from "./backoff.ts";

export interface ListWatchClient {
  list(resource: Resource, selection: Selection, page: PageQuery, signal?: AbortSignal): Promise<KubeList>;
  watch(resource: Resource, selection: Selection, query: WatchQuery, signal: AbortSignal): AsyncGenerator<WatchEvent, void>;
}

export interface Kept<Value> {
  /** "namespace/name", or the name of what has no namespace. */
  readonly id: string;
  readonly uid: string;
  readonly version: string;
  readonly value: Value;
}

export type Change<Value> = { readonly type: "put"; readonly item: Kept<Value> } | { readonly type: "gone"; readonly item: Kept<Value> };

export type WatchTrouble = "list" | "watch" | "expired" | "restored" | "silent" | "refused";

export interface ListWatchParts<Value> {
  readonly client: ListWatchClient;
  readonly resource: Resource;
  readonly selection: Selection;
  /** What is worth keeping of an object; undefined keeps nothing of it. */
  readonly keep: (object: KubeObject) => Value | undefined;
  readonly onChanges: (changes: readonly Change<Value>[]) => void;
  /** Once, when the copy is complete for the first time. */
  readonly onSynced: () => void;
  /** Does without it where the server has no such collection or forbids it: an empty copy then counts as complete. */
  readonly isOptional: boolean;
  readonly clock: { tick(): number; after(delayMs: number, run: () => void): () => void; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly random: () => number;
  readonly say: (message: string) => void;
  readonly observe?: (what: WatchTrouble | "event" | "relist") => void;
}

const PAGE_ITEMS = 250;
const BACKOFF_MS = 200;
/** Short, so that a server that is back is found within seconds; its own Retry-After is kept to. */
const BACKOFF_MS_MAX = 4000;
const FORBIDDEN_MS = 30_000;
/** A server writes a bookmark about once a minute: one that writes nothing for this long is not there any more. */
const SILENCE_MS_MAX = 150_000;
const INITIAL_SILENCE_MS_MAX = 20_000;
/** So many tries in a row without an answer are an absence, and not a connection that broke. */
const AWAY_MISSES = 2;
const LIFE_SECONDS_LEAST = 300;
/** A watch that ended sooner than this was no good one, even if it ended well. */
const GOOD_LIFE_MS = 5000;

/*
 * empty ── WatchList, or list in pages ──▶ following ── its time is up ──▶ resuming ──▶ following
 *   ▲                                         └── any other end ──▶ waiting (backoff) ──▶ resuming
 *   └── the version has expired, or the store is older than our copy: the copy stays until the new one is complete ──┘
 */
export class ListWatch<Value> {
  readonly #parts: ListWatchParts<Value>;
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #ending = new AbortController();
  readonly #backoff: Backoff;
  #stream = new AbortController();
  /** Where the next watch goes on; undefined when everything must be listed anew. */
  #version: string | undefined;
  #isSynced = false;
  #hasWatchList = true;
  #isListNext = false;
  /** Versions are counted a second time by now: the same one may mean something else. */
  #isDistrusted = false;
  /** Tries in a row that met nobody. */
  #misses = 0;
  #trouble = "";
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ListWatchParts<Value>) {
    this.#parts = parts;
    this.#backoff = new Backoff({ baseMs: BACKOFF_MS, mostMs: BACKOFF_MS_MAX, random: parts.random });
  }

  start(): void {
    this.#running = this.#run();
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get(id: string): Kept<Value> | undefined {
    return this.#kept.get(id);
  }

  items(): IterableIterator<Kept<Value>> {
    return this.#kept.values();
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Gives up the stream that is open, because the server was found not to answer, and opens another one. */
  restart(reason: string): void {
    this.#stream.abort(new KubeFailure(reason, { status: 0, reason: "Silent" }));
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const startTick = this.#parts.clock.tick();
      let waitMs = 0;
      try {
        await this.#once();
        if (this.#parts.clock.tick() - startTick < GOOD_LIFE_MS) waitMs = this.#backoff.next();
        else this.#backoff.reset();
      } catch (error) {
        waitMs = this.#failed(error);
      }
      if (waitMs > 0) await this.#parts.clock.sleep(waitMs, this.#ending.signal).catch(() => undefined);
    }
  }

  /** One list or one watch, or both in one. */
  async #once(): Promise<void> {
    this.#stream = new AbortController();
    if (this.#version !== undefined) {
      await this.#checkStore();
      // A server that was away may be back with another store, which has counted on beyond our version by now.
      if (this.#misses >= AWAY_MISSES) this.#version = undefined;
      if (this.#version !== undefined) return this.#follow();
    }
    this.#parts.observe?.("relist");
    if (this.#hasWatchList && !this.#isListNext) return this.#follow();
    this.#isListNext = false;
    await this.#list();
    return this.#follow();
  }

  // A store that was put back to an older state would stay silent until it has caught up with our version.
  async #checkStore(): Promise<void> {
    const { client, resource, selection } = this.#parts;
    const { resourceVersion } = await client.list(resource, selection, { limit: 1, continueToken: "" }, this.#ending.signal);
    if (this.#version === undefined || compareVersions(resourceVersion, this.#version) >= 0) return;
    this.#parts.observe?.("restored");
    this.#parts.say(`${this.#name} are listed anew: the server's store is older than what was seen of it`);
    this.#version = undefined;
    this.#isDistrusted = true;
  }

  async #list(): Promise<void> {
    const { client, resource, selection } = this.#parts;
    const fresh = new Map<string, Kept<Value>>();
    let [limit, continueToken, resourceVersion] = [PAGE_ITEMS, "", ""];
    do {
      try {
        const page = await client.list(resource, selection, { limit, continueToken }, this.#ending.signal);
        for (const object of page.items) this.#collect(object, fresh);
        ({ continueToken, resourceVersion } = page);
      } catch (error) {
        // Objects can be large: then fewer of them at a time.
        if (!(error instanceof KubeFailure && error.reason === "TooLarge") || limit === 1) throw error;
        limit = Math.ceil(limit / 4);
      }
    } while (continueToken !== "");
    if (resourceVersion === "") throw new KubeFailure("a list without a version", { status: 0, reason: "Malformed" });
    this.#replace(fresh, resourceVersion);
  }

  async #follow(): Promise<void> {
    const { client, resource, selection, random } = this.#parts;
    const fresh = this.#version === undefined ? new Map<string, Kept<Value>>() : undefined;
    const query = { resourceVersion: this.#version ?? "", isInitialWanted: fresh !== undefined, timeoutSeconds: Math.floor(LIFE_SECONDS_LEAST * (1 + random())) };
    const signal = AbortSignal.any([this.#ending.signal, this.#stream.signal]);
    const watchdog = new Watchdog(this.#parts.clock, () => this.restart("the watch has been silent for too long"));
    let filling = fresh;
    try {
      // What is resumed in a quiet cluster hears nothing before the first bookmark.
      watchdog.feed(filling === undefined ? SILENCE_MS_MAX : INITIAL_SILENCE_MS_MAX);
      for await (const event of client.watch(resource, selection, query, signal)) {
        if (filling === undefined) this.#apply(event);
        else if (event.type !== "BOOKMARK") this.#collect(event.object, filling);
        else if (isInitialEnd(event.object)) {
          this.#replace(filling, versionOf(event.object));
          filling = undefined;
        }
        watchdog.feed(filling === undefined ? SILENCE_MS_MAX : INITIAL_SILENCE_MS_MAX);
      }
      if (filling !== undefined) throw new KubeFailure("the watch ended before it was complete", { status: 0, reason: "Incomplete" });
    } catch (error) {
      throw this.#asTrouble(error, signal, filling !== undefined);
    } finally {
      watchdog.stop();
    }
  }

  /** What a watch ended with, and what is to be done differently the next time. */
  #asTrouble(error: unknown, signal: AbortSignal, isFilling: boolean): unknown {
    const silent = this.#stream.signal.aborted ? this.#stream.signal.reason : undefined;
    // An older server refuses the initial events, or never says where they end.
    if (isFilling && (isRefused(error) || silent !== undefined) && !this.#ending.signal.aborted) {
      if (isRefused(error)) this.#hasWatchList = false;
      this.#isListNext = true;
      return new KubeFailure("the server has no WatchList", { status: 0, reason: "NoWatchList" });
    }
    if (isExpired(error)) this.#version = undefined;
    return signal.aborted && silent !== undefined ? silent : error;
  }

  #apply({ type, object }: WatchEvent): void {
    const version = versionOf(object);
    if (version !== "") this.#version = version;
    this.#well();
    if (type === "BOOKMARK") return;
    this.#parts.observe?.("event");
    const known = this.#kept.get(idOf(object));
    const value = type === "DELETED" ? undefined : this.#keep(object);
    if (value !== undefined) {
      const item = { id: idOf(object), uid: uidOf(object), version, value };
      this.#kept.set(item.id, item);
      this.#parts.onChanges([{ type: "put", item }]);
    } else if (known !== undefined) {
      this.#kept.delete(known.id);
      this.#parts.onChanges([{ type: "gone", item: known }]);
    }
  }

  #collect(object: KubeObject, into: Map<string, Kept<Value>>): void {
    const [id, version] = [idOf(object), versionOf(object)];
    const known = this.#kept.get(id);
    // What is kept already is not made a second time.
    if (known !== undefined && known.version === version && version !== "" && !this.#isDistrusted) return void into.set(id, known);
    const value = this.#keep(object);
    if (value !== undefined) into.set(id, { id, uid: uidOf(object), version, value });
  }

  // One object that nobody can make sense of must not keep all others from being followed.
  #keep(object: KubeObject): Value | undefined {
    try {
      return this.#parts.keep(object);
    } catch (error) {
      this.#parts.say(`${this.#parts.resource.plural} ${idOf(object)} is passed over: ${wordsOfFailure(error)}`);
      return undefined;
    }
  }

  #replace(fresh: ReadonlyMap<string, Kept<Value>>, version: string): void {
    const changes: Change<Value>[] = [];
    for (const item of this.#kept.values()) if (!fresh.has(item.id)) changes.push({ type: "gone", item });
    for (const item of fresh.values()) if (this.#kept.get(item.id) !== item) changes.push({ type: "put", item });
    for (const { type, item } of changes) {
      if (type === "gone") this.#kept.delete(item.id);
      else this.#kept.set(item.id, item);
    }
    this.#version = version;
    this.#isDistrusted = false;
    this.#well();
    if (changes.length > 0) this.#parts.onChanges(changes);
    this.#synced();
  }

  #well(): void {
    this.#misses = 0;
    this.#backoff.reset();
    if (this.#trouble !== "") this.#parts.say(`${this.#name} are watched again`);
    this.#trouble = "";
  }

  #synced(): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#parts.onSynced();
  }

  /** How long to wait now. */
  #failed(error: unknown): number {
    if (this.#ending.signal.aborted) return 0;
    const failure = error instanceof KubeFailure ? error : undefined;
    this.#parts.observe?.(troubleOf(failure, this.#version !== undefined));
    // The server said so on purpose: the list that follows is no failure yet.
    if (isExpired(error)) return this.#backoff.next();
    if (failure?.reason === "NoWatchList") return 0;
    // Once for each kind of trouble: the words may differ from try to try.
    const trouble = String(failure?.status ?? "unknown");
    if (this.#trouble !== trouble) this.#parts.say(`${this.#name} cannot be watched, the last state stays in force: ${wordsOfFailure(error)}`);
    this.#trouble = trouble;
    this.#misses += failure === undefined || failure.status === 0 || failure.status >= 500 ? 1 : 0;
    const waitMs = Math.max(this.#backoff.next(), failure?.retryAfterMs ?? 0);
    if (!isForbidden(error) && !isNotFound(error)) return waitMs;
    if (!this.#parts.isOptional) return waitMs;
    this.#synced();
    return FORBIDDEN_MS;
  }

  get #name(): string {
    const { resource, selection } = this.#parts;
    return `${resource.plural}${selection.namespace === undefined ? "" : ` of namespace ${selection.namespace}`}`;
  }
}

const troubleOf = (failure: KubeFailure | undefined, isResumed: boolean): WatchTrouble => {
  if (failure?.status === 410) return "expired";
  if (failure?.reason === "Silent") return "silent";
  if (failure?.reason === "NoWatchList") return "refused";
  return isResumed ? "watch" : "list";
};

const isInitialEnd = ({ metadata }: KubeObject): boolean => {
  const annotations = metadata["annotations"];
  return typeof annotations === "object" && annotations !== null && "k8s.io/initial-events-end" in annotations && annotations["k8s.io/initial-events-end"] === "true";
};

class Watchdog {
  readonly #clock: { after(delayMs: number, run: () => void): () => void };
  readonly #bark: () => void;
  #cancel = (): void => undefined;

  constructor(clock: { after(delayMs: number, run: () => void): () => void }, bark: () => void) {
    this.#clock = clock;
    this.#bark = bark;
  }

  feed(silenceMsMax: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(silenceMsMax, this.#bark);
  }

  stop(): void {
    this.#cancel();
  }
}
