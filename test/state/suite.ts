// What every store must do, whatever it is made of: one suite for memory, leased and Valkey.
// It opens stores through `open` and owns their time; a form that asks others may answer with promises.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Claim, Hold, Refusal, Reserved, Store } from "../../dataplane/state/store.ts";
import { fakeClock, type FakeClock } from "../doubles/clock.ts";

export interface StoreForm {
  readonly name: string;
  /** A store that remembers nothing of former ones. */
  readonly open: (clock: FakeClock) => Store | Promise<Store>;
  /** Random runs of the model test; fewer where each operation goes over a network. */
  readonly modelRuns?: number;
}

const MINUTE = 60_000;

const perMinute = (amount: number, limit = 10, counter = "tokens"): Claim => ({ counter, amount, limit, windowMs: MINUTE });
const places = (amount: number, limit = 2, counter = "places"): Claim => ({ counter, amount, limit, windowMs: 0 });

const holdOf = (reserved: Reserved): Hold => {
  if (reserved.hold === undefined) throw new Error(`refused: ${JSON.stringify(reserved.refusal)}`);
  return reserved.hold;
};

const refusalOf = (reserved: Reserved): Refusal => {
  if (reserved.refusal === undefined) throw new Error("was admitted");
  return reserved.refusal;
};

const isAdmitted = (reserved: Reserved): boolean => reserved.hold !== undefined;

export const runStoreSuite = (form: StoreForm): void => {
  const opened: Store[] = [];
  const setup = async (): Promise<{ clock: FakeClock; store: Store }> => {
    // On the edge of a minute, so that a test knows when a window ends.
    const clock = fakeClock(28_333_333 * MINUTE);
    const store = await form.open(clock);
    opened.push(store);
    return { clock, store };
  };

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe(`a store in ${form.name}: limits`, () => {
    test("admits up to the limit and refuses what goes beyond it", async () => {
      const { store } = await setup();
      expect(isAdmitted(await store.reserve([perMinute(7)]))).toBe(true);
      expect(isAdmitted(await store.reserve([perMinute(3)]))).toBe(true);
      expect(refusalOf(await store.reserve([perMinute(1)]))).toMatchObject({ counter: "tokens", limit: 10, spent: 0, held: 10 });
    });

    test("a wish for nothing is granted even when the counter is full", async () => {
      const { store } = await setup();
      expect(isAdmitted(await store.reserve([perMinute(10)]))).toBe(true);
      expect(isAdmitted(await store.reserve([perMinute(0)]))).toBe(true);
    });

    test("a limit of 0 refuses everything", async () => {
      const { store } = await setup();
      expect(refusalOf(await store.reserve([perMinute(1, 0)])).limit).toBe(0);
    });

    test("no claims, nothing to refuse", async () => {
      const { store } = await setup();
      expect(isAdmitted(await store.reserve([]))).toBe(true);
    });

    test("counters do not know each other", async () => {
      const { store } = await setup();
      expect(isAdmitted(await store.reserve([perMinute(10, 10, "a")]))).toBe(true);
      expect(isAdmitted(await store.reserve([perMinute(10, 10, "b")]))).toBe(true);
    });

    test("counts exactly where doubles of fractions would not, up to nano-dollars of a large budget", async () => {
      const { store } = await setup();
      const limit = 9_000_000_000_000_000;
      expect(isAdmitted(await store.reserve([perMinute(limit - 1, limit)]))).toBe(true);
      expect(isAdmitted(await store.reserve([perMinute(1, limit)]))).toBe(true);
      expect(isAdmitted(await store.reserve([perMinute(1, limit)]))).toBe(false);
    });
  });

  describe(`a store in ${form.name}: all or nothing`, () => {
    test("a refusal by the second counter leaves the first one as it was", async () => {
      const { store } = await setup();
      const full = holdOf(await store.reserve([places(2)]));
      expect(refusalOf(await store.reserve([perMinute(6), places(1)])).counter).toBe("places");
      store.refund(full);
      expect(isAdmitted(await store.reserve([perMinute(10)]))).toBe(true);
    });

    test("two claims on one counter count together", async () => {
      const { store } = await setup();
      expect(isAdmitted(await store.reserve([perMinute(6), perMinute(5)]))).toBe(false);
      const hold = holdOf(await store.reserve([perMinute(6), perMinute(4)]));
      expect(isAdmitted(await store.reserve([perMinute(1)]))).toBe(false);
      store.settle(hold, [1, 2]);
      expect(isAdmitted(await store.reserve([perMinute(7)]))).toBe(true);
      expect(isAdmitted(await store.reserve([perMinute(1)]))).toBe(false);
    });

    test("many that ask at once never get more than there is", async () => {
      const { store } = await setup();
      const answers = await Promise.all(Array.from({ length: 50 }, async () => store.reserve([perMinute(1), places(1, 30)])));
      expect(answers.filter((answer) => answer.hold !== undefined)).toHaveLength(10);
    });
  });

  describe(`a store in ${form.name}: settling`, () => {
    test("what was really used stays spent, the rest comes back", async () => {
      const { store } = await setup();
      store.settle(holdOf(await store.reserve([perMinute(8)])), [3]);
      expect(refusalOf(await store.reserve([perMinute(8)]))).toMatchObject({ spent: 3, held: 0 });
      expect(isAdmitted(await store.reserve([perMinute(7)]))).toBe(true);
    });

    test("more than was reserved may be used, and is missing afterwards", async () => {
      const { store } = await setup();
      store.settle(holdOf(await store.reserve([perMinute(2)])), [25]);
      expect(refusalOf(await store.reserve([perMinute(1)]))).toMatchObject({ spent: 25 });
    });

    test("a place comes back whole", async () => {
      const { store } = await setup();
      const hold = holdOf(await store.reserve([places(2)]));
      expect(refusalOf(await store.reserve([places(1)])).retryAfterMs).toBe(0);
      store.settle(hold, [0]);
      expect(isAdmitted(await store.reserve([places(2)]))).toBe(true);
    });

    test("a refund gives everything back", async () => {
      const { store } = await setup();
      store.refund(holdOf(await store.reserve([perMinute(10), places(2)])));
      expect(isAdmitted(await store.reserve([perMinute(10), places(2)]))).toBe(true);
    });

    test("happens once: a second settle or refund does nothing", async () => {
      const { store } = await setup();
      const hold = holdOf(await store.reserve([perMinute(4), places(1)]));
      store.settle(hold, [4, 0]);
      store.settle(hold, [4, 0]);
      store.refund(hold);
      expect(refusalOf(await store.reserve([perMinute(7)]))).toMatchObject({ spent: 4, held: 0 });
      expect(isAdmitted(await store.reserve([places(2)]))).toBe(true);
      expect(isAdmitted(await store.reserve([places(1)]))).toBe(false);
    });

    test("a refund that comes first wins over a settle", async () => {
      const { store } = await setup();
      const hold = holdOf(await store.reserve([perMinute(10)]));
      store.refund(hold);
      store.settle(hold, [10]);
      expect(isAdmitted(await store.reserve([perMinute(10)]))).toBe(true);
    });
  });

  describe(`a store in ${form.name}: windows`, () => {
    test("what was spent is forgotten when the window is over, and the refusal says when that is", async () => {
      const { clock, store } = await setup();
      clock.advance(15_000);
      store.settle(holdOf(await store.reserve([perMinute(10)])), [10]);
      clock.advance(5000);
      expect(refusalOf(await store.reserve([perMinute(1)])).retryAfterMs).toBe(40_000);
      clock.advance(39_999);
      expect(isAdmitted(await store.reserve([perMinute(1)]))).toBe(false);
      clock.advance(1);
      expect(isAdmitted(await store.reserve([perMinute(10)]))).toBe(true);
    });

    test("what was admitted in a window that is over is not charged to the next one", async () => {
      const { clock, store } = await setup();
      const hold = holdOf(await store.reserve([perMinute(10)]));
      clock.advance(MINUTE);
      store.settle(hold, [10]);
      expect(isAdmitted(await store.reserve([perMinute(10)]))).toBe(true);
    });

    test("nor is it when the next window has already begun to count", async () => {
      const { clock, store } = await setup();
      const hold = holdOf(await store.reserve([perMinute(5)]));
      clock.advance(MINUTE);
      store.settle(holdOf(await store.reserve([perMinute(2)])), [2]);
      store.settle(hold, [5]);
      expect(refusalOf(await store.reserve([perMinute(9)]))).toMatchObject({ spent: 2, held: 0 });
      expect(isAdmitted(await store.reserve([perMinute(8)]))).toBe(true);
    });

    test("what is still held counts in the next window too, until it is settled", async () => {
      const { clock, store } = await setup();
      const hold = holdOf(await store.reserve([perMinute(6)]));
      clock.advance(MINUTE);
      expect(refusalOf(await store.reserve([perMinute(5)]))).toMatchObject({ spent: 0, held: 6 });
      store.refund(hold);
      expect(isAdmitted(await store.reserve([perMinute(10)]))).toBe(true);
    });
  });

  describe(`a store in ${form.name}: marks`, () => {
    test("a mark is seen until it runs out", async () => {
      const { clock, store } = await setup();
      expect(store.isMarked("provider-a")).toBe(false);
      store.mark("provider-a", 1000);
      expect(store.isMarked("provider-a")).toBe(true);
      expect(store.isMarked("provider-b")).toBe(false);
      clock.advance(999);
      expect(store.isMarked("provider-a")).toBe(true);
      clock.advance(1);
      expect(store.isMarked("provider-a")).toBe(false);
    });

    test("a later end wins over an earlier one, in either order", async () => {
      const { clock, store } = await setup();
      store.mark("x", 5000);
      store.mark("x", 1000);
      store.mark("y", 1000);
      store.mark("y", 5000);
      clock.advance(4999);
      expect([store.isMarked("x"), store.isMarked("y")]).toEqual([true, true]);
      clock.advance(1);
      expect([store.isMarked("x"), store.isMarked("y")]).toEqual([false, false]);
    });

    test("a mark that was taken away can be set again, for a shorter time too", async () => {
      const { clock, store } = await setup();
      store.mark("x", 5000);
      store.unmark("x");
      expect(store.isMarked("x")).toBe(false);
      store.mark("x", 10);
      expect(store.isMarked("x")).toBe(true);
      clock.advance(10);
      expect(store.isMarked("x")).toBe(false);
    });

    test("a mark for no time is no mark", async () => {
      const { store } = await setup();
      store.mark("x", 0);
      store.mark("y", -5);
      expect([store.isMarked("x"), store.isMarked("y")]).toEqual([false, false]);
    });
  });

  describe(`a store in ${form.name}: the model`, () => {
    test("random operations give the same answers as ten lines that keep every hold in a list", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
          const { clock, store } = await setup();
          const model = new Model();
          const holds: Hold[] = [];
          for (const step of operations) {
            if (step.kind === "advance") clock.advance(step.ms);
            else if (step.kind === "reserve") {
              const reserved = await store.reserve(step.claims);
              expect(reserved.hold !== undefined).toBe(model.reserve(step.claims, clock.now()));
              if (reserved.hold !== undefined) holds.push(reserved.hold);
            } else {
              const index = holds.length === 0 ? -1 : step.which % holds.length;
              const hold = holds[index];
              if (hold === undefined) continue;
              if (step.kind === "refund") store.refund(hold);
              else store.settle(hold, hold.claims.map((_, at) => step.actual[at] ?? 0));
              model.settle(index, step.kind === "refund" ? [] : step.actual);
            }
          }
        }),
        { numRuns: form.modelRuns ?? 300 },
      );
    });
  });
};

/** The oracle: every hold that ever was, in a list, added up anew for each question. */
class Model {
  readonly #all: { claim: Claim; window: number; amount: number; hold: number; isOpen: boolean }[] = [];
  #holds = 0;

  reserve(claims: readonly Claim[], now: number): boolean {
    const windowOf = ({ windowMs }: Claim): number => (windowMs === 0 ? 0 : Math.floor(now / windowMs));
    const used = (claim: Claim): number => this.#all.filter((entry) => entry.claim.counter === claim.counter && (entry.isOpen || entry.window === windowOf(claim))).reduce((sum, entry) => sum + entry.amount, 0);
    const wanted = (claim: Claim, until: number): number => claims.slice(0, until + 1).filter((other) => other.counter === claim.counter).reduce((sum, other) => sum + other.amount, 0);
    if (claims.some((claim, index) => used(claim) + wanted(claim, index) > claim.limit)) return false;
    for (const claim of claims) this.#all.push({ claim, window: windowOf(claim), amount: claim.amount, hold: this.#holds, isOpen: true });
    this.#holds += 1;
    return true;
  }

  settle(hold: number, actual: readonly number[]): void {
    const entries = this.#all.filter((entry) => entry.hold === hold && entry.isOpen);
    for (const [index, entry] of entries.entries()) Object.assign(entry, { isOpen: false, amount: entry.claim.windowMs === 0 ? 0 : (actual[index] ?? 0) });
  }
}

type Operation =
  | { kind: "reserve"; claims: Claim[] }
  | { kind: "settle"; which: number; actual: number[] }
  | { kind: "refund"; which: number }
  | { kind: "advance"; ms: number };

const claim: fc.Arbitrary<Claim> = fc.oneof(
  fc.record({ counter: fc.constantFrom("minute-a", "minute-b"), amount: fc.nat(6), limit: fc.constantFrom(5, 12), windowMs: fc.constant(MINUTE) }),
  fc.record({ counter: fc.constant("second"), amount: fc.nat(4), limit: fc.constant(6), windowMs: fc.constant(1000) }),
  fc.record({ counter: fc.constant("place"), amount: fc.constantFrom(0, 1), limit: fc.constant(3), windowMs: fc.constant(0) }),
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("reserve" as const), claims: fc.array(claim, { maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("settle" as const), which: fc.nat(20), actual: fc.array(fc.nat(8), { minLength: 3, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refund" as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(1, 400, 1000, 20_000, MINUTE) }) },
);
