// What a `hello` must be able to tell: the leases that are held, and the reports that nobody has confirmed.
// It counts nothing itself and loses nothing silently: a report beyond its bound is refused to whoever made it.
import type { HeldLease, Lease, Report } from "../snapshot/messages.ts";

export type ReportContent = Pick<Report, "usage" | "demand" | "health">;

const UNCONFIRMED_MAX = 1000;

interface Held {
  readonly lease: Lease;
  readonly endsTick: number;
}

export class Journal {
  readonly #tick: () => number;
  readonly #leases = new Map<string, Held>();
  #unconfirmed: Report[] = [];
  #sequence = 0;
  #confirmed = 0;

  /** `tick`: monotonic milliseconds. */
  constructor(tick: () => number) {
    this.#tick = tick;
  }

  /** The number of the last report that is durably counted. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** To be sent, and again after each reconnect until confirmed; undefined when too many wait already. */
  report(content: ReportContent): Report | undefined {
    if (this.#unconfirmed.length >= UNCONFIRMED_MAX) return undefined;
    this.#sequence += 1;
    const report: Report = { type: "report", sequence: this.#sequence, ...content };
    this.#unconfirmed.push(report);
    return report;
  }

  unconfirmed(): readonly Report[] {
    return this.#unconfirmed;
  }

  /** A number that was never given out confirms nothing. */
  confirm(sequence: number): void {
    if (sequence <= this.#confirmed || sequence > this.#sequence) return;
    this.#confirmed = sequence;
    this.#unconfirmed = this.#unconfirmed.filter((report) => report.sequence > sequence);
  }

  /** A share replaces the one of the same id, unless it comes from an operator that has lost its authority. */
  take(lease: Lease): void {
    const held = this.#leases.get(lease.id);
    if (held !== undefined && lease.epoch < held.lease.epoch) return;
    this.#leases.set(lease.id, { lease, endsTick: this.#tick() + lease.ttlMs });
  }

  leases(): HeldLease[] {
    const tick = this.#tick();
    for (const [id, held] of this.#leases) if (held.endsTick <= tick) this.#leases.delete(id);
    return [...this.#leases.values()].map(({ lease, endsTick }) => ({ id: lease.id, amount: lease.amount, epoch: lease.epoch, remainingMs: Math.ceil(endsTick - tick) }));
  }
}
