// What is out: the shares of limits that data planes say they hold, counted until each has run out.
// It gives nothing out itself. A data plane that vanishes keeps what it held, because it may be spending it.
import type { HeldLease } from "../../dataplane/snapshot/messages.ts";

interface Out {
  readonly lease: HeldLease;
  readonly endsTick: number;
}

export class Leases {
  readonly #tick: () => number;
  /** By holder, then by lease. */
  readonly #out = new Map<string, Map<string, Out>>();

  /** `tick`: monotonic milliseconds. */
  constructor(tick: () => number) {
    this.#tick = tick;
  }

  /** A `hello` is the whole truth about its holder; a new boot of the same pod is a new holder. */
  told(holder: string, leases: readonly HeldLease[]): void {
    const tick = this.#tick();
    this.#forget(tick);
    if (leases.length === 0) this.#out.delete(holder);
    else this.#out.set(holder, new Map(leases.map((lease) => [lease.id, { lease, endsTick: tick + lease.remainingMs }])));
  }

  /** The sum of what is out of one limit: what must not be given out a second time. */
  outstanding(id: string): number {
    this.#forget(this.#tick());
    let sum = 0;
    for (const held of this.#out.values()) sum += held.get(id)?.lease.amount ?? 0;
    return sum;
  }

  #forget(tick: number): void {
    for (const [holder, held] of this.#out) {
      for (const [id, { endsTick }] of held) if (endsTick <= tick) held.delete(id);
      if (held.size === 0) this.#out.delete(holder);
    }
  }
}
