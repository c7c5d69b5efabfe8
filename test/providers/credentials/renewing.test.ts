// When a value that ends is fetched, how often, and who waits for it. Time is a fake clock's.
import { describe, expect, it } from "vitest";
import { CredentialUnavailable } from "../../../dataplane/providers/credentials/authorization.ts";
import { Renewing, type Fresh } from "../../../dataplane/providers/credentials/renewing.ts";
import { fakeClock } from "../../doubles/clock.ts";

const HOUR = 3_600_000;

interface Fetch {
  readonly signal: AbortSignal;
  give(value: string, lifeMs: number): void;
  refuse(reason: string): void;
}

const open = (random = 0) => {
  const clock = fakeClock();
  const fetches: Fetch[] = [];
  const failures: string[] = [];
  const renewing = new Renewing<string>({
    clock,
    random: () => random,
    issue: (signal) =>
      new Promise<Fresh<string>>((resolve, reject) => {
        fetches.push({ signal, give: (value, lifeMs) => resolve({ value, endsAt: clock.now() + lifeMs }), refuse: (reason) => reject(new Error(reason)) });
      }),
    explain: (error) => new CredentialUnavailable((error as Error).message),
    onFailure: ({ reason }) => failures.push(reason),
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  const last = (): Fetch => fetches.at(-1)!;
  return { clock, fetches, failures, renewing, settled, advance, last };
};

const given = async (lifeMs: number, random = 0) => {
  const all = open(random);
  all.renewing.start();
  all.last().give("first", lifeMs);
  await all.settled();
  return all;
};

describe("a value that ends", () => {
  it("is there before anybody asks, and costs those who ask no wait", async () => {
    const { renewing, fetches } = await given(HOUR);
    expect(renewing.now()).toBe("first");
    expect(await renewing.get()).toBe("first");
    expect(fetches.length).toBe(1);
  });

  it("is fetched once for all who ask while it comes", async () => {
    const { renewing, fetches, last } = open();
    const asked = [renewing.get(), renewing.get(), renewing.get()];
    expect(fetches.length).toBe(1);
    last().give("one", HOUR);
    expect(await Promise.all(asked)).toEqual(["one", "one", "one"]);
    expect(fetches.length).toBe(1);
  });

  it("is renewed five minutes before it ends, and the old one serves until the new one is there", async () => {
    const { renewing, fetches, last, advance } = await given(HOUR);
    await advance(HOUR - 300_001);
    expect(fetches.length).toBe(1);
    await advance(2);
    expect(fetches.length).toBe(2);
    expect(renewing.now()).toBe("first");
    last().give("second", HOUR);
    await advance(0);
    expect(renewing.now()).toBe("second");
  });

  it("is renewed in the last fifth of a short life", async () => {
    const { fetches, advance } = await given(100_000);
    await advance(79_000);
    expect(fetches.length).toBe(1);
    await advance(1001);
    expect(fetches.length).toBe(2);
  });

  it("is renewed earlier by chance, so that a fleet does not do it at one moment", async () => {
    const { fetches, advance } = await given(HOUR, 1);
    await advance(HOUR - 450_000);
    expect(fetches.length).toBe(2);
  });

  it("is asked for again and again, ever closer to its end, while the issuer gives the same one", async () => {
    const { clock, renewing, fetches, last, advance } = await given(HOUR);
    const endsAt = clock.now() + HOUR;
    for (let count = 0; count < 3; count++) {
      const before = fetches.length;
      while (fetches.length === before) await advance(1000);
      last().give("first", endsAt - clock.now());
      await advance(0);
      expect(renewing.now()).toBe("first");
    }
    expect(endsAt - clock.now()).toBeLessThan(20_000);
    expect(fetches.length).toBe(4);
  });

  it("without an end is looked at again all the same, since it may have been rotated", async () => {
    const { renewing, fetches, advance } = await given(Infinity);
    await advance(899_000);
    expect(fetches.length).toBe(1);
    await advance(1001);
    expect(fetches.length).toBe(2);
    expect(renewing.now()).toBe("first");
  });
});

describe("an issuer that fails", () => {
  it("is asked again after pauses that double, up to half a minute; until then those who ask are told at once", async () => {
    const { renewing, fetches, failures, last, advance } = open();
    const asked = renewing.get();
    last().refuse("no");
    await expect(asked).rejects.toThrow("no");
    for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = fetches.length;
      await advance(pauseMs - 1);
      await expect(renewing.get()).rejects.toThrow("no");
      expect(fetches.length).toBe(before);
      await advance(1);
      expect(fetches.length).toBe(before + 1);
      last().refuse("no");
      await advance(0);
    }
    expect(failures.length).toBe(8);
  });

  it("is asked again sooner by chance, by half a pause at most", async () => {
    const { renewing, fetches, last, advance } = open(1);
    const asked = renewing.get();
    last().refuse("no");
    await expect(asked).rejects.toThrow("no");
    await advance(499);
    expect(fetches.length).toBe(1);
    await advance(1);
    expect(fetches.length).toBe(2);
  });

  it("harms nobody while the old value is good; once that has ended everybody is told why", async () => {
    const { clock, renewing, fetches, last, advance } = await given(HOUR);
    const begunAt = clock.now();
    while (clock.now() < begunAt + HOUR - 6000) {
      await advance(1000);
      if (fetches.length > 1) last().refuse("out of order");
    }
    expect(fetches.length).toBeGreaterThan(10);
    expect(renewing.now()).toBe("first");
    await advance(1000);
    expect(renewing.now()).toBeNull();
    last().refuse("out of order");
    await advance(0);
    await expect(renewing.get()).rejects.toMatchObject({ code: "UPSTREAM_CREDENTIAL_UNAVAILABLE", reason: "out of order" });
  });

  it("is forgiven: the next value starts afresh", async () => {
    const { renewing, last, advance, settled } = open();
    renewing.start();
    last().refuse("no");
    await settled();
    await advance(1000);
    last().give("good", HOUR);
    await advance(0);
    expect(renewing.now()).toBe("good");
  });

  it("and takes longer than ten seconds is given up; what comes later is dropped", async () => {
    const { renewing, fetches, last, advance } = open();
    const asked = renewing.get();
    const rejected = expect(asked).rejects.toThrow("it did not come within 10 s");
    await advance(10_000);
    await rejected;
    expect(last().signal.aborted).toBe(true);
    fetches[0]!.give("late", HOUR);
    await advance(0);
    expect(renewing.now()).toBeNull();
  });

  it("and gives what has ended already is not believed", async () => {
    const { renewing, last } = open();
    const asked = renewing.get();
    last().give("stale", 4000);
    await expect(asked).rejects.toThrow("had ended already");
  });
});

describe("a value that the provider refuses", () => {
  it("is renewed, once; the old one serves until then", async () => {
    const { renewing, fetches, last, advance } = await given(HOUR);
    await advance(60_000);
    renewing.doubt();
    renewing.doubt();
    expect(fetches.length).toBe(2);
    expect(renewing.now()).toBe("first");
    last().give("second", HOUR);
    await advance(0);
    renewing.doubt();
    expect(fetches.length).toBe(2);
    expect(renewing.now()).toBe("second");
  });

  it("is not asked for while its issuer is given a pause", async () => {
    const { renewing, fetches, last, advance } = await given(HOUR);
    await advance(60_000);
    renewing.doubt();
    last().refuse("no");
    await advance(0);
    renewing.doubt();
    expect(fetches.length).toBe(2);
  });
});

describe("closing", () => {
  it("leaves no timer behind", async () => {
    const { clock, renewing } = await given(HOUR);
    expect(clock.pending).toBe(1);
    renewing.close();
    expect(clock.pending).toBe(0);
    renewing.doubt();
    expect(clock.pending).toBe(0);
  });

  it("still serves those who began earlier, without renewing by itself", async () => {
    const { clock, renewing, fetches, last, settled } = open();
    const asked = renewing.get();
    renewing.close();
    last().give("one", HOUR);
    expect(await asked).toBe("one");
    await settled();
    expect(clock.pending).toBe(0);
    expect(fetches.length).toBe(1);
  });
});
