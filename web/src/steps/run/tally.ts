// What a session of trying inputs adds up to.

export interface Tallied {
  /** Number of the stage that answered. */
  exit: number;
  ns: number;
  macs: number;
  baseMacs: number;
  /** Of the whole model, where it ran too. */
  baseNs?: number | undefined;
  /** Whether the whole model says the same, where it ran too. */
  agrees?: boolean | undefined;
  /** Whether the answer is right, where the label is known. */
  right?: boolean | undefined;
  degraded: boolean;
}

export interface Tally {
  count: number;
  /** By stage. */
  exits: number[];
  macs: number;
  baseMacs: number;
  /** Times of those inputs that the whole model ran on too. */
  compared: number;
  comparedNs: number;
  comparedBaseNs: number;
  agreed: number;
  labelled: number;
  right: number;
  degraded: number;
}

export const emptyTally = (): Tally => ({
  count: 0, exits: [], macs: 0, baseMacs: 0, compared: 0, comparedNs: 0, comparedBaseNs: 0, agreed: 0, labelled: 0, right: 0, degraded: 0,
});

export function addTo(tally: Tally, run: Tallied): Tally {
  const exits = [...tally.exits];
  while (exits.length <= run.exit) exits.push(0);
  exits[run.exit] = (exits[run.exit] ?? 0) + 1;
  const compared = run.baseNs !== undefined;
  return {
    count: tally.count + 1,
    exits,
    macs: tally.macs + run.macs,
    baseMacs: tally.baseMacs + run.baseMacs,
    compared: tally.compared + Number(compared),
    comparedNs: tally.comparedNs + (compared ? run.ns : 0),
    comparedBaseNs: tally.comparedBaseNs + (run.baseNs ?? 0),
    agreed: tally.agreed + Number(run.agrees === true),
    labelled: tally.labelled + Number(run.right !== undefined),
    right: tally.right + Number(run.right === true),
    degraded: tally.degraded + Number(run.degraded),
  };
}

/** Change in percent, or null where there is nothing to compare. */
export const macsChange = ({ macs, baseMacs }: Tally): number | null => (baseMacs > 0 ? 100 * (macs / baseMacs - 1) : null);
export const timeChange = ({ comparedNs, comparedBaseNs }: Tally): number | null => (comparedBaseNs > 0 ? 100 * (comparedNs / comparedBaseNs - 1) : null);
