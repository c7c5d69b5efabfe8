// The wheel of deadlines: late by at most one slot, never early, nothing left behind.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deadline, Deadlines } from "../dataplane/deadlines.ts";
import { fakeClock, type FakeClock } from "./doubles/clock.ts";

const SLOT_MS = 50;

class Alarm extends Deadline {
  readonly rings: number[] = [];
  readonly #clock: FakeClock;
  onRing: ((tickMs: number) => void) | null = null;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  onDue(tickMs: number): void {
    this.rings.push(this.#clock.tick());
    this.onRing?.(tickMs);
  }
}

const setup = () => {
  const clock = fakeClock();
  const deadlines = new Deadlines(clock);
  const alarm = (): Alarm => new Alarm(clock);
  return { clock, deadlines, alarm };
};

describe("a deadline", () => {
  test("comes once, not early and at most one slot late", () => {
    const { clock, deadlines, alarm } = setup();
    const one = alarm();
    deadlines.arm(one, 130);
    clock.advance(129);
    expect(one.rings).toEqual([]);
    clock.advance(SLOT_MS);
    expect(one.rings).toHaveLength(1);
    clock.advance(10_000);
    expect(one.rings).toHaveLength(1);
  });

  test("that is disarmed never comes", () => {
    const { clock, deadlines, alarm } = setup();
    const one = alarm();
    deadlines.arm(one, 100);
    deadlines.disarm(one);
    deadlines.disarm(one);
    clock.advance(1000);
    expect(one.rings).toEqual([]);
    expect(deadlines.slotsInUse).toBe(0);
  });

  test("armed again comes at the new time only, later or earlier", () => {
    const { clock, deadlines, alarm } = setup();
    const [later, earlier] = [alarm(), alarm()];
    deadlines.arm(later, 100);
    deadlines.arm(later, 500);
    deadlines.arm(earlier, 500);
    deadlines.arm(earlier, 100);
    clock.advance(200);
    expect([later.rings.length, earlier.rings.length]).toEqual([0, 1]);
    clock.advance(400);
    expect([later.rings.length, earlier.rings.length]).toEqual([1, 1]);
  });

  test("in the past comes at the next turn, not at once and not never", () => {
    const { clock, deadlines, alarm } = setup();
    clock.advance(1000);
    const one = alarm();
    deadlines.arm(one, 10);
    expect(one.rings).toEqual([]);
    clock.advance(1);
    expect(one.rings).toHaveLength(1);
  });

  test("may arm itself again when it is due", () => {
    const { clock, deadlines, alarm } = setup();
    const one = alarm();
    one.onRing = (tickMs) => {
      if (one.rings.length < 3) deadlines.arm(one, tickMs + 100);
    };
    deadlines.arm(one, 100);
    clock.advance(1000);
    expect(one.rings).toEqual([100, 200, 300]);
    expect(deadlines.slotsInUse).toBe(0);
  });

  test("may disarm another one of the same slot when it is due", () => {
    const { clock, deadlines, alarm } = setup();
    const all = [alarm(), alarm(), alarm()];
    for (const one of all) {
      one.onRing = () => {
        for (const other of all) if (other !== one) deadlines.disarm(other);
      };
      deadlines.arm(one, 100);
    }
    clock.advance(1000);
    expect(all.reduce((sum, one) => sum + one.rings.length, 0)).toBe(1);
    expect(deadlines.slotsInUse).toBe(0);
  });

  test("that throws is not swallowed, and does not silence those that come after it", () => {
    const { clock, deadlines, alarm } = setup();
    const [bad, good] = [alarm(), alarm()];
    bad.onRing = () => {
      throw new Error("broken");
    };
    deadlines.arm(bad, 100);
    deadlines.arm(good, 200);
    expect(() => clock.advance(100)).toThrow("broken");
    clock.advance(1000);
    expect(good.rings).toHaveLength(1);
  });
});

describe("the wheel", () => {
  test("has one timer however many wait, and none once nobody waits", () => {
    const { clock, deadlines, alarm } = setup();
    for (let index = 0; index < 1000; index += 1) deadlines.arm(alarm(), 100 + index);
    expect(clock.pending).toBe(1);
    clock.advance(2000);
    expect(clock.pending).toBe(0);
  });

  test("wakes for an earlier deadline than the one it slept for", () => {
    const { clock, deadlines, alarm } = setup();
    const [far, near] = [alarm(), alarm()];
    deadlines.arm(far, 60_000);
    deadlines.arm(near, 100);
    clock.advance(150);
    expect(near.rings).toHaveLength(1);
    clock.advance(60_000);
    expect(far.rings).toHaveLength(1);
  });

  test("a loop that stood still for long rings all that was due, once each", () => {
    const clock = fakeClock();
    let isAsleep = true;
    const held: (() => void)[] = [];
    const deadlines = new Deadlines({ ...clock, after: (delayMs, run) => clock.after(delayMs, () => (isAsleep ? held.push(run) : run())) });
    const all = Array.from({ length: 20 }, () => new Alarm(clock));
    for (const [index, one] of all.entries()) deadlines.arm(one, 100 + index * 90);
    clock.advance(10_000);
    isAsleep = false;
    for (const run of held) run();
    expect(all.map((one) => one.rings.length)).toEqual(all.map(() => 1));
  });

  test("close forgets everything and leaves no timer", () => {
    const { clock, deadlines, alarm } = setup();
    const one = alarm();
    deadlines.arm(one, 100);
    deadlines.close();
    clock.advance(1000);
    expect(one.rings).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("random arming, disarming and waiting: each rings as a list of wishes would have it", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("arm" as const), which: fc.nat(7), inMs: fc.nat(700) }),
      fc.record({ kind: fc.constant("disarm" as const), which: fc.nat(7), inMs: fc.constant(0) }),
      fc.record({ kind: fc.constant("wait" as const), which: fc.constant(0), inMs: fc.nat(300) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, deadlines, alarm } = setup();
        const alarms = Array.from({ length: 8 }, alarm);
        const wishes = new Map<number, number>();
        const check = (): void => {
          for (const [which, one] of alarms.entries()) {
            const dueMs = wishes.get(which);
            const ring = one.rings.shift();
            if (ring === undefined) {
              if (dueMs !== undefined) expect(clock.tick() - dueMs).toBeLessThanOrEqual(SLOT_MS);
              continue;
            }
            expect(dueMs).toBeDefined();
            expect(ring - (dueMs ?? 0)).toBeGreaterThanOrEqual(0);
            expect(ring - (dueMs ?? 0)).toBeLessThanOrEqual(SLOT_MS);
            wishes.delete(which);
          }
        };
        for (const { kind, which, inMs } of steps) {
          const one = alarms[which];
          if (kind === "wait") clock.advance(inMs);
          else if (kind === "disarm" && one !== undefined) {
            deadlines.disarm(one);
            wishes.delete(which);
          } else if (one !== undefined) {
            deadlines.arm(one, clock.tick() + inMs);
            wishes.set(which, clock.tick() + inMs);
          }
          check();
        }
        clock.advance(2000);
        check();
        expect(wishes.size).toBe(0);
        expect([deadlines.slotsInUse, clock.pending]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
