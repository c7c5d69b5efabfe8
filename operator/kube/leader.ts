// Who leads: one holder of a Lease at a time, told by how long it has not changed before our own eyes.
// Another machine's clock is never believed. What leading means is not known here.
import { isConflict, isNotFound, wordsOfFailure } from "./failure.ts";
import type { KubeClient } from "./client.ts";
import { fieldsOf, resources, textOf, versionOf, type Fields, type KubeObject } from "./types.ts";

export interface Term {
  /** Higher than that of every leader before, whatever the clocks of the machines say. */
  readonly epoch: number;
  /** The Lease is as the chart makes it, so nobody led with it. Where this leader had to make it, somebody may have deleted it. */
  readonly isFirst: boolean;
}

export interface LeaderParts {
  readonly client: Pick<KubeClient, "get" | "create" | "update">;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** The same for each process of one pod, of which there is one at a time: a restarted one need not wait for itself. */
  readonly identity: string;
  readonly clock: { now(): number; tick(): number; after(delayMs: number, run: () => void): () => void };
  readonly random: () => number;
  readonly onElected: (term: Term) => void;
  /** Nothing may be done as the leader from here on. Not called after `release`. */
  readonly onLost: (reason: string) => void;
  readonly say: (message: string) => void;
}

export const LEASE_MS = 15_000;
/** Shorter than the lease, so that the old leader has stopped before another one can begin. */
export const RENEW_MS_MAX = 10_000;
const RETRY_MS = 2000;
const REQUEST_MS_MAX = 5000;
const EPOCH = "llmgateway.io/epoch";

interface Seen {
  readonly record: string;
  /** When it has not changed for as long as it says that it lasts. */
  readonly freeTick: number;
}

/*
 * waiting ── free, its own, or unchanged for a lease's time ──▶ leading ── not renewed for 10 s, or another holds it ──▶ lost
 *    ▲                                                            └── release ──▶ released: the Lease names nobody
 *    └── 2 s ──┘
 */
export class Leader {
  readonly #parts: LeaderParts;
  readonly #ending = new AbortController();
  #state: "waiting" | "leading" | "lost" | "released" = "waiting";
  #seen: Seen | undefined;
  #lease: KubeObject | undefined;
  #renewedTick = 0;
  #cancelNext = (): void => undefined;
  #cancelDeadline = (): void => undefined;
  #trying: Promise<void> = Promise.resolve();
  #trouble = "";

  constructor(parts: LeaderParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#next(0);
  }

  /** Asked before each write: also false when this process stood still for longer than its lease lasts. */
  isLeading(): boolean {
    return this.#state === "leading" && this.#parts.clock.tick() - this.#renewedTick < RENEW_MS_MAX;
  }

  /** By the store itself, and now. */
  async confirm(): Promise<boolean> {
    await this.#trying;
    if (this.#state === "leading") await this.#renew().catch(() => undefined);
    return this.isLeading() && this.#lease !== undefined;
  }

  /** Lets the next one begin at once. Whatever the leader does must have ended before. */
  async release(): Promise<void> {
    const wasLeading = this.isLeading();
    this.#end("released");
    await this.#trying;
    const lease = this.#lease;
    if (!wasLeading || lease === undefined) return;
    const { holderIdentity: _, ...spec } = fieldsOf(lease["spec"]);
    const released = { ...lease, spec: { ...spec, leaseDurationSeconds: 1, renewTime: this.#time() } };
    await this.#update(released).catch((error: unknown) => this.#parts.say(`the lease could not be released, it runs out by itself: ${wordsOfFailure(error)}`));
  }

  #end(state: "lost" | "released"): void {
    this.#state = state;
    this.#cancelNext();
    this.#cancelDeadline();
    if (state === "lost") this.#ending.abort();
  }

  #next(delayMs: number): void {
    this.#cancelNext = this.#parts.clock.after(delayMs, () => {
      this.#trying = this.#try().finally(() => {
        // A little uneven, so that two that wait do not always ask at the same moment.
        if (this.#state === "waiting" || this.#state === "leading") this.#next(this.#pauseMs());
      });
    });
  }

  /** Who waits looks again at the very moment at which the lease would be free. */
  #pauseMs(): number {
    const usualMs = RETRY_MS * (1 + 0.2 * this.#parts.random());
    const freeInMs = (this.#state === "waiting" ? (this.#seen?.freeTick ?? Infinity) : Infinity) - this.#parts.clock.tick();
    return freeInMs > 0 ? Math.min(usualMs, freeInMs) : usualMs;
  }

  async #try(): Promise<void> {
    try {
      if (this.#state === "leading") await this.#renew();
      else await this.#stand();
      this.#trouble = "";
    } catch (error) {
      // Somebody else was faster; the next look shows who.
      if (isConflict(error) || this.#ending.signal.aborted) return;
      const trouble = wordsOfFailure(error);
      if (trouble !== this.#trouble) this.#parts.say(`the lease ${this.#parts.name} cannot be ${this.#state === "leading" ? "renewed" : "read"}: ${trouble}`);
      this.#trouble = trouble;
    }
  }

  async #stand(): Promise<void> {
    const lease = await this.#read();
    if (lease === undefined) return this.#take(undefined);
    const spec = fieldsOf(lease["spec"]);
    const record = JSON.stringify([spec["holderIdentity"], spec["acquireTime"], spec["renewTime"], spec["leaseTransitions"]]);
    const tick = this.#parts.clock.tick();
    if (this.#seen?.record !== record) this.#seen = { record, freeTick: tick + durationMs(spec) };
    const holder = textOf(spec["holderIdentity"]);
    const isFree = holder === "" || holder === this.#parts.identity || tick >= this.#seen.freeTick;
    if (isFree) await this.#take(lease);
  }

  async #take(lease: KubeObject | undefined): Promise<void> {
    const { clock, identity, namespace, name } = this.#parts;
    const tick = clock.tick();
    const spec = fieldsOf(lease?.["spec"]);
    const annotations = fieldsOf(lease?.metadata["annotations"]);
    const epoch = Math.max(clock.now(), (Number(annotations[EPOCH]) || 0) + 1);
    const transitions = typeof spec["leaseTransitions"] === "number" ? spec["leaseTransitions"] + 1 : 0;
    const time = this.#time();
    const taken = {
      ...lease,
      metadata: { ...lease?.metadata, namespace, name, annotations: { ...annotations, [EPOCH]: String(epoch) } },
      spec: { ...spec, holderIdentity: identity, leaseDurationSeconds: LEASE_MS / 1000, acquireTime: time, renewTime: time, leaseTransitions: transitions },
    };
    const held = lease === undefined ? await this.#create(taken) : await this.#update(taken);
    // Released or ended while the answer was on its way: the lease runs out by itself.
    if (this.#state !== "waiting") return;
    this.#state = "leading";
    this.#renewed(held, tick);
    this.#parts.onElected({ epoch, isFirst: lease !== undefined && annotations[EPOCH] === undefined && Object.keys(spec).length === 0 });
  }

  async #renew(isSecond = false): Promise<void> {
    const { clock, identity } = this.#parts;
    const tick = clock.tick();
    const lease = this.#lease ?? (await this.#read());
    if (lease === undefined) return this.#lose("the lease is gone");
    const spec = fieldsOf(lease["spec"]);
    if (textOf(spec["holderIdentity"]) !== identity) return this.#lose(`${textOf(spec["holderIdentity"]) || "nobody"} holds the lease`);
    try {
      this.#renewed(await this.#update({ ...lease, spec: { ...spec, renewTime: this.#time() } }), tick);
    } catch (error) {
      // Changed by somebody: who holds it now is looked up at once. A write whose answer was lost is also found this way.
      this.#lease = undefined;
      if (isConflict(error) && !isSecond) return this.#renew(true);
      if (isNotFound(error)) return this.#lose("the lease is gone");
      throw error;
    }
  }

  #renewed(lease: KubeObject, tick: number): void {
    if (this.#state !== "leading" && this.#state !== "released") return;
    this.#lease = lease;
    this.#renewedTick = tick;
    if (this.#state === "released") return;
    this.#cancelDeadline();
    const leftMs = tick + RENEW_MS_MAX - this.#parts.clock.tick();
    this.#cancelDeadline = this.#parts.clock.after(Math.max(0, leftMs), () => this.#lose(`it could not be renewed for ${RENEW_MS_MAX / 1000} s`));
  }

  #lose(reason: string): void {
    if (this.#state !== "leading") return;
    this.#end("lost");
    this.#parts.onLost(reason);
  }

  async #read(): Promise<KubeObject | undefined> {
    const { client, namespace, name } = this.#parts;
    try {
      return await client.get(resources.Lease, { namespace, name }, this.#options());
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #create(lease: Fields): Promise<KubeObject> {
    return this.#parts.client.create(resources.Lease, { namespace: this.#parts.namespace }, lease, this.#options());
  }

  /** The version that the object carries makes it a conflict when anybody was faster. */
  #update(lease: Fields & { readonly metadata: Fields }): Promise<KubeObject> {
    if (versionOf({ metadata: { name: "", ...lease.metadata } }) === "") return Promise.reject(new Error("a lease without a version"));
    const { namespace, name } = this.#parts;
    return this.#parts.client.update(resources.Lease, { namespace, name }, lease, this.#options());
  }

  #options(): { signal: AbortSignal; timeoutMs: number } {
    return { signal: this.#ending.signal, timeoutMs: REQUEST_MS_MAX };
  }

  /** As the API server writes it, with six decimals. For people only. */
  #time(): string {
    return new Date(this.#parts.clock.now()).toISOString().replace("Z", "000Z");
  }
}

const durationMs = (spec: Fields): number => {
  const seconds = spec["leaseDurationSeconds"];
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : LEASE_MS;
};
