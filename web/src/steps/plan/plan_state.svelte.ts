// What the plan step shows: the search's own plan, or another of its front, looked at in the worker and remembered.
import { OfframpError, type AugmentReport, type JsonObject } from '@offramp/engine';
import { readEvidence, type Evidence, type Plan } from 'offramp/report/evidence';
import { visiblePart, type View } from 'offramp/report/plots/trade_off_plot';
import type { LookedAtPlan } from '../../worker/calls/plan.js';
import type { EngineClient } from '../../worker/engine_client.js';
import { choicesOf, ownChoice, positionOf, type Choice } from './choices.js';
import type { StageFacts } from './lanes.js';

export interface ShownPlan {
  evidence: Evidence;
  plan: Plan;
  stages: StageFacts[];
}

const settleMs = 60; // a slider on its way asks for no details

export class PlanState {
  readonly evidence: Evidence;
  readonly view: View;
  /** Those that the drawing shows, cheapest first. */
  readonly choices: Choice[];
  readonly own: Choice;
  chosen = $state.raw<Choice>() as Choice;
  /** Of the chosen plan, or while `pending` of the one before, so that nothing jumps; undefined of packages that hold their own plan only. */
  shown = $state.raw<ShownPlan>();
  pending = $state(false);
  error = $state.raw<OfframpError>();
  /** Whether plans other than the own one can be looked at and taken. */
  canPick = $state(false);
  private readonly looks = new Map<number, ShownPlan>();
  private readonly ownShown: ShownPlan;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Errors: invalid_package if the report lacks what a plan is told by. */
  constructor(private readonly engine: EngineClient, name: string, private readonly labels: readonly string[], report: AugmentReport, stages: StageFacts[]) {
    this.evidence = this.read(report, name);
    this.view = visiblePart(this.evidence);
    this.choices = choicesOf(this.evidence).filter(({ accuracy }) => accuracy >= this.view.low);
    this.own = ownChoice(this.evidence);
    this.chosen = this.own;
    this.ownShown = { evidence: this.evidence, plan: this.evidence.plan, stages };
    this.shown = this.ownShown;
    void engine.call('canPick', null).then((can) => { this.canPick = can; }, () => undefined);
  }

  get position(): number {
    return positionOf(this.choices, this.chosen);
  }

  choose(choice: Choice | undefined): void {
    if (choice === undefined || choice === this.chosen) return;
    this.chosen = choice;
    this.error = undefined;
    clearTimeout(this.timer);
    const { index } = choice;
    const known = index === undefined ? this.ownShown : this.looks.get(index);
    this.pending = known === undefined && this.canPick;
    if (known !== undefined || !this.canPick) this.shown = known;
    if (known !== undefined || index === undefined || !this.canPick) return;
    this.timer = setTimeout(() => void this.look(index), settleMs);
  }

  private async look(index: number): Promise<void> {
    try {
      const { report, stages }: LookedAtPlan = await this.engine.call('lookAtPlan', { plan: index });
      const evidence = this.read(report, this.evidence.name ?? '');
      this.looks.set(index, { evidence, plan: evidence.plan, stages });
      if (this.chosen.index === index) this.shown = this.looks.get(index);
    } catch (thrown) {
      if (this.chosen.index === index) this.error = OfframpError.from(thrown);
    } finally {
      if (this.chosen.index === index) this.pending = false;
    }
  }

  private read(report: AugmentReport, name: string): Evidence {
    return readEvidence({ name, model: { labels: this.labels }, evidence: report } as unknown as JsonObject);
  }
}
