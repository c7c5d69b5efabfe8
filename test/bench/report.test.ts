// What the bench reckons with: a wrong median or ratio would be believed.
import { describe, expect, test } from "vitest";
import { requestBody, bodyNames } from "./bodies.ts";
import { cases } from "./cases.ts";
import { median, quantile, short, spread } from "./numbers.ts";
import { topOf } from "./profile.ts";
import { outcomeOf } from "./report.ts";

const caseNamed = (name: string) => {
  const found = cases.find((known) => known.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};

describe("numbers", () => {
  test("median of odd and even counts, in any order", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
    expect(median([])).toBeNaN();
  });

  test("quantiles", () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([quantile(samples, 0.5), quantile(samples, 0.99)]).toEqual([51, 100]);
  });

  test("spread and how it is written", () => {
    expect(spread([2, 9, 4])).toEqual({ median: 4, low: 2, high: 9 });
    expect([short(1.2345), short(12.345), short(1234.5), short(Number.NaN)]).toEqual(["1.23", "12.3", "1235", "–"]);
  });
});

describe("an outcome", () => {
  test("is the median of the ratios of each round, not the ratio of medians", () => {
    const rounds = { raw: [{ cpu: 10 }, { cpu: 100 }, { cpu: 20 }], gateway: [{ cpu: 12 }, { cpu: 110 }, { cpu: 30 }] };
    const outcome = outcomeOf(caseNamed("1 KB chat"), rounds, "gateway");
    expect(outcome.related.median).toBeCloseTo(1.2);
    expect([outcome.related.low, outcome.related.high]).toEqual([1.1, 1.5]);
    expect(outcome.isMet).toBe(true);
  });

  test("says that a goal is missed", () => {
    const rounds = { raw: [{ cpu: 10 }], gateway: [{ cpu: 12.6 }] };
    expect(outcomeOf(caseNamed("1 KB chat"), rounds, "gateway").isMet).toBe(false);
  });

  test("of quiet times is a difference, of memory the figure itself", () => {
    const quiet = outcomeOf(caseNamed("20/s in all"), { raw: [{ p50: 1 }], gateway: [{ p50: 1.15 }] }, "gateway");
    expect(quiet.related.median).toBeCloseTo(0.15);
    const memory = outcomeOf(caseNamed("idle process"), { raw: [{ rssMb: 70 }], gateway: [{ rssMb: 90 }] }, "gateway");
    expect(memory.related.median).toBe(90);
  });

  test("without measurements meets nothing", () => {
    expect(outcomeOf(caseNamed("1 KB chat"), { raw: [], gateway: [] }, "gateway").isMet).toBe(false);
  });
});

test("request bodies are JSON of about their size, with quotes and line breaks to get past", () => {
  const bytes = { "1 KB": 1024, "32 KB": 32_768, "1 MB": 1_048_576 };
  for (const name of bodyNames) {
    const text = requestBody(name, true).toString("utf8");
    expect(JSON.parse(text)).toMatchObject({ model: "support-chat", stream: true });
    expect(Math.abs(text.length - bytes[name]) / bytes[name]).toBeLessThan(0.15);
    expect(text.split('\\"').length).toBeGreaterThan(5);
  }
  expect(requestBody("32 KB", false).toString("utf8")).toContain('"tools":[');
});

test("a profile is summed by function, without idle time", () => {
  const frame = (functionName: string) => ({ functionName, url: "", lineNumber: 0 });
  const nodes = [{ id: 1, callFrame: frame("(idle)") }, { id: 2, callFrame: frame("work") }, { id: 3, callFrame: frame("work") }, { id: 4, callFrame: frame("rest") }];
  const lines = topOf({ nodes, samples: [1, 2, 3, 4], timeDeltas: [1000, 30, 50, 20] }, 10);
  expect(lines[0]).toContain("10.00 µs");
  expect(lines[1]).toMatch(/8\.00 µs +80\.0 % +work/);
  expect(lines).toHaveLength(3);
});
