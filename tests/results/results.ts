// All that the table, the page and results.json are made from.
import type { Origin } from '../bench/origin.js';
import type { ModelResult } from './collect.js';
import { judge, type Verdict } from './goals.js';
import type { Kept } from './state.js';

export interface Results {
  date: string;
  machine: string;
  node: string;
  origin: Origin;
  /** Of all models' augmentations; one thread timed the packages. */
  threads: number;
  seed: number;
  /** Rows that each part was limited to; null: all of them, as only then goals are judged. */
  rowLimit: number | null;
  models: (ModelResult & { secondsInAll: number; date: string })[];
  verdicts: Verdict[];
  /** Models that were not run, and why. */
  left: { title: string; why: string }[];
}

/** `others` are verdicts on what is no model of the table. */
export function assemble(about: Omit<Results, 'models' | 'verdicts'>, kept: readonly Kept[], others: readonly Verdict[] = []): Results {
  return {
    ...about,
    models: kept.map(({ result, seconds, date }) => ({ ...result, secondsInAll: seconds, date })),
    verdicts: about.rowLimit === null ? [...kept.flatMap(({ result }) => judge(result)), ...others] : [],
  };
}

/** The goal met by, of those measured. */
export function countMet(verdicts: readonly Verdict[]): { met: number; measured: number } {
  const measured = verdicts.filter(({ met }) => met !== null);
  return { met: measured.filter(({ met }) => met === true).length, measured: measured.length };
}
