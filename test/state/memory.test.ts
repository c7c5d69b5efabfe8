// The store in memory: the common suite, and that what is over does not pile up.
import { expect, test } from "vitest";
import { MemoryStore } from "../../dataplane/state/memory.ts";
import { fakeClock } from "../doubles/clock.ts";
import { runStoreSuite } from "./suite.ts";

runStoreSuite({ name: "memory", open: (clock) => new MemoryStore(clock) });

test("answers at once: nobody else need be asked", () => {
  const store = new MemoryStore(fakeClock());
  expect(store.reserve([])).not.toBeInstanceOf(Promise);
});

test("counters of windows that are over and marks that ran out are forgotten", () => {
  const clock = fakeClock();
  const store = new MemoryStore(clock);
  for (let index = 0; index < 100_000; index += 1) {
    const { hold } = store.reserve([{ counter: `caller-${index}`, amount: 1, limit: 5, windowMs: 1000 }]);
    if (hold !== undefined) store.settle(hold, [1]);
    store.mark(`mark-${index}`, 1000);
    clock.advance(1);
  }
  expect(store.size).toBeLessThan(20_000);
});

test("a counter that is held is never forgotten, however many come after it", () => {
  const clock = fakeClock();
  const store = new MemoryStore(clock);
  const place = { counter: "place", amount: 1, limit: 1, windowMs: 0 };
  const { hold } = store.reserve([place]);
  for (let index = 0; index < 30_000; index += 1) {
    store.reserve([{ counter: `other-${index}`, amount: 0, limit: 1, windowMs: 1000 }]);
    clock.advance(1);
  }
  expect(store.reserve([place]).refusal).toMatchObject({ held: 1 });
  if (hold !== undefined) store.refund(hold);
  expect(store.reserve([place]).hold).toBeDefined();
});
