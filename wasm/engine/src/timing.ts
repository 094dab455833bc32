// Times of repeated runs: several things by turns, so that all of them see the same machine, after a warm-up that lets the
// host's compiler settle.
import { Scheduler } from './scheduler.js';

export interface RunTimes {
  median_ns: number;
  p10_ns: number;
  p90_ns: number;
  /** That were timed. */
  runs: number;
}

export interface TimingOptions {
  /** Timed runs of each; without it as many as fit the time below. */
  runs?: number | undefined;
  onRound?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const warmUpRuns = 200; // after so many, V8 has compiled everything with its best compiler
const warmUpMs = 3000;
const leastWarmUpRuns = 2;
const rounds = 10;
const timedMs = 3000; // of each, if no number of runs is given
const mostRuns = 1000;
const leastRuns = 10;

/** Durations in nanoseconds, by thing and run. */
export async function timeByTurns(things: readonly (() => void)[], options: TimingOptions = {}): Promise<number[][]> {
  const scheduler = new Scheduler(options.signal);
  const runsOf: number[] = [];
  for (const thing of things) {
    const warm = await warmUp(thing, scheduler);
    runsOf.push(options.runs ?? Math.min(mostRuns, Math.max(leastRuns, Math.floor(timedMs / warm))));
    options.onRound?.(0, rounds);
  }
  const times = things.map((): number[] => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, thing] of things.entries()) {
      const own = times[index] as number[];
      const until = Math.ceil(((runsOf[index] as number) * round) / rounds);
      while (own.length < until) {
        own.push(milliseconds(thing) * 1e6);
        await scheduler.breathe();
      }
    }
    options.onRound?.(round, rounds);
  }
  return times;
}

/** Milliseconds of a warm run. */
async function warmUp(thing: () => void, scheduler: Scheduler): Promise<number> {
  const begin = performance.now();
  let last = Infinity;
  for (let run = 0; run < warmUpRuns && (run < leastWarmUpRuns || performance.now() - begin < warmUpMs); run += 1) {
    last = Math.min(last, milliseconds(thing));
    await scheduler.breathe();
  }
  return last;
}

function milliseconds(thing: () => void): number {
  const begin = performance.now();
  thing();
  return performance.now() - begin;
}

/** Between the sorted values, linear between neighbours. Precondition: not empty. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}

export function summariseTimes(timesNs: readonly number[]): RunTimes {
  return {
    median_ns: Math.round(percentile(timesNs, 0.5)), p10_ns: Math.round(percentile(timesNs, 0.1)), p90_ns: Math.round(percentile(timesNs, 0.9)),
    runs: timesNs.length,
  };
}
