// The store of one process: counters and marks in memory. Synchronous, so no two requests can pass the same place.
// It shares nothing with other pods; the forms that do obey the same suite.
import type { Clock } from "../clock.ts";
import type { Claim, Hold, Refusal, Reserved, Store } from "./store.ts";

interface Counter {
  /** Start of the window that `spent` belongs to; 0 where there is no window. */
  window: number;
  /** When `spent` may be forgotten. */
  endsAt: number;
  spent: number;
  held: number;
}

/** Beyond this many names those that hold nothing and whose time is over are forgotten. */
const SWEEP_AT = 10_000;

export class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #counters = new Map<string, Counter>();
  /** When each mark runs out. */
  readonly #marks = new Map<string, number>();
  readonly #open = new Set<Hold>();
  #sweepAt = SWEEP_AT;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reserve(claims: readonly Claim[]): Reserved {
    const now = this.#clock.now();
    // Several claims may name one counter: what an earlier one takes is missing to a later one.
    const wanted = new Map<string, number>();
    for (const claim of claims) {
      const counter = this.#at(claim, now);
      const before = wanted.get(claim.counter) ?? 0;
      if (counter.spent + counter.held + before + claim.amount > claim.limit) return { refusal: refusalOf(claim, counter, now) };
      wanted.set(claim.counter, before + claim.amount);
    }
    const hold: Hold = { claims, windows: claims.map((claim) => windowOf(claim, now)) };
    for (const claim of claims) this.#at(claim, now).held += claim.amount;
    this.#open.add(hold);
    return { hold };
  }

  settle(hold: Hold, actual: readonly number[]): void {
    if (!this.#open.delete(hold)) return;
    for (const [index, claim] of hold.claims.entries()) {
      const counter = this.#counters.get(claim.counter);
      if (counter === undefined) continue;
      counter.held -= claim.amount;
      // What was admitted in a window that is over belongs to that window, not to this one.
      if (claim.windowMs > 0 && counter.window === hold.windows[index]) counter.spent += actual[index] ?? 0;
    }
  }

  refund(hold: Hold): void {
    this.settle(hold, []);
  }

  mark(name: string, forMs: number): void {
    const now = this.#clock.now();
    if (now + forMs <= (this.#marks.get(name) ?? now)) return;
    this.#marks.set(name, now + forMs);
    this.#sweep(now);
  }

  unmark(name: string): void {
    this.#marks.delete(name);
  }

  isMarked(name: string): boolean {
    const until = this.#marks.get(name);
    if (until === undefined) return false;
    if (until > this.#clock.now()) return true;
    this.#marks.delete(name);
    return false;
  }

  async close(): Promise<void> {
    this.#counters.clear();
    this.#marks.clear();
    this.#open.clear();
  }

  /** How many names are remembered: for tests that prove that they do not pile up. */
  get size(): number {
    return this.#counters.size + this.#marks.size;
  }

  #at(claim: Claim, now: number): Counter {
    const window = windowOf(claim, now);
    let counter = this.#counters.get(claim.counter);
    if (counter === undefined) {
      this.#sweep(now);
      counter = { window, endsAt: window + claim.windowMs, spent: 0, held: 0 };
      this.#counters.set(claim.counter, counter);
    }
    if (counter.window !== window) {
      counter.window = window;
      counter.endsAt = window + claim.windowMs;
      counter.spent = 0;
    }
    return counter;
  }

  // Doubling the mark keeps the cost of sweeping in proportion to what was added.
  #sweep(now: number): void {
    if (this.size < this.#sweepAt) return;
    for (const [name, until] of this.#marks) if (until <= now) this.#marks.delete(name);
    for (const [name, { held, spent, endsAt }] of this.#counters) {
      if (held === 0 && (spent === 0 || endsAt <= now)) this.#counters.delete(name);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.size * 2);
  }
}

const windowOf = ({ windowMs }: Claim, now: number): number => (windowMs === 0 ? 0 : Math.floor(now / windowMs) * windowMs);

const refusalOf = (claim: Claim, counter: Counter, now: number): Refusal => ({
  counter: claim.counter,
  limit: claim.limit,
  spent: counter.spent,
  held: counter.held,
  retryAfterMs: claim.windowMs === 0 ? 0 : windowOf(claim, now) + claim.windowMs - now,
});
