// How late the event loop is: asked at admission, where a process that cannot keep up refuses instead of queueing.
// It measures only while somebody asks, so that an idle process has no timer that ticks; it refuses nothing itself.
import type { Clock } from "../clock.ts";

const PROBE_MS = 50;
/** What the metric looks back on. */
const WINDOW_MS = 15_000;

/*
 * resting ── asked ──▶ probing ── on time or late ──▶ probing again if asked meanwhile, otherwise resting
 */
export class Lag {
  readonly #clock: Clock;
  readonly #probe = (): void => this.#onProbe();
  #dueTick = Infinity;
  #isAsked = false;
  #lastMs = 0;
  #worstMs = 0;
  #worstTick = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `nowTick` from a clock that was read anyway. What is overdue now counts even before the probe could say so. */
  lagMs(nowTick: number = this.#clock.tick()): number {
    this.#isAsked = true;
    if (this.#cancel === null) this.#arm(nowTick);
    const overdueMs = nowTick - this.#dueTick;
    return overdueMs > this.#lastMs ? overdueMs : this.#lastMs;
  }

  /** The worst of the last 15 seconds. */
  worstMs(): number {
    return this.#clock.tick() - this.#worstTick > WINDOW_MS ? 0 : this.#worstMs;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#dueTick = Infinity;
  }

  #arm(tick: number): void {
    this.#dueTick = tick + PROBE_MS;
    this.#cancel = this.#clock.after(PROBE_MS, this.#probe);
  }

  #onProbe(): void {
    const tick = this.#clock.tick();
    this.#lastMs = Math.max(0, tick - this.#dueTick);
    if (this.#lastMs >= this.#worstMs || tick - this.#worstTick > WINDOW_MS) {
      this.#worstMs = this.#lastMs;
      this.#worstTick = tick;
    }
    this.#cancel = null;
    this.#dueTick = Infinity;
    if (this.#isAsked) this.#arm(tick);
    else this.#lastMs = 0;
    this.#isAsked = false;
  }
}
