// What a link does to a package: answers and times with later stages on a server, or with the boundary rounded as a link would, beside
// those of one machine.
import { drawRows, type Dataset } from '../data/dataset.js';
import type { Engine, Runtime } from '../engine.js';
import { OfframpError, throwIfAborted, withinAsync } from '../errors.js';
import type { HostControls } from '../evaluate.js';
import { ProgressEstimator } from '../progress.js';
import type { Backend, Encoding, Exited, PackageFile } from '../raw_module.js';
import type { LinkReport } from '../reports.js';
import { Scheduler } from '../scheduler.js';
import { sliceRows, type RawTensor } from '../tensor.js';
import { percentile } from '../timing.js';
import { firstRemoteStage, readPlan, type StagePlan } from './plan.js';
import { StagedSession, type RemotePlace } from './staged_session.js';

export interface EvaluateLinkOptions {
  /** Where the stages from `stage` on are; none: all is done here. */
  remote?: Pick<RemotePlace, 'url' | 'client'> | undefined;
  /** The first behind the link. Default: by the package's mapping. */
  stage?: number | undefined;
  /** Default: that of the package's link. */
  encoding?: Encoding | undefined;
  deadlineMs?: number | undefined;
  backend?: Backend | undefined;
}

interface RowResult {
  answer: Exited;
  crossed: boolean;
  bytes: number;
  encoding?: Encoding | undefined;
  ns?: number;
  failure?: { reason: string; message: string } | undefined;
}

const mostTimed = 1000; // rows that go alone, so that none waits for another
const atOnce = 16; // of the others
const patience = 20; // rows that cross, after which a server that has answered none is given up

/**
 * `here`: each row's class on one machine, from evaluateRows.
 * Errors: remote if the server answers no row; those of StagedSession; invalid_argument for a package with nothing to run elsewhere; cancelled.
 */
export async function evaluateLink(
  engine: Engine, files: PackageFile[], data: Dataset, here: readonly number[], options: EvaluateLinkOptions, host: HostControls = {},
): Promise<LinkReport> {
  throwIfAborted(host.signal);
  const runtime = engine.createRuntime(files, options.backend);
  try {
    const plan = readPlan(runtime.manifest());
    const stage = options.stage ?? firstRemoteStage(plan);
    const wanted = options.encoding ?? plan.encodingInto(stage);
    const { remote } = options;
    const session = remote && new StagedSession(engine, runtime, { remotes: [{ ...remote, from: stage, encoding: options.encoding }], deadlineMs: options.deadlineMs });
    const runRow = session === undefined ? (sample: RawTensor) => Promise.resolve(runHere(engine, runtime, stage, wanted, sample))
      : (sample: RawTensor) => runThere(session, sample, host.signal);
    const results = await runAll(data, runRow, session !== undefined, host);
    return summarise(results, data.y, here, plan, { url: remote?.url ?? null, stage, encoding: wanted });
  } finally {
    runtime.dispose();
  }
}

function runHere(engine: Engine, runtime: Runtime, first: number, encoding: Encoding, sample: RawTensor): RowResult {
  let bytes = 0;
  const cross = (boundary: RawTensor): RawTensor => {
    const sent = engine.encodeBoundary(boundary, encoding);
    bytes = sent.length;
    return engine.decodeBoundary(sent, encoding, boundary.dims);
  };
  let result = first === 0 ? runtime.runStage(0, cross(runtime.prepare(sample))) : runtime.begin(sample);
  while ('needsStage' in result) {
    const { stage, boundary } = result.needsStage;
    result = runtime.runStage(stage, stage === first ? cross(boundary) : boundary);
  }
  return { answer: result.exited, crossed: bytes > 0, bytes };
}

async function runThere(session: StagedSession, sample: RawTensor, signal: AbortSignal | undefined): Promise<RowResult> {
  const { trace, why, ...answer } = await session.run(sample, signal === undefined ? {} : { signal });
  const away = trace.stages.filter(({ where }) => where !== 'here');
  return { answer, crossed: away.length > 0, bytes: trace.bytesSent, encoding: away.find((stage) => stage.encoding !== undefined)?.encoding, ns: trace.totalNs, failure: why };
}

/** By row. With a server, some rows go alone and are timed; then the others, many at once. */
async function runAll(data: Dataset, runRow: (sample: RawTensor) => Promise<RowResult>, served: boolean, host: HostControls): Promise<RowResult[]> {
  const total = data.y.length;
  const progress = new ProgressEstimator([{ name: 'evaluate', weight: 1 }], () => performance.now() / 1000);
  const scheduler = new Scheduler(host.signal);
  const results: RowResult[] = Array(total);
  let done = 0;
  let failures = 0;
  let firstFailure = '';
  let answered = false;
  const run = async (row: number, timed: boolean): Promise<void> => {
    const { ns, ...result } = await withinAsync(`data ${data.name} > row ${row}`, () => runRow(sliceRows(data.x, row, row + 1)));
    results[row] = timed && ns !== undefined ? { ...result, ns } : result;
    if (result.failure !== undefined) {
      if (failures === 0) firstFailure = result.failure.message;
      failures += 1;
    } else if (result.crossed) {
      answered = true;
    }
    if (!answered && failures >= patience) throw new OfframpError('remote', `the server answers no row as it should: ${firstFailure}`);
    done += 1;
    host.onProgress?.(progress.update('evaluate', done, total));
    await scheduler.breathe();
  };
  const alone = new Set(served ? drawRows(total, mostTimed, 0) : []);
  for (const row of alone) await run(row, true);
  let next = 0;
  await Promise.all(Array.from({ length: served ? atOnce : 1 }, async () => {
    for (let row = next++; row < total; row = next++) if (!alone.has(row)) await run(row, false);
  }));
  return results;
}

function summarise(
  results: readonly RowResult[], labels: Int32Array, here: readonly number[], plan: StagePlan, link: Pick<LinkReport, 'url' | 'stage' | 'encoding'>,
): LinkReport {
  const total = results.length;
  const count = (of: (result: RowResult, row: number) => boolean): number => results.reduce((sum, result, row) => sum + Number(of(result, row)), 0);
  const right = count(({ answer }, row) => answer.predictedClass === labels[row]);
  const crossed = count((result) => result.crossed);
  const times = results.flatMap(({ ns }) => (ns === undefined ? [] : [ns]));
  const reasons: Record<string, number> = {};
  for (const { failure } of results) if (failure !== undefined) reasons[failure.reason] = (reasons[failure.reason] ?? 0) + 1;
  return {
    ...link, encoding: results.find(({ encoding }) => encoding !== undefined)?.encoding ?? link.encoding, samples: total, accuracy: right / total,
    accuracy_change_pp: (100 * (right - here.reduce((sum, predicted, row) => sum + Number(predicted === labels[row]), 0))) / total,
    changed: count(({ answer }, row) => answer.predictedClass !== here[row]), cross_rate: crossed / total,
    exit_rates: plan.stages.map((_, stage) => count(({ answer }) => answer.exit === stage) / total),
    degraded: count(({ failure }) => failure !== undefined), degraded_reasons: reasons,
    mean_latency_ns: times.length === 0 ? null : Math.round(times.reduce((sum, ns) => sum + ns, 0) / times.length),
    median_latency_ns: times.length === 0 ? null : Math.round(percentile(times, 0.5)), latency_samples: times.length,
    mean_bytes: crossed === 0 ? 0 : results.reduce((sum, { bytes }) => sum + bytes, 0) / crossed,
  };
}
