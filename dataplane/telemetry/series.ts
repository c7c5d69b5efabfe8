// Numbers in slots: one slot per series, found once and then kept by whoever counts, so that counting costs nanoseconds.
// It bounds how many label values and series there can be; it does not know what is counted, nor how it is printed.

/** What a value becomes once its label, or its metric, has as many as it may have. */
export const OTHER = "other";
const VALUES_PER_LABEL_MAX = 200;
const SERIES_PER_METRIC_MAX = 2000;
const VALUE_LENGTH_MAX = 256;

export class CounterSlot {
  value = 0;
}

export class HistogramSlot {
  readonly bounds: readonly number[];
  /** One per bound and one for +Inf, not cumulative. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const bounds = this.bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }
}

/** The values that one label has taken in this process. */
export class LabelValues {
  readonly #seen = new Set<string>();
  readonly #onOverflow: () => void;

  constructor(onOverflow: () => void) {
    this.#onOverflow = onOverflow;
  }

  bounded(value: string): string {
    const short = value.length > VALUE_LENGTH_MAX ? value.slice(0, VALUE_LENGTH_MAX) : value;
    if (this.#seen.has(short)) return short;
    if (this.#seen.size >= VALUES_PER_LABEL_MAX) {
      this.#onOverflow();
      return OTHER;
    }
    this.#seen.add(short);
    return short;
  }
}

export interface Series<Slot> {
  readonly values: readonly string[];
  readonly slot: Slot;
}

/** All series of one metric. */
export class Family<Slot> {
  readonly #series = new Map<string, Series<Slot>>();
  readonly #make: () => Slot;
  readonly #labels: readonly LabelValues[];
  readonly #onOverflow: () => void;

  constructor(labels: readonly LabelValues[], make: () => Slot, onOverflow: () => void) {
    this.#labels = labels;
    this.#make = make;
    this.#onOverflow = onOverflow;
  }

  /** Not for the hot path: ask once, keep the slot. */
  slot(values: readonly string[]): Slot {
    const bounded = this.#labels.map((label, index) => label.bounded(values[index] ?? ""));
    const known = this.#series.get(bounded.join("\n"));
    if (known !== undefined) return known.slot;
    if (this.#series.size < SERIES_PER_METRIC_MAX) return this.#add(bounded);
    this.#onOverflow();
    const rest = this.#labels.map(() => OTHER);
    return this.#series.get(rest.join("\n"))?.slot ?? this.#add(rest);
  }

  all(): Iterable<Series<Slot>> {
    return this.#series.values();
  }

  #add(values: readonly string[]): Slot {
    const slot = this.#make();
    this.#series.set(values.join("\n"), { values, slot });
    return slot;
  }
}
