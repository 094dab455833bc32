// Medians and spreads of what was timed.
export interface Spread {
  median: number;
  p10: number;
  p90: number;
}

/** Linear between neighbours. Precondition: not empty. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

export function spread(values: readonly number[]): Spread {
  return { median: percentile(values, 0.5), p10: percentile(values, 0.1), p90: percentile(values, 0.9) };
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Round by round, so that whatever slows the machine for a while slows both. Precondition: as many rounds of each. */
export function pairedRatio(times: readonly (readonly number[])[], base: readonly (readonly number[])[]): Spread {
  return spread(times.map((round, index) => median(round) / median(base[index] as readonly number[])));
}
