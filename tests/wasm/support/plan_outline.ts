import type { AugmentOutcome } from '@offramp/engine';

/** A plan as far as rounding elsewhere leaves it alone. */
export function planOutline({ report: { base, plan } }: AugmentOutcome): unknown {
  return { base: base.accuracy, exits: plan.exits.map(({ at, head, score }) => ({ at, head, score })) };
}
