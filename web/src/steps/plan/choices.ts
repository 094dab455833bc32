// What the plan step lets a user choose from: the front's plans in order of cost.
import type { Evidence } from 'offramp/report/evidence';

export interface Choice {
  /** In the report's `pareto`; undefined: the plan that the search chose. */
  index: number | undefined;
  accuracy: number;
  meanMacs: number;
  harmPp: number | null;
  exits: readonly string[];
}

/** The search's own plan, as a choice. */
export function ownChoice({ plan }: Evidence): Choice {
  return { index: undefined, accuracy: plan.accuracy, meanMacs: plan.meanMacs, harmPp: plan.harmPp, exits: plan.exits.map(({ at }) => at) };
}

/**
 * Cheapest first, each at least as good on the rows that it was chosen on as all before it. A plan that costs more on test rows than a
 * better one stays: the user sees what happened there.
 */
export function choicesOf(e: Evidence): Choice[] {
  return e.front.map(({ index, accuracy, meanMacs, harmPp, exits }) => ({ index, accuracy, meanMacs, harmPp, exits }));
}

/** Where on the slider the search's own plan stands: the place of the front's plan that is most like it. */
export function positionOf(choices: readonly Choice[], choice: Choice): number {
  const exact = choices.findIndex(({ index }) => index === choice.index);
  return exact >= 0 ? exact : nearest(choices, choice.meanMacs, choice.accuracy, 1, 0.01);
}

/** The choice nearest to a point; the scales say what counts as far in each direction. -1 for no choices. */
export function nearest(choices: readonly Choice[], meanMacs: number, accuracy: number, macsScale: number, accuracyScale: number): number {
  let best = -1;
  let least = Infinity;
  choices.forEach((choice, at) => {
    const distance = ((choice.meanMacs - meanMacs) / macsScale) ** 2 + ((choice.accuracy - accuracy) / accuracyScale) ** 2;
    if (distance >= least) return;
    least = distance;
    best = at;
  });
  return best;
}
