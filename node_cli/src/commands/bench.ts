// offramp bench MODEL|PACKAGE
import { benchmark, invalidArgument, mostThreads, variantRequests, withinAsync, type BenchTimes, type StartEngine, type VariantRequest } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { describeBench, exitShares } from '../bench_text.js';
import { readModelOrPackage } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';
import { ProgressLine } from '../progress_line.js';

export async function bench(args: Arguments, io: CommandIo): Promise<void> {
  const backend = args.choice('backend', ['xnnpack', 'reference']) ?? 'xnnpack';
  const runs = args.integer('runs', 1, 1e6);
  const configurations = chooseConfigurations(args.text('threads') ?? '1', args.choice('variant', variantRequests) ?? 'auto');
  const path = args.positional(0);
  const subject = await readModelOrPackage(path);
  const progress = new ProgressLine(io);
  let times: BenchTimes[];
  try {
    const onRound = (done: number, total: number): void =>
      progress.show({ phase: done === 0 ? 'warming up' : 'timing', done, total, fraction: done / total, remainingSeconds: null, elapsedSeconds: 0 });
    times = await withinAsync(path, () => benchmark(subject, configurations, backend, { runs, onRound, profile: args.has('profile') }));
  } finally {
    progress.clear();
  }
  const shares = 'package' in subject ? exitShares(subject.package) : undefined;
  const reports = times.map((one) => ({ model: path, ...one, ...meanTime(one, shares) }));
  if (args.has('json')) io.out(`${JSON.stringify({ ...reports[0], configurations: reports })}\n`);
  else io.out(describeBench(reports, shares, io.terminal));
}

/** One engine per number of threads. Errors: invalid_argument for a list that is none, or more threads than the host has. */
function chooseConfigurations(threads: string, variant: VariantRequest): StartEngine[] {
  const counts = threads.split(',').map((word) => (/^\d{1,3}$/.test(word) ? Number(word) : NaN));
  if (!counts.every((count) => count >= 1 && count <= mostThreads)) throw invalidArgument(`--threads is a list of whole numbers from 1 to ${mostThreads} such as 1,2, not "${threads}"`);
  if (new Set(counts).size !== counts.length) throw invalidArgument(`--threads names a number twice: "${threads}"`);
  return counts.map((count) => async () => {
    const engine = await loadNodeEngine({ variant, threads: count });
    if (engine.threads !== count) throw invalidArgument(`--threads ${count}: this host runs ${engine.threads}`);
    return engine;
  });
}

/** Over the rows that the package was measured on: the shares that leave at each exit, times an answer's time there. */
function meanTime({ answers }: BenchTimes, shares: readonly number[] | undefined): { mean_ns?: number } {
  if (answers === undefined || shares?.length !== answers.length) return {};
  return { mean_ns: Math.round(answers.reduce((sum, { median_ns }, stage) => sum + median_ns * (shares[stage] as number), 0)) };
}
