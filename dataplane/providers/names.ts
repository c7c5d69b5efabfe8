// The addresses of host names, remembered: one question at a time per name, and old answers while the resolver fails.
// It does not judge addresses; whoever dials does, each time.
import { lookup } from "node:dns/promises";
import type { Clock } from "../clock.ts";

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Rejects when the name has no address or nobody could be asked. */
export type Resolve = (hostname: string) => Promise<readonly Address[]>;

const NAMES_MAX = 1000;
const FRESH_MS = 30_000;
/** How long an answer serves after it was given, while no newer one can be had. */
const STALE_MS = 600_000;
/** After a failure nobody asks again for this long if there is an old answer. */
const PAUSE_MS = 5000;
/** How long a slow resolver is waited for when there is an old answer. */
const PATIENCE_MS = 1000;

export class NoAddress extends Error {
  override readonly name = "NoAddress";
  readonly code = "ENOTFOUND";
}

const systemResolve: Resolve = async (hostname) => {
  const found = await lookup(hostname, { all: true, order: "verbatim" });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/*
 * unknown ── asked ──▶ fresh (30 s) ──▶ old: asked again ── answer ──▶ fresh
 *                                        └── failure or 1 s of silence ──▶ the old answer, at most 10 min after it was given
 */
class Name {
  addresses: readonly Address[] = [];
  answeredTick = -Infinity;
  freshUntilTick = -Infinity;
  flight: Promise<void> | null = null;
  turn = 0;
}

/** The same question with a memory in front of it. */
export const cacheNames = (clock: Clock, resolve: Resolve = systemResolve): Resolve => {
  const names = new Map<string, Name>();

  const ask = async (hostname: string, name: Name): Promise<void> => {
    try {
      const addresses = await resolve(hostname);
      if (addresses.length === 0) throw new NoAddress(`${hostname} has no address`);
      name.addresses = addresses;
      name.answeredTick = clock.tick();
      name.freshUntilTick = name.answeredTick + FRESH_MS;
    } catch (error) {
      const usableUntilTick = name.answeredTick + STALE_MS;
      name.freshUntilTick = Math.min(clock.tick() + PAUSE_MS, usableUntilTick);
      if (usableUntilTick <= clock.tick() && names.get(hostname) === name) names.delete(hostname);
      throw error;
    } finally {
      name.flight = null;
    }
  };

  return async (hostname) => {
    const name = names.get(hostname) ?? remember(names, hostname);
    if (clock.tick() < name.freshUntilTick) return inTurn(name);
    name.flight ??= ask(hostname, name);
    if (clock.tick() < name.answeredTick + STALE_MS) await settledOrLate(name.flight, clock);
    else await name.flight;
    return inTurn(name);
  };
};

const remember = (names: Map<string, Name>, hostname: string): Name => {
  for (const [oldest, { flight }] of names) {
    if (names.size < NAMES_MAX) break;
    if (flight === null) names.delete(oldest);
  }
  const name = new Name();
  names.set(hostname, name);
  return name;
};

const settledOrLate = (flight: Promise<void>, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(PATIENCE_MS, resolve);
    const settle = () => {
      cancel();
      resolve();
    };
    flight.then(settle, settle);
  });

/** Each family in turn, in the order of families that the resolver gave. */
const inTurn = (name: Name): readonly Address[] => {
  const turn = name.turn++;
  const firstFamily = name.addresses[0]?.family;
  const first = name.addresses.filter(({ family }) => family === firstFamily);
  const second = name.addresses.filter(({ family }) => family !== firstFamily);
  return [...rotate(first, turn), ...rotate(second, turn)];
};

const rotate = (addresses: readonly Address[], turn: number): readonly Address[] => {
  const start = addresses.length === 0 ? 0 : turn % addresses.length;
  return [...addresses.slice(start), ...addresses.slice(0, start)];
};

const perClock = new WeakMap<Clock, Resolve>();

/** The memory that all pools of a process share; a process has one clock. */
export const sharedNames = (clock: Clock): Resolve => {
  const known = perClock.get(clock);
  if (known !== undefined) return known;
  const resolve = cacheNames(clock);
  perClock.set(clock, resolve);
  return resolve;
};
