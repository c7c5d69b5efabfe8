// The event loop's lag: honest while it matters, silent while nobody asks.
import { expect, test } from "vitest";
import type { Clock } from "../../dataplane/clock.ts";
import { Lag } from "../../dataplane/telemetry/lag.ts";
import { fakeClock } from "../doubles/clock.ts";

/** A clock whose timers run late by what the test says. */
const lateClock = () => {
  const clock = fakeClock();
  let lateMs = 0;
  const late: Clock = { ...clock, tick: clock.tick, after: (delayMs, run) => clock.after(delayMs + lateMs, run) };
  return { clock, late, runLate: (ms: number) => (lateMs = ms) };
};

test("is 0 on a loop that is on time", () => {
  const clock = fakeClock();
  const lag = new Lag(clock);
  for (let count = 0; count < 10; count += 1) {
    expect(lag.lagMs()).toBe(0);
    clock.advance(30);
  }
  expect(lag.worstMs()).toBe(0);
});

test("says how late the last probe was", () => {
  const { clock, late, runLate } = lateClock();
  const lag = new Lag(late);
  runLate(400);
  lag.lagMs();
  clock.advance(450);
  expect(lag.lagMs()).toBe(400);
  expect(lag.worstMs()).toBe(400);
});

test("counts what is overdue before the probe itself could run", () => {
  const { clock, late, runLate } = lateClock();
  const lag = new Lag(late);
  runLate(10_000);
  lag.lagMs();
  clock.advance(350);
  expect(lag.lagMs()).toBe(300);
});

test("comes down again when the loop is on time again", () => {
  const { clock, late, runLate } = lateClock();
  const lag = new Lag(late);
  runLate(400);
  lag.lagMs();
  runLate(0);
  clock.advance(450);
  lag.lagMs();
  clock.advance(50);
  expect(lag.lagMs()).toBe(0);
});

test("has no timer once nobody asks, and does not take the pause for lag", () => {
  const clock = fakeClock();
  const lag = new Lag(clock);
  lag.lagMs();
  clock.advance(100);
  expect(clock.pending).toBe(0);
  clock.advance(60_000);
  expect(lag.lagMs()).toBe(0);
});

test("the worst is forgotten after 15 seconds", () => {
  const { clock, late, runLate } = lateClock();
  const lag = new Lag(late);
  runLate(400);
  lag.lagMs();
  runLate(0);
  clock.advance(450);
  expect(lag.worstMs()).toBe(400);
  clock.advance(15_001);
  expect(lag.worstMs()).toBe(0);
});

test("close leaves no timer", () => {
  const clock = fakeClock();
  const lag = new Lag(clock);
  lag.lagMs();
  lag.close();
  expect(clock.pending).toBe(0);
});
