// One input after another to their answers: only the latest waits while one is under way, so that live input never lags behind.
import { OfframpError, type RawTensor } from '@offramp/engine';
import type { Offload } from '../../worker/calls/package.js';
import type { RunAnswer } from '../../worker/calls/run.js';
import type { EngineClient } from '../../worker/engine_client.js';
import { addTo, emptyTally } from './tally.js';

export interface RunInput {
  sample: RawTensor | number;
  /** Where it is known. */
  label?: number;
}
export interface Answered extends RunAnswer {
  label: number | undefined;
}

const deadlineMs = 10_000;

export class RunState {
  answer = $state.raw<Answered>();
  error = $state.raw<OfframpError>();
  tally = $state.raw(emptyTally());
  compare = $state(true);
  offload = $state.raw<Offload>();
  private waiting: RunInput | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly engine: EngineClient, private readonly baseMacs: number) {}

  /** Resolves when nothing waits any more. */
  run(input: RunInput): Promise<void> {
    this.waiting = input;
    this.working ??= this.work().finally(() => { this.working = undefined; });
    return this.working;
  }

  forget(): void {
    this.tally = emptyTally();
    this.answer = undefined;
    this.error = undefined;
  }

  private async work(): Promise<void> {
    for (let input = this.waiting; input !== undefined; input = this.waiting) {
      this.waiting = undefined;
      const { sample, label } = input;
      try {
        const answer = await this.engine.call('runSample', { sample, compare: this.compare, offload: this.offload, deadlineMs });
        this.error = undefined;
        this.answer = { ...answer, label };
        this.tally = addTo(this.tally, {
          exit: answer.exit, ns: answer.ns, macs: answer.macs, baseMacs: this.baseMacs, degraded: answer.degraded,
          baseNs: answer.base?.ns, agrees: answer.base === undefined ? undefined : answer.base.predictedClass === answer.predictedClass,
          right: label === undefined ? undefined : label === answer.predictedClass,
        });
      } catch (thrown) {
        this.error = OfframpError.from(thrown);
      }
    }
  }
}

export const className = (labels: readonly string[], at: number): string => labels[at] || `class ${at}`;
