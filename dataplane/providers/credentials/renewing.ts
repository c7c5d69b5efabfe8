// Keeps one value that ends, such as a token, and has a new one ready before it does. One fetch at a time.
// It does not know what the value is or where it comes from; it never hands out one that has ended.
import type { Clock } from "../../clock.ts";
import { CredentialUnavailable } from "./authorization.ts";

/*
 * EMPTY ── fetched ──▶ FRESH ── its last fifth begins ──▶ FRESH, fetching ── fetched ──▶ FRESH
 *   │ ▲                                                      │ ▲
 *   │ └── pause, 1 s to 30 s ── failed                       │ └── pause ── failed ── it ended meanwhile ──▶ EMPTY
 *   └── asked ──▶ waits for the fetch; during a pause: the failure of the last one, at once
 */

export interface Fresh<Value> {
  readonly value: Value;
  /** Wall time in milliseconds; Infinity when nobody knows of an end. */
  readonly endsAt: number;
}

export interface RenewingParts<Value> {
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks for a new one. The signal is aborted when it takes too long; whatever it throws becomes a CredentialUnavailable by `explain`. */
  readonly issue: (signal: AbortSignal) => Promise<Fresh<Value>>;
  readonly explain: (error: unknown) => CredentialUnavailable;
  /** Told of each failure, for the log. */
  readonly onFailure: (cause: CredentialUnavailable) => void;
}

/** How long one fetch may take, which is also the longest that a request waits. */
export const FETCH_MS_MAX = 10_000;
const PAUSE_MS = 1000;
const PAUSE_MS_MAX = 30_000;
/** A value this close to its end would end on the way. */
const MARGIN_MS = 5000;
const AHEAD_SHARE = 0.2;
const AHEAD_MS_MAX = 300_000;
const LOOK_AGAIN_MS_MAX = 86_400_000;
/** What has no end is looked at now and then all the same: somebody may have rotated it. */
const ENDLESS_LOOK_AGAIN_MS = 900_000;
/** A value this young is not the reason for a refusal. */
const YOUNG_MS = 30_000;

export class Renewing<Value> {
  readonly #parts: RenewingParts<Value>;
  #held: Fresh<Value> | null = null;
  #heldTick = -Infinity;
  #flight: Promise<Value> | null = null;
  #failures = 0;
  #failure: CredentialUnavailable | null = null;
  #pauseUntilTick = -Infinity;
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(parts: RenewingParts<Value>) {
    this.#parts = parts;
  }

  /** Fetches the first value, so that no request waits for it. */
  start(): void {
    this.#fetchUnasked();
  }

  /** Null: none, or the one that there was has ended. */
  now(): Value | null {
    const held = this.#held;
    return held !== null && this.#parts.clock.now() < held.endsAt - MARGIN_MS ? held.value : null;
  }

  get(): Promise<Value> {
    const value = this.now();
    if (value !== null) return Promise.resolve(value);
    if (this.#flight === null && this.#failure !== null && this.#parts.clock.tick() < this.#pauseUntilTick) return Promise.reject(this.#failure);
    return this.#fly();
  }

  /** Somebody would not have it: a new one is fetched; the old one serves until it is there. */
  doubt(): void {
    const isYoung = this.#parts.clock.tick() - this.#heldTick < YOUNG_MS;
    const isPausing = this.#failure !== null && this.#parts.clock.tick() < this.#pauseUntilTick;
    if (!this.#isClosed && !isYoung && !isPausing) this.#fetchUnasked();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  // Whoever asks is told of a failure; where nobody asked the log is.
  #fetchUnasked(): void {
    this.#fly().catch(() => undefined);
  }

  #fly(): Promise<Value> {
    this.#flight ??= this.#fetch().finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  async #fetch(): Promise<Value> {
    const { clock, explain, onFailure } = this.#parts;
    try {
      const fresh = await this.#inTime();
      if (fresh.endsAt - MARGIN_MS <= clock.now()) throw new CredentialUnavailable("what its issuer gave had ended already; one of the clocks may be wrong");
      this.#take(fresh);
      return fresh.value;
    } catch (error) {
      const cause = error instanceof CredentialUnavailable ? error : explain(error);
      this.#failed(cause);
      onFailure(cause);
      throw cause;
    }
  }

  /** What comes too late is dropped: not every library can be told to stop. */
  async #inTime(): Promise<Fresh<Value>> {
    const { clock, issue } = this.#parts;
    const ending = new AbortController();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.after(FETCH_MS_MAX, () => reject(new CredentialUnavailable(`it did not come within ${FETCH_MS_MAX / 1000} s`)));
    try {
      return await Promise.race([issue(ending.signal), late]);
    } finally {
      cancel();
      ending.abort(new Error("over"));
    }
  }

  #take(fresh: Fresh<Value>): void {
    const { clock, random } = this.#parts;
    this.#held = fresh;
    this.#heldTick = clock.tick();
    this.#failures = 0;
    this.#failure = null;
    const leftMs = fresh.endsAt - clock.now();
    // Not all processes of a fleet at one moment.
    const aheadMs = Math.min(leftMs * AHEAD_SHARE, AHEAD_MS_MAX) * (1 + random() / 2);
    this.#fetchIn(leftMs === Infinity ? ENDLESS_LOOK_AGAIN_MS * (1 - random() / 4) : Math.min(leftMs - aheadMs, LOOK_AGAIN_MS_MAX));
  }

  #failed(cause: CredentialUnavailable): void {
    const { clock, random } = this.#parts;
    const pauseMs = Math.min(PAUSE_MS * 2 ** this.#failures, PAUSE_MS_MAX) * (1 - random() / 2);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#failure = cause;
    this.#pauseUntilTick = clock.tick() + pauseMs;
    this.#fetchIn(pauseMs);
  }

  #fetchIn(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#isClosed ? null : this.#parts.clock.after(delayMs, () => this.#fetchUnasked());
  }
}
