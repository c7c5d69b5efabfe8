// The only outbound caller: one pool of connections per origin and way of dialling, shared by all that go there.
// It sends and hands over what comes; clocks, retries and judgement are the attempt's.
import { Pool, type Dispatcher } from "undici";
import type { Clock } from "../clock.ts";
import { makeConnect } from "./connect.ts";
import type { Ranges } from "./address.ts";

const CONNECTIONS_MAX = 2048;
const QUEUE_MAX = 1024;
const KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_MS_MAX = 600_000;
/** A head larger than this is not an answer. */
const HEADER_BYTES_MAX = 65_536;

/** Everything that makes one pool different from another. */
export interface Dial {
  readonly origin: string;
  readonly network: "public" | "private";
  readonly privateRanges: Ranges;
  /** The same ranges as text, for the pool's key. */
  readonly privateRangesText: string;
  readonly tls: { readonly ca: readonly string[]; readonly serverName?: string | undefined };
  readonly connectTimeoutMs: number;
}

export class Upstream {
  readonly origin: string;
  readonly #open: () => Pool;
  #pool: Pool;
  #isClosing = false;
  inFlight = 0;

  constructor(dial: Dial, clock: Clock) {
    this.origin = dial.origin;
    this.#open = () => new Pool(dial.origin, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
      // The attempt has clocks of its own; two clocks for one thing would disagree.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      allowH2: false,
      connect: makeConnect({
        network: dial.network,
        privateRanges: dial.privateRanges,
        tls: { ca: dial.tls.ca, serverName: dial.tls.serverName },
        connectTimeoutMs: dial.connectTimeoutMs,
        clock,
      }),
    });
    this.#pool = this.#open();
  }

  get isFull(): boolean {
    return this.inFlight >= CONNECTIONS_MAX + QUEUE_MAX;
  }

  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.#isClosing) return this.#sendLate(request, handler);
    this.#pool.dispatch(request, handler);
  }

  // A request that began on an older snapshot may come here after its time: it gets connections of its own.
  #sendLate(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool = this.#open();
    this.#pool.dispatch(request, handler);
    void this.#pool.close();
  }

  /** Lets what is under way finish. */
  close(): Promise<void> {
    this.#isClosing = true;
    return this.#pool.close();
  }

  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}

export class Upstreams {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Upstream>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(dial: Dial): Upstream {
    const key = keyOf(dial);
    let upstream = this.#byKey.get(key);
    if (upstream === undefined) {
      upstream = new Upstream(dial, this.#clock);
      this.#byKey.set(key, upstream);
    }
    return upstream;
  }

  /** Closes the pools that no longer lead anywhere; requests under way in them finish. */
  keepOnly(used: ReadonlySet<Upstream>): void {
    for (const [key, upstream] of this.#byKey) {
      if (used.has(upstream)) continue;
      this.#byKey.delete(key);
      void upstream.close();
    }
  }

  get inFlight(): number {
    let total = 0;
    for (const upstream of this.#byKey.values()) total += upstream.inFlight;
    return total;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#byKey.values()].map((upstream) => upstream.destroy()));
    this.#byKey.clear();
  }
}

const keyOf = (dial: Dial): string =>
  [dial.origin, dial.network, dial.privateRangesText, dial.connectTimeoutMs, dial.tls.serverName ?? "", ...dial.tls.ca].join("\n");
