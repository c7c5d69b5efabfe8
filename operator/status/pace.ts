// How fast status is written: so many at once, so many a second, and each object only so often.
// It holds no status; it says what may be written now and when to ask again.

interface Paced {
  nextTick: number;
  fights: number;
}

const BURST = 100;
const PER_SECOND = 50;
const EACH_MS = 1000;
const REFUSED_MS = 100;
const FIGHT_MS_MAX = 60_000;

export class Pace {
  readonly #tick: () => number;
  readonly #objects = new Map<string, Paced>();
  #allowance = BURST;
  #filledTick: number;
  #pausedTick = 0;

  /** `tick`: monotonic milliseconds. */
  constructor(tick: () => number) {
    this.#tick = tick;
    this.#filledTick = tick();
  }

  /** 0 when a write may begin now, and then it is counted; otherwise after how long to ask again. */
  wait(): number {
    const tick = this.#tick();
    if (tick < this.#pausedTick) return this.#pausedTick - tick;
    this.#allowance = Math.min(BURST, this.#allowance + ((tick - this.#filledTick) / 1000) * PER_SECOND);
    this.#filledTick = tick;
    if (this.#allowance < 1) return Math.ceil(((1 - this.#allowance) / PER_SECOND) * 1000);
    this.#allowance -= 1;
    return 0;
  }

  /** When this object may be written again. */
  waitFor(key: string): number {
    return Math.max(0, (this.#objects.get(key)?.nextTick ?? 0) - this.#tick());
  }

  /** `isFight`: somebody else had changed what we wrote, so that the same is written once more; each time later. */
  wrote(key: string, isFight: boolean): number {
    const paced = this.#objects.get(key) ?? { nextTick: 0, fights: 0 };
    paced.fights = isFight ? paced.fights + 1 : 0;
    paced.nextTick = this.#tick() + Math.min(FIGHT_MS_MAX, EACH_MS * 2 ** Math.min(paced.fights, 16));
    this.#objects.set(key, paced);
    return paced.fights;
  }

  /** The object is not what it was taken for: tried again when it may have been seen anew, each time later. */
  refused(key: string): void {
    const paced = this.#objects.get(key) ?? { nextTick: 0, fights: 0 };
    paced.nextTick = this.#tick() + Math.min(FIGHT_MS_MAX, REFUSED_MS * 2 ** Math.min(paced.fights, 16));
    paced.fights += 1;
    this.#objects.set(key, paced);
  }

  forget(key: string): void {
    this.#objects.delete(key);
  }

  /** The server asks for it, or does not answer: nobody writes for so long. */
  pause(ms: number): void {
    this.#pausedTick = Math.max(this.#pausedTick, this.#tick() + ms);
  }
}
