// Which classes are taken for which: counts of answers by label.

export interface Confusion {
  /** counts[label][answer] */
  counts: number[][];
  rows: number;
  right: number;
}

/** Answers and labels by row, as numbers of classes; rows outside them (-1: not run) are left out. */
export function confusionOf(labels: readonly number[], answers: readonly number[], classes: number): Confusion {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let rows = 0;
  let right = 0;
  labels.forEach((label, row) => {
    const of = counts[label];
    const answer = answers[row];
    if (of === undefined || answer === undefined || of[answer] === undefined) return;
    of[answer] += 1;
    rows += 1;
    right += Number(answer === label);
  });
  return { counts, rows, right };
}

export interface Mistake {
  label: number;
  answer: number;
  rows: number;
  /** Share of the label's rows. */
  share: number;
}

/** The most frequent mistakes first, by share of the label's rows where counts are equal. */
export function worstMistakes({ counts }: Confusion, most: number): Mistake[] {
  const found = counts.flatMap((of, label) => {
    const total = of.reduce((sum, n) => sum + n, 0);
    return of.flatMap((rows, answer) => (answer === label || rows === 0 ? [] : [{ label, answer, rows, share: rows / total }]));
  });
  return found.sort((a, b) => b.rows - a.rows || b.share - a.share || a.label - b.label || a.answer - b.answer).slice(0, most);
}

/** Of each class: the share of its rows that are recognised; null for a class without rows. */
export function recalls({ counts }: Confusion): (number | null)[] {
  return counts.map((of, label) => {
    const total = of.reduce((sum, n) => sum + n, 0);
    return total === 0 ? null : (of[label] ?? 0) / total;
  });
}
