// Medians, spreads and how they are written.

export const quantile = (samples: readonly number[], share: number): number => {
  const sorted = samples.toSorted((left, right) => left - right);
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

export const median = (samples: readonly number[]): number => {
  const sorted = samples.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
};

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export const spread = (samples: readonly number[]): Spread => ({ median: median(samples), low: Math.min(...samples), high: Math.max(...samples) });

/** Three significant digits at most, no exponent. */
export const short = (value: number): string => {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
};

export const shortSpread = ({ median: middle, low, high }: Spread): string => `${short(middle)} (${short(low)}–${short(high)})`;
