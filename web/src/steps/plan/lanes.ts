// A plan's mapping as it is drawn: a lane for each target with its stages, and what crosses between neighbours.
import type { Mapped, Plan } from 'offramp/report/evidence';

/** A stage as a package has it. */
export interface StageFacts {
  hasExit: boolean;
  /** Of this stage alone, its head included. */
  macs: number;
  /** Elements of what it hands on; none of the last. */
  boundaryElements: number | undefined;
}

export interface LaneStage {
  /** From 0, as the package counts. */
  stage: number;
  macs: number;
  /** Share of inputs that get here. */
  reached: number;
  /** Number of the exit at its end, from 0. */
  exit: number | undefined;
  last: boolean;
  latencyNs: number | null;
}
export interface Lane {
  target: string;
  kind: string;
  stages: LaneStage[];
  memoryBytes: number | null;
  /** Of computing, for the mean input: stages weigh as many inputs as get to them. Null where the target's speed is not known. */
  expectedNs: number | null;
}
export interface LaneLink {
  /** Of an input that crosses. */
  bytes: number | null;
  crossRate: number | null;
  ns: number | null;
  encoding: string;
}

export interface Lanes {
  lanes: Lane[];
  /** links[i] lies between lanes i and i + 1. */
  links: LaneLink[];
}

/** Lanes without stages stay, so that links keep their places. */
export function lanesOf(plan: Plan, facts: readonly StageFacts[]): Lanes {
  const mapped: Mapped | null = plan.mapped;
  let reached = 1;
  let exits = 0;
  const stages = facts.map((fact, stage): LaneStage => {
    const here = { stage, macs: fact.macs, reached: Math.max(0, reached), exit: fact.hasExit ? exits : undefined, last: stage === facts.length - 1, latencyNs: plan.stageLatencyNs[stage] ?? null };
    if (fact.hasExit) {
      reached -= plan.exits[exits]?.rate ?? 0;
      exits += 1;
    }
    return here;
  });
  const ranges = plan.mapping.length > 0 ? plan.mapping : [{ target: 'this device', from: 0, to: facts.length }];
  const lanes = ranges.map(({ target, from, to }): Lane => {
    const told = mapped?.targets.find((t) => t.target === target);
    const own = stages.slice(from ?? 0, to ?? facts.length);
    const speed = told?.macsPerS ?? null;
    return {
      target: target === 'local' ? 'this device' : target, kind: told?.kind ?? 'device', stages: own, memoryBytes: told?.memoryBytes ?? null,
      expectedNs: speed === null || speed <= 0 ? null : own.reduce((sum, stage) => sum + 1e9 * stage.reached * stage.macs / speed, 0),
    };
  });
  const links = lanes.slice(1).map((_, at): LaneLink => {
    const link = mapped?.links[at];
    return { bytes: link?.bytes ?? null, crossRate: link?.crossRate ?? null, ns: link?.ns ?? null, encoding: link?.encoding ?? 'f32' };
  });
  return { lanes, links };
}

/** By a package's mapping, the first stage that does not run where inputs arise; undefined if all of them do. */
export function firstElsewhere(mapping: unknown, stages: number): number | undefined {
  const first = Array.isArray(mapping) && mapping.length > 1 ? (mapping[0] as { to?: unknown } | null)?.to : undefined;
  return typeof first === 'number' && first > 0 && first < stages ? first : undefined;
}
