// Drives the core's augmenter step by step, with progress, records and cancelling.
import { checkLabelRange, checkSeveralClasses } from './data/dataset.js';
import type { AugmentData, AugmentHost } from './augment.js';
import type { Augmenter } from './engine.js';
import { within } from './errors.js';
import type { ProgressKeeper } from './kept_progress.js';
import type { PhaseSpec } from './progress.js';
import { Scheduler } from './scheduler.js';

// Seconds relative to each other on a small residual network; the estimator corrects them as it goes.
export const phases: PhaseSpec[] = [
  { name: 'extract', weight: 4 }, { name: 'screen', weight: 1 }, { name: 'qualify', weight: 4 }, { name: 'rank', weight: 1 },
  { name: 'train', weight: 12 }, { name: 'pooled', weight: 2 }, { name: 'score', weight: 1 }, { name: 'paper', weight: 2 }, { name: 'search', weight: 2 }, { name: 'certify', weight: 0.5 }, { name: 'evaluate', weight: 1 }, { name: 'measure', weight: 1 },
];

export function checkData(data: AugmentData, classes: number | undefined): void {
  checkSeveralClasses(data.train);
  if (classes === undefined) return;
  for (const set of [data.train, data.select, data.test, ...(data.certify ? [data.certify] : [])]) {
    within(`data ${set.name}`, () => checkLabelRange(set.y, classes, 'the model has'));
  }
}

/** From the phase `first` to the end. */
export async function runSteps(
  augmenter: Augmenter, first: string, report: (phase: string, done: number, total: number) => void, keeper: ProgressKeeper | undefined,
  host: AugmentHost,
): Promise<{ train: number; search: number }> {
  const scheduler = new Scheduler(host.signal);
  if (first !== 'screen') host.onAccuracies?.(augmenter.accuracies());
  const seconds = { train: 0, search: 0 };
  for (let phase = first; phase !== 'finished';) {
    const start = performance.now();
    const step = augmenter.step();
    const took = (performance.now() - start) / 1000;
    // The answer names the phase that comes next; the time belongs to the one before.
    if (phase === 'search' || phase === 'evaluate') seconds.search += took;
    else seconds.train += took;
    if (step.phase === 'screen' || step.phase !== phase) host.onAccuracies?.(augmenter.accuracies());
    phase = step.phase;
    if (step.phase !== 'finished') report(step.phase, step.done, step.total);
    await keeper?.stepped(augmenter, step);
    await scheduler.breathe();
  }
  return seconds;
}
