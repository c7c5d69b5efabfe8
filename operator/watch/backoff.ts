// How long to wait before the next try: longer each time, never twice the same, never longer than the bound.

export class Backoff {
  readonly #baseMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(parts: { baseMs: number; mostMs: number; random: () => number }) {
    this.#baseMs = parts.baseMs;
    this.#mostMs = parts.mostMs;
    this.#random = parts.random;
  }

  /** Between half of it and the whole, so that many that failed together do not come back together. */
  next(): number {
    const wholeMs = Math.min(this.#mostMs, this.#baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return wholeMs * (0.5 + 0.5 * this.#random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
