// Progress over phases of different weight, and an honest guess of the time left.

export interface PhaseSpec {
  name: string;
  /** Expected seconds relative to the other phases; only the proportions matter. */
  weight: number;
}

export interface Progress {
  phase: string;
  done: number;
  total: number;
  /** Of the whole work, 0 to 1, never falling. */
  fraction: number;
  elapsedSeconds: number;
  /** Null until there is something to judge by. */
  remainingSeconds: number | null;
}

export type ProgressListener = (progress: Progress) => void;

const warmUpSeconds = 0.5; // a rate measured over less than this says nothing

/**
 * The current phase is extrapolated from its own rate. Phases not begun are taken by weight, at the pace of what is
 * already behind; a phase that ran slower or faster than its weight said thus corrects the rest.
 */
export class ProgressEstimator {
  private readonly started: number;
  private phaseIndex = 0;
  private phaseStarted: number;
  private highest = 0;
  private skipped = { weight: 0, share: 0 }; // what was done before; the share is of the phase at work

  constructor(private readonly phases: readonly PhaseSpec[], private readonly nowSeconds: () => number) {
    this.started = nowSeconds();
    this.phaseStarted = this.started;
  }

  /** What is done so far took none of this time, as it was kept from an earlier go. */
  skipTo(phase: string, done: number, total: number): void {
    this.phaseIndex = Math.max(0, this.phases.findIndex((spec) => spec.name === phase));
    this.phaseStarted = this.nowSeconds();
    const share = total > 0 ? done / total : 0;
    this.skipped = { weight: sumWeights(this.phases.slice(0, this.phaseIndex)) + share * (this.phases[this.phaseIndex]?.weight ?? 0), share };
  }

  update(phase: string, done: number, total: number): Progress {
    const now = this.nowSeconds();
    const index = this.phases.findIndex((spec) => spec.name === phase);
    if (index > this.phaseIndex) {
      this.phaseIndex = index;
      this.phaseStarted = now;
      this.skipped.share = 0;
    }
    const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
    const weightAll = sumWeights(this.phases);
    const weightBefore = sumWeights(this.phases.slice(0, this.phaseIndex));
    const weightNow = this.phases[this.phaseIndex]?.weight ?? 0;
    const weightDone = weightBefore + share * weightNow;
    this.highest = Math.max(this.highest, weightAll > 0 ? weightDone / weightAll : 0);
    const elapsedSeconds = now - this.started;
    return {
      phase, done, total, fraction: this.highest, elapsedSeconds,
      remainingSeconds: this.remaining(now, share, weightNow, weightDone, weightAll),
    };
  }

  private remaining(now: number, share: number, weightNow: number, weightDone: number, weightAll: number): number | null {
    const elapsed = now - this.started;
    if (weightDone >= weightAll) return 0;
    if (elapsed < warmUpSeconds || weightDone <= this.skipped.weight) return null;
    const secondsPerWeight = elapsed / (weightDone - this.skipped.weight);
    const inPhase = now - this.phaseStarted;
    const shareDone = share - this.skipped.share;
    const phaseLeft = shareDone > 0 && inPhase >= warmUpSeconds
      ? inPhase * (1 - share) / shareDone
      : weightNow * (1 - share) * secondsPerWeight;
    const weightAfter = weightAll - weightDone - weightNow * (1 - share);
    return phaseLeft + Math.max(0, weightAfter) * secondsPerWeight;
  }
}

function sumWeights(phases: readonly PhaseSpec[]): number {
  return phases.reduce((sum, spec) => sum + spec.weight, 0);
}
