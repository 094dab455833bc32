// Measured time per sample, base and staged model by turns, so that both see the same machine.
import type { Evaluator } from './engine.js';

export interface LatencyFigures {
  samples: number;
  meanNs: number;
  medianNs: number;
}

const repeats = 3;

/**
 * A row's time is the median of three runs, so that one pre-emption by another program does not count; figures are over
 * rows. Base and staged take turns in going first.
 */
export class LatencyMeter {
  private readonly base: number[] = [];
  private readonly staged: number[] = [];

  constructor(private readonly evaluator: Evaluator) {}

  runRow(row: number): void {
    const base: number[] = [];
    const staged: number[] = [];
    const runs: (() => unknown)[] = [() => base.push(nanoseconds(() => this.evaluator.runBase(row)))];
    if (this.evaluator.staged()) runs.push(() => staged.push(nanoseconds(() => this.evaluator.runStaged(row))));
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const run of (this.base.length + repeat) % 2 === 0 ? runs : [...runs].reverse()) run();
    }
    this.base.push(median(base));
    if (staged.length > 0) this.staged.push(median(staged));
  }

  baseFigures(): LatencyFigures {
    return figures(this.base);
  }
  /** Of the base itself where nothing is staged. */
  stagedFigures(): LatencyFigures {
    return figures(this.staged.length > 0 ? this.staged : this.base);
  }
}

function nanoseconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1e6;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

function figures(timesNs: readonly number[]): LatencyFigures {
  return {
    samples: timesNs.length,
    meanNs: Math.round(timesNs.reduce((sum, value) => sum + value, 0) / Math.max(1, timesNs.length)),
    medianNs: Math.round(median(timesNs)),
  };
}
