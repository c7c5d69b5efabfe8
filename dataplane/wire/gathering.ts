// What is written to many sockets in one turn of the event loop goes out at its end, socket after socket. Each write wakes
// whoever reads at the other end, and the way into the kernel and back is cold each time: done together they cost half.
// A turn with one request has nothing to wait for, and a long turn is not waited for.
import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";

/** As long as bytes wait for the end of their turn, when something else is written meanwhile. */
const WAIT_MS = 1;

export class Gathering {
  readonly #clock: Pick<Clock, "tick">;
  readonly #corked: Socket[] = [];
  #isEndAwaited = false;
  #sinceTick = 0;

  constructor(clock: Pick<Clock, "tick">) {
    this.#clock = clock;
  }

  /** What is written to it from here on waits for the end of the turn. */
  hold(socket: Socket): void {
    if (socket.writableCorked > 0) return;
    const tick = this.#clock.tick();
    if (this.#corked.length > 0 && tick - this.#sinceTick > WAIT_MS) this.#sendAll();
    if (this.#corked.length === 0) this.#sinceTick = tick;
    socket.cork();
    this.#corked.push(socket);
    if (this.#isEndAwaited) return;
    this.#isEndAwaited = true;
    setImmediate(endTurn, this);
  }

  /** For the end of the turn. */
  end(): void {
    this.#isEndAwaited = false;
    this.#sendAll();
  }

  #sendAll(): void {
    for (const socket of this.#corked.splice(0)) socket.uncork();
  }
}

const perClock = new WeakMap<Pick<Clock, "tick">, Gathering>();

/** The one of all that write in a process, which has one clock: replies and requests wait for the same end. */
export const sharedGathering = (clock: Pick<Clock, "tick">): Gathering => {
  const known = perClock.get(clock);
  if (known !== undefined) return known;
  const gathering = new Gathering(clock);
  perClock.set(clock, gathering);
  return gathering;
};

const endTurn = (gathering: Gathering): void => gathering.end();

/** What waits for the end of the turn goes out now: a socket that is destroyed loses it. */
export const sendNow = (socket: Socket): void => {
  while (socket.writableCorked > 0) socket.uncork();
};
