// The only outbound caller: one pool of connections per origin and way of dialling, shared by all that go there.
// It sends and hands over what comes; clocks, retries and judgement are the attempt's.
import type { Clock } from "../clock.ts";
import { type Gathering, sharedGathering } from "../wire/gathering.ts";
import type { Ranges } from "./address.ts";
import { makeDial, type Dial as OpenSocket } from "./connect.ts";
import { Connection, Sending, type Outbound, type Owner, type Taker } from "./connection.ts";

const CONNECTIONS_MAX = 2048;
const QUEUE_MAX = 1024;
const KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_MS_MAX = 600_000;
/** So much earlier than the server closes an idle connection it is not used any more: a request may be on its way for that long. */
const KEEP_ALIVE_MARGIN_MS = 1000;

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

/** The gateway is ending. */
class PoolDestroyed extends Error {
  override readonly name = "PoolDestroyed";
  readonly code = "POOL_DESTROYED";
}

export class Upstream implements Owner {
  readonly origin: string;
  readonly gathering: Gathering;
  readonly #target: URL;
  readonly #dial: OpenSocket;
  readonly #clock: Clock;
  readonly #all = new Set<Connection>();
  /** The one used last is used next: the others come to their end. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Sending[] = [];
  readonly #onAbandoned = (sending: Sending): void => this.#abandon(sending);
  #opening = 0;
  /** Of those, whom nobody waits for any more. */
  #unwanted = 0;
  #stopSweep: (() => void) | null = null;
  #isClosing = false;
  #isDestroyed = false;
  inFlight = 0;

  constructor(dial: Dial, clock: Clock) {
    this.origin = dial.origin;
    this.#target = new URL(dial.origin);
    this.#clock = clock;
    this.gathering = sharedGathering(clock);
    this.#dial = makeDial({
      network: dial.network,
      privateRanges: dial.privateRanges,
      tls: { ca: dial.tls.ca, serverName: dial.tls.serverName },
      connectTimeoutMs: dial.connectTimeoutMs,
      clock,
    });
  }

  get isFull(): boolean {
    return this.inFlight >= CONNECTIONS_MAX + QUEUE_MAX;
  }

  send(request: Outbound, taker: Taker): Sending {
    const sending = new Sending(request, taker, this.#onAbandoned);
    const idle = this.#takeIdle();
    if (idle !== null) {
      idle.begin(sending);
    } else {
      this.#waiting.push(sending);
      this.#openMore();
    }
    return sending;
  }

  /** Lets what is under way finish. A request that began on an older snapshot may still come: it gets a connection of its own. */
  close(): void {
    this.#isClosing = true;
    this.#stopSweep?.();
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.close();
    const error = new PoolDestroyed("the gateway is ending");
    for (const sending of [...this.#waiting]) sending.abort(error);
    for (const connection of [...this.#all]) connection.fail(error);
  }

  onIdle(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return connection.begin(next);
    const keptMs = keptFor(connection.keepAliveSeconds);
    if (this.#isClosing || keptMs <= 0) return connection.close();
    connection.idleUntilTick = this.#clock.tick() + keptMs;
    this.#idle.push(connection);
    this.#stopSweep ??= this.#clock.after(KEEP_ALIVE_MS, () => this.#sweep());
  }

  onGone(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    // Whoever waits for it would wait for nothing.
    this.#openMore();
  }

  #takeIdle(): Connection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.idleUntilTick > this.#clock.tick()) return connection;
      connection.close();
    }
  }

  #abandon(sending: Sending): void {
    const index = this.#waiting.indexOf(sending);
    if (index !== -1) this.#waiting.splice(index, 1);
    this.#unwanted = Math.max(0, this.#opening - this.#waiting.length);
  }

  #openMore(): void {
    while (this.#opening < this.#waiting.length && this.#all.size + this.#opening < CONNECTIONS_MAX && !this.#isDestroyed) this.#open();
  }

  #open(): void {
    this.#opening++;
    const connection = new Connection(this.#target.host, this);
    this.#dial(this.#target, connection.onread, (error, socket) => {
      this.#opening--;
      if (socket === null) return this.#failNext(error);
      const isWanted = this.#waiting.length > 0 || this.#unwanted === 0;
      if (this.#unwanted > 0) this.#unwanted--;
      if (!isWanted || this.#isDestroyed) return void socket.destroy();
      this.#all.add(connection);
      connection.open(socket);
      this.onIdle(connection);
    });
  }

  /** A connection is opened for each that waits, so one that fails is one's answer. */
  #failNext(error: Error): void {
    if (this.#unwanted > this.#opening) this.#unwanted = this.#opening;
    this.#waiting.shift()?.abort(error);
    this.#openMore();
  }

  #sweep(): void {
    this.#stopSweep = null;
    const tick = this.#clock.tick();
    const ended = this.#idle.filter((connection) => connection.idleUntilTick <= tick);
    for (const connection of ended) connection.close();
    if (this.#idle.length > 0) this.#stopSweep = this.#clock.after(KEEP_ALIVE_MS, () => this.#sweep());
  }
}

const keptFor = (seconds: number): number => (seconds < 0 ? KEEP_ALIVE_MS : Math.min(seconds * 1000, KEEP_ALIVE_MS_MAX) - KEEP_ALIVE_MARGIN_MS);

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
      upstream.close();
    }
  }

  get inFlight(): number {
    let total = 0;
    for (const upstream of this.#byKey.values()) total += upstream.inFlight;
    return total;
  }

  destroy(): void {
    for (const upstream of this.#byKey.values()) upstream.destroy();
    this.#byKey.clear();
  }
}

const keyOf = (dial: Dial): string =>
  [dial.origin, dial.network, dial.privateRangesText, dial.connectTimeoutMs, dial.tls.serverName ?? "", ...dial.tls.ca].join("\n");
