// Where a plan that is split between device and fog beats both ends: the device's speed swept, and one point of it run.
import type { Engine, Json } from '@offramp/engine';
import { describe, mbit } from './grid.js';
import { measurePlan } from './measured_plan.js';
import type { Planned, Planner } from './planner.js';

export interface SweepPoint {
  device_macs_per_s: number;
  local_ns: number;
  remote_ns: number;
  best_ns: number;
  mapping: string;
  cross_rate: number;
}

export interface Crossover {
  link: { rtt_ms: number; mbit_per_s: number; encoding: string };
  fog_macs_per_s: number;
  sweep: SweepPoint[];
  /** The device's speed at which all here and all on the fog node take equally long. */
  ends_cross_at_macs_per_s: number;
  /** Speeds between which the best plan is split and beats both ends by more than a percent; null if there are none. */
  split: { from: number; to: number } | null;
  /** At the speed where the best plan beats both ends by most, or, if it never does, nearest to where they cross. */
  measured: { device_macs_per_s: number; local_ns: number; remote_ns: number; best_ns: number; predicted: SweepPoint };
}

const shape = { rttMs: 20, bytesPerS: 50 * mbit };
const encoding = 'u8';
const worthIt = 0.99;

/** Speeds that double from a small microcontroller's to a desktop's. */
export const speeds = Array.from({ length: 25 }, (_, step) => 1e8 * 2 ** (step / 3));

export async function measureCrossover(engine: Engine, planner: Planner, say: (text: string) => void): Promise<Crossover> {
  const device = (speed: number, more: Json = {}): Json => ({ name: 'device', kind: 'device', macs_per_s: speed, ...(more as object) });
  const both = (speed: number, more: Json = {}): Json => ({
    targets: [device(speed, more), { name: 'fog', kind: 'fog', speed: 'measured' }],
    links: [{ rtt_ns: shape.rttMs * 1e6, bytes_per_s: shape.bytesPerS, encoding }],
  });
  const local = (speed: number): Planned => planner.plan({ targets: [device(speed)] });
  const remote = planner.plan(both(1e9, { memory_bytes: 1 })); // nothing fits the device
  const latency = ({ report }: Planned): number => report.plan.mapped?.expected_latency_ns ?? NaN;
  const localAt1 = latency(local(1e9)) * 1e9; // all at one speed: the best plan is the same at any
  const sweep: SweepPoint[] = [];
  for (const speed of speeds) {
    say(`device at ${speed.toExponential(1)} MAC/s`);
    const best = planner.plan(both(speed));
    sweep.push({
      device_macs_per_s: Math.round(speed), local_ns: Math.round(localAt1 / speed), remote_ns: Math.round(latency(remote)), best_ns: Math.round(latency(best)),
      mapping: describe(best), cross_rate: best.report.plan.mapped?.links[0]?.cross_rate ?? 0,
    });
  }
  const splits = sweep.filter(({ mapping, best_ns: best, local_ns: here, remote_ns: away }) => mapping.includes(', ') && best < worthIt * Math.min(here, away));
  const [first, last] = [splits[0], splits.at(-1)];
  const crossing = localAt1 / latency(remote);
  const gain = ({ best_ns: best, local_ns: here, remote_ns: away }: SweepPoint): number => best / Math.min(here, away);
  const distance = ({ device_macs_per_s: speed }: SweepPoint): number => Math.abs(Math.log(speed / crossing));
  const [candidates, by] = splits.length > 0 ? [splits, gain] : [sweep, distance];
  const chosen = candidates.reduce((one, other) => (by(other) < by(one) ? other : one));
  const speed = chosen.device_macs_per_s;
  const measured = async (planned: Planned, what: string): Promise<number> => {
    say(`measuring ${what} at ${speed.toExponential(1)} MAC/s`);
    return Math.round((await measurePlan(engine, planned.files, planner.test, shape, speed)).meanNs);
  };
  return {
    link: { rtt_ms: shape.rttMs, mbit_per_s: shape.bytesPerS / mbit, encoding }, fog_macs_per_s: Math.round(planner.macsPerS), sweep,
    ends_cross_at_macs_per_s: Math.round(crossing),
    split: first === undefined || last === undefined ? null : { from: first.device_macs_per_s, to: last.device_macs_per_s },
    measured: {
      device_macs_per_s: speed, best_ns: await measured(planner.plan(both(speed)), 'the best'), remote_ns: await measured(remote, 'all on the fog node'),
      local_ns: await measured(local(speed), 'all on the device'), predicted: chosen,
    },
  };
}
