// Draws by weight: what is fair over many, what is certain for one, whatever the numbers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawIndex, drawOrder } from "../../dataplane/policies/balance.ts";

const named = (weights: Record<string, number>) => Object.entries(weights).map(([name, weight]) => ({ name, weight }));

describe("drawing by weight", () => {
  it("gives each item the share of its weight", () => {
    const items = named({ a: 90, b: 10 });
    const counts = Array.from({ length: 1000 }, (_, step) => drawIndex(items, step / 1000));
    expect(counts.filter((index) => index === 0)).toHaveLength(900);
  });

  it("never draws an item of weight 0, so that weight 0 drains", () => {
    for (let step = 0; step < 100; step++) {
      expect(drawOrder(named({ a: 0, b: 1, c: 0 }), () => step / 100).map(({ name }) => name)).toEqual(["b"]);
    }
    expect(drawOrder(named({ a: 0 }), () => 0)).toEqual([]);
  });

  it("draws every item with a weight exactly once, whatever the random numbers", () => {
    fc.assert(fc.property(fc.array(fc.nat(1000), { maxLength: 20 }), fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 20, maxLength: 20 }), (weights, numbers) => {
      const items = weights.map((weight, id) => ({ id, weight }));
      let next = 0;
      const order = drawOrder(items, () => numbers[next++ % numbers.length] as number);
      expect(order.map(({ id }) => id).toSorted((left, right) => left - right)).toEqual(items.filter(({ weight }) => weight > 0).map(({ id }) => id));
    }));
  });

  it("draws the first place by weight and the second among the rest", () => {
    const numbers = [0.95, 0];
    expect(drawOrder(named({ a: 90, b: 9, c: 1 }), () => numbers.shift() ?? 0).map(({ name }) => name)).toEqual(["b", "a", "c"]);
  });
});
