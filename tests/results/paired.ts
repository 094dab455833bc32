// How sure a difference between two classifiers on the same rows is.

/** Rows that only one of both gets right decide everything. */
export interface PairedCounts {
  rows: number;
  /** Right before and wrong now. */
  harmed: number;
  /** Wrong before and right now. */
  mended: number;
}

export const z95 = 1.959963984540054;

export function pairedCounts(labels: ArrayLike<number>, before: ArrayLike<number>, now: ArrayLike<number>): PairedCounts {
  const counts = { rows: labels.length, harmed: 0, mended: 0 };
  for (let row = 0; row < labels.length; row += 1) {
    const [was, is] = [before[row] === labels[row], now[row] === labels[row]];
    if (was && !is) counts.harmed += 1;
    if (!was && is) counts.mended += 1;
  }
  return counts;
}

/**
 * Confidence interval of the change in accuracy, now less before, as shares: the differences that a score test does not reject.
 * It stays honest where few rows differ, which is where early exits are meant to be.
 * Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design".
 */
export function changeInterval(counts: PairedCounts, z = z95): [number, number] {
  if (counts.rows === 0) return [-1, 1];
  const estimate = (counts.mended - counts.harmed) / counts.rows;
  return [limit(counts, z, -1, estimate), limit(counts, -z, estimate, 1)];
}

/** Where the score, which falls with the difference, is `z`. */
function limit(counts: PairedCounts, z: number, low: number, high: number): number {
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (score(counts, middle) > z) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** (observed - supposed) difference over its standard error, with the share of harmed rows most likely under `difference`. */
function score({ rows, harmed, mended }: PairedCounts, difference: number): number {
  const q = likelyHarm({ rows, harmed, mended }, difference);
  const variance = rows * Math.max(0, 2 * q + difference * (1 - difference));
  const distance = mended - harmed - rows * difference;
  return variance === 0 ? Math.sign(distance) * Infinity : distance / Math.sqrt(variance);
}

/** The share of harmed rows that makes the counts most likely, where the share of mended rows is greater by `difference`. */
export function likelyHarm({ rows, harmed, mended }: PairedCounts, difference: number): number {
  const b = -harmed - mended + (2 * rows - mended + harmed) * difference;
  const c = -harmed * difference * (1 - difference);
  return Math.max(0, -difference, (Math.sqrt(Math.max(0, b * b - 8 * rows * c)) - b) / (4 * rows));
}

/** Mean of the classes' F1 over classes that have rows. */
export function macroF1(labels: ArrayLike<number>, answers: ArrayLike<number>): number {
  const classes = classCounts(labels, answers);
  const present = classes.filter(({ rows }) => rows > 0);
  return present.reduce((sum, { rows, claims, hits }) => sum + (2 * hits) / (rows + claims), 0) / Math.max(1, present.length);
}

export interface RecallChange {
  label: number;
  rows: number;
  changePp: number;
}

/** The class that loses most recall; the first of equal ones. */
export function worstRecallChange(labels: ArrayLike<number>, before: ArrayLike<number>, now: ArrayLike<number>): RecallChange {
  const was = classCounts(labels, before);
  const is = classCounts(labels, now);
  const changes = was.flatMap(({ rows, hits }, label) => (rows === 0 ? [] : [{ label, rows, changePp: (100 * ((is[label]?.hits ?? 0) - hits)) / rows }]));
  return changes.reduce((worst, one) => (one.changePp < worst.changePp ? one : worst));
}

function classCounts(labels: ArrayLike<number>, answers: ArrayLike<number>): { rows: number; claims: number; hits: number }[] {
  const counts: { rows: number; claims: number; hits: number }[] = [];
  const of = (label: number): { rows: number; claims: number; hits: number } => {
    while (counts.length <= label) counts.push({ rows: 0, claims: 0, hits: 0 });
    return counts[label] as { rows: number; claims: number; hits: number };
  };
  for (let row = 0; row < labels.length; row += 1) {
    of(labels[row] as number).rows += 1;
    of(answers[row] as number).claims += 1;
    if (labels[row] === answers[row]) of(labels[row] as number).hits += 1;
  }
  return counts;
}
