// What each class gains or loses, the largest losses first.

export interface ClassChange {
  name: string;
  /** Percentage points of recall; null for a class without test rows. */
  pp: number | null;
}

export function classChanges(recallChangePp: readonly (number | null)[], labels: readonly string[]): ClassChange[] {
  return recallChangePp
    .map((pp, i) => ({ name: labels[i] || `class ${i}`, pp, i }))
    .sort((a, b) => (a.pp ?? Infinity) - (b.pp ?? Infinity) || a.i - b.i)
    .map(({ name, pp }) => ({ name, pp }));
}
