// offramp run PACKAGE --input X
import {
  firstRemoteStage, invalidArgument, OfframpError, readPlan, StagedSession, within, withinAsync, type Exited, type RawTensor, type Runtime, type StagedAnswer,
} from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { engineOptions } from '../engine_options.js';
import { readPackage, readSample } from '../inputs.js';
import type { CommandIo } from '../io.js';
import { exitName, exitsBefore, labelsOf } from '../manifest.js';
import type { Arguments } from '../options.js';
import { readToken, readUrl } from '../remote_options.js';
import { count, duration, macs, percent, safe, table, threshold } from '../tables.js';

export async function run(args: Arguments, io: CommandIo): Promise<void> {
  const backend = args.choice('backend', ['xnnpack', 'reference']) ?? 'xnnpack';
  const options = engineOptions(args);
  const row = args.integer('row', 0, 1e9);
  const deadlineMs = args.integer('deadline-ms', 1, 3_600_000);
  const offload = args.text('offload');
  const url = offload === undefined ? undefined : readUrl('offload', offload);
  const token = readToken('OFFRAMP_TOKEN');
  if (url === undefined && deadlineMs !== undefined) throw invalidArgument('--deadline-ms goes with --offload URL');
  const path = args.positional(0);
  const input = args.requiredText('input');
  const files = await readPackage(path);
  const sample = await readSample(input, row);
  const engine = await loadNodeEngine(options);
  const runtime = within(path, () => engine.createRuntime(files, backend, { partial: url !== undefined }));
  const session = url === undefined ? undefined : within(path, () => new StagedSession(engine, runtime, {
    remotes: [{ url, from: firstRemoteStage(readPlan(runtime.manifest())), client: { token } }],
  }));
  try {
    const answer: Exited & Partial<StagedAnswer> = await withinAsync(input, () => answerSample(runtime, session, sample, deadlineMs));
    const manifest = runtime.manifest();
    const label = labelsOf(manifest)?.[answer.predictedClass];
    const at = exitName(manifest, answer.exit);
    const spent = answer.trace?.macs ?? runtime.executedMacs();
    const probability = answer.probabilities[answer.predictedClass] ?? 0;
    if (args.has('json')) {
      io.out(`${JSON.stringify({
        class: answer.predictedClass, label: label ?? null, probability, exit: answer.exit, stages: runtime.stageCount(), at: at ?? null,
        score: answer.score, macs: spent, probabilities: [...answer.probabilities], ...offloadKeys(answer),
      })}\n`);
      return;
    }
    const last = answer.exit + 1 === runtime.stageCount();
    io.out(`${table([
      ['class', label === undefined ? String(answer.predictedClass) : `${answer.predictedClass} (${safe(label)})`],
      ['probability', percent(probability)],
      ['exit', last ? 'none: the whole model' : `${exitsBefore(manifest, answer.exit) + 1}: early, after ${safe(at ?? `stage ${answer.exit + 1}`)}`],
      ['score', threshold(answer.score)], ['MACs', macs(spent)], ...describeTrace(answer),
    ], ['left', 'left'])}\n`);
  } finally {
    runtime.dispose();
  }
}

function offloadKeys({ trace, degraded, why }: Partial<StagedAnswer>): object {
  if (trace === undefined) return {};
  return {
    degraded, why: why ?? null, total_ns: Math.round(trace.totalNs), bytes_sent: trace.bytesSent,
    trace: trace.stages.map(({ from, to, where, ns, macs: spent, bytesSent, attempts, failure }) =>
      ({ from, to, where, ns: Math.round(ns), macs: spent, bytes_sent: bytesSent, attempts, failure: failure ?? null })),
  };
}

function describeTrace({ trace, why }: Partial<StagedAnswer>): string[][] {
  if (trace === undefined) return [];
  const stages = trace.stages.map(({ from, to, where, ns, bytesSent, failure }) => [
    to - from === 1 ? `stage ${from}` : `stages ${from} to ${to - 1}`,
    `${duration(ns)} ${where === 'here' ? 'here' : `at ${safe(where)}, ${count(bytesSent)} bytes sent`}${failure === undefined ? '' : `: failed (${failure})`}`,
  ]);
  return [...stages, ...(why === undefined ? [] : [['degraded', `${why.how.replaceAll('_', ' ')}: ${safe(why.message, 200)}`]])];
}

/** A shape that does not fit is the runtime's caller's fault; here the caller's argument is a file of the user's. */
async function answerSample(
  runtime: Runtime, session: StagedSession | undefined, sample: RawTensor, deadlineMs: number | undefined,
): Promise<Exited & Partial<StagedAnswer>> {
  try {
    return session === undefined ? runtime.run(sample) : await session.run(sample, { deadlineMs });
  } catch (thrown) {
    const error = OfframpError.from(thrown);
    throw error.code === 'invalid_argument' ? new OfframpError('invalid_data', error.detail, error.context) : error;
  }
}
