// Between a slider's steps and a figure that spans many powers of ten.

/** So many steps that each changes the figure by a few percent. */
export const logSteps = 240;

export function stepOf(value: number, low: number, high: number): number {
  const clamped = Math.min(high, Math.max(low, value));
  return Math.round((logSteps * Math.log(clamped / low)) / Math.log(high / low));
}

/** Of two digits, so that figures stay round; the ends exactly. */
export function valueOf(step: number, low: number, high: number): number {
  if (step <= 0) return low;
  if (step >= logSteps) return high;
  return Number((low * (high / low) ** (step / logSteps)).toPrecision(2));
}
