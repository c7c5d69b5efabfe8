// Hands our own slots to prom-client's registry at the moment of a scrape.
// It counts nothing and costs nothing between scrapes. A slot that was made but never counted in is not shown.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Declaration } from "./declared.ts";
import type { CounterSlot, Family, HistogramSlot } from "./series.ts";

type Labels = Record<string, string>;

export interface Sample {
  /** In the order of the declaration's labels. */
  readonly values: readonly string[];
  readonly value: number;
}

const labelsOf = (names: readonly string[], values: readonly string[]): Labels => {
  const labels: Labels = {};
  names.forEach((name, index) => {
    labels[name] = values[index] ?? "";
  });
  return labels;
};

export const exposeCounter = (registry: Registry, name: string, declaration: Declaration, family: Family<CounterSlot>): void => {
  const counter = new Counter({
    name,
    help: declaration.help,
    labelNames: declaration.labels,
    registers: [registry],
    collect() {
      this.reset();
      for (const { values, slot } of family.all()) {
        if (slot.value > 0 || values.length === 0) this.inc(labelsOf(declaration.labels, values), slot.value);
      }
    },
  });
  counter.reset();
};

export const exposeGauge = (registry: Registry, name: string, declaration: Declaration, read: () => Iterable<Sample>): void => {
  const gauge = new Gauge({
    name,
    help: declaration.help,
    labelNames: declaration.labels,
    registers: [registry],
    collect() {
      this.reset();
      for (const { values, value } of read()) this.set(labelsOf(declaration.labels, values), value);
    },
  });
  gauge.reset();
};

// prom-client lets nobody set a histogram's buckets, so this one answers for itself when the registry asks for its values.
class SlotHistogram extends Histogram<string> {
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #family: Family<HistogramSlot>;
  /** Never observed: it only knows how prom-client describes a histogram. */
  readonly #description: Histogram<string>;

  constructor(name: string, declaration: Declaration, family: Family<HistogramSlot>) {
    const description = { name, help: declaration.help, labelNames: declaration.labels, buckets: [...(declaration.bounds ?? [])], registers: [] };
    super(description);
    this.#name = name;
    this.#labels = declaration.labels;
    this.#family = family;
    this.#description = new Histogram(description);
  }

  /** What both `get` and the registry call, though the published types do not say so. */
  async getForPromString(): ReturnType<Histogram<string>["get"]> {
    const described = await this.#description.get();
    const used = [...this.#family.all()].filter(({ slot }) => slot.count > 0);
    return { ...described, values: used.flatMap(({ values, slot }) => this.#values(values, slot)) };
  }

  #values(values: readonly string[], slot: HistogramSlot): { value: number; labels: Labels; metricName: string }[] {
    const labels = labelsOf(this.#labels, values);
    let cumulated = 0;
    const buckets = slot.counts.map((count, index) => {
      cumulated += count;
      const le = String(slot.bounds[index] ?? "+Inf");
      return { metricName: `${this.#name}_bucket`, labels: { ...labels, le }, value: cumulated };
    });
    return [...buckets, { metricName: `${this.#name}_sum`, labels, value: slot.sum }, { metricName: `${this.#name}_count`, labels, value: slot.count }];
  }
}

export const exposeHistogram = (registry: Registry, name: string, declaration: Declaration, family: Family<HistogramSlot>): void => {
  registry.registerMetric(new SlotHistogram(name, declaration, family));
};
