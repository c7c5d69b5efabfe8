// What is waited for before anything goes to the provider, a credential or bytes that a client named by address: as long as the
// request has time left and the client is there. What is waited for goes on by itself, and others may wait for it too.
import { Deadline } from "../deadlines.ts";
import { failure, type Failure } from "../errors.ts";
import type { Destination } from "./destination.ts";
import type { Exchange, Waiting } from "./exchange.ts";

/*
 * waiting ── it came ──▶ over (it)
 *    ├── the request's time is up ──▶ over (TIMEOUT_TOTAL)
 *    └── the client left ──▶ over (null)
 */
class Patience<Wanted> extends Deadline implements Waiting {
  readonly #exchange: Exchange;
  readonly #totalMs: number;
  readonly #resolve: (outcome: Wanted | Failure | null) => void;

  constructor(exchange: Exchange, totalMs: number, resolve: (outcome: Wanted | Failure | null) => void) {
    super();
    this.#exchange = exchange;
    this.#totalMs = totalMs;
    this.#resolve = resolve;
    exchange.waiting = this;
    if (totalMs > 0) exchange.gateway.deadlines.arm(this, exchange.startTick + totalMs);
  }

  onDue(): void {
    this.over(failure("TIMEOUT_TOTAL", { seconds: this.#totalMs / 1000 }));
  }

  onClientLeft(): void {
    this.over(null);
  }

  over(outcome: Wanted | Failure | null): void {
    this.release();
    this.#resolve(outcome);
  }

  release(): void {
    if (this.#exchange.waiting === this) this.#exchange.waiting = null;
    this.#exchange.gateway.deadlines.disarm(this);
  }
}

/** Null: the client left meanwhile. */
export const inTime = <Wanted>(exchange: Exchange, { timeouts }: Destination, wanted: Promise<Wanted>): Promise<Wanted | Failure | null> =>
  new Promise((resolve, reject) => {
    const patience = new Patience<Wanted>(exchange, timeouts.totalMs, resolve);
    wanted.then(
      (came) => patience.over(came),
      (error: unknown) => {
        patience.release();
        reject(error as Error);
      },
    );
  });
