// One wheel for all deadlines of a process: arming and disarming cost a few pointer writes and no timer of Node's.
// It promises lateness of at most one slot (50 ms) and never earliness; it does not know what a deadline means.
import type { Clock } from "./clock.ts";

const SLOT_MS = 50;

/** Embedded in whatever waits: one object has one deadline at a time. */
export abstract class Deadline {
  slot = -1;
  next: Deadline | null = null;
  previous: Deadline | null = null;
  /** Called once when the time is up; may arm itself again. */
  abstract onDue(tickMs: number): void;
}

/*
 * disarmed ── arm ──▶ armed ── disarm ──▶ disarmed
 *                       └──── due ──────▶ disarmed, onDue()
 * A slot is a doubly linked list; a slot that becomes empty is forgotten, so the map holds only what is in use.
 */
export class Deadlines {
  readonly clock: Clock;
  readonly #slots = new Map<number, Deadline>();
  #wakeSlot = Infinity;
  #rungSlot = -1;
  #cancelWake: (() => void) | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Infinity disarms; a time that is over means the next slot, so that nothing can ring for ever in one turn. */
  arm(deadline: Deadline, dueTickMs: number): void {
    if (dueTickMs === Infinity) return this.disarm(deadline);
    const slot = Math.max(Math.ceil(dueTickMs / SLOT_MS), this.#rungSlot + 1);
    if (deadline.slot === slot) return;
    if (deadline.slot !== -1) this.disarm(deadline);
    const first = this.#slots.get(slot) ?? null;
    deadline.slot = slot;
    deadline.next = first;
    deadline.previous = null;
    if (first !== null) first.previous = deadline;
    this.#slots.set(slot, deadline);
    if (slot < this.#wakeSlot) this.#wakeAt(slot);
  }

  disarm(deadline: Deadline): void {
    if (deadline.slot === -1) return;
    if (deadline.next !== null) deadline.next.previous = deadline.previous;
    if (deadline.previous !== null) deadline.previous.next = deadline.next;
    else if (deadline.next !== null) this.#slots.set(deadline.slot, deadline.next);
    else this.#slots.delete(deadline.slot);
    deadline.slot = -1;
    deadline.next = null;
    deadline.previous = null;
  }

  /** When an armed deadline will be looked at; Infinity when it is not armed. */
  dueOf(deadline: Deadline): number {
    return deadline.slot === -1 ? Infinity : deadline.slot * SLOT_MS;
  }

  /** How many slots are in use: for tests that prove nothing is left behind. */
  get slotsInUse(): number {
    return this.#slots.size;
  }

  close(): void {
    this.#cancelWake?.();
    this.#cancelWake = null;
    this.#wakeSlot = Infinity;
    this.#slots.clear();
  }

  // A wake-up that finds its slot empty costs one turn of the event loop; cancelling it on every disarm would cost more.
  #wakeAt(slot: number): void {
    this.#cancelWake?.();
    this.#wakeSlot = slot;
    const delayMs = Math.max(1, slot * SLOT_MS - this.clock.tick());
    this.#cancelWake = this.clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    const tickMs = this.clock.tick();
    this.#cancelWake = null;
    this.#wakeSlot = Infinity;
    this.#rungSlot = Math.floor(tickMs / SLOT_MS);
    try {
      for (const slot of [...this.#slots.keys()]) if (slot * SLOT_MS <= tickMs) this.#ring(slot, tickMs);
    } finally {
      // One that throws must not put all others to sleep.
      this.#sleep();
    }
  }

  #ring(slot: number, tickMs: number): void {
    for (let due = this.#slots.get(slot); due !== undefined; due = this.#slots.get(slot)) {
      this.disarm(due);
      due.onDue(tickMs);
    }
  }

  #sleep(): void {
    let earliest = Infinity;
    for (const slot of this.#slots.keys()) if (slot < earliest) earliest = slot;
    if (earliest !== Infinity && earliest < this.#wakeSlot) this.#wakeAt(earliest);
  }
}
