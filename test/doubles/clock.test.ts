// The fake clock itself: a double that lies would make every test that uses it worthless.
import { expect, test } from "vitest";
import { fakeClock } from "./clock.ts";

test("time stands still until it is moved", () => {
  const clock = fakeClock(5000);
  expect([clock.now(), clock.tick()]).toEqual([5000, 0]);
  clock.advance(250);
  expect([clock.now(), clock.tick()]).toEqual([5250, 250]);
});

test("what is due runs in order of its time, and sees that time", () => {
  const clock = fakeClock();
  const seen: [string, number][] = [];
  clock.after(30, () => seen.push(["c", clock.tick()]));
  clock.after(10, () => seen.push(["a", clock.tick()]));
  clock.after(10, () => {
    seen.push(["b", clock.tick()]);
    clock.after(5, () => seen.push(["from b", clock.tick()]));
  });
  clock.advance(29);
  expect(seen).toEqual([["a", 10], ["b", 10], ["from b", 15]]);
  clock.advance(1);
  expect(seen.at(-1)).toEqual(["c", 30]);
  expect(clock.pending).toBe(0);
});

test("what was cancelled does not run", () => {
  const clock = fakeClock();
  let runs = 0;
  const cancel = clock.after(10, () => (runs += 1));
  cancel();
  clock.advance(100);
  expect([runs, clock.pending]).toEqual([0, 0]);
});

test("sleep resolves when its time has come, and rejects with the reason of a signal that comes first", async () => {
  const clock = fakeClock();
  const slept = clock.sleep(100);
  clock.advance(100);
  await expect(slept).resolves.toBeUndefined();
  const controller = new AbortController();
  const aborted = clock.sleep(100, controller.signal);
  controller.abort(new Error("enough"));
  await expect(aborted).rejects.toThrow("enough");
  await expect(clock.sleep(100, controller.signal)).rejects.toThrow("enough");
  expect(clock.pending).toBe(0);
});
